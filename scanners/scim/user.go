package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// user is one resource, cut into its attributes without understanding them, so that a bad one costs no other. The names of
// SCIM's attributes are the same in upper and lower case.
type user struct {
	ID           json.RawMessage `json:"id"`
	ExternalID   json.RawMessage `json:"externalId"`
	UserName     json.RawMessage `json:"userName"`
	Name         json.RawMessage `json:"name"`
	DisplayName  json.RawMessage `json:"displayName"`
	UserType     json.RawMessage `json:"userType"`
	Active       json.RawMessage `json:"active"`
	Emails       json.RawMessage `json:"emails"`
	Addresses    json.RawMessage `json:"addresses"`
	Groups       json.RawMessage `json:"groups"`
	Roles        json.RawMessage `json:"roles"`
	Entitlements json.RawMessage `json:"entitlements"`
	Meta         json.RawMessage `json:"meta"`
	Enterprise   json.RawMessage `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`

	meta       struct{ Created, LastModified json.RawMessage }
	enterprise struct{ EmployeeNumber, Department, Manager json.RawMessage }
	whole      json.RawMessage
	used       json.RawMessage // what activity names
}

// readUser cuts a resource. Parts of parts that are no objects count as missing, but for the extension with the keys. activity
// leads to the last use.
func readUser(raw json.RawMessage, activity List) (*user, error) {
	u := &user{whole: raw}
	if err := json.Unmarshal(raw, u); err != nil {
		return nil, &api.Defect{Field: "user", Reason: err.Error()}
	}
	if !absent(u.Meta) {
		_ = json.Unmarshal(u.Meta, &u.meta) // its times are then unknown
	}
	if !absent(u.Enterprise) {
		if err := json.Unmarshal(u.Enterprise, &u.enterprise); err != nil {
			return nil, u.defect("enterprise extension", err)
		}
	}
	u.used = at(raw, activity)
	return u, nil
}

// defect says what makes the user unusable.
func (u *user) defect(field string, reason error) *api.Defect {
	id, err := text(u.ID)
	if err != nil {
		id = ""
	}
	return &api.Defect{ID: id, Field: field, Reason: reason.Error()}
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// text is a text. Some servers write ids as numbers.
func text(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case absent(raw):
		return "", nil
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return strings.TrimSpace(s), err
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		var n json.Number
		err := json.Unmarshal(raw, &n)
		return n.String(), err
	}
	return "", fmt.Errorf("%s is no text", excerpt(raw))
}

func excerpt(raw json.RawMessage) string {
	if len(raw) > 40 {
		return string(bytes.ToValidUTF8(raw[:40], []byte("?"))) + "…"
	}
	return string(raw)
}

// truth is a yes or no; known is false when it is missing. Some clients wrote the words True and False, and servers keep them.
func truth(raw json.RawMessage) (value, known bool, err error) {
	raw = bytes.TrimSpace(raw)
	if absent(raw) {
		return false, false, nil
	}
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	}
	return false, false, fmt.Errorf("%s is neither true nor false", excerpt(raw))
}

// item is one value of an attribute with several.
type item struct {
	Value, Display, Type string
	Primary              bool
}

// items are the values of an attribute with several: a list of objects, or of texts. A single one stands for a list of one.
func items(raw json.RawMessage) ([]item, error) {
	raw = bytes.TrimSpace(raw)
	if absent(raw) {
		return nil, nil
	}
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		list = nil
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	var all []item
	for _, one := range list {
		i, err := readItem(bytes.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		if i.Value != "" {
			all = append(all, i)
		}
	}
	return all, nil
}

func readItem(raw json.RawMessage) (i item, err error) {
	if absent(raw) {
		return i, nil
	}
	if raw[0] != '{' {
		i.Value, err = text(raw)
		return i, err
	}
	var o struct{ Value, Display, Type, Primary json.RawMessage }
	if err := json.Unmarshal(raw, &o); err != nil {
		return i, err
	}
	var errs [2]error
	i.Value, errs[0] = text(o.Value)
	i.Display, errs[1] = text(o.Display)
	i.Type, _ = text(o.Type)
	i.Primary, _, _ = truth(o.Primary)
	return i, errors.Join(errs[:]...)
}

// mails are the addresses, the primary one first.
func (u *user) mails() ([]string, error) {
	all, err := items(u.Emails)
	if err != nil {
		return nil, err
	}
	var mails []string
	for _, i := range all {
		if !strings.Contains(i.Value, "@") {
			continue
		}
		if i.Primary {
			mails = append([]string{i.Value}, mails...)
		} else {
			mails = append(mails, i.Value)
		}
	}
	return mails, nil
}

// keys are what ties an account to a person. One that cannot be read makes the user unusable: without it the account would look
// as if nobody owned it.
type keys struct {
	id, userName, externalID, employeeNumber, manager string
	mails                                             []string
}

func (u *user) keys() (k keys, wrong error) {
	field := func(name string, raw json.RawMessage, into *string) {
		var err error
		if *into, err = text(raw); err != nil && wrong == nil {
			wrong = u.defect(name, err)
		}
	}
	field("id", u.ID, &k.id)
	field("userName", u.UserName, &k.userName)
	field("externalId", u.ExternalID, &k.externalID)
	field("employeeNumber", u.enterprise.EmployeeNumber, &k.employeeNumber)
	mails, err := u.mails()
	if err != nil && wrong == nil {
		wrong = u.defect("emails", err)
	}
	k.mails = mails
	if manager, err := items(u.enterprise.Manager); err == nil && len(manager) > 0 {
		k.manager = manager[0].Value
	}
	if wrong == nil && k.id == "" {
		wrong = &api.Defect{Field: "id", Reason: "the id is empty"}
	}
	return k, wrong
}

// shown is the name that people see.
func (u *user) shown() string {
	if name, err := text(u.DisplayName); err == nil && name != "" {
		return name
	}
	name := u.names()
	if name.formatted != "" {
		return name.formatted
	}
	return strings.TrimSpace(name.given + " " + name.family)
}

type names struct{ formatted, given, family string }

func (u *user) names() (n names) {
	var parts struct{ Formatted, GivenName, FamilyName json.RawMessage }
	if absent(u.Name) || json.Unmarshal(u.Name, &parts) != nil {
		return n
	}
	n.formatted, _ = text(parts.Formatted)
	n.given, _ = text(parts.GivenName)
	n.family, _ = text(parts.FamilyName)
	return n
}

// at follows keys into a resource; no keys lead nowhere. Names are the same in upper and lower case.
func at(raw json.RawMessage, path List) json.RawMessage {
	if len(path) == 0 {
		return nil
	}
	for _, key := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil
		}
		raw = members[key]
		for name, value := range members {
			if raw == nil && strings.EqualFold(name, key) {
				raw = value
			}
		}
	}
	return raw
}
