package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// From when an exclusion is too broad to be believed: it matches more than MaxExcluded accounts of one system, or more than
// MaxExcludedPercent of them when those are minExcluded or more. Below that number percentages mean nothing.
const (
	MaxExcluded        = 100
	MaxExcludedPercent = 5
	minExcluded        = 10
)

// Reach counts how many accounts every exclusion matches, with and without a finding. It is shown each account of a run once
// and is not safe for concurrent use.
type Reach struct {
	matchers []matcher
	// matched counts by matcher and system, accounts by system.
	matched  []map[string]int64
	accounts map[string]int64
}

// NewReach counts for the exclusions that hold at now, those of rules in force included.
func NewReach(exclusions []Exclusion, rules []Rule, now time.Time) *Reach {
	r := &Reach{accounts: map[string]int64{}}
	add := func(list []Exclusion) {
		for i := range list {
			if !list[i].Expired(now) {
				r.matchers = append(r.matchers, newMatcher(&list[i]))
				r.matched = append(r.matched, map[string]int64{})
			}
		}
	}
	add(exclusions)
	for i := range rules {
		if rules[i].InForce(now) {
			add(rules[i].Exclude)
		}
	}
	return r
}

// Count takes note of one account.
func (r *Reach) Count(v *reconcile.Verdict) {
	system := v.Account.System
	r.accounts[system]++
	if len(r.matchers) == 0 {
		return
	}
	logins := globTexts(v.Account.Logins)
	for i, m := range r.matchers {
		if m.matches(v, logins) {
			r.matched[i][system]++
		}
	}
}

// Matched is how many accounts the exclusion matched.
func (r *Reach) Matched(id string) int64 {
	var sum int64
	for i, m := range r.matchers {
		if m.ID != id {
			continue
		}
		for _, n := range r.matched[i] {
			sum += n
		}
	}
	return sum
}

// TooBroad says of each exclusion that matches too much of a system, by id, what it matches. One that names applications or
// says broad never is.
func (r *Reach) TooBroad() map[string]string {
	broad := map[string]string{}
	for i, m := range r.matchers {
		if m.Broad || len(m.Applications) > 0 {
			continue
		}
		for _, system := range sortedSystems(r.matched[i]) {
			n, of := r.matched[i][system], r.accounts[system]
			if n > MaxExcluded || n >= minExcluded && n*100 > of*MaxExcludedPercent {
				broad[m.ID] = fmt.Sprintf("matches %d of the %d accounts of %s", n, of, system)
				break
			}
		}
	}
	return broad
}

func sortedSystems(counts map[string]int64) []string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
