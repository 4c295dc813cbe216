package reports

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// wordColumns are the columns whose cells hold words of leaver's own, by sheet and head; "*" is every sheet.
var wordColumns = []string{
	"* Severity", "* Kind", "* Finding kind", "* Result", "* Flags", "* Sort", "* Enabled", "* Priv.", "* Action", "* Matched by", "* A", "* B", "* C", "* D", "* E",
	"Ambiguous Because", "Ambiguous Key", "Dormant Never used", "Changes What happened", "Changes Finding before", "Changes Finding now",
	"Changes Decision before", "Changes Decision now", "Exclusions Expired?", "Coverage Kind of source", "Coverage Coverage",
	"Plan State", "Plan One by one", "Grace clocks Clock now", "Grace clocks Change", "* In this run",
}

// mixedColumns hold data, and sometimes a word of leaver's in its place.
var mixedColumns = []string{
	"* Last sign-in (UTC)", "* " + laterHead, "* Created (UTC)", "* Disabled at (UTC)", "* Days late", "* Late by HR", "* Late by IT", "* End date", "Dormant Days idle", "Ambiguous Candidate",
	"Exclusions Approver", "Coverage Count", "Exclusions Days left",
}

// dataColumns hold what people, systems and HR wrote, names, numbers, dates and sentences.
var dataColumns = []string{
	"* Row", "* Person", "* Person ID", "* HR status", "* System", "* Account", "* Rule", "* Grace until", "* Decision", "* Approver", "* Reason", "* Verified at (UTC)",
	"* Finding", "* Why", "* Decided because", "* Signal", "* Account ID", "* First seen", "* Row seal", "* Display name", "* Why no owner", "* Nearest match",
	"* Match person ID", "* Match HR status", "* Confidence %", "* Match because", "* Other matches", "* Threshold (days)", "* Owner", "* Manager", "* Name",
	"* Its value", "* Listed as", "Changes Because", "* People source", "* Department", "* Enabled accounts", "* Privileged", "* Answers for", "* Systems",
	"Residual access Accounts", "Residual access Systems open", "* Id", "* Scope", "* Findings it excludes", "* Rows in this file", "* Created",
	"* Expires", "* Where", "* Source", "* What was not read", "* Cause", "* Effect on the result", "* What to do", "* Read at (UTC)",
	"* In the plan", "* One by one because", "Plan Held by, or left out because", "* Due since (UTC)", "Plan Facts (SHA-256, first 16)", "* On (UTC)", "Grace clocks Because",
	"* Due (UTC)", "* Counted from (UTC)", "* First seen (UTC)", "* End by HR (UTC)", "* Paused since (UTC)", "* Run",
}

// TestEveryWordIsExplained walks the cells of every table of samples that hold everything, and wants an entry on the sheet
// Rules for each word that they print. A column that is on none of the lists fails: whoever adds one says what it holds.
func TestEveryWordIsExplained(t *testing.T) {
	samples := []Report{everything(), partial(everything(), "crm"), report(manyRows(240))}
	blind := partial(everything(), "okta")
	blind.Sources[3].Coverage.Verdict = scanners.Blind
	for _, r := range append(samples, blind) {
		all := grids(t, open(t, workbook(t, r)), false)
		explained := explainedWords(t, all["Rules"])
		checked := 0
		for sheet, rows := range all {
			if sheet == "Control sheet" || sheet == "Summary" || sheet == "Rules" {
				continue
			}
			for i, head := range rows[headRow-1] {
				holds := columnHolds(t, r, sheet, head)
				for _, row := range dataOf(t, rows) {
					if i >= len(row) || holds == data {
						continue
					}
					for _, word := range wordsOf(row[i], holds, head) {
						checked++
						if !explained(word) {
							t.Errorf("sheet Rules does not explain %q, which sheet %s prints under %q", word, sheet, head)
						}
					}
				}
			}
		}
		if checked < 100 {
			t.Errorf("only %d words were checked", checked)
		}
	}
}

