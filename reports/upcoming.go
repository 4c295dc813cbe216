package reports

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// Upcoming is an employed person whose stated end lies in the next 30 days, with the accounts that will have to go.
type Upcoming struct {
	// System and ID name the person; End is the date that HR states, in HR's own meaning.
	System     string
	ID         string
	Name       string
	Department string
	Manager    string
	End        scanners.Date
	// Enabled counts the enabled personal accounts of the person, those of unknown state included; Privileged those of them
	// that are privileged. AnswersFor counts enabled accounts of other sorts (service, shared, guest …) that the person owns
	// or sponsors.
	Enabled, Privileged, AnswersFor int64
	// Systems counts all of those accounts by system.
	Systems map[string]int64
}

// Compare orders upcoming ends as reports list them: the nearest first.
func (u Upcoming) Compare(v Upcoming) int {
	return cmp.Or(strings.Compare(u.End.String(), v.End.String()), strings.Compare(u.Name, v.Name), strings.Compare(u.System, v.System),
		strings.Compare(u.ID, v.ID))
}

// upcomingLine is a line of the sheet Upcoming ends.
type upcomingLine struct {
	Upcoming
	number int
}

// upcomingTable is one row per employed person whose stated end is near.
func (b *book) upcomingTable() table[upcomingLine] {
	return table[upcomingLine]{
		name: "Upcoming ends", title: "Upcoming ends – people who leave within the next 30 days, and what they hold",
		note: "No finding: everybody here is employed. Enabled accounts count those of unknown state as well; systems count both sorts of accounts." + b.onlyRead(),
		none: b.noneFound("Nobody who is employed has a stated end in the next 30 days."), frozen: 3,
		columns: []column[upcomingLine]{
			{head: "Row", width: 8.5, group: "Person (HR)", value: func(u upcomingLine) cell { return text(fmt.Sprintf("U-%05d", u.number)) }},
			{head: "End date", width: 11, value: func(u upcomingLine) cell { return day(u.End) }},
			{head: "Person", width: 26, value: func(u upcomingLine) cell { return text(u.Name).as(bodyBold) }},
			{head: "Person ID", width: 12, value: func(u upcomingLine) cell { return text(u.ID) }},
			{head: "People source", width: 16, value: func(u upcomingLine) cell { return text(u.System) }},
			{head: "Department", width: 24, value: func(u upcomingLine) cell { return textOr(u.Department, dash) }},
			{head: "Manager", width: 24, value: func(u upcomingLine) cell { return textOr(u.Manager, dash) }},
			{head: "Enabled accounts", width: 11, style: headNumber, group: "What they hold", value: func(u upcomingLine) cell { return number(u.Enabled) }},
			{head: "Privileged", width: 11, style: headNumber, value: func(u upcomingLine) cell { return number(u.Privileged) }},
			{head: "Answers for", width: 11, style: headNumber, value: func(u upcomingLine) cell { return number(u.AnswersFor) }},
			{head: "Systems", width: 48, value: func(u upcomingLine) cell { return textOr(systemsWords(u.Systems), dash) }},
		},
	}
}

// systemsWords lists systems, with the number of accounts where it is more than one.
func systemsWords(systems map[string]int64) string {
	var words []string
	for _, name := range sortedKeys(systems) {
		if n := systems[name]; n > 1 {
			name += " (" + count(n) + ")"
		}
		words = append(words, name)
	}
	return strings.Join(words, ", ")
}

func (b *book) upcomingLines() []upcomingLine {
	if b.Refused != "" {
		return nil
	}
	lines := make([]upcomingLine, len(b.Upcoming))
	for i, u := range b.Upcoming {
		lines[i] = upcomingLine{u, i + 1}
	}
	return lines
}

// onlyRead reminds of what was not read, in the note of a sheet that counts accounts.
func (b *book) onlyRead() string {
	if partial := b.partialClause(); partial != "" {
		return " Only what was read is counted: " + partial + "."
	}
	return ""
}
