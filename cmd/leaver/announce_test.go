package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/notify"
)

// listener is a server that notes what it is told, in order: pings as "GET /path", messages by their type and status.
type listener struct {
	*httptest.Server
	mu       sync.Mutex
	heard    []string
	messages []notify.Message
	bodies   strings.Builder
}

func newListener(t *testing.T) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bodies.Write(body)
		switch {
		case r.URL.Path == "/gone":
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodGet:
			l.heard = append(l.heard, "GET "+r.URL.Path)
		default:
			var m notify.Message
			if err != nil || json.Unmarshal(body, &m) != nil || r.Header.Get("Webhook-Signature") == "" {
				t.Errorf("%v %s", err, body)
			}
			l.heard = append(l.heard, r.URL.Path+" "+m.Type+" "+m.Status)
			l.messages = append(l.messages, m)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// since returns what was heard since the last question. Messages of one run come in any order.
func (l *listener) since() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := l.heard
	l.heard = nil
	first := slices.IndexFunc(heard, func(h string) bool { return !strings.HasPrefix(h, "GET ") })
	if first >= 0 {
		slices.Sort(heard[first:])
	}
	return heard
}

// notifying adds the notify section to the machine's leaver.yaml, and a rule with a long grace period.
func (m *machine) notifying(section string) {
	m.t.Helper()
	text, err := os.ReadFile(m.config)
	if err != nil {
		m.t.Fatal(err)
	}
	before, schedule, _ := strings.Cut(string(text), "schedule:")
	if err := os.WriteFile(m.config, []byte(before+section+"\nschedule:"+schedule), 0o600); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Mkdir(m.file("policies"), 0o700); err != nil {
		m.t.Fatal(err)
	}
	rule := "apiVersion: leaver/v1\nkind: Policy\nname: leavers\ntrigger: {status: [ended]}\ngrace: {days: 90}\naction: lock\n"
	if err := os.WriteFile(m.file("policies/leavers.yaml"), []byte(rule), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func TestAnnounce(t *testing.T) {
	l := newListener(t)
	t.Setenv("HOOK_SECRET", "a secret that is long enough")
	t.Setenv("PING_OK", l.URL+"/ok")
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z")
	m.notifying(`notify:
  link: https://reports.example.com/{run}.xlsx
  metrics: leaver.prom
  ping: {start: "` + l.URL + `/start", success: env:PING_OK, failure: "` + l.URL + `/fail"}
  webhooks:
    - {name: all, url: "` + l.URL + `/all", secret: env:HOOK_SECRET}
    - {name: trouble, url: "` + l.URL + `/trouble", secret: env:HOOK_SECRET, on: [trouble]}
    - {name: gone, url: "` + l.URL + `/gone", secret: env:HOOK_SECRET}
    - {name: unset, url: env:NOT_SET, secret: env:HOOK_SECRET}`)
	hr, err := os.ReadFile(m.file("hr.csv"))
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name, at string
		args     []string
		prepare  func()
		code     int
		want     []string
	}{
		{"a good night, far from any decision", "2026-11-21T01:30:00Z", nil, nil, exitOK,
			[]string{"GET /start", "GET /ok", "/all run.ended accepted"}},
		{"decisions come near", "2026-11-27T01:30:00Z", nil, nil, exitOK,
			[]string{"GET /start", "GET /ok", "/all decisions.upcoming accepted", "/all run.ended accepted", "/trouble run.ended accepted"}},
		{"somebody looks at one source", "2026-11-27T02:00:00Z", []string{"--source", "crm", "--as-of", "2026-11-01"}, nil, exitOK, nil},
		{"HR is gone", "2026-11-28T01:30:00Z", nil, func() { remove(t, m.file("hr.csv")) }, exitGate,
			[]string{"GET /start", "GET /fail", "/all run.ended refused", "/trouble run.ended refused"}},
		{"the source is blind", "2026-11-29T01:30:00Z", nil, func() {
			if err := os.WriteFile(m.file("hr.csv"), hr, 0o600); err != nil {
				t.Fatal(err)
			}
			remove(t, m.file("crm.csv"))
		}, exitFailed, []string{"GET /start", "GET /fail", "/all run.ended kept", "/trouble run.ended kept"}},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			if step.prepare != nil {
				step.prepare()
			}
			m.log.Reset()
			if code := m.command(step.at, append([]string{"run"}, step.args...)...); code != step.code {
				t.Errorf("exit code %d, want %d\n%s", code, step.code, m.log.String())
			}
			if diff := cmp.Diff(step.want, l.since()); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
			}
			if step.want == nil {
				return
			}
			for _, part := range []string{`to="webhook gone"`, "answered 404", `to="webhook unset"`, "NOT_SET"} {
				if !strings.Contains(m.log.String(), part) {
					t.Errorf("the log lacks %q:\n%s", part, m.log.String())
				}
			}
		})
	}
	checkMessages(t, l)
	text, err := os.ReadFile(m.file("leaver.prom"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"leaver_last_run_exit_code 1\n", "leaver_gate_refusals_total 1\n", "leaver_undelivered_messages 2\n",
		`leaver_source_rows{source="hr",people="true"} 3`, `leaver_source_complete{source="crm",people="false"} 0`,
		"leaver_last_success_timestamp_seconds " + "17957430"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the metrics lack %q:\n%s", line, text)
		}
	}
	if info, err := os.Stat(m.file("leaver.prom")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// checkMessages looks for what must not be in a message, and at the numbers of the one about decisions.
func checkMessages(t *testing.T, l *listener) {
	t.Helper()
	for _, name := range []string{"u1", "u10", "A10", "p10@corp.example", "corp.example", ".csv"} {
		if strings.Contains(l.bodies.String(), `"`+name) || strings.Contains(l.bodies.String(), name+`"`) {
			t.Errorf("a message holds %q:\n%s", name, l.bodies.String())
		}
	}
	ids := map[string]bool{}
	for _, m := range l.messages {
		ids[m.ID] = true
		if !strings.HasPrefix(m.ID, m.Run+".") || m.Link != "https://reports.example.com/"+m.Run+".xlsx" {
			t.Errorf("%+v", m)
		}
		if m.Type == notify.DecisionsUpcoming && (m.Upcoming["crm"] == 0 || m.Upcoming["crm"] != m.Decisions["in_grace"] || m.Within != "3d") {
			t.Errorf("%+v", m)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d ids of messages: %v", len(ids), ids)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// command is a command at a time of the machine's clock; it returns the exit code.
func (m *machine) command(at string, args ...string) int {
	m.t.Helper()
	m.now = instant(m.t, at)
	m.export(m.now)
	a := &app{out: io.Discard, err: &m.log, now: m.read, sleep: m.sleep}
	root := a.root()
	root.SetArgs(append(args, "-c", m.config))
	err := root.Execute()
	return worst(exitCode(err), a.code)
}

// A run that finds the lock taken tells nobody: the one that holds it does.
func TestAnnounceNothingWithoutTheLock(t *testing.T) {
	l := newListener(t)
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z")
	m.notifying(`notify: {metrics: leaver.prom, ping: {start: "` + l.URL + `/start", failure: "` + l.URL + `/fail"}}`)
	release, err := m.store().Lock(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if code := m.command("2026-11-21T01:30:00Z", "run"); code != exitLocked {
		t.Errorf("exit code %d", code)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if heard := l.since(); len(heard) > 0 {
		t.Errorf("told %q", heard)
	}
	if _, err := os.Stat(m.file("leaver.prom")); !os.IsNotExist(err) {
		t.Errorf("the metrics are there: %v", err)
	}
}

// The service tells of its runs, too; a service that is stopped in the middle of one still tells the dead man's switch.
func TestServeAnnounces(t *testing.T) {
	l := newListener(t)
	t.Setenv("HOOK_SECRET", "a secret that is long enough")
	m := newMachine(t, atNight, "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z")
	m.notifying(`notify:
  ping: {start: "` + l.URL + `/start", success: "` + l.URL + `/ok", failure: "` + l.URL + `/fail"}
  webhooks: [{name: all, url: "` + l.URL + `/all", secret: env:HOOK_SECRET, on: [after]}]`)
	m.serve()
	if diff := cmp.Diff([]string{"GET /start", "GET /ok", "/all run.ended accepted"}, l.since()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
	if len(l.messages) != 1 || l.messages[0].Schedule != "nightly" {
		t.Errorf("%+v", l.messages)
	}
	m.now, m.until = instant(t, "2026-11-22T01:00:00Z"), instant(t, "2026-11-22T12:00:00Z")
	if code := m.stopInRun("2026-11-22T01:30:00Z"); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if diff := cmp.Diff([]string{"GET /start", "GET /fail"}, l.since()); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, m.log.String())
	}
}
