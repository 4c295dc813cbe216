package table

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

const (
	historyHeader = "EMPLID,EMPL_RCD,EFFDT,EFFSEQ,NAME,MAIL,HIRE_DT,TERMINATION_DT,EMPL_STATUS,DEPTID\n"
	historyConfig = `path: hr.csv
rows: history
last_day: inclusive
columns: {id: EMPLID, employment_id: EMPL_RCD, effective: EFFDT, sequence: EFFSEQ, display_name: NAME, mail: MAIL, start: HIRE_DT, end: TERMINATION_DT, status: EMPL_STATUS, department: DEPTID}
values: {status: {A: active, L: leave, T: terminated, R: retired}}`
)

// tenuresOf is what decides about a person, one text for each tenure.
func tenuresOf(p scanners.Person) []string {
	texts := []string{}
	for _, e := range p.Employments {
		start, end := "?", "open"
		if date, ok := e.Start.Get(); ok {
			start = date.String()
		}
		if date, ok := e.End.Get(); ok {
			end = date.String() + " exclusive"
			if e.LastDayInclusive {
				end = date.String() + " inclusive"
			}
		}
		texts = append(texts, fmt.Sprintf("%s..%s %s", start, end, e.Status))
	}
	return texts
}

// TestHistoryOfOnePerson reads the rows of one employment as they stand on 2 March 2026, 06:00 UTC.
func TestHistoryOfOnePerson(t *testing.T) {
	for name, test := range map[string]struct {
		rows       string // EFFDT,EFFSEQ,HIRE_DT,TERMINATION_DT,EMPL_STATUS,DEPTID; several with blanks between them
		want       []string
		department string
	}{
		"one row":                      {"2020-01-01,0,2020-01-01,,A,10", []string{"2020-01-01..open active"}, "10"},
		"a transfer":                   {"2020-01-01,0,2020-01-01,,A,10 2024-05-01,0,2020-01-01,,A,20", []string{"2020-01-01..open active"}, "20"},
		"a transfer to come":           {"2020-01-01,0,2020-01-01,,A,10 2026-05-01,0,2020-01-01,,A,20", []string{"2020-01-01..open active"}, "10"},
		"on leave now":                 {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,,L,10 2026-06-01,0,2020-01-01,,A,10", []string{"2020-01-01..open leave"}, "10"},
		"leave to come":                {"2020-01-01,0,2020-01-01,,A,10 2026-03-03,0,2020-01-01,,L,10", []string{"2020-01-01..open active"}, "10"},
		"in effect from today":         {"2020-01-01,0,2020-01-01,,A,10 2026-03-02,0,2020-01-01,,L,10", []string{"2020-01-01..open leave"}, "10"},
		"the greater sequence of two":  {"2020-01-01,0,2020-01-01,,A,10 2026-01-10,1,2020-01-01,,A,30 2026-01-10,0,2020-01-01,,L,20", []string{"2020-01-01..open active"}, "30"},
		"sequences are numbers":        {"2020-01-01,9,2020-01-01,,L,10 2020-01-01,10,2020-01-01,,A,20", []string{"2020-01-01..open active"}, "20"},
		"terminated":                   {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,2026-01-31,T,10", []string{"2020-01-01..2026-01-31 inclusive terminated"}, "10"},
		"terminated without a date":    {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,,T,10", []string{"2020-01-01..2026-02-01 exclusive terminated"}, "10"},
		"terminated, then retired":     {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,,T,10 2026-02-20,0,2020-01-01,,R,10", []string{"2020-01-01..2026-02-01 exclusive retired"}, "10"},
		"the end corrected later":      {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,2026-01-31,T,10 2026-02-20,0,2020-01-01,2026-01-15,T,10", []string{"2020-01-01..2026-01-15 inclusive terminated"}, "10"},
		"the date forgotten later":     {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,2026-01-31,T,10 2026-02-20,0,2020-01-01,,T,10", []string{"2020-01-01..2026-01-31 inclusive terminated"}, "10"},
		"only the row of the end":      {"2026-02-01,0,2020-01-01,2026-01-31,T,10", []string{"2020-01-01..2026-01-31 inclusive terminated"}, "10"},
		"nobody knows since when":      {"2026-02-01,0,2020-01-01,,T,10", []string{"2020-01-01..open terminated"}, "10"},
		"an end to come":               {"2020-01-01,0,2020-01-01,,A,10 2026-04-01,0,2020-01-01,2026-03-31,T,99", []string{"2020-01-01..2026-03-31 inclusive active"}, "10"},
		"an end to come, no date":      {"2020-01-01,0,2020-01-01,,A,10 2026-04-01,0,2020-01-01,,T,99", []string{"2020-01-01..2026-04-01 exclusive active"}, "10"},
		"only the end to come":         {"2026-04-01,0,2020-01-01,,T,10", []string{"2020-01-01..2026-04-01 exclusive terminated"}, "10"},
		"ends earlier than the term":   {"2020-01-01,0,2020-01-01,2026-12-31,A,10 2026-04-01,0,2020-01-01,2026-03-31,T,10", []string{"2020-01-01..2026-03-31 inclusive active"}, "10"},
		"active with a past end":       {"2020-01-01,0,2020-01-01,2026-01-31,A,10 2026-04-01,0,2020-01-01,2026-03-31,T,10", []string{"2020-01-01..2026-01-31 inclusive active"}, "10"},
		"a hire to come":               {"2026-04-01,0,2026-04-01,,A,10", []string{"2026-04-01..open active"}, "10"},
		"a second job to come":         {"2026-04-01,0,2015-01-01,,A,10", []string{"2026-04-01..open active"}, "10"},
		"a first of two rows to come":  {"2026-05-01,0,2026-04-01,,A,20 2026-04-01,0,2026-04-01,,A,10", []string{"2026-04-01..open active"}, "10"},
		"rehired":                      {"2020-01-01,0,2020-01-01,,A,10 2022-07-01,0,2020-01-01,2022-06-30,T,10 2025-01-01,0,2020-01-01,,A,20", []string{"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..open active"}, "20"},
		"rehired, old end still shown": {"2020-01-01,0,2020-01-01,,A,10 2022-07-01,0,2020-01-01,2022-06-30,T,10 2025-01-01,0,2020-01-01,2022-06-30,A,20", []string{"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..open active"}, "20"},
		"rehired and gone, old end still shown": {"2020-01-01,0,2020-01-01,,A,10 2022-07-01,0,2020-01-01,2022-06-30,T,10 2025-01-01,0,2020-01-01,,A,20 2026-02-01,0,2020-01-01,2022-06-30,T,20",
			[]string{"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..2026-02-01 exclusive terminated"}, "20"},
		"rehire to come":             {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,2026-01-31,T,10 2026-06-01,0,2020-01-01,,A,20", []string{"2020-01-01..2026-01-31 inclusive terminated", "2026-06-01..open active"}, "10"},
		"ended and rehired in a day": {"2020-01-01,0,2020-01-01,,A,10 2026-02-01,0,2020-01-01,2026-01-31,T,10 2026-02-01,1,2020-01-01,,A,20", []string{"2020-01-01..open active"}, "20"},
		"the same row twice":         {"2020-01-01,0,2020-01-01,,A,10 2020-01-01,0,2020-01-01,,A,10", []string{"2020-01-01..open active"}, "10"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := strings.Fields(test.rows)
			for range 4 {
				w := newWorld(t)
				w.write("hr.csv", []byte(historyHeader+historyRowsOf("00101", "0", rows)))
				got := scanPeople(t, w, historyConfig)
				if len(got.records) != 1 || len(got.rejected) != 0 {
					t.Fatalf("%d people, rejected %+v; want one person", len(got.records), got.rejected)
				}
				p := got.records[0]
				if diff := cmp.Diff(test.want, tenuresOf(p)); diff != "" || p.Department != test.department {
					t.Fatalf("department %s, want %s; tenures of %v (-want +got):\n%s", p.Department, test.department, rows, diff)
				}
				if c := got.coverage; c.Verdict != scanners.Consistent || c.Read != 1 || !strings.Contains(c.Why, "rows of history tell of 1 employments") {
					t.Errorf("read %d, %v (%s); want 1, complete, and why", c.Read, c.Verdict, c.Why)
				}
				rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			}
		})
	}
}

func historyRowsOf(id, job string, rows []string) string {
	var b strings.Builder
	for _, row := range rows {
		f := strings.Split(row, ",")
		fmt.Fprintf(&b, "%s,%s,%s,%s,Ada Quill,ada@corp.example,%s\n", id, job, f[0], f[1], strings.Join(f[2:], ","))
	}
	return b.String()
}

// TestHistoryAsOf reads one file on several nights: what was to come comes to pass, and nothing that was is forgotten.
func TestHistoryAsOf(t *testing.T) {
	rows := []string{"2020-01-01,0,2020-01-01,,A,10", "2022-07-01,0,2020-01-01,2022-06-30,T,10", "2025-01-01,0,2020-01-01,,A,20", "2026-04-01,0,2020-01-01,2026-03-31,T,20"}
	for at, want := range map[string][]string{
		"2019-12-31T23:59:59Z": {"2020-01-01..2022-06-30 inclusive active", "2025-01-01..2026-03-31 inclusive active"},
		"2020-01-01T00:00:00Z": {"2020-01-01..2022-06-30 inclusive active", "2025-01-01..2026-03-31 inclusive active"},
		"2022-07-01T00:00:00Z": {"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..2026-03-31 inclusive active"},
		"2026-03-31T23:59:59Z": {"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..2026-03-31 inclusive active"},
		"2026-04-01T00:00:00Z": {"2020-01-01..2022-06-30 inclusive terminated", "2025-01-01..2026-03-31 inclusive terminated"},
	} {
		w := newWorld(t)
		w.write("hr.csv", []byte(historyHeader+historyRowsOf("00101", "0", rows)))
		w.AsOf, _ = time.Parse(time.RFC3339, at)
		if diff := cmp.Diff(want, tenuresOf(scanPeople(t, w, historyConfig).records[0])); diff != "" {
			t.Errorf("as of %s (-want +got):\n%s", at, diff)
		}
	}
}

// TestHistoryBeginsInTheZone: a row is in effect from the first instant of its day where the person works, in the order of
// what a row, the source and the run say about that.
func TestHistoryBeginsInTheZone(t *testing.T) {
	for name, test := range map[string]struct {
		zone, config string
		want         scanners.Status
	}{
		"in the zone of the run":     {"", "", scanners.StatusActive},
		"in the zone of the source":  {"", "\nzone: Pacific/Kiritimati", scanners.StatusLeave},
		"in the zone of the person":  {"Pacific/Kiritimati", "", scanners.StatusLeave},
		"the person's counts before": {"America/New_York", "\nzone: Pacific/Kiritimati", scanners.StatusActive},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AsOf = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
			w.write("hr.csv", fmt.Appendf(nil, "id,from,status,zone\n1,2020-01-01,active,%s\n1,2026-03-02,leave,%s\n", test.zone, test.zone))
			got := scanPeople(t, w, "path: hr.csv\nrows: history\ncolumns: {id: id, effective: from, status: status, zone: zone}"+test.config)
			if e := got.records[0].Employments; len(e) != 1 || e[0].Status != test.want {
				t.Errorf("%+v, want status %s", e, test.want)
			}
		})
	}
}

// TestHistoryOfSeveralJobs: each employment has a history of its own, and a person is employed while one of them lasts.
func TestHistoryOfSeveralJobs(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte(historyHeader+
		historyRowsOf("00101", "0", []string{"2020-01-01,0,2020-01-01,,A,10", "2026-02-01,0,2020-01-01,2026-01-31,T,10"})+
		historyRowsOf("00101", "1", []string{"2023-01-01,0,2020-01-01,,A,20"})+
		historyRowsOf("00101", "01", []string{"2026-01-01,0,2020-01-01,,L,20"})))
	got := scanPeople(t, w, historyConfig)
	var lines []string
	for _, p := range got.records {
		lines = append(lines, p.Employments[0].ID+" "+strings.Join(tenuresOf(p), ", "))
	}
	want := []string{"0 2020-01-01..2026-01-31 inclusive terminated", "01 2020-01-01..open leave"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("employments (-want +got):\n%s", diff)
	}
}

// TestHistoryWithoutStatus: where no status says that an employment is over, the end that a row states does.
func TestHistoryWithoutStatus(t *testing.T) {
	for name, test := range map[string]struct{ rows, want string }{
		"open":               {"1,2020-01-01,\n1,2024-01-01,\n", "?..open "},
		"ended":              {"1,2020-01-01,\n1,2026-02-01,2026-01-31\n", "?..2026-01-31 inclusive "},
		"ended, row to come": {"1,2020-01-01,2026-01-31\n1,2026-06-01,\n", "?..2026-01-31 inclusive "},
		"an end to come":     {"1,2020-01-01,\n1,2026-06-01,2026-05-31\n", "?..2026-05-31 inclusive "},
		"prolonged":          {"1,2020-01-01,2025-12-31\n1,2026-01-01,2026-12-31\n", "?..2026-12-31 inclusive "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte("id,from,end\n"+test.rows))
			got := scanPeople(t, w, "path: hr.csv\nrows: history\nlast_day: inclusive\ncolumns: {id: id, effective: from, end: end}")
			if lines := tenuresOf(got.records[0]); len(lines) != 1 || lines[0] != test.want {
				t.Errorf("%q, want %q", lines, test.want)
			}
		})
	}
}

// TestSpoiltHistory: when one row of a person cannot be believed, no other row of theirs may say that they work here, nor
// that they have left.
func TestSpoiltHistory(t *testing.T) {
	const good = "00101,0,2020-01-01,0,Ada Quill,ada@corp.example,2020-01-01,,A,10\n"
	for name, test := range map[string]struct {
		row, reason string
		partial     bool
	}{
		"an effective date that is none":       {"00101,0,2026-13-01,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "2026-13-01", false},
		"no effective date":                    {"00101,0,,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "effective date is empty", false},
		"an effective date of an open end":     {"00101,0,9999-12-31,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "no effective date", false},
		"a zero effective date":                {"00101,0,0000-00-00,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "no effective date", false},
		"no sequence":                          {"00101,0,2026-02-01,,Ada Quill,,2020-01-01,2026-01-31,T,10", "among the rows of its day", false},
		"a sequence that is none":              {"00101,0,2026-02-01,x,Ada Quill,,2020-01-01,2026-01-31,T,10", "not a count", false},
		"an end that is none":                  {"00101,0,2026-02-01,0,Ada Quill,,2020-01-01,31.31.2026,T,10", "31.31.2026", false},
		"a status that is not known":           {"00101,0,2026-02-01,0,Ada Quill,,2020-01-01,2026-01-31,Z,10", `status "Z"`, false},
		"no job":                               {"00101,,2026-02-01,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "which employment", false},
		"another job of the person":            {"00101,1,2026-02-01,x,Ada Quill,,2020-01-01,2026-01-31,T,10", "not a count", false},
		"a tie":                                {"00101,0,2020-01-01,0,Ada Quill,ada.q@corp.example,2020-01-01,2026-01-31,T,10", "with sequence 0 was there before", false},
		"the id of somebody else":              {"00101,0,2025-01-01,0,Bo Marsh,bo@corp.example,2025-01-01,,A,10", `"Bo Marsh"`, false},
		"an id that is none, in a row of ends": {"1.23E+05,0,2026-02-01,0,Ada Quill,,2020-01-01,2026-01-31,T,10", "digits are lost", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte(historyHeader+good+test.row+"\n"+strings.ReplaceAll(strings.ReplaceAll(good, "00101", "00102"), "ada@", "cy@")))
			got := scanPeople(t, w, historyConfig)
			if len(got.rejected) != 1 || !strings.Contains(got.rejected[0].Reason, test.reason) || got.rejected[0].Raw == "" || got.rejected[0].Place == "" {
				t.Fatalf("rejected %+v, want one row for %q", got.rejected, test.reason)
			}
			if test.partial {
				if got.coverage.Verdict.Complete() {
					t.Errorf("%v (%s): the lost row may end anybody's employment", got.coverage.Verdict, got.coverage.Why)
				}
				return
			}
			if len(got.records) != 2 || got.records[0].ID != "00101" || len(got.records[0].Employments) != 0 || len(got.records[0].Mails) != 1 {
				t.Errorf("records %+v, want the keys of 00101 and no employment", got.records)
			}
			if got.rejected[0].ID != "00101" || len(got.records[1].Employments) != 1 {
				t.Errorf("rejected id %q, other person %+v", got.rejected[0].ID, got.records[1])
			}
			if c := got.coverage; c.Read != 3 || c.Rejected != 1 || len(c.Gaps) == 0 {
				t.Errorf("coverage %+v", c)
			}
		})
	}
	t.Run("two rows of a day, no sequence mapped", func(t *testing.T) {
		w := newWorld(t)
		w.write("hr.csv", []byte("id,from,status\n1,2020-01-01,active\n1,2020-01-01,terminated\n"))
		got := scanPeople(t, w, "path: hr.csv\nrows: history\ncolumns: {id: id, effective: from, status: status}")
		if len(got.rejected) != 1 || !strings.Contains(got.rejected[0].Reason, "hint: map the column") {
			t.Errorf("rejected %+v, want the second row with a hint", got.rejected)
		}
	})
	t.Run("a marriage and a new first name", func(t *testing.T) {
		w := newWorld(t)
		w.write("hr.csv", []byte("id,from,status,given,family\n1,2020-01-01,active,Ada,Quill\n1,2022-01-01,active,Ada,Quill-Marsh\n1,2023-01-01,terminated,Ada Maria,Marsh\n"))
		got := scanPeople(t, w, "path: hr.csv\nrows: history\ncolumns: {id: id, effective: from, status: status, given_name: given, family_name: family}")
		if len(got.rejected) != 0 || got.records[0].FamilyName != "Marsh" {
			t.Errorf("rejected %+v, records %+v; want the name in effect", got.rejected, got.records)
		}
	})
}

// TestHistoryConformance serves each person with three rows, in the order of their dates, not of the people.
func TestHistoryConformance(t *testing.T) {
	scannertest.People(t, scannertest.Subject[scanners.Person]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
			w := &world{&scannertest.Outside{Env: env, Dir: env.Path(".")}, t}
			rows := [][]string{{"id", "from", "status", "mail"}}
			for _, year := range []string{"2019", "2022", "2025"} {
				for i := range n {
					if i == 3 && year != "2019" && (fault == scannertest.Garbled || fault == scannertest.GarbledID) {
						continue
					}
					rows = append(rows, []string{fmt.Sprintf("A%05d", i+1), year + "-11-03", "active", fmt.Sprintf("user%d@corp.example", i+1)})
				}
			}
			if fault == scannertest.Garbled {
				rows[4][1] = "31.31.2025"
			}
			content := csvBytes(spoil(slices.Clone(rows), map[scannertest.Fault]scannertest.Fault{scannertest.GarbledID: scannertest.GarbledID}[fault]))
			if fault == scannertest.Truncated {
				content = content[:len(content)-30]
			}
			w.write("hr.csv", content)
			return openTest(t, Kind().People, env, "path: hr.csv\nrows: history\ncolumns: {id: id, effective: from, status: status, mail: mail}")
		},
		Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID},
		UnknownID: "A99999",
	})
}

// TestHistoryIsCounted: the counts of a file are counts of rows, and what is read from it are employments.
func TestHistoryIsCounted(t *testing.T) {
	content := historyHeader + historyRowsOf("00101", "0", []string{"2020-01-01,0,2020-01-01,,A,10", "2024-01-01,0,2020-01-01,,A,20"})
	for config, want := range map[string]scanners.CoverageVerdict{"": scanners.Consistent, "\nexpect_rows: 2": scanners.Proved, "\nexpect_rows: 1": scanners.Partial} {
		w := newWorld(t)
		w.write("hr.csv", []byte(content))
		if c := scanPeople(t, w, historyConfig+config).coverage; c.Verdict != want || c.Read != 1 || c.Claimed.IsKnown() {
			t.Errorf("%q: %v (%s), read %d, claimed %+v; want %v, 1, and no claim about employments", config, c.Verdict, c.Why, c.Read, c.Claimed, want)
		}
	}
}

// TestHistoryKeys refuses configurations that leave open which row counts.
func TestHistoryKeys(t *testing.T) {
	for name, test := range map[string]struct{ config, want string }{
		"no effective date":          {"rows: history\ncolumns: {id: id}", "effective is not mapped"},
		"an effective date for none": {"columns: {id: id, effective: from}", "rows: history"},
		"a sequence for none":        {"rows: person\ncolumns: {id: id, sequence: seq}", "rows: history"},
		"other rows":                 {"rows: histories\ncolumns: {id: id}", "person, employment or history"},
	} {
		w := newWorld(t)
		w.write("hr.csv", []byte("id,from,seq\n1,2020-01-01,0\n"))
		if err := openAndScan(t, w, true, "path: hr.csv\n"+test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
