package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// Job is one run, and everything that it needs from outside.
type Job struct {
	Config   *config.Config
	Rules    []policies.Rule
	Store    *runstore.Store
	Log      *slog.Logger
	Progress progress.Progress
	// Now is the wall clock. AsOf is the instant that the run judges at; the zero time means the start of the run.
	Now  func() time.Time
	AsOf time.Time
	// Only restricts the run to the named account sources; empty means all.
	Only []string
	// Schedule and Planned say which planned time of which schedule the run is for; empty and zero for none.
	Schedule string
	Planned  time.Time
	// Locked, when it is set, is called once the run holds the lock of the state folder and before anything else. Its error
	// ends the run without a trace.
	Locked func(context.Context) error
	// ExitCode maps an error to the exit code that the list of runs keeps.
	ExitCode func(error) int
	// Signer signs the checkpoints of the audit log; nil leaves them unsigned.
	Signer note.Signer
	// Tool, Commit, Operator and Host are printed in the report.
	Tool, Commit, Operator, Host string
}

// The statuses of a run, as "leaver runs" prints them.
const (
	Accepted = "accepted"
	Kept     = "kept"
	Refused  = "refused"
)

// Result is what a run came to. It is the object that "leaver run --json" prints.
type Result struct {
	Run    string    `json:"run"`
	AsOf   time.Time `json:"as_of"`
	Status string    `json:"status"`
	// Kept says why the run moved neither history nor clocks; empty for an accepted run.
	Kept     string           `json:"kept,omitempty"`
	People   PeopleResult     `json:"people"`
	Sources  []SourceResult   `json:"sources"`
	Findings map[string]int64 `json:"findings"`
	// LikelyMiskeyed counts the orphans among them that most likely belong to somebody who has not left.
	LikelyMiskeyed int64            `json:"likely_miskeyed"`
	Decisions      map[string]int64 `json:"decisions"`
	// RuleFailures is the number of accounts to which a rule could not be applied; their decisions say why.
	RuleFailures int64  `json:"rule_failures,omitempty"`
	Report       string `json:"report"`
	// Missed counts the planned runs since the last accepted one that brought no result.
	Missed int `json:"missed"`
	// Plan is the digest of the plan; empty for a refused run. Held are the limits that hold it.
	Plan string   `json:"plan,omitempty"`
	Held []string `json:"held,omitempty"`
	// Sentence is the first sentence of the report.
	Sentence string `json:"sentence"`
}

// PeopleResult sums up the people sources.
type PeopleResult struct {
	Rows       int64          `json:"rows"`
	Employed   int64          `json:"employed"`
	Ended      int64          `json:"ended"`
	Prehire    int64          `json:"prehire"`
	Remembered int64          `json:"remembered"`
	Sources    []SourceResult `json:"sources"`
}

// SourceResult sums up the scan of one source.
type SourceResult struct {
	Name     string `json:"name"`
	Read     int64  `json:"read"`
	Rejected int64  `json:"rejected"`
	Coverage string `json:"coverage"`
	Why      string `json:"why"`
	// Complete is whether conclusions may rest on the absence of a record.
	Complete bool `json:"complete"`
	// Blind is whether nothing could be read.
	Blind bool `json:"blind"`
}

// Complete reports whether every account source was read completely.
func (r *Result) Complete() bool {
	return !slices.ContainsFunc(r.Sources, func(s SourceResult) bool { return !s.Complete })
}

// Blind reports whether no account source could be read at all: the run has no trustworthy result.
func (r *Result) Blind() bool {
	return len(r.Sources) > 0 && !slices.ContainsFunc(r.Sources, func(s SourceResult) bool { return !s.Blind })
}

// attempt is one run under way.
type attempt struct {
	*Job
	run     *runstore.Run
	result  Result
	started time.Time
	asOf    time.Time
	gate    gate
	chosen  []config.Source // the account sources that this run reads
	people  []scanned
	sources []scanned
	// emergency says of each break-glass account of the configuration how it was seen; "" when it was not.
	emergency []string
	// classified counts the accounts whose kind each rule of the classifier decided.
	classified []atomic.Int64
	planned    *reports.Planned
	// reserved holds the rejected people rows by source.
	reserved map[string][]scanners.Rejection
	roster   *reconcile.Roster
	engine   *reconcile.Engine
	// tooBroad holds the exclusions that match too much of a system, once every account was seen.
	tooBroad map[string]string
}

// Run carries the job out. The result is filled as far as the run came, also when there is an error. A [*GateError] means
// that the run was refused: its report says why, and the last accepted run stays in force.
func (j *Job) Run(ctx context.Context) (*Result, error) {
	t := j.attempt()
	release, err := j.Store.Lock(t.started)
	if err != nil {
		return &t.result, err
	}
	err = t.locked(ctx)
	return &t.result, errors.Join(err, release())
}

