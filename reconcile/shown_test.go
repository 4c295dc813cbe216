package reconcile_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestDaysLateOfHR plays nights at noon UTC. The end of 31 January takes effect at 2026-01-31T23:00Z in Berlin.
func TestDaysLateOfHR(t *testing.T) {
	on := func(d string) time.Time { return instant(d + "T12:00:00Z") }
	open, ended := human("100", tenure("2020-01-01", "")), human("100", tenure("2020-01-01", "2026-01-31"))
	other, later := human("100", tenure("2020-01-01", "2026-01-20")), human("100", tenure("2020-01-01", "2026-02-28"))
	byStatus := human("100", tenureAs("2020-01-01", "", scanners.StatusTerminated))
	dated := human("100", tenureAs("2020-01-01", "2026-01-31", scanners.StatusTerminated))
	job := human("100", tenure("2020-01-01", "2026-01-31"), tenure("2026-03-01", "2026-03-05"))
	newcomer := human("100", tenure("2020-01-01", "2026-01-31"))
	newcomer.GivenName, newcomer.FamilyName = "Somebody", "Else"
	unknown := scanners.Unknown[int64]("")
	type night struct {
		asOf string
		row  scanners.Person
	}
	cases := []struct {
		name   string
		nights []night
		// as of the last night
		late, hr scanners.Fact[int64]
	}{
		{"announced ahead", []night{{"2026-01-10", open}, {"2026-01-20", ended}, {"2026-02-10", ended}}, scanners.Known[int64](9), scanners.Known[int64](0)},
		{"announced ahead in the first run", []night{{"2026-01-20", ended}, {"2026-02-10", ended}}, scanners.Known[int64](9), scanners.Known[int64](0)},
		{"told ten days later", []night{{"2026-02-01", open}, {"2026-02-11", ended}, {"2026-02-20", ended}}, scanners.Known[int64](19), scanners.Known[int64](10)},
		{"told in the night after", []night{{"2026-01-31", open}, {"2026-02-01", ended}, {"2026-02-20", ended}}, scanners.Known[int64](19), scanners.Known[int64](0)},
		{"told tonight", []night{{"2026-02-01", open}, {"2026-02-20", ended}}, scanners.Known[int64](19), scanners.Known[int64](19)},
		{"told before the first run", []night{{"2026-02-10", ended}, {"2026-02-20", ended}}, scanners.Known[int64](19), unknown},
		{"only one run", []night{{"2026-02-20", ended}}, scanners.Known[int64](19), unknown},
		{"moved to an earlier day", []night{{"2026-01-10", ended}, {"2026-02-05", ended}, {"2026-02-15", other}, {"2026-02-20", other}}, scanners.Known[int64](30), scanners.Known[int64](25)},
		{"moved to a later day", []night{{"2026-02-05", ended}, {"2026-02-15", later}, {"2026-03-05", later}}, scanners.Known[int64](4), scanners.Known[int64](0)},
		{"taken back and stated again", []night{{"2026-01-10", ended}, {"2026-02-01", open}, {"2026-02-11", ended}, {"2026-02-20", ended}}, scanners.Known[int64](19), scanners.Known[int64](10)},
		{"a status first, the date later", []night{{"2026-02-01", open}, {"2026-02-05", byStatus}, {"2026-02-15", dated}, {"2026-02-20", dated}}, scanners.Known[int64](19), scanners.Known[int64](4)},
		{"a status in the first run, the date later", []night{{"2026-02-05", byStatus}, {"2026-02-15", dated}, {"2026-02-20", dated}}, scanners.Known[int64](19), unknown},
		{"a status alone", []night{{"2026-02-05", open}, {"2026-02-15", byStatus}, {"2026-02-20", byStatus}}, unknown, unknown},
		{"a later job that was announced", []night{{"2026-02-20", job}, {"2026-03-10", job}}, scanners.Known[int64](4), scanners.Known[int64](0)},
		{"gone after the end", []night{{"2026-02-01", open}, {"2026-02-11", ended}, {"2026-02-20", human("7", hired)}}, scanners.Known[int64](19), scanners.Known[int64](10)},
		{"gone before the end", []night{{"2026-02-01", open}, {"2026-02-11", human("7", hired)}, {"2026-02-20", human("7", hired)}}, unknown, unknown},
		{"gone for a while", []night{{"2026-02-01", open}, {"2026-02-11", human("7", hired)}, {"2026-02-20", ended}}, scanners.Known[int64](19), scanners.Known[int64](19)},
		{"the id was somebody else's", []night{{"2026-02-01", open}, {"2026-02-11", newcomer}}, scanners.Known[int64](10), unknown},
		{"working", []night{{"2026-02-01", open}, {"2026-02-11", open}}, unknown, unknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.nights[0].row).at(on(c.nights[0].asOf))
			for _, n := range c.nights[1:] {
				w = w.next(on(n.asOf), n.row)
			}
			v := w.judge(login())
			if v.DaysLate.State != c.late.State || v.DaysLate.Value != c.late.Value || v.DaysLateHR.State != c.hr.State || v.DaysLateHR.Value != c.hr.Value {
				t.Errorf("late %+v, of these HR %+v; want %+v, %+v", v.DaysLate, v.DaysLateHR, c.late, c.hr)
			}
			if v.DaysLateHR.IsUnknown() && v.DaysLateHR.Reason == "" {
				t.Error("nobody says why it is unknown")
			}
		})
	}
}

