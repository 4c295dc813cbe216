package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// day is the length of the unit "d". Calendar days are a matter of dates, never of durations.
const day = 24 * time.Hour

// ParseDuration reads a duration such as "90d", "24h", "1d12h" or "15m". The units are w, d, h, m and s, each at most once
// and in this order; a day is 24 hours. Numbers are whole and not negative.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	bad := fmt.Errorf("%q is not a duration such as 90d, 24h, 1d12h or 15m", s)
	units := []struct {
		letter string
		size   time.Duration
	}{{"w", 7 * day}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	rest, sum := s, time.Duration(0)
	for _, unit := range units {
		number, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return 0, bad
		}
		if n > uint64((math.MaxInt64-sum)/unit.size) {
			return 0, fmt.Errorf("duration %q is too long", s)
		}
		sum, rest = sum+time.Duration(n)*unit.size, after
	}
	if rest != "" || s == "" {
		return 0, bad
	}
	return sum, nil
}

// FormatDuration writes d in the form that [ParseDuration] reads; parts below a second are dropped.
func FormatDuration(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []struct {
		letter string
		size   time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / unit.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.letter)
			d -= n * unit.size
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
