package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestEndInstant looks one second before and at the instant at which an end takes effect.
func TestEndInstant(t *testing.T) {
	inclusive := func(s string) scanners.Employment { return tenure("2020-01-01", s) }
	exclusive := func(s string) scanners.Employment {
		e := tenure("2020-01-01", s)
		e.LastDayInclusive = false
		return e
	}
	cases := []struct {
		name       string
		employment scanners.Employment
		// The person's zone, the source's and the run's, each "" for none (the run's is then Berlin).
		person, source, run string
		end                 string
	}{
		{"inclusive last day in Berlin", inclusive("2026-01-31"), "", "", "", "2026-01-31T23:00:00Z"},
		{"exclusive termination date in Berlin", exclusive("2026-01-31"), "", "", "", "2026-01-30T23:00:00Z"},
		{"inclusive, UTC", inclusive("2026-01-31"), "UTC", "", "", "2026-02-01T00:00:00Z"},
		{"inclusive, east of UTC", inclusive("2026-01-31"), "Pacific/Auckland", "", "", "2026-01-31T11:00:00Z"},
		{"inclusive, west of UTC", inclusive("2026-01-31"), "America/Los_Angeles", "", "", "2026-02-01T08:00:00Z"},
		{"inclusive, farthest east", inclusive("2026-01-31"), "Pacific/Kiritimati", "", "", "2026-01-31T10:00:00Z"},
		{"inclusive, half an hour off", inclusive("2026-01-31"), "Asia/Kolkata", "", "", "2026-01-31T18:30:00Z"},
		{"exclusive, west of UTC", exclusive("2026-01-31"), "America/Los_Angeles", "", "", "2026-01-31T08:00:00Z"},
		{"the source's zone when the person has none", inclusive("2026-01-31"), "", "Asia/Tokyo", "", "2026-01-31T15:00:00Z"},
		{"the person's zone before the source's", inclusive("2026-01-31"), "America/New_York", "Asia/Tokyo", "", "2026-02-01T05:00:00Z"},
		{"the run's zone when nobody else has one", inclusive("2026-01-31"), "", "", "America/Sao_Paulo", "2026-02-01T03:00:00Z"},
		{"a zone that does not exist counts as none", inclusive("2026-01-31"), "Mars/Olympus", "Asia/Tokyo", "", "2026-01-31T15:00:00Z"},
		{"last day has 23 hours", inclusive("2025-03-30"), "Europe/Berlin", "", "", "2025-03-30T22:00:00Z"},
		{"last day has 25 hours", inclusive("2025-10-26"), "Europe/Berlin", "", "", "2025-10-26T23:00:00Z"},
		{"day before the clock change", inclusive("2025-03-29"), "Europe/Berlin", "", "", "2025-03-29T23:00:00Z"},
		{"midnight after the last day does not exist", inclusive("2025-09-06"), "America/Santiago", "", "", "2025-09-07T04:00:00Z"},
		{"midnight of the termination date does not exist", exclusive("2025-09-07"), "America/Santiago", "", "", "2025-09-07T04:00:00Z"},
		{"midnight after the last day comes twice", inclusive("2025-11-01"), "America/Havana", "", "", "2025-11-02T04:00:00Z"},
		{"leap day", inclusive("2024-02-29"), "UTC", "", "", "2024-03-01T00:00:00Z"},
		{"end of the year", inclusive("2025-12-31"), "UTC", "", "", "2026-01-01T00:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := human("100", c.employment)
			p.Zone = c.person
			w := newWorld(p)
			if c.source != "" {
				w.settings.Zones = map[string]*time.Location{"hr": zone(c.source)}
			}
			if c.run != "" {
				w.settings.Zone = zone(c.run)
			}
			end := instant(c.end)
			a := login(used(instant("2023-01-01T00:00:00Z"), 0))
			w.settings.Thresholds.Dormant = 0
			wantKind(t, w.at(end.Add(-time.Second)), a, none)
			v := wantKind(t, w.at(end), a, leaverActive)
			if !v.End.At.Equal(end) || v.End.Inferred {
				t.Errorf("end %s (inferred %v), want %s", v.End.At.UTC(), v.End.Inferred, end)
			}
			wantKind(t, w.at(end.Add(time.Second)), a, leaverActive)
		})
	}
}

