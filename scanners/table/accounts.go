package table

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
)

// accountFields are the slots of an account's columns.
type accountFields struct {
	id                                                              slot
	logins, employeeIDs, mails, anchors, activity, groups, licences []slot
	displayName, manager, sponsor, owner, authority                 slot
	enabled, disabledAt, created, failedLogins, passwordChanged     slot
	expires, locked, kind, privileged                               slot
	evidence                                                        []slot
	precision                                                       time.Duration
}

// accountTimes and accountWords are the fields that may stand under empty and values.
func accountTimes() []string {
	return []string{"disabled_at", "created", "last_activity", "password_changed", "expires"}
}

func accountWords() []string { return []string{"enabled", "locked", "privileged", "kind"} }

// openAccounts checks the configuration of a file of accounts.
func openAccounts(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	s, err := c.check(env, accountTimes(), accountWords())
	if err != nil {
		return nil, err
	}
	if c.Columns.ID == "" {
		return nil, configError("add `columns: {id: account_id}` with the column that never changes for an account", "columns: id is not mapped")
	}
	f := &accountFields{}
	if f.precision, err = columns.Precision(c.Precision); err != nil {
		return nil, err
	}
	var p plan
	f.claim(&p, c.Columns)
	s.want = p.want
	if err := s.checkOptional(c.Optional, c.Columns.byField()); err != nil {
		return nil, err
	}
	return &source[scanners.Account]{settings: s, env: env, repeats: mustNotRepeat, unkeyedIsPartial: true,
		mapping: func(n *notes) mapping[scanners.Account] {
			return newAccountMapping(f, s, n)
		}}, nil
}

func (f *accountFields) claim(p *plan, c AccountColumns) {
	f.id = p.one(c.ID)
	f.logins, f.employeeIDs, f.mails, f.anchors = p.many(c.Login), p.many(c.EmployeeID), p.many(c.Mail), p.many(c.Anchor)
	f.displayName, f.manager, f.sponsor = p.one(c.DisplayName), p.one(c.Manager), p.one(c.Sponsor)
	f.owner, f.authority = p.one(c.Owner), p.one(c.Authority)
	f.groups, f.licences = p.many(c.Groups), p.many(c.Licences)
	f.enabled, f.disabledAt, f.created = p.one(c.Enabled), p.one(c.DisabledAt), p.one(c.Created)
	f.activity = p.many(c.LastActivity)
	f.failedLogins, f.passwordChanged, f.expires = p.one(c.FailedLogins), p.one(c.PasswordChanged), p.one(c.Expires)
	f.locked, f.kind, f.privileged = p.one(c.Locked), p.one(c.Kind), p.one(c.Privileged)
	for _, s := range append([]slot{f.enabled, f.disabledAt, f.created, f.failedLogins, f.passwordChanged, f.expires, f.locked, f.kind,
		f.privileged}, f.activity...) {
		if s != none {
			f.evidence = append(f.evidence, s)
		}
	}
}

// byField maps the name of each mapped field to its columns.
func (c AccountColumns) byField() map[string]List {
	all := map[string]List{"login": c.Login, "employee_id": c.EmployeeID, "mail": c.Mail, "anchor": c.Anchor,
		"last_activity": c.LastActivity, "groups": c.Groups, "licences": c.Licences}
	for field, column := range map[string]string{"id": c.ID, "display_name": c.DisplayName, "enabled": c.Enabled, "disabled_at": c.DisabledAt,
		"created": c.Created, "failed_logins": c.FailedLogins, "password_changed": c.PasswordChanged, "expires": c.Expires, "locked": c.Locked,
		"kind": c.Kind, "privileged": c.Privileged, "manager": c.Manager, "sponsor": c.Sponsor, "owner": c.Owner, "authority": c.Authority} {
		all[field] = List{column}
	}
	return all
}

// accountMapping turns rows into accounts.
type accountMapping struct {
	*accountFields
	values
	// empty is the account of a file that has none of the columns; times, truths and references are those that it has.
	empty      scanners.Account
	times      []accountColumn[scanners.Fact[time.Time]]
	truths     []accountColumn[scanners.Fact[bool]]
	references []accountColumn[string]
	// lastShown is the evidence of the row before by its columns, nil where there was none, and lastList all of it.
	lastShown [][]string
	lastList  []scanners.Attribute
}

