package scim

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Scan reads every user.
func (s *source[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	l, err := s.begin(ctx)
	if err != nil {
		return scanners.Coverage{Query: s.query(), Why: "the scan was broken off"}, api.Explain(err)
	}
	members, err := s.memberships(ctx)
	if err != nil {
		return scanners.Coverage{Query: s.query(), Why: "the groups could not be read"}, api.Explain(fmt.Errorf("groups: %w", err))
	}
	var inactive, idle int64 // of the users that were emitted
	var last state
	walk := api.Walk[R]{Env: s.env, Query: s.query(), Fetch: l.fetch, Offsets: !l.cursor, Skew: s.client.Watch().Skew,
		Decode: func(raw json.RawMessage) (R, error) {
			u, err := readUser(raw, s.Activity.Path)
			if err != nil {
				var none R
				return none, err
			}
			last = s.state(u)
			return s.decode(u, members)
		}}
	c, err := walk.Scan(ctx, func(r R) error {
		if last.inactive {
			inactive++
			l.noteInactive()
		}
		if last.idle {
			idle++
		}
		return emit(r)
	})
	l.conclude(&c)
	s.gaps(&c, inactive, idle)
	if members != nil && members.why != "" {
		c.Worsen(scanners.Partial, members.why)
		c.Gaps = append(c.Gaps, scanners.Gap{What: "groups", Cause: members.why, Effect: "accounts may have more grants than are shown, and privileged is unknown"})
	}
	return c, api.Explain(err)
}

// state is what of a user the coverage is interested in.
type state struct{ inactive, idle bool }

func (s *source[R]) state(u *user) state {
	active, known, err := truth(u.Active)
	return state{inactive: known && err == nil && !active, idle: len(s.Activity.Path) > 0 && s.activityOf(u).IsUnknown()}
}

// query is the question in words that can be asked again.
func (s *source[R]) query() string {
	q := "GET " + s.URL + "/Users"
	if s.Filter != "" {
		q += " filter " + s.Filter
	}
	if s.Inactive == "query" {
		q += ", and again with filter active eq false"
	}
	return q
}

// gaps says what a reader of the report has to know about the service.
func (s *source[R]) gaps(c *scanners.Coverage, inactive, idle int64) {
	add := func(what string, n int64, cause, effect, hint string) {
		gap := scanners.Gap{What: what, Cause: cause, Effect: effect, Hint: hint}
		if n > 0 {
			gap.Count = scanners.Known(n)
		}
		c.Gaps = append(c.Gaps, gap)
	}
	if c.Read == 0 {
		return
	}
	if inactive == 0 {
		hint := ""
		if s.Inactive == "listed" {
			hint = "where the service holds inactive users, set inactive: query"
		}
		add("inactive users", 0, "the service lists none", "some services never list them: a disabled account then looks like a deleted one", hint)
	}
	if len(s.Activity.Path) == 0 {
		add("last activity", 0, "SCIM has no attribute for it, and activity names no extension", "these accounts are neither dormant nor never used", "")
	} else if idle > 0 {
		add("last activity", idle, "not stated; each account says why", "these accounts are neither dormant nor never used", "")
	}
}
