// Package metrics writes numbers about runs in the text form of Prometheus, for the textfile collector of node_exporter.
package metrics

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is how one system was read.
type Source struct {
	Name           string
	People         bool
	Read, Rejected int64
	Complete       bool
	// Took is how long the scan was; 0 when it did not come to an end.
	Took time.Duration
}

// Run is what the last run came to, and what the state knows.
type Run struct {
	Version string
	// Ended is the end of the run, Took how long it was, Exit its exit code, Status how it ended.
	Ended  time.Time
	Took   time.Duration
	Exit   int
	Status string
	// LastSuccess is the end of the last accepted run; the zero time when there is none.
	LastSuccess time.Time
	// Refusals counts the runs that a gate refused, of all that the state lists.
	Refusals int64
	// Missed counts planned runs without a result, Undelivered the messages of this run that did not get through.
	Missed, Undelivered int
	Sources             []Source
	Findings, Decisions map[string]int64
	// Upcoming counts decisions whose grace ends soon.
	Upcoming int64
}

// Write writes the metrics of a run.
func Write(w io.Writer, r Run) error {
	p := &page{Writer: bufio.NewWriter(w)}
	p.family("leaver_build_info", "gauge", "The program that wrote this file.", sample{labels("version", r.Version), 1})
	p.family("leaver_last_run_timestamp_seconds", "gauge", "When the last run ended.", sample{"", seconds(r.Ended)})
	p.family("leaver_last_run_duration_seconds", "gauge", "How long the last run took.", sample{"", r.Took.Seconds()})
	p.family("leaver_last_run_exit_code", "gauge", "Exit code of the last run; see docs/exit-codes.md.", sample{"", float64(r.Exit)})
	p.family("leaver_last_run_status", "gauge", "How the last run ended: 1 for the status that it had.", sample{labels("status", r.Status), 1})
	if !r.LastSuccess.IsZero() {
		p.family("leaver_last_success_timestamp_seconds", "gauge", "When the last accepted run ended.", sample{"", seconds(r.LastSuccess)})
	}
	p.family("leaver_gate_refusals_total", "counter", "Runs that a gate refused.", sample{"", float64(r.Refusals)})
	p.family("leaver_missed_runs", "gauge", "Planned runs since the last accepted one that brought no result.", sample{"", float64(r.Missed)})
	p.family("leaver_undelivered_messages", "gauge", "Messages and pings of the last run that did not get through.", sample{"", float64(r.Undelivered)})
	p.sources(r.Sources)
	p.family("leaver_findings", "gauge", "Findings of the last run.", counts("kind", r.Findings)...)
	p.family("leaver_decisions", "gauge", "Decisions of the last run.", counts("decision", r.Decisions)...)
	p.family("leaver_decisions_upcoming", "gauge", "Decisions whose grace period ends soon.", sample{"", float64(r.Upcoming)})
	if p.err != nil {
		return p.err
	}
	return p.Flush()
}

func (p *page) sources(list []Source) {
	column := func(value func(Source) float64) (samples []sample) {
		for _, s := range list {
			samples = append(samples, sample{labels("source", s.Name, "people", strconv.FormatBool(s.People)), value(s)})
		}
		return samples
	}
	p.family("leaver_source_rows", "gauge", "Records read from a source.", column(func(s Source) float64 { return float64(s.Read) })...)
	p.family("leaver_source_rejected_rows", "gauge", "Records of a source that could not be used.", column(func(s Source) float64 { return float64(s.Rejected) })...)
	p.family("leaver_source_complete", "gauge", "Whether a source was read completely.", column(func(s Source) float64 {
		if s.Complete {
			return 1
		}
		return 0
	})...)
	p.family("leaver_source_scan_duration_seconds", "gauge", "How long the scan of a source took.", column(func(s Source) float64 { return s.Took.Seconds() })...)
}

// sample is one line of a family: labels in braces, or none, and the value.
type sample struct {
	labels string
	value  float64
}

func counts(label string, all map[string]int64) (samples []sample) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		samples = append(samples, sample{labels(label, name), float64(all[name])})
	}
	return samples
}

// labels gives {name="value",…} from names and values in turn.
func labels(pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, fmt.Sprintf(`%s="%s"`, pairs[i], escape.Replace(pairs[i+1])))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// page writes families and remembers the first error.
type page struct {
	*bufio.Writer
	err error
}

// family writes one metric with its samples; nothing when it has none.
func (p *page) family(name, kind, help string, samples ...sample) {
	if len(samples) == 0 || p.err != nil {
		return
	}
	if _, p.err = fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind); p.err != nil {
		return
	}
	for _, s := range samples {
		if _, p.err = fmt.Fprintf(p, "%s%s %s\n", name, s.labels, strconv.FormatFloat(s.value, 'f', -1, 64)); p.err != nil {
			return
		}
	}
}
