package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
)

// machine is a service in a time of its own: the clock moves when it sleeps, and a little whenever it is read.
type machine struct {
	t      testing.TB
	config string
	mu     sync.Mutex
	now    time.Time
	until  time.Time
	cancel func()
	// events happen once at the first wake-up at or after their time.
	events []machineEvent
	log    bytes.Buffer
	code   int
}

type machineEvent struct {
	at time.Time
	do func()
}

func newMachine(t testing.TB, schedules, from, until string) *machine {
	t.Helper()
	m := &machine{t: t, now: instant(t, from), until: instant(t, until)}
	if tt, ok := t.(*testing.T); ok {
		m.config = smallCompany(tt, 30, 40)
	}
	m.configure(schedules)
	return m
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// configure replaces the schedules of leaver.yaml.
func (m *machine) configure(schedules string) {
	m.t.Helper()
	text, err := os.ReadFile(m.config)
	if err != nil {
		m.t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "schedule:")
	if err := os.WriteFile(m.config, []byte(before+"schedule: "+schedules+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// export is what HR and the application do: files as of now. One that is away stays away.
func (m *machine) export(now time.Time) {
	m.t.Helper()
	for _, name := range []string{"hr.csv", "crm.csv"} {
		if err := os.Chtimes(m.file(name), now, now); err != nil && !os.IsNotExist(err) {
			m.t.Fatal(err)
		}
	}
}

func (m *machine) file(name string) string { return filepath.Join(filepath.Dir(m.config), name) }

func (m *machine) read() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(time.Millisecond)
	return m.now
}

func (m *machine) sleep(ctx context.Context, d time.Duration) error {
	m.mu.Lock()
	m.now = m.now.Add(d)
	now := m.now
	m.mu.Unlock()
	if !now.Before(m.until) {
		m.cancel()
		return ctx.Err()
	}
	m.export(now)
	for len(m.events) > 0 && !now.Before(m.events[0].at) {
		e := m.events[0]
		m.events = m.events[1:]
		e.do()
	}
	return ctx.Err()
}

// serve runs the service until the time is up.
func (m *machine) serve() {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.cancel = cancel
	a := &app{out: io.Discard, err: &m.log, config: m.config, now: m.read, sleep: m.sleep}
	if err := a.serve(ctx); err != nil {
		m.t.Fatalf("%v\n%s", err, m.log.String())
	}
	m.code = a.code
}

func (m *machine) store() *runstore.Store {
	m.t.Helper()
	s, err := runstore.Open(m.file("state"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { s.Close() })
	return s
}

// runs are the runs of the state, oldest first, as "started: schedule planned status".
func (m *machine) runs() []string {
	m.t.Helper()
	list, err := m.store().Runs(context.Background(), 0)
	if err != nil {
		m.t.Fatal(err)
	}
	var lines []string
	for i := range list {
		r := list[len(list)-1-i]
		lines = append(lines, fmt.Sprintf("%s: %s %s %s", r.Started.Format("01-02 15:04"), r.Schedule, r.Planned.Format("01-02 15:04"), r.Status))
	}
	return lines
}

// sentence is the first sentence and what follows of the last accepted run's report, and its planned runs.
func (m *machine) lastReport() (result string, missed int) {
	m.t.Helper()
	s := m.store()
	info, err := s.LatestAccepted(context.Background())
	if err != nil || info == nil {
		m.t.Fatal(info, err)
	}
	folder, err := s.Folder(context.Background(), info.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	report, err := job.Report(folder)
	if err != nil {
		m.t.Fatal(err)
	}
	return reports.Sentence(report), report.Planned.Missed
}

const atNight = `[{name: nightly, cron: "30 2 * * *", zone: Europe/Berlin, attempts: 2, retry: 30m}]`

func TestServeOverNights(t *testing.T) {
	m := newMachine(t, atNight, "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z")
	m.serve()
	want := []string{ // the clocks go back on 25 October; 02:30 comes twice
		"10-24 00:30: nightly 10-24 00:30 accepted",
		"10-25 00:30: nightly 10-25 00:30 accepted",
		"10-26 01:30: nightly 10-26 01:30 accepted",
	}
	if diff := cmp.Diff(want, m.runs()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
	if result, missed := m.lastReport(); missed != 0 || strings.Contains(result, "planned run") {
		t.Errorf("%d missed: %s", missed, result)
	}
	if m.code != 0 {
		t.Errorf("exit code %d", m.code)
	}
}

// HR delivers nothing for two nights: each is tried as often as configured, and the next report tells of both.
func TestServeReportsFailedNights(t *testing.T) {
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-24T12:00:00Z")
	away := func() {
		if err := os.Rename(m.file("hr.csv"), m.file("hr.away")); err != nil {
			t.Error(err)
		}
	}
	back := func() {
		if err := os.Rename(m.file("hr.away"), m.file("hr.csv")); err != nil {
			t.Error(err)
		}
	}
	m.events = []machineEvent{{instant(t, "2026-11-21T12:00:00Z"), away}, {instant(t, "2026-11-23T12:00:00Z"), back}}
	m.serve()
	want := []string{
		"11-21 01:30: nightly 11-21 01:30 accepted",
		"11-22 01:30: nightly 11-22 01:30 refused",
		"11-22 02:00: nightly 11-22 01:30 refused",
		"11-23 01:30: nightly 11-23 01:30 refused",
		"11-23 02:00: nightly 11-23 01:30 refused",
		"11-24 01:30: nightly 11-24 01:30 accepted",
	}
	if diff := cmp.Diff(want, m.runs()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
	result, missed := m.lastReport()
	for _, part := range []string{". 2 planned runs since the last accepted one brought no result",
		"nightly of 2026-11-22 01:30 UTC (run 20261122T02", "was refused"} {
		if !strings.Contains(result, part) {
			t.Errorf("%q lacks %q", result, part)
		}
	}
	if missed != 2 {
		t.Errorf("%d missed", missed)
	}
}

// A week without power is caught up with one run, which says so; a changed leaver.yaml is taken up without a restart.
func TestServeCatchesUpAndReloads(t *testing.T) {
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z")
	m.serve()
	m.now, m.until = instant(t, "2026-11-28T09:00:00Z"), instant(t, "2026-11-28T23:00:00Z")
	m.export(m.now)
	m.events = []machineEvent{
		{instant(t, "2026-11-28T10:00:00Z"), func() { m.configure(`[{name: nightly, cron: "nonsense"}]`) }},
		{instant(t, "2026-11-28T11:00:00Z"), func() { m.configure(`[{name: late, cron: "0 20 * * *"}]`) }},
	}
	m.serve()
	want := []string{
		"11-21 01:30: nightly 11-21 01:30 accepted",
		"11-28 09:00: nightly 11-28 01:30 accepted",
		"11-28 20:00: late 11-28 20:00 accepted",
	}
	if diff := cmp.Diff(want, m.runs()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
	list, err := m.store().Runs(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := m.store().Folder(context.Background(), list[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	report, err := job.Report(folder)
	if err != nil {
		t.Fatal(err)
	}
	result := reports.Sentence(report)
	for _, part := range []string{"6 planned runs", "3 earlier; nightly of 2026-11-25", "no run was started",
		"makes up for nightly of 2026-11-28 01:30 UTC (no run was started), 7 hours late"} {
		if !strings.Contains(result, part) {
			t.Errorf("%q lacks %q", result, part)
		}
	}
	if !strings.Contains(m.log.String(), "cannot be used: the schedules stay as they were") {
		t.Errorf("the log is silent about the broken leaver.yaml:\n%s", m.log.String())
	}
}

// A schedule of some sources makes kept runs and leaves the accepted nights alone.
func TestServeSubset(t *testing.T) {
	m := newMachine(t, `[{name: nightly, cron: "30 2 * * *"}, {name: directory, cron: "0 */6 * * *", sources: [crm]}]`,
		"2026-11-20T20:00:00Z", "2026-11-21T13:00:00Z")
	text, err := os.ReadFile(m.config)
	if err != nil {
		t.Fatal(err)
	}
	two := strings.Replace(string(text), "sources:\n", "sources:\n  - {name: erp, kind: table, path: crm.csv, columns: {id: id, login: login, employee_id: emp, enabled: enabled}}\n", 1)
	if err := os.WriteFile(m.config, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	m.serve()
	want := []string{
		"11-21 00:00: directory 11-21 00:00 kept",
		"11-21 02:30: nightly 11-21 02:30 accepted",
		"11-21 06:00: directory 11-21 06:00 kept",
		"11-21 12:00: directory 11-21 12:00 kept",
	}
	if diff := cmp.Diff(want, m.runs()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
}

// Two services on one state folder and one clock: no planned time is answered twice, and the last one is answered.
func TestTwoServices(t *testing.T) {
	m := newMachine(t, atNight+"\ngates: {max_age: 30d}", "2026-11-20T12:00:00Z", "2026-11-24T12:00:00Z")
	m.export(m.now)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			a := &app{out: io.Discard, err: io.Discard, config: m.config, now: m.read, sleep: func(ctx context.Context, d time.Duration) error {
				time.Sleep(time.Millisecond)
				m.mu.Lock()
				defer m.mu.Unlock()
				if m.now = m.now.Add(d); !m.now.Before(m.until) {
					cancel()
				}
				return ctx.Err()
			}}
			if err := a.serve(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	accepted := map[string]int{}
	for _, line := range m.runs() {
		_, run, _ := strings.Cut(line, ": ")
		if accepted[run]++; accepted[run] > 1 && strings.HasSuffix(run, "accepted") {
			t.Errorf("%s, twice", run)
		}
	}
	if accepted["nightly 11-24 01:30 accepted"] != 1 {
		t.Errorf("%v", accepted)
	}
}

// killedVariable makes this test binary a service that is killed: it names leaver.yaml and the time at which it starts.
const killedVariable = "LEAVER_TEST_KILLED_SERVICE"

// A service that is killed at any instant and started again answers each planned time once: never twice, never not at all.
func TestKilledService(t *testing.T) {
	if task := os.Getenv(killedVariable); task != "" {
		path, from, _ := strings.Cut(task, " ")
		m := &machine{t: t, config: path, now: instant(t, from)}
		m.until = m.now.Add(12 * time.Hour)
		fmt.Println("serving")
		m.serve()
		return
	}
	m := newMachine(t, `[{name: nightly, cron: "30 2 * * *", attempts: 10, retry: 1m}]`, "2026-11-20T20:00:00Z", "2026-11-21T00:00:00Z")
	m.serve() // nothing but the first look at the schedule
	nights := 6
	if testing.Short() {
		nights = 2
	}
	for night := range nights {
		from := instant(t, "2026-11-21T02:00:00Z").AddDate(0, 0, night)
		for range 3 {
			kill(t, m.config, from, rand.N(250*time.Millisecond))
		}
		m.now, m.until = from.Add(time.Hour), from.Add(2*time.Hour)
		m.export(from)
		m.serve()
	}
	accepted := map[string]int{}
	for _, line := range m.runs() {
		if _, run, _ := strings.Cut(line, ": "); strings.HasSuffix(run, "accepted") {
			accepted[run]++
		}
	}
	want := map[string]int{}
	for night := range nights {
		want[fmt.Sprintf("nightly 11-%02d 02:30 accepted", 21+night)] = 1
	}
	if diff := cmp.Diff(want, accepted); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, strings.Join(m.runs(), "\n"))
	}
}

// kill starts a service and kills it some time after it began to serve.
func kill(t *testing.T, config string, from time.Time, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledService$", "-test.v")
	child.Env = append(os.Environ(), killedVariable+"="+config+" "+from.Format(time.RFC3339))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "serving"; {
	}
	time.Sleep(after)
	_ = child.Process.Kill()
	_ = child.Wait()
}

// A service that is told to stop in the middle of a run interrupts it, and says so by its exit code.
func TestServeInterrupted(t *testing.T) {
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z")
	if code := m.stopInRun("2026-11-21T01:30:00Z"); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, m.log.String())
	}
	m.serve() // and the next service takes it up at once
	got := m.runs()
	if len(got) < 2 || got[0] != "11-21 01:30: nightly 11-21 01:30 failed" || got[1] != "11-21 01:30: nightly 11-21 01:30 accepted" {
		t.Errorf("%q\n%s", got, m.log.String())
	}
}

// stopInRun serves, and stops the service some looks at the clock after the given time. It returns the exit code.
func (m *machine) stopInRun(at string) int {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.cancel = cancel
	reads, due := 0, instant(m.t, at)
	a := &app{out: io.Discard, err: &m.log, config: m.config, sleep: m.sleep, now: func() time.Time {
		now := m.read()
		if !now.Before(due) {
			if reads++; reads == 8 {
				cancel()
			}
		}
		return now
	}}
	if err := a.serve(ctx); err != nil {
		m.t.Errorf("%v\n%s", err, m.log.String())
	}
	return a.code
}

// runAt is "leaver run" at a time of the machine's clock, as cron would start it.
func (m *machine) runAt(at string) string {
	m.t.Helper()
	m.now = instant(m.t, at)
	m.export(m.now)
	var out bytes.Buffer
	a := &app{out: &out, err: &m.log, now: m.read, sleep: m.sleep}
	root := a.root()
	root.SetArgs([]string{"run", "-c", m.config})
	if err := root.Execute(); err != nil {
		m.t.Fatalf("%v\n%s", err, m.log.String())
	}
	return out.String()
}

// Who starts runs by cron learns of missed nights, too, once leaver.yaml says when they are planned.
func TestRunComparesPlans(t *testing.T) {
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z")
	steps := []struct{ at, want string }{
		{"2026-11-20T12:00:00Z", ""}, // the schedule is new: nothing before it is owed
		{"2026-11-21T01:30:00Z", ""},
		{"2026-11-21T15:00:00Z", ""}, // by hand
		{"2026-11-22T01:31:00Z", ""},
		{"2026-11-24T01:30:05Z", "1 planned run since the last accepted one brought no result: nightly of 2026-11-23 01:30 UTC (no run was started)."},
		{"2026-11-25T08:00:00Z", "This run makes up for nightly of 2026-11-25 01:30 UTC (no run was started), 6 hours late."},
		{"2026-11-26T01:30:00Z", ""},
	}
	for _, step := range steps {
		out := m.runAt(step.at)
		if step.want == "" && strings.Contains(out, "planned run") || !strings.Contains(out, step.want) {
			t.Errorf("%s: want %q\n%s", step.at, step.want, out)
		}
	}
	m.configure(`[{name: nightly, cron: "30 2 * * *"}]`) // an hour later than before
	if out := m.runAt("2026-11-30T02:30:00Z"); strings.Contains(out, "planned run") {
		t.Errorf("a schedule is held against nights before it was made:\n%s", out)
	}
}
