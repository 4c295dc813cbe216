package api

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// MaxSkew is by how much the clock of a source may differ from this machine's before its times are no evidence.
const MaxSkew = 5 * time.Minute

// conclude earns the verdict of a scan that came to its end.
func (s *walking[R]) conclude() {
	c := &s.c
	switch claimed, read := c.ClaimedBy != "", c.Read+s.others; {
	case c.Read == 0:
		c.Verdict, c.Why = scanners.Blind, "the source delivered no record"
	case !claimed:
		c.Verdict, c.Why = scanners.Consistent, fmt.Sprintf("read to the last of %d pages; the source states no number of records", c.Pages)
	case read < s.low:
		c.Verdict, c.Why = scanners.Partial, fmt.Sprintf("%d records came, and the source says by %s that it holds %d", read, c.ClaimedBy, s.low)
		c.Gaps = append(c.Gaps, scanners.Gap{What: "records", Count: scanners.Known(s.low - read), Cause: c.Why,
			Effect: "no conclusion rests on the absence of an account", Hint: "compare the rights of the reading identity with those of an administrator"})
	case read > s.high:
		c.Verdict, c.Why = scanners.Consistent, fmt.Sprintf("read to the last of %d pages; %d records came, more than the %d of %s, a count that lags",
			c.Pages, read, s.high, c.ClaimedBy)
	default:
		c.Verdict, c.Why = scanners.Proved, fmt.Sprintf("as many records as the source says by %s, read to the last of %d pages", c.ClaimedBy, c.Pages)
	}
	if s.Offsets && s.low != s.high {
		s.short("records", fmt.Sprintf("the source said by %s that it holds %d records, and later %d: pages that are counted off may have skipped some", c.ClaimedBy, s.low, s.high))
	}
	for _, why := range s.missing {
		c.Worsen(scanners.Partial, why)
	}
	if c.RejectedUnkeyed > 0 {
		c.Worsen(scanners.Partial, fmt.Sprintf("%d records without a readable id", c.RejectedUnkeyed))
	}
	s.doubles()
	s.clock()
}

// doubles says what came twice. A page that is delivered again loses nothing; a record that changed meanwhile shows that the
// source was shifted under the scan, and then others may have slipped through.
func (s *walking[R]) doubles() {
	if s.again > 0 {
		s.c.Gaps = append(s.c.Gaps, scanners.Gap{What: "records that came twice", Count: scanners.Known(s.again),
			Cause: "pages overlap", Effect: "each was taken once"})
	}
	if s.changed > 0 {
		s.c.Worsen(scanners.Partial, fmt.Sprintf("%d records came twice and were not the same", s.changed))
	}
}

func (s *walking[R]) clock() {
	if s.Skew == nil {
		return
	}
	if skew := s.Skew(); skew.Abs() > MaxSkew {
		why := fmt.Sprintf("the source's clock and this machine's differ by %v", skew.Round(time.Second))
		s.c.Worsen(scanners.Partial, why)
		s.c.Gaps = append(s.c.Gaps, scanners.Gap{What: "times", Cause: why, Effect: "what was used before or after an end cannot be told",
			Hint: "let both keep time by NTP"})
	}
}
