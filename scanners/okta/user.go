package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// statuses are all that a user can have. A list that is not asked for them by name leaves out the deprovisioned ones.
func statuses() []string {
	return []string{"ACTIVE", "DEPROVISIONED", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED", "RECOVERY", "STAGED", "SUSPENDED"}
}

// user is what is read of a user. Instants stay text: one that is none costs its fact, not the record.
type user struct {
	ID              string `json:"id"`
	Status          string `json:"status"`
	Created         string `json:"created"`
	StatusChanged   string `json:"statusChanged"`
	LastLogin       string `json:"lastLogin"`
	PasswordChanged string `json:"passwordChanged"`
	Type            struct {
		ID string `json:"id"`
	} `json:"type"`
	Profile     profile `json:"profile"`
	Credentials struct {
		Provider struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"provider"`
	} `json:"credentials"`
	// raw is the record; extra holds the attributes of the profile by name, when others are wanted than those below.
	raw   json.RawMessage
	extra map[string]any
}

// profile holds the attributes of the default profile that are read.
type profile struct {
	Login          string `json:"login"`
	Email          string `json:"email"`
	DisplayName    string `json:"displayName"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	EmployeeNumber string `json:"employeeNumber"`
	Manager        string `json:"manager"`
	ManagerID      string `json:"managerId"`
	UserType       string `json:"userType"`
}

// decodeRecord decodes one record of any sort. A value of a wrong type makes the record unusable, with its id where that is
// readable.
func decodeRecord(raw json.RawMessage, into any, id *string) error {
	err := json.Unmarshal(raw, into)
	wrong := new(json.UnmarshalTypeError)
	switch {
	case errors.As(err, &wrong):
		return &api.Defect{ID: *id, Field: wrong.Field, Reason: "a " + wrong.Value + ", which it cannot be"}
	case err != nil:
		return &api.Defect{Field: "record", Reason: err.Error()}
	case *id == "":
		return &api.Defect{Field: "id", Reason: "it is missing"}
	}
	return nil
}

func decodeUser(raw json.RawMessage, extra bool) (user, error) {
	u := user{raw: raw}
	if err := decodeRecord(raw, &u, &u.ID); err != nil {
		return u, err
	}
	if extra {
		var whole struct {
			Profile map[string]any `json:"profile"`
		}
		if err := json.Unmarshal(raw, &whole); err != nil {
			return u, &api.Defect{ID: u.ID, Field: "profile", Reason: err.Error()}
		}
		u.extra = whole.Profile
	}
	return u, nil
}

// attribute gives the values of an attribute of the profile: of a list, each; none for one that is empty or not there.
func (u *user) attribute(name string) []string {
	known := ""
	switch name {
	case "login":
		known = u.Profile.Login
	case "email":
		known = u.Profile.Email
	case "displayName":
		known = u.Profile.DisplayName
	case "employeeNumber":
		known = u.Profile.EmployeeNumber
	case "manager":
		known = u.Profile.Manager
	case "managerId":
		known = u.Profile.ManagerID
	case "userType":
		known = u.Profile.UserType
	default:
		return textsOf(u.extra[name])
	}
	if known == "" {
		return nil
	}
	return []string{known}
}

// standard reports whether every one of the names is an attribute that is decoded anyway.
func standard(names ...string) bool {
	for _, name := range names {
		switch name {
		case "", "login", "email", "displayName", "employeeNumber", "manager", "managerId", "userType":
		default:
			return false
		}
	}
	return true
}

func textsOf(v any) (texts []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case float64:
		return []string{strings.TrimSuffix(fmt.Sprintf("%.3f", v), ".000")}
	case []any:
		for _, e := range v {
			texts = append(texts, textsOf(e)...)
		}
	}
	return texts
}

// first is the first value of the first attribute that has one.
func (u *user) first(names ...string) string {
	for _, name := range names {
		if values := u.attribute(name); len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// every are the values of all attributes that are named, each once.
func (u *user) every(names []string) (values []string) {
	for _, name := range names {
		for _, v := range u.attribute(name) {
			if !contains(values, v) {
				values = append(values, v)
			}
		}
	}
	return values
}

func contains(list []string, v string) bool {
	for _, e := range list {
		if e == v {
			return true
		}
	}
	return false
}

// display is the name for people.
func (u *user) display() string {
	if u.Profile.DisplayName != "" {
		return u.Profile.DisplayName
	}
	return strings.TrimSpace(u.Profile.FirstName + " " + u.Profile.LastName)
}

// moment is an instant that the user's record states under a name. An empty one that was not said to be null is unknown, and so
// is one that is not there at all.
func (u *user) moment(name, text string, null scanners.Fact[time.Time]) scanners.Fact[time.Time] {
	if text == "" {
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(u.raw, &members); err != nil {
			return scanners.Unknown[time.Time](name + " cannot be read")
		}
		switch value, there := members[name]; {
		case !there:
			return scanners.Unknown[time.Time]("Okta does not state " + name)
		case string(value) == "null":
			return null
		}
	}
	at, err := api.Time(text)
	if err != nil {
		return scanners.Unknown[time.Time](name + ": " + err.Error())
	}
	return at
}

// standing is what a status says.
type standing struct {
	enabled, locked scanners.Fact[bool]
	// ended says that the account was disabled when the status changed.
	ended bool
}

// standingOf reads the status of a user. Only suspension and deprovisioning are disables; whoever is locked out, or has to
// change a password, may sign in after that; whoever is staged was never let in.
func standingOf(status string) standing {
	yes, no := scanners.Known(true), scanners.Known(false)
	switch status {
	case "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "PROVISIONED":
		return standing{enabled: yes, locked: no}
	case "LOCKED_OUT":
		return standing{enabled: yes, locked: yes}
	case "STAGED":
		return standing{enabled: no, locked: no}
	case "SUSPENDED", "DEPROVISIONED":
		return standing{enabled: no, locked: no, ended: true}
	}
	why := fmt.Sprintf("the status %q is not known", status)
	return standing{enabled: scanners.Unknown[bool](why), locked: scanners.Unknown[bool](why)}
}

// disabledAt is when the account was disabled.
func (s standing) disabledAt(changed scanners.Fact[time.Time]) scanners.Fact[time.Time] {
	if s.ended {
		return changed
	}
	return scanners.Unknown[time.Time]("Okta keeps it of disabled users only")
}

// account maps a user to an account, without what other addresses say of it.
func (c *Config) account(u *user) scanners.Account {
	s := standingOf(u.Status)
	unstated := scanners.Unknown[time.Time]("Okta states none")
	a := scanners.Account{
		ID: u.ID, Logins: u.attribute("login"), DisplayName: u.display(),
		Mails: u.every(c.mails()), EmployeeIDs: u.every(c.employeeIDs()), Anchors: u.every(c.Attributes.Anchors),
		Enabled: s.enabled, Locked: s.locked, DisabledAt: s.disabledAt(u.moment("statusChanged", u.StatusChanged, unstated)),
		Created:         u.moment("created", u.Created, unstated),
		Signals:         []scanners.Signal{{Name: "lastLogin", At: u.moment("lastLogin", u.LastLogin, scanners.Never[time.Time]())}},
		PasswordChanged: u.moment("passwordChanged", u.PasswordChanged, unstated),
		Expires:         scanners.Unknown[time.Time]("Okta's users have no such date"),
		FailedLogins:    scanners.Unknown[int64]("Okta does not state it"),
		Privileged:      scanners.Unknown[bool]("administrators are not read"),
		Manager:         u.first(orDefault(c.Attributes.Manager, "managerId", "manager")...),
		Sponsor:         u.first(c.Attributes.Sponsor), Owner: u.first(c.Attributes.Owner),
		Authority: authority(u), Evidence: evidence(u),
	}
	if value := u.first(c.kindAttribute()); value != "" && c.Kinds[value] != "" {
		a.Kind, a.KindWhy = c.Kinds[value], c.kindAttribute()+" is "+value
	}
	return a
}

func (c *Config) mails() []string       { return orThese(c.Attributes.Mail, "email") }
func (c *Config) employeeIDs() []string { return orThese(c.Attributes.EmployeeID, "employeeNumber") }
func (c *Config) kindAttribute() string { return orDefault(c.Attributes.Kind, "userType")[0] }
func orThese(set []string, standard ...string) []string {
	if set == nil {
		return standard
	}
	return set
}

func orDefault(set string, standard ...string) []string {
	if set == "" {
		return standard
	}
	return []string{set}
}

// extra reports whether attributes are wanted that are not decoded anyway.
func (c *Config) extra() bool {
	a := c.Attributes
	return !standard(append(append(append([]string{a.Manager, a.Sponsor, a.Owner, a.Kind}, a.Mail...), a.EmployeeID...), a.Anchors...)...)
}

// authority is the directory that a user is kept by, where a disable has to happen.
func authority(u *user) string {
	switch p := u.Credentials.Provider; p.Type {
	case "ACTIVE_DIRECTORY", "LDAP":
		return strings.TrimSpace(p.Type + " " + p.Name)
	}
	return ""
}

// evidence are the raw values that the facts were read from.
func evidence(u *user) []scanners.Attribute {
	list := make([]scanners.Attribute, 0, 5)
	for _, e := range [...][2]string{{"status", u.Status}, {"statusChanged", u.StatusChanged}, {"lastLogin", u.LastLogin},
		{"credentials.provider.type", u.Credentials.Provider.Type}, {"userType", u.Profile.UserType}} {
		if e[1] != "" {
			list = append(list, scanners.Attribute{Name: e[0], Values: []string{e[1]}})
		}
	}
	return list
}
