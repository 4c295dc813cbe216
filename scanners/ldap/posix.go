package ldap

import (
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// adminLock is the value of pwdAccountLockedTime by which an administrator, not a wrong password, shuts an account.
const adminLock = "000001010000Z"

// posix reads what OpenLDAP, 389 Directory Server and FreeIPA have.
func (m *mapper) posix(e *entry, d *draft) {
	a := &d.account
	if m.dir.family == ds389 || m.dir.family == freeIPA {
		m.redHat(e, d)
	} else {
		m.openLDAP(e, d)
	}
	a.Kind, a.KindWhy = m.posixKind(e, a)
	for _, r := range m.dir.records {
		if e.one(r.name) != "" {
			at := generalized(e, r.name, scanners.Unknown[time.Time](""))
			a.Signals = append(a.Signals, scanners.Signal{Name: r.name, At: at, Precision: r.precision})
		}
	}
	d.unused = len(a.Signals) == 0
	if e.one("ntuserdomainid") != "" {
		a.Authority = "active-directory"
	}
}

func (m *mapper) openLDAP(e *entry, d *draft) {
	a := &d.account
	switch lock := e.one("pwdaccountlockedtime"); {
	case lock == "":
		d.stateless = true
	case strings.HasPrefix(lock, adminLock[:8]):
		a.Enabled, a.Locked = scanners.Known(false), scanners.Known(false)
	default:
		a.Enabled, a.Locked = scanners.Known(true), scanners.Known(true)
	}
	a.PasswordChanged = generalized(e, "pwdChangedTime", scanners.Unknown[time.Time]("pwdChangedTime is not shown"))
	a.Expires = generalized(e, "pwdEndTime", scanners.Unknown[time.Time]("pwdEndTime is not shown"))
	if days, ok := integer(e, "shadowExpire").Get(); ok && !a.Expires.IsKnown() {
		a.Expires = shadowExpiry(days)
	}
	a.FailedLogins = scanners.Unknown[int64]("pwdFailureTime is not shown")
	if failures := e.all("pwdfailuretime"); len(failures) > 0 {
		a.FailedLogins = scanners.Known(int64(len(failures)))
	}
}

// shadowExpiry reads days since 1970; negative is never.
func shadowExpiry(days int64) scanners.Fact[time.Time] {
	const last = 2_932_896 // 9999-12-31
	if days < 0 || days > last {
		return scanners.Never[time.Time]()
	}
	return scanners.Known(time.Unix(days*86400, 0).UTC())
}

func (m *mapper) redHat(e *entry, d *draft) {
	a := &d.account
	lock := e.one("nsaccountlock")
	d.stateless = lock == ""
	if lock != "" {
		a.Enabled = scanners.Known(!strings.EqualFold(lock, "true"))
	}
	if m.dir.family == freeIPA {
		a.PasswordChanged = generalized(e, "krbLastPwdChange", scanners.Unknown[time.Time]("krbLastPwdChange is not shown"))
		a.Expires = generalized(e, "krbPrincipalExpiration", scanners.Unknown[time.Time]("krbPrincipalExpiration is not shown"))
		a.FailedLogins = integer(e, "krbLoginFailedCount")
		a.Locked = scanners.Unknown[bool]("it depends on the password policy")
		return
	}
	a.PasswordChanged = generalized(e, "pwdUpdateTime", scanners.Unknown[time.Time]("pwdUpdateTime is not shown"))
	a.Expires = scanners.Unknown[time.Time]("the server has no expiry date of accounts")
	a.FailedLogins = integer(e, "passwordRetryCount")
	a.Locked = scanners.Unknown[bool]("accountUnlockTime is not shown")
	switch unlock := generalized(e, "accountUnlockTime", scanners.Unknown[time.Time]("")); {
	case strings.HasPrefix(e.one("accountUnlockTime"), "19700101"): // until an administrator unlocks
		a.Locked = scanners.Known(true)
	case unlock.IsKnown():
		a.Locked = scanners.Known(m.now.Before(unlock.Value))
	}
}

// posixKind tells machines and services from people by object class and principal. An account without any class of a
// person is a service only when nothing else ties it to a person either: many directories keep people as bare accounts.
func (m *mapper) posixKind(e *entry, a *scanners.Account) (scanners.AccountKind, string) {
	principal := e.one("krbprincipalname")
	service, _, hasInstance := strings.Cut(principal, "/")
	switch {
	case hasClass(e, "ipaHost", "device", "ipHost") != "":
		return scanners.KindMachine, "objectClass " + hasClass(e, "ipaHost", "device", "ipHost")
	case hasInstance && service == "host":
		return scanners.KindMachine, "krbPrincipalName " + text(principal)
	case hasInstance:
		return scanners.KindService, "krbPrincipalName " + text(principal)
	case strings.HasSuffix(a.Login(), "$"):
		return scanners.KindMachine, "login ends with $"
	case hasClass(e, "person", "inetOrgPerson", "organizationalPerson", "nsPerson") != "":
		return "", ""
	case len(a.EmployeeIDs) > 0 || len(a.Mails) > 0 || a.Manager != "":
		return "", ""
	default:
		return scanners.KindService, "no object class of a person, and neither employee id, mail nor manager"
	}
}
