package policies

import (
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Lift is the decision of two people that a limit does not hold one very plan.
type Lift struct {
	// Limit is the [Tripped.Name], Plan the digest of the plan, Run the run whose plan they looked at.
	Limit string `json:"limit"`
	Plan  string `json:"plan"`
	Run   string `json:"run,omitempty"`
	// By asked for it, Second agreed; At is when, Reason why.
	By     string    `json:"by"`
	Second string    `json:"second"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Passes reports whether the lift lets the limit pass for the plan of that digest. A lift by one person lets nothing pass.
func (l *Lift) Passes(t Tripped, digest string) bool {
	return l.Limit == t.Name() && l.Plan == digest && l.Second != "" && !SamePerson(l.By, l.Second)
}

// SamePerson reports whether two names, as people type them, may mean one person: without regard to case, to the domain in
// front of a login and to that of an address.
func SamePerson(a, b string) bool { return bareName(a) == bareName(b) }

func bareName(name string) string {
	name = strings.TrimSpace(name)
	name, _, _ = strings.Cut(name[strings.LastIndex(name, `\`)+1:], "@")
	return reconcile.Fold(name)
}
