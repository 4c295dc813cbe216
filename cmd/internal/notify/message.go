package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The types of messages.
const (
	// RunEnded is sent after each run.
	RunEnded = "run.ended"
	// DecisionsUpcoming is sent when decisions become due soon.
	DecisionsUpcoming = "decisions.upcoming"
)

// Message is what is sent, and the body of a webhook. Times are UTC.
type Message struct {
	// ID is the same for every attempt to send the message, and for no other message.
	ID           string    `json:"id"`
	Type         string    `json:"type"`
	Time         time.Time `json:"time"`
	Organisation string    `json:"organisation"`
	Host         string    `json:"host"`
	// Run is the id of the run; empty when it failed before it had one. Schedule names what planned it; empty for nothing.
	Run      string    `json:"run"`
	Schedule string    `json:"schedule,omitempty"`
	AsOf     time.Time `json:"as_of"`
	// Status is "accepted", "kept", "refused" or "failed", Exit the exit code.
	Status string `json:"status"`
	Exit   int    `json:"exit_code"`
	// Trouble is whether somebody should look: any exit code but success and findings asked for, or a missed night.
	Trouble bool `json:"trouble"`
	// Missed counts the planned runs without a result since the last accepted one.
	Missed    int              `json:"missed"`
	Sources   []Source         `json:"sources,omitempty"`
	Findings  map[string]int64 `json:"findings,omitempty"`
	Decisions map[string]int64 `json:"decisions,omitempty"`
	// Upcoming counts decisions whose grace ends within Within ("3d"), by source; for DecisionsUpcoming.
	Upcoming map[string]int64 `json:"upcoming,omitempty"`
	Within   string           `json:"within,omitempty"`
	// Link points to where the report is; empty when none is configured.
	Link string `json:"link,omitempty"`
}

// Source is how one system was read.
type Source struct {
	Name     string `json:"name"`
	Read     int64  `json:"read"`
	Rejected int64  `json:"rejected"`
	Coverage string `json:"coverage"`
}

// total adds up counts.
func total(counts map[string]int64) int64 {
	var sum int64
	for _, n := range counts {
		sum += n
	}
	return sum
}

// Subject is the message in one line.
func (m Message) Subject() string {
	if m.Type == DecisionsUpcoming {
		return fmt.Sprintf("leaver: %d decisions become due within %s (%s)", total(m.Upcoming), m.Within, m.Organisation)
	}
	mark := ""
	if m.Trouble {
		mark = "ATTENTION, "
	}
	return fmt.Sprintf("leaver: %srun %s, %d findings, %d due (%s)", mark, m.Status, total(m.Findings), m.Decisions["due"], m.Organisation)
}

// Text is the message as plain text for people.
func (m Message) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("run        %s on %s", cmp.Or(m.Run, "none: it failed before it began"), m.Host)
	if m.Schedule != "" {
		line("schedule   %s", m.Schedule)
	}
	line("as of      %s", m.AsOf.UTC().Format("2006-01-02 15:04 UTC"))
	line("status     %s, exit code %d", m.Status, m.Exit)
	if m.Missed > 0 {
		line("missed     %d planned runs since the last accepted one brought no result", m.Missed)
	}
	for _, s := range m.Sources {
		line("source     %-16s %8d records, %d rejected, %s", s.Name, s.Read, s.Rejected, s.Coverage)
	}
	counted(&b, "findings", m.Findings)
	counted(&b, "decisions", m.Decisions)
	if m.Type == DecisionsUpcoming {
		line("due within %s", m.Within)
		counted(&b, "  in", m.Upcoming)
	}
	if m.Link != "" {
		line("report     %s", m.Link)
	}
	line("\nThis message holds counts only. Who is concerned stands in the report.")
	return b.String()
}

// counted writes the counts that are not zero, one a line.
func counted(b *strings.Builder, what string, counts map[string]int64) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n > 0 && name != "none" {
			fmt.Fprintf(b, "%-10s %-16s %8d\n", what, name, n)
		}
	}
}
