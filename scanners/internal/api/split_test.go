package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for name, test := range map[string]struct {
		body, key string
		want      []string
		rest      map[string]string
		err       string // part of it
	}{
		"a list":                      {body: `[{"id":"1"}, {"id":"2"} ]`, want: []string{`{"id":"1"}`, `{"id":"2"}`}},
		"an empty list":               {body: " [ ] ", want: []string{}},
		"values of all sorts":         {body: `[1,"a",true,null,[1,[2]],{"a":{"b":[]}}]`, want: []string{"1", `"a"`, "true", "null", "[1,[2]]", `{"a":{"b":[]}}`}},
		"brackets in quotes":          {body: `[{"a":"]}\"[{"},{"b":"\\"}]`, want: []string{`{"a":"]}\"[{"}`, `{"b":"\\"}`}},
		"under a key":                 {body: `{"@count":2,"value":[{"id":"1"},{}],"next":"x"}`, key: "value", want: []string{`{"id":"1"}`, `{}`}, rest: map[string]string{"@count": "2", "next": `"x"`}},
		"under an escaped key":        {body: `{"val\u0075e":[1]}`, key: "value", want: []string{"1"}},
		"a bad record":                {body: `[{"a":tru},{"b":1}]`, want: []string{`{"a":tru}`, `{"b":1}`}},
		"an object without the key":   {body: `{}`, key: "value", err: `no "value"`},
		"the key of something else":   {body: `{"value":null}`, key: "value", err: "a list"},
		"the key twice":               {body: `{"value":[1],"value":[2]}`, key: "value", err: "twice"},
		"an object for a list":        {body: `{"error":"x"}`, err: "a list"},
		"cut in a record":             {body: `[{"id":"1"},{"id"`, err: "ends"},
		"cut in a text":               {body: `[{"id":"1`, err: "ends"},
		"cut after an escape":         {body: `["\`, err: "ends"},
		"cut between records":         {body: `[{"id":"1"},`, err: "ends"},
		"cut after a record":          {body: `[{"id":"1"}`, err: "ends"},
		"cut after the list":          {body: `{"value":[1]`, key: "value", err: "ends"},
		"nothing":                     {body: "", err: "ends"},
		"two pages in one":            {body: `[1][2]`, err: "the end"},
		"no comma":                    {body: `[{} {}]`, err: "a comma"},
		"a comma too many":            {body: `[1,]`, err: "a value"},
		"a member without a colon":    {body: `{"value" [1]}`, key: "value", err: "a colon"},
		"a member without a name":     {body: `{[1]}`, key: "value", err: "a name"},
		"more closed than was opened": {body: `[1}]`, err: "a comma"},
	} {
		t.Run(name, func(t *testing.T) {
			records, rest, err := Split([]byte(test.body), test.key)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || records != nil {
					t.Fatalf("%q, %v; want an error of %q", records, err, test.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(texts(records), test.want) {
				t.Fatalf("%q, %v; want %q", texts(records), err, test.want)
			}
			for name, want := range test.rest {
				if string(rest[name]) != want {
					t.Errorf("rest %q = %s, want %s", name, rest[name], want)
				}
			}
		})
	}
}

func texts(records []json.RawMessage) []string {
	all := []string{}
	for _, r := range records {
		all = append(all, string(r))
	}
	return all
}

// FuzzSplit compares with encoding/json: what that takes, Split cuts in the same way; and what Split cuts into records that are
// all JSON is JSON.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"id":"1","x":[1,2,{"y":null}]}]`, `{"value":[1,"\"]"]}`, `{"value":[],"a":1e5}`, "[\"\u00e9\",-1.5e-3]", `[1`, `{`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		records, _, err := Split([]byte(text), "")
		var want []json.RawMessage
		if json.Unmarshal([]byte(text), &want) == nil && want != nil {
			if err != nil || !reflect.DeepEqual(texts(records), texts(want)) {
				t.Fatalf("%q: %q, %v; want %q", text, texts(records), err, texts(want))
			}
			return
		}
		for _, r := range records {
			if !json.Valid(r) {
				return
			}
		}
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON and was cut into %q", text, texts(records))
		}
	})
}
