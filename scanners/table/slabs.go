package table

import "github.com/leaver-audit/leaver/scanners"

// slabSize is how many small values of records share one allocation; employments are large, and fewer do. Whoever keeps one record
// keeps the texts of its neighbours in memory with it, some kilobytes in all.
const (
	slabSize       = 128
	employmentSlab = 16
)

// slabs are where the small lists of records are cut from.
type slabs struct {
	texts       []string
	signals     []scanners.Signal
	attributes  []scanners.Attribute
	employments []scanners.Employment
}

// cut gives n elements of slab at the length zero, and what is left of it. An empty slab is followed by one of size elements.
func cut[T any](slab []T, n, size int) (list, rest []T) {
	if len(slab) < n {
		slab = make([]T, max(n, size))
	}
	return slab[:0:n], slab[n:]
}

// one is a list of one text.
func (s *slabs) one(text string) []string {
	var list []string
	list, s.texts = cut(s.texts, 1, slabSize)
	return append(list, text)
}
