package reconcile

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// test decides one finding kind.
type test struct {
	kind Kind
	// holds decides; because says which facts made it hold.
	holds   func(*file) bool
	because func(*file) string
	// unless says what would end the finding, needs what would make it.
	unless string
	needs  string
}

// tests is the decision table, in order of precedence: the first test that holds makes the kind.
//
//	account    person                            activity                    kind
//	disabled   any                               after it was disabled       contradiction
//	disabled   any                               else                        –
//	break-glass account                                                      –
//	enabled    a key names two, keys disagree    any                         disputed
//	enabled    owner's stated end passed         after the end               used_after_end
//	enabled    owner ended or vanished           any                         leaver_active
//	enabled    nobody, all people known          any                         orphan
//	enabled    sponsor ended or vanished         any                         owner_left
//	enabled    suspended                         any                         suspended_active
//	enabled    starts in more than N days        any                         early_active
//	enabled    present                           provably none, old enough   never_used
//	enabled    present                           provably none for N days    dormant
var tests = [...]test{
	{Contradiction, isContradiction, whyContradiction, "the last use lies before the account was disabled",
		"a disabled account with a sign of use after it was disabled"},
	{Disputed, isDisputed, whyDisputed, "every key of the account names the same single person",
		"an enabled account with a key that names two people, or two keys that name different people"},
	{UsedAfterEnd, isUsedAfterEnd, whyUsedAfterEnd, "the last use lies before the owner's stated end, or HR moves the end",
		"an enabled account that was used after its owner's stated end of employment"},
	{LeaverActive, isLeaverActive, whyLeaverActive, "the account is disabled, or HR shows an open employment of the owner",
		"an enabled account whose owner's employment is over"},
	{Orphan, isOrphan, whyOrphan, "the account is disabled, or a key of it names a person of an authoritative source",
		"an enabled account that leads to nobody in any people source"},
	{OwnerLeft, isOwnerLeft, whyOwnerLeft, "a person who is still employed answers for the account, or it is disabled",
		"an enabled service, shared, admin, guest or machine account whose sponsor's employment is over"},
	{SuspendedActive, isSuspendedActive, whySuspendedActive, "the account is disabled, or HR ends the suspension",
		"an enabled account whose owner HR has suspended"},
	{EarlyActive, isEarlyActive, whyEarlyActive, "the account is disabled until shortly before the start",
		"an enabled account long before its owner's first day"},
	{NeverUsed, isNeverUsed, whyNeverUsed, "the account is used, or disabled",
		"an enabled account, older than the threshold, that provably was never used"},
	{Dormant, isDormant, whyDormant, "the account is used, or disabled",
		"an enabled account whose last use is known and older than the threshold"},
}

func isContradiction(f *file) bool {
	at, known := f.DisabledAt.Get()
	if f.enabled || !known {
		return false
	}
	_, used := f.usedAfter(at)
	return used
}

func whyContradiction(f *file) string {
	use, _ := f.usedAfter(f.DisabledAt.Value)
	return fmt.Sprintf("disabled on %s, yet used on %s", when(f.DisabledAt.Value), signal(use))
}

// judged reports whether the kinds of enabled accounts apply: break-glass accounts are enabled and unused on purpose.
func (f *file) judged() bool { return f.enabled && f.Kind != scanners.KindBreakGlass }

func isDisputed(f *file) bool { return f.judged() && f.match.disputed() }

func whyDisputed(f *file) string {
	if len(f.candidates) < 2 {
		return "a key of the account leads to people data that cannot be trusted: " + f.match.unclear
	}
	var named []string
	for _, c := range f.candidates {
		named = append(named, fmt.Sprintf("%s %q names %s", c.Key, c.Value, c.Person.whole()))
	}
	return strings.Join(named, ", ")
}

// ownerGone reports whether the account's own keys name a person whose employment is over.
func (f *file) ownerGone() bool { return f.judged() && f.owner != nil && f.owner.Gone() }

func isUsedAfterEnd(f *file) bool {
	if !f.ownerGone() || len(f.Signals) == 0 || f.owner.end().Inferred {
		return false
	}
	_, used := f.usedAfter(f.owner.end().At)
	return used
}

func whyUsedAfterEnd(f *file) string {
	use, _ := f.usedAfter(f.owner.end().At)
	return fmt.Sprintf("%s ended on %s, the account was used on %s", f.owner.person().whole(), when(f.owner.end().At), signal(use))
}

func isLeaverActive(f *file) bool { return f.ownerGone() }

func whyLeaverActive(f *file) string { return goneSince(f.owner) + ", the account is enabled" }

func goneSince(of *party) string {
	p := of.person()
	switch {
	case p.State == Vanished:
		return fmt.Sprintf("%s is gone from the people source, last seen %s", p.whole(), when(p.LastSeen))
	case p.End.Inferred:
		return fmt.Sprintf("%s has status %q and no end date, first seen %s", p.whole(), p.Status, when(p.End.At))
	case p.Conflict != "":
		return fmt.Sprintf("%s ended on %s (HR contradicts itself: %s)", p.whole(), when(p.End.At), p.Conflict)
	default:
		return p.whole() + " ended on " + when(p.End.At)
	}
}

