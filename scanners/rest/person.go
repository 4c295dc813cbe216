package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// personMapping makes people of records.
type personMapping struct {
	*Reading
	zone      *time.Location
	inclusive bool
	openEnd   []string

	id, displayName, givenName, familyName, manager       field
	otherIDs, mails                                       field
	department, location, timeZone, employmentID, jobType field
	start, end, status                                    field
}

func newPersonMapping(c *PeopleConfig, env scanners.Env) (*personMapping, error) {
	m := &personMapping{Reading: &c.Reading, zone: zoneOf(env), inclusive: c.LastDay == "inclusive", openEnd: c.OpenEnd}
	f, in := &fields{}, c.Fields
	var words []string
	for _, s := range statuses() {
		words = append(words, string(s))
	}
	switch {
	case in.ID == "":
		return nil, errors.New("fields: id is missing\nhint: fields: {id: .employeeNumber}")
	case (in.End != "") != (c.LastDay != ""):
		return nil, errors.New("fields.end and last_day go together\nhint: last_day: inclusive when the person still works on that day, exclusive when not")
	case c.LastDay != "" && c.LastDay != "inclusive" && c.LastDay != "exclusive":
		return nil, fmt.Errorf("last_day: %q is none of inclusive, exclusive", c.LastDay)
	case in.End == "" && in.Status == "":
		return nil, errors.New("fields: neither end nor status says whether an employment lasts")
	}
	if err := errors.Join(c.checkTimes(), c.checkValues(map[string][]string{"status": words}, nil)); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		into       *field
		name, text string
		sort       func(any) error
	}{
		{&m.id, "id", in.ID, nothing}, {&m.displayName, "display_name", in.DisplayName, textual}, {&m.givenName, "given_name", in.GivenName, textual},
		{&m.familyName, "family_name", in.FamilyName, textual}, {&m.otherIDs, "other_ids", in.OtherIDs, textual}, {&m.mails, "mails", in.Mails, textual},
		{&m.manager, "manager", in.Manager, textual}, {&m.department, "department", in.Department, textual}, {&m.location, "location", in.Location, textual},
		{&m.timeZone, "zone", in.Zone, textual}, {&m.employmentID, "employment_id", in.EmploymentID, textual}, {&m.jobType, "type", in.Type, textual},
		{&m.start, "start", in.Start, c.timely}, {&m.end, "end", in.End, c.timely}, {&m.status, "status", in.Status, textual},
	} {
		*part.into = f.compile(part.name, part.text)
		f.holds(*part.into, part.sort)
	}
	return m, errors.Join(f.errs...)
}

// person reads one record.
func (m *personMapping) person(s scope, raw json.RawMessage) (scanners.Person, error) {
	var p scanners.Person
	var err error
	if s.input, err = decode(raw); err != nil {
		return p, &api.Defect{Field: "record", Reason: err.Error()}
	}
	mails, _ := list(m.mails, s)
	if p.ID, err = say(m.id, s); err != nil || p.ID == "" {
		return p, &api.Defect{Keys: mails, Field: "id", Reason: reason(err, "the id is empty")}
	}
	p.Place = "record " + p.ID
	r := reader{s: s}
	r.list(m.otherIDs, &p.OtherIDs)
	r.list(m.mails, &p.Mails)
	r.say(m.displayName, &p.DisplayName)
	r.say(m.givenName, &p.GivenName)
	r.say(m.familyName, &p.FamilyName)
	r.say(m.manager, &p.Manager)
	r.say(m.department, &p.Department)
	r.say(m.location, &p.Location)
	r.say(m.timeZone, &p.Zone)
	if p.Zone != "" {
		_, err := time.LoadLocation(p.Zone)
		r.fail(m.timeZone, err)
	}
	p.Employments = []scanners.Employment{m.employment(&r)}
	if r.err != nil {
		return p, &api.Defect{ID: p.ID, Keys: mails, Field: r.field, Reason: r.err.Error()}
	}
	return p, nil
}

func (m *personMapping) employment(r *reader) scanners.Employment {
	e := scanners.Employment{LastDayInclusive: m.inclusive, Start: m.day(r, m.start, false), End: m.day(r, m.end, true)}
	r.say(m.employmentID, &e.ID)
	r.say(m.jobType, &e.Type)
	r.say(m.status, &e.StatusRaw)
	word, err := m.word(m.status, r.s)
	r.fail(m.status, err)
	e.Status = scanners.Status(word)
	if word == "" && m.end.code == nil || word != "" && !slices.Contains(statuses(), e.Status) {
		r.fail(m.status, fmt.Errorf("%q is no status\nhint: translate it under values: {status: …}", word))
	}
	return e
}

// day is a calendar date. What cannot be read makes the record unusable: a wrong end would make a leaver of somebody.
func (m *personMapping) day(r *reader, f field, open bool) scanners.Fact[scanners.Date] {
	said, err := say(f, r.s)
	r.fail(f, err)
	switch {
	case f.code == nil:
		return scanners.Unknown[scanners.Date]("the configuration maps no " + f.name)
	case open && (said == "" || said == "never" || slices.Contains(m.openEnd, said)):
		return scanners.Never[scanners.Date]()
	case said == "":
		return scanners.Unknown[scanners.Date]("the record states none")
	}
	i, err := m.parse(said, m.zone)
	r.fail(f, err)
	written := scanners.DateOf(i.at)
	if none := written.Year < 1900 || written == (scanners.Date{Year: 1970, Month: time.January, Day: 1}); none && open {
		r.fail(f, fmt.Errorf("%q is no end of an employment\nhint: if it means that there is no end, add it to open_end", said))
	} else if none {
		return scanners.Unknown[scanners.Date]("the record says " + said)
	}
	// A date keeps the day that is written; an instant in UTC that is no midnight is seen in the source's zone.
	if _, offset := i.at.Zone(); !i.day && offset == 0 && i.at.Truncate(24*time.Hour) != i.at {
		return scanners.Known(scanners.DateOf(i.at.In(m.zone)))
	}
	return scanners.Known(written)
}
