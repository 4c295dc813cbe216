package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// decode reads records of the form "id" or {"id": …, "bad": …}.
func decode(raw json.RawMessage) (scanners.Account, error) {
	var r struct{ ID, Bad string }
	if err := json.Unmarshal(raw, &r.ID); err == nil {
		return scanners.Account{ID: r.ID}, nil
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return scanners.Account{}, &Defect{Field: "record", Reason: err.Error()}
	}
	if r.Bad != "" {
		return scanners.Account{}, &Defect{ID: r.ID, Field: "bad", Reason: r.Bad}
	}
	return scanners.Account{ID: r.ID}, nil
}

// TestWalk plays sources page by page: the records, then after a bar the claim, then after another the next place.
func TestWalk(t *testing.T) {
	for name, test := range map[string]struct {
		pages    []string // by place "", "1", "2" …; the default next place is the following page
		want     string   // emitted ids
		verdict  scanners.CoverageVerdict
		why      string // part of it
		rejected int
		skew     time.Duration
		most     int64
	}{
		"as claimed":                   {pages: []string{`"a","b"|3`, `"c"|3`}, want: "a b c", verdict: scanners.Proved, why: "as many"},
		"no claim":                     {pages: []string{`"a","b"`, `"c"`}, want: "a b c", verdict: scanners.Consistent, why: "states no number"},
		"fewer than claimed":           {pages: []string{`"a","b"|4`, `"c"|4`}, want: "a b c", verdict: scanners.Partial, why: "holds 4"},
		"more than claimed":            {pages: []string{`"a","b"|2`, `"c"|2`}, want: "a b c", verdict: scanners.Consistent, why: "lags"},
		"the claim grew":               {pages: []string{`"a","b"|2`, `"c"|3`}, want: "a b c", verdict: scanners.Proved},
		"the claim shrank":             {pages: []string{`"a","b"|5`, `"c"|3`}, want: "a b c", verdict: scanners.Proved},
		"nothing":                      {pages: []string{``}, verdict: scanners.Blind, why: "no record"},
		"nothing, as claimed":          {pages: []string{`|0`}, verdict: scanners.Blind, why: "no record"},
		"an empty page":                {pages: []string{`"a"|2`, `|2`, `"b"|2`}, want: "a b", verdict: scanners.Proved},
		"a page twice":                 {pages: []string{`"a","b"|3`, `"a","b"|3`, `"c"|3`}, want: "a b c", verdict: scanners.Proved},
		"one twice, one too few":       {pages: []string{`"a","b"|4`, `"b","c"|4`}, want: "a b c", verdict: scanners.Partial},
		"one came twice, changed":      {pages: []string{`{"id":"a"}|2`, `{"id":"a","x":1},"b"|2`}, want: "a b", verdict: scanners.Partial, why: "not the same"},
		"a loop":                       {pages: []string{`"a"|2`, `"b"|2|1`}, want: "a b", verdict: scanners.Partial, why: "leads back"},
		"a loop to the first page":     {pages: []string{`"a"`, `"b"|-|0`, `"c"`}, want: "a b", verdict: scanners.Partial, why: "leads back"},
		"no end":                       {pages: []string{`"a"`, `"b"`, `"c"`}, want: "a b", verdict: scanners.Partial, why: "no end after 2", most: 2},
		"a bad record":                 {pages: []string{`"a",{"id":"b","bad":"x"}|2`}, want: "a", verdict: scanners.Proved, rejected: 1},
		"a bad record, twice":          {pages: []string{`"a",{"id":"b","bad":"x"}|2`, `{"id":"b","bad":"x"}|2`}, want: "a", verdict: scanners.Proved, rejected: 1},
		"a record without id":          {pages: []string{`"a",{"bad":"x"}|2`}, want: "a", verdict: scanners.Partial, why: "without a readable id", rejected: 1},
		"no JSON in a record":          {pages: []string{`"a",{"id":tru}|2`}, want: "a", verdict: scanners.Partial, why: "without a readable id", rejected: 1},
		"something else in the list":   {pages: []string{`"a",{"x":1}|2`}, want: "a", verdict: scanners.Proved},
		"only something else":          {pages: []string{`{"x":1}|1`}, verdict: scanners.Blind, why: "no record"},
		"clocks that differ":           {pages: []string{`"a"|1`}, want: "a", verdict: scanners.Partial, why: "differ by -6m", skew: -6 * time.Minute},
		"clocks that differ by little": {pages: []string{`"a"|1`}, want: "a", verdict: scanners.Proved, skew: 4 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			out := scannertest.Env(t)
			walk := &Walk[scanners.Account]{Env: out.Env, Query: "all", Fetch: pages(test.pages), Decode: decode, MaxPages: test.most,
				Skew: func() time.Duration { return test.skew }}
			var ids []string
			c, err := walk.Scan(t.Context(), func(a scanners.Account) error { ids = append(ids, a.ID); return nil })
			if got := strings.Join(ids, " "); err != nil || got != test.want || c.Verdict != test.verdict || !strings.Contains(c.Why, test.why) {
				t.Errorf("%q, %v (%s), %v; want %q, %v (%s)", got, c.Verdict, c.Why, err, test.want, test.verdict, test.why)
			}
			if len(out.Rejected) != test.rejected || int(c.Rejected) != test.rejected || int(c.Read-c.Rejected) != len(ids) {
				t.Errorf("read %d, rejected %d, handed over %v", c.Read, c.Rejected, out.Rejected)
			}
			if c.Verdict == scanners.Partial && c.RejectedUnkeyed == 0 && len(c.Gaps) == 0 && !strings.Contains(c.Why, "twice") {
				t.Error("partial without a gap")
			}
		})
	}
}

