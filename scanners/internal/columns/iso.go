package columns

import (
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// ParseISO reads 2026-03-01, 2026-03-01T12:30, with seconds, fractions of a second, a blank in place of the T, and an
// offset (Z, +01:00, +0100, +01) behind the time or, as XML writes dates, behind the date. It also reads the
// /Date(1399852800000)/ of OData, which has one meaning only, and what programs in Go print: 2026-03-01 12:30:00 +0000 UTC.
func ParseISO(s string) (Moment, bool) {
	if strings.HasPrefix(s, "/Date(") {
		return parseOData(s)
	}
	if len(s) < 10 {
		return Moment{}, false
	}
	day, ok := ISODate(s[:10])
	if !ok {
		return Moment{}, false
	}
	date := time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
	rest := s[10:]
	if rest == "" {
		return Moment{At: date, DayOnly: true}, true
	}
	if rest[0] != 'T' && rest[0] != ' ' && rest[0] != 't' {
		_, ok := parseOffset(rest)
		return Moment{At: date, DayOnly: true}, ok
	}
	return parseClock(date, rest[1:])
}

// ISODate reads 2026-03-01 and nothing else, from the year 1601 on.
func ISODate(s string) (scanners.Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return scanners.Date{}, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:])
	if !ok1 || !ok2 || !ok3 || year < 1601 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return scanners.Date{}, false
	}
	return scanners.Date{Year: year, Month: time.Month(month), Day: day}, true
}

// daysIn is how many days a month has.
func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// parseClock reads the time of day behind a date. Its hour may have one digit.
func parseClock(date time.Time, s string) (Moment, bool) {
	if len(s) > 1 && s[1] == ':' {
		s = "0" + s
	}
	if len(s) < 5 || s[2] != ':' {
		return Moment{}, false
	}
	hour, ok1 := digits(s[:2])
	minute, ok2 := digits(s[3:5])
	if !ok1 || !ok2 || hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return Moment{}, false
	}
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	m, rest := Moment{Precision: time.Minute}, s[5:]
	if len(rest) >= 3 && rest[0] == ':' {
		second, ok := digits(rest[1:3])
		if !ok || second > 60 {
			return Moment{}, false
		}
		clock += time.Duration(second) * time.Second
		m.Precision, rest = 0, rest[3:]
		if fraction, tail, ok := parseFraction(rest); ok {
			clock, rest = clock+fraction, tail
		}
	}
	m.At = date.Add(clock)
	if rest = strings.TrimLeft(rest, " "); rest == "" {
		return m, true
	}
	offset, ok := parseOffset(rest)
	m.Offset, m.Zoned = offset, true
	return m, ok
}

// parseFraction reads a decimal fraction of a second of any length.
func parseFraction(s string) (time.Duration, string, bool) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return 0, s, false
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	f, err := strconv.ParseFloat("0."+s[1:n], 64)
	return time.Duration(f * float64(time.Second)), s[n:], err == nil && n > 1
}

// parseOffset reads Z, UTC, +01, +01:00, +0100 and +0000 UTC.
func parseOffset(s string) (time.Duration, bool) {
	if s == "Z" || s == "z" || s == "UTC" || s == "+0000 UTC" {
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, ok := digits(s[1:3])
	minutes := 0
	if rest := strings.TrimPrefix(s[3:], ":"); ok && rest != "" {
		minutes, ok = digits(rest)
		ok = ok && len(rest) == 2
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, ok && hours <= 14 && minutes < 60
}

func parseOData(s string) (Moment, bool) {
	number, ok := strings.CutSuffix(strings.TrimPrefix(s, "/Date("), ")/")
	if i := strings.LastIndexAny(number, "+-"); i > 0 {
		number = number[:i] // the offset only tells how to show the instant
	}
	n, err := strconv.ParseInt(number, 10, 64)
	t := time.UnixMilli(n).UTC()
	return Moment{At: t, Zoned: true}, ok && err == nil && plausible(t)
}

// digits reads a number of decimal digits and nothing else.
func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}
