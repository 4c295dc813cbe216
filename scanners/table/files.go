package table

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// expand resolves patterns into file names, each once, sorted within a pattern.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		found := []string{path}
		if _, err := os.Stat(path); err != nil && strings.ContainsAny(path, "*?[") {
			if found, err = filepath.Glob(path); err != nil {
				return nil, configError("write the pattern like exports/crm-*.csv", "path %q: %v", path, err)
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("no file fits %q\nhint: check that the export has run", path)
			}
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

// file is one data file while it is read.
type file struct {
	path   string
	shown  string // the name in places, when there are several files
	handle *os.File
	before fs.FileInfo
	digest hash.Hash
	ahead  *blocks // while a text file is read
	header bool    // rows could be read, so there is a header
	read   int64
	notes  notes
}

// fileReport is what one file gave.
type fileReport struct {
	path     string
	found    findings
	read     int64
	header   bool
	digest   string
	modified time.Time
	whole    bool   // read to its end
	why      string // what is missing when not
	notes    notes
}

func openFile(path string) (*file, error) {
	handle, err := os.Open(path)
	if err != nil {
		return nil, openError(err)
	}
	before, err := handle.Stat()
	if err == nil && !before.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		_ = handle.Close()
		return nil, err
	}
	return &file{path: path, handle: handle, before: before, digest: sha256.New()}, nil
}

// openError tells what to do about a file that does not open.
func openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no such file\nhint: paths are relative to the folder of leaver.yaml; check path: and that the export has run")
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("permission denied\nhint: let the user that runs leaver read it")
	}
	return err
}

func (f *file) close() {
	f.stop()
	_ = f.handle.Close()
}

// stop ends the reading ahead, so that handle and digest can be used.
func (f *file) stop() {
	if f.ahead != nil {
		f.ahead.stop()
		f.ahead = nil
	}
}

// rows opens the reader for the file's format.
func (f *file) rows(s *settings) (reader, error) {
	if f.before.Size() == 0 {
		return nil, errEmpty
	}
	format, packed := formatOf(f.path, s.format)
	switch format {
	case "xlsx":
		return openWhole(f, func() (reader, error) { return openXLSX(f.handle, f.before.Size(), s) })
	case "parquet":
		return openWhole(f, func() (reader, error) { return openParquet(f.handle, f.before.Size(), s) })
	}
	f.ahead = newBlocks(f.handle, f.digest)
	var src io.Reader = f.ahead
	if packed {
		unpacked, err := gzip.NewReader(src)
		if err != nil {
			return nil, broken("it is not a gzip file: %v", err)
		}
		src = unpacked
	}
	src = &endReader{src}
	switch format {
	case "csv":
		return openCSV(src, s)
	case "json", "jsonl":
		return openJSON(src, s, format == "jsonl")
	}
	return nil, configError("name it with `format: csv` (or xlsx, json, jsonl, parquet)", "the name %q does not tell the format", filepath.Base(f.path))
}

// openWhole takes the digest of a file whose parts are read in any order, then opens it.
func openWhole(f *file, open func() (reader, error)) (reader, error) {
	if _, err := io.Copy(f.digest, f.handle); err != nil {
		return nil, err
	}
	return open()
}

// formatOf tells the format from the file's name unless it is declared. The second result says that it is gzipped.
func formatOf(path, declared string) (string, bool) {
	name, packed := strings.CutSuffix(strings.ToLower(path), ".gz")
	if declared != "" {
		return declared, packed
	}
	switch filepath.Ext(name) {
	case ".csv", ".tsv", ".txt", ".tab", ".psv":
		return "csv", packed
	case ".xlsx", ".xlsm":
		return "xlsx", packed
	case ".json":
		return "json", packed
	case ".jsonl", ".ndjson":
		return "jsonl", packed
	case ".parquet":
		return "parquet", packed
	}
	return "", packed
}

// endReader turns the unexpected end of a packed stream into a *brokenError.
type endReader struct{ src io.Reader }

func (r *endReader) Read(b []byte) (int, error) {
	n, err := r.src.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		err = broken("the packed file breaks off: %v", err)
	}
	return n, err
}

// broken is the report of a file whose reading was given up.
func (f *file) broken() fileReport {
	return fileReport{path: f.path, read: f.read, header: f.header, modified: f.before.ModTime(), notes: f.notes, why: "reading was given up"}
}

// finish makes the report of a file that was read to its end, or to where it breaks off. A file that changed meanwhile
// was still being written.
func (f *file) finish(found findings, broke *brokenError) (fileReport, error) {
	f.stop()
	if found.openEnded {
		f.notes.add(note{openEnded, "", ""})
	}
	report := f.broken()
	report.found, report.why, report.whole = found, "", broke == nil
	if broke != nil {
		report.why = broke.why
	}
	// A packed stream may end before the file does.
	if _, err := io.Copy(f.digest, f.handle); err != nil {
		return report, fmt.Errorf("read %q: %w", f.path, err)
	}
	report.digest = hex.EncodeToString(f.digest.Sum(nil))
	after, err := f.handle.Stat()
	if err != nil {
		return report, fmt.Errorf("read %q: %w", f.path, err)
	}
	if after.Size() != f.before.Size() || !after.ModTime().Equal(f.before.ModTime()) {
		report.whole, report.why = false, "it changed while it was read"
	}
	return report, nil
}
