package runstore

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// keys makes a signing key and its verifier.
func keys(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

// logged makes a state of three accepted runs and a refused one, closes it and returns its folder, and the checkpoint after
// the second run.
func logged(t *testing.T, signer note.Signer) (dir string, second Checkpoint) {
	t.Helper()
	dir = privateDir(t)
	s := openStore(t, dir)
	lock(t, s)
	clock := policies.Clock{Finding: "F-1", System: "crm", Account: "A-1", Rule: "r", Person: "hr/1", FirstSeen: night(1), Basis: night(1), DueAt: night(9)}
	longer := clock
	longer.DueAt = night(12)
	link := Standing{What: "link", ID: "crm/A-1", State: "accepted", Facts: map[string]string{"person": "hr/1"}}
	commits := []Commit{
		{Clocks: []policies.Clock{clock}, Events: []policies.Event{{Clock: clock, Change: policies.Started, Reason: "first"}}},
		{Clocks: []policies.Clock{longer}, Events: []policies.Event{{Clock: longer, Change: policies.Extended, Reason: "edited"}}, Standing: []Standing{link}},
		{Clocks: []policies.Clock{longer}, Outcome: Outcome{Log: []Entry{{Event: "gate.overridden", Reason: "people_lost"}}}},
	}
	for n, c := range commits {
		r := begin(t, s, Start{ID: fmt.Sprintf("run-%02d", n+1), AsOf: night(n + 1), Started: night(n + 1), Signer: signer})
		seal(t, r, map[string]reconcile.Kind{"A-1": reconcile.LeaverActive})
		c.Ended, c.Sources = night(n+1).Add(time.Minute), []reports.Source{source("crm", scanners.Proved)}
		if err := r.Accept(ctx, c); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			second = r.LogAfter()
		}
	}
	r := begin(t, s, Start{ID: "run-04", AsOf: night(4), Started: night(4), Signer: signer})
	seal(t, r, nil)
	if err := r.Refuse(ctx, Outcome{Ended: night(4), Error: "test"}); err != nil {
		t.Fatal(err)
	}
	return dir, second
}

