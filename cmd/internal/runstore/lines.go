package runstore

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// lines writes JSON Lines with zstd.
type lines struct {
	file *File
	pack *zstd.Encoder
	json *json.Encoder
	rows int64
	// tree takes every line too; nil for most files.
	tree *rowTree
}

func newLines(file *File) (*lines, error) {
	pack, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	return &lines{file: file, pack: pack, json: json.NewEncoder(pack)}, nil
}

// newRows writes lines that are bound one by one.
func newRows(r *Run, file *File) (*lines, error) {
	l, err := newLines(file)
	if err == nil {
		l.tree = &r.rows
		l.tree.begin(file.name)
	}
	return l, err
}

func (l *lines) write(v any) error {
	l.rows++
	if l.tree == nil {
		return l.file.fail(l.json.Encode(v))
	}
	line, err := json.Marshal(v)
	if err == nil {
		err = l.tree.add(line)
	}
	if err == nil {
		_, err = l.pack.Write(append(line, '\n'))
	}
	return l.file.fail(err)
}

func (l *lines) close() (digest string, rows int64, err error) {
	if err := l.pack.Close(); err != nil {
		_ = l.file.fail(err)
	}
	if err := l.file.Close(); err != nil {
		return "", 0, err
	}
	return l.file.Digest(), l.rows, nil
}

// writeLines writes a whole file.
func writeLines[T any](r *Run, name string, values iter.Seq[*T]) error {
	file, err := r.CreateFile(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	open := newLines
	if name == pastName {
		open = func(file *File) (*lines, error) { return newRows(r, file) }
	}
	l, err := open(file)
	if err != nil {
		return err
	}
	for v := range values {
		if err := l.write(v); err != nil {
			return err
		}
	}
	_, _, err = l.close()
	return err
}

// readLines yields the values of a JSON Lines file with zstd. It ends after the first error.
func readLines[T any](path string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		if err := scanLines(path, yield); err != nil {
			yield(nil, fmt.Errorf("read %q: %w", path, err))
		}
	}
}

func scanLines[T any](path string, yield func(*T, error) bool) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	unpack, err := zstd.NewReader(bufio.NewReader(in), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer unpack.Close()
	for decoder := json.NewDecoder(unpack); ; {
		value := new(T)
		if err := decoder.Decode(value); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if !yield(value, nil) {
			return nil
		}
	}
}

// RejectedWriter writes the records of one source that could not be used. It is used by one goroutine.
type RejectedWriter struct{ lines *lines }

// CreateRejected creates rejected-SOURCE.jsonl.zst.
func (r *Run) CreateRejected(source string) (*RejectedWriter, error) {
	file, err := r.CreateFile(RejectedName(source))
	if err != nil {
		return nil, err
	}
	l, err := newLines(file)
	return &RejectedWriter{l}, err
}

// Write adds a rejected record.
func (w *RejectedWriter) Write(r scanners.Rejection) error { return w.lines.write(r) }

// Close finishes the file and returns its SHA-256 in hexadecimal and the number of records.
func (w *RejectedWriter) Close() (digest string, rows int64, err error) { return w.lines.close() }

// Discard gives the file up; it does nothing after Close.
func (w *RejectedWriter) Discard() { w.lines.file.Discard() }

// Rejected yields the rejected records of a source, none when there is no such file. It ends after the first error.
func (f *Folder) Rejected(source string) iter.Seq2[*scanners.Rejection, error] {
	if !f.Has(RejectedName(source)) {
		return func(func(*scanners.Rejection, error) bool) {}
	}
	return readLines[scanners.Rejection](f.Path(RejectedName(source)))
}

// WriteHistory seals the history that the run starts from, as history.jsonl.zst.
func (r *Run) WriteHistory(h reconcile.History) error {
	return writeLines(r, historyName, func(yield func(*reconcile.PastPerson) bool) {
		for i := range h.People {
			if !yield(&h.People[i]) {
				return
			}
		}
	})
}

// History is the history that the run started from.
func (f *Folder) History() (reconcile.History, error) {
	var h reconcile.History
	for p, err := range readLines[reconcile.PastPerson](f.Path(historyName)) {
		if err != nil {
			return h, err
		}
		h.People = append(h.People, *p)
	}
	return h, nil
}