// TestUseAfterEnd: the tolerance and the error band of the signal are given to the account.
func TestUseAfterEnd(t *testing.T) {
	end := instant("2026-01-31T23:00:00Z")
	signals := func(list ...scanners.Signal) func(*scanners.Account) {
		return func(a *scanners.Account) { a.Signals = list }
	}
	known := func(at time.Time, precision time.Duration) scanners.Signal {
		return scanners.Signal{Name: "s", At: scanners.Known(at), Precision: precision}
	}
	cases := []struct {
		name   string
		change func(*scanners.Account)
		want   reconcile.Kind
	}{
		{"before the end", used(end.Add(-time.Second), 0), leaverActive},
		{"at the end", used(end, 0), leaverActive},
		{"within the tolerance", used(end.Add(14*time.Minute), 0), leaverActive},
		{"at the tolerance", used(end.Add(15*time.Minute), 0), leaverActive},
		{"a second beyond the tolerance", used(end.Add(15*time.Minute+time.Second), 0), usedAfterEnd},
		{"within the precision of a day", used(end.Add(20*time.Hour), daySpan), leaverActive},
		{"at precision and tolerance", used(end.Add(daySpan+15*time.Minute), daySpan), leaverActive},
		{"beyond precision and tolerance", used(end.Add(daySpan+16*time.Minute), daySpan), usedAfterEnd},
		{"within fourteen days of lastLogonTimestamp", used(end.Add(13*daySpan), 14*daySpan), leaverActive},
		{"never", neverUsed, leaverActive},
		{"unknown", useUnknown, leaverActive},
		{"one signal unknown, the other after the end", signals(known(end.Add(daySpan), 0), scanners.Signal{Name: "u"}), usedAfterEnd},
		{"one signal never, the other after the end", signals(scanners.Signal{Name: "n", At: scanners.Never[time.Time]()}, known(end.Add(daySpan), 0)), usedAfterEnd},
		{"the newest signal is vague, an older one is exact", signals(known(end.Add(5*daySpan), 14*daySpan), known(end.Add(4*daySpan), 0)), usedAfterEnd},
		{"the newest signal is exact, an older one is vague", signals(known(end.Add(4*daySpan), 14*daySpan), known(end.Add(5*daySpan), 0)), usedAfterEnd},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantKind(t, newWorld(human("100", left)), login(c.change), c.want) })
	}
}

// TestUseAfterDisable has the same edges for disabled accounts.
func TestUseAfterDisable(t *testing.T) {
	at := instant("2026-02-10T09:00:00Z")
	cases := []struct {
		name string
		use  func(*scanners.Account)
		want reconcile.Kind
	}{
		{"before", used(at.Add(-time.Hour), 0), none},
		{"at the tolerance", used(at.Add(15*time.Minute), 0), none},
		{"beyond the tolerance", used(at.Add(15*time.Minute+time.Second), 0), contradiction},
		{"within the precision", used(at.Add(13*daySpan), 14*daySpan), none},
		{"beyond precision and tolerance", used(at.Add(14*daySpan+16*time.Minute), 14*daySpan), contradiction},
		{"never", neverUsed, none},
		{"unknown", useUnknown, none},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			wantKind(t, newWorld(human("100", hired)), login(disabledAt(at), c.use), c.want)
		})
	}
	t.Run("an enabled account with a disable date from the past", func(t *testing.T) {
		a := login(disabledAt(at))
		a.Enabled = scanners.Known(true)
		wantKind(t, newWorld(human("100", hired)), a, none)
	})
}

func TestThresholds(t *testing.T) {
	dormant, never := noon.Add(-90*daySpan), noon.Add(-45*daySpan)
	cases := []struct {
		name string
		a    scanners.Account
		want reconcile.Kind
	}{
		{"idle for exactly the limit", login(used(dormant, 0)), none},
		{"idle for a second more", login(used(dormant.Add(-time.Second), 0)), reconcile.Dormant},
		{"idle for more, not at the optimistic end", login(used(dormant.Add(-13*daySpan), 14*daySpan)), none},
		{"idle at the optimistic end for exactly the limit", login(used(dormant.Add(-14*daySpan), 14*daySpan)), none},
		{"idle at the optimistic end for a second more", login(used(dormant.Add(-14*daySpan-time.Second), 14*daySpan)), reconcile.Dormant},
		{"never used, as old as the limit", login(neverUsed, created(never)), none},
		{"never used, a second older", login(neverUsed, created(never.Add(-time.Second))), reconcile.NeverUsed},
		{"never used, of unknown age", login(neverUsed, func(a *scanners.Account) { a.Created = scanners.Unknown[time.Time]("") }), none},
		{"unknown use, old", login(useUnknown), none},
		{"no sign of use, old", login(func(a *scanners.Account) { a.Signals = nil }), none},
		{"one of two signals unknown, the other old", login(func(a *scanners.Account) {
			a.Signals = append(a.Signals, scanners.Signal{Name: "other"})
			a.Signals[0].At = scanners.Known(dormant.Add(-daySpan))
		}), none},
		{"one of two signals unknown, the other never", login(neverUsed, func(a *scanners.Account) {
			a.Signals = append(a.Signals, scanners.Signal{Name: "other"})
		}), none},
		{"one of two signals never, the other old", login(func(a *scanners.Account) {
			a.Signals = append(a.Signals, scanners.Signal{Name: "other", At: scanners.Never[time.Time]()})
			a.Signals[0].At = scanners.Known(dormant.Add(-daySpan))
		}), reconcile.Dormant},
		{"an older signal with a later optimistic end", login(func(a *scanners.Account) {
			a.Signals = []scanners.Signal{{Name: "exact", At: scanners.Known(dormant.Add(-daySpan))},
				{Name: "vague", At: scanners.Known(dormant.Add(-2 * daySpan)), Precision: 14 * daySpan}}
		}), none},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantKind(t, newWorld(human("100", hired)), c.a, c.want) })
	}
}

