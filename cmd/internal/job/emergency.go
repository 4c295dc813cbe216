package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// Emergency is everything that one person holds, as read now. It is the object that "leaver emergency --json" prints.
type Emergency struct {
	// Asked is what the person was asked for by.
	Asked  string          `json:"asked"`
	Person EmergencyPerson `json:"person"`
	AsOf   time.Time       `json:"as_of"`
	// Complete is whether every source of people and accounts was read to its end and every last known account was found or is
	// provably gone.
	Complete bool `json:"complete"`
	// Accounts are in the order in which to work: by tie, then those that still open something, privileged ones first.
	Accounts []EmergencyAccount `json:"accounts"`
	People   []SourceResult     `json:"people"`
	Sources  []SourceResult     `json:"sources"`
	// Warnings say what else makes the list less certain.
	Warnings []string `json:"warnings"`
}

// EmergencyPerson is the person in question.
type EmergencyPerson struct {
	// Ref is "source/id", Also names the same human in other sources.
	Ref        string   `json:"ref"`
	Also       []string `json:"also"`
	Name       string   `json:"name"`
	Department string   `json:"department"`
	Manager    string   `json:"manager"`
	// State is where the person stands with the organisation; "not read" when it is not known now.
	State string `json:"state"`
}

// AmbiguousError says that a name means several people.
type AmbiguousError struct {
	Name   string
	People []*reconcile.Person
}

// Error lists them.
func (e *AmbiguousError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q means %d people, and none is chosen for you", e.Name, len(e.People))
	for _, p := range e.People {
		fmt.Fprintf(&b, "\n  %s  %s, %s", p.Ref(), reports.Visible(p.Name()), p.State)
		if p.Department != "" {
			fmt.Fprintf(&b, ", %s", reports.Visible(p.Department))
		}
	}
	b.WriteString("\nhint: write source/id of the one you mean")
	return b.String()
}

