package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"sync"

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
	// record fills the zero record into and gives its id, or why it cannot; then the id is "" when it is not readable.
	record(cells []cell, at where, into *R) (string, *defect)
	// identify gives id and further keys of a row that is rejected, as far as they are readable.
	identify(cells []cell) (id string, keys []string)
}

// item is one row on its way to the caller of Scan: a record, or a rejection.
type item[R scanners.Record] struct {
	record   R
	id       string
	sum      uint32 // of the row's cells, when the row may not repeat
	at       where
	raw      string // when a repeated row is rejected
	effect   effect // of a row of history
	rejected *scanners.Rejection
}

// where is the place of a row.
type where struct {
	file string // empty when there is only one
	unit string
	n    int64
}

func (w where) String() string {
	if w.file == "" {
		return w.unit + " " + strconv.FormatInt(w.n, 10)
	}
	return strconv.Quote(w.file) + " " + w.unit + " " + strconv.FormatInt(w.n, 10)
}

// Scan reads all files in the order of their names.
func (s *source[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	files, err := expand(s.paths)
	if err != nil {
		return scanners.Coverage{Why: "the file cannot be found"}, err
	}
	c := newCollector(s, emit)
	reports, err := s.readAll(ctx, files, c.add)
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

// readAll reads the files, as many at a time as the allocation allows, and hands their items over in order.
func (s *source[R]) readAll(ctx context.Context, files []string, add func(*item[R]) error) ([]fileReport, error) {
	tasks := s.env.Allocation
	if tasks == nil {
		tasks = scanners.NewAllocation(1)
	}
	if len(files) == 1 {
		var report fileReport
		err := tasks.Do(ctx, func() (err error) {
			report, err = s.readFile(ctx, files[0], false, add)
			return err
		})
		return []fileReport{report}, err
	}
	return s.readSideBySide(ctx, tasks, files, add)
}

// batch is how many items go from a reading goroutine to the caller of Scan at once.
const batch = 256

// feed is one file that is read ahead.
type feed[R scanners.Record] struct {
	batches chan []item[R]
	report  fileReport // valid, as err, once batches is closed
	err     error
}

// readSideBySide reads files ahead in goroutines while their items are added in the order of the files.
func (s *source[R]) readSideBySide(ctx context.Context, tasks *scanners.Allocation, files []string, add func(*item[R]) error) ([]fileReport, error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	feeds := make([]*feed[R], len(files))
	start := func(i int) {
		if i < len(files) {
			feeds[i] = &feed[R]{batches: make(chan []item[R], 2)}
			running.Go(func() { s.fill(ctx, tasks, feeds[i], files[i]) })
		}
	}
	for i := range tasks.Size() {
		start(i)
	}
	var reports []fileReport
	for i, f := range feeds {
		for items := range f.batches {
			for i := range items {
				if err := add(&items[i]); err != nil {
					return reports, err
				}
			}
		}
		reports = append(reports, f.report)
		if f.err != nil {
			return reports, f.err
		}
		start(i + tasks.Size())
	}
	return reports, nil
}

// fill reads one file into a feed.
func (s *source[R]) fill(ctx context.Context, tasks *scanners.Allocation, f *feed[R], file string) {
	defer close(f.batches)
	send := func(items []item[R]) error {
		select {
		case f.batches <- items:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	f.err = tasks.Do(ctx, func() error {
		items := make([]item[R], 0, batch)
		var err error
		f.report, err = s.readFile(ctx, file, true, func(it *item[R]) error {
			if items = append(items, *it); len(items) < batch {
				return nil
			}
			full := items
			items = make([]item[R], 0, batch)
			return send(full)
		})
		if err != nil {
			return err
		}
		return send(items)
	})
}

// readFile reads one file. When the file breaks off, the report says so and the error is nil: what came before is good.
func (s *source[R]) readFile(ctx context.Context, path string, several bool, add func(*item[R]) error) (fileReport, error) {
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
	return s.readRows(ctx, f, rows, add)
}

func (s *source[R]) readRows(ctx context.Context, f *file, rows reader, add func(*item[R]) error) (fileReport, error) {
	m := s.mapping(&f.notes)
	r, it := row{cells: make([]cell, len(s.want))}, new(item[R])
	f.header = true
	for {
		if err := ctx.Err(); err != nil {
			return f.broken(), context.Cause(ctx)
		}
		err := rows.read(&r)
		if why := new(brokenError); errors.Is(err, io.EOF) {
			return f.finish(rows.findings(), nil)
		} else if errors.As(err, &why) {
			return f.finish(rows.findings(), why)
		} else if err != nil {
			return f.broken(), fmt.Errorf("read %q: %w", f.path, err)
		}
		f.read++
		s.fillItem(it, f, m, rows, &r)
		if err := add(it); err != nil {
			return f.broken(), err
		}
	}
}

// fillItem maps one row. The item is reused for the next one.
func (s *source[R]) fillItem(it *item[R], f *file, m mapping[R], rows reader, r *row) {
	*it = item[R]{at: where{f.shown, rows.unit(), r.place}}
	wrong := r.defect
	if wrong == nil {
		it.id, wrong = m.record(r.cells, it.at, &it.record)
	}
	if dated, ok := m.(interface{ effect() (effect, *defect) }); wrong == nil && s.repeats == historyRows && ok {
		it.effect, wrong = dated.effect()
	}
	if wrong == nil {
		if s.repeats != mayRepeat {
			it.sum = sum(r.cells)
		}
		if s.repeats == rejectRepeated || s.repeats == historyRows {
			it.raw = rows.raw()
		}
		return
	}
	it.rejected = &scanners.Rejection{Place: it.at.String(), Field: wrong.field, Reason: wrong.reason, Raw: rows.raw()}
	it.rejected.ID, it.rejected.Keys = m.identify(r.cells)
}
