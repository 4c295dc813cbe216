package reports

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The palette. Blue stands for good, never green, so that nobody who cannot tell red from green loses anything; every
// state is a word as well.
const (
	white     = "FFFFFF"
	navy      = "14213D"
	slate     = "33475B"
	slateSoft = "4A607A"
	mist      = "F4F6F9"
	hair      = "D5DBE3"
	hairSoft  = "E6EAF0"
	gold      = "C9A227"
	goldDark  = "80620A"
	goldSoft  = "F3DF93"
	ink       = "1F2933"
	muted     = "667085"
	red       = "9B1C1C"
	redSoft   = "FBE9E7"
	amber     = "7A4B00"
	amberSoft = "FFF3D6"
	amberBar  = "D9A441"
	blue      = "0B4F71"
	blueSoft  = "E3F0F7"
	pen       = "1D4ED8"
	paper     = "FFFBE6"
	paperBox  = "E3D48A"
	greyBar   = "C3CEDB"
	paleBar   = "E3E8EE"
	tint      = "C6D0DD"
)

const (
	dateFormat    = "yyyy-mm-dd"
	instantFormat = "yyyy-mm-dd hh:mm"
	numberFormat  = `#,##0;-#,##0;"–"`
	plainNumber   = "#,##0"
	ratioFormat   = "0.0%"
)

// style names a look.
type style uint8

const (
	body style = iota
	bodyBold
	quiet
	quietNumber
	dateCell
	instantCell
	numberCell
	centred
	centredBold
	mono
	// Severity and result chips.
	chipCritical
	chipHigh
	chipMedium
	chipLow
	chipNone
	stateBad
	stateLate
	stateGood
	statePass
	stateOpen
	// Emphasis of single values.
	numberBad
	numberLate
	instantBad
	markMet
	markNot
	markNone
	// Input cells.
	inputCell
	inputBlank
	inputDate
	// Bands and heads.
	bandTitle
	bandNote
	bandRule
	groupFirst
	groupSecond
	groupInput
	head
	headNumber
	headCentre
	headLetter
	headInput
	statement
	// Control sheet and Summary.
	section
	label
	labelNumber
	fact
	tableHead
	tableHeadNumber
	cellText
	cellTextBold
	cellInstant
	cellDate
	cellNumber
	cellPlainNumber
	cellNumberBad
	cellMono
	cellMonoSmall
	checkGood
	checkBad
	checkLate
	resultText
	footnote
	tileLabel
	tileValue
	tileValueBad
	tileValueLate
	tileValueGood
	tileRatio
	tileNote
	stripText
	link
	styleCount
)

// Borders.
const (
	noBorder = iota
	hairline // under a row
	softline
	box       // an input cell
	underline // navy, under a section title
	tileEdge  // slate, over a tile
	redBar
	amberBarLeft
)

// look is how one kind of cell is drawn. The zero size is 10 points, the zero text colour ink, the zero fill none.
type look struct {
	size             float64
	bold, italic     bool
	mono, underlined bool
	wrap             bool
	text, fill       string
	h                string
	v                string
	indent           int
	format           string
	border           int
}

