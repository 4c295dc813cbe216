package reconcile_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// The pools are small, so that keys meet.
var (
	poolIDs      = []string{"100", "0100", "200", "300", "X1"}
	poolMails    = []string{"m1@corp.example", "M1@corp.example", "m2@corp.example", "m3@old.example", "m3@corp.example"}
	poolOther    = []string{"G1", "g1", "G2", "200"}
	poolDates    = []string{"", "2019-05-01", "2026-01-31", "2026-03-09", "2026-03-10", "2026-03-20", "2026-06-01"}
	poolStatuses = []scanners.Status{"", "", scanners.StatusActive, scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusPrehire, scanners.StatusTerminated, scanners.StatusRetired}
	poolRefs     = []string{"", "", "", "100", "300", "m1@corp.example", "a1", "CN=a2", "shared", "nowhere"}
	poolLogins   = []string{"shared", "adm-a0", "adm-a1", "adm-shared", `CORP\Adm-A1`}
	poolPeople   = []string{"hr/100", "hr/0100", "hr/200", "ext/100", "ext/X1", "lab/300", "hr/999"}
	poolKinds    = []scanners.AccountKind{"", "", "", scanners.KindPerson, scanners.KindAdmin, scanners.KindService, scanners.KindShared, scanners.KindGuest, scanners.KindMachine, scanners.KindBreakGlass}
)

func drawSome(t *rapid.T, pool []string, most int, label string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(pool), 0, most).Draw(t, label)
}

func drawRow(t *rapid.T, n int) scanners.Person {
	p := scanners.Person{
		System: rapid.SampledFrom([]string{"hr", "hr", "ext", "ext", "lab"}).Draw(t, "system"), ID: rapid.SampledFrom(poolIDs).Draw(t, "id"),
		GivenName:  rapid.SampledFrom([]string{"", "Given", "Given", "Given"}).Draw(t, "given"),
		FamilyName: rapid.SampledFrom([]string{"", "Same", "Same", "Same", "Other"}).Draw(t, "family"), Mails: drawSome(t, poolMails, 2, "mails"),
		OtherIDs: drawSome(t, poolOther, 1, "others"), Zone: rapid.SampledFrom([]string{"", "Asia/Tokyo", "America/Los_Angeles"}).Draw(t, "zone"),
		Department: fmt.Sprint("department ", n),
	}
	for range rapid.IntRange(0, 2).Draw(t, "tenures") {
		e := tenureAs(rapid.SampledFrom(poolDates).Draw(t, "start"), rapid.SampledFrom(poolDates).Draw(t, "end"), rapid.SampledFrom(poolStatuses).Draw(t, "status"))
		e.LastDayInclusive = rapid.Bool().Draw(t, "inclusive")
		p.Employments = append(p.Employments, e)
	}
	return p
}

func drawFact(t *rapid.T, label string) scanners.Fact[time.Time] {
	switch n := rapid.IntRange(-2, 400).Draw(t, label); n {
	case -2:
		return scanners.Never[time.Time]()
	case -1:
		return scanners.Unknown[time.Time]("not readable")
	default:
		return scanners.Known(noon.Add(-time.Duration(n) * daySpan))
	}
}

