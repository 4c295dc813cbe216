package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/fixtures/servers"
)

// The year of TestYear: a leap year, with both clock changes of Europe/Berlin.
const (
	yearEvents  = "testdata/year/events.jsonl"
	yearScript  = "testdata/year/naive.py"
	firstOfYear = "2027-11-01"
	lastOfYear  = "2028-10-31"
)

// event is one line of the log of events; both reckonings start from it.
type event struct {
	On             string
	Hire           []string
	Person         string
	Account        string
	End            *string
	Start          string
	There, Enabled *bool
	Groups         *string
	Outage         string
	Missed         bool
	Rule           *struct {
		Name, From string
		Days, ERP  int
	}
	Graceful *struct {
		BeforeEnd bool `json:"before_end"`
		Stages    []struct {
			Name, Action string
			Days         int
			Business     bool
		}
	}
}

// year is the company of TestYear as its exports show it.
type year struct {
	dir      string
	people   map[string]*yearPerson
	accounts map[string]*yearAccount
	outage   string
}

type yearPerson struct {
	start, end string
	there      bool
}

type yearAccount struct {
	there, enabled bool
	groups         string
}

// TestYear plays a year of nights through the program by an injected clock, and compares the decision and the date of every
// account on every night with those that a naive script reckons from the same events.
func TestYear(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a year has many nights")
	}
	servers.Need(t, "python3")
	t.Parallel()
	script := exec.CommandContext(t.Context(), "python3", yearScript, yearEvents)
	script.Stderr = os.Stderr
	naive, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for line := range strings.Lines(string(naive)) {
		night, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[night] = append(want[night], rest)
	}
	events := readEvents(t)
	y := &year{dir: t.TempDir(), people: map[string]*yearPerson{}, accounts: map[string]*yearAccount{"crm/CANARY": {true, true, ""}, "proj/CANARY": {true, true, "mail"}}}
	y.write(t, "leaver.yaml", yearConfig)
	y.write(t, "policies/orphans.yaml", "name: orphans\ntrigger: {kinds: [orphan]}\naction: lock\ngrace: {days: 20, from: first_seen}\n")
	wrong, nights, dates := 0, 0, map[string]bool{}
	for at := yearNight(t, firstOfYear); !at.After(yearNight(t, lastOfYear)); at = at.AddDate(0, 0, 1) {
		if !y.play(t, events[at.Format(time.DateOnly)]) {
			continue
		}
		got := y.night(t, at)
		nights++
		for _, line := range got {
			dates[line] = true
		}
		if expected := want[at.UTC().Format("2006-01-02T15:04:05Z")]; !slices.Equal(got, expected) {
			t.Errorf("%s:\n%s", at.Format(time.DateOnly), twoReckonings(expected, got))
			if wrong++; wrong == 3 {
				t.FailNow()
			}
		}
	}
	if nights != 366-7 || len(dates) < 100 {
		t.Errorf("%d nights with %d different decisions: the test compares too little", nights, len(dates))
	}
	y.check(t)
}

func yearNight(t *testing.T, day string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateOnly+" 15:04", day+" 23:30", zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func readEvents(t *testing.T) map[string][]event {
	t.Helper()
	text, err := os.ReadFile(yearEvents)
	if err != nil {
		t.Fatal(err)
	}
	events := map[string][]event{}
	for line := range bytes.Lines(text) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		events[e.On] = append(events[e.On], e)
	}
	return events
}

// play brings the exports up to the events of a day and reports whether a run takes place that night.
func (y *year) play(t *testing.T, events []event) bool {
	missed := false
	y.outage = ""
	for _, e := range events {
		y.outage, missed = y.outage+e.Outage, missed || e.Missed
		for _, id := range e.Hire {
			y.people[id] = &yearPerson{start: "2020-01-01", there: true}
			for _, source := range []string{"crm", "erp", "proj"} {
				y.accounts[source+"/A"+id[1:]] = &yearAccount{true, true, "project-a;mail"}
			}
		}
		if p := y.people[e.Person]; p != nil {
			set(&p.end, e.End)
			set(&p.there, e.There)
			if e.Start != "" {
				p.start = e.Start
			}
		}
		if e.Account != "" {
			if y.accounts[e.Account] == nil {
				y.accounts[e.Account] = &yearAccount{true, true, ""}
			}
			set(&y.accounts[e.Account].groups, e.Groups)
			set(&y.accounts[e.Account].there, e.There)
			set(&y.accounts[e.Account].enabled, e.Enabled)
		}
		if e.Graceful != nil {
			y.write(t, "policies/graceful.yaml", e.graceful())
		}
		if r := e.Rule; r != nil {
			y.write(t, "policies/leavers.yaml", fmt.Sprintf("name: %s\ntrigger: {status: [ended, vanished], sources: [crm, erp]}\naction: lock\ngrace: {days: %d, from: %s, per_system: {erp: %d}}\n",
				r.Name, r.Days, r.From, r.ERP))
		}
	}
	return !missed
}

