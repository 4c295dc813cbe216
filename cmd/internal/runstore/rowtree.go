package runstore

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// rowsName is the file that binds every line of reported.jsonl.zst and past.jsonl.zst by itself: a Merkle tree over them, in the
// form of the audit log, so that one row can be proved without showing the others. It is text:
//
//	leaver-rows/1
//	reported.jsonl.zst 336
//	past.jsonl.zst 310
//	root 9Y2…=
//
// The lines of the files are the leaves, in this order, without their line feed.
const rowsName = "rows.root"

const rowsHeader = "leaver-rows/1"

// rowTree is the tree while its lines are written, or read again.
type rowTree struct {
	parts  []rowPart
	hashes []tlog.Hash
	size   int64
}

// rowPart is one file of the tree and the number of its lines.
type rowPart struct {
	name string
	rows int64
}

// begin starts the lines of a file.
func (t *rowTree) begin(name string) { t.parts = append(t.parts, rowPart{name: name}) }

// add appends a line of the file that was begun last.
func (t *rowTree) add(line []byte) error {
	hashes, err := tlog.StoredHashes(t.size, line, tlog.HashReaderFunc(t.read))
	if err != nil {
		return err
	}
	t.hashes = append(t.hashes, hashes...)
	t.size++
	t.parts[len(t.parts)-1].rows++
	return nil
}

func (t *rowTree) read(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for n, i := range indexes {
		hashes[n] = t.hashes[i]
	}
	return hashes, nil
}

// text is what the file rows.root holds.
func (t *rowTree) text() (string, error) {
	root, err := tlog.TreeHash(t.size, tlog.HashReaderFunc(t.read))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintln(&b, rowsHeader)
	for _, part := range t.parts {
		fmt.Fprintf(&b, "%s %d\n", part.name, part.rows)
	}
	fmt.Fprintf(&b, "root %s\n", base64.StdEncoding.EncodeToString(root[:]))
	return b.String(), nil
}

// prove returns the proof that line n is part of the tree.
func (t *rowTree) prove(n int64) (tlog.RecordProof, error) {
	return tlog.ProveRecord(t.size, n, tlog.HashReaderFunc(t.read))
}

// rowsRoot is a rows.root as it was read.
type rowsRoot struct {
	parts []rowPart
	size  int64
	root  tlog.Hash
}

func parseRowsRoot(text string) (rowsRoot, error) {
	var r rowsRoot
	lines := strings.Split(text, "\n")
	if len(lines) < 3 || lines[0] != rowsHeader || lines[len(lines)-1] != "" {
		return r, fmt.Errorf("%s is not of the form %s", rowsName, rowsHeader)
	}
	for _, line := range lines[1 : len(lines)-2] {
		name, number, _ := strings.Cut(line, " ")
		rows, err := strconv.ParseInt(number, 10, 64)
		if err != nil || rows < 0 {
			return r, fmt.Errorf("%s: %q is no number of lines", rowsName, line)
		}
		r.parts = append(r.parts, rowPart{name, rows})
		r.size += rows
	}
	encoded, last := strings.CutPrefix(lines[len(lines)-2], "root ")
	root, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !last || len(root) != tlog.HashSize {
		return r, fmt.Errorf("%s: the root hash cannot be read", rowsName)
	}
	copy(r.root[:], root)
	return r, nil
}

// file is the file in which line n of the tree stands.
func (r *rowsRoot) file(n int64) string {
	for _, part := range r.parts {
		if n < part.rows {
			return part.name
		}
		n -= part.rows
	}
	return ""
}

// writeRoot seals the tree of the lines that the run wrote; nothing for a run without any.
func (r *Run) writeRoot() error {
	if len(r.rows.parts) == 0 {
		return nil
	}
	text, err := r.rows.text()
	if err != nil {
		return err
	}
	file, err := r.CreateFile(rowsName)
	if err != nil {
		return err
	}
	_, _ = file.Write([]byte(text)) // Close returns the error
	return file.Close()
}

// rowTree computes the tree anew from the files. visit, which may be nil, is shown each line.
func (f *Folder) rowTree(visit func(file string, n int64, line []byte) error) (*rowTree, error) {
	t := &rowTree{}
	for _, name := range []string{reportedName, pastName} {
		if !f.Has(name) {
			continue
		}
		t.begin(name)
		for line, err := range readLines[json.RawMessage](f.Path(name)) {
			if err == nil && visit != nil {
				err = visit(name, t.size, *line)
			}
			if err == nil {
				err = t.add(*line)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// checkRoot compares the lines of the folder with their tree.
func (f *Folder) checkRoot(sealed string) error {
	t, err := f.rowTree(nil)
	if err != nil {
		return err
	}
	text, err := t.text()
	if err == nil && text != sealed {
		err = fmt.Errorf("the lines of %s and %s are not those that %s covers", reportedName, pastName, rowsName)
	}
	return err
}
