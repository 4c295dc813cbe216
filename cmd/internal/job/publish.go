package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// The files of a run folder that the job writes beside the snapshots.
const (
	FileInputs = "inputs.json"
	FileReport = "report.json"
	FileConfig = "leaver.yaml"
	FileBook   = "report.xlsx"
	FileCSV    = "rows.csv"
	FileJSON   = "rows.jsonl"
)

// publish writes everything that people read, seals the folder and moves the state.
func (t *attempt) publish(ctx context.Context, f *found) error {
	report := t.describe(ctx)
	report.Exclusions = slices.Concat(exclusionUse(t.Config.Exclusions, t.Rules, f, t.asOf), keepUse(f.ledger, f.rows, t.asOf), t.breakGlassUse())
	t.tellFailures(report.Sources, f.failures)
	tellTooBroad(report.Sources, f.reach.TooBroad())
	report.Rows = rowsOf(f.rows)
	if err := t.tellDecisions(ctx, f, &report); err != nil {
		return err
	}
	report.Upcoming = f.upcoming.list()
	if err := t.tellChanges(ctx, &report); err != nil {
		return err
	}
	t.result.Sentence = reports.Sentence(report)
	if err := t.writeReported(f.rows); err != nil {
		return err
	}
	if err := errors.Join(t.run.WritePast(f.past), writeJSON(t.run, FilePlan, f.plan)); err != nil {
		return err
	}
	if err := t.writeInputs(); err != nil {
		return err
	}
	if err := WriteReport(t.run, report, t.Config.Report.CSV, t.Config.Report.JSONLines); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := t.run.Seal(runstore.Meta{Tool: t.Tool, Commit: t.Commit, Operator: t.Operator, Host: t.Host}); err != nil {
		return err
	}
	return t.settleState(ctx, f, report)
}

// settleState is the point of no return: one transaction that makes this run the last accepted one, or, for an earlier
// night, keeps its folder and nothing else.
func (t *attempt) settleState(ctx context.Context, f *found, report reports.Report) error {
	outcome, err := t.outcome(report, "")
	switch {
	case err != nil:
		return err
	case t.result.Status == Kept:
		err = t.run.KeepOnly(ctx, outcome)
	default:
		err = t.run.Accept(ctx, runstore.Commit{Outcome: outcome, People: t.roster.Remember(t.asOf, t.sameFiles()), Findings: f.findings,
			Clocks: f.ledger.clocks, Events: f.ledger.events, KeepsOver: f.ledger.over, Standing: t.standing(f)})
	}
	if err != nil {
		return err
	}
	if err := t.sendCheckpoint(); err != nil {
		return err
	}
	t.result.Report = filepath.Join(t.run.Dir(), FileBook)
	return t.copyBook()
}

// sameFiles names the people sources whose file is the one that the last accepted run read: it is no further snapshot, and
// confirms nothing.
func (t *attempt) sameFiles() map[string]bool {
	same := map[string]bool{}
	for _, s := range t.people {
		before, known := t.gate.before(s.Name)
		made, dated := s.Coverage.ProducedAt.Get()
		was, wasDated := before.Coverage.ProducedAt.Get()
		same[s.Name] = known && dated && wasDated && made.Equal(was) && s.Coverage.Digest == before.Coverage.Digest
	}
	return same
}

// copyBook puts the newest workbook where the configuration wants it, whole or not at all.
func (t *attempt) copyBook() error {
	to := t.Config.Report.Path
	if to == "" || t.result.Status != Accepted {
		return nil
	}
	if err := copyFile(t.result.Report, to); err != nil {
		return fmt.Errorf("the run is accepted, but its workbook could not be copied: %w\nhint: the original is %s", err, t.result.Report)
	}
	t.result.Report = to
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return ReplaceFile(to, func(w io.Writer) error { _, err := io.Copy(w, in); return err })
}

// ReplaceFile writes a file beside the one at path and puts it in its place, whole or not at all. Only its owner can read
// it.
func ReplaceFile(path string, write func(io.Writer) error) error {
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = write(out)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(out.Name()))
	}
	return err
}

func rowsOf(rows []*reports.Row) func() iter.Seq2[reports.Row, error] {
	return func() iter.Seq2[reports.Row, error] {
		return func(yield func(reports.Row, error) bool) {
			for _, row := range rows {
				if !yield(*row, nil) {
					return
				}
			}
		}
	}
}

// writeInputs seals what the run was given besides records.
func (t *attempt) writeInputs() error {
	if err := writeFile(t.run, FileConfig, func(w io.Writer) error { _, err := w.Write(t.Config.Text()); return err }); err != nil {
		return err
	}
	return writeJSON(t.run, FileInputs, t.inputs())
}

func writeFile(run *runstore.Run, name string, write func(io.Writer) error) error {
	out, err := run.CreateFile(name)
	if err != nil {
		return err
	}
	if err := write(out); err != nil {
		out.Discard()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return out.Close()
}

func writeJSON(run *runstore.Run, name string, value any) error {
	return writeFile(run, name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(value)
	})
}

