package main

import (
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// workbooks are traps of XLSX files that must not change a verdict.
func workbooks() []trap {
	return []trap{
		{name: "a workbook of texts", spoil: book(nil)},
		{name: "a workbook with dates as day numbers since 1900", spoil: book(func(b *bookOf) { b.days(false) })},
		{name: "a workbook with dates as day numbers since 1904", spoil: book(func(b *bookOf) { b.days(true) })},
		{name: "a workbook with hidden rows", spoil: book(func(b *bookOf) { b.must(b.f.SetRowVisible("Sheet1", 7, false)) })},
		{name: "a workbook with a merged title above the header", spoil: book(func(b *bookOf) {
			b.must(b.f.InsertRows("Sheet1", 1, 2))
			b.set("A1", "Employees of Halvard")
			b.must(b.f.MergeCell("Sheet1", "A1", "F1"))
		})},
		{name: "a workbook with an empty sheet before the rows", spoil: book(func(b *bookOf) {
			_, err := b.f.NewSheet("Notes")
			b.must(err)
			b.must(b.f.MoveSheet("Notes", "Sheet1"))
		})},
		{name: "a workbook with another sheet, the sheet declared", config: "sheet: Sheet1", spoil: book(func(b *bookOf) { b.notes() })},
		{name: "a workbook with formulas and their saved values", spoil: book(func(b *bookOf) {
			value := b.h.rows[0][0]
			b.must(b.f.SetCellFormula("Sheet1", "A2", `"`+value+`"`))
			b.set("A2", value)
		})},
	}
}

// spoiltBooks are traps of XLSX files that cost rows or the run.
func spoiltBooks() []trap {
	return []trap{
		{name: "a workbook with ids as numbers", first: same, later: same, spoil: book(func(b *bookOf) { b.numbers() })},
		{name: "a workbook with another sheet", first: misfit, later: misfit, says: "sheet", spoil: book(func(b *bookOf) { b.notes() })},
		{name: "a workbook with a formula that has no saved value", first: disputed, later: disputed, spoil: book(func(b *bookOf) {
			b.h.damaged = []string{b.h.rows[40][0]}
			b.must(b.f.SetCellFormula("Sheet1", "G42", `UPPER("active")`))
		})},
		{name: "a workbook whose ids have become dates", first: refused, later: refused, says: "is", spoil: book(func(b *bookOf) {
			style, err := b.f.NewStyle(&excelize.Style{NumFmt: 14})
			b.must(err)
			b.numbers()
			b.must(b.f.SetColStyle("Sheet1", "A", style))
			b.must(b.f.SetCellStyle("Sheet1", "A2", "A9999", style))
		})},
		{name: "a workbook with merged cells in a date column", first: refused, later: refused, says: "merged", spoil: book(func(b *bookOf) {
			b.must(b.f.MergeCell("Sheet1", "F12", "F14"))
		})},
	}
}

// bookOf is an HR file as a workbook.
type bookOf struct {
	t *testing.T
	f *excelize.File
	h *hrFile
}

func book(alter func(*bookOf)) func(*testing.T, *hrFile) {
	return func(t *testing.T, h *hrFile) {
		b := &bookOf{t, excelize.NewFile(), h}
		defer b.f.Close()
		for i, row := range append([][]string{h.header}, h.rows...) {
			cells := make([]any, len(row))
			for c, value := range row {
				cells[c] = value
			}
			at, err := excelize.CoordinatesToCellName(1, i+1)
			b.must(err)
			b.must(b.f.SetSheetRow("Sheet1", at, &cells))
		}
		if alter != nil {
			alter(b)
		}
		out, err := b.f.WriteToBuffer()
		b.must(err)
		h.bytes, h.name = out.Bytes(), "hr.xlsx"
	}
}

func (b *bookOf) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bookOf) set(cell string, value any) {
	b.t.Helper()
	b.must(b.f.SetCellValue("Sheet1", cell, value))
}

func (b *bookOf) cell(column, row int) string {
	at, err := excelize.CoordinatesToCellName(column+1, row+2)
	b.must(err)
	return at
}

// days writes dates as the numbers that a spreadsheet keeps, formatted as dates; the far end stays a text.
func (b *bookOf) days(from1904 bool) {
	if from1904 {
		b.must(b.f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}))
	}
	style, err := b.f.NewStyle(&excelize.Style{NumFmt: 14})
	b.must(err)
	for _, name := range []string{"start_date", "last_day"} {
		c := b.h.column(name)
		for i, row := range b.h.rows {
			d, err := time.Parse(time.DateOnly, row[c])
			b.must(err)
			b.set(b.cell(c, i), serial(d, from1904))
			b.must(b.f.SetCellStyle("Sheet1", b.cell(c, i), b.cell(c, i), style))
		}
	}
}

// numbers writes the ids as numbers, without their leading zeros.
func (b *bookOf) numbers() {
	for i, row := range b.h.rows {
		n := 0
		for _, digit := range row[0] {
			n = 10*n + int(digit-'0')
		}
		b.set(b.cell(0, i), n)
	}
}

func (b *bookOf) notes() {
	_, err := b.f.NewSheet("Notes")
	b.must(err)
	b.must(b.f.SetCellValue("Notes", "A1", "As of today"))
}
