package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

var tonight = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// defaults are the limits of a configuration that says nothing about gates.
func defaults() config.Gates {
	return config.Gates{
		PeopleRejected: config.Limit{Count: 1, Percent: 1}, PeopleLost: config.Limit{Count: 5, Percent: 2},
		EmployedLost: config.Limit{Count: 5, Percent: 1}, PeopleGained: config.Limit{Count: 20, Percent: 10},
		NewLeavers: config.Limit{Count: 20, Percent: 2}, SourceLost: config.Limit{Count: 10, Percent: 20},
		IDsDoubled: config.Limit{Count: 5, Percent: 0.1}, OddDates: config.Limit{Count: 5, Percent: 1}, SameEnd: config.Limit{Count: 20, Percent: 50},
		PeopleChanged: config.Limit{Count: 5, Percent: 2}, EndsLost: config.Limit{Count: 5, Percent: 10},
		MatchedDrop: 2, EmployeeIDDrop: 1, MailDrop: 5, ManagerDrop: 10, IDShape: 5, MaxAge: 36 * time.Hour,
	}
}

// night is a gate check after a last accepted run one day ago.
func night(change func(*Before)) *gate {
	made := scanners.Coverage{ProducedAt: scanners.Known(tonight.Add(-72 * time.Hour)), Digest: "d1"}
	last := &Before{AsOf: tonight.AddDate(0, 0, -1), Population: reports.Population{Employed: 1000, Ended: 200}, Sources: map[string]reports.Source{
		"hr":  {Name: "hr", Used: 1200, WithMail: 1200, WithManager: 1100, IDForms: map[string]int64{"digits": 1200}, Coverage: made},
		"crm": {Name: "crm", Used: 900, Accounts: reports.AccountTotals{Read: 900, Enabled: 800, Owned: 790, OwnedByID: 700}, Coverage: made},
	}}
	if change != nil {
		change(last)
	}
	return &gate{gates: defaults(), last: last, asOf: tonight, now: tonight}
}

func hr(used, mails int64) scanned {
	return scanned{Source: reports.Source{Name: "hr", People: true, Used: used, WithMail: mails, WithManager: used * 11 / 12,
		IDForms:  map[string]int64{"digits": used},
		Coverage: scanners.Coverage{Verdict: scanners.Consistent, Read: used, ProducedAt: scanners.Known(tonight.Add(-time.Hour))}}}
}

// tripped names the gates that stop the run.
func tripped(g *gate) string {
	var names []string
	for _, s := range g.stops {
		names = append(names, s.Gate)
	}
	return strings.Join(names, " ")
}

