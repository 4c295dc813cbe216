package okta

import "github.com/leaver-audit/leaver/scanners"

// Kind is the connector for leaver.yaml: "kind: okta".
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "okta",
		Summary:      "users of an Okta org, or the accounts of one of its applications; as people: users with an employee number",
		Accounts:     scanners.Typed(open),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return new(Config) },
		PeopleConfig: func() any { return new(PeopleConfig) },
		Facts: scanners.Facts{
			Enabled:      "status: SUSPENDED and DEPROVISIONED are disabled, STAGED not yet enabled",
			LastActivity: "lastLogin; with activity: system_log also sign-ins there",
			Precision:    "exact, but of sign-ins at Okta alone; system log: 5 minutes",
			Created:      "created",
			Grants:       "groups, applications and administrator roles, direct or through a group",
			Privileged:   "any administrator role, its own or a group's",
			Manager:      "managerId or manager of the profile",
			Completeness: "read to the last page; Okta states no number of users",
			Lookup:       "by id, past every index",
			Rights:       "okta.users.read, okta.groups.read, okta.apps.read, okta.roles.read; okta.logs.read for the system log",
		},
	}
}
