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

// feed is one file that is read ahead.
type feed[R scanners.Record] struct {
	batches chan *items[R]
	// used gives batches back whose items have been taken.
	used   chan *items[R]
	report fileReport // valid, as err, once batches is closed
	err    error
}

// aheadBatches is how many batches of a file may wait to be taken.
const aheadBatches = 2

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
			feeds[i] = &feed[R]{batches: make(chan *items[R], aheadBatches), used: make(chan *items[R], aheadBatches+2)}
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
	for items := range f.batches {
		if failed != nil {
			continue
		}
		if failed = context.Cause(ctx); failed == nil {
			failed = take(items)
		}
		if failed != nil {
			cancel()
		}
		f.used <- items
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

// outlet collects items into batches and sends them into the feed.
type outlet[R scanners.Record] struct {
	ctx   context.Context
	feed  *feed[R]
	items *items[R]
}

// next is the place of the next row and of its record.
func (o *outlet[R]) next() (*item, *R) {
	if o.items == nil {
		select {
		case o.items = <-o.feed.used:
			o.items.n = 0
		default:
			o.items = new(items[R])
		}
	}
	i := o.items.n
	o.items.n++
	return &o.items.rows[i], &o.items.records[i]
}

// full sends the batch when it is full. It fails when nobody takes the items any more.
func (o *outlet[R]) full() error {
	if o.items.n < batch {
		return nil
	}
	return o.flush()
}

// flush sends what there is.
func (o *outlet[R]) flush() error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	if o.items == nil {
		return nil
	}
	select {
	case o.feed.batches <- o.items:
		o.items = nil
		return nil
	case <-o.ctx.Done():
		return context.Cause(o.ctx)
	}
}
