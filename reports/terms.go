package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// term is one line of the sheet Rules: a rule of the policies, or a word that the report uses, with its exact meaning.
type term struct {
	sort, name, meaning, parameters, controls string
	// fired is how many rows it applies to; -1 where that has no meaning.
	fired int64
}

func (b *book) rulesTable() table[term] {
	return table[term]{
		name: "Rules", title: "Rules – what every word of this report means, with the parameters in force",
		note: "Re-perform any row: take its facts, apply the definition here, and compare.", none: "", frozen: 2,
		columns: []column[term]{
			{head: "Sort", width: 14, group: "Rule or term", value: func(t term) cell { return text(t.sort).as(quiet) }},
			{head: "Name", width: 20, value: func(t term) cell { return text(t.name).as(bodyBold) }},
			{head: "What it means", width: 88, value: func(t term) cell { return text(t.meaning) }},
			{head: "Parameters in force", width: 46, value: func(t term) cell { return textOr(t.parameters, dash) }},
			{head: "Framework references", width: 34, value: func(t term) cell { return textOr(t.controls, dash) }},
			{head: "Rows", width: 9, style: headNumber, value: firedCell},
		},
	}
}

func firedCell(t term) cell {
	if t.fired < 0 {
		return cell{style: numberCell}
	}
	return number(t.fired)
}

func (b *book) terms() []term {
	var all []term
	all = append(all, b.ruleTerms()...)
	all = append(all, b.kindTerms()...)
	all = append(all, b.thresholdTerms()...)
	all = append(all, b.measureTerms()...)
	all = append(all, b.resultTerms()...)
	all = append(all, b.attributeTerms()...)
	all = append(all, b.decisionTerms()...)
	all = append(all, b.flagTerms()...)
	return append(all, b.words()...)
}

// ruleTerms are the deprovisioning rules of the policies.
func (b *book) ruleTerms() []term {
	var all []term
	for _, r := range b.Rules {
		t := term{sort: "Rule", name: r.Name, meaning: ruleMeaning(r), parameters: ruleParameters(r),
			controls: strings.Join(r.Controls, ", "), fired: b.tally.rules[r.Name]}
		if !r.Active {
			t.sort = "Rule (inactive)"
		}
		all = append(all, t)
	}
	return all
}

func ruleMeaning(r policies.Rule) string {
	var parts []string
	if r.Description != "" {
		parts = append(parts, strings.TrimRight(r.Description, ".")+".")
	}
	return strings.Join(append(parts, "Applies when "+triggerWords(r.Trigger)+"."), " ")
}

func triggerWords(t policies.Trigger) string {
	var all []string
	if len(t.Status) > 0 {
		all = append(all, "the owner is "+either(t.Status))
	}
	if t.EndDate != nil {
		all = append(all, "the stated end of employment has passed"+offsetWords(t.EndDate.Offset))
	}
	if len(t.Kinds) > 0 {
		all = append(all, "the finding is "+either(t.Kinds))
	}
	if t.Flags != 0 {
		all = append(all, "it is flagged "+strings.Join(t.Flags.List(), " and "))
	}
	if t.FailedLogins > 0 {
		all = append(all, fmt.Sprintf("at least %d sign-ins failed", t.FailedLogins))
	}
	if len(t.Sources) > 0 {
		all = append(all, "the system is "+either(t.Sources))
	}
	if t.Hook != nil {
		all = append(all, "this holds: "+strings.Join(strings.Fields(t.Hook.String()), " "))
	}
	if len(all) == 0 {
		return "nothing: it has no clause"
	}
	return strings.Join(all, ", and ")
}

func offsetWords(d time.Duration) string {
	switch {
	case d > 0:
		return ", plus " + span(d)
	case d < 0:
		return " or is less than " + span(-d) + " away"
	default:
		return ""
	}
}

func either[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strings.ReplaceAll(string(v), "_", " ")
	}
	return strings.Join(words, " or ")
}

