package scanners_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestEndsAt checks the instant at which an employment ends, to the second, in zones on both sides of UTC and over
// changes of the clock.
func TestEndsAt(t *testing.T) {
	for name, test := range map[string]struct {
		end       string
		inclusive bool
		zone      string
		want      string
	}{
		"inclusive, Berlin in winter":    {"2026-01-31", true, "Europe/Berlin", "2026-01-31T23:00:00Z"},
		"exclusive, Berlin in winter":    {"2026-01-31", false, "Europe/Berlin", "2026-01-30T23:00:00Z"},
		"inclusive, Berlin in summer":    {"2026-06-30", true, "Europe/Berlin", "2026-06-30T22:00:00Z"},
		"inclusive, the day clocks turn": {"2026-03-29", true, "Europe/Berlin", "2026-03-29T22:00:00Z"},
		"inclusive, west of UTC":         {"2026-05-14", true, "America/Los_Angeles", "2026-05-15T07:00:00Z"},
		"inclusive, far east of UTC":     {"2026-05-14", true, "Pacific/Kiritimati", "2026-05-14T10:00:00Z"},
		"inclusive, end of February":     {"2024-02-28", true, "UTC", "2024-02-29T00:00:00Z"},
		"inclusive, end of the year":     {"2025-12-31", true, "UTC", "2026-01-01T00:00:00Z"},
		"a day without midnight":         {"2018-11-04", false, "America/Sao_Paulo", "2018-11-04T03:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			date, err := scanners.ParseDate(test.end)
			if err != nil {
				t.Fatal(err)
			}
			e := scanners.Employment{End: scanners.Known(date), LastDayInclusive: test.inclusive}
			if got, ok := e.EndsAt(zone(t, test.zone)); !ok || got.Format(time.RFC3339) != test.want {
				t.Errorf("EndsAt = %v, %v; want %s", got.Format(time.RFC3339), ok, test.want)
			}
		})
	}
	for name, end := range map[string]scanners.Fact[scanners.Date]{"open": scanners.Never[scanners.Date](), "unknown": {}} {
		if at, ok := (scanners.Employment{End: end}).EndsAt(time.UTC); ok {
			t.Errorf("an %s end is at %v", name, at)
		}
	}
}

func TestDate(t *testing.T) {
	for _, wrong := range []string{"", "2026-2-1", "2026-02-30", "01.02.2026", "2026-02-01T00:00:00"} {
		if d, err := scanners.ParseDate(wrong); err == nil {
			t.Errorf("ParseDate(%q) = %v", wrong, d)
		}
	}
	d := scanners.Date{Year: 2024, Month: time.February, Day: 28}
	for n, want := range map[int]string{0: "2024-02-28", 1: "2024-02-29", 2: "2024-03-01", -28: "2024-01-31", 366: "2025-02-28"} {
		if got := d.AddDays(n).String(); got != want {
			t.Errorf("%v + %d days = %s, want %s", d, n, got, want)
		}
	}
	if (scanners.Date{}).String() != "" || !(scanners.Date{}).IsZero() || d.IsZero() {
		t.Error("the zero Date is no date, and only that")
	}
}

func TestDateBefore(t *testing.T) {
	dates := []string{"2023-12-31", "2024-01-01", "2024-01-02", "2024-02-01", "2025-01-01"}
	for i, a := range dates {
		for j, b := range dates {
			da, _ := scanners.ParseDate(a)
			db, _ := scanners.ParseDate(b)
			if da.Before(db) != (i < j) {
				t.Errorf("%s before %s: %v", a, b, !(i < j))
			}
		}
	}
}

func TestStatusEnded(t *testing.T) {
	for status, want := range map[scanners.Status]bool{scanners.StatusUnstated: false, scanners.StatusActive: false, scanners.StatusLeave: false,
		scanners.StatusSuspended: false, scanners.StatusPrehire: false, scanners.StatusTerminated: true, scanners.StatusRetired: true} {
		if status.Ended() != want {
			t.Errorf("%q ended: %v", status, !want)
		}
	}
}
