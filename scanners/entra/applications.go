package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// application is a service principal as a resource that others are let into.
type application struct {
	name, appID string
	roles       map[string]string // names by id
}

// graphAPI is the application id of Microsoft Graph. Its permissions are rights over the tenant itself.
const graphAPI = "00000003-0000-0000-c000-000000000000"

// owners of applications that are Microsoft's own, which exist in every tenant and for which nobody there answers.
func microsoft(tenant string) bool {
	return tenant == "f8cdef31-a31e-4b4a-93e4-5f571e91255a" || tenant == "72f988bf-86f1-41af-91ab-2d7cd011db47"
}

// powerful are the permissions of Graph with which an application can make itself or others administrator, or take over accounts.
func powerful(permission string) bool {
	return slices.Contains([]string{"RoleManagement.ReadWrite.Directory", "AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All",
		"Directory.ReadWrite.All", "User.ReadWrite.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All",
		"PrivilegedAccess.ReadWrite.AzureAD", "RoleEligibilitySchedule.ReadWrite.Directory", "RoleAssignmentSchedule.ReadWrite.Directory",
		"User.EnableDisableAccount.All", "User-PasswordProfile.ReadWrite.All", "Policy.ReadWrite.ConditionalAccess"}, permission)
}

// readAssignments reads who is let into which application: one question for each application, some at the same time.
func (s *source) readAssignments(ctx context.Context, around *surroundings) error {
	if s.config.Applications == "none" {
		around.assignedUnread = "applications: none"
		return nil
	}
	var ids []string
	err := s.graph.each(ctx, question{what: servicePrincipals, fields: named(fID, fAppID, fDisplayName, fAppRoles), top: 999}, func(raw json.RawMessage) error {
		id, app, err := newApplication(raw)
		if err == nil {
			ids, around.applications[id] = append(ids, id), app
		}
		return err
	})
	groups := int64(0)
	if err == nil {
		groups, err = s.assignedTo(ctx, ids, around)
	}
	around.assigned.sort()
	if err != nil {
		around.assignedUnread = firstLine(err)
		around.gap("assignments to applications", around.assignedUnread, "they are missing among the grants", "grant the application Application.Read.All")
	}
	if groups > 0 {
		around.gaps = append(around.gaps, scanners.Gap{What: "applications given to groups", Count: scanners.Known(groups),
			Cause: "Graph lists the group and not its members", Effect: "the members do not show them among their grants"})
	}
	return fatal(ctx, err)
}

func newApplication(raw json.RawMessage) (string, *application, error) {
	var sp struct {
		ID, AppID, DisplayName string
		AppRoles               []struct{ ID, Value, DisplayName string }
	}
	if err := json.Unmarshal(raw, &sp); err != nil || sp.ID == "" {
		return "", nil, fmt.Errorf("a service principal that cannot be read: %w", errors.Join(err))
	}
	app := &application{name: sp.DisplayName, appID: strings.ToLower(sp.AppID), roles: map[string]string{}}
	for _, role := range sp.AppRoles {
		if app.roles[strings.ToLower(role.ID)] = role.Value; role.Value == "" {
			app.roles[strings.ToLower(role.ID)] = role.DisplayName
		}
	}
	return strings.ToLower(sp.ID), app, nil
}

