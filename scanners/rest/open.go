package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Kind is the connector for leaver.yaml: "kind: rest".
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "rest",
		Summary:      "accounts or people of an API that answers in JSON, described by expressions or by a preset",
		Accounts:     scanners.Typed(openAccounts),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return new(AccountConfig) },
		PeopleConfig: func() any { return new(PeopleConfig) },
		Facts: scanners.Facts{
			Enabled:      "as mapped",
			LastActivity: "as mapped, several signs of use",
			Precision:    "as activity says; a day for a date",
			Created:      "as mapped",
			Grants:       "as mapped",
			Licences:     "as mapped",
			Privileged:   "as mapped",
			Manager:      "as mapped; sponsor and owner too",
			Completeness: "the API's own count, where total names it",
			Lookup:       "the address that lookup names; else the lists again",
			Rights:       "to read every user; see the preset",
		},
	}
}

// source reads one API.
type source[R scanners.Record] struct {
	*Reading
	env    scanners.Env
	client *api.Client
	lists  []string // addresses
	names  []string // of the lists
	pages  pageExprs
	// decode makes a record of one value of a list.
	decode func(s scope, raw json.RawMessage) (R, error)
	idOf   func(R) string
}

// pageExprs are the expressions over a page.
type pageExprs struct{ next, total, ok, wrong, retry, empty, tooWide, absent expr }

var (
	_ scanners.Lookup[scanners.Account] = (*source[scanners.Account])(nil)
	_ scanners.Lookup[scanners.Person]  = (*source[scanners.Person])(nil)
)

