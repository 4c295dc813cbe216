package sqldb

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// openEnds are the texts and dates that stand for no end.
type openEnds map[string]bool

func newOpenEnds(list *List) openEnds {
	entries := List{"9999-12-31", "9999-01-01", "4712-12-31", "2099-12-31", "0000-00-00", "1900-01-01", "infinity", "NULL"}
	if list != nil {
		entries = *list
	}
	o := openEnds{}
	for _, entry := range entries {
		o[fold(entry)] = true
	}
	return o
}

// openPeople checks the configuration of a source of people.
func openPeople(c PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	s, err := c.check(env, nil, []string{"status"})
	if err != nil {
		return nil, err
	}
	switch {
	case c.Columns.ID == "":
		return nil, configError("add `columns: {id: employee_id}`", "columns: id is not mapped")
	case c.Columns.End != "" && c.LastDay == "":
		return nil, configError("add `last_day: inclusive` when the date is the last day of work, `last_day: exclusive` when it is the first day without employment",
			"columns: end is mapped to %q, but last_day does not say what the date means", c.Columns.End)
	case c.LastDay != "" && c.LastDay != "inclusive" && c.LastDay != "exclusive":
		return nil, configError("use inclusive or exclusive", "last_day %q", c.LastDay)
	case c.Rows != "" && c.Rows != "person" && c.Rows != "employment":
		return nil, configError("use person or employment", "rows %q", c.Rows)
	}
	s.columns = fieldsOf(c.Columns)
	m := &personMapping{inclusive: c.LastDay == "inclusive", openEnd: newOpenEnds(c.OpenEnd)}
	return newSource(s, env, source[scanners.Person]{unique: c.Rows == "person", mapping: m.person, mustFill: true}), nil
}

// personMapping turns rows into people.
type personMapping struct {
	inclusive bool
	openEnd   openEnds
}

func (m *personMapping) person(r *row, place string) (p scanners.Person, id string, wrong *defect) {
	p.Place = place
	if p.ID, wrong = r.employeeID(); wrong != nil {
		return p, "", wrong
	}
	p.Mails = r.mails("mail")
	if p.OtherIDs, wrong = r.keys("other_ids"); wrong != nil {
		return p, p.ID, wrong
	}
	p.GivenName, p.FamilyName, p.DisplayName = r.text("given_name"), r.text("family_name"), r.text("display_name")
	p.Department, p.Location, p.Manager = r.text("department"), r.text("location"), r.reference("manager")
	if p.Zone = r.text("zone"); p.Zone != "" {
		if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
			return p, p.ID, r.wrong("zone", "%q is not a time zone such as Europe/Berlin", p.Zone)
		}
	}
	employment, wrong := m.employment(r)
	p.Employments = []scanners.Employment{employment}
	return p, p.ID, wrong
}

// employeeID is the key of a person.
func (r *row) employeeID() (string, *defect) {
	ids, wrong := r.keys("id")
	switch {
	case wrong != nil:
		return "", wrong
	case len(ids) == 0:
		return "", r.wrong("id", "it has no id")
	case len(ids) > 1:
		return "", r.wrong("id", "several values where one is expected")
	}
	return ids[0], nil
}

func (m *personMapping) employment(r *row) (e scanners.Employment, wrong *defect) {
	e.ID, e.Type, e.StatusRaw, e.LastDayInclusive = r.text("employment_id"), r.text("type"), r.text("status"), m.inclusive
	if e.Start, wrong = m.start(r); wrong != nil {
		return e, wrong
	}
	if e.End, wrong = m.end(r); wrong != nil {
		return e, wrong
	}
	e.Status, wrong = r.statusOf(e.StatusRaw)
	return e, wrong
}

// noStartFrom is the first year in which no employment starts: dates as late as this stand for an open end.
const noStartFrom = 2200

// early is before every employment: dates before it stand for none.
func early(d scanners.Date) bool {
	return d.Before(scanners.Date{Year: 1901, Month: time.January, Day: 2})
}

// start is unknown when NULL or a placeholder before 2 January 1901.
func (m *personMapping) start(r *row) (scanners.Fact[scanners.Date], *defect) {
	v, mapped := r.first("start")
	switch {
	case !mapped:
		return scanners.Unknown[scanners.Date](notMapped), nil
	case isNull(strings.TrimSpace(display(v))):
		return scanners.Unknown[scanners.Date](isNULL), nil
	}
	moment, sentinel, err := r.moment(v)
	if err != nil {
		return scanners.Fact[scanners.Date]{}, r.wrong("start", "%v", err)
	}
	date := moment.Day(r.zone)
	if sentinel || early(date) {
		return scanners.Unknown[scanners.Date](fmt.Sprintf("the database says %q", display(v))), nil
	}
	if m.openEnd[date.String()] || date.Year >= noStartFrom {
		return scanners.Fact[scanners.Date]{}, r.wrong("start", "%q is no start of an employment\nhint: are the columns of start and end swapped?", display(v))
	}
	return scanners.Known(date), nil
}

// end is never when the database leaves it open, by NULL or a value of open_end.
func (m *personMapping) end(r *row) (scanners.Fact[scanners.Date], *defect) {
	v, mapped := r.first("end")
	text := strings.TrimSpace(display(v))
	switch {
	case !mapped:
		return scanners.Unknown[scanners.Date](notMapped), nil
	case v.Kind == readonly.Null || text == "" || m.openEnd[fold(text)]:
		return scanners.Never[scanners.Date](), nil
	}
	moment, sentinel, err := r.moment(v)
	if err != nil {
		return scanners.Fact[scanners.Date]{}, r.wrong("end", "%v", err)
	}
	date := moment.Day(r.zone)
	switch {
	case m.openEnd[date.String()], sentinel && m.openEnd["0000-00-00"]:
		return scanners.Never[scanners.Date](), nil
	case sentinel, early(date):
		return scanners.Fact[scanners.Date]{}, r.wrong("end", "%q is no end of an employment\nhint: if it means that there is no end, add it to open_end", display(v))
	}
	return scanners.Known(date), nil
}

// statusOf maps the status. Without one the dates decide, if there are any.
func (r *row) statusOf(raw string) (scanners.Status, *defect) {
	_, mapped := r.first("status")
	if _, dated := r.first("end"); !mapped || raw == "" && dated && r.settings.values["status"][""] == "" {
		return scanners.StatusUnstated, nil
	}
	status, known := r.settings.values.Status(fold(raw))
	if !known {
		r.notes.untranslated("status", raw, "these rows are rejected", "active")
		return "", r.wrong("status", "status %q is not translated\nhint: add `values: {status: {%q: …}}` with one of %s", raw, raw, strings.Join(columns.Statuses(), ", "))
	}
	return status, nil
}

// keysOf reads what a rejected row still tells: its keys are reserved, so that no account is judged by a row that could not be
// read.
func (r *row) keysOf() []string {
	keys, _ := r.keys("other_ids")
	return append(keys, r.mails("mail")...)
}
