package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Scan reads the users, then the soft-deleted ones, then the service principals.
func (s *source) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	around, err := s.survey(ctx, false)
	if err != nil {
		return scanners.Coverage{Query: s.query(), Why: "nothing was read: " + firstLine(err)}, err
	}
	d := &decoder{around, places()}
	walk := &api.Walk[scanners.Account]{Env: s.env, Query: s.query(), Fetch: s.pages(around), Decode: d.user, Skew: s.graph.watch.Skew}
	c, err := walk.Scan(ctx, emit)
	if err == nil {
		err = s.readDeleted(ctx, d, walk, &c, emit)
	}
	if err == nil && s.config.ServicePrincipals != "none" {
		err = s.readPrincipals(ctx, d, &c, emit)
	}
	c.Gaps = append(c.Gaps, around.gaps...)
	if around.sponsorsUnread != "" { // so that nothing becomes due for a guest whose sponsor was not seen
		c.Worsen(scanners.Partial, "the sponsors of guests were not read: "+around.sponsorsUnread)
	}
	return c, err
}

// query words the question, so that somebody else can ask it.
func (s *source) query() string {
	q := "GET " + s.graph.settings.graph + "/v1.0/users, /directory/deletedItems/graph.user"
	if s.config.ServicePrincipals != "none" {
		q += ", /servicePrincipals (" + s.config.ServicePrincipals + ")"
	}
	return q
}

// pageSize is how many users are asked for at a time: what the service gives at most, unless the configuration says less.
func pageSize(configured int, activity bool) int {
	most := 999
	if activity {
		most = 500
	}
	if configured > 0 {
		return min(configured, most)
	}
	return most
}

// pages gets the pages of users. When the first one is refused because of the sign-ins in it, it is asked for without them, and
// none of the others has any.
func (s *source) pages(around *surroundings) func(context.Context, string) (api.Page, error) {
	return func(ctx context.Context, place string) (api.Page, error) {
		var first api.Page
		if place == "" {
			first = s.graph.claim(ctx, users)
		}
		page, err := s.usersPage(ctx, around, place)
		if status, _ := refused(err); status == 403 && place == "" && around.activity.asked {
			around.activity = activity{why: "the tenant refuses users with their sign-ins: " + firstLine(err)}
			around.gap("last activity", around.activity.why, "no account of this source is called dormant or never used",
				"sign-in data needs AuditLog.Read.All and Entra ID P1")
			page, err = s.usersPage(ctx, around, place)
		}
		if err != nil {
			return api.Page{}, err
		}
		page.Claimed, page.ClaimedBy = first.Claimed, first.ClaimedBy
		if place != "" && page.Next == "" {
			last := s.graph.claim(ctx, users)
			page.Claimed, page.ClaimedBy = last.Claimed, last.ClaimedBy
		}
		return page, ctx.Err()
	}
}

func (s *source) usersPage(ctx context.Context, around *surroundings, place string) (api.Page, error) {
	asked := around.activity.asked
	return s.graph.page(ctx, question{what: users, fields: userFields(asked, around.leaving), expand: "manager($select=id)",
		top: pageSize(s.config.PageSize, asked), next: place})
}

// page gets one page of a collection.
func (g *client) page(ctx context.Context, q question) (api.Page, error) {
	e, err := g.ask(ctx, q)
	return api.Page{Records: e.records, Next: e.next}, err
}

// claim asks how many resources a collection holds. It is an answer of the index, which is behind by minutes; and where it does
// not come, nothing is claimed.
func (g *client) claim(ctx context.Context, w what) api.Page {
	e, err := g.ask(ctx, question{what: w, fields: named(fID), top: 1, count: true})
	if err != nil || !e.counted {
		return api.Page{}
	}
	return api.Page{Claimed: scanners.Known(e.count), ClaimedBy: "$count of " + w.String()}
}

