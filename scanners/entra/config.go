package entra

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// Connection is the part of the configuration that says which tenant is read, and as whom.
type Connection struct {
	Tenant              string `yaml:"tenant" doc:"Id of the tenant, a GUID."`
	ClientID            string `yaml:"client_id" doc:"Application (client) id of the app registration that reads; of a managed identity only when it is a user-assigned one."`
	ClientSecret        string `yaml:"client_secret,omitempty" doc:"Reference to the client secret: env:NAME, file:/path or systemd:NAME."`
	Certificate         string `yaml:"certificate,omitempty" doc:"Path of the certificate with its private key (PEM or PKCS#12), in place of a secret."`
	CertificatePassword string `yaml:"certificate_password,omitempty" doc:"Reference to the password of that file, if it has one."`
	ManagedIdentity     bool   `yaml:"managed_identity,omitempty" doc:"Take the tokens of the identity of the Azure machine that leaver runs on."`
	WorkloadIdentity    bool   `yaml:"workload_identity,omitempty" doc:"Exchange the token that Kubernetes puts into token_file (workload identity federation)."`
	TokenFile           string `yaml:"token_file,omitempty" doc:"Path of that token, default /var/run/secrets/azure/tokens/azure-identity-token."`
	Cloud               string `yaml:"cloud,omitempty" doc:"global (default), us-government, us-dod or china: where Graph and the sign-in service of the tenant are."`
	URL                 string `yaml:"url,omitempty" doc:"Address of Graph without version, where it is not that of the cloud."`
	Authority           string `yaml:"authority,omitempty" doc:"Address of the sign-in service, where it is not that of the cloud."`
	PageSize            int    `yaml:"page_size,omitempty" doc:"Users per page, 1 to 999. The default is what the service gives at most: 500 with sign-in data, else 999."`
	Proxy               string `yaml:"proxy,omitempty" doc:"Address of the proxy on the way, such as http://proxy.example:3128."`
	TLS                 TLS    `yaml:"tls,omitempty" doc:"How the connection is secured, where a proxy or the network asks for something of its own."`
}

// TLS says how the connection is secured. There is no way to switch verification off.
type TLS struct {
	CA   string `yaml:"ca,omitempty" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert string `yaml:"cert,omitempty" doc:"Path of a client certificate (PEM)."`
	Key  string `yaml:"key,omitempty" doc:"Path of its key (PEM)."`
}

// Config is the part of a source of accounts in leaver.yaml that belongs to this connector.
type Config struct {
	Connection        `yaml:",inline"`
	ServicePrincipals string `yaml:"service_principals,omitempty" doc:"own (default: all but Microsoft's own applications), all or none."`
	Applications      string `yaml:"applications,omitempty" doc:"Whether assignments to applications are read as grants: all (default) or none. They take 20 bytes of memory each."`
}

// PeopleConfig is the configuration of a tenant as a source of people.
type PeopleConfig struct {
	Connection `yaml:",inline"`
	LastDay    string `yaml:"last_day" doc:"How employeeLeaveDateTime is meant: inclusive (the last day of work) or exclusive (the first day without employment). It has no default."`
}

// place is where one of Microsoft's clouds is. The three belong together: a token for one Graph is none for another.
type place struct {
	graph, authority string
	// tokens are the hosts that the sign-in service may name for its token endpoint.
	tokens []string
}

// clouds are Microsoft's national clouds, by what the configuration calls them.
func clouds() map[string]place {
	return map[string]place{
		"global":        {"https://graph.microsoft.com", "https://login.microsoftonline.com", nil},
		"us-government": {"https://graph.microsoft.us", "https://login.microsoftonline.us", nil},
		"us-dod":        {"https://dod-graph.microsoft.us", "https://login.microsoftonline.us", nil},
		"china":         {"https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn", []string{"https://login.chinacloudapi.cn"}},
	}
}

// guid is the form of the ids of Entra ID.
var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// settings are a checked connection.
type settings struct {
	Connection
	// graph and authority are addresses without a slash at the end; scope is what tokens are asked for.
	graph, authority, scope string
	// tokens are the addresses that hand out tokens.
	tokens              []string
	graphHost, authHost string
}

// check fills in the defaults and refuses what cannot work.
func (c Connection) check() (*settings, error) {
	s := &settings{Connection: c}
	where, known := clouds()[c.Cloud]
	if c.Cloud == "" {
		where, known = clouds()["global"], true
	}
	if !known {
		return nil, fmt.Errorf("cloud: %q is none of global, us-government, us-dod, china", c.Cloud)
	}
	if err := errors.Join(c.checkIdentity(), c.checkNumbers()); err != nil {
		return nil, err
	}
	s.scope = where.graph + "/.default"
	s.graph, s.authority = orDefault(c.URL, where.graph), orDefault(c.Authority, where.authority)
	var graphErr, authErr error
	s.graphHost, graphErr = api.Host(s.graph)
	s.authHost, authErr = api.Host(s.authority)
	if graphErr != nil || authErr != nil {
		return nil, errors.Join(wrap("url", graphErr), wrap("authority", authErr))
	}
	if strings.HasPrefix(s.authority, "http:") {
		return nil, errors.New("authority: the sign-in service needs https")
	}
	if u, err := url.Parse(s.graph); err != nil || u.Path != "" {
		return nil, fmt.Errorf("url: %q has more than a host\nhint: leave /v1.0 away", s.graph)
	}
	for _, host := range append([]string{s.authority}, where.tokens...) {
		s.tokens = append(s.tokens, host+"/"+c.Tenant+"/oauth2/v2.0/token")
	}
	return s, nil
}

func wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return strings.TrimSuffix(value, "/")
}

// checkIdentity wants exactly one way to sign in, and ids where they are needed.
func (c Connection) checkIdentity() error {
	ways := 0
	for _, set := range []bool{c.ClientSecret != "", c.Certificate != "", c.ManagedIdentity, c.WorkloadIdentity} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("%d ways to sign in are configured, one is needed\nhint: client_secret: env:NAME, certificate: app.pem, managed_identity: true or workload_identity: true", ways)
	case !guid.MatchString(c.Tenant):
		return fmt.Errorf("tenant: %q is no GUID\nhint: the overview of the tenant in the Entra admin center shows it as tenant ID; a domain name can be moved to another tenant", c.Tenant)
	case !guid.MatchString(c.ClientID) && (c.ClientID != "" || !c.ManagedIdentity):
		return fmt.Errorf("client_id: %q is no GUID\nhint: the app registration shows it as application (client) ID", c.ClientID)
	case c.CertificatePassword != "" && c.Certificate == "":
		return errors.New("certificate_password: there is no certificate")
	case c.TokenFile != "" && !c.WorkloadIdentity:
		return errors.New("token_file: it is for workload_identity")
	}
	return nil
}

func (c Connection) checkNumbers() error {
	if c.PageSize < 0 || c.PageSize > 999 {
		return fmt.Errorf("page_size: %d is not between 1 and 999", c.PageSize)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls: cert and key go together")
	}
	return nil
}

// check fills in the defaults of what is read and refuses what it does not know.
func (c *Config) check() error {
	if c.ServicePrincipals == "" {
		c.ServicePrincipals = "own"
	}
	if c.Applications == "" {
		c.Applications = "all"
	}
	if !slices.Contains([]string{"own", "all", "none"}, c.ServicePrincipals) {
		return fmt.Errorf("service_principals: %q is none of own, all, none", c.ServicePrincipals)
	}
	if !slices.Contains([]string{"all", "none"}, c.Applications) {
		return fmt.Errorf("applications: %q is neither all nor none", c.Applications)
	}
	return nil
}
