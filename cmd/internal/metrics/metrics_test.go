package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func sampleRun() Run {
	ended := time.Date(2026, 11, 22, 2, 31, 0, 500_000_000, time.UTC)
	return Run{Version: "1.2.3", Ended: ended, Took: 90 * time.Second, Exit: 3, Status: "accepted", LastSuccess: ended, Refusals: 4, Missed: 1, Undelivered: 2,
		Sources:  []Source{{"hr", true, 120, 1, true, time.Second}, {`c"r\m`, false, 1_000_000, 0, false, 1500 * time.Millisecond}},
		Findings: map[string]int64{"orphan": 3, "leaver_active": 2}, Decisions: map[string]int64{"due": 2}, Upcoming: 5}
}

func TestWrite(t *testing.T) {
	values := mustParse(t, written(t, sampleRun()))
	want := map[string]float64{
		`leaver_build_info{version="1.2.3"}`:                                   1,
		`leaver_last_run_timestamp_seconds`:                                    1795314660.5,
		`leaver_last_run_duration_seconds`:                                     90,
		`leaver_last_run_exit_code`:                                            3,
		`leaver_last_run_status{status="accepted"}`:                            1,
		`leaver_last_success_timestamp_seconds`:                                1795314660.5,
		`leaver_gate_refusals_total`:                                           4,
		`leaver_missed_runs`:                                                   1,
		`leaver_undelivered_messages`:                                          2,
		`leaver_source_rows{source="hr",people="true"}`:                        120,
		`leaver_source_rows{source="c\"r\\m",people="false"}`:                  1_000_000,
		`leaver_source_rejected_rows{source="hr",people="true"}`:               1,
		`leaver_source_rejected_rows{source="c\"r\\m",people="false"}`:         0,
		`leaver_source_complete{source="hr",people="true"}`:                    1,
		`leaver_source_complete{source="c\"r\\m",people="false"}`:              0,
		`leaver_source_scan_duration_seconds{source="hr",people="true"}`:       1,
		`leaver_source_scan_duration_seconds{source="c\"r\\m",people="false"}`: 1.5,
		`leaver_findings{kind="leaver_active"}`:                                2,
		`leaver_findings{kind="orphan"}`:                                       3,
		`leaver_decisions{decision="due"}`:                                     2,
		`leaver_decisions_upcoming`:                                            5,
	}
	for name, value := range want {
		if got, ok := values[name]; !ok || got != value {
			t.Errorf("%s is %v (there: %v), want %v", name, got, ok, value)
		}
	}
	for name := range values {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is not wanted", name)
		}
	}
}

// A first run that failed has no success to tell of: an alert on its age must not see 1970.
func TestWriteNothingYet(t *testing.T) {
	text := written(t, Run{Ended: time.Unix(1, 0), Status: "failed", Exit: 1})
	for name := range mustParse(t, text) {
		if strings.HasPrefix(name, "leaver_last_success") || strings.HasPrefix(name, "leaver_source") || strings.HasPrefix(name, "leaver_findings") {
			t.Errorf("%s in\n%s", name, text)
		}
	}
}

func TestWriteFails(t *testing.T) {
	if err := Write(full{}, sampleRun()); err == nil {
		t.Error("a full disk is no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func written(t *testing.T, r Run) string {
	t.Helper()
	var text bytes.Buffer
	if err := Write(&text, r); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

var (
	helpLine   = regexp.MustCompile(`^# HELP ([a-z_]+) \S.*\.$`)
	typeLine   = regexp.MustCompile(`^# TYPE ([a-z_]+) (gauge|counter)$`)
	sampleLine = regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$`)
)

// mustParse is parse for text that has to be right.
func mustParse(t *testing.T, text string) map[string]float64 {
	t.Helper()
	values, wrong := parse(text)
	for _, w := range wrong {
		t.Error(w)
	}
	return values
}

// parse reads the text as Prometheus does, and holds it to the rules that its own linter has.
func parse(text string) (values map[string]float64, wrong []string) {
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if !strings.HasSuffix(text, "\n") {
		fault("the last line has no end")
	}
	values = map[string]float64{}
	kinds, helped, family := map[string]string{}, map[string]bool{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := helpLine.FindStringSubmatch(line); m != nil {
			if helped[m[1]] {
				fault("a second help for %s", m[1])
			}
			helped[m[1]], family = true, m[1]
			continue
		}
		if m := typeLine.FindStringSubmatch(line); m != nil {
			if m[1] != family || kinds[family] != "" {
				fault("%q is out of place", line)
			}
			kinds[family] = m[2]
			if (m[2] == "counter") != strings.HasSuffix(family, "_total") {
				fault("%s is no name for a %s", family, m[2])
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			fault("%q is no line of the format", line)
			continue
		}
		if m[1] != family || kinds[family] == "" {
			fault("%q is not below its type", line)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := values[m[1]+m[2]]; err != nil || twice {
			fault("%q: %v, there before: %v", line, err, twice)
		}
		values[m[1]+m[2]] = value
	}
	return values, wrong
}

// The parser is not blind.
func TestParserSees(t *testing.T) {
	for _, bad := range []string{"leaver_x 1\n", "# HELP leaver_x Text.\nleaver_x 1\n", "leaver_x{a=\"b} 1\n", "# TYPE leaver_x gauge\n",
		"# HELP leaver_x Text.\n# TYPE leaver_x counter\nleaver_x 1\n", "# HELP leaver_x Text.\n# TYPE leaver_x gauge\nleaver_x 1\nleaver_x 1\n",
		"# HELP leaver_x Text.\n# TYPE leaver_x gauge\nleaver_x 1"} {
		if _, wrong := parse(bad); len(wrong) == 0 {
			t.Errorf("%q passes", bad)
		}
	}
	if _, wrong := parse("# HELP leaver_x Text.\n# TYPE leaver_x gauge\nleaver_x{a=\"b\"} 1\n"); len(wrong) > 0 {
		t.Error(wrong)
	}
}