// WriteReport writes the workbook and its companions, and the description to make them again, into a run folder.
func WriteReport(run *runstore.Run, report reports.Report, csv, lines bool) error {
	if err := writeJSON(run, FileReport, report); err != nil {
		return err
	}
	if err := writeFile(run, FileBook, func(w io.Writer) error { return reports.Workbook(w, report) }); err != nil {
		return err
	}
	if csv {
		if err := writeFile(run, FileCSV, func(w io.Writer) error { return reports.CSV(w, report) }); err != nil {
			return err
		}
	}
	if !lines {
		return nil
	}
	return writeFile(run, FileJSON, func(w io.Writer) error { return reports.JSONLines(w, report) })
}

// refuse writes the report that says why there are no findings, and records the run as refused.
func (t *attempt) refuse(ctx context.Context, gate *GateError) error {
	t.result.Status = Refused
	t.result.Findings, t.result.Decisions = map[string]int64{}, map[string]int64{}
	report := t.describe(ctx)
	report.Refused, _, _ = strings.Cut(gate.Error(), "\nhint: ")
	report.Rows = rowsOf(nil)
	t.result.Sentence = reports.Sentence(report)
	if err := WriteReport(t.run, report, false, false); err != nil {
		return err
	}
	if err := t.run.Seal(runstore.Meta{Tool: t.Tool, Commit: t.Commit, Operator: t.Operator, Host: t.Host}); err != nil {
		return err
	}
	outcome, err := t.outcome(report, gate.Error())
	if err != nil {
		return err
	}
	if err := t.run.Refuse(ctx, outcome); err != nil {
		return err
	}
	t.result.Report = filepath.Join(t.run.Dir(), FileBook)
	return nil
}

// past answers what earlier runs knew about the accounts of tonight's rows.
type past struct {
	seen     map[runstore.AccountKey]runstore.Seen
	clocks   map[runstore.AccountKey][]policies.Clock
	kept     map[string]*policies.Kept
	back     map[runstore.AccountKey]time.Time
	findings map[string]runstore.Finding
	complete map[string]bool
	// copies are the systems of copies (see [scanners.Kind]) that were not read completely tonight.
	copies []string
}

func (t *attempt) remembered(ctx context.Context, rows []*reports.Row, l *ledger) (*past, error) {
	keys := map[runstore.AccountKey]struct{}{}
	for i := range rows {
		if a := rows[i].Account; rows[i].Kind != reconcile.KindNone || rows[i].Person != nil {
			keys[runstore.AccountKey{Source: a.System, Account: a.ID}] = struct{}{}
		}
	}
	p := &past{clocks: map[runstore.AccountKey][]policies.Clock{}, kept: map[string]*policies.Kept{}, complete: map[string]bool{}}
	var err error
	if p.seen, err = t.Store.SeenBefore(ctx, keys); err != nil {
		return nil, err
	}
	for i := range l.keeps {
		p.kept[l.keeps[i].Finding] = &l.keeps[i]
	}
	if p.back, err = t.reactivated(ctx, rows); err != nil {
		return nil, err
	}
	for _, c := range l.before {
		key := runstore.AccountKey{Source: c.System, Account: c.Account}
		p.clocks[key] = append(p.clocks[key], c)
	}
	if p.findings, err = t.Store.Findings(ctx); err != nil {
		return nil, err
	}
	for _, s := range t.sources {
		p.complete[s.Name] = s.Coverage.Verdict.Complete()
	}
	for _, source := range t.Config.Sources {
		if source.Connector.Copies && !p.complete[source.Name] {
			p.copies = append(p.copies, source.Name)
		}
	}
	if t.result.Status == Kept {
		p.forgetAfter(t.asOf)
	}
	return p, nil
}

// reactivated says since when accounts that seem unused are enabled again, as far as that is within the hold.
func (t *attempt) reactivated(ctx context.Context, rows []*reports.Row) (map[runstore.AccountKey]time.Time, error) {
	keys := map[runstore.AccountKey]struct{}{}
	for _, row := range rows {
		idle := row.Kind.Family() == reconcile.Dormant.Family() || row.Kind == reconcile.RuleMatch
		if idle && t.Config.Thresholds.Hold > 0 && scanners.Is(row.Account.Enabled, true) {
			keys[runstore.AccountKey{Source: row.Account.System, Account: row.Account.ID}] = struct{}{}
		}
	}
	return t.Store.Reactivated(ctx, keys, t.asOf.Add(-t.Config.Thresholds.Hold), t.asOf)
}

// forgetAfter drops what only later runs knew, for a run that looks at an earlier night.
func (p *past) forgetAfter(asOf time.Time) {
	for id, f := range p.findings {
		if f.FirstSeen.After(asOf) {
			delete(p.findings, id)
		}
	}
}

