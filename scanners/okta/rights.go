package okta

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// rights is who holds which groups, applications and administrator roles. A holding takes sixteen bytes: the hash of a user's
// id and the number of the grant. Two users of a million share a hash by chance once in forty million scans.
type rights struct {
	mu     sync.Mutex
	seed   maphash.Seed
	grants []scanners.Grant
	// holdings come in slabs, so that a long list is not copied while it grows.
	holdings [][]holding
	// noRoles says why it is not known who is an administrator; empty when it is.
	noRoles string
	gaps    []scanners.Gap
	// missing says what was not read to its end.
	missing []string
}

type holding struct {
	user  uint64
	grant uint32
}

// group and application are what is read of them, role what an administrator holds.
type group struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

type application struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
	// Embedded holds the account of the user who was asked about.
	Embedded struct {
		User struct {
			Scope string `json:"scope"`
		} `json:"user"`
	} `json:"_embedded"`
}

type role struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Type  string `json:"type"`
	// Given is USER or GROUP.
	Given string `json:"assignmentType"`
}

// grant is a membership. Only what an administrator put together by hand can be taken back member by member.
func (g *group) grant(byRule map[string]bool) scanners.Grant {
	return scanners.Grant{ID: g.ID, Name: g.Profile.Name, Type: "group", Direct: true, Removable: g.Type == "OKTA_GROUP" && !byRule[g.ID]}
}

// grant is an assignment, which a group gives or which was made directly.
func (a *application) grant(scope string) scanners.Grant {
	return scanners.Grant{ID: a.ID, Name: a.Label, Type: "application", Direct: scope == "USER", Removable: scope == "USER"}
}

// own reports whether an application is a part of Okta itself that every user has.
func (a *application) own() bool { return a.Name == "okta_enduser" || a.Name == "okta_browser_plugin" }

func (r *role) grant() scanners.Grant {
	return scanners.Grant{ID: r.ID, Name: r.Label, Type: "role", Direct: r.Given == "USER", Removable: r.Given == "USER"}
}

// hold notes that a user holds a grant. It may be called by several goroutines at the same time.
func (r *rights) hold(id string, grant uint32) {
	user := maphash.String(r.seed, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.holdings) - 1
	switch {
	case last < 0:
		r.holdings, last = append(r.holdings, nil), 0
	case len(r.holdings[last]) == slab:
		r.holdings = append(r.holdings, make([]holding, 0, slab))
		last++
	}
	r.holdings[last] = append(r.holdings[last], holding{user, grant})
}

// slab is how many holdings lie together: four megabytes.
const slab = 1 << 18

// number gives a new grant its number.
func (r *rights) number(g scanners.Grant) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grants = append(r.grants, g)
	return uint32(len(r.grants) - 1)
}

// sort brings the holdings into the order in which they are looked for.
func (r *rights) sort() {
	for _, list := range r.holdings {
		slices.SortFunc(list, func(a, b holding) int { return cmp.Compare(a.user, b.user) })
	}
}

// of are the grants of a user, each once. What was read side by side came in any order: theirs is that of their numbers.
func (r *rights) of(id string) (grants []scanners.Grant) {
	user := maphash.String(r.seed, id)
	var numbers []uint32
	for _, list := range r.holdings {
		at, _ := slices.BinarySearchFunc(list, user, func(h holding, user uint64) int { return cmp.Compare(h.user, user) })
		for ; at < len(list) && list[at].user == user; at++ {
			numbers = append(numbers, list[at].grant)
		}
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		grants = append(grants, r.grants[n])
	}
	return grants
}

// give puts the grants on an account, and says whether they make it privileged.
func (r *rights) give(a *scanners.Account, grants []scanners.Grant, roles bool) {
	a.Grants = grants
	if !roles {
		return
	}
	for _, g := range grants {
		if g.Type == "role" {
			a.Privileged, a.PrivilegedWhy = scanners.Known(true), "administrator role "+g.Name
			return
		}
	}
	if a.Privileged = scanners.Known(false); r.noRoles != "" {
		a.Privileged = scanners.Unknown[bool](r.noRoles)
	}
}

// short notes that grants are missing. Grants have no word for unknown, so the source is partial.
func (r *rights) short(what string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = append(r.missing, what+" were not read: "+firstLine(err))
	r.gaps = append(r.gaps, unreadable(what, "accounts are shown without these grants", err))
}

