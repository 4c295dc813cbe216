package table

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/leaver-audit/leaver/scanners"
)

// parquetReader reads the wanted columns of a Parquet file side by side.
type parquetReader struct {
	file    *parquet.File
	columns []*parquetColumn // per wanted column; nil for an optional one that is missing
	names   []string
	group   int // of the row groups, the next one
	left    int64
	n       int64
	cells   []cell
}

// parquetColumn is one leaf column with a window of its values.
type parquetColumn struct {
	index  int
	typ    func(parquet.Value) cell
	list   bool
	pages  parquet.Pages
	values parquet.ValueReader
	window []parquet.Value
	at     int
}

// openParquet prepares a Parquet file.
func openParquet(src io.ReaderAt, size int64, s *settings) (r reader, err error) {
	defer recoverDamage(&err, 0)
	file, err := parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, broken("it is not a whole Parquet file: %v", err)
	}
	var names []string
	for _, field := range file.Root().Columns() {
		names = append(names, field.Name())
	}
	found, err := s.locate(names)
	if err != nil {
		return nil, err
	}
	p := &parquetReader{file: file, names: s.want, columns: make([]*parquetColumn, len(found))}
	for i, at := range found {
		if at < 0 {
			continue
		}
		if p.columns[i], err = newParquetColumn(file.Root().Columns()[at]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// recoverDamage turns a panic into an error: the library panics on some damaged files.
func recoverDamage(err *error, row int64) {
	if p := recover(); p != nil {
		*err = broken("damaged after row %d: %v", row, p)
	}
}

// newParquetColumn finds the one leaf of a column: the column itself or the elements of a list.
func newParquetColumn(c *parquet.Column) (*parquetColumn, error) {
	leaf := c
	for !leaf.Leaf() {
		inner := leaf.Columns()
		if len(inner) != 1 {
			return nil, configError("map a column of plain values or of a list", "column %q has fields of its own", c.Name())
		}
		leaf = inner[0]
	}
	return &parquetColumn{index: leaf.Index(), list: leaf.MaxRepetitionLevel() > 0, typ: parquetType(leaf)}, nil
}

func (r *parquetReader) unit() string { return "row" }

// findings takes the footer's count for a proof, but not when it is zero: an export that failed writes the same.
func (r *parquetReader) findings() findings {
	if r.file.NumRows() == 0 {
		return findings{}
	}
	return findings{claimed: scanners.Known(r.file.NumRows()), claimedBy: "the file's footer"}
}

func (r *parquetReader) raw() string {
	texts := make([]string, len(r.cells))
	for i := range r.cells {
		texts[i] = r.names[i] + "=" + r.cells[i].display()
	}
	return strings.Join(texts, "\t")
}

func (r *parquetReader) close() error {
	for _, c := range r.columns {
		if c != nil && c.pages != nil {
			_ = c.pages.Close()
			c.pages = nil
		}
	}
	return nil
}

func (r *parquetReader) read(into *row) (err error) {
	defer recoverDamage(&err, r.n)
	for r.left == 0 {
		if err := r.nextGroup(); err != nil {
			return err
		}
	}
	r.left--
	r.n++
	into.place, into.defect, r.cells = r.n, nil, into.cells
	for i, c := range r.columns {
		into.cells[i] = cell{}
		if c == nil {
			continue
		}
		if into.cells[i], err = c.next(); err != nil {
			return broken("damaged at row %d: %v", r.n, err)
		}
		if into.cells[i].kind == cellError && into.defect == nil {
			into.defect = &defect{r.names[i], into.cells[i].text}
		}
	}
	return nil
}

// nextGroup opens the columns of the next row group.
func (r *parquetReader) nextGroup() error {
	groups := r.file.RowGroups()
	if r.group == len(groups) {
		return io.EOF
	}
	_ = r.close()
	group := groups[r.group]
	r.group++
	r.left = group.NumRows()
	for _, c := range r.columns {
		if c != nil {
			c.pages, c.values = group.ColumnChunks()[c.index].Pages(), nil
			c.window, c.at = c.window[:0], 0
		}
	}
	return nil
}

// next gives the value, or the list of values, of the next row.
func (c *parquetColumn) next() (cell, error) {
	first, err := c.peek()
	if err != nil {
		return cell{}, noEOF(err)
	}
	c.at++
	if !c.list {
		return c.cellOf(*first), nil
	}
	var list []string
	for v := first; ; c.at++ {
		if one := c.cellOf(*v); one.kind != cellEmpty {
			list = append(list, one.display())
		}
		v, err = c.peek()
		if errors.Is(err, io.EOF) || err == nil && v.RepetitionLevel() == 0 {
			break
		}
		if err != nil {
			return cell{}, err
		}
	}
	if list == nil {
		return cell{}, nil
	}
	return cell{kind: cellList, list: list}, nil
}

func (c *parquetColumn) cellOf(v parquet.Value) cell {
	if v.IsNull() {
		return cell{}
	}
	return c.typ(v)
}

// peek gives the next value without taking it.
func (c *parquetColumn) peek() (*parquet.Value, error) {
	for c.at == len(c.window) {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return nil, err
			}
			c.values = page.Values()
		}
		if cap(c.window) == 0 {
			c.window = make([]parquet.Value, 0, 1024)
		}
		n, err := c.values.ReadValues(c.window[:cap(c.window)])
		c.window, c.at = c.window[:n], 0
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return nil, err
		}
	}
	return &c.window[c.at], nil
}