// looks is the table of every style of the workbook.
var looks = [styleCount]look{
	body:        {border: softline, wrap: true},
	bodyBold:    {border: softline, wrap: true, bold: true},
	quiet:       {border: softline, wrap: true, text: muted},
	quietNumber: {border: softline, text: muted, h: "right", indent: 1},
	dateCell:    {border: softline, format: dateFormat, h: "left"},
	instantCell: {border: softline, format: instantFormat, h: "left"},
	numberCell:  {border: softline, format: numberFormat, h: "right", indent: 1},
	centred:     {border: softline, h: "center"},
	centredBold: {border: softline, h: "center", bold: true},
	mono:        {border: softline, mono: true, size: 8, text: muted},

	chipCritical: {border: softline, bold: true, text: white, fill: red},
	chipHigh:     {border: softline, bold: true, text: red, fill: redSoft},
	chipMedium:   {border: softline, bold: true, text: amber, fill: amberSoft},
	chipLow:      {border: softline, bold: true},
	chipNone:     {border: softline, text: muted},
	stateBad:     {border: softline, bold: true, text: red, fill: redSoft},
	stateLate:    {border: softline, bold: true, text: amber, fill: amberSoft},
	stateGood:    {border: softline, bold: true, text: blue, fill: blueSoft},
	statePass:    {border: softline, text: muted},
	stateOpen:    {border: softline, bold: true, text: slate, fill: mist},

	numberBad:  {border: softline, format: numberFormat, h: "right", indent: 1, bold: true, text: red, fill: redSoft},
	numberLate: {border: softline, format: numberFormat, h: "right", indent: 1, bold: true, text: amber, fill: amberSoft},
	instantBad: {border: softline, format: instantFormat, h: "left", bold: true, text: red, fill: redSoft},
	markMet:    {border: softline, h: "center"},
	markNot:    {border: softline, h: "center", bold: true, text: red, fill: redSoft},
	markNone:   {border: softline, h: "center", text: muted},

	inputCell:  {border: box, text: pen, fill: paper, wrap: true},
	inputDate:  {border: box, text: pen, fill: paper, format: instantFormat, h: "left"},
	inputBlank: {border: softline, text: pen, wrap: true},

	bandTitle:   {size: 18, bold: true, text: white, fill: navy, indent: 1, h: "left"},
	bandNote:    {text: tint, fill: navy, indent: 1, h: "left"},
	bandRule:    {fill: gold},
	groupFirst:  {size: 9, bold: true, text: white, fill: slate, indent: 1, h: "left"},
	groupSecond: {size: 9, bold: true, text: white, fill: slateSoft, indent: 1, h: "left"},
	groupInput:  {size: 9, bold: true, text: white, fill: goldDark, indent: 1, h: "left"},
	head:        {size: 9, bold: true, text: white, fill: navy, wrap: true, h: "left"},
	headNumber:  {size: 9, bold: true, text: white, fill: navy, wrap: true, h: "right", indent: 1},
	headCentre:  {size: 9, bold: true, text: white, fill: navy, wrap: true, h: "center"},
	headLetter:  {size: 9, bold: true, text: white, fill: navy, h: "center", v: "top"},
	headInput:   {size: 9, bold: true, text: "4A3800", fill: goldSoft, wrap: true, h: "left"},
	statement:   {size: 11, text: ink, fill: mist, wrap: true, indent: 1, h: "left"},

	section:         {size: 12, bold: true, text: navy, border: underline, v: "bottom"},
	label:           {text: muted, border: hairline},
	labelNumber:     {text: muted, border: hairline, h: "right", indent: 1},
	fact:            {bold: true, border: hairline, wrap: true},
	tableHead:       {size: 9, bold: true, text: white, fill: slate, wrap: true, h: "left"},
	tableHeadNumber: {size: 9, bold: true, text: white, fill: slate, wrap: true, h: "right", indent: 1},
	cellText:        {border: hairline, wrap: true},
	cellTextBold:    {border: hairline, wrap: true, bold: true},
	cellInstant:     {border: hairline, format: instantFormat, h: "left"},
	cellDate:        {border: hairline, format: dateFormat, h: "left"},
	cellNumber:      {border: hairline, format: plainNumber, h: "right", indent: 1},
	cellPlainNumber: {border: hairline, format: numberFormat, h: "right", indent: 1},
	cellNumberBad:   {border: hairline, format: plainNumber, h: "right", indent: 1, bold: true, text: red, fill: redSoft},
	cellMono:        {border: hairline, mono: true, size: 9},
	cellMonoSmall:   {border: hairline, mono: true, size: 8, text: muted},
	checkGood:       {border: hairline, bold: true, text: blue, fill: blueSoft, h: "center"},
	checkBad:        {border: hairline, bold: true, text: red, fill: redSoft, h: "center"},
	checkLate:       {border: hairline, bold: true, text: amber, fill: amberSoft, h: "center"},
	resultText:      {size: 11, fill: mist, wrap: true, indent: 1, h: "left", border: redBar},
	footnote:        {size: 9, italic: true, text: muted, wrap: true},

	tileLabel:     {fill: mist, text: muted, indent: 1, h: "left", border: tileEdge},
	tileValue:     {size: 24, bold: true, fill: mist, text: navy, indent: 1, h: "left", format: plainNumber},
	tileValueBad:  {size: 24, bold: true, fill: mist, text: red, indent: 1, h: "left", format: plainNumber},
	tileValueLate: {size: 24, bold: true, fill: mist, text: amber, indent: 1, h: "left", format: plainNumber},
	tileValueGood: {size: 24, bold: true, fill: mist, text: blue, indent: 1, h: "left", format: plainNumber},
	tileRatio:     {size: 24, bold: true, fill: mist, text: navy, indent: 1, h: "left", format: ratioFormat},
	tileNote:      {size: 9, fill: mist, text: muted, indent: 1, h: "left", wrap: true},
	stripText:     {bold: true, text: amber, fill: amberSoft, indent: 1, h: "left", wrap: true, border: amberBarLeft},
	link:          {border: hairline, underlined: true, text: pen},
}

