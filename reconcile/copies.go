package reconcile

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// A synchronised account and its original in another directory are two records of one sign-on: people sign in with it here or
// there, and each system records its own half. So neither is idle while the other is used. Only a use that is on record counts for
// the other one: what one system does not know takes nothing from what the other proves.

// signOn is what is known of the use of an original and its copies. There is one for each original that some account names, which
// is about one for each person.
type signOn struct {
	// of is the system of the copies, "" when there are several: the original is in another one.
	of string
	// end is the optimistic end of the latest use on record, by whom the account of it; the zero time when there is none.
	end time.Time
	by  accountRef
}

// see takes note of the use of one of the accounts.
func (s *signOn) see(a *scanners.Account) {
	end, used := time.Time{}, false
	for _, signal := range a.Signals {
		if at, known := signal.At.Get(); known && (!used || at.Add(signal.Precision).After(end)) {
			end, used = at.Add(signal.Precision), true
		}
	}
	by := accountRef{a.System, a.ID}
	if used && (end.After(s.end) || end.Equal(s.end) && by.before(s.by)) {
		s.end, s.by = end, by
	}
}

// before orders accounts, so that of two uses at one instant always the same is named.
func (r accountRef) before(other accountRef) bool {
	return r.system < other.system || r.system == other.system && r.key < other.key
}

// surveyCopy takes note of an account that names its original.
func (e *Engine) surveyCopy(a *scanners.Account) {
	if a.AuthorityID == "" {
		return
	}
	key := Fold(a.AuthorityID)
	s := e.signOns[key]
	switch {
	case s == nil:
		s = &signOn{of: a.System}
		e.signOns[key] = s
	case s.of != a.System:
		s.of = ""
	}
	s.see(a)
}

// resolveOriginal takes note of an account that others name as their original.
func (e *Engine) resolveOriginal(a *scanners.Account) {
	if len(e.signOns) == 0 {
		return
	}
	if s := e.signOns[Fold(a.ID)]; s != nil && s.of != a.System {
		s.see(a)
	}
}

// idleSince is since when an account was provably not used, by itself or by its original or copy; elsewhere is the other one when
// its use is the later.
func (e *Engine) idleSince(a *scanners.Account) (idle scanners.Fact[time.Time], elsewhere *signOn) {
	idle = a.Idle()
	if len(e.signOns) == 0 || idle.IsUnknown() {
		return idle, nil
	}
	s := e.signOns[Fold(a.AuthorityID)]
	if a.AuthorityID == "" {
		if s = e.signOns[Fold(a.ID)]; s != nil && s.of == a.System {
			s = nil
		}
	}
	if s == nil || s.end.IsZero() || idle.IsKnown() && !s.end.After(idle.Value) {
		return idle, nil
	}
	if created, known := a.Created.Get(); idle.IsNever() && known && s.end.Before(created) {
		return idle, nil // before there was this account
	}
	return scanners.Known(s.end), s
}

// words says where the later use is on record.
func (s *signOn) words() string {
	return fmt.Sprintf("used through %s of %s, which is the same sign-on, not later than %s", s.by.key, s.by.system, when(s.end))
}
