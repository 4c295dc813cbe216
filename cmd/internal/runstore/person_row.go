package runstore

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// personRow is a [scanners.Person] as a row of people-SOURCE.parquet: one row per row of the source, in its order.
type personRow struct {
	System      string          `parquet:"system,dict"`
	ID          string          `parquet:"id"`
	OtherIDs    []string        `parquet:"other_ids,list"`
	DisplayName string          `parquet:"display_name"`
	GivenName   string          `parquet:"given_name"`
	FamilyName  string          `parquet:"family_name"`
	Mails       []string        `parquet:"mails,list"`
	Manager     string          `parquet:"manager"`
	Department  string          `parquet:"department,dict"`
	Location    string          `parquet:"location,dict"`
	Zone        string          `parquet:"zone,dict"`
	Employments []employmentRow `parquet:"employments,list"`
	Place       string          `parquet:"place"`
}

type employmentRow struct {
	ID               string `parquet:"id"`
	Start            int32  `parquet:"start,optional,date"`
	StartState       string `parquet:"start_state,dict"`
	End              int32  `parquet:"end,optional,date"`
	EndState         string `parquet:"end_state,dict"`
	LastDayInclusive bool   `parquet:"last_day_inclusive"`
	Type             string `parquet:"type,dict"`
	StatusRaw        string `parquet:"status_raw,dict"`
	Status           string `parquet:"status,dict"`
}

// days is a date as days since 1970, the form of a Parquet date.
func days(d scanners.Date) (int32, error) {
	n := int32(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	if dateOf(n) != d {
		return 0, fmt.Errorf("%d-%d-%d is not a calendar date", d.Year, d.Month, d.Day)
	}
	return n, nil
}

func dateOf(days int32) scanners.Date { return scanners.DateOf(time.Unix(int64(days)*86400, 0).UTC()) }

// putDate writes the date of a fact; err keeps the first date that is none.
func putDate(err *error, f scanners.Fact[scanners.Date]) (int32, string) {
	if !f.IsKnown() {
		return 0, stateOf(f)
	}
	n, bad := days(f.Value)
	if bad != nil && *err == nil {
		*err = bad
	}
	return n, stateOf(f)
}

// fill writes p into the row. The row shares no memory with p but the texts.
func (r *personRow) fill(p *scanners.Person) error {
	*r = personRow{
		System: p.System, ID: p.ID, OtherIDs: refill(r.OtherIDs, p.OtherIDs), DisplayName: p.DisplayName, GivenName: p.GivenName,
		FamilyName: p.FamilyName, Mails: refill(r.Mails, p.Mails), Manager: p.Manager, Department: p.Department, Location: p.Location,
		Zone: p.Zone, Place: p.Place, Employments: r.Employments[:0],
	}
	var err error
	for _, e := range p.Employments {
		row := employmentRow{ID: e.ID, LastDayInclusive: e.LastDayInclusive, Type: e.Type, StatusRaw: e.StatusRaw,
			Status: string(e.Status)}
		row.Start, row.StartState = putDate(&err, e.Start)
		row.End, row.EndState = putDate(&err, e.End)
		r.Employments = append(r.Employments, row)
	}
	if err != nil {
		return fmt.Errorf("person %q: %w", p.ID, err)
	}
	return nil
}

// person is the inverse of fill. Empty lists come back as nil.
func (r *personRow) person() (*scanners.Person, error) {
	var facts rests
	p := &scanners.Person{
		System: r.System, ID: r.ID, OtherIDs: some(r.OtherIDs), DisplayName: r.DisplayName, GivenName: r.GivenName,
		FamilyName: r.FamilyName, Mails: some(r.Mails), Manager: r.Manager, Department: r.Department, Location: r.Location,
		Zone: r.Zone, Place: r.Place,
	}
	p.Employments = each(r.Employments, func(e employmentRow) scanners.Employment {
		start, end := dateOf(e.Start), dateOf(e.End)
		return scanners.Employment{ID: e.ID, Start: get(&facts, &start, e.StartState), End: get(&facts, &end, e.EndState),
			LastDayInclusive: e.LastDayInclusive, Type: e.Type, StatusRaw: e.StatusRaw, Status: scanners.Status(e.Status)}
	})
	return p, facts.err
}