// accountColumn is a column and what it fills in.
type accountColumn[T any] struct {
	field string
	from  slot
	of    func(*scanners.Account) *T
}

func newAccountMapping(f *accountFields, s *settings, n *notes) *accountMapping {
	m := &accountMapping{accountFields: f, values: values{settings: s, notes: n}, lastShown: make([][]string, len(f.evidence))}
	m.times = mapped(&m.empty, scanners.Unknown[time.Time](notMapped), []accountColumn[scanners.Fact[time.Time]]{
		{"disabled_at", f.disabledAt, func(a *scanners.Account) *scanners.Fact[time.Time] { return &a.DisabledAt }},
		{"created", f.created, func(a *scanners.Account) *scanners.Fact[time.Time] { return &a.Created }},
		{"password_changed", f.passwordChanged, func(a *scanners.Account) *scanners.Fact[time.Time] { return &a.PasswordChanged }},
		{"expires", f.expires, func(a *scanners.Account) *scanners.Fact[time.Time] { return &a.Expires }}})
	m.truths = mapped(&m.empty, scanners.Unknown[bool](notMapped), []accountColumn[scanners.Fact[bool]]{
		{"enabled", f.enabled, func(a *scanners.Account) *scanners.Fact[bool] { return &a.Enabled }},
		{"locked", f.locked, func(a *scanners.Account) *scanners.Fact[bool] { return &a.Locked }},
		{"privileged", f.privileged, func(a *scanners.Account) *scanners.Fact[bool] { return &a.Privileged }}})
	m.references = mapped(&m.empty, "", []accountColumn[string]{
		{"manager", f.manager, func(a *scanners.Account) *string { return &a.Manager }},
		{"sponsor", f.sponsor, func(a *scanners.Account) *string { return &a.Sponsor }},
		{"owner", f.owner, func(a *scanners.Account) *string { return &a.Owner }}})
	m.empty.FailedLogins = scanners.Unknown[int64](notMapped)
	return m
}

// mapped gives the columns that the file has, and fills unmapped in for the others.
func mapped[T any](a *scanners.Account, unmapped T, columns []accountColumn[T]) []accountColumn[T] {
	return slices.DeleteFunc(columns, func(c accountColumn[T]) bool {
		if c.from == none {
			*c.of(a) = unmapped
		}
		return c.from == none
	})
}

func (m *accountMapping) blank() *scanners.Account { return &m.empty }

func (m *accountMapping) identify(cells []cell) (string, []string) {
	m.cells = cells
	id, _ := m.values.id(m.accountFields.id)
	return id, nil
}

func (m *accountMapping) record(cells []cell, _ where, a *scanners.Account) (id string, wrong *defect) {
	m.cells = cells
	if a.ID, wrong = m.values.id(m.accountFields.id); wrong != nil {
		return "", wrong
	}
	if a.ID == "" {
		return "", m.wrong(m.accountFields.id, "the id is empty")
	}
	if wrong = m.keysOf(a); wrong != nil {
		return a.ID, wrong
	}
	if wrong = m.timesOf(a); wrong != nil {
		return a.ID, wrong
	}
	if wrong = m.activityOf(a); wrong != nil {
		return a.ID, wrong
	}
	if wrong = m.statesOf(a); wrong != nil {
		return a.ID, wrong
	}
	m.kindOf(a)
	m.referencesOf(a)
	m.evidenceOf(a)
	return a.ID, nil
}

func (m *accountMapping) keysOf(a *scanners.Account) (wrong *defect) {
	a.Logins = m.list(m.logins)
	if m.displayName != none {
		a.DisplayName = m.text(m.displayName)
	}
	if a.EmployeeIDs, wrong = m.keys(m.employeeIDs); wrong != nil {
		return wrong
	}
	if a.Mails, wrong = m.values.mails(m.accountFields.mails); wrong != nil {
		return wrong
	}
	if len(m.anchors) > 0 {
		a.Anchors, wrong = m.keys(m.anchors)
	}
	return wrong
}