// stageWords is one stage of a graceful rule.
func stageWords(s *policies.Stage) string {
	when := fmt.Sprintf("%+d %s", s.Days, map[bool]string{true: "working days", false: "days"}[s.Business])
	if !s.Date.IsZero() {
		when = "on " + s.Date.String()
	}
	words := fmt.Sprintf("stage %q %s: %s", s.Name, when, s.Action)
	if len(s.Revoke) > 0 {
		words += " " + rightsWords(s.Revoke)
	}
	if len(s.Keep) > 0 {
		words += ", but not " + rightsWords(s.Keep)
	}
	return words
}

func rightsWords(list []policies.Rights) string {
	var all []string
	for i := range list {
		var one []string
		for _, kind := range policies.RightKinds() {
			for _, name := range list[i].Names(kind) {
				one = append(one, kind+" "+name)
			}
		}
		words := strings.Join(one, ", ")
		if len(list[i].Sources) > 0 {
			words += " (" + strings.Join(list[i].Sources, ", ") + ")"
		}
		all = append(all, words)
	}
	return strings.Join(all, "; ")
}

func ruleParameters(r policies.Rule) string {
	from := "first seen"
	switch r.Grace.From {
	case policies.FromEndDate:
		from = "the end of employment"
	case policies.FromNotified:
		from = "the notice"
	}
	var parts []string
	if r.Graceful() {
		parts = append(parts, "stages from "+from)
		for i := range r.Stages {
			parts = append(parts, stageWords(&r.Stages[i]))
		}
		if len(r.HandOver) > 0 {
			parts = append(parts, "hand-over to "+strings.Join(r.HandOver, ", else "))
		}
	} else {
		parts = append(parts, fmt.Sprintf("grace %s from %s", several(int64(r.Grace.Days), "day"), from))
	}
	for _, source := range sortedKeys(r.Grace.Sources) {
		parts = append(parts, fmt.Sprintf("%s %s", source, several(int64(r.Grace.Sources[source]), "day")))
	}
	if r.Notify != nil {
		words := "not before a notice to " + strings.Join(r.Notify.To, ", else ")
		if r.Notify.Before > 0 {
			words += ", " + span(r.Notify.Before) + " ahead"
		}
		parts = append(parts, words)
	}
	if r.Strategy != "" {
		parts = append(parts, "strategy "+r.Strategy)
	}
	if r.Action != "" {
		parts = append(parts, "action "+r.Action)
	}
	if len(r.Exclude) > 0 {
		parts = append(parts, several(int64(len(r.Exclude)), "exclusion")+" of its own")
	}
	if r.Place != "" {
		parts = append(parts, "from "+r.Place)
	}
	if r.Digest != "" {
		parts = append(parts, "sha256 "+grouped(r.Digest))
	}
	return strings.Join(parts, "; ")
}

// Framework references, named once.
const (
	forLeavers  = "PCI DSS 8.2.5, NIST AC-2(3)(b), ISO 27001 A.5.18, SOC 2 CC6.2"
	forOrphans  = "NIST AC-2(3)(b), ISO 27001 A.5.16, SOC 2 CC6.2"
	forInactive = "PCI DSS 8.2.6, NIST AC-2(3)(d), CIS 5.3"
	forPolicy   = "NIST AC-2(3)(c), SOC 2 CC6.3"
)

