package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/scanners"
)

// TestSpoiltExportsOfPeople checks what a file of people says when the program that wrote it has lost something.
func TestSpoiltExportsOfPeople(t *testing.T) {
	const header = "id,mail,start,end,status\n"
	rows := func(n int, row string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, row+"\n", i+1, i+1)
		}
		return header + b.String()
	}
	for name, test := range map[string]struct {
		content, config string
		people          int
		verdict         scanners.CoverageVerdict
		why, reject     string
	}{
		"lines that end in CR":           {content: "id,mail,start,end,status\r1,a@b.example,2020-01-01,,active\r2,,,,active\r", people: 2, verdict: scanners.Consistent},
		"no mail in 19 rows":             {content: rows(19, "%d,,2020-01-%02d,,active"), people: 19, verdict: scanners.Consistent},
		"no mail in 20 rows":             {content: rows(20, "%d,,2020-01-%02d,,active"), people: 20, verdict: scanners.Partial, why: `column "mail"`},
		"no mail, and that is all right": {content: rows(20, "%d,,2020-01-%02d,,active"), config: "\noptional: [mail]", people: 20, verdict: scanners.Consistent},
		"words in place of mails":        {content: rows(20, "%d,Sales,2020-01-%02d,,active"), people: 20, verdict: scanners.Partial, why: `column "mail"`},
		"no start":                       {content: rows(20, "%d,p%d@b.example,,,active"), people: 20, verdict: scanners.Partial, why: `column "start"`},
		"no status":                      {content: rows(20, "%d,p%d@b.example,2020-01-01,,"), people: 20, verdict: scanners.Partial, why: `column "status"`},
		"a shortened id":                 {content: header + "1E5,a@b.example,2020-01-01,,active\n2,,2020-01-01,,active\n", people: 1, verdict: scanners.Consistent, reject: "digits are lost"},
		"an id with an E":                {content: header + "11E5,,2020-01-01,,active\nE5,,2020-01-01,,active\n", people: 2, verdict: scanners.Consistent},
		"an open end as start":           {content: header + "1,,9999-12-31,2020-01-01,active\n2,,2020-01-01,,active\n", people: 1, verdict: scanners.Consistent, reject: "no start of an employment"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte(test.content))
			got := scanPeople(t, w, "path: hr.csv\nlast_day: inclusive\ncolumns: {id: id, mail: mail, start: start, end: end, status: status}"+test.config)
			if len(got.records) != test.people || got.coverage.Verdict != test.verdict || !strings.Contains(got.coverage.Why, test.why) {
				t.Errorf("%d people, %v (%s); want %d, %v (%s)", len(got.records), got.coverage.Verdict, got.coverage.Why, test.people, test.verdict, test.why)
			}
			if (test.reject == "") != (len(got.rejected) == 0) || test.reject != "" && !strings.Contains(got.rejected[0].Reason, test.reject) {
				t.Errorf("rejected %+v, want %q", got.rejected, test.reject)
			}
		})
	}
}

// TestMergedCells: below the first row of merged cells there is no value, which must not be taken for an empty one.
func TestMergedCells(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		verdict  scanners.CoverageVerdict
	}{
		"in a column that is read": {"B2", "B3", scanners.Partial},
		"in another column":        {"D2", "D3", scanners.Consistent},
		"within one row":           {"B3", "C3", scanners.Consistent},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.xlsx", book(t, func(f *excelize.File) {
				for i, id := range []string{"x", "y", "z"} {
					set(t, f, fmt.Sprintf("A%d", i+2), id)
				}
				set(t, f, "B2", "login")
				must(t, f.MergeCell("Sheet1", test.from, test.to))
			}))
			got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, login: login}")
			if got.coverage.Verdict != test.verdict || (test.verdict == scanners.Partial) != strings.Contains(got.coverage.Why, "merged") {
				t.Errorf("%v (%s), want %v", got.coverage.Verdict, got.coverage.Why, test.verdict)
			}
		})
	}
}
