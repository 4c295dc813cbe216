//go:build !amd64

package table

// mark finds the marks of len(into) times 64 bytes of text.
func mark(into []marks, text []byte, delim byte) { markWords(into, text, delim) }
