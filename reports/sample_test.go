package reports

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// asOf is the as-of of every sample.
var asOf = time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)

func date(s string) scanners.Date {
	d, err := scanners.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func when(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

// rowsOf makes the iterator of a report.
func rowsOf(rows []Row) func() iter.Seq2[Row, error] {
	return func() iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) {
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// leaver is a person whose stated last day was the given date.
func leaver(id, family, given, lastDay string) *reconcile.Person {
	d := date(lastDay)
	return &reconcile.Person{System: "hr", ID: id, FamilyName: family, GivenName: given, State: reconcile.Ended, Status: "Terminated",
		Zone: "Europe/Berlin", Manager: "E9001", End: reconcile.End{At: d.AddDays(1).Midnight(time.UTC).Add(-time.Hour), Date: d}}
}

func employed(id, family, given string) *reconcile.Person {
	return &reconcile.Person{System: "hr", ID: id, FamilyName: family, GivenName: given, State: reconcile.Employed, Status: "Active", Zone: "Europe/Berlin", Manager: "E9001"}
}

// account is an enabled, ordinary account that was last used at the given time ("" for unknown).
func account(system, id, login, used string) *scanners.Account {
	a := &scanners.Account{System: system, ID: id, Logins: []string{login}, DisplayName: login, Enabled: scanners.Known(true),
		Privileged: scanners.Known(false), DisabledAt: scanners.Never[time.Time](), Created: scanners.Known(when("2021-03-01 08:00"))}
	if used != "" {
		a.Signals = []scanners.Signal{{Name: "lastLogon", At: scanners.Known(when(used))}}
	}
	return a
}

// disabled is account after an administrative disable at the given time ("" for unknown).
func disabled(a *scanners.Account, at string) *scanners.Account {
	a.Enabled, a.DisabledAt = scanners.Known(false), scanners.Unknown[time.Time]("not recorded")
	if at != "" {
		a.DisabledAt = scanners.Known(when(at))
	}
	return a
}

// verdict fills in what the engine would derive.
func verdict(a *scanners.Account, kind reconcile.Kind, severity reconcile.Severity, p *reconcile.Person, why string) reconcile.Verdict {
	v := reconcile.Verdict{Account: a, Kind: kind, Severity: severity, Person: p, Why: why, Situation: reconcile.Unmatched}
	v.LastUse, _ = a.LastUse()
	v.DaysLate = scanners.Unknown[int64]("the employment has not ended")
	if p != nil {
		v.Situation, v.MatchedBy = reconcile.Linked, "employee_id"
		if p.Gone() {
			v.End = p.End
			v.DaysLate = daysLate(a, p)
			v.DaysLateHR = scanners.Unknown[int64]("the first run that saw the person showed the past end already")
			if late, known := v.DaysLate.Get(); known && p.End.Date.Day%3 != 0 {
				v.DaysLateHR = scanners.Known(min(late, 4))
			}
		}
	}
	if at, ok := a.Idle().Get(); ok {
		v.DaysIdle = scanners.Known(int64(asOf.Sub(at) / (24 * time.Hour)))
	}
	return v
}

func daysLate(a *scanners.Account, p *reconcile.Person) scanners.Fact[int64] {
	until := asOf
	if scanners.Is(a.Enabled, false) {
		at, ok := a.DisabledAt.Get()
		if !ok {
			return scanners.Unknown[int64]("the source does not say when the account was disabled")
		}
		until = at
	}
	if p.End.Inferred {
		return scanners.Unknown[int64]("the end is inferred")
	}
	return scanners.Known(max(0, int64(until.Sub(p.End.At)/(24*time.Hour))))
}

func flagged(v reconcile.Verdict, flags reconcile.Flags) reconcile.Verdict {
	v.Flags |= flags
	return v
}

func dueDecision() policies.Decision {
	return policies.Decision{Kind: policies.Due, Until: when("2026-11-01 00:00"), Rule: "R1 End date passed", Action: "lock", Why: "grace of 7 days is over", FirstSeen: when("2026-10-20 23:00")}
}

func graceDecision() policies.Decision {
	return policies.Decision{Kind: policies.InGrace, Until: when("2026-11-27 23:00"), Rule: "R2 HR status", Action: "lock", Why: "grace of 7 days", FirstSeen: when("2026-11-20 23:00")}
}

func reportOnly() policies.Decision {
	return policies.Decision{Kind: policies.ReportOnly, Why: "no active rule acts on it", FirstSeen: when("2026-11-01 23:00")}
}

func none() policies.Decision { return policies.Decision{Kind: policies.DecideNone} }

// everyRow has every kind, every flag, every decision and every result at least once.
func everyRow() []Row {
	conti, berg := leaver("E10680", "Conti", "Nadia", "2026-08-27"), leaver("E10421", "Berg", "Oskar", "2026-09-18")
	okafor, keller := leaver("E10603", "Okafor", "Ivan", "2026-11-16"), leaver("E10890", "Keller", "Amara", "2026-10-24")
	vanished := &reconcile.Person{System: "hr", ID: "E10444", FamilyName: "Ito", GivenName: "Goran", State: reconcile.Vanished, Remembered: true,
		Zone: "Europe/Berlin", End: reconcile.End{At: when("2026-11-02 00:00"), Inferred: true}, LastSeen: when("2026-11-01 23:00")}
	conflict := leaver("E10500", "Park", "Farah", "2026-10-10")
	conflict.Status, conflict.Conflict = "Active", "active with a past end date"
	suspended := employed("E10700", "Lopez", "Jaya")
	suspended.State, suspended.Status = reconcile.Suspended, "Suspended"
	prehire := employed("E10900", "Novak", "Kofi")
	prehire.State, prehire.Status = reconcile.Prehire, "Hired"
	onLeave := employed("E10800", "Moreau", "Amara")
	onLeave.State, onLeave.Status = reconcile.Leave, "Parental leave"

	privileged := account("salesforce", "00123", "nadia.conti", "2026-08-29 00:46")
	privileged.Privileged, privileged.PrivilegedWhy = scanners.Known(true), "System Administrator"
	unknownState := account("crm", "c-77", "goran.ito", "")
	unknownState.Enabled, unknownState.Privileged, unknownState.DisabledAt = scanners.Unknown[bool]("no column"), scanners.Unknown[bool]("no column"), scanners.Unknown[time.Time]("no column")
	neverUsed := account("corp-ad", "ad-3", "jaya.new", "")
	neverUsed.Signals = []scanners.Signal{{Name: "lastLogonTimestamp", At: scanners.Never[time.Time]()}}
	dormant := account("corp-ad", "ad-4", "hana.berg", "2026-05-01 07:30")
	dormant.Signals[0].Precision = 14 * 24 * time.Hour
	service := account("corp-ad", "svc-1", "svc-backup", "2026-11-21 02:00")
	service.Kind = scanners.KindService
	guest := account("corp-ad", "gst-1", "guest_ext", "")
	guest.Kind = scanners.KindGuest
	sales := flagged(verdict(account("okta", "00u9", "shared.sales", "2026-11-19 08:00"), reconcile.Orphan, reconcile.High, nil, "no key of the account names a person"), reconcile.Locked|reconcile.Expired)
	sales.Suggestions = []reconcile.Suggestion{
		{Person: employed("E10534", "Sales", "Sharon"), Percent: 60, Reasons: []string{`login "shared.sales": given and family name`, "same manager (hr/E9001)"}},
		{Person: conti, Percent: 35, Reasons: []string{`login "shared.sales": initial and family name`}},
	}

	rows := []Row{
		{flagged(verdict(privileged, reconcile.UsedAfterEnd, reconcile.Critical, conti, "hr/E10680 ended on 2026-08-27, the account was used on 2026-08-29"), reconcile.Privileged|reconcile.FailedLogins), dueDecision()},
		{verdict(account("okta", "00u2", "oskar.berg", "2026-10-01 16:30"), reconcile.UsedAfterEnd, reconcile.Critical, berg, "hr/E10421 ended on 2026-09-18, the account was used on 2026-10-01"), graceDecision()},
		{flagged(verdict(account("crm", "c-9", "farah.park", "2026-10-07 07:34"), reconcile.LeaverActive, reconcile.High, conflict, "hr/E10500 ended on 2026-10-10 (HR contradicts itself)"), reconcile.HRConflict|reconcile.PossibleRehire), reportOnly()},
		{flagged(verdict(account("okta", "00u3", "oskar.berg2", "2026-09-01 07:10"), reconcile.LeaverActive, reconcile.High, berg, "hr/E10421 ended on 2026-09-18, the account is enabled"), reconcile.Regressed|reconcile.DuplicateAccount|reconcile.SuspectMatch),
			policies.Decision{Kind: policies.Held, By: "actions_per_source:okta", Rule: "R1 End date passed", Action: "lock", Until: when("2026-11-01 00:00"), Why: "grace of 7 days is over; held by the limit actions_per_source:okta: 1 of 1,004"}},
		{flagged(verdict(unknownState, reconcile.LeaverActive, reconcile.High, vanished, "hr/E10444 is gone from the people source"), reconcile.Inferred|reconcile.InUse|reconcile.NoEndDate|reconcile.EnabledUnknown|reconcile.ActivityUnknown), reportOnly()},
		{verdict(disabled(account("crm", "c-10", "amara.keller", "2026-10-30 16:30"), "2026-10-28 09:00"), reconcile.Contradiction, reconcile.High, keller, "disabled on 2026-10-28, yet used on 2026-10-30"), reportOnly()},
		{verdict(account("corp-ad", "ad-9", "jaya.lopez", "2026-11-20 08:00"), reconcile.SuspendedActive, reconcile.High, suspended, "hr/E10700 is suspended"), reportOnly()},
		{verdict(service, reconcile.OwnerLeft, reconcile.High, conti, "hr/E10680 ended, who answers for this service account"), reportOnly()},
		{sales, reportOnly()},
		{verdict(guest, reconcile.Orphan, reconcile.Medium, nil, "guest account without an owner or sponsor on record"), policies.Decision{Kind: policies.Excluded, By: "X-02", Until: when("2026-12-31 00:00"), Why: "exclusion X-02"}},
		{disputed(), reportOnly()},
		{verdict(disabled(account("crm", "c-11", "x.contra", "2026-11-02 10:00"), "2026-10-30 00:00"), reconcile.Contradiction, reconcile.High, employed("E1", "Doe", "Alex"), "disabled, yet used"), reportOnly()},
		{flagged(verdict(account("salesforce", "0013", "ivan.okafor", "2026-11-10 08:22"), reconcile.LeaverActive, reconcile.Low, okafor, "hr/E10603 ended on 2026-11-16, the account is enabled"), reconcile.Synced), graceDecision()},
		{verdict(account("salesforce", "0014", "amara.keller", "2026-10-20 08:22"), reconcile.LeaverActive, reconcile.Low, keller, "hr/E10890 ended on 2026-10-24, the account is enabled"), policies.Decision{Kind: policies.Excluded, By: "X-01", Until: when("2026-12-31 00:00"), Why: "exclusion X-01"}},
		{verdict(account("okta", "00u4", "amara.keller", "2026-10-20 08:22"), reconcile.LeaverActive, reconcile.Low, keller, "hr/E10890 ended on 2026-10-24, the account is enabled"), policies.Decision{Kind: policies.Keep, By: "K-1", Until: when("2026-12-15 00:00"), Why: "kept for litigation"}},
		{verdict(account("corp-ad", "ad-8", "kofi.novak", ""), reconcile.EarlyActive, reconcile.Low, prehire, "hr/E10900 starts on 2027-01-04"), reportOnly()},
		{flagged(verdict(neverUsed, reconcile.NeverUsed, reconcile.Low, employed("E10701", "Erdem", "Jaya"), "created on 2021-03-01 and never used since"), reconcile.MailDrift), reportOnly()},
		{verdict(dormant, reconcile.Dormant, reconcile.Low, employed("E10533", "Berg", "Hana"), "last used on 2026-05-01"), graceDecision()},
		{flagged(verdict(account("corp-ad", "ad-7", "amara.moreau", "2026-11-01 08:00"), reconcile.RuleMatch, reconcile.Low, onLeave, "selected by rule R9"), reconcile.OnLeave), policies.Decision{Kind: policies.Due, Rule: "R9 Leave", Action: "lock", Until: when("2026-11-20 00:00"), Why: "grace of 0 days is over"}},
		{verdict(disabled(account("corp-ad", "ad-1", "nadia.conti", "2026-08-20 06:10"), "2026-09-03 09:00"), reconcile.KindNone, reconcile.Info, conti, ""), none()},
		{verdict(disabled(account("corp-ad", "ad-2", "oskar.berg", "2026-09-17 06:10"), "2026-09-18 17:00"), reconcile.KindNone, reconcile.Info, berg, ""), none()},
		{verdict(disabled(account("okta", "00u5", "nadia.conti", "2026-08-26 23:59"), ""), reconcile.KindNone, reconcile.Info, conti, ""), none()},
		{verdict(account("corp-ad", "bg-1", "breakglass", "2026-01-01 00:00"), reconcile.KindNone, reconcile.Info, employed("E9001", "Root", "Ada"), ""), policies.Decision{Kind: policies.Excluded, By: "X-01", Until: when("2026-12-31 00:00")}},
	}
	return rows
}

func disputed() reconcile.Verdict {
	a := account("crm", "c-12", "j.fischer", "2026-11-18 10:00")
	a.DisplayName = "J. Fischer"
	v := verdict(a, reconcile.Disputed, reconcile.Medium, nil, `employee_id "10428" names hr/E10428, mail "j.fischer@example.com" names hr/E10792`)
	v.Situation = reconcile.SituationDisputed
	v.Candidates = []reconcile.Candidate{{Person: employed("E10428", "Fischer", "Bjorn"), Key: "employee_id", Value: "10428"},
		{Person: leaver("E10792", "Fischer", "Farah", "2026-10-15"), Key: "mail", Value: "j.fischer@example.com"}}
	return v
}

// report wraps rows in a report of a run whose numbers tie.
func report(rows []Row) Report {
	r := Report{
		Organisation: "Northwind Holdings", Run: "2026-11-22-0210-7F3A", AsOf: asOf, Started: when("2026-11-22 02:10"), Ended: when("2026-11-22 02:14").Add(47 * time.Second),
		Zone: "Europe/Berlin", Tool: "leaver 0.1.0", Commit: "3f9a2c1", Operator: "schedule nightly (svc-leaver)", Host: "batch01", Config: "leaver.yaml",
		ConfigDigest: strings.Repeat("9c1e44d0", 8), PolicyDigest: strings.Repeat("77be310d", 8), Mode: "Detect only – nothing was changed",
		Thresholds: reconcile.Thresholds{Profile: "custom", Dormant: 90 * 24 * time.Hour, NeverUsed: 45 * 24 * time.Hour, Removal: 24 * time.Hour, RemovalStated: true,
			Tolerance: 15 * time.Minute, Early: 14 * 24 * time.Hour, RecentUse: 30 * 24 * time.Hour, FailedLogins: 10},
		Rules: []policies.Rule{
			{Name: "R1 End date passed", Description: "Lock accounts of people whose last day is over", Active: true, Trigger: policies.Trigger{EndDate: &policies.EndDate{}, Kinds: []reconcile.Kind{reconcile.LeaverActive, reconcile.UsedAfterEnd}},
				Grace: policies.Grace{Days: 7, From: "end_date", Sources: map[string]int{"okta": 1, "crm": 14}}, Action: "lock", Controls: []string{"PCI DSS 8.2.5"}, Digest: strings.Repeat("ab", 32), Place: "policies/leavers.yaml:1"},
			{Name: "R2 HR status", Active: true, Trigger: policies.Trigger{Status: []reconcile.PersonState{reconcile.Ended, reconcile.Vanished}}, Grace: policies.Grace{Days: 7, From: "first_seen"}, Action: "lock"},
			{Name: "R9 Leave", Active: false, Trigger: policies.Trigger{Flags: reconcile.OnLeave}, Action: "report"},
		},
		Exclusions: []ExclusionUse{
			{Exclusion: policies.Exclusion{ID: "X-01", Owner: "CISO office", Approver: "A. Root", Reason: "Migration until year end", Created: when("2026-10-01 00:00"), Expires: when("2026-12-31 00:00"), Source: "salesforce", Account: "0014", Place: "leaver.yaml:44"}, Hides: 1},
			{Exclusion: policies.Exclusion{ID: "X-02", Owner: "IT partner desk", Reason: "Partner guests, reviewed apart", Created: when("2026-09-01 00:00"), Expires: when("2026-12-31 00:00"), Pattern: "guest_*"}, Hides: 1},
			{Exclusion: policies.Exclusion{ID: "X-03", Owner: "IT", Approver: "A. Root", Reason: "Old test accounts", Created: when("2025-09-01 00:00"), Expires: when("2026-10-31 00:00"), Group: "test"}, Expired: true},
		},
		Rows: rowsOf(rows),
	}
	for i := range 6 {
		r.Previous = append(r.Previous, Totals{Run: fmt.Sprintf("2026-10-%02d-0210-AAAA", 11+7*i%30), AsOf: asOf.AddDate(0, 0, -7*(6-i)), StillEnabled: int64(14 - i), UsedAfterEnd: int64(4 - i/2), Complete: i != 2,
			Findings: map[reconcile.Kind]int64{reconcile.Orphan: 3, reconcile.Dormant: 2, reconcile.LeaverActive: 9}})
	}
	r.Sources = sourcesOf(rows)
	leavers := map[string]bool{}
	for _, row := range rows {
		if row.OfLeaver() {
			leavers[row.Person.ID] = true
		}
	}
	remembered := int64(0)
	if leavers["E10444"] {
		remembered = 1
	}
	ended := int64(len(leavers)) - remembered
	r.Population = Population{Rows: 4218, Merged: 12, People: 4206, Employed: 4206 - ended - 3, Ended: ended, Prehire: 3, Remembered: remembered}
	return r
}

// sourcesOf lists the sources of rows, each with a hundred more accounts that have no finding.
func sourcesOf(rows []Row) []Source {
	totals := map[string]*AccountTotals{}
	for _, r := range rows {
		t := totals[r.Account.System]
		if t == nil {
			t = &AccountTotals{Read: 1000, Enabled: 900, Disabled: 100, Linked: 1000}
			totals[r.Account.System] = t
		}
		t.Read++
		switch {
		case r.Account.Enabled.IsUnknown():
			t.EnabledUnknown++
		case r.Account.Enabled.Value:
			t.Enabled++
		default:
			t.Disabled++
		}
		switch {
		case r.Kind == reconcile.Disputed:
			t.Disputed++
		case r.Person == nil:
			t.Unmatched++
		case r.Person.Remembered:
			t.Deleted++
		default:
			t.Linked++
		}
		if r.OfLeaver() {
			t.LeaverAccounts++
			if r.StillEnabled() {
				t.LeaverEnabled++
			}
		}
	}
	sources := []Source{{Name: "hr", Kind: "table", Describe: "hr.csv", People: true, ReadAt: when("2026-11-22 02:10"), Used: 4218,
		Coverage: scanners.Coverage{Verdict: scanners.Consistent, Why: "read to the end, 12 columns in every row, no drop against the last run", Read: 4218, Pages: 1, Query: "hr.csv, all rows",
			Digest: strings.Repeat("a41f09c2", 8)}, Snapshot: "people-hr.parquet", SnapshotDigest: strings.Repeat("a41f09c2", 8)}}
	for i, name := range sortedKeys(totals) {
		t := *totals[name]
		sources = append(sources, Source{Name: name, Kind: "ldap", Describe: "ldaps://dc1.example.com", ReadAt: when("2026-11-22 02:11").Add(time.Duration(i) * time.Minute), Used: t.Read, Accounts: t,
			Coverage: scanners.Coverage{Verdict: scanners.Proved, Why: "end of search seen, agrees with the source's own count", Read: t.Read, Pages: t.Read/1000 + 1, Claimed: scanners.Known(t.Read), ClaimedBy: "numSubordinates",
				Query: "(objectClass=user) below ou=people,dc=example,dc=com"},
			Snapshot: "accounts-" + name + ".parquet", SnapshotDigest: strings.Repeat(fmt.Sprintf("%08x", 0x1bd288fe+i), 8)})
	}
	return sources
}

// partial turns a source of r into one that was read only in part, with every sort of gap.
func partial(r Report, name string) Report {
	r.Sources = slices.Clone(r.Sources)
	for i := range r.Sources {
		s := &r.Sources[i]
		if s.Name != name {
			continue
		}
		c := &s.Coverage
		c.Verdict, c.Why = scanners.Partial, "the server stopped at its size limit"
		c.Claimed = scanners.Known(c.Read + 41)
		c.Rejected = 3
		c.Read += 3
		c.Claimed = scanners.Known(c.Read + 41)
		c.Gaps = []scanners.Gap{{What: "subtree ou=archive", Count: scanners.Unknown[int64]("not countable"), Cause: "referral not followed", Effect: "accounts there are not judged", Hint: "add the server as a source"}}
		c.Canaries = []scanners.Canary{{ID: "canary-1", Seen: true}, {ID: "canary-2"}}
		s.Rejections = []scanners.Rejection{{Place: "line 12", ID: "c-99", Field: "last_logon", Reason: `"31.31.2026" is not a date`}, {Place: "page 3 record 7", Reason: "no id"}}
		s.Accounts.ActivityUnknown = 7
	}
	return r
}

// everything is a report with every kind, flag, state, decision and result.
func everything() Report {
	r := report(everyRow())
	r.Gates = sampleGates()
	r.Changes = sampleChanges()
	r.Plan, r.Lifts = samplePlan(everyRow())
	withClocks(&r, sampleClocks(everyRow()))
	r.Upcoming = []Upcoming{
		{System: "hr", ID: "E10321", Name: "Marin, Ida", Department: "Sales", Manager: "E10007", End: scanners.Date{Year: 2026, Month: 11, Day: 30}, Enabled: 5, Privileged: 1, AnswersFor: 2,
			Systems: map[string]int64{"okta": 1, "crm": 5, "+sap": 1}},
		{System: "hr", ID: "0815", Name: "=Aoki, Ren", End: scanners.Date{Year: 2026, Month: 12, Day: 15}},
	}
	r.Population.UpcomingEnds = int64(len(r.Upcoming))
	return r
}

func refused() Report {
	r := report(nil)
	r.Rows, r.Population, r.Rules, r.Previous = nil, Population{}, nil, nil
	r.Refused = "people source hr shrank by 38 % (4,218 rows, 6,803 last time)\nhint: look at the export, or run: leaver lift"
	r.Gates = []Gate{sampleGates()[0], {Name: "people_lost", Source: "hr", Result: GateStopped, Measured: "4218 people rows, 2585 fewer than in the last accepted run",
		Limit: "more than 5 and 2%", Open: "{gate: people_lost, source: hr, until: 2026-11-22, owner: YOU, reason: WHY}"}}
	return r
}

// sampleGates holds a gate of every result but one that stops.
func sampleGates() []Gate {
	return []Gate{
		{Name: "max_age", Source: "hr", Result: GatePassed, Measured: "the file is 1h old", Limit: "36h"},
		{Name: "people_lost", Source: "hr", Result: GateOpened, Measured: "6412 people rows, 391 fewer than in the last accepted run", Limit: "more than 5 and 2%",
			Owner: "=maria.lopez@corp.example", Reason: "sale of the Lyon office", Until: when("2026-12-01 00:00"), Place: "leaver.yaml:40"},
		{Name: "source_lost", Source: "crm", Result: GatePartial, Measured: "120 accounts, 300 fewer than in the last accepted run", Limit: "more than 10 and 20%",
			Open: "{gate: source_lost, source: crm, until: 2026-11-22, owner: YOU, reason: WHY}"},
		{Name: "matched_drop", Source: "github", Result: GateNoBaseline, Measured: noBaseline},
		{Name: "matched_drop", Source: "corp-ad", Result: GatePassed, Measured: "99.0 % of the enabled accounts have an owner, 99.1 % in the last accepted run", Limit: "more than 2 points and 5 accounts"},
		{Name: "matched_drop", Source: "okta", Result: GatePassed, Measured: "98.0 % of the enabled accounts have an owner, 98.0 % in the last accepted run", Limit: "more than 2 points and 5 accounts"},
		{Name: "matched_drop", Source: "sap-prd", Result: GateNoBaseline, Measured: noBaseline},
	}
}

// empty is a report of a run that found nothing.
func empty() Report {
	r := report(nil)
	r.Previous, r.Exclusions = nil, nil
	r.Sources = append(r.Sources, Source{Name: "crm", Kind: "table", Describe: "crm.csv", ReadAt: asOf, Used: 40, Accounts: AccountTotals{Read: 40, Enabled: 40, Linked: 40},
		Coverage: scanners.Coverage{Verdict: scanners.Consistent, Why: "read to the end", Read: 40, Pages: 1}})
	return r
}

// manyRows makes n rows of leavers' accounts and other findings, in the order of a workbook.
func manyRows(n int) []Row {
	families := []string{"Conti", "Berg", "Okafor", "Keller", "Erdem", "Duarte", "Lopez", "Jansen", "Fischer", "Moreau", "Novak", "Adeyemi"}
	givens := []string{"Nadia", "Oskar", "Ivan", "Amara", "Jaya", "Hana", "Daniel", "Farah", "Priya", "Chiara", "Björn", "Kofi"}
	systems := []string{"github", "salesforce", "okta", "snowflake", "sap-prd", "entra", "corp-ad"}
	var rows []Row
	for i := range n {
		p := leaver(fmt.Sprintf("E%05d", 10000+i/3), families[i*7%12], givens[i*5%12], time.Date(2026, 9, 1+i%75, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		system := systems[i*i%7]
		login := strings.ToLower(givens[i*5%12] + "." + families[i*7%12])
		a := account(system, fmt.Sprintf("%s-%06d", system, i), login, p.End.At.AddDate(0, 0, -3).Format("2006-01-02 15:04"))
		switch {
		case i < n/30:
			a.Signals[0].At = scanners.Known(p.End.At.AddDate(0, 0, 4))
			rows = append(rows, Row{verdict(a, reconcile.UsedAfterEnd, reconcile.Critical, p, "ended on "+p.End.Date.String()+", the account was used after that"), dueDecision()})
		case i < n/12:
			rows = append(rows, Row{verdict(a, reconcile.LeaverActive, reconcile.High, p, "ended on "+p.End.Date.String()+", the account is enabled"), dueDecision()})
		case i < n/8:
			rows = append(rows, Row{verdict(a, reconcile.LeaverActive, reconcile.Low, p, "ended on "+p.End.Date.String()+", the account is enabled"), graceDecision()})
		case i < n/6:
			rows = append(rows, Row{verdict(a, reconcile.Orphan, reconcile.Medium, nil, "no key of the account names a person of any authoritative source, now or earlier"), reportOnly()})
		case i < n/5:
			a.Signals[0].At = scanners.Known(when("2026-04-01 10:00"))
			rows = append(rows, Row{verdict(a, reconcile.Dormant, reconcile.Low, employed(p.ID, p.FamilyName, p.GivenName), "last used on 2026-04-01, the limit is 90 days"), reportOnly()})
		case i < n/3:
			rows = append(rows, Row{verdict(disabled(a, p.End.At.AddDate(0, 0, 2+i%9).Format("2006-01-02 15:04")), reconcile.KindNone, reconcile.Info, p, ""), none()})
		default:
			rows = append(rows, Row{verdict(disabled(a, p.End.At.Add(9*time.Hour).Format("2006-01-02 15:04")), reconcile.KindNone, reconcile.Info, p, ""), none()})
		}
	}
	slices.SortStableFunc(rows, func(x, y Row) int { return int(y.Severity) - int(x.Severity) })
	return rows
}

// watchHeap measures the largest heap from now until the returned function is called, less what is in use now.
func watchHeap() func() float64 {
	inUse := func() float64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapInuse)
	}
	runtime.GC()
	before, highest := inUse(), 0.0
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			highest = max(highest, inUse())
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(stop)
		<-done
		return highest - before
	}
}
