//go:build !amd64

package table

// mark finds the marks of len(into) times 64 bytes of text. A comma, a semicolon, a colon and separator stand between values.
func mark(into []marks, text []byte, delim, separator byte) { markWords(into, text, delim, separator) }