func (m *accountMapping) timesOf(a *scanners.Account) *defect {
	for i := range m.times {
		one := &m.times[i]
		at, _, wrong := m.time(one.field, one.from)
		if wrong != nil {
			return wrong
		}
		*one.of(a) = at
	}
	if at, ok := a.Expires.Get(); ok && isOpenEnd(at) {
		a.Expires = scanners.Never[time.Time]()
	}
	return nil
}

// isOpenEnd recognises the far dates that stand for no end.
func isOpenEnd(t time.Time) bool { return t.Year() >= 4000 }

func (m *accountMapping) activityOf(a *scanners.Account) *defect {
	if len(m.activity) > 0 {
		a.Signals, m.slabs.signals = cut(m.slabs.signals, len(m.activity), slabSize/4)
	}
	for _, s := range m.activity {
		at, imprecision, wrong := m.time("last_activity", s)
		if wrong != nil {
			return wrong
		}
		a.Signals = append(a.Signals, scanners.Signal{Name: m.want[s], At: at, Precision: max(imprecision, m.precision)})
	}
	return nil
}

func (m *accountMapping) statesOf(a *scanners.Account) (wrong *defect) {
	for i := range m.truths {
		one := &m.truths[i]
		if *one.of(a), wrong = m.truth(one.field, one.from); wrong != nil {
			return wrong
		}
	}
	if scanners.Is(a.Privileged, true) {
		a.PrivilegedWhy = fmt.Sprintf("%s %s", m.want[m.privileged], m.at(m.privileged).display())
	}
	if m.failedLogins != none {
		a.FailedLogins, wrong = m.number(m.failedLogins)
	}
	return wrong
}

func (m *accountMapping) kindOf(a *scanners.Account) {
	if m.kind == none {
		return
	}
	word := m.text(m.kind)
	if word == "" {
		return
	}
	kind, known := m.accountKind(word)
	if !known {
		m.notes.add(note{kindUnknown, "kind", word})
		return
	}
	a.Kind, a.KindWhy = kind, fmt.Sprintf("%s %s", m.want[m.kind], word)
}

// referencesOf fills what refers to others. A file says neither whether a group is direct nor whether it can be taken
// away, so both are assumed.
func (m *accountMapping) referencesOf(a *scanners.Account) {
	for i := range m.references {
		one := &m.references[i]
		*one.of(a) = m.reference(one.from)
	}
	if m.authority != none {
		a.Authority = m.text(m.authority)
	}
	if len(m.licences) > 0 {
		a.Licences = m.list(m.licences)
	}
	if len(m.groups) == 0 {
		return
	}
	for _, group := range m.list(m.groups) {
		a.Grants = append(a.Grants, scanners.Grant{ID: group, Name: group, Type: "group", Direct: true, Removable: true})
	}
}

// reference is a value that names somebody; placeholders name nobody.
func (v *values) reference(s slot) string {
	if text := v.text(s); !isPlaceholder(text) {
		return text
	}
	return ""
}

// evidenceOf shows what the facts were read from. Most facts have few values, so rows that say the same behind each other share the
// lists.
func (m *accountMapping) evidenceOf(a *scanners.Account) {
	if len(m.evidence) == 0 {
		return
	}
	changed := m.lastList == nil
	for i, s := range m.evidence {
		c, last := m.at(s), m.lastShown[i]
		if c.kind == cellEmpty {
			changed = changed || last != nil
			m.lastShown[i] = nil
		} else if text := c.display(); last == nil || last[0] != text {
			changed = true
			m.lastShown[i] = m.slabs.one(text)
		}
	}
	if changed {
		var list []scanners.Attribute
		list, m.slabs.attributes = cut(m.slabs.attributes, len(m.evidence), slabSize/2)
		for i, s := range m.evidence {
			if m.lastShown[i] != nil {
				list = append(list, scanners.Attribute{Name: m.want[s], Values: m.lastShown[i]})
			}
		}
		m.lastList = slices.Clip(list)
	}
	a.Evidence = m.lastList
}
