package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// cases is a file of cases as written: NAME.test.yaml, beside the rules.
type cases struct {
	Now   string    `yaml:"now" doc:"The as-of of every case that states none: RFC 3339, or a day meaning 00:00 in timezone."`
	Cases []oneCase `yaml:"cases" doc:"The cases."`
}

type oneCase struct {
	Name     string       `yaml:"name" doc:"What the case shows."`
	Now      string       `yaml:"now" doc:"The as-of: RFC 3339, or a day meaning 00:00 in timezone."`
	Person   *casePerson  `yaml:"person" doc:"The owner; without it nobody is found."`
	Others   []casePerson `yaml:"others" doc:"Other people on record, such as a manager; each with an id."`
	Account  caseAccount  `yaml:"account" doc:"The account that is judged."`
	Past     casePast     `yaml:"past" doc:"What earlier runs knew."`
	Expected caseExpected `yaml:"expect" doc:"What has to come out; keys that are left out are not compared."`
}

type casePerson struct {
	ID         string   `yaml:"id" doc:"Employee id (default 1)."`
	Status     string   `yaml:"status" doc:"active, leave, suspended, prehire, terminated, retired; unstated when empty."`
	Type       string   `yaml:"type" doc:"Type of the employment, such as contractor."`
	Start      string   `yaml:"start" doc:"First day (default 2000-01-01)."`
	End        string   `yaml:"end" doc:"Last day; open when empty."`
	Zone       string   `yaml:"zone" doc:"IANA zone of the dates."`
	Department string   `yaml:"department" doc:"Department."`
	Location   string   `yaml:"location" doc:"Location."`
	Manager    string   `yaml:"manager" doc:"Manager."`
	Mails      []string `yaml:"mails" doc:"Mail addresses."`
	Vanished   int      `yaml:"vanished" doc:"In how many accepted runs in a row, tonight's included, no people source showed the person."`
}

type caseAccount struct {
	Source       string   `yaml:"source" doc:"Name of a source in leaver.yaml (default the first)."`
	ID           string   `yaml:"id" doc:"Immutable id (default A-1)."`
	Login        string   `yaml:"login" doc:"Primary login (default login)."`
	Kind         string   `yaml:"kind" doc:"person, admin, service, shared, guest, machine, test, break-glass."`
	Enabled      caseFact `yaml:"enabled" doc:"true (default), false or unknown."`
	Created      caseFact `yaml:"created" doc:"A day, an instant, or unknown (default)."`
	LastActivity caseFact `yaml:"last_activity" doc:"A day, an instant, never, or unknown (default)."`
	DisabledAt   caseFact `yaml:"disabled_at" doc:"A day, an instant, or unknown (default)."`
	Expires      caseFact `yaml:"expires" doc:"A day, an instant, never, or unknown (default)."`
	FailedLogins *int64   `yaml:"failed_logins" doc:"Failed sign-ins; unknown when empty."`
	Privileged   caseFact `yaml:"privileged" doc:"true, false or unknown (default)."`
	EmployeeIDs  []string `yaml:"employee_ids" doc:"Employee ids that it carries (default the person's)."`
	Sponsor      string   `yaml:"sponsor" doc:"Employee id of whoever answers for it."`
	Grants       []string `yaml:"grants" doc:"Names of the groups that it is in."`
	Inherited    []string `yaml:"inherited" doc:"Names of groups that it is in through another one."`
	Roles        []string `yaml:"roles" doc:"Names of its roles."`
	Applications []string `yaml:"applications" doc:"Names of the applications that are assigned to it."`
	Licences     []string `yaml:"licences" doc:"Licences."`
}

type casePast struct {
	FirstSight bool   `yaml:"first_sight" doc:"Tonight's run is the first that sees the account."`
	FirstLink  bool   `yaml:"first_link" doc:"Tonight's run is the first that links it to the person."`
	FirstSeen  string `yaml:"first_seen" doc:"Since when the finding is known (default tonight)."`
	Incomplete bool   `yaml:"incomplete" doc:"The source was not read completely tonight."`
	Told       string `yaml:"told" doc:"When the notice that a rule waits for went out; nobody was told without it."`
}