func TestPeopleGates(t *testing.T) {
	with := func(change func(*scanned)) scanned {
		s := hr(1200, 1200)
		change(&s)
		return s
	}
	aged := func(by time.Duration) scanned {
		return with(func(s *scanned) { s.Coverage.ProducedAt = scanners.Known(tonight.Add(-by)) })
	}
	rejecting := func(n int64) scanned {
		s := hr(1200-n, 1200-n)
		s.Coverage.Read, s.Coverage.Rejected = 1200, n
		return s
	}
	unkeyed := func(n int64) scanned {
		return with(func(s *scanned) { s.Coverage.RejectedUnkeyed = n })
	}
	shaped := func(forms map[string]int64) scanned { return with(func(s *scanned) { s.IDForms = forms }) }
	for _, c := range []struct {
		name string
		gate *gate
		file scanned
		want string
	}{
		{"the same as last night", night(nil), hr(1200, 1200), ""},
		{"at the limit of lost rows", night(nil), hr(1176, 1176), ""},
		{"beyond the limit of lost rows", night(nil), hr(1175, 1175), "people_lost"},
		{"few rows lost of a small company", night(func(b *Before) {
			b.Sources["hr"] = reports.Source{Used: 20, WithMail: 20, WithManager: 18}
		}), hr(15, 15), ""},
		{"many rows gained", night(nil), hr(1400, 1400), "people_gained"},
		{"a mail column that emptied", night(nil), hr(1200, 1100), "mail_drop"},
		{"a manager column that emptied in part", night(nil), with(func(s *scanned) { s.WithManager = 970 }), "manager_drop"},
		{"managers at the limit", night(nil), with(func(s *scanned) { s.WithManager = 980 }), ""},
		{"a file of yesterday", night(nil), aged(36 * time.Hour), ""},
		{"a file of the day before", night(nil), aged(37 * time.Hour), "max_age"},
		{"a file from the future", night(nil), aged(-time.Hour), "max_age"},
		{"a clock that is a little ahead", night(nil), aged(-5 * time.Minute), ""},
		{"the file of last night", night(func(b *Before) {
			b.Sources["hr"] = reports.Source{Used: 1200, WithMail: 1200, Coverage: scanners.Coverage{ProducedAt: scanners.Known(tonight.Add(-time.Hour))}}
		}), aged(time.Hour), ""},
		{"an older file put back", night(func(b *Before) {
			b.Sources["hr"] = reports.Source{Used: 1200, WithMail: 1200, Coverage: scanners.Coverage{ProducedAt: scanners.Known(tonight.Add(-time.Hour))}}
		}), aged(2 * time.Hour), "older_file"},
		{"one row in a hundred rejected", night(nil), rejecting(12), ""},
		{"more rejected", night(nil), rejecting(13), "people_rejected"},
		{"one row without an id", night(nil), unkeyed(1), ""},
		{"two rows without an id", night(nil), unkeyed(2), "people_rejected"},
		{"a few ids of another form", night(nil), shaped(map[string]int64{"digits": 1141, `"x" and 4 digits`: 59}), ""},
		{"ids of another form", night(nil), shaped(map[string]int64{"digits": 1139, `"x" and 4 digits`: 61}), "id_shape"},
		{"all ids of another form", night(nil), shaped(map[string]int64{"mixed characters": 1200}), "id_shape"},
		{"everything at once", night(nil), with(func(s *scanned) { s.WithMail, s.WithManager = 0, 0 }), "mail_drop manager_drop"},
		{"the first run has nothing to compare with", &gate{gates: defaults(), asOf: tonight, now: tonight}, hr(3, 0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.gate.peopleFiles([]scanned{c.file})
			if got := tripped(c.gate); got != c.want {
				t.Errorf("stopped by %q, want %q: %v", got, c.want, c.gate.stopped())
			}
		})
	}
}

func TestFormsOfIDs(t *testing.T) {
	for id, want := range map[string]string{
		"00123": "digits", "7": "digits", "e0001": `"e" and 4 digits`, "int-12": `"int-" and 2 digits`, "12-34": "mixed characters",
		"jdoe": "mixed characters", "0a1b2c3d-1": "mixed characters", "a-very-long-prefix-1": "mixed characters",
	} {
		if got := formOf(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	forms := map[string]int64{}
	for i := range 100 {
		countForm(forms, string(rune('a'+i%26))+strings.Repeat("1", 1+i/26))
	}
	if len(forms) > mostForms+1 {
		t.Errorf("%d forms are told apart, want at most %d", len(forms), mostForms+1)
	}
}

// company builds a roster of n people who started on start; alter may change each of them.
func company(n int, alter func(i int, p *scanners.Person)) *reconcile.Roster {
	b := reconcile.NewRoster(reconcile.Settings{AsOf: tonight, Zone: time.UTC}, reconcile.History{})
	for i := range n {
		p := scanners.Person{System: "hr", ID: fmt.Sprintf("E%d", i), GivenName: "Ada", Place: fmt.Sprintf("line %d", i+2),
			Employments: []scanners.Employment{{Start: day("2020-01-01"), End: scanners.Never[scanners.Date]()}}}
		if alter != nil {
			alter(i, &p)
		}
		b.Add(p)
		if p.DisplayName == "twice" {
			p.GivenName = "Alan"
			b.Add(p)
		}
	}
	return b.Build()
}

func day(text string) scanners.Fact[scanners.Date] {
	d, err := scanners.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return scanners.Known(d)
}

// TestContentGates: what one snapshot alone shows stops a first run, too.
func TestContentGates(t *testing.T) {
	first := func(n int, change func(*scanners.Person)) func(int, *scanners.Person) {
		return func(i int, p *scanners.Person) {
			if i < n {
				change(p)
			}
		}
	}
	starts := func(text string) func(*scanners.Person) {
		return func(p *scanners.Person) { p.Employments[0].Start = day(text) }
	}
	ends := func(text string) func(*scanners.Person) {
		return func(p *scanners.Person) { p.Employments[0].End = day(text) }
	}
	doubled := func(p *scanners.Person) { p.DisplayName = "twice" }
	for _, c := range []struct {
		name  string
		alter func(int, *scanners.Person)
		want  string
	}{
		{"nothing odd", nil, ""},
		{"a few ids of two humans each", first(5, doubled), ""},
		{"more ids of two humans each", first(6, doubled), "ids_doubled"},
		{"starts in 1900, as many as may be", first(5, starts("1900-01-01")), ""},
		{"starts in 1900", first(6, starts("1900-01-01")), "odd_dates"},
		{"starts far ahead", first(6, starts("2029-01-01")), "odd_dates"},
		{"starts next year", first(60, starts("2027-06-01")), ""},
		{"ends far ahead", first(6, ends("2099-12-31")), "odd_dates"},
		{"an end before the start of somebody who came back", first(60, ends("2019-06-30")), ""},
		{"half of the people ended on one day", first(50, ends("2024-12-31")), ""},
		{"most people ended on one day", first(51, ends("2024-12-31")), "same_end"},
		{"most people will end on one day", first(90, ends("2027-12-31")), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &gate{gates: defaults(), asOf: tonight, now: tonight}
			roster := company(100, c.alter)
			g.content(roster, roster.Population())
			if got := tripped(g); got != c.want {
				t.Errorf("stopped by %q, want %q: %v", got, c.want, g.stopped())
			}
		})
	}
}

func TestHeadcountGates(t *testing.T) {
	for _, c := range []struct {
		name            string
		days            int
		employed, ended int64
		want            string
	}{
		{"a normal night", 1, 995, 205, ""},
		{"one percent", 1, 990, 210, ""},
		{"more than one percent", 1, 989, 210, "employed_lost"},
		{"three nights missed allow three percent", 3, 970, 230, ""},
		{"a month allows five percent and no more", 30, 949, 200, "employed_lost"},
		{"everybody ends at once", 1, 1000, 221, "new_leavers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := night(func(b *Before) { b.AsOf = tonight.AddDate(0, 0, -c.days) })
			g.headcount(reconcile.Population{Employed: c.employed, Ended: c.ended})
			if got := tripped(g); got != c.want {
				t.Errorf("stopped by %q, want %q", got, c.want)
			}
		})
	}
}

