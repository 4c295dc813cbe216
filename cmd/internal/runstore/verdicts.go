package runstore

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// verdictRow is what verdicts.parquet says of one account. Every account of a run is there, with a finding or without.
type verdictRow struct {
	Source       string   `parquet:"source,dict"`
	Account      string   `parquet:"account"`
	Login        string   `parquet:"login"`
	Enabled      string   `parquet:"enabled,dict"`
	Kind         string   `parquet:"kind,dict"`
	Flags        []string `parquet:"flags,list" parquet-element:",dict"`
	Severity     string   `parquet:"severity,dict"`
	Situation    string   `parquet:"situation,dict"`
	PersonSystem string   `parquet:"person_source,dict"`
	PersonID     string   `parquet:"person"`
	MatchedBy    string   `parquet:"matched_by,dict"`
	End          int64    `parquet:"end,optional,timestamp(microsecond)"`
	DaysLate     *int64   `parquet:"days_late,optional"`
	DaysLateHR   *int64   `parquet:"days_late_hr,optional"`
	Decision     string   `parquet:"decision,dict"`
	Due          int64    `parquet:"due,optional,timestamp(microsecond)"`
}

// seenRow are the columns of it that later runs ask for.
type seenRow struct {
	Source       string `parquet:"source,dict"`
	Account      string `parquet:"account"`
	Kind         string `parquet:"kind,dict"`
	PersonSystem string `parquet:"person_source,dict"`
	PersonID     string `parquet:"person"`
}

// Verdict is the short form of a verdict and its decision, as stored for every account.
type Verdict struct {
	Source  string
	Account string
	Login   string
	// Enabled is "enabled", "disabled" or "unknown".
	Enabled   string
	Kind      reconcile.Kind
	Flags     reconcile.Flags
	Severity  reconcile.Severity
	Situation reconcile.Situation
	// PersonSystem and Person are source and employee id of the owner; empty without one.
	PersonSystem string
	Person       string
	MatchedBy    string
	// End is the owner's end of employment; the zero time while employed. To the microsecond, as Due.
	End      time.Time
	DaysLate *int64
	// DaysLateHR is the part of them that passed before HR showed the end; nil when not known.
	DaysLateHR *int64
	Decision   policies.DecisionKind
	// Due is the Until of the decision; the zero time when it has none.
	Due time.Time
}

// ID is the id of the finding, empty when there is none.
func (v *Verdict) ID() string {
	if v.Kind == reconcile.KindNone {
		return ""
	}
	return reconcile.FindingID(v.Source, v.Account, v.Kind)
}

// VerdictWriter writes verdicts.parquet. It is used by one goroutine.
type VerdictWriter struct{ table *table[verdictRow] }

// CreateVerdicts creates verdicts.parquet.
func (r *Run) CreateVerdicts() (*VerdictWriter, error) {
	file, err := r.CreateFile(verdictsName)
	if err != nil {
		return nil, err
	}
	return &VerdictWriter{newTable[verdictRow](file)}, nil
}

// Write adds the verdict and the decision on one account. It keeps no reference to them.
func (w *VerdictWriter) Write(v *reconcile.Verdict, d policies.Decision) error {
	row := w.table.next()
	*row = verdictRow{
		Source: v.Account.System, Account: v.Account.ID, Login: v.Account.Login(), Enabled: enabledWord(v.Account.Enabled),
		Kind: string(v.Kind), Flags: v.Flags.List(), Severity: v.Severity.String(), Situation: string(v.Situation),
		MatchedBy: v.MatchedBy, End: optionalMicros(v.End.At), Decision: string(d.Kind), Due: optionalMicros(d.Until),
	}
	if v.Person != nil {
		row.PersonSystem, row.PersonID = v.Person.System, v.Person.ID
	}
	if late, ok := v.DaysLate.Get(); ok {
		row.DaysLate = &late
	}
	if hr, ok := v.DaysLateHR.Get(); ok {
		row.DaysLateHR = &hr
	}
	return w.table.write()
}

// Close finishes the file and returns its SHA-256 in hexadecimal and the number of rows.
func (w *VerdictWriter) Close() (digest string, rows int64, err error) { return w.table.close() }

// Discard gives the file up; it does nothing after Close.
func (w *VerdictWriter) Discard() { w.table.file.Discard() }

func enabledWord(enabled scanners.Fact[bool]) string {
	switch on, known := enabled.Get(); {
	case !known:
		return "unknown"
	case on:
		return "enabled"
	default:
		return "disabled"
	}
}

// optionalMicros writes the zero time as null.
func optionalMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}

func optionalInstant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return instant(micro, 0)
}