func (b *book) kindTerms() []term {
	th := b.Thresholds
	meanings := []struct {
		kind                          reconcile.Kind
		meaning, parameters, controls string
	}{
		{reconcile.Contradiction, "The system says that the account is disabled, and also that it was used after it was disabled.", toleranceWords(th), forPolicy},
		{reconcile.Disputed, "One of the account's keys names two people, or two of its keys name different people, or a key leads to HR data that cannot be trusted. Nobody is chosen.", "", forOrphans},
		{reconcile.UsedAfterEnd, "Enabled; HR states that the owner's employment ended; the account was used after that, beyond tolerance and the error of the sign of use.", toleranceWords(th), forLeavers},
		{reconcile.LeaverActive, "Enabled; the owner's employment ended, or the owner vanished from HR (flag inferred).", removalWords(th), forLeavers},
		{reconcile.Orphan, "Enabled; no key names anybody in any people source, now or earlier; or a service, shared, machine or guest account without an owner or sponsor on record. Only when every people source was read completely.",
			"urgent when used within " + span(th.RecentUse), forOrphans},
		{reconcile.OwnerLeft, "Enabled service, shared, admin or guest account whose owner or sponsor has left.", "", forOrphans},
		{reconcile.SuspendedActive, "Enabled; HR says that the owner is suspended.", "", forPolicy},
		{reconcile.EarlyActive, "Enabled too long before the owner's first day.", "more than " + span(th.Early) + " before the start", forPolicy},
		{reconcile.NeverUsed, "Enabled; older than the threshold; provably never used: every sign of use was readable and says never.", limitWords(th.NeverUsed), forInactive},
		{reconcile.Dormant, "Enabled; not used for longer than the threshold, counted from the latest moment at which it can have been used. Unknown use is never dormant.", limitWords(th.Dormant), forInactive},
		{reconcile.RuleMatch, "No finding of another kind, but a rule of the policies selected the account.", "", ""},
	}
	var all []term
	for _, m := range meanings {
		all = append(all, term{"Finding kind", kindWords(m.kind), m.meaning, m.parameters, m.controls, b.tally.kinds[m.kind]})
	}
	return append(all, term{"Finding kind", kindWords(reconcile.KindNone),
		"No finding: a disabled account of somebody who left, or an account that is listed because it is excluded or kept.", "", "", b.tally.kinds[reconcile.KindNone]})
}

func toleranceWords(th reconcile.Thresholds) string {
	return "tolerance " + span(th.Tolerance) + ", plus the error of the signal"
}

func removalWords(th reconcile.Thresholds) string {
	switch {
	case !th.RemovalStated:
		return "no removal limit stated"
	case th.Removal == 0:
		return "removal limit: at once (same calendar day in the person's zone)"
	default:
		return "removal limit: " + span(th.Removal) + " after the end"
	}
}

func limitWords(d time.Duration) string {
	if d == 0 {
		return "off: no threshold is set, so nothing was looked for"
	}
	return "threshold " + span(d)
}

func (b *book) thresholdTerms() []term {
	th := b.Thresholds
	var hold []term
	if th.Hold > 0 {
		hold = []term{{"Threshold", "reactivation hold", "An account that was disabled and is enabled again counts as active for so long, as far as dormant and never used go.", span(th.Hold), "", -1}}
	}
	return append(hold, []term{
		{"Threshold", "profile", "The framework row that the thresholds come from; custom when the user set them.", profileWords(th.Profile), "", -1},
		{"Threshold", "removal limit", "How long after the end of employment an account may stay enabled. Attribute B tests it.", removalWords(th), "PCI DSS 8.2.5, NIST AC-2(3)", -1},
		{"Threshold", "failed sign-ins", "From this number of failed sign-ins on, an account that has a finding is flagged and ranked one severity higher.", count(th.FailedLogins), "", -1},
		{"Threshold", "days late", "Whole days from the end of employment to the disabling of the account, or to the as-of while it is enabled, in the person's zone. Unknown when the end is inferred or the time of the disabling is not on record. The en dash is zero.", "", "", -1},
	}...)
}

func (b *book) resultTerms() []term {
	meanings := []struct {
		result  Result
		meaning string
	}{
		{Pass, "Disabled within the removal limit, and no sign of use after the end. Where no limit is stated: disabled, and no sign of use after the end."},
		{Late, "Disabled, but after the limit had passed, or after the account was used past the end."},
		{Open, "Enabled, or of unknown state, or disabled and yet used afterwards; not excluded, and not in grace. Use after the end makes an account in grace open."},
		{InGrace, "Enabled, not used after the end, and inside the grace period of a rule. Attribute B may still fail: grace does not extend a framework's limit."},
		{Excluded, "Enabled, and an exclusion or an approved keep covers it. It stays in every count of enabled accounts."},
		{NotTested, "Disabled, but a fact that the test needs is unknown: mostly the time of the disabling. It is no pass."},
	}
	var all []term
	for _, m := range meanings {
		all = append(all, term{"Result", string(m.result), m.meaning, "", "", b.tally.results[m.result]})
	}
	return all
}

