package entra

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// field is a property of a record that this connector reads.
type field int

const (
	fID field = iota
	fLogin
	fDisplayName
	fMail
	fProxyAddresses
	fOtherMails
	fEmployeeID
	fEnabled
	fCreated
	fUserType
	fExternalState
	fPasswordChanged
	fSyncEnabled
	fSyncDomain
	fImmutableID
	fSID
	fStates
	fLicences
	fActivity
	fDeleted
	fManager
	fSponsors
	fEmployeeType
	fHired
	fLeft
	fExternalSince
	fSyncAccount
	fSyncDN
	fGivenName
	fSurname
	fDepartment
	fOffice
	fAppID
	fPrincipalType
	fOwnerTenant
	fAppRoles
	fOwners
	fBlocked
	fLastSuccess
	fLastAttempt
	fLastQuiet
	fieldCount
)

// names are the fields as Graph calls them.
var names = [fieldCount]string{"id", "userPrincipalName", "displayName", "mail", "proxyAddresses", "otherMails", "employeeId", "accountEnabled",
	"createdDateTime", "userType", "externalUserState", "lastPasswordChangeDateTime", "onPremisesSyncEnabled", "onPremisesDomainName",
	"onPremisesImmutableId", "onPremisesSecurityIdentifier", "licenseAssignmentStates", "assignedLicenses", "signInActivity", "deletedDateTime",
	"manager", "sponsors", "employeeType", "employeeHireDate", "employeeLeaveDateTime", "externalUserStateChangeDateTime", "onPremisesSamAccountName",
	"onPremisesDistinguishedName", "givenName", "surname", "department", "officeLocation", "appId", "servicePrincipalType",
	"appOwnerOrganizationId", "appRoles", "owners", "disabledByMicrosoftStatus", "lastSuccessfulSignInDateTime", "lastSignInDateTime",
	"lastNonInteractiveSignInDateTime"}

// record is one object as it came, by field; what came as null is as if it had not come.
type record [fieldCount]json.RawMessage

// take reads the members of an object that have a place in a record.
func (r *record) take(raw json.RawMessage, places map[string]field) error {
	return api.Members(raw, func(name []byte, value json.RawMessage) error {
		if f, known := places[string(name)]; known {
			if r[f] = value; string(value) == "null" {
				r[f] = nil
			}
		}
		return nil
	})
}

// places is where the fields go, by name.
func places() map[string]field {
	all := make(map[string]field, fieldCount)
	for f, name := range names {
		all[name] = field(f)
	}
	return all
}

// text is the value of a field that is a text; empty when it is missing.
func (r *record) text(f field) (string, error) {
	if r[f] == nil {
		return "", nil
	}
	return unquote(r[f])
}

// words is text for what nothing rests on: what is no text is kept as it is.
func (r *record) words(f field) string {
	text, err := r.text(f)
	if err != nil {
		return string(r[f])
	}
	return text
}

// unquote decodes a text. Most hold neither escapes nor control characters.
func unquote(raw json.RawMessage) (string, error) {
	if n := len(raw); n >= 2 && raw[0] == '"' && plain(raw[1:n-1]) {
		return string(raw[1 : n-1]), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("%s is no text", raw)
	}
	return text, nil
}

func plain(text []byte) bool {
	ascii := true
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(text)
}

// list is the value of a field that is a list of texts.
func (r *record) list(f field) ([]string, error) {
	raw := r[f]
	if raw == nil || string(raw) == "[]" {
		return nil, nil
	}
	elements, _, err := api.Split(raw, "")
	if err != nil {
		return nil, fmt.Errorf("%s is no list", raw)
	}
	texts := make([]string, 0, len(elements))
	for _, element := range elements {
		text, err := unquote(element)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// flag is the value of a field that is true or false.
func (r *record) flag(f field) scanners.Fact[bool] {
	switch raw := string(r[f]); raw {
	case "":
		return scanners.Unknown[bool](names[f] + " was not delivered")
	case "true", "false":
		return scanners.Known(raw == "true")
	default:
		return scanners.Unknown[bool](fmt.Sprintf("%s: %s is neither true nor false", names[f], raw))
	}
}

// time is the value of a field that is an instant; unknown for the reason missing when there is none.
func (r *record) time(f field, missing string) scanners.Fact[time.Time] {
	if r[f] == nil {
		return scanners.Unknown[time.Time](missing)
	}
	text, err := r.text(f)
	if err != nil {
		return scanners.Unknown[time.Time](names[f] + ": " + err.Error())
	}
	at, err := api.Time(text)
	if err != nil {
		return scanners.Unknown[time.Time](names[f] + ": " + err.Error())
	}
	return at
}

// id is the immutable id in lower case, or "" when it is not readable.
func (r *record) id() string {
	id, err := r.text(fID)
	if err != nil || !guid.MatchString(id) {
		return ""
	}
	return strings.ToLower(id)
}

// related are the ids of the objects that a field refers to.
func (r *record) related(f field) ([]string, error) {
	raw := r[f]
	if raw == nil {
		return nil, nil
	}
	elements := []json.RawMessage{raw}
	if raw[0] == '[' {
		var err error
		if elements, _, err = api.Split(raw, ""); err != nil {
			return nil, err
		}
	}
	var ids []string
	for _, element := range elements {
		var object struct{ ID string }
		if err := json.Unmarshal(element, &object); err != nil || object.ID == "" {
			return nil, fmt.Errorf("%s names no object", element)
		}
		ids = append(ids, strings.ToLower(object.ID))
	}
	return ids, nil
}

// evidence keeps fields as they came, in this order.
func (r *record) evidence(fields ...field) []scanners.Attribute {
	n := 0
	for _, f := range fields {
		if r[f] != nil {
			n++
		}
	}
	out, values := make([]scanners.Attribute, 0, n), make([]string, 0, n)
	for _, f := range fields {
		if r[f] == nil {
			continue
		}
		values = append(values, r.words(f))
		out = append(out, scanners.Attribute{Name: names[f], Values: values[len(values)-1 : len(values) : len(values)]})
	}
	return out
}
