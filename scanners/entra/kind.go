package entra

import (
	"fmt"
	"sync"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Kind is the connector for leaver.yaml: "kind: entra".
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "entra",
		Summary:      "users, guests, service principals and directory roles of an Entra ID tenant, by Microsoft Graph",
		Accounts:     scanners.Typed(openAccounts),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return new(Config) },
		PeopleConfig: func() any { return new(PeopleConfig) },
		Copies:       true,
		Facts: scanners.Facts{
			Enabled:      "accountEnabled",
			LastActivity: "lastSuccessfulSignInDateTime (since 1 December 2023); the beta report for service principals",
			Precision:    "48 hours",
			Created:      "createdDateTime, users only",
			Grants:       "directory roles, eligible ones and those by group; applications assigned directly; licences",
			Licences:     "assignedLicenses, with the names of the products",
			Privileged:   "a directory role, or a powerful permission of Graph",
			Manager:      "manager of a user, sponsor of a guest, owner of a service principal",
			Completeness: "$count at the start and at the end",
			Lookup:       "by id, among soft-deleted users too",
			Rights:       "User.Read.All, AuditLog.Read.All (with Entra ID P1), Application.Read.All, RoleManagement.Read.Directory, GroupMember.Read.All, LicenseAssignment.Read.All",
		},
	}
}

// source reads the accounts of one tenant.
type source struct {
	config Config
	env    scanners.Env
	graph  *client

	// around is what look-ups know of the tenant, as of when.
	mu       sync.Mutex
	around   *surroundings
	aroundAt time.Time
}

var (
	_ scanners.Source[scanners.Account] = (*source)(nil)
	_ scanners.Lookup[scanners.Account] = (*source)(nil)
)

func openAccounts(config Config, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := config.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	g, err := connect(config.Connection, env)
	if err != nil {
		return nil, err
	}
	return &source{config: config, env: env, graph: g}, nil
}

func connect(c Connection, env scanners.Env) (*client, error) {
	settings, err := c.check()
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	return newClient(settings, env)
}

func openPeople(config PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	if config.LastDay != "inclusive" && config.LastDay != "exclusive" {
		return nil, &scanners.ConfigError{Err: fmt.Errorf("last_day: %q is neither inclusive nor exclusive\nhint: ask whoever fills employeeLeaveDateTime whether the person still works on that day", config.LastDay)}
	}
	g, err := connect(config.Connection, env)
	if err != nil {
		return nil, err
	}
	return &people{config: config, env: env, graph: g}, nil
}
