package rest

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

var update = flag.Bool("update", false, "rewrite testdata/faults.json")

// server lists records in pages of every style: /next, /cursor, /link, /offset, /page, /none.
type server struct {
	records []string
	fault   scannertest.Fault
	size    int
	// noTotal leaves the total out; deleted removes the first record after the first page; hidden leaves that many records out of
	// every page but the first, as rights do, without filling it up; behind is the status of a page behind the last.
	noTotal bool
	deleted bool
	hidden  int
	behind  int
}

// ServeHTTP implements http.Handler.
func (f *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer good" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"no"}`)
		return
	}
	style, id, single := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	switch {
	case single:
		f.one(w, id)
	case style == "offset":
		from, _ := strconv.Atoi(q.Get("at"))
		f.answer(w, from, "", "")
	case style == "page":
		n, _ := strconv.Atoi(q.Get("at"))
		f.answer(w, (n-1)*f.size, "", "")
	case style == "none":
		f.size = len(f.records) + 1
		f.answer(w, 0, "", "")
	default:
		number, _, again := strings.Cut(q.Get("at"), "&")
		n, _ := strconv.Atoi(number)
		f.linked(w, r, style, n, again || q.Has("again"))
	}
}

func (f *server) one(w http.ResponseWriter, id string) {
	for _, record := range f.records {
		if strings.Contains(record, `"id":"`+id+`"`) {
			fmt.Fprintf(w, `{"user":%s}`, record)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `{"message":"not there"}`)
}

// linked serves the styles whose pages say where the next one is.
func (f *server) linked(w http.ResponseWriter, r *http.Request, style string, n int, again bool) {
	next := ""
	if (n+1)*f.size < len(f.records) {
		next = fmt.Sprint(n + 1)
	}
	from := n * f.size
	switch {
	case n == 1 && !again && f.fault == scannertest.EmptyPage:
		from, next = len(f.records), "1&again=1"
	case n == 1 && !again && f.fault == scannertest.RepeatedPage:
		next = "1&again=1"
	case n == 1 && f.fault == scannertest.Loop:
		next = "1"
	}
	address := "/" + style + "?at=" + next
	if n == 1 && f.fault == scannertest.ForeignNext {
		address = "https://evil.example" + address
	}
	if style == "link" && next != "" {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s/link?at=0>; rel="first", <%s>; title="a, b"; rel="next", </link?at=9>; rel=last`, r.Host, address))
	}
	if next == "" {
		address = ""
	}
	f.answer(w, from, address, next)
}

func (f *server) answer(w http.ResponseWriter, from int, address, cursor string) {
	records, total := f.records, len(f.records)
	if f.deleted && from > 0 {
		records, total = records[1:], total-1
	}
	if f.fault == scannertest.Truncated {
		records = records[:len(records)-1]
	}
	if from >= len(records) && from > 0 && f.behind != 0 {
		w.WriteHeader(f.behind)
		fmt.Fprint(w, `{"message":"no such page"}`)
		return
	}
	from = min(from, len(records))
	some := records[from:min(from+f.size, len(records))]
	if from > 0 {
		some = some[min(f.hidden, len(some)):]
	}
	claim := fmt.Sprintf(`"total":%d,`, total)
	if f.noTotal {
		claim = ""
	}
	fmt.Fprintf(w, `{"meta":{%s"next":%q,"cursor":%q},"data":{"users":[%s]}}`, claim, address, cursor, strings.Join(some, ","))
}

func records(n int, fault scannertest.Fault) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":"u%d","login":"user%d","mail":"user%d@corp.example","state":"on","made":"2020-01-02T03:04:05Z","seen":"2026-02-01T00:00:00Z",`+
			`"groups":["staff"],"admin":false,"boss":"u0","plan":"gold"}`, i, i, i))
	}
	bad := map[scannertest.Fault][2]string{scannertest.Garbled: {`"mail":"user3@corp.example"`, `"mail":{}`}, scannertest.GarbledID: {`"id":"u3"`, `"id":{}`},
		scannertest.BadDate: {"2020-01-02T03:04:05Z", "yesterday"}}
	if b, ok := bad[fault]; ok && n > 3 {
		all[3] = strings.Replace(all[3], b[0], b[1], 1)
	}
	return all
}

const fieldsOfTest = `records: data.users
fields:
  id: .id
  logins: .login
  mails: .mail
  enabled: .state
  created: .made
  activity: [{name: seen, at: .seen, precision: 1h}]
  grants: .groups
  privileged: .admin
  manager: .boss
  licences: .plan
values: {enabled: {"on": "true", "off": "false"}}
lookup: {path: "/one/{id}", record: user}
`