// TestSameLivesGates: dates that moved and ends that went away stop a run, a handful of corrections does not.
func TestSameLivesGates(t *testing.T) {
	past := func(n int, end string) reconcile.History {
		var h reconcile.History
		for i := range n {
			p := scanners.Person{System: "hr", ID: fmt.Sprintf("E%d", i), GivenName: "Ada",
				Employments: []scanners.Employment{{Start: day("2020-01-01"), End: day(end)}}}
			h.People = append(h.People, reconcile.PastPerson{Person: p, FirstSeen: tonight.AddDate(0, 0, -1), LastSeen: tonight.AddDate(0, 0, -1)})
		}
		return h
	}
	for _, c := range []struct {
		name    string
		was     string
		changed int
		alter   func(p *scanners.Person)
		want    string
	}{
		{"few first days corrected", "2027-01-01", 5, func(p *scanners.Person) { p.Employments[0].Start = day("2020-01-02") }, ""},
		{"many first days moved", "2027-01-01", 6, func(p *scanners.Person) { p.Employments[0].Start = day("2020-01-02") }, "people_changed"},
		{"past ends moved", "2024-01-01", 6, func(p *scanners.Person) { p.Employments[0].End = day("2024-01-02") }, "people_changed"},
		{"ten coming ends not stated any more", "2027-01-01", 10, func(p *scanners.Person) { p.Employments[0].End = scanners.Never[scanners.Date]() }, ""},
		{"coming ends not stated any more", "2027-01-01", 11, func(p *scanners.Person) { p.Employments[0].End = scanners.Never[scanners.Date]() }, "ends_lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := night(nil)
			g.sameLives(livesOf(past(100, c.was)), company(100, func(i int, p *scanners.Person) {
				p.Employments[0].End = day(c.was)
				if i < c.changed {
					c.alter(p)
				}
			}))
			if got := tripped(g); got != c.want {
				t.Errorf("stopped by %q, want %q: %v", got, c.want, g.stopped())
			}
		})
	}
}

