package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// people reads the users of an org that stands in for an HR system.
type people struct {
	config PeopleConfig
	env    scanners.Env
	client *client
	extra  bool
}

// There is no look-up of a person: only a search finds a user by an employee id, and what it does not find may merely be late.
var _ scanners.Source[scanners.Person] = (*people)(nil)

func openPeople(config PeopleConfig, env scanners.Env) (scanners.Source[scanners.Person], error) {
	if err := config.check(); err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	c, err := newClient(config.Org, env)
	if err != nil {
		return nil, err
	}
	a := config.Attributes
	return &people{config: config, env: env, client: c,
		extra: !standard(append(append(append(config.texts(), a.Start, a.End, config.id()), a.OtherIDs...), config.mails()...)...)}, nil
}

// texts are the attributes that are taken as they are, in the order of the fields of a person.
func (c *PeopleConfig) texts() []string {
	a := c.Attributes
	return []string{orDefault(a.Department, "department")[0], orDefault(a.Location, "city")[0], a.Zone}
}

func (c *PeopleConfig) id() string      { return orDefault(c.Attributes.ID, "employeeNumber")[0] }
func (c *PeopleConfig) mails() []string { return orThese(c.Attributes.Mail, "email") }

// Scan reads every user that carries an employee id.
func (p *people) Scan(ctx context.Context, emit func(scanners.Person) error) (scanners.Coverage, error) {
	without := int64(0)
	w := walk(p.client, p.env, usersPlace(p.config.PageSize), p.config.PageSize, func(raw json.RawMessage) (scanners.Person, error) {
		person, err := p.person(raw)
		if err == nil && person.ID == "" {
			without++
		}
		return person, err
	})
	w.Key = func(person scanners.Person) string { return person.Place } // two users may be one person
	c, err := w.Scan(ctx, emit)
	if without > 0 {
		c.Gaps = append(c.Gaps, scanners.Gap{What: "users without " + p.config.id(), Count: scanners.Known(without),
			Cause: "the attribute is empty", Effect: "they are no people of this source"})
	}
	return c, err
}

// person maps a user; one without an employee id gives no person.
func (p *people) person(raw json.RawMessage) (scanners.Person, error) {
	u, err := decodeUser(raw, p.extra)
	if err != nil {
		return scanners.Person{}, p.unusable(err, raw)
	}
	c, a := &p.config, p.config.Attributes
	id := u.first(c.id())
	if id == "" {
		return scanners.Person{}, nil
	}
	texts := c.texts()
	person := scanners.Person{ID: id, OtherIDs: u.every(a.OtherIDs), DisplayName: u.display(), GivenName: u.Profile.FirstName, FamilyName: u.Profile.LastName,
		Mails: u.every(c.mails()), Manager: u.first(orDefault(a.Manager, "managerId", "manager")...), Department: u.first(texts[0]),
		Location: u.first(texts[1]), Zone: u.first(texts[2]), Place: "user " + u.ID}
	e := scanners.Employment{StatusRaw: u.Status, LastDayInclusive: c.LastDay == "inclusive", Type: u.first(orDefault(a.Type, "userType")...)}
	if e.Status, err = c.status(u.Status); err == nil {
		e.Start, err = date(&u, a.Start, scanners.Unknown[scanners.Date]("Okta states no first day"))
	}
	if err == nil {
		end := scanners.Unknown[scanners.Date]("Okta states no last day")
		if a.End != "" {
			end = scanners.Never[scanners.Date]()
		}
		e.End, err = date(&u, a.End, end)
	}
	if err == nil {
		err = zone(person.Zone)
	}
	if err != nil {
		return scanners.Person{}, &api.Defect{ID: id, Keys: append(person.Mails, person.OtherIDs...), Field: "profile", Reason: err.Error()}
	}
	person.Employments = []scanners.Employment{e}
	return person, nil
}

// unusable is the rejection of a user by its employee id, which is what reserves the person.
func (p *people) unusable(err error, raw json.RawMessage) error {
	var whole struct {
		Profile map[string]any `json:"profile"`
	}
	_ = json.Unmarshal(raw, &whole) // what can be read of it
	d := &api.Defect{Field: "record", Reason: err.Error()}
	if ids := textsOf(whole.Profile[p.config.id()]); len(ids) == 1 {
		d.ID = ids[0]
	}
	for _, name := range append(p.config.mails(), p.config.Attributes.OtherIDs...) {
		d.Keys = append(d.Keys, textsOf(whole.Profile[name])...)
	}
	return d
}

// status is what a status of Okta says of an employment.
func (c *PeopleConfig) status(of string) (scanners.Status, error) {
	if set, ok := c.Statuses[of]; ok {
		return set, nil
	}
	switch of {
	case "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT", "PROVISIONED":
		return scanners.StatusActive, nil
	case "STAGED":
		return scanners.StatusPrehire, nil
	case "SUSPENDED":
		return scanners.StatusSuspended, nil
	case "DEPROVISIONED":
		return scanners.StatusTerminated, nil
	}
	return "", fmt.Errorf("the status %q is not known\nhint: say under statuses what it means", of)
}

// date reads a calendar date, or the date of an instant in UTC.
func date(u *user, attribute string, otherwise scanners.Fact[scanners.Date]) (scanners.Fact[scanners.Date], error) {
	text := strings.TrimSpace(u.first(attribute))
	if attribute == "" || text == "" {
		return otherwise, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return scanners.Known(scanners.DateOf(t.UTC())), nil
	}
	d, err := scanners.ParseDate(text)
	if err != nil {
		return otherwise, fmt.Errorf("%s: %w", attribute, err)
	}
	return scanners.Known(d), nil
}

func zone(name string) error {
	_, err := time.LoadLocation(name)
	return err
}
