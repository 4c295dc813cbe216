package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/leaver-audit/leaver/scanners"
)

// source reads the rows of files as records.
type source[R scanners.Record] struct {
	*settings
	env     scanners.Env
	mapping func(*notes) mapping[R]
	repeats repeats
	// unkeyedIsPartial says that a rejected row without readable id makes the source partial.
	unkeyedIsPartial bool
	// mustFill are fields whose column cannot be empty in every row; nil for accounts.
	mustFill map[string]slot
	// hold makes what keeps rows back until all are read; nil where every row is a record.
	hold func() holder[R]
}

// repeats says what an id means that occurs twice.
type repeats int

const (
	mayRepeat      repeats = iota // every row is a record
	historyRows                   // the rows of an id are its history
	rejectRepeated                // the same row again is dropped, another row with the id is rejected
	mustNotRepeat                 // the same row again is dropped, another row with the id makes the source partial
)

// mapping turns the cells of a row into a record. It is used by one goroutine.
type mapping[R scanners.Record] interface {
	// blank is what records begin as: what is the same in all of them.
	blank() *R
	// record fills the blank record into and gives its id, or why it cannot; then the id is "" when it is not readable.
	record(cells []cell, at where, into *R) (string, *defect)
	// identify gives id and further keys of a row that is rejected, as far as they are readable.
	identify(cells []cell) (id string, keys []string)
}

// item is one row on its way to the caller of Scan, beside its record; or a rejection.
type item struct {
	id       string
	sum      uint32 // of the row's cells, when the row may not repeat
	at       where
	raw      string // when a repeated row is rejected
	effect   effect // of a row of history
	rejected *scanners.Rejection
}

// where is the place of a row.
type where struct {
	in *origin
	n  int64
}

// origin is what the places of all rows of a file begin with.
type origin struct{ words string }

// newOrigin names the file, unless there is only one and its name is empty, and the unit in which its rows are counted.
func newOrigin(file, unit string) *origin {
	if file == "" {
		return &origin{unit + " "}
	}
	return &origin{strconv.Quote(file) + " " + unit + " "}
}

func (w where) String() string { return string(w.append(nil)) }

func (w where) append(b []byte) []byte { return strconv.AppendInt(append(b, w.in.words...), w.n, 10) }

// Scan reads all files in the order of their names.
func (s *source[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	return s.ScanBatches(ctx, func(records []R) error {
		for _, record := range records {
			if err := emit(record); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScanBatches is Scan for many records at once.
func (s *source[R]) ScanBatches(ctx context.Context, emit func([]R) error) (scanners.Coverage, error) {
	files, err := expand(s.paths)
	if err != nil {
		return scanners.Coverage{Why: "the file cannot be found"}, err
	}
	c := newCollector(s, emit)
	reports, err := s.readAll(ctx, files, c.addAll)
	if err == nil {
		err = c.release(ctx)
	}
	coverage := c.coverage(files, reports, err)
	if err == nil {
		// A context that ended with the last row leaves no complete verdict either.
		if err = context.Cause(ctx); err != nil {
			coverage.Worsen(scanners.Partial, err.Error())
		}
	}
	return coverage, err
}

// readFile reads one file. When the file breaks off, the report says so and the error is nil: what came before is good.
func (s *source[R]) readFile(ctx context.Context, path string, several bool, out *outlet[R]) (fileReport, error) {
	f, err := openFile(path)
	if err != nil {
		return fileReport{path: path}, fmt.Errorf("read %q: %w", path, err)
	}
	defer f.close()
	if several {
		f.shown = filepath.Base(path)
	}
	rows, err := f.rows(s.settings)
	switch {
	case errors.Is(err, errEmpty):
		return f.finish(findings{}, nil)
	case err != nil:
		if why := new(brokenError); errors.As(err, &why) {
			return f.finish(findings{}, why)
		}
		return fileReport{path: path}, fmt.Errorf("read %q: %w", path, err)
	}
	defer rows.close()
	return s.readRows(f, rows, out)
}

// readRows reads the rows of one file. It stops when out takes no more.
func (s *source[R]) readRows(f *file, rows reader, out *outlet[R]) (fileReport, error) {
	m := s.mapping(&f.notes)
	r := row{cells: make([]cell, len(s.want))}
	in := newOrigin(f.shown, rows.unit())
	f.header = true
	for {
		if err := rows.read(&r); err != nil {
			return endRows(f, rows, out, err)
		}
		f.read++
		it, record := out.next()
		s.fillItem(it, record, in, m, rows, &r)
		if err := out.full(); err != nil {
			return f.broken(), err
		}
	}
}

// endRows sends the last rows, and makes the report of a file whose reading ended with err.
func endRows[R scanners.Record](f *file, rows reader, out *outlet[R], err error) (fileReport, error) {
	if sent := out.flush(); sent != nil {
		return f.broken(), sent
	}
	why := new(brokenError)
	switch {
	case errors.Is(err, io.EOF):
		return f.finish(rows.findings(), nil)
	case errors.As(err, &why):
		return f.finish(rows.findings(), why)
	}
	return f.broken(), fmt.Errorf("read %q: %w", f.path, err)
}

// fillItem maps one row.
func (s *source[R]) fillItem(it *item, record *R, in *origin, m mapping[R], rows reader, r *row) {
	*it = item{at: where{in, r.place}}
	*record = *m.blank()
	wrong := r.defect
	if wrong == nil {
		it.id, wrong = m.record(r.cells, it.at, record)
	}
	if wrong == nil && s.repeats == historyRows {
		if dated, ok := m.(interface{ effect() (effect, *defect) }); ok {
			it.effect, wrong = dated.effect()
		}
	}
	if wrong == nil {
		if s.repeats != mayRepeat {
			it.sum = s.sum(r.cells)
		}
		if s.repeats == rejectRepeated || s.repeats == historyRows {
			it.raw = rows.raw()
		}
		return
	}
	it.rejected = &scanners.Rejection{Place: it.at.String(), Field: wrong.field, Reason: wrong.reason, Raw: rows.raw()}
	it.rejected.ID, it.rejected.Keys = m.identify(r.cells)
}
