// Package entra reads an Entra ID tenant by Microsoft Graph: users, guests, soft-deleted users, service principals, directory roles,
// licences and applications; and people, where HR provisioning keeps them as users.
//
// # Configuration
//
//	sources:
//	  - name: entra
//	    kind: entra
//	    tenant: 11111111-2222-4333-8444-555555555555
//	    client_id: 66666666-7777-4888-9999-aaaaaaaaaaaa
//	    client_secret: env:ENTRA_SECRET
//	  - name: entra-gov
//	    kind: entra
//	    cloud: us-government
//	    tenant: 22222222-2222-4333-8444-555555555555
//	    client_id: 77777777-7777-4888-9999-aaaaaaaaaaaa
//	    certificate: leaver.pem
//	people:
//	  - name: staff
//	    kind: entra
//	    tenant: 11111111-2222-4333-8444-555555555555
//	    client_id: 66666666-7777-4888-9999-aaaaaaaaaaaa
//	    workload_identity: true
//	    last_day: inclusive
//
// One way to sign in has to be named: client_secret, certificate, managed_identity (of an Azure machine) or workload_identity
// (federation, as in Kubernetes). The tenant is named by its id. cloud chooses address, sign-in service and scope together.
//
// # Security of the connection
//
// The connector sends GET requests to Graph's host and nothing else; tokens come from the one token address of the tenant, or for
// a managed identity from the machine's credential service, which nothing else here can reach. A page that is said to be on another
// host is refused, and so is a redirect. The SDK builds the requests and puts tokens on them; a request that it would send without
// one does not leave. The environment variables with which Microsoft's libraries can be steered do not lead anywhere else: what is
// configured counts, and a sign-in service of another name (AZURE_REGIONAL_AUTHORITY_NAME, the endpoints of App Service and Azure
// Arc) is refused. The symbol table of the program holds no method of the SDK that writes.
//
// # Rights that the reading application needs
//
// Application permissions of Microsoft Graph, with the consent of an administrator:
//
//   - User.Read.All: users, guests, soft-deleted users. Without it nothing is read.
//   - AuditLog.Read.All, and Entra ID P1 for the tenant: sign-ins. Without either the source is read all the same, no account of it
//     is called dormant or never used, and the coverage says why.
//   - Application.Read.All: service principals and assignments to applications. Without it the source is partial, unless
//     service_principals is none.
//   - RoleManagement.Read.Directory, and GroupMember.Read.All for groups that hold roles: privileged accounts. Without them it is
//     unknown who else is privileged. A tenant without Entra ID P2 has no eligible roles, and that is known.
//   - LicenseAssignment.Read.All: names of licences, which otherwise are ids.
//   - User-LifeCycleInfo.Read.All: employeeLeaveDateTime, which a source of people needs for the ends of employments; of an account it
//     is evidence.
//
// Rights that write are reported as too wide.
//
// # What is read
//
//   - Id: the object id. Logins: userPrincipalName; the application id of a service principal. Employee id: employeeId. Mails: mail,
//     proxyAddresses of SMTP, otherMails. Anchors: onPremisesImmutableId, as it stands and as the GUID that it mostly is, and
//     onPremisesSecurityIdentifier.
//   - Synchronised users name their directory, and the objectGUID of the original there. A disable has to happen there.
//   - Enabled: accountEnabled; unknown when it does not come. A soft-deleted user is disabled since deletedDateTime, with the
//     evidence "soft-deleted": it shows that the account is gone, and was not missed.
//   - Last activity: lastSuccessfulSignInDateTime with a precision of 48 hours, for the record lags. lastSignInDateTime and
//     lastNonInteractiveSignInDateTime count failed attempts too, so they are kept as evidence and are no use. Service principals: the
//     report of their sign-ins, from Graph's beta version; silence of it is unknown.
//   - Kind: guest by userType; service for a service principal. An invitation that was not accepted is evidence.
//   - Privileged: a directory role that is assigned, eligible (Privileged Identity Management) or comes through a group; for a service
//     principal also a permission of Graph with which it could take the tenant over. The roles Directory Readers, User, Guest User and
//     Restricted Guest User make nobody privileged.
//   - Grants: those roles; applications that are assigned directly; licences, of which only the directly assigned can be removed.
//     Applications given to groups are counted, not resolved; other memberships of groups are not read.
//   - Manager of a user; sponsor of a guest (the first); owner of a service principal (the first of at most 20). When sponsors cannot be
//     read the source is partial, so that nothing becomes due for a guest that only looks abandoned.
//   - Microsoft's own service principals are left out and counted, unless service_principals is all.
//
// As a source of people: members with an employeeId, with employeeHireDate and employeeLeaveDateTime (dates, as they stand in UTC), the
// manager's employeeId, department and office. accountEnabled is no status of an employment. An empty end is open only if some user
// of the tenant has one.
//
// # Never and unknown
//
// Successful sign-ins are on record since 1 December 2023, and the time before was not filled in. So an account without one was
// never used only if it was created after that day, and if some user of the tenant is seen to have a record: without the right to
// it Graph is silent in the same way. An older account without one is unknown. Sign-ins are those to Entra ID: whoever works in
// Active Directory alone is not seen here, and whoever signs in to the cloud alone is not seen there. A synchronised user and its
// original are one sign-on: neither is called idle while the other is used, and while this source is not read completely nothing
// becomes due elsewhere because an account looks idle.
//
// # How sure it is of having read everything
//
// complete (proved): every page was read, and as many users and service principals came as Graph counts, at the start or at the end.
// complete (consistent): more came than its index counts, which lags by minutes, or it does not count. partial: fewer came, a page
// led back, service principals or sponsors could not be read, or a fault after the first page. blind: no user was read. Throttling is
// waited for as long as Graph asks, up to 15 minutes for a page. Roles, licences and applications are not counted by Graph.
//
// # Building without it
//
// The Graph SDK compiles for minutes and wants 5 GB of memory. The build tag noentra leaves it out (make build TAGS=noentra); such a
// program says so when a source of this kind is to be read.
//
// # Never run against a live tenant
//
// The tests read a simulated tenant, whose answers are held against the vendor's own description of its types.
package entra
