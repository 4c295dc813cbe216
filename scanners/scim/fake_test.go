package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// fake is a SCIM server with one deviation at a time. Its zero value pages right, by index.
type fake struct {
	users  []string // JSON of each
	groups []string
	// most caps count. cursors offers RFC 9865.
	most    int
	cursors bool
	// what deviates
	total      func(start, onPage int) any // totalResults; nil for the truth
	echo       func(start int) any         // startIndex of the answer; nil for the truth
	behind     int                         // status for a page behind the last user
	emptyOnce  bool                        // the second page is empty at first
	emptyFor   int                         // pages from the second on are empty, with users behind them
	dropLast   bool                        // the last user is never listed
	deleteOne  bool                        // the first user is deleted after the first page
	hide       bool                        // inactive users are not listed without a filter
	twice      bool                        // cursor: the second page comes again
	emptyNext  bool                        // cursor: an empty page between two others
	loop       bool                        // cursor: the second page leads back to itself
	fresh      bool                        // cursor: the second page comes again and again, each time with a new cursor
	noConfig   int                         // status of ServiceProviderConfig
	noGroups   int                         // status of Groups
	noTotal    bool
	noResource bool // an empty page has no Resources

	mu    sync.Mutex
	asked []string
	empty int
}

// ServeHTTP implements http.Handler.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	w.Header().Set("Content-Type", "application/scim+json")
	switch path := strings.TrimPrefix(r.URL.Path, "/scim/v2"); {
	case r.Header.Get("Authorization") != "Bearer good":
		fail(w, http.StatusUnauthorized)
	case path == "/ServiceProviderConfig" && f.noConfig != 0:
		fail(w, f.noConfig)
	case path == "/ServiceProviderConfig":
		fmt.Fprintf(w, `{"filter":{"supported":true,"maxResults":%d},"pagination":{"cursor":%v,"index":true}}`, f.most, f.cursors)
	case path == "/Groups" && f.noGroups != 0:
		fail(w, f.noGroups)
	case path == "/Groups":
		f.list(w, r, f.groups)
	case path == "/Users":
		f.list(w, r, f.chosen(r.URL.Query().Get("filter")))
	case strings.HasPrefix(path, "/Users/"):
		f.one(w, strings.TrimPrefix(path, "/Users/"))
	default:
		fail(w, http.StatusNotFound)
	}
}

func fail(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d"}`, status)
}

// chosen are the users that a list holds.
func (f *fake) chosen(filter string) []string {
	var some []string
	for i, u := range f.users {
		inactive := strings.Contains(u, `"active":false`)
		if f.dropLast && i == len(f.users)-1 || filter == "" && f.hide && inactive || strings.Contains(filter, "active eq false") && !inactive {
			continue
		}
		some = append(some, u)
	}
	return some
}

func (f *fake) one(w http.ResponseWriter, id string) {
	for _, u := range f.users {
		if strings.Contains(u, `"id":"`+id+`"`) {
			fmt.Fprint(w, u)
			return
		}
	}
	fail(w, http.StatusNotFound)
}

func (f *fake) list(w http.ResponseWriter, r *http.Request, all []string) {
	q := r.URL.Query()
	count, _ := strconv.Atoi(q.Get("count"))
	if f.most > 0 {
		count = min(count, f.most)
	}
	if f.cursors && q.Has("cursor") {
		f.byCursor(w, q.Get("cursor"), count, all)
		return
	}
	start, err := strconv.Atoi(q.Get("startIndex"))
	if err != nil || start < 1 {
		fail(w, http.StatusBadRequest)
		return
	}
	if start > 1 && f.deleteOne {
		all = all[1:]
	}
	if start > len(all) && f.behind != 0 {
		fail(w, f.behind)
		return
	}
	page := cut(all, start-1, count)
	if start > 1 && (f.emptyOnce && f.empty == 0 || f.empty < f.emptyFor*2) {
		f.empty++
		page = nil
	}
	f.answer(w, page, start, len(all)+f.hidden(), "")
}

// hidden counts the user that is counted and not listed.
func (f *fake) hidden() int {
	if f.dropLast {
		return 1
	}
	return 0
}

func cut(all []string, from, count int) []string {
	from = min(from, len(all))
	return all[from:min(from+count, len(all))]
}

// byCursor answers with cursors that are the number of the next page, and how often it came.
func (f *fake) byCursor(w http.ResponseWriter, cursor string, count int, all []string) {
	number, turn, _ := strings.Cut(cursor, ".")
	n, _ := strconv.Atoi(number)
	turns, _ := strconv.Atoi(turn)
	page, next := cut(all, n*count, count), fmt.Sprint(n+1)
	if (n+1)*count >= len(all) {
		next = ""
	}
	switch {
	case n == 1 && f.twice && turns == 0:
		next = "1.1"
	case n == 1 && f.emptyNext && turns == 0:
		page, next = nil, "1.1"
	case n == 1 && f.loop:
		next = "1"
	case n == 1 && f.fresh:
		next = fmt.Sprintf("1.%d", turns+1)
	}
	f.answer(w, page, 0, len(all)+f.hidden(), next)
}

func (f *fake) answer(w http.ResponseWriter, page []string, start, total int, next string) {
	out := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "itemsPerPage": len(page), "totalResults": total}
	if start > 0 {
		out["startIndex"] = start
		if f.echo != nil {
			out["startIndex"] = f.echo(start)
		}
	}
	if f.total != nil {
		out["totalResults"] = f.total(start, len(page))
	}
	if f.noTotal {
		delete(out, "totalResults")
	}
	if next != "" {
		out["nextCursor"] = next
	}
	text, _ := json.Marshal(out)
	if len(page) == 0 && f.noResource {
		_, _ = w.Write(text)
		return
	}
	fmt.Fprintf(w, `%s,"Resources":[%s]}`, text[:len(text)-1], strings.Join(page, ","))
}

// users are n users, every fifth inactive.
func users(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":"id-%d","externalId":"hr-%d","userName":"user%d","displayName":"User %d","active":%v,`+
			`"emails":[{"value":"second%d@corp.example"},{"value":"user%d@corp.example","primary":true}],`+
			`"groups":[{"value":"g1","display":"Staff","type":"direct"},{"value":"g2","display":"All","type":"indirect"}],`+
			`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","manager":{"value":"id-0"},"department":"Sales"},`+
			`"urn:vendor:1.0:User":{"lastLogin":"2026-02-01T10:00:00Z"},"meta":{"created":"2020-01-02T03:04:05Z"}}`, i, i, i, i, i%5 != 4, i, i, 1000+i))
	}
	return all
}

const vendor = "activity: {path: [\"urn:vendor:1.0:User\", lastLogin], precision: 1h}\n"

// serve starts the server behind a wire.
func serve(t *testing.T, f *fake, fault scannertest.Fault) string {
	t.Helper()
	wire := scannertest.Wire{Counts: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/Users") }}
	server := httptest.NewServer(wire.Serve(fault, f))
	t.Cleanup(server.Close)
	return server.URL + "/scim/v2"
}

// open opens the connector on a fake of its own.
func open(t *testing.T, f *fake, more string) scanners.Source[scanners.Account] {
	t.Helper()
	return openAt(t, scannertest.Env(t).Env, serve(t, f, scannertest.Healthy), "good", more)
}
