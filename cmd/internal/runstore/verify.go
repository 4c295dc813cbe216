package runstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/leaver-audit/leaver/policies"
)

// LogCheck is what a verification of the audit log saw.
type LogCheck struct {
	// Checkpoint is the log as it is now.
	Checkpoint
	// Runs counts the runs whose end is on record, Purged the records whose facts a retention delete has removed.
	Runs, Purged int64
	// Checkpoints counts those that the state holds, Signed how many of them bear a signature that was checked.
	Checkpoints, Signed int64
}

// logCheck recomputes the log from its records.
type logCheck struct {
	LogCheck
	store    *Store
	verifier note.Verifier
	hashes   []tlog.Hash
	begun    time.Time
	// ended holds how each run ended, accepted those whose checkpoint was not seen yet, clocks the ledger as the records
	// tell it.
	ended    map[string]record
	accepted map[string]bool
	clocks   map[policies.ClockID]policies.Clock
	keeps    map[string]string
	// lifts are the lifted limits as the records tell them, by plan and limit.
	lifts    map[liftKey]string
	problems []error
}

// mostProblems bounds how many problems one verification names.
const mostProblems = 20

func (c *logCheck) fail(format string, args ...any) {
	if len(c.problems) < mostProblems {
		c.problems = append(c.problems, fmt.Errorf("audit log: "+format, args...))
	}
}

