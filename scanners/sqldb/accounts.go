package sqldb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// accountTimes and accountWords are the fields that may stand under empty and values.
func accountTimes() []string {
	return []string{"disabled_at", "created", "last_activity", "password_changed", "expires"}
}

func accountWords() []string { return []string{"enabled", "locked", "privileged", "kind"} }

// openAccounts checks the configuration of a source of accounts.
func openAccounts(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	if err := c.applyPreset(); err != nil {
		return nil, err
	}
	s, err := c.check(env, accountTimes(), accountWords())
	if err != nil {
		return nil, err
	}
	if c.Columns.ID == "" {
		return nil, configError("add `columns: {id: id}` with the column that never changes for an account", "columns: id is not mapped")
	}
	precision, err := columns.Precision(c.Precision)
	if err != nil {
		return nil, err
	}
	s.columns = fieldsOf(c.Columns)
	return newSource(s, env, source[scanners.Account]{unique: true, unkeyedIsPartial: true,
		mapping: func(r *row, _ string) (scanners.Account, string, *defect) { return account(r, precision) }}), nil
}

// account makes an account of a row. A value that names nobody clearly rejects the row; any other that cannot be read makes its
// fact unknown.
func account(r *row, precision time.Duration) (a scanners.Account, id string, wrong *defect) {
	if a.ID, wrong = r.id(); wrong != nil {
		return a, "", wrong
	}
	a.Logins, a.DisplayName, a.Mails = r.list("login"), r.text("display_name"), r.mails("mail")
	if a.EmployeeIDs, wrong = r.keys("employee_id"); wrong != nil {
		return a, a.ID, wrong
	}
	if a.Anchors, wrong = r.keys("anchor"); wrong != nil {
		return a, a.ID, wrong
	}
	r.timesOf(&a, precision)
	a.Enabled, a.Locked, a.Privileged = r.truth("enabled"), r.truth("locked"), r.truth("privileged")
	if scanners.Is(a.Privileged, true) {
		a.PrivilegedWhy = r.column("privileged") + " " + r.text("privileged")
	}
	a.FailedLogins = r.number("failed_logins")
	r.kindOf(&a)
	r.referencesOf(&a)
	r.evidenceOf(&a)
	return a, a.ID, nil
}

func (r *row) timesOf(a *scanners.Account, precision time.Duration) {
	a.DisabledAt, a.Created = r.one("disabled_at"), r.one("created")
	a.PasswordChanged, a.Expires = r.one("password_changed"), r.one("expires")
	if at, ok := a.Expires.Get(); ok && at.Year() >= 4000 {
		a.Expires = scanners.Never[time.Time]()
	}
	facts, imprecision := r.times("last_activity")
	for i, at := range facts {
		a.Signals = append(a.Signals, scanners.Signal{Name: r.names[r.at["last_activity"][i]], At: at, Precision: max(imprecision[i], precision)})
	}
}

// one is a time field of one column.
func (r *row) one(field string) scanners.Fact[time.Time] {
	if facts, _ := r.times(field); len(facts) > 0 {
		return facts[0]
	}
	return scanners.Unknown[time.Time](notMapped)
}

// number is a count.
func (r *row) number(field string) scanners.Fact[int64] {
	v, mapped := r.first(field)
	text := strings.TrimSpace(v.Text)
	switch {
	case !mapped:
		return scanners.Unknown[int64](notMapped)
	case v.Kind == readonly.Null || isNull(text):
		return scanners.Unknown[int64](isNULL)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		why := fmt.Sprintf("%q is not a count", display(v))
		r.notes.unread(field, r.column(field), why)
		return scanners.Unknown[int64](why)
	}
	return scanners.Known(n)
}

func (r *row) kindOf(a *scanners.Account) {
	word := r.text("kind")
	if word == "" {
		return
	}
	kind, known := r.settings.values.AccountKind(fold(word))
	if !known {
		r.notes.untranslated("kind", word, "these accounts are judged as a person's", "service")
		return
	}
	a.Kind, a.KindWhy = kind, r.column("kind")+" "+word
}

// referencesOf fills what refers to others. A row says neither whether a group is direct nor whether it can be taken away, so
// both are assumed.
func (r *row) referencesOf(a *scanners.Account) {
	a.Manager, a.Sponsor, a.Owner = r.reference("manager"), r.reference("sponsor"), r.reference("owner")
	a.Authority, a.Licences = r.text("authority"), r.list("licences")
	for _, group := range r.list("groups") {
		a.Grants = append(a.Grants, scanners.Grant{ID: group, Name: group, Type: "group", Direct: true, Removable: true})
	}
}

// evidenceOf keeps the values that facts were read from, in the order of the statement.
func (r *row) evidenceOf(a *scanners.Account) {
	var places []int
	for _, field := range append(append(accountTimes(), accountWords()...), "failed_logins") {
		places = append(places, r.at[field]...)
	}
	slices.Sort(places)
	for _, place := range slices.Compact(places) {
		if v := r.values[place]; v.Kind != readonly.Null {
			a.Evidence = append(a.Evidence, scanners.Attribute{Name: r.names[place], Values: []string{display(v)}})
		}
	}
}
