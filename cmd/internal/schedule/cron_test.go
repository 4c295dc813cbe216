package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		// after is the instant asked about, next what follows.
		after, next string
	}{
		{"every night", "30 2 * * *", "2026-11-20T02:30:00Z", "2026-11-21T02:30:00Z"},
		{"just before", "30 2 * * *", "2026-11-20T02:29:59Z", "2026-11-20T02:30:00Z"},
		{"a fraction after", "30 2 * * *", "2026-11-20T02:30:00.000000001Z", "2026-11-21T02:30:00Z"},
		{"step", "*/15 * * * *", "2026-11-20T23:46:00Z", "2026-11-21T00:00:00Z"},
		{"range with step", "0 8-18/5 * * *", "2026-11-20T08:00:00Z", "2026-11-20T13:00:00Z"},
		{"list", "5,50 4 * * *", "2026-11-20T04:05:00Z", "2026-11-20T04:50:00Z"},
		{"leading zeros", "05 04 * * *", "2026-11-20T00:00:00Z", "2026-11-20T04:05:00Z"},
		{"weekdays by name", "0 6 * * Mon-Fri", "2026-11-20T06:00:00Z", "2026-11-23T06:00:00Z"},
		{"Sunday is 0", "0 6 * * 0", "2026-11-20T06:00:00Z", "2026-11-22T06:00:00Z"},
		{"Sunday is 7", "0 6 * * 7", "2026-11-20T06:00:00Z", "2026-11-22T06:00:00Z"},
		{"weekend by name", "0 6 * * sat-sun", "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"},
		{"weekend by number", "0 6 * * 6-7", "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"},
		{"every other day of the week", "0 6 * * */2", "2026-11-19T06:00:00Z", "2026-11-21T06:00:00Z"},
		{"months by name", "0 6 1 jan,JUL *", "2026-11-21T06:00:00Z", "2027-01-01T06:00:00Z"},
		{"31st", "0 6 31 * *", "2026-10-31T06:00:00Z", "2026-12-31T06:00:00Z"},
		{"leap day", "0 6 29 2 *", "2026-11-21T06:00:00Z", "2028-02-29T06:00:00Z"},
		{"leap day over 2100", "0 6 29 2 *", "2096-02-29T06:00:00Z", "2104-02-29T06:00:00Z"},
		{"either day field: by date", "0 6 13 * fri", "2026-11-21T06:00:00Z", "2026-11-27T06:00:00Z"},
		{"either day field: by weekday", "0 6 13 * fri", "2026-12-11T06:00:00Z", "2026-12-13T06:00:00Z"},
		{"either, where the date never comes", "0 6 31 2 mon", "2026-11-21T06:00:00Z", "2027-02-01T06:00:00Z"},
		{"stepped days with any weekday", "0 6 */10 * *", "2026-11-11T06:00:00Z", "2026-11-21T06:00:00Z"},
		{"hourly", "@hourly", "2026-11-20T02:30:00Z", "2026-11-20T03:00:00Z"},
		{"daily", "@daily", "2026-11-20T02:30:00Z", "2026-11-21T00:00:00Z"},
		{"midnight", "@Midnight", "2026-11-20T02:30:00Z", "2026-11-21T00:00:00Z"},
		{"weekly", "@weekly", "2026-11-20T02:30:00Z", "2026-11-22T00:00:00Z"},
		{"monthly", "@monthly", "2026-11-20T02:30:00Z", "2026-12-01T00:00:00Z"},
		{"yearly", "@yearly", "2026-11-20T02:30:00Z", "2027-01-01T00:00:00Z"},
		{"blanks", "\t30  2 * * * ", "2026-11-20T02:30:00Z", "2026-11-21T02:30:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Parse(test.text, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(at(t, test.after)).Format(time.RFC3339); got != test.next {
				t.Errorf("%q after %s: %s, want %s", test.text, test.after, got, test.next)
			}
			if got := s.Latest(at(t, test.next)).Format(time.RFC3339); got != test.next {
				t.Errorf("latest at %s: %s", test.next, got)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "has 0 fields"},
		{"30 2 * *", "has 4 fields"},
		{"0 30 2 * * *", "has 6 fields"},
		{"TZ=Europe/Berlin 30 2 * * *", "zone is a key of its own"},
		{"@reboot", `"@reboot" is not known`},
		{"@every 1h", "has 2 fields"},
		{"60 2 * * *", "minute: 60 is not within 0 to 59"},
		{"30 24 * * *", "hour: 24 is not within 0 to 23"},
		{"30 2 0 * *", "day of the month: 0 is not within 1 to 31"},
		{"30 2 32 * *", "day of the month: 32"},
		{"30 2 * 13 *", "month: 13"},
		{"30 2 * 0 *", "month: 0"},
		{"30 2 * * 8", "day of the week: 8"},
		{"30 2 * * mo", `day of the week: "mo" is not understood`},
		{"30 2 * mon *", `month: "mon" is not understood`},
		{"5/15 * * * *", "write 5-59/15"},
		{"*/90 * * * *", "a step of 90 is longer"},
		{"*/0 * * * *", "is no step"},
		{"*/ * * * *", "is no step"},
		{"*/1/2 * * * *", "is no step"},
		{"0 22-4 * * *", "runs backwards"},
		{"0 6 * * sun-tue,fri-mon", "runs backwards"},
		{"-1 2 * * *", "is not understood"},
		{"+1 2 * * *", "is not understood"},
		{"1- 2 * * *", "is not understood"},
		{"1-2-3 2 * * *", "is not understood"},
		{", 2 * * *", "is not understood"},
		{"1,,2 2 * * *", "is not understood"},
		{"** 2 * * *", "is not understood"},
		{"0002 2 * * *", "is not understood"},
		{"? 2 * * *", "is not understood"},
		{"0 2 L * *", "is not understood"},
		{"0 2 15W * *", "is not understood"},
		{"0 2 * * 5#2", "is not understood"},
		{"٣ 2 * * *", "is not understood"},
		{"0 2 31 2 *", "never comes"},
		{"0 2 30-31 2 *", "never comes"},
		{"0 2 31 2,4,6,9,11 *", "never comes"},
		{"0 2 */2 * mon", "differ in what that means"},
		{"0 2 1 * */2", "differ in what that means"},
		{strings.Repeat("1,", 600) + "1 * * * *", "is longer than"},
	}
	for _, test := range tests {
		t.Run(test.text[:min(len(test.text), 30)], func(t *testing.T) {
			_, err := Parse(test.text, nil)
			var wrong *SyntaxError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q: %v, want %q", test.text, err, test.want)
			}
			if err != nil && len(err.Error()) > maxLength+300 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestZeroScheduleNeverPlans(t *testing.T) {
	var s Schedule
	now := at(t, "2026-11-20T02:30:00Z")
	if !s.Next(now).IsZero() || !s.Latest(now).IsZero() {
		t.Error("the zero schedule plans something")
	}
}

// FuzzParse looks for panics, for a schedule that never comes, and for Next and Latest at odds.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"30 2 * * *", "*/15 8-18/2 1,15 jan-mar mon", "@weekly", "0 0 29 2 *", "5/15 * * * *", "0 0 31 4 *", "7 7 7 7 7"} {
		f.Add(text, int64(1_794_000_000))
	}
	zone, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := Parse(text, zone)
		if err != nil {
			return
		}
		now := time.Unix(unix%(1<<32), 0)
		next, latest := s.Next(now), s.Latest(now)
		if next.IsZero() || latest.IsZero() || !next.After(now) || latest.After(now) {
			t.Fatalf("%q at %s: next %s, latest %s", text, now, next, latest)
		}
		if !s.Latest(next).Equal(next) || !s.Latest(next.Add(-1)).Equal(latest) || !s.Next(latest).Equal(next) {
			t.Fatalf("%q at %s: next %s and latest %s are not neighbours", text, now, next, latest)
		}
	})
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
