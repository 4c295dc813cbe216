package runstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// reported plays a night whose report has so many rows, with a finding each, and what earlier runs knew of every second one.
func reported(t *testing.T, s *Store, n, rows int, signer note.Signer) *Run {
	t.Helper()
	r := begin(t, s, Start{ID: fmt.Sprintf("run-%02d", n), AsOf: night(n), Started: night(n), Signer: signer})
	w, err := r.CreateReported()
	if err != nil {
		t.Fatal(err)
	}
	past := map[string]policies.Past{}
	for i := range rows {
		row := reports.Row{Verdict: reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: fmt.Sprintf("A-%d", i), Logins: []string{"<a&b>"}}, Kind: reconcile.Orphan,
			Why: fmt.Sprintf("night %d", n)}, Decision: policies.Decision{Kind: policies.ReportOnly}}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			past[row.ID()] = policies.Past{FirstSeen: night(1)}
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.WritePast(past); err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(Meta{Tool: "leaver test"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Ended: night(n)}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func proving(t *testing.T, signer note.Signer, rows ...int) *Store {
	t.Helper()
	s := openStore(t, filepath.Join(t.TempDir(), "state"))
	release, err := s.Lock(night(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	for i, n := range rows {
		reported(t, s, i+1, n, signer)
	}
	return s
}

func findingNo(i int) string {
	return reconcile.FindingID("crm", fmt.Sprintf("A-%d", i), reconcile.Orphan)
}

// Every finding of runs of every size can be proved, and the proof holds no other.
func TestEveryFindingCanBeProved(t *testing.T) {
	signer, verifier := keys(t, "leaver-test")
	s := proving(t, signer, 1, 2, 3, 7, 8)
	for n, rows := range []int{1, 2, 3, 7, 8} {
		run := fmt.Sprintf("run-%02d", n+1)
		folder, err := s.Folder(ctx, run)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			p, err := s.Prove(ctx, folder, findingNo(i), nil)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			read, err := ParseProof(text)
			if err != nil {
				t.Fatal(err)
			}
			proven, err := read.Check(verifier)
			if err != nil {
				t.Fatalf("%s, row %d: %v", run, i, err)
			}
			if proven.Row.Account.ID != fmt.Sprintf("A-%d", i) || proven.Row.Why != fmt.Sprintf("night %d", n+1) || proven.SignedBy != "leaver-test" || (proven.Past == nil) != (i%2 != 0) {
				t.Errorf("%s, row %d proves %+v", run, i, proven.Row)
			}
			for other := range rows {
				if shown := strings.Contains(string(text), fmt.Sprintf(`\"A-%d\"`, other)); shown != (other == i) {
					t.Errorf("the proof of row %d shows row %d: %v", i, other, shown)
				}
			}
		}
		if _, err := s.Prove(ctx, folder, findingNo(99), nil); !errors.Is(err, ErrNoFinding) {
			t.Errorf("a finding that nobody made: %v", err)
		}
		if err := s.Verify(ctx, run); err != nil {
			t.Error(err)
		}
	}
}

// A proof leads to the checkpoint that somebody holds, when that covers the run.
func TestProofToAGivenCheckpoint(t *testing.T) {
	s := proving(t, nil, 3, 3, 3)
	folder, err := s.Folder(ctx, "run-02")
	if err != nil {
		t.Fatal(err)
	}
	held := func(run string) Checkpoint {
		var text string
		if err := s.db.QueryRow(`SELECT note FROM checkpoints WHERE run = ?`, run).Scan(&text); err != nil {
			t.Fatal(err)
		}
		c, err := ParseCheckpoint(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	early, own, late := held("run-01"), held("run-02"), held("run-03")
	for _, c := range []struct {
		to   *Checkpoint
		want int64
	}{{nil, own.Size}, {&own, own.Size}, {&late, late.Size}} {
		p, err := s.Prove(ctx, folder, findingNo(1), c.to)
		if err != nil {
			t.Fatal(err)
		}
		if proven, err := p.Check(nil); err != nil || proven.Checkpoint.Size != c.want {
			t.Errorf("to %v: %+v, %v", c.to, proven, err)
		}
	}
	if _, err := s.Prove(ctx, folder, findingNo(1), &early); err == nil || !strings.Contains(err.Error(), "a later one") {
		t.Errorf("to a checkpoint from before the run: %v", err)
	}
	forged := late
	forged.Text = strings.Replace(late.Text, late.RootText(), own.RootText(), 1)
	if _, err := s.Prove(ctx, folder, findingNo(1), &forged); err == nil || !strings.Contains(err.Error(), "not part of the audit log") {
		t.Errorf("to a forged checkpoint: %v", err)
	}
}

// A proof of which anything was changed proves nothing.
func TestChangedProofs(t *testing.T) {
	signer, verifier := keys(t, "leaver-test")
	_, stranger := keys(t, "leaver-test")
	s := proving(t, signer, 5, 5)
	folder, err := s.Folder(ctx, "run-02")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Proof)
		want   string
	}{
		"the row":              {func(p *Proof) { p.Rows[0].Text = strings.Replace(p.Rows[0].Text, "night 2", "night 3", 1) }, "not part of the rows"},
		"what was known":       {func(p *Proof) { p.Rows[1].Text = strings.Replace(p.Rows[1].Text, "2026", "2025", 1) }, "not part of the rows"},
		"the number of a row":  {func(p *Proof) { p.Rows[0].Number++ }, "not part of the rows"},
		"the file of a row":    {func(p *Proof) { p.Rows[0].File = pastName }, "is none of"},
		"a way":                {func(p *Proof) { p.Rows[0].Proof[0][3] ^= 1 }, "not part of the rows"},
		"no row":               {func(p *Proof) { p.Rows = nil }, "it holds no row"},
		"one row twice":        {func(p *Proof) { p.Rows = append(p.Rows, p.Rows[0]) }, "out of place"},
		"another finding":      {func(p *Proof) { p.Finding = findingNo(1) }, "is about the finding"},
		"another run":          {func(p *Proof) { p.Run = "run-01" }, "the manifest is of run"},
		"the root of the rows": {func(p *Proof) { p.Root = strings.Replace(p.Root, "root ", "root A", 1) }, "cannot be read"},
		"the rows":             {func(p *Proof) { p.Root = strings.Replace(p.Root, " 5\n", " 6\n", 1) }, "not part of the rows"},
		"the manifest":         {func(p *Proof) { p.Manifest = strings.Replace(p.Manifest, "leaver test", "leaver text", 1) }, "the manifest is not the one"},
		"the record":           {func(p *Proof) { p.Record = strings.Replace(p.Record, "2026", "2025", 1) }, "not part of the audit log"},
		"another record":       {func(p *Proof) { p.Record = strings.Replace(p.Record, "run.accepted", "run.refused", 1) }, "is not the end of run"},
		"its number":           {func(p *Proof) { p.RecordNumber-- }, "not part of the audit log"},
		"the checkpoint": {func(p *Proof) {
			p.Checkpoint = strings.Replace(p.Checkpoint, "leaver-audit-log", "leaver-audit-lot", 1)
		}, "not signed with the key"},
		"no signature": {func(p *Proof) { p.Checkpoint, _, _ = strings.Cut(p.Checkpoint, "\n\n"); p.Checkpoint += "\n" }, "not signed with the key"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := s.Prove(ctx, folder, findingNo(0), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Check(verifier); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			if _, err := p.Check(stranger); err == nil {
				t.Fatal("a key of the same name by somebody else was taken")
			}
			c.change(p)
			if _, err := p.Check(verifier); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestProofsOfAnotherForm(t *testing.T) {
	for text, want := range map[string]string{``: "no proof", `{"schema":1,"more":2}`: "unknown field", `{"schema":2}`: "schema 2"} {
		if _, err := ParseProof([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A run of an earlier version sealed no rows one by one, and says so.
func TestNoProofOfOldRuns(t *testing.T) {
	s := proving(t, nil)
	r := begin(t, s, Start{ID: "run-01", AsOf: night(1), Started: night(1)})
	seal(t, r, nil)
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Ended: night(1)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prove(ctx, r.Folder, findingNo(0), nil); err == nil || !strings.Contains(err.Error(), "not sealed one by one") {
		t.Errorf("error %v", err)
	}
}
