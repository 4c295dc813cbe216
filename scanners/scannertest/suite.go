package scannertest

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

// Subject is one connector under test.
type Subject[R scanners.Record] struct {
	// Open serves n records of distinct ids, suffering fault, and opens the connector on them. It registers with
	// t.Cleanup what it started. It is called several times in one test; calls share nothing.
	Open func(t *testing.T, env scanners.Env, n int, fault Fault) scanners.Source[R]
	// Faults lists the faults that Open can produce beside Healthy.
	Faults []Fault
	// EmptyProvable says that the system proves by itself that it holds no record, so that an empty scan may be complete.
	EmptyProvable bool
	// UnknownID is a well-formed id that no served record has. Needed when the connector implements Lookup.
	UnknownID string
	// Facts are those of the connector's kind: what it claims to state has to be stated of some served record, and nothing
	// else. The zero value asks for nothing, for a subject that serves bare records.
	Facts scanners.Facts
	// Outcomes keeps what every fault led to in [OutcomesFile], from which docs/faults.md is made: for one subject of a
	// connector, the one with the most faults.
	Outcomes bool
	// Rewrite writes that file instead of comparing: the test's flag -update, which `make docs` gives.
	Rewrite bool
}

// records is how many records the suite asks for: more than one page of a connector that is set to small pages.
const records = 25

// Accounts runs the suite against a source of accounts.
func Accounts(t *testing.T, s Subject[scanners.Account]) {
	t.Helper()
	run(t, suite[scanners.Account]{s, func(a scanners.Account) (string, string) { return a.ID, a.System }, true})
}

// People runs the suite against a source of people.
func People(t *testing.T, s Subject[scanners.Person]) {
	t.Helper()
	run(t, suite[scanners.Person]{s, func(p scanners.Person) (string, string) { return p.ID, p.System }, false})
}

// suite is a subject with what differs between accounts and people.
type suite[R scanners.Record] struct {
	Subject[R]
	identify func(R) (id, system string)
	accounts bool
}

func run[R scanners.Record](t *testing.T, s suite[R]) {
	t.Helper()
	t.Run("emits every record once", s.emitsAll)
	t.Run("gives the same again", s.repeats)
	t.Run("stops at the error of emit", s.stopsAtEmit)
	t.Run("stops when cancelled before", s.stopsCancelledBefore)
	t.Run("stops when cancelled midway", s.stopsCancelledMidway)
	t.Run("does not believe an empty source", s.empty)
	t.Run("leaves no goroutine behind", s.goroutines)
	outcomes := map[string]string{}
	for _, fault := range s.Faults {
		t.Run(fault.String(), func(t *testing.T) { outcomes[fault.String()] = s.fault(t, fault) })
	}
	if s.Outcomes && !t.Failed() {
		keep(t, outcomes, s.Rewrite)
	}
	if s.Facts != (scanners.Facts{}) {
		t.Run("states what it claims to state", s.facts)
	}
	if _, ok := s.Open(t, Env(t).Env, 1, Healthy).(scanners.Lookup[R]); ok {
		t.Run("looks up", s.looksUp)
	}
}

// scan is the outcome of one scan: the ids in order, each record as text at the moment of its emission and the record.
type scan[R scanners.Record] struct {
	ids      []string
	texts    []string
	kept     []R
	coverage scanners.Coverage
	err      error
}

func (s suite[R]) scan(t *testing.T, source scanners.Source[R]) scan[R] {
	t.Helper()
	var got scan[R]
	caller := goroutine()
	got.coverage, got.err = source.Scan(t.Context(), func(r R) error {
		if here := goroutine(); here != caller {
			t.Errorf("emit called from another goroutine than Scan")
		}
		id, system := s.identify(r)
		if id == "" {
			t.Errorf("record %d has no id", len(got.ids)+1)
		}
		if system != "" {
			t.Errorf("record %q: System = %q; it is the runner's to set", id, system)
		}
		got.ids, got.texts, got.kept = append(got.ids, id), append(got.texts, text(t, r)), append(got.kept, r)
		return nil
	})
	return got
}

