// Package okta reads the users of an Okta org, or the accounts of one of its applications.
//
// # Configuration
//
//	sources:
//	  - name: okta
//	    kind: okta
//	    url: https://example.okta.com
//	    client: {id: 0oa1a2b3c4D5E6F7g8h9, key: "file:/etc/leaver/okta.pem"}
//	    activity: system_log
//	  - name: travel
//	    kind: okta
//	    url: https://example.okta.com
//	    token: env:OKTA_TOKEN
//	    application: Travel Desk
//	people:
//	  - name: staff
//	    kind: okta
//	    url: https://example.okta.com
//	    token: env:OKTA_TOKEN
//	    attributes: {start: startDate, end: lastDay}
//	    last_day: inclusive
//
// # Who reads
//
// client is a service application (API Services) with private_key_jwt: its access tokens carry the scopes below and nothing
// else. token is an API token (SSWS): it may do whatever its owner may, ends after 30 days without use, and dies with its owner;
// let a read-only administrator own it. An org that demands DPoP of the application cannot be read.
//
//   - okta.users.read: users, and the groups of one user;
//   - okta.groups.read: groups, their rules and their members, for grants: [groups] and [roles];
//   - okta.apps.read: applications and their accounts, for grants: [applications] and for application;
//   - okta.roles.read: administrators, for grants: [roles];
//   - okta.logs.read: the system log, for activity: system_log.
//
// Okta's SDK would also read ~/.okta/okta.yaml and OKTA_CLIENT_*. Neither has a say here: what is in leaver.yaml counts.
//
// # What is read
//
//   - Users of all eight statuses, asked for by name: a plain list would leave out those that are deprovisioned. The index behind
//     Okta's search is not used, because it lags.
//   - Enabled: ACTIVE, PASSWORD_EXPIRED, RECOVERY, PROVISIONED, and LOCKED_OUT, which is locked too. Disabled: SUSPENDED and
//     DEPROVISIONED, since statusChanged. STAGED is not enabled: it waits to be activated. Any other status is unknown.
//   - Last activity: lastLogin, which is a sign-in at Okta itself. Whoever keeps a session for weeks, or uses an API token, looks
//     idle. Null is never; with activity: system_log single sign-ons and sign-ins through agents count as well. An account that
//     the log does not show gets no second sign, for the log reaches back log_days only. When the log cannot be read, no account
//     of the source can be told to be unused.
//   - Created, password changed, login, mail, employee number, manager, and any attribute of the profile that attributes names.
//     secondEmail is often a private address, or somebody else's, so it is not taken for a key unless it is named.
//   - Kind, where attributes.kind and kinds say so. Authority: the directory behind a user of the provider ACTIVE_DIRECTORY or LDAP.
//   - Groups: a membership can be removed in groups that are kept in Okta and that no active rule fills. Everyone is left out.
//   - Applications: a direct assignment can be removed, one that a group gives cannot. Okta's own dashboard and browser plugin
//     are left out.
//   - Administrator roles, of users and of groups: whoever has one is privileged. Unknown when they cannot be read.
//
// Groups and applications are read before the users, one list of members each, as many at a time as the allocation allows; this
// takes 16 bytes of memory for each membership. grants: [none] leaves it out.
//
// With application the accounts are those that Okta keeps for it: its id is the user's, the login is the name in the application,
// and the keys are those of the user. Suspended users keep their accounts in applications, so these stay enabled. What happens in
// an application Okta does not see; activity: system_log adds the single sign-ons to it.
//
// As people: a user with an employee number is a person, its status says whether it is employed (DEPROVISIONED: terminated,
// SUSPENDED: suspended, STAGED: yet to start), and attributes may name first and last day.
//
// # Limits
//
// Okta counts requests by kind of address, for everybody in the org. When a tenth of a limit is left, the scan waits for the next
// minute. What may pass by itself (429, 5xx, a broken or cut answer) is tried again for up to a quarter of an hour.
//
// # How sure it is of having read everything
//
// complete (consistent): every page led to the next, up to one that leads no further. Okta states no number of users, so nothing
// is proved; name canaries. partial: groups or applications that could not be read, a record without id, a page that leads back,
// clocks that differ by more than five minutes. A page that leads to another address, or a full page without Link header, ends
// the scan.
//
// # Never run against a live org
//
// It is tested against a simulated tenant whose answers are held against Okta's own OpenAPI description, and which Okta's SDK
// reads.
package okta