// Emergency reads every source now and lists what the one person whom name means holds, answers for and may hold, together with
// the accounts that the last accepted runs linked to them. No gate stops it, a source that cannot be read is named, and one that
// takes longer than patience is given up. It waits for no run: what it reads stands in a private temporary folder that it
// removes, and it moves neither history nor clocks.
func (j *Job) Emergency(ctx context.Context, name string, patience time.Duration) (*Emergency, error) {
	dir, err := os.MkdirTemp("", "leaver-emergency-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch, err := runstore.Open(filepath.Join(dir, "state"))
	if err != nil {
		return nil, err
	}
	defer scratch.Close()
	release, err := scratch.Lock(j.Now())
	if err != nil {
		return nil, err
	}
	defer func() { _ = release() }() // the folder goes away
	t, err := j.tryOut(ctx, scratch)
	if err != nil {
		return nil, err
	}
	x := &emergency{attempt: t, patience: patience, result: &Emergency{Asked: name, AsOf: t.asOf, Accounts: []EmergencyAccount{}, Warnings: []string{}}}
	if err := x.readWho(ctx); err != nil {
		return nil, err
	}
	if err := x.find(name); err != nil {
		return nil, err
	}
	if err := x.readWhat(ctx); err != nil {
		return nil, err
	}
	if err := x.list(ctx); err != nil {
		return nil, err
	}
	x.rank()
	x.result.Complete = x.complete()
	return x.result, nil
}

// emergency is one emergency under way.
type emergency struct {
	*attempt
	patience time.Duration
	person   *reconcile.Person
	refs     []string
	result   *Emergency
}

// readWho reads the people, each source as far as it comes.
func (x *emergency) readWho(ctx context.Context) error {
	t := x.attempt
	var mu sync.Mutex
	t.people = x.each(ctx, t.Config.People, true, func(ctx context.Context, source config.Source) (scanned, error) {
		s, reserved, err := t.readPeopleOf(ctx, source)
		mu.Lock()
		defer mu.Unlock()
		t.reserved[source.Name] = reserved
		return s, err
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t.gate.peopleCoverage(t.people)
	if err := t.buildRoster(ctx); err != nil {
		return err
	}
	if err := t.gate.stopped(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\nhint: ")
		x.warn("the people data would stop a run now, so that a match may be wrong or missing: %s", first)
	}
	for _, s := range t.people {
		x.result.People = append(x.result.People, sourceResult(s))
	}
	return nil
}

// readWhat reads the accounts, each source as far as it comes.
func (x *emergency) readWhat(ctx context.Context) error {
	t := x.attempt
	t.emergency = make([]string, len(t.Config.BreakGlass))
	t.classified = make([]atomic.Int64, len(t.Config.Correlation.Classifier))
	t.sources = x.each(ctx, t.Config.Sources, false, t.readAccountsOf)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for i := range t.sources {
		t.gate.accountFile(&t.sources[i])
		x.result.Sources = append(x.result.Sources, sourceResult(t.sources[i]))
	}
	return t.survey(ctx)
}

// each reads the sources side by side. One that fails, for whatever reason, is blind and holds up no other.
func (x *emergency) each(ctx context.Context, sources []config.Source, people bool, read func(context.Context, config.Source) (scanned, error)) []scanned {
	results := make([]scanned, len(sources))
	var all sync.WaitGroup
	for i, source := range sources {
		all.Go(func() {
			started := x.Now().UTC()
			limited, cancel := x.limit(ctx)
			defer cancel()
			var err error
			if results[i], err = read(limited, source); err != nil {
				results[i] = scanned{Source: reports.Source{Name: source.Name, Kind: source.Connector.Name, People: people, ReadAt: started}, err: err}
				results[i].Coverage = settle(scanners.Coverage{}, err, 0, source.Canaries, nil)
			}
		})
	}
	all.Wait()
	return results
}

// limit is a context that ends when patience does.
func (x *emergency) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, x.patience, fmt.Errorf("gave up after %s", x.patience))
}

func (x *emergency) warn(format string, args ...any) {
	x.result.Warnings = append(x.result.Warnings, fmt.Sprintf(format, args...))
}

// find settles who is meant.
func (x *emergency) find(name string) error {
	named := x.engine.Named(name)
	switch len(named) {
	case 0:
		var unread []string
		for _, s := range x.people {
			if !s.Coverage.Verdict.Complete() {
				unread = append(unread, fmt.Sprintf("\n  %s was not read completely: %s", s.Name, s.Coverage.Why))
			}
		}
		return fmt.Errorf("no people source shows %q, and no run remembers such a person%s\nhint: write an employee id, source/id or a mail address; "+
			"for an account that nobody is known to own, \"leaver explain ACCOUNT\"", name, strings.Join(unread, ""))
	case 1:
	default:
		return &AmbiguousError{name, named}
	}
	p := named[0]
	x.person, x.refs = p, p.Refs()
	x.result.Person = EmergencyPerson{Ref: p.Ref(), Also: append([]string{}, p.Also...), Name: p.Name(), Department: p.Department, Manager: p.Manager,
		State: string(p.State)}
	if p.Remembered && slices.ContainsFunc(x.people, func(s scanned) bool { return s.Name == p.System && !s.Coverage.Verdict.Complete() }) {
		x.result.Person.State = "not read"
	}
	return nil
}

// complete reports whether nothing is missing from the list as far as anybody can know.
func (x *emergency) complete() bool {
	for _, s := range slices.Concat(x.result.People, x.result.Sources) {
		if !s.Complete {
			return false
		}
	}
	return !slices.ContainsFunc(x.result.Accounts, func(a EmergencyAccount) bool { return a.Seen == NotLookedAt })
}

// Recorded puts into the audit log that somebody asked, and what they were shown. The record itself names no person.
func (j *Job) Recorded(ctx context.Context, e *Emergency) error {
	var run string
	last, err := j.Store.LatestAccepted(ctx)
	if err == nil && last != nil {
		run = last.ID
	}
	shown := make([]string, 0, len(e.Accounts))
	for _, a := range e.Accounts {
		shown = append(shown, fmt.Sprintf("%s %s/%s %s", a.Tie, a.Source, a.Account, a.Seen))
	}
	facts := struct {
		Asked, Person string
		Complete      bool
		Shown         []string
		Sources       []SourceResult
	}{e.Asked, e.Person.Ref, e.Complete, shown, slices.Concat(e.People, e.Sources)}
	reason := fmt.Sprintf("%d accounts shown", len(e.Accounts))
	return errors.Join(err, j.Store.Record(ctx, runstore.Entry{At: j.Now().UTC(), By: j.Operator, Event: "emergency.listed", Run: run, Reason: reason, Facts: facts}))
}