// unsure notes that it is not known who is an administrator.
func (r *rights) unsure(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noRoles == "" {
		r.noRoles = "administrators cannot be read: " + firstLine(err)
		r.gaps = append(r.gaps, unreadable("administrator roles", "whether an account is privileged is unknown", err))
	}
}

// readRights reads what the configuration asks for, before the users: an account is emitted whole or not at all. It gives up on
// the credentials when they are refused, for they would be refused again and again.
func (s *source) readRights(ctx context.Context) (*rights, error) {
	r := &rights{seed: maphash.MakeSeed()}
	for _, part := range []struct {
		wanted bool
		read   func(context.Context, *rights) error
		failed func(error)
	}{
		{s.config.reads(readGroups) || s.config.reads(readRoles), s.readGroups, func(err error) { s.groupsFailed(r, err) }},
		{s.config.reads(readApps), s.readApps, func(err error) { r.short("applications", err) }},
		{s.config.reads(readRoles), s.readAdmins, r.unsure},
	} {
		if !part.wanted {
			continue
		}
		err := part.read(ctx, r)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case status(err) == http.StatusUnauthorized:
			return nil, err
		case err != nil:
			part.failed(err)
		}
	}
	r.sort()
	slices.Sort(r.missing)
	slices.SortFunc(r.gaps, func(a, b scanners.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Cause, b.Cause)) })
	return r, nil
}

// groupsFailed notes what is missing without the groups: memberships, and the roles that groups give.
func (s *source) groupsFailed(r *rights, err error) {
	if s.config.reads(readGroups) {
		r.short("groups", err)
	}
	if s.config.reads(readRoles) {
		r.unsure(err)
	}
}

