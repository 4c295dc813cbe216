package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// person makes a person of a user.
func (c *PeopleConfig) person(u *user, _ *memberships) (scanners.Person, error) {
	k, err := u.keys()
	if err != nil {
		return scanners.Person{}, c.named(err, k)
	}
	p := scanners.Person{ID: c.idOf(k), Mails: k.mails, DisplayName: u.shown(), Manager: k.manager, Place: "user " + k.id}
	name := u.names()
	p.GivenName, p.FamilyName = name.given, name.family
	if p.ID == "" {
		return p, &api.Defect{Keys: k.mails, Field: c.ID, Reason: "it is empty, so nobody can be told by it"}
	}
	for _, other := range []string{k.id, k.externalID, k.employeeNumber} {
		if other != "" && other != p.ID {
			p.OtherIDs = append(p.OtherIDs, other)
		}
	}
	p.Department, _ = text(u.enterprise.Department)
	p.Location = location(u.Addresses)
	e, err := c.employment(u)
	if err != nil {
		return p, &api.Defect{ID: p.ID, Keys: k.mails, Field: "employment", Reason: err.Error()}
	}
	p.Employments = []scanners.Employment{e}
	return p, nil
}

func (c *PeopleConfig) idOf(k keys) string {
	return map[string]string{"employeeNumber": k.employeeNumber, "externalId": k.externalID, "userName": k.userName, "id": k.id}[c.ID]
}

// named puts the employee id into a defect in place of the service's own.
func (c *PeopleConfig) named(err error, k keys) error {
	var defect *api.Defect
	if errors.As(err, &defect) {
		defect.ID, defect.Keys = c.idOf(k), k.mails
	}
	return err
}

// employment is what active and the dates of an extension say. Without either nothing says whether the person is employed.
func (c *PeopleConfig) employment(u *user) (e scanners.Employment, err error) {
	e.LastDayInclusive = c.LastDay == "inclusive"
	e.Type, _ = text(u.UserType)
	if e.Start, err = day(u, c.Start, false); err != nil {
		return e, fmt.Errorf("start: %w", err)
	}
	if e.End, err = day(u, c.End, true); err != nil {
		return e, fmt.Errorf("end: %w", err)
	}
	active, known, err := truth(u.Active)
	switch {
	case err != nil:
		return e, fmt.Errorf("active: %w", err)
	case !known && len(c.End) == 0:
		return e, errors.New("neither active nor an end says whether it lasts")
	case known && active:
		e.Status, e.StatusRaw = scanners.StatusActive, "active true"
	case known:
		e.Status, e.StatusRaw = c.Means, "active false"
	}
	return e, nil
}

// day is the calendar date at the beginning of a date or time.
func day(u *user, path List, open bool) (scanners.Fact[scanners.Date], error) {
	if len(path) == 0 {
		return scanners.Unknown[scanners.Date]("the configuration names no attribute for it"), nil
	}
	said, err := text(at(u.whole, path))
	switch {
	case err != nil:
		return scanners.Fact[scanners.Date]{}, err
	case said == "" && open:
		return scanners.Never[scanners.Date](), nil
	case said == "":
		return scanners.Unknown[scanners.Date]("the service states none"), nil
	}
	date, _, _ := strings.Cut(said, "T")
	d, err := scanners.ParseDate(date)
	if err != nil {
		return scanners.Fact[scanners.Date]{}, err
	}
	return scanners.Known(d), nil
}

// location is the town of the primary address, else of the first.
func location(raw json.RawMessage) string {
	var all []struct{ Locality, Primary json.RawMessage }
	if absent(raw) || json.Unmarshal(raw, &all) != nil {
		return ""
	}
	town := ""
	for _, a := range all {
		where, err := text(a.Locality)
		if primary, _, _ := truth(a.Primary); err == nil && where != "" && (town == "" || primary) {
			town = where
		}
	}
	return town
}
