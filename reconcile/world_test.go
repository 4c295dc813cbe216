package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// noon is the as-of of the tests unless they say otherwise: 10 March 2026, 12:00 UTC.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

const daySpan = 24 * time.Hour

// world is a small company in which accounts are judged.
type world struct {
	settings reconcile.Settings
	history  reconcile.History
	people   []scanners.Person
	rejected []scanners.Rejection
	// others are accounts beside the judged one.
	others []scanners.Account
	// notRead are the systems whose accounts were not all read.
	notRead []string
}

// newWorld is a world with thresholds of 90 and 45 days, in Berlin, whose people sources were read completely.
func newWorld(people ...scanners.Person) world {
	return world{
		settings: reconcile.Settings{
			AsOf: noon, Zone: zone("Europe/Berlin"), Keys: []string{reconcile.KeyAnchor, reconcile.KeyEmployeeID, reconcile.KeyMail},
			PeopleComplete: true,
			Thresholds: reconcile.Thresholds{
				Profile: "custom", Dormant: 90 * daySpan, NeverUsed: 45 * daySpan, Tolerance: 15 * time.Minute,
				Early: 14 * daySpan, RecentUse: 30 * daySpan, FailedLogins: 10,
			},
		},
		people: people,
	}
}

func (w world) roster() *reconcile.Roster {
	b := reconcile.NewRoster(w.settings, w.history)
	for _, p := range w.people {
		b.Add(p)
	}
	for _, r := range w.rejected {
		b.Reserve("hr", r)
	}
	return b.Build()
}

// engine is one that has surveyed and resolved all of the accounts.
func (w world) engine(accounts ...scanners.Account) *reconcile.Engine {
	e := reconcile.NewEngine(w.settings, w.roster())
	for _, system := range w.notRead {
		e.Unread(system)
	}
	for i := range accounts {
		e.Survey(&accounts[i])
	}
	if e.NeedsResolve() {
		for i := range accounts {
			e.Resolve(&accounts[i])
		}
	}
	return e
}

func (w world) judge(a scanners.Account) reconcile.Verdict {
	return w.engine(append([]scanners.Account{a}, w.others...)...).Judge(&a)
}

func (w world) explain(a scanners.Account) reconcile.Explanation {
	return w.engine(append([]scanners.Account{a}, w.others...)...).Explain(&a)
}

func (w world) unread(system string) world {
	w.notRead = append(slices.Clone(w.notRead), system)
	return w
}

func (w world) at(asOf time.Time) world {
	w.settings.AsOf = asOf
	return w
}

// next is the following night: what was remembered tonight is history.
func (w world) next(asOf time.Time, people ...scanners.Person) world {
	var history reconcile.History
	for past := range w.roster().Remember(w.settings.AsOf, nil) {
		history.People = append(history.People, past)
	}
	w.settings.AsOf, w.history, w.people, w.rejected = asOf, history, people, nil
	return w
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func date(s string) scanners.Date {
	d, err := scanners.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// instant reads RFC 3339.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// human is a row of the people source "hr" with a mail address made of the id.
func human(id string, tenures ...scanners.Employment) scanners.Person {
	return scanners.Person{
		System: "hr", ID: id, GivenName: "Given" + id, FamilyName: "Family" + id, Mails: []string{"p" + id + "@corp.example"},
		Employments: tenures, Place: "line " + id,
	}
}

// tenure is an employment with an inclusive last day; an empty end is open.
func tenure(start, end string) scanners.Employment {
	e := scanners.Employment{LastDayInclusive: true, End: scanners.Never[scanners.Date]()}
	if start != "" {
		e.Start = scanners.Known(date(start))
	}
	if end != "" {
		e.End = scanners.Known(date(end))
	}
	return e
}

// tenureAs is a tenure with a status.
func tenureAs(start, end string, status scanners.Status) scanners.Employment {
	e := tenure(start, end)
	e.Status, e.StatusRaw = status, "HR says "+string(status)
	return e
}

var (
	hired = tenure("2020-01-01", "")
	left  = tenure("2020-01-01", "2026-01-31") // ends at 2026-01-31T23:00Z in Berlin
)

// login is an enabled ordinary account of person 100 in the system crm, used a day before noon. Changes are applied in order.
func login(changes ...func(*scanners.Account)) scanners.Account {
	a := scanners.Account{
		System: "crm", ID: "a1", Logins: []string{"a1"}, EmployeeIDs: []string{"100"}, Enabled: scanners.Known(true),
		Created: scanners.Known(instant("2021-01-01T00:00:00Z")), Signals: []scanners.Signal{{Name: "last_logon", At: scanners.Known(noon.Add(-daySpan))}},
		Locked: scanners.Known(false), Privileged: scanners.Known(false), FailedLogins: scanners.Known[int64](0), Expires: scanners.Never[time.Time](),
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

func named(id string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.ID, a.Logins = id, []string{id} }
}

func keys(employeeIDs ...string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.EmployeeIDs = employeeIDs }
}

func mails(addresses ...string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Mails = addresses }
}

func anchors(values ...string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Anchors = values }
}

func kind(k scanners.AccountKind) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Kind, a.KindWhy = k, "said so" }
}

func sponsored(ref string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Sponsor = ref }
}

func used(at time.Time, precision time.Duration) func(*scanners.Account) {
	return func(a *scanners.Account) {
		a.Signals = []scanners.Signal{{Name: "last_logon", At: scanners.Known(at), Precision: precision}}
	}
}

func neverUsed(a *scanners.Account) {
	a.Signals = []scanners.Signal{{Name: "last_logon", At: scanners.Never[time.Time]()}}
}

func useUnknown(a *scanners.Account) {
	a.Signals = []scanners.Signal{{Name: "last_logon", At: scanners.Unknown[time.Time]("not readable")}}
}

func created(at time.Time) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Created = scanners.Known(at) }
}

func disabled(a *scanners.Account) { a.Enabled = scanners.Known(false) }

func disabledAt(at time.Time) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Enabled, a.DisabledAt = scanners.Known(false), scanners.Known(at) }
}

func stateUnknown(a *scanners.Account) { a.Enabled = scanners.Unknown[bool]("not readable") }

func admin(a *scanners.Account) { a.Privileged = scanners.Known(true) }

func failed(n int64) func(*scanners.Account) {
	return func(a *scanners.Account) { a.FailedLogins = scanners.Known(n) }
}

// outcome is the part of a verdict that a report prints; flags as names.
type outcome struct {
	Kind      reconcile.Kind
	Flags     string
	Severity  reconcile.Severity
	Situation reconcile.Situation
	Person    string
	By        string
}

func outcomeOf(v reconcile.Verdict) outcome {
	o := outcome{Kind: v.Kind, Severity: v.Severity, Situation: v.Situation, By: v.MatchedBy}
	for i, name := range v.Flags.List() {
		if i > 0 {
			o.Flags += " "
		}
		o.Flags += name
	}
	if v.Person != nil {
		o.Person = v.Person.Ref()
	}
	return o
}

// wantKind fails unless the account is of that kind in w.
func wantKind(t *testing.T, w world, a scanners.Account, want reconcile.Kind) reconcile.Verdict {
	t.Helper()
	v := w.judge(a)
	if v.Kind != want {
		t.Errorf("kind %q (%s), want %q", v.Kind, v.Why, want)
	}
	return v
}
