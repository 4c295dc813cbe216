package table

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
)

// peopleFields are the slots of a person's columns.
type peopleFields struct {
	id, givenName, familyName, displayName      slot
	otherIDs, mails                             []slot
	start, end, status, typ, department         slot
	manager, location, personZone, employmentID slot
	effective, sequence                         slot
	inclusive                                   bool
	openEnd                                     openEnds
}

// openEnds are the texts and dates that stand for no end.
type openEnds struct {
	texts map[string]bool
	dates map[scanners.Date]bool
}

// defaultOpenEnds are the values that HR systems write when there is no end.
func defaultOpenEnds() List {
	return List{"9999-12-31", "9999-01-01", "4712-12-31", "2099-12-31", "0000-00-00", "1900-01-01", "NULL", `\N`}
}

func newOpenEnds(list *List) openEnds {
	entries := defaultOpenEnds()
	if list != nil {
		entries = *list
	}
	o := openEnds{map[string]bool{}, map[scanners.Date]bool{}}
	for _, entry := range entries {
		o.texts[fold(entry)] = true
		if date, err := scanners.ParseDate(entry); err == nil {
			o.dates[date] = true
		}
	}
	return o
}

// openPeople checks the configuration of a file of people.
func openPeople(c PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	if err := c.applyPreset(); err != nil {
		return nil, err
	}
	s, err := c.check(env, nil, []string{"status"})
	if err != nil {
		return nil, err
	}
	if err := c.checkMeaning(); err != nil {
		return nil, err
	}
	f := &peopleFields{inclusive: c.LastDay == "inclusive", openEnd: newOpenEnds(c.OpenEnd)}
	var p plan
	f.claim(&p, c.Columns)
	s.want = p.want
	if err := s.checkOptional(c.Optional, c.Columns.byField()); err != nil {
		return nil, err
	}
	people := &source[scanners.Person]{settings: s, env: env, mustFill: f.mustFill(),
		mapping: func(n *notes) mapping[scanners.Person] {
			return &personMapping{peopleFields: f, values: values{settings: s, notes: n}, zones: map[string]bool{}}
		}}
	switch c.Rows {
	case "person":
		people.repeats = rejectRepeated
	case "history":
		// A row without a readable id may be the one that ends somebody's employment.
		people.repeats, people.unkeyedIsPartial = historyRows, true
		s.instead = "; when the file has one row per person, say `rows: person`"
		people.hold = func() holder[scanners.Person] { return newHistory(f, s, env.JudgedAt()) }
	}
	return people, nil
}

// checkMeaning checks what has no default because a guess would move every end by a day.
func (c *PeopleConfig) checkMeaning() error {
	switch {
	case c.Columns.ID == "":
		return configError("add `columns: {id: employee_id}`", "columns: id is not mapped")
	case c.Columns.End != "" && c.LastDay == "":
		return configError("add `last_day: inclusive` when the date is the last day of work, `last_day: exclusive` when it is the first day without employment",
			"columns: end is mapped to %q, but last_day does not say what the date means", c.Columns.End)
	case c.LastDay != "" && c.LastDay != "inclusive" && c.LastDay != "exclusive":
		return configError("use inclusive or exclusive", "last_day %q", c.LastDay)
	case c.Rows != "" && c.Rows != "person" && c.Rows != "employment" && c.Rows != "history":
		return configError("use person, employment or history", "rows %q", c.Rows)
	}
	return c.checkHistory()
}

func (f *peopleFields) claim(p *plan, c PeopleColumns) {
	f.id, f.otherIDs, f.mails = p.one(c.ID), p.many(c.OtherIDs), p.many(c.Mail)
	f.givenName, f.familyName, f.displayName = p.one(c.GivenName), p.one(c.FamilyName), p.one(c.DisplayName)
	f.start, f.end, f.status, f.typ = p.one(c.Start), p.one(c.End), p.one(c.Status), p.one(c.Type)
	f.department, f.manager, f.location = p.one(c.Department), p.one(c.Manager), p.one(c.Location)
	f.personZone, f.employmentID = p.one(c.Zone), p.one(c.EmploymentID)
	f.effective, f.sequence = p.one(c.Effective), p.one(c.Sequence)
}