// TestThresholdsOff: zero turns a kind off, it does not make everything idle.
func TestThresholdsOff(t *testing.T) {
	w := newWorld(human("100", hired))
	w.settings.Thresholds.Dormant, w.settings.Thresholds.NeverUsed = 0, 0
	wantKind(t, w, login(used(noon.Add(-1000*daySpan), 0)), none)
	wantKind(t, w, login(neverUsed), none)
}

func TestEarly(t *testing.T) {
	start := instant("2026-03-31T22:00:00Z") // 1 April in Berlin
	w := newWorld(human("100", tenure("2026-04-01", "")))
	a := login(created(instant("2026-02-01T00:00:00Z")), neverUsed)
	w.settings.Thresholds.NeverUsed = 0
	wantKind(t, w.at(start.Add(-14*daySpan-time.Second)), a, reconcile.EarlyActive)
	wantKind(t, w.at(start.Add(-14*daySpan)), a, none)
	wantKind(t, w.at(start.Add(-time.Second)), a, none)
	wantKind(t, w.at(start), a, none)
}

// TestIdleBeforeTheFirstDayAndOnLeave: nobody has to use an account while they do not work.
func TestIdleBeforeTheFirstDayAndOnLeave(t *testing.T) {
	idle := used(noon.Add(-100*daySpan), 0)
	prehire := newWorld(human("100", tenure("2026-03-12", "")))
	onLeave := newWorld(human("100", tenureAs("2020-01-01", "", scanners.StatusLeave)))
	for name, w := range map[string]world{"before the first day": prehire, "on leave": onLeave} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, w, login(idle), none)
			wantKind(t, w, login(neverUsed), none)
		})
	}
	service := accounts(keys(), kind(scanners.KindService), sponsored("100"))
	t.Run("a service account does not go on leave with its sponsor", func(t *testing.T) {
		wantKind(t, onLeave, login(append(service, idle)...), reconcile.Dormant)
		wantKind(t, onLeave, login(append(service, neverUsed)...), reconcile.NeverUsed)
	})
	t.Run("nor is it suspended with its sponsor", func(t *testing.T) {
		wantKind(t, newWorld(human("100", tenureAs("2020-01-01", "", scanners.StatusSuspended))), login(append(service, idle)...), reconcile.Dormant)
	})
}

func TestOrphanRecency(t *testing.T) {
	for _, c := range []struct {
		name string
		last time.Time
		want reconcile.Severity
	}{
		{"used exactly 30 days ago", noon.Add(-30 * daySpan), reconcile.High},
		{"used a second earlier", noon.Add(-30*daySpan - time.Second), reconcile.Medium},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newWorld().judge(login(used(c.last, 0))).Severity; got != c.want {
				t.Errorf("severity %s, want %s", got, c.want)
			}
		})
	}
}

// TestLastUse is the newest of all signs of use, in whatever order the source gives them.
func TestLastUse(t *testing.T) {
	older := scanners.Signal{Name: "older", At: scanners.Known(noon.Add(-60 * daySpan)), Precision: 14 * daySpan}
	newer := scanners.Signal{Name: "newer", At: scanners.Known(noon.Add(-10 * daySpan))}
	unknown, never := scanners.Signal{Name: "unknown"}, scanners.Signal{Name: "never", At: scanners.Never[time.Time]()}
	for _, c := range []struct {
		name    string
		signals []scanners.Signal
		want    scanners.Signal
	}{
		{"older first", []scanners.Signal{older, newer}, newer},
		{"newer first", []scanners.Signal{newer, older}, newer},
		{"beside unknown and never", []scanners.Signal{unknown, never, older, newer, never}, newer},
		{"unknown and never only", []scanners.Signal{unknown, never}, scanners.Signal{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newWorld().judge(login(func(a *scanners.Account) { a.Signals = c.signals }))
			if v.LastUse != c.want {
				t.Errorf("last use %+v, want %+v", v.LastUse, c.want)
			}
			if recent := c.want.Name == "newer"; recent != (v.Severity == reconcile.High) {
				t.Errorf("severity %s", v.Severity)
			}
		})
	}
}

