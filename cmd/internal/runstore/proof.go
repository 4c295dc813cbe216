package runstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
)

// proofSchema is the version of the form of a proof.
const proofSchema = 1

// Proof shows that a run made a finding, on which facts, and that nobody has changed either since: each step leads from a
// text to a hash in the next one, from the row of the finding to a checkpoint of the audit log. It holds everything that is
// needed to check it, and no other finding.
type Proof struct {
	Schema  int    `json:"schema"`
	Finding string `json:"finding"`
	Run     string `json:"run"`
	// Rows are the row of the report, with account, owner, verdict and decision, and what earlier runs knew of the finding.
	Rows []ProvenRow `json:"rows"`
	// Root is the file rows.root of the run, Manifest its manifest.json.
	Root     string `json:"rows_root"`
	Manifest string `json:"manifest"`
	// Record is the record of the audit log with which the run ended, RecordNumber its number, RecordProof the way from it to the
	// root of the checkpoint.
	Record       string           `json:"log_record"`
	RecordNumber int64            `json:"log_record_number"`
	RecordProof  tlog.RecordProof `json:"log_record_proof"`
	Checkpoint   string           `json:"checkpoint"`
}

// ProvenRow is one line of a file of the run, and the way from it to the root of rows.root.
type ProvenRow struct {
	File   string           `json:"file"`
	Number int64            `json:"number"`
	Text   string           `json:"text"`
	Proof  tlog.RecordProof `json:"proof"`
}

// ErrNoFinding is returned for a finding that the run did not make.
var ErrNoFinding = errors.New("no such finding")

// Prove makes the proof of a finding of a finished run. It leads to the given checkpoint, or to the first one after the run.
func (s *Store) Prove(ctx context.Context, folder *Folder, finding string, to *Checkpoint) (*Proof, error) {
	p := &Proof{Schema: proofSchema, Finding: finding, Run: folder.ID}
	if err := p.proveRows(folder); err != nil {
		return nil, err
	}
	manifest, err := os.ReadFile(folder.Path(manifestName))
	if err != nil {
		return nil, err
	}
	p.Manifest = string(manifest)
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, s.database("read the audit log", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	if err := p.proveRecord(ctx, tx, to); err != nil {
		return nil, s.database("read the audit log", err)
	}
	// What does not check is handed to nobody.
	if _, err := p.Check(nil); err != nil {
		return nil, fmt.Errorf("%w\nhint: \"leaver verify %s\" says what was changed", err, folder.ID)
	}
	return p, nil
}

// proveRows finds the lines of the finding.
func (p *Proof) proveRows(folder *Folder) error {
	root, err := os.ReadFile(folder.Path(rowsName))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("run %s: its rows were not sealed one by one\nhint: a run of an earlier version cannot be proved finding by finding; \"leaver verify\" checks it as a whole", p.Run)
	}
	if err != nil {
		return err
	}
	p.Root = string(root)
	t, err := folder.rowTree(func(file string, n int64, line []byte) error {
		id, err := findingOfLine(file, line)
		if err == nil && id == p.Finding {
			p.Rows = append(p.Rows, ProvenRow{File: file, Number: n, Text: string(line)})
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(p.Rows) == 0 || p.Rows[0].File != reportedName {
		return fmt.Errorf("run %s, finding %q: %w\nhint: \"leaver findings --json\" lists their ids", p.Run, p.Finding, ErrNoFinding)
	}
	for i := range p.Rows {
		if p.Rows[i].Proof, err = t.prove(p.Rows[i].Number); err != nil {
			return err
		}
	}
	return nil
}

// findingOfLine is the id of the finding that a line is about.
func findingOfLine(file string, line []byte) (string, error) {
	if file == pastName {
		var past pastRow
		err := json.Unmarshal(line, &past)
		return past.Finding, err
	}
	row, err := rowOfLine(line)
	return row.ID(), err
}

func rowOfLine(line []byte) (reports.Row, error) {
	var stored storedRow
	if err := json.Unmarshal(line, &stored); err != nil {
		return reports.Row{}, err
	}
	return stored.row()
}

// proveRecord finds the record of the end of the run, and the way from it to the checkpoint.
func (p *Proof) proveRecord(ctx context.Context, tx *sql.Tx, to *Checkpoint) error {
	err := tx.QueryRowContext(ctx, `SELECT n, record FROM log_records WHERE record LIKE '%"event":"run.%' AND record LIKE ? ORDER BY n DESC LIMIT 1`,
		`%"run":"`+p.Run+`"%`).Scan(&p.RecordNumber, &p.Record)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("the end of run %s is not on record: it is older than the log", p.Run)
	}
	if err != nil {
		return err
	}
	if to == nil {
		if to, err = coveringCheckpoint(ctx, tx, p.RecordNumber); err != nil {
			return err
		}
	}
	if to.Size <= p.RecordNumber {
		return fmt.Errorf("the checkpoint covers %d records, the run ended with record %d\nhint: use one of this run or a later one", to.Size, p.RecordNumber)
	}
	p.Checkpoint = to.Text
	p.RecordProof, err = tlog.ProveRecord(to.Size, p.RecordNumber, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return readHashes(indexes, func(i int64) *sql.Row { return tx.QueryRowContext(ctx, `SELECT hash FROM log_hashes WHERE i = ?`, i) })
	}))
	return err
}

