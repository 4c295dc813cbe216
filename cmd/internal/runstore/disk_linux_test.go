package runstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of two megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=2m,mode=700"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot mount a small file system: %v", err)
		}
		t.Skipf("SKIPPED: cannot mount a small file system (%v); run as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A full disk stops a run with a message that says so, and the last accepted run stays what it was.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := openStore(t, filepath.Join(dir, "state"))
	lock(t, s)
	accept(t, newRun(t, s, 1), commitOf(t, 3))

	r := newRun(t, s, 2)
	f, err := r.CreateFile("report.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	for range 4 {
		_, _ = f.Write(noise) // Close tells
	}
	err = f.Close()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "report.xlsx") || !strings.Contains(err.Error(), "hint: the disk is full") {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir(), "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	checkUnharmed(t, s)
	if err := r.Fail(ctx, Outcome{Ended: night(2), Exit: 1, Error: err.Error()}); err != nil {
		t.Error(err)
	}
	accept(t, newRun(t, s, 3), commitOf(t, 3))
}

func TestFullDiskAtSnapshotAndCommit(t *testing.T) {
	dir := smallDisk(t)
	s := openStore(t, filepath.Join(dir, "state"))
	lock(t, s)
	accept(t, newRun(t, s, 1), commitOf(t, 3))
	r := newRun(t, s, 2)
	seal(t, r, nil)
	fillDisk(t, dir)
	err := r.Accept(ctx, commitOf(t, 5000))
	if err == nil || !strings.Contains(err.Error(), "leaver.db") || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("commit: %v", err)
	}
	checkUnharmed(t, s)
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	r = newRun(t, s, 3)
	fillDisk(t, dir)
	w, err := r.CreateAccounts("crm")
	if err == nil {
		for i := range 50_000 {
			if err = w.Write(directoryAccount(i)); err != nil {
				break
			}
		}
		if _, _, closed := w.Close(); closed == nil {
			t.Error("a snapshot was finished on a full disk")
		} else if err == nil {
			err = closed
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("snapshot: %v", err)
	}
	checkUnharmed(t, s)
}

// fillDisk leaves no free block.
func fillDisk(t *testing.T, dir string) {
	t.Helper()
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = ballast.Write(block)
	}
}

func checkUnharmed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Verify(ctx, "run-01"); err != nil {
		t.Error(err)
	}
	if h, err := s.History(ctx); err != nil || len(h.People) != 3 {
		t.Errorf("%d people, %v", len(h.People), err)
	}
	if open, err := s.Findings(ctx); err != nil || len(open) != 3 {
		t.Errorf("%d findings, %v", len(open), err)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t)
	state := filepath.Join(dir, "state")
	s := openStore(t, state)
	lock(t, s)
	accept(t, newRun(t, s, 1), commitOf(t, 3))
	r := newRun(t, s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIPPED: cannot remount read-only: %v", err)
	}
	_, err := Open(state)
	if err == nil || !strings.Contains(err.Error(), "read-only") || !strings.Contains(err.Error(), state) {
		t.Errorf("%v", err)
	}
	if _, err := r.CreateAccounts("crm"); err == nil || !strings.Contains(err.Error(), "hint: the file system is mounted read-only") {
		t.Errorf("%v", err)
	}
}
