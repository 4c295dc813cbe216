package scim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Reading is the part of the configuration that accounts and people share.
type Reading struct {
	URL          string `yaml:"url" doc:"Base of the SCIM service, without /Users: https://app.example/scim/v2."`
	Auth         Auth   `yaml:"auth" doc:"Who reads: token alone, user with password, or token_url with client_id and client_secret."`
	TLS          TLS    `yaml:"tls" doc:"How the connection is secured."`
	Proxy        string `yaml:"proxy" doc:"URL of the proxy on the way; default is none."`
	PageSize     int    `yaml:"page_size" doc:"Users to ask for per page, default 100. The server may give fewer."`
	Paging       string `yaml:"paging" doc:"index or cursor; default is cursor where the server's ServiceProviderConfig offers it, else index."`
	Filter       string `yaml:"filter" doc:"SCIM filter of the users, such as userType eq \"Employee\"; default is every user."`
	Inactive     string `yaml:"inactive" doc:"listed (default) when the server lists inactive users among the others, query when it has to be asked for them with the filter active eq false."`
	TotalResults string `yaml:"total_results" doc:"trusted (default), or ignored when the server's totalResults is known to be wrong: then the source can be consistent, never proved."`
	Activity     Path   `yaml:"activity" doc:"Where a vendor's extension states the last use; SCIM itself does not."`
}

// Auth says as whom the service is read.
type Auth struct {
	Token        string   `yaml:"token" doc:"Reference to a bearer token: env:NAME, file:/path or systemd:NAME."`
	User         string   `yaml:"user" doc:"Name, for HTTP Basic."`
	Password     string   `yaml:"password" doc:"Reference to the password, for HTTP Basic."`
	TokenURL     string   `yaml:"token_url" doc:"Address that hands out access tokens, for OAuth client credentials."`
	ClientID     string   `yaml:"client_id" doc:"Id of the client, for OAuth client credentials."`
	ClientSecret string   `yaml:"client_secret" doc:"Reference to its secret."`
	Scopes       []string `yaml:"scopes" doc:"Scopes to ask for; those that only read are enough."`
	InBody       bool     `yaml:"in_body" doc:"Send id and secret of the client as fields of the form, for token addresses that do not take them as HTTP Basic."`
}

