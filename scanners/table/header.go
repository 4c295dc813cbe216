package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// headerRows is how many rows at the head of a file are searched for the header.
const headerRows = 50

// errEmpty means that a file has no row at all, not even a header.
var errEmpty = errors.New("no row at all")

// header is where the wanted columns stand.
type header struct {
	names   []string
	columns []int // of each wanted column
	skip    int   // rows above the first data row: titles and the header itself
}

// searchHeader searches the first rows of g for one that holds all wanted names, below title rows if need be. When there
// is none it gives an error that names the row that comes nearest.
func (s *settings) searchHeader(g grid) (header, error) {
	var best []string
	bestHits := -1
	for n := range headerRows {
		if err := g.next(); err != nil {
			break
		}
		names := fieldTexts(g)
		columns, err := s.locate(names)
		if err == nil {
			return header{names: names, columns: columns, skip: n + 1}, nil
		}
		if hits := len(columns); hits > bestHits || hits == bestHits && len(names) > len(best) {
			best, bestHits = names, hits
		}
	}
	if bestHits < 0 {
		return header{}, errEmpty
	}
	_, err := s.locate(best)
	return header{names: best}, err
}

func fieldTexts(g grid) []string {
	cells := make([]cell, g.row().size)
	g.pick(upTo(len(cells)), cells)
	names := make([]string, len(cells))
	for i := range cells {
		names[i] = cells[i].display()
	}
	return names
}

// locate finds each wanted name among the columns, exactly or else, where only one column fits, in other letter case.
// When some are missing it gives the columns that were found and an error.
// An optional column that is missing stands at -1.
func (s *settings) locate(columns []string) ([]int, error) {
	found := make([]int, 0, len(s.want))
	var missing []string
	for _, name := range s.want {
		i, err := locateOne(name, columns)
		if err != nil {
			return found, err
		}
		if i < 0 && !s.optional[name] {
			missing = append(missing, name)
			continue
		}
		found = append(found, i)
	}
	if missing != nil {
		return found, columnError(missing, columns, s.instead)
	}
	return found, nil
}

func locateOne(name string, columns []string) (int, error) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		if i := slices.IndexFunc(columns, func(c string) bool { return same(c, name) }); i >= 0 {
			if slices.ContainsFunc(columns[i+1:], func(c string) bool { return same(c, name) }) {
				return -1, &scanners.ConfigError{Err: fmt.Errorf("column %q is there twice\nhint: give the columns different names where the file is made", name)}
			}
			return i, nil
		}
	}
	return -1, nil
}

// columnError says which columns the file lacks, what it has, and what may have been meant.
func columnError(missing, columns []string, instead string) error {
	var hints []string
	for _, name := range missing {
		if near, ok := nearest(name, columns); ok {
			hints = append(hints, fmt.Sprintf("%q may be meant by %q", near, name))
		}
	}
	hint := "set the names under columns: to what the file has"
	if hints != nil {
		hint = strings.Join(hints, ", ") + "; set the names under columns: to what the file has"
	}
	return &scanners.ConfigError{Err: fmt.Errorf("no column %s; there are %s\nhint: %s%s", quoted(missing), quoted(columns), hint, instead)}
}

// quoted lists names, the first twenty of them.
func quoted(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i == 20 {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(name))
	}
	if len(names) == 0 {
		return "none"
	}
	return b.String()
}

// nearest gives the candidate that needs the fewest changes to become name, if that are not too many.
func nearest(name string, candidates []string) (string, bool) {
	best, bestCost := "", 1+len(name)/2
	for _, candidate := range candidates {
		if candidate == "" {
			continue
		}
		cost := distance(strings.ToLower(name), strings.ToLower(candidate))
		if strings.Contains(strings.ToLower(candidate), strings.ToLower(name)) {
			cost = min(cost, 1)
		}
		if cost < bestCost {
			best, bestCost = candidate, cost
		}
	}
	return best, best != ""
}

// distance is the number of single-character changes that turn a into b.
func distance(a, b string) int {
	costs := upTo(len(b) + 1)
	for i := range len(a) {
		diagonal := costs[0]
		costs[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = costs[j+1]
			costs[j+1] = min(change, costs[j]+1, costs[j+1]+1)
		}
	}
	return costs[len(b)]
}

// openCSV prepares a text file: its encoding, delimiter and header.
func openCSV(src io.Reader, s *settings) (reader, error) {
	in, text, err := decodeText(src, s.encoding)
	if err != nil {
		return nil, err
	}
	sample, err := in.Peek(sampleSize)
	if len(sample) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if old := oldLineEnds(sample); old {
		in = bufio.NewReaderSize(&lineEnds{in}, sampleSize)
		if sample, err = in.Peek(sampleSize); len(sample) == 0 && err != nil {
			return nil, err
		}
	}
	delim, head, err := detect(sample, s)
	if err != nil {
		return nil, err
	}
	// A buffer larger than that of the reader before it gets the bytes without one copy more.
	g := newCSV(in, delim, s.separator, text, 2*sampleSize)
	for range head.skip {
		if err := g.next(); err != nil {
			return nil, err
		}
	}
	g.wantFields(slices.Max(head.columns) + 1)
	return &gridReader{grid: g, name: "line", strict: true, header: head.names, columns: head.columns, written: !s.noHeader}, nil
}

// oldLineEnds reports whether lines end in CR alone, as old spreadsheets on a Mac write them.
func oldLineEnds(sample []byte) bool {
	return bytes.IndexByte(sample, '\r') >= 0 && bytes.IndexByte(sample, '\n') < 0
}

// lineEnds turns CR into LF.
type lineEnds struct{ in io.Reader }

func (l *lineEnds) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// detect finds the delimiter under which the wanted columns are in the header; the declared one if there is one.
func detect(sample []byte, s *settings) (string, header, error) {
	candidates := []string{",", ";", "\t", "|"}
	if s.delimiter != "" {
		candidates = []string{s.delimiter}
	}
	var best header
	var bestDelim string
	var failed error
	width := 0
	for _, delim := range candidates {
		g := newCSV(bytes.NewReader(sample), delim, s.separator, charset{}, 16<<10)
		head, err := s.findHeader(g)
		switch {
		case errors.Is(err, errEmpty):
			return delim, head, err
		case err != nil:
			if failed == nil || len(head.names) > width {
				failed, width = err, len(head.names)
			}
		case len(head.names) > len(best.names):
			best, bestDelim = head, delim
		}
	}
	if bestDelim == "" {
		return "", best, failed
	}
	return bestDelim, best, nil
}

// findHeader finds where the wanted columns stand in g.
func (s *settings) findHeader(g grid) (header, error) {
	if !s.noHeader {
		return s.searchHeader(g)
	}
	if err := g.next(); err != nil {
		return header{}, errEmpty
	}
	head := header{names: make([]string, g.row().size)}
	for i := range head.names {
		head.names[i] = strconv.Itoa(i + 1)
	}
	var err error
	head.columns, err = s.locate(head.names)
	return head, err
}
