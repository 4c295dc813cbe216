package policies

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Plan is what a run proposes to do: one item for each decision that is due, whether a limit holds it or not.
type Plan struct {
	// Digest is the SHA-256 of the items in their order, in hexadecimal. Run and time are not part of it: two runs that propose
	// the same, on the same facts, have the same digest.
	Digest string    `json:"digest"`
	Run    string    `json:"run"`
	AsOf   time.Time `json:"as_of"`
	Items  []Item    `json:"items"`
	// LeftOut lists what would be due and is not planned, and why.
	LeftOut []LeftOut `json:"left_out"`
	// Limits says how every limit stood; nil for a plan of a version that did not note it. Held are those that hold items,
	// Lifted those that would, had nobody lifted them for this very plan, and Lifts says who did.
	Limits []Measured `json:"limits"`
	Held   []Tripped  `json:"held"`
	Lifted []Tripped  `json:"lifted"`
	Lifts  []Lift     `json:"lifts,omitempty"`
	// Blocked says why nothing of the plan may be carried out; empty when it may.
	Blocked string `json:"blocked,omitempty"`
}

// Item is one proposed action on one account.
type Item struct {
	Finding string         `json:"finding"`
	Source  string         `json:"source"`
	Account string         `json:"account"`
	Kind    reconcile.Kind `json:"kind"`
	Action  string         `json:"action"`
	Rule    string         `json:"rule"`
	// Person is "source/id" of the owner or "", Department theirs.
	Person     string `json:"person,omitempty"`
	Department string `json:"department,omitempty"`
	Privileged bool   `json:"privileged,omitempty"`
	// Due is when the decision became due, Reason why.
	Due    time.Time `json:"due"`
	Reason string    `json:"reason"`
	// Facts is the [FactsDigest] on which the item rests: when it is another by then, the item is not carried out.
	Facts string `json:"facts"`
	// OneByOne names the flags for which a person has to look at this very item, "employed" while the owner still works here, and
	// "stage" when a right came back that a stage had taken; empty when it may be approved with others.
	OneByOne []string `json:"one_by_one,omitempty"`
	// Steps are the stages of a graceful rule that are due, in the order in which they have to be carried out, each with the
	// rights that it takes and those that stay; HandOver is who takes over. Both are empty for other rules.
	Steps    []ItemStep `json:"steps,omitempty"`
	HandOver string     `json:"hand_over,omitempty"`
}

// ItemStep is one stage of an item.
type ItemStep struct {
	Stage   string    `json:"stage"`
	Action  string    `json:"action"`
	Due     time.Time `json:"due"`
	Removes []Right   `json:"removes,omitempty"`
	Stays   []Right   `json:"stays,omitempty"`
}

// addStages puts what is due of a graceful rule on the item.
func (i *Item) addStages(p *Progress) {
	if p == nil {
		return
	}
	for _, s := range p.Due() {
		i.Steps = append(i.Steps, ItemStep{s.Stage, s.Action, s.At.UTC(), s.Removes, s.Stays})
	}
	i.HandOver = p.HandOver.Who
	if p.returned() != "" {
		i.OneByOne = append(i.OneByOne, "stage")
	}
}

// LeftOut is an account that is not planned although its date has come.
type LeftOut struct {
	Finding string `json:"finding"`
	Source  string `json:"source"`
	Account string `json:"account"`
	Why     string `json:"why"`
}

// oneByOne are the flags of accounts that nobody may approve in bulk.
const oneByOne = reconcile.HRConflict | reconcile.InUse | reconcile.PossibleRehire | reconcile.Privileged

// Planner collects the plan of one run.
type Planner struct {
	// Protect says why no plan may touch an account, besides [NeverTouch]; empty when one may. Nil protects none.
	Protect func(*scanners.Account) string
	plan    Plan
	// admins counts, by source, the enabled privileged accounts that the run saw.
	admins map[string]int64
}

// NewPlanner starts the plan of a run.
func NewPlanner(run string, asOf time.Time, admins map[string]int64) *Planner {
	return &Planner{plan: Plan{Run: run, AsOf: asOf.UTC(), Items: []Item{}, LeftOut: []LeftOut{}, Held: []Tripped{}, Lifted: []Tripped{}}, admins: admins}
}