// readDeleted emits the soft-deleted users, so that what is gone can be told from what was missed. A user who came among the
// others was deleted or restored meanwhile, and stays what it was.
func (s *source) readDeleted(ctx context.Context, d *decoder, met *api.Walk[scanners.Account], c *scanners.Coverage, emit func(scanners.Account) error) error {
	var stopped error
	n := 0
	q := question{what: deletedUsers, fields: append(userFields(false, false), names[fDeleted]), top: 999}
	err := s.graph.each(ctx, q, func(raw json.RawMessage) error {
		n++
		a, err := d.deleted(raw)
		var defect *api.Defect
		switch {
		case errors.As(err, &defect):
			stopped = s.reject(c, fmt.Sprintf("deleted user %d", n), defect, raw)
		case err != nil:
			stopped = err
		case met.Met(a.ID):
		default:
			c.Read++
			stopped = emit(a)
		}
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	if err != nil {
		d.gap("soft-deleted users", firstLine(err), "a user that is gone cannot be told from one that was never there", "")
	}
	return fatal(ctx, err)
}

func (s *source) reject(c *scanners.Coverage, place string, d *api.Defect, raw json.RawMessage) error {
	c.Read++
	c.Rejected++
	if d.ID == "" {
		c.RejectedUnkeyed++
		c.Worsen(scanners.Partial, place+" has no readable id")
	}
	return s.env.Reject(scanners.Rejection{Place: place, ID: d.ID, Keys: d.Keys, Field: d.Field, Reason: d.Reason, Raw: string(raw)})
}

// readPrincipals emits the service principals.
func (s *source) readPrincipals(ctx context.Context, d *decoder, c *scanners.Coverage, emit func(scanners.Account) error) error {
	foreign, dropped := false, int64(0)
	walk := &api.Walk[scanners.Account]{Env: s.env, Skew: s.graph.watch.Skew,
		Fetch: func(ctx context.Context, place string) (api.Page, error) {
			var claim api.Page
			if place == "" {
				claim = s.graph.claim(ctx, servicePrincipals)
			}
			page, err := s.graph.page(ctx, question{what: servicePrincipals, fields: principalFields(), expand: "owners($select=id)", top: 999, next: place})
			page.Claimed, page.ClaimedBy = claim.Claimed, claim.ClaimedBy
			return page, err
		},
		Decode: func(raw json.RawMessage) (a scanners.Account, err error) {
			a, foreign, err = d.principal(raw)
			return a, err
		}}
	more, err := walk.Scan(ctx, func(a scanners.Account) error {
		if foreign && s.config.ServicePrincipals == "own" {
			dropped++
			return nil
		}
		return emit(a)
	})
	none := more.Read == 0
	if more.Read -= dropped; more.Claimed.IsKnown() {
		more.Claimed.Value -= dropped
	}
	if dropped > 0 {
		d.gaps = append(d.gaps, scanners.Gap{What: "Microsoft's own service principals", Count: scanners.Known(dropped),
			Cause: "service_principals: own", Effect: "they are not judged: nobody in the tenant answers for them"})
	}
	if status, _ := refused(err); status == 403 {
		d.gap("service principals", firstLine(err), "accounts are missing", "grant the application Application.Read.All, or set service_principals: none")
		err = nil
	} else if err == nil && none {
		more.Verdict, more.Why = scanners.Partial, "there is none, not even that of the reader"
	}
	join(c, more)
	return err
}

// join adds what another part of the source gave.
func join(c *scanners.Coverage, more scanners.Coverage) {
	c.Read, c.Rejected, c.RejectedUnkeyed, c.Pages = c.Read+more.Read, c.Rejected+more.Rejected, c.RejectedUnkeyed+more.RejectedUnkeyed, c.Pages+more.Pages
	if c.Claimed.IsKnown() && more.Claimed.IsKnown() {
		c.Claimed.Value += more.Claimed.Value
		c.ClaimedBy += " and of service principals"
	}
	c.Gaps = append(c.Gaps, more.Gaps...)
	if verdict := max(more.Verdict, scanners.Partial); verdict < c.Verdict {
		c.Worsen(verdict, "service principals: "+more.Why)
	}
}
