package runstore

import (
	"os"
	"strings"
	"testing"
)

func TestVerifyFindsEveryChange(t *testing.T) {
	tests := []struct {
		name   string
		change func(f *Folder) error
		want   string
	}{
		{"one byte", func(f *Folder) error { return flip(f.Path("report.xlsx")) }, `"report.xlsx" is not what the run sealed`},
		{"a longer file", func(f *Folder) error { return os.WriteFile(f.Path("report.xlsx"), []byte("a report!"), 0o600) }, "has 9 bytes"},
		{"a missing file", func(f *Folder) error { return os.Remove(f.Path("inputs/leaver.yaml")) }, `"inputs/leaver.yaml" is missing`},
		{"a further file", func(f *Folder) error { return os.WriteFile(f.Path("x"), nil, 0o600) }, `"x" is not listed`},
		{"the manifest", func(f *Folder) error { return flip(f.Path(manifestName)) }, "the manifest is not the one"},
		{"the folder", func(f *Folder) error { return os.RemoveAll(f.Dir()) }, "is gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openStore(t, privateDir(t))
			lock(t, s)
			r := newRun(t, s, 1)
			writeFile(t, r, "report.xlsx", "a report")
			writeFile(t, r, "inputs/leaver.yaml", "organisation: x")
			accept(t, r, commitOf(t, 1))
			if err := s.Verify(ctx, "run-01"); err != nil {
				t.Fatal(err)
			}
			if err := test.change(r.Folder); err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(ctx, "run-01"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func writeFile(t testing.TB, r *Run, name, text string) {
	t.Helper()
	f, err := r.CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func flip(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	return os.WriteFile(path, text, 0o600)
}

func TestManifestsFormAChain(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	accept(t, newRun(t, s, 1), Commit{})
	accept(t, newRun(t, s, 2), Commit{})
	folder, err := s.Folder(ctx, "run-02")
	if err != nil {
		t.Fatal(err)
	}
	m, err := folder.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := s.Run(ctx, "run-01")
	if m.Previous != "run-01" || m.PreviousDigest != first.ManifestDigest || m.Tool != "leaver test" || !m.AsOf.Equal(night(2)) {
		t.Errorf("%+v", m)
	}
	if _, err := s.db.Exec(`UPDATE runs SET manifest = 'other' WHERE id = 'run-01'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, "run-02"); err == nil || !strings.Contains(err.Error(), "the chain is broken") {
		t.Errorf("%v", err)
	}
}

func TestFilesOfARun(t *testing.T) {
	r := newRun(t, nil, 1)
	for _, name := range []string{"", ".", "../x", "/x", "a/../b", "a//b", "x.tmp", "a/./b"} {
		if f, err := r.CreateFile(name); err == nil {
			f.Discard()
			t.Errorf("file %q was created", name)
		}
	}
	writeFile(t, r, "report.xlsx", "x")
	if _, err := r.CreateFile("report.xlsx"); err == nil {
		t.Error("a file was created twice")
	}
	open, err := r.CreateFile("half")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(Meta{}); err == nil || !strings.Contains(err.Error(), `"half" is not finished`) {
		t.Errorf("sealed with an unfinished file: %v", err)
	}
	if err := r.Accept(ctx, Commit{}); err == nil {
		t.Error("accepted without a seal")
	}
	open.Discard()
	if err := open.Close(); err == nil {
		t.Error("a discarded file was closed without an error")
	}
	if err := r.Seal(Meta{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateFile("late"); err == nil {
		t.Error("a file was added after the seal")
	}
}
