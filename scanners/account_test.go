package scanners_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// TestUse checks when an account was last used and since when it provably was not.
func TestUse(t *testing.T) {
	monday := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	tuesday := monday.Add(24 * time.Hour)
	known := func(at time.Time, precision time.Duration) scanners.Signal {
		return scanners.Signal{Name: "known", At: scanners.Known(at), Precision: precision}
	}
	never := scanners.Signal{Name: "never", At: scanners.Never[time.Time]()}
	unknown := scanners.Signal{Name: "hidden", At: scanners.Unknown[time.Time]("not readable")}
	for name, test := range map[string]struct {
		signals []scanners.Signal
		lastUse time.Time // zero: none
		idle    scanners.Fact[time.Time]
	}{
		"no signal":                  {nil, time.Time{}, scanners.Unknown[time.Time]("the source gives no sign of use")},
		"never":                      {[]scanners.Signal{never, never}, time.Time{}, scanners.Never[time.Time]()},
		"one":                        {[]scanners.Signal{known(monday, 0)}, monday, scanners.Known(monday)},
		"newest of two":              {[]scanners.Signal{known(tuesday, 0), known(monday, 0), never}, tuesday, scanners.Known(tuesday)},
		"coarse signal ends later":   {[]scanners.Signal{known(monday, 14*24*time.Hour), known(tuesday, 0)}, tuesday, scanners.Known(monday.Add(14 * 24 * time.Hour))},
		"unknown may hide later use": {[]scanners.Signal{known(monday, 0), unknown}, monday, scanners.Unknown[time.Time]("hidden: not readable")},
		"unknown is not never":       {[]scanners.Signal{never, unknown}, time.Time{}, scanners.Unknown[time.Time]("hidden: not readable")},
	} {
		t.Run(name, func(t *testing.T) {
			a := scanners.Account{Signals: test.signals}
			last, ok := a.LastUse()
			if ok == test.lastUse.IsZero() || ok && !last.At.Value.Equal(test.lastUse) {
				t.Errorf("LastUse = %+v, %v; want %v", last, ok, test.lastUse)
			}
			if idle := a.Idle(); idle != test.idle {
				t.Errorf("Idle = %+v, want %+v", idle, test.idle)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	if got := (&scanners.Account{ID: "7", Logins: []string{"jdoe", "j.doe"}}).Login(); got != "jdoe" {
		t.Errorf("Login = %q", got)
	}
	if got := (&scanners.Account{ID: "7"}).Login(); got != "7" {
		t.Errorf("Login without login = %q", got)
	}
}

func TestPersonal(t *testing.T) {
	personal := map[scanners.AccountKind]bool{"": true, scanners.KindPerson: true, scanners.KindAdmin: true, scanners.KindService: false,
		scanners.KindShared: false, scanners.KindGuest: false, scanners.KindMachine: false, scanners.KindBreakGlass: false}
	for kind, want := range personal {
		if kind.Personal() != want {
			t.Errorf("%q personal: %v", kind, !want)
		}
	}
}