// graceful writes the rule with stages.
func (e *event) graceful() string {
	text := fmt.Sprintf("name: graceful\ntrigger: {sources: [proj], end_date: {offset: -14d, before_end: %t}}\nstages:\n", e.Graceful.BeforeEnd)
	for _, s := range e.Graceful.Stages {
		text += fmt.Sprintf("  - {name: %s, days: %d, action: %s", s.Name, s.Days, s.Action)
		if s.Business {
			text += ", unit: business"
		}
		if s.Action == "revoke" {
			text += `, revoke: [{groups: ["project-*"]}]`
		}
		text += "}\n"
	}
	return text
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// night writes the exports, runs the program as of at, and returns the findings as the script writes them.
func (y *year) night(t *testing.T, at time.Time) []string {
	t.Helper()
	hr := "id,mail,start,end\n"
	for _, id := range slices.Sorted(maps.Keys(y.people)) {
		if p := y.people[id]; p.there {
			hr += fmt.Sprintf("%s,%s@example.com,%s,%s\n", id, id, p.start, p.end)
		}
	}
	exports := map[string]string{"hr.csv": hr, "crm.csv": "id,mail,enabled,groups\n", "erp.csv": "id,mail,enabled,groups\n", "proj.csv": "id,mail,enabled,groups\n"}
	for _, name := range slices.Sorted(maps.Keys(y.accounts)) {
		source, id, _ := strings.Cut(name, "/")
		if a := y.accounts[name]; a.there && !(id == "CANARY" && y.outage == source) {
			owner := "P" + id[1:]
			if id[0] != 'A' { // the canary and the account of nobody
				owner = map[string]string{"CANARY": "P00"}[id]
			}
			exports[source+".csv"] += fmt.Sprintf("%s,%s@example.com,%t,%s\n", id, owner, a.enabled, a.groups)
		}
	}
	for name, text := range exports {
		path := y.write(t, name, text)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	code, out := y.leaver(at, "run", "--json")
	if wantCode := map[bool]int{false: exitOK, true: exitIncomplete}[y.outage != ""]; code != wantCode || !strings.Contains(out, `"accepted"`) {
		t.Fatalf("%s: exit %d\n%s", at, code, out)
	}
	_, out = y.leaver(at, "findings", "--json")
	var lines []string
	for line := range strings.Lines(out) {
		var f struct {
			Source, Account, Decision, Due, Stage string
			Removes                               []string
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s/%s %s %s %s %s", f.Source, f.Account, f.Decision, f.Due, f.Stage, strings.Join(f.Removes, ","))), " "))
	}
	slices.Sort(lines)
	return lines
}

// leaver runs one command line at a given time and returns its exit code and what it printed.
func (y *year) leaver(at time.Time, line ...string) (int, string) {
	var out bytes.Buffer
	a := &app{out: &out, err: &out, now: func() time.Time { return at }}
	root := a.root()
	root.SetArgs(append(line, "-c", filepath.Join(y.dir, "leaver.yaml")))
	root.SetOut(&out)
	root.SetErr(&out)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(&out, err)
		return exitCode(err), out.String()
	}
	return a.code, out.String()
}

func (y *year) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(y.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// check verifies the audit log of the year, and decides anew on every finding of the last night from what the run sealed.
func (y *year) check(t *testing.T) {
	t.Helper()
	s, err := runstore.Open(filepath.Join(y.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
	info, err := s.LatestAccepted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folder, err := s.Folder(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := job.Reopen(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range folder.Reported() {
		if err != nil {
			t.Fatal(err)
		}
		if again, err := sealed.Decide(&row.Verdict); err != nil || again.Kind != row.Decision.Kind || !again.Until.Equal(row.Decision.Until) {
			t.Errorf("%s: decided anew %+v, %v; the run said %+v", row.Account.ID, again, err, row.Decision)
		}
	}
}

func twoReckonings(want, got []string) string {
	var lines []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			lines = append(lines, "  the script  "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, "  leaver      "+line)
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[14:], b[14:]) })
	return strings.Join(lines, "\n")
}

const yearConfig = `organisation: Example
timezone: Europe/Berlin
state: state
people:
  - {name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, start: start, end: end}, last_day: inclusive}
sources:
  - {name: crm, kind: table, path: crm.csv, columns: {id: id, login: id, mail: mail, enabled: enabled}, canaries: [CANARY]}
  - {name: erp, kind: table, path: erp.csv, columns: {id: id, login: id, mail: mail, enabled: enabled}}
  - {name: proj, kind: table, path: proj.csv, columns: {id: id, login: id, mail: mail, enabled: enabled, groups: groups}, canaries: [CANARY]}
correlation: {keys: [mail]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
report: {formats: []}
holidays: {default: [2027-12-24, 2027-12-27, 2028-04-14, 2028-04-17]}
limits: {actions_per_source: {count: 100}, actions_total: {count: 100}}
`
