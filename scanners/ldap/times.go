package ldap

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// filetimeEpoch is the seconds from 1601-01-01 to 1970-01-01 UTC.
const filetimeEpoch = 11_644_473_600

// filetime reads a Windows FILETIME, 100 ns ticks since 1601 in decimal. 0 and the largest number mean that there is no
// time: ok is false. Years that a date cannot carry count as no time too.
func filetime(text string) (at time.Time, ok bool, err error) {
	ticks, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ticks < 0 {
		return time.Time{}, false, fmt.Errorf("%q is no FILETIME", text)
	}
	if ticks == 0 || ticks == math.MaxInt64 {
		return time.Time{}, false, nil
	}
	// Seconds and rest apart: a time.Duration spans 292 years only.
	at = time.Unix(ticks/1e7-filetimeEpoch, ticks%1e7*100).UTC()
	if at.Year() > 9999 {
		return time.Time{}, false, nil
	}
	return at, true, nil
}

// generalizedTime reads every form of ASN.1 GeneralizedTime that directories write: minutes and seconds may be missing, a
// fraction of the smallest given unit may follow a point or a comma, and the zone is Z or an offset.
func generalizedTime(text string) (time.Time, error) {
	at, ok := parseGeneralized(text)
	if !ok {
		return time.Time{}, fmt.Errorf("%q is no GeneralizedTime", text)
	}
	return at, nil
}

func parseGeneralized(text string) (time.Time, bool) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits != 10 && digits != 12 && digits != 14 {
		return time.Time{}, false
	}
	two := func(i int) int {
		if i >= digits {
			return 0
		}
		return int(text[i]-'0')*10 + int(text[i+1]-'0')
	}
	year, month, day, hour, minute, second := two(0)*100+two(2), two(4), two(6), two(8), two(10), two(12)
	if year == 0 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60 { // 60 is a leap second
		return time.Time{}, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day {
		return time.Time{}, false
	}
	unit := time.Second
	if digits < 14 {
		unit = map[int]time.Duration{10: time.Hour, 12: time.Minute}[digits]
	}
	rest, part, err := fraction(text[digits:], unit)
	if err != nil {
		return time.Time{}, false
	}
	shift, err := offset(rest)
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return date.Add(clock + part - shift), err == nil
}

// fraction reads ".579846" or ",5" of unit off the start of s.
func fraction(s string, unit time.Duration) (rest string, part time.Duration, err error) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return s, 0, nil
	}
	end := 1
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == 1 || end > 19 {
		return s, 0, fmt.Errorf("%q is no fraction", s)
	}
	f, err := strconv.ParseFloat("0."+s[1:end], 64)
	return s[end:], time.Duration(math.Round(f * float64(unit))), err
}

// offset reads "Z", "+hh", "+hhmm" or "-hhmm".
func offset(s string) (time.Duration, error) {
	if s == "Z" {
		return 0, nil
	}
	if len(s) != 3 && len(s) != 5 || s[0] != '+' && s[0] != '-' {
		return 0, fmt.Errorf("%q is no zone", s)
	}
	n, err := strconv.ParseUint(s[1:]+"00"[:5-len(s)], 10, 16)
	if err != nil || n/100 > 14 || n%100 > 59 {
		return 0, fmt.Errorf("%q is no zone", s)
	}
	shift := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if s[0] == '-' {
		shift = -shift
	}
	return shift, nil
}

// generalized is the fact that an attribute in GeneralizedTime states; absent is what its absence means.
func generalized(e *entry, name string, absent scanners.Fact[time.Time]) scanners.Fact[time.Time] {
	text := e.one(name)
	if text == "" {
		return absent
	}
	at, err := generalizedTime(text)
	if err != nil {
		return scanners.Unknown[time.Time](name + ": " + err.Error())
	}
	return scanners.Known(at)
}

// windows is the fact that an attribute in FILETIME states; zero is what "no time" means, absent what absence means.
func windows(e *entry, name string, zero, absent scanners.Fact[time.Time]) scanners.Fact[time.Time] {
	text := e.one(name)
	if text == "" {
		return absent
	}
	at, ok, err := filetime(text)
	switch {
	case err != nil:
		return scanners.Unknown[time.Time](name + ": " + err.Error())
	case !ok:
		return zero
	default:
		return scanners.Known(at)
	}
}

// interval reads the large integer that Active Directory uses for spans: negative 100 ns ticks. ok is false for "never"
// (the smallest number) and for texts that are none.
func interval(text string) (time.Duration, bool) {
	ticks, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || ticks > 0 || ticks < math.MinInt64/100 {
		return 0, false
	}
	return time.Duration(-ticks) * 100, true
}
