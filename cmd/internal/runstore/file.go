package runstore

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
)

// File is one file of a run folder while it is written. It appears under its name only when Close succeeds, synced to
// disk; before that it is a hidden temporary beside it.
type File struct {
	run    *Run
	name   string
	disk   *os.File
	buffer *bufio.Writer
	hash   hash.Hash
	size   int64
	err    error
	closed bool
}

// temporary marks files that are not finished.
const temporary = ".tmp"

func createFile(run *Run, name string) (*File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if _, twice := run.files[name]; twice {
		return nil, fmt.Errorf("run %s: file %q is already there", run.ID, name)
	}
	path := filepath.Join(run.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, storage(err)
	}
	disk, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, storage(err)
	}
	return &File{run: run, name: name, disk: disk, buffer: bufio.NewWriterSize(disk, 64<<10), hash: sha256.New()}, nil
}

// checkName allows names such as "report.xlsx" and "inputs/leaver.yaml".
func checkName(name string) error {
	if !filepath.IsLocal(name) || name != filepath.ToSlash(filepath.Clean(name)) || name == "." ||
		filepath.Ext(name) == temporary {
		return fmt.Errorf("%q cannot be the name of a file of a run", name)
	}
	return nil
}

// Write implements io.Writer. After an error the file cannot be finished any more.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.buffer.Write(p)
	f.hash.Write(p[:n])
	f.size += int64(n)
	return n, f.fail(err)
}

// fail keeps the first error.
func (f *File) fail(err error) error {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("run %s: write %s: %w", f.run.ID, f.name, storage(err))
	}
	return f.err
}

// Close finishes the file: flush, sync, rename. After an earlier write error it removes the file and returns that error.
func (f *File) Close() error {
	if f.closed {
		return f.err
	}
	_ = f.fail(f.buffer.Flush())
	if f.err == nil {
		_ = f.fail(f.disk.Sync())
	}
	if f.err != nil {
		f.Discard()
		return f.err
	}
	f.closed = true
	if err := f.fail(f.disk.Close()); err != nil {
		return err
	}
	final := filepath.Join(f.run.dir, filepath.FromSlash(f.name))
	if err := f.fail(os.Rename(final+temporary, final)); err != nil {
		return err
	}
	f.run.keep(Part{Name: f.name, Size: f.size, SHA256: f.Digest()})
	return nil
}

// Discard gives the file up. It does nothing after Close.
func (f *File) Discard() {
	if f.closed {
		return
	}
	f.closed = true
	if f.err == nil {
		f.err = errors.New("the file was discarded")
	}
	_ = f.disk.Close()
	_ = os.Remove(f.disk.Name())
}

// Digest returns the SHA-256 of what was written, in hexadecimal.
func (f *File) Digest() string { return hex.EncodeToString(f.hash.Sum(nil)) }

// syncDir makes renames and removals in a folder last.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