// mustFill are the fields that an export never leaves empty in every row.
func (f *peopleFields) mustFill() map[string]slot {
	fields := map[string]slot{"start": f.start, "status": f.status}
	if len(f.mails) > 0 {
		fields["mail"] = f.mails[0]
	}
	return fields
}

// byField maps the name of each mapped field to its columns.
func (c PeopleColumns) byField() map[string]List {
	all := map[string]List{"other_ids": c.OtherIDs, "mail": c.Mail}
	for field, column := range map[string]string{"id": c.ID, "given_name": c.GivenName, "family_name": c.FamilyName, "display_name": c.DisplayName,
		"start": c.Start, "end": c.End, "status": c.Status, "type": c.Type, "department": c.Department, "manager": c.Manager,
		"location": c.Location, "zone": c.Zone, "employment_id": c.EmploymentID,
		"effective": c.Effective, "sequence": c.Sequence} {
		all[field] = List{column}
	}
	return all
}

// personMapping turns rows into people.
type personMapping struct {
	*peopleFields
	values
	zones map[string]bool // names that exist
	empty scanners.Person
	place []byte // of the row, and texts what the places are cut from
	texts arena
}

// identify reads what a rejected row still tells: its keys are reserved, so that no account is judged by a row that
// could not be read.
func (m *personMapping) identify(cells []cell) (string, []string) {
	m.cells = cells
	id, _ := m.employeeID()
	keys, _ := m.keys(m.otherIDs)
	mails, _ := m.values.mails(m.peopleFields.mails)
	return id, append(keys, mails...)
}

func (m *personMapping) blank() *scanners.Person { return &m.empty }

func (m *personMapping) record(cells []cell, at where, p *scanners.Person) (id string, wrong *defect) {
	m.cells = cells
	m.place = at.append(m.place[:0])
	p.Place = m.texts.string(m.place)
	if p.ID, wrong = m.employeeID(); wrong != nil {
		return "", wrong
	}
	if p.ID == "" {
		return "", m.wrong(m.peopleFields.id, "the id is empty")
	}
	if p.OtherIDs, wrong = m.keys(m.otherIDs); wrong != nil {
		return p.ID, wrong
	}
	if p.Mails, wrong = m.values.mails(m.peopleFields.mails); wrong != nil {
		return p.ID, wrong
	}
	p.GivenName, p.FamilyName, p.DisplayName = m.text(m.givenName), m.text(m.familyName), m.text(m.displayName)
	p.Department, p.Location, p.Manager = m.text(m.department), m.text(m.location), m.reference(m.manager)
	if p.Zone, wrong = m.zoneOf(); wrong != nil {
		return p.ID, wrong
	}
	employment, wrong := m.employment()
	if wrong != nil {
		return p.ID, wrong
	}
	p.Employments, m.slabs.employments = cut(m.slabs.employments, 1, employmentSlab)
	p.Employments = append(p.Employments, employment)
	m.notes.people.count(p)
	return p.ID, nil
}

// employeeID is the key of a person. 1E5 is what programs make of 100000.
func (m *personMapping) employeeID() (string, *defect) {
	id, wrong := m.key(m.peopleFields.id)
	if wrong == nil && len(id) >= 3 && len(id) <= 4 && id[0] > '0' && id[0] <= '9' && id[1] == 'E' && allDigits(id[2:]) {
		return "", m.wrong(m.peopleFields.id, "%q is a number that a program has shortened, so its digits are lost\nhint: export the ids as text", id)
	}
	return id, wrong
}

