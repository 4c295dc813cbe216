package ldap

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// Config is the part of a source in leaver.yaml that belongs to this connector.
type Config struct {
	URL  string   `yaml:"url" doc:"Server: ldaps://host, ldap://host (with tls.starttls) or ldapi://%2Fpath%2Fto%2Fsocket."`
	URLs []string `yaml:"urls" doc:"Several servers of the same directory, tried in order."`

	Base   string   `yaml:"base" doc:"DN below which the accounts are; default is the directory's naming context."`
	Bases  []string `yaml:"bases" doc:"Several of them, scanned side by side up to the allocation. None may lie below another."`
	Scope  string   `yaml:"scope" doc:"subtree (default) or one."`
	Filter string   `yaml:"filter" doc:"LDAP filter of the accounts; the default depends on the family and takes every object that can sign in."`
	Family string   `yaml:"family" doc:"openldap, ad, samba, 389ds, freeipa or other; default is what the server says of itself."`

	PageSize int  `yaml:"page_size" doc:"Entries per page, default 1000, which is also what Active Directory allows."`
	Bind     Bind `yaml:"bind" doc:"Who reads."`
	TLS      TLS  `yaml:"tls" doc:"How the connection is secured."`

	Attributes Attributes `yaml:"attributes" doc:"Which attributes carry what, where it is not the family's own."`
	Disabled   []Disabled `yaml:"disabled" doc:"Further signs of a disabled account, such as a login shell of nologin."`
	Activity   Activity   `yaml:"activity" doc:"What is known of the server's record of sign-ins."`
	Groups     Groups     `yaml:"groups" doc:"Where grants come from."`
	Privileged Privileged `yaml:"privileged" doc:"Whose members are privileged, beside the family's own administrators."`

	DomainControllers []string `yaml:"domain_controllers" doc:"URLs of every domain controller, to take the exact lastLogon from. One that does not answer makes lastLogon unknown."`
	CoveredElsewhere  []string `yaml:"covered_elsewhere" doc:"Subtrees that other sources read: references to them do not make this one partial."`
	Timeouts          Timeouts `yaml:"timeouts"`
}

// Bind says as whom the directory is read.
type Bind struct {
	Method    string `yaml:"method" doc:"simple (default with dn), external (client certificate or ldapi), gssapi (Kerberos) or anonymous."`
	DN        string `yaml:"dn" doc:"Who binds: a DN, or for Active Directory also user@domain."`
	Password  string `yaml:"password" doc:"Reference to the password: env:NAME, file:/path or systemd:NAME."`
	Principal string `yaml:"principal" doc:"Kerberos user name without realm, for gssapi."`
	Realm     string `yaml:"realm" doc:"Kerberos realm; default is that of krb5.conf."`
	Keytab    string `yaml:"keytab" doc:"Path of the keytab, for gssapi."`
	CCache    string `yaml:"ccache" doc:"Path of a credential cache, for gssapi."`
	Krb5Conf  string `yaml:"krb5_conf" doc:"Path of krb5.conf, default /etc/krb5.conf."`
	Service   string `yaml:"service" doc:"Service principal, default ldap/ and the host of the URL."`
}

