package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Page is one answer of a source that delivers its records in pages.
type Page struct {
	Records []json.RawMessage
	// Next is where the next page is; empty on the last one.
	Next string
	// Claimed is how many records the source says it holds in all, and ClaimedBy where it says so.
	Claimed   scanners.Fact[int64]
	ClaimedBy string
	// Overlaps says that the page is of a further list, which may hold what an earlier one held: that it brings nothing new is
	// then no sign of a server that repeats itself.
	Overlaps bool
	// Beyond says that the page lies behind the last record that the source counts. Some servers give a page again there: when it
	// brings nothing new, the list has ended, and After is where to go on in place of Next.
	Beyond bool
	After  string
}

// Defect says what makes a record unusable. Decode functions return it as their error.
type Defect struct {
	// ID and Keys are what is readable of the record's identity; see [scanners.Rejection].
	ID     string
	Keys   []string
	Field  string
	Reason string
}

// Error names field and reason.
func (d *Defect) Error() string { return d.Field + ": " + d.Reason }

// Walk is a scan in pages. Its fields are set by the connector.
type Walk[R scanners.Record] struct {
	Env scanners.Env
	// Query is the question that is asked, for the coverage.
	Query string
	// Fetch gets the page at a place, "" for the first. It returns an error when it did not get it after all tries.
	Fetch func(ctx context.Context, place string) (Page, error)
	// Decode reads one record. A [*Defect] rejects the record and nothing else; any other error ends the scan. What is
	// returned without an id is no record of this source, such as a group among the users, and is left out.
	Decode func(raw json.RawMessage) (R, error)
	// Key tells records apart that may share an id, such as two rows of one person; nil for the id.
	Key func(R) string
	// Skew is by how much the server's clock is ahead; nil when nobody knows.
	Skew func() time.Duration
	// Offsets says that pages are counted off, so that a record removed during the scan lets another slip from one page to the
	// one before, unseen: then the number of records must not change meanwhile.
	Offsets bool
	// MaxPages ends a scan that does not come to an end; 0 for a million.
	MaxPages int64

	last *walking[R]
}

// Met reports whether the scan that ended last came across a record of this id.
func (w *Walk[R]) Met(id string) bool {
	if w.last == nil {
		return false
	}
	_, met := w.last.ids[maphash.String(w.last.seed, id)]
	return met
}

// stalePages is how many pages in a row may hold nothing but records that came before: one page delivered twice is a fault that
// passes, but a server that ignores where it is asked to go on from repeats itself for ever.
const stalePages = 3

// Scan reads every page. It is what a connector's Scan returns, after what it adds to the coverage.
func (w *Walk[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	s := &walking[R]{Walk: w, emit: emit, places: map[string]bool{"": true}, seed: maphash.MakeSeed(), ids: map[uint64]uint32{}}
	s.c = scanners.Coverage{Query: w.Query, Why: "the scan was broken off"}
	w.last = s
	err := s.run(ctx)
	if err != nil {
		s.c.Verdict = scanners.Blind
		if s.emitted > 0 {
			s.c.Verdict = scanners.Partial
		}
		return s.c, err
	}
	s.conclude()
	return s.c, nil
}

type walking[R scanners.Record] struct {
	*Walk[R]
	c       scanners.Coverage
	emit    func(R) error
	emitted int64
	others  int64 // what is no record of this source
	stale   int   // pages in a row without a record that is new
	places  map[string]bool
	// ids are hashes of the ids that came, each with a hash of its record: two of a million share theirs by chance once in
	// forty million scans, and the source would then be called partial, never complete.
	seed    maphash.Seed
	ids     map[uint64]uint32
	again   int64 // records that came twice
	changed int64 // those among them that had changed
	low     int64 // smallest and largest number that the source claimed
	high    int64
	missing []string
}

func (s *walking[R]) run(ctx context.Context) error {
	most := s.MaxPages
	if most == 0 {
		most = 1_000_000
	}
	for place := ""; ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		page, err := s.Fetch(ctx, place)
		if err != nil {
			return fmt.Errorf("page %d: %w", s.c.Pages+1, err)
		}
		s.c.Pages++
		s.claim(page)
		before := s.c.Read + s.others
		for i, raw := range page.Records {
			if err := s.record(ctx, i, raw); err != nil {
				return err
			}
		}
		fresh := s.c.Read+s.others > before
		if s.stale++; len(page.Records) == 0 || page.Overlaps || fresh {
			s.stale = 0
		}
		if page.Beyond && !fresh {
			page.Next, s.stale = page.After, 0
		}
		switch place = page.Next; {
		case place == "":
			return nil
		case s.stale >= stalePages:
			s.short("pages", fmt.Sprintf("the last %d pages brought nothing but records that had come before", s.stale))
			return nil
		case s.places[place]:
			s.short("pages", fmt.Sprintf("page %d leads back to one that was read before", s.c.Pages))
			return nil
		case s.c.Pages >= most:
			s.short("pages", fmt.Sprintf("there is no end after %d pages", s.c.Pages))
			return nil
		}
		s.places[place] = true
	}
}

// short notes that something is known to be missing.
func (s *walking[R]) short(what, cause string) {
	s.missing = append(s.missing, cause)
	s.c.Gaps = append(s.c.Gaps, scanners.Gap{What: what, Cause: cause, Effect: "no conclusion rests on the absence of an account"})
}

func (s *walking[R]) claim(p Page) {
	n, ok := p.Claimed.Get()
	if !ok {
		return
	}
	if s.c.ClaimedBy == "" {
		s.low, s.high = n, n
	}
	s.low, s.high, s.c.ClaimedBy = min(s.low, n), max(s.high, n), p.ClaimedBy
	s.c.Claimed = p.Claimed
}

func (s *walking[R]) record(ctx context.Context, i int, raw json.RawMessage) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r, err := s.Decode(raw)
	var defect *Defect
	switch {
	case errors.As(err, &defect):
		if defect.ID != "" && s.twice(defect.ID, raw) {
			return nil
		}
		return s.reject(i, raw, defect)
	case err != nil:
		return err
	}
	id := idOf(&r)
	if id == "" {
		s.others++
		return nil
	}
	if s.Key != nil {
		id = s.Key(r)
	}
	if s.twice(id, raw) {
		return nil
	}
	s.c.Read++
	s.emitted++
	return s.emit(r)
}

func (s *walking[R]) reject(i int, raw json.RawMessage, d *Defect) error {
	s.c.Read++
	s.c.Rejected++
	if d.ID == "" {
		s.c.RejectedUnkeyed++
	}
	return s.Env.Reject(scanners.Rejection{Place: fmt.Sprintf("page %d record %d", s.c.Pages, i+1), ID: d.ID, Keys: d.Keys,
		Field: d.Field, Reason: d.Reason, Raw: string(raw)})
}

// twice reports whether the id came before.
func (s *walking[R]) twice(id string, raw json.RawMessage) bool {
	key, sum := maphash.String(s.seed, id), uint32(maphash.Bytes(s.seed, raw))
	before, again := s.ids[key]
	if !again {
		s.ids[key] = sum
		return false
	}
	s.again++
	if before != sum {
		s.changed++
	}
	return true
}

func idOf[R scanners.Record](r *R) string {
	switch r := any(r).(type) {
	case *scanners.Account:
		return r.ID
	case *scanners.Person:
		return r.ID
	}
	return ""
}
