package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// notFound is Okta's code for something that does not exist. A 404 without it may be a proxy's.
const notFound = "E0000007"

// status is the status of an answer that was no success, 0 for other errors.
func status(err error) int {
	if refused := new(api.StatusError); errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

// absent reports whether Okta itself says that what was asked for does not exist.
func absent(err error) bool {
	refused := new(api.StatusError)
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound && strings.HasPrefix(refused.Said, notFound)
}

// hinted adds what the user can do about a refusal.
func hinted(err error) error {
	refused := new(api.StatusError)
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w\nhint: the credentials are wrong, revoked or run out; an API token ends after 30 days without use, and with its owner", err)
	case http.StatusBadRequest:
		if strings.HasPrefix(refused.Place, http.MethodPost) {
			return fmt.Errorf("%w\nhint: grant these scopes to the service application, and let it use private_key_jwt without DPoP", err)
		}
	case http.StatusForbidden:
		return fmt.Errorf("%w\nhint: %s", err, rightsFor(refused.Place))
	}
	return err
}

// rightsFor says which right an address demands.
func rightsFor(place string) string {
	for _, r := range []struct{ part, scope string }{{"/logs", "okta.logs.read"}, {"/roles", "okta.roles.read"}, {"/iam/", "okta.roles.read"},
		{"/apps", "okta.apps.read"}, {"/groups", "okta.groups.read (of a user: okta.users.read)"}} {
		if strings.Contains(place, r.part) {
			return "this needs the scope " + r.scope + ", or an API token of an administrator who may read it"
		}
	}
	return "this needs the scope okta.users.read, or an API token of an administrator who may read it"
}

// tokenRefusal is what a token address says, without what was sent to it.
func tokenRefusal(body []byte) string {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		return "no reason given"
	}
	return said.Error + ": " + said.Description
}

// pathOf is a place without its query.
func pathOf(place string) string {
	path, _, _ := strings.Cut(place, "?")
	return path
}

// firstLine is an error without its hint.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// unreadable is the gap that something leaves which could not be read.
func unreadable(what, effect string, err error) scanners.Gap {
	line, hint, _ := strings.Cut(err.Error(), "\nhint: ")
	return scanners.Gap{What: what, Cause: line, Effect: effect, Hint: hint}
}
