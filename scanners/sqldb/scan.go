package sqldb

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// reading is one scan, in one transaction or, when connections are lost, in several of which the last one counts.
type reading[R scanners.Record] struct {
	*source[R]
	emit func(R) error
	row  row
	c    scanners.Coverage
	seed maphash.Seed
	// seen are hashes of the ids that came (of whole rows, where an id may repeat), so that nothing is handed on twice. Two of a
	// million share theirs by chance once in forty million scans, and the source would then be called partial, never complete.
	seen      map[uint64]entry
	pass      uint32 // number of the transaction
	delivered int64  // rows of this transaction, and how many the database counted
	claimed   int64
	emitted   int64
	filled    filled
	repeated  []string // places of ids that another row has too
	unkeyed   []string
	changed   int64 // rows of an earlier transaction that a later one shows otherwise
	hold      []scanners.Gap
	doubts    []string
}

// entry is what is known of a row: a hash of its values, how often it was handed on, how often it came in the last transaction
// in which it did, and which one that was.
type entry struct{ sum, times, came, pass uint32 }

func (s *source[R]) reading(emit func(R) error) *reading[R] {
	return &reading[R]{source: s, emit: emit, seed: maphash.MakeSeed(), seen: map[uint64]entry{}}
}

// question is what is asked in place of the whole statement: the rows of one id.
type question struct{ id string }

// read asks in one transaction, and takes the rows.
func (r *reading[R]) read(ctx context.Context, only *question) (err error) {
	h, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { // a rollback that fails after everything was read costs nothing
		if closed := h.Close(); err != nil {
			err = errors.Join(err, closed)
		}
	}()
	r.pass++
	r.delivered, r.row = 0, row{settings: r.settings, notes: notes{}}
	r.hold, r.doubts, r.filled = nil, nil, filled{}
	if err := r.look(ctx, h); err != nil {
		return err
	}
	names, types, err := r.shape(ctx, h)
	if err != nil {
		return err
	}
	if err := r.row.locate(names, types); err != nil {
		return err
	}
	if only != nil {
		place := r.row.at["id"][0]
		return r.take(ctx, h, finding(r.server.System, r.statement, names, place, types[place]), only.id)
	}
	if r.claimed, err = r.count(ctx, h); err != nil {
		return err
	}
	return r.take(ctx, h, delivering(r.server.System, r.statement, names))
}

// shape asks which columns the statement has.
func (r *reading[R]) shape(ctx context.Context, h *readonly.Handle) (names, types []string, err error) {
	rows, err := h.Query(ctx, shaping(r.statement))
	if err != nil {
		return nil, nil, r.failed(ctx, "ask", err)
	}
	for rows.Next() {
		err = errors.New("the condition 1 = 0 lets rows through")
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, nil, r.failed(ctx, "ask", err)
	}
	return rows.Columns(), rows.Types(), nil
}

// one is the only value of an answer.
func one(ctx context.Context, h *readonly.Handle, statement string) (readonly.Value, error) {
	rows, err := h.Query(ctx, statement)
	if err != nil {
		return readonly.Value{}, err
	}
	var value readonly.Value
	for rows.Next() {
		value = rows.Values()[0]
	}
	return value, errors.Join(rows.Err(), rows.Close())
}

// count lets the database count the rows of the statement.
func (r *reading[R]) count(ctx context.Context, h *readonly.Handle) (n int64, err error) {
	value, err := one(ctx, h, counting(r.statement))
	if err == nil {
		_, err = fmt.Sscan(value.Text, &n)
	}
	if err != nil {
		return 0, r.failed(ctx, "count the rows of", err)
	}
	return n, nil
}

// take reads the rows to the end.
func (r *reading[R]) take(ctx context.Context, h *readonly.Handle, statement string, bound ...string) error {
	rows, err := h.Query(ctx, statement, bound...)
	if err != nil {
		return r.failed(ctx, "read", err)
	}
	for rows.Next() {
		if ctx.Err() != nil {
			err = api.Final(context.Cause(ctx))
			break
		}
		r.delivered++
		r.row.values = rows.Values()
		if err = r.handOn(); err != nil {
			err = api.Final(err)
			break
		}
	}
	if closed := errors.Join(rows.Err(), rows.Close()); err == nil && closed != nil {
		err = r.failed(ctx, fmt.Sprintf("read row %d of", r.delivered+1), closed)
	}
	return err
}

// handOn maps the row at hand and gives it to the caller, unless it was handed on before.
func (r *reading[R]) handOn() error {
	place := fmt.Sprintf("row %d", r.delivered)
	record, id, wrong := r.mapping(&r.row, place)
	key := r.hash()
	sum := uint32(key >> 32)
	if r.unique && id != "" {
		key = maphash.String(r.seed, id)
	}
	e := r.seen[key]
	if e.pass != r.pass {
		e.came, e.pass = 0, r.pass
	}
	e.came++
	before := e.came <= e.times
	again := r.unique && id != "" && e.times > 0 && !before
	switch {
	case before && e.sum != sum:
		r.changed++
	case again && e.sum == sum:
		r.row.notes.add(scanners.Gap{What: "rows that repeat an earlier row exactly", Cause: "the statement delivers them twice", Effect: "they count once"})
	case again:
		r.repeated = append(r.repeated, fmt.Sprintf("%q (%s)", id, place))
		wrong = &defect{r.row.column("id"), fmt.Sprintf("the id %q was there before, with other data", id)}
	}
	if !before {
		e.times++
	}
	if e.times == 1 {
		e.sum = sum
	}
	r.seen[key] = e
	r.filled.count(r.mustFill, any(&record), wrong)
	if before || again && wrong == nil {
		return nil
	}
	return r.give(record, id, place, wrong)
}

