package reconcile

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Engine judges accounts against one roster.
//
// A run shows it every account twice. First [Engine.Survey], in any order, so that it learns which accounts are meant by
// the sponsor references of others and how many ordinary accounts each person has in each system; then [Engine.Judge].
// Between the two, [Engine.Resolve] has to see the accounts again when [Engine.NeedsResolve] says so. Survey and Resolve
// are not safe for concurrent use; Judge and Explain are, once the others are done. [Engine.SurveyAll] and [Engine.JudgeAll] do the
// same for many accounts at once, in less time.
type Engine struct {
	settings Settings
	roster   *Roster
	// wanted holds the references to other accounts, by system and folded DN, id or login; Resolve fills in whom they name.
	wanted map[accountRef]match
	// ordinary counts, by system and person, the enabled ordinary accounts; more than two count as two.
	ordinary map[string][]uint8
	links    linkTable
	// secondaries holds the logins of primary accounts that login rules lead to; Resolve fills in whose they are.
	secondaries map[accountRef]match
	// signOns holds, by the folded id of an original, what is known of its use and that of its copies.
	signOns map[string]*signOn
	// endless holds the people who work under a contract that states no end: it is asked for every account.
	endless map[int32]bool
	// unread names the systems whose accounts were not all read.
	unread map[string]bool
	// benches holds the *bench of accounts that are judged, for the next ones.
	benches sync.Pool
	// surveyed and room are those of the accounts that Survey looks at.
	surveyed bench
	room     [2]named
}

type accountRef struct{ system, key string }

// NewEngine returns an engine for one run.
func NewEngine(settings Settings, roster *Roster) *Engine {
	e := &Engine{settings: settings, roster: roster, wanted: map[accountRef]match{}, ordinary: map[string][]uint8{},
		links: newLinkTable(&settings, roster), secondaries: map[accountRef]match{}, signOns: map[string]*signOn{}, endless: map[int32]bool{},
		unread: map[string]bool{}}
	e.findEndless()
	return e
}

// Survey takes note of one account before anything is judged.
func (e *Engine) Survey(a *scanners.Account) { e.survey(a, nil) }

func (e *Engine) survey(a *scanners.Account, found found) {
	a = e.links.accepted(a)
	if l := e.links.of(a); l != nil {
		l.seen = true
	}
	e.surveyLogin(a)
	e.surveyCopy(a)
	if a.Kind.Personal() && a.Kind != scanners.KindAdmin && enabled(a) {
		x, m := e.matcher(false), match{named: e.room[:0]}
		x.found = found
		if x.account(&m, a); m.person >= 0 && !m.disputed() {
			e.countOrdinary(a.System, m.person)
		}
	}
	if a.Kind == "" || a.Kind == scanners.KindPerson {
		return
	}
	for _, ref := range references(a) {
		if m := e.matcher(false).reference(ref); len(m.named) == 0 && !m.disputed() {
			e.wanted[accountRef{a.System, dnKey(ref)}] = match{person: -1}
		}
	}
}

func (e *Engine) countOrdinary(system string, person int32) {
	counts := e.ordinary[system]
	if counts == nil {
		counts = make([]uint8, len(e.roster.records))
		e.ordinary[system] = counts
	}
	counts[person] = min(counts[person]+1, 2)
}

// doubled reports whether the survey saw a second enabled ordinary account of the person in the system.
func (e *Engine) doubled(system string, person int32) bool {
	counts := e.ordinary[system]
	return counts != nil && counts[person] > 1
}

// NeedsResolve reports whether any surveyed account leads to another account.
func (e *Engine) NeedsResolve() bool {
	return len(e.wanted)+len(e.secondaries)+len(e.signOns) > 0
}

// Resolve looks whether a is an account that others refer to, and if so remembers whose it is. A reference that several
// accounts answer to names the people of all of them.
func (e *Engine) Resolve(a *scanners.Account) {
	e.resolveLogin(e.links.accepted(a))
	e.resolveOriginal(a)
	keys := append([]string{a.ID, a.DN}, a.Logins...)
	for _, key := range keys {
		if key == "" {
			continue
		}
		ref := accountRef{a.System, dnKey(key)}
		if known, ok := e.wanted[ref]; ok {
			known.join(e.matches(a))
			e.wanted[ref] = known
		}
	}
}

