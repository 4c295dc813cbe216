package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

func TestMembers(t *testing.T) {
	for name, test := range map[string]struct{ text, want, err string }{
		"in their order":     {`{"b":1,"a":"x,}","c":{"d":[1,2]} }`, `b=1 a="x,}" c={"d":[1,2]}`, ""},
		"none":               {` {} `, "", ""},
		"a quote in a text":  {`{"a":"\"","b":null}`, `a="\"" b=null`, ""},
		"a list":             {`[1]`, "", "an object"},
		"no colon":           {`{"a" 1}`, "", "colon"},
		"no comma":           {`{"a":1 "b":2}`, "a=1", "a comma"},
		"no value":           {`{"a":}`, "", "a value"},
		"no name":            {`{:1}`, "", "name"},
		"cut":                {`{"a":1`, "a=1", "ends"},
		"something after it": {`{"a":1}x`, "a=1", "the end"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := Members(json.RawMessage(test.text), func(name []byte, value json.RawMessage) error {
				got = append(got, fmt.Sprintf("%s=%s", name, value))
				return nil
			})
			if strings.Join(got, " ") != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	full := errors.New("enough")
	if err := Members(json.RawMessage(`{"a":1,"b":2}`), func([]byte, json.RawMessage) error { return full }); !errors.Is(err, full) {
		t.Errorf("the error of each is lost: %v", err)
	}
}

// TestMet: what a scan came across is known after it, rejected records included.
func TestMet(t *testing.T) {
	w := Walk[scanners.Account]{Env: scanners.Env{Reject: func(scanners.Rejection) error { return nil }},
		Fetch: func(context.Context, string) (Page, error) {
			return Page{Records: []json.RawMessage{[]byte(`"a"`), []byte(`"bad"`)}}, nil
		},
		Decode: func(raw json.RawMessage) (scanners.Account, error) {
			if string(raw) == `"bad"` {
				return scanners.Account{}, &Defect{ID: "bad"}
			}
			return scanners.Account{ID: "a"}, nil
		}}
	if w.Met("a") {
		t.Error("met before the scan")
	}
	if _, err := w.Scan(t.Context(), func(scanners.Account) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"a": true, "bad": true, "other": false} {
		if w.Met(id) != want {
			t.Errorf("Met(%q) = %v", id, !want)
		}
	}
}

// TestKey: records of one id that the connector tells apart are all read, and are no sign of a shifted source.
func TestKey(t *testing.T) {
	w := Walk[scanners.Person]{
		Fetch: func(context.Context, string) (Page, error) {
			return Page{Records: []json.RawMessage{[]byte(`"a"`), []byte(`"b"`), []byte(`"b"`)}}, nil
		},
		Decode: func(raw json.RawMessage) (scanners.Person, error) {
			return scanners.Person{ID: "7", Place: string(raw)}, nil
		},
		Key: func(p scanners.Person) string { return p.Place }}
	n := 0
	c, err := w.Scan(t.Context(), func(scanners.Person) error { n++; return nil })
	if err != nil || n != 2 || c.Read != 2 || !c.Verdict.Complete() {
		t.Errorf("%d emitted, %+v, %v", n, c, err)
	}
}