func (s suite[R]) emitsAll(t *testing.T) {
	out := Env(t)
	got := s.scan(t, s.Open(t, out.Env, records, Healthy))
	if got.err != nil {
		t.Fatalf("Scan: %v", got.err)
	}
	if different := len(distinct(got.ids)); len(got.ids) != records || different != records {
		t.Errorf("emitted %d records with %d distinct ids, want %d", len(got.ids), different, records)
	}
	c := got.coverage
	if !c.Verdict.Complete() || c.Why == "" || c.Query == "" {
		t.Errorf("verdict %v, why %q, query %q: want a complete verdict, the reason and the question asked", c.Verdict, c.Why, c.Query)
	}
	if c.Read != records || c.Rejected != 0 || len(out.Rejected) != 0 {
		t.Errorf("coverage: read %d, rejected %d (%v), want %d and 0", c.Read, c.Rejected, out.Rejected, records)
	}
}

func (s suite[R]) repeats(t *testing.T) {
	source := s.Open(t, Env(t).Env, records, Healthy)
	first := s.scan(t, source)
	second := s.scan(t, source)
	if diff := cmp.Diff(first.texts, second.texts); diff != "" {
		t.Errorf("second scan differs (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.coverage, second.coverage); diff != "" {
		t.Errorf("second coverage differs (-first +second):\n%s", diff)
	}
	for i, record := range first.kept {
		if now := text(t, record); now != first.texts[i] {
			t.Errorf("record %q was touched after emit:\nthen %s\nnow  %s", first.ids[i], first.texts[i], now)
		}
	}
}

func (s suite[R]) stopsAtEmit(t *testing.T) {
	for name, stopAt := range map[string]int{"first": 1, "third": 3, "last": records} {
		full := errors.New("disk full")
		calls := 0
		coverage, err := s.Open(t, Env(t).Env, records, Healthy).Scan(t.Context(), func(R) error {
			if calls++; calls >= stopAt {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || calls != stopAt {
			t.Errorf("%s record: Scan = %v after %d calls, want the error of emit after %d", name, err, calls, stopAt)
		}
		if coverage.Verdict.Complete() {
			t.Errorf("%s record: verdict %v after a stopped scan", name, coverage.Verdict)
		}
	}
}

func (s suite[R]) stopsCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	coverage, err := s.Open(t, Env(t).Env, records, Healthy).Scan(ctx, func(R) error { return nil })
	if err == nil || coverage.Verdict.Complete() {
		t.Errorf("Scan = %v, %v with a cancelled context; want an error and no complete verdict", coverage.Verdict, err)
	}
}

func (s suite[R]) stopsCancelledMidway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source, calls := s.Open(t, Env(t).Env, records, Healthy), 0
	coverage, err := source.Scan(ctx, func(R) error {
		if calls++; calls == 3 {
			cancel()
		}
		return nil
	})
	if err == nil || coverage.Verdict.Complete() {
		t.Errorf("Scan = %v, %v when cancelled at record 3; want an error and no complete verdict", coverage.Verdict, err)
	}
}

func (s suite[R]) empty(t *testing.T) {
	got := s.scan(t, s.Open(t, Env(t).Env, 0, Healthy))
	if len(got.ids) != 0 || got.coverage.Read != 0 {
		t.Errorf("%d records emitted, %d read from an empty source", len(got.ids), got.coverage.Read)
	}
	if complete := got.coverage.Verdict.Complete(); complete && !s.EmptyProvable {
		t.Errorf("verdict %v (%s) from an empty source", got.coverage.Verdict, got.coverage.Why)
	} else if !complete && s.EmptyProvable {
		t.Errorf("verdict %v (%s), %v although the source proves that it is empty", got.coverage.Verdict, got.coverage.Why, got.err)
	}
	if !got.coverage.Verdict.Complete() && got.err == nil && got.coverage.Why == "" {
		t.Error("coverage does not say why it is not complete")
	}
}

// fault scans a source that suffers fault, judges what came of it and puts it in words.
func (s suite[R]) fault(t *testing.T, fault Fault) string {
	out := Env(t)
	got := s.scan(t, s.Open(t, out.Env, records, fault))
	c := got.coverage
	if fault.passing() && (got.err != nil || !c.Verdict.Complete() || len(distinct(got.ids)) != records || len(got.ids) != records) {
		t.Errorf("verdict %v (%s), %v after %d records; want a complete scan of %d, for this fault passes", c.Verdict, c.Why, got.err, len(got.ids), records)
	}
	if fault.lasting() || fault == GarbledID && s.accounts {
		if c.Verdict.Complete() {
			t.Errorf("verdict %v (%s), want partial or blind", c.Verdict, c.Why)
		}
		if c.Why == "" && got.err == nil {
			t.Error("neither Why nor an error tells what is missing")
		}
	}
	if int(c.Rejected) != len(out.Rejected) || int(c.Read-c.Rejected) != len(got.ids) {
		t.Errorf("read %d, rejected %d; but %d handed to Reject and %d emitted", c.Read, c.Rejected, len(out.Rejected), len(got.ids))
	}
	for _, r := range out.Rejected {
		if r.Place == "" || r.Reason == "" || r.Raw == "" {
			t.Errorf("rejection without place, reason or raw record: %+v", r)
		}
	}
	s.garbled(t, fault, got, out)
	return outcome(c, got.err, len(got.ids))
}

func distinct(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// garbled checks what holds for one bad record in an otherwise healthy source.
func (s suite[R]) garbled(t *testing.T, fault Fault, got scan[R], out *Outside) {
	if fault == BadDate && (got.err != nil || !got.coverage.Verdict.Complete() || len(got.ids) < records-1) {
		t.Errorf("%v, verdict %v (%s), %d emitted: one bad date cost more than its record", got.err, got.coverage.Verdict, got.coverage.Why, len(got.ids))
	}
	if fault != Garbled && fault != GarbledID {
		return
	}
	if got.err != nil {
		t.Fatalf("one bad record failed the scan: %v", got.err)
	}
	if len(got.ids) != records-1 || len(out.Rejected) != 1 {
		t.Fatalf("%d emitted, %d rejected; want one bad record to cost itself alone", len(got.ids), len(out.Rejected))
	}
	unkeyed := int64(0)
	if fault == GarbledID {
		unkeyed = 1
	}
	if got.coverage.RejectedUnkeyed != unkeyed || (out.Rejected[0].ID == "") != (unkeyed == 1) {
		t.Errorf("%d unkeyed, rejection of id %q; want %d unkeyed", got.coverage.RejectedUnkeyed, out.Rejected[0].ID, unkeyed)
	}
}

func (s suite[R]) goroutines(t *testing.T) {
	source := s.Open(t, Env(t).Env, records, Healthy)
	s.scan(t, source)
	stopped := errors.New("stopped")
	before := runtime.NumGoroutine()
	_, _ = source.Scan(t.Context(), func(R) error { return nil })
	_, _ = source.Scan(t.Context(), func(R) error { return stopped })
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func (s suite[R]) looksUp(t *testing.T) {
	source := s.Open(t, Env(t).Env, records, Healthy)
	scan := s.scan(t, source)
	lookup := source.(scanners.Lookup[R])
	for _, id := range []string{scan.ids[0], scan.ids[len(scan.ids)/2], scan.ids[len(scan.ids)-1]} {
		record, found, err := lookup.Lookup(t.Context(), id)
		if got, _ := s.identify(record); err != nil || !scanners.Is(found, true) || got != id {
			t.Errorf("Lookup(%q) = %q, %+v, %v; want the record, known true", id, got, found, err)
		}
	}
	if _, found, err := lookup.Lookup(t.Context(), s.UnknownID); err != nil || !found.IsNever() {
		t.Errorf("Lookup(%q) = %+v, %v; want never", s.UnknownID, found, err)
	}
	for _, fault := range s.Faults {
		if fault != Truncated {
			continue
		}
		broken := s.Open(t, Env(t).Env, records, fault).(scanners.Lookup[R])
		if _, found, _ := broken.Lookup(t.Context(), scan.ids[len(scan.ids)-1]); fault == Truncated && found.IsNever() {
			t.Errorf("Lookup says never for a record that a truncated source does not show")
		}
	}
}

// goroutine identifies the running goroutine by the head of its stack ("goroutine 7 ").
func goroutine() string {
	head := make([]byte, 64)
	head = head[:runtime.Stack(head, false)]
	for i, c := range head {
		if c == '[' {
			return string(head[:i])
		}
	}
	return string(head)
}

func text[R scanners.Record](t *testing.T, record R) string {
	t.Helper()
	b, err := json.Marshal(record)
	if err != nil {
		t.Fatalf("record cannot be written down: %v", err)
	}
	return string(b)
}
