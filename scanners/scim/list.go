package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// listing reads one or two lists of one scan: all users, and where the server has to be asked for them the inactive ones.
type listing struct {
	client  *api.Client
	address string
	filters []string // of each list
	count   int
	cursor  bool
	trusted bool // totalResults is
	lists   []list
	at      int // the list that is being read
}

// list is what was seen of one list.
type list struct {
	first    json.RawMessage // its first record
	total    scanners.Fact[int64]
	moved    bool  // the total has changed since
	ignored  bool  // the server ignores startIndex
	inactive int64 // users in it that are not active
}

// place is where a page begins: a list, and in it a startIndex or a cursor. Empty counts the empty pages just before.
type place struct {
	list   int
	cursor *string
	start  int64
	empty  int
}

func (p place) String() string {
	if p.cursor != nil {
		return fmt.Sprintf("%d cursor %s", p.list, *p.cursor)
	}
	return fmt.Sprintf("%d index %d %d", p.list, p.start, p.empty)
}

func parsePlace(text string) (p place, err error) {
	number, rest, _ := strings.Cut(text, " ")
	if p.list, err = strconv.Atoi(number); err != nil {
		return p, err
	}
	if cursor, ok := strings.CutPrefix(rest, "cursor "); ok {
		p.cursor = &cursor
		return p, nil
	}
	_, err = fmt.Sscanf(rest, "index %d %d", &p.start, &p.empty)
	return p, err
}

// capabilities are what ServiceProviderConfig says of lists (RFC 7643 section 5, RFC 9865 section 4).
type capabilities struct {
	Filter     struct{ MaxResults int }
	Pagination struct {
		Cursor      bool
		MaxPageSize int
	}
}

// begin asks the server what it can.
func (s *source[R]) begin(ctx context.Context) (*listing, error) {
	l := &listing{client: s.client, address: s.URL + "/Users", filters: []string{s.Filter}, count: s.PageSize, trusted: s.TotalResults == "trusted"}
	if s.Inactive == "query" {
		second := "active eq false"
		if s.Filter != "" {
			second = "(" + s.Filter + ") and " + second
		}
		l.filters = append(l.filters, second)
	}
	l.lists = make([]list, len(l.filters))
	var can capabilities
	err := s.client.Read(ctx, s.URL+"/ServiceProviderConfig", func(a *api.Answer) error {
		_ = json.Unmarshal(a.Body, &can) // a server that describes itself in another way is asked as every server can be
		return nil
	})
	var status *api.StatusError
	if err != nil && (!errors.As(err, &status) || status.Status == http.StatusUnauthorized || status.Status/100 == 3 || status.Status/100 == 5) {
		return nil, fmt.Errorf("ServiceProviderConfig: %w", err)
	}
	l.cursor = s.Paging == "cursor" || s.Paging == "" && can.Pagination.Cursor
	for _, most := range []int{can.Filter.MaxResults, can.Pagination.MaxPageSize} {
		if most > 0 {
			l.count = min(l.count, most)
		}
	}
	return l, nil
}

// answer is a page as the server wrote it.
type answer struct {
	records []json.RawMessage
	total   scanners.Fact[int64]
	start   int64 // as the server says; 0 when it does not
	next    string
}

// fetch gets one page.
func (l *listing) fetch(ctx context.Context, at string) (api.Page, error) {
	if at == "" {
		at = l.head(0).String()
	}
	p, err := parsePlace(at)
	if err != nil {
		return api.Page{}, err
	}
	l.at = p.list
	a, err := l.ask(ctx, p)
	if err == nil && len(a.records) == 0 && p.cursor == nil && !l.beyond(p, a.total) && a.total.IsKnown() {
		a, err = l.ask(ctx, p) // the server says that there is more: it may have been a moment's weakness
	}
	if err != nil && l.endsWithError(p, err) {
		return l.finish(api.Page{}, p), nil
	}
	if err != nil {
		return api.Page{}, err
	}
	return l.page(p, a), nil
}

// head is the place of the first page of a list.
func (l *listing) head(n int) place {
	if l.cursor {
		return place{list: n, cursor: new(string)}
	}
	return place{list: n, start: 1}
}

// beyond reports whether a place is behind the last record that the server says it holds.
func (l *listing) beyond(p place, total scanners.Fact[int64]) bool {
	n, known := total.Get()
	return known && p.start > n
}

// endsWithError reports whether an error is a server's way to say that there is nothing behind the last record.
func (l *listing) endsWithError(p place, err error) bool {
	var status *api.StatusError
	return errors.As(err, &status) && (status.Status == http.StatusBadRequest || status.Status == http.StatusNotFound) &&
		p.cursor == nil && p.start > 1 && l.beyond(p, l.lists[p.list].total)
}

