package okta

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// assignment is the account of a user in an application, as Okta keeps it.
type assignment struct {
	ID              string `json:"id"`
	Scope           string `json:"scope"`
	Status          string `json:"status"`
	ExternalID      string `json:"externalId"`
	Created         string `json:"created"`
	StatusChanged   string `json:"statusChanged"`
	PasswordChanged string `json:"passwordChanged"`
	Credentials     struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
	Profile struct {
		Email string `json:"email"`
	} `json:"profile"`
	Embedded struct {
		User json.RawMessage `json:"user"`
	} `json:"_embedded"`
}

// standingIn reads the status of an account in an application. What is being set up or taken over can be used, as far as Okta
// knows.
func standingIn(status string) standing {
	unlocked := scanners.Unknown[bool]("Okta does not know it of applications")
	switch status {
	case "ACTIVE", "PROVISIONED", "IMPLICIT", "IMPORTED", "MATCHED", "APPROVED":
		return standing{enabled: scanners.Known(true), locked: unlocked}
	case "STAGED", "PENDING":
		return standing{enabled: scanners.Known(false), locked: unlocked}
	case "SUSPENDED", "DEPROVISIONED", "INACTIVE", "REVOKED", "UNASSIGNED":
		return standing{enabled: scanners.Known(false), locked: unlocked, ended: true}
	}
	return standing{enabled: scanners.Unknown[bool](fmt.Sprintf("the status %q is not known", status)), locked: unlocked}
}

// accountIn maps an application's account. The keys are those of the user behind it, beside the name in the application.
func (c *Config) accountIn(app *application, raw json.RawMessage) (scanners.Account, error) {
	var g assignment
	if err := decodeRecord(raw, &g, &g.ID); err != nil {
		return scanners.Account{}, err
	}
	var u user
	if len(g.Embedded.User) > 0 && string(g.Embedded.User) != "null" {
		var err error
		if u, err = decodeUser(g.Embedded.User, c.extra()); err != nil {
			return scanners.Account{}, inside(err, g.ID)
		}
	}
	a := c.account(&u)
	own := user{raw: raw}
	unstated := scanners.Unknown[time.Time]("Okta states none")
	s := standingIn(g.Status)
	a.ID, a.Logins, a.Enabled, a.Locked = g.ID, listOf(g.Credentials.UserName), s.enabled, s.locked
	a.DisabledAt = s.disabledAt(own.moment("statusChanged", g.StatusChanged, unstated))
	a.Created = own.moment("created", g.Created, unstated)
	a.PasswordChanged = own.moment("passwordChanged", g.PasswordChanged, unstated)
	a.Signals = []scanners.Signal{{Name: "use of the application", At: scanners.Unknown[time.Time]("Okta does not see what happens in an application")}}
	a.Privileged = scanners.Unknown[bool]("Okta does not know the rights in an application")
	a.Mails = with(a.Mails, g.Profile.Email)
	a.Anchors = with(a.Anchors, g.ExternalID)
	a.Authority = ""
	a.Grants = []scanners.Grant{app.grant(g.Scope)}
	a.Evidence = []scanners.Attribute{{Name: "status", Values: []string{g.Status}}, {Name: "scope", Values: []string{g.Scope}}}
	if u.Status != "" {
		a.Evidence = append(a.Evidence, scanners.Attribute{Name: "user.status", Values: []string{u.Status}})
	}
	return a, nil
}

func listOf(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// with adds a value that is there and not in the list yet.
func with(list []string, v string) []string {
	if v == "" || contains(list, v) {
		return list
	}
	return append(list, v)
}