func (p *past) of(v *reconcile.Verdict) policies.Past {
	key := runstore.AccountKey{Source: v.Account.System, Account: v.Account.ID}
	seen, known := p.seen[key]
	id := v.ID()
	var own, elsewhere []policies.Clock
	for _, c := range p.clocks[key] {
		if c.Finding == id {
			own = append(own, c)
		} else {
			elsewhere = append(elsewhere, c)
		}
	}
	unread := p.mayBeUsedThrough(v)
	return policies.Past{
		AccountSeen: known, LinkSeen: known && v.Person != nil && seen.PersonSystem == v.Person.System && (seen.Person == v.Person.ID || seen.Person != "" && seen.Person == v.Person.Former),
		FirstSeen: p.findings[id].FirstSeen, Clocks: own, Elsewhere: elsewhere, Kept: p.kept[id], Reactivated: p.back[key], SourceComplete: p.complete[v.Account.System] && unread == "", Unread: unread,
	}
}

// mayBeUsedThrough names a source that was not read tonight and may hold a copy of the account of an idle finding, which then
// waits; empty when there is none.
func (p *past) mayBeUsedThrough(v *reconcile.Verdict) string {
	if v.Kind != reconcile.Dormant && v.Kind != reconcile.NeverUsed {
		return ""
	}
	if i := slices.IndexFunc(p.copies, func(system string) bool { return system != v.Account.System }); i >= 0 {
		return p.copies[i]
	}
	return ""
}

func finding(row *reports.Row) runstore.Finding {
	f := runstore.Finding{ID: row.ID(), Source: row.Account.System, Account: row.Account.ID, Kind: row.Kind, Severity: row.Severity}
	if row.Person != nil {
		f.Person = row.Person.Ref()
	}
	return f
}

// outcome is what the list of runs keeps of this one.
func (t *attempt) outcome(report reports.Report, refused string) (runstore.Outcome, error) {
	o := runstore.Outcome{Ended: t.Now().UTC(), Error: refused, Population: report.Population, Log: t.overrides()}
	var err error
	o.Totals, err = report.Totals()
	switch {
	case refused != "":
		o.Exit = t.ExitCode(&GateError{})
	case t.result.Blind():
		o.Exit, o.Error = t.ExitCode(ErrBlind), ErrBlind.Error()
	case len(t.result.Held) > 0:
		o.Exit = t.ExitCode(&GateError{})
	case !t.result.Complete():
		o.Exit = t.ExitCode(ErrIncomplete)
	}
	for _, s := range report.Sources {
		s.Rejections = nil
		o.Sources = append(o.Sources, s)
	}
	return o, err
}

func (t *attempt) writeReported(rows []*reports.Row) error {
	out, err := t.run.CreateReported()
	if err != nil {
		return err
	}
	defer out.Discard()
	for i := range rows {
		if err := out.Write(*rows[i]); err != nil {
			return err
		}
	}
	_, _, err = out.Close()
	return err
}

// count adds one verdict to the totals of its source.
func (t *attempt) count(s *scanned, v *reconcile.Verdict) {
	c := &s.Accounts
	c.Read++
	disabled := scanners.Is(v.Account.Enabled, false)
	switch {
	case disabled:
		c.Disabled++
	case v.Account.Enabled.IsKnown():
		c.Enabled++
	default:
		c.EnabledUnknown++
	}
	switch v.Situation {
	case reconcile.SituationDisputed:
		c.Disputed++
	case reconcile.Unmatched:
		c.Unmatched++
	case reconcile.Deleted:
		c.Deleted++
	default:
		c.Linked++
	}
	if !disabled && v.Person != nil {
		c.Owned++
		if v.MatchedBy == reconcile.KeyEmployeeID {
			c.OwnedByID++
		}
	}
	c.Measures.Count(v, t.Config.Thresholds.Dormant, t.asOf)
	if v.Flags.Has(reconcile.ActivityUnknown) {
		c.ActivityUnknown++
	}
	if row := (reports.Row{Verdict: *v}); row.OfLeaver() {
		c.LeaverAccounts++
		if row.StillEnabled() {
			c.LeaverEnabled++
		}
	}
}

// Report is the report of a finished run, from what the run sealed.
func Report(folder *runstore.Folder) (reports.Report, error) {
	var report reports.Report
	err := readJSON(folder.Path(FileReport), &report)
	report.Rows, report.Ledger = folder.Reported, folder.Ledger
	if err == nil && folder.Has(FilePlan) {
		report.Plan, err = Plan(folder)
	}
	return report, err
}

// Rewrite makes the workbook of a finished run again and puts it at path.
func Rewrite(folder *runstore.Folder, path string) error {
	report, err := Report(folder)
	if err != nil {
		return err
	}
	return ReplaceFile(path, func(w io.Writer) error { return reports.Workbook(w, report) })
}
