package table

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
)

// ids remembers which ids occurred, with a sum of their row. Ids that count up, as most exports have them, stand in pages
// and take some five bytes each; all others take twelve and the free places of a table: 64 bits of a hash of the id and 32
// of the row. Two of a million such ids share their hash by chance once in forty million scans; the source would then be
// called partial, never complete.
type ids struct {
	seed   maphash.Seed
	hashed hashedIDs
	// strays are the pages of the first ids that were hashed. While there are no others, ids of other pages need no hash.
	strays []pageKey
	pages  map[pageKey]*page
	paged  int // ids in pages
	// last is the page of the id seen before, if it has one, at its key; before is that id's number.
	at     pageKey
	last   *page
	before uint64
}

// pageKey names pageSize ids that differ in their last digits only.
type pageKey struct {
	head  string // what stands before the number
	width int    // digits of a number with leading zeros, 0 for one without
	page  uint64
}

const (
	pageSize  = 256
	maxStrays = 8
)

// page holds which ids of a page occurred, and the sums of their rows.
type page struct {
	used  [pageSize / 64]uint64
	sums  [pageSize]uint32
	mixed bool // some ids of it may have been hashed before it was turned
}

// hash is what stands for an id that has no page; never 0.
func (s *ids) hash(id string) uint64 { return max(maphash.String(s.seed, id), 1) }

// mostHashed reports whether ids have been hashed of more pages than there are strays.
func (s *ids) mostHashed() bool { return s.hashed.count > len(s.strays) }

// see notes an id with the sum of its row; hash is that of the id, or 0 to let see find it when it needs it. It reports whether
// the id was there before, and if so whether with the same row.
func (s *ids) see(id string, hash uint64, sum uint32) (again, same bool) {
	at, number := pageOf(id)
	next := at.head == s.at.head && at.width == s.at.width && number-s.before-1 < pageSize/16 // counts up by little
	if at != s.at {
		s.at, s.last = at, s.pages[at]
	}
	s.before = number
	i := number % pageSize
	if s.last != nil && s.last.used[i/64]&(1<<(i%64)) != 0 {
		return true, s.last.sums[i] == sum
	}
	if s.last == nil && next && s.mayTurn() {
		s.turn()
	}
	if s.last == nil || s.last.mixed {
		if hash == 0 {
			hash = s.hash(id)
		}
		if s.last == nil {
			return s.stray(hash, sum)
		}
		if again, same = s.hashed.has(hash, sum); again {
			return again, same
		}
	}
	s.last.used[i/64] |= 1 << (i % 64)
	s.last.sums[i] = sum
	s.paged++
	return false, false
}

// stray notes the id at hand by its hash.
func (s *ids) stray(hash uint64, sum uint32) (again, same bool) {
	again, same = s.hashed.see(hash, sum)
	if !again && len(s.strays) < maxStrays && s.hashed.count == len(s.strays)+1 {
		at := s.at
		at.head = strings.Clone(at.head)
		s.strays = append(s.strays, at)
	}
	return again, same
}

// mayTurn reports whether the pages are filled well enough for one more of them.
func (s *ids) mayTurn() bool { return len(s.pages)*pageSize/4 <= s.paged+8*pageSize }

// turn starts the page of the id at hand.
func (s *ids) turn() {
	if s.pages == nil {
		s.pages = map[pageKey]*page{}
	}
	s.last = &page{mixed: s.mostHashed() || slices.Contains(s.strays, s.at)}
	s.at.head = strings.Clone(s.at.head) // not the memory of a whole row
	s.pages[s.at] = s.last
}

// pageOf cuts an id into its page and its number. Different ids differ in one of the two.
func pageOf(id string) (pageKey, uint64) {
	from, number, power := len(id), uint64(0), uint64(1)
	if from >= 8 {
		if last := wordAt(id[from-8:]); areDigits(last) {
			from, number, power = from-8, eightDigits(last), 1e8
		}
	}
	for from > 0 && len(id)-from < 18 && id[from-1] >= '0' && id[from-1] <= '9' {
		from--
		number += uint64(id[from]-'0') * power
		power *= 10
	}
	at := pageKey{head: id[:from], page: number / pageSize}
	if from == len(id) || id[from] == '0' {
		at.width = len(id) - from
	}
	if from == len(id) {
		at.width = -1 // no number at all
	}
	return at, number
}

// eightDigits is the number that eight decimal digits are.
func eightDigits(word uint64) uint64 {
	word -= '0' * lows
	word = word*10 + word>>8 // pairs, in every second byte
	return (word&0xff000000ff*(100+1e6<<32) + word>>16&0xff000000ff*(1+1e4<<32)) >> 32
}

// hashedIDs is a table of hashes of ids.
type hashedIDs struct {
	keys  []uint64 // 0 is a free place
	sums  []uint32
	count int
	// touched gives touch a use for what it looks at.
	touched uint64
}

func (s *hashedIDs) see(key uint64, sum uint32) (again, same bool) {
	if again, same = s.has(key, sum); again {
		return again, same
	}
	if s.count*4 >= len(s.keys)*3 {
		s.grow()
	}
	key = max(key, 1)
	i := s.place(key)
	s.keys[i], s.sums[i] = key, sum
	s.count++
	return false, false
}

// has reports what see reports, and notes nothing.
func (s *hashedIDs) has(key uint64, sum uint32) (again, same bool) {
	if s.count == 0 {
		return false, false
	}
	key = max(key, 1)
	i := s.place(key)
	return s.keys[i] == key, s.keys[i] == key && s.sums[i] == sum
}

// touch looks at the place of a hash without waiting for what is there: a processor that is told of a batch of places fetches
// them from memory side by side.
func (s *hashedIDs) touch(key uint64) {
	if len(s.keys) > 0 {
		s.touched ^= s.keys[int(key)&(len(s.keys)-1)]
	}
}

// place is where key stands, or the free place where it belongs.
func (s *hashedIDs) place(key uint64) int {
	mask := len(s.keys) - 1
	i := int(key) & mask
	for s.keys[i] != 0 && s.keys[i] != key {
		i = (i + 1) & mask
	}
	return i
}

func (s *hashedIDs) grow() {
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
	h := s.keys[0]
	for i := range cells {
		c := &cells[i]
		text := c.text
		if c.kind >= cellInstant && c.kind <= cellList && c.kind != cellSerial {
			text = c.display()
		}
		h = s.keys.add(h, text)
	}
	return uint32(h >> 32)
}

// hashKeys are random numbers that make a hash that nobody can foresee.
type hashKeys [2]uint64

func newHashKeys(seed maphash.Seed) hashKeys {
	return hashKeys{maphash.String(seed, "first") | 1, maphash.String(seed, "second") | 1}
}

// add gives the hash of what h is the hash of, followed by text. Most texts take one multiplication.
func (k *hashKeys) add(h uint64, text string) uint64 {
	h ^= uint64(len(text)) * k[1]
	for ; len(text) > 16; text = text[16:] {
		h = fold128(wordAt(text)^h, wordAt(text[8:])^k[1])
	}
	var low, high uint64
	switch n := len(text); {
	case n >= 8:
		low, high = wordAt(text), wordAt(text[n-8:])
	case n >= 4:
		low, high = halfAt(text), halfAt(text[n-4:])
	case n > 0:
		low = uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16
	}
	return fold128(low^h, high^k[1])
}

// fold128 multiplies and makes one number of both halves of the product.
func fold128(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