func pages(texts []string) func(context.Context, string) (Page, error) {
	return func(_ context.Context, place string) (Page, error) {
		n := 0
		if _, err := fmt.Sscan(place, &n); place != "" && err != nil {
			return Page{}, err
		}
		parts := append(strings.Split(texts[n], "|"), "", "")
		records, _, err := Split([]byte("["+parts[0]+"]"), "")
		p := Page{Records: records}
		if claimed := int64(0); parts[1] != "" && parts[1] != "-" {
			if _, err := fmt.Sscan(parts[1], &claimed); err != nil {
				return Page{}, err
			}
			p.Claimed, p.ClaimedBy = scanners.Known(claimed), "count"
		}
		switch {
		case parts[2] != "":
			p.Next = parts[2]
		case n+1 < len(texts):
			p.Next = fmt.Sprint(n + 1)
		}
		return p, err
	}
}

// TestWalkEnds: what ends a scan is told, and leaves no complete verdict.
func TestWalkEnds(t *testing.T) {
	broken := errors.New("broken")
	two := pages([]string{`"a","b"|4`, `"c","d"|4`})
	failing := func(ctx context.Context, place string) (Page, error) {
		if place != "" {
			return Page{}, broken
		}
		return two(ctx, place)
	}
	for name, test := range map[string]struct {
		fetch   func(context.Context, string) (Page, error)
		decode  func(json.RawMessage) (scanners.Account, error)
		emit    func(scanners.Account) error
		verdict scanners.CoverageVerdict
	}{
		"the second page fails": {fetch: failing, verdict: scanners.Partial},
		"the first page fails":  {fetch: func(context.Context, string) (Page, error) { return Page{}, broken }, verdict: scanners.Blind},
		"decoding gives up":     {fetch: two, decode: func(json.RawMessage) (scanners.Account, error) { return scanners.Account{}, broken }, verdict: scanners.Blind},
		"the disk is full":      {fetch: two, emit: func(scanners.Account) error { return broken }, verdict: scanners.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			walk := &Walk[scanners.Account]{Env: scannertest.Env(t).Env, Fetch: test.fetch, Decode: decode}
			if test.decode != nil {
				walk.Decode = test.decode
			}
			if test.emit == nil {
				test.emit = func(scanners.Account) error { return nil }
			}
			c, err := walk.Scan(t.Context(), test.emit)
			if !errors.Is(err, broken) || c.Verdict != test.verdict || c.Why == "" {
				t.Errorf("%v (%s), %v", c.Verdict, c.Why, err)
			}
		})
	}
}