// coveringCheckpoint is the first checkpoint in the state that covers record n.
func coveringCheckpoint(ctx context.Context, tx *sql.Tx, n int64) (*Checkpoint, error) {
	var text string
	err := tx.QueryRowContext(ctx, `SELECT note FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1`, n).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errors.New("no checkpoint covers the run yet\nhint: the next accepted run leaves one")
	}
	if err != nil {
		return nil, err
	}
	c, err := ParseCheckpoint(text)
	return &c, err
}

// ParseProof reads a proof; it checks nothing but its form.
func ParseProof(text []byte) (*Proof, error) {
	var p Proof
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("no proof: %w", err)
	}
	if p.Schema != proofSchema {
		return nil, fmt.Errorf("a proof in schema %d, this version knows %d", p.Schema, proofSchema)
	}
	return &p, nil
}

// Proven is what a proof shows.
type Proven struct {
	Row reports.Row
	// Past is what earlier runs knew of the finding; nil when the run sealed nothing of it.
	Past *policies.Past
	// Manifest is that of the run; Checkpoint what the proof leads to, and SignedBy the name of the key whose signature of it was
	// checked, empty for none.
	Manifest   *Manifest
	Checkpoint Checkpoint
	SignedBy   string
}

// Check computes every step of the proof. verifier checks the signature of the checkpoint, which then has to be there; nil
// checks none, and the proof is then worth as much as the checkpoint is where else it is kept.
func (p *Proof) Check(verifier note.Verifier) (*Proven, error) {
	var out Proven
	for _, step := range []func(*Proven) error{p.checkRows, p.checkManifest, p.checkRecord} {
		if err := step(&out); err != nil {
			return nil, fmt.Errorf("proof of %s: %w", p.Finding, err)
		}
	}
	if verifier == nil {
		return &out, nil
	}
	if _, err := note.Open([]byte(p.Checkpoint), note.VerifierList(verifier)); err != nil {
		return nil, fmt.Errorf("proof of %s: the checkpoint is not signed with the key %q: %w", p.Finding, verifier.Name(), err)
	}
	out.SignedBy = verifier.Name()
	return &out, nil
}

// checkRows leads from the rows to rows.root.
func (p *Proof) checkRows(out *Proven) error {
	root, err := parseRowsRoot(p.Root)
	if err != nil {
		return err
	}
	for i, row := range p.Rows {
		if root.file(row.Number) != row.File {
			return fmt.Errorf("line %d is none of %s", row.Number, row.File)
		}
		if err := tlog.CheckRecord(row.Proof, root.size, root.root, row.Number, tlog.RecordHash([]byte(row.Text))); err != nil {
			return fmt.Errorf("line %d is not part of the rows of the run: %w", row.Number, err)
		}
		id, err := findingOfLine(row.File, []byte(row.Text))
		switch {
		case err != nil:
			return err
		case id != p.Finding:
			return fmt.Errorf("line %d is about the finding %s", row.Number, id)
		case i == 0 && row.File == reportedName:
			out.Row, err = rowOfLine([]byte(row.Text))
		case i == 1 && row.File == pastName:
			var past pastRow
			err = json.Unmarshal([]byte(row.Text), &past)
			out.Past = &past.Past
		default:
			err = fmt.Errorf("line %d of %s is out of place", row.Number, row.File)
		}
		if err != nil {
			return err
		}
	}
	if len(p.Rows) == 0 {
		return errors.New("it holds no row")
	}
	return nil
}

// checkManifest leads from rows.root to the manifest.
func (p *Proof) checkManifest(out *Proven) error {
	var err error
	if out.Manifest, err = parseManifest(p.Run, []byte(p.Manifest)); err != nil {
		return err
	}
	i := slices.IndexFunc(out.Manifest.Files, func(part Part) bool { return part.Name == rowsName })
	if i < 0 || out.Manifest.Files[i].SHA256 != hexSHA256(p.Root) {
		return fmt.Errorf("the manifest does not name this %s", rowsName)
	}
	return nil
}

// checkRecord leads from the manifest to the audit log and its checkpoint.
func (p *Proof) checkRecord(out *Proven) error {
	var r record
	if err := json.Unmarshal([]byte(p.Record), &r); err != nil {
		return fmt.Errorf("the record of the audit log cannot be read: %w", err)
	}
	if r.Event != eventRun+string(Accepted) && r.Event != eventRun+string(Kept) || r.Run != p.Run {
		return fmt.Errorf("the record of the audit log is not the end of run %s", p.Run)
	}
	if r.Manifest != hexSHA256(p.Manifest) {
		return errors.New("the manifest is not the one that the audit log names")
	}
	var err error
	if out.Checkpoint, err = ParseCheckpoint(p.Checkpoint); err != nil {
		return err
	}
	err = tlog.CheckRecord(p.RecordProof, out.Checkpoint.Size, out.Checkpoint.Root, p.RecordNumber, tlog.RecordHash([]byte(p.Record)))
	if err != nil {
		return fmt.Errorf("the record is not part of the audit log that the checkpoint covers: %w", err)
	}
	return nil
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
