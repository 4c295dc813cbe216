package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// printed collects every count of one report, by what it says it counts. A name that is seen twice has to have one number.
type printed struct {
	t       *testing.T
	numbers map[string]int64
	places  map[string]string
	twice   int
}

func (p *printed) see(name, place string, n int64) {
	p.t.Helper()
	if before, ok := p.numbers[name]; ok {
		p.twice++
		if before != n {
			p.t.Errorf("%s is %d at %s and %d at %s", name, before, p.places[name], n, place)
		}
		return
	}
	p.numbers[name], p.places[name] = n, place
}

func (p *printed) seeText(name, place, n string) {
	p.t.Helper()
	v, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		p.t.Errorf("%s at %s is %q", name, place, n)
		return
	}
	p.see(name, place, v)
}

func TestEveryNumberThatAppearsTwiceIsTheSame(t *testing.T) {
	reports := samples()
	delete(reports, "refused")
	reports["many"] = report(manyRows(240))
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			p := &printed{t: t, numbers: map[string]int64{}, places: map[string]string{}}
			all := grids(t, open(t, workbook(t, r)), true)
			p.rowSheets(all)
			p.summary(all["Summary"])
			p.rules(all["Rules"])
			p.lines(r)
			p.totals(r)
			p.sentence(r)
			if p.twice < 60 {
				t.Errorf("only %d numbers were seen twice", p.twice)
			}
		})
	}
}

// dataOf returns the rows of a table sheet, none for one that says that it has none.
func dataOf(t *testing.T, rows [][]string) [][]string {
	t.Helper()
	data := rows[headRow:]
	if len(data) == 1 && len(data[0]) == 1 {
		return nil
	}
	return data
}

func (p *printed) rowSheets(all map[string][][]string) {
	kinds, counts := map[string]int64{}, map[string]int64{}
	column := func(sheet, head string, row []string) string {
		if i := columnOf(p.t, all[sheet], head) - 1; i < len(row) {
			return row[i]
		}
		return ""
	}
	total := int64(0)
	for _, row := range dataOf(p.t, all["Terminations"]) {
		total++
		kinds[column("Terminations", "Kind", row)]++
		counts["result "+column("Terminations", "Result", row)]++
		if column("Terminations", "Enabled", row) != "No" {
			counts["still enabled"]++
		}
		counts["system "+column("Terminations", "System", row)]++
	}
	for _, row := range dataOf(p.t, all["Other findings"]) {
		total++
		kinds[column("Other findings", "Finding kind", row)]++
	}
	for _, sheet := range []string{"Orphans", miskeyedSheet} {
		for range dataOf(p.t, all[sheet]) {
			total++
			kinds["orphan"]++
		}
	}
	p.see("miskeyed", "sheet "+miskeyedSheet, int64(len(dataOf(p.t, all[miskeyedSheet]))))
	for _, row := range dataOf(p.t, all["Dormant"]) {
		total++
		if column("Dormant", "Never used", row) == "Yes" {
			kinds["never used"]++
		} else {
			kinds["dormant"]++
		}
	}
	seen := map[string]bool{}
	for _, row := range dataOf(p.t, all["Ambiguous"]) {
		if key := column("Ambiguous", "System", row) + "/" + column("Ambiguous", "Account ID", row); column("Ambiguous", "Because", row) == "disputed" && !seen[key] {
			seen[key] = true
			kinds["disputed"]++
			total++
		}
	}
	p.see("terminations", "sheet Terminations", int64(len(dataOf(p.t, all["Terminations"]))))
	p.see("still enabled", "sheet Terminations", counts["still enabled"])
	p.see("all rows", "the row sheets", total)
	for _, kind := range append(reconcile.Kinds(), reconcile.KindNone) {
		p.see("kind "+kindWords(kind), "the row sheets", kinds[kindWords(kind)])
	}
	for _, result := range Results() {
		p.see("result "+string(result), "sheet Terminations", counts["result "+string(result)])
	}
	for name, n := range counts {
		if strings.HasPrefix(name, "system ") {
			p.see(name, "sheet Terminations", n)
		}
	}
}

