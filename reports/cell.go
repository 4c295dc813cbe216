package reports

import (
	"math"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/scanners"
)

// dash stands for "none" and "does not apply"; the words for the two other ways of having no value are "never" and "unknown".
const (
	dash    = "–"
	never   = "never"
	unknown = "unknown"
)

// cell is one value, what it is drawn like and its canonical text.
type cell struct {
	// value is nil, a string, an int64 or a float64.
	value   any
	formula string
	style   style
	// canon is the text that the seal of a row covers: what the value means, not how a spreadsheet stores it.
	canon string
	// input marks a cell that a person fills in; it is no part of the seal.
	input bool
}

// as gives the cell another look.
func (c cell) as(s style) cell {
	c.style = s
	return c
}

func text(s string) cell {
	v := shown(s)
	if v == "" {
		return cell{style: body}
	}
	return cell{value: v, style: body, canon: v}
}

// textOr shows instead when s is empty.
func textOr(s, instead string) cell {
	if s == "" {
		return text(instead)
	}
	return text(s)
}

func number(n int64) cell { return cell{value: n, style: numberCell, canon: strconv.FormatInt(n, 10)} }

// formula is a live formula with the value that it has now, for readers that do not calculate.
func formula(f string, now any) cell { return cell{value: now, formula: f, style: cellNumber} }

func input() cell { return cell{style: inputCell, input: true} }

func noInput() cell { return cell{style: inputBlank, input: true} }

// instant shows t in UTC to the minute; the value is exact to the second. A time that a spreadsheet cannot hold is text.
func instant(t time.Time) cell {
	if t.IsZero() {
		return cell{style: instantCell}
	}
	t = t.UTC().Truncate(time.Second)
	canon := t.Format(time.RFC3339)
	if s, ok := serial(t); ok {
		return cell{value: s, style: instantCell, canon: canon}
	}
	return cell{value: canon, style: instantCell, canon: canon}
}

// day shows a calendar date.
func day(d scanners.Date) cell {
	if d.IsZero() {
		return cell{style: dateCell}
	}
	if s, ok := serial(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)); ok {
		return cell{value: s, style: dateCell, canon: d.String()}
	}
	return cell{value: d.String(), style: dateCell, canon: d.String()}
}

// utcDay shows the UTC date of t.
func utcDay(t time.Time) cell {
	if t.IsZero() {
		return day(scanners.Date{})
	}
	return day(scanners.DateOf(t.UTC()))
}

// factTime shows a fact about a time: the time, "never" or "unknown".
func factTime(f scanners.Fact[time.Time]) cell {
	switch {
	case f.IsKnown():
		return instant(f.Value)
	case f.IsNever():
		return text(never).as(quiet)
	default:
		return text(unknown).as(quiet)
	}
}

// factCount shows a fact about a number.
func factCount(f scanners.Fact[int64]) cell {
	switch {
	case f.IsKnown():
		return number(f.Value)
	case f.IsNever():
		return text(never).as(quietNumber)
	default:
		return text(unknown).as(quietNumber)
	}
}

// yesNo shows a fact about a property.
func yesNo(f scanners.Fact[bool]) cell {
	switch {
	case f.IsUnknown():
		return text(unknown).as(centred)
	case scanners.Is(f, true):
		return text("Yes").as(centred)
	default:
		return text("No").as(centred)
	}
}

// Excel counts days from 30 December 1899, in Unix seconds excelEpoch. Its day 60 is a 29 February 1900 that never was, so
// nothing before March 1900 is written as a number, nor anything after the year 9999.
const (
	excelEpoch = -2209161600
	excelFirst = -2203891200
	excelLast  = 253402300799
)

// serial is t as Excel counts days, with nine decimals: what every reader of such files keeps. It is rounded up, because
// readers cut off what is less than a minute.
func serial(t time.Time) (float64, bool) {
	if t.Unix() < excelFirst || t.Unix() > excelLast {
		return 0, false
	}
	seconds := t.Unix() - excelEpoch
	days, rest := seconds/86400, seconds%86400
	return float64(days) + math.Ceil(float64(rest)/86400*1e9)/1e9, true
}

// excel fills in c as StreamWriter wants it.
func (s *styleSheet) excel(into *excelize.Cell, c cell) {
	into.Value, into.Formula = c.value, c.formula
	into.StyleID = s.ids[c.style]
	if v, ok := c.value.(string); ok && c.formula == "" && (evaluates(v) || v != "" && v[0] >= '0' && v[0] <= '9') {
		into.StyleID = s.quoted[c.style]
	}
}