func drawAccount(t *rapid.T, n int) scanners.Account {
	id := fmt.Sprint("a", n)
	a := scanners.Account{
		System: rapid.SampledFrom([]string{"crm", "crm", "erp"}).Draw(t, "system"), ID: id, Logins: []string{rapid.SampledFrom(append([]string{id, id}, poolLogins...)).Draw(t, "login")}, DN: "CN=" + id,
		EmployeeIDs: drawSome(t, append(poolIDs, "999", "400"), 2, "ids"), Mails: drawSome(t, append(poolMails, "x@corp.example"), 2, "mails"), Anchors: drawSome(t, poolOther, 1, "anchors"),
		Enabled:    rapid.SampledFrom([]scanners.Fact[bool]{scanners.Known(true), scanners.Known(true), scanners.Known(false), scanners.Unknown[bool]("not readable")}).Draw(t, "enabled"),
		DisabledAt: drawFact(t, "disabled"), Created: drawFact(t, "created"), Expires: drawFact(t, "expires"), FailedLogins: scanners.Known(rapid.Int64Range(0, 12).Draw(t, "failed")),
		Kind: rapid.SampledFrom(poolKinds).Draw(t, "kind"), Privileged: scanners.Known(rapid.Bool().Draw(t, "privileged")),
		AuthorityID: rapid.SampledFrom([]string{"", "", "", "A1", "a2"}).Draw(t, "original"),
		Owner:       rapid.SampledFrom(poolRefs).Draw(t, "owner"), Sponsor: rapid.SampledFrom(poolRefs).Draw(t, "sponsor"), Manager: rapid.SampledFrom(poolRefs).Draw(t, "manager"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "signals") {
		a.Signals = append(a.Signals, scanners.Signal{Name: "s", At: drawFact(t, "signal"), Precision: rapid.SampledFrom([]time.Duration{0, daySpan, 14 * daySpan}).Draw(t, "precision")})
	}
	return a
}

// drawWorld invents people, a history, rejected rows and accounts.
func drawWorld(t *rapid.T) (world, []scanners.Account) {
	w := newWorld()
	w.settings.MailDomains = map[string]string{"old.example": "corp.example"}
	w.settings.PeopleComplete = rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "complete")
	w.settings.Contractors = map[string]bool{"ext": rapid.Bool().Draw(t, "contractors")}
	w.settings.LoginRules = drawLoginRules(t)
	w.settings.Links = drawLinks(t)
	nights := rapid.IntRange(0, 3).Draw(t, "earlier nights")
	w.settings.AsOf = noon.Add(-time.Duration(nights) * daySpan)
	for range nights {
		w.people = drawRows(t, "people of an earlier night")
		w = w.next(w.settings.AsOf.Add(daySpan))
	}
	w.people = drawRows(t, "people")
	for n, id := range drawSome(t, append(poolIDs, "400"), 1, "rejected") {
		w.rejected = append(w.rejected, scanners.Rejection{Place: fmt.Sprint("line ", n), ID: id, Keys: drawSome(t, poolMails, 1, "rejected keys"), Reason: "not a date"})
	}
	var list []scanners.Account
	for n := range rapid.IntRange(1, 6).Draw(t, "accounts") {
		list = append(list, drawAccount(t, n))
	}
	return w, list
}

// drawLoginRules invents up to two rules, within a system and from one to another.
func drawLoginRules(t *rapid.T) (rules []reconcile.LoginRule) {
	for n := range rapid.IntRange(0, 2).Draw(t, "login rules") {
		rules = append(rules, reconcile.LoginRule{Source: "crm", Of: []string{"crm", "erp"}[n], Match: regexp.MustCompile(`(?is)^(?:adm-(.+))$`),
			To: "$1", Place: fmt.Sprint("rule ", n)})
	}
	return rules
}

// drawLinks invents entries of a link table, some of which cannot be used.
func drawLinks(t *rapid.T) (links []reconcile.Link) {
	for n := range rapid.IntRange(0, 2).Draw(t, "links") {
		l := reconcile.Link{Source: "crm", Account: rapid.SampledFrom([]string{"a0", "a1", "a2"}).Draw(t, "linked account"), By: "anna", Second: "bert",
			At: noon.Add(-time.Duration(rapid.SampledFrom([]int{-30, 0, 1, 9}).Draw(t, "linked days ago")) * daySpan), Place: fmt.Sprint("links:", n)}
		who := rapid.SampledFrom(poolPeople).Draw(t, "linked person")
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			l.Person = who
		case 1:
			l.Owner, l.Kind = who, scanners.KindService
		default:
			l.Not = who
		}
		links = append(links, l)
	}
	return links
}

func drawRows(t *rapid.T, label string) []scanners.Person {
	var rows []scanners.Person
	for n := range rapid.IntRange(0, 6).Draw(t, label) {
		rows = append(rows, drawRow(t, n))
	}
	return rows
}

// full is everything that a verdict says, as text.
func full(v reconcile.Verdict) string {
	text := fmt.Sprintf("%+v id=%s why=%q end=%v late=%+v idle=%+v last=%+v", outcomeOf(v), v.ID(), v.Why, v.End, v.DaysLate, v.DaysIdle, v.LastUse)
	for _, c := range v.Candidates {
		text += fmt.Sprintf(" %s=%s:%s", c.Key, c.Value, c.Person.Ref())
	}
	if v.Person != nil {
		text += fmt.Sprintf(" person=%+v", *v.Person)
	}
	return text
}

func judgeAll(w world, list []scanners.Account) map[string]string {
	e := w.engine(list...)
	all := map[string]string{}
	for i := range list {
		all[list[i].ID] = full(e.Judge(&list[i]))
	}
	return all
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		want := judgeAll(w, list)
		shuffled := w
		shuffled.people = rapid.Permutation(w.people).Draw(t, "order of people")
		shuffled.rejected = rapid.Permutation(w.rejected).Draw(t, "order of rejected rows")
		shuffled.history.People = rapid.Permutation(w.history.People).Draw(t, "order of history")
		shuffled.settings.Links = rapid.Permutation(w.settings.Links).Draw(t, "order of links")
		if diff := gocmp.Diff(want, judgeAll(shuffled, rapid.Permutation(list).Draw(t, "order of accounts"))); diff != "" {
			t.Fatalf("another order, another verdict:\n%s", diff)
		}
		if diff := gocmp.Diff(w.roster().Issues(), shuffled.roster().Issues()); diff != "" {
			t.Fatalf("another order, other issues:\n%s", diff)
		}
	})
}

