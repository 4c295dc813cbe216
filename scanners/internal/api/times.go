package api

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Time reads an instant as APIs write it: RFC 3339 with or without fractions. The dates with which systems say that there is
// none (year 1, 1601, 1970) are never, not an age of decades.
func Time(text string) (scanners.Fact[time.Time], error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return scanners.Fact[time.Time]{}, fmt.Errorf("%q is no time of the form 2006-01-02T15:04:05Z", text)
	}
	if noTime(t) {
		return scanners.Never[time.Time](), nil
	}
	return scanners.Known(t.UTC()), nil
}

// noTime reports whether t is one of the instants that mean that there is none.
func noTime(t time.Time) bool {
	return t.Year() <= 1601 || t.Unix() >= 0 && t.Unix() < int64(24*time.Hour/time.Second)
}
