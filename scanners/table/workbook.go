package table

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits of a workbook. They hold for what is really unpacked, whatever the file says of itself.
const (
	maxUnpacked = 512 << 20 // bytes of all parts that are read
	maxStrings  = 256 << 20 // bytes of the table of shared texts
	maxParts    = 10_000
	maxRows     = 1_048_576
	maxColumns  = 16_384
	maxCells    = 100_000_000
)

// workbook is an opened XLSX file.
type workbook struct {
	parts    map[string]*zip.File
	sheets   []sheet
	from1904 bool
	shared   []string
	styles   []numberFormat // of the cells, by their style number
	budget   int64          // bytes that may still be unpacked
	texts    int64          // bytes that further shared texts may take
}

// sheet is one worksheet.
type sheet struct{ name, part string }

// openWorkbook reads everything but the rows.
func openWorkbook(src io.ReaderAt, size int64) (*workbook, error) {
	magic := make([]byte, 8)
	if _, err := src.ReadAt(magic, 0); err == nil && string(magic) == "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" {
		return nil, errors.New("it is an old .xls or a workbook with a password\nhint: save it as .xlsx without a password")
	}
	archive, err := zip.NewReader(src, size)
	if err != nil {
		return nil, broken("it is not a whole workbook: %v", err)
	}
	w := &workbook{parts: map[string]*zip.File{}, budget: maxUnpacked, texts: maxStrings}
	if err := w.index(archive); err != nil {
		return nil, err
	}
	for _, load := range []func() error{w.loadSheets, w.loadStyles, w.loadShared} {
		if err := load(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// index checks the declared sizes before anything is unpacked.
func (w *workbook) index(archive *zip.Reader) error {
	if len(archive.File) > maxParts {
		return fmt.Errorf("the workbook has %d parts, more than %d", len(archive.File), maxParts)
	}
	var total uint64
	for _, f := range archive.File {
		if total += f.UncompressedSize64; f.UncompressedSize64 > maxUnpacked || total > maxUnpacked {
			return fmt.Errorf("the workbook unpacks to more than %d MB\nhint: export the rows as CSV", maxUnpacked>>20)
		}
		w.parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	return nil
}

// open unpacks a part within the budget. A part that is not there is empty.
func (w *workbook) open(name string) (io.ReadCloser, error) {
	f, ok := w.parts[strings.ToLower(name)]
	if !ok {
		return io.NopCloser(strings.NewReader("")), nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, broken("part %q: %v", name, err)
	}
	return &budgetReader{r, w}, nil
}

// budgetReader counts what is unpacked.
type budgetReader struct {
	io.ReadCloser
	w *workbook
}

func (r *budgetReader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	if r.w.budget -= int64(n); r.w.budget < 0 {
		return n, fmt.Errorf("the workbook unpacks to more than %d MB\nhint: export the rows as CSV", maxUnpacked>>20)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = broken("the workbook is damaged: %v", err)
	}
	return n, err
}

// each calls use for every element start of a part; use may consume the element.
func (w *workbook) each(part string, use func(d *xml.Decoder, e xml.StartElement) error) error {
	r, err := w.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return xmlError(part, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := use(d, e); err != nil {
				return xmlError(part, err)
			}
		}
	}
}

// xmlError turns wrong XML into a *brokenError and keeps other errors.
func xmlError(part string, err error) error {
	if syntax := new(xml.SyntaxError); errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return broken("part %q: %v", part, err)
	}
	return err
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// loadSheets finds the worksheets in their order and the date system.
func (w *workbook) loadSheets() error {
	targets := map[string]string{}
	err := w.each("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" && strings.HasSuffix(attribute(e, "Type"), "/worksheet") {
			targets[attribute(e, "Id")] = attribute(e, "Target")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.each("xl/workbook.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			w.from1904 = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case "sheet":
			target, ok := targets[relation(e)]
			if !ok {
				return nil // a chart sheet
			}
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			w.sheets = append(w.sheets, sheet{attribute(e, "name"), strings.TrimPrefix(target, "/")})
		}
		return nil
	})
}

// relation is the r:id of a sheet, which also has a sheetId.
func relation(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// loadShared reads the table of shared texts.
func (w *workbook) loadShared() error {
	return w.each("xl/sharedStrings.xml", func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := richText(d)
		if err != nil {
			return err
		}
		if w.texts -= int64(len(text)) + 16; w.texts < 0 {
			return fmt.Errorf("the texts of the workbook take more than %d MB\nhint: export the rows as CSV", maxStrings>>20)
		}
		w.shared = append(w.shared, text)
		return nil
	})
}

// richText joins the runs of a text up to the end of the element that d is in. Phonetic runs are not part of it.
func richText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	depth, skip, inText := 1, 0, false
	for depth > 0 {
		token, err := d.Token()
		if err != nil {
			return "", noEOF(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if t.Name.Local == "rPh" && skip == 0 {
				skip = depth
			}
			inText = t.Name.Local == "t" && skip == 0
		case xml.EndElement:
			if depth == skip {
				skip = 0
			}
			depth--
			inText = false
		case xml.CharData:
			if inText {
				b.Write(t)
			}
		}
	}
	return unescape(b.String()), nil
}

// noEOF makes the end of a part in the middle of an element an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// unescape turns _x000D_ into the character that it stands for.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || len(s) < i+7 {
			break
		}
		n, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if err != nil || s[i+6] != '_' {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteRune(rune(n))
		s = s[i+7:]
	}
	return b.String() + s
}
