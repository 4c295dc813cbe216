package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/url"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Lookup reads one account again by its id, past every list and index, with the rights and signs of use that a scan would give
// it. It is not there (never) only when Okta itself says so.
func (s *source) Lookup(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	var account scanners.Account
	found := scanners.Unknown[bool]("Okta did not answer")
	err := s.env.Allocation.Do(ctx, func() (err error) {
		if s.config.Application != "" {
			account, found, err = s.lookupInApplication(ctx, id)
		} else {
			account, found, err = s.lookup(ctx, id)
		}
		return err
	})
	if err != nil {
		return scanners.Account{}, scanners.Unknown[bool](firstLine(err)), fmt.Errorf("look up %q: %w", id, err)
	}
	return account, found, nil
}

// one gets a single record; ok is false when Okta says that it does not exist.
func (c *client) one(ctx context.Context, place string) (raw json.RawMessage, ok bool, err error) {
	err = c.get(ctx, place, func(a *answer) error {
		if !json.Valid(a.body) || a.body[0] != '{' {
			return &api.AnswerError{Place: "GET " + pathOf(place), Why: "no record, or a part of one"}
		}
		raw = a.body
		return nil
	})
	if absent(err) {
		return nil, false, nil
	}
	return raw, err == nil, err
}

func (s *source) lookup(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	var none scanners.Account
	raw, ok, err := s.client.one(ctx, "/api/v1/users/"+url.PathEscape(id))
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	if !ok {
		return none, scanners.Never[bool](), nil
	}
	u, err := decodeUser(raw, s.config.extra())
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	if u.ID != id {
		return none, scanners.Fact[bool]{}, fmt.Errorf("Okta answered with the user %q", u.ID)
	}
	a := s.config.account(&u)
	grants, r, err := s.rightsOf(ctx, id)
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	r.give(&a, grants, s.config.reads(readRoles))
	if err := s.addUse(ctx, &a, ""); err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	return a, scanners.Known(true), nil
}

func (s *source) addUse(ctx context.Context, a *scanners.Account, app string) error {
	if s.config.Activity != systemLog {
		return nil
	}
	log, err := s.readLog(ctx, a.ID, app)
	if err == nil {
		log.signal(a)
	}
	return err
}

// rightsOf reads the grants of one user.
func (s *source) rightsOf(ctx context.Context, id string) (grants []scanners.Grant, r *rights, err error) {
	r = &rights{seed: maphash.MakeSeed()}
	if s.config.reads(readGroups) {
		if grants, err = s.groupsOf(ctx, id); err != nil {
			return nil, nil, err
		}
	}
	if s.config.reads(readApps) {
		query := url.Values{"filter": {fmt.Sprintf("user.id eq %q", id)}, "expand": {"user/" + id}, "limit": {"200"}}
		err := s.client.all(ctx, "/api/v1/apps?"+query.Encode(), "", 200, func(raw json.RawMessage) error {
			var a application
			err := decodeRecord(raw, &a, &a.ID)
			if err == nil && !a.own() {
				grants = append(grants, a.grant(a.Embedded.User.Scope))
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if s.config.reads(readRoles) {
		roles, err := s.roles(ctx, "/api/v1/users/"+url.PathEscape(id)+"/roles")
		if err != nil {
			r.unsure(err)
		}
		for i := range roles {
			grants = append(grants, roles[i].grant())
		}
	}
	return grants, r, nil
}

func (s *source) groupsOf(ctx context.Context, id string) (grants []scanners.Grant, err error) {
	byRule, err := s.ruled(ctx)
	if err != nil {
		return nil, err
	}
	err = s.client.all(ctx, "/api/v1/users/"+url.PathEscape(id)+"/groups?limit=200", "", 200, func(raw json.RawMessage) error {
		var g group
		err := decodeRecord(raw, &g, &g.ID)
		if err == nil && g.Type != "BUILT_IN" {
			grants = append(grants, g.grant(byRule))
		}
		return err
	})
	return grants, err
}

func (s *source) lookupInApplication(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	var none scanners.Account
	app, err := s.application(ctx)
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	// The application was seen just now, so that what is not there can only be the account.
	raw, ok, err := s.client.one(ctx, appPlace(app, id, 1))
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	if !ok {
		return none, scanners.Never[bool](), nil
	}
	a, err := s.config.accountIn(app, raw)
	if err == nil && a.ID != id {
		err = fmt.Errorf("Okta answered with the account of %q", a.ID)
	}
	if err == nil {
		err = s.addUse(ctx, &a, app.ID)
	}
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	return a, scanners.Known(true), nil
}

// inside is a defect of the user within a record that has an id of its own.
func inside(err error, id string) error {
	if defect := new(api.Defect); errors.As(err, &defect) {
		return &api.Defect{ID: id, Field: "_embedded.user." + defect.Field, Reason: defect.Reason}
	}
	return err
}