// TestDepartures: who is gone is counted person by person, whoever else came.
func TestDepartures(t *testing.T) {
	past := func(n, misses int, end scanners.Fact[scanners.Date]) reconcile.History {
		var h reconcile.History
		for i := range n {
			p := scanners.Person{System: "hr", ID: fmt.Sprintf("OLD%d", i), Employments: []scanners.Employment{{Start: day("2020-01-01"), End: end}}}
			h.People = append(h.People, reconcile.PastPerson{Person: p, LastSeen: tonight.AddDate(0, 0, -1), Misses: misses})
		}
		return h
	}
	never := scanners.Never[scanners.Date]()
	for _, c := range []struct {
		name    string
		history reconcile.History
		sources []string
		ended   int
		want    string
	}{
		{"ten are gone", past(10, 0, never), []string{"hr"}, 0, ""},
		{"eleven are gone", past(11, 0, never), []string{"hr"}, 0, "employed_lost"},
		{"gone for the second time", past(11, 1, never), []string{"hr"}, 0, ""},
		{"gone with an end that had passed", past(11, 0, day("2024-01-01")), []string{"hr"}, 0, ""},
		{"twenty ended", past(0, 0, never), []string{"hr"}, 20, ""},
		{"twenty-one ended", past(0, 0, never), []string{"hr"}, 21, "new_leavers"},
		{"some gone and some ended", past(5, 0, never), []string{"hr"}, 16, "new_leavers"},
		{"a source that is not configured any more", past(1, 0, never), []string{"contractors"}, 0, "people_lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := reconcile.NewRoster(reconcile.Settings{AsOf: tonight, Zone: time.UTC}, c.history)
			for i := range c.ended {
				b.Add(scanners.Person{System: "hr", ID: fmt.Sprintf("E%d", i),
					Employments: []scanners.Employment{{Start: day("2020-01-01"), End: day("2026-11-22"), LastDayInclusive: true}}})
			}
			var sources []config.Source
			for _, name := range c.sources {
				sources = append(sources, config.Source{Name: name})
			}
			g := night(nil)
			g.departures(b.Build(), &config.Config{People: sources})
			if got := tripped(g); got != c.want {
				t.Errorf("stopped by %q, want %q: %v", got, c.want, g.stopped())
			}
		})
	}
}

func TestJoinQuality(t *testing.T) {
	crm := func(enabled, owned, byID int64) scanned {
		return scanned{Source: reports.Source{Name: "crm", Accounts: reports.AccountTotals{Read: enabled, Enabled: enabled, Owned: owned, OwnedByID: byID}}}
	}
	small := func(b *Before) {
		b.Sources["crm"] = reports.Source{Accounts: reports.AccountTotals{Read: 20, Enabled: 20, Owned: 20, OwnedByID: 20}}
	}
	for _, c := range []struct {
		name string
		gate *gate
		crm  scanned
		want string
	}{
		{"the same as last night", night(nil), crm(800, 790, 700), ""},
		{"a drop of 1.25 points", night(nil), crm(800, 780, 700), ""},
		{"a drop of 11 points", night(nil), crm(800, 700, 700), "matched_drop"},
		{"zeros lost in the export, and mail addresses match instead", night(nil), crm(800, 790, 600), "employee_id_drop"},
		{"the employee id of a point of the accounts", night(nil), crm(800, 790, 692), ""},
		{"both", night(nil), crm(800, 100, 0), "matched_drop employee_id_drop"},
		{"twice as many accounts, as well matched", night(nil), crm(1600, 1580, 1400), ""},
		{"a few accounts of a small source", night(small), crm(20, 15, 15), ""},
		{"more of a small source", night(small), crm(20, 14, 14), "matched_drop employee_id_drop"},
		{"a source that was never read before", night(func(b *Before) { delete(b.Sources, "crm") }), crm(800, 0, 0), ""},
		{"nothing read", night(nil), crm(0, 0, 0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.gate.joins([]scanned{c.crm})
			if got := tripped(c.gate); got != c.want {
				t.Errorf("stopped by %q, want %q: %v", got, c.want, c.gate.stopped())
			}
		})
	}
}

