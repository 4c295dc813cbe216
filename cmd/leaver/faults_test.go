package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallCompany writes a small company whose accounts take a moment to read, and returns the path of its leaver.yaml.
func smallCompany(t *testing.T, people, accounts int) string {
	t.Helper()
	dir := t.TempDir()
	var hr, crm bytes.Buffer
	fmt.Fprintln(&hr, "id,mail,start,end")
	for i := range people {
		end := ""
		if i%10 == 0 {
			end = "2026-08-31"
		}
		fmt.Fprintf(&hr, "%d,p%d@corp.example,2020-01-01,%s\n", i, i, end)
	}
	fmt.Fprintln(&crm, "id,login,emp,enabled")
	for i := range accounts {
		fmt.Fprintf(&crm, "A%d,u%d,%d,true\n", i, i, i%(people+1))
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("hr.csv", hr.String())
	write("crm.csv", crm.String())
	write("leaver.yaml", `organisation: Example Corp
timezone: UTC
state: state
people:
  - {name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, start: start, end: end}, last_day: inclusive}
sources:
  - {name: crm, kind: table, path: crm.csv, columns: {id: id, login: login, employee_id: emp, enabled: enabled}}
correlation: {keys: [employee_id]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
`)
	return filepath.Join(dir, "leaver.yaml")
}

// leaver is a child process of this test binary that behaves as the program.
func leaver(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "leaver")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript.Main runs the program when the binary goes by its name.
	if err := os.Symlink(self, bin); err != nil {
		t.Fatal(err)
	}
	return exec.Command(bin, args...)
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	cmd := leaver(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("leaver %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// TestKilledRunsLoseNothing kills the nightly job at random instants. Whatever happened, the runs that were accepted
// before are still there, and the next run works.
func TestKilledRunsLoseNothing(t *testing.T) {
	config := smallCompany(t, 400, 8_000)
	random := rand.New(rand.NewPCG(1, 2))
	began := time.Now()
	mustRun(t, "run", "-c", config, "--as-of", "2026-10-01")
	whole := time.Since(began)
	accepted := 1
	for night := range 25 {
		asOf := time.Date(2026, 10, 2+night, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		cmd := leaver(t, "run", "-c", config, "--as-of", asOf)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(whole) * 5 / 4)))
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
		now := countAccepted(t, config)
		if now < accepted || now > accepted+1 {
			t.Fatalf("night %s: %d accepted runs, %d before it", asOf, now, accepted)
		}
		accepted = now
	}
	mustRun(t, "run", "-c", config, "--as-of", "2026-11-01")
	if now := countAccepted(t, config); now != accepted+1 {
		t.Errorf("%d accepted runs after a quiet night, want %d", now, accepted+1)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(config), "state", "runs", "*.partial"))
	if err != nil || len(left) > 0 {
		t.Errorf("leftovers of killed runs: %v, %v", left, err)
	}
}

func countAccepted(t *testing.T, config string) int {
	t.Helper()
	var runs []struct{ Status string }
	if err := json.Unmarshal([]byte(mustRun(t, "runs", "-c", config, "--json", "-n", "1000")), &runs); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range runs {
		if r.Status == "accepted" {
			n++
		}
	}
	return n
}

func TestSecondRunAtTheSameTimeIsRefused(t *testing.T) {
	config := smallCompany(t, 2_000, 150_000)
	first := leaver(t, "run", "-c", config, "--as-of", "2026-10-01")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = first.Process.Kill()
		_ = first.Wait()
	}()
	lock := filepath.Join(filepath.Dir(config), "state", "lock")
	deadline := time.Now().Add(20 * time.Second)
	for {
		if info, err := os.Stat(lock); err == nil && info.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the first run never took the lock")
		}
		time.Sleep(time.Millisecond)
	}
	second := leaver(t, "run", "-c", config, "--as-of", "2026-10-02")
	var stderr bytes.Buffer
	second.Stderr = &stderr
	if code := exitOf(second.Run()); code != exitLocked {
		t.Fatalf("exit code %d, want %d\n%s", code, exitLocked, stderr.String())
	}
	if !strings.Contains(stderr.String(), fmt.Sprint(first.Process.Pid)) {
		t.Errorf("the message does not say who holds the lock:\n%s", stderr.String())
	}
}

func TestInterruptedRunExits130(t *testing.T) {
	config := smallCompany(t, 2_000, 150_000)
	cmd := leaver(t, "run", "-c", config, "--as-of", "2026-10-01")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(cmd.Wait()); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d\n%s", code, exitInterrupted, stderr.String())
	}
	mustRun(t, "run", "-c", config, "--as-of", "2026-10-01")
}

// TestFullDiskKeepsTheLastGoodState fills a small file system. It needs root to make one.
func TestFullDiskKeepsTheLastGoodState(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root to mount a small file system")
	}
	config := smallCompany(t, 400, 8_000)
	state := filepath.Join(filepath.Dir(config), "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, "size=8m,mode=0700"); err != nil {
		if os.Getenv("CI") == "true" && !errors.Is(err, syscall.EPERM) {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED: cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(state, syscall.MNT_DETACH) })
	mustRun(t, "run", "-c", config, "--as-of", "2026-10-01")
	ballast := filepath.Join(state, "ballast")
	fill(t, ballast)
	cmd := leaver(t, "run", "-c", config, "--as-of", "2026-10-02")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if code := exitOf(cmd.Run()); code != exitFailed {
		t.Fatalf("exit code %d, want %d\n%s", code, exitFailed, stderr.String())
	}
	if !strings.Contains(stderr.String(), "hint:") || !strings.Contains(stderr.String(), state) {
		t.Errorf("the message does not name the place and what to do:\n%s", stderr.String())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if n := countAccepted(t, config); n != 1 {
		t.Errorf("%d accepted runs, want the one from before the disk was full", n)
	}
	mustRun(t, "run", "-c", config, "--as-of", "2026-10-02")
}

// fill writes until the file system is full.
func fill(t *testing.T, path string) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	block := make([]byte, 1<<12)
	for range 1 << 20 {
		if _, err := out.Write(block); err != nil {
			return
		}
	}
	t.Fatal("the file system never got full")
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	config := smallCompany(t, 20, 40)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	defer full.Close()
	if code := run(context.Background(), []string{"run", "--json", "-c", config, "--as-of", "2026-10-01"}, full, new(bytes.Buffer)); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
}
