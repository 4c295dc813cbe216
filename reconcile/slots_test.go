package reconcile

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// TestSlotsConfuseNothing: among so many keys some share all bits of the hash that a slot holds.
func TestSlotsConfuseNothing(t *testing.T) {
	const people = 400_000
	for _, c := range []struct {
		name string
		room int
	}{{"with room", people}, {"growing", 0}} {
		t.Run(c.name, func(t *testing.T) {
			s := newSlots(c.room, func(person int32, key string) bool { return strconv.Itoa(int(person)) == key })
			for i := range int32(people) {
				key := strconv.Itoa(int(i))
				slot, found := s.find(key)
				if found >= 0 {
					t.Fatalf("%s is found as %d before it is put there", key, found)
				}
				s.put(slot, key, i)
			}
			for i := range int32(people) {
				if _, found := s.find(strconv.Itoa(int(i))); found != i {
					t.Fatalf("%d is found as %d", i, found)
				}
				if _, found := s.find(strconv.Itoa(int(i) + people)); found >= 0 {
					t.Fatalf("%d is found as %d, and is not there", i+people, found)
				}
			}
		})
	}
}

// TestIndexKeepsOrder: everyone whom a key names, once, in the order of adding.
func TestIndexKeepsOrder(t *testing.T) {
	x := newIndex(newSlots(0, func(person int32, key string) bool { return key == "all" || key == strconv.Itoa(int(person)) }))
	for i := range int32(5) {
		for _, key := range []string{"all", strconv.Itoa(int(i)), "all", ""} {
			x.add(key, i)
		}
	}
	named := func(key string) (list []int32) {
		x.each(key, func(i int32) { list = append(list, i) })
		return list
	}
	for key, want := range map[string]int{"all": 5, "3": 1, "7": 0, "": 0} {
		list := named(key)
		if len(list) != want {
			t.Errorf("%q names %v, want %d of them", key, list, want)
		}
		for n, i := range list {
			if key == "all" && i != int32(n) {
				t.Errorf("%q names %v, out of order", key, list)
			}
		}
	}
	new(index).each("all", func(i int32) { t.Errorf("an index that holds nothing names %d", i) })
}

// TestSlotsAreAMap: whatever the keys, a table finds who a plain map finds, and nobody else. Ids that are numbers stand whole in
// their slots, close together or not; all others ask the person.
func TestSlotsAreAMap(t *testing.T) {
	kinds := map[string]*rapid.Generator[string]{
		"close together": rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(100, 180).Draw(t, "number")) }),
		"far apart":      rapid.StringMatching(`[0-9]{1,9}`),
		"with zeros":     rapid.StringMatching(`0{0,3}[12]{1,3}`),
		"words":          rapid.StringMatching(`[a-c0-2]{1,3}`),
		"long numbers":   rapid.StringMatching(`1{9,12}`),
	}
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(kinds[rapid.SampledFrom([]string{"close together", "far apart", "with zeros", "words", "long numbers"}).Draw(t, "kind")], 1, 60).Draw(t, "keys")
		r := Roster{rows: &rows{}}
		for _, key := range keys {
			r.records = append(r.records, record{head: uint64(r.rows.add(&scanners.Person{ID: key})) << rowAt})
		}
		table, want := r.idSlots(0, len(keys), func(id string) string { return id }), map[string]int32{}
		for i, key := range keys {
			slot, found := table.find(key)
			if first, known := want[key]; known != (found >= 0) || known && found != first {
				t.Fatalf("%q is found as %d before it is put there, want %d, %t", key, found, first, known)
			}
			if found < 0 {
				table.put(slot, key, int32(i))
				want[key] = int32(i)
			}
		}
		others := []string{"", "0", "a", "99", "181", "1000000000", "4294967297", "٣"}
		for _, generate := range kinds {
			others = append(others, rapid.SliceOfN(generate, 0, 20).Draw(t, "others")...)
		}
		for _, key := range slices.Concat(keys, others) {
			first, known := want[key]
			if _, found := table.find(key); known != (found >= 0) || known && found != first {
				t.Fatalf("%q is found as %d, want %d, %t", key, found, first, known)
			}
		}
	})
}