func (r *reading[R]) give(record R, id, place string, wrong *defect) error {
	r.c.Read++
	if wrong == nil {
		r.emitted++
		return r.emit(record)
	}
	r.c.Rejected++
	if id == "" {
		r.c.RejectedUnkeyed++
		r.unkeyed = append(r.unkeyed, place)
	}
	rejection := scanners.Rejection{Place: place, ID: id, Field: wrong.field, Reason: wrong.reason, Raw: r.row.raw()}
	if r.mustFill {
		rejection.Keys = r.row.keysOf()
	}
	return r.env.Reject(rejection)
}

// hash is one of what a row says.
func (r *reading[R]) hash() uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, v := range r.row.values {
		_ = h.WriteByte(byte(v.Kind))
		_, _ = h.WriteString(display(v))
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// coverage is the verdict on what was read.
func (r *reading[R]) coverage(ctx context.Context, err error) (scanners.Coverage, error) {
	c := &r.c
	c.Query = r.shown + ": " + r.statement
	if r.row.notes != nil {
		c.Gaps = append(r.hold, r.row.notes.gaps()...)
	}
	if err != nil {
		c.Verdict, c.Why = scanners.Blind, "nothing was read"
		if c.Read > 0 {
			c.Verdict, c.Why = scanners.Partial, fmt.Sprintf("reading broke off after %d rows", c.Read)
		}
		return *c, err
	}
	c.Pages, c.Claimed, c.ClaimedBy = int64(r.pass), scanners.Known(r.claimed), "count(*) of the statement"
	r.judge()
	for _, doubt := range r.reasons() {
		c.Worsen(scanners.Partial, doubt)
	}
	if c.Rejected > 0 && c.Rejected == c.Read {
		c.Worsen(scanners.Blind, "not one row could be used: the mapping does not fit the statement")
	} else if c.Rejected*2 > c.Read {
		c.Worsen(scanners.Partial, "more rows were rejected than read: the mapping does not fit the statement")
	}
	if err := context.Cause(ctx); err != nil {
		// A context that ended with the last row leaves no complete verdict either.
		c.Worsen(scanners.Partial, err.Error())
		return *c, err
	}
	return *c, nil
}

// judge compares what came with what the database counted.
func (r *reading[R]) judge() {
	c := &r.c
	switch {
	case r.delivered < r.claimed:
		c.Verdict, c.Why = scanners.Partial, fmt.Sprintf("%d rows came, and the database counted %d", r.delivered, r.claimed)
		c.Gaps = append(c.Gaps, scanners.Gap{What: "rows", Count: scanners.Known(r.claimed - r.delivered), Cause: c.Why, Effect: "no conclusion rests on the absence of an account"})
	case r.delivered == 0 && !r.allowNone:
		c.Verdict, c.Why = scanners.Blind, "the statement delivers no row; a table that was not filled looks the same\nhint: if that is right, add `allow_empty: true`"
	case r.delivered > r.claimed:
		c.Verdict, c.Why = scanners.Consistent, fmt.Sprintf("read to the end; %d rows came, more than the %d that the database had counted before", r.delivered, r.claimed)
	default:
		c.Verdict, c.Why = scanners.Proved, "as many rows as the database counts for the same statement in the same transaction"
	}
}

// reasons lists why rows may be missing or wrong.
func (r *reading[R]) reasons() []string {
	all := append(slices.Clone(r.doubts), r.filled.doubts(&r.row)...)
	if r.unkeyedIsPartial && len(r.unkeyed) > 0 {
		all = append(all, fmt.Sprintf("%d rejected rows have no readable id: %s", len(r.unkeyed), named(r.unkeyed)))
	}
	if r.unkeyedIsPartial && len(r.repeated) > 0 {
		all = append(all, fmt.Sprintf("%d rows carry an id that another row has too, so it does not identify: %s", len(r.repeated), named(r.repeated)))
	}
	gone := int64(0)
	for _, e := range r.seen {
		if e.pass != r.pass || e.came < e.times {
			gone++
		}
	}
	if gone+r.changed > 0 {
		all = append(all, fmt.Sprintf("the connection was lost, and the data changed before it was read again: %d rows that were handed on are gone, %d are different", gone, r.changed))
	}
	return all
}

// named lists some places and says when there are more.
func named(all []string) string {
	const few = 5
	if len(all) > few {
		return strings.Join(all[:few], ", ") + " …"
	}
	return strings.Join(all, ", ")
}

// clock compares the clocks, where the database has one.
func (r *reading[R]) clock(ctx context.Context, h *readonly.Handle) error {
	ask := map[readonly.System]string{readonly.PostgreSQL: "SELECT clock_timestamp()", readonly.MySQL: "SELECT UTC_TIMESTAMP(6)",
		readonly.SQLServer: "SELECT SYSUTCDATETIME()"}[r.server.System]
	if ask == "" {
		return nil
	}
	now, err := one(ctx, h, ask)
	if err != nil {
		return r.failed(ctx, "ask the time of", err)
	}
	if skew := now.At.Sub(r.env.Now()); skew.Abs() > api.MaxSkew {
		why := fmt.Sprintf("the database's clock and this machine's differ by %v", skew.Round(time.Second))
		r.doubts = append(r.doubts, why)
		r.hold = append(r.hold, scanners.Gap{What: "times", Cause: why, Effect: "what was used before or after an end cannot be told", Hint: "let both keep time by NTP"})
	}
	return nil
}
