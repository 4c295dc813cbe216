//go:build !noentra

package entra

import (
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// workloadToken is where the webhook of workload identity puts the token of a pod.
const workloadToken = "/var/run/secrets/azure/tokens/azure-identity-token"

// credential makes the credential that the configuration describes. Whatever the library could take from the environment is
// given to it, and where it asks for tokens nevertheless is decided by the transport. It does not ask Microsoft's public cloud
// whether the sign-in service of another is one (instance discovery), and it does not try again by itself.
func (g *client) credential() (azcore.TokenCredential, error) {
	s := g.settings
	transport, err := g.env.HTTP(s.tokenReach())
	if err != nil {
		return nil, err
	}
	options := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: s.authority + "/"},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: api.SDKClient(tokenGuard{api.NewWatch(transport, g.env.Now)}),
	}
	switch {
	case s.ManagedIdentity:
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if s.ClientID != "" {
			o.ID = azidentity.ClientID(s.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(o)
	case s.WorkloadIdentity:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options, TenantID: s.Tenant,
			ClientID: s.ClientID, TokenFilePath: g.env.Path(orDefault(s.TokenFile, workloadToken)), DisableInstanceDiscovery: true})
	case s.Certificate != "":
		return g.certificate(options)
	default:
		secret, err := g.env.Secret(s.ClientSecret)
		if err != nil {
			return nil, fmt.Errorf("client_secret: %w", err)
		}
		return azidentity.NewClientSecretCredential(s.Tenant, s.ClientID, secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	}
}

func (g *client) certificate(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	s := g.settings
	text, err := os.ReadFile(g.env.Path(s.Certificate))
	if err != nil {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("certificate: %w", err)}
	}
	var password []byte
	if s.CertificatePassword != "" {
		secret, err := g.env.Secret(s.CertificatePassword)
		if err != nil {
			return nil, fmt.Errorf("certificate_password: %w", err)
		}
		password = []byte(secret.Reveal())
	}
	certificates, key, err := azidentity.ParseCertificates(text, password)
	if err != nil {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("certificate: %q: %w", s.Certificate, err)}
	}
	return azidentity.NewClientCertificateCredential(s.Tenant, s.ClientID, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
}

// reach is what Graph is reached by.
func (s *settings) reach() scanners.Reach {
	return scanners.Reach{Hosts: []string{s.graphHost}, CA: s.TLS.CA, Cert: s.TLS.Cert, Key: s.TLS.Key, Proxy: s.Proxy}
}

// tokenReach is what tokens are got by: the sign-in service, or the machine's own credential service and nothing else.
func (s *settings) tokenReach() scanners.Reach {
	if s.ManagedIdentity {
		return scanners.Reach{Metadata: true}
	}
	return scanners.Reach{Hosts: []string{s.authHost}, Tokens: s.tokens, CA: s.TLS.CA, Cert: s.TLS.Cert, Key: s.TLS.Key, Proxy: s.Proxy}
}