// VerifyLog recomputes the whole audit log and compares it with its hashes, its checkpoints, the list of runs and the grace
// clocks. against are older checkpoints, kept where the log cannot be changed: the log must contain what they cover. verifier
// checks their signatures; nil checks none.
func (s *Store) VerifyLog(ctx context.Context, verifier note.Verifier, against ...Checkpoint) (*LogCheck, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one moment of the state, while runs may go on
	if err != nil {
		return nil, s.database("verify the audit log", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	c := &logCheck{store: s, verifier: verifier, ended: map[string]record{}, accepted: map[string]bool{}, clocks: map[policies.ClockID]policies.Clock{}, keeps: map[string]string{}, lifts: map[liftKey]string{}}
	if err := c.records(ctx, tx); err != nil {
		return nil, s.database("verify the audit log", err)
	}
	if c.Size == 0 {
		return &c.LogCheck, errors.Join(c.problems...)
	}
	for _, step := range []func(context.Context, database) error{c.storedHashes, c.origin, c.checkpoints, c.runs, c.ledger, c.keepsAsTold, c.liftsAsTold} {
		if err := step(ctx, tx); err != nil {
			return nil, s.database("verify the audit log", err)
		}
	}
	for _, older := range against {
		c.contains("the checkpoint that was given", older)
		c.signature("the checkpoint that was given", older.Text)
	}
	return &c.LogCheck, errors.Join(c.problems...)
}

// database is the store's, or one transaction of it.
type database interface {
	querier
	queryer
}

// records reads every record and computes the tree anew.
func (c *logCheck) records(ctx context.Context, db database) error {
	rows, err := db.QueryContext(ctx, `SELECT n, record, salt, facts FROM log_records ORDER BY n`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var text string
		var salt []byte
		var facts *string
		if err := rows.Scan(&n, &text, &salt, &facts); err != nil {
			return err
		}
		if n != c.Size {
			c.fail("record %d is missing", c.Size)
			return rows.Err()
		}
		hashes, err := tlog.StoredHashes(n, []byte(text), tlog.HashReaderFunc(c.read))
		if err != nil {
			return err
		}
		c.hashes = append(c.hashes, hashes...)
		c.Size++
		c.one(n, text, salt, facts)
	}
	return rows.Err()
}

func (c *logCheck) read(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for n, i := range indexes {
		hashes[n] = c.hashes[i]
	}
	return hashes, nil
}

// one checks what a record says by itself and keeps what others are compared with.
func (c *logCheck) one(n int64, text string, salt []byte, facts *string) {
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		c.fail("record %d cannot be read: %v", n, err)
		return
	}
	switch {
	case facts == nil && r.Facts != "":
		c.Purged++
	case facts != nil && factsHash(salt, *facts) != r.Facts:
		c.fail("the facts of record %d (%s) are not those that it was written with", n, r.Event)
		return
	}
	switch r.Event {
	case eventBegun:
		c.begun = r.At
	case eventRun + string(Accepted), eventRun + string(Kept), eventRun + string(Refused):
		if _, twice := c.ended[r.Run]; twice {
			c.fail("record %d ends run %s a second time", n, r.Run)
		}
		c.ended[r.Run] = r
		if r.Event == eventRun+string(Accepted) {
			c.accepted[r.Run] = true
		}
		c.Runs++
	}
	if r.Event == eventKeepMade && facts != nil {
		c.keeps[r.Finding] = *facts
	}
	if r.Event == eventKeepEnded {
		delete(c.keeps, r.Finding)
	}
	if r.Event == eventLifted && facts != nil {
		c.lift(n, *facts)
	}
	if strings.HasPrefix(r.Event, eventClock) && facts != nil {
		c.clock(n, r, *facts)
	}
}

func (c *logCheck) lift(n int64, facts string) {
	var l policies.Lift
	if err := json.Unmarshal([]byte(facts), &l); err != nil {
		c.fail("the lift of record %d cannot be read: %v", n, err)
		return
	}
	c.lifts[liftKey{l.Plan, l.Limit}] = facts
}

// clock follows the ledger: what ran is carried, what is closed was there.
func (c *logCheck) clock(n int64, r record, facts string) {
	var clock policies.Clock
	if err := json.Unmarshal([]byte(facts), &clock); err != nil {
		c.fail("the clock of record %d cannot be read: %v", n, err)
		return
	}
	key := clock.ID()
	_, runs := c.clocks[key]
	starts := r.Event == clockCarried || r.Event == eventClock+string(policies.Started)
	if runs == starts && c.Purged == 0 {
		c.fail("record %d (%s) does not go on from the clock of %s under rule %q before it", n, r.Event, clock.Finding, clock.Rule)
	}
	c.clocks[key] = clock
	if r.Event == clockClosed {
		delete(c.clocks, key)
	}
}

// storedHashes compares the tree with what is stored of it.
func (c *logCheck) storedHashes(ctx context.Context, db database) error {
	rows, err := db.QueryContext(ctx, `SELECT i, hash FROM log_hashes ORDER BY i`)
	if err != nil {
		return err
	}
	defer rows.Close()
	next := int64(0)
	for rows.Next() {
		var i int64
		var hash []byte
		if err := rows.Scan(&i, &hash); err != nil {
			return err
		}
		if i != next || i >= int64(len(c.hashes)) || tlog.Hash(append(hash, make([]byte, tlog.HashSize)...)[:tlog.HashSize]) != c.hashes[i] {
			c.fail("hash %d does not fit the records", i)
		}
		next = i + 1
	}
	if next != int64(len(c.hashes)) {
		c.fail("%d hashes are stored, the records have %d", next, len(c.hashes))
	}
	return rows.Err()
}

func (c *logCheck) origin(ctx context.Context, db database) error {
	err := db.QueryRowContext(ctx, `SELECT origin FROM log`).Scan(&c.Origin)
	if err != nil {
		return err
	}
	c.Root, err = tlog.TreeHash(c.Size, tlog.HashReaderFunc(c.read))
	c.Text = c.body()
	return err
}

// checkpoints compares the log with the checkpoints that its runs left in the state.
func (c *logCheck) checkpoints(ctx context.Context, db database) error {
	rows, err := db.QueryContext(ctx, `SELECT run, size, note FROM checkpoints ORDER BY run`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var run, text string
		var size int64
		if err := rows.Scan(&run, &size, &text); err != nil {
			return err
		}
		name := "the checkpoint of run " + run
		kept, err := ParseCheckpoint(text)
		if err == nil && kept.Size != size {
			err = fmt.Errorf("it is of %d records, not of %d", kept.Size, size)
		}
		if err != nil {
			c.fail("%s cannot be read: %v", name, err)
			continue
		}
		if !c.accepted[run] {
			c.fail("%s belongs to no accepted run", name)
		}
		delete(c.accepted, run)
		c.Checkpoints++
		c.contains(name, kept)
		c.signature(name, text)
	}
	for _, run := range slices.Sorted(maps.Keys(c.accepted)) {
		c.fail("the checkpoint of run %s is missing", run)
	}
	return rows.Err()
}

// contains checks that the log goes on from an older checkpoint of it.
func (c *logCheck) contains(name string, older Checkpoint) {
	switch {
	case older.Origin != c.Origin:
		c.fail("%s is of another log, %q", name, older.Origin)
	case older.Size > c.Size:
		c.fail("%s covers %d records, the log has %d: records are missing", name, older.Size, c.Size)
	case older.Size == 0:
	default:
		root, err := tlog.TreeHash(older.Size, tlog.HashReaderFunc(c.read))
		if err != nil || root != older.Root {
			c.fail("the first %d records are not those that %s covers", older.Size, name)
		}
	}
}

// signature checks the signature of a checkpoint that bears one, as far as the key is known.
func (c *logCheck) signature(name, text string) {
	if c.verifier == nil {
		return
	}
	_, err := note.Open([]byte(text), note.VerifierList(c.verifier))
	var unknown *note.UnverifiedNoteError
	switch {
	case err == nil:
		c.Signed++
	case errors.As(err, &unknown):
		c.fail("%s is signed, but not with the key %q", name, c.verifier.Name())
	case unsigned(text):
	default:
		c.fail("the signature of %s does not fit: %v", name, err)
	}
}

// unsigned reports whether text is a checkpoint without any signature.
func unsigned(text string) bool {
	c, err := ParseCheckpoint(text)
	return err == nil && text == c.body()
}

// runs compares the list of runs with the records of their ends.
func (c *logCheck) runs(ctx context.Context, db database) error {
	rows, err := db.QueryContext(ctx, `SELECT id, status, manifest, ifnull(ended, '') FROM runs
		WHERE status IN ('accepted', 'kept', 'refused') ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, manifest, ended string
		var status Status
		if err := rows.Scan(&id, &status, &manifest, &ended); err != nil {
			return err
		}
		r, known := c.ended[id]
		delete(c.ended, id)
		at, err := parseOptional(ended)
		switch {
		case err != nil:
			return err
		case !known && at.Before(c.begun): // it ended before there was a log
		case !known:
			c.fail("run %s is not on record", id)
		case r.Manifest != manifest || r.Event != eventRun+string(status):
			c.fail("run %s is on record as %q with another manifest or status", id, r.Event)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.ended)) {
		c.fail("run %s is on record, and not in the list of runs", id)
	}
	return rows.Err()
}

// ledger compares the grace clocks with what the records say became of them. Once facts were purged they cannot tell.
func (c *logCheck) ledger(ctx context.Context, db database) error {
	stored, err := readClocks(ctx, db)
	if err != nil || c.Purged > 0 {
		return err
	}
	for _, is := range stored {
		key := is.ID()
		told, known := c.clocks[key]
		delete(c.clocks, key)
		if !known || !sameClock(told, is) {
			c.fail("the clock of %s under rule %q is not as the log tells", is.Finding, is.Rule)
		}
	}
	for _, told := range slices.SortedFunc(maps.Values(c.clocks), func(a, b policies.Clock) int { return a.Compare(&b) }) {
		c.fail("the clock of %s under rule %q is on record, and not in the ledger", told.Finding, told.Rule)
	}
	return nil
}

func sameClock(a, b policies.Clock) bool {
	return a.System == b.System && a.Account == b.Account && a.FirstSeen.Equal(b.FirstSeen) && a.Basis.Equal(b.Basis) &&
		a.DueAt.Equal(b.DueAt) && a.End.Equal(b.End) && a.PausedAt.Equal(b.PausedAt) && a.DoneAt.Equal(b.DoneAt) &&
		a.ToldAt.Equal(b.ToldAt) && a.ToldTo == b.ToldTo
}