// TLS says how the connection is secured. There is no way to switch verification off.
type TLS struct {
	CA         string `yaml:"ca" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert       string `yaml:"cert" doc:"Path of a client certificate (PEM)."`
	Key        string `yaml:"key" doc:"Path of its key (PEM)."`
	StartTLS   bool   `yaml:"starttls" doc:"Upgrade an ldap:// connection before anything is sent; there is no way back to plain text."`
	ServerName string `yaml:"server_name" doc:"Name that the server's certificate has to carry; default is the host of the URL."`
	Plaintext  bool   `yaml:"plaintext" doc:"Allow an unencrypted connection to another host. Passwords and personal data can then be read on the way."`
}

// Attributes names attributes. Each list replaces the default of the family.
type Attributes struct {
	ID         string   `yaml:"id" doc:"Immutable id, a text that is never used again; for servers of family other."`
	Login      []string `yaml:"login" doc:"Sign-in names, primary first."`
	Mail       []string `yaml:"mail"`
	EmployeeID []string `yaml:"employee_id" doc:"HR ids; default employeeNumber, and employeeID on Active Directory."`
	Anchors    []string `yaml:"anchors" doc:"Values that HR provisioning wrote to tie the account to its person."`
	Sponsor    string   `yaml:"sponsor" doc:"Who answers for a service, shared or guest account."`
	Evidence   []string `yaml:"evidence" doc:"Further attributes to keep as evidence."`
}

// Disabled is a convention by which an attribute marks an account as disabled.
type Disabled struct {
	Attribute string   `yaml:"attribute"`
	Values    []string `yaml:"values" doc:"Values that mean disabled; upper and lower case are the same."`
}

// Activity is what the server cannot say about its own record of sign-ins.
type Activity struct {
	Since     string                   `yaml:"since" doc:"Date (2006-01-02) from which the server has recorded every sign-in. An account created before it, without a record, is unknown and not never used."`
	Replicas  bool                     `yaml:"replicas" doc:"People also sign in at replicas that keep their own record, as OpenLDAP's and 389 Directory Server's do by default: then no account is known to be unused since its last sign-in here."`
	Precision map[string]time.Duration `yaml:"precision" doc:"By attribute, how late the server writes it (lastbind-precision)."`
}

// Groups says where grants come from.
type Groups struct {
	From  string   `yaml:"from" doc:"entries (members listed by the groups, default but for Active Directory), memberof (memberOf of the accounts) or none."`
	Bases []string `yaml:"bases" doc:"Where groups are; default is the naming contexts of the bases."`
}

// Privileged names what makes an account privileged.
type Privileged struct {
	Groups []string `yaml:"groups" doc:"DNs of groups; members of groups within them count too."`
}

// Timeouts bound the waiting.
type Timeouts struct {
	Connect time.Duration `yaml:"connect" doc:"For dialling and the TLS handshake, default 15s."`
	Idle    time.Duration `yaml:"idle" doc:"How long the server may send nothing while an answer is due, default 60s."`
}

// server is one parsed URL.
type server struct {
	text    string
	network string
	address string
	host    string
	tls     bool
}

func parseServer(text string) (server, error) {
	if rest, ok := strings.CutPrefix(text, "ldapi://"); ok {
		socket, err := url.PathUnescape(strings.TrimSuffix(rest, "/"))
		if err != nil || !path.IsAbs(socket) {
			return server{}, fmt.Errorf("%q names no socket\nhint: write ldapi://%%2Frun%%2Fslapd%%2Fldapi", text)
		}
		return server{text: text, network: "unix", address: socket}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" {
		return server{}, fmt.Errorf("%q is no LDAP address\nhint: write ldaps://host, ldaps://host:port or ldapi://%%2Fpath", text)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return server{}, fmt.Errorf("%q says more than scheme, host and port\nhint: base, filter and bind are keys of their own", text)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	}
	return server{text, "tcp", net.JoinHostPort(u.Hostname(), port), u.Hostname(), u.Scheme == "ldaps"}, nil
}

// local reports whether nothing leaves this machine on the way to the server.
func (s server) local() bool {
	ip := net.ParseIP(s.host)
	return s.network == "unix" || s.host == "localhost" || ip != nil && ip.IsLoopback()
}

func parseServers(texts []string, t TLS) ([]server, error) {
	var out []server
	for _, text := range texts {
		s, err := parseServer(text)
		if err != nil {
			return nil, err
		}
		if !s.tls && !t.StartTLS && !t.Plaintext && !s.local() {
			return nil, fmt.Errorf("%q would send the password in plain text\nhint: use ldaps:// or set tls.starttls", text)
		}
		if s.tls && t.StartTLS {
			return nil, fmt.Errorf("%q is encrypted from the start\nhint: drop tls.starttls", text)
		}
		out = append(out, s)
	}
	return out, nil
}

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.URL != "" {
		c.URLs = append([]string{c.URL}, c.URLs...)
	}
	if c.Base != "" {
		c.Bases = append([]string{c.Base}, c.Bases...)
	}
	if len(c.URLs) == 0 {
		return errors.New("url is missing\nhint: url: ldaps://ldap.example.com")
	}
	c.defaults()
	return errors.Join(c.checkWords(), c.checkBases(), c.checkBind(), c.checkFilter())
}

func (c *Config) defaults() {
	if c.Scope == "" {
		c.Scope = "subtree"
	}
	if c.PageSize == 0 {
		c.PageSize = 1000
	}
	if c.Timeouts.Connect == 0 {
		c.Timeouts.Connect = 15 * time.Second
	}
	if c.Timeouts.Idle == 0 {
		c.Timeouts.Idle = time.Minute
	}
	if c.Bind.Method == "" && c.Bind.DN != "" {
		c.Bind.Method = "simple"
	}
	if c.Bind.Krb5Conf == "" {
		c.Bind.Krb5Conf = "/etc/krb5.conf"
	}
}

func (c *Config) checkWords() error {
	var errs []error
	word := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			errs = append(errs, fmt.Errorf("%s: %q is none of %s", key, value, strings.TrimPrefix(strings.Join(allowed, ", "), ", ")))
		}
	}
	word("scope", c.Scope, "subtree", "one")
	word("groups.from", c.Groups.From, "", "entries", "memberof", "none")
	word("family", c.Family, append([]string{""}, familyNames()...)...)
	if c.PageSize < 1 || c.PageSize > 100_000 {
		errs = append(errs, fmt.Errorf("page_size: %d is not between 1 and 100000", c.PageSize))
	}
	if c.Timeouts.Connect < 0 || c.Timeouts.Idle < 0 {
		errs = append(errs, errors.New("timeouts: cannot be negative"))
	}
	if _, err := c.Activity.since(); err != nil {
		errs = append(errs, fmt.Errorf("activity.since: %w", err))
	}
	for _, d := range c.Disabled {
		if d.Attribute == "" || len(d.Values) == 0 {
			errs = append(errs, errors.New("disabled: an entry needs attribute and values"))
		}
	}
	if c.Attributes.ID != "" && (c.Family == string(activeDirectory) || c.Family == string(samba)) {
		errs = append(errs, errors.New("attributes.id: Active Directory's id is objectGUID"))
	}
	return errors.Join(errs...)
}

func (c *Config) checkBases() error {
	for _, list := range [][]string{c.Bases, c.Groups.Bases, c.CoveredElsewhere, c.Privileged.Groups} {
		for _, dn := range list {
			if _, err := goldap.ParseDN(dn); err != nil || dn == "" {
				return fmt.Errorf("%q is no DN", dn)
			}
		}
	}
	for i, a := range c.Bases {
		for _, b := range c.Bases[:i] {
			if below(fold(a), fold(b)) || below(fold(b), fold(a)) {
				return fmt.Errorf("bases %q and %q overlap: accounts would be read twice\nhint: keep the upper one", b, a)
			}
		}
	}
	return nil
}

func (c *Config) checkBind() error {
	b := c.Bind
	switch b.Method {
	case "simple":
		if b.DN == "" || b.Password == "" {
			return errors.New("bind: simple needs dn and password\nhint: password: env:LDAP_PASSWORD")
		}
	case "gssapi":
		if b.CCache == "" && (b.Principal == "" || b.Keytab == "" && b.Password == "") {
			return errors.New("bind: gssapi needs principal with keytab or password, or ccache")
		}
	case "external", "anonymous":
	case "":
		return errors.New("bind: method is missing\nhint: set bind.dn and bind.password, or bind.method: anonymous if that is really meant")
	default:
		return fmt.Errorf("bind.method: %q is none of simple, external, gssapi, anonymous", b.Method)
	}
	return nil
}

func (c *Config) checkFilter() error {
	if c.Filter == "" {
		return nil
	}
	if _, err := goldap.CompileFilter(c.Filter); err != nil {
		return fmt.Errorf("filter: %q: %w", c.Filter, err)
	}
	return nil
}

// since is the start of the server's record of sign-ins; zero when it is not configured.
func (a Activity) since() (time.Time, error) {
	if a.Since == "" {
		return time.Time{}, nil
	}
	d, err := scanners.ParseDate(a.Since)
	if err != nil {
		return time.Time{}, err
	}
	return d.Midnight(time.UTC), nil
}
