package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// accountMapping makes accounts of records.
type accountMapping struct {
	*Reading
	zone *time.Location

	id, displayName, kind, grants, failedLogins   field
	logins, mails, employeeIDs, anchors, licences field
	manager, sponsor, owner, authority            field
	enabled, locked, privileged                   field
	created, disabledAt, passwordChanged, expires field
	activity                                      []signal
}

type signal struct {
	Signal
	at field
}

func newAccountMapping(c *AccountConfig, env scanners.Env) (*accountMapping, error) {
	m := &accountMapping{Reading: &c.Reading, zone: zoneOf(env)}
	f, in := &fields{}, c.Fields
	if in.ID == "" {
		return nil, errors.New("fields: id is missing\nhint: fields: {id: .id}")
	}
	if err := errors.Join(c.checkTimes(), c.checkValues(map[string][]string{"enabled": {"true", "false", "unknown"}, "locked": {"true", "false", "unknown"},
		"privileged": {"true", "false", "unknown"}, "kind": kindWords()}, []string{"disabled_at", "last_activity", "password_changed", "expires"})); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		into       *field
		name, text string
		sort       func(any) error
	}{
		{&m.id, "id", in.ID, nothing}, {&m.displayName, "display_name", in.DisplayName, textual}, {&m.logins, "logins", in.Logins, textual},
		{&m.mails, "mails", in.Mails, textual}, {&m.employeeIDs, "employee_ids", in.EmployeeIDs, textual}, {&m.anchors, "anchors", in.Anchors, textual},
		{&m.licences, "licences", in.Licences, textual}, {&m.manager, "manager", in.Manager, textual}, {&m.sponsor, "sponsor", in.Sponsor, textual},
		{&m.owner, "owner", in.Owner, textual}, {&m.authority, "authority", in.Authority, textual}, {&m.failedLogins, "failed_logins", in.FailedLogins, textual},
		{&m.created, "created", in.Created, c.timely}, {&m.disabledAt, "disabled_at", in.DisabledAt, c.timely},
		{&m.passwordChanged, "password_changed", in.PasswordChanged, c.timely}, {&m.expires, "expires", in.Expires, c.timely},
		{&m.kind, "kind", in.Kind, textual}, {&m.grants, "grants", in.Grants, granted},
	} {
		*part.into = f.compile(part.name, part.text)
		f.holds(*part.into, part.sort)
	}
	for _, part := range []struct {
		into       *field
		name, text string
	}{{&m.enabled, "enabled", in.Enabled}, {&m.locked, "locked", in.Locked}, {&m.privileged, "privileged", in.Privileged}} {
		*part.into = f.compile(part.name, part.text)
		f.holds(*part.into, c.truthful(*part.into))
	}
	for _, s := range in.Activity {
		at := f.compile("activity", s.At)
		if at.name = "last_activity"; s.Name == "" || s.At == "" || s.Precision < 0 {
			f.errs = append(f.errs, errors.New("fields.activity: an entry needs name and at, and a precision that is not negative"))
		}
		f.holds(at, c.timely)
		m.activity = append(m.activity, signal{s, at})
	}
	return m, errors.Join(f.errs...)
}

func zoneOf(env scanners.Env) *time.Location {
	if env.Zone == nil {
		return time.UTC
	}
	return env.Zone
}

func kindWords() []string {
	var words []string
	for _, k := range kinds() {
		words = append(words, string(k))
	}
	return words
}

// account reads one record.
func (m *accountMapping) account(s scope, raw json.RawMessage) (scanners.Account, error) {
	var a scanners.Account
	var err error
	s.seen = map[*gojq.Code][]any{} // the facts and their evidence come of the same evaluation
	if s.input, err = decode(raw); err != nil {
		return a, &api.Defect{Field: "record", Reason: err.Error()}
	}
	if a.ID, err = say(m.id, s); err != nil || a.ID == "" {
		return a, &api.Defect{Field: "id", Reason: reason(err, "the id is empty")}
	}
	r := reader{s: s}
	m.keysOf(&r, &a)
	m.statesOf(&r, &a)
	m.rightsOf(&r, &a)
	if r.err != nil {
		return a, &api.Defect{ID: a.ID, Field: r.field, Reason: r.err.Error()}
	}
	m.evidence(s, &a)
	return a, nil
}