func (l *listing) ask(ctx context.Context, p place) (a answer, err error) {
	q := url.Values{"count": {strconv.Itoa(l.count)}}
	if p.cursor != nil {
		q.Set("cursor", *p.cursor)
	} else {
		q.Set("startIndex", strconv.FormatInt(p.start, 10))
	}
	if l.filters[p.list] != "" {
		q.Set("filter", l.filters[p.list])
	}
	err = l.client.Read(ctx, l.address+"?"+strings.ReplaceAll(q.Encode(), "+", "%20"), func(got *api.Answer) (err error) {
		a, err = readAnswer(got.Body)
		return err
	})
	return a, err
}

// readAnswer cuts a page into its records. Resources may be missing only where the server says how many there are.
func readAnswer(body []byte) (a answer, err error) {
	records, rest, wrong := api.Split(body, "Resources")
	if wrong == nil {
		a.records = records
	} else if err := json.Unmarshal(body, &rest); err != nil {
		return a, wrong
	}
	listed := wrong == nil
	for name, raw := range rest {
		switch strings.ToLower(name) {
		case "totalresults":
			a.total = number(raw)
		case "startindex":
			a.start, _ = number(raw).Get()
		case "nextcursor":
			_ = json.Unmarshal(raw, &a.next) // null ends the list
		case "resources":
			if err := json.Unmarshal(raw, &a.records); err != nil {
				return a, fmt.Errorf("%s: %w", name, err)
			}
			listed = true
		}
	}
	if !listed && a.total.IsUnknown() {
		return a, errors.New("the page has neither Resources nor totalResults")
	}
	return a, nil
}

func number(raw json.RawMessage) scanners.Fact[int64] {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `" `), 10, 64)
	if err != nil || n < 0 {
		return scanners.Unknown[int64]("not stated")
	}
	return scanners.Known(n)
}

// page says what a page holds and where the next one is. A list that is counted off ends with a page that holds nothing, and not
// where the server's count says so: some count the records of the page only.
func (l *listing) page(p place, a answer) api.Page {
	in := &l.lists[p.list]
	n := int64(len(a.records))
	page := api.Page{Records: a.records, Overlaps: p.list > 0}
	if again := p.start > 1 && n > 0 && bytes.Equal(a.records[0], in.first); again {
		in.ignored = in.ignored || a.start != p.start
		if !l.beyond(p, in.total) {
			page.Next = p.String() // leads back
			return page
		}
		page.Records, n = nil, 0
	}
	if n > 0 || p.start == 1 || p.cursor != nil {
		l.claim(&page, p, a.total)
	}
	if n > 0 && in.first == nil {
		in.first = bytes.Clone(a.records[0])
	}
	switch {
	case a.next != "":
		page.Next = place{list: p.list, cursor: &a.next}.String()
	case p.cursor != nil, n == 0 && (in.total.IsUnknown() || l.beyond(p, in.total) || p.empty == 2):
		return l.finish(page, p)
	case n == 0:
		page.Next = place{list: p.list, start: p.start + int64(l.count), empty: p.empty + 1}.String()
	default:
		page.Next = place{list: p.list, start: p.start + n}.String()
	}
	return page
}

// claim notes how many records the server says that the list holds.
func (l *listing) claim(page *api.Page, p place, total scanners.Fact[int64]) {
	in := &l.lists[p.list]
	n, known := total.Get()
	if !known {
		return
	}
	if before, was := in.total.Get(); was && before != n {
		in.moved = true
	}
	in.total = total
	if l.trusted && len(l.lists) == 1 {
		page.Claimed, page.ClaimedBy = scanners.Known(n), "totalResults"
	}
}

// finish ends a list. After the last of two it knows how many users both hold together: the inactive ones of the first are in
// the second as well.
func (l *listing) finish(page api.Page, p place) api.Page {
	if next := p.list + 1; next < len(l.lists) {
		page.Next = l.head(next).String()
		return page
	}
	if len(l.lists) == 1 || !l.trusted {
		return page
	}
	all, first := l.lists[0].total.Get()
	inactive, second := l.lists[1].total.Get()
	if first && second {
		page.Claimed, page.ClaimedBy = scanners.Known(all+inactive-l.lists[0].inactive), "totalResults of both lists"
	}
	return page
}

func (l *listing) noteInactive() { l.lists[l.at].inactive++ }

// conclude adds to the verdict what only the listing knows.
func (l *listing) conclude(c *scanners.Coverage) {
	for _, in := range l.lists {
		if in.ignored {
			c.Worsen(scanners.Consistent, "the server ignores startIndex; all that it holds was in its first page, as far as totalResults says")
			c.Gaps = append(c.Gaps, scanners.Gap{What: "pages", Cause: "the server ignores startIndex", Effect: "more users than one page holds cannot be read"})
		}
		if in.moved && len(l.lists) > 1 && l.trusted {
			c.Worsen(scanners.Partial, "totalResults changed while the list was read: pages that are counted off may have skipped some")
		}
	}
}
