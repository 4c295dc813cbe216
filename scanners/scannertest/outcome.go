package scannertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

// OutcomesFile is where the tests of a connector keep what each fault led to, by the fault's name, for the page of faults.
const OutcomesFile = "testdata/faults.json"

// outcome is what a fault led to, in words.
func outcome(c scanners.Coverage, err error, emitted int) string {
	verdict := c.Verdict
	if err != nil && verdict.Complete() {
		verdict = scanners.Blind
	}
	if verdict.Complete() {
		return fmt.Sprintf("%v, %d of %d", verdict, emitted, records)
	}
	return verdict.String()
}

// keep compares the outcomes with those that the file holds, or writes them to it.
func keep(t *testing.T, got map[string]string, rewrite bool) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if rewrite {
		if err := os.MkdirAll(filepath.Dir(OutcomesFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(OutcomesFile, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(OutcomesFile)
	if err != nil {
		t.Errorf("%v: run `make docs`", err)
		return
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s is out of date, run `make docs` (-want +got):\n%s", OutcomesFile, diff)
	}
}
