package reports

import (
	"strings"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// words are the entries of the sheet Rules for every word that a column of another sheet can hold and that is neither a
// rule, a finding, a result, a decision nor a flag.
func (b *book) words() []term {
	all := b.severityTerms()
	all = append(all, b.changeTerms()...)
	all = append(all, residueTerms()...)
	all = append(all, actionTerms()...)
	all = append(all, b.planTerms()...)
	all = append(all, clockTerms()...)
	all = append(all, statusTerms()...)
	all = append(all, sortTerms()...)
	all = append(all, keyTerms()...)
	return append(all, b.wordTerms()...)
}

// termsOf makes entries of one sort that count nothing.
func termsOf(sort string, meanings [][2]string) []term {
	all := make([]term, len(meanings))
	for i, m := range meanings {
		all[i] = term{sort: sort, name: m[0], meaning: m[1], fired: -1}
	}
	return all
}

func (b *book) severityTerms() []term {
	meanings := []struct {
		severity reconcile.Severity
		meaning  string
	}{
		{reconcile.Critical, "Used after the owner's end, or a high finding on a privileged account."},
		{reconcile.High, "The account of somebody who left or is suspended; an account without owner that is in use; a contradiction; a disputed account all of whose candidates have left."},
		{reconcile.Medium, "An account without owner that is not in use; a disputed account; an account used before its owner's start; an unused privileged account."},
		{reconcile.Low, "Unused, enabled too early, or selected by a rule alone. Many failed sign-ins raise any severity by one."},
	}
	var all []term
	for _, m := range meanings {
		all = append(all, term{"Severity", capital(m.severity.String()), m.meaning, "", "", b.tally.severities[m.severity]})
	}
	return append(all, term{"Severity", capital(reconcile.Info.String()), "For information: nothing is wrong by itself. A row without a finding has a dash.", "", "", -1})
}

// changeTerms explain the sheet Changes. Rows counts its lines, and for persisting the findings that it does not list.
func (b *book) changeTerms() []term {
	counts := b.changeCounts()
	meanings := map[ChangeKind]string{
		ChangeNew:           "This run makes the finding, and the last accepted run did not, though it had read the account's system.",
		ChangeReopened:      "The finding is back after it had been fixed.",
		ChangeEscalated:     "The same finding, and its kind is a worse one now: for example leaver active has become used after end.",
		ChangeEased:         "The same finding, and its kind is a lesser one now.",
		ChangeDecision:      "The same finding of the same kind; what the policies say about it has changed.",
		ChangeFixed:         "The finding is gone, and this run read its system completely: the account is disabled, removed, or nothing is wrong with it any more.",
		ChangeReplaced:      "The finding is gone because the account has another finding now, which is listed as well.",
		ChangeNotSeen:       "The finding was not made again, but its system was not read completely: that says nothing, and it is not fixed.",
		ChangeNotSeenBefore: "The finding is made now, and the last accepted run had not read its system completely: it may be older than it looks.",
		ChangePersisting:    "Both runs make the finding, alike. It is listed only when the account has another owner or login than before; all are counted.",
	}
	var all []term
	for _, kind := range ChangeKinds() {
		fired := counts[kind]
		if b.Changes == nil || b.Refused != "" {
			fired = -1
		}
		all = append(all, term{"Change", changeWords(kind), meanings[kind], "", "", fired})
	}
	return all
}

// residueTerms explain the cells of Residual access.
func residueTerms() []term {
	return termsOf("Residual access", [][2]string{
		{residueWords[stillOpen], "An account there is enabled after the end, or disabled and yet used: its result is Open."},
		{residueWords[stateUnclear], "Not all of the system was read, or it does not say whether the account is enabled. Nothing is claimed."},
		{residueWords[residueInGrace], "Enabled, inside the grace period of a rule."},
		{residueWords[residueExcluded], "Enabled, and an exclusion or an approved keep covers it."},
		{residueWords[notScanned], "The system could not be read at all."},
		{residueWords[removed], "Every account that was found there was read as disabled."},
		{dash, "No account was found there, and the system was read completely. In other sheets: nothing to show, or zero."},
	})
}

func actionTerms() []term {
	return termsOf("Action", [][2]string{
		{"Due: …", "A rule asks for the named action and its grace period is over. This report changes nothing."},
		{"Waiting", "A grace period is running."},
		{"Waiting: nobody was told", "The rule acts only after somebody was told, and no notice has gone out. It is never due before."},
		{"Left out of the plan", "Due, and not proposed; sheet Plan says why."},
		{"Held by …", "Due, and held by the named limit; sheet Plan names every limit that holds it."},
		{"Kept until …", "An approval keeps the account until that day."},
		{"None (…)", "The named exclusion covers it."},
		{"Report only", "For people to decide."},
		{"Disabled", "The account is disabled, and nothing is left to do."},
		{"lock", "On sheet Plan: the account is disabled, so that it can be enabled again."},
		{"revoke", "On sheet Plan: its sessions are ended and its rights taken away."},
		{"reclaim", "On sheet Plan: its licences are taken back."},
		{"delete", "On sheet Plan: it is removed for good."},
	})
}

// planTerms explain the sheet Plan. Rows counts its lines.
func (b *book) planTerms() []term {
	meanings := map[PlanState]string{
		Proposed: "Due, and nothing speaks against it but the approval that it needs.",
		HeldBack: "Due, and a limit holds it: more is proposed than one night may. It passes when two people lift every limit that holds it, for this very plan.",
		LeftOut:  "Due, and never proposed: no plan may touch the account, or it would leave the system without administrators.",
		NotRead:  "Would be due, had its system been read completely: the decision waits until it is.",
	}
	states, single := b.planCounts()
	var all []term
	for _, s := range PlanStates() {
		all = append(all, term{"Plan", s.words(), meanings[s], "", "", states[s]})
	}
	return append(all, term{"Plan", "one by one", "A person has to look at this very item: it is never approved with others, and says why.", "", "", single})
}

// clockTerms are the changes of grace clocks.
func clockTerms() []term {
	return termsOf("Grace clock", [][2]string{
		{string(policies.Started), "A rule selects the finding of this owner for the first time, or HR corrected the end of employment: its grace is counted from then."},
		{string(policies.Extended), "The date was moved later, because the rule was edited or HR moved the end. No edit moves it earlier."},
		{string(policies.Restated), "HR states another end of employment, and the date stays."},
		{string(policies.Paused), "A complete scan does not show the account any more."},
		{string(policies.Reopened), "The account is back, and so is its old date."},
		{string(policies.Closed), "The finding is over, its owner or the rule is another one, or HR corrected the end. Because says which."},
		{string(policies.Done), "The stage had its date and has nothing left to do: the notice was given, or the rights are gone."},
		{"not noted", "The clock ran before reports noted changes; the audit log holds them."},
		{string(ClockRunning), "On the latest change of each clock, so that a clock is counted once: it runs. A dash stands on its earlier changes."},
		{string(ClockDone), "The stage that it is about has nothing left to do; the other stages of the rule go on."},
		{string(ClockPaused), "It stands still until the account is back, or for good."},
		{string(ClockClosed), "It was closed in this run."},
	})
}

// statusTerms are the words that leaver writes where HR wrote none of its own.
func statusTerms() []term {
	return termsOf("HR status", [][2]string{
		{stateWords(reconcile.Employed), "An employment is open. Any other word in this column is HR's own."},
		{stateWords(reconcile.Leave), "An open employment is on leave; days without a sign-in do not count."},
		{stateWords(reconcile.Suspended), "Every open employment is suspended by HR."},
		{stateWords(reconcile.Prehire), "The first employment lies in the future."},
		{stateWords(reconcile.Ended), "Every employment has ended."},
		{stateWords(reconcile.Vanished), "No people source shows the person any more; an earlier run saw them."},
		{"inferred", "In place of an end date: HR states none, and the end is concluded from a status or from the person's disappearance."},
	})
}

// sortTerms are the sorts of accounts.
func sortTerms() []term {
	return termsOf("Account sort", [][2]string{
		{"person", "Somebody's ordinary account; it needs an owner in a people source."},
		{"admin", "Somebody's second account, for administration; it needs an owner in a people source too."},
		{"service", "Used by programs; somebody has to answer for it."},
		{"shared", "Used by several people; somebody has to answer for it."},
		{"guest", "Of somebody from outside; a sponsor has to answer for it."},
		{"machine", "Of a computer; somebody has to answer for it."},
		{"break-glass", "For emergencies, enabled and unused on purpose. Never part of a plan, always in the report."},
		{"test", "For tests; somebody has to answer for it."},
	})
}

// keyTerms are the keys that lead from an account to a person, in the order in which they count.
func keyTerms() []term {
	return termsOf("Key", [][2]string{
		{reconcile.KeyLink, "An entry of the reviewed link table. It comes before every other key."},
		{reconcile.KeyAnchor, "A value that HR provisioning wrote into the account."},
		{reconcile.KeyEmployeeID, "An employee id that the account carries."},
		{reconcile.KeyMail, "A mail address of the account that is one of the person's."},
		{reconcile.KeyLogin, "A login rule: the name of a second account leads to the person's primary one."},
		{"sponsor", "The owner, sponsor or manager whom the account refers to, and who answers for it."},
		{newLink, "Beside a key: no earlier accepted run had linked the account to this person."},
	})
}

// wordTerms are the other words of the report.
func (b *book) wordTerms() []term {
	all := termsOf("Word", [][2]string{
		{"complete (proved)", "What was read agrees with the source's own count, trailer or end-of-search mark."},
		{"complete (consistent)", "Read to the end, of constant shape, nothing speaks against completeness; the source has no count of its own."},
		{"partial, blind", "Partial: something is known to be missing. Blind: nothing can be concluded. Nothing is claimed about what was not read."},
		{"no count", "The source does not say how many records it holds, so nothing can be compared with what was read."},
		{"ties, differs", "Two counts of the same thing, made in different ways, are equal or not. The mark is a live formula."},
		{"unknown, never", "Unknown: the source did not say. Never: the source said that it never happened. The two are never mixed."},
		{"Yes, No", "The source says so. What it does not say is unknown."},
		{strings.ToLower(laterHead), "Systems write the last sign-in late or rounded: a directory by up to 14 days, a file with dates by a day. The account may have been used that much later than shown."},
		{"exact", "The system writes every use at once, to the second."},
		{"disputed", "On sheet Ambiguous: the account's keys lead to several people, or to data that cannot be trusted."},
		{"suspect match", "On sheet Ambiguous: one person was found, but by a key that may have been given to a new person."},
		{"none on record", "Nobody is named where somebody should be."},
		{"people, accounts", "A people source says who works here; an account source is a system in which people have accounts."},
		{"Expired", "The exclusion's last day is over; it excludes nothing any more."},
		{"nearest match, confidence", "A guess who may own an orphan, by names, logins, former addresses, manager and department, for a person to decide on. It never makes a finding, an owner or a decision. Confidence is at most 90 %: no guess is as good as a key."},
	})
	all = append(all, term{"Word", "likely mis-keyed", "The nearest match of an orphan has not left: the account is likely theirs and lacks the right key. Such orphans have a sheet of their own. They are never due by themselves.", "", "", b.tally.lines[onMiskeyed]})
	return append(all, termsOf("Word", [][2]string{
		{"✓, ✗", "An attribute is met, or is not met; a dash says that it cannot be tested or does not apply."},
		{"one human", "People of different people sources with equal given and family names who share a mail address, or one of whom states the id of the other, when that key names nobody else and their employments overlap or lie no more than 90 days apart. They are judged as one: employed while any employment is open, gone with the last end. The Control sheet counts them in each source."},
		{"late by HR, late by IT", "The two parts of Days late. By HR: the whole days from the end of employment to the first accepted run in which HR showed it, which is no delay of IT: a retroactive end shows here. By IT: the days since. Unknown where the first run that saw the person showed the past end already; a later correction of the end counts from the run that showed it."},
		{"times and dates", "Times are UTC. HR end dates are calendar dates as HR states them; they become instants in the person's time zone."},
		{"row seal", "16 digits of a SHA-256 over the run, the sheet, the row id and every value of the row that nobody fills in. It locates a change; the proof is the sealed run folder."},
		{"characters shown as \\u....", "Control and direction characters, which could deceive the reader, are written as escapes."},
	})...)
}