func isOrphan(f *file) bool {
	return f.judged() && f.settings.PeopleComplete && !f.match.disputed() && f.responsible() == nil
}

func whyOrphan(f *file) string {
	switch {
	case len(f.missed) > 0:
		return fmt.Sprintf("no key names a person, and by its login the account belongs to whoever has %s: nobody", strings.Join(f.missed, ", "))
	case f.Kind.Personal() && len(f.EmployeeIDs)+len(f.Mails)+len(f.Anchors) == 0:
		return "the account carries no key that could name a person"
	case f.Kind.Personal():
		return "no key of the account names a person of any authoritative source, now or earlier"
	case len(f.unresolved) > 0:
		return fmt.Sprintf("%s account, and its reference %q leads to no person", f.Kind, strings.Join(f.unresolved, `", "`))
	default:
		return fmt.Sprintf("%s account without an owner or sponsor on record", f.Kind)
	}
}

func isOwnerLeft(f *file) bool { return f.judged() && f.sponsor != nil && f.sponsor.Gone() }

func whyOwnerLeft(f *file) string {
	return fmt.Sprintf("%s, who answers for this %s account", goneSince(f.sponsor), f.Kind)
}

func isSuspendedActive(f *file) bool {
	return f.judged() && f.owner != nil && f.owner.State == Suspended
}

func whySuspendedActive(f *file) string {
	return fmt.Sprintf("%s is suspended (status %q), the account is enabled", f.owner.person().whole(), f.owner.person().Status)
}

func isEarlyActive(f *file) bool {
	if !f.judged() || f.owner == nil || f.owner.State != Prehire {
		return false
	}
	start := f.owner.person().NextStart
	return !start.IsZero() && start.Sub(f.settings.AsOf) > f.settings.Thresholds.Early
}

func whyEarlyActive(f *file) string {
	return fmt.Sprintf("%s starts on %s, the account is enabled already", f.owner.person().whole(), when(f.owner.person().NextStart))
}

// idleCounts reports whether inactivity means anything: not while the owner is on leave, suspended or yet to start. An
// account that its sponsor only answers for is not used by the sponsor, whose absence explains nothing.
func (f *file) idleCounts() bool {
	return f.judged() && (f.owner == nil || f.owner.State == Employed)
}

func isNeverUsed(f *file) bool {
	limit := f.settings.Thresholds.NeverUsed
	if limit <= 0 || !f.idleCounts() {
		return false
	}
	created, known := f.Created.Get()
	return f.idle().IsNever() && known && created.Before(f.settings.AsOf.Add(-limit))
}

func whyNeverUsed(f *file) string {
	return fmt.Sprintf("created on %s and never used since, the limit is %s", when(f.Created.Value), inDays(f.settings.Thresholds.NeverUsed))
}

func isDormant(f *file) bool {
	limit := f.settings.Thresholds.Dormant
	if limit <= 0 || !f.idleCounts() {
		return false
	}
	last, known := f.idle().Get()
	return known && last.Before(f.settings.AsOf.Add(-limit))
}

func whyDormant(f *file) string {
	idle := f.idle()
	if f.elsewhere != nil {
		return fmt.Sprintf("%s, the limit is %s", f.elsewhere.words(), inDays(f.settings.Thresholds.Dormant))
	}
	last, _ := f.LastUse()
	return fmt.Sprintf("last used on %s, not later than %s, the limit is %s", signal(last), when(idle.Value),
		inDays(f.settings.Thresholds.Dormant))
}

func inDays(d time.Duration) string {
	if d == 24*time.Hour {
		return "1 day"
	}
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}

// severity ranks a finding. Failed sign-ins raise it by one.
func severity(f *file, kind Kind, flags Flags) Severity {
	s := baseSeverity(f, kind, flags.Has(Privileged))
	if flags.Has(FailedLogins) && s < Critical {
		s++
	}
	return s
}

func baseSeverity(f *file, kind Kind, privileged bool) Severity {
	raise := func(s Severity) Severity {
		if privileged {
			return s + 1
		}
		return s
	}
	switch kind {
	case UsedAfterEnd:
		return Critical
	case LeaverActive:
		return raise(High)
	case OwnerLeft:
		return raise(High)
	case Orphan:
		if f.usedSince(f.settings.AsOf.Add(-f.settings.Thresholds.RecentUse)) {
			return raise(High)
		}
		return raise(Medium)
	case Disputed:
		if allGone(f.candidates) {
			return High
		}
		return Medium
	case Contradiction, SuspendedActive:
		return High
	case EarlyActive:
		if _, used := f.LastUse(); used {
			return Medium
		}
		return Low
	case NeverUsed, Dormant:
		return raise(Low)
	case RuleMatch:
		return Low
	default:
		return Info
	}
}

func (f *file) usedSince(t time.Time) bool {
	last, used := f.LastUse()
	return used && !last.At.Value.Before(t)
}

func allGone(named []Candidate) bool {
	for _, c := range named {
		if !c.Person.Gone() {
			return false
		}
	}
	return len(named) > 0
}