// assignedTo asks every application who is assigned to it, and says how many groups are.
func (s *source) assignedTo(ctx context.Context, ids []string, around *surroundings) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rows, groups := make([][]assignmentRow, len(ids)), int64(0)
	var readers sync.WaitGroup
	next := make(chan int)
	for range s.env.Allocation.Size() {
		readers.Go(func() {
			for i := range next {
				err := s.env.Allocation.Do(ctx, func() (err error) {
					rows[i], err = s.assignments(ctx, question{what: assignedTo, id: ids[i]})
					return err
				})
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range ids {
		next <- i
	}
	close(next)
	readers.Wait()
	for _, list := range rows {
		for _, row := range list {
			if row.PrincipalType == "Group" {
				groups++
				continue
			}
			around.assigned.give(row.PrincipalID, around.grant(row))
		}
	}
	return groups, context.Cause(ctx)
}

// assignmentRow is one assignment to a role of an application.
type assignmentRow struct{ AppRoleID, PrincipalID, PrincipalType, ResourceID, ResourceDisplayName string }

func (s *source) assignments(ctx context.Context, q question) ([]assignmentRow, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	q.fields, q.top = []string{"appRoleId", "principalId", "principalType", "resourceId", "resourceDisplayName"}, 999
	var rows []assignmentRow
	err := s.graph.each(ctx, q, func(raw json.RawMessage) error {
		var row assignmentRow
		err := json.Unmarshal(raw, &row)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// grant words an assignment. The role without a name is that of being let in.
func (s *surroundings) grant(row assignmentRow) scanners.Grant {
	g := scanners.Grant{ID: strings.ToLower(row.ResourceID + "/" + row.AppRoleID), Name: row.ResourceDisplayName, Type: "application", Direct: true, Removable: true}
	if app := s.applications[strings.ToLower(row.ResourceID)]; app != nil {
		if role := app.roles[strings.ToLower(row.AppRoleID)]; role != "" {
			g.Name += ": " + role
		}
	}
	return g
}

// principalFields are what is asked for of service principals.
func principalFields() []string {
	return named(fID, fAppID, fDisplayName, fEnabled, fPrincipalType, fOwnerTenant, fBlocked)
}

// principal reads one service principal. foreign says that it is one of Microsoft's own.
func (d *decoder) principal(raw json.RawMessage) (a scanners.Account, foreign bool, err error) {
	var r record
	if err := r.take(raw, d.places); err != nil {
		return a, false, &api.Defect{Field: "record", Reason: err.Error()}
	}
	if a.ID = r.id(); a.ID == "" {
		return a, false, &api.Defect{Field: "id", Reason: fmt.Sprintf("%s is no GUID", r[fID])}
	}
	appID, err := r.text(fAppID)
	if err != nil {
		return a, false, &api.Defect{ID: a.ID, Field: names[fAppID], Reason: err.Error()}
	}
	appID = strings.ToLower(appID)
	a.Logins, a.DisplayName = []string{appID}, r.words(fDisplayName)
	a.Kind, a.KindWhy = scanners.KindService, "service principal of type "+r.words(fPrincipalType)
	a.Enabled = r.flag(fEnabled)
	a.DisabledAt, a.Created = scanners.Unknown[time.Time]("Entra ID does not record it"), scanners.Unknown[time.Time](notRead)
	a.Expires, a.PasswordChanged = scanners.Unknown[time.Time](notRead), scanners.Unknown[time.Time](notRead)
	a.FailedLogins, a.Locked = scanners.Unknown[int64](notRead), scanners.Unknown[bool](notRead)
	owners, err := r.related(fOwners)
	if err != nil { // without them it would look abandoned
		return a, false, &api.Defect{ID: a.ID, Field: names[fOwners], Reason: err.Error()}
	}
	if len(owners) > 0 {
		a.Owner = owners[0]
	}
	d.privileges(&a)
	a.Grants = append(a.Grants, d.assigned.grants(a.ID)...)
	d.permissions(&a)
	use := scanners.Signal{Name: "servicePrincipalSignInActivity", At: scanners.Unknown[time.Time](d.noUse), Precision: lag}
	if at, known := d.signIns[appID]; known && appID != "" {
		use.At = scanners.Known(at.UTC())
	}
	a.Signals = []scanners.Signal{use}
	a.Evidence = r.evidence(fPrincipalType, fOwnerTenant, fBlocked, fEnabled)
	return a, microsoft(strings.ToLower(r.words(fOwnerTenant))), nil
}

// permissions makes an application privileged that holds powerful permissions of Graph. Where assignments were not read, it is not
// known to hold none.
func (d *decoder) permissions(a *scanners.Account) {
	for _, g := range a.Grants {
		resource, _, _ := strings.Cut(g.ID, "/")
		app := d.applications[resource]
		if _, permission, named := strings.Cut(g.Name, ": "); named && app != nil && app.appID == graphAPI && powerful(permission) {
			a.Privileged, a.PrivilegedWhy = scanners.Known(true), "permission "+permission+" of Microsoft Graph"
			return
		}
	}
	if d.assignedUnread != "" && scanners.Is(a.Privileged, false) {
		a.Privileged = scanners.Unknown[bool]("its permissions were not read: " + d.assignedUnread)
	}
}