// Verdicts yields the verdict on every account of the run, in the order in which they were written.
func (f *Folder) Verdicts() iter.Seq2[*Verdict, error] {
	return func(yield func(*Verdict, error) bool) {
		for row, err := range readTable[verdictRow](f.Path(verdictsName)) {
			if err != nil {
				yield(nil, err)
				return
			}
			if v, err := row.verdict(); !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func (r *verdictRow) verdict() (*Verdict, error) {
	v := &Verdict{Source: r.Source, Account: r.Account, Login: r.Login, Enabled: r.Enabled, Kind: reconcile.Kind(r.Kind),
		Situation: reconcile.Situation(r.Situation), PersonSystem: r.PersonSystem, Person: r.PersonID, MatchedBy: r.MatchedBy,
		End: optionalInstant(r.End), DaysLate: r.DaysLate, DaysLateHR: r.DaysLateHR, Decision: policies.DecisionKind(r.Decision), Due: optionalInstant(r.Due)}
	var err error
	if v.Flags, err = reconcile.ParseFlags(r.Flags); err != nil {
		return nil, err
	}
	v.Severity, err = reconcile.ParseSeverity(r.Severity)
	return v, err
}

// Link says to whom a run linked one account.
type Link struct {
	AccountKey
	// PersonSystem and Person are empty when the account was linked to nobody.
	PersonSystem string
	Person       string
}

// Links yields to whom the run linked every account. It reads less than Verdicts.
func (f *Folder) Links() iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		for row, err := range readTable[seenRow](f.Path(verdictsName)) {
			if err != nil {
				yield(Link{}, err)
				return
			}
			if !yield(Link{AccountKey{row.Source, row.Account}, row.PersonSystem, row.PersonID}, nil) {
				return
			}
		}
	}
}

// AccountKey names an account for good: the source and the immutable id.
type AccountKey struct{ Source, Account string }

// Seen says that an earlier accepted run saw an account, and linked it to which person.
type Seen struct {
	// Run is the id of that run: the latest accepted one in which the source was complete.
	Run string
	// PersonSystem and Person are empty when the account was linked to nobody.
	PersonSystem string
	Person       string
	Kind         reconcile.Kind
}

// SeenBefore says of the asked accounts whether the latest accepted run in which their source was complete saw them.
// Accounts that it did not see are not in the result. Memory grows with the asked accounts only.
func (s *Store) SeenBefore(ctx context.Context, keys map[AccountKey]struct{}) (map[AccountKey]Seen, error) {
	runs, err := s.lastCompleteRuns(ctx, keys)
	if err != nil {
		return nil, err
	}
	seen := map[AccountKey]Seen{}
	for run, sources := range runs {
		folder, err := s.folder(run)
		if err != nil {
			return nil, err
		}
		for row, err := range readTable[seenRow](folder.Path(verdictsName)) {
			if err != nil {
				return nil, err
			}
			key := AccountKey{row.Source, row.Account}
			if _, asked := keys[key]; asked && sources[row.Source] {
				seen[key] = Seen{run, row.PersonSystem, row.PersonID, reconcile.Kind(row.Kind)}
			}
		}
	}
	return seen, nil
}

// lastCompleteRuns groups the sources of the keys by the run that has to be asked.
func (s *Store) lastCompleteRuns(ctx context.Context, keys map[AccountKey]struct{}) (map[string]map[string]bool, error) {
	sources := map[string]bool{}
	for key := range keys {
		sources[key.Source] = true
	}
	runs := map[string]map[string]bool{}
	for source := range sources {
		_, info, err := s.LastComplete(ctx, source)
		if err != nil {
			return nil, err
		}
		if info == nil {
			continue
		}
		if runs[info.ID] == nil {
			runs[info.ID] = map[string]bool{}
		}
		runs[info.ID][source] = true
	}
	return runs, nil
}

// enabledRow are the columns that tell when an account was switched.
type enabledRow struct {
	Source  string `parquet:"source,dict"`
	Account string `parquet:"account"`
	Enabled string `parquet:"enabled,dict"`
}

// Reactivated says of the asked accounts, all of them enabled at now, since when they are enabled again: the as-of of the
// first accepted run that saw an account enabled after an earlier one had seen it disabled, now itself when the run before
// had. It looks at the runs since the given instant and at the one before it; accounts that were not switched on since are
// not in the result. A run whose folder is gone tells nothing.
func (s *Store) Reactivated(ctx context.Context, keys map[AccountKey]struct{}, since, now time.Time) (map[AccountKey]time.Time, error) {
	back := map[AccountKey]time.Time{}
	if len(keys) == 0 {
		return back, nil
	}
	runs, err := s.AcceptedRuns(ctx)
	if err != nil {
		return nil, err
	}
	off := map[AccountKey]bool{}
	for _, run := range window(runs, since, now) {
		folder, err := s.folder(run.ID)
		if err != nil {
			continue
		}
		for row, err := range readTable[enabledRow](folder.Path(verdictsName)) {
			if err != nil {
				return nil, err
			}
			key := AccountKey{row.Source, row.Account}
			if _, asked := keys[key]; !asked {
				continue
			}
			if row.Enabled == "enabled" && off[key] {
				back[key] = run.AsOf
			}
			if row.Enabled != "unknown" {
				off[key] = row.Enabled == "disabled"
			}
		}
	}
	for key := range keys {
		if off[key] {
			back[key] = now
		}
	}
	return back, nil
}

// window returns, oldest first, the runs between two instants and the last one before them.
func window(runs []Info, since, now time.Time) []Info {
	var list []Info
	for _, run := range runs { // the latest first
		if !run.AsOf.Before(now) {
			continue
		}
		list = append(list, run)
		if run.AsOf.Before(since) {
			break
		}
	}
	slices.Reverse(list)
	return list
}
