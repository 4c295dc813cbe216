//go:build !noentra

package entra

import (
	"net/http"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
)

const strangerID = "00000000-0000-4000-8000-000000000000"

// TestLookupAnswers: never is Graph's own word and nobody else's.
func TestLookupAnswers(t *testing.T) {
	says := func(status int, body string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, strangerID) {
					w.Header().Set("Date", now().Format(http.TimeFormat))
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	for _, test := range []struct {
		name, id string
		options  func(*graph.Options)
		want     string
	}{
		{"a user", userID(3), nil, "true"},
		{"a service principal", graph.ID("sp", "robot"), nil, "true"},
		{"nobody", strangerID, nil, "never"},
		{"a name", "user3@corp.example", nil, "unknown"},
		{"nobody, by a proxy", strangerID, func(o *graph.Options) { o.Wrap = says(404, "<html>Not Found</html>") }, "unknown"},
		{"nobody, by something else than Graph", strangerID, func(o *graph.Options) { o.Wrap = says(404, `{"error":{"code":"UnknownError","message":""}}`) }, "unknown"},
		{"another", strangerID, func(o *graph.Options) { o.Wrap = says(200, `{"id":"`+someID+`"}`) }, "unknown"},
		{"one that cannot be read", strangerID, func(o *graph.Options) { o.Wrap = says(200, `{"id":"`+strangerID+`","userPrincipalName":5}`) }, "unknown"},
		{"no right to service principals", strangerID, func(o *graph.Options) { o.Roles = without("Application.Read.All") }, "unknown"},
		{"no right to their applications", userID(3), func(o *graph.Options) { o.Roles = without("Application.Read.All") }, "true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			if test.options != nil {
				test.options(&o)
			}
			s := serve(t, o, applications())
			a, found, err := openSource(t, outside(t, s).Env, config(s, "")).(scanners.Lookup[scanners.Account]).Lookup(t.Context(), test.id)
			got, _, _ := strings.Cut(word(found), ":")
			if got != test.want || (err != nil) != (test.want == "unknown") || (a.ID == test.id) != (test.want == "true") {
				t.Errorf("%+v, %+v, %v; want %s", a.ID, found, err, test.want)
			}
		})
	}
}

// TestLookupAnew: a look-up sees what has happened since the scan.
func TestLookupAnew(t *testing.T) {
	x := members(4)
	s := serve(t, options(), x)
	source := openSource(t, outside(t, s).Env, config(s, "service_principals: none"))
	if _, _, err := scan(t, source); err != nil {
		t.Fatal(err)
	}
	lookup := func(n int) (scanners.Account, scanners.Fact[bool]) {
		a, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), userID(n))
		if err != nil {
			t.Fatal(err)
		}
		return a, found
	}
	later := *x
	off, gone := member(1), member(2)
	off["accountEnabled"], gone["deletedDateTime"] = false, "2026-03-02T05:59:00Z"
	later.Users, later.Deleted = graph.Objects(member(0), off), graph.Objects(gone)
	s.Replace(&later)
	if a, found := lookup(1); !scanners.Is(found, true) || !scanners.Is(a.Enabled, false) {
		t.Errorf("disabled: %+v, %+v", a.Enabled, found)
	}
	if a, found := lookup(2); !scanners.Is(found, true) || !scanners.Is(a.Enabled, false) || a.Evidence[0].Name != "soft-deleted" {
		t.Errorf("deleted: %+v, %+v", a, found)
	}
	if _, found := lookup(3); !found.IsNever() {
		t.Errorf("gone for good: %+v", found)
	}
}