func begin(t *testing.T, s *Store, start Start) *Run {
	t.Helper()
	r, err := s.Begin(ctx, start)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLog(t *testing.T) {
	signer, verifier := keys(t, "leaver-test")
	dir, second := logged(t, signer)
	s := openStore(t, dir)
	check, err := s.VerifyLog(ctx, verifier, second)
	if err != nil {
		t.Fatal(err)
	}
	// begun, three clocks or links, an override, four ends of runs; the link that is gone.
	if check.Size != 10 || check.Runs != 4 || check.Checkpoints != 3 || check.Signed != 4 || check.Purged != 0 {
		t.Errorf("%+v", check)
	}
	folder, err := s.Folder(ctx, "run-03")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := folder.Manifest(); err != nil || m.Log != second.Text {
		t.Errorf("run 3 began with the log %q, want that which run 2 left, %q (%v)", m.Log, second.Text, err)
	}
	var names int
	if err := s.db.QueryRow(`SELECT count(*) FROM log_records WHERE record LIKE '%hr/1%' OR record LIKE '%A-1%'`).Scan(&names); err != nil || names != 0 {
		t.Errorf("%d records name a person or an account, %v", names, err)
	}
	_, stranger := keys(t, "leaver-test")
	if _, err := s.VerifyLog(ctx, stranger); err == nil || !strings.Contains(err.Error(), "not with the key") {
		t.Errorf("another key: %v", err)
	}
	elsewhere, _ := logged(t, signer)
	if _, err := openStore(t, elsewhere).VerifyLog(ctx, verifier, second); err == nil || !strings.Contains(err.Error(), "of another log") {
		t.Errorf("another log: %v", err)
	}
}

// Facts can be purged for retention: the tree stays whole, and what cannot be compared any more is counted.
func TestPurgedFacts(t *testing.T) {
	dir, _ := logged(t, nil)
	s := openStore(t, dir)
	if _, err := s.db.Exec(`UPDATE log_records SET salt = NULL, facts = NULL`); err != nil {
		t.Fatal(err)
	}
	if check, err := s.VerifyLog(ctx, nil); err != nil || check.Purged != 4 {
		t.Errorf("%+v %v", check, err)
	}
}

// Every byte that is changed is found, and the message says where.
func TestChangedBytes(t *testing.T) {
	signer, verifier := keys(t, "leaver-test")
	dir, second := logged(t, signer)
	forged := second
	forged.Root[3] ^= 1
	cases := []struct {
		name, change, want string
		against            []Checkpoint
	}{
		{"a record", `UPDATE log_records SET record = replace(record, '"first"', '"fjrst"')`, "hash ", nil},
		{"a record, and its hash", `UPDATE log_records SET record = replace(record, '"first"', '"fjrst"')`, "the checkpoint of run run-01", nil},
		{"the last record is taken out", `DELETE FROM log_records WHERE n = 9`, "hashes are stored", nil},
		{"a record in the middle is taken out", `DELETE FROM log_records WHERE n = 4`, "record 4 is missing", nil},
		{"the facts of a record", `UPDATE log_records SET facts = replace(facts, 'hr/1', 'hr/2') WHERE n = 1`, "the facts of record 1 (clock.started)", nil},
		{"the salt of a record", `UPDATE log_records SET salt = zeroblob(16) WHERE n = 1`, "the facts of record 1", nil},
		{"a hash", `UPDATE log_hashes SET hash = zeroblob(32) WHERE i = 5`, "hash 5 does not fit", nil},
		{"a hash cut short", `UPDATE log_hashes SET hash = zeroblob(3) WHERE i = 2`, "hash 2 does not fit", nil},
		{"a hash too many", `INSERT INTO log_hashes (i, hash) VALUES (900, zeroblob(32))`, "hash 900 does not fit", nil},
		{"a checkpoint", `UPDATE checkpoints SET note = 'x' || substr(note, 2) WHERE run = 'run-02'`, "the checkpoint of run run-02", nil},
		{"the signature of a checkpoint", `UPDATE checkpoints SET note = substr(note, 1, length(note) - 5) || 'AAA=' || char(10) WHERE run = 'run-02'`, "the signature of the checkpoint of run run-02", nil},
		{"the size of a checkpoint", `UPDATE checkpoints SET size = 1 WHERE run = 'run-02'`, "the checkpoint of run run-02", nil},
		{"no checkpoint", `DELETE FROM checkpoints WHERE run = 'run-02'`, "the checkpoint of run run-02 is missing", nil},
		{"the name of the log", `UPDATE log SET origin = 'mine'`, "of another log", nil},
		{"the manifest of a run", `UPDATE runs SET manifest = 'f00' WHERE id = 'run-04'`, "run run-04 is on record as \"run.refused\"", nil},
		{"the status of a run", `UPDATE runs SET status = 'kept' WHERE id = 'run-04'`, "run run-04 is on record as \"run.refused\"", nil},
		{"a run is taken out", `DELETE FROM runs WHERE id = 'run-04'`, "run run-04 is on record, and not in the list", nil},
		{"a run is put in", `INSERT INTO runs (id, as_of, started, ended, status) SELECT 'run-05', as_of, started, ended, status FROM runs WHERE id = 'run-04'`, "run run-05 is not on record", nil},
		{"a date of the ledger", `UPDATE clocks SET due_at = first_seen`, "the clock of F-1 under rule \"r\" is not as the log tells", nil},
		{"a stage that is done", `UPDATE clocks SET done_at = first_seen`, "the clock of F-1 under rule \"r\" is not as the log tells", nil},
		{"a notice that nobody got", `UPDATE clocks SET told_at = first_seen, told_to = 'boss@example.com'`, "the clock of F-1 under rule \"r\" is not as the log tells", nil},
		{"a clock is taken out", `DELETE FROM clocks`, "is on record, and not in the ledger", nil},
		{"the checkpoint kept elsewhere", `SELECT 1`, "the first 6 records are not those that the checkpoint that was given covers", []Checkpoint{forged}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			copied := privateDir(t)
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(copied, Database), 0o600); err != nil {
				t.Fatal(err)
			}
			s := openStore(t, copied)
			if _, err := s.VerifyLog(ctx, verifier); err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.Exec(`PRAGMA foreign_keys = 0; ` + c.change); err != nil {
				t.Fatal(err)
			}
			if c.name == "a record, and its hash" {
				rehash(t, s)
			}
			if _, err := s.VerifyLog(ctx, verifier, c.against...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %q", err, c.want)
			}
		})
	}
}

