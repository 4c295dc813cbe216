package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Kind is the connector for leaver.yaml: "kind: scim".
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "scim",
		Summary:      "accounts or people of an application that speaks SCIM 2.0",
		Accounts:     scanners.Typed(openAccounts),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return new(AccountConfig) },
		PeopleConfig: func() any { return new(PeopleConfig) },
		Facts: scanners.Facts{
			Enabled:      "active",
			LastActivity: "what a vendor's extension states, where activity names it",
			Precision:    "as activity says",
			Created:      "meta.created",
			Grants:       "groups (direct or indirect), roles, entitlements",
			Privileged:   "who holds what the configuration names",
			Manager:      "manager of the enterprise extension",
			Completeness: "totalResults",
			Lookup:       "GET /Users/{id}",
			Rights:       "to read users, and groups where memberships come from groups",
		},
	}
}

// source reads one service.
type source[R scanners.Record] struct {
	Reading
	env    scanners.Env
	client *api.Client
	// groups says that memberships are read from the groups, before the users.
	groups bool
	// decode makes a record of a user; members is nil unless groups is set.
	decode func(u *user, members *memberships) (R, error)
}

// accounts is a source that can be asked for one user. People cannot: their id is another than the service's.
type accounts struct{ source[scanners.Account] }

var (
	_ scanners.Source[scanners.Person]  = (*source[scanners.Person])(nil)
	_ scanners.Lookup[scanners.Account] = (*accounts)(nil)
)

func openAccounts(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := c.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	client, err := c.connect(env)
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	return &accounts{source[scanners.Account]{Reading: c.Reading, env: env, client: client, groups: c.Groups == "groups", decode: c.account}}, nil
}

func openPeople(c PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	if err := c.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	client, err := c.connect(env)
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	return &source[scanners.Person]{Reading: c.Reading, env: env, client: client, decode: c.person}, nil
}

// Lookup reads one user.
func (s *accounts) Lookup(ctx context.Context, id string) (a scanners.Account, found scanners.Fact[bool], err error) {
	unknown := func(err error) (scanners.Account, scanners.Fact[bool], error) {
		return scanners.Account{}, scanners.Unknown[bool](err.Error()), api.Explain(err)
	}
	members, err := s.memberships(ctx)
	if err != nil {
		return unknown(err)
	}
	var u *user
	err = s.client.Read(ctx, s.URL+"/Users/"+url.PathEscape(id), func(a *api.Answer) (err error) {
		u, err = readUser(a.Body, s.Activity.Path)
		return err
	})
	if status := new(api.StatusError); errors.As(err, &status) && status.Status == http.StatusNotFound && !strings.HasPrefix(status.Said, "<") {
		return a, scanners.Never[bool](), nil
	}
	if err != nil {
		return unknown(err)
	}
	if a, err = s.decode(u, members); err != nil {
		return unknown(err)
	}
	if a.ID != id {
		return unknown(fmt.Errorf("the service was asked for %q and gave %q", id, a.ID))
	}
	return a, scanners.Known(true), nil
}
