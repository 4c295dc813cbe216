package table

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/docs"
	"github.com/leaver-audit/leaver/scanners"
)

// sample reads the sample file of a preset.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "presets", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// short is what decides about a person, as one line.
func short(p scanners.Person) string {
	e := p.Employments[0]
	end, on := "open", "exclusive"
	if date, ok := e.End.Get(); ok {
		end = date.String()
	}
	if e.LastDayInclusive {
		on = "inclusive"
	}
	return fmt.Sprintf("%s %s %s..%s %s %s", p.ID, p.Mails[0], e.Start.Value, end, on, e.Status)
}

// TestPresets reads a file in the shape that the product's documentation describes, with nothing configured but the preset
// and, where its meaning is not known, last_day.
func TestPresets(t *testing.T) {
	tests := map[string]struct {
		config string
		want   []string
	}{
		"workday": {"", []string{"10001 ada.quill@corp.example 2019-03-01..open inclusive active", "10002 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated",
			"10003 cy.lund@corp.example 2026-12-01..open inclusive prehire", "10004 di.roth@corp.example 2020-06-15..open inclusive leave"}},
		"successfactors": {"", []string{"P100 ada.quill@corp.example 2019-03-01..open inclusive active", "P101 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated",
			"P102 cy.lund@corp.example 2018-09-01..open inclusive leave", "P102 cy.lund@corp.example 2026-02-01..open inclusive active",
			"P103 di.roth@corp.example 2020-06-15..open inclusive leave"}},
		"bamboohr": {"\nlast_day: inclusive", []string{"501 ada.quill@corp.example 2019-03-01..open inclusive active", "502 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated"}},
		"adp": {"\nlast_day: exclusive", []string{"AB12CD34E ada.quill@corp.example 2019-03-01..open exclusive active", "FG56HI78J bo.marsh@corp.example 2015-01-12..2026-10-30 exclusive terminated",
			"KL90MN12O di.roth@corp.example 2020-06-15..open exclusive leave"}},
		"ukg": {"\nlast_day: inclusive", []string{"000101 ada.quill@corp.example 2019-03-01..open inclusive active", "000102 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated",
			"000103 di.roth@corp.example 2020-06-15..open inclusive leave"}},
		"oracle-hcm": {"", []string{"300001 ada.quill@corp.example 2019-03-01..open inclusive active", "300002 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated",
			"300003 di.roth@corp.example 2020-06-15..open inclusive suspended"}},
		"peoplesoft": {"\nlast_day: inclusive", []string{"00101 ada.quill@corp.example 2019-03-01..open inclusive active", "00102 bo.marsh@corp.example 2015-01-12..2026-10-30 inclusive terminated",
			"00103 di.roth@corp.example 2020-06-15..open inclusive leave", "00104 ed.swan@corp.example 1985-04-01..2019-12-31 inclusive retired",
			"00105 fay.tarn@corp.example 2021-02-01..2027-01-15 inclusive active", "00105 fay.tarn@corp.example 2021-02-01..open inclusive active",
			"00106 gus.wyre@corp.example 2027-01-04..open inclusive active"}},
	}
	if diff := cmp.Diff(presetNames(), slices.Sorted(maps.Keys(tests))); diff != "" {
		t.Errorf("presets without a test (-presets +tests):\n%s", diff)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AsOf = time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)
			w.write("hr.csv", sample(t, name))
			if p := presets()[name]; (p.lastDay == "") != (test.config != "") {
				t.Fatalf("last_day of the preset is %q, the test configures %q", p.lastDay, test.config)
			} else if err := openAndScan(t, w, true, "path: hr.csv\npreset: "+name); p.lastDay == "" && (err == nil || !strings.Contains(err.Error(), "last_day")) {
				t.Errorf("without last_day: %v, want an error that asks for it", err)
			}
			got := scanPeople(t, w, "path: hr.csv\npreset: "+name+test.config)
			var lines []string
			for _, p := range got.records {
				lines = append(lines, short(p))
			}
			if diff := cmp.Diff(test.want, lines); diff != "" || len(got.rejected) > 0 || !got.coverage.Verdict.Complete() {
				t.Errorf("people (-want +got):\n%s\nrejected %+v, %s", diff, got.rejected, got.coverage.Why)
			}
		})
	}
}

// TestPresetIsOverridden sets each kind of key otherwise.
func TestPresetIsOverridden(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte("Employee_ID,Mail,Hire_Date,Termination_Last_Day_of_Work,Worker_Status\n1,a@b.example,01.02.2020,31.10.2026,terminated\n2,c@d.example,01.02.2020,,GARDEN\n"))
	got := scanPeople(t, w, "path: hr.csv\npreset: Workday\nlast_day: exclusive\ndates: [DD.MM.YYYY]\ncolumns: {mail: Mail}\nvalues: {status: {Garden: suspended, terminated: retired}}")
	var lines []string
	for _, p := range got.records {
		lines = append(lines, short(p))
	}
	want := []string{"1 a@b.example 2020-02-01..2026-10-31 exclusive retired", "2 c@d.example 2020-02-01..open exclusive suspended"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("people (-want +got):\n%s\nrejected %+v", diff, got.rejected)
	}
}

