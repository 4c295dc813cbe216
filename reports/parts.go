package reports

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

// parts is the archive of a workbook. The library hands its parts over in an order that differs from run to run; parts
// keeps them, compressed, and writes them to w in one fixed order, with a [Content_Types].xml of one fixed order and no
// times. The compressor's version is pinned by go.mod, so the bytes depend on nothing but the content.
type parts struct {
	w    io.Writer
	held []*part
	// deflate is the one compressor of all parts: it weighs more than most of them.
	deflate *flate.Writer
}

func newParts(w io.Writer) (*parts, error) {
	deflate, err := flate.NewWriter(io.Discard, compression)
	return &parts{w: w, deflate: deflate}, err
}

// contentTypes is the part that lists the kinds of all others, first in every archive.
const contentTypes = "[Content_Types].xml"

// compression is the level at which more effort stops paying.
const compression = 6

// noDate is 1 January 1980, the first day that an archive can carry. CreateRaw writes this field alone.
const noDate = 1<<5 | 1

type part struct {
	name string
	// packed is the compressed content; raw the content itself, only of parts that mend rewrites.
	packed  blocks
	raw     bytes.Buffer
	deflate *flate.Writer
	sum     hash.Hash32
	size    uint64
	done    bool
}

// Create starts a part; the one before it is complete.
func (p *parts) Create(name string) (io.Writer, error) {
	if err := p.finish(); err != nil {
		return nil, err
	}
	entry := &part{name: name, deflate: p.deflate, sum: crc32.NewIEEE()}
	p.held = append(p.held, entry)
	p.deflate.Reset(&entry.packed)
	if entry.mend() != nil {
		return &entry.raw, nil
	}
	return entry, nil
}

// mend returns what rewrites the part before it is packed; nil for most parts.
func (e *part) mend() func([]byte) ([]byte, error) {
	switch {
	case e.name == contentTypes:
		return canonicalTypes
	case strings.HasPrefix(e.name, "xl/charts/"):
		return plainCategories
	default:
		return nil
	}
}

func (e *part) Write(b []byte) (int, error) {
	e.size += uint64(len(b))
	_, _ = e.sum.Write(b)
	return e.deflate.Write(b)
}

// finish completes the part that was created last.
func (p *parts) finish() error {
	if len(p.held) == 0 {
		return nil
	}
	e := p.held[len(p.held)-1]
	if e.done {
		return nil
	}
	e.done = true
	if mend := e.mend(); mend != nil {
		content, err := mend(e.raw.Bytes())
		if err != nil {
			return fmt.Errorf("part %q: %w", e.name, err)
		}
		if _, err := e.Write(content); err != nil {
			return err
		}
		e.raw = bytes.Buffer{}
	}
	return e.deflate.Close()
}

// AddFS is never called for a workbook that was not opened from a file.
func (p *parts) AddFS(fs.FS) error { return errors.New("a workbook takes no file system") }

// Close writes the archive.
func (p *parts) Close() error {
	if err := p.finish(); err != nil {
		return err
	}
	slices.SortFunc(p.held, func(a, b *part) int {
		return cmp.Or(cmp.Compare(rank(a.name), rank(b.name)), strings.Compare(a.name, b.name))
	})
	z := zip.NewWriter(p.w)
	for _, e := range p.held {
		if err := e.writeTo(z); err != nil {
			return fmt.Errorf("part %q: %w", e.name, err)
		}
	}
	return z.Close()
}

// rank puts the parts that name the others first, as readers that read front to back like it.
func rank(name string) int {
	switch {
	case name == contentTypes:
		return 0
	case name == "_rels/.rels":
		return 1
	case name == "xl/workbook.xml", name == "xl/_rels/workbook.xml.rels":
		return 2
	default:
		return 3
	}
}

func (e *part) writeTo(z *zip.Writer) error {
	if e.size > math.MaxUint32 {
		return errors.New("sheet is larger than 4 GB\nhint: use the JSON Lines file, or report fewer sources at a time")
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: e.name, Method: zip.Deflate, CRC32: e.sum.Sum32(),
		//lint:ignore SA1019 CreateRaw writes this field and none of those that replace it
		ModifiedDate:     noDate,
		CompressedSize64: uint64(e.packed.size), UncompressedSize64: e.size})
	if err != nil {
		return err
	}
	return e.packed.writeTo(w)
}

// blocks holds bytes without ever moving them: a part of a large workbook is as large as all its rows.
type blocks struct {
	full [][]byte
	size int64
}

const blockSize = 16 << 10

func (b *blocks) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		last := len(b.full) - 1
		if last < 0 || len(b.full[last]) == cap(b.full[last]) {
			b.full = append(b.full, make([]byte, 0, blockSize))
			continue
		}
		n := min(len(rest), cap(b.full[last])-len(b.full[last]))
		b.full[last] = append(b.full[last], rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

// writeTo hands everything to w and lets go of it.
func (b *blocks) writeTo(w io.Writer) error {
	for i, block := range b.full {
		if _, err := w.Write(block); err != nil {
			return err
		}
		b.full[i] = nil
	}
	return nil
}

// types is [Content_Types].xml.
type types struct {
	XMLName  xml.Name `xml:"http://schemas.openxmlformats.org/package/2006/content-types Types"`
	Default  []typeOf `xml:"Default"`
	Override []typeOf `xml:"Override"`
}

type typeOf struct {
	Extension   string `xml:"Extension,attr,omitempty"`
	PartName    string `xml:"PartName,attr,omitempty"`
	ContentType string `xml:"ContentType,attr"`
}

// canonicalTypes puts the list of content types into a fixed order, without the kinds of pictures that the library always
// lists and this workbook never has.
func canonicalTypes(raw []byte) ([]byte, error) {
	var list types
	if err := xml.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	order := func(a, b typeOf) int {
		return cmp.Or(strings.Compare(a.Extension, b.Extension), strings.Compare(a.PartName, b.PartName))
	}
	slices.SortFunc(list.Default, order)
	slices.SortFunc(list.Override, order)
	list.Default = slices.DeleteFunc(list.Default, func(t typeOf) bool { return t.Extension != "rels" && t.Extension != "xml" })
	sorted, err := xml.Marshal(list)
	return append([]byte(xml.Header), sorted...), err
}

// plainCategories keeps readers from turning the dates under a chart into a time line with a label for every day.
func plainCategories(raw []byte) ([]byte, error) {
	return bytes.ReplaceAll(raw, []byte(`<auto val="1">`), []byte(`<auto val="0">`)), nil
}
