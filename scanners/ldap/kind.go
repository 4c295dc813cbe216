package ldap

import (
	"context"
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
)

// Kind is the connector for leaver.yaml: "kind: ldap".
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:     "ldap",
		Summary:  "accounts of an LDAP directory: OpenLDAP, Active Directory, Samba, 389 Directory Server, FreeIPA",
		Accounts: scanners.Typed(open),
		Config:   func() any { return new(Config) },
		Facts: scanners.Facts{
			Enabled:      "userAccountControl, pwdAccountLockedTime, nsAccountLock, and conventions that are named",
			LastActivity: "lastLogonTimestamp, lastLogon, pwdLastSuccess, authTimestamp, lastLoginTime, krbLastSuccessfulAuth",
			Precision:    "14 days for lastLogonTimestamp unless the domain says otherwise; else none or as configured",
			Created:      "whenCreated, createTimestamp",
			Grants:       "groups, direct and through groups",
			Privileged:   "administrators' groups by SID, adminCount, groups that are named",
			Manager:      "manager and owner by DN, a sponsor's attribute",
			Completeness: "the server's end-of-search mark on every page, and its count where it keeps one",
			Lookup:       "by objectGUID, entryUUID or nsUniqueId",
			Rights:       "read entries, operational attributes and groups; search right on the record of sign-ins",
		},
	}
}

// source reads one directory. It holds no connection: one is opened for each scan and look-up.
type source struct {
	config  Config
	env     scanners.Env
	servers []server
	// controllers are all domain controllers, for lastLogon.
	controllers []server
	retries     retries
}

var (
	_ scanners.Source[scanners.Account] = (*source)(nil)
	_ scanners.Lookup[scanners.Account] = (*source)(nil)
)

func open(config Config, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := config.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	s := &source{config: config, env: env, retries: standardRetries()}
	var err error
	if s.servers, err = parseServers(config.URLs, config.TLS); err != nil {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("url: %w", err)}
	}
	if s.controllers, err = parseServers(config.DomainControllers, config.TLS); err != nil {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("domain_controllers: %w", err)}
	}
	return s, nil
}

// prepare opens a connection, learns what the scan needs to know of the directory, and closes it again.
func (s *source) prepare(ctx context.Context) (*directory, error) {
	var d *directory
	err := retry(ctx, s.retries, func() error {
		c, err := s.open(ctx, s.servers)
		if err != nil {
			return &final{err} // open has tried again by itself
		}
		defer c.close()
		if d, err = s.survey(ctx, c); err != nil {
			return err
		}
		return s.readGroups(ctx, c, d)
	})
	return d, err
}
