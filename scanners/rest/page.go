package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// page is an answer, cut into its records.
type page struct {
	records []json.RawMessage
	header  http.Header
	scope   scope // the rest of the page, for expressions
}

// read cuts an answer into records. A page without the list is an error, unless an expression says that it is an empty one.
func (s *source[R]) read(a *api.Answer, path string) (page, error) {
	p := page{header: a.Header, scope: scope{header: lower(a.Header)}}
	records, rest, missing := cut(a.Body, path)
	p.records, p.scope.input = records, rest
	if missing != nil {
		whole, err := decode(a.Body)
		if err != nil {
			return p, missing
		}
		p.scope.input = whole
	}
	if err := s.refused(p.scope); err != nil {
		return p, err
	}
	if missing == nil {
		return p, nil
	}
	if none, err := s.pages.empty.one(p.scope); err != nil || none != true {
		return p, errors.Join(missing, err)
	}
	return p, nil
}

// refused is the error that a page states of itself.
func (s *source[R]) refused(in scope) error {
	if s.pages.ok.code == nil {
		return nil
	}
	ok, err := s.pages.ok.one(in)
	if err != nil || ok == true {
		return err
	}
	said, err := s.pages.wrong.one(in)
	if err != nil {
		return err
	}
	wrong := fmt.Errorf("the API answers with success and says %q", shown(said))
	if again, err := s.pages.retry.one(in); err == nil && again == true {
		return wrong
	}
	return api.Final(wrong)
}

func lower(h http.Header) map[string]any {
	out := map[string]any{}
	for name, values := range h {
		out[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out
}

// cut takes the records out of a page, by the keys that lead to them, and gives what is left of it.
func cut(body []byte, path string) (records []json.RawMessage, rest any, err error) {
	key, below, nested := strings.Cut(path, ".")
	if !nested {
		records, members, err := api.Split(body, key)
		if err != nil || key == "" {
			return records, nil, err
		}
		rest, err := object(members, "")
		return records, rest, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, nil, err
	}
	if members[key] == nil {
		return nil, nil, fmt.Errorf("the page has no %q", key)
	}
	records, inner, err := cut(members[key], below)
	if err != nil {
		return nil, nil, err
	}
	out, err := object(members, key)
	if err != nil {
		return nil, nil, err
	}
	out[key] = inner
	return records, out, nil
}

// object decodes members, but for one.
func object(members map[string]json.RawMessage, but string) (map[string]any, error) {
	out := map[string]any{}
	for name, raw := range members {
		if name == but && but != "" {
			continue
		}
		v, err := decode(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// Lookup reads one record, or the lists again where the API has no address for one.
func (s *source[R]) Lookup(ctx context.Context, id string) (record R, found scanners.Fact[bool], err error) {
	if s.Reading.Lookup.Path == "" {
		return s.search(ctx, id)
	}
	unknown := func(err error) (R, scanners.Fact[bool], error) {
		var none R
		return none, scanners.Unknown[bool](err.Error()), api.Explain(err)
	}
	gone := false
	err = s.client.Read(ctx, s.one(id), func(a *api.Answer) error {
		record, gone, err = s.single(a)
		return err
	})
	if status := new(api.StatusError); errors.As(err, &status) && status.Status == http.StatusNotFound && !strings.HasPrefix(status.Said, "<") {
		return record, scanners.Never[bool](), nil
	}
	switch {
	case err != nil:
		return unknown(err)
	case gone:
		return record, scanners.Never[bool](), nil
	case s.idOf(record) != id:
		return unknown(fmt.Errorf("the API was asked for %q and gave %q", id, s.idOf(record)))
	}
	return record, scanners.Known(true), nil
}

// one is the address of one record.
func (s *source[R]) one(id string) string {
	q := url.Values{}
	for name, value := range s.Reading.Lookup.Query {
		q.Set(name, strings.ReplaceAll(value, "{id}", id))
	}
	return withQuery(s.URL+strings.ReplaceAll(s.Reading.Lookup.Path, "{id}", url.PathEscape(id)), q)
}

// single reads the answer to a look-up.
func (s *source[R]) single(a *api.Answer) (record R, gone bool, err error) {
	whole, err := decode(a.Body)
	if err != nil {
		return record, false, err
	}
	in := scope{input: whole, header: lower(a.Header)}
	if absent, err := s.pages.absent.one(in); err != nil || absent == true {
		return record, err == nil, err
	}
	if err := s.refused(in); err != nil {
		return record, false, err
	}
	raw := json.RawMessage(a.Body)
	if path := s.Reading.Lookup.Record; path != "" {
		for key := range strings.SplitSeq(path, ".") {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(raw, &members); err != nil || members[key] == nil {
				return record, false, fmt.Errorf("the answer has no %q", path)
			}
			raw = members[key]
		}
	}
	record, err = s.decode(scope{}, raw)
	if err != nil {
		err = api.Final(err)
	}
	return record, false, err
}

// search looks for a record in the lists. Only when they were read to their end is it certain that it is not there.
func (s *source[R]) search(ctx context.Context, id string) (record R, found scanners.Fact[bool], err error) {
	again, rejected := *s, ""
	again.env.Reject = func(r scanners.Rejection) error {
		if r.ID == id {
			rejected = r.Reason
		}
		return nil
	}
	there := false
	c, err := again.Scan(ctx, func(r R) error {
		if s.idOf(r) == id {
			record, there = r, true
		}
		return nil
	})
	switch {
	case there:
		return record, scanners.Known(true), nil
	case err != nil:
		return record, scanners.Unknown[bool](err.Error()), err
	case rejected != "":
		return record, scanners.Unknown[bool](rejected), nil
	case !c.Verdict.Complete():
		return record, scanners.Unknown[bool](c.Why), nil
	}
	return record, scanners.Never[bool](), nil
}
