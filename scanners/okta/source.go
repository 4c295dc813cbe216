package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// source reads the users of an org, or the accounts of one of its applications.
type source struct {
	config Config
	env    scanners.Env
	client *client
}

var (
	_ scanners.Source[scanners.Account] = (*source)(nil)
	_ scanners.Lookup[scanners.Account] = (*source)(nil)
)

func open(config Config, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := config.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	c, err := newClient(config.Org, env)
	if err != nil {
		return nil, err
	}
	return &source{config: config, env: env, client: c}, nil
}

// Scan reads what the configuration asks for of rights and use, and then the users or the accounts of the application.
func (s *source) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	if s.config.Application != "" {
		return s.scanApplication(ctx, emit)
	}
	fail := func(err error) (scanners.Coverage, error) {
		return scanners.Coverage{Query: "GET " + s.usersPlace(), Why: "the scan was broken off"}, err
	}
	rights, err := s.readRights(ctx)
	if err != nil {
		return fail(err)
	}
	s.warnOfOwner(ctx)
	var log *uses
	if s.config.Activity == systemLog {
		if log, err = s.readLog(ctx, "", ""); err != nil {
			return fail(err)
		}
	}
	extra, roles := s.config.extra(), s.config.reads(readRoles)
	c, err := walk(s.client, s.env, s.usersPlace(), s.config.PageSize, func(raw json.RawMessage) (scanners.Account, error) {
		u, err := decodeUser(raw, extra)
		if err != nil {
			return scanners.Account{}, err
		}
		a := s.config.account(&u)
		rights.give(&a, rights.of(a.ID), roles)
		if log != nil {
			log.signal(&a)
		}
		return a, nil
	}).Scan(ctx, emit)
	c.Gaps = append(c.Gaps, rights.gaps...)
	for _, why := range rights.missing {
		c.Worsen(scanners.Partial, why)
	}
	if log != nil && log.unread != "" {
		c.Gaps = append(c.Gaps, log.gap())
	}
	return c, err
}

// usersPlace asks for the users of every status by its name.
func (s *source) usersPlace() string { return usersPlace(s.config.PageSize) }

func usersPlace(limit int) string {
	clauses := make([]string, 0, 8)
	for _, status := range statuses() {
		clauses = append(clauses, fmt.Sprintf("status eq %q", status))
	}
	return "/api/v1/users?" + url.Values{"filter": {strings.Join(clauses, " or ")}, "limit": {fmt.Sprint(limit)}}.Encode()
}

// walk is the scan of a list.
func walk[R scanners.Record](c *client, env scanners.Env, first string, limit int, decode func(json.RawMessage) (R, error)) *api.Walk[R] {
	query, err := url.QueryUnescape(first)
	if err != nil {
		query = first
	}
	return &api.Walk[R]{Env: env, Query: "GET " + query, Skew: c.watch.Skew, Decode: decode,
		Fetch: func(ctx context.Context, place string) (api.Page, error) {
			if place == "" {
				place = first
			}
			p, err := c.list(ctx, place, "", limit)
			return api.Page{Records: p.records, Next: p.next}, err
		}}
}

// scanApplication reads the accounts of the application, each with the user behind it.
func (s *source) scanApplication(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	app, err := s.application(ctx)
	if err != nil {
		return scanners.Coverage{Query: "the application " + s.config.Application, Why: "the application was not found"}, err
	}
	var log *uses
	if s.config.Activity == systemLog {
		if log, err = s.readLog(ctx, "", app.ID); err != nil {
			return scanners.Coverage{Query: "the system log", Why: "the scan was broken off"}, err
		}
	}
	c, err := walk(s.client, s.env, appPlace(app, "", s.config.PageSize), s.config.PageSize, func(raw json.RawMessage) (scanners.Account, error) {
		a, err := s.config.accountIn(app, raw)
		if err == nil && log != nil {
			log.signal(&a)
		}
		return a, err
	}).Scan(ctx, emit)
	if log != nil && log.unread != "" {
		c.Gaps = append(c.Gaps, log.gap())
	}
	return c, err
}

// appPlace is where the accounts of an application are, or the one of a user.
func appPlace(app *application, id string, limit int) string {
	place := "/api/v1/apps/" + url.PathEscape(app.ID) + "/users"
	if id != "" {
		return place + "/" + url.PathEscape(id) + "?expand=user"
	}
	return place + "?expand=user&limit=" + fmt.Sprint(limit)
}

// application finds the application that the configuration names by its id or label.
func (s *source) application(ctx context.Context) (*application, error) {
	apps, err := s.applications(ctx)
	if err != nil {
		return nil, err
	}
	var found *application
	for i, a := range apps {
		switch {
		case a.ID == s.config.Application:
			return &apps[i], nil
		case a.Label != s.config.Application:
		case found != nil:
			return nil, &scanners.ConfigError{Err: fmt.Errorf("application: %q is the label of %s and of %s\nhint: name it by its id", a.Label, found.ID, a.ID)}
		default:
			found = &apps[i]
		}
	}
	if found == nil {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("application: no one of %d has the id or the label %q\nhint: write it as the console does, and let the reading identity see it",
			len(apps), s.config.Application)}
	}
	return found, nil
}

// warnOfOwner says so when an API token can do more than read, which it can when its owner can. An access token is not asked
// about: it carries the scopes that were asked for, and these read.
func (s *source) warnOfOwner(ctx context.Context) {
	if s.config.Token == "" || !s.config.reads(readRoles) {
		return
	}
	raw, ok, err := s.client.one(ctx, "/api/v1/users/me")
	if err != nil || !ok {
		return
	}
	me, err := decodeUser(raw, false)
	if err != nil {
		return
	}
	roles, err := s.roles(ctx, "/api/v1/users/"+url.PathEscape(me.ID)+"/roles")
	if err != nil {
		return
	}
	for _, r := range roles {
		if r.Type != "READ_ONLY_ADMIN" && r.Type != "REPORT_ADMIN" {
			s.env.Log.Warn("the API token can do more than read: its owner is an administrator", "role", r.Label,
				"hint", "let a read-only administrator own it, or use client with scopes")
			return
		}
	}
}