func TestDaysLate(t *testing.T) {
	cases := []struct {
		name   string
		zone   string
		day    string // inclusive last day
		asOf   string
		change func(*scanners.Account)
		want   scanners.Fact[int64]
	}{
		{"the hour of the end", "Europe/Berlin", "2026-01-31", "2026-01-31T23:00:00Z", nil, scanners.Known[int64](0)},
		{"a second before the first whole day", "Europe/Berlin", "2026-01-31", "2026-02-01T22:59:59Z", nil, scanners.Known[int64](0)},
		{"one whole day", "Europe/Berlin", "2026-01-31", "2026-02-01T23:00:00Z", nil, scanners.Known[int64](1)},
		{"over the day of 23 hours", "Europe/Berlin", "2025-03-29", "2025-03-30T22:00:00Z", nil, scanners.Known[int64](1)},
		{"a second less than the day of 23 hours", "Europe/Berlin", "2025-03-29", "2025-03-30T21:59:59Z", nil, scanners.Known[int64](0)},
		{"24 hours of the day of 25", "Europe/Berlin", "2025-10-25", "2025-10-26T22:00:00Z", nil, scanners.Known[int64](0)},
		{"the whole day of 25 hours", "Europe/Berlin", "2025-10-25", "2025-10-26T23:00:00Z", nil, scanners.Known[int64](1)},
		{"far from UTC", "Pacific/Auckland", "2026-01-31", "2026-02-10T11:00:00Z", nil, scanners.Known[int64](10)},
		{"far from UTC, a second less", "Pacific/Auckland", "2026-01-31", "2026-02-10T10:59:59Z", nil, scanners.Known[int64](9)},
		{"disabled five days after the end", "UTC", "2026-01-31", "2026-03-10T12:00:00Z", disabledAt(instant("2026-02-06T12:00:00Z")), scanners.Known[int64](5)},
		{"disabled before the end", "UTC", "2026-01-31", "2026-03-10T12:00:00Z", disabledAt(instant("2026-01-06T12:00:00Z")), scanners.Known[int64](0)},
		{"disabled at an unknown time", "UTC", "2026-01-31", "2026-03-10T12:00:00Z", disabled,
			scanners.Unknown[int64]("the source does not say when the account was disabled")},
		{"still employed", "UTC", "2026-12-31", "2026-03-10T12:00:00Z", nil, scanners.Unknown[int64]("the owner's employment has not ended")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := human("100", tenure("2020-01-01", c.day))
			p.Zone = c.zone
			a := login()
			if c.change != nil {
				c.change(&a)
			}
			if got := newWorld(p).at(instant(c.asOf)).judge(a).DaysLate; got != c.want {
				t.Errorf("days late %+v, want %+v", got, c.want)
			}
		})
	}
	t.Run("inferred end", func(t *testing.T) {
		w := newWorld()
		w.history = gone(hired)
		if got := w.judge(login()).DaysLate; !got.IsUnknown() {
			t.Errorf("days late %+v of an inferred end", got)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		if got := newWorld().judge(login()).DaysLate; !got.IsUnknown() {
			t.Errorf("days late %+v of nobody", got)
		}
	})
}

func TestDaysIdle(t *testing.T) {
	w := newWorld(human("100", hired))
	cases := []struct {
		name string
		a    scanners.Account
		want scanners.Fact[int64]
	}{
		{"used 10 days ago", login(used(noon.Add(-10*daySpan), 0)), scanners.Known[int64](10)},
		{"used 10 days less a second ago", login(used(noon.Add(-10*daySpan+time.Second), 0)), scanners.Known[int64](9)},
		{"counted from the optimistic end", login(used(noon.Add(-10*daySpan), 3*daySpan)), scanners.Known[int64](7)},
		{"optimistic end after the as-of", login(used(noon.Add(-10*daySpan), 14*daySpan)), scanners.Known[int64](0)},
		{"never used", login(neverUsed), scanners.Fact[int64]{}},
		{"unknown", login(useUnknown), scanners.Fact[int64]{}},
		{"disabled", login(disabled), scanners.Fact[int64]{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := w.judge(c.a).DaysIdle; got != c.want {
				t.Errorf("days idle %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestWhyNamesTheErrorOfTheSignal: who reads the reason of a finding need not know how late a directory writes a sign-in.
func TestWhyNamesTheErrorOfTheSignal(t *testing.T) {
	last := noon.Add(-200 * daySpan)
	for precision, want := range map[time.Duration]string{
		0:            "UTC (last_logon)",
		daySpan:      "UTC or up to 1 day later (last_logon)",
		14 * daySpan: "UTC or up to 14 days later (last_logon)",
	} {
		v := newWorld(human("100", hired)).judge(login(used(last, precision)))
		if v.Kind != reconcile.Dormant || !strings.Contains(v.Why, want) {
			t.Errorf("precision %v: %s, %q; want dormant and %q", precision, v.Kind, v.Why, want)
		}
	}
}
