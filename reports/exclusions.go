package reports

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// exclusionTable is one row per exclusion, used or not.
func (b *book) exclusionTable() table[ExclusionUse] {
	return table[ExclusionUse]{
		name: "Exclusions", title: "Exclusions – what was taken out of decisions, by whom and until when",
		note: "An exclusion never hides a row: what it covers stands on its sheet with the result Excluded.",
		none: b.noneConfigured(), frozen: 2,
		columns: []column[ExclusionUse]{
			{head: "Id", width: 14, group: "Exclusion", value: func(u ExclusionUse) cell { return text(u.ID).as(bodyBold) }},
			{head: "Scope", width: 44, value: func(u ExclusionUse) cell { return text(scope(u)) }},
			{head: "Findings it excludes", width: 10.5, style: headNumber, value: func(u ExclusionUse) cell { return number(u.Hides) }},
			{head: "Rows in this file", width: 10.5, style: headNumber, value: func(u ExclusionUse) cell { return number(b.tally.excludedBy[u.ID]) }},
			{head: "Owner", width: 32, group: "Who", value: func(u ExclusionUse) cell { return textOr(u.Owner, dash) }},
			{head: "Approver", width: 18, value: approverCell},
			{head: "Reason", width: 46, value: func(u ExclusionUse) cell { return textOr(u.Reason, dash) }},
			{head: "Created", width: 11, group: "When", value: func(u ExclusionUse) cell { return b.localDay(u.Created) }},
			{head: "Expires", width: 11, value: func(u ExclusionUse) cell { return b.localDay(lastInstant(u.Expires)) }},
			{head: "Days left", width: 9, style: headNumber, value: b.daysLeftCell},
			{head: "Expired?", width: 10, style: headCentre, value: expiredCell},
			{head: "Where", width: 26, group: "Source", value: func(u ExclusionUse) cell { return textOr(u.Place, dash) }},
		},
	}
}

// exclusionUses lists the exclusions of the run, and those of single rules that the run does not list itself.
func (b *book) exclusionUses() []ExclusionUse {
	all := slices.Clone(b.Exclusions)
	listed := map[string]bool{}
	for _, u := range all {
		listed[u.ID] = true
	}
	for _, rule := range b.Rules {
		for _, e := range rule.Exclude {
			if !listed[e.ID] {
				all = append(all, ExclusionUse{Exclusion: e, Hides: b.tally.excludedBy[e.ID], Expired: !e.Expires.After(b.AsOf)})
				listed[e.ID] = true
			}
		}
	}
	return all
}

func (b *book) noneConfigured() string {
	if b.Refused != "" {
		return b.noneFound("")
	}
	return "No exclusion is configured, so no finding was excluded by one."
}

// localDay shows the day that t has in the zone of the run, as the configuration states it.
func (b *book) localDay(t time.Time) cell {
	zone, err := time.LoadLocation(b.Zone)
	if err != nil || t.IsZero() {
		return utcDay(t)
	}
	return day(scanners.DateOf(t.In(zone)))
}

// lastInstant turns the end of an exclusion into its last day: the end is the first instant after it.
func lastInstant(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Second)
}

// scope says in words what an exclusion matches.
func scope(u ExclusionUse) string {
	var parts []string
	expression := ""
	if u.Regexp != nil {
		expression = u.Regexp.String()
	}
	for _, p := range []struct{ name, value string }{{"all of", strings.Join(u.Applications, ", ")},
		{"system", u.Source}, {"account", u.Account}, {"person", u.Person}, {"group", u.Group}, {"login like", u.Pattern}, {"login matching", expression}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	return strings.Join(parts, ", ")
}

func approverCell(u ExclusionUse) cell {
	if u.Approver == "" {
		return text("none on record").as(stateLate)
	}
	return text(u.Approver)
}

func (b *book) daysLeftCell(u ExclusionUse) cell {
	if u.Expires.IsZero() {
		return text(dash).as(quietNumber)
	}
	left := int64(math.Floor(u.Expires.Sub(b.AsOf).Hours() / (24 * time.Hour).Hours()))
	if left < 0 {
		return number(left).as(numberBad)
	}
	return number(left)
}

func expiredCell(u ExclusionUse) cell {
	switch {
	case u.Expired:
		return text("Expired").as(stateBad)
	case u.TooBroad != "":
		return text("Too broad").as(stateBad)
	}
	return text("No").as(centred)
}
