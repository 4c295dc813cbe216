package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// TestRowsGiveBack: every row comes back as it was put in, whatever it holds, from whichever block.
func TestRowsGiveBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept rows
		var want []scanners.Person
		var refs []rowRef
		for range rapid.IntRange(1, 30).Draw(t, "rows") {
			p := drawRow(t)
			want, refs = append(want, p), append(refs, kept.add(&p))
		}
		var again scanners.Person
		for i, ref := range refs {
			if kept.get(ref, &again); cmp.Diff(want[i], again, noneIsEmpty) != "" {
				t.Fatalf("row %d, read over the one before (-put in +given back):\n%s", i, cmp.Diff(want[i], again, noneIsEmpty))
			}
			if diff := cmp.Diff(want[i], kept.row(ref)); diff != "" {
				t.Fatalf("row %d (-put in +given back):\n%s", i, diff)
			}
			if system, id := kept.id(ref); system != want[i].System || id != want[i].ID {
				t.Fatalf("row %d is %q %q, want %q %q", i, system, id, want[i].System, want[i].ID)
			}
		}
	})
}

// noneIsEmpty takes a list without elements for no list: memory that is used again has to stay.
var noneIsEmpty = cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().Type().String(), "[]") },
	cmp.FilterValues(func(x, y any) bool { return cmp.Equal(x, y) || size(x)+size(y) == 0 }, cmp.Ignore()))

func size(list any) int {
	switch list := list.(type) {
	case []string:
		return len(list)
	case []scanners.Employment:
		return len(list)
	}
	return -1
}

func drawRow(t *rapid.T) scanners.Person {
	text := rapid.OneOf(rapid.String(), rapid.Just(""), rapid.Just(strings.Repeat("long ", 2000)), rapid.Just("\xff\x00 no text"))
	list := rapid.Custom(func(t *rapid.T) []string {
		var list []string
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			list = append(list, text.Draw(t, "one"))
		}
		return list
	})
	date := rapid.Custom(func(t *rapid.T) scanners.Fact[scanners.Date] {
		part := rapid.OneOf(rapid.IntRange(0, 31), rapid.IntRange(1900, 9999), rapid.IntRange(-1000, 0))
		return scanners.Fact[scanners.Date]{State: scanners.State(rapid.IntRange(0, 2).Draw(t, "state")), Reason: text.Draw(t, "reason"),
			Value: scanners.Date{Year: part.Draw(t, "year"), Month: time.Month(part.Draw(t, "month")), Day: part.Draw(t, "day")}}
	})
	p := scanners.Person{System: rapid.SampledFrom([]string{"hr", "contractors", ""}).Draw(t, "system"), ID: text.Draw(t, "id"), OtherIDs: list.Draw(t, "others"),
		DisplayName: text.Draw(t, "display name"), GivenName: text.Draw(t, "given"), FamilyName: text.Draw(t, "family"), Mails: list.Draw(t, "mails"),
		Manager: text.Draw(t, "manager"), Department: text.Draw(t, "department"), Location: text.Draw(t, "location"), Zone: text.Draw(t, "zone"),
		Place: text.Draw(t, "place")}
	for range rapid.IntRange(0, 3).Draw(t, "employments") {
		p.Employments = append(p.Employments, scanners.Employment{ID: text.Draw(t, "employment"), Start: date.Draw(t, "start"), End: date.Draw(t, "end"),
			LastDayInclusive: rapid.Bool().Draw(t, "inclusive"), Type: text.Draw(t, "type"), StatusRaw: text.Draw(t, "raw"), Status: scanners.Status(text.Draw(t, "status"))})
	}
	return p
}

// TestRowsLongerThanABlock: a row that no block holds takes one of its own, and the next ones stay apart from it.
func TestRowsLongerThanABlock(t *testing.T) {
	var kept rows
	lengths := []int{1, largestBlock + 7, 1, largestBlock - 40, 2 * largestBlock, 3}
	var refs []rowRef
	for _, n := range lengths {
		p := scanners.Person{System: "hr", ID: strings.Repeat("7", n), DisplayName: strings.Repeat("x", n)}
		refs = append(refs, kept.add(&p))
	}
	for i, n := range lengths {
		if p := kept.row(refs[i]); p.ID != strings.Repeat("7", n) || p.DisplayName != strings.Repeat("x", n) {
			t.Errorf("row %d has an id of %d and a name of %d bytes, want %d", i, len(p.ID), len(p.DisplayName), n)
		}
	}
}

// TestIsFolded compares eight bytes at once with one after the other.
func TestIsFolded(t *testing.T) {
	edges := rapid.SampledFrom([]byte{0, 1, ' ' - 1, ' ', '!', '@', 'A', 'M', 'Z', '[', '`', 'a', 'z', '{', '~', 0x7f, 0x80, 0xc3, 0xff})
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.OneOf(rapid.Just(byte('m')), rapid.Just(byte('0')), edges), 0, 40).Draw(t, "text"))
		want := true
		for i := range len(s) {
			want = want && s[i] > ' ' && s[i] < 0x80 && (s[i] < 'A' || s[i] > 'Z')
		}
		if got := isFolded(s); got != want {
			t.Fatalf("%q: %t, want %t", s, got, want)
		}
		if want && Fold(s) != s {
			t.Fatalf("%q is folded to %q", s, Fold(s))
		}
	})
}
