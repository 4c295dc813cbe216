package runstore

import (
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// accountRow is a [scanners.Account] as a row of accounts-SOURCE.parquet. Column names are the vocabulary of the reports.
// Timestamps are UTC in microseconds.
type accountRow struct {
	System          string         `parquet:"system,dict" json:"system,omitempty"`
	ID              string         `parquet:"id" json:"id,omitempty"`
	Logins          []string       `parquet:"logins,list" json:"logins,omitempty"`
	DN              string         `parquet:"dn" json:"dn,omitempty"`
	DisplayName     string         `parquet:"display_name" json:"display_name,omitempty"`
	Mails           []string       `parquet:"mails,list" json:"mails,omitempty"`
	EmployeeIDs     []string       `parquet:"employee_ids,list" json:"employee_ids,omitempty"`
	Anchors         []string       `parquet:"anchors,list" json:"anchors,omitempty"`
	Enabled         *bool          `parquet:"enabled,optional" json:"enabled,omitempty"`
	EnabledState    string         `parquet:"enabled_state,dict" json:"enabled_state,omitempty"`
	DisabledAt      int64          `parquet:"disabled_at,optional,timestamp(microsecond)" json:"disabled_at,omitempty"`
	DisabledState   string         `parquet:"disabled_at_state,dict" json:"disabled_at_state,omitempty"`
	Created         int64          `parquet:"created,optional,timestamp(microsecond)" json:"created,omitempty"`
	CreatedState    string         `parquet:"created_state,dict" json:"created_state,omitempty"`
	Signals         []signalRow    `parquet:"signals,list" json:"signals,omitempty"`
	FailedLogins    *int64         `parquet:"failed_logins,optional" json:"failed_logins,omitempty"`
	FailedState     string         `parquet:"failed_logins_state,dict" json:"failed_logins_state,omitempty"`
	PasswordChanged int64          `parquet:"password_changed,optional,timestamp(microsecond)" json:"password_changed,omitempty"`
	PasswordState   string         `parquet:"password_changed_state,dict" json:"password_changed_state,omitempty"`
	Expires         int64          `parquet:"expires,optional,timestamp(microsecond)" json:"expires,omitempty"`
	ExpiresState    string         `parquet:"expires_state,dict" json:"expires_state,omitempty"`
	Locked          *bool          `parquet:"locked,optional" json:"locked,omitempty"`
	LockedState     string         `parquet:"locked_state,dict" json:"locked_state,omitempty"`
	Kind            string         `parquet:"kind,dict" json:"kind,omitempty"`
	KindWhy         string         `parquet:"kind_why,dict" json:"kind_why,omitempty"`
	Privileged      *bool          `parquet:"privileged,optional" json:"privileged,omitempty"`
	PrivilegedState string         `parquet:"privileged_state,dict" json:"privileged_state,omitempty"`
	PrivilegedWhy   string         `parquet:"privileged_why,dict" json:"privileged_why,omitempty"`
	Grants          []grantRow     `parquet:"grants,list" json:"grants,omitempty"`
	Licences        []string       `parquet:"licences,list" json:"licences,omitempty"`
	Manager         string         `parquet:"manager" json:"manager,omitempty"`
	Sponsor         string         `parquet:"sponsor" json:"sponsor,omitempty"`
	Owner           string         `parquet:"owner" json:"owner,omitempty"`
	Authority       string         `parquet:"authority,dict" json:"authority,omitempty"`
	AuthorityID     string         `parquet:"authority_id" json:"authority_id,omitempty"`
	Evidence        []attributeRow `parquet:"evidence,list" json:"evidence,omitempty"`
	known           knownValues
	// Rests holds the nanoseconds below a microsecond of every timestamp above, in order; absent when all are zero.
	Rests []int32 `parquet:"sub_microseconds,list" json:"sub_microseconds,omitempty"`
}

// knownValues are what the pointers of a row point to.
type knownValues struct {
	enabled, locked, privileged bool
	failedLogins                int64
}

type signalRow struct {
	Name      string `parquet:"name,dict" json:"name,omitempty"`
	At        int64  `parquet:"at,optional,timestamp(microsecond)" json:"at,omitempty"`
	State     string `parquet:"at_state,dict" json:"at_state,omitempty"`
	Precision int64  `parquet:"precision_ns" json:"precision_ns,omitempty"`
}

type grantRow struct {
	ID        string `parquet:"id,dict" json:"id,omitempty"`
	Name      string `parquet:"name,dict" json:"name,omitempty"`
	Type      string `parquet:"type,dict" json:"type,omitempty"`
	Direct    bool   `parquet:"direct" json:"direct,omitempty"`
	Removable bool   `parquet:"removable" json:"removable,omitempty"`
}

type attributeRow struct {
	Name   string   `parquet:"name,dict" json:"name,omitempty"`
	Values []string `parquet:"values,list" json:"values,omitempty"`
}

// fill writes a into the row. The row shares no memory with a but the texts, which nobody can change.
func (r *accountRow) fill(a *scanners.Account) {
	*r = accountRow{
		System: a.System, ID: a.ID, Logins: refill(r.Logins, a.Logins), DN: a.DN, DisplayName: a.DisplayName,
		Mails: refill(r.Mails, a.Mails), EmployeeIDs: refill(r.EmployeeIDs, a.EmployeeIDs),
		Anchors: refill(r.Anchors, a.Anchors), Kind: string(a.Kind), KindWhy: a.KindWhy, PrivilegedWhy: a.PrivilegedWhy,
		Licences: refill(r.Licences, a.Licences), Manager: a.Manager, Sponsor: a.Sponsor, Owner: a.Owner,
		Authority: a.Authority, AuthorityID: a.AuthorityID, Signals: r.Signals[:0], Grants: r.Grants[:0], Evidence: r.Evidence[:0], Rests: r.Rests[:0],
	}
	fine := rests{list: r.Rests}
	r.Enabled, r.EnabledState = put(a.Enabled, &r.known.enabled)
	r.DisabledAt, r.DisabledState = fine.put(a.DisabledAt)
	r.Created, r.CreatedState = fine.put(a.Created)
	for _, s := range a.Signals {
		at, state := fine.put(s.At)
		r.Signals = append(r.Signals, signalRow{s.Name, at, state, int64(s.Precision)})
	}
	r.FailedLogins, r.FailedState = put(a.FailedLogins, &r.known.failedLogins)
	r.PasswordChanged, r.PasswordState = fine.put(a.PasswordChanged)
	r.Expires, r.ExpiresState = fine.put(a.Expires)
	r.Locked, r.LockedState = put(a.Locked, &r.known.locked)
	r.Privileged, r.PrivilegedState = put(a.Privileged, &r.known.privileged)
	for _, g := range a.Grants {
		r.Grants = append(r.Grants, grantRow(g))
	}
	for _, e := range a.Evidence {
		r.Evidence = append(r.Evidence, attributeRow{e.Name, slices.Clone(e.Values)})
	}
	r.Rests = fine.all()
}

// refill copies list into the memory of old.
func refill(old, list []string) []string { return append(old[:0], list...) }

// account is the inverse of fill. Empty lists come back as nil.
func (r *accountRow) account() (*scanners.Account, error) {
	a := &scanners.Account{
		System: r.System, ID: r.ID, Logins: some(r.Logins), DN: r.DN, DisplayName: r.DisplayName, Mails: some(r.Mails),
		EmployeeIDs: some(r.EmployeeIDs), Anchors: some(r.Anchors), Kind: scanners.AccountKind(r.Kind), KindWhy: r.KindWhy,
		PrivilegedWhy: r.PrivilegedWhy, Licences: some(r.Licences), Manager: r.Manager, Sponsor: r.Sponsor, Owner: r.Owner,
		Authority: r.Authority, AuthorityID: r.AuthorityID,
	}
	fine := rests{list: r.Rests}
	a.Enabled = get(&fine, r.Enabled, r.EnabledState)
	a.DisabledAt = fine.get(r.DisabledAt, r.DisabledState)
	a.Created = fine.get(r.Created, r.CreatedState)
	a.Signals = each(r.Signals, func(s signalRow) scanners.Signal {
		return scanners.Signal{Name: s.Name, At: fine.get(s.At, s.State), Precision: time.Duration(s.Precision)}
	})
	a.FailedLogins = get(&fine, r.FailedLogins, r.FailedState)
	a.PasswordChanged = fine.get(r.PasswordChanged, r.PasswordState)
	a.Expires = fine.get(r.Expires, r.ExpiresState)
	a.Locked = get(&fine, r.Locked, r.LockedState)
	a.Privileged = get(&fine, r.Privileged, r.PrivilegedState)
	a.Grants = each(r.Grants, func(g grantRow) scanners.Grant { return scanners.Grant(g) })
	a.Evidence = each(r.Evidence, func(e attributeRow) scanners.Attribute {
		return scanners.Attribute{Name: e.Name, Values: some(e.Values)}
	})
	return a, fine.err
}

// each converts a list; an empty one becomes nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, item := range list {
		out[i] = convert(item)
	}
	return out
}

// some returns the list, nil when it is empty.
func some(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}
