package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

const (
	contradiction = reconcile.Contradiction
	disputed      = reconcile.Disputed
	usedAfterEnd  = reconcile.UsedAfterEnd
	leaverActive  = reconcile.LeaverActive
	orphan        = reconcile.Orphan
	ownerLeft     = reconcile.OwnerLeft
	none          = reconcile.KindNone
)

// gone is a history that remembers person 100 as last seen ten days before noon.
func gone(tenures ...scanners.Employment) reconcile.History {
	return reconcile.History{People: []reconcile.PastPerson{{Person: human("100", tenures...), FirstSeen: instant("2024-01-01T00:00:00Z"), LastSeen: noon.Add(-10 * daySpan)}}}
}

func accounts(list ...func(*scanners.Account)) []func(*scanners.Account) { return list }

// TestDecisionTable has a case for every row of the decision table, with everything that a report prints of a verdict.
func TestDecisionTable(t *testing.T) {
	beforeEnd, afterEnd := instant("2026-01-20T00:00:00Z"), instant("2026-02-05T00:00:00Z")
	employed, leaver := human("100", hired), human("100", left)
	suspended := human("100", tenureAs("2020-01-01", "", scanners.StatusSuspended))
	onLeave := human("100", tenureAs("2020-01-01", "", scanners.StatusLeave))
	prehire := human("100", tenure("2026-06-01", ""))
	twin := human("200", hired)
	twin.Mails = []string{"p100@corp.example"}
	goneTwin := human("200", left)
	goneTwin.Mails = []string{"p100@corp.example"}
	byMail := accounts(keys(), mails("p100@corp.example"))
	recent := noon.Add(-20 * daySpan)
	old := noon.Add(-100 * daySpan)

	cases := []struct {
		name    string
		people  []scanners.Person
		history reconcile.History
		account []func(*scanners.Account)
		want    outcome
	}{
		{"disabled, used after it was disabled", []scanners.Person{employed}, reconcile.History{},
			accounts(disabledAt(recent), used(recent.Add(time.Hour), 0)),
			outcome{contradiction, "", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"disabled leaver, used after end and after it was disabled", []scanners.Person{leaver}, reconcile.History{},
			accounts(disabledAt(afterEnd), used(recent, 0)),
			outcome{contradiction, "", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"disabled leaver, used after end but before it was disabled", []scanners.Person{leaver}, reconcile.History{},
			accounts(disabledAt(recent), used(afterEnd, 0)),
			outcome{none, "", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"disabled at an unknown time, used yesterday", []scanners.Person{leaver}, reconcile.History{},
			accounts(disabled),
			outcome{none, "", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"disabled orphan", nil, reconcile.History{}, accounts(disabled),
			outcome{none, "", reconcile.Info, reconcile.Unmatched, "", ""}},
		{"disabled, keys disagree", []scanners.Person{employed, human("200", hired)}, reconcile.History{},
			accounts(disabled, mails("p200@corp.example")),
			outcome{none, "", reconcile.Info, reconcile.SituationDisputed, "", ""}},
		{"one key names two people", []scanners.Person{employed, twin}, reconcile.History{}, byMail,
			outcome{disputed, "", reconcile.Medium, reconcile.SituationDisputed, "", ""}},
		{"one key names two people who have both left", []scanners.Person{leaver, goneTwin}, reconcile.History{}, byMail,
			outcome{disputed, "", reconcile.High, reconcile.SituationDisputed, "", ""}},
		{"one key names a leaver and somebody employed", []scanners.Person{leaver, twin}, reconcile.History{}, byMail,
			outcome{disputed, "possible_rehire", reconcile.Medium, reconcile.SituationDisputed, "", ""}},
		{"one key names a remembered person and somebody employed", []scanners.Person{twin}, gone(hired), byMail,
			outcome{disputed, "possible_rehire", reconcile.Medium, reconcile.SituationDisputed, "", ""}},
		{"two keys name different people", []scanners.Person{employed, human("200", hired)}, reconcile.History{},
			accounts(mails("p200@corp.example")),
			outcome{disputed, "", reconcile.Medium, reconcile.SituationDisputed, "", ""}},
		{"vanished, used after last seen", nil, gone(hired), nil,
			outcome{leaverActive, "inferred in_use", reconcile.High, reconcile.Deleted, "hr/100", "employee_id"}},
		{"vanished, not used since", nil, gone(hired), accounts(used(noon.Add(-20*daySpan), 0)),
			outcome{leaverActive, "inferred", reconcile.High, reconcile.Deleted, "hr/100", "employee_id"}},
		{"vanished after a stated end, used since", nil, gone(left), nil,
			outcome{usedAfterEnd, "", reconcile.Critical, reconcile.Deleted, "hr/100", "employee_id"}},
		{"vanished after a stated end, not used since", nil, gone(left), accounts(used(beforeEnd, 0)),
			outcome{leaverActive, "", reconcile.High, reconcile.Deleted, "hr/100", "employee_id"}},
		{"nobody, used lately", nil, reconcile.History{}, nil,
			outcome{orphan, "", reconcile.High, reconcile.Unmatched, "", ""}},
		{"nobody, used lately, privileged", nil, reconcile.History{}, accounts(admin),
			outcome{orphan, "privileged", reconcile.Critical, reconcile.Unmatched, "", ""}},
		{"nobody, not used lately", nil, reconcile.History{}, accounts(used(old, 0)),
			outcome{orphan, "", reconcile.Medium, reconcile.Unmatched, "", ""}},
		{"nobody, not used lately, privileged", nil, reconcile.History{}, accounts(used(old, 0), admin),
			outcome{orphan, "privileged", reconcile.High, reconcile.Unmatched, "", ""}},
		{"nobody, activity unknown", nil, reconcile.History{}, accounts(useUnknown),
			outcome{orphan, "activity_unknown", reconcile.Medium, reconcile.Unmatched, "", ""}},
		{"left, used after the end", []scanners.Person{leaver}, reconcile.History{}, accounts(used(afterEnd, 0)),
			outcome{usedAfterEnd, "", reconcile.Critical, reconcile.Linked, "hr/100", "employee_id"}},
		{"left, not used after the end", []scanners.Person{leaver}, reconcile.History{}, accounts(used(beforeEnd, 0)),
			outcome{leaverActive, "", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"left, not used after the end, privileged", []scanners.Person{leaver}, reconcile.History{}, accounts(used(beforeEnd, 0), admin),
			outcome{leaverActive, "privileged", reconcile.Critical, reconcile.Linked, "hr/100", "employee_id"}},
		{"left, never used", []scanners.Person{leaver}, reconcile.History{}, accounts(neverUsed),
			outcome{leaverActive, "", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"left, enabled unknown", []scanners.Person{leaver}, reconcile.History{}, accounts(used(beforeEnd, 0), stateUnknown),
			outcome{leaverActive, "enabled_unknown", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"suspended", []scanners.Person{suspended}, reconcile.History{}, nil,
			outcome{reconcile.SuspendedActive, "", reconcile.High, reconcile.Linked, "hr/100", "employee_id"}},
		{"starts in months, used", []scanners.Person{prehire}, reconcile.History{}, accounts(created(recent)),
			outcome{reconcile.EarlyActive, "suspect_match", reconcile.Medium, reconcile.Linked, "hr/100", "employee_id"}},
		{"starts in months, never used", []scanners.Person{human("100", tenure("2026-04-01", ""))}, reconcile.History{}, accounts(created(recent), neverUsed),
			outcome{reconcile.EarlyActive, "", reconcile.Low, reconcile.Linked, "hr/100", "employee_id"}},
		{"on leave, idle for long", []scanners.Person{onLeave}, reconcile.History{}, accounts(used(old, 0)),
			outcome{none, "on_leave", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"on leave, used", []scanners.Person{onLeave}, reconcile.History{}, nil,
			outcome{none, "on_leave", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, never used", []scanners.Person{employed}, reconcile.History{}, accounts(neverUsed),
			outcome{reconcile.NeverUsed, "", reconcile.Low, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, idle", []scanners.Person{employed}, reconcile.History{}, accounts(used(old, 0)),
			outcome{reconcile.Dormant, "", reconcile.Low, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, idle, privileged", []scanners.Person{employed}, reconcile.History{}, accounts(used(old, 0), admin),
			outcome{reconcile.Dormant, "privileged", reconcile.Medium, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, activity unknown", []scanners.Person{employed}, reconcile.History{}, accounts(useUnknown),
			outcome{none, "activity_unknown", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, used", []scanners.Person{employed}, reconcile.History{}, nil,
			outcome{none, "", reconcile.Info, reconcile.Linked, "hr/100", "employee_id"}},
		{"employed, enabled unknown, idle", []scanners.Person{employed}, reconcile.History{}, accounts(used(old, 0), stateUnknown),
			outcome{reconcile.Dormant, "enabled_unknown", reconcile.Low, reconcile.Linked, "hr/100", "employee_id"}},
		{"service account of a living sponsor", []scanners.Person{employed}, reconcile.History{}, accounts(keys(), kind(scanners.KindService), sponsored("100")),
			outcome{none, "", reconcile.Info, reconcile.Linked, "hr/100", "sponsor"}},
		{"service account, sponsor left", []scanners.Person{leaver}, reconcile.History{}, accounts(keys(), kind(scanners.KindService), sponsored("100")),
			outcome{ownerLeft, "", reconcile.High, reconcile.Linked, "hr/100", "sponsor"}},
		{"service account, sponsor vanished", nil, gone(hired), accounts(keys(), kind(scanners.KindService), sponsored("100")),
			outcome{ownerLeft, "inferred in_use", reconcile.High, reconcile.Deleted, "hr/100", "sponsor"}},
		{"service account without a sponsor", []scanners.Person{employed}, reconcile.History{}, accounts(keys(), kind(scanners.KindService)),
			outcome{orphan, "", reconcile.High, reconcile.Unmatched, "", ""}},
		{"guest without a sponsor", []scanners.Person{employed}, reconcile.History{}, accounts(keys(), kind(scanners.KindGuest)),
			outcome{orphan, "", reconcile.High, reconcile.Unmatched, "", ""}},
		{"machine account without a sponsor", []scanners.Person{employed}, reconcile.History{}, accounts(keys(), kind(scanners.KindMachine)),
			outcome{orphan, "", reconcile.High, reconcile.Unmatched, "", ""}},
		{"shared account with a reference to nobody", []scanners.Person{employed}, reconcile.History{}, accounts(keys(), kind(scanners.KindShared), sponsored("999")),
			outcome{orphan, "", reconcile.High, reconcile.Unmatched, "", ""}},
		{"admin account of a leaver by its own key", []scanners.Person{leaver}, reconcile.History{}, accounts(kind(scanners.KindAdmin), used(beforeEnd, 0)),
			outcome{leaverActive, "privileged", reconcile.Critical, reconcile.Linked, "hr/100", "employee_id"}},
		{"admin account of a leaver by its sponsor", []scanners.Person{leaver}, reconcile.History{}, accounts(keys(), kind(scanners.KindAdmin), sponsored("100")),
			outcome{ownerLeft, "privileged", reconcile.Critical, reconcile.Linked, "hr/100", "sponsor"}},
		{"admin account of nobody", nil, reconcile.History{}, accounts(kind(scanners.KindAdmin)),
			outcome{orphan, "privileged", reconcile.Critical, reconcile.Unmatched, "", ""}},
		{"break-glass account of nobody, idle", nil, reconcile.History{}, accounts(keys(), kind(scanners.KindBreakGlass), used(old, 0)),
			outcome{none, "", reconcile.Info, reconcile.Unmatched, "", ""}},
		{"break-glass account whose sponsor left", []scanners.Person{leaver}, reconcile.History{}, accounts(keys(), kind(scanners.KindBreakGlass), sponsored("100")),
			outcome{none, "", reconcile.Info, reconcile.Linked, "hr/100", "sponsor"}},
		{"break-glass account, disabled and used since", nil, reconcile.History{}, accounts(keys(), kind(scanners.KindBreakGlass), disabledAt(old), used(recent, 0)),
			outcome{contradiction, "", reconcile.High, reconcile.Unmatched, "", ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.people...)
			w.history = c.history
			v := w.judge(login(c.account...))
			if diff := cmp.Diff(c.want, outcomeOf(v)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s\nwhy: %s", diff, v.Why)
			}
			if (v.Kind == none) != (v.Why == "") || (v.Kind == none) != (v.ID() == "") {
				t.Errorf("kind %q with why %q and id %q: a finding has both, no finding neither", v.Kind, v.Why, v.ID())
			}
		})
	}
}

// TestNobodyIsAnOrphanOfUnreadPeople: with a people source that was not read completely, absence proves nothing.
func TestNobodyIsAnOrphanOfUnreadPeople(t *testing.T) {
	w := newWorld()
	w.settings.PeopleComplete = false
	for _, k := range []scanners.AccountKind{"", scanners.KindAdmin, scanners.KindService, scanners.KindGuest} {
		t.Run(string(k), func(t *testing.T) { wantKind(t, w, login(kind(k)), none) })
	}
	t.Run("idle accounts of nobody are still dormant", func(t *testing.T) {
		wantKind(t, w, login(used(noon.Add(-100*daySpan), 0)), reconcile.Dormant)
	})
}

// TestPrecedence puts two kinds on one account: the first of the table is the kind.
func TestPrecedence(t *testing.T) {
	idle := used(noon.Add(-100*daySpan), 0)
	cases := []struct {
		name   string
		people []scanners.Person
		a      scanners.Account
		want   reconcile.Kind
	}{
		{"disputed before leaver", []scanners.Person{human("100", left), human("200", left)}, login(mails("p200@corp.example")), disputed},
		{"used after end before leaver", []scanners.Person{human("100", left)}, login(), usedAfterEnd},
		{"leaver before dormant", []scanners.Person{human("100", left)}, login(idle), leaverActive},
		{"leaver before never used", []scanners.Person{human("100", left)}, login(neverUsed), leaverActive},
		{"orphan before dormant", nil, login(idle), orphan},
		{"orphan before never used", nil, login(neverUsed), orphan},
		{"owner left before dormant", []scanners.Person{human("100", left)}, login(keys(), kind(scanners.KindService), sponsored("100"), idle), ownerLeft},
		{"suspended before dormant", []scanners.Person{human("100", tenureAs("2020-01-01", "", scanners.StatusSuspended))}, login(idle), reconcile.SuspendedActive},
		{"early before never used", []scanners.Person{human("100", tenure("2026-05-01", ""))}, login(neverUsed), reconcile.EarlyActive},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantKind(t, newWorld(c.people...), c.a, c.want) })
	}
}

func TestFlags(t *testing.T) {
	employed, leaver := human("100", hired), human("100", left)
	set := func(change func(*scanners.Account)) []func(*scanners.Account) { return accounts(change) }
	cases := []struct {
		name    string
		person  scanners.Person
		account []func(*scanners.Account)
		want    string
	}{
		{"none", employed, nil, ""},
		{"privileged by the source", employed, set(admin), "privileged"},
		{"privileged by kind", employed, set(kind(scanners.KindAdmin)), "privileged"},
		{"privileged unknown is not privileged", employed, set(func(a *scanners.Account) { a.Privileged = scanners.Unknown[bool]("") }), ""},
		{"locked", employed, set(func(a *scanners.Account) { a.Locked = scanners.Known(true) }), "locked"},
		{"expired at the as-of", employed, set(func(a *scanners.Account) { a.Expires = scanners.Known(noon) }), "expired"},
		{"expires a second later", employed, set(func(a *scanners.Account) { a.Expires = scanners.Known(noon.Add(time.Second)) }), ""},
		{"enabled unknown", employed, set(stateUnknown), "enabled_unknown"},
		{"activity unknown", employed, set(useUnknown), "activity_unknown"},
		{"activity unknown of a disabled account says nothing", employed, accounts(useUnknown, disabled), ""},
		{"no sign of use at all", employed, set(func(a *scanners.Account) { a.Signals = nil }), "activity_unknown"},
		{"synced", employed, set(func(a *scanners.Account) { a.Authority = "corp-ad" }), "synced"},
		{"failed sign-ins without a finding", employed, set(failed(50)), ""},
		{"failed sign-ins at the limit", leaver, set(failed(10)), "failed_logins"},
		{"failed sign-ins below the limit", leaver, set(failed(9)), ""},
		{"older than its owner by 91 days", employed, set(created(instant("2019-10-01T00:00:00Z"))), "suspect_match"},
		{"older than its owner by 90 days", employed, set(created(instant("2019-10-02T23:00:00Z"))), ""},
		{"older than its owner by 90 days and a second", employed, set(created(instant("2019-10-02T22:59:59Z"))), "suspect_match"},
		{"created at an unknown time", employed, set(func(a *scanners.Account) { a.Created = scanners.Unknown[time.Time]("") }), ""},
		{"mail drift", employed, set(mails("old.name@corp.example")), "mail_drift"},
		{"one of two addresses is HR's", employed, set(mails("old.name@corp.example", "P100@Corp.example")), ""},
		{"on leave", human("100", tenureAs("2020-01-01", "", scanners.StatusLeave)), nil, "on_leave"},
		{"active with a past end", human("100", tenureAs("2020-01-01", "2026-01-31", scanners.StatusActive)), nil, "hr_conflict"},
		{"terminated without a date", human("100", tenureAs("2020-01-01", "", scanners.StatusTerminated)), nil, "inferred"},
		{"ended, hired again from next month", human("100", left, tenure("2026-04-01", "")), nil, "possible_rehire"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := outcomeOf(newWorld(c.person).judge(login(c.account...))).Flags; got != c.want {
				t.Errorf("flags %q, want %q", got, c.want)
			}
		})
	}
}

func TestDuplicateAccount(t *testing.T) {
	cases := []struct {
		name   string
		other  scanners.Account
		judged []func(*scanners.Account)
		want   bool
	}{
		{"two ordinary accounts in one system", login(named("a2")), nil, true},
		{"the other one is of another system", login(named("a2"), func(a *scanners.Account) { a.System = "erp" }), nil, false},
		{"the other one is disabled", login(named("a2"), disabled), nil, false},
		{"the other one is an admin account", login(named("a2"), kind(scanners.KindAdmin)), nil, false},
		{"the judged one is an admin account", login(named("a2")), accounts(kind(scanners.KindAdmin)), false},
		{"the other one is a service account", login(named("a2"), kind(scanners.KindService)), nil, false},
		{"the other one belongs to somebody else", login(named("a2"), keys("200")), nil, false},
		{"the other one's state is unknown", login(named("a2"), stateUnknown), nil, true},
		{"the judged one is disabled", login(named("a2")), accounts(disabled), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(human("100", hired), human("200", hired))
			w.others = []scanners.Account{c.other}
			if got := w.judge(login(c.judged...)).Flags.Has(reconcile.DuplicateAccount); got != c.want {
				t.Errorf("duplicate_account %v, want %v", got, c.want)
			}
		})
	}
}

// TestFailedLoginsRaiseSeverity: by one, and critical stays the highest.
func TestFailedLoginsRaiseSeverity(t *testing.T) {
	employed, leaver := human("100", hired), human("100", left)
	cases := []struct {
		name   string
		person scanners.Person
		a      scanners.Account
		want   reconcile.Severity
	}{
		{"dormant", employed, login(used(noon.Add(-100*daySpan), 0), failed(10)), reconcile.Medium},
		{"leaver", leaver, login(neverUsed, failed(10)), reconcile.Critical},
		{"used after end", leaver, login(failed(10)), reconcile.Critical},
		{"no finding", employed, login(failed(10)), reconcile.Info},
		{"unknown number", leaver, login(neverUsed, func(a *scanners.Account) { a.FailedLogins = scanners.Unknown[int64]("") }), reconcile.High},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := newWorld(c.person).judge(c.a).Severity; got != c.want {
				t.Errorf("severity %s, want %s", got, c.want)
			}
		})
	}
	t.Run("limit 0 turns the flag off", func(t *testing.T) {
		w := newWorld(leaver)
		w.settings.Thresholds.FailedLogins = 0
		if w.judge(login(failed(10))).Flags.Has(reconcile.FailedLogins) {
			t.Error("flag set without a limit")
		}
	})
}

func TestFindingID(t *testing.T) {
	id := reconcile.FindingID("crm", "a1", leaverActive)
	if want := "F-982e97fb665fec60"; id != want {
		t.Errorf("id %q, want %q: ids are kept by auditors and by the state of earlier runs", id, want)
	}
	same := map[string]string{
		"used_after_end is an escalation": reconcile.FindingID("crm", "a1", usedAfterEnd),
	}
	for name, other := range same {
		if other != id {
			t.Errorf("%s: id %q, want %q", name, other, id)
		}
	}
	different := map[string]string{
		"another kind":      reconcile.FindingID("crm", "a1", orphan),
		"another account":   reconcile.FindingID("crm", "a2", leaverActive),
		"another source":    reconcile.FindingID("erp", "a1", leaverActive),
		"a moved separator": reconcile.FindingID("crma", "1", leaverActive),
	}
	for name, other := range different {
		if other == id {
			t.Errorf("%s: has the same id %q", name, other)
		}
	}
	if reconcile.FindingID("crm", "a1", reconcile.NeverUsed) != reconcile.FindingID("crm", "a1", reconcile.Dormant) {
		t.Error("never_used and dormant are stages of one finding")
	}
}

// TestFindingIDSurvivesRenames: the id rests on the immutable id, not on what people may change.
func TestFindingIDSurvivesRenames(t *testing.T) {
	w := newWorld(human("100", left))
	before, after := w.judge(login(neverUsed)), w.judge(login(func(a *scanners.Account) {
		a.Logins, a.DN, a.DisplayName, a.EmployeeIDs, a.Mails = []string{"new"}, "CN=new", "New", nil, []string{"p100@corp.example"}
	}))
	if before.ID() != after.ID() {
		t.Errorf("ids %s (%s) and %s (%s) differ", before.ID(), before.Kind, after.ID(), after.Kind)
	}
}

func TestFlagNames(t *testing.T) {
	all := reconcile.Privileged | reconcile.Synced | reconcile.MailDrift
	back, err := reconcile.ParseFlags(all.List())
	if err != nil || back != all {
		t.Errorf("flags %v read back as %v, %v", all.List(), back.List(), err)
	}
	if _, err := reconcile.ParseFlags([]string{"nonsense"}); err == nil {
		t.Error("an unknown flag name was accepted")
	}
	if _, err := reconcile.ParseSeverity("nonsense"); err == nil {
		t.Error("an unknown severity was accepted")
	}
}
