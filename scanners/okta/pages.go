package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// page is one page of a list.
type page struct {
	records []json.RawMessage
	next    string // place of the next page; empty after the last one
}

// list gets one page. key is where its records are, empty when the page is the list itself; limit how many were asked for.
func (c *client) list(ctx context.Context, place, key string, limit int) (page, error) {
	var p page
	err := c.get(ctx, place, func(a *answer) error {
		records, rest, err := api.Split(a.body, key)
		if err != nil {
			return &api.AnswerError{Place: "GET " + pathOf(place), Why: err.Error()}
		}
		links := a.header.Values("Link")
		if key == "" && len(links) == 0 && len(records) >= limit {
			return api.Final(fmt.Errorf("GET %s: a full page without a Link header\nhint: something on the way drops it, and with it the other pages", pathOf(place)))
		}
		next, err := nextOf(links, rest)
		if err != nil {
			return &api.AnswerError{Place: "GET " + pathOf(place), Why: err.Error()}
		}
		p.records = records
		p.next, err = c.follow(place, next)
		return err
	})
	return p, err
}

// errLoop ends a list that has no end.
var errLoop = errors.New("leads back to one that was read before")

// all calls each with every record of a list, page by page.
func (c *client) all(ctx context.Context, place, key string, limit int, each func(json.RawMessage) error) error {
	seen := map[string]bool{}
	for pages := 0; place != ""; pages++ {
		if seen[place] {
			return fmt.Errorf("GET %s: page %d %w", pathOf(place), pages, errLoop)
		}
		seen[place] = true
		p, err := c.list(ctx, place, key, limit)
		if err != nil {
			return err
		}
		for _, record := range p.records {
			if err := each(record); err != nil {
				return err
			}
		}
		place = p.next
	}
	return nil
}

// follow checks where a page leads and gives the place there: the same address of the same org.
func (c *client) follow(place, next string) (string, error) {
	if next == "" {
		return "", nil
	}
	u, err := url.Parse(next)
	switch {
	case err != nil:
		return "", api.Final(fmt.Errorf("GET %s: the next page is at %q, which is no address", pathOf(place), next))
	case u.Scheme != c.org.Scheme || !strings.EqualFold(u.Host, c.org.Host):
		return "", api.Final(fmt.Errorf("GET %s: the next page is said to be on %q\nhint: set url to the address that the org itself uses", pathOf(place), u.Host))
	case u.EscapedPath() != pathOf(place) || u.RawQuery == "":
		return "", api.Final(fmt.Errorf("GET %s: the next page is said to be at %q", pathOf(place), u.EscapedPath()))
	}
	return u.EscapedPath() + "?" + u.RawQuery, nil
}

// nextOf is the address of the next page: in the Link headers, or in the page itself below "_links".
func nextOf(headers []string, rest map[string]json.RawMessage) (string, error) {
	if raw, ok := rest["_links"]; ok {
		var links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		}
		if err := json.Unmarshal(raw, &links); err != nil {
			return "", fmt.Errorf("_links: %w", err)
		}
		return links.Next.Href, nil
	}
	next := ""
	for _, header := range headers {
		links, err := parseLinks(header)
		if err != nil {
			return "", err
		}
		for _, l := range links {
			switch {
			case l.rel != "next" || l.address == next:
			case next != "":
				return "", fmt.Errorf("two next pages, %q and %q", next, l.address)
			default:
				next = l.address
			}
		}
	}
	return next, nil
}

type webLink struct{ address, rel string }

// parseLinks reads one Link header, which holds several links when a proxy has joined them with commas. Commas and semicolons
// inside the angle brackets are part of an address.
func parseLinks(header string) (links []webLink, err error) {
	for text := strings.TrimSpace(header); text != ""; {
		var l webLink
		rest, ok := strings.CutPrefix(text, "<")
		end := strings.IndexByte(rest, '>')
		if !ok || end < 0 {
			return nil, fmt.Errorf("%q is no Link header", header)
		}
		l.address, text = rest[:end], rest[end+1:]
		parameters, more := upToComma(text)
		for _, p := range strings.Split(parameters, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.EqualFold(strings.TrimSpace(name), "rel") {
				l.rel = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
			}
		}
		links, text = append(links, l), strings.TrimSpace(more)
	}
	return links, nil
}

// upToComma cuts at the first comma that stands in no quotes.
func upToComma(text string) (before, after string) {
	quoted := false
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
