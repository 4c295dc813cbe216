package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Workbook writes r as an Excel workbook. The same report gives the same bytes. It reads the rows of r twice.
func Workbook(w io.Writer, r Report) error { return writeWorkbook(w, r, maxRows) }

func writeWorkbook(w io.Writer, r Report, rowLimit int64) (err error) {
	x := newIndex(r)
	t, err := x.tally()
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	b, err := newBook(x, t, rowLimit)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	defer func() { err = errors.Join(err, b.file.Close()) }()
	if err := b.write(); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	archive, err := newParts(w)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return archive })
	if _, err := b.file.WriteToBuffer(); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return nil
}

// book is a workbook in the making.
type book struct {
	*index
	tally    *tally
	file     *excelize.File
	styles   *styleSheet
	rowLimit int64
	sheets   int
	// seals covers every row seal of the file, sealed those of the sheets that do not come from the rows.
	seals  string
	sealed []byte
	// written counts the grace clocks once more, from the lines of their sheet.
	written ClockTotals
}

func newBook(x *index, t *tally, rowLimit int64) (*book, error) {
	f := excelize.NewFile(excelize.Options{TmpDir: x.Scratch})
	b := &book{index: x, tally: t, file: f, rowLimit: rowLimit}
	if err := f.SetDefaultFont("Calibri"); err != nil {
		return nil, err
	}
	var err error
	if b.styles, err = newStyleSheet(f); err != nil {
		return nil, err
	}
	return b, b.properties()
}

// properties fills in what file managers and auditors' tools show of the file.
func (b *book) properties() error {
	stamp := b.Ended.UTC().Format(time.RFC3339)
	return errors.Join(
		b.file.SetDocProps(&excelize.DocProperties{
			Title: shown("Termination access report " + b.Run), Subject: shown(b.Organisation + ", as of " + b.AsOf.UTC().Format(time.RFC3339)),
			Creator: shown(b.Tool), LastModifiedBy: shown(b.Tool), Identifier: shown(b.Run), Created: stamp, Modified: stamp,
			Category: "Audit evidence", Keywords: "confidential, personal data", Description: b.properSentence(), Language: "en"}),
		b.file.SetAppProps(&excelize.AppProperties{Application: "Microsoft Excel", Company: shown(b.Organisation), AppVersion: "16.0000"}),
	)
}

func (b *book) properSentence() string {
	lead, rest := b.sentence(b.tally)
	return shown(lead + " " + rest)
}

// write fills every sheet. The rows are read once more, and go to all the sheets at the same time.
func (b *book) write() error {
	control, err := b.newGrid("Control sheet", controlWidths[:])
	if err != nil {
		return err
	}
	summary, err := b.newGrid("Summary", summaryWidths[:])
	if err != nil {
		return err
	}
	rows, err := b.rowSheets()
	if err != nil {
		return err
	}
	if err := b.each(rows.add); err != nil {
		return err
	}
	if err := rows.close(); err != nil {
		return err
	}
	if err := b.plainSheets(); err != nil {
		return err
	}
	b.seals = rows.digest(b.sealed)
	if err := b.control(control); err != nil {
		return err
	}
	return b.summary(summary)
}

// plainSheets writes the sheets that do not come from the rows.
func (b *book) plainSheets() error {
	return errors.Join(
		fillTable(b, b.planTable(), b.planList),
		fillClocks(b, b.clocksTable()),
		fillTable(b, b.changesTable(), b.changeLines()),
		fillTable(b, b.upcomingTable(), b.upcomingLines()),
		fillTable(b, b.residualTable(), b.residuals()),
		fillTable(b, b.exclusionTable(), b.exclusionUses()),
		fillTable(b, b.coverageTable(), b.gaps()),
		fillTable(b, b.rulesTable(), b.terms()),
	)
}

// fillTable writes a table whose rows are at hand.
func fillTable[T any](b *book, t table[T], rows []T) error {
	t.lines = int64(len(rows))
	w, err := create(b, t)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := w.add(row); err != nil {
			return err
		}
	}
	if t.sealed {
		b.sealed = w.seals.Sum(b.sealed)
	}
	return w.close()
}

// fillClocks writes the changes of the grace clocks, which may be too many to have at hand.
func fillClocks(b *book, t table[clockLine]) error {
	w, err := create(b, t)
	if err != nil {
		return err
	}
	for line, err := range b.clockLines() {
		if err != nil {
			return fmt.Errorf("grace clocks of run %q: %w", b.Run, err)
		}
		b.written.Add(line.ClockLine)
		if err := w.add(line); err != nil {
			return err
		}
	}
	b.sealed = w.seals.Sum(b.sealed)
	return w.close()
}

// rowSheets are the open sheets that the rows go to.
type rowSheets struct {
	terminations, orphans, miskeyed, dormant, other *sheetWriter[entry]
	ambiguous                                       *sheetWriter[candidate]
}

func (b *book) rowSheets() (s rowSheets, err error) {
	open := func(into **sheetWriter[entry], t table[entry]) {
		if err == nil {
			*into, err = create(b, t)
		}
	}
	open(&s.terminations, b.terminationTable())
	open(&s.orphans, b.orphanTable())
	open(&s.miskeyed, b.miskeyedTable())
	open(&s.dormant, b.dormantTable())
	if err == nil {
		s.ambiguous, err = create(b, b.ambiguousTable())
	}
	open(&s.other, b.otherTable())
	return s, err
}

