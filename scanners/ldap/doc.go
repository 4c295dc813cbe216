// Package ldap reads the accounts of an LDAP directory: OpenLDAP, Active Directory, Samba, 389 Directory Server and FreeIPA.
//
// # Configuration
//
//	sources:
//	  - name: corp-ad
//	    kind: ldap
//	    url: ldaps://dc1.corp.example
//	    tls: {ca: corp-ca.pem}
//	    bind: {dn: svc-leaver@corp.example, password: "env:AD_PASSWORD"}
//	    bases: ["OU=Staff,DC=corp,DC=example", "OU=Services,DC=corp,DC=example"]
//	  - name: ldap
//	    kind: ldap
//	    url: ldap://ldap.example.org
//	    tls: {starttls: true}
//	    bind: {dn: "cn=leaver,ou=services,dc=example,dc=org", password: "file:/etc/leaver/ldap"}
//	    base: ou=people,dc=example,dc=org
//	    activity: {since: "2025-01-01"}
//	    privileged: {groups: ["cn=admins,ou=groups,dc=example,dc=org"]}
//
// The family of the server is read from its root entry, unless family says it. Each base is scanned over a connection of its
// own, as many at a time as the allocation allows. Only bind and search requests exist in this package; the symbol table of
// the program shows that the code for others is not linked.
//
// # Security of the connection
//
// ldaps:// or tls.starttls with TLS 1.2 or later; the certificate is always verified and there is no way back to plain
// text. Plain ldap:// is refused for another host unless tls.plaintext allows it. A certificate that ends within 30 days is
// reported. bind.method is simple, external (client certificate, or the peer of an ldapi socket), gssapi (Kerberos with
// keytab, password or credential cache) or anonymous, which has to be asked for. A wrong password is tried once per run.
// Kerberos reaches its servers as krb5.conf says, not through the run's proxy; there is no channel binding.
//
// # Rights that the reading account needs
//
//   - To see every entry below the bases with the attributes below. For Active Directory and Samba that is what every
//     authenticated user may; for 389 Directory Server and OpenLDAP the operational attributes have to be granted.
//   - No limit on the number of entries (OpenLDAP: limits dn.exact="…" size.prtotal=unlimited time=unlimited).
//   - Search right on the attribute that records sign-ins. Without it no account can be told to be unused.
//   - To see the groups with their members, the root entry, and for OpenLDAP the schema.
//
// # What is read
//
//   - Immutable id: objectGUID (Active Directory, Samba), entryUUID (OpenLDAP, others), nsUniqueId (389 Directory Server,
//     FreeIPA). An entry without readable id is rejected, and the source is partial.
//   - Disabled: userAccountControl bit 2; pwdAccountLockedTime 000001010000Z; nsAccountLock. Further conventions, such as a
//     login shell, are named under disabled. When the attribute is missing, the account is enabled only if the server's
//     answers show, container by container, that the reading account would see it; else enabled is unknown.
//   - Locked: msDS-User-Account-Control-Computed or lockoutTime with the domain's lockoutDuration; any other
//     pwdAccountLockedTime (OpenLDAP does not say when such a lock lapses); accountUnlockTime.
//   - Last activity: lastLogonTimestamp, late by up to msDS-LogonTimeSyncInterval (14 days unless the domain says otherwise,
//     unknown when it is 0); lastLogon; pwdLastSuccess and authTimestamp (precision as configured); lastLoginTime;
//     krbLastSuccessfulAuth.
//   - Expires: accountExpires; pwdEndTime, shadowExpire; krbPrincipalExpiration. Created: whenCreated, createTimestamp. Password
//     changed: pwdLastSet, pwdChangedTime, pwdUpdateTime, krbLastPwdChange. Failed sign-ins: badPwdCount of the controller
//     asked, pwdFailureTime, passwordRetryCount, krbLoginFailedCount.
//   - Kind: machine by sAMAccountType, class or a login that ends with $; service by managed service account, service
//     principal, RID 502, or for lack of anything that ties it to a person; guest by RID 501; shared by RID 500.
//   - Groups: memberOf with the primary group (Active Directory, Samba); member, uniqueMember, memberUid and gidNumber of the
//     groups elsewhere; groups within groups. Values that the server hands out in ranges are read to the end.
//   - Privileged: member of an administrators' group by SID, adminCount 1, RID 500, FreeIPA's admins, or member of a group
//     named under privileged, directly or through others. Unknown when memberships may be hidden.
//
// # Never and unknown
//
// A missing sign-in is never only when this is proved; an unreadable attribute looks the same. On Active Directory and Samba
// the domain has to be seen to write lastLogonTimestamp, and the entry itself has to show lastLogon as 0, which stands under
// the same right. Elsewhere the account has to be younger than the record of sign-ins (activity.since, else the oldest of a
// sample of sign-ins), and the server, asked for this one entry, has to say itself that the attribute is missing: it does
// not where the asking account has no right to it. FreeIPA records too little for that. Everything else is unknown, with the
// reason.
//
// OpenLDAP and 389 Directory Server record the sign-ins that they see themselves: passwords checked elsewhere (Kerberos, a
// cache) are not among them, and by default neither are sign-ins at a replica. activity.replicas says that there are such;
// then an account can be shown to be used, but not to be unused.
//
// lastLogon is not replicated. With domain_controllers every controller is asked; one that does not answer makes it unknown.
//
// # How sure it is of having read everything
//
// complete (proved): the server ended every page, and the last one, with its end-of-search mark and answered the page
// control each time. complete (consistent): it does not know pages and ended its one answer so. partial: a limit, a fault
// after the first page, a base without accounts beside others with some, groups not read to the end, a referral to a place
// that covered_elsewhere does not name, or entries that the server has but does not show (389 Directory Server and FreeIPA
// count them; OpenLDAP tells of containers that look empty; Active Directory tells nothing, so name canaries). blind: no
// account read. The partitions of Active Directory without accounts are listed and change nothing.
//
// A page is handed on when its end was seen. Faults before the first page are retried, a busy server before any page. A
// connection that is lost later leaves the source partial: a new search cannot continue the old one. Entries added or removed
// during the scan may or may not be in it; no directory gives a snapshot.
//
// # Not tested against the real thing
//
// FreeIPA and Microsoft's Active Directory: what is said of them follows their documentation; Samba is tested in place of the
// latter, its limits and ranges by a simulated server. OpenLDAP is tested in version 2.5, 389 Directory Server in 2.3.
package ldap
