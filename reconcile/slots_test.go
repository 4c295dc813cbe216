package reconcile

import (
	"strconv"
	"testing"
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
	x := newIndex(0, func(person int32, key string) bool { return key == "all" || key == strconv.Itoa(int(person)) })
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