func reason(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// reader reads the fields of one record until one cannot be read.
type reader struct {
	s     scope
	field string
	err   error
}

func (r *reader) fail(f field, err error) {
	if err != nil && r.err == nil {
		r.field, r.err = f.name, err
	}
}

func (r *reader) say(f field, into *string) {
	said, err := say(f, r.s)
	r.fail(f, err)
	*into = said
}

func (r *reader) list(f field, into *[]string) {
	all, err := list(f, r.s)
	r.fail(f, err)
	*into = all
}

// keysOf reads what ties an account to a person.
func (m *accountMapping) keysOf(r *reader, a *scanners.Account) {
	r.list(m.logins, &a.Logins)
	r.list(m.mails, &a.Mails)
	a.Mails = slices.DeleteFunc(a.Mails, func(mail string) bool { return !strings.Contains(mail, "@") })
	r.list(m.employeeIDs, &a.EmployeeIDs)
	r.list(m.anchors, &a.Anchors)
	r.say(m.displayName, &a.DisplayName)
	r.say(m.manager, &a.Manager)
	r.say(m.sponsor, &a.Sponsor)
	r.say(m.owner, &a.Owner)
	r.say(m.authority, &a.Authority)
}

func (m *accountMapping) statesOf(r *reader, a *scanners.Account) {
	truth := func(f field, into *scanners.Fact[bool]) {
		fact, err := m.truth(f, r.s)
		r.fail(f, err)
		*into = fact
	}
	moment := func(f field, into *scanners.Fact[time.Time]) {
		fact, _, err := m.time(f, r.s, m.zone)
		r.fail(f, err)
		*into = fact
	}
	truth(m.enabled, &a.Enabled)
	truth(m.locked, &a.Locked)
	if truth(m.privileged, &a.Privileged); scanners.Is(a.Privileged, true) {
		a.PrivilegedWhy = m.privileged.text
	}
	moment(m.created, &a.Created)
	moment(m.disabledAt, &a.DisabledAt)
	moment(m.passwordChanged, &a.PasswordChanged)
	moment(m.expires, &a.Expires)
	for _, sig := range m.activity {
		at, coarse, err := m.time(sig.at, r.s, m.zone)
		r.fail(sig.at, err)
		a.Signals = append(a.Signals, scanners.Signal{Name: sig.Name, At: at, Precision: max(coarse, sig.Precision)})
	}
	a.FailedLogins = m.count(r)
}

func (m *accountMapping) count(r *reader) scanners.Fact[int64] {
	said, err := say(m.failedLogins, r.s)
	r.fail(m.failedLogins, err)
	n, err := strconv.ParseInt(said, 10, 64)
	if err != nil || n < 0 {
		return scanners.Unknown[int64]("the record states no count")
	}
	return scanners.Known(n)
}

func (m *accountMapping) rightsOf(r *reader, a *scanners.Account) {
	kind, err := m.word(m.kind, r.s)
	r.fail(m.kind, err)
	if slices.Contains(kinds(), scanners.AccountKind(kind)) {
		a.Kind, a.KindWhy = scanners.AccountKind(kind), m.kind.text
	}
	r.list(m.licences, &a.Licences)
	values, err := m.grants.all(r.s)
	r.fail(m.grants, err)
	a.Grants, err = grants(values)
	r.fail(m.grants, err)
}

func granted(v any) error {
	_, err := grants([]any{v})
	return err
}

// grants are names, or objects that say more.
func grants(values []any) ([]scanners.Grant, error) {
	var all []scanners.Grant
	for _, v := range values {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			g, err := grant(one)
			if err != nil {
				return nil, err
			}
			if g.ID != "" && !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all, nil
}

func grant(v any) (scanners.Grant, error) {
	g := scanners.Grant{Type: "group", Direct: true, Removable: true}
	o, ok := v.(map[string]any)
	if !ok {
		name, err := text(v)
		g.ID, g.Name = name, name
		return g, err
	}
	var errs [3]error
	g.ID, errs[0] = text(o["id"])
	g.Name, errs[1] = text(o["name"])
	kind, wrong := text(o["type"])
	if errs[2] = wrong; kind != "" {
		g.Type = kind
	}
	if g.ID == "" {
		g.ID = g.Name
	}
	if g.Name == "" {
		g.Name = g.ID
	}
	if !slices.Contains([]string{"group", "role", "application", "licence"}, g.Type) {
		return g, fmt.Errorf("%q is no type of a grant", g.Type)
	}
	if b, ok := o["direct"].(bool); ok {
		g.Direct = b
	}
	if b, ok := o["removable"].(bool); ok {
		g.Removable = b
	}
	return g, errors.Join(errs[:]...)
}

// evidence keeps what the expressions gave from which facts were read.
func (m *accountMapping) evidence(s scope, a *scanners.Account) {
	from := []field{m.enabled, m.created, m.disabledAt, m.locked, m.expires, m.passwordChanged, m.privileged, m.kind}
	for _, sig := range m.activity {
		from = append(from, sig.at)
	}
	for _, f := range from {
		values, err := f.all(s)
		if err != nil || len(values) == 0 || values[0] == nil {
			continue
		}
		a.Evidence = append(a.Evidence, scanners.Attribute{Name: f.text, Values: []string{shown(values[0])}})
	}
}