func (b *book) attributeTerms() []term {
	limit := removalWords(b.Thresholds)
	names := [attributes][3]string{
		{"A end date agrees to HR", "Met: HR states an end date and does not contradict it. Not met: HR contradicts itself (for example active with a past end date). Dash: the end is inferred, HR states none.", ""},
		{"B disabled within limit", "Met: disabled within the removal limit. Not met: disabled after it, or still enabled past it, grace or not. Dash: the limit is not reached, the end is inferred, or the time of the disabling is unknown. Where no limit is stated: not met while the account is enabled and no grace covers it, else a dash.", limit},
		{"C no sign-in after end", "Met: every sign of use was readable, and the latest possible use lies before the end. Not met: a sign of use lies after the end beyond tolerance and the error of the signal. Dash: cannot be told. Unknown is never a pass.", toleranceWords(b.Thresholds)},
		{"D decision recorded", "Met: an exclusion with an approver, or an approved keep, is on record. Not met: open and undecided, or an exclusion without an approver. Dash: no decision is needed.", ""},
		{"E state re-read", "Met: this run read the account from the system itself as disabled, at the time in Verified at. Not met: read as disabled, yet used afterwards. Dash: still enabled.", ""},
	}
	var all []term
	for i, n := range names {
		all = append(all, term{"Attribute", n[0], n[1] + " Rows counts those not met.", n[2], "", b.tally.notMet[i]})
	}
	return all
}

func (b *book) decisionTerms() []term {
	meanings := []struct {
		kind    policies.DecisionKind
		meaning string
	}{
		{policies.Due, "The grace period of a rule is over, and the rule asks for the action."},
		{policies.InGrace, "A rule selected the account and its grace period is running."},
		{policies.Held, "Due, and held by a limit until two people lift it for this very plan; see sheet Plan."},
		{policies.Keep, "Somebody approved that the account stays until a date."},
		{policies.Excluded, "An exclusion covers it; see sheet Exclusions."},
		{policies.ReportOnly, "Shown for people to decide; no active rule acts on it, or nothing may act on it automatically."},
		{policies.DecideNone, "Nothing to decide."},
	}
	var all []term
	for _, m := range meanings {
		all = append(all, term{"Decision", strings.ReplaceAll(string(m.kind), "_", " "), m.meaning, "", "", b.tally.decisions[m.kind]})
	}
	return all
}

func (b *book) flagTerms() []term {
	meanings := [][2]string{
		{"privileged", "The account holds administrative rights."},
		{"regressed", "It was verified as removed before, and is enabled again."},
		{"possible_rehire", "The owner left, and somebody very like them has started."},
		{"suspect_match", "The key that found the owner may have been given to a new person. Decided one by one, on sheet Ambiguous."},
		{"hr_conflict", "HR contradicts itself about the owner."},
		{"inferred", "HR states no end date; the end is inferred from a status or from the person's disappearance."},
		{"in_use", "Used since the inferred end, which may also mean that HR is wrong."},
		{"failed_logins", "Many failed sign-ins."},
		{"locked", "Locked by bad passwords. A locked account is enabled."},
		{"expired", "Past its own expiry date. An expired account is enabled until somebody disables it."},
		{"enabled_unknown", "The source does not say whether it is enabled; it counts as enabled."},
		{"activity_unknown", "The source does not say when it was last used; it never counts as dormant."},
		{"no_end_date", "A contractor works for whom HR states no end."},
		{"duplicate_account", "The person has more than one ordinary account in this system."},
		{"mail_drift", "The account's mail address is not one that HR knows for its owner."},
		{"on_leave", "The owner is on leave."},
		{"synced", "Another directory owns the account; it has to be disabled there."},
	}
	var all []term
	for _, m := range meanings {
		all = append(all, term{"Flag", m[0], m[1], "", "", b.tally.flags[m[0]]})
	}
	return all
}
