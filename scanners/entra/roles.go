package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// admin holds directory roles.
type admin struct {
	grants []scanners.Grant
	// why names the first role that makes the account privileged; empty when all are harmless.
	why string
}

// harmless are the templates of roles that give no more than every member of a tenant may: Directory Readers, User, Guest User and
// Restricted Guest User.
func harmless(template string) bool {
	return slices.Contains([]string{"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "a0b1b346-4d3e-4e8b-98f8-753987be4970",
		"10dae51f-b6af-4016-8d66-8c2a99b929b3", "2af84b1e-32c8-42b7-82bc-daa82404023b"}, template)
}

// roleRow is an assignment of a directory role, or an eligibility for one.
type roleRow struct {
	ID, RoleDefinitionID, PrincipalID, DirectoryScopeID, Status string
	Principal                                                   struct {
		Type string `json:"@odata.type"`
	}
}

// roles reads assignments with what they refer to.
type roles struct {
	*source
	around *surroundings
	// defined are the names of roles and their templates by id, groups the members of groups that hold roles.
	defined map[string][2]string
	groups  map[string][]string
	faults  []string
}

// readRoles reads who holds a directory role or may take one (Privileged Identity Management). Where any of it is missing, an
// account without a role is not known to have none.
func (s *source) readRoles(ctx context.Context, around *surroundings) error {
	r := &roles{source: s, around: around, defined: map[string][2]string{}, groups: map[string][]string{}}
	if err := r.definitions(ctx); err != nil {
		return err
	}
	if err := r.rows(ctx, question{what: roleAssignments, expand: "principal($select=id)"}, ""); err != nil {
		return err
	}
	if err := r.rows(ctx, question{what: roleEligibilities, expand: "principal($select=id)"}, " (eligible)"); err != nil {
		return err
	}
	if len(r.faults) > 0 {
		around.adminsUnknown = strings.Join(r.faults, "; ")
		around.gap("directory roles", around.adminsUnknown, "accounts for which no role was seen are not known to be unprivileged",
			"grant the application RoleManagement.Read.Directory, and GroupMember.Read.All for groups that hold roles")
	}
	return nil
}

func (r *roles) definitions(ctx context.Context) error {
	err := r.graph.each(ctx, question{what: roleDefinitions, fields: []string{"id", "displayName", "templateId"}}, func(raw json.RawMessage) error {
		var role struct{ ID, DisplayName, TemplateID string }
		if err := json.Unmarshal(raw, &role); err != nil {
			return err
		}
		r.defined[strings.ToLower(role.ID)] = [2]string{role.DisplayName, strings.ToLower(role.TemplateID)}
		return nil
	})
	if err != nil {
		r.faults = append(r.faults, firstLine(err))
	}
	return fatal(ctx, err)
}

// rows reads one of the two collections. A tenant without the licence for it has no eligible roles.
func (r *roles) rows(ctx context.Context, q question, suffix string) error {
	var found []roleRow
	err := r.graph.each(ctx, q, func(raw json.RawMessage) error {
		var row roleRow
		if err := json.Unmarshal(raw, &row); err != nil {
			return err
		}
		found = append(found, row)
		return nil
	})
	if stop := fatal(ctx, err); stop != nil {
		return stop
	}
	if err != nil && !(q.what == roleEligibilities && premium(err)) {
		r.faults = append(r.faults, firstLine(err))
	}
	for _, row := range found {
		if err := r.hand(ctx, row, suffix); err != nil {
			return err
		}
	}
	return nil
}

// hand gives the role of a row to its principal, or to the members of the group that it is.
func (r *roles) hand(ctx context.Context, row roleRow, suffix string) error {
	if row.Status != "" && row.Status != "Provisioned" { // revoked, or not yet granted
		return nil
	}
	id := strings.ToLower(row.PrincipalID)
	definition, known := r.defined[strings.ToLower(row.RoleDefinitionID)]
	if !known {
		definition = [2]string{"role " + row.RoleDefinitionID, ""}
	}
	grant := scanners.Grant{ID: row.ID, Name: definition[0] + suffix, Type: "role", Direct: true, Removable: true}
	if row.DirectoryScopeID != "/" && row.DirectoryScopeID != "" {
		grant.Name += " on " + row.DirectoryScopeID
	}
	if row.Principal.Type != "#microsoft.graph.group" {
		r.give(id, grant, harmless(definition[1]), "")
		if row.Principal.Type == "" {
			r.fault("whether %s is a group that holds a role is not shown", id)
		}
		return nil
	}
	members, err := r.members(ctx, id)
	if err != nil {
		return err
	}
	grant.Direct, grant.Removable = false, false
	for _, member := range members {
		r.give(member, grant, harmless(definition[1]), " through a group")
	}
	return nil
}

func (r *roles) fault(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.faults, text) {
		r.faults = append(r.faults, text)
	}
}

func (r *roles) give(id string, g scanners.Grant, harmless bool, how string) {
	a := r.around.admins[id]
	if a == nil {
		a = &admin{}
		r.around.admins[id] = a
	}
	a.grants = append(a.grants, g)
	if a.why == "" && !harmless {
		a.why = "directory role " + g.Name + how
	}
}

// members are the ids of all who are in a group, directly or through others.
func (r *roles) members(ctx context.Context, group string) ([]string, error) {
	if members, known := r.groups[group]; known {
		return members, nil
	}
	var members []string
	err := r.graph.each(ctx, question{what: groupMembers, id: group, fields: []string{"id"}, top: 999}, func(raw json.RawMessage) error {
		var member struct{ ID string }
		if err := json.Unmarshal(raw, &member); err != nil {
			return err
		}
		members = append(members, strings.ToLower(member.ID))
		return nil
	})
	if err != nil {
		r.fault("members of the group %s, which holds a role: %s", group, firstLine(err))
	}
	r.groups[group] = members
	return members, fatal(ctx, err)
}

// privileges says whether an account is privileged by directory roles.
func (s *surroundings) privileges(a *scanners.Account) {
	held := s.admins[a.ID]
	if held != nil {
		a.Grants = append(a.Grants, held.grants...)
	}
	switch {
	case held != nil && held.why != "":
		a.Privileged, a.PrivilegedWhy = scanners.Known(true), held.why
	case s.adminsUnknown != "":
		a.Privileged = scanners.Unknown[bool]("directory roles were not all read: " + s.adminsUnknown)
	default:
		a.Privileged = scanners.Known(false)
	}
}