// zoneOf is the person's own zone. A name that does not exist would move the end of the employment.
func (m *personMapping) zoneOf() (string, *defect) {
	name := m.text(m.personZone)
	if name == "" || m.zones[name] {
		return name, nil
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return "", m.wrong(m.personZone, "%q is not a time zone such as Europe/Berlin", name)
	}
	m.zones[name] = true
	return name, nil
}

func (m *personMapping) employment() (e scanners.Employment, wrong *defect) {
	e.ID, e.Type, e.StatusRaw, e.LastDayInclusive = m.text(m.employmentID), m.text(m.typ), m.text(m.status), m.inclusive
	if e.Start, wrong = m.startDate(); wrong != nil {
		return e, wrong
	}
	if e.End, wrong = m.endDate(); wrong != nil {
		return e, wrong
	}
	e.Status, wrong = m.statusOf(e.StatusRaw)
	return e, wrong
}

// noStartFrom is the first year in which no employment starts: dates as late as this stand for an open end.
const noStartFrom = 2200

// startDate is unknown when empty or a placeholder before 2 January 1901.
func (m *personMapping) startDate() (scanners.Fact[scanners.Date], *defect) {
	if m.start == none {
		return scanners.Unknown[scanners.Date](notMapped), nil
	}
	if c := m.at(m.start); c.kind == cellEmpty || c.kind == cellText && isNull(c.text) {
		return scanners.Unknown[scanners.Date](emptyInFile), nil
	}
	date, sentinel, wrong := m.day(m.start)
	if wrong != nil {
		return scanners.Fact[scanners.Date]{}, wrong
	}
	if sentinel || date.Before(scanners.Date{Year: 1901, Month: time.January, Day: 2}) {
		return scanners.Unknown[scanners.Date](fmt.Sprintf("the file says %q", m.at(m.start).display())), nil
	}
	if m.openEnd.dates[date] || date.Year >= noStartFrom {
		return scanners.Fact[scanners.Date]{}, m.wrong(m.start, "%q is no start of an employment\nhint: are the columns of start and end swapped?", m.at(m.start).display())
	}
	return scanners.Known(date), nil
}

// endDate is never when the file leaves it open, by an empty cell or a sentinel.
func (m *personMapping) endDate() (scanners.Fact[scanners.Date], *defect) {
	if m.end == none {
		return scanners.Unknown[scanners.Date](notMapped), nil
	}
	c := m.at(m.end)
	if c.kind == cellEmpty || (c.kind == cellText || c.kind == cellNumber) && m.openEnd.texts[fold(c.text)] {
		return scanners.Never[scanners.Date](), nil
	}
	date, sentinel, wrong := m.day(m.end)
	if wrong != nil {
		return scanners.Fact[scanners.Date]{}, wrong
	}
	if sentinel && m.openEnd.texts["0000-00-00"] {
		return scanners.Never[scanners.Date](), nil
	}
	switch {
	case m.openEnd.dates[date]:
		return scanners.Never[scanners.Date](), nil
	case sentinel, date.Before(scanners.Date{Year: 1901, Month: time.January, Day: 2}):
		return scanners.Fact[scanners.Date]{}, m.wrong(m.end, "%q is no end of an employment\nhint: if it means that there is no end, add it to open_end", c.display())
	}
	return scanners.Known(date), nil
}

// statusOf maps the status. Without one the dates decide, if the file has any.
func (m *personMapping) statusOf(raw string) (scanners.Status, *defect) {
	if m.status == none || raw == "" && m.end != none && m.settings.values["status"][""] == "" {
		return scanners.StatusUnstated, nil
	}
	status, known := m.settings.status(raw)
	if !known {
		m.notes.add(note{codeUnknown, "status", raw})
		return "", m.wrong(m.status, "status %q is not translated\nhint: add `values: {status: {%q: …}}` with one of %s", raw, raw, strings.Join(columns.Statuses(), ", "))
	}
	return status, nil
}
