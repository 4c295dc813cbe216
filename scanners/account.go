package scanners

import "time"

// Account is one login-capable object of one system, as read. It is plain data. All times are UTC instants.
type Account struct {
	// System is the name of the source in leaver.yaml. The runner sets it; connectors leave it empty.
	System string
	// ID is the immutable id in the system's canonical text form: objectGUID, entryUUID, Entra id, Okta id, SCIM id, or
	// the declared id column of a file. Never a DN or a UPN, which get renamed and reused.
	ID string
	// Logins are the names that sign in, primary first, as the system writes them.
	Logins []string
	// DN is the current place of the account in a directory, empty elsewhere. It is an attribute, not an identity.
	DN          string
	DisplayName string
	// Mails holds every mail address, primary first, without prefixes such as "smtp:".
	Mails []string
	// EmployeeIDs holds HR ids as the system writes them, leading zeros included.
	EmployeeIDs []string
	// Anchors are values that HR provisioning wrote to tie the account to its person (source GUIDs, external ids).
	Anchors []string

	// Enabled is false only after an administrative disable. Locked, expired and must-change-password are enabled.
	Enabled Fact[bool]
	// DisabledAt is when the account was disabled, where the system records it. Never for an enabled account that the
	// system says was never disabled; unknown almost everywhere.
	DisabledAt Fact[time.Time]
	Created    Fact[time.Time]
	// Signals are all signs of use that the source can give, each with its own error band. See [Account.LastUse].
	Signals         []Signal
	FailedLogins    Fact[int64]
	PasswordChanged Fact[time.Time]
	// Expires is when the account stops working by itself; never means that it does not.
	Expires Fact[time.Time]
	// Locked is true while bad passwords keep the account shut. A locked account is enabled.
	Locked Fact[bool]

	// Kind is what sort of account it is; empty is a person's ordinary account as far as the source can tell.
	Kind AccountKind
	// KindWhy says which fact made it that kind ("sAMAccountType 805306369"). Empty when Kind is empty.
	KindWhy string
	// Privileged is whether the account holds administrative rights; PrivilegedWhy names the group or role.
	Privileged    Fact[bool]
	PrivilegedWhy string
	Grants        []Grant
	Licences      []string

	// Manager, Sponsor and Owner refer to whoever answers for the account, as the system writes it: an employee id, a
	// mail address, a login, or the DN or id of another account of the same system.
	Manager string
	Sponsor string
	Owner   string
	// Authority names the directory that this account is synchronised from; empty when the system owns it. A disable
	// has to happen there. AuthorityID is the immutable id of the original there, as its own source would write it; empty
	// where the system does not state it.
	Authority   string
	AuthorityID string
	// Evidence holds the raw attributes that the facts above were read from, allow-listed by the connector and in a
	// fixed order, so that an auditor can re-derive them.
	Evidence []Attribute
}

// AccountKind is the sort of an account.
type AccountKind string

// The kinds. The empty kind is treated as KindPerson.
const (
	KindPerson     AccountKind = "person"
	KindAdmin      AccountKind = "admin"
	KindService    AccountKind = "service"
	KindShared     AccountKind = "shared"
	KindGuest      AccountKind = "guest"
	KindMachine    AccountKind = "machine"
	KindBreakGlass AccountKind = "break-glass"
	KindTest       AccountKind = "test"
)

// Personal reports whether the account is expected to belong to one person of an authoritative source by itself.
func (k AccountKind) Personal() bool { return k == "" || k == KindPerson || k == KindAdmin }

// Grant is one right that the account holds: a group, role, application or licence assignment.
type Grant struct {
	ID   string
	Name string
	// Type is "group", "role", "application" or "licence".
	Type string
	// Direct is false when the right arrives through another grant, and so cannot be removed from the account.
	Direct bool
	// Removable is whether removing it from this account is possible and meaningful (a primary group is not).
	Removable bool
}

// Attribute is one raw attribute kept as evidence. Values are text; binary ones are hexadecimal.
type Attribute struct {
	Name   string
	Values []string
}

// Signal is one sign of use of an account.
type Signal struct {
	// Name is the source's own name of the signal, such as "lastLogonTimestamp".
	Name string
	// At is when the account was last used as far as this signal tells. Never means provably no use since creation.
	At Fact[time.Time]
	// Precision is how much later than At the account may really have been used (14 days for lastLogonTimestamp, 24 hours
	// for a date without a time), because the source rounds down or writes late.
	Precision time.Duration
}

// LastUse returns the newest known signal. It proves use; it does not prove the absence of later use.
func (a *Account) LastUse() (Signal, bool) {
	var newest Signal
	found := false
	for _, s := range a.Signals {
		if at, ok := s.At.Get(); ok && (!found || at.After(newest.At.Value)) {
			newest, found = s, true
		}
	}
	return newest, found
}

// Idle returns the instant after which the account was provably not used: the optimistic end of its latest signal.
// Never means provably never used. It is unknown when the account has no signal or when any signal is unknown, because
// the unreadable signal may hold a later use.
func (a *Account) Idle() Fact[time.Time] {
	if len(a.Signals) == 0 {
		return Unknown[time.Time]("the source gives no sign of use")
	}
	idle := Never[time.Time]()
	for _, s := range a.Signals {
		switch s.At.State {
		case StateUnknown:
			return Unknown[time.Time](s.Name + ": " + s.At.Reason)
		case StateKnown:
			if end := s.At.Value.Add(s.Precision); !idle.IsKnown() || end.After(idle.Value) {
				idle = Known(end)
			}
		}
	}
	return idle
}

// Login returns the primary login, or the id when the account has none: what a person would call the account.
func (a *Account) Login() string {
	if len(a.Logins) > 0 {
		return a.Logins[0]
	}
	return a.ID
}