// pastRow is what earlier runs knew of one finding.
type pastRow struct {
	Finding string
	Past    policies.Past
}

// WritePast seals what earlier runs knew of the findings of this one, by id, as past.jsonl.zst.
func (r *Run) WritePast(past map[string]policies.Past) error {
	return writeLines(r, pastName, func(yield func(*pastRow) bool) {
		for _, id := range slices.Sorted(maps.Keys(past)) {
			if !yield(&pastRow{id, past[id]}) {
				return
			}
		}
	})
}

// Past is what earlier runs knew of the findings of the run, by id.
func (f *Folder) Past() (map[string]policies.Past, error) {
	past := map[string]policies.Past{}
	for row, err := range readLines[pastRow](f.Path(pastName)) {
		if err != nil {
			return nil, err
		}
		past[row.Finding] = row.Past
	}
	return past, nil
}

// WriteLedger seals every change of the grace clocks that run, and of those that the run closed, as clocks.jsonl.zst.
func (r *Run) WriteLedger(lines []reports.ClockLine) error {
	return writeLines(r, clocksName, func(yield func(*reports.ClockLine) bool) {
		for i := range lines {
			if !yield(&lines[i]) {
				return
			}
		}
	})
}

// Ledger yields the changes of the grace clocks in their order; none for a run that did not note them. It ends after the
// first error.
func (f *Folder) Ledger() iter.Seq2[*reports.ClockLine, error] {
	if !f.Has(clocksName) {
		return func(func(*reports.ClockLine, error) bool) {}
	}
	return readLines[reports.ClockLine](f.Path(clocksName))
}

// storedRow is one reported account, in full. The account is in the form of its snapshot, where every instant has a place;
// JSON text ends with the year 9999.
type storedRow struct {
	Row     reports.Row
	Account accountRow
	LastUse signalRow
	// Rest is what the timestamp of LastUse drops, in nanoseconds.
	Rest int32
}

// ReportedWriter writes the rows of the report in full, in the order of the report. It is used by one goroutine.
type ReportedWriter struct {
	lines *lines
	row   storedRow
}

// CreateReported creates reported.jsonl.zst.
func (r *Run) CreateReported() (*ReportedWriter, error) {
	file, err := r.CreateFile(reportedName)
	if err != nil {
		return nil, err
	}
	l, err := newRows(r, file)
	return &ReportedWriter{lines: l}, err
}

// Write adds a row. It keeps no reference to it.
func (w *ReportedWriter) Write(row reports.Row) error {
	var facts rests
	w.row.Account.fill(row.Account)
	at, state := facts.put(row.LastUse.At)
	w.row.LastUse = signalRow{row.LastUse.Name, at, state, int64(row.LastUse.Precision)}
	w.row.Rest = facts.list[0]
	w.row.Row = row
	w.row.Row.Account, w.row.Row.LastUse = nil, scanners.Signal{}
	return w.lines.write(&w.row)
}

// Close finishes the file and returns its SHA-256 in hexadecimal and the number of rows.
func (w *ReportedWriter) Close() (digest string, rows int64, err error) { return w.lines.close() }

// Discard gives the file up; it does nothing after Close.
func (w *ReportedWriter) Discard() { w.lines.file.Discard() }

// Reported yields the rows of the report in order; none for a run without verdicts. It ends after the first error.
func (f *Folder) Reported() iter.Seq2[reports.Row, error] {
	return func(yield func(reports.Row, error) bool) {
		if !f.Has(reportedName) {
			return
		}
		for stored, err := range readLines[storedRow](f.Path(reportedName)) {
			if err != nil {
				yield(reports.Row{}, err)
				return
			}
			if row, err := stored.row(); !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func (s *storedRow) row() (reports.Row, error) {
	account, err := s.Account.account()
	if err != nil {
		return reports.Row{}, err
	}
	facts := rests{list: []int32{s.Rest}}
	row := s.Row
	row.Account = account
	row.LastUse = scanners.Signal{Name: s.LastUse.Name, At: facts.get(s.LastUse.At, s.LastUse.State),
		Precision: time.Duration(s.LastUse.Precision)}
	return row, facts.err
}
