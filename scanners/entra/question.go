package entra

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// what names a collection or resource of Graph.
type what int

const (
	users what = iota
	oneUser
	userAssignments
	deletedUsers
	oneDeletedUser
	servicePrincipals
	oneServicePrincipal
	assignedTo
	servicePrincipalAssignments
	roleDefinitions
	roleAssignments
	roleEligibilities
	groupMembers
	subscribedSkus
	servicePrincipalSignIns
)

// String is the path of the collection, for messages.
func (w what) String() string {
	return [...]string{"/users", "/users/{id}", "/users/{id}/appRoleAssignments", "/directory/deletedItems/graph.user",
		"/directory/deletedItems/{id}/graph.user", "/servicePrincipals", "/servicePrincipals/{id}", "/servicePrincipals/{id}/appRoleAssignedTo",
		"/servicePrincipals/{id}/appRoleAssignments", "/roleManagement/directory/roleDefinitions", "/roleManagement/directory/roleAssignments",
		"/roleManagement/directory/roleEligibilitySchedules", "/groups/{id}/transitiveMembers", "/subscribedSkus",
		"/reports/servicePrincipalSignInActivities"}[w]
}

// question is one GET.
type question struct {
	what what
	// id is that of the resource which the question is about, where it is about one.
	id string
	// fields are what is asked for; without them Graph sends a default that lacks the most important ones.
	fields []string
	expand string
	filter string
	top    int
	// count asks for the number of resources, which Graph answers from an index that is behind.
	count bool
	// next is the address of a further page, as the page before gave it. It holds everything else.
	next string
}

// envelope is what a collection comes in; of a single resource it holds that alone.
type envelope struct {
	records []json.RawMessage
	next    string
	count   int64
	counted bool
}

// refusal is an answer of Graph that is no success, with Graph's own code of the error.
type refusal struct {
	*api.StatusError
	code string
}

// Unwrap gives the status.
func (r *refusal) Unwrap() error { return r.StatusError }

// refused gives the status and code of an answer that was no success; zero and "" for other errors.
func refused(err error) (status int, code string) {
	var r *refusal
	if errors.As(err, &r) {
		return r.Status, r.code
	}
	return 0, ""
}

// premium reports whether err says that the tenant has not paid for what was asked.
func premium(err error) bool {
	_, code := refused(err)
	return code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant" || code == "AadPremiumLicenseRequired"
}

// absent reports whether Graph itself says that there is no such resource. A 404 of something on the way says nothing.
func absent(err error) bool {
	status, code := refused(err)
	return status == 404 && strings.HasSuffix(strings.ToLower(code), "resourcenotfound")
}

// tokenError is a failure to get a token.
type tokenError struct{ error }

// Unwrap gives what went wrong.
func (e *tokenError) Unwrap() error { return e.error }

// Error says so, and what to do when the credentials are at fault.
func (e *tokenError) Error() string {
	text := "no token: " + e.error.Error()
	var status *api.StatusError
	if errors.As(e.error, &status) && !api.Temporary(status.Status) {
		text += "\nhint: the sign-in service refused the credentials: check tenant, client_id and the secret or certificate, and when it expires"
	}
	return text
}
