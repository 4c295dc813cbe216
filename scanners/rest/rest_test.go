package rest

import (
	"encoding/pem"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

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

// TestLists reads several lists as one source.
func TestLists(t *testing.T) {
	for _, test := range []struct {
		name    string
		a, b    int // records of each list; those of b begin with the last of a
		claims  string
		want    scanners.CoverageVerdict
		read    int
		between func(asked int) bool // whether a has lost its first record by then
	}{
		{"both counted", 10, 8, "total: .total\n", scanners.Partial, 17, nil}, // one is in both, so that fewer came than both hold
		{"not counted", 10, 8, "", scanners.Consistent, 17, nil},
		{"one is empty", 10, 0, "total: .total\n", scanners.Proved, 10, nil},
		{"the second brings nothing new", 40, 1, "", scanners.Consistent, 40, nil},
		{"the first changes", 10, 0, "total: .total\n", scanners.Partial, 9, func(asked int) bool { return asked > 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := 0
			base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				n, first := test.a, 0
				if r.URL.Path == "/b" {
					n, first = test.b, test.a-1
				}
				if r.URL.Path == "/a" && test.between != nil && test.between(asked) {
					n, first = n-1, 1
				}
				at, _ := strconv.Atoi(r.URL.Query().Get("at"))
				var some []string
				for i := at; i < min(at+4, n); i++ {
					some = append(some, fmt.Sprintf(`{"id":"u%d"}`, first+i))
				}
				fmt.Fprintf(w, `{"total":%d,"x":[%s]}`, n, strings.Join(some, ","))
			}))
			c, all := scanAll(t, openConfig(t, scannertest.Env(t).Env, "url: "+base+"\n"+bearer+"paging: {style: offset, param: at}\nrecords: x\n"+test.claims+
				"lists: [{name: one, path: /a}, {name: two, path: /b}]\nfields: {id: .id}\n"))
			if c.Verdict != test.want || len(all) != test.read {
				t.Errorf("%v (%s), %d records", c.Verdict, c.Why, len(all))
			}
		})
	}
}

// TestPrivateAuthority: the server's certificate is of the configured authority, or nothing is sent.
func TestPrivateAuthority(t *testing.T) {
	secure := httptest.NewTLSServer(scannertest.Wire{}.Serve(scannertest.Healthy, &server{records: records(3, scannertest.Healthy), size: 7}))
	t.Cleanup(secure.Close)
	for name, trusted := range map[string]bool{"trusted": true, "not trusted": false} {
		t.Run(name, func(t *testing.T) {
			out := scannertest.Env(t)
			config := "url: " + secure.URL + "\n" + bearer + pagingOf("next") + fieldsOfTest
			if trusted {
				text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
				if err := os.WriteFile(out.Path("ca.pem"), text, 0o600); err != nil {
					t.Fatal(err)
				}
				config += "tls: {ca: ca.pem}\n"
			}
			c, err := openConfig(t, out.Env, config).Scan(t.Context(), func(scanners.Account) error { return nil })
			if c.Verdict.Complete() != trusted || (err == nil) != trusted || len(out.Waited) > 0 {
				t.Errorf("%v, %v after %d waits", c.Verdict, err, len(out.Waited))
			}
		})
	}
}

// FuzzPage: whatever a server answers, it is a page or an error.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[{"id":1}]}}`, `{"a":{"b":null}}`, `[]`, `{"a":[1`, `{"a":{"b":[{"id":{"x":[]}}],"c":"\ud800"}}`, ``} {
		f.Add(seed, "a.b")
	}
	f.Fuzz(func(t *testing.T, body, path string) {
		records, rest, err := cut([]byte(body), path)
		if err != nil && records != nil {
			t.Errorf("records beside the error %v", err)
		}
		m := accountMapping{Reading: &Reading{Times: forms()}, zone: time.UTC}
		m.id.expr, _ = compile("id", ".id")
		m.mails.expr, _ = compile("mails", ".mails")
		for _, raw := range records {
			if a, err := m.account(scope{input: rest}, raw); err == nil && a.ID == "" {
				t.Errorf("%s: an account without id", raw)
			}
		}
	})
}
