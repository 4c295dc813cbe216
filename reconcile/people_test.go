package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// standing is where a person stands, in the form of the tables below.
type standing struct {
	State    reconcile.PersonState
	End      string // RFC 3339, "" for none
	Inferred bool
	Upcoming string
	Next     string
	Conflict bool
	Rehire   string
}

func standingOf(p *reconcile.Person) standing {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	return standing{p.State, stamp(p.End.At), p.End.Inferred, p.UpcomingEnd.String(), stamp(p.NextStart), p.Conflict != "", p.Rehire}
}

// only returns the person with that reference.
func only(t *testing.T, w world, ref string) *reconcile.Person {
	t.Helper()
	var found *reconcile.Person
	w.roster().People(func(p *reconcile.Person) {
		if p.Ref() == ref {
			found = p
		}
	})
	if found == nil {
		t.Fatalf("nobody is called %s", ref)
	}
	return found
}

func TestStandings(t *testing.T) {
	past, future := "2026-01-31", "2026-05-31"
	const pastEnd, futureStart = "2026-01-31T23:00:00Z", "2026-05-31T22:00:00Z"
	active, terminated := scanners.StatusActive, scanners.StatusTerminated
	leave, suspended, retired := scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusRetired
	as := tenureAs
	asOf := noon.Format(time.RFC3339)
	cases := []struct {
		name    string
		tenures []scanners.Employment
		want    standing
	}{
		{"no employment at all", nil, standing{State: reconcile.Employed}},
		{"open", []scanners.Employment{hired}, standing{State: reconcile.Employed}},
		{"without any date", []scanners.Employment{{}}, standing{State: reconcile.Employed}},
		{"ended", []scanners.Employment{left}, standing{State: reconcile.Ended, End: pastEnd}},
		{"ends later", []scanners.Employment{tenure("2020-01-01", future)}, standing{State: reconcile.Employed, Upcoming: future}},
		{"starts later", []scanners.Employment{tenure("2026-06-01", "")}, standing{State: reconcile.Prehire, Next: futureStart}},
		{"starts later, status active", []scanners.Employment{as("2026-06-01", "", active)}, standing{State: reconcile.Prehire, Next: futureStart}},
		{"prehire without a date", []scanners.Employment{as("", "", scanners.StatusPrehire)}, standing{State: reconcile.Prehire}},
		{"prehire whose first day has come", []scanners.Employment{as("2026-03-01", "", scanners.StatusPrehire)}, standing{State: reconcile.Employed}},
		{"active with a past end", []scanners.Employment{as("2020-01-01", past, active)}, standing{State: reconcile.Ended, End: pastEnd, Conflict: true}},
		{"on leave with a past end", []scanners.Employment{as("2020-01-01", past, leave)}, standing{State: reconcile.Ended, End: pastEnd, Conflict: true}},
		{"active with a future end", []scanners.Employment{as("2020-01-01", future, active)}, standing{State: reconcile.Employed, Upcoming: future}},
		{"terminated with a past end", []scanners.Employment{as("2020-01-01", past, terminated)}, standing{State: reconcile.Ended, End: pastEnd}},
		{"terminated with a future end", []scanners.Employment{as("2020-01-01", future, terminated)}, standing{State: reconcile.Employed, Upcoming: future}},
		{"terminated without a date", []scanners.Employment{as("2020-01-01", "", terminated)}, standing{State: reconcile.Ended, End: asOf, Inferred: true}},
		{"retired without a date", []scanners.Employment{as("2020-01-01", "", retired)}, standing{State: reconcile.Ended, End: asOf, Inferred: true}},
		{"retired with a past end", []scanners.Employment{as("2020-01-01", past, retired)}, standing{State: reconcile.Ended, End: pastEnd}},
		{"two tenures, the older ended", []scanners.Employment{tenure("2018-01-01", "2020-01-31"), hired}, standing{State: reconcile.Employed}},
		{"two tenures, the older first or last makes no difference", []scanners.Employment{hired, tenure("2018-01-01", "2020-01-31")}, standing{State: reconcile.Employed}},
		{"two ended tenures", []scanners.Employment{left, tenure("2018-01-01", "2020-01-31")}, standing{State: reconcile.Ended, End: pastEnd}},
		{"two ended tenures, the older last", []scanners.Employment{tenure("2018-01-01", "2020-01-31"), left}, standing{State: reconcile.Ended, End: pastEnd}},
		{"a conflict in the older tenure does not taint the newer", []scanners.Employment{as("2018-01-01", "2020-01-31", active), as("2020-02-01", past, terminated)}, standing{State: reconcile.Ended, End: pastEnd}},
		{"rehired in a single row", []scanners.Employment{tenure("2026-02-15", past)}, standing{State: reconcile.Employed}},
		{"rehired the day after in a single row", []scanners.Employment{tenure("2026-02-01", past)}, standing{State: reconcile.Employed}},
		{"rehired in two rows after a gap", []scanners.Employment{left, tenure("2026-03-01", "")}, standing{State: reconcile.Employed}},
		{"to be rehired, two rows", []scanners.Employment{left, tenure("2026-06-01", "")}, standing{State: reconcile.Ended, End: pastEnd, Next: futureStart, Rehire: "hr/100"}},
		{"terminated on the first day of a later start in one row", []scanners.Employment{as("2026-02-15", past, terminated)}, standing{State: reconcile.Ended, End: pastEnd}},
		{"two jobs, one ended", []scanners.Employment{left, tenure("2021-01-01", "")}, standing{State: reconcile.Employed}},
		{"two jobs, both end later", []scanners.Employment{tenure("2020-01-01", "2026-04-30"), tenure("2021-01-01", future)}, standing{State: reconcile.Employed, Upcoming: future}},
		{"two jobs, one ends later, one is open", []scanners.Employment{tenure("2020-01-01", future), hired}, standing{State: reconcile.Employed}},
		{"on leave", []scanners.Employment{as("2020-01-01", "", leave)}, standing{State: reconcile.Leave}},
		{"suspended", []scanners.Employment{as("2020-01-01", "", suspended)}, standing{State: reconcile.Suspended}},
		{"on leave from one job, at work in the other", []scanners.Employment{as("2020-01-01", "", leave), as("2021-01-01", "", active)}, standing{State: reconcile.Leave}},
		{"suspended in one job, at work in the other", []scanners.Employment{as("2020-01-01", "", suspended), as("2021-01-01", "", active)}, standing{State: reconcile.Employed}},
		{"suspended in one job, on leave from the other", []scanners.Employment{as("2020-01-01", "", suspended), as("2021-01-01", "", leave)}, standing{State: reconcile.Leave}},
		{"on leave from one job, the other has ended", []scanners.Employment{as("2020-01-01", "", leave), left}, standing{State: reconcile.Leave}},
		{"suspended, and another job starts later", []scanners.Employment{as("2020-01-01", "", suspended), tenure("2026-06-01", "")}, standing{State: reconcile.Suspended, Next: futureStart}},
		{"one terminated without a date, one open", []scanners.Employment{as("2020-01-01", "", terminated), hired}, standing{State: reconcile.Employed}},
		{"one terminated without a date, one ended", []scanners.Employment{as("2020-01-01", "", terminated), left}, standing{State: reconcile.Ended, End: asOf, Inferred: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			got := standingOf(only(t, newWorld(human("100", c.tenures...)), "hr/100"))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("one row with all tenures (-want +got):\n%s", diff)
			}
			var rows []scanners.Person
			for _, e := range c.tenures {
				rows = append(rows, human("100", e))
			}
			if len(rows) == 0 {
				return
			}
			if diff := cmp.Diff(want, standingOf(only(t, newWorld(rows...), "hr/100"))); diff != "" {
				t.Errorf("a row per tenure (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStartIsTheFirst: the first start of all tenures, in the person's zone.
func TestStartIsTheFirst(t *testing.T) {
	p := only(t, newWorld(human("100", tenure("2022-01-01", ""), tenure("2019-07-01", "2020-01-31"))), "hr/100")
	if want := instant("2019-06-30T22:00:00Z"); !p.Start.Equal(want) {
		t.Errorf("start %s, want %s", p.Start, want)
	}
}

func TestVanished(t *testing.T) {
	lastSeen := noon.Add(-10 * daySpan)
	cases := []struct {
		name    string
		tenures []scanners.Employment
		want    standing
	}{
		{"was employed", []scanners.Employment{hired}, standing{State: reconcile.Vanished, End: "2026-02-28T12:00:00Z", Inferred: true}},
		{"had an end that has passed", []scanners.Employment{left}, standing{State: reconcile.Ended, End: "2026-01-31T23:00:00Z"}},
		{"had an end that passed since", []scanners.Employment{tenure("2020-01-01", "2026-03-05")}, standing{State: reconcile.Ended, End: "2026-03-05T23:00:00Z"}},
		{"had an end that is still to come", []scanners.Employment{tenure("2020-01-01", "2026-05-31")}, standing{State: reconcile.Vanished, End: "2026-02-28T12:00:00Z", Inferred: true}},
		{"was yet to start", []scanners.Employment{tenure("2026-06-01", "")}, standing{State: reconcile.Vanished, End: "2026-02-28T12:00:00Z", Inferred: true}},
		{"was on leave", []scanners.Employment{tenureAs("2020-01-01", "", scanners.StatusLeave)}, standing{State: reconcile.Vanished, End: "2026-02-28T12:00:00Z", Inferred: true}},
		{"was terminated without a date", []scanners.Employment{tenureAs("2020-01-01", "", scanners.StatusTerminated)}, standing{State: reconcile.Vanished, End: "2026-02-28T12:00:00Z", Inferred: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.history = gone(c.tenures...)
			p := only(t, w, "hr/100")
			if diff := cmp.Diff(c.want, standingOf(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !p.Remembered || !p.LastSeen.Equal(lastSeen) {
				t.Errorf("remembered %v, last seen %s, want true, %s", p.Remembered, p.LastSeen, lastSeen)
			}
		})
	}
	t.Run("still there is not vanished", func(t *testing.T) {
		w := newWorld(human("100", hired))
		w.history = gone(hired)
		if p := only(t, w, "hr/100"); p.Remembered || p.State != reconcile.Employed {
			t.Errorf("remembered %v, state %s", p.Remembered, p.State)
		}
	})
	t.Run("the id written in other case is the same person", func(t *testing.T) {
		row, past := human("E-100", hired), human("e-100 ", hired)
		w := newWorld(row)
		w.history = reconcile.History{People: []reconcile.PastPerson{{Person: past, LastSeen: lastSeen}}}
		if p := only(t, w, "hr/E-100"); p.Remembered {
			t.Error("remembered although tonight's snapshot shows the person")
		}
		wantKind(t, w, login(keys("e-100")), none)
	})
	t.Run("the same id in another source is another person", func(t *testing.T) {
		row := human("100", hired)
		row.System = "contractors"
		w := newWorld(row)
		w.history = gone(hired)
		if p := only(t, w, "hr/100"); !p.Remembered || p.State != reconcile.Vanished {
			t.Errorf("remembered %v, state %s", p.Remembered, p.State)
		}
	})
}

// TestPopulation counts everybody once.
func TestPopulation(t *testing.T) {
	w := newWorld(human("1", hired), human("1", hired), human("2", left), human("3", tenure("2026-06-01", "")),
		human("4", tenureAs("2020-01-01", "", scanners.StatusLeave)), human("5", tenureAs("2020-01-01", "", scanners.StatusSuspended)),
		human("6", tenure("2020-01-01", "2026-04-09")), human("7", tenure("2020-01-01", "2026-04-10")))
	w.history = gone(hired)
	want := reconcile.Population{Rows: 8, Merged: 1, Employed: 5, Ended: 1, Prehire: 1, OnLeave: 1, Suspended: 1, Remembered: 1, UpcomingEnds: 1}
	if diff := cmp.Diff(want, w.roster().Population()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRowsOfDifferentHumans: one id with two names is nobody's key.
func TestRowsOfDifferentHumans(t *testing.T) {
	rename := func(p scanners.Person, given, family, display string) scanners.Person {
		p.GivenName, p.FamilyName, p.DisplayName = given, family, display
		return p
	}
	row := human("100", hired)
	anna := rename(row, "Anna", "Alba", "")
	cases := []struct {
		name string
		rows []scanners.Person
		want reconcile.Kind
	}{
		{"the same row twice", []scanners.Person{anna, anna}, none},
		{"same name in other case", []scanners.Person{anna, rename(row, "ANNA", "alba ", "")}, none},
		{"another family name", []scanners.Person{anna, rename(row, "Anna", "Borg", "")}, disputed},
		{"another given name", []scanners.Person{anna, rename(row, "Bert", "Alba", "")}, disputed},
		{"another display name", []scanners.Person{rename(row, "", "", "Anna Alba"), rename(row, "", "", "Bert Borg")}, disputed},
		{"a row without names", []scanners.Person{anna, rename(row, "", "", "")}, none},
		{"two names behind a row without names", []scanners.Person{rename(row, "", "", ""), anna, rename(row, "Bert", "Borg", "")}, disputed},
		{"two names before a row without names", []scanners.Person{anna, rename(row, "Bert", "Borg", ""), rename(row, "", "", "")}, disputed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.rows...)
			v := wantKind(t, w, login(), c.want)
			wantKind(t, w, login(keys(), mails("p100@corp.example")), c.want)
			if issues := w.roster().Issues(); (len(issues) > 0) != (c.want == disputed) {
				t.Errorf("issues %v", issues)
			}
			if c.want == disputed && (v.Person != nil || v.MatchedBy != "") {
				t.Errorf("disputed, yet owned by %v (%s)", v.Person, v.MatchedBy)
			}
		})
	}
	t.Run("a service account that they answer for", func(t *testing.T) {
		w := newWorld(anna, rename(row, "Bert", "Borg", ""))
		wantKind(t, w, login(keys(), kind(scanners.KindService), sponsored("100")), disputed)
	})
}

// TestRejectedRows: the owner exists and could not be read, so nobody concludes anything from the keys.
func TestRejectedRows(t *testing.T) {
	rejected := scanners.Rejection{Place: "line 7", ID: "00300", Keys: []string{"P300@corp.example", "POS-9"}, Field: "last_day", Reason: "not a date"}
	reserve := func(people ...scanners.Person) world {
		w := newWorld(people...)
		w.rejected = []scanners.Rejection{rejected}
		return w
	}
	service := accounts(keys(), kind(scanners.KindService))
	for _, c := range []struct {
		name string
		a    scanners.Account
		want reconcile.Kind
	}{
		{"by employee id", login(keys("300")), disputed},
		{"by employee id with zeros", login(keys("00300")), disputed},
		{"by mail", login(keys(), mails("p300@CORP.example")), disputed},
		{"by another id as employee id", login(keys("pos-9")), disputed},
		{"by another id as anchor", login(keys(), anchors("POS-9")), disputed},
		{"beside a key of somebody else", login(mails("p300@corp.example")), disputed},
		{"a service account's reference", login(append(service, sponsored("300"))...), disputed},
		{"a service account's reference by mail", login(append(service, sponsored("p300@corp.example"))...), disputed},
		{"other keys", login(), none},
		{"nobody's keys", login(keys("301")), orphan},
	} {
		t.Run(c.name, func(t *testing.T) { wantKind(t, reserve(human("100", hired)), c.a, c.want) })
	}
	t.Run("a remembered person is not gone when their row could not be read", func(t *testing.T) {
		w := reserve()
		w.rejected = []scanners.Rejection{{Place: "line 1", ID: "100", Reason: "not a date"}}
		w.history = gone(hired)
		wantKind(t, w, login(), disputed)
		wantKind(t, w, login(keys(), mails("p100@corp.example")), disputed)
		wantKind(t, w, login(keys(), kind(scanners.KindService), sponsored("p100@corp.example")), disputed)
		next := w.next(noon.Add(daySpan))
		if past := next.history.People[0]; past.Misses != 0 || !past.InferredSince.IsZero() {
			t.Errorf("remembered with %d misses since %s: a row was there", past.Misses, past.InferredSince)
		}
	})
	t.Run("a person with a readable and an unreadable row", func(t *testing.T) {
		w := newWorld(human("100", left))
		w.rejected = []scanners.Rejection{{Place: "line 2", ID: "100", Reason: "not a date"}}
		wantKind(t, w, login(), disputed)
		wantKind(t, w, login(keys(), mails("p100@corp.example")), disputed)
	})
	t.Run("a row that lost its id names its person by another key", func(t *testing.T) {
		remembered, other := human("100", hired), human("200", hired)
		remembered.OtherIDs = []string{"G-7"}
		for _, key := range []string{"P100@corp.example", "g-7"} {
			w := newWorld(remembered, other).next(noon.Add(daySpan), other)
			w.rejected = []scanners.Rejection{{Place: "line 2", Keys: []string{key}, Reason: "the id is empty"}}
			wantKind(t, w, login(), disputed)
			wantKind(t, w, login(keys("200")), none)
			next := w.next(noon.Add(2*daySpan), other)
			wantKind(t, next, login(), leaverActive)
		}
		elsewhere := newWorld(remembered)
		elsewhere.people[0].System = "contractors"
		elsewhere = elsewhere.next(noon.Add(daySpan))
		elsewhere.rejected = []scanners.Rejection{{Place: "line 2", Keys: []string{"g-7"}, Reason: "the id is empty"}}
		wantKind(t, elsewhere, login(), leaverActive)
	})
	t.Run("the same id in another source is readable", func(t *testing.T) {
		p := human("100", hired)
		p.System = "contractors"
		w := newWorld(p)
		w.rejected = []scanners.Rejection{{Place: "line 2", ID: "100", Reason: "not a date"}}
		wantKind(t, w, login(), disputed)
		wantKind(t, w, login(keys(), mails("p100@corp.example")), none)
	})
}

// TestRehires marks leavers who may be back under another id.
func TestRehires(t *testing.T) {
	sharing := func(p scanners.Person, mail string, otherIDs ...string) scanners.Person {
		p.Mails, p.OtherIDs = []string{mail}, otherIDs
		return p
	}
	leaver := sharing(human("100", left), "one@corp.example", "N-1")
	cases := []struct {
		name  string
		other scanners.Person
		want  bool
	}{
		{"same mail, employed", sharing(human("200", hired), "One@corp.example"), true},
		{"same other id, employed", sharing(human("200", hired), "two@corp.example", "n-1"), true},
		{"same mail, starts later", sharing(human("200", tenure("2026-06-01", "")), "one@corp.example"), true},
		{"same mail, left as well", sharing(human("200", left), "one@corp.example"), false},
		{"nothing in common", sharing(human("200", hired), "two@corp.example"), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := wantKind(t, newWorld(leaver, c.other), login(used(instant("2026-01-01T00:00:00Z"), 0)), leaverActive)
			if got := v.Flags.Has(reconcile.PossibleRehire); got != c.want {
				t.Errorf("possible_rehire %v, want %v", got, c.want)
			}
		})
	}
	t.Run("several candidates: always the same one", func(t *testing.T) {
		both := leaver
		both.Mails = []string{"one@corp.example", "zwei@corp.example", "drei@corp.example"}
		w := newWorld(both, sharing(human("400", hired), "one@corp.example"), sharing(human("300", hired), "zwei@corp.example"), sharing(human("200", hired), "drei@corp.example"))
		for range 30 {
			if got := only(t, w, "hr/100").Rehire; got != "hr/200" {
				t.Fatalf("rehire %q, want hr/200", got)
			}
		}
	})
}
