package table

import "golang.org/x/sys/cpu"

// mark finds the marks of len(into) times 64 bytes of text. A comma, a semicolon, a colon and separator stand between values.
func mark(into []marks, text []byte, delim, separator byte) {
	if len(into) == 0 {
		return
	}
	if !cpu.X86.HasAVX2 {
		markWords(into, text, delim, separator)
		return
	}
	_ = text[len(into)*64-1]
	markVectors(&into[0], &text[0], len(into), delim, separator)
}

// markVectors is mark with vector instructions of AVX2.
//
//go:noescape
func markVectors(into *marks, text *byte, n int, delim, separator byte)
