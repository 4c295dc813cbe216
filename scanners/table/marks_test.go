package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// markEach is mark one byte after the other.
func markEach(into []marks, text []byte, delim, separator byte) {
	for i := range into {
		m := &into[i]
		*m = marks{}
		for at, c := range text[i*64 : i*64+64] {
			set := func(mask *uint64, is bool) {
				if is {
					*mask |= 1 << at
				}
			}
			set(&m.delim, c == delim)
			set(&m.line, c == '\n')
			set(&m.quote, c == '"')
			set(&m.odd, isOdd(c, separator))
			set(&m.high, c >= 0x80)
			set(&m.null, c == 0)
		}
	}
}

func isOdd(c, separator byte) bool {
	return c <= ' ' || c >= 0x7f || c == ',' || c == ';' || c == ':' || c == separator
}

// FuzzMarks compares both ways to find marks with one byte after the other, at places of any alignment.
func FuzzMarks(f *testing.F) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	f.Add(all, byte(','), byte('|'))
	f.Add(all[1:], byte('\t'), byte('|'))
	f.Add(all[127:], byte(0x80), byte('|'))
	f.Add([]byte("id,login,name\n0001,\"a b\",J\xc3\xb6rg\x00\x7f,1234567890123456789012345678901234567890"), byte(','), byte('|'))
	f.Fuzz(func(t *testing.T, text []byte, delim, separator byte) {
		n := len(text) / 64
		for from := 0; from < len(text)%64+1; from += 7 {
			var got, words, want [64]marks
			k := min(n, len(got))
			mark(got[:k], text[from:], delim, separator)
			markWords(words[:k], text[from:], delim, separator)
			markEach(want[:k], text[from:], delim, separator)
			if got != want || words != want {
				t.Fatalf("%q:\n%s\n%s", text[from:], cmp.Diff(want, got, cmp.AllowUnexported(marks{})), cmp.Diff(want, words, cmp.AllowUnexported(marks{})))
			}
		}
	})
}

// TestMarks draws bytes that lie close to those that are looked for.
func TestMarks(t *testing.T) {
	near := rapid.SampledFrom([]byte{0, 1, '\t', '\n', '\v', '\r', 0x1f, ' ', '!', '"', '#', '+', ',', '-', ';', '|', 0x7e, 0x7f, 0x80, 0x81, 0xa0, 0xac, 0xff})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(near, 128, 128).Draw(t, "text")
		delim := near.Draw(t, "delimiter")
		separator := near.Draw(t, "separator")
		var got, words, want [2]marks
		mark(got[:], text, delim, separator)
		markWords(words[:], text, delim, separator)
		markEach(want[:], text, delim, separator)
		if got != want || words != want {
			t.Fatalf("%q: %x and in words %x, want %x", text, got, words, want)
		}
		from := rapid.IntRange(0, 63).Draw(t, "from")
		to := rapid.IntRange(from+1, from+64).Draw(t, "to")
		odd := span(want[0].odd, want[1].odd, from, to) != 0
		some := false
		for _, c := range text[from:to] {
			some = some || isOdd(c, separator)
		}
		if odd != some {
			t.Fatalf("%q[%d:%d] odd %t, want %t", text, from, to, odd, some)
		}
	})
}