// styleSheet holds the ids that the looks have in one workbook. quoted ids are the same looks with the mark that makes a
// spreadsheet keep the text as text when somebody edits the cell.
type styleSheet struct {
	ids, quoted [styleCount]int
}

func newStyleSheet(f *excelize.File) (*styleSheet, error) {
	s := &styleSheet{}
	for i := range looks {
		id, err := f.NewStyle(looks[i].excel())
		if err != nil {
			return nil, fmt.Errorf("style %d: %w", i, err)
		}
		s.ids[i] = id
	}
	yes := true
	xfs := f.Styles.CellXfs
	for i := range looks {
		twin := xfs.Xf[s.ids[i]]
		twin.QuotePrefix = &yes
		xfs.Xf = append(xfs.Xf, twin)
		s.quoted[i] = len(xfs.Xf) - 1
	}
	xfs.Count = len(xfs.Xf)
	return s, nil
}

func (l look) excel() *excelize.Style {
	family, size, colour, vertical := "Calibri", l.size, l.text, l.v
	if l.mono {
		family = "Consolas"
	}
	if size == 0 {
		size = 10
	}
	if colour == "" {
		colour = ink
	}
	if vertical == "" {
		vertical = "center"
	}
	st := &excelize.Style{
		Font:      &excelize.Font{Family: family, Size: size, Bold: l.bold, Italic: l.italic, Color: colour},
		Alignment: &excelize.Alignment{Horizontal: l.h, Vertical: vertical, Indent: l.indent, WrapText: l.wrap},
		Border:    borders(l.border),
	}
	if l.underlined {
		st.Font.Underline = "single"
	}
	if l.fill != "" {
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
	}
	if l.format != "" {
		st.CustomNumFmt = &l.format
	}
	return st
}

func borders(kind int) []excelize.Border {
	switch kind {
	case hairline:
		return []excelize.Border{{Type: "bottom", Color: hair, Style: 1}}
	case softline:
		return []excelize.Border{{Type: "bottom", Color: hairSoft, Style: 1}}
	case box:
		return []excelize.Border{{Type: "left", Color: paperBox, Style: 1}, {Type: "right", Color: paperBox, Style: 1},
			{Type: "top", Color: paperBox, Style: 1}, {Type: "bottom", Color: paperBox, Style: 1}}
	case underline:
		return []excelize.Border{{Type: "bottom", Color: navy, Style: 2}}
	case tileEdge:
		return []excelize.Border{{Type: "top", Color: slate, Style: 2}}
	case redBar:
		return []excelize.Border{{Type: "left", Color: red, Style: 5}}
	case amberBarLeft:
		return []excelize.Border{{Type: "left", Color: amberBar, Style: 5}}
	default:
		return nil
	}
}

// lines estimates how many lines s takes in a column of the given width, so that rows get high enough without anybody
// opening the file. Where it wraps the estimate is generous: a line too many is better than text cut off.
func (l look) lines(s string, width float64) int {
	size := l.size
	if size == 0 {
		size = 10
	}
	perLine := (width - float64(l.indent)) * 10.2 / size
	switch {
	case l.mono:
		perLine *= 0.9
	case l.bold:
		perLine *= 0.96
	}
	perLine = max(1, perLine)
	total := 0
	for part := range strings.SplitSeq(s, "\n") {
		if w := textWidth(part); w > perLine {
			total += int(w/(perLine*0.9) + 0.999)
		} else {
			total++
		}
	}
	return total
}

// textWidth is the width of s in digits of the font, roughly.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r > 0x2e80:
			w += 2
		case strings.ContainsRune("iljtfrI.,:;' |()[]!-", r):
			w += 0.6
		case strings.ContainsRune("sckvxyz", r):
			w += 0.88
		case strings.ContainsRune("mwMWGOQ@%", r):
			w += 1.5
		case r >= 'A' && r <= 'Z':
			w += 1.18
		default:
			w += 1.03
		}
	}
	return w
}