// TestJudgeConcurrently runs many goroutines over one engine; the race detector watches when it is on.
func TestJudgeConcurrently(t *testing.T) {
	c := company.New(company.Options{Seed: 3, Accounts: 400, Now: instant("2026-03-10T02:00:00Z"), Nights: 3, AllCases: true})
	e := companyEngine(c, 2, companyNight(c, 2, reconcile.History{}))
	var list []scanners.Account
	eachAccount(c, 2, func(a *scanners.Account) { list = append(list, *a) })
	want := make([]string, len(list))
	for i := range list {
		want[i] = full(e.Judge(&list[i]))
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range list {
				i := (n*7 + worker*13) % len(list)
				if got := full(e.Judge(&list[i])); got != want[i] {
					t.Errorf("worker %d: %s\nwant %s", worker, got, want[i])
				}
				if x := e.Explain(&list[i]); full(x.Verdict) != want[i] {
					t.Errorf("worker %d: explained as %s\nwant %s", worker, full(x.Verdict), want[i])
				}
			}
		})
	}
	wg.Wait()
}

// TestEndingNeverRemovesAFinding: whoever leaves, an account that had a finding still has one.
func TestEndingNeverRemovesAFinding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		if len(w.people) == 0 {
			return
		}
		before := w.engine(list...)
		leaving := rapid.SampledFrom(w.people).Draw(t, "who leaves")
		ended := w
		ended.people = slices.Clone(w.people)
		for i, p := range ended.people {
			if p.System == leaving.System && p.ID == leaving.ID {
				ended.people[i].Employments = endedBefore(p.Employments)
			}
		}
		after := ended.engine(list...)
		for i := range list {
			was, is := before.Judge(&list[i]), after.Judge(&list[i])
			if was.Kind != none && is.Kind == none {
				t.Fatalf("%s was %s (%s) and has no finding after %s/%s left", list[i].ID, was.Kind, was.Why, leaving.System, leaving.ID)
			}
		}
	})
}

// endedBefore ends every employment that has begun and not ended earlier on the last day of January, or a day after its start.
func endedBefore(list []scanners.Employment) []scanners.Employment {
	list = slices.Clone(list)
	for i, e := range list {
		end := date("2026-01-31")
		if start, ok := e.Start.Get(); ok && end.Before(start) {
			end = start.AddDays(1)
		}
		known, stated := e.End.Get()
		over, begun := e.Status.Ended() || stated && !end.Before(known), e.Start.IsKnown() || e.Status != scanners.StatusPrehire
		if over || !begun || date("2026-03-09").Before(end) {
			continue
		}
		list[i].End = scanners.Known(end)
	}
	return list
}

// TestLosingASourceNeverRemovesAFinding: when a people source shows nobody any more, an account that had a finding still has
// one, and nobody is an orphan for it. Of several who answer for an account, the others may do so then without a dispute.
func TestLosingASourceNeverRemovesAFinding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		w.rejected = nil
		lost := rapid.SampledFrom([]string{"hr", "ext", "lab"}).Draw(t, "lost source")
		next := w.next(noon, slices.DeleteFunc(slices.Clone(w.people), func(p scanners.Person) bool { return p.System == lost })...)
		before, after := w.engine(list...), next.engine(list...)
		for i := range list {
			was, is := before.Judge(&list[i]), after.Judge(&list[i])
			answered := was.Kind == disputed && len(list[i].Owner+list[i].Sponsor+list[i].Manager) > 0
			if was.Kind != none && is.Kind == none && !answered || is.Kind == orphan && was.Kind != orphan {
				t.Fatalf("%s was %s (%s) and is %q (%s) without %s", list[i].ID, was.Kind, was.Why, is.Kind, is.Why, lost)
			}
		}
	})
}