func references(a *scanners.Account) []string {
	var list []string
	for _, ref := range []string{a.Owner, a.Sponsor, a.Manager} {
		if ref != "" {
			list = append(list, ref)
		}
	}
	return list
}

// matches is whom the keys of a name, one by one.
func (e *Engine) matches(a *scanners.Account) (m match) {
	x := e.matcher(false)
	x.rows(&m, a)
	return m
}

func (e *Engine) matcher(explain bool) *matcher {
	return &matcher{Roster: e.roster, settings: &e.settings, links: &e.links, explain: explain}
}

// enabled is true unless the source says that the account was disabled: an unknown state counts as enabled.
func enabled(a *scanners.Account) bool { return !scanners.Is(a.Enabled, false) }

// open correlates a and collects its facts in f, which is empty. Whom its keys name may have been found before.
func (e *Engine) open(f *file, a *scanners.Account, found found, explain bool) {
	a = e.links.accepted(a)
	f.Account, f.engine, f.settings, f.enabled = a, e, &e.settings, enabled(a)
	x := e.matcher(explain)
	x.found = found
	f.match.named = f.room[:0]
	x.account(&f.match, a)
	e.followLogin(f, explain)
	switch {
	case a.Kind.Personal() && (f.match.disputed() || f.match.person >= 0):
		if !f.match.disputed() {
			f.owner = f.take(f.match.person, f.match.apart)
		}
	case a.Kind != "" && a.Kind != scanners.KindPerson:
		e.findSponsor(f, explain)
	}
	if f.match.disputed() {
		for _, c := range f.match.named {
			f.candidates = append(f.candidates, Candidate{e.roster.at(c.person, f.match.apart), c.by, c.value})
		}
	}
}

// findSponsor looks for whoever answers for an account that is not a person's own: by its references, a living one first,
// and else by the keys that it carries itself.
func (e *Engine) findSponsor(f *file, explain bool) {
	own := f.match
	if own.by == KeyLink {
		if !own.disputed() {
			f.sponsor = f.take(own.person, own.apart)
		}
		return
	}
	for _, ref := range references(f.Account) {
		m, tried := e.reference(f.System, ref)
		own.table.withdraw(e.roster, &m, &tried)
		m.apart = m.apart || own.apart
		e.roster.collapse(&m)
		if explain {
			f.match.tried = append(f.match.tried, tried)
		}
		switch {
		case m.disputed():
			f.match.named, f.match.unclear, f.match.apart, f.sponsor = m.named, m.unclear, m.apart, nil
			return
		case len(m.named) == 0:
			f.unresolved = append(f.unresolved, ref)
		case f.sponsor == nil || f.sponsor.Gone() && !e.roster.gone(m.named[0].person, m.apart):
			f.sponsor = f.take(m.named[0].person, m.apart)
			f.match.by = keySponsor
		}
	}
	if f.sponsor != nil {
		// A reference is a statement about who answers for the account; stray keys beside it decide nothing.
		f.match.named, f.match.unclear = nil, ""
		return
	}
	if !own.disputed() && own.person >= 0 {
		f.sponsor = f.take(own.person, own.apart)
	}
}

// reference finds whom a reference in an account of system names: people of each source, or whoever another account belongs
// to.
func (e *Engine) reference(system, ref string) (match, KeyTried) {
	tried := KeyTried{Key: keySponsor, Value: ref, Normalised: Fold(ref)}
	m := e.matcher(false).reference(ref)
	if len(m.named) == 0 && !m.disputed() {
		if m = e.wanted[accountRef{system, dnKey(ref)}]; len(m.named) > 0 {
			tried.Note = "through an account of the same system"
		}
	}
	for _, c := range m.named {
		tried.Named = append(tried.Named, e.roster.ref(c.person))
	}
	if m.unclear != "" {
		tried.Note = m.unclear
	}
	return m, tried
}

