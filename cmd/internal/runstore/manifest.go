package runstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// manifestSchema is the version of the form of manifest.json.
const manifestSchema = 1

// Meta is what a manifest says of the run besides its files.
type Meta struct {
	// Tool is "leaver 1.2.3", Commit the revision it was built from, Operator and Host who ran it and where.
	Tool     string `json:"tool"`
	Commit   string `json:"commit,omitempty"`
	Operator string `json:"operator,omitempty"`
	Host     string `json:"host,omitempty"`
}

// Manifest lists every file of a run folder but itself.
type Manifest struct {
	Schema  int       `json:"schema"`
	Run     string    `json:"run"`
	AsOf    time.Time `json:"as_of"`
	Started time.Time `json:"started"`
	Meta
	// Previous is the accepted run before this one and the SHA-256 of its manifest, so that runs form a chain.
	Previous       string `json:"previous_run,omitempty"`
	PreviousDigest string `json:"previous_manifest_sha256,omitempty"`
	// Log is the checkpoint of the audit log as the run found it, signed when a key was configured.
	Log   string `json:"audit_log,omitempty"`
	Files []Part `json:"files"`
}

// Part is one file of a run folder.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Seal writes manifest.json. No file can be added afterwards. Every file must have been closed or discarded.
func (r *Run) Seal(meta Meta) error {
	m := Manifest{Schema: manifestSchema, Run: r.ID, AsOf: r.start.AsOf.UTC(), Started: r.start.Started.UTC(), Meta: meta}
	m.Log, r.operator = r.head.Text, meta.Operator
	if err := r.writeRoot(); err != nil {
		return fmt.Errorf("seal run %s: %w", r.ID, err)
	}
	if r.latest != nil {
		m.Previous, m.PreviousDigest = r.latest.ID, r.latest.ManifestDigest
	}
	r.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		m.Files = append(m.Files, r.files[name])
	}
	r.mu.Unlock()
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := checkFolder(r.Folder, m.Files); err != nil {
		return fmt.Errorf("seal run %s: %w", r.ID, err)
	}
	file, err := r.CreateFile(manifestName)
	if err != nil {
		return err
	}
	_, _ = file.Write(text) // Close returns the error
	if err := file.Close(); err != nil {
		return err
	}
	if err := syncTree(r.dir); err != nil {
		return fmt.Errorf("seal run %s: %w", r.ID, storage(err))
	}
	r.sealed = file.Digest()
	return nil
}

// syncTree makes the names in a folder, in its subfolders and its own name last.
func syncTree(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
	return errors.Join(err, syncDir(filepath.Dir(dir)))
}

// checkFolder compares the folder with a list of files by name and size.
func checkFolder(f *Folder, parts []Part) error {
	sizes := map[string]int64{}
	for _, part := range parts {
		sizes[part.Name] = part.Size
	}
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		size, listed := sizes[name]
		delete(sizes, name)
		switch info, err := entry.Info(); {
		case name == manifestName:
			return nil
		case err != nil:
			return err
		case strings.HasSuffix(name, temporary):
			return fmt.Errorf("file %q is not finished", strings.TrimSuffix(name, temporary))
		case !listed:
			return fmt.Errorf("file %q is not listed in the manifest", name)
		case info.Size() != size:
			return fmt.Errorf("file %q has %d bytes, not %d", name, info.Size(), size)
		}
		return nil
	})
	for name := range sizes {
		err = errors.Join(err, fmt.Errorf("file %q is missing", name))
	}
	return err
}

// Manifest reads manifest.json.
func (f *Folder) Manifest() (*Manifest, error) {
	text, err := os.ReadFile(f.Path(manifestName))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", f.ID, err)
	}
	return parseManifest(f.ID, text)
}

func parseManifest(run string, text []byte) (*Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("run %s: manifest: %w", run, err)
	}
	if m.Schema != manifestSchema || m.Run != run {
		return nil, fmt.Errorf("run %s: the manifest is of run %q in schema %d", run, m.Run, m.Schema)
	}
	return &m, nil
}

// Verify reads every file of a finished run again and compares it with the manifest, the manifest with the list of runs,
// and its predecessor's digest with the predecessor.
func (s *Store) Verify(ctx context.Context, id string) error {
	info, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	folder, err := s.Folder(ctx, id)
	if err != nil {
		return err
	}
	if err := s.verify(ctx, info, folder); err != nil {
		return fmt.Errorf("run %s does not verify: %w\nhint: the folder %q was changed after the run", id, err, folder.Dir())
	}
	return nil
}

func (s *Store) verify(ctx context.Context, info *Info, folder *Folder) error {
	text, err := os.ReadFile(folder.Path(manifestName))
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != info.ManifestDigest {
		return errors.New("the manifest is not the one that the run sealed")
	}
	m, err := parseManifest(info.ID, text)
	if err != nil {
		return err
	}
	if err := checkFolder(folder, m.Files); err != nil {
		return err
	}
	for _, part := range m.Files {
		if err := verifyPart(folder, part); err != nil {
			return err
		}
	}
	if sealed, err := os.ReadFile(folder.Path(rowsName)); err == nil {
		if err := folder.checkRoot(string(sealed)); err != nil {
			return err
		}
	}
	if m.Previous == "" {
		return nil
	}
	previous, err := s.Run(ctx, m.Previous)
	if err == nil && previous.ManifestDigest != m.PreviousDigest {
		err = fmt.Errorf("the chain is broken: run %s before it has another manifest", m.Previous)
	}
	return err
}

func verifyPart(folder *Folder, part Part) error {
	in, err := os.Open(folder.Path(part.Name))
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return fmt.Errorf("file %q: %w", part.Name, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != part.SHA256 {
		return fmt.Errorf("file %q is not what the run sealed", part.Name)
	}
	return nil
}
