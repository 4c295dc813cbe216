package table

import "hash/maphash"

// ids remembers which ids occurred, with a sum of their row, in twelve bytes each: 64 bits of a hash of the id and 32 of
// the row. Two of a million ids share their hash by chance once in forty million scans; the source would then be called
// partial, never complete.
type ids struct {
	seed  maphash.Seed
	keys  []uint64 // 0 is a free place
	sums  []uint32
	count int
}

// see notes id with the sum of its row. It reports whether the id was there before, and if so whether with the same row.
func (s *ids) see(id string, sum uint32) (again, same bool) {
	if s.keys == nil {
		s.seed = maphash.MakeSeed()
	}
	if s.count*4 >= len(s.keys)*3 {
		s.grow()
	}
	key := maphash.String(s.seed, id)
	if key == 0 {
		key = 1
	}
	i := s.place(key)
	if s.keys[i] == key {
		return true, s.sums[i] == sum
	}
	s.keys[i], s.sums[i] = key, sum
	s.count++
	return false, false
}

// place is where key stands, or the free place where it belongs.
func (s *ids) place(key uint64) int {
	mask := len(s.keys) - 1
	i := int(key) & mask
	for s.keys[i] != 0 && s.keys[i] != key {
		i = (i + 1) & mask
	}
	return i
}

func (s *ids) grow() {
	keys, sums := s.keys, s.sums
	size := max(1024, 2*len(keys))
	s.keys, s.sums = make([]uint64, size), make([]uint32, size)
	for i, key := range keys {
		if key != 0 {
			j := s.place(key)
			s.keys[j], s.sums[j] = key, sums[i]
		}
	}
}

// sum is a hash of what a row says (FNV-1a).
func sum(cells []cell) uint32 {
	h := uint32(2166136261)
	for i := range cells {
		text := cells[i].text
		if kind := cells[i].kind; kind == cellInstant || kind == cellWall || kind == cellDay || kind == cellList {
			text = cells[i].display()
		}
		for j := range len(text) {
			h = (h ^ uint32(text[j])) * 16777619
		}
		h = (h ^ 0x1f) * 16777619
	}
	return h
}
