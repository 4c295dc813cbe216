package table

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// model remembers ids as they are.
type model struct {
	t    *testing.T
	ids  ids
	sums map[string]uint32
}

func (m *model) see(id string, sum uint32) {
	m.t.Helper()
	hash := uint64(0)
	if sum%2 == 0 {
		hash = m.ids.hash(id)
	}
	again, same := m.ids.see(id, hash, sum)
	known, was := m.sums[id]
	if again != was || same != (was && known == sum) {
		m.t.Fatalf("%q after %d ids: again %t, same %t; want %t, %t", id, len(m.sums), again, same, was, was && known == sum)
	}
	if !was {
		m.sums[id] = sum
	}
}

// TestIDs compares with a map, for ids that count up, jump, repeat, and differ in what is easily taken for nothing.
func TestIDs(t *testing.T) {
	forms := []string{"%d", "%08d", "%03d", "A%d", "A%06d", "0%d", "user-%d-x", "%d9999999999999999999", "é%d", "%x"}
	for _, step := range []int{1, 2, 15, 16, 17, 300} {
		random := rand.New(rand.NewPCG(uint64(step), 7))
		m := model{t: t, ids: ids{seed: maphash.MakeSeed()}, sums: map[string]uint32{}}
		for n := range 6000 {
			for _, form := range forms[:1+n%len(forms)] {
				m.see(fmt.Sprintf(form, n*step), uint32(n))
			}
			if n%3 == 0 {
				m.see(fmt.Sprintf(forms[random.IntN(len(forms))], random.IntN(n+1)*step), uint32(random.IntN(2)*n))
				m.see(fmt.Sprint(random.Uint64N(1<<60)), 1)
			}
		}
	}
}

// TestFirstIDs repeats the ids that came before the first page was turned, few of them and many.
func TestFirstIDs(t *testing.T) {
	for strays := range 2 * maxStrays {
		m := model{t: t, ids: ids{seed: maphash.MakeSeed()}, sums: map[string]uint32{}}
		for i := range strays {
			m.see(fmt.Sprint(100_000*i+5), uint32(i))
		}
		for range 2 {
			for i := range strays {
				for n := range 20 {
					m.see(fmt.Sprint(100_000*i+n), uint32(i))
				}
			}
		}
		if strays > 0 && len(m.ids.pages) == 0 {
			t.Error("no page was turned")
		}
	}
}

// FuzzIDs makes ids of two numbers each and compares with a map.
func FuzzIDs(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 3, 0, 1}, uint8(3))
	f.Add([]byte{1, 255, 2, 0, 1, 254, 200, 200}, uint8(0))
	f.Fuzz(func(t *testing.T, numbers []byte, width uint8) {
		m := model{t: t, ids: ids{seed: maphash.MakeSeed()}, sums: map[string]uint32{}}
		for i := 0; i+1 < len(numbers); i += 2 {
			n := int(numbers[i])<<8 | int(numbers[i+1])
			m.see(fmt.Sprintf("%0*d", width%9, n), uint32(n%5))
			m.see(fmt.Sprint(n), uint32(i%2))
		}
	})
}

// TestIDsInPages shows that ids which count up take little memory, and ids that do not take no page each.
func TestIDsInPages(t *testing.T) {
	for name, test := range map[string]struct {
		id             func(n int) string
		pages, unpaged int // at most
	}{
		"counting":  {func(n int) string { return fmt.Sprint(n + 1) }, 50_000/pageSize + 1, 1},
		"padded":    {func(n int) string { return fmt.Sprintf("P%07d", n) }, 50_000/pageSize + 1, 1},
		"with gaps": {func(n int) string { return fmt.Sprint(n * 3) }, 3*50_000/pageSize + 1, 2},
		"scattered": {func(n int) string { return fmt.Sprint(n * 7919 % 1_000_003 * 1000) }, 0, 50_000},
		"in pairs":  {func(n int) string { return fmt.Sprint(n/2*1000 + n%2) }, 8*pageSize/(pageSize/4) + 1, 50_000},
	} {
		t.Run(name, func(t *testing.T) {
			s := ids{seed: maphash.MakeSeed()}
			for n := range 50_000 {
				id := test.id(n)
				s.see(id, 0, 0)
			}
			if len(s.pages) > test.pages || s.hashed.count > test.unpaged {
				t.Errorf("%d pages and %d other ids, want at most %d and %d", len(s.pages), s.hashed.count, test.pages, test.unpaged)
			}
		})
	}
}
