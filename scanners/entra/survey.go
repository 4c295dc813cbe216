package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// surroundings are what has to be known of the tenant before its accounts are read.
type surroundings struct {
	skus map[string]string
	// admins are the holders of directory roles by the id of the account; adminsUnknown says why others may hold some as well.
	admins        map[string]*admin
	adminsUnknown string
	// applications are the service principals by id, as far as assignments to them name them.
	applications   map[string]*application
	assigned       assignments
	assignedUnread string
	sponsors       sponsorships
	// signIns are the last uses of applications by their application id.
	signIns  map[string]time.Time
	noUse    string
	activity activity
	// leaving is whether employeeLeaveDateTime can be asked for, which needs a right of its own.
	leaving bool
	// sponsorsUnread says why guests may look as if nobody answered for them.
	sponsorsUnread string
	gaps           []scanners.Gap
}

// activity says what a missing record of sign-ins means.
type activity struct {
	// asked is whether signInActivity can be asked for; proved whether some user is seen to have a value. why says what is
	// missing.
	asked, proved bool
	why           string
}

// gap notes something that could not be read.
func (s *surroundings) gap(what, cause, effect, hint string) {
	s.gaps = append(s.gaps, scanners.Gap{What: what, Cause: cause, Effect: effect, Hint: hint})
}

// survey reads what is around the accounts. What cannot be read becomes a gap and makes facts unknown; only the end of ctx and
// a failure to sign in are errors.
func (s *source) survey(ctx context.Context, lookup bool) (*surroundings, error) {
	around := &surroundings{skus: map[string]string{}, admins: map[string]*admin{}, applications: map[string]*application{},
		signIns: map[string]time.Time{}}
	steps := []func(context.Context, *surroundings) error{s.probeActivity, s.probeLeaving, s.readProducts, s.readRoles}
	if !lookup {
		steps = append(steps, s.readSponsors, s.readAssignments)
	}
	if s.config.ServicePrincipals != "none" {
		steps = append(steps, s.readSignIns)
	}
	for _, step := range steps {
		if err := step(ctx, around); err != nil {
			return nil, err
		}
	}
	s.judgeRights(around)
	return around, nil
}

// fatal gives back the errors that end a scan whatever they were about.
func fatal(ctx context.Context, err error) error {
	token := new(tokenError)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &token):
		return err
	default:
		return nil
	}
}

// each reads every record of a collection.
func (g *client) each(ctx context.Context, q question, do func(json.RawMessage) error) error {
	seen := map[string]bool{}
	for {
		e, err := g.ask(ctx, q)
		if err != nil {
			return err
		}
		for _, raw := range e.records {
			if err := do(raw); err != nil {
				return fmt.Errorf("%v: %w", q.what, err)
			}
		}
		if e.next == "" {
			return nil
		}
		if seen[e.next] {
			return fmt.Errorf("%v: a page leads back to one that was read before", q.what)
		}
		seen[e.next], q.next = true, e.next
	}
}

// probeActivity finds out whether sign-ins can be asked for, and whether the answer is then more than silence: some user has to
// show a successful one.
func (s *source) probeActivity(ctx context.Context, around *surroundings) error {
	e, err := s.graph.ask(ctx, question{what: users, fields: named(fID, fActivity), top: 1,
		filter: names[fActivity] + "/" + names[fLastSuccess] + " ge " + recorded().Format(time.RFC3339)})
	if stop := fatal(ctx, err); stop != nil {
		return stop
	}
	a := &around.activity
	const effect = "no account of this source is called dormant or never used"
	status, _ := refused(err)
	switch {
	case err == nil:
		a.asked, a.proved = true, proves(e)
		if a.why = "no user of the tenant shows a successful sign-in, so silence proves nothing"; !a.proved {
			around.gap("last activity", a.why, effect+" but where a sign-in is on record", "look whether the reader holds AuditLog.Read.All")
		}
	case premium(err):
		a.why = "the tenant has no licence that includes sign-in data (Entra ID P1)"
		around.gap("last activity", a.why, effect, "")
	case status == 403:
		a.why = "the reader may not see sign-ins"
		around.gap("last activity", a.why, effect, "grant the application AuditLog.Read.All")
	case status == 400: // the filter is not known there; values may be
		a.asked, a.why = true, "the tenant cannot be asked for users that have signed in, so silence proves nothing"
		around.gap("last activity", a.why, effect+" but where a sign-in is on record", "")
	default:
		a.why = "sign-ins could not be asked for: " + firstLine(err)
		around.gap("last activity", a.why, effect, "")
	}
	return nil
}

