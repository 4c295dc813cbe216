package config

import (
	"errors"
	"fmt"
	"strings"
)

// Error is one mistake in leaver.yaml (or in a file that it names).
type Error struct {
	// File is the path as given; Line and Column count from 1 and are 0 when the mistake has no place.
	File   string
	Line   int
	Column int
	// Key is the dotted path of the key at fault ("sources[0].columns.id"); empty for the whole file.
	Key string
	// Problem says what is wrong, Hint what to do about it; Hint may be empty.
	Problem string
	Hint    string
}

// Error gives "file:line:column: key: problem" and, on a second line, the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Hint != "" {
		b.WriteString("\nhint: " + e.Hint)
	}
	return b.String()
}

// maxErrors bounds how many mistakes are told at once.
const maxErrors = 10

// join makes one error of the mistakes found; nil when there are none.
func join(mistakes []*Error) error {
	if len(mistakes) == 0 {
		return nil
	}
	shown := mistakes[:min(len(mistakes), maxErrors)]
	all := make([]error, 0, len(shown)+1)
	for _, m := range shown {
		all = append(all, m)
	}
	if more := len(mistakes) - len(shown); more > 0 {
		all = append(all, fmt.Errorf("%s: and %d more errors", mistakes[0].File, more))
	}
	return errors.Join(all...)
}

// nearest returns the known name closest to name, or "" when none is close enough to be meant.
func nearest(name string, known []string) string {
	best, distance := "", max(len(name)/3, 1)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func editDistance(a, b string) int {
	before, last, now := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, make([]int, len(b)+1)
	}
	return last[len(b)]
}
