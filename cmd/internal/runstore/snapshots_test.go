package runstore

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// night is the as-of of the n-th run of a test.
func night(n int) time.Time { return time.Date(2026, 11, 1+n, 1, 0, 0, 0, time.UTC) }

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func lock(t testing.TB, s *Store) {
	t.Helper()
	release, err := s.Lock(night(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
}

// newRun begins a run for night n in a new state folder, or in that of s.
func newRun(t testing.TB, s *Store, n int) *Run {
	t.Helper()
	if s == nil {
		s = openStore(t, privateDir(t))
		lock(t, s)
	}
	r, err := s.Begin(context.Background(), Start{ID: fmt.Sprintf("run-%02d", n), AsOf: night(n), Started: night(n).Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func privateDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func TestAccountsAreLossless(t *testing.T) {
	f := newFiller(1)
	var want []*scanners.Account
	for range 3 * batchRows {
		want = append(want, random[scanners.Account](f))
	}
	want = append(want, &scanners.Account{}) // the zero account: every fact unknown
	r := newRun(t, nil, 1)
	writeAccounts(t, r, "crm", want)
	if diff := cmp.Diff(want, collect(t, r.Accounts("crm"))); diff != "" {
		t.Error(diff)
	}
}

func writeAccounts(t testing.TB, r *Run, source string, accounts []*scanners.Account) string {
	t.Helper()
	w, err := r.CreateAccounts(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}
	digest, rows, err := w.Close()
	if err != nil || rows != int64(len(accounts)) {
		t.Fatalf("%d rows, %v", rows, err)
	}
	return digest
}

// Rows must not share memory with one another or with what is read later.
func TestAccountsReadAreTheCallersToKeep(t *testing.T) {
	r := newRun(t, nil, 1)
	var want []*scanners.Account
	for i := range 4 * batchRows {
		want = append(want, &scanners.Account{ID: fmt.Sprint(i), Logins: []string{fmt.Sprint("login", i)},
			Grants: []scanners.Grant{{ID: fmt.Sprint("g", i)}}, Enabled: scanners.Known(i%2 == 0)})
	}
	writeAccounts(t, r, "crm", want)
	if diff := cmp.Diff(want, collect(t, r.Accounts("crm"))); diff != "" {
		t.Error(diff)
	}
}

// A writer must not keep what it was given: connectors and engines reuse their values.
func TestAccountWriterKeepsNoReference(t *testing.T) {
	r := newRun(t, nil, 1)
	w, err := r.CreateAccounts("crm")
	if err != nil {
		t.Fatal(err)
	}
	one := scanners.Account{ID: "a", Logins: []string{"first"}, Enabled: scanners.Known(true)}
	if err := w.Write(&one); err != nil {
		t.Fatal(err)
	}
	one.ID, one.Logins[0], one.Enabled = "b", "second", scanners.Known(false)
	if err := w.Write(&one); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := collect(t, r.Accounts("crm"))
	if got[0].ID != "a" || got[0].Logins[0] != "first" || !got[0].Enabled.Value || got[1].Logins[0] != "second" {
		t.Errorf("%+v", got[0])
	}
}

func TestSnapshotsAreDeterministic(t *testing.T) {
	texts := map[string][]byte{}
	for range 2 {
		f := newFiller(2)
		var accounts []*scanners.Account
		for range 2000 {
			accounts = append(accounts, random[scanners.Account](f))
		}
		r := newRun(t, nil, 1)
		digest := writeAccounts(t, r, "crm", accounts)
		text, err := os.ReadFile(r.Path(AccountsName("crm")))
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := texts["crm"]; ok && !bytes.Equal(before, text) {
			t.Error("the same accounts gave other bytes")
		}
		texts["crm"] = text
		if info, _ := os.Stat(r.Path(AccountsName("crm"))); info.Mode().Perm() != 0o600 || len(digest) != 64 {
			t.Errorf("mode %v, digest %q", info.Mode(), digest)
		}
	}
}

func TestPeopleAreLossless(t *testing.T) {
	f := newFiller(3)
	var want []*scanners.Person
	for range 3 * batchRows {
		want = append(want, random[scanners.Person](f))
	}
	r := newRun(t, nil, 1)
	w, err := r.CreatePeople("hr")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range want {
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, collect(t, r.People("hr"))); diff != "" {
		t.Error(diff)
	}
}

func TestPeopleRefuseImpossibleDates(t *testing.T) {
	r := newRun(t, nil, 1)
	w, err := r.CreatePeople("hr")
	if err != nil {
		t.Fatal(err)
	}
	bad := scanners.Employment{End: scanners.Known(scanners.Date{Year: 2026, Month: 2, Day: 30})}
	if err := w.Write(&scanners.Person{ID: "7", Employments: []scanners.Employment{bad}}); err == nil {
		t.Error("30 February was written")
	}
	if _, _, err := w.Close(); err == nil || r.Has(PeopleName("hr")) {
		t.Errorf("a snapshot with a failed row was finished: %v", err)
	}
}

func TestRejectedAreLossless(t *testing.T) {
	f := newFiller(4)
	r := newRun(t, nil, 1)
	w, err := r.CreateRejected("hr")
	if err != nil {
		t.Fatal(err)
	}
	var want []*scanners.Rejection
	for range 50 {
		want = append(want, random[scanners.Rejection](f))
		if err := w.Write(*want[len(want)-1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, collect(t, r.Rejected("hr"))); diff != "" {
		t.Error(diff)
	}
	if none := collect(t, r.Rejected("crm")); none != nil {
		t.Errorf("%v", none)
	}
}

func TestReportedAreLossless(t *testing.T) {
	f := newFiller(5)
	r := newRun(t, nil, 1)
	w, err := r.CreateReported()
	if err != nil {
		t.Fatal(err)
	}
	var want []reports.Row
	for i := range 200 {
		row := *random[reports.Row](f)
		if i%3 == 0 {
			row.Person = nil
		}
		// An expiry far in the west of the year 9999 lies in the year 10000 of UTC, which JSON text cannot say.
		row.Account.Expires = scanners.Known(time.Date(10000, 1, 1, 7, 59, 59, 1, time.UTC))
		want = append(want, row)
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, collect(t, r.Reported())); diff != "" {
		t.Error(diff)
	}
	for range r.Reported() { // it can be left early and read again
		break
	}
	if again := collect(t, r.Reported()); len(again) != len(want) {
		t.Errorf("%d rows the second time", len(again))
	}
}

// Runs of an earlier version have no column for the days late that HR took.
func TestVerdictsWithoutTheDaysOfHR(t *testing.T) {
	type olderRow struct {
		Source       string   `parquet:"source,dict"`
		Account      string   `parquet:"account"`
		Login        string   `parquet:"login"`
		Enabled      string   `parquet:"enabled,dict"`
		Kind         string   `parquet:"kind,dict"`
		Flags        []string `parquet:"flags,list" parquet-element:",dict"`
		Severity     string   `parquet:"severity,dict"`
		Situation    string   `parquet:"situation,dict"`
		PersonSystem string   `parquet:"person_source,dict"`
		PersonID     string   `parquet:"person"`
		MatchedBy    string   `parquet:"matched_by,dict"`
		End          int64    `parquet:"end,optional,timestamp(microsecond)"`
		DaysLate     *int64   `parquet:"days_late,optional"`
		Decision     string   `parquet:"decision,dict"`
		Due          int64    `parquet:"due,optional,timestamp(microsecond)"`
	}
	r := newRun(t, nil, 1)
	file, err := r.CreateFile(verdictsName)
	if err != nil {
		t.Fatal(err)
	}
	late := int64(12)
	w := newTable[olderRow](file)
	*w.next() = olderRow{Source: "crm", Account: "A-1", Kind: "leaver_active", Flags: []string{"privileged"}, Severity: "high", DaysLate: &late, Decision: "due"}
	if err := w.write(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.close(); err != nil {
		t.Fatal(err)
	}
	want := []*Verdict{{Source: "crm", Account: "A-1", Kind: reconcile.LeaverActive, Flags: reconcile.Privileged, Severity: reconcile.High, DaysLate: &late, Decision: policies.Due}}
	if diff := cmp.Diff(want, collect(t, r.Verdicts())); diff != "" {
		t.Error(diff)
	}
}

func TestVerdicts(t *testing.T) {
	r := newRun(t, nil, 1)
	w, err := r.CreateVerdicts()
	if err != nil {
		t.Fatal(err)
	}
	late, hr := int64(12), int64(5)
	full := reconcile.Verdict{
		Account: &scanners.Account{System: "crm", ID: "A-1", Logins: []string{"jdoe"}, Enabled: scanners.Known(true)},
		Kind:    reconcile.LeaverActive, Flags: reconcile.Privileged | reconcile.Synced, Severity: reconcile.Critical,
		Situation: reconcile.Linked, Person: &reconcile.Person{System: "hr", ID: "007"}, MatchedBy: "employee_id",
		End: reconcile.End{At: night(-12)}, DaysLate: scanners.Known(late), DaysLateHR: scanners.Known(hr),
	}
	none := reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: "A-2", Enabled: scanners.Known(false)}}
	for v, d := range map[*reconcile.Verdict]policies.Decision{&full: {Kind: policies.Due, Until: night(-2)}} {
		if err := w.Write(v, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(&none, policies.Decision{Kind: policies.DecideNone}); err != nil {
		t.Fatal(err)
	}
	if _, rows, err := w.Close(); err != nil || rows != 2 {
		t.Fatal(rows, err)
	}
	got := collect(t, r.Verdicts())
	want := []*Verdict{
		{Source: "crm", Account: "A-1", Login: "jdoe", Enabled: "enabled", Kind: full.Kind, Flags: full.Flags,
			Severity: full.Severity, Situation: full.Situation, PersonSystem: "hr", Person: "007", MatchedBy: "employee_id",
			End: night(-12), DaysLate: &late, DaysLateHR: &hr, Decision: policies.Due, Due: night(-2)},
		{Source: "crm", Account: "A-2", Login: "A-2", Enabled: "disabled", Decision: policies.DecideNone},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[0].ID() != full.ID() || got[1].ID() != "" {
		t.Errorf("ids %q, %q", got[0].ID(), got[1].ID())
	}
}

func TestReadersSayWhatIsWrong(t *testing.T) {
	r := newRun(t, nil, 1)
	writeAccounts(t, r, "crm", []*scanners.Account{{ID: "a"}})
	path := r.Path(AccountsName("crm"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"truncated": text[:len(text)/2], "empty": nil} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if readFails(r.Accounts("crm")) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if readFails(r.Accounts("erp")) == nil {
		t.Error("missing: no error")
	}
}

func readFails[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// What a run starts from is read back from its folder as it was given.
func TestSealedHistory(t *testing.T) {
	r := newRun(t, nil, 1)
	want := reconcile.History{People: []reconcile.PastPerson{person("a", 1), person("b", 2)}}
	want.People[1].Misses, want.People[1].InferredSince, want.People[1].FormerMails = 1, night(1), []string{"old@example.com"}
	if err := r.WriteHistory(want); err != nil {
		t.Fatal(err)
	}
	got, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
