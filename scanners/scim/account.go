package scim

import (
	"encoding/json"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// account makes an account of a user.
func (c *AccountConfig) account(u *user, members *memberships) (scanners.Account, error) {
	k, err := u.keys()
	if err != nil {
		return scanners.Account{}, err
	}
	a := scanners.Account{ID: k.id, DisplayName: u.shown(), Mails: k.mails, Manager: k.manager,
		Logins: list1(k.userName), EmployeeIDs: list1(k.employeeNumber), Anchors: list1(k.externalID),
		Enabled: enabled(u.Active), Created: moment(u.meta.Created, "meta.created")}
	if len(c.Activity.Path) > 0 {
		a.Signals = []scanners.Signal{{Name: c.Activity.Path[len(c.Activity.Path)-1], At: c.activityOf(u), Precision: c.Activity.Precision}}
	}
	if userType, err := text(u.UserType); err == nil && userType != "" && c.UserTypes[userType] != "" {
		a.Kind, a.KindWhy = c.UserTypes[userType], "userType "+userType
	}
	grants, shown, err := c.grantsOf(u, k.id, members)
	a.Grants = grants
	c.privileged(&a, shown, err)
	a.Evidence = c.evidence(u)
	return a, nil
}

func list1(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func enabled(raw json.RawMessage) scanners.Fact[bool] {
	switch active, known, err := truth(raw); {
	case err != nil:
		return scanners.Unknown[bool]("active: " + err.Error())
	case !known:
		return scanners.Unknown[bool]("the service states no active")
	default:
		return scanners.Known(active)
	}
}

// moment is a time of SCIM, which is never missing for a reason.
func moment(raw json.RawMessage, name string) scanners.Fact[time.Time] {
	said, err := text(raw)
	switch {
	case err != nil:
		return scanners.Unknown[time.Time](name + ": " + err.Error())
	case said == "":
		return scanners.Unknown[time.Time]("the service states no " + name)
	}
	at, err := api.Time(said)
	if err != nil {
		return scanners.Unknown[time.Time](name + ": " + err.Error())
	}
	if at.IsNever() {
		return scanners.Unknown[time.Time](name + " is " + said)
	}
	return at
}

// activityOf is the last use as the vendor's extension states it.
func (c *Reading) activityOf(u *user) scanners.Fact[time.Time] {
	name := c.Activity.Path[len(c.Activity.Path)-1]
	if said, err := text(u.used); err == nil && said == "" {
		if c.Activity.Absent == "never" {
			return scanners.Never[time.Time]()
		}
		return scanners.Unknown[time.Time]("the service states no " + name)
	} else if err == nil {
		if at, err := api.Time(said); err == nil {
			return at
		}
	}
	return moment(u.used, name)
}

// evidence holds what the facts were read from.
func (c *Reading) evidence(u *user) []scanners.Attribute {
	type part struct {
		name string
		raw  json.RawMessage
	}
	parts := []part{{"active", u.Active}, {"userType", u.UserType}, {"meta.created", u.meta.Created}, {"meta.lastModified", u.meta.LastModified}}
	if len(c.Activity.Path) > 0 {
		parts = append(parts, part{c.Activity.Path[len(c.Activity.Path)-1], u.used})
	}
	var all []scanners.Attribute
	for _, part := range parts {
		if absent(part.raw) {
			continue
		}
		said, err := text(part.raw)
		if err != nil {
			said = excerpt(part.raw)
		}
		all = append(all, scanners.Attribute{Name: part.name, Values: []string{said}})
	}
	return all
}
