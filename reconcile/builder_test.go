package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// everybody is what a roster says of its people.
func everybody(b *RosterBuilder) (list []Person, issues []Issue, counts Population) {
	r := b.Build()
	r.People(func(p *Person) { list = append(list, *p) })
	return list, r.Issues(), r.Population()
}

func collect(rows []scanners.Person) *RosterBuilder {
	b := NewRoster(Settings{AsOf: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC), Zone: time.UTC}, History{})
	for _, row := range rows {
		b.Add(row)
	}
	return b
}

// TestSortedOrNot: rows that come ordered by source and id are not sorted again, and make the roster that any other order of them
// makes, of a few people and of more than one part holds.
func TestSortedOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		many := rapid.SampledFrom([]int{0, 0, 0, 0, 3 << partBits}).Draw(t, "many")
		id := rapid.SampledFrom([]string{"", "1", "01", "2", "10", "a", "A ", "B", "b", "12345678", "12345678\x00", "123456789", "123456780"})
		var rows []scanners.Person
		for n := range rapid.IntRange(0, 20).Draw(t, "rows") {
			rows = append(rows, scanners.Person{System: rapid.SampledFrom([]string{"hr", "ext", "hr2"}).Draw(t, "system"), ID: id.Draw(t, "id"), FamilyName: rapid.SampledFrom([]string{"", "Same", "Other"}).Draw(t, "family"),
				Mails: rapid.SliceOfN(rapid.SampledFrom([]string{"m1@corp.example", "m2@corp.example"}), 0, 2).Draw(t, "mails"), Place: fmt.Sprint("line ", n)})
		}
		for n := range many {
			rows = append(rows, scanners.Person{System: "hr", ID: strconv.Itoa(n), Mails: []string{fmt.Sprintf("p%d@corp.example", n/2)}})
		}
		sorted := slices.SortedStableFunc(slices.Values(rows), func(x, y scanners.Person) int {
			return cmp.Or(strings.Compare(x.System, y.System), strings.Compare(Fold(x.ID), Fold(y.ID)))
		})
		inOrder := collect(sorted)
		if inOrder.unsorted {
			t.Fatal("ordered rows are to be sorted")
		}
		people, issues, counts := everybody(inOrder)
		otherPeople, otherIssues, otherCounts := everybody(collect(rapid.Permutation(rows).Draw(t, "order")))
		if diff := gocmp.Diff(people, otherPeople); diff != "" {
			t.Fatalf("(-in order +in another):\n%s", diff)
		}
		if diff := gocmp.Diff(issues, otherIssues) + gocmp.Diff(counts, otherCounts); diff != "" {
			t.Fatalf("(-in order +in another):\n%s", diff)
		}
	})
}

// TestIDsNameTheirPeople: each source has the key of exactly those whose id it is, and zeros go where they may.
func TestIDsNameTheirPeople(t *testing.T) {
	kinds := map[string]*rapid.Generator[string]{
		"close": rapid.StringMatching(`10[0-9]{2}`), "far": rapid.StringMatching(`[1-9][0-9]{0,8}`), "zeros": rapid.StringMatching(`0{0,2}[12]{0,2}`),
		"long": rapid.StringMatching(`1[0-2]{8,9}`), "words": rapid.StringMatching(`[AaB1]{1,2}`),
	}
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(kinds[rapid.SampledFrom([]string{"close", "far", "zeros", "long", "words"}).Draw(t, "kind")], 1, 40).Draw(t, "ids")
		if rapid.IntRange(0, 3).Draw(t, "mixed") == 0 {
			ids = append(ids, kinds["zeros"].Draw(t, "one more"))
		}
		var rows []scanners.Person
		for _, id := range ids {
			rows = append(rows, scanners.Person{System: "hr", ID: id})
		}
		r := collect(rows).Build()
		folded, stripped := map[string]bool{}, map[string]bool{}
		strip := true
		for _, id := range ids {
			id = Fold(id)
			strip = strip && digits(id)
			folded[id], stripped[strings.TrimLeft(id, "0")] = true, true
		}
		strip = strip && len(folded) == len(stripped)
		if got := r.ids["hr"].strip; got != strip {
			t.Fatalf("ids %q: zeros go: %t, want %t", ids, got, strip)
		}
		for _, id := range append(ids, "1", "001", "1005", "999999999", "a", "") {
			var got, want []int32
			r.ids["hr"].index.each(r.ids["hr"].key(id), func(i int32) { got = append(got, i) })
			for i := range int32(len(r.records)) {
				if key := r.ids["hr"].key(r.id(i)); key != "" && key == r.ids["hr"].key(id) {
					want = append(want, i)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q of %q names %v, want %v", id, ids, got, want)
			}
		}
	})
}

// TestAddAllIsAdd: entries added together make the index that they make one by one, in a table that has room and in one that grows.
func TestAddAllIsAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(0, 90).Draw(t, "key")) }), 0, 200).Draw(t, "keys")
		has := func(person int32, key string) bool { return keys[person] == key }
		room := rapid.SampledFrom([]int{0, len(keys)}).Draw(t, "room")
		one, together := newIndex(newSlots(room, has)), newIndex(newSlots(room, has))
		var entries []entry
		for i, key := range keys {
			one.add(key, int32(i))
			e := entry{key: key, person: int32(i)}
			if rapid.Bool().Draw(t, "hash alone") {
				e.hash, _ = together.one.hash(key)
				e.key = ""
			}
			entries = append(entries, e)
		}
		for batch := range slices.Chunk(entries, rapid.IntRange(1, addedAtOnce).Draw(t, "at once")) {
			together.addAll(batch, func(person int32) string { return keys[person] })
		}
		for n := range 92 {
			var want, got []int32
			one.each(strconv.Itoa(n), func(i int32) { want = append(want, i) })
			together.each(strconv.Itoa(n), func(i int32) { got = append(got, i) })
			if !slices.Equal(got, want) {
				t.Fatalf("%d names %v, want %v", n, got, want)
			}
		}
	})
}

// TestHashesConfuseNobody: among so many keys some share all bits that a slot holds, and yet each names its own person alone.
func TestHashesConfuseNobody(t *testing.T) {
	const people = 400_000
	key := func(person int32) string { return strconv.Itoa(int(person)) }
	x := newIndex(newSlots(people, func(person int32, wanted string) bool { return key(person) == wanted }))
	var entries []entry
	for i := range int32(people) {
		hash, _ := x.one.hash(key(i))
		if entries = append(entries, entry{hash: hash, person: i}); len(entries) == addedAtOnce {
			x.addAll(entries, key)
			entries = entries[:0]
		}
	}
	if people%addedAtOnce != 0 || len(x.many) > 0 {
		t.Fatalf("%d left, %d keys name several", len(entries), len(x.many))
	}
	for i := range int32(people) {
		if _, found := x.one.find(key(i)); found != i {
			t.Fatalf("%d is found as %d", i, found)
		}
	}
}
