// Package policies decides what should happen to a verdict, and when.
//
// It is pure: rules, exclusions and clocks go in, decisions come out, and the clock is an argument. Rules are YAML, one
// deprovisioning rule per document ([Rule]); an [Exclusion] has an owner, a reason and an expiry or it is refused; grace
// is a clock ([Clock]) that [Set.Decide] carries and [Set.Advance] moves from one run to the next.
//
// # Stages
//
// A rule may have stages ([Stage]): dates in a row, each with an action, and with the rights that go and those that stay. A
// decision of such a rule knows how far the account is ([Progress]), and to whom the owner hands over. A stage takes only what the
// account holds and what can be taken from it.
//
// # The grace ledger
//
// A clock belongs to a finding, a rule, or a stage of it, and an owner. Its date is fixed when it starts. Nothing shortens it but HR: another
// stated end of employment closes the clock of a rule that counts from it, and starts one anew. An edit of the rule may move
// the date later, never earlier; a rule under another name keeps the date of the one that it replaces. An exclusion leaves
// the clock running. An account that a complete scan does not show any more has a paused clock, and its old date when it
// comes back. The clock is closed when a complete scan reads the account without the finding: disabled, rehired, the end
// taken back. A source that was not read completely starts, moves, pauses and closes nothing. Each change is an [Event].
//
// The clocks of stages follow their account from one finding to the next: who leaves on Friday is another finding on Saturday, and
// a stage that was done by then stays done. That it is done is noted when the account shows other rights and none that the stage
// takes; a source that shows no rights proves nothing.
//
// A person may decide that an account stays ([Kept]): about one finding and the facts of that day, and until a date.
//
// An account that was disabled and is enabled again counts as active for a while ([Set.Hold]), for dormant and never_used
// only. Somebody who enables the account of a leaver again has not shown that the leaver is back; that finding stays what it
// is.
//
// What is due makes a [Plan]. [Limits] are checked against it before anybody sees it as a proposal: a limit that is exceeded
// holds the decisions that it covers until two people lift it for the digest of that very plan ([Lift]).
//
// A decision is never "due" on the run that first sees the account or its link to that person, for an account of a source
// that was not read completely, or for a disputed or suspect match.
package policies
