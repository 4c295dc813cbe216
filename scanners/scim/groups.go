package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// memberships are what the groups say of their members. They are held while the users are read.
type memberships struct {
	names map[string]string
	// of holds the groups of each user and of each group, by the member's id.
	of map[string][]string
	// why says that groups are missing; empty when all were read.
	why string
}

// memberships reads the groups, when memberships come from there; else it returns nil.
func (s *source[R]) memberships(ctx context.Context) (*memberships, error) {
	if !s.groups {
		return nil, nil
	}
	m := &memberships{names: map[string]string{}, of: map[string][]string{}}
	l, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	l.address, l.filters, l.lists = s.URL+"/Groups", []string{""}, make([]list, 1)
	var bad []string
	env := s.env
	env.Reject = func(r scanners.Rejection) error {
		bad = append(bad, fmt.Sprintf("%s: %s", r.Place, r.Reason))
		return nil
	}
	// The walk is one over accounts in form only: what matters is its verdict.
	walk := api.Walk[scanners.Account]{Env: env, Fetch: l.fetch, Offsets: !l.cursor,
		Decode: func(raw json.RawMessage) (scanners.Account, error) { return m.add(raw) }}
	c, err := walk.Scan(ctx, func(scanners.Account) error { return nil })
	if status := new(api.StatusError); errors.As(err, &status) && status.Status != http.StatusUnauthorized {
		m.why = "groups were not read to the end: " + err.Error() // the users may be readable all the same
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	l.conclude(&c)
	none := c.Read == 0 && scanners.Is(l.lists[0].total, 0)
	switch {
	case len(bad) > 0:
		m.why = fmt.Sprintf("%d groups could not be used, the first: %s", len(bad), bad[0])
	case !c.Verdict.Complete() && !none:
		m.why = "groups were not read to the end: " + c.Why
	}
	return m, nil
}

// add takes in one group.
func (m *memberships) add(raw json.RawMessage) (scanners.Account, error) {
	var g struct{ ID, DisplayName, Members json.RawMessage }
	if err := json.Unmarshal(raw, &g); err != nil {
		return scanners.Account{}, &api.Defect{Field: "group", Reason: err.Error()}
	}
	id, wrongID := text(g.ID)
	name, wrongName := text(g.DisplayName)
	members, wrongMembers := items(g.Members)
	if err := errors.Join(wrongID, wrongName, wrongMembers); err != nil || id == "" {
		return scanners.Account{}, &api.Defect{ID: id, Field: "group", Reason: fmt.Sprintf("no id, or: %v", err)}
	}
	m.names[id] = name
	for _, member := range members {
		if !slices.Contains(m.of[member.Value], id) {
			m.of[member.Value] = append(m.of[member.Value], id)
		}
	}
	return scanners.Account{ID: id}, nil
}

// grants are the groups of a user, and the groups that these are in.
func (m *memberships) grants(id string) []scanners.Grant {
	var grants []scanners.Grant
	seen := map[string]bool{}
	for level, direct := m.of[id], true; len(level) > 0; direct = false {
		var above []string
		for _, group := range level {
			if seen[group] {
				continue
			}
			seen[group] = true
			grants = append(grants, scanners.Grant{ID: group, Name: m.names[group], Type: "group", Direct: direct, Removable: direct})
			above = append(above, m.of[group]...)
		}
		level = above
	}
	return grants
}

// grantsOf are the groups, roles and entitlements of a user. shown says that the service let them be seen.
func (c *AccountConfig) grantsOf(u *user, id string, members *memberships) (grants []scanners.Grant, shown bool, err error) {
	if members != nil {
		grants, shown = members.grants(id), members.why == ""
	}
	for _, part := range []struct {
		raw  json.RawMessage
		kind string
	}{{u.Groups, "group"}, {u.Roles, "role"}, {u.Entitlements, "role"}} {
		if part.kind == "group" && c.Groups != "users" {
			continue
		}
		all, wrong := items(part.raw)
		if wrong != nil {
			err = fmt.Errorf("%ss cannot be read: %w", part.kind, wrong)
		}
		shown = shown || !absent(part.raw)
		for _, i := range all {
			direct := !strings.EqualFold(i.Type, "indirect") || part.kind != "group"
			grants = append(grants, scanners.Grant{ID: i.Value, Name: i.Display, Type: part.kind, Direct: direct, Removable: direct})
		}
	}
	for i := range grants {
		if grants[i].Name == "" {
			grants[i].Name = grants[i].ID
		}
	}
	return grants, shown, err
}

// privileged judges by what the configuration names.
func (c *AccountConfig) privileged(a *scanners.Account, shown bool, err error) {
	switch {
	case len(c.Privileged) == 0:
		a.Privileged = scanners.Unknown[bool]("privileged names no group or role")
	case err != nil:
		a.Privileged = scanners.Unknown[bool](err.Error())
	case !shown:
		a.Privileged = scanners.Unknown[bool]("the service shows neither groups nor roles of this user")
	default:
		a.Privileged = scanners.Known(false)
	}
	for _, g := range a.Grants {
		if slices.ContainsFunc(c.Privileged, func(p string) bool { return strings.EqualFold(p, g.Name) || p == g.ID }) {
			a.Privileged, a.PrivilegedWhy = scanners.Known(true), g.Type+" "+g.Name
			return
		}
	}
}