func (p *printed) summary(rows [][]string) {
	labels := map[string]string{"Still enabled": "still enabled", "Used after end": "kind used after end", "Disabled late": "result Late", "Orphans": "kind orphan"}
	for i, label := range rows[4] {
		if name := labels[label]; name != "" {
			p.seeText(name, "tile "+label, rows[5][i])
		}
	}
	section := ""
	for i, row := range rows {
		get := func(col int) string {
			if col-1 < len(row) {
				return row[col-1]
			}
			return ""
		}
		place := fmt.Sprintf("Summary row %d", i+1)
		switch title := get(2); {
		case title == "What was found", strings.HasPrefix(title, "Accounts of people"), strings.HasPrefix(title, "Days late by system"):
			section = title
		case title == "" || title == "Finding" || title == "System":
		case section == "What was found":
			switch title {
			case "all rows":
			case ofThemMiskeyed:
				title = "miskeyed"
			default:
				title = "kind " + title
			}
			p.seeText(title, place, get(4))
		case strings.HasPrefix(section, "Accounts of people") && get(9) != "":
			var sum int64
			for _, col := range []int{4, 6, 7, 9} {
				n, err := strconv.ParseInt(get(col), 10, 64)
				if err != nil {
					p.t.Errorf("%s: %v", place, err)
				}
				sum += n
			}
			p.see("system "+title, place, sum)
		}
		if section == "What was found" && get(13) != "" && get(11) != "Decision" {
			name := "decision " + get(11)
			if get(11) == "all rows" {
				name = "all rows"
			}
			p.seeText(name, place, get(13))
		}
	}
}

func (p *printed) rules(rows [][]string) {
	for _, row := range rows[headRow:] {
		name := strings.ToLower(row[0])
		switch row[0] {
		case "Finding kind":
			name = "kind"
		case "Word":
			if row[1] == "likely mis-keyed" {
				p.seeText("miskeyed", "sheet Rules", row[5])
			}
			continue
		case "Decision", "Result":
		default:
			continue
		}
		p.seeText(name+" "+row[1], "sheet Rules", row[5])
	}
}

func (p *printed) lines(r Report) {
	var text, table bytes.Buffer
	if err := JSONLines(&text, r); err != nil {
		p.t.Fatal(err)
	}
	if err := CSV(&table, r); err != nil {
		p.t.Fatal(err)
	}
	counts := map[string]int64{}
	for d := json.NewDecoder(&text); d.More(); {
		var l Line
		if err := d.Decode(&l); err != nil {
			p.t.Fatal(err)
		}
		counts["all rows"]++
		counts["kind "+kindWords(l.Kind)]++
		counts["decision "+strings.ReplaceAll(string(l.Decision), "_", " ")]++
		if l.LikelyMiskeyed {
			counts["miskeyed"]++
		}
		if l.Result != "" {
			counts["result "+string(l.Result)]++
			counts["terminations"]++
			if l.Enabled == nil || *l.Enabled {
				counts["still enabled"]++
			}
		}
	}
	for _, kind := range reconcile.Kinds() {
		p.see("kind "+kindWords(kind), "JSON Lines", counts["kind "+kindWords(kind)])
	}
	for _, d := range policies.DecisionKinds() {
		name := "decision " + strings.ReplaceAll(string(d), "_", " ")
		p.see(name, "JSON Lines", counts[name])
	}
	for _, result := range Results() {
		p.see("result "+string(result), "JSON Lines", counts["result "+string(result)])
	}
	for _, name := range []string{"all rows", "terminations", "still enabled", "miskeyed"} {
		p.see(name, "JSON Lines", counts[name])
	}
	records, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	p.see("all rows", "CSV", int64(len(records)-1))
}

func (p *printed) totals(r Report) {
	totals, err := r.Totals()
	if err != nil {
		p.t.Fatal(err)
	}
	p.see("still enabled", "Totals", totals.StillEnabled)
	p.see("kind used after end", "Totals", totals.UsedAfterEnd)
	for _, kind := range reconcile.Kinds() {
		p.see("kind "+kindWords(kind), "Totals", totals.Findings[kind])
	}
}

