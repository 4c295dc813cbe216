package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// measured is ten accounts, whose measures are counted by hand below. The as-of is noon of the first of June, the threshold 45 days.
func measured() (list []reconcile.Verdict, at time.Time) {
	at = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	day := func(n int) scanners.Fact[time.Time] {
		return scanners.Known(at.Add(-time.Duration(n) * 24 * time.Hour))
	}
	ana := &reconcile.Person{GivenName: "Ana", Department: "Sales", State: reconcile.Employed,
		Employments: []scanners.Employment{{Start: scanners.Known(scanners.Date{}), End: scanners.Never[scanners.Date]()}}}
	left := &reconcile.Person{GivenName: "Leo", Department: "Sales", State: reconcile.Ended,
		Employments: []scanners.Employment{{Start: scanners.Known(scanners.Date{}), End: scanners.Known(scanners.Date{})}}}
	bare := &reconcile.Person{GivenName: "Bo", State: reconcile.Leave, Employments: []scanners.Employment{{End: scanners.Never[scanners.Date]()}}}
	suspended := &reconcile.Person{State: reconcile.Suspended}
	add := func(p *reconcile.Person, kind scanners.AccountKind, on scanners.Fact[bool], used, created scanners.Fact[time.Time], precision time.Duration) {
		list = append(list, reconcile.Verdict{Person: p, Account: &scanners.Account{Kind: kind, Logins: []string{"x"}, Enabled: on, Created: created,
			Signals: []scanners.Signal{{At: used, Precision: precision}}}})
	}
	on, off, unread := scanners.Known(true), scanners.Known(false), scanners.Unknown[bool]("")
	never, unknown := scanners.Never[time.Time](), scanners.Unknown[time.Time]("not readable")
	add(ana, "", on, day(10), day(500), 0)                              // active, whole
	add(ana, scanners.KindAdmin, on, day(45), day(500), 0)              // active to the day, whole
	add(left, "", off, day(46), day(500), 0)                            // dormant, disabled, whole, unauthorised
	add(left, "", unread, day(46), day(500), 0)                         // dormant, whole, unauthorised and not disabled
	add(bare, "", on, day(46), day(500), 48*time.Hour)                  // may have been used 44 days ago: active; no start, no department
	add(nil, "", on, never, day(100), 0)                                // never used, old: dormant; nobody's
	add(suspended, "", on, never, day(20), 0)                           // never used, young: active; suspended
	add(ana, scanners.KindService, on, unknown, day(500), 0)            // unmeasured; owned
	add(left, scanners.KindService, on, never, unknown, 0)              // unmeasured; the owner has left
	add(nil, scanners.KindShared, off, day(400), scanners.Known(at), 0) // dormant, disabled; neither user nor service
	return list, at
}

func TestMeasures(t *testing.T) {
	list, at := measured()
	var m Measures
	for i := range list {
		m.Count(&list[i], 45*24*time.Hour, at)
	}
	want := Measures{Users: 7, Named: 5, Dated: 4, Placed: 4, WithLogin: 7, Whole: 4, Authorised: 3, UnauthorisedEnabled: 3,
		Dormant: 4, DormantDisabled: 2, Active: 4, Unmeasured: 2, Services: 2, Owned: 1, Departments: 2}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	var none Measures
	none.Count(&list[0], 0, at)
	if none.Unmeasured != 1 || none.Active != 0 {
		t.Errorf("without a threshold: %+v", none)
	}
}

// measureRows are the measure terms of a report with one source, by name.
func measureRows(r Report) map[string]term {
	rows := map[string]term{}
	for _, t := range (&book{index: &index{Report: r}}).measureTerms() {
		rows[t.name] = t
	}
	return rows
}

