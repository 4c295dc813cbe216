package reconcile

import "math/bits"

// similarEnough is the Jaro-Winkler similarity from which two full names may be one, misspelt.
const similarEnough = 0.94

// similarity is the Jaro-Winkler similarity of two texts, from 0 to 1, with the usual weight of 0.1 for each of up to four
// equal first letters. Texts of more than 64 bytes are similar to nothing.
func similarity(a, b string) float64 {
	j := jaro(a, b)
	prefix := 0
	for prefix < min(len(a), len(b), 4) && a[prefix] == b[prefix] {
		prefix++
	}
	return j + float64(prefix)*0.1*(1-j)
}

func jaro(a, b string) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 || len(b) > 64 {
		return 0
	}
	reach := max(0, len(b)/2-1)
	var inA, inB uint64
	for i := range len(a) {
		for k := max(0, i-reach); k < min(len(b), i+reach+1); k++ {
			if a[i] == b[k] && inB&(1<<k) == 0 {
				inA, inB = inA|1<<i, inB|1<<k
				break
			}
		}
	}
	matches := bits.OnesCount64(inA)
	if matches == 0 {
		return 0
	}
	moved := 0
	for x, y := inA, inB; x != 0; x, y = x&(x-1), y&(y-1) {
		if a[bits.TrailingZeros64(x)] != b[bits.TrailingZeros64(y)] {
			moved++
		}
	}
	m := float64(matches)
	return (m/float64(len(a)) + m/float64(len(b)) + (m-float64(moved/2))/m) / 3
}

// tooDifferent reports whether the lengths alone rule out that two texts are similar enough.
func tooDifferent(a, b int) bool {
	short, long := float64(min(a, b)), float64(max(a, b))
	best := (2 + short/long) / 3
	return best+0.4*(1-best) < similarEnough
}
