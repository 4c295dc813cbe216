package table

import (
	"context"
	"sync"

	"github.com/leaver-audit/leaver/scanners"
)

// batch is how many items go from a reading goroutine to the caller of Scan at once: few enough to stay in the processor's
// cache on their way.
const batch = 64

// items are a batch: rows and the records that were made of them, each at the place of its row.
type items[R scanners.Record] struct {
	rows    [batch]item
	records [batch]R
	n       int
}

// load is how many batches are handed over together. To wake a goroutine for them takes as long as mapping dozens of rows.
const load = 8

// feed is one file that is read ahead.
type feed[R scanners.Record] struct {
	batches chan []*items[R]
	// used gives batches back whose items have been taken.
	used   chan []*items[R]
	report fileReport // valid, as err, once batches is closed
	err    error
}

// aheadLoads is how many loads of batches of a file may wait to be taken.
const aheadLoads = 6

// readAll reads files ahead in goroutines, as many at a time as the allocation allows, and hands their items over in the
// order of the files.
func (s *source[R]) readAll(ctx context.Context, files []string, take func(*items[R]) error) ([]fileReport, error) {
	tasks := s.env.Allocation
	if tasks == nil {
		tasks = scanners.NewAllocation(1)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	feeds := make([]*feed[R], len(files))
	start := func(i int) {
		if i < len(files) {
			feeds[i] = &feed[R]{batches: make(chan []*items[R], aheadLoads), used: make(chan []*items[R], aheadLoads+2)}
			running.Go(func() { s.fill(ctx, tasks, feeds[i], files[i], len(files) > 1) })
		}
	}
	for i := range tasks.Size() {
		start(i)
	}
	var reports []fileReport
	for i, f := range feeds {
		err := f.drain(ctx, cancel, take)
		reports = append(reports, f.report)
		if err != nil {
			return reports, err
		}
		start(i + tasks.Size())
	}
	return reports, nil
}

// drain takes all items of the file. When that fails it makes every reader stop, and waits for this one.
func (f *feed[R]) drain(ctx context.Context, cancel func(), take func(*items[R]) error) error {
	var failed error
	for batches := range f.batches {
		for _, items := range batches {
			if failed == nil {
				failed = context.Cause(ctx)
			}
			if failed == nil {
				failed = take(items)
			}
		}
		if failed != nil {
			cancel()
		}
		f.used <- batches
	}
	if failed != nil {
		return failed
	}
	return f.err
}

// fill reads one file into a feed.
func (s *source[R]) fill(ctx context.Context, tasks *scanners.Allocation, f *feed[R], file string, several bool) {
	defer close(f.batches)
	f.err = tasks.Do(ctx, func() (err error) {
		f.report, err = s.readFile(ctx, file, several, &outlet[R]{ctx: ctx, feed: f})
		return err
	})
}

// outlet collects items into batches and sends them into the feed, some batches at once.
type outlet[R scanners.Record] struct {
	ctx     context.Context
	feed    *feed[R]
	items   *items[R]   // the batch that is being filled
	batches []*items[R] // those that are to be sent
	spare   []*items[R] // those that came back
}

// next is the place of the next row and of its record.
func (o *outlet[R]) next() (*item, *R) {
	if o.items == nil {
		o.items = o.empty()
		o.items.n = 0
	}
	i := o.items.n
	o.items.n++
	return &o.items.rows[i], &o.items.records[i]
}

// empty gives a batch to fill.
func (o *outlet[R]) empty() *items[R] {
	if len(o.spare) == 0 {
		select {
		case o.spare = <-o.feed.used:
		default:
			return new(items[R])
		}
	}
	last := len(o.spare) - 1
	batch := o.spare[last]
	o.spare = o.spare[:last]
	return batch
}

// full sends the batches when there are enough of them. It fails when nobody takes the items any more.
func (o *outlet[R]) full() error {
	if o.items.n < batch {
		return nil
	}
	o.batches, o.items = append(o.batches, o.items), nil
	if len(o.batches) < load {
		return nil
	}
	return o.flush()
}

// flush sends what there is.
func (o *outlet[R]) flush() error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	if o.items != nil {
		o.batches, o.items = append(o.batches, o.items), nil
	}
	if len(o.batches) == 0 {
		return nil
	}
	select {
	case o.feed.batches <- o.batches:
		o.batches = make([]*items[R], 0, load)
		return nil
	case <-o.ctx.Done():
		return context.Cause(o.ctx)
	}
}
