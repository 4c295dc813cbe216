// Package scim reads the accounts or the people of an application that speaks SCIM 2.0 (RFC 7643 and 7644).
//
// # Configuration
//
//	sources:
//	  - name: crm
//	    kind: scim
//	    url: https://crm.example/scim/v2
//	    auth: {token: "env:CRM_SCIM_TOKEN"}
//	    privileged: [Administrators]
//	  - name: wiki
//	    kind: scim
//	    url: https://wiki.example/api/scim
//	    auth: {token_url: https://login.example/oauth2/token, client_id: leaver, client_secret: "file:/etc/leaver/wiki", scopes: [scim.read]}
//	    groups: groups
//	    inactive: query
//	    activity: {path: ["urn:wiki:scim:1.0:User", lastLogin], precision: 24h}
//
// As a source of people, where the service holds what HR provisioned:
//
//	people:
//	  - name: identity-hub
//	    kind: scim
//	    url: https://hub.example/scim/v2
//	    auth: {user: leaver, password: "env:HUB_PASSWORD"}
//	    id: employeeNumber
//	    end: ["urn:hub:scim:1.0:User", terminationDate]
//	    last_day: inclusive
//
// Only GET requests leave the process, to the host of url alone, and the form that asks token_url for an access token. A redirect
// is an error.
//
// # Rights that the reading identity needs
//
// To read users; with groups: groups, also groups. SCIM has no right of its own for reading only: ask for one in the application.
//
// # What is read
//
//   - Immutable id: id. A user without one is rejected, and the source is partial.
//   - Enabled: active, also when it is written as a text. Missing, or anything else, is unknown.
//   - Login: userName. Anchor: externalId, which the system that provisions writes. Mails: emails, the primary one first.
//   - Employee id, manager: employeeNumber and manager.value of the enterprise extension.
//   - Created: meta.created. meta.lastModified is no sign of use; it is kept as evidence.
//   - Last activity: SCIM has none. activity names the attribute of a vendor's extension that states it; a missing one is unknown
//     unless activity.absent says that the vendor means never. Dates in 1970 and before mean never.
//   - Grants: groups with type direct or indirect, roles, entitlements. Some services show no groups at users: groups: groups reads
//     the members of each group instead, groups within groups included.
//   - Privileged: who holds a group, role or entitlement that privileged names, by name or id. Unknown when privileged is not
//     set, or when the service shows neither groups nor roles of a user.
//   - Kind: what user_types makes of userType.
//
// A key that cannot be read (id, userName, externalId, employeeNumber, emails) rejects its user: without it the account would look
// as if nobody owned it. Any other bad value makes its fact unknown.
//
// Of people: the employee id (id says which attribute), department, the town of the primary address, userType as the type of the
// employment, and active as its status. SCIM has no dates of employment: start and end name attributes of an extension. Where there
// are none, an employment ends when active turns false, and the end is inferred. A user with neither active nor an end is rejected.
// The manager is who manager.value names, which services fill with the id of a user, so that id is among the other ids of each person.
//
// # Services that deviate
//
//   - count is capped: pages may be as small as the service likes.
//   - startIndex is ignored: the same page comes again. Then only what the first page holds is known, and the source is partial
//     unless totalResults says that this is all.
//   - totalResults counts the page only: a list ends with a page that holds nothing, not where totalResults says so. A service that
//     answers with an error, or with its first page, behind its last record, is understood.
//   - totalResults is wrong in other ways: total_results: ignored.
//   - Inactive users are never listed: a disabled account then looks like a deleted one. A scan that sees no inactive user says
//     so. inactive: query asks for them with the filter active eq false.
//   - Cursors (RFC 9865) are used where ServiceProviderConfig offers them, or where paging says so. A service without
//     ServiceProviderConfig is asked by index.
//   - ETags are ignored.
//
// # How sure it is of having read everything
//
// complete (proved): as many users as totalResults, read to the end. complete (consistent): no totalResults, a smaller one, or one
// that is ignored. partial: fewer than totalResults, a totalResults that changes while pages are counted off, pages that lead back,
// a user without id, groups not read to the end, or clocks that differ by more than five minutes. blind: no user read.
//
// # Not tested against every service
//
// The test run reads from the servers of scimmy 1.3.5 (npm), which nobody here wrote, and from one of its own that plays the
// deviations above. No live tenant of a vendor was read.
package scim
