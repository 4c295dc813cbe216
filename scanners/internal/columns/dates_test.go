package columns

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// own is a form that only one connector knows.
var own = Form{"own", func(s string) (Moment, bool) {
	return Moment{At: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)}, s == "today"
}}

// TestDateForms reads dates out of texts and numbers.
func TestDateForms(t *testing.T) {
	for name, test := range map[string]struct {
		forms []string
		text  string
		want  string // empty: it is none
	}{
		"iso":             {nil, "2026-03-01", "2026-03-01T00:00:00Z +24h0m0s"},
		"fraction":        {nil, "2026-03-01T12:00:00.123456Z", "2026-03-01T12:00:00.123456Z +0s"},
		"short offset":    {nil, "2026-03-01 12:00:00+02", "2026-03-01T10:00:00Z +0s"},
		"minutes":         {nil, "2026-03-01T12:00Z", "2026-03-01T12:00:00Z +1m0s"},
		"German":          {[]string{"DD.MM.YYYY"}, "1.3.2026", "2026-03-01T00:00:00Z +24h0m0s"},
		"with time":       {[]string{"DD.MM.YYYY hh:mm"}, "01.03.2026 08:30", "2026-03-01T08:30:00Z +1m0s"},
		"afternoon":       {[]string{"MM/DD/YYYY hh:mm:ss AM"}, "03/01/2026 01:00:00 PM", "2026-03-01T13:00:00Z +0s"},
		"hours":           {[]string{"DD.MM.YYYY hh"}, "01.03.2026 08", "2026-03-01T08:00:00Z +1h0m0s"},
		"zone":            {[]string{"YYYY-MM-DDThh:mm:ss±hh:mm"}, "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z +0s"},
		"compact":         {[]string{"YYYYMMDD"}, "20260301", "2026-03-01T00:00:00Z +24h0m0s"},
		"unix":            {[]string{"unix"}, "1772362800", "2026-03-01T11:00:00Z +0s"},
		"unix_ms":         {[]string{"unix_ms"}, "1772362800250", "2026-03-01T11:00:00.25Z +0s"},
		"unix, too large": {[]string{"unix"}, "99999999999999999", ""},
		"unix, a word":    {[]string{"unix"}, "soon", ""},
		"two forms":       {[]string{"iso", "DD.MM.YYYY"}, "01.03.2026", "2026-03-01T00:00:00Z +24h0m0s"},
		"they disagree":   {[]string{"DD/MM/YYYY", "MM/DD/YYYY"}, "01/03/2026", ""},
		"they agree":      {[]string{"DD/MM/YYYY", "MM/DD/YYYY"}, "03/03/2026", "2026-03-03T00:00:00Z +24h0m0s"},
		"no such day":     {nil, "2026-02-30", ""},
		"UTC by name":     {nil, "2026-03-01 12:00:00 UTC", "2026-03-01T12:00:00Z +0s"},
		"as Go prints it": {nil, "2026-03-01 12:00:00.5 +0000 UTC", "2026-03-01T12:00:00.5Z +0s"},
		"two zones":       {nil, "2026-03-01 12:00:00 +0100 UTC", ""},
		"another name":    {nil, "2026-03-01 12:00:00 CET", ""},
		"short hour":      {nil, "2026-03-01 9:30", "2026-03-01T09:30:00Z +1m0s"},
		"no hour":         {nil, "2026-03-01 :30", ""},
		"end of the day":  {nil, "2026-03-01T24:00", "2026-03-02T00:00:00Z +1m0s"},
		"after the day":   {nil, "2026-03-01T24:01", ""},
		"day in a zone":   {nil, "2026-03-01+01:00", "2026-03-01T00:00:00Z +24h0m0s"},
		"OData":           {nil, "/Date(1772362800250)/", "2026-03-01T11:00:00.25Z +0s"},
		"upper case":      {[]string{"UNIX_MS"}, "1772362800250", "2026-03-01T11:00:00.25Z +0s"},
		"own form":        {[]string{"own"}, "today", "2026-03-01T00:00:00Z +0s"},
		"year 1":          {[]string{"DD.MM.YYYY"}, "01.01.0001", ""},
	} {
		t.Run(name, func(t *testing.T) {
			forms, err := Compile(test.forms, own)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if m, err := forms.Parse(test.text); err == nil {
				at, imprecision := m.Instant(time.UTC)
				got = at.Format(time.RFC3339Nano) + " +" + imprecision.String()
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestUnreadDates tells a text that no form reads from one that two read differently: only the first wants another form.
func TestUnreadDates(t *testing.T) {
	forms, err := Compile([]string{"DD/MM/YYYY", "MM/DD/YYYY"})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text, want string
		none       bool
	}{
		"none":      {"2026-03-01", `"2026-03-01" is not a date in the declared forms (DD/MM/YYYY, MM/DD/YYYY)`, true},
		"ambiguous": {"01/03/2026", `"01/03/2026" reads differently as DD/MM/YYYY and as MM/DD/YYYY`, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := forms.Parse(test.text)
			if err == nil || err.Error() != test.want || errors.Is(err, ErrNoDate) != test.none {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// TestNoForm: the hint of a form that does not exist names those of the connector too.
func TestNoForm(t *testing.T) {
	for name, test := range map[string]struct {
		own  []Form
		want string
	}{
		"common": {nil, "or name iso, rfc3339, unix or unix_ms; years need four digits"},
		"own":    {[]Form{own}, "or name iso, rfc3339, unix, unix_ms or own; years need four digits"},
	} {
		for _, form := range []string{"DD.MM.YY", "YYYY", "hh:mm", ""} {
			t.Run(name+" "+form, func(t *testing.T) {
				_, err := Compile([]string{"iso", form}, test.own...)
				var wrong *scanners.ConfigError
				if !errors.As(err, &wrong) || !strings.HasSuffix(err.Error(), test.want) {
					t.Errorf("%v, want %s", err, test.want)
				}
			})
		}
	}
}

// TestInstants reads wall clocks in a zone that changes its clocks.
func TestInstants(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for name, test := range map[string]struct {
		text, want string
	}{
		"winter":         {"2026-02-01T12:00:00", "2026-02-01T11:00:00Z +0s"},
		"summer":         {"2026-07-01T12:00:00", "2026-07-01T10:00:00Z +0s"},
		"zone of itself": {"2026-07-01T12:00:00-05:00", "2026-07-01T17:00:00Z +0s"},
		"UTC of itself":  {"2026-07-01 12:00:00 UTC", "2026-07-01T12:00:00Z +0s"},
		"clock set back": {"2026-10-25T02:30:00", "2026-10-25T00:30:00Z +1h0m0s"},
		"hour before it": {"2026-10-25T01:30:00", "2026-10-24T23:30:00Z +0s"},
		"hour after it":  {"2026-10-25T03:30", "2026-10-25T02:30:00Z +1m0s"},
		"day of it":      {"2026-10-25", "2026-10-24T22:00:00Z +24h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			at, imprecision := iso(t, test.text).Instant(berlin)
			if got := at.Format(time.RFC3339Nano) + " +" + imprecision.String(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestDays: a day is the one that is written, unless an instant of UTC says when it was.
func TestDays(t *testing.T) {
	for name, test := range map[string]struct {
		text, zone, want string
	}{
		"day":                   {"2026-03-31", "Asia/Tokyo", "2026-03-31"},
		"wall clock":            {"2026-03-31T23:30:00", "Asia/Tokyo", "2026-03-31"},
		"offset":                {"2026-03-31T23:30:00+02:00", "Asia/Tokyo", "2026-03-31"},
		"instant":               {"2026-03-31T22:00:00Z", "Europe/Berlin", "2026-04-01"},
		"instant in the west":   {"2026-03-31T02:00:00Z", "America/New_York", "2026-03-30"},
		"midnight of UTC":       {"2026-03-31T00:00:00Z", "America/New_York", "2026-03-31"},
		"last second of UTC":    {"2026-03-31T23:59:59Z", "Europe/Berlin", "2026-03-31"},
		"before the last clock": {"2026-03-31T23:58:00Z", "Europe/Berlin", "2026-04-01"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := iso(t, test.text).Day(zone(t, test.zone)); got.String() != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestPrecision(t *testing.T) {
	for text, want := range map[string]string{"": "0s", "14d": "336h0m0s", "0d": "0s", "36h": "36h0m0s", "-1d": "", "-1h": "", "14": "", "soon": "",
		"1.5d": "", "65535d": "1572840h0m0s", "106752d": "", "213503983d": ""} {
		t.Run(text, func(t *testing.T) {
			got := ""
			d, err := Precision(text)
			if err == nil {
				got = d.String()
			} else if want := fmt.Sprintf("precision %q is not a duration\nhint: write it like 14d or 36h", text); err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func iso(t *testing.T, text string) Moment {
	m, ok := ParseISO(text)
	if !ok {
		t.Fatalf("%q is not read", text)
	}
	return m
}

func zone(t *testing.T, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// FuzzDates checks that a date which is read is the date that was written.
func FuzzDates(f *testing.F) {
	for _, seed := range []string{"2026-02-28", "2026-02-28T23:59:60Z", "2024-02-29 24:00", "0001-01-01", "9999-12-31T00:00:00.999999999999+14:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, ok := ParseISO(text)
		if !ok || strings.HasPrefix(text, "/Date(") {
			return
		}
		if written := m.At.Format("2006-01-02"); !strings.HasPrefix(text, written) && !strings.Contains(text, "24:00") && !strings.Contains(text, ":60") {
			t.Errorf("ParseISO(%q) = %v", text, m.At)
		}
	})
}

// TestISODate: what it reads is what the form reads of the same text, as the day that it shows, and every date of the form is read.
func TestISODate(t *testing.T) {
	iso, err := Compile(nil)
	if err != nil || !iso.AreISO() {
		t.Fatal(iso, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[012][0-9]{3}-[01][0-9]-[0-3][0-9]`).Draw(t, "date")
		if rapid.IntRange(0, 3).Draw(t, "spoil") == 0 {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = text[:at] + rapid.SampledFrom([]string{"", "0", "-", " ", "T", "é", "+01:00"}).Draw(t, "with") + text[min(at+1, len(text)):]
		}
		got, ok := ISODate(text)
		want, err := time.Parse(time.DateOnly, text)
		if is := err == nil && want.Year() >= 1601; ok != is || ok && got != scanners.DateOf(want) {
			t.Fatalf("%q: %v, %t; want %v, %t", text, got, ok, want, is)
		}
		if !ok {
			return
		}
		m, err := iso.Parse(text)
		if err != nil || !m.DayOnly || m.Zoned || m.Day(time.FixedZone("west", -8*3600)) != got {
			t.Fatalf("%q: the form reads %+v, %v, not %v", text, m, err, got)
		}
	})
}

// TestAreISO: one form that reads otherwise, or a second one, makes that dates need a closer look.
func TestAreISO(t *testing.T) {
	for _, test := range []struct {
		forms []string
		want  bool
	}{{nil, true}, {[]string{"ISO"}, true}, {[]string{"rfc3339"}, true}, {[]string{"unix"}, false}, {[]string{"YYYY-MM-DD"}, false}, {[]string{"iso", "YYYY-DD-MM"}, false}} {
		if forms, err := Compile(test.forms); err != nil || forms.AreISO() != test.want {
			t.Errorf("%q: %t, %v, want %t", test.forms, forms.AreISO(), err, test.want)
		}
	}
}
