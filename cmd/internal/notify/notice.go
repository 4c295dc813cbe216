package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Notice tells one person of accounts that a rule acts on once they were told. Unlike a [Message] it names people and accounts:
// whoever is told has to know which.
type Notice struct {
	Organisation string
	// From is who takes the answer, To who is told.
	From, To string
	Accounts []Account
}

// Account is one account of a notice.
type Account struct {
	// Finding is the id of the finding, for the id of the notice.
	Finding string
	System  string
	Login   string
	// Owner is the person whose account it is, as a name or an id; empty without one.
	Owner string
	// Kind is the finding, Rule and Action what follows, Earliest from when on.
	Kind, Rule, Action string
	Earliest           time.Time
}

// ID is the same for the same accounts and person, so that a mail that is sent again is known as such.
func (n Notice) ID() string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q", n.To)
	for _, a := range n.Accounts {
		fmt.Fprintf(hash, "%q%q%q", a.Finding, a.Rule, a.Owner)
	}
	return "notice." + hex.EncodeToString(hash.Sum(nil)[:16])
}

// Subject names nobody: subjects are shown on locked screens.
func (n Notice) Subject() string {
	what := "1 account is"
	if len(n.Accounts) != 1 {
		what = fmt.Sprintf("%d accounts are", len(n.Accounts))
	}
	return fmt.Sprintf("leaver: %s about to be acted on (%s)", what, plain(n.Organisation))
}

// Text is the notice as plain text.
func (n Notice) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "You are told because you are on record as whoever answers for these accounts at %s.\n", plain(n.Organisation))
	for _, a := range n.Accounts {
		fmt.Fprintf(&b, "\nsystem     %s\naccount    %s\nowner      %s\nfinding    %s\naction     %s, on %s or later, by the rule %q\n", plain(a.System),
			plain(a.Login), plain(cmp.Or(a.Owner, "nobody on record")), a.Kind, a.Action, a.Earliest.UTC().Format("2006-01-02 15:04 UTC"), plain(a.Rule))
	}
	fmt.Fprintf(&b, "\nIf an account is still needed, answer to %s before that day. No answer changes nothing.\n", n.From)
	return b.String()
}

// plain keeps what a source wrote from looking like another line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || slices.Contains([]rune{'\u2028', '\u2029'}, r) {
			return ' '
		}
		return r
	}, s)
}

// Notice sends a notice to its one recipient. Attempts carry the same Message-ID.
func (s *Sender) Notice(ctx context.Context, box Mailbox, n Notice) error {
	box.To = []string{n.To}
	return s.mail(ctx, box, n.ID(), n.Subject(), n.Text())
}
