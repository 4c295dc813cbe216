package ldap

import (
	"slices"
	"strings"
)

// family is a kind of directory server. What disables an account and what records a sign-in differs between them.
type family string

const (
	openLDAP        family = "openldap"
	activeDirectory family = "ad"
	samba           family = "samba"
	ds389           family = "389ds"
	freeIPA         family = "freeipa"
	otherServer     family = "other"
)

func familyNames() []string {
	return []string{string(openLDAP), string(activeDirectory), string(samba), string(ds389), string(freeIPA), string(otherServer)}
}

// windows reports whether the directory speaks Active Directory's schema.
func (f family) windows() bool { return f == activeDirectory || f == samba }

// traits is what the connector has to know of a family.
type traits struct {
	// filter takes every object that can sign in.
	filter string
	// id is the attribute of the immutable id.
	id string
	// created is when the entry came into being; activity the attributes that record use, best first.
	created  string
	activity []string
	// state is the attribute whose absence means enabled, where its absence can be proved; "" where it is always present.
	state    string
	logins   []string
	mails    []string
	employee []string
	groups   string
	// evidence is kept with every account.
	evidence []string
}

const (
	signInClasses = "(objectClass=person)(objectClass=account)(objectClass=posixAccount)(objectClass=shadowAccount)" +
		"(objectClass=simpleSecurityObject)(objectClass=uidObject)"
	groupClasses = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
)

func traitsOf(f family) traits {
	t := traits{
		filter: "(|" + signInClasses + ")", id: "entryUUID", created: "createTimestamp",
		logins: []string{"uid"}, mails: []string{"mail", "mailLocalAddress", "mailAlternateAddress"},
		employee: []string{"employeeNumber"}, groups: groupClasses,
	}
	switch f {
	case activeDirectory, samba:
		t = traits{
			filter: "(objectClass=user)", id: "objectGUID", created: "whenCreated", activity: []string{"lastLogonTimestamp"},
			logins: []string{"sAMAccountName", "userPrincipalName"}, mails: []string{"mail", "proxyAddresses"},
			employee: []string{"employeeID", "employeeNumber"}, groups: "(objectClass=group)",
			evidence: []string{"userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "lastLogonTimestamp",
				"lastLogon", "pwdLastSet", "lockoutTime", "badPwdCount", "adminCount", "primaryGroupID", "sAMAccountType",
				"objectSid", "whenCreated", "servicePrincipalName"},
		}
	case ds389:
		t.filter = "(|" + signInClasses + "(objectClass=nsPerson)(objectClass=nsAccount))"
		t.id, t.state, t.activity = "nsUniqueId", "nsAccountLock", []string{"lastLoginTime"}
		t.evidence = []string{"nsAccountLock", "lastLoginTime", "createTimestamp", "pwdUpdateTime", "passwordRetryCount",
			"accountUnlockTime", "objectClass"}
	case freeIPA:
		t.filter = "(|" + signInClasses + "(objectClass=krbPrincipalAux))"
		t.id, t.state, t.activity = "nsUniqueId", "nsAccountLock", []string{"krbLastSuccessfulAuth"}
		t.logins = []string{"uid", "krbPrincipalName"}
		t.evidence = []string{"nsAccountLock", "krbLastSuccessfulAuth", "krbPrincipalExpiration", "krbLastPwdChange",
			"krbLoginFailedCount", "krbPrincipalName", "createTimestamp", "objectClass"}
	default:
		t.state, t.activity = "pwdAccountLockedTime", []string{"pwdLastSuccess", "authTimestamp"}
		t.evidence = []string{"pwdAccountLockedTime", "pwdLastSuccess", "authTimestamp", "pwdChangedTime", "pwdFailureTime",
			"pwdEndTime", "shadowExpire", "createTimestamp", "objectClass"}
	}
	return t
}

// configured applies what the configuration says of attributes and filter.
func (t traits) configured(c Config) traits {
	if c.Filter != "" {
		t.filter = c.Filter
	}
	replace := func(into *[]string, with []string) {
		if len(with) > 0 {
			*into = with
		}
	}
	if c.Attributes.ID != "" {
		t.id = c.Attributes.ID
	}
	replace(&t.logins, c.Attributes.Login)
	replace(&t.mails, c.Attributes.Mail)
	replace(&t.employee, c.Attributes.EmployeeID)
	t.evidence = append(slices.Clone(t.evidence), c.Attributes.Evidence...)
	for _, d := range c.Disabled {
		t.evidence = append(t.evidence, d.Attribute)
	}
	t.evidence = unique(t.evidence)
	return t
}

// attributes lists what is asked for.
func (t traits) attributes(c Config) []string {
	list := []string{t.id, t.created, t.state, "objectClass", "displayName", "cn", "name", "manager", "managedBy", "owner",
		"memberOf", "uid", "gidNumber", "krbPrincipalName", "ntUserDomainId", c.Attributes.Sponsor}
	for _, more := range [][]string{t.activity, t.logins, t.mails, t.employee, c.Attributes.Anchors, t.evidence} {
		list = append(list, more...)
	}
	return unique(list)
}

// unique drops empty names and repetitions that differ in case only.
func unique(names []string) []string {
	seen := map[string]bool{"": true}
	var out []string
	for _, n := range names {
		if low := strings.ToLower(n); !seen[low] {
			seen[low] = true
			out = append(out, n)
		}
	}
	return out
}

// rootDSEAttributes is what the server is asked about itself.
func rootDSEAttributes() []string {
	return []string{"supportedCapabilities", "supportedControl", "vendorName", "vendorVersion", "namingContexts",
		"defaultNamingContext", "structuralObjectClass", "objectClass", "ipaTopologyPluginVersion"}
}

// familyOf reads the family from the root entry.
func familyOf(root *entry) family {
	const activeDirectoryOID, ldsOID = "1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"
	capabilities := root.all("supportedcapabilities")
	switch {
	case slices.Contains(capabilities, activeDirectoryOID) || slices.Contains(capabilities, ldsOID):
		if strings.Contains(root.one("vendorname"), "Samba") {
			return samba
		}
		return activeDirectory
	case root.one("ipatopologypluginversion") != "":
		return freeIPA
	case strings.HasPrefix(root.one("vendorversion"), "389-Directory") || strings.Contains(root.one("vendorname"), "389 Project"):
		return ds389
	case root.one("structuralobjectclass") == "OpenLDAProotDSE" || slices.Contains(root.all("objectclass"), "OpenLDAProotDSE"):
		return openLDAP
	default:
		return otherServer
	}
}
