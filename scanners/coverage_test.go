package scanners_test

import (
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

func TestCoverageVerdicts(t *testing.T) {
	if (scanners.Coverage{}).Verdict.Complete() {
		t.Error("the zero coverage is complete")
	}
	for verdict, test := range map[scanners.CoverageVerdict]struct {
		words    string
		complete bool
	}{
		scanners.Blind:      {"blind", false},
		scanners.Partial:    {"partial", false},
		scanners.Consistent: {"complete (consistent)", true},
		scanners.Proved:     {"complete (proved)", true},
	} {
		if verdict.String() != test.words || verdict.Complete() != test.complete {
			t.Errorf("verdict %d: %q, complete %v", verdict, verdict, verdict.Complete())
		}
	}
}

// TestWorsen shows that a verdict only falls, and that no reason for an incomplete one is lost.
func TestWorsen(t *testing.T) {
	type step struct {
		to  scanners.CoverageVerdict
		why string
	}
	for name, test := range map[string]struct {
		from    scanners.Coverage
		steps   []step
		verdict scanners.CoverageVerdict
		why     string
	}{
		"falls": {scanners.Coverage{Verdict: scanners.Proved, Why: "counted"}, []step{{scanners.Partial, "a referral"}}, scanners.Partial, "a referral"},
		"never rises": {scanners.Coverage{Verdict: scanners.Partial, Why: "cut"}, []step{{scanners.Proved, "counted"}, {scanners.Consistent, "read"}},
			scanners.Partial, "cut"},
		"collects": {scanners.Coverage{Verdict: scanners.Partial, Why: "cut"}, []step{{scanners.Partial, "grew"}, {scanners.Partial, "a row without id"}},
			scanners.Partial, "cut; grew; a row without id"},
		"says a reason once": {scanners.Coverage{Verdict: scanners.Partial, Why: "cut"}, []step{{scanners.Partial, "cut"}}, scanners.Partial, "cut"},
		"down to blind":      {scanners.Coverage{Verdict: scanners.Partial, Why: "cut"}, []step{{scanners.Blind, "nothing usable"}}, scanners.Blind, "nothing usable"},
	} {
		t.Run(name, func(t *testing.T) {
			c := test.from
			for _, s := range test.steps {
				c.Worsen(s.to, s.why)
			}
			if c.Verdict != test.verdict || c.Why != test.why {
				t.Errorf("%v (%s), want %v (%s)", c.Verdict, c.Why, test.verdict, test.why)
			}
		})
	}
}