// verdict is the verdict on the account of f, of which holds is the place of the first test that does.
func (e *Engine) verdict(f *file, holds int) Verdict {
	v := Verdict{Account: f.Account, Situation: f.situation()}
	v.LastUse, _ = f.LastUse()
	if p := f.responsible(); p != nil {
		v.MatchedBy, v.Person = f.match.by, p.keep()
		if p.Gone() {
			v.End = p.end()
		}
	}
	if f.match.disputed() {
		v.Candidates = f.candidates
	}
	if holds != noTest {
		v.Kind, v.Why = tests[holds].kind, tests[holds].because(f)
	}
	v.Flags = e.flags(f, v.Kind)
	v.Severity = severity(f, v.Kind, v.Flags)
	v.DaysLate = e.daysLate(f)
	v.DaysLateHR = e.daysLateHR(f, v.DaysLate)
	if at, ok := f.idle().Get(); ok && f.enabled {
		v.DaysIdle = scanners.Known(max(0, wholeDays(at, e.settings.AsOf, time.UTC)))
	}
	return v
}

func (f *file) situation() Situation {
	switch p := f.responsible(); {
	case f.match.disputed():
		return SituationDisputed
	case p == nil:
		return Unmatched
	case p.Remembered:
		return Deleted
	default:
		return Linked
	}
}

// daysLate counts from the stated end of employment to the disabling of the account, or to the as-of while it is enabled.
func (e *Engine) daysLate(f *file) scanners.Fact[int64] {
	p := f.responsible()
	switch {
	case p == nil || !p.Gone():
		return scanners.Unknown[int64]("the owner's employment has not ended")
	case p.end().Inferred:
		return scanners.Unknown[int64]("the end of employment is inferred")
	}
	until := f.settings.AsOf
	if !f.enabled {
		at, ok := f.DisabledAt.Get()
		if !ok {
			return scanners.Unknown[int64]("the source does not say when the account was disabled")
		}
		until = at
	}
	return scanners.Known(max(0, wholeDays(p.end().At, until, p.zone())))
}

// daysLateHR is how many of the days late had passed when HR first showed the end.
func (e *Engine) daysLateHR(f *file, late scanners.Fact[int64]) scanners.Fact[int64] {
	days, known := late.Get()
	if !known {
		return late
	}
	p := f.responsible()
	if p.person().EndShown.IsZero() {
		return scanners.Unknown[int64]("the first run that saw the person showed the past end already")
	}
	return scanners.Known(min(days, max(0, wholeDays(p.end().At, p.person().EndShown, p.zone()))))
}

// flags collects the remarks. failed_logins is the only one that needs a finding.
func (e *Engine) flags(f *file, kind Kind) Flags {
	var flags Flags
	set := func(flag Flags, on bool) {
		if on {
			flags |= flag
		}
	}
	asOf, p := e.settings.AsOf, f.responsible()
	set(Privileged, privileged(f.Account))
	set(Locked, scanners.Is(f.Locked, true))
	set(Expired, f.Expires.IsKnown() && !f.Expires.Value.After(asOf))
	set(EnabledUnknown, f.Enabled.IsUnknown())
	set(ActivityUnknown, f.enabled && f.idle().IsUnknown())
	set(Synced, f.Authority != "")
	limit := e.settings.Thresholds.FailedLogins
	set(FailedLogins, kind != KindNone && limit > 0 && f.FailedLogins.IsKnown() && f.FailedLogins.Value >= limit)
	set(SuspectMatch, e.suspect(f))
	if p == nil {
		set(PossibleRehire, f.match.disputed() && anyRehire(f.candidates))
		return flags
	}
	set(PossibleRehire, p.Gone() && p.person().Rehire != "")
	set(HRConflict, p.conflicting())
	set(Inferred, p.Gone() && p.end().Inferred)
	if p.Gone() && p.end().Inferred && f.enabled {
		_, usedSince := f.usedAfter(p.end().At)
		set(InUse, usedSince)
	}
	set(OnLeave, p.State == Leave)
	set(NoEndDate, e.withoutEnd(f))
	set(MailDrift, f.owner != nil && f.match.by == KeyEmployeeID && !f.match.mailed && e.drifted(f))
	set(DuplicateAccount, f.owner != nil && f.enabled && f.Kind != scanners.KindAdmin && e.doubled(f.System, f.match.person))
	return flags
}