// TestPresetRefuses checks what a preset must not read past.
func TestPresetRefuses(t *testing.T) {
	for name, test := range map[string]struct{ config, content, want string }{
		"an unknown product": {"preset: sap", "", `preset "sap"`},
		"a missing end":      {"preset: workday", "Employee_ID,Work_Email,Hire_Date,Worker_Status\n1,a@b.example,2020-01-01,Active\n", `"Termination_Last_Day_of_Work"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte(test.content))
			config := new(scanners.ConfigError)
			if err := openAndScan(t, w, true, "path: hr.csv\n"+test.config); !errors.As(err, &config) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a *scanners.ConfigError that says %q", err, test.want)
			}
		})
	}
}

// TestPeopleSoftWithoutHistory: a file of current rows is read when leaver.yaml says that it is one, and otherwise the run
// says which columns are missing. Neither takes an old row for a current one.
func TestPeopleSoftWithoutHistory(t *testing.T) {
	const header, rows = "EMPLID,EMAIL_ADDR,HIRE_DT,TERMINATION_DT,EMPL_STATUS%s\n", "00101,a@corp.example,2019-03-01,,A%s\n00102,b@corp.example,2015-01-12,2026-01-30,T%s\n"
	file := func(head, value string) []byte { return fmt.Appendf(nil, header+rows, head, value, value) }
	want := []string{"00101 a@corp.example 2019-03-01..open inclusive active", "00102 b@corp.example 2015-01-12..2026-01-30 inclusive terminated"}
	for name, test := range map[string]struct {
		config, missing string
		content         []byte
	}{
		"one row per person":              {config: "rows: person", content: file("", "")},
		"one row per job":                 {config: "rows: employment", content: file(",EMPL_RCD", ",0")},
		"no word about it":                {missing: `"EMPL_RCD", "EFFDT", "EFFSEQ"`, content: file("", "")},
		"what to do about it":             {missing: "`rows: person`", content: file("", "")},
		"one row per job, without number": {config: "rows: employment", missing: `"EMPL_RCD"`, content: file("", "")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", test.content)
			config := "path: hr.csv\npreset: peoplesoft\nlast_day: inclusive\n" + test.config
			if test.missing != "" {
				if err := openAndScan(t, w, true, config); err == nil || !strings.Contains(err.Error(), test.missing) {
					t.Errorf("%v, want an error that names %s", err, test.missing)
				}
				return
			}
			var lines []string
			for _, p := range scanPeople(t, w, config).records {
				lines = append(lines, short(p))
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Errorf("people (-want +got):\n%s", diff)
			}
		})
	}
	// The old row of somebody who left says active: read as an employment, it would keep them employed for ever.
	w := newWorld(t)
	w.write("hr.csv", append(file("", ""), "00102,b@corp.example,2015-01-12,,A\n"...))
	got := scanPeople(t, w, "path: hr.csv\npreset: peoplesoft\nlast_day: inclusive\nrows: person")
	if len(got.rejected) != 1 || got.rejected[0].ID != "00102" {
		t.Errorf("rejected %+v, want the second row of EMPLID 00102", got.rejected)
	}
}

var update = flag.Bool("update", false, "rewrite the table of presets in docs/hr.md, and what the faults of the conformance suite led to")

// TestPageOfPresets compares the table in docs/hr.md with the presets.
func TestPageOfPresets(t *testing.T) {
	docs.ComparePart(t, filepath.Join("..", "..", "docs", "hr.md"), "presets", pageOfPresets(), *update)
}

func pageOfPresets() string {
	var b strings.Builder
	for _, name := range presetNames() {
		p := presets()[name]
		columns := p.columns.byField()
		var parts, words []string
		for _, field := range slices.Sorted(maps.Keys(columns)) {
			if c := strings.Join(columns[field], ", "); c != "" {
				parts = append(parts, field+": "+c)
			}
		}
		for _, word := range slices.Sorted(maps.Keys(p.status)) {
			words = append(words, word+" "+p.status[word])
		}
		lastDay, dates := p.lastDay, strings.Join(p.dates, ", ")
		if lastDay == "" {
			lastDay = "has to be set: the preset does not know it"
		}
		if dates == "" {
			dates = "ISO"
		}
		fmt.Fprintf(&b, "\n### %s\n\n- columns: `%s`\n- status: %s\n- dates: %s\n- last_day: %s\n", name, strings.Join(parts, "`, `"), strings.Join(words, ", "), dates, lastDay)
		if p.rows != "" {
			fmt.Fprintf(&b, "- rows: %s\n", p.rows)
		}
		fmt.Fprintf(&b, "\n%s\n", p.caution)
	}
	return b.String() + "\n"
}
