package okta

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Org says which org is read, and as whom.
type Org struct {
	URL      string `yaml:"url" doc:"Address of the org, as in https://example.okta.com. A custom domain works when the org itself answers with it."`
	Token    string `yaml:"token" doc:"Reference to an API token: env:NAME, file:/path or systemd:NAME. It reads what its owner may, and dies with its owner."`
	Client   Client `yaml:"client" doc:"A service application that signs in with a key, instead of a token."`
	PageSize int    `yaml:"page_size" doc:"Users in a page, default and most 200."`
	TLS      TLS    `yaml:"tls"`
	Proxy    string `yaml:"proxy" doc:"URL of the proxy on the way."`
}

// Client is a service application with private_key_jwt.
type Client struct {
	ID     string   `yaml:"id" doc:"Client id of the service application."`
	Key    string   `yaml:"key" doc:"Reference to its private RSA key in PEM form."`
	KeyID  string   `yaml:"key_id" doc:"Id of the key (kid), as the org shows it; needed when the application has several."`
	Scopes []string `yaml:"scopes" doc:"Scopes to ask for; the default is those that the configuration needs."`
}

// TLS says whom to trust.
type TLS struct {
	CA   string `yaml:"ca" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert string `yaml:"cert" doc:"Path of a client certificate (PEM), for a proxy that asks for one."`
	Key  string `yaml:"key" doc:"Path of its key (PEM)."`
}

// Config is the part of an account source in leaver.yaml that belongs to this connector.
type Config struct {
	Org         `yaml:",inline"`
	Application string     `yaml:"application" doc:"Id or label of an application: the source is then its accounts as Okta keeps them, instead of the users of the org."`
	Attributes  Attributes `yaml:"attributes" doc:"Which attributes of a user's profile carry what."`
	// Kinds maps values of attributes.kind.
	Kinds    map[string]scanners.AccountKind `yaml:"kinds" doc:"What the values of attributes.kind mean: person, admin, service, shared, guest, machine, break-glass or test."`
	Grants   []string                        `yaml:"grants" doc:"What to read of rights: groups, applications, roles (default all three), or none."`
	Activity string                          `yaml:"activity" doc:"system_log: look for signs of use in the system log too, beside lastLogin."`
	LogDays  int                             `yaml:"log_days" doc:"How many days of the system log to read, default 30; Okta keeps 90."`
}

// Attributes names attributes of a user's profile. Each replaces the default.
type Attributes struct {
	Mail       []string `yaml:"mail" doc:"Default email. Take secondEmail in only where it is no private address."`
	EmployeeID []string `yaml:"employee_id" doc:"HR ids; default employeeNumber."`
	Anchors    []string `yaml:"anchors" doc:"Values that HR provisioning wrote to tie the account to its person."`
	Manager    string   `yaml:"manager" doc:"Default managerId, else manager."`
	Sponsor    string   `yaml:"sponsor" doc:"Who answers for a service, shared or guest account."`
	Owner      string   `yaml:"owner" doc:"Whose account it is, where the profile says so."`
	Kind       string   `yaml:"kind" doc:"What sort of account it is; its values are mapped by kinds. Default userType."`
}

// PeopleConfig is the part of a people source in leaver.yaml that belongs to this connector.
type PeopleConfig struct {
	Org        `yaml:",inline"`
	Attributes PeopleAttributes           `yaml:"attributes" doc:"Which attributes of a user's profile carry what."`
	Statuses   map[string]scanners.Status `yaml:"statuses" doc:"What Okta's statuses say of an employment, where it is not the default."`
	LastDay    string                     `yaml:"last_day" doc:"How attributes.end is meant: inclusive (the last day of work) or exclusive (the first day without)."`
}

// PeopleAttributes names attributes of a user's profile.
type PeopleAttributes struct {
	ID         string   `yaml:"id" doc:"Employee id; default employeeNumber. Users without it are no people of this source."`
	OtherIDs   []string `yaml:"other_ids" doc:"Further ids that accounts may carry."`
	Mail       []string `yaml:"mail" doc:"Default email."`
	Start      string   `yaml:"start" doc:"First day, as in 2026-03-02."`
	End        string   `yaml:"end" doc:"Last day or first day without employment, see last_day."`
	Department string   `yaml:"department" doc:"Default department."`
	Location   string   `yaml:"location" doc:"Default city."`
	Zone       string   `yaml:"zone" doc:"IANA name of the zone in which the dates of a person are meant, as in Europe/Berlin; default is the run's."`
	Manager    string   `yaml:"manager" doc:"Default managerId, else manager."`
	Type       string   `yaml:"type" doc:"Default userType."`
}

// The words of the grants key.
const (
	readGroups = "groups"
	readApps   = "applications"
	readRoles  = "roles"
	readNone   = "none"
)

const systemLog = "system_log"

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.Grants == nil {
		c.Grants = []string{readGroups, readApps, readRoles}
	}
	if c.LogDays == 0 {
		c.LogDays = 30
	}
	if c.Application != "" {
		c.Grants = []string{readNone}
	}
	var errs []error
	for _, word := range c.Grants {
		if !slices.Contains([]string{readGroups, readApps, readRoles, readNone}, word) {
			errs = append(errs, fmt.Errorf("grants: %q is none of groups, applications, roles, none", word))
		}
	}
	if slices.Contains(c.Grants, readNone) && len(c.Grants) > 1 {
		errs = append(errs, errors.New("grants: none, and others beside it"))
	}
	if c.Activity != "" && c.Activity != systemLog {
		errs = append(errs, fmt.Errorf("activity: %q is not %s", c.Activity, systemLog))
	}
	if c.LogDays < 1 || c.LogDays > 90 {
		errs = append(errs, fmt.Errorf("log_days: %d is not between 1 and 90", c.LogDays))
	}
	errs = append(errs, c.checkKinds(), c.Org.check(c.scopes()))
	return errors.Join(errs...)
}

func (c *Config) checkKinds() error {
	known := []scanners.AccountKind{scanners.KindPerson, scanners.KindAdmin, scanners.KindService, scanners.KindShared, scanners.KindGuest,
		scanners.KindMachine, scanners.KindBreakGlass, scanners.KindTest}
	for _, value := range slices.Sorted(maps.Keys(c.Kinds)) {
		if !slices.Contains(known, c.Kinds[value]) {
			return fmt.Errorf("kinds: %q of %q is no kind of account", c.Kinds[value], value)
		}
	}
	return nil
}

// reads reports whether a sort of grants is read.
func (c *Config) reads(what string) bool { return slices.Contains(c.Grants, what) }

// scopes are those that the configuration needs.
func (c *Config) scopes() []string {
	scopes := []string{"okta.users.read"}
	for _, s := range []struct {
		needed bool
		scope  string
	}{{c.reads(readGroups) || c.reads(readRoles), "okta.groups.read"}, {c.reads(readApps) || c.Application != "", "okta.apps.read"},
		{c.reads(readRoles), "okta.roles.read"}, {c.Activity != "", "okta.logs.read"}} {
		if s.needed {
			scopes = append(scopes, s.scope)
		}
	}
	return scopes
}

// check fills in the defaults and refuses what cannot work.
func (c *PeopleConfig) check() error {
	var errs []error
	switch {
	case c.Attributes.End == "" && c.LastDay != "":
		errs = append(errs, errors.New("last_day: there is no attributes.end that it could be about"))
	case c.Attributes.End != "" && c.LastDay != "inclusive" && c.LastDay != "exclusive":
		errs = append(errs, errors.New("last_day: say whether attributes.end is the last day of work\nhint: last_day: inclusive, or exclusive for the first day without"))
	}
	known := []scanners.Status{scanners.StatusActive, scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusPrehire,
		scanners.StatusTerminated, scanners.StatusRetired}
	for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
		if !slices.Contains(statuses(), status) {
			errs = append(errs, fmt.Errorf("statuses: %q is no status of Okta\nhint: %s", status, strings.Join(statuses(), ", ")))
		}
		if !slices.Contains(known, c.Statuses[status]) {
			errs = append(errs, fmt.Errorf("statuses: %q of %s is no status of an employment", c.Statuses[status], status))
		}
	}
	return errors.Join(append(errs, c.Org.check([]string{"okta.users.read"}))...)
}

func (o *Org) check(scopes []string) error {
	if o.PageSize == 0 {
		o.PageSize = 200
	}
	if o.Client.Scopes == nil {
		o.Client.Scopes = scopes
	}
	var errs []error
	if o.PageSize < 1 || o.PageSize > 200 {
		errs = append(errs, fmt.Errorf("page_size: %d is not between 1 and 200, which is the most that Okta gives", o.PageSize))
	}
	switch key := o.Client.ID != "" || o.Client.Key != ""; {
	case key && o.Token != "":
		errs = append(errs, errors.New("token and client: only one of them can sign in"))
	case key && (o.Client.ID == "" || o.Client.Key == ""):
		errs = append(errs, errors.New("client: id and key belong together"))
	case !key && o.Token == "":
		errs = append(errs, errors.New("token is missing\nhint: token: env:OKTA_TOKEN, or client with id and key"))
	}
	if _, _, err := o.address(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// address is the address of the org, and its host as reach lists hosts.
func (o *Org) address() (*url.URL, string, error) {
	if o.URL == "" {
		return nil, "", errors.New("url is missing\nhint: url: https://example.okta.com")
	}
	host, err := api.Host(o.URL)
	if err != nil {
		return nil, "", fmt.Errorf("url: %w", err)
	}
	u, err := url.Parse(o.URL)
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, "", fmt.Errorf("url: %q says more than scheme and host", o.URL)
	}
	if name := u.Hostname(); strings.HasSuffix(strings.Split(name, ".")[0], "-admin") && strings.Contains(name, ".okta") {
		return nil, "", fmt.Errorf("url: %q is the address of the console\nhint: leave out -admin", o.URL)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, host, nil
}

// credentials are what the SDK is told of who reads.
func (o *Org) credentials(env scanners.Env) ([]sdk.ConfigSetter, error) {
	if o.Client.ID == "" {
		token, err := env.Secret(o.Token)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		text := strings.TrimPrefix(strings.TrimSpace(token.Reveal()), "SSWS ")
		if text == "" || strings.ContainsAny(text, " \r\n\t") {
			return nil, errors.New("token: it is empty or holds blanks, which no API token does")
		}
		return []sdk.ConfigSetter{sdk.WithAuthorizationMode("SSWS"), sdk.WithToken(text)}, nil
	}
	secret, err := env.Secret(o.Client.Key)
	if err != nil {
		return nil, fmt.Errorf("client.key: %w", err)
	}
	key, err := rsaPEM([]byte(secret.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("client.key: %w", err)
	}
	signer, err := sdk.CreateKeySigner(key, o.Client.KeyID)
	if err != nil {
		return nil, fmt.Errorf("client.key: %w", err)
	}
	return []sdk.ConfigSetter{sdk.WithAuthorizationMode("PrivateKey"), sdk.WithClientId(o.Client.ID), sdk.WithScopes(o.Client.Scopes),
		sdk.WithPrivateKeySigner(signer)}, nil
}

// rsaPEM gives a private RSA key in the one PEM form that the SDK reads (PKCS 1); Okta's console gives out the other.
func rsaPEM(text []byte) (string, error) {
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil {
		return "", errors.New("no private key in PEM form")
	}
	if block.Type == "RSA PRIVATE KEY" {
		return string(pem.EncodeToMemory(block)), nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", errors.New("it is neither PKCS 1 nor PKCS 8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("it is no RSA key, which is what the SDK can sign with")
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
}