// RuleMatch makes a finding of kind rule_match of v, which has none: a rule of the policies selects its account, for the
// reason why. Kinds and rules belong to different stages, so the job brings the two together.
func (e *Engine) RuleMatch(v *Verdict, why string) {
	v.Kind, v.Why = RuleMatch, why
	limit := e.settings.Thresholds.FailedLogins
	if failed, counted := v.Account.FailedLogins.Get(); counted && limit > 0 && failed >= limit {
		v.Flags |= FailedLogins
	}
	v.Severity = severity(&file{settings: &e.settings}, v.Kind, v.Flags)
}

func anyRehire(named []Candidate) bool {
	for _, c := range named {
		if c.Person.Gone() && c.Person.Rehire != "" {
			return true
		}
	}
	return false
}

func privileged(a *scanners.Account) bool {
	return scanners.Is(a.Privileged, true) || a.Kind == scanners.KindAdmin
}

// drifted reports whether the account has mail addresses and none of them is the owner's.
func (e *Engine) drifted(f *file) bool {
	if len(f.Mails) == 0 {
		return false
	}
	owners := f.owner.person().Mails
	if len(owners) == 0 {
		return false
	}
	for _, mine := range f.Mails {
		for _, theirs := range owners {
			if mailKey(mine, e.settings.MailDomains) == mailKey(theirs, e.settings.MailDomains) {
				return false
			}
		}
	}
	return true
}

// suspect reports whether the one person found may be the wrong one: the account is much older than the owner's first
// start and no link was reviewed, the key that matched was held earlier by somebody else, or the owner's id was and the
// account may be from then.
func (e *Engine) suspect(f *file) bool {
	if f.owner == nil {
		return false
	}
	reviewed := f.match.by == KeyLink
	return f.match.former || !reviewed && f.olderThanOwner() || e.ofPredecessor(f)
}

// ofPredecessor reports whether an id of the owner stood for somebody else before, from whose time the account may be.
func (e *Engine) ofPredecessor(f *file) bool {
	if len(e.roster.recycled) == 0 {
		return false
	}
	return slices.ContainsFunc(e.roster.members(f.match.person, f.match.apart), func(i int32) bool {
		created, ok := f.Created.Get()
		start := e.roster.begins(i)
		younger := ok && !start.IsZero() && !created.Before(start)
		return e.roster.recycled[i] && !younger
	})
}

func (f *file) olderThanOwner() bool {
	created, ok := f.Created.Get()
	if !ok {
		return false
	}
	start := f.owner.start()
	return !start.IsZero() && created.Before(start.Add(-recycledKey))
}

// recycledKey is how much older than its owner's first employment an account may be before the match is suspect.
const recycledKey = 90 * 24 * time.Hour

// usedAfter reports whether the account was used later than at, and returns the newest signal that proves it.
func (f *file) usedAfter(at time.Time) (scanners.Signal, bool) {
	var proof scanners.Signal
	found := false
	for _, s := range f.Signals {
		use, known := s.At.Get()
		if known && f.proves(s, at) && (!found || use.After(proof.At.Value)) {
			proof, found = s, true
		}
	}
	return proof, found
}

// proves reports whether s lies later than at, beyond the tolerance and its own error band.
func (f *file) proves(s scanners.Signal, at time.Time) bool {
	return s.At.Value.After(at.Add(f.settings.Thresholds.Tolerance + s.Precision))
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func signal(s scanners.Signal) string {
	if s.Precision > 0 {
		return fmt.Sprintf("%s or up to %s later (%s)", when(s.At.Value), inDays(s.Precision), s.Name)
	}
	return fmt.Sprintf("%s (%s)", when(s.At.Value), s.Name)
}
