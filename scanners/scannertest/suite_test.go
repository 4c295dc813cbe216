package scannertest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// broken names the defect that TestMemory gives its source; TestSuiteFindsDefects runs this program again with each.
var broken = flag.String("broken", "", "the defect of the source under test")

// memory is a source of accounts in memory, with one defect at a time.
type memory struct {
	env    scanners.Env
	n      int
	fault  scannertest.Fault
	defect string
	scans  int
	kept   []string
}

func (m *memory) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	c := scanners.Coverage{Query: "all", Why: "broken off"}
	m.scans++
	for i := range m.n {
		if err := ctx.Err(); err != nil && m.defect != "deaf" {
			return c, err
		}
		c.Read++
		if i == 3 && (m.fault == scannertest.Garbled || m.fault == scannertest.GarbledID) {
			if err := m.reject(&c); err != nil {
				return c, err
			}
			continue
		}
		if i == m.n-1 && m.fault == scannertest.Truncated {
			c.Read--
			c.Verdict = scanners.Partial
			break
		}
		if err := m.emit(emit, i); err != nil && m.defect != "careless" {
			return c, err
		}
	}
	return m.conclude(c)
}

func (m *memory) reject(c *scanners.Coverage) error {
	r := scanners.Rejection{Place: "record 3", Reason: "garbled", Raw: "?", ID: "3"}
	if m.fault == scannertest.GarbledID {
		c.RejectedUnkeyed, r.ID = 1, ""
	}
	c.Rejected++
	if m.defect == "silent" {
		return nil
	}
	return m.env.Reject(r)
}

func (m *memory) emit(emit func(scanners.Account) error, i int) error {
	a := scanners.Account{ID: fmt.Sprint(i)}
	switch m.defect {
	case "system":
		a.System = "crm"
	case "restless":
		a.ID = fmt.Sprint(i, "-", m.scans)
	case "reusing":
		if m.kept == nil {
			m.kept = make([]string, 1)
		}
		m.kept[0] = a.ID
		a.Logins = m.kept
	case "threaded":
		done := make(chan error)
		go func() { done <- emit(a) }()
		return <-done
	case "leaking":
		go func() { select {} }()
	case "double":
		if err := emit(a); err != nil {
			return err
		}
	}
	return emit(a)
}

func (m *memory) conclude(c scanners.Coverage) (scanners.Coverage, error) {
	if c.Verdict == scanners.Partial && m.defect != "believing" {
		return c, nil
	}
	c.Verdict, c.Why = scanners.Proved, "counted"
	if c.RejectedUnkeyed > 0 && m.defect != "lenient" {
		c.Worsen(scanners.Partial, "a record without id")
	}
	if m.n == 0 && m.defect != "credulous" {
		c = scanners.Coverage{Why: "empty", Query: "all"}
	}
	return c, nil
}

func (m *memory) Lookup(_ context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	for i := range m.n {
		if fmt.Sprint(i) == id && !(m.fault == scannertest.Truncated && i == m.n-1) {
			return scanners.Account{ID: id}, scanners.Known(true), nil
		}
	}
	if m.fault == scannertest.Truncated && m.defect != "sure" {
		return scanners.Account{}, scanners.Unknown[bool]("truncated"), nil
	}
	if m.defect == "guessing" {
		return scanners.Account{}, scanners.Unknown[bool]("who knows"), nil
	}
	return scanners.Account{}, scanners.Never[bool](), nil
}

func TestMemory(t *testing.T) {
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(_ *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			return &memory{env: env, n: n, fault: fault, defect: *broken}
		},
		Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID},
		UnknownID: "unknown",
	})
}

// TestSuiteFindsDefects shows that the suite fails for each defect that it is there to find.
func TestSuiteFindsDefects(t *testing.T) {
	for defect, inSubtest := range map[string]string{
		"deaf":      "cancelled",
		"careless":  "error of emit",
		"silent":    "garbled",
		"system":    "every record once",
		"restless":  "same again",
		"reusing":   "same again",
		"threaded":  "every record once",
		"leaking":   "goroutine",
		"double":    "every record once",
		"believing": "truncated",
		"lenient":   "garbled id",
		"credulous": "empty source",
		"sure":      "looks up",
		"guessing":  "looks up",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemory$", "-broken="+defect).CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passed a source that is %s", defect)
			}
			if failed := strings.ReplaceAll(string(out), "_", " "); !strings.Contains(failed, inSubtest) {
				t.Errorf("no failure in subtest %q:\n%s", inSubtest, out)
			}
		})
	}
}