// TestAccountFiles: an odd account source becomes partial, and the run goes on.
func TestAccountFiles(t *testing.T) {
	crm := func(used int64, age time.Duration, digest string) scanned {
		return scanned{Source: reports.Source{Name: "crm", Used: used, Coverage: scanners.Coverage{Verdict: scanners.Proved, Why: "agrees",
			Digest: digest, ProducedAt: scanners.Known(tonight.Add(-age))}}}
	}
	for _, c := range []struct {
		name string
		crm  scanned
		want scanners.CoverageVerdict
		gaps int
	}{
		{"the same", crm(900, time.Hour, "d2"), scanners.Proved, 0},
		{"50 accounts gone", crm(850, time.Hour, "d2"), scanners.Proved, 0},
		{"800 accounts gone", crm(100, time.Hour, "d2"), scanners.Partial, 1},
		{"too old", crm(900, 40*time.Hour, "d2"), scanners.Partial, 1},
		{"older than the one before", crm(900, 80*time.Hour, "d2"), scanners.Partial, 2},
		{"the very same file", crm(900, time.Hour, "d1"), scanners.Proved, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := night(nil)
			g.accountFile(&c.crm)
			if c.crm.Coverage.Verdict != c.want || len(c.crm.Coverage.Gaps) != c.gaps {
				t.Errorf("%s with %d gaps, want %s with %d", c.crm.Coverage.Verdict, len(c.crm.Coverage.Gaps), c.want, c.gaps)
			}
			if err := g.stopped(); err != nil {
				t.Errorf("the run is stopped: %v", err)
			}
		})
	}
}

func TestOverrideOpensOneGateForAWhile(t *testing.T) {
	open := config.Override{Gate: "people_lost", Source: "hr", Until: tonight.Add(time.Hour), Owner: "it", Reason: "sold", Place: "leaver.yaml:9"}
	run := func(o config.Override) *gate {
		g := night(nil)
		g.gates.Overrides = []config.Override{o}
		g.peopleFiles([]scanned{hr(100, 100)})
		return g
	}
	g := run(open)
	if err := g.stopped(); err != nil {
		t.Errorf("the override does not open the gate: %v", err)
	}
	i := slices.IndexFunc(g.results, func(r reports.Gate) bool { return r.Result == reports.GateOpened })
	if i < 0 || g.results[i].Name != "people_lost" || g.results[i].Owner != "it" || g.results[i].Reason != "sold" || g.results[i].Place != "leaver.yaml:9" {
		t.Errorf("the override is not noted for the report: %+v", g.results)
	}
	for name, change := range map[string]func(*config.Override){
		"over":             func(o *config.Override) { o.Until = tonight },
		"of another gate":  func(o *config.Override) { o.Gate = "employed_lost" },
		"of other people":  func(o *config.Override) { o.Source = "contractors" },
		"of one more hour": func(o *config.Override) { o.Until = tonight.Add(-time.Hour) },
	} {
		other := open
		change(&other)
		if got := tripped(run(other)); got != "people_lost" {
			t.Errorf("an override that is %s: stopped by %q", name, got)
		}
	}
}

// TestMessageOfAGate: every stop has its line, and there is one list to paste.
func TestMessageOfAGate(t *testing.T) {
	g := night(nil)
	g.refuse("hr", "ids \"1\" and \"01\" differ only in leading zeros", "repair the source")
	g.peopleFiles([]scanned{hr(1200, 0)})
	g.limit("employed_lost", "", config.Limit{Count: 5, Percent: 1}, 200, 1000, "800 people are employed, %s", change(-200))
	want := `hr: ids "1" and "01" differ only in leading zeros
hr: 0.0 % of the people have a mail address, 100.0 % in the last accepted run; the limit is more than 5 points (gate mail_drop)
800 people are employed, 200 fewer than in the last accepted run; the limit is more than 5 and 1% (gate employed_lost)
hint: repair the source
hint: repair the source and run again; or, if this is right, say so in leaver.yaml and run again:
  gates:
    overrides:
      - {gate: mail_drop, source: hr, until: 2026-11-24, owner: YOU, reason: WHY}
      - {gate: employed_lost, until: 2026-11-24, owner: YOU, reason: WHY}`
	if diff := cmp.Diff(want, g.stopped().Error()); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}

func TestPeopleSourcesHaveToBeComplete(t *testing.T) {
	for _, verdict := range []scanners.CoverageVerdict{scanners.Blind, scanners.Partial} {
		s := hr(1200, 1200)
		s.Coverage.Verdict, s.Coverage.Why = verdict, "cut off"
		g := night(nil)
		g.peopleCoverage([]scanned{hr(10, 10), s})
		if err := g.stopped(); tripped(g) != "people" || !strings.Contains(err.Error(), "cut off") || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v", verdict, err)
		}
	}
	g := night(nil)
	g.peopleCoverage([]scanned{hr(10, 10)})
	if err := g.stopped(); err != nil {
		t.Error(err)
	}
}