// parquetType gives the reading of a leaf's values.
func parquetType(leaf *parquet.Column) func(parquet.Value) cell {
	if logical := leaf.Type().LogicalType(); logical != nil {
		switch t := logical.Value.(type) {
		case *format.DateType:
			return func(v parquet.Value) cell {
				return cell{kind: cellDay, at: time.Unix(int64(v.Int32())*86400, 0).UTC()}
			}
		case *format.TimestampType:
			return timestampType(t.IsAdjustedToUTC, t.Unit.Value.Duration())
		case *format.UUIDType:
			return func(v parquet.Value) cell { return textCell(uuidText(v.ByteArray())) }
		case *format.DecimalType:
			return func(parquet.Value) cell {
				return cell{kind: cellError, text: "a decimal number, which is no id and no date"}
			}
		}
	}
	return plainType(leaf.Type().Kind())
}

func timestampType(utc bool, unit time.Duration) func(parquet.Value) cell {
	kind := cellWall
	if utc {
		kind = cellInstant
	}
	perSecond := int64(time.Second / unit)
	return func(v parquet.Value) cell {
		n := v.Int64()
		seconds := n / perSecond
		rest := n % perSecond
		return cell{kind: kind, at: time.Unix(seconds, rest*int64(unit)).UTC()}
	}
}

// uuidText is the canonical form of 16 bytes.
func uuidText(b []byte) string {
	if len(b) != 16 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func plainType(kind parquet.Kind) func(parquet.Value) cell {
	switch kind {
	case parquet.Boolean:
		return func(v parquet.Value) cell { return boolCell(v.Boolean()) }
	case parquet.Int96:
		return func(v parquet.Value) cell { return cell{kind: cellWall, at: int96Time(v.Int96())} }
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(v parquet.Value) cell {
			return textCell(string(v.ByteArray()))
		}
	}
	return func(v parquet.Value) cell { return cell{kind: cellNumber, text: v.String()} }
}

// int96Time reads the old form of a timestamp: nanoseconds of the day and the Julian day.
func int96Time(v deprecated.Int96) time.Time {
	const julianEpoch = 2440588
	nanos := int64(v[1])<<32 | int64(v[0])
	return time.Unix((int64(v[2])-julianEpoch)*86400, nanos).UTC()
}