// TestDaysLateOfHROfAnAccount: nobody waits for HR longer than the account was late.
func TestDaysLateOfHROfAnAccount(t *testing.T) {
	w := newWorld(human("100", hired)).at(instant("2026-02-01T12:00:00Z")).next(instant("2026-02-11T12:00:00Z"), human("100", left)).next(noon, human("100", left))
	cases := []struct {
		name     string
		disabled string
		late, hr int64
	}{
		{"disabled before HR told", "2026-02-04T00:00:00Z", 3, 3},
		{"disabled on the last day", "2026-01-31T12:00:00Z", 0, 0},
		{"disabled after", "2026-02-14T00:00:00Z", 13, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := w.judge(login(disabledAt(instant(c.disabled))))
			if v.DaysLate.Value != c.late || v.DaysLateHR != scanners.Known(c.hr) {
				t.Errorf("late %+v, of these HR %+v; want %d, %d", v.DaysLate, v.DaysLateHR, c.late, c.hr)
			}
		})
	}
	if v := w.judge(login(disabled)); v.DaysLateHR.IsKnown() {
		t.Errorf("disabled at an unknown time, and HR was %d days late", v.DaysLateHR.Value)
	}
}

// TestDaysLateOfHRWithAnOlderHistory: a history from before the first run that kept this is not read as news.
func TestDaysLateOfHRWithAnOlderHistory(t *testing.T) {
	before := func(row scanners.Person, seen string) reconcile.History {
		return reconcile.History{People: []reconcile.PastPerson{{Person: row, FirstSeen: instant("2025-01-01T00:00:00Z"), LastSeen: instant(seen)}}}
	}
	cases := []struct {
		name    string
		history reconcile.History
		want    scanners.Fact[int64]
	}{
		{"the end was there, passed", before(human("100", left), "2026-02-20T12:00:00Z"), scanners.Unknown[int64]("the first run that saw the person showed the past end already")},
		{"the end was there, ahead", before(human("100", left), "2026-01-20T12:00:00Z"), scanners.Known[int64](0)},
		{"the end was not there", before(human("100", hired), "2026-02-20T12:00:00Z"), scanners.Known[int64](37)},
		{"seen later, for an earlier night", before(human("100", hired), "2026-04-20T12:00:00Z"), scanners.Unknown[int64]("the first run that saw the person showed the past end already")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(human("100", left))
			w.history = c.history
			if v := w.judge(login()); v.DaysLateHR != c.want {
				t.Errorf("HR %+v, want %+v", v.DaysLateHR, c.want)
			}
		})
	}
}

// TestDaysLateOfHROfTheHuman: the end of a human is known when the last of the ends is.
func TestDaysLateOfHROfTheHuman(t *testing.T) {
	second := ana("hr", "1", tenure("2026-02-01", "2026-02-20"))
	w := newWorld(ana("ext", "X1", openEnded), ana("hr", "1", employed)).at(instant("2026-02-10T12:00:00Z")).
		next(instant("2026-02-22T12:00:00Z"), ana("ext", "X1", openEnded), second).
		next(instant("2026-02-28T12:00:00Z"), ana("ext", "X1", contract), second).
		next(noon, ana("ext", "X1", contract), second)
	v := w.judge(byMail())
	if whose(v) != "hr/1 ext/X1" || v.DaysLate != scanners.Known[int64](17) || v.DaysLateHR != scanners.Known[int64](7) {
		t.Errorf("%s: late %+v, of these HR %+v", whose(v), v.DaysLate, v.DaysLateHR)
	}
}