// Add adds what d asks for on v. It plans due actions, and lists what would be due had its source been read completely.
func (p *Planner) Add(v *reconcile.Verdict, d Decision, past Past, now time.Time) {
	switch {
	case d.Action == "" || d.Action == ActionReport:
	case d.Kind == Due:
		why := NeverTouch(v.Account)
		if why == "" && p.Protect != nil {
			why = p.Protect(v.Account)
		}
		if why != "" {
			p.leaveOut(v, why)
			return
		}
		item := Item{Finding: v.ID(), Source: v.Account.System, Account: v.Account.ID, Kind: v.Kind, Action: d.Action, Rule: d.Rule, Person: owner(v),
			Privileged: v.Flags.Has(reconcile.Privileged), Due: d.Until.UTC(), Reason: d.Why, Facts: FactsDigest(v), OneByOne: (v.Flags & oneByOne).List()}
		if v.Person != nil {
			item.Department = v.Person.Department
		}
		if ahead, ok := upcoming(v); ok && now.Before(ahead) {
			item.OneByOne = append(item.OneByOne, "employed")
		}
		item.addStages(d.Stages)
		p.plan.Items = append(p.plan.Items, item)
	case d.Kind == InGrace && !past.SourceComplete && slices.ContainsFunc(past.Clocks, func(c Clock) bool { return d.waitsFor(&c) && !now.Before(c.DueAt) }):
		p.leaveOut(v, past.notRead())
	}
}

// Unseen lists what a clock would make due, had its source been read so far that the account was shown. What the rules would
// have decided tonight is not known.
func (p *Planner) Unseen(c Clock) {
	p.plan.LeftOut = append(p.plan.LeftOut, LeftOut{c.Finding, c.System, c.Account,
		fmt.Sprintf("the source was not read completely and did not show the account; the grace of rule %q was over on %s", c.Rule, day(c.DueAt))})
}

// waitsFor reports whether the decision becomes due with the clock.
func (d *Decision) waitsFor(c *Clock) bool {
	if d.Rule != c.Rule || d.Stages == nil {
		return d.Rule == c.Rule && !d.Untold
	}
	return slices.ContainsFunc(d.Stages.Steps, func(s Step) bool { return s.Stage == c.Stage && s.State == StepDue })
}

func (p *Planner) leaveOut(v *reconcile.Verdict, why string) {
	p.plan.LeftOut = append(p.plan.LeftOut, LeftOut{v.ID(), v.Account.System, v.Account.ID, why})
}

// lastAdmins is how many enabled privileged accounts a plan leaves in each system.
const lastAdmins = 2

// Plan finishes the plan: in order, without the last administrators of a system, and with its digest.
func (p *Planner) Plan() *Plan {
	planned := map[string]int64{}
	for _, item := range p.plan.Items {
		if item.Privileged {
			planned[item.Source]++
		}
	}
	p.plan.Items = slices.DeleteFunc(p.plan.Items, func(item Item) bool {
		last := item.Privileged && p.admins[item.Source]-planned[item.Source] < lastAdmins
		if last {
			p.plan.LeftOut = append(p.plan.LeftOut, LeftOut{item.Finding, item.Source, item.Account, "the plan would leave fewer than two administrators"})
		}
		return last
	})
	slices.SortFunc(p.plan.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Finding, b.Finding))
	})
	slices.SortFunc(p.plan.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Finding, b.Finding))
	})
	p.plan.Digest = PlanDigest(p.plan.Items)
	return &p.plan
}

// PlanDigest is the SHA-256 of items in their order, in hexadecimal.
func PlanDigest(items []Item) string {
	text, err := json.Marshal(items)
	if err != nil {
		return "" // strings and instants cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// builtIn are the logins of accounts that a directory or its synchronisation needs to work, as folded prefixes.
var builtIn = [...]struct{ prefix, what string }{
	{"krbtgt", "Kerberos"}, {"azureadssoacc", "single sign-on"}, {"msol_", "directory synchronisation"}, {"sync_", "directory synchronisation"},
	{"aad_", "directory synchronisation"}, {"adsyncmsa", "directory synchronisation"}, {"adtoaadsync", "directory synchronisation"},
	{"healthmailbox", "the mail server"}, {"systemmailbox", "the mail server"},
}

// NeverTouch says why no plan may touch an account, whatever the rules decide; empty when one may.
func NeverTouch(a *scanners.Account) string {
	if a.Kind == scanners.KindBreakGlass {
		return "never touched: an emergency account"
	}
	for _, login := range a.Logins {
		name := strings.ToLower(login[strings.LastIndex(login, `\`)+1:])
		for _, b := range builtIn {
			if strings.HasPrefix(name, b.prefix) {
				return "never touched: " + b.what + " needs it"
			}
		}
	}
	return ""
}