// pagingOf is the configuration of each style.
func pagingOf(style string) string {
	return map[string]string{
		"next":   "path: /next\ntotal: .meta.total\npaging: {style: next, next: .meta.next}\n",
		"cursor": "path: /cursor\ntotal: .meta.total\npaging: {style: cursor, next: .meta.cursor, param: at}\n",
		"link":   "path: /link\ntotal: .meta.total\npaging: {style: link}\n",
		"offset": "path: /offset\ntotal: .meta.total\npaging: {style: offset, param: at, size: 7}\n",
		"page":   "path: /page\ntotal: .meta.total\npaging: {style: page, param: at, size: 7}\n",
		"none":   "path: /none\ntotal: .meta.total\npaging: {style: none}\n",
	}[style]
}

// open opens the connector on an address.
func openConfig(t *testing.T, env scanners.Env, config string) scanners.Source[scanners.Account] {
	t.Helper()
	env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("good"), nil }
	source, err := Kind().Accounts(scannertest.Config(config), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// serve starts a server whose clock is that of the test.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(scannertest.Wire{}.Serve(scannertest.Healthy, h))
	t.Cleanup(s.Close)
	return s.URL
}

const bearer = "auth: {token: \"env:T\"}\n"

func subject(style string, faults []scannertest.Fault) scannertest.Subject[scanners.Account] {
	return scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			wire := scannertest.Wire{Counts: func(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/one/") }}
			base := serve(t, wire.Serve(fault, &server{records: records(n, fault), fault: fault, size: 7}))
			auth := bearer
			if fault == scannertest.TokenExpired {
				auth = clientAuth(t)
			}
			return openConfig(t, env, "url: "+base+"\n"+auth+pagingOf(style)+fieldsOfTest)
		},
		Faults: faults, UnknownID: "u99999",
	}
}

// clientAuth starts a token address and gives the configuration that uses it.
func clientAuth(t *testing.T) string {
	tokens := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); r.FormValue("grant_type") != "client_credentials" || id != "me" || secret != "good" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":3600}`)
	}))
	return "auth: {token_url: " + tokens + "/token, client_id: me, client_secret: \"env:S\"}\n"
}

func TestConformance(t *testing.T) {
	s := subject("next", scannertest.Faults())
	s.Facts, s.Outcomes, s.Rewrite = Kind().Facts, true, *update
	scannertest.Accounts(t, s)
}

func TestStyles(t *testing.T) {
	linked := []scannertest.Fault{scannertest.Truncated, scannertest.Throttled, scannertest.CutJSON, scannertest.EmptyPage, scannertest.RepeatedPage,
		scannertest.EmptyObject, scannertest.Loop, scannertest.Unauthorized}
	counted := []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.Throttled, scannertest.CutJSON, scannertest.EmptyObject, scannertest.CutForever}
	for style, faults := range map[string][]scannertest.Fault{"cursor": linked, "link": append(linked, scannertest.ForeignNext), "offset": counted, "page": counted} {
		t.Run(style, func(t *testing.T) { scannertest.Accounts(t, subject(style, faults)) })
	}
}

// scanAll scans to the end.
func scanAll[R scanners.Record](t *testing.T, source scanners.Source[R]) (scanners.Coverage, []R) {
	t.Helper()
	var all []R
	c, err := source.Scan(t.Context(), func(r R) error { all = append(all, r); return nil })
	if err != nil {
		t.Errorf("Scan: %v", err)
	}
	return c, all
}

// TestCounting reads from APIs whose pages are counted off, in their ways to go wrong.
func TestCounting(t *testing.T) {
	const bySize = "path: /offset\ntotal: .meta.total\npaging: {style: offset, param: at, size: 7, size_param: n, advance: size}\n"
	for _, test := range []struct {
		name, paging string
		f            server
		want         scanners.CoverageVerdict
		read         int
	}{
		{"a record is deleted meanwhile", pagingOf("offset"), server{deleted: true}, scanners.Partial, 24},
		{"a record is deleted meanwhile, pages", pagingOf("page"), server{deleted: true}, scanners.Partial, 24},
		{"records are hidden, not filled up", bySize, server{hidden: 2}, scanners.Partial, 19},
		{"whole pages are hidden", bySize, server{hidden: 7}, scanners.Partial, 7},
		{"by size, nothing hidden", bySize, server{}, scanners.Proved, 25},
		{"no total", pagingOf("offset"), server{noTotal: true}, scanners.Consistent, 25},
		{"404 behind the last page", pagingOf("page"), server{behind: 404}, scanners.Proved, 25},
		{"404 behind the last page, no total", pagingOf("page"), server{behind: 404, noTotal: true}, scanners.Partial, 25},
		{"one answer", pagingOf("none"), server{}, scanners.Proved, 25},
		{"one answer that is not whole", "path: /next\ntotal: .meta.total\npaging: {style: none}\n", server{}, scanners.Partial, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.f.records, test.f.size = records(25, scannertest.Healthy), 7
			source := openConfig(t, scannertest.Env(t).Env, "url: "+serve(t, &test.f)+"\n"+bearer+test.paging+fieldsOfTest)
			read := 0
			c, err := source.Scan(t.Context(), func(scanners.Account) error { read++; return nil })
			if c.Verdict != test.want || read != test.read || err != nil && c.Verdict.Complete() {
				t.Errorf("%v (%s), %v; %d records", c.Verdict, c.Why, err, read)
			}
		})
	}
}