// rehash is what a clever intruder does: every hash is made anew.
func rehash(t *testing.T, s *Store) {
	t.Helper()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &logCheck{store: s, ended: map[string]record{}, accepted: map[string]bool{}, clocks: map[policies.ClockID]policies.Clock{}, keeps: map[string]string{}}
	if err := c.records(ctx, tx); err != nil {
		t.Fatal(err)
	}
	for i, hash := range c.hashes {
		if _, err := tx.Exec(`UPDATE log_hashes SET hash = ? WHERE i = ?`, hash[:], i); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// A state that is older than the log carries its clocks into it.
func TestLogBeginsWithTheClocksThatRun(t *testing.T) {
	at := "'" + stamp(night(1)) + "'"
	s := openStore(t, oldState(t, 1,
		`INSERT INTO runs (id, as_of, started, ended, status) VALUES ('old', `+at+`, `+at+`, `+at+`, 'accepted')`,
		`INSERT INTO findings (id, source, account, kind, severity, person, first_seen, last_seen) VALUES ('F-1', 'crm', 'A-1', 'orphan', 'high', '', `+at+`, `+at+`)`,
		`INSERT INTO clocks (finding, rule, person, first_seen, basis, due_at) VALUES ('F-1', 'r', '', `+at+`, `+at+`, `+at+`)`))
	lock(t, s)
	if check, err := s.VerifyLog(ctx, nil); err != nil || check.Size != 0 {
		t.Errorf("before the log: %+v %v", check, err)
	}
	clocks, err := s.Clocks(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t, s, 2)
	seal(t, r, nil)
	err = r.Accept(ctx, Commit{Outcome: Outcome{Ended: night(2)}, Events: []policies.Event{{Clock: clocks[0], Change: policies.Closed, Reason: "fixed"}}})
	if err != nil {
		t.Fatal(err)
	}
	if check, err := s.VerifyLog(ctx, nil); err != nil || check.Size != 4 {
		t.Errorf("%+v %v", check, err)
	}
}

func TestParseCheckpoint(t *testing.T) {
	_, second := logged(t, nil)
	got, err := ParseCheckpoint(second.Text)
	if err != nil || got != second {
		t.Errorf("%+v %v, want %+v", got, err, second)
	}
	for _, bad := range []string{"", "a\n1\n", "a\nx\nAAAA\n", "a\n1\nAAAA\n", strings.TrimSuffix(second.Text, "\n"), second.Text + "more", "a\n-1" + second.Text[strings.LastIndex(second.Text[:len(second.Text)-1], "\n"):]} {
		if c, err := ParseCheckpoint(bad); err == nil {
			t.Errorf("%q is %+v", bad, c)
		}
	}
}

// Decisions to keep are written with the log, replaced, ended by a run or by hand, and compared with the log.
func TestKeeps(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	one := policies.Kept{Finding: "F-1", System: "crm", Account: "A-1", Facts: "f", At: night(1), Until: night(9), By: "ann", Reason: "x"}
	two, again := one, one
	two.Finding, again.Reason = "F-2", "y"
	for _, k := range []policies.Kept{one, two, again} {
		if err := s.Keep(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	r := newRun(t, s, 1)
	seal(t, r, nil)
	// The run looked at the first decision on F-1, which was replaced meanwhile.
	err := r.Accept(ctx, Commit{Outcome: Outcome{Ended: night(1)}, KeepsOver: []KeepOver{{one, "over"}, {two, "over"}}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Keeps(ctx)
	if diff := cmp.Diff([]policies.Kept{again}, list); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.db.Exec(`UPDATE keeps SET kept = replace(kept, '"y"', '"z"')`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.VerifyLog(ctx, nil); err == nil || !strings.Contains(err.Error(), "the decision to keep F-1 is not as the log tells") {
		t.Errorf("%v", err)
	}
	for _, want := range []bool{true, false} {
		if found, err := s.EndKeep(ctx, "F-1", "ann", "done", night(2)); found != want || err != nil {
			t.Errorf("found %v, %v", found, err)
		}
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Error(err)
	}
}

// Reactivated looks for the last switch from disabled to enabled, in the runs of the window and the one before it.
func TestReactivated(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	states := map[string][]bool{ // enabled in the nights 1 to 4; night 5 is now, and everything is enabled
		"always on": {true, true, true, true}, "on since 2": {false, true, true, true}, "on since 4": {true, true, false, true},
		"on now": {true, true, true, false}, "off and on": {false, true, false, true}, "long on": {false, true, true, true},
	}
	for n := range 4 {
		r := newRun(t, s, n+1)
		w, err := r.CreateVerdicts()
		if err != nil {
			t.Fatal(err)
		}
		for account, on := range states {
			v := reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: account, Enabled: scanners.Known(on[n])}}
			if err := w.Write(&v, policies.Decision{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.Seal(Meta{}); err != nil {
			t.Fatal(err)
		}
		if err := r.Accept(ctx, Commit{Outcome: Outcome{Ended: night(n + 1)}}); err != nil {
			t.Fatal(err)
		}
	}
	keys := map[AccountKey]struct{}{}
	for account := range states {
		keys[AccountKey{"crm", account}] = struct{}{}
	}
	for since, want := range map[int]map[string]int{
		1: {"on since 2": 2, "long on": 2, "on since 4": 4, "on now": 5, "off and on": 4},
		4: {"on since 4": 4, "on now": 5, "off and on": 4},
	} {
		back, err := s.Reactivated(ctx, keys, night(since), night(5))
		got := map[string]int{}
		for key, at := range back {
			got[key.Account] = int(at.Sub(night(0)).Hours() / 24)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("since night %d: %v\n%s", since, err, diff)
		}
	}
}

// A record of something that changes nothing needs no lock, and holds a hash of its facts and not the facts.
func TestRecord(t *testing.T) {
	s := openStore(t, privateDir(t))
	entry := Entry{At: night(1), By: "ann", Event: "emergency.listed", Reason: "1 account shown", Facts: map[string]string{"person": "hr/1"}}
	if err := s.Record(ctx, entry); err != nil {
		t.Fatal(err)
	}
	var record, facts string
	if err := s.db.QueryRow(`SELECT record, facts FROM log_records ORDER BY n DESC LIMIT 1`).Scan(&record, &facts); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(record, "hr/1") || !strings.Contains(record, "facts_sha256") || !strings.Contains(facts, "hr/1") {
		t.Errorf("record %s, facts %s", record, facts)
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Error(err)
	}
}
