package runstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is the folder of one run, at work or finished.
type Folder struct {
	// ID is the id of the run.
	ID  string
	dir string
}

// Dir is the path of the folder.
func (f *Folder) Dir() string { return f.dir }

// Path is the path of one of its files.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Has reports whether the file is there.
func (f *Folder) Has(name string) bool {
	_, err := os.Stat(f.Path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

// The names of the files that this package writes.
const (
	manifestName = "manifest.json"
	verdictsName = "verdicts.parquet"
	reportedName = "reported.jsonl.zst"
	pastName     = "past.jsonl.zst"
	historyName  = "history.jsonl.zst"
	clocksName   = "clocks.jsonl.zst"
)

// AccountsName is the file of an account source's snapshot.
func AccountsName(source string) string { return "accounts-" + source + ".parquet" }

// PeopleName is the file of a people source's snapshot.
func PeopleName(source string) string { return "people-" + source + ".parquet" }

// RejectedName is the file of the records of a source that could not be used.
func RejectedName(source string) string { return "rejected-" + source + ".jsonl.zst" }
