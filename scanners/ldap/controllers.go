package ldap

import (
	"context"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// controllers asks every domain controller for lastLogon, which is exact but not replicated. It asks for the accounts of one
// page at a time, so that its memory does not grow with the directory.
type controllers struct {
	source   *source
	dir      *directory
	sessions map[string]*session
	failed   map[string]string
}

// perQuestion is how many accounts one search asks for.
const perQuestion = 100

func newControllers(s *source, d *directory) *controllers {
	return &controllers{source: s, dir: d, sessions: map[string]*session{}, failed: map[string]string{}}
}

func (k *controllers) close() {
	for _, c := range k.sessions {
		c.close()
	}
}

func (k *controllers) gaps() []scanners.Gap {
	var out []scanners.Gap
	for _, srv := range k.source.controllers {
		if cause := k.failed[srv.text]; cause != "" {
			out = append(out, scanners.Gap{What: "lastLogon of " + srv.text, Cause: cause,
				Effect: "last activity is unknown, because the latest sign-in may be recorded there",
				Hint:   "make every domain controller reachable, or leave domain_controllers out and live with 14 days"})
		}
	}
	return out
}

// ask replaces the lastLogon of the drafts by the newest of all controllers. One that does not answer, or does not show an
// account, makes it unknown: the latest sign-in may be there.
func (k *controllers) ask(ctx context.Context, drafts []draft) error {
	if len(k.source.controllers) == 0 || !k.dir.family.windows() {
		return nil
	}
	newest, shown := map[string]scanners.Fact[time.Time]{}, map[string]int{}
	for _, srv := range k.source.controllers {
		if err := k.askOne(ctx, srv, drafts, newest, shown); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			k.failed[srv.text] = firstLine(err)
		}
	}
	for i := range drafts {
		k.apply(&drafts[i].account, newest[drafts[i].account.ID], shown[drafts[i].account.ID])
	}
	return nil
}

func (k *controllers) askOne(ctx context.Context, srv server, drafts []draft, newest map[string]scanners.Fact[time.Time], shown map[string]int) error {
	if k.failed[srv.text] != "" {
		return fmt.Errorf("%s", k.failed[srv.text])
	}
	c := k.sessions[srv.text]
	if c == nil {
		var err error
		if c, err = k.source.open(ctx, []server{srv}); err != nil {
			return err
		}
		k.sessions[srv.text] = c
	}
	for from := 0; from < len(drafts); from += perQuestion {
		part := drafts[from:min(from+perQuestion, len(drafts))]
		q := query{base: k.dir.context(part[0].account.DN), scope: goldap.ScopeWholeSubtree, filter: anyOf(part), attributes: []string{"objectGUID", "lastLogon"}}
		_, err := c.list(ctx, q, func(e *entry) error {
			id, ok := guidText(e.one("objectguid"))
			at, set, err := filetime(e.one("lastlogon"))
			if !ok || err != nil {
				return nil
			}
			shown[id]++
			if old := newest[id]; set && (!old.IsKnown() || at.After(old.Value)) {
				newest[id] = scanners.Known(at)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func anyOf(drafts []draft) string {
	var b strings.Builder
	b.WriteString("(|")
	for _, d := range drafts {
		guid, _ := guidBytes(d.account.ID)
		b.WriteString("(objectGUID=" + escapeBytes(guid) + ")")
	}
	return b.String() + ")"
}

// apply sets the signal. When every controller of a Windows domain answered, lastLogonTimestamp is not late any more: the
// sign-in that it has not yet taken up stands in lastLogon. Samba does not keep lastLogon for every way of signing in.
func (k *controllers) apply(a *scanners.Account, newest scanners.Fact[time.Time], shown int) {
	exact := shown >= len(k.source.controllers)
	signal := scanners.Signal{Name: "lastLogon", At: newest}
	switch {
	case !exact:
		signal.At = scanners.Unknown[time.Time](fmt.Sprintf("%d of %d domain controllers told it", shown, len(k.source.controllers)))
	case !newest.IsKnown():
		signal.At = scanners.Never[time.Time]()
	}
	kept := a.Signals[:0]
	for _, s := range a.Signals {
		if s.Name == "lastLogonTimestamp" && exact && k.dir.family == activeDirectory {
			s.Precision = 0
		}
		if s.Name != "lastLogon" {
			kept = append(kept, s)
		}
	}
	a.Signals = append(kept, signal)
}
