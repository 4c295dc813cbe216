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

// walkPages scans pages of ids, each a letter; a page's claim stands before it: "6:abc".
func walkPages(t *testing.T, offsets bool, pages ...string) (scanners.Coverage, int) {
	t.Helper()
	w := Walk[scanners.Account]{Env: scannertest.Env(t).Env, Offsets: offsets,
		Fetch: func(_ context.Context, place string) (Page, error) {
			n := 0
			if _, err := fmt.Sscan(place, &n); err != nil && place != "" {
				return Page{}, err
			}
			claim, ids, _ := strings.Cut(pages[n], ":")
			p := Page{ClaimedBy: "total"}
			for _, id := range ids {
				p.Records = append(p.Records, json.RawMessage(`"`+string(id)+`"`))
			}
			if total := int64(0); claim != "" {
				if _, err := fmt.Sscan(claim, &total); err != nil {
					return Page{}, err
				}
				p.Claimed = scanners.Known(total)
			}
			if n+1 < len(pages) {
				p.Next = fmt.Sprint(n + 1)
			}
			return p, nil
		},
		Decode: func(raw json.RawMessage) (scanners.Account, error) { return scanners.Account{ID: string(raw)}, nil }}
	read := 0
	c, err := w.Scan(t.Context(), func(scanners.Account) error { read++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return c, read
}

// TestPagesThatBringNothingNew ends scans of servers that give the same records under ever new addresses.
func TestPagesThatBringNothingNew(t *testing.T) {
	for _, test := range []struct {
		name  string
		pages []string
		want  scanners.CoverageVerdict
		read  int
	}{
		{"one page twice", []string{":ab", ":cd", ":cd", ":ef"}, scanners.Consistent, 6},
		{"two pages twice", []string{":ab", ":cd", ":ab", ":cd", ":ef"}, scanners.Consistent, 6},
		{"for ever", []string{":ab", ":ab", ":ab", ":ab", ":cd"}, scanners.Partial, 2},
		{"empty pages in between are no repetition", []string{":ab", ":", ":", ":", ":", ":cd"}, scanners.Consistent, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c, read := walkPages(t, false, test.pages...); c.Verdict != test.want || read != test.read {
				t.Errorf("%v (%s), %d records", c.Verdict, c.Why, read)
			}
		})
	}
}

// TestOffsets: when a record is removed behind the place where a scan is, another slips to the page before, unseen; the number
// that remains agrees with the source's.
func TestOffsets(t *testing.T) {
	for _, test := range []struct {
		name    string
		offsets bool
		pages   []string
		want    scanners.CoverageVerdict
	}{
		{"nothing changes", true, []string{"5:ab", "5:cd", "5:e"}, scanners.Proved},
		{"one removed", true, []string{"6:ab", "5:de", "5:f"}, scanners.Partial},
		{"one added", true, []string{"5:ab", "6:cd", "6:ef"}, scanners.Partial},
		{"one removed, with cursors", false, []string{"6:ab", "5:cd", "5:e"}, scanners.Proved},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c, _ := walkPages(t, test.offsets, test.pages...); c.Verdict != test.want {
				t.Errorf("%v (%s)", c.Verdict, c.Why)
			}
		})
	}
}

// TestExplain adds what to do, and keeps what was wrong.
func TestExplain(t *testing.T) {
	for status, want := range map[int]string{401: "credentials", 403: "rights", 404: "check url", 302: "redirect", 500: ""} {
		err := Explain(fmt.Errorf("page 1: %w", &StatusError{Place: "GET x", Status: status}))
		var kept *StatusError
		if !errors.As(err, &kept) || strings.Contains(err.Error(), "hint:") != (want != "") || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if err := errors.New("x"); Explain(err) != err {
		t.Error("an error of another sort was changed")
	}
}

// TestForbiddenForAWhile: a 403 that says when to come again is a limit, any other is not.
func TestForbiddenForAWhile(t *testing.T) {
	for after, want := range map[time.Duration]int{0: 1, time.Minute: 3} {
		tries := 0
		err := NewRetries(scannertest.Env(t).Env).Do(t.Context(), func(context.Context) error {
			if tries++; tries < 3 {
				return &StatusError{Status: 403, After: after}
			}
			return nil
		})
		if tries != want || (err == nil) != (want == 3) {
			t.Errorf("after %v: %d tries, %v", after, tries, err)
		}
	}
}