func TestMeasureTerms(t *testing.T) {
	list, at := measured()
	s := Source{Name: "crm", Accounts: AccountTotals{Read: 10}, Coverage: scanners.Coverage{Verdict: scanners.Proved}}
	for i := range list {
		s.Accounts.Measures.Count(&list[i], 45*24*time.Hour, at)
	}
	r := Report{Sources: []Source{{Name: "hr", People: true}, s}, Thresholds: reconcile.Thresholds{Profile: "cis", Dormant: 45 * 24 * time.Hour}}
	rows := measureRows(r)
	for name, want := range map[string]struct {
		n     int64
		value string
	}{
		"5.1 M2": {7, ""}, "5.1 M3": {4, "4 of 4"}, "5.1 M4": {4, "4 of 7 (57.1 %)"}, "5.1 M5": {3, "3 of 7 (42.9 %)"}, "5.1 M6": {7, ""},
		"5.1 M7": {3, "3 of 7 (42.9 %)"}, "5.1 M8": {4, "4 of 7 (57.1 %); 3 of them not disabled"}, "5.1 M9": {-1, cisReview},
		"5.3 M1": {10, ""}, "5.3 M2": {-1, "45 days"}, "5.3 M3": {4, "4 of 10 (40.0 %)"}, "5.3 M4": {4, "4 of 10 (40.0 %)"},
		"5.3 not measurable": {2, "2 of 10 (20.0 %)"}, "5.3 M5": {2, "2 of 4 (50.0 %)"}, "5.3 M6": {2, ""},
		"5.3 M6 / M1": {-1, "2 of 10 (20.0 %)"}, "5.3 M6 / M3": {-1, "2 of 4 (50.0 %)"},
		"5.5 M2": {2, ""}, "5.5 M3": {1, "1 of 3"}, "5.5 M7": {1, "1 of 2 (50.0 %)"}, "5.5 M8": {1, "1 of 2 (50.0 %)"}, "5.5 M9": {-1, cisReview},
	} {
		if got, there := rows[name]; !there || got.fired != want.n || got.parameters != want.value {
			t.Errorf("%s: %d %q, want %d %q", name, got.fired, got.parameters, want.n, want.value)
		}
	}
	if !strings.HasPrefix(rows["5.5 M4"].parameters, "not measurable") || rows["coverage"].name != "" {
		t.Errorf("%+v", rows)
	}

	r.Sources[1].Coverage.Verdict = scanners.Partial
	if rows := measureRows(r); !strings.Contains(rows["coverage"].meaning, "not read completely: crm.") {
		t.Error("nothing says that a source is partial")
	}
	r.Sources[1].Accounts.Read = 11
	if rows := measureRows(r); len(rows) > 0 {
		t.Error("measures of a run that did not measure every account")
	}
}

func TestMeasuresThatCannotBeTaken(t *testing.T) {
	s := Source{Name: "crm", Accounts: AccountTotals{Read: 1, Measures: Measures{Unmeasured: 1}}}
	rows := measureRows(Report{Sources: []Source{s}})
	for _, name := range []string{"5.3 M2", "5.5 M1", "5.1 M4"} {
		if !strings.HasPrefix(rows[name].parameters, "not measurable") {
			t.Errorf("%s: %q", name, rows[name].parameters)
		}
	}
	s.Accounts.Measures = Measures{Dormant: 0, Active: 1}
	rows = measureRows(Report{Sources: []Source{s}, Thresholds: reconcile.Thresholds{Dormant: time.Hour}})
	if got := rows["5.3 M6 / M3"].parameters; !strings.HasPrefix(got, "not measurable") {
		t.Errorf("a share of none: %q", got)
	}
}

func TestProfileWords(t *testing.T) {
	for name, want := range map[string]string{
		"cis":              "cis; the framework states: dormant 45 days, never used 45 days, removal after the end at once (same day)",
		"fedramp-moderate": "fedramp-moderate; the framework states: dormant 90 days, never used 90 days, removal after the end 4 hours",
		"stig":             "stig; the framework states: dormant 35 days, never used 35 days, removal after the end not stated",
		"soc2":             "soc2; the framework states: dormant not stated, never used not stated, removal after the end 1 day",
		"custom":           "custom",
		"":                 dash,
	} {
		if got := profileWords(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