// sentence reads the numbers out of the result sentence.
func (p *printed) sentence(r Report) {
	s := Sentence(r)
	read := func(name, before, after string) {
		start := strings.Index(s, before)
		if start < 0 || !strings.Contains(s[start+len(before):], after) {
			if p.numbers[name] != 0 {
				p.t.Errorf("no %q in %q", before+"…"+after, s)
			}
			return
		}
		rest := s[start+len(before):]
		words := strings.Fields(strings.NewReplacer(",", "", "(", "").Replace(rest[:strings.Index(rest, after)]))
		p.seeText(name, "the sentence", words[len(words)-1])
	}
	read("terminations", "Of ", " accounts of people who left")
	read("still enabled", "people who left, ", " are still enabled")
	read("result Open", "Test result:", " open")
	read("result Pass", "Test result:", " passed")
	read("result Late", "Test result:", " late")
	read("result Not tested", "Test result:", " not testable")
	read("kind orphan", "Besides:", " orphan")
	read("miskeyed", "Besides:", " of them likely mis-keyed")
	read("kind dormant", "Besides:", " dormant account")
}

func TestSentence(t *testing.T) {
	far := everything()
	far.AsOf = far.AsOf.AddDate(0, 0, -3)
	near := everything()
	near.Sources[0].ReadAt = near.AsOf.Add(24 * 60 * 60 * 1e9)
	both := partial(everything(), "crm")
	both.AsOf = far.AsOf
	blind := partial(everything(), "okta")
	blind.Sources[3].Coverage.Verdict, blind.Sources[3].Coverage.Why = 0, "connection refused"
	refusedPartial := partial(refused(), "hr")
	tests := map[string]struct {
		report Report
		lead   string
		holds  []string
		lacks  []string
	}{
		"complete":             {everything(), "Result: exceptions found.", []string{"8 are still enabled", "2 of these were used after the end"}, []string{"partial"}},
		"nothing found":        {empty(), "Result: no exceptions found.", []string{"crm (40 accounts, complete (consistent))", "Nothing else was found"}, nil},
		"partial":              {partial(everything(), "crm"), "Result on partial data: crm was read only in part (the server stopped at its size limit); nothing is claimed", nil, nil},
		"partial and empty":    {partial(empty(), "crm"), "Result on partial data: crm was read only in part", []string{"(40 accounts, partial)"}, []string{"no exceptions"}},
		"blind":                {blind, "Result on partial data: okta could not be read (connection refused)", nil, nil},
		"facts of another day": {far, "Result with facts of another time: the facts are those of 2026-11-22 02:10 UTC to 2026-11-22 02:14 UTC, more than 24 hours from the as-of 2026-11-18 23:00 UTC.", nil, nil},
		"facts 24 hours away":  {near, "Result: exceptions found.", nil, []string{"another time"}},
		"both":                 {both, "Result on partial data: crm was read only in part (the server stopped at its size limit), and the facts are those of", []string{"nothing is claimed"}, nil},
		"refused":              {refused(), "No result: the run was refused. Reason: people source hr shrank by 38 %", []string{"hint: look at the export", "nothing is claimed"}, []string{"\n", `\u000a`}},
		"refused on partial":   {refusedPartial, "No result: the run was refused.", []string{"hr was read only in part"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := Sentence(test.report)
			if !strings.HasPrefix(s, test.lead) {
				t.Errorf("starts with %q,\nwant        %q", s[:min(len(s), 200)], test.lead)
			}
			for _, words := range test.holds {
				if !strings.Contains(s, words) {
					t.Errorf("no %q in %q", words, s)
				}
			}
			for _, words := range test.lacks {
				if strings.Contains(s, words) {
					t.Errorf("%q in %q", words, s)
				}
			}
			control := grids(t, open(t, workbook(t, test.report)), true)["Control sheet"]
			if got := strings.Replace(control[4][1], "  ", " ", 1); got != s {
				t.Errorf("the Control sheet says %q, want %q", got, s)
			}
		})
	}
}

