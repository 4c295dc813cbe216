package scanners

import "time"

// CoverageVerdict says how much of a source was read. The zero value is Blind.
type CoverageVerdict uint8

const (
	// Blind means that nothing can be concluded from what was read, or that nothing was read.
	Blind CoverageVerdict = iota
	// Partial means that something is known to be missing.
	Partial
	// Consistent means read to the end, of constant shape, with nothing that speaks against completeness. The source has
	// no count of its own to compare with.
	Consistent
	// Proved means that what was read agrees with the source's own count, sidecar, trailer or end-of-search mark.
	Proved
)

// String gives the words of the Control sheet.
func (v CoverageVerdict) String() string {
	switch v {
	case Proved:
		return "complete (proved)"
	case Consistent:
		return "complete (consistent)"
	case Partial:
		return "partial"
	default:
		return "blind"
	}
}

// Complete reports whether conclusions may rest on the absence of a record.
func (v CoverageVerdict) Complete() bool { return v >= Consistent }

// Coverage is a connector's account of one scan. Its zero value says that nothing was read.
type Coverage struct {
	Verdict CoverageVerdict
	// Why says in one sentence what the verdict rests on, or what is missing.
	Why string

	// Read counts the records that the source delivered, rejected ones included. Emitted = Read - Rejected.
	Read int64
	// Rejected counts the records that could not be used; each was handed to [Env.Reject]. RejectedUnkeyed counts those
	// among them without a readable id, which make the source partial.
	Rejected        int64
	RejectedUnkeyed int64
	// Pages counts pages, files or sheets, whatever the source delivers in.
	Pages int64
	// Claimed is how many records the source itself says it holds; ClaimedBy names where it says so.
	Claimed   Fact[int64]
	ClaimedBy string
	// Query is the question that was asked (filter, base, file and sheet) so that an auditor can ask it again.
	Query string
	// Digest is the SHA-256 of the input file in hexadecimal, where the source is one file; empty otherwise.
	Digest string
	// ProducedAt is when the source says its data was made (file time, export stamp).
	ProducedAt Fact[time.Time]
	// Gaps lists what is known to be missing or not readable, one row each on the Coverage sheet.
	Gaps []Gap
	// Canaries lists the ids that the configuration says must be seen, and whether they were.
	Canaries []Canary
}

// Gap is something that a scan did not read.
type Gap struct {
	// What was not read: a subtree, an attribute, a page, a row.
	What string
	// Count is how many records it concerns, where known.
	Count Fact[int64]
	// Cause in the source's words, Effect on the result, and what to do about it.
	Cause  string
	Effect string
	Hint   string
}

// Canary is a record that must be visible in every scan.
type Canary struct {
	ID   string
	Seen bool
}

// Worsen lowers the verdict to at most v and adds why. It never raises one.
func (c *Coverage) Worsen(v CoverageVerdict, why string) {
	if v < c.Verdict {
		c.Verdict = v
		c.Why = why
		return
	}
	if v == c.Verdict && !v.Complete() && why != c.Why {
		c.Why += "; " + why
	}
}

// Rejection is a record that was read but not understood.
type Rejection struct {
	// Place is where it stands: "line 12", "page 3 record 7", a DN.
	Place string
	// ID is its immutable id or, for people, its employee id, where readable; Keys are further readable correlation keys
	// of a people row (mail addresses, other ids).
	ID   string
	Keys []string
	// Field names the column or attribute at fault, Reason says what is wrong with it.
	Field  string
	Reason string
	// Raw is the record as the source gave it, as text.
	Raw string
}