// each runs a task for every element, as many at a time as the allocation allows. One that fails by itself costs itself alone, and
// is told at the end; one that fails because of the org or the credentials ends them all.
func each[T any](ctx context.Context, s *source, list []T, task func(context.Context, *T) error) error {
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(s.env.Allocation.Size())
	failed := make([]error, len(list))
	for i := range list {
		all.Go(func() error {
			failed[i] = s.env.Allocation.Do(within, func() error { return task(within, &list[i]) })
			if failed[i] != nil && !alone(failed[i]) {
				return failed[i]
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	failed = slices.DeleteFunc(failed, func(err error) bool { return err == nil })
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d: %w", len(failed), len(list), failed[0])
}

// alone reports whether an error is about what was asked for and nothing else.
func alone(err error) bool {
	wrong := new(api.Defect)
	code := status(err)
	return code == http.StatusForbidden || code == http.StatusNotFound || errors.As(err, &wrong) || errors.Is(err, errLoop)
}

// readGroups reads the groups with their members and the roles that groups give.
func (s *source) readGroups(ctx context.Context, r *rights) error {
	var groups []group
	err := s.client.all(ctx, "/api/v1/groups?limit=1000", "", 1000, func(raw json.RawMessage) error {
		var g group
		err := decodeRecord(raw, &g, &g.ID)
		groups = append(groups, g)
		return err
	})
	if err != nil {
		return err
	}
	byRule, err := s.ruled(ctx)
	if err != nil {
		return err
	}
	numbers := map[string]uint32{}
	for i := range groups {
		if s.config.reads(readGroups) && groups[i].Type != "BUILT_IN" {
			numbers[groups[i].ID] = r.number(groups[i].grant(byRule))
		}
	}
	roles := make([][]uint32, len(groups))
	if s.config.reads(readRoles) {
		if roles, err = s.rolesOfGroups(ctx, r, groups); err != nil {
			r.unsure(err)
		}
	}
	return each(ctx, s, indexes(len(groups)), func(ctx context.Context, i *int) error {
		n, wanted := numbers[groups[*i].ID]
		given := roles[*i]
		if wanted {
			given = append(given, n)
		}
		if len(given) == 0 {
			return nil
		}
		return s.ids(ctx, "/api/v1/groups/"+url.PathEscape(groups[*i].ID)+"/users?limit=1000", "", 1000, func(id string) {
			for _, n := range given {
				r.hold(id, n)
			}
		})
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// rolesOfGroups asks for the roles of every group, and gives their numbers as grants, group by group.
func (s *source) rolesOfGroups(ctx context.Context, r *rights, groups []group) ([][]uint32, error) {
	found := make([][]role, len(groups))
	err := each(ctx, s, indexes(len(groups)), func(ctx context.Context, i *int) (err error) {
		found[*i], err = s.roles(ctx, "/api/v1/groups/"+url.PathEscape(groups[*i].ID)+"/roles")
		return err
	})
	numbers := make([][]uint32, len(groups))
	for i, roles := range found {
		for _, given := range roles {
			given.Given = "GROUP"
			numbers[i] = append(numbers[i], r.number(given.grant()))
		}
	}
	return numbers, err
}

// ruled are the groups whose members a rule puts there: taking one out by hand does not last.
func (s *source) ruled(ctx context.Context) (map[string]bool, error) {
	groups := map[string]bool{}
	err := s.client.all(ctx, "/api/v1/groups/rules?limit=200", "", 200, func(raw json.RawMessage) error {
		var rule struct {
			ID      string `json:"id"`
			Status  string `json:"status"`
			Actions struct {
				Assign struct {
					Groups []string `json:"groupIds"`
				} `json:"assignUserToGroups"`
			} `json:"actions"`
		}
		if err := decodeRecord(raw, &rule, &rule.ID); err != nil {
			return err
		}
		for _, id := range rule.Actions.Assign.Groups {
			groups[id] = groups[id] || rule.Status == "ACTIVE"
		}
		return nil
	})
	return groups, err
}

// ids reads a list for the ids of its records.
func (s *source) ids(ctx context.Context, place, key string, limit int, each func(id string)) error {
	return s.client.all(ctx, place, key, limit, func(raw json.RawMessage) error {
		var record struct {
			ID string `json:"id"`
		}
		if err := decodeRecord(raw, &record, &record.ID); err != nil {
			return fmt.Errorf("GET %s: a record: %w", pathOf(place), err)
		}
		each(record.ID)
		return nil
	})
}

// roles reads a list of roles, which is not paged.
func (s *source) roles(ctx context.Context, place string) (roles []role, err error) {
	err = s.client.all(ctx, place, "", 1<<30, func(raw json.RawMessage) error {
		var r role
		err := decodeRecord(raw, &r, &r.ID)
		roles = append(roles, r)
		return err
	})
	return roles, err
}

// readApps reads the applications with those to whom they are assigned.
func (s *source) readApps(ctx context.Context, r *rights) error {
	apps, err := s.applications(ctx)
	if err != nil {
		return err
	}
	numbers := map[string][2]uint32{}
	for i := range apps {
		numbers[apps[i].ID] = [2]uint32{r.number(apps[i].grant("USER")), r.number(apps[i].grant("GROUP"))}
	}
	return each(ctx, s, apps, func(ctx context.Context, a *application) error {
		return s.client.all(ctx, "/api/v1/apps/"+url.PathEscape(a.ID)+"/users?limit=500", "", 500, func(raw json.RawMessage) error {
			var g assignment
			if err := decodeRecord(raw, &g, &g.ID); err != nil {
				return err
			}
			by := numbers[a.ID][1]
			if g.Scope == "USER" {
				by = numbers[a.ID][0]
			}
			r.hold(g.ID, by)
			return nil
		})
	})
}

// applications lists the applications but for Okta's own parts.
func (s *source) applications(ctx context.Context) (apps []application, err error) {
	err = s.client.all(ctx, "/api/v1/apps?limit=200", "", 200, func(raw json.RawMessage) error {
		var a application
		err := decodeRecord(raw, &a, &a.ID)
		if !a.own() {
			apps = append(apps, a)
		}
		return err
	})
	return apps, err
}

// readAdmins reads the roles of those whom the org lists as administrators, one by one: they are few.
func (s *source) readAdmins(ctx context.Context, r *rights) error {
	var admins []string
	err := s.ids(ctx, "/api/v1/iam/assignees/users?limit=100", "value", 100, func(id string) { admins = append(admins, id) })
	if err != nil {
		return err
	}
	slices.Sort(admins)
	found := make([][]role, len(admins))
	err = each(ctx, s, indexes(len(admins)), func(ctx context.Context, i *int) (err error) {
		found[*i], err = s.roles(ctx, "/api/v1/users/"+url.PathEscape(admins[*i])+"/roles")
		return err
	})
	known := map[scanners.Grant]uint32{}
	for i, g := range r.grants {
		known[g] = uint32(i)
	}
	for i, roles := range found {
		for _, given := range roles {
			n, again := known[given.grant()]
			if !again {
				n = r.number(given.grant())
				known[given.grant()] = n
			}
			r.hold(admins[i], n)
		}
	}
	return err
}