type holds int

const (
	data holds = iota
	mixed
	onlyWords
)

func columnHolds(t *testing.T, r Report, sheet, head string) holds {
	t.Helper()
	for kind, list := range map[holds][]string{onlyWords: wordColumns, mixed: mixedColumns, data: dataColumns} {
		if slices.Contains(list, sheet+" "+head) || slices.Contains(list, "* "+head) {
			return kind
		}
	}
	if sheet == "Residual access" && slices.ContainsFunc(r.Sources, func(s Source) bool { return !s.People && strings.HasPrefix(head, shown(s.Name)) }) {
		return onlyWords
	}
	t.Errorf("sheet %s, column %q: say in this file whether it holds words of leaver's own", sheet, head)
	return data
}

// aNumber is what a cell of a mixed column holds beside words: a number, a date, a time, a span of time, "1 of 2".
var aNumber = regexp.MustCompile(`^[-0-9,.: ]+( of \d+)?( (day|hour|minute)s?)?$|^\d[0-9hms.]*$`)

func wordsOf(text string, kind holds, head string) []string {
	switch {
	case text == "" || kind == mixed && (aNumber.MatchString(text) || head == "Approver" && text != "none on record"):
		return nil
	case head == "Flags", head == "Matched by":
		return strings.Split(text, ", ")
	}
	return []string{text}
}

// explainedWords are the names on the sheet Rules; one that ends in "…" explains everything that begins like it.
func explainedWords(t *testing.T, rows [][]string) func(string) bool {
	t.Helper()
	names, starts := map[string]bool{}, []string{}
	for _, row := range dataOf(t, rows) {
		for _, name := range strings.Split(row[1], ", ") {
			if start, open := strings.CutSuffix(strings.TrimSuffix(name, ")"), "…"); open {
				starts = append(starts, start)
			}
			names[name] = true
			if letter, _, ok := strings.Cut(name, " "); ok && len(letter) == 1 {
				names[letter] = true
			}
		}
	}
	return func(word string) bool {
		return names[word] || slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(word, start) })
	}
}

// TestEveryEnumerationIsExplained: words that a sample may not hold.
func TestEveryEnumerationIsExplained(t *testing.T) {
	explained := explainedWords(t, grids(t, open(t, workbook(t, everything())), false)["Rules"])
	var words []string
	for _, kind := range append(reconcile.Kinds(), reconcile.KindNone) {
		words = append(words, kindWords(kind))
	}
	for _, kind := range ChangeKinds() {
		words = append(words, changeWords(kind))
	}
	for s := reconcile.Info; s <= reconcile.Critical; s++ {
		words = append(words, capital(s.String()))
	}
	for _, state := range []reconcile.PersonState{reconcile.Employed, reconcile.Leave, reconcile.Suspended, reconcile.Prehire, reconcile.Ended, reconcile.Vanished} {
		words = append(words, stateWords(state))
	}
	for _, kind := range []scanners.AccountKind{scanners.KindPerson, scanners.KindAdmin, scanners.KindService, scanners.KindShared, scanners.KindGuest,
		scanners.KindMachine, scanners.KindBreakGlass, scanners.KindTest} {
		words = append(words, string(kind))
	}
	for v := scanners.Blind; v <= scanners.Proved; v++ {
		words = append(words, v.String())
	}
	words = append(append(words, residueWords[:]...), reconcile.Flags(^uint32(0)).List()...)
	for _, result := range Results() {
		words = append(words, string(result))
	}
	for _, state := range PlanStates() {
		words = append(words, state.words())
	}
	words = append(words, "lock", "revoke", "reclaim", "delete")
	for _, change := range []policies.Change{policies.Started, policies.Extended, policies.Restated, policies.Paused, policies.Reopened, policies.Closed} {
		words = append(words, string(change))
	}
	for _, word := range words {
		if !explained(word) && word != "" {
			t.Errorf("sheet Rules does not explain %q", word)
		}
	}
}