// TestLosingAnAccountSourceDecidesNothing: when the accounts of one system are not read, the verdict on those of others stays
// as it was, or is a dispute, which nothing is done about before a person has looked. An account whose copy or original is among
// those that were not read may look idle for want of its uses, or no longer so, and nothing else; the run lets such findings wait.
func TestLosingAnAccountSourceDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		lost := rapid.SampledFrom([]string{"crm", "erp"}).Draw(t, "lost system")
		rest := slices.DeleteFunc(slices.Clone(list), func(a scanners.Account) bool { return a.System == lost })
		before, after := w.engine(list...), w.unread(lost).engine(rest...)
		for i := range rest {
			was, is := before.Judge(&rest[i]), after.Judge(&rest[i])
			if shared(rest[i], list, lost) && (was.Kind == is.Kind || idleOrNot(was.Kind) && idleOrNot(is.Kind)) {
				continue
			}
			if full(was) != full(is) && is.Situation != reconcile.SituationDisputed {
				t.Fatalf("%s of %s: %s\nwithout %s: %s", rest[i].ID, rest[i].System, full(was), lost, full(is))
			}
		}
	})
}

// idleOrNot reports whether a verdict rests on activity alone.
func idleOrNot(k reconcile.Kind) bool {
	return k == none || k == reconcile.Dormant || k == reconcile.NeverUsed
}

// shared reports whether an account of a system shares its sign-on with a.
func shared(a scanners.Account, list []scanners.Account, system string) bool {
	key := reconcile.Fold(cmp.Or(a.AuthorityID, a.ID))
	return slices.ContainsFunc(list, func(b scanners.Account) bool {
		return b.System == system && (reconcile.Fold(b.ID) == key || reconcile.Fold(b.AuthorityID) == key)
	})
}

// TestUnreadPeopleMakeNoOrphans: losing completeness takes orphans away and changes nothing else but what they hid.
func TestUnreadPeopleMakeNoOrphans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		w.settings.PeopleComplete = true
		partial := w
		partial.settings.PeopleComplete = false
		complete, blind := w.engine(list...), partial.engine(list...)
		for i := range list {
			was, is := complete.Judge(&list[i]), blind.Judge(&list[i])
			if is.Kind == orphan {
				t.Fatalf("%s is an orphan of people that were not all read", list[i].ID)
			}
			if was.Kind != orphan && full(was) != full(is) {
				t.Fatalf("%s: %s\nwithout all people: %s", list[i].ID, full(was), full(is))
			}
		}
	})
}

// TestRememberedTonightChangesNothing: the history of this very night adds nothing to what tonight's rows say.
func TestRememberedTonightChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		w.history, w.rejected = reconcile.History{}, nil
		again := w.next(w.settings.AsOf, w.people...)
		first, second := w.engine(list...), again.engine(list...)
		for i := range list {
			if a, b := outcomeOf(first.Judge(&list[i])), outcomeOf(second.Judge(&list[i])); a != b {
				t.Fatalf("%s: %+v, with its own history %+v", list[i].ID, a, b)
			}
		}
	})
}

// TestRememberedPeopleKeepTheirAccounts: when every row goes, no account that led to somebody leads to nobody.
func TestRememberedPeopleKeepTheirAccounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		w.rejected = nil
		next := w.next(noon.Add(daySpan))
		tonight, tomorrow := w.engine(list...), next.engine(list...)
		for i := range list {
			was, is := tonight.Judge(&list[i]), tomorrow.Judge(&list[i])
			if was.Situation != reconcile.Unmatched && is.Situation == reconcile.Unmatched {
				t.Fatalf("%s was %s and leads to nobody after the rows went", list[i].ID, was.Situation)
			}
			if is.Person != nil && (!is.Person.Remembered || !is.Person.Gone()) {
				t.Fatalf("%s belongs to %s, who is gone", list[i].ID, is.Person.Ref())
			}
		}
	})
}

// TestExplainAgrees: an explanation has the verdict of Judge and names each key that the configuration lists.
func TestExplainAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		e := w.engine(list...)
		for i := range list {
			a := &list[i]
			v, x := e.Judge(a), e.Explain(a)
			if full(v) != full(x.Verdict) {
				t.Fatalf("%s: judged %s\nexplained %s", a.ID, full(v), full(x.Verdict))
			}
			last := x.Tests[len(x.Tests)-1]
			if last.Holds != (v.Kind != none) || last.Holds && (last.Kind != v.Kind || last.Why != v.Why) {
				t.Fatalf("%s: kind %q, the last test is %+v", a.ID, v.Kind, last)
			}
			for key, values := range map[string][]string{"employee_id": a.EmployeeIDs, "mail": a.Mails, "anchor": a.Anchors} {
				for _, value := range values {
					if !slices.ContainsFunc(x.Keys, func(k reconcile.KeyTried) bool { return k.Key == key && k.Value == value }) {
						t.Fatalf("%s: %s %q is not among the keys tried: %+v", a.ID, key, value, x.Keys)
					}
				}
			}
		}
	})
}
