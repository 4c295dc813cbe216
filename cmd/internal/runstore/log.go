package runstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/leaver-audit/leaver/policies"
)

// Entry is one record of the audit log before it is written.
type Entry struct {
	// At is the wall clock of the run or command, By its operator, Event what happened: "run.accepted", "clock.started", …
	At    time.Time
	By    string
	Event string
	// Run, Finding, Rule and Manifest (the SHA-256 of a run's manifest) point to what it is about. Reason says why, and must
	// name no person.
	Run, Finding, Rule, Manifest, Reason string
	// Facts are kept beside the record, which holds a salted hash of them; nil for none.
	Facts any
}

// record is the text of a record: JSON with its keys in order and no white space.
type record struct {
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
	Event    string    `json:"event"`
	Facts    string    `json:"facts_sha256,omitempty"`
	Finding  string    `json:"finding,omitempty"`
	Manifest string    `json:"manifest_sha256,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Rule     string    `json:"rule,omitempty"`
	Run      string    `json:"run,omitempty"`
}

// The events that verification looks for. Those of clocks are eventClock and the change.
const (
	eventBegun   = "log.begun"
	eventRun     = "run."
	eventClock   = "clock."
	clockCarried = eventClock + "carried"
	clockClosed  = eventClock + string(policies.Closed)
)

// marshal writes JSON as it stands in the log.
func marshal(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}

// factsHash binds facts to a record.
func factsHash(salt []byte, facts string) string {
	sum := sha256.Sum256(append(bytes.Clone(salt), facts...))
	return hex.EncodeToString(sum[:])
}

// logWriter adds records to the log within one transaction.
type logWriter struct {
	ctx                        context.Context
	tx                         *sql.Tx
	size                       int64
	insert, insertHash, lookup *sql.Stmt
}

// openLog begins to add records to the audit log, in the transaction of the change that they tell of. A log that is empty
// begins at the given time.
func openLog(ctx context.Context, tx *sql.Tx, at time.Time) (*logWriter, error) {
	w := &logWriter{ctx: ctx, tx: tx}
	var err error
	if w.size, err = logSize(ctx, tx); err != nil {
		return nil, err
	}
	for _, prepared := range []struct {
		into  **sql.Stmt
		query string
	}{{&w.insert, `INSERT INTO log_records (n, record, salt, facts) VALUES (?, ?, ?, ?)`},
		{&w.insertHash, `INSERT INTO log_hashes (i, hash) VALUES (?, ?)`}, {&w.lookup, `SELECT hash FROM log_hashes WHERE i = ?`}} {
		// The transaction closes them.
		if *prepared.into, err = tx.PrepareContext(ctx, prepared.query); err != nil {
			return nil, err
		}
	}
	if w.size == 0 {
		err = w.begin(at)
	}
	return w, err
}

// addAll adds records in order.
func (w *logWriter) addAll(entries []Entry) error {
	for _, e := range entries {
		if err := w.add(e); err != nil {
			return fmt.Errorf("audit log: record %d (%s): %w", w.size, e.Event, err)
		}
	}
	return nil
}

// begin names the log and records the clocks that ran before there was one.
func (w *logWriter) begin(at time.Time) error {
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	if _, err := w.tx.ExecContext(w.ctx, `INSERT INTO log (one, origin) VALUES (1, ?)`, "leaver-audit-log/"+hex.EncodeToString(id)); err != nil {
		return err
	}
	if err := w.add(Entry{At: at, Event: eventBegun}); err != nil {
		return err
	}
	clocks, err := readClocks(w.ctx, w.tx)
	if err != nil {
		return err
	}
	for _, c := range clocks {
		if err := w.add(Entry{At: at, Event: clockCarried, Finding: c.Finding, Rule: c.Rule, Reason: "it ran before there was a log", Facts: c}); err != nil {
			return err
		}
	}
	return nil
}

func (w *logWriter) add(e Entry) error {
	r := record{At: e.At.UTC(), By: e.By, Event: e.Event, Finding: e.Finding, Manifest: e.Manifest, Reason: e.Reason, Rule: e.Rule, Run: e.Run}
	var salt []byte
	var facts any
	if e.Facts != nil {
		text, err := marshal(e.Facts)
		if err != nil {
			return err
		}
		salt = make([]byte, 16)
		if _, err := rand.Read(salt); err != nil {
			return err
		}
		r.Facts, facts = factsHash(salt, text), text
	}
	text, err := marshal(r)
	if err != nil {
		return err
	}
	if _, err := w.insert.ExecContext(w.ctx, w.size, text, salt, facts); err != nil {
		return err
	}
	hashes, err := tlog.StoredHashes(w.size, []byte(text), tlog.HashReaderFunc(w.read))
	if err != nil {
		return err
	}
	first := tlog.StoredHashIndex(0, w.size)
	for i, hash := range hashes {
		if _, err := w.insertHash.ExecContext(w.ctx, first+int64(i), hash[:]); err != nil {
			return err
		}
	}
	w.size++
	return nil
}

func (w *logWriter) read(indexes []int64) ([]tlog.Hash, error) {
	return readHashes(indexes, func(i int64) *sql.Row { return w.lookup.QueryRowContext(w.ctx, i) })
}

func readHashes(indexes []int64, row func(int64) *sql.Row) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for n, i := range indexes {
		var hash []byte
		if err := row(i).Scan(&hash); err != nil || len(hash) != tlog.HashSize {
			return nil, errors.Join(fmt.Errorf("audit log: hash %d cannot be read", i), err)
		}
		copy(hashes[n][:], hash)
	}
	return hashes, nil
}

func logSize(ctx context.Context, db querier) (int64, error) {
	var size int64
	err := db.QueryRowContext(ctx, `SELECT ifnull(max(n) + 1, 0) FROM log_records`).Scan(&size)
	return size, err
}

// Checkpoint is the state of the audit log at one moment.
type Checkpoint struct {
	// Origin names the log, Size is the number of its records, Root the hash of its tree.
	Origin string
	Size   int64
	Root   tlog.Hash
	// Text is the checkpoint as text in the C2SP form (tlog-checkpoint), signed when a key is configured.
	Text string
}

// RootText is the hash of the tree in base64, as checkpoints write it.
func (c Checkpoint) RootText() string { return base64.StdEncoding.EncodeToString(c.Root[:]) }

func (c Checkpoint) body() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.RootText()) }

// ParseCheckpoint reads a checkpoint; it looks at no signature.
func ParseCheckpoint(text string) (Checkpoint, error) {
	c := Checkpoint{Text: text}
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return c, errors.New("a checkpoint has three lines: origin, size, root hash")
	}
	var err error
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return c, fmt.Errorf("size %q of a checkpoint is no number", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("root hash %q of a checkpoint cannot be read", lines[2])
	}
	copy(c.Root[:], root)
	if rest := lines[3]; rest != "" && rest[0] != '\n' || !strings.HasPrefix(text, c.body()) {
		return c, errors.New("a checkpoint ends after three lines, or goes on with an empty one and signatures")
	}
	return c, nil
}

// checkpoint describes the log as it is now; the zero value for an empty one.
func checkpoint(ctx context.Context, db querier, signer note.Signer) (Checkpoint, error) {
	var c Checkpoint
	var err error
	if c.Size, err = logSize(ctx, db); err != nil || c.Size == 0 {
		return c, err
	}
	if err := db.QueryRowContext(ctx, `SELECT origin FROM log`).Scan(&c.Origin); err != nil {
		return c, err
	}
	c.Root, err = tlog.TreeHash(c.Size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return readHashes(indexes, func(i int64) *sql.Row { return db.QueryRowContext(ctx, `SELECT hash FROM log_hashes WHERE i = ?`, i) })
	}))
	if err != nil {
		return c, err
	}
	c.Text = c.body()
	if signer != nil {
		signed, err := note.Sign(&note.Note{Text: c.Text}, signer)
		if err != nil {
			return c, fmt.Errorf("sign the checkpoint of the audit log: %w", err)
		}
		c.Text = string(signed)
	}
	return c, nil
}
