package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Kept is somebody's decision that an account may stay as it is for a while, although a finding says otherwise. It is about
// one finding, which means one immutable account id and one family of kinds, and about the facts that were on the table: it
// dies with them.
type Kept struct {
	// Finding is the id of the finding, System and Account (the immutable id) name its account.
	Finding string `json:"finding"`
	System  string `json:"source"`
	Account string `json:"account"`
	// Facts is the [FactsDigest] of the verdict that was looked at, Run the run that made it.
	Facts string `json:"facts"`
	Run   string `json:"run"`
	// At is when it was decided, Until when it ends. By decided, Second agreed; Second may be empty.
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	By     string    `json:"by"`
	Second string    `json:"second,omitempty"`
	Reason string    `json:"reason"`
}

// FactsDigest is the SHA-256, in hexadecimal, of what a person who decides on v looks at: the kind, the owner and where they
// stand, whether the account is enabled, what it may do, and what makes the match doubtful. What changes from day to day
// although nothing has happened, such as days late and the last use, is not among it; a use after the end is, by its kind.
func FactsDigest(v *reconcile.Verdict) string {
	const telling = reconcile.Privileged | reconcile.Regressed | reconcile.PossibleRehire | reconcile.SuspectMatch |
		reconcile.HRConflict | reconcile.Inferred | reconcile.EnabledUnknown | reconcile.DuplicateAccount
	facts := struct {
		Kind, AccountKind, Owner, State, End, Enabled string
		Flags                                         []string
	}{Kind: string(v.Kind), AccountKind: string(v.Account.Kind), Owner: owner(v), End: v.End.At.UTC().Format(time.RFC3339),
		Enabled: "unknown", Flags: (v.Flags & telling).List()}
	if on, known := v.Account.Enabled.Get(); known {
		facts.Enabled = strconv.FormatBool(on)
	}
	if v.Person != nil {
		facts.State = string(v.Person.State)
		if v.Person.Former != "" {
			facts.Owner = v.Person.System + "/" + v.Person.Former // HR may change the zeros of an id, not whom was decided about
		}
	}
	text, err := json.Marshal(facts)
	if err != nil {
		return "" // strings cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Over says why a keep is at its end; empty while it holds. An account that was not seen, or of which nothing can be said,
// ends nothing but by its date.
func (k *Kept) Over(now time.Time, sight Sight) string {
	v := sight.Verdict
	switch {
	case !now.Before(k.Until):
		return "its date has passed"
	case v == nil || v.ID() != k.Finding && (!sight.Complete || v.Kind == reconcile.Disputed):
		return ""
	case v.ID() != k.Finding:
		return "its finding does not hold any more"
	case FactsDigest(v) != k.Facts:
		return "the facts have changed"
	default:
		return ""
	}
}