func openAccounts(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := c.applyPreset(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	var m *accountMapping
	s, err := open[scanners.Account](&c.Reading, env, func() (err error) {
		m, err = newAccountMapping(&c, env)
		return err
	})
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	s.decode, s.idOf = m.account, func(a scanners.Account) string { return a.ID }
	return s, nil
}

func openPeople(c PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	if c.Preset != "" {
		return nil, &scanners.ConfigError{Err: errors.New("preset: presets describe accounts; a source of people states its own fields")}
	}
	var m *personMapping
	s, err := open[scanners.Person](&c.Reading, env, func() (err error) {
		m, err = newPersonMapping(&c, env)
		return err
	})
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	s.decode, s.idOf = m.person, func(p scanners.Person) string { return p.ID }
	return s, nil
}

// open checks the configuration and opens the client. fields compiles what differs between accounts and people.
func open[R scanners.Record](c *Reading, env scanners.Env, fields func() error) (*source[R], error) {
	wrong := fields()
	if err := errors.Join(wrong, c.check()); err != nil {
		return nil, err
	}
	s := &source[R]{Reading: c, env: env}
	var err error
	if s.pages, err = c.compilePages(); err != nil {
		return nil, err
	}
	for _, l := range c.Lists {
		path, query := l.Path, maps.Clone(c.Query)
		if path == "" {
			path = c.Path
		}
		if query == nil {
			query = map[string]string{}
		}
		maps.Copy(query, l.Query)
		s.lists, s.names = append(s.lists, c.address(path, query)), append(s.names, l.Name)
	}
	if len(c.Lists) == 0 {
		s.lists, s.names = []string{c.address(c.Path, c.Query)}, []string{""}
	}
	s.client, err = c.connect(env)
	return s, err
}

func (c *Reading) compilePages() (p pageExprs, err error) {
	var errs []error
	for _, part := range []struct {
		key, text string
		into      *expr
	}{{"paging.next", c.Paging.Next, &p.next}, {"total", c.Total, &p.total}, {"ok", c.OK, &p.ok}, {"error", c.Error, &p.wrong},
		{"retry", c.Retry, &p.retry}, {"empty_page", c.Empty, &p.empty}, {"too_wide", c.TooWide, &p.tooWide},
		{"lookup.absent", c.Lookup.Absent, &p.absent}} {
		if *part.into, err = compile(part.key, part.text); err != nil {
			errs = append(errs, err)
		}
	}
	return p, errors.Join(errs...)
}

var (
	braces  = regexp.MustCompile(`\{[^{}]*\}`)
	varName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	// varValue are values that mean the same in every part of an address.
	varValue = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// check fills in the defaults and refuses what cannot work.
func (c *Reading) check() error {
	errs := []error{c.expand(), c.checkPaging(), c.checkTimes(), c.Auth.check()}
	if c.URL == "" {
		errs = append(errs, errors.New("url is missing\nhint: url: https://api.example"))
	} else if _, err := api.Host(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	for _, path := range append([]string{c.Path, c.Lookup.Path}, pathsOf(c.Lists)...) {
		if path != "" && path[0] != '/' || strings.ContainsAny(path, "?#") {
			errs = append(errs, fmt.Errorf("path: %q has to begin with a slash and to have no query\nhint: parameters stand under query", path))
		}
	}
	if c.Lookup.Path != "" && !strings.Contains(c.Lookup.Path, "{id}") && !slices.ContainsFunc(slices.Collect(maps.Values(c.Lookup.Query)), func(v string) bool { return strings.Contains(v, "{id}") }) {
		errs = append(errs, errors.New("lookup: neither path nor query holds {id}"))
	}
	for name := range c.Headers {
		if http.CanonicalHeaderKey(name) == "Authorization" || scanners.Overrides(http.Header{http.CanonicalHeaderKey(name): {"x"}}) {
			errs = append(errs, fmt.Errorf("headers: %s cannot be set\nhint: credentials belong under auth", name))
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls: cert and key go together"))
	}
	return errors.Join(errs...)
}

func pathsOf(lists []Listing) []string {
	var paths []string
	for _, l := range lists {
		paths = append(paths, l.Path)
	}
	return paths
}

// expand puts the values of vars in place of words in braces. {id} is left for look-ups.
func (c *Reading) expand() error {
	var errs []error
	for name, value := range c.Vars {
		if !varName.MatchString(name) || name == "id" || !varValue.MatchString(value) {
			errs = append(errs, fmt.Errorf("vars: %s: %q is no plain word", name, value))
		}
	}
	replace := func(s *string) {
		*s = braces.ReplaceAllStringFunc(*s, func(word string) string {
			value, ok := c.Vars[strings.Trim(word, "{}")]
			switch {
			case ok:
				return value
			case word != "{id}":
				errs = append(errs, fmt.Errorf("vars: %s is needed in %q", strings.Trim(word, "{}"), *s))
			}
			return word
		})
	}
	for _, s := range []*string{&c.URL, &c.Path, &c.Lookup.Path, &c.Auth.TokenURL} {
		replace(s)
	}
	queries := []map[string]string{c.Query, c.Lookup.Query}
	for i := range c.Lists {
		replace(&c.Lists[i].Path)
		queries = append(queries, c.Lists[i].Query)
	}
	for _, query := range queries {
		for name, value := range query {
			replace(&value)
			query[name] = value
		}
	}
	return errors.Join(errs...)
}

func (c *Reading) checkPaging() error {
	p := &c.Paging
	if p.Size == 0 {
		p.Size = 100
	}
	if p.Advance == "" {
		p.Advance = "records"
	}
	if p.First == nil {
		first := map[string]int{"page": 1}[p.Style]
		p.First = &first
	}
	counted := p.Style == "offset" || p.Style == "page"
	switch {
	case p.Style == "":
		return errors.New("paging: style is missing\nhint: one of link, next, cursor, offset, page; none when the API gives everything in one answer")
	case !slices.Contains([]string{"link", "next", "cursor", "offset", "page", "none"}, p.Style):
		return fmt.Errorf("paging.style: %q is none of link, next, cursor, offset, page, none", p.Style)
	case (p.Style == "next" || p.Style == "cursor") && p.Next == "":
		return fmt.Errorf("paging: style %s needs next\nhint: next: .meta.next", p.Style)
	case (p.Style == "cursor" || counted) && p.Param == "":
		return fmt.Errorf("paging: style %s needs param", p.Style)
	case p.Advance != "records" && p.Advance != "size":
		return fmt.Errorf("paging.advance: %q is none of records, size", p.Advance)
	case p.Size < 1 || p.Size > 100_000:
		return fmt.Errorf("paging.size: %d is not between 1 and 100000", p.Size)
	case p.Style == "offset" && p.Advance == "size" && p.SizeParam == "":
		return errors.New("paging: advance: size needs size_param")
	}
	return nil
}

func (a Auth) check() error {
	var ways []string
	for _, way := range []struct {
		name string
		set  bool
	}{{"token", a.Token != ""}, {"user", a.User != "" || a.Password != ""}, {"header", a.Header != "" || a.Secret != ""},
		{"credential", a.Credential != ""}, {"token_url", a.ClientID != "" || a.ClientSecret != ""}} {
		if way.set {
			ways = append(ways, way.name)
		}
	}
	switch {
	case len(ways) == 0:
		return errors.New("auth is missing\nhint: auth: {token: \"env:API_TOKEN\"}")
	case len(ways) > 1:
		return fmt.Errorf("auth: %s exclude each other", strings.Join(ways, " and "))
	case ways[0] == "user" && (a.User == "" || a.Password == ""):
		return errors.New("auth: user and password go together")
	case ways[0] == "header" && (a.Header == "" || a.Secret == ""):
		return errors.New("auth: header and secret go together")
	case ways[0] == "token_url" && (a.TokenURL == "" || a.ClientID == "" || a.ClientSecret == ""):
		return errors.New("auth: token_url, client_id and client_secret go together")
	case a.TokenURL != "":
		if _, err := api.Host(a.TokenURL); err != nil {
			return fmt.Errorf("auth.token_url: %w", err)
		}
	}
	return nil
}

// address is a path of the API with parameters.
func (c *Reading) address(path string, query map[string]string) string {
	q := url.Values{}
	for name, value := range query {
		if value != "" {
			q.Set(name, value)
		}
	}
	if c.Paging.SizeParam != "" {
		q.Set(c.Paging.SizeParam, fmt.Sprint(c.Paging.Size))
	}
	return withQuery(c.URL+path, q)
}

func withQuery(address string, q url.Values) string {
	if len(q) == 0 {
		return address
	}
	return address + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// connect opens the client. Secrets are resolved here.
func (c *Reading) connect(env scanners.Env) (*api.Client, error) {
	host, err := api.Host(c.URL)
	if err != nil {
		return nil, err
	}
	reach := scanners.Reach{Hosts: []string{host}, CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key, Proxy: c.Proxy}
	auth, err := c.Auth.open(env, reach)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	header := http.Header{}
	for name, value := range c.Headers {
		header.Set(name, value)
	}
	return api.NewClient(env, reach, auth, header)
}

func (a Auth) open(env scanners.Env, reach scanners.Reach) (api.Auth, error) {
	ref := a.Token + a.Password + a.Secret + a.ClientSecret + a.Credential // one of them
	secret, err := env.Secret(ref)
	switch {
	case err != nil:
		return nil, err
	case a.Token != "":
		return api.Header("Authorization", "Bearer ", secret), nil
	case a.User != "":
		return api.Basic(a.User, secret), nil
	case a.Header != "":
		return api.Header(a.Header, a.Prefix, secret), nil
	case a.Credential != "":
		return a.serviceAccount(env, secret, reach)
	}
	return api.ClientCredentials(env, api.Grant{TokenURL: a.TokenURL, ID: a.ClientID, Secret: secret, Scopes: a.Scopes, InBody: a.InBody}, reach)
}

// serviceAccount signs requests for access tokens with the key of a Google service account. Where they go is not for the key's
// file to say.
func (a Auth) serviceAccount(env scanners.Env, credential scanners.Secret, reach scanners.Reach) (api.Auth, error) {
	var key struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
		ID    string `json:"private_key_id"`
	}
	if err := json.Unmarshal([]byte(credential.Reveal()), &key); err != nil || key.Email == "" || key.Key == "" {
		return nil, errors.New("credential holds no key of a service account\nhint: it is the JSON file that Google's console hands out")
	}
	address := a.TokenURL
	if address == "" {
		address = "https://oauth2.googleapis.com/token"
	}
	transport, err := api.TokenTransport(env, address, reach)
	if err != nil {
		return nil, err
	}
	config := jwt.Config{Email: key.Email, PrivateKey: []byte(key.Key), PrivateKeyID: key.ID, Subject: a.Subject, Scopes: a.Scopes, TokenURL: address}
	return api.Tokens(transport, func(ctx context.Context) (*oauth2.Token, error) { return config.TokenSource(ctx).Token() }), nil
}
