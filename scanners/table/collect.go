package table

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// maxNamed is how many examples a message names.
const maxNamed = 5

// collector receives the items of a scan in the caller's goroutine, emits them and counts.
type collector[R scanners.Record] struct {
	*source[R]
	emit      func([]R) error
	read      int64
	emitted   int64
	rejected  int64
	unkeyed   int64
	unkeyedAt []string
	ids       ids
	hashes    [batch]uint64 // of the ids of the batch at hand, once most ids need one
	repeated  int64         // ids that occur again with another row
	examples  []string      // of such ids
	notes     notes
	held      holder[R] // nil where every row is a record
	heldWhy   string    // what the records were made of
}

func newCollector[R scanners.Record](s *source[R], emit func([]R) error) *collector[R] {
	c := &collector[R]{source: s, emit: emit, ids: ids{seed: s.seed}}
	if s.hold != nil {
		c.held = s.hold()
	}
	return c
}

// addAll takes a batch of items, in their order. Records that follow each other are emitted together.
func (c *collector[R]) addAll(batch *items[R]) error {
	if c.repeats != mayRepeat && c.held == nil && c.ids.mostHashed() {
		for i := range batch.n {
			c.hashes[i] = c.ids.hash(batch.rows[i].id)
			c.ids.hashed.touch(c.hashes[i])
		}
	}
	from := 0
	for i := range batch.n {
		good, err := c.add(&batch.rows[i], &batch.records[i], c.hashes[i])
		if err == nil && good {
			continue
		}
		if sent := c.send(batch.records[from:i]); sent != nil || err != nil {
			return cmp.Or(sent, err)
		}
		from = i + 1
	}
	return c.send(batch.records[from:batch.n])
}

func (c *collector[R]) send(records []R) error {
	if len(records) == 0 {
		return nil
	}
	c.emitted += int64(len(records))
	return c.emit(records)
}

// add counts one row, whose id has the hash or 0, and reports whether it is a record to emit.
func (c *collector[R]) add(it *item, record *R, hash uint64) (bool, error) {
	c.read++
	if c.held != nil {
		return false, c.hold(it, record)
	}
	if it.rejected == nil && c.repeats != mayRepeat {
		again, same := c.ids.see(it.id, hash, it.sum)
		switch {
		case again && same:
			// It delivers nothing that was not delivered before.
			c.read--
			c.notes.add(note{sameRow, "", ""})
			return false, nil
		case again:
			c.name(it)
			if c.repeats == rejectRepeated {
				it.rejected = &scanners.Rejection{Place: it.at.String(), ID: it.id, Raw: it.raw, Field: c.want[0],
					Reason: fmt.Sprintf("the id %q was there before, with other data", it.id)}
			}
		}
	}
	if it.rejected != nil {
		return false, c.reject(it)
	}
	return true, nil
}

func (c *collector[R]) name(it *item) {
	if c.repeated++; len(c.examples) < maxNamed {
		c.examples = append(c.examples, fmt.Sprintf("%q (%s)", it.id, it.at))
	}
}

func (c *collector[R]) reject(it *item) error {
	c.rejected++
	if it.rejected.ID == "" {
		if c.unkeyed++; len(c.unkeyedAt) < maxNamed {
			c.unkeyedAt = append(c.unkeyedAt, it.rejected.Place)
		}
	}
	c.notes.addFirst(note{rejectedRow, it.rejected.Field, ""}, it.rejected.Place+": "+it.rejected.Reason)
	if c.env.Reject == nil {
		return nil
	}
	return c.env.Reject(*it.rejected)
}

// coverage is the verdict on what was read.
func (c *collector[R]) coverage(files []string, reports []fileReport, failed error) scanners.Coverage {
	v := scanners.Coverage{Read: c.read, Rejected: c.rejected, RejectedUnkeyed: c.unkeyed, Pages: int64(len(reports)),
		Query: c.query(files, reports)}
	for i := range reports {
		c.notes.merge(&reports[i].notes)
		if at := reports[i].modified; !at.IsZero() && (!v.ProducedAt.IsKnown() || at.Before(v.ProducedAt.Value)) {
			// The oldest file tells how old the whole may be.
			v.ProducedAt = scanners.Known(at.UTC())
		}
	}
	if len(files) == 1 && len(reports) == 1 {
		v.Digest = reports[0].digest
	}
	v.Gaps = c.notes.gaps()
	if failed != nil || len(reports) < len(files) {
		v.Verdict, v.Why = scanners.Partial, "reading was given up before the end"
		if c.read == 0 {
			v.Verdict = scanners.Blind
		}
		return v
	}
	c.judge(&v, reports)
	return v
}