// TLS says how the connection is secured. There is no way to switch verification off.
type TLS struct {
	CA   string `yaml:"ca" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert string `yaml:"cert" doc:"Path of a client certificate (PEM)."`
	Key  string `yaml:"key" doc:"Path of its key (PEM)."`
}

// Path is where a vendor's extension states a time.
type Path struct {
	Path      List          `yaml:"path" doc:"Keys that lead to it, outermost first: [\"urn:example:2.0:User\", lastLogin]."`
	Precision time.Duration `yaml:"precision" doc:"How much later than stated the account may have been used."`
	Absent    string        `yaml:"absent" doc:"What it means when it is missing: unknown (default), or never when the vendor documents that."`
}

// AccountConfig is the configuration of a source of accounts.
type AccountConfig struct {
	Reading    `yaml:",inline"`
	Groups     string                          `yaml:"groups" doc:"Where memberships come from: users (default, the groups that each user shows), groups (the members that each group shows, for servers whose users show none) or none."`
	Privileged []string                        `yaml:"privileged" doc:"Names or ids of the groups, roles and entitlements that make an account privileged."`
	UserTypes  map[string]scanners.AccountKind `yaml:"user_types" doc:"What a value of userType makes of an account: {Robot: service}. Kinds are person, admin, service, shared, guest, machine, break-glass, test."`
}

// PeopleConfig is the configuration of a source of people.
type PeopleConfig struct {
	Reading `yaml:",inline"`
	ID      string          `yaml:"id" doc:"Which attribute is the employee id: employeeNumber (default, of the enterprise extension), externalId, userName or id."`
	Means   scanners.Status `yaml:"inactive_means" doc:"What active false says of the employment: terminated (default), leave, suspended, prehire or retired."`
	Start   List            `yaml:"start" doc:"Keys that lead to the first day of the employment in an extension; default is none."`
	End     List            `yaml:"end" doc:"Keys that lead to its end in an extension; default is none, and then active alone decides."`
	LastDay string          `yaml:"last_day" doc:"How end is meant: inclusive (the last day of work) or exclusive (the first day without employment). It has no default."`
}

// List is one text or a list of texts.
type List []string

// UnmarshalYAML accepts a single value in place of a list of one.
func (l *List) UnmarshalYAML(decode func(any) error) error {
	var one string
	if err := decode(&one); err == nil {
		*l = List{one}
		return nil
	}
	return decode((*[]string)(l))
}

func word(key string, value *string, allowed ...string) error {
	if *value == "" {
		*value = allowed[0]
	}
	if !slices.Contains(allowed, *value) {
		return fmt.Errorf("%s: %q is none of %s", key, *value, strings.TrimPrefix(strings.Join(allowed, ", "), ", "))
	}
	return nil
}

// check fills in the defaults and refuses what cannot work.
func (c *Reading) check() error {
	if c.URL == "" {
		return errors.New("url is missing\nhint: url: https://app.example/scim/v2")
	}
	if c.PageSize == 0 {
		c.PageSize = 100
	}
	var errs []error
	if _, err := api.Host(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	if strings.ContainsAny(c.URL, "?#") {
		errs = append(errs, errors.New("url: it has a query\nhint: filter and page_size are keys of their own"))
	}
	c.URL = strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/Users")
	if c.PageSize < 1 || c.PageSize > 10_000 {
		errs = append(errs, fmt.Errorf("page_size: %d is not between 1 and 10000", c.PageSize))
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls: cert and key go together"))
	}
	if c.Activity.Precision < 0 {
		errs = append(errs, errors.New("activity.precision: cannot be negative"))
	}
	return errors.Join(append(errs, word("paging", &c.Paging, "", "index", "cursor"), word("inactive", &c.Inactive, "listed", "query"),
		word("total_results", &c.TotalResults, "trusted", "ignored"), word("activity.absent", &c.Activity.Absent, "unknown", "never"), c.Auth.check())...)
}

func (a Auth) check() error {
	var ways []string
	for name, set := range map[string]bool{"token": a.Token != "", "user": a.User != "" || a.Password != "",
		"token_url": a.TokenURL != "" || a.ClientID != "" || a.ClientSecret != ""} {
		if set {
			ways = append(ways, name)
		}
	}
	slices.Sort(ways)
	switch {
	case len(ways) == 0:
		return errors.New("auth is missing\nhint: auth: {token: \"env:SCIM_TOKEN\"}")
	case len(ways) > 1:
		return fmt.Errorf("auth: %s exclude each other", strings.Join(ways, " and "))
	case ways[0] == "user" && (a.User == "" || a.Password == ""):
		return errors.New("auth: user and password go together")
	case ways[0] == "token_url" && (a.TokenURL == "" || a.ClientID == "" || a.ClientSecret == ""):
		return errors.New("auth: token_url, client_id and client_secret go together")
	case ways[0] == "token_url":
		if _, err := api.Host(a.TokenURL); err != nil {
			return fmt.Errorf("auth.token_url: %w", err)
		}
	}
	return nil
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
	return api.NewClient(env, reach, auth, map[string][]string{"Accept": {"application/scim+json, application/json"}})
}

func (a Auth) open(env scanners.Env, reach scanners.Reach) (api.Auth, error) {
	ref := a.Token + a.Password + a.ClientSecret // one of them
	secret, err := env.Secret(ref)
	switch {
	case err != nil:
		return nil, err
	case a.Token != "":
		return api.Header("Authorization", "Bearer ", secret), nil
	case a.User != "":
		return api.Basic(a.User, secret), nil
	}
	return api.ClientCredentials(env, api.Grant{TokenURL: a.TokenURL, ID: a.ClientID, Secret: secret, Scopes: a.Scopes, InBody: a.InBody}, reach)
}

func (c *AccountConfig) check() error {
	errs := []error{c.Reading.check(), word("groups", &c.Groups, "users", "groups", "none")}
	kinds := []scanners.AccountKind{scanners.KindPerson, scanners.KindAdmin, scanners.KindService, scanners.KindShared, scanners.KindGuest,
		scanners.KindMachine, scanners.KindBreakGlass, scanners.KindTest}
	for name, kind := range c.UserTypes {
		if !slices.Contains(kinds, kind) {
			errs = append(errs, fmt.Errorf("user_types: %s: %q is no kind of account", name, kind))
		}
	}
	return errors.Join(errs...)
}

func (c *PeopleConfig) check() error {
	means := string(c.Means)
	errs := []error{c.Reading.check(), word("id", &c.ID, "employeeNumber", "externalId", "userName", "id"),
		word("inactive_means", &means, "terminated", "leave", "suspended", "prehire", "retired"), word("last_day", &c.LastDay, "", "inclusive", "exclusive")}
	c.Means = scanners.Status(means)
	if (len(c.End) > 0) != (c.LastDay != "") {
		errs = append(errs, errors.New("end and last_day go together\nhint: last_day: inclusive when the person still works on that day, exclusive when not"))
	}
	return errors.Join(errs...)
}
