package reports

import (
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
)

// gap is one line of the sheet Coverage: something that was not read, or the statement that nothing is known to be missing.
type gap struct {
	source  Source
	number  int
	what    string
	count   scanners.Fact[int64]
	cause   string
	effect  string
	hint    string
	nothing bool
}

func (b *book) coverageTable() table[gap] {
	return table[gap]{
		name: "Coverage", title: "Coverage – what was not read",
		note: "One row per gap. A source without a known gap says so, with what its verdict rests on.",
		none: "No source was configured, so nothing was read.", frozen: 2,
		columns: []column[gap]{
			{head: "Row", width: 8.5, group: "Gap", value: func(g gap) cell { return text(fmt.Sprintf("C-%02d", g.number)) }},
			{head: "Source", width: 18, value: func(g gap) cell { return text(g.source.Name).as(bodyBold) }},
			{head: "What was not read", width: 40, value: gapWhatCell},
			{head: "Count", width: 10, style: headNumber, value: gapCountCell},
			{head: "Cause", width: 44, value: func(g gap) cell { return textOr(g.cause, dash) }},
			{head: "Effect on the result", width: 46, value: func(g gap) cell { return textOr(g.effect, dash) }},
			{head: "What to do", width: 40, value: func(g gap) cell { return textOr(g.hint, dash) }},
			{head: "Kind of source", width: 12, group: "Source", value: gapSortCell},
			{head: "Read at (UTC)", width: 15.5, value: func(g gap) cell { return instant(g.source.ReadAt) }},
			{head: "Coverage", width: 20, value: func(g gap) cell { return coverageCell(g.source.Coverage.Verdict) }},
		},
	}
}

func gapWhatCell(g gap) cell {
	if g.nothing {
		return text(g.what).as(statePass)
	}
	return text(g.what)
}

func gapCountCell(g gap) cell {
	if g.nothing {
		return number(0)
	}
	return factCount(g.count)
}

func gapSortCell(g gap) cell {
	if g.source.People {
		return text("people")
	}
	return text("accounts")
}

func coverageCell(v scanners.CoverageVerdict) cell {
	c := text(v.String())
	switch v {
	case scanners.Blind:
		return c.as(stateBad)
	case scanners.Partial:
		return c.as(stateLate)
	default:
		return c.as(stateGood)
	}
}

// gaps lists the gaps of every source, in the order of the sources.
func (b *book) gaps() []gap {
	var all []gap
	for _, s := range b.Sources {
		found := gapsOf(s)
		if len(found) == 0 {
			found = []gap{{what: "none known", nothing: true, cause: s.Coverage.Why, effect: "conclusions may rest on what this source does not show"}}
		}
		for _, g := range found {
			g.source, g.number = s, len(all)+1
			all = append(all, g)
		}
	}
	return all
}

// gapsOf lists what is known to be missing of one source. An incomplete source always has at least one gap.
func gapsOf(s Source) []gap {
	c := s.Coverage
	var found []gap
	if !c.Verdict.Complete() {
		found = append(found, wholeGap(s))
	}
	for _, g := range c.Gaps {
		found = append(found, gap{what: g.What, count: g.Count, cause: g.Cause, effect: g.Effect, hint: g.Hint})
	}
	found = append(found, rejectedGaps(s)...)
	for _, canary := range c.Canaries {
		if !canary.Seen {
			found = append(found, gap{what: "canary " + canary.ID, count: scanners.Known[int64](1), cause: "a record that must always be visible was not seen",
				effect: "the source may hide more than this one record", hint: "check the rights of the reading account, and whether the record still exists"})
		}
	}
	return append(found, unknownGaps(s.Accounts)...)
}

// What is missing of an incomplete source.
const (
	partOfSource = "part of the source"
	wholeSource  = "the whole source"
)

// wholeGap is the gap of a source that is partial or blind: how much is missing when the source says what it holds.
func wholeGap(s Source) gap {
	g := gap{what: partOfSource, cause: s.Coverage.Why, effect: "nothing is claimed about records that were not read; no decision on this source becomes due",
		hint: "mend the cause and run again"}
	if s.Coverage.Verdict == scanners.Blind {
		g.what = wholeSource
	}
	if claimed, known := s.Coverage.Claimed.Get(); known && claimed > s.Coverage.Read {
		g.count = scanners.Known(claimed - s.Coverage.Read)
	}
	return g
}

// rejectedGaps are the records that were read and not understood: one line each as far as they are at hand, one for the rest.
func rejectedGaps(s Source) []gap {
	var found []gap
	for _, r := range s.Rejections {
		g := gap{what: "record at " + r.Place, count: scanners.Known[int64](1), cause: r.Reason, effect: "this account was not judged",
			hint: "mend the record in the source"}
		if r.Field != "" {
			g.cause = r.Field + ": " + r.Reason
		}
		if s.People {
			g.effect = "this row was not used; accounts that carry its keys are disputed"
		}
		if r.ID != "" {
			g.what += ", id " + r.ID
		}
		found = append(found, g)
	}
	if rest := s.Coverage.Rejected - int64(len(s.Rejections)); rest > 0 {
		found = append(found, gap{what: "rejected records not listed here", count: scanners.Known(rest), cause: "they could not be understood",
			effect: "they were not judged", hint: "the run folder keeps every one of them with its place and reason"})
	}
	return found
}

// unknownGaps are facts that the source did not give for accounts that were read.
func unknownGaps(a AccountTotals) []gap {
	var found []gap
	if a.EnabledUnknown > 0 {
		found = append(found, gap{what: "whether the account is enabled", count: scanners.Known(a.EnabledUnknown), cause: "the source does not say, or hides it",
			effect: "counted as enabled, never acted on without a look-up", hint: "let the reading account see the attribute, or map its values"})
	}
	if a.ActivityUnknown > 0 {
		found = append(found, gap{what: "when the account was last used", count: scanners.Known(a.ActivityUnknown), cause: "the source does not say, or hides it",
			effect: "never counted as dormant or never used", hint: "let the reading account see the attribute, or state what an empty value means"})
	}
	return found
}