// judge finds the verdict on files that were all read to where they end or break off.
func (c *collector[R]) judge(v *scanners.Coverage, reports []fileReport) {
	total := c.control(v, reports)
	if c.read == 0 {
		c.judgeEmpty(v, reports, total)
	} else {
		v.Verdict, v.Why = scanners.Consistent, fmt.Sprintf("%s read to the end, every row of the same shape; nothing in it says how many rows there should be", fileCount(reports))
	}
	if total.proved != "" && v.Verdict == scanners.Consistent {
		v.Verdict, v.Why = scanners.Proved, total.proved
	}
	if c.heldWhy != "" {
		// A count of rows says nothing about the number of employments.
		v.Why, v.Claimed, v.ClaimedBy = v.Why+"; "+c.heldWhy, scanners.Fact[int64]{}, ""
	}
	for _, doubt := range append(c.doubts(reports), c.notes.people.doubts(c.mustFill, c.want, c.optional)...) {
		v.Worsen(scanners.Partial, doubt)
	}
	if total.wrong != "" {
		v.Worsen(scanners.Partial, total.wrong)
	}
	if c.rejected > 0 && c.rejected == c.read {
		v.Worsen(scanners.Blind, "not one row could be used: the mapping does not fit the file")
	} else if c.rejected*2 > c.read {
		v.Worsen(scanners.Partial, "more rows were rejected than read: the mapping does not fit the file")
	}
}

// judgeEmpty judges files without any row. They are believed only when something says that there is none.
func (c *collector[R]) judgeEmpty(v *scanners.Coverage, reports []fileReport, total control) {
	headers := !slices.ContainsFunc(reports, func(r fileReport) bool { return !r.header })
	switch {
	case total.proved != "":
		v.Verdict, v.Why = scanners.Proved, total.proved
	case headers && c.allowNone:
		v.Verdict, v.Why = scanners.Consistent, "no row, which allow_empty declares to be possible"
	case headers:
		v.Why = "no row below the header; an export that failed looks the same\nhint: if that is right, add `allow_empty: true`"
	default:
		v.Why = "the file is empty"
	}
}

// doubts lists why rows may be missing.
func (c *collector[R]) doubts(reports []fileReport) []string {
	var all []string
	for _, r := range reports {
		for _, why := range append(slices.Clone(r.found.doubts), r.why) {
			if why != "" {
				all = append(all, fmt.Sprintf("%q: %s", filepath.Base(r.path), why))
			}
		}
	}
	if c.repeats == mustNotRepeat && c.repeated > 0 {
		all = append(all, fmt.Sprintf("%d rows carry an id that another row has too, so it does not identify: %s", c.repeated, named5(c.examples, c.repeated)))
	}
	if c.unkeyedIsPartial && c.unkeyed > 0 {
		all = append(all, fmt.Sprintf("%d rejected rows have no readable id: %s", c.unkeyed, named5(c.unkeyedAt, c.unkeyed)))
	}
	return all
}

// named5 lists examples and says when there are more.
func named5(examples []string, of int64) string {
	text := strings.Join(examples, ", ")
	if int64(len(examples)) < of {
		text += " …"
	}
	return text
}

func fileCount(reports []fileReport) string {
	if len(reports) == 1 {
		return "the file was"
	}
	return fmt.Sprintf("%d files were", len(reports))
}

// query is the question in words: which files, sheets and columns.
func (c *collector[R]) query(files []string, reports []fileReport) string {
	var b strings.Builder
	for i, path := range files {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 20 {
			fmt.Fprintf(&b, "and %d more", len(files)-i)
			break
		}
		b.WriteString(path)
		if i < len(reports) && reports[i].found.sheet != "" {
			fmt.Fprintf(&b, " sheet %q", reports[i].found.sheet)
		}
	}
	fmt.Fprintf(&b, " columns %s", strings.Join(c.want, ", "))
	return b.String()
}
