// Package policies decides what should happen to a verdict, and when.
//
// It is pure: rules, exclusions and clocks go in, decisions come out, and the clock is an argument. Rules are YAML, one
// deprovisioning rule per document ([Rule]); an [Exclusion] has an owner, a reason and an expiry or it is refused; grace
// is a clock per finding ([Clock]) that [Set.Decide] carries and [Advance] moves from one run to the next.
//
// A decision is never "due" on the run that first sees the account or its link to that person, for an account of a source
// that was not read completely, or for a disputed or suspect match.
package policies