func (j *Job) attempt() *attempt {
	t := &attempt{Job: j, started: j.Now().UTC(), asOf: j.AsOf.UTC(), reserved: map[string][]scanners.Rejection{}}
	if j.AsOf.IsZero() {
		t.asOf = t.started.Truncate(time.Millisecond)
	}
	return t
}

// locked is the run while it holds the lock of the state folder.
func (t *attempt) locked(ctx context.Context) error {
	if t.Locked != nil {
		if err := t.Locked(ctx); err != nil {
			return err
		}
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	err := t.stages(ctx)
	var gate *GateError
	if errors.As(err, &gate) {
		if failed := t.refuse(ctx, gate); failed != nil {
			err = failed
		}
	}
	if err == nil {
		return nil
	}
	// After Accept, KeepOnly and Refuse this does nothing.
	return errors.Join(err, t.run.Fail(ctx, runstore.Outcome{Ended: t.Now().UTC(), Exit: t.ExitCode(err), Error: err.Error()}))
}

func (t *attempt) begin(ctx context.Context) error {
	var err error
	if t.chosen, err = t.only(); err != nil {
		return err
	}
	last, err := LastAccepted(ctx, t.Store, t.Config)
	if err != nil {
		return err
	}
	t.gate = gate{gates: t.Config.Gates, last: last, asOf: t.asOf, now: t.started}
	t.result = Result{Run: runID(t.started), AsOf: t.asOf, Status: Accepted, Findings: map[string]int64{}, Decisions: map[string]int64{}}
	start := runstore.Start{ID: t.result.Run, AsOf: t.asOf, Started: t.started, ConfigDigest: t.Config.Digest(), Schedule: t.Schedule,
		Planned: t.Planned, Signer: t.Signer}
	if t.run, err = t.Store.Begin(ctx, start); err != nil {
		return err
	}
	t.result.Kept = t.whyKept()
	if t.result.Kept != "" {
		t.result.Status = Kept
	}
	return t.comparePlans(ctx)
}

// whyKept says why this run must not move history and clocks; empty when it may. The gates hold for it all the same.
func (t *attempt) whyKept() string {
	switch {
	case !t.run.Later():
		return "the as-of is not later than that of the last accepted run"
	case t.asOf.After(t.started.Add(24 * time.Hour)):
		return "the as-of lies in the future"
	case len(t.chosen) < len(t.Config.Sources):
		return "not every configured source was read (--source)"
	default:
		return ""
	}
}

// runID names a run after its start; the run store refuses a second run with the same id.
func runID(started time.Time) string { return started.Format("20060102T150405.000Z") }

func (t *attempt) stages(ctx context.Context) error {
	if err := t.readPeople(ctx); err != nil {
		return err
	}
	if err := errors.Join(t.buildRoster(ctx), t.gate.stopped()); err != nil {
		return err
	}
	if err := t.readAccounts(ctx); err != nil {
		return err
	}
	if t.result.Blind() {
		t.result.Status, t.result.Kept = Kept, "no account source could be read"
	}
	t.Progress.Stage("reconciling")
	found, err := t.judge(ctx)
	if err != nil {
		return err
	}
	t.Progress.Stage("writing the report")
	if err := t.publish(ctx, found); err != nil {
		return err
	}
	if t.result.Blind() {
		return ErrBlind
	}
	return nil
}

// ErrBlind says that no account source could be read. The run leaves a report that says so, and moves nothing.
var ErrBlind = errors.New("no account source could be read, so there is no result\nhint: the report and the lines above say why for each of them")

// ErrIncomplete is what a run that read a source only in part is recorded with; [Job.Run] does not return it.
var ErrIncomplete = errors.New("a source was not read completely")

// only returns the account sources that this run reads.
func (t *attempt) only() ([]config.Source, error) {
	if len(t.Only) == 0 {
		return t.Config.Sources, nil
	}
	var chosen []config.Source
	for _, name := range slices.Compact(slices.Sorted(slices.Values(t.Only))) {
		i := slices.IndexFunc(t.Config.Sources, func(s config.Source) bool { return s.Name == name })
		if i < 0 {
			var known []string
			for _, s := range t.Config.Sources {
				known = append(known, s.Name)
			}
			return nil, &config.Error{File: t.Config.Path, Key: "sources", Problem: fmt.Sprintf("there is no source %q", name),
				Hint: "--source takes one of " + strings.Join(known, ", ")}
		}
		chosen = append(chosen, t.Config.Sources[i])
	}
	return chosen, nil
}

func sourceResult(s scanned) SourceResult {
	return SourceResult{Name: s.Name, Read: s.Coverage.Read, Rejected: s.Coverage.Rejected, Coverage: s.Coverage.Verdict.String(),
		Why: s.Coverage.Why, Complete: s.Coverage.Verdict.Complete(), Blind: s.Coverage.Verdict == scanners.Blind}
}
