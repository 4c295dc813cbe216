package table

import (
	"hash/maphash"
	"math/bits"
)

// ids remembers which ids occurred, with a sum of their row, in twelve bytes each: 64 bits of a hash of the id and 32 of
// the row. Two of a million ids share their hash by chance once in forty million scans; the source would then be called
// partial, never complete.
type ids struct {
	keys  []uint64 // 0 is a free place
	sums  []uint32
	count int
	// touched gives touch a use for what it looks at.
	touched uint64
}

// see notes the hash of an id with the sum of its row. It reports whether the id was there before, and if so whether with
// the same row.
func (s *ids) see(key uint64, sum uint32) (again, same bool) {
	if s.count*4 >= len(s.keys)*3 {
		s.grow()
	}
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

// touch looks at the place of a hash without waiting for what is there: a processor that is told of a batch of places fetches
// them from memory side by side.
func (s *ids) touch(key uint64) {
	if len(s.keys) > 0 {
		s.touched ^= s.keys[int(key)&(len(s.keys)-1)]
	}
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

// sum is a hash of what a row says.
func (s *settings) sum(cells []cell) uint32 {
	h := uint64(0)
	for i := range cells {
		c := &cells[i]
		text := c.text
		if c.kind >= cellInstant && c.kind <= cellList && c.kind != cellSerial {
			text = c.display()
		}
		h = bits.RotateLeft64(h, 23) ^ maphash.String(s.seed, text)
		h *= 0x9e3779b97f4a7c15 // odd, so that nothing of what came before is lost
	}
	return uint32(h >> 32)
}
