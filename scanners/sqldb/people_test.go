package sqldb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// peopleOf reads people from a statement of PostgreSQL.
func peopleOf(t *testing.T, out *scannertest.Outside, config string) result[scanners.Person] {
	t.Helper()
	d := use(t, readonly.PostgreSQL)
	s, err := Kind().People(scannertest.Config("url: "+d.url+"\n"+d.config+"\n"+config), out.Env)
	if err != nil {
		t.Fatal(err)
	}
	return scan(t, s)
}

// short is what decides about a person, as one line.
func short(p scanners.Person) string {
	e := p.Employments[0]
	return fmt.Sprintf("%s %v %s..%s %v %s", p.ID, p.Mails, fact(e.Start, scanners.Date.String), fact(e.End, scanners.Date.String), e.LastDayInclusive, e.Status)
}

// TestPeople reads every form in which a database states when an employment ends.
func TestPeople(t *testing.T) {
	const columns = "\nlast_day: inclusive\nzone: Europe/Berlin\ncolumns: {id: id, mail: mail, start: hired, end: gone, status: state, zone: zone, other_ids: badge}\nvalues: {status: {A: active, T: terminated}}"
	for name, test := range map[string]struct {
		gone, state, more string
		want              string // "rejected: …" with the field
	}{
		"open":                   {"NULL::date", "'A'", "", "1 [a@corp.example] 2020-01-01..never true active"},
		"date":                   {"date '2026-03-31'", "'T'", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true terminated"},
		"text":                   {"'2026-03-31'", "'T'", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true terminated"},
		"timestamp":              {"timestamp '2026-03-31 17:00'", "'T'", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true terminated"},
		"instant, seen here":     {"timestamptz '2026-03-30 22:30Z'", "'T'", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true terminated"},
		"instant at midnight":    {"timestamptz '2026-03-31 00:00Z'", "'T'", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true terminated"},
		"far date":               {"date '9999-12-31'", "'A'", "", "1 [a@corp.example] 2020-01-01..never true active"},
		"infinity":               {"date 'infinity'", "'A'", "", "1 [a@corp.example] 2020-01-01..never true active"},
		"no date at all":         {"'soon'", "'T'", "", "rejected: gone"},
		"before anybody":         {"date '1800-01-01'", "'T'", "", "rejected: gone"},
		"minus infinity":         {"timestamp '-infinity'", "'T'", "\nopen_end: []", "rejected: gone"},
		"code without meaning":   {"NULL::date", "'Q'", "", "rejected: state"},
		"no code, dates decide":  {"date '2026-03-31'", "NULL", "", "1 [a@corp.example] 2020-01-01..2026-03-31 true "},
		"own word":               {"NULL::date", "'retired'", "", "1 [a@corp.example] 2020-01-01..never true retired"},
		"word that says nothing": {"NULL::date", "'U'", "\nvalues: {status: {U: unstated}}", "1 [a@corp.example] 2020-01-01..never true "},
	} {
		t.Run(name, func(t *testing.T) {
			out, config := outside(t), columns
			if strings.Contains(test.more, "values") {
				config = strings.Split(columns, "\nvalues")[0]
			}
			got := peopleOf(t, out, fmt.Sprintf("statement: SELECT 1 AS id, 'a@corp.example' AS mail, date '2020-01-01' AS hired, %s AS gone, %s AS state, NULL AS zone, 'B7' AS badge", test.gone, test.state)+config+test.more)
			text := fmt.Sprint(got.err)
			if len(got.records) == 1 {
				text = short(got.records[0])
			} else if len(out.Rejected) == 1 {
				text = "rejected: " + out.Rejected[0].Field
				if diff := cmp.Diff([]string{"B7", "a@corp.example"}, out.Rejected[0].Keys); diff != "" || out.Rejected[0].ID != "1" {
					t.Errorf("id %q, keys %v", out.Rejected[0].ID, out.Rejected[0].Keys)
				}
			}
			if text != test.want {
				t.Errorf("%q, want %q", text, test.want)
			}
		})
	}
}

// TestStarts are those that cannot be, and those that are not known.
func TestStarts(t *testing.T) {
	for sql, want := range map[string]string{"NULL::date": "unknown: NULL in the database", "date '2026-03-01'": "2026-03-01", "date '1900-01-01'": `unknown: the database says "1900-01-01"`,
		"date '9999-12-31'": "hired", "date '2999-01-01'": "hired", "'x'": "hired"} {
		out := outside(t)
		got := peopleOf(t, out, "statement: SELECT 1 AS id, "+sql+" AS hired\ncolumns: {id: id, start: hired}")
		text := fmt.Sprint(got.err)
		if len(got.records) == 1 {
			text = fact(got.records[0].Employments[0].Start, scanners.Date.String)
		} else if len(out.Rejected) == 1 {
			text = out.Rejected[0].Field
		}
		if text != want {
			t.Errorf("%s: %q, want %q", sql, text, want)
		}
	}
}

// TestRowsOfPeople: a person may have several employments, or only one when the configuration says so.
func TestRowsOfPeople(t *testing.T) {
	const rows = "statement: SELECT * FROM (VALUES (1, 'a'), (1, 'b'), (1, 'b'), (NULL, 'c'), (2, 'Mars/Base')) AS v(id, job)\nlast_day: inclusive\n"
	for name, test := range map[string]struct {
		config   string
		emitted  int
		rejected int
		verdict  scanners.CoverageVerdict
	}{
		"employments": {"columns: {id: id, employment_id: job}", 4, 1, scanners.Proved},
		"persons":     {"columns: {id: id, employment_id: job}\nrows: person", 2, 3, scanners.Partial},
		"zones":       {"columns: {id: id, zone: job}", 0, 5, scanners.Blind},
	} {
		t.Run(name, func(t *testing.T) {
			out := outside(t)
			got := peopleOf(t, out, rows+test.config)
			if got.err != nil || len(got.records) != test.emitted || len(out.Rejected) != test.rejected || got.coverage.Verdict != test.verdict {
				t.Errorf("%d records, %+v, %v (%s), %v", len(got.records), out.Rejected, got.coverage.Verdict, got.coverage.Why, got.err)
			}
		})
	}
}

// TestEmptyColumnOfPeople: a table of people that has lost a column would leave their accounts without an owner.
func TestEmptyColumnOfPeople(t *testing.T) {
	for name, test := range map[string]struct {
		n       int
		mail    string
		verdict scanners.CoverageVerdict
	}{
		"nobody has one": {20, "NULL", scanners.Partial},
		"few people":     {19, "NULL", scanners.Proved},
		"one has one":    {20, "CASE WHEN g = 7 THEN 'a@corp.example' END", scanners.Proved},
	} {
		t.Run(name, func(t *testing.T) {
			got := peopleOf(t, outside(t), fmt.Sprintf("statement: SELECT g AS id, %s AS mail FROM generate_series(1, %d) g\ncolumns: {id: id, mail: mail}", test.mail, test.n))
			if got.err != nil || got.coverage.Verdict != test.verdict {
				t.Errorf("%v (%s), %v", got.coverage.Verdict, got.coverage.Why, got.err)
			}
		})
	}
}