type caseExpected struct {
	Decision string   `yaml:"decision" doc:"none, in_grace, due, held, excluded, keep or report_only."`
	Kind     string   `yaml:"kind" doc:"The finding kind; none without one."`
	Due      string   `yaml:"due" doc:"When a grace period ends or ended: an instant, or a day in timezone."`
	Rule     string   `yaml:"rule" doc:"The rule that decides."`
	By       string   `yaml:"excluded_by" doc:"The exclusion."`
	OneByOne *bool    `yaml:"one_by_one" doc:"Whether the decision is for approval by itself."`
	Tasks    int      `yaml:"tasks" doc:"Process allocation size: tasks at the same time."`
	Rate     int      `yaml:"per_minute" doc:"Process allocation size: tasks per minute."`
	Flags    []string `yaml:"flags" doc:"Flags that have to be set."`
	Action   string   `yaml:"action" doc:"What the decision asks for."`
	Tell     string   `yaml:"tell" doc:"Whom a notice has to go to before the decision can become due: a mail address, none for nobody; empty is not compared."`
	Stage    string   `yaml:"stage" doc:"The last stage of a graceful rule whose date has come; none before the first."`
	Next     string   `yaml:"next_stage" doc:"The first stage whose date has not come; none after the last."`
	Removes  []string `yaml:"removes" doc:"The names of the rights that are due to go, all of them; [] for none."`
	Stays    []string `yaml:"stays" doc:"The names of the rights that the stages that are due leave, all of them; [] for none."`
	HandOver string   `yaml:"hand_over" doc:"Who takes over: people-source/id, or an address; none for nobody."`
}

// caseFact is a fact as a word or a value.
type caseFact struct{ Text string }

// UnmarshalText takes any text; what it has to be depends on the fact.
func (c *caseFact) UnmarshalText(text []byte) error { c.Text = string(text); return nil }

// Case is one case of "leaver policy test": facts, and the decision that has to come out.
type Case struct {
	Name string
	// Place is "file:line".
	Place  string
	Now    time.Time
	Person *scanners.Person
	// Others are further people on record.
	Others []*scanners.Person
	// Vanished is in how many runs in a row nobody showed the person, 0 when tonight's people source does.
	Vanished int
	Account  scanners.Account
	// Past is what earlier runs knew; its FirstSeen is zero when tonight's run makes the finding.
	Past policies.Past
	// Told is when the notices about the finding went out; the zero time when nobody was told.
	Told   time.Time
	Expect Expected
}

// Expected is what has to come out of a case. The zero value of a field is not compared.
type Expected struct {
	Decision policies.DecisionKind
	// Kind is "none" for no finding.
	Kind string
	// Due is compared as an instant, or by its day in the zone of the configuration when DueDay is set.
	Due      time.Time
	DueDay   scanners.Date
	Rule, By string
	OneByOne *bool
	Pace     policies.Pace
	Flags    reconcile.Flags
	Action   string
	// Tell, Stage, Next and HandOver are "none" for none; Removes and Stays are compared unless they are nil.
	Tell, Stage, Next, HandOver string
	Removes, Stays              []string
}

