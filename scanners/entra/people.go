package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// people reads the people of a tenant whose users HR provisioning keeps: members with an employee id.
type people struct {
	config PeopleConfig
	env    scanners.Env
	graph  *client
}

var _ scanners.Source[scanners.Person] = (*people)(nil)

// Scan reads the users and emits those that are people. Guests and users without an employee id are left out and counted.
func (p *people) Scan(ctx context.Context, emit func(scanners.Person) error) (scanners.Coverage, error) {
	r := &peopleReader{people: p, places: places()}
	if err := r.probe(ctx); err != nil {
		return scanners.Coverage{Query: p.query(), Why: "nothing was read: " + firstLine(err)}, err
	}
	walk := &api.Walk[scanners.Person]{Env: p.env, Query: p.query(), Fetch: r.page, Decode: r.person, Key: func(p scanners.Person) string { return p.Place },
		Skew: p.graph.watch.Skew}
	c, err := walk.Scan(ctx, emit)
	if r.unnumbered > 0 {
		c.Gaps = append(c.Gaps, scanners.Gap{What: "users without employeeId", Count: scanners.Known(r.unnumbered), Cause: "nothing says that they are people",
			Effect: "they are no people of this source"})
	}
	if r.noEnds != "" {
		c.Gaps = append(c.Gaps, scanners.Gap{What: "ends of employment", Cause: r.noEnds, Effect: "nobody's end is known",
			Hint: "employeeLeaveDateTime needs User-LifeCycleInfo.Read.All"})
	}
	return c, err
}

func (p *people) query() string {
	return "GET " + p.graph.settings.graph + "/v1.0/users, members with employeeId"
}

// peopleReader is one scan.
type peopleReader struct {
	*people
	places map[string]field
	// ends is whether employeeLeaveDateTime can be asked for; noEnds says why an empty one states nothing.
	ends       bool
	noEnds     string
	unnumbered int64
}

// probe finds out whether ends can be read, and whether the answer is then more than silence.
func (r *peopleReader) probe(ctx context.Context) error {
	e, err := r.graph.ask(ctx, question{what: users, fields: named(fID, fLeft), top: 1, filter: names[fLeft] + " ge 1900-01-01T00:00:00Z"})
	if stop := fatal(ctx, err); stop != nil {
		return stop
	}
	if err != nil {
		r.noEnds = "employeeLeaveDateTime cannot be read: " + firstLine(err)
		return nil
	}
	r.ends = true
	if len(e.records) == 0 {
		r.noEnds = "no user has an employeeLeaveDateTime, so an empty one does not say that the employment goes on"
	}
	return nil
}

func (r *peopleReader) page(ctx context.Context, place string) (api.Page, error) {
	fields := []field{fID, fLogin, fDisplayName, fMail, fProxyAddresses, fOtherMails, fEmployeeID, fUserType, fEmployeeType, fHired, fGivenName, fSurname,
		fDepartment, fOffice}
	if r.ends {
		fields = append(fields, fLeft)
	}
	var claim api.Page
	if place == "" {
		claim = r.graph.claim(ctx, users)
	}
	page, err := r.graph.page(ctx, question{what: users, fields: named(fields...), expand: "manager($select=id,employeeId)",
		top: pageSize(r.config.PageSize, false), next: place})
	page.Claimed, page.ClaimedBy = claim.Claimed, claim.ClaimedBy
	return page, err
}

// person reads one user; one without id in the result is no person.
func (r *peopleReader) person(raw json.RawMessage) (scanners.Person, error) {
	var rec record
	if err := rec.take(raw, r.places); err != nil {
		return scanners.Person{}, &api.Defect{Field: "record", Reason: err.Error()}
	}
	var a scanners.Account
	a.ID = rec.id()
	if a.ID == "" {
		return scanners.Person{}, &api.Defect{Field: names[fID], Reason: fmt.Sprintf("%s is no GUID", rec[fID])}
	}
	if defect := keys(&rec, &a); defect != nil {
		defect.ID = rec.words(fEmployeeID)
		defect.Keys = a.Mails
		return scanners.Person{}, defect
	}
	if rec.words(fUserType) == "Guest" {
		return scanners.Person{}, nil
	}
	if len(a.EmployeeIDs) == 0 {
		r.unnumbered++
		return scanners.Person{}, nil
	}
	p := scanners.Person{ID: a.EmployeeIDs[0], DisplayName: rec.words(fDisplayName), GivenName: rec.words(fGivenName), FamilyName: rec.words(fSurname),
		Mails: a.Mails, Department: rec.words(fDepartment), Location: rec.words(fOffice), Place: "user " + a.ID, Manager: managerOf(rec[fManager])}
	e := scanners.Employment{LastDayInclusive: r.config.LastDay == "inclusive", Type: rec.words(fEmployeeType), StatusRaw: "", Status: scanners.StatusUnstated}
	var err error
	if e.Start, err = r.day(&rec, fHired, scanners.Unknown[scanners.Date]("employeeHireDate is empty")); err == nil {
		e.End, err = r.day(&rec, fLeft, r.open())
	}
	if err != nil {
		return scanners.Person{}, &api.Defect{ID: p.ID, Keys: p.Mails, Field: "employeeHireDate or employeeLeaveDateTime", Reason: err.Error()}
	}
	p.Employments = []scanners.Employment{e}
	return p, nil
}

// open is what an empty end states.
func (r *peopleReader) open() scanners.Fact[scanners.Date] {
	if r.noEnds != "" {
		return scanners.Unknown[scanners.Date](r.noEnds)
	}
	return scanners.Never[scanners.Date]()
}

// day is the date of an instant. Entra ID keeps dates as midnight UTC, whatever the place.
func (r *peopleReader) day(rec *record, f field, missing scanners.Fact[scanners.Date]) (scanners.Fact[scanners.Date], error) {
	if rec[f] == nil {
		return missing, nil
	}
	at := rec.time(f, "")
	if t, ok := at.Get(); ok {
		return scanners.Known(scanners.DateOf(t.In(time.UTC))), nil
	}
	if at.IsNever() {
		return missing, nil
	}
	return scanners.Fact[scanners.Date]{}, fmt.Errorf("%s", at.Reason)
}

// managerOf is the employee id of the manager, where there is one.
func managerOf(raw json.RawMessage) string {
	var manager struct{ EmployeeID string }
	if raw == nil || json.Unmarshal(raw, &manager) != nil {
		return ""
	}
	return manager.EmployeeID
}
