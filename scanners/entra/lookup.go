package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// fresh is for how long look-ups rely on the roles and products that they read before.
const fresh = 5 * time.Minute

// Lookup asks for one user, soft-deleted user or service principal. It is never only when Graph itself says of all three that there
// is no such object.
func (s *source) Lookup(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	if !guid.MatchString(id) { // Graph would take it for a name, which may be another's by now
		return s.unanswered(fmt.Errorf("%q is no id of Entra ID", id))
	}
	d, err := s.lookupDecoder(ctx)
	if err != nil {
		return s.unanswered(err)
	}
	tries := []func(context.Context, *decoder, string) (scanners.Account, error){s.lookUser, s.lookDeleted}
	if s.config.ServicePrincipals != "none" {
		tries = append(tries, s.lookPrincipal)
	}
	for _, try := range tries {
		a, err := try(ctx, d, id)
		switch {
		case absent(err):
			continue
		case err != nil:
			return s.unanswered(err)
		case !strings.EqualFold(a.ID, id):
			return s.unanswered(fmt.Errorf("asked for %s, Graph gave %s", id, a.ID))
		}
		return a, scanners.Known(true), nil
	}
	return scanners.Account{}, scanners.Never[bool](), nil
}

func (*source) unanswered(err error) (scanners.Account, scanners.Fact[bool], error) {
	return scanners.Account{}, scanners.Unknown[bool](firstLine(err)), err
}

// lookupDecoder knows the roles and products of the tenant. What belongs to one account is read with it.
func (s *source) lookupDecoder(ctx context.Context) (*decoder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.around == nil || s.env.Now().Sub(s.aroundAt) > fresh {
		around, err := s.survey(ctx, true)
		if err != nil {
			return nil, err
		}
		s.around, s.aroundAt = around, s.env.Now()
	}
	own := *s.around // what is added for one account is not for the next
	own.assigned, own.sponsors = assignments{}, sponsorships{}
	return &decoder{&own, places()}, nil
}

// one reads one object and decodes it. A record that cannot be used is an error that says why.
func (s *source) one(ctx context.Context, q question, decode func(json.RawMessage) (scanners.Account, error)) (scanners.Account, error) {
	e, err := s.graph.ask(ctx, q)
	if err != nil {
		return scanners.Account{}, err
	}
	return decode(e.records[0])
}

func (s *source) lookUser(ctx context.Context, d *decoder, id string) (scanners.Account, error) {
	q := question{what: oneUser, id: id, fields: userFields(d.activity.asked, d.leaving), expand: "manager($select=id)"}
	a, err := s.one(ctx, q, d.user)
	if err != nil {
		return a, err
	}
	if a.Kind == scanners.KindGuest {
		q.fields, q.expand = named(fID), "sponsors($select=id)"
		e, err := s.graph.ask(ctx, q)
		if err != nil {
			return a, err
		}
		if a.Sponsor, err = sponsor(e.records[0]); err != nil {
			return a, err
		}
	}
	return s.withAssignments(ctx, d, a, userAssignments)
}

func sponsor(user json.RawMessage) (string, error) {
	var r record
	if err := r.take(user, places()); err != nil {
		return "", err
	}
	ids, err := r.related(fSponsors)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

func (s *source) lookDeleted(ctx context.Context, d *decoder, id string) (scanners.Account, error) {
	return s.one(ctx, question{what: oneDeletedUser, id: id, fields: append(userFields(false, false), names[fDeleted])}, d.deleted)
}

func (s *source) lookPrincipal(ctx context.Context, d *decoder, id string) (scanners.Account, error) {
	q := question{what: oneServicePrincipal, id: id, fields: principalFields(), expand: "owners($select=id)"}
	a, err := s.one(ctx, q, func(raw json.RawMessage) (scanners.Account, error) {
		a, _, err := d.principal(raw)
		return a, err
	})
	if err != nil {
		return a, err
	}
	if a, err = s.withAssignments(ctx, d, a, servicePrincipalAssignments); err == nil {
		d.permissions(&a)
	}
	return a, err
}

// withAssignments adds the applications that the account may use, with the names of their roles.
func (s *source) withAssignments(ctx context.Context, d *decoder, a scanners.Account, w what) (scanners.Account, error) {
	if s.config.Applications == "none" {
		d.assignedUnread = "applications: none"
		return a, nil
	}
	rows, err := s.assignments(ctx, question{what: w, id: a.ID})
	if err != nil {
		if status, _ := refused(err); status == 403 { // as in a scan: the account is known without them
			d.assignedUnread = firstLine(err)
			return a, nil
		}
		return a, err
	}
	applications := map[string]*application{}
	for _, row := range rows {
		resource := strings.ToLower(row.ResourceID)
		if applications[resource] == nil {
			e, err := s.graph.ask(ctx, question{what: oneServicePrincipal, id: resource, fields: named(fID, fAppID, fDisplayName, fAppRoles)})
			if err != nil {
				return a, err
			}
			if _, applications[resource], err = newApplication(e.records[0]); err != nil {
				return a, err
			}
		}
	}
	d.applications = applications
	licences := len(a.Grants)
	for i, g := range a.Grants {
		if g.Type == "licence" {
			licences = i
			break
		}
	}
	grants := append([]scanners.Grant(nil), a.Grants[:licences]...)
	for _, row := range rows {
		grants = append(grants, d.grant(row))
	}
	a.Grants = append(grants, a.Grants[licences:]...)
	return a, nil
}
