package rest

import (
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

// Scan reads every list.
func (s *source[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	l := &listing[R]{source: s, totals: make([]scanners.Fact[int64], len(s.lists)), came: make([]int64, len(s.lists))}
	counted := s.Paging.Style == "offset" || s.Paging.Style == "page"
	walk := api.Walk[R]{Env: s.env, Query: "GET " + strings.Join(s.lists, ", GET "), Fetch: l.fetch, Offsets: counted, Skew: s.client.Watch().Skew,
		Decode: func(raw json.RawMessage) (R, error) { return s.decode(scope{list: s.names[l.at]}, raw) }}
	c, err := walk.Scan(ctx, emit)
	if l.moved && counted {
		c.Worsen(scanners.Partial, "the number of records changed while they were counted off: pages may have skipped some")
	}
	if s.Paging.Style == "none" {
		c.Gaps = append(c.Gaps, scanners.Gap{What: "pages", Cause: "paging says that the API gives everything in one answer", Effect: "what it leaves out beyond that cannot be seen"})
	}
	if len(l.wide) > 0 {
		c.Gaps = append(c.Gaps, scanners.Gap{What: "rights of the reading identity", Cause: "it may do more than read: " + strings.Join(l.wide, ", "),
			Effect: "none on the scan; whoever gets hold of the credentials may use them", Hint: "give it rights to read alone"})
	}
	return c, api.Explain(err)
}

// listing is the state of one scan.
type listing[R scanners.Record] struct {
	*source[R]
	at     int                    // the list that is being read
	totals []scanners.Fact[int64] // what each list says that it holds
	came   []int64                // how many records came of it
	moved  bool                   // a total has changed
	empty  int                    // empty pages in a row
	wide   []string               // rights that go beyond reading
}

// maxEmpty is how many empty pages in a row are asked for while the total says that there is more.
const maxEmpty = 100

// fetch gets the page at a place: the number of the list and the address in it.
func (l *listing[R]) fetch(ctx context.Context, at string) (api.Page, error) {
	address := ""
	if at == "" {
		l.at, address = 0, l.head(0)
	} else {
		number, rest, _ := strings.Cut(at, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return api.Page{}, err
		}
		l.at, address = n, rest
	}
	var p page
	err := l.client.Read(ctx, address, func(a *api.Answer) (err error) {
		p, err = l.read(a, l.Records)
		return err
	})
	if err != nil && l.endsWithError(err) {
		return l.finish(api.Page{}), nil
	}
	if err != nil {
		return api.Page{}, err
	}
	return l.page(address, p)
}

// head is the address of the first page of a list.
func (l *listing[R]) head(n int) string {
	if p := l.Paging; (p.Style == "offset" || p.Style == "page") && p.Param != "" {
		return with(l.lists[n], p.Param, fmt.Sprint(*p.First))
	}
	return l.lists[n]
}

// with sets a parameter of an address.
func with(address, name, value string) string {
	base, query, _ := strings.Cut(address, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		q = url.Values{}
	}
	q.Set(name, value)
	return withQuery(base, q)
}

// endsWithError reports whether an error is the API's way to say that there is no page behind the last one.
func (l *listing[R]) endsWithError(err error) bool {
	var status *api.StatusError
	total, known := l.totals[l.at].Get()
	return errors.As(err, &status) && (l.Paging.Style == "offset" || l.Paging.Style == "page") && known && l.came[l.at] > 0 && l.came[l.at] >= total &&
		(status.Status == http.StatusBadRequest || status.Status == http.StatusNotFound || status.Status == http.StatusUnprocessableEntity)
}

// page says what a page holds and where the next one is.
func (l *listing[R]) page(address string, p page) (api.Page, error) {
	out := api.Page{Records: p.records, Overlaps: l.at > 0}
	l.came[l.at] += int64(len(p.records))
	if l.empty++; len(p.records) > 0 {
		l.empty = 0
	}
	if err := l.claim(&out, p); err != nil {
		return out, err
	}
	wide, err := list(field{"too_wide", l.pages.tooWide}, p.scope)
	if err != nil {
		return out, err
	}
	l.wide = wide
	next, err := l.next(address, p)
	if err != nil {
		return out, err
	}
	if next == "" {
		return l.finish(out), nil
	}
	out.Next = fmt.Sprintf("%d %s", l.at, next)
	return out, nil
}

// claim notes how many records the list says that it holds. The page behind the last one may say anything.
func (l *listing[R]) claim(out *api.Page, p page) error {
	said, err := l.pages.total.one(p.scope)
	if err != nil {
		return err
	}
	t, err := text(said)
	if err != nil {
		return fmt.Errorf("total: %w", err)
	}
	if t == "" || len(p.records) == 0 && l.came[l.at] > 0 {
		return nil
	}
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("total: %q is no count", t)
	}
	if before, known := l.totals[l.at].Get(); known && before != n {
		l.moved = true
	}
	l.totals[l.at] = scanners.Known(n)
	if len(l.lists) == 1 {
		out.Claimed, out.ClaimedBy = scanners.Known(n), l.pages.total.text
	}
	return nil
}

// finish goes on to the next list. After the last of several it knows what they hold together.
func (l *listing[R]) finish(out api.Page) api.Page {
	l.empty = 0
	if next := l.at + 1; next < len(l.lists) {
		out.Next = fmt.Sprintf("%d %s", next, l.head(next))
		return out
	}
	sum := int64(0)
	for _, total := range l.totals {
		n, known := total.Get()
		if !known || len(l.lists) == 1 {
			return out
		}
		sum += n
	}
	out.Claimed, out.ClaimedBy = scanners.Known(sum), l.pages.total.text+" of each list"
	return out
}

// next is the address of the next page of a list; empty after the last one.
func (l *listing[R]) next(address string, p page) (string, error) {
	switch l.Paging.Style {
	case "link":
		return resolve(address, nextLink(p.header.Values("Link")))
	case "next", "cursor":
		v, err := l.pages.next.one(p.scope)
		if err != nil {
			return "", err
		}
		if v == false {
			return "", nil
		}
		t, err := text(v)
		if err != nil || t == "" {
			return "", err
		}
		if l.Paging.Style == "cursor" {
			return with(address, l.Paging.Param, t), nil
		}
		return resolve(address, t)
	case "offset", "page":
		return l.counted(address, p)
	}
	return "", nil
}

// counted is the next page of a list that is counted off. It ends with an empty page, not where a total says so.
func (l *listing[R]) counted(address string, p page) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	now, err := strconv.Atoi(u.Query().Get(l.Paging.Param))
	if err != nil {
		return "", fmt.Errorf("paging: %s of %q is no number", l.Paging.Param, address)
	}
	step := 1
	if l.Paging.Style == "offset" {
		step = len(p.records)
		if l.Paging.Advance == "size" {
			step = l.Paging.Size
		}
	}
	total, known := l.totals[l.at].Get()
	more := known && l.Paging.Advance == "size" && int64(now-*l.Paging.First+step) < total && l.empty < maxEmpty
	if len(p.records) == 0 && !more {
		return "", nil
	}
	return with(address, l.Paging.Param, fmt.Sprint(now+step)), nil
}

// resolve is an address as seen from another. That it is on the same host is for the transport to see to.
func resolve(from, to string) (string, error) {
	if to == "" {
		return "", nil
	}
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	next, err := base.Parse(to)
	if err != nil {
		return "", errors.New("the next page's address is none")
	}
	return next.String(), nil
}

// nextLink is the target with the relation next of Link headers (RFC 8288), of which a proxy may have made one.
func nextLink(headers []string) string {
	for rest := strings.Join(headers, ","); ; {
		_, after, ok := strings.Cut(rest, "<")
		target, after, closed := strings.Cut(after, ">")
		if !ok || !closed {
			return ""
		}
		parameters, _, _ := strings.Cut(after, "<")
		for parameter := range strings.SplitSeq(strings.ReplaceAll(parameters, ",", ";"), ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if strings.EqualFold(name, "rel") && strings.EqualFold(strings.Trim(value, `" `), "next") {
				return target
			}
		}
		rest = after
	}
}
