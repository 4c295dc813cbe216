package ldap

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Bits of userAccountControl and of msDS-User-Account-Control-Computed.
const (
	uacDisabled = 0x2
	uacLocked   = 0x10
)

// Values of sAMAccountType and well-known RIDs.
const (
	samMachine       = 805306369
	samTrust         = 805306370
	ridAdministrator = 500
	ridGuest         = 501
	ridKrbtgt        = 502
	ridDomainAdmins  = 512
)

// windows reads what only Active Directory and Samba have.
func (m *mapper) windows(e *entry, d *draft) {
	a := &d.account
	control := integer(e, "userAccountControl")
	if bits, ok := control.Get(); ok {
		a.Enabled = scanners.Known(bits&uacDisabled == 0)
	} else {
		a.Enabled = scanners.Unknown[bool](control.Reason)
	}
	a.Expires = windows(e, "accountExpires", scanners.Never[time.Time](), scanners.Unknown[time.Time]("accountExpires is not shown"))
	a.PasswordChanged = windows(e, "pwdLastSet", scanners.Unknown[time.Time]("pwdLastSet is 0: the password has to be changed at the next sign-in"),
		scanners.Unknown[time.Time]("pwdLastSet is not shown"))
	a.FailedLogins = integer(e, "badPwdCount")
	a.Locked = m.locked(e)
	sid, rid, _ := sidText(e.one("objectsid"))
	if m.dir.domain.known && strings.HasPrefix(sid, m.dir.domain.sid+"-") {
		d.rid = rid
	}
	if primary, ok := integer(e, "primaryGroupID").Get(); ok && primary > 0 {
		d.primary = uint32(primary)
	}
	d.protected = e.one("admincount") == "1"
	a.Kind, a.KindWhy = windowsKind(e, d.rid)
	m.windowsActivity(e, d)
}

func (m *mapper) locked(e *entry) scanners.Fact[bool] {
	if bits, ok := integer(e, "msDS-User-Account-Control-Computed").Get(); ok {
		return scanners.Known(bits&uacLocked != 0)
	}
	text := e.one("lockoutTime")
	if text == "" {
		return scanners.Unknown[bool]("neither msDS-User-Account-Control-Computed nor lockoutTime is shown")
	}
	at, ok, err := filetime(text)
	if err != nil {
		return scanners.Unknown[bool]("lockoutTime: " + err.Error())
	}
	return scanners.Known(ok && (m.dir.domain.lockout == 0 || m.now.Before(at.Add(m.dir.domain.lockout))))
}

// windowsActivity reads lastLogonTimestamp, which every domain controller has but writes late, and lastLogon, which is
// exact but each controller's own: here it can only add use, never deny it.
func (m *mapper) windowsActivity(e *entry, d *draft) {
	a := &d.account
	none := scanners.Unknown[time.Time]("")
	if m.dir.domain.frozen {
		reason := m.dir.unrecorded
		a.Signals = append(a.Signals, scanners.Signal{Name: "lastLogonTimestamp", At: scanners.Unknown[time.Time](reason)})
	} else if at := windows(e, "lastLogonTimestamp", none, none); at.IsKnown() {
		a.Signals = append(a.Signals, scanners.Signal{Name: "lastLogonTimestamp", At: at, Precision: m.precision("lastLogonTimestamp")})
	} else {
		d.unused = true
		if at.Reason != "" {
			a.Signals, d.unused = append(a.Signals, scanners.Signal{Name: "lastLogonTimestamp", At: at}), false
		}
	}
	d.zero = e.one("lastLogon") == "0"
	if at := windows(e, "lastLogon", none, none); at.IsKnown() {
		a.Signals = append(a.Signals, scanners.Signal{Name: "lastLogon", At: at})
	}
}

func (m *mapper) precision(name string) time.Duration {
	for _, r := range m.dir.records {
		if r.name == name {
			return r.precision
		}
	}
	return m.dir.domain.lag
}

func windowsKind(e *entry, rid uint32) (scanners.AccountKind, string) {
	switch rid {
	case ridAdministrator:
		return scanners.KindShared, "RID 500, the built-in administrator"
	case ridGuest:
		return scanners.KindGuest, "RID 501, the built-in guest"
	case ridKrbtgt:
		return scanners.KindService, "RID 502, krbtgt"
	}
	if class := hasClass(e, "msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount", "msDS-DelegatedManagedServiceAccount"); class != "" {
		return scanners.KindService, "objectClass " + class
	}
	sort, _ := integer(e, "sAMAccountType").Get()
	switch {
	case sort == samMachine || sort == samTrust:
		return scanners.KindMachine, fmt.Sprintf("sAMAccountType %d", sort)
	case hasClass(e, "computer") != "":
		return scanners.KindMachine, "objectClass computer"
	case e.one("serviceprincipalname") != "":
		return scanners.KindService, "servicePrincipalName " + text(e.one("serviceprincipalname"))
	}
	return "", ""
}
