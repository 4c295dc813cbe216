package scannertest

// Fault is a way in which the system behind a connector misbehaves.
type Fault int

// The faults, and what a connector has to make of each: see [Fault.lasting] and [Fault.passing].
const (
	// Healthy serves all n records.
	Healthy Fault = iota

	// Truncated breaks the answer off before the last record in the least noticeable way that the system can produce: a
	// file cut in mid-row, a connection closed between pages, a size limit.
	Truncated
	// Garbled makes one of the n records unusable while its id stays readable.
	Garbled
	// GarbledID makes one of the n records unusable, its id included.
	GarbledID
	// BadDate writes a date into one record that is none.
	BadDate

	// Throttled refuses two requests because there were too many, and says when to come again.
	Throttled
	// Unavailable answers one request with 503, ServerError with 500, BadGateway with a proxy's 502 in HTML.
	Unavailable
	ServerError
	BadGateway
	// Reset breaks one connection before an answer, CutAnswer in the middle of one, and CutJSON ends one early as if that were
	// all of it.
	Reset
	CutAnswer
	CutJSON
	// EmptyPage serves a page without records between two others, RepeatedPage one page two times.
	EmptyPage
	RepeatedPage
	// Slow lets every answer take its time.
	Slow
	// TokenExpired refuses the credentials once in the middle of the scan; new ones would do.
	TokenExpired

	// ThrottledForever and UnavailableForever begin after the first page and do not end.
	ThrottledForever
	UnavailableForever
	// Unauthorized and Forbidden refuse the credentials from the second page on.
	Unauthorized
	Forbidden
	// EmptyAnswer, EmptyObject and LoginPage are answers with the status of success that hold no list: nothing, {}, HTML.
	EmptyAnswer
	EmptyObject
	LoginPage
	// CutForever cuts every answer after the first.
	CutForever
	// Loop leads from the second page back to it, ForeignNext to another host; Redirected sends the second page elsewhere.
	Loop
	ForeignNext
	Redirected
	// WrongClock serves everything, with a clock that is two hours ahead.
	WrongClock
)

// Faults lists all of them but Healthy, in the order of the page of faults.
func Faults() []Fault {
	var all []Fault
	for f := Truncated; f <= WrongClock; f++ {
		all = append(all, f)
	}
	return all
}

// String names the fault.
func (f Fault) String() string {
	return [...]string{"healthy", "truncated", "garbled", "garbled id", "bad date in one record",
		"two 429s", "one 503", "one 500", "one 502 in HTML", "connection reset once", "answer cut once", "JSON cut once",
		"empty page with a next one", "page delivered twice", "slow server", "credentials expire in mid-scan",
		"429 without end", "503 without end", "401 from the second page on", "403 from the second page on",
		"200 with an empty body", "200 with {}", "200 with a page of HTML", "every answer cut",
		"next page leads back", "next page on another host", "redirect to another host", "server's clock two hours ahead"}[f]
}

// passing reports whether a fault passes by itself, so that the scan has to be complete and right all the same.
func (f Fault) passing() bool { return f >= Throttled && f <= TokenExpired }

// lasting reports whether a fault costs records, or trust in them, so that the scan must not be called complete.
func (f Fault) lasting() bool { return f >= ThrottledForever || f == Truncated }

// Expected is what a scan that suffers the fault has to be, in words.
func (f Fault) Expected() string {
	switch {
	case f.passing():
		return "complete and right"
	case f.lasting():
		return "partial or blind"
	case f == GarbledID:
		return "partial, the one record rejected"
	default:
		return "complete, the one record rejected or its date unknown"
	}
}