// CaseFiles finds the files of cases beside and below the configured rules, sorted.
func (c *Config) CaseFiles() ([]string, error) {
	dirs := map[string]bool{}
	for _, path := range c.Policies {
		dirs[filepath.Dir(path)] = true
	}
	var found []string
	for dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !entry.IsDir() && isCases(path) && !slices.Contains(found, path) {
				found = append(found, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return found, nil
}

// Cases reads one file of cases.
func (c *Config) Cases(path string) ([]Case, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	root, err := parse(path, text)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, at: map[string]position{}}
	var doc cases
	f.strict(root, reflect.ValueOf(&doc).Elem(), "")
	if len(doc.Cases) == 0 && len(f.mistakes) == 0 {
		f.fail("cases", "each case has a name, facts and expect", "there is no case")
	}
	var list []Case
	names := map[string]bool{}
	for i, one := range doc.Cases {
		key := fmt.Sprintf("cases[%d]", i)
		if f.need(key+".name", one.Name) && names[one.Name] {
			f.fail(key+".name", "", "two cases are named %q", one.Name)
		}
		names[one.Name] = true
		if one.Now == "" {
			one.Now = doc.Now
		}
		list = append(list, f.oneCase(key, &one, c))
	}
	return list, join(f.mistakes)
}

func (f *file) oneCase(key string, one *oneCase, c *Config) Case {
	out := Case{Name: one.Name, Place: f.where(key), Now: f.instant(key+".now", one.Now, c.Zone)}
	f.need(key+".now", one.Now)
	if one.Person != nil {
		out.Person = f.casePerson(key+".person", one.Person, c)
		out.Vanished = one.Person.Vanished
	}
	for i := range one.Others {
		at := fmt.Sprintf("%s.others[%d]", key, i)
		f.need(at+".id", one.Others[i].ID)
		out.Others = append(out.Others, f.casePerson(at, &one.Others[i], c))
	}
	out.Account = f.caseAccount(key+".account", &one.Account, out.Person, c)
	out.Past = policies.Past{AccountSeen: !one.Past.FirstSight, LinkSeen: !one.Past.FirstSight && !one.Past.FirstLink,
		SourceComplete: !one.Past.Incomplete, FirstSeen: f.instant(key+".past.first_seen", one.Past.FirstSeen, c.Zone)}
	out.Told = f.instant(key+".past.told", one.Past.Told, c.Zone)
	out.Expect = f.expected(key+".expect", &one.Expected, c)
	return out
}

// instant reads RFC 3339, or a day; the zero time for nothing.
func (f *file) instant(key, text string, zone *time.Location) time.Time {
	if text == "" {
		return time.Time{}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	day, err := scanners.ParseDate(text)
	if err != nil {
		f.fail(key, "for example 2026-03-10 or 2026-03-10T22:00:00Z", "%q is neither a day nor an instant", text)
		return time.Time{}
	}
	return day.Midnight(zone)
}

func (f *file) casePerson(key string, p *casePerson, c *Config) *scanners.Person {
	statuses := []scanners.Status{scanners.StatusActive, scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusPrehire,
		scanners.StatusTerminated, scanners.StatusRetired}
	if p.Status != "" && !slices.Contains(statuses, scanners.Status(p.Status)) {
		f.fail(key+".status", fmt.Sprint("it is one of ", statuses), "unknown value %q", p.Status)
	}
	e := scanners.Employment{Type: p.Type, Status: scanners.Status(p.Status), StatusRaw: p.Status, LastDayInclusive: true,
		Start: scanners.Known(scanners.Date{Year: 2000, Month: 1, Day: 1}), End: scanners.Never[scanners.Date]()}
	for _, d := range []struct {
		key, text string
		into      *scanners.Fact[scanners.Date]
	}{{".start", p.Start, &e.Start}, {".end", p.End, &e.End}} {
		if d.text == "" {
			continue
		}
		day, err := scanners.ParseDate(d.text)
		if err != nil {
			f.fail(key+d.key, "", "%v", err)
		}
		*d.into = scanners.Known(day)
	}
	if p.Zone != "" {
		f.zone(key+".zone", p.Zone, false)
	}
	out := &scanners.Person{System: "people", ID: or(optional(p.ID), "1"), Mails: p.Mails, Manager: p.Manager, Department: p.Department,
		Location: p.Location, Zone: p.Zone, Employments: []scanners.Employment{e}}
	if len(c.People) > 0 {
		out.System = c.People[0].Name
	}
	return out
}

func (f *file) expected(key string, e *caseExpected, c *Config) Expected {
	out := Expected{Decision: policies.DecisionKind(e.Decision), Kind: e.Kind, Rule: e.Rule, By: e.By, OneByOne: e.OneByOne,
		Pace: policies.Pace{Tasks: e.Tasks, PerMinute: e.Rate}, Action: e.Action, Tell: e.Tell, Stage: e.Stage, Next: e.Next, HandOver: e.HandOver, Removes: e.Removes, Stays: e.Stays}
	if e.Action != "" {
		f.oneOf(key+".action", e.Action, policies.Actions())
	}
	var known []string
	for _, k := range policies.DecisionKinds() {
		known = append(known, string(k))
	}
	f.oneOf(key+".decision", e.Decision, known)
	if e.Kind != "" {
		f.oneOf(key+".kind", e.Kind, append([]string{"none"}, kindNames()...))
	}
	if day, err := scanners.ParseDate(e.Due); err == nil {
		out.DueDay = day
	} else {
		out.Due = f.instant(key+".due", e.Due, c.Zone)
	}
	var err error
	if out.Flags, err = reconcile.ParseFlags(e.Flags); err != nil {
		f.fail(key+".flags", "", "%v", err)
	}
	return out
}

var errCase = errors.New("not a fact")

// factOf reads unknown, never, or a value.
func factOf[T any](f *file, key, text string, read func(string) (T, error)) scanners.Fact[T] {
	switch text {
	case "", "unknown":
		return scanners.Unknown[T]("the case says so")
	case "never":
		return scanners.Never[T]()
	}
	value, err := read(text)
	if err != nil {
		f.fail(key, "a value, never or unknown", "%q is %v", text, err)
	}
	return scanners.Known(value)
}

func (f *file) caseAccount(key string, a *caseAccount, p *scanners.Person, c *Config) scanners.Account {
	moment := func(name, text string) scanners.Fact[time.Time] {
		return factOf(f, key+name, text, func(s string) (time.Time, error) { return f.instant(key+name, s, c.Zone), nil })
	}
	truth := func(name, text string) scanners.Fact[bool] {
		return factOf(f, key+name, text, func(s string) (bool, error) {
			if s != "true" && s != "false" {
				return false, errCase
			}
			return s == "true", nil
		})
	}
	out := scanners.Account{ID: or(optional(a.ID), "A-1"), Logins: []string{or(optional(a.Login), "login")}, Kind: scanners.AccountKind(a.Kind),
		Enabled: truth(".enabled", or(optional(a.Enabled.Text), "true")), Privileged: truth(".privileged", a.Privileged.Text),
		Created: moment(".created", a.Created.Text), DisabledAt: moment(".disabled_at", a.DisabledAt.Text), Expires: moment(".expires", a.Expires.Text),
		Signals:     []scanners.Signal{{Name: "last_activity", At: moment(".last_activity", a.LastActivity.Text)}},
		EmployeeIDs: a.EmployeeIDs, Sponsor: a.Sponsor, Licences: a.Licences}
	if a.FailedLogins != nil {
		out.FailedLogins = scanners.Known(*a.FailedLogins)
	}
	for _, list := range []struct {
		kind   string
		names  []string
		direct bool
	}{{policies.RightGroup, a.Grants, true}, {policies.RightGroup, a.Inherited, false}, {policies.RightRole, a.Roles, true}, {policies.RightApplication, a.Applications, true}} {
		for _, name := range list.names {
			out.Grants = append(out.Grants, scanners.Grant{ID: name, Name: name, Type: list.kind, Direct: list.direct, Removable: list.direct})
		}
	}
	if a.EmployeeIDs == nil && a.Sponsor == "" && p != nil {
		out.EmployeeIDs = []string{p.ID}
	}
	if a.Source != "" && f.oneOf(key+".source", a.Source, names(c.Sources)) {
		out.System = a.Source
	} else if len(c.Sources) > 0 {
		out.System = c.Sources[0].Name
	}
	return out
}

// CasesSchema returns the JSON Schema of a file of cases, for editors.
func CasesSchema() ([]byte, error) {
	return ownSchema(typeFor[cases](), "leaver policy cases", []string{"cases"}, nil)
}

// PolicySchema returns the JSON Schema of a rule, for editors. It is derived from the types that [Config.Rules] fills.
func PolicySchema() ([]byte, error) {
	return ownSchema(typeFor[rule](), "leaver policy", []string{"name", "trigger"}, func(root object) {
		p := root["properties"].(object)
		root["anyOf"] = []any{object{"required": []string{"action"}}, object{"required": []string{"stages"}}}
		enum := func(of object, key string, words []string) { of[key].(object)["enum"] = words }
		within := func(key string) object { return p[key].(object)["properties"].(object) }
		items := func(key string, words []string) { within("trigger")[key].(object)["items"].(object)["enum"] = words }
		enum(p, "action", policies.Actions())
		enum(within("grace"), "unit", []string{"calendar", "business"})
		enum(within("grace"), "from", policies.GraceFrom())
		items("status", policies.States())
		items("kinds", kindNames())
		items("flags", reconcile.Flags(1<<32-1).List())
		p["exclude"].(object)["items"].(object)["required"] = []string{"id", "owner", "reason", "expires"}
		p["schedule"].(object)["required"] = []string{"cron"}
		enum(p, "strategy", policies.Strategies())
		one := p["stages"].(object)["items"].(object)
		one["required"] = []string{"name", "action"}
		enum(one["properties"].(object), "action", policies.Actions())
		enum(one["properties"].(object), "unit", []string{"calendar", "business"})
	})
}