// proves reports whether an answer shows a user with a successful sign-in.
func proves(e envelope) bool {
	if len(e.records) == 0 {
		return false
	}
	var r, use record
	at := places()
	return r.take(e.records[0], at) == nil && r[fActivity] != nil && use.take(r[fActivity], at) == nil && use.time(fLastSuccess, "").IsKnown()
}

// probeLeaving finds out whether the dates on which people leave can be asked for. They are evidence; without the right to them a
// whole page would be refused.
func (s *source) probeLeaving(ctx context.Context, around *surroundings) error {
	_, err := s.graph.ask(ctx, question{what: users, fields: named(fID, fLeft), top: 1})
	around.leaving = err == nil
	return fatal(ctx, err)
}

// readProducts reads the names of licences.
func (s *source) readProducts(ctx context.Context, around *surroundings) error {
	err := s.graph.each(ctx, question{what: subscribedSkus, fields: []string{"skuId", "skuPartNumber"}}, func(raw json.RawMessage) error {
		var sku struct{ SkuID, SkuPartNumber string }
		if err := json.Unmarshal(raw, &sku); err != nil {
			return err
		}
		around.skus[strings.ToLower(sku.SkuID)] = sku.SkuPartNumber
		return nil
	})
	if err != nil {
		around.gap("names of licences", firstLine(err), "licences are named by their ids", "grant the application LicenseAssignment.Read.All")
	}
	return fatal(ctx, err)
}

// readSponsors reads who answers for guests. Graph expands one relation at a time, so it is a question of its own.
func (s *source) readSponsors(ctx context.Context, around *surroundings) error {
	q := question{what: users, fields: named(fID), filter: "userType eq 'Guest'", expand: "sponsors($select=id)", top: 999}
	at := places()
	err := s.graph.each(ctx, q, func(raw json.RawMessage) error {
		var r record
		if err := r.take(raw, at); err != nil {
			return err
		}
		sponsors, err := r.related(fSponsors)
		if err == nil && len(sponsors) > 0 {
			around.sponsors.give(r.id(), sponsors[0])
		}
		return err
	})
	around.sponsors.sort()
	if err != nil {
		around.sponsorsUnread = firstLine(err)
		around.gap("sponsors of guests", around.sponsorsUnread, "guests look as if nobody answered for them", "")
	}
	return fatal(ctx, err)
}

// readSignIns reads when applications were last used. The report exists in Graph's beta version alone; without it the activity
// of service principals is unknown and nothing else changes.
func (s *source) readSignIns(ctx context.Context, around *surroundings) error {
	err := s.graph.each(ctx, question{what: servicePrincipalSignIns}, func(raw json.RawMessage) error {
		var row struct {
			AppID string
			Last  struct{ LastSignInDateTime *time.Time } `json:"lastSignInActivity"`
		}
		if err := json.Unmarshal(raw, &row); err != nil {
			return err
		}
		if row.Last.LastSignInDateTime != nil {
			around.signIns[strings.ToLower(row.AppID)] = *row.Last.LastSignInDateTime
		}
		return nil
	})
	if around.noUse = "the report of sign-ins does not mention the application, and does not say how far back it goes"; err != nil {
		around.noUse = "the report of sign-ins of applications could not be read"
		around.gap("last activity of service principals", firstLine(err), "it is unknown", "the report needs AuditLog.Read.All and Entra ID P1")
	}
	return fatal(ctx, err)
}

// judgeRights warns of rights that a reader has no use for.
func (s *source) judgeRights(around *surroundings) {
	var wide []string
	for _, right := range s.graph.rights() {
		if strings.Contains(right, "Write") || strings.Contains(right, "FullControl") || strings.HasSuffix(right, ".EnableDisableAccount.All") {
			wide = append(wide, right)
		}
	}
	if len(wide) > 0 {
		around.gap("rights of the reader", "they include "+strings.Join(wide, ", "), "whoever gets hold of its credentials can change the tenant",
			"let leaver read with an application of its own that holds nothing but the rights in the docs of this connector")
	}
}

// firstLine is an error without its hints.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\nhint:")
	return strings.ReplaceAll(line, "\n", "; ")
}
