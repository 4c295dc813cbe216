package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// file is everything that is known about an account when it is judged. What it takes time to find out is found out when a test
// asks for it: most tests of most accounts end before.
type file struct {
	*scanners.Account
	engine   *Engine
	settings *Settings
	enabled  bool
	match    match
	room     [2]named // of the match
	party    *party   // of owner or sponsor
	// owner is the person that the account's own keys name, sponsor whoever answers for it; at most one of them is set, and
	// neither when the account is disputed or nobody is found.
	owner   *party
	sponsor *party
	// candidates are the people of a disputed match.
	candidates []Candidate
	// unresolved lists the references of a non-personal account that lead to nobody.
	unresolved []string
	// missed lists the primary accounts that login rules lead to and that lead to nobody.
	missed []string
	// unused is what idle has found out, once idleAsked is true; elsewhere is the sign-on that the account shares with another one,
	// when it is by the use of that one.
	unused    scanners.Fact[time.Time]
	idleAsked bool
	elsewhere *signOn
}

// idle is since when the account was provably not used.
func (f *file) idle() scanners.Fact[time.Time] {
	if !f.idleAsked {
		f.unused, f.elsewhere = f.engine.idleSince(f.Account)
		f.idleAsked = true
	}
	return f.unused
}

// take makes person i of a match the account's party.
func (f *file) take(i int32, apart bool) *party {
	if f.party == nil {
		f.party = new(party)
	}
	f.party.be(f.engine.roster, i, apart)
	return f.party
}

// responsible is the owner or else the sponsor; nil when there is neither.
func (f *file) responsible() *party {
	if f.owner != nil {
		return f.owner
	}
	return f.sponsor
}

// noTest is the place of the first test that holds where none does.
const noTest = -1

// firstTest is the place of the first test that holds.
func (f *file) firstTest() int {
	for i := range tests {
		if tests[i].holds(f) {
			return i
		}
	}
	return noTest
}