func TestEmptySheetsNameTheirCoverage(t *testing.T) {
	tests := map[string]struct {
		report Report
		words  []string
	}{
		"complete": {empty(), []string{"found", "crm (40 accounts, complete (consistent))"}},
		"partial":  {partial(empty(), "crm"), []string{"only for what was read", "crm was read only in part", "(40 accounts, partial)"}},
		"refused":  {refused(), []string{"Nothing was tested", "shrank"}},
	}
	for name, test := range tests {
		all := grids(t, open(t, workbook(t, test.report)), true)
		for _, sheet := range []string{"Terminations", "Orphans", miskeyedSheet, "Dormant", "Ambiguous", "Other findings"} {
			for _, words := range test.words {
				if said := all[sheet][headRow][0]; !strings.Contains(strings.ReplaceAll(said, "was made", "found"), words) {
					t.Errorf("%s, %s: no %q in %q", name, sheet, words, said)
				}
			}
		}
	}
}

func TestCoverageListsEveryGap(t *testing.T) {
	rows := grids(t, open(t, workbook(t, partial(everything(), "crm"))), true)["Coverage"]
	var got []string
	for _, row := range rows[headRow:] {
		got = append(got, row[1]+" | "+row[2]+" | "+row[3])
	}
	want := []string{"hr | none known | 0", "corp-ad | none known | 0", "crm | part of the source | 41", "crm | subtree ou=archive | unknown", "crm | record at line 12, id c-99 | 1",
		"crm | record at page 3 record 7 | 1", "crm | rejected records not listed here | 1", "crm | canary canary-2 | 1", "crm | whether the account is enabled | 1",
		"crm | when the account was last used | 7", "okta | none known | 0", "salesforce | none known | 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestLineKeys(t *testing.T) {
	var b bytes.Buffer
	if err := JSONLines(&b, everything()); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(b.String(), "\n")
	want := `{"source":"salesforce","account":"00123","login":"nadia.conti","kind":"used_after_end","flags":["privileged","failed_logins"],"severity":"critical",` +
		`"situation":"linked","person":"E10680","matched_by":"employee_id","decision":"due","due":"2026-11-01T00:00:00Z","days_late":86,"days_late_hr":null,"id":"F-a4b69db685afdd4b","result":"Open",`
	if !strings.HasPrefix(first, want) {
		t.Errorf("line  %s\nwants %s", first, want)
	}
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		var keys map[string]any
		if err := json.Unmarshal([]byte(line), &keys); err != nil {
			t.Fatal(err)
		}
		if len(keys) != len(csvFields) {
			t.Errorf("%d keys, the CSV has %d columns", len(keys), len(csvFields))
		}
		for _, f := range csvFields {
			if _, ok := keys[f.name]; !ok {
				t.Errorf("no key %q in %s", f.name, line)
			}
		}
	}
}

func TestExclusionOfARuleIsListed(t *testing.T) {
	r := everything()
	own := policies.Exclusion{ID: "X-77", Owner: "Legal", Reason: "litigation", Expires: r.AsOf.AddDate(0, 0, -1)}
	r.Rules[0].Exclude = []policies.Exclusion{own}
	rows := grids(t, open(t, workbook(t, r)), true)["Exclusions"]
	last := rows[len(rows)-1]
	if last[0] != "X-77" || last[10] != "Expired" || last[9] != "-1" {
		t.Errorf("last exclusion %q", last)
	}
}

// BenchmarkWorkbook writes 100,000 rows that nobody keeps, and reports the peak of the heap and the size of the file.
func BenchmarkWorkbook(b *testing.B) {
	block := manyRows(1000)
	r := report(block)
	r.Rows = func() iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) {
			for i := range 100_000 {
				row := block[i%len(block)]
				account := *row.Account
				account.ID = fmt.Sprintf("%s-%d", account.ID, i)
				row.Account = &account
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	r.Scratch = b.TempDir()
	peak := watchHeap()
	var size int64
	for b.Loop() {
		w := &counter{}
		if err := Workbook(w, r); err != nil {
			b.Fatal(err)
		}
		size = w.n
	}
	b.ReportMetric(peak()/1e6, "peak-MB")
	b.ReportMetric(float64(size)/1e6, "file-MB")
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
