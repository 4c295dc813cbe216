package reports

import (
	"fmt"
	"strings"
	"time"
)

// Planned compares what the schedules planned with the runs that took place.
type Planned struct {
	// Schedules describes each configured schedule, such as "nightly: 30 2 * * * in UTC".
	Schedules []string
	// Schedule and At say which planned time this run was started for; empty and zero when somebody else started it.
	Schedule string
	At       time.Time
	// Missed counts the planned times since the last accepted run, or since the schedule is in force, that no accepted run
	// answered before the next one. Listed are the latest of them, in their order.
	Missed int
	Listed []MissedRun
	// MadeUp are planned times that this run answers late.
	MadeUp []MissedRun
}

// MissedRun is one planned time without a result in time.
type MissedRun struct {
	Schedule string
	At       time.Time
	// Why says what happened instead.
	Why string
	// Late is by how much this run comes after it, if it makes up for it.
	Late time.Duration
}

// sentenceRuns is how many missed runs the result names one by one.
const sentenceRuns = 3

// missed is how many planned runs brought no result.
func (r Report) missed() int {
	if r.Planned == nil {
		return 0
	}
	return r.Planned.Missed
}

// missedSentence says which planned runs brought no result, and which one this run makes up for; empty for none.
func (r Report) missedSentence() string {
	if r.Planned == nil {
		return ""
	}
	var text string
	if n := r.Planned.Missed; n > 0 {
		listed := r.Planned.Listed
		listed = listed[max(0, len(listed)-sentenceRuns):]
		text = fmt.Sprintf("%s since the last accepted one brought no result: %s. ", capital(several(int64(n), "planned run")), missedList(listed, n))
	}
	for _, m := range r.Planned.MadeUp {
		text += fmt.Sprintf("This run makes up for %s, %s late. ", m, inWords(m.Late))
	}
	return text
}

// missedList names missed runs, and how many more there are.
func missedList(listed []MissedRun, total int) string {
	var parts []string
	if more := total - len(listed); more > 0 {
		parts = append(parts, fmt.Sprintf("%d earlier", more))
	}
	for _, m := range listed {
		parts = append(parts, m.String())
	}
	return strings.Join(parts, "; ")
}

// String gives "nightly of 2026-11-21 02:30 UTC (no run was started)".
func (m MissedRun) String() string {
	return fmt.Sprintf("%s of %s (%s)", m.Schedule, stamp(m.At), strings.TrimRight(oneLine(m.Why), "."))
}

// inWords is a duration in words, in the largest unit that fits.
func inWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return several(int64(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return several(int64(d/time.Hour), "hour")
	default:
		return several(int64(d/time.Minute), "minute")
	}
}

// plannedWords are the two cells of the Control sheet: what was planned, and what became of it.
func (p *Planned) plannedWords() (schedules, runs string) {
	if len(p.Schedules) == 0 {
		return "none is configured, so that a night without a run is not noticed", dash
	}
	schedules = strings.Join(p.Schedules, "; ")
	runs = "this run was not started by a schedule"
	if p.Schedule != "" {
		runs = fmt.Sprintf("this run is %s of %s", p.Schedule, stamp(p.At))
	}
	if p.Missed == 0 {
		runs += "; no planned run was missed since the last accepted one"
	} else {
		runs += fmt.Sprintf("; %d brought no result: %s", p.Missed, missedList(p.Listed, p.Missed))
	}
	for _, m := range p.MadeUp {
		runs += fmt.Sprintf("; makes up for %s, %s late", m, inWords(m.Late))
	}
	return schedules, runs
}