// TestForeignNextKeepsTheToken: what a page names as the next one is not asked when it is elsewhere.
func TestForeignNextKeepsTheToken(t *testing.T) {
	stolen := ""
	thief := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = r.Header.Get("Authorization") + "!" }))
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"meta":{"next":"%s/more"},"data":{"users":[{"id":"1"}]}}`, thief)
	}))
	source := openConfig(t, scannertest.Env(t).Env, "url: "+base+"\n"+bearer+"path: /next\npaging: {style: next, next: .meta.next}\n"+fieldsOfTest)
	c, err := source.Scan(t.Context(), func(scanners.Account) error { return nil })
	if err == nil || c.Verdict != scanners.Partial || stolen != "" || !strings.Contains(err.Error(), "not one that the configuration names") {
		t.Errorf("%v, %v, the other host saw %q", c.Verdict, err, stolen)
	}
}

// TestLookup: 404 is never only when the API says it.
func TestLookup(t *testing.T) {
	for _, test := range []struct {
		name, more, body string
		status           int
		want             scanners.State
	}{
		{"there", "", `{"user":{"id":"a b"}}`, 200, scanners.StateKnown},
		{"not there", "", `{"message":"gone"}`, 404, scanners.StateNever},
		{"a page of HTML", "", `<html>`, 404, scanners.StateUnknown},
		{"forbidden", "", `{}`, 403, scanners.StateUnknown},
		{"another one", "", `{"user":{"id":"b"}}`, 200, scanners.StateUnknown},
		{"no record in it", "", `{}`, 200, scanners.StateUnknown},
		{"garbled", "", `{"user":{"id":"a b","mail":{}}}`, 200, scanners.StateUnknown},
		{"success that says no", "ok: .ok\nlookup: {path: \"/one/{id}\", record: user, absent: '.error == \"not_found\"'}\n", `{"ok":false,"error":"not_found"}`, 200, scanners.StateNever},
		{"success that says something else", "ok: .ok\nlookup: {path: \"/one/{id}\", record: user, absent: '.error == \"not_found\"'}\n", `{"ok":false,"error":"busy"}`, 200, scanners.StateUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked string
			base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.EscapedPath()
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			config := pagingOf("none") + fieldsOfTest
			if test.more != "" {
				config = strings.Replace(config, "lookup: {path: \"/one/{id}\", record: user}\n", test.more, 1)
			}
			source := openConfig(t, scannertest.Env(t).Env, "url: "+base+"\n"+bearer+config)
			_, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), "a b")
			if found.State != test.want || (err != nil) != (test.want == scanners.StateUnknown) || asked != "/one/a%20b" {
				t.Errorf("%+v, %v; asked %s", found, err, asked)
			}
		})
	}
}

// TestErrorInSuccess: an error that comes as success is one, and is tried again only when it may pass.
func TestErrorInSuccess(t *testing.T) {
	for word, want := range map[string]int{"invalid_auth": 1, "busy": 3} {
		asked := 0
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked < 3 {
				fmt.Fprintf(w, `{"ok":false,"error":%q}`, word)
				return
			}
			fmt.Fprint(w, `{"ok":true,"data":{"users":[{"id":"1"}]}}`)
		}))
		source := openConfig(t, scannertest.Env(t).Env, "url: "+base+"\n"+bearer+"path: /none\npaging: {style: none}\nok: .ok\nerror: .error\nretry: '.error == \"busy\"'\n"+fieldsOfTest)
		c, err := source.Scan(t.Context(), func(scanners.Account) error { return nil })
		if asked != want || (err == nil) != (word == "busy") || err != nil && !strings.Contains(err.Error(), word) || c.Verdict.Complete() != (word == "busy") {
			t.Errorf("%s: asked %d times, %v, %v", word, asked, c.Verdict, err)
		}
	}
}