func (s rowSheets) add(e entry) error {
	for i := range e.of {
		if err := s.ambiguous.add(candidate{entry: e, number: i}); err != nil {
			return err
		}
	}
	switch e.home {
	case onTerminations:
		return s.terminations.add(e)
	case onOrphans:
		return s.orphans.add(e)
	case onMiskeyed:
		return s.miskeyed.add(e)
	case onDormant:
		return s.dormant.add(e)
	case onOther:
		return s.other.add(e)
	}
	return nil
}

func (s rowSheets) close() error {
	return errors.Join(s.terminations.close(), s.orphans.close(), s.miskeyed.close(), s.dormant.close(), s.ambiguous.close(), s.other.close())
}

// digest covers every seal of every sheet, those of others too: one text that changes when any row does.
func (s rowSheets) digest(others []byte) string {
	h := sha256.New()
	for _, w := range []*sheetWriter[entry]{s.terminations, s.orphans, s.miskeyed, s.dormant, s.other} {
		_, _ = h.Write(w.seals.Sum(nil))
	}
	_, _ = h.Write(s.ambiguous.seals.Sum(nil))
	_, _ = h.Write(others)
	return hex.EncodeToString(h.Sum(nil))
}

// addSheets makes the sheets that lines rows of a table need.
func (b *book) addSheets(name string, lines int64) ([]string, error) {
	names := b.sheetNames(name, lines)
	if len(names) > maxParts {
		return nil, fmt.Errorf("sheet %q would need %d parts\nhint: %s rows are for a program, use the JSON Lines file", name, len(names), count(lines))
	}
	for _, n := range names {
		if err := b.addSheet(n); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// sheetNames are the names of the parts of a table: "Terminations", "Terminations 2" …
func (b *book) sheetNames(name string, lines int64) []string {
	names := []string{name}
	for i := int64(2); (i-1)*(b.rowLimit-headRow) < lines; i++ {
		names = append(names, fmt.Sprintf("%s %d", name, i))
	}
	return names
}

// place is where row seq of a table stands.
func (b *book) place(name string, seq int64) (sheet string, row int) {
	perSheet := b.rowLimit - headRow
	part := (seq - 1) / perSheet
	if part > 0 {
		name = fmt.Sprintf("%s %d", name, part+1)
	}
	return name, int((seq-1)%perSheet) + firstRow
}

func (b *book) addSheet(name string) error {
	b.sheets++
	if b.sheets == 1 {
		return b.file.SetSheetName("Sheet1", name)
	}
	_, err := b.file.NewSheet(name)
	return err
}

// Paper sizes as the file format numbers them.
const (
	paperA3 = 8
	paperA4 = 9
)

// area describes a sheet before it is opened.
type area struct {
	sheet         string
	columns, rows int
	// printed is the number of columns in the print area, repeat the number of rows on top of every page.
	printed, repeat int
	paper           int
	// onePage fits the whole sheet on one page instead of one page's width.
	onePage bool
	// across is the number of pages that the sheet is wide, 0 for one; the columns up to beside are repeated on each.
	across, beside int
}

// openSheet sets up view, page and names of a sheet and opens it for rows.
func (b *book) openSheet(a area) (*excelize.StreamWriter, error) {
	yes, no, zoom, colour := true, false, 90.0, "FF"+navy
	err := errors.Join(
		b.file.SetSheetProps(a.sheet, &excelize.SheetPropsOptions{FitToPage: &yes, TabColorRGB: &colour}),
		b.file.SetSheetDimension(a.sheet, "A1:"+at(a.columns, a.rows)),
		b.file.SetSheetView(a.sheet, 0, &excelize.ViewOptions{ShowGridLines: &no, ZoomScale: &zoom}),
		b.page(a),
		b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", Scope: a.sheet,
			RefersTo: fmt.Sprintf("%s!$A$1:%s", quoteSheet(a.sheet), absolute(a.printed, a.rows))}),
	)
	if a.repeat > 0 {
		err = errors.Join(err, b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: a.sheet,
			RefersTo: a.titles()}))
	}
	if err != nil {
		return nil, err
	}
	return b.file.NewStreamWriter(a.sheet)
}

// titles are the rows, and on a sheet of several pages across the columns, that every page repeats.
func (a area) titles() string {
	rows := fmt.Sprintf("%s!$1:$%d", quoteSheet(a.sheet), a.repeat)
	if a.across < 2 {
		return rows
	}
	last, _, _ := strings.Cut(strings.TrimPrefix(absolute(a.beside, 1), "$"), "$")
	return fmt.Sprintf("%s!$A:$%s,%s", quoteSheet(a.sheet), last, rows)
}

func (b *book) page(a area) error {
	landscape, wide, tall, edge, low := "landscape", max(1, a.across), 0, 0.4, 0.6
	if a.onePage {
		tall = 1
	}
	footer := fmt.Sprintf("&L&8Confidential – contains personal data&C&8%s  |  Run %s&R&8Page &P of &N", ampersands(a.sheet), ampersands(b.Run))
	return errors.Join(
		b.file.SetPageLayout(a.sheet, &excelize.PageLayoutOptions{Size: &a.paper, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall}),
		b.file.SetPageMargins(a.sheet, &excelize.PageLayoutMarginsOptions{Left: &edge, Right: &edge, Top: &edge, Bottom: &low, Header: &edge, Footer: &edge}),
		b.file.SetHeaderFooter(a.sheet, &excelize.HeaderFooterOptions{OddFooter: footer}),
	)
}

// ampersands protects text in a footer, where an ampersand starts a code.
func ampersands(s string) string {
	s = strings.ReplaceAll(Visible(s), "&", "&&")
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return s
}

func absolute(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row, true)
	if err != nil {
		panic(err) // The numbers come from this package, never from data.
	}
	return name
}
