package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// vendor plays the paging of one product, from its documentation, with the records of a sample.
type vendor struct {
	preset string
	// list is the key of the list in a page, id the one of a record's id, more the rest of the configuration.
	list, id, more string
	// page answers the request for a page of records.
	page func(w http.ResponseWriter, r *http.Request, records []string)
	// one answers a look-up; nil where the preset has none.
	one func(w http.ResponseWriter, r *http.Request, byID map[string]string)
	// unknown is an id that nobody has; total says that the product states how many records there are.
	unknown string
	total   bool
}

func vendors() []vendor {
	return []vendor{
		{preset: "github", id: "id", more: "vars: {org: corp}\nquery: {per_page: \"7\"}\n", page: pageGitHub, unknown: "99999"},
		{preset: "gitlab", id: "id", more: "query: {per_page: \"7\"}\n", page: pageGitLab, one: oneByPath("", ""), unknown: "99999"},
		{preset: "slack", list: "members", id: "id", more: "paging: {size: 7}\n", page: pageSlack, one: oneSlack, unknown: "W0Z"},
		{preset: "servicenow", list: "result", id: "sys_id", more: "paging: {size: 7}\n", page: pageServiceNow, one: oneByPath(`{"result":`, "}"), unknown: strings.Repeat("f", 32), total: true},
		{preset: "salesforce", list: "records", id: "Id", page: pageSalesforce, one: oneByPath("", ""), unknown: "005A00000000999AAA", total: true},
		{preset: "atlassian", list: "data", id: "account_id", more: "vars: {org: o-1}\n", page: pageAtlassian, one: oneByPath(`{"account":`, "}"), unknown: "557058:none"},
		{preset: "google-workspace", list: "users", id: "id", more: "paging: {size: 7}\n", page: pageGoogle, one: oneByPath("", ""), unknown: "1"},
	}
}

const perPage = 7

// sampleOf reads the records of a preset's sample.
func sampleOf(t *testing.T, v vendor) []json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", v.preset+".json"))
	if err != nil {
		t.Fatal(err)
	}
	records, _, err := cut(raw, v.list)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// clones are n records like the first of the sample, each with an id of its own.
func clones(t *testing.T, v vendor, n int) (all []string, byID map[string]string) {
	t.Helper()
	byID = map[string]string{}
	for i := range n {
		var record map[string]any
		if err := json.Unmarshal(sampleOf(t, v)[0], &record); err != nil {
			t.Fatal(err)
		}
		id := any(fmt.Sprintf("x%d", i))
		if _, number := record[v.id].(float64); number {
			id = 5000 + i
		}
		record[v.id] = id
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		all, byID[fmt.Sprint(id)] = append(all, string(text)), string(text)
	}
	return all, byID
}

// slice are the records of a page from an offset on, and the offset of the next page, 0 on the last one.
func slice(records []string, from, size int) (page string, next int) {
	from = min(max(from, 0), len(records))
	to := min(from+size, len(records))
	if to < len(records) {
		next = to
	}
	return "[" + strings.Join(records[from:to], ",") + "]", next
}

func number(r *http.Request, name string, otherwise int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
		return n
	}
	return otherwise
}

// pageGitHub numbers its pages; owners, members and outside collaborators are lists of their own.
func pageGitHub(w http.ResponseWriter, r *http.Request, records []string) {
	owners, outside := len(records)/5, len(records)/10
	switch {
	case strings.HasSuffix(r.URL.Path, "/orgs/corp/outside_collaborators"):
		records = records[len(records)-outside:]
	case strings.HasSuffix(r.URL.Path, "/orgs/corp/members") && r.URL.Query().Get("role") == "admin":
		records = records[:owners]
	case strings.HasSuffix(r.URL.Path, "/orgs/corp/members") && r.URL.Query().Get("role") == "member":
		records = records[owners : len(records)-outside]
	default:
		http.NotFound(w, r)
		return
	}
	size, n := number(r, "per_page", 30), number(r, "page", 1)
	page, next := slice(records, (n-1)*size, size)
	if next > 0 {
		q := r.URL.Query()
		q.Set("page", fmt.Sprint(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next", <http://%s%s?page=99>; rel="last"`, r.Host, r.URL.Path, q.Encode(), r.Host, r.URL.Path))
	}
	fmt.Fprint(w, page)
}

// pageGitLab goes on after the last id.
func pageGitLab(w http.ResponseWriter, r *http.Request, records []string) {
	if r.URL.Query().Get("pagination") != "keyset" || r.URL.Query().Get("order_by") != "id" {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	page, next := slice(records, number(r, "id_after", 4999)-4999, number(r, "per_page", 20))
	if next > 0 {
		q := r.URL.Query()
		q.Set("id_after", fmt.Sprint(4999+next))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
	}
	fmt.Fprint(w, page)
}

// pageSlack answers errors with success.
func pageSlack(w http.ResponseWriter, r *http.Request, records []string) {
	from := 0
	if cursor := r.URL.Query().Get("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "dXNlcj"))
		if err != nil {
			fmt.Fprint(w, `{"ok":false,"error":"invalid_cursor"}`)
			return
		}
		from = n
	}
	page, next := slice(records, from, number(r, "limit", 1000))
	cursor := ""
	if next > 0 {
		cursor = fmt.Sprintf("dXNlcj%d", next)
	}
	fmt.Fprintf(w, `{"ok":true,"members":%s,"cache_ts":1,"response_metadata":{"next_cursor":%q}}`, page, cursor)
}

func oneSlack(w http.ResponseWriter, r *http.Request, byID map[string]string) {
	if record, ok := byID[r.URL.Query().Get("user")]; ok && r.URL.Path == "/api/users.info" {
		fmt.Fprintf(w, `{"ok":true,"user":%s}`, record)
		return
	}
	fmt.Fprint(w, `{"ok":false,"error":"user_not_found"}`)
}

// pageServiceNow counts in a header.
func pageServiceNow(w http.ResponseWriter, r *http.Request, records []string) {
	page, _ := slice(records, number(r, "sysparm_offset", 0), number(r, "sysparm_limit", 10000))
	w.Header().Set("X-Total-Count", fmt.Sprint(len(records)))
	fmt.Fprintf(w, `{"result":%s}`, page)
}

// pageSalesforce gives as many as it likes, and a locator for the rest.
func pageSalesforce(w http.ResponseWriter, r *http.Request, records []string) {
	from := 0
	if _, locator, ok := strings.Cut(r.URL.Path, "/query/01gA-"); ok {
		from, _ = strconv.Atoi(locator)
	} else if !strings.HasPrefix(r.URL.Query().Get("q"), "SELECT Id,") {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `[{"errorCode":"MALFORMED_QUERY"}]`)
		return
	}
	page, next := slice(records, from, perPage)
	if next > 0 {
		fmt.Fprintf(w, `{"totalSize":%d,"done":false,"nextRecordsUrl":"/services/data/v60.0/query/01gA-%d","records":%s}`, len(records), next, page)
		return
	}
	fmt.Fprintf(w, `{"totalSize":%d,"done":true,"records":%s}`, len(records), page)
}

// pageAtlassian names the next page by its address.
func pageAtlassian(w http.ResponseWriter, r *http.Request, records []string) {
	page, next := slice(records, number(r, "cursor", 0), perPage)
	address := "null"
	if next > 0 {
		address = fmt.Sprintf(`"http://%s%s?cursor=%d"`, r.Host, r.URL.Path, next)
	}
	fmt.Fprintf(w, `{"data":%s,"links":{"next":%s}}`, page, address)
}

// pageGoogle leaves out the list where it would be empty, and the token on the last page.
func pageGoogle(w http.ResponseWriter, r *http.Request, records []string) {
	page, next := slice(records, number(r, "pageToken", 0), number(r, "maxResults", 100))
	token := ""
	if next > 0 {
		token = fmt.Sprintf(`,"nextPageToken":"%d"`, next)
	}
	if page == "[]" {
		fmt.Fprint(w, `{"kind":"admin#directory#users","etag":"x"}`)
		return
	}
	fmt.Fprintf(w, `{"kind":"admin#directory#users","etag":"x","users":%s%s}`, page, token)
}

// oneByPath answers with the record whose id is in the path, put into an envelope.
func oneByPath(before, after string) func(http.ResponseWriter, *http.Request, map[string]string) {
	return func(w http.ResponseWriter, r *http.Request, byID map[string]string) {
		for part := range strings.SplitSeq(r.URL.Path, "/") {
			if record, ok := byID[part]; ok {
				fmt.Fprint(w, before+record+after)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"message":"No Record found"}}`)
	}
}

// isLookup tells requests for one record from those for pages.
func (v vendor) isLookup(r *http.Request) bool {
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	return v.one != nil && (last == "users.info" || strings.HasSuffix(r.URL.Path, "/manage/profile") || strings.Contains(r.URL.Path, "/sobjects/") ||
		strings.Contains(r.URL.Path, "/sys_user/") || v.preset != "salesforce" && strings.Contains(r.URL.Path, "/users/") && !strings.HasSuffix(r.URL.Path, "/users"))
}

// openVendor opens the preset on its product.
func openVendor(t *testing.T, env scanners.Env, v vendor, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
	t.Helper()
	all, byID := clones(t, v, n)
	listed := all
	if fault == scannertest.Truncated {
		listed = all[:len(all)-1]
	}
	wire := scannertest.Wire{Counts: func(r *http.Request) bool { return !v.isLookup(r) }}
	base := serve(t, wire.Serve(fault, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer good":
			w.WriteHeader(http.StatusUnauthorized)
		case v.isLookup(r):
			v.one(w, r, byID)
		case v.total && fault == scannertest.Truncated:
			v.page(shorten{w, len(all)}, r, listed)
		default:
			v.page(w, r, listed)
		}
	})))
	return openConfig(t, env, "preset: "+v.preset+"\nurl: "+base+"\n"+bearer+v.more)
}

// shorten states a larger total than the pages hold.
type shorten struct {
	http.ResponseWriter
	total int
}

func (s shorten) Write(b []byte) (int, error) {
	s.Header().Set("X-Total-Count", fmt.Sprint(s.total))
	_, err := s.ResponseWriter.Write([]byte(strings.Replace(string(b), fmt.Sprintf(`"totalSize":%d`, s.total-1), fmt.Sprintf(`"totalSize":%d`, s.total), 1)))
	return len(b), err
}

// TestPresetPaging runs the suite against each product's own way to page.
func TestPresetPaging(t *testing.T) {
	for _, v := range vendors() {
		t.Run(v.preset, func(t *testing.T) {
			faults := []scannertest.Fault{scannertest.Throttled, scannertest.Unavailable, scannertest.CutJSON, scannertest.LoginPage, scannertest.EmptyAnswer,
				scannertest.Unauthorized, scannertest.ThrottledForever}
			if v.preset != "github" && v.preset != "gitlab" { // whose pages are lists
				faults = append(faults, scannertest.EmptyObject)
			}
			if v.total {
				faults = append(faults, scannertest.Truncated)
			}
			scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
				Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
					return openVendor(t, env, v, n, fault)
				},
				Faults: faults, UnknownID: v.unknown,
			})
		})
	}
}

// TestPresetSamples reads the sample of each preset, a page in the shape of the product's documentation.
func TestPresetSamples(t *testing.T) {
	for preset, want := range map[string][]string{
		"github": {"1001 [ada-byron] enabled=true kind=person privileged=true created=? grants=owner:role mails=[] ids=[] anchors=[]",
			"1002 [release-bot] enabled=true kind=service privileged=true created=? grants=owner:role mails=[] ids=[] anchors=[]"},
		"gitlab": {"11 [ada] enabled=true kind= privileged=true created=2020-05-23 grants= mails=[ada@corp.example] ids=[] anchors=[hr-4711] locked=false last_sign_in_at=2026-01-01 current_sign_in_at=2026-02-01 last_activity_on=2026-02-20+24h",
			"12 [bo] enabled=true kind= privileged=false created=2020-05-23 grants= mails=[bo@corp.example] ids=[] anchors=[] locked=false last_sign_in_at=never current_sign_in_at=never last_activity_on=never",
			"13 [cy] enabled=false kind= privileged=? created=? grants= mails=[] ids=[] anchors=[] last_sign_in_at=? current_sign_in_at=? last_activity_on=?"},
		"slack": {"W0A [ada] enabled=true kind= privileged=true created=? grants=is_admin:role mails=[ada@corp.example] ids=[] anchors=[]",
			"W0B [bo] enabled=false kind= privileged=? created=? grants= mails=[bo@corp.example] ids=[] anchors=[]",
			"W0C [cy] enabled=true kind=guest privileged=false created=? grants= mails=[] ids=[] anchors=[]",
			"USLACKBOT [slackbot] enabled=true kind=service privileged=false created=? grants= mails=[] ids=[] anchors=[]"},
		"servicenow": {"00000000000000000000000000000a01 [ada.byron] enabled=true kind= privileged=? created=2019-03-04 grants= mails=[ada@corp.example] ids=[004711] anchors=[] locked=false last_login_time=2026-02-20",
			"00000000000000000000000000000a02 [svc.cmdb] enabled=false kind=service privileged=? created=2019-03-04 grants= mails=[] ids=[] anchors=[] locked=true last_login_time=?"},
		"salesforce": {"005A00000000001AAA [ada@corp.example.crm] enabled=true kind=person privileged=true created=2020-01-02 grants=System Administrator:role,CEO:role mails=[ada@corp.example] ids=[4711] anchors=[hr-4711] LastLoginDate=2026-02-20+1m",
			"005A00000000002AAA [auto@corp.example.crm] enabled=false kind=service privileged=? created=2020-01-02 grants= mails=[auto@corp.example] ids=[] anchors=[] LastLoginDate=never"},
		"atlassian": {"557058:0000000a-0000-4000-8000-000000000001 [ada@corp.example] enabled=true kind=person privileged=? created=? grants=Jira Software:application,Confluence:application mails=[ada@corp.example] ids=[] anchors=[] last_active=2026-02-20+24h",
			"557058:0000000a-0000-4000-8000-000000000002 [bo@corp.example] enabled=false kind=person privileged=? created=? grants= mails=[bo@corp.example] ids=[] anchors=[] last_active=?"},
		"google-workspace": {"100000000000000000001 [ada@corp.example] enabled=true kind= privileged=true created=2019-03-04 grants=isAdmin:role mails=[ada@corp.example ada.byron@corp.example] ids=[4711] anchors=[] lastLoginTime=2026-02-20",
			"100000000000000000002 [bo@corp.example] enabled=false kind= privileged=false created=2019-03-04 grants= mails=[bo@corp.example] ids=[] anchors=[] lastLoginTime=never",
			"100000000000000000003 [cy@corp.example] enabled=false kind= privileged=true created=2019-03-04 grants=isDelegatedAdmin:role mails=[cy@corp.example] ids=[] anchors=[] lastLoginTime=2020-02-20"},
	} {
		t.Run(preset, func(t *testing.T) {
			for _, v := range vendors() {
				if v.preset != preset {
					continue
				}
				var got []string
				for _, raw := range sampleOf(t, v) {
					got = append(got, shownAccount(decodeSample(t, preset, raw)))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
	if len(vendors()) != len(presets()) {
		t.Error("a preset has no sample or no paging test")
	}
}

// decodeSample makes an account of a record, as the preset does, in its first list.
func decodeSample(t *testing.T, preset string, raw json.RawMessage) scanners.Account {
	t.Helper()
	source := openConfig(t, scannertest.Env(t).Env, "preset: "+preset+"\nvars: {org: corp, instance: corp}\n"+bearer).(*source[scanners.Account])
	a, err := source.decode(scope{list: source.names[0]}, raw)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func shownAccount(a scanners.Account) string {
	day := func(f scanners.Fact[time.Time]) string {
		return [...]string{"?", f.Value.Format(time.DateOnly), "never"}[f.State]
	}
	truth := func(f scanners.Fact[bool]) string { return [...]string{"?", fmt.Sprint(f.Value), "never"}[f.State] }
	var grants []string
	for _, g := range a.Grants {
		grants = append(grants, g.Name+":"+g.Type)
	}
	out := fmt.Sprintf("%s %v enabled=%s kind=%s privileged=%s created=%s grants=%s mails=%v ids=%v anchors=%v", a.ID, a.Logins, truth(a.Enabled), a.Kind,
		truth(a.Privileged), day(a.Created), strings.Join(grants, ","), a.Mails, a.EmployeeIDs, a.Anchors)
	if a.Locked.IsKnown() {
		out += " locked=" + truth(a.Locked)
	}
	for _, s := range a.Signals {
		out += " " + s.Name + "=" + day(s.At)
		if s.At.IsKnown() && s.Precision > 0 {
			out += "+" + strings.TrimSuffix(strings.TrimSuffix(s.Precision.String(), "0s"), "0m")
		}
	}
	return out
}

// TestVendorQuirks plays what is particular to one product.
func TestVendorQuirks(t *testing.T) {
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	hidden := func(w http.ResponseWriter, r *http.Request) { // rows that the reading user may not see are missing from their page
		w.Header().Set("X-Total-Count", "21")
		from := number(r, "sysparm_offset", 0)
		var some []string
		for i := from; i < min(from+7, 21); i++ {
			if i%7 != 3 {
				some = append(some, fmt.Sprintf(`{"sys_id":"s%d"}`, i))
			}
		}
		fmt.Fprintf(w, `{"result":[%s]}`, strings.Join(some, ","))
	}
	limited := 0
	rateLimit := func(w http.ResponseWriter, r *http.Request) {
		if limited++; limited == 2 {
			w.Header().Set("X-RateLimit-Limit", "5000")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(scannertest.Env(t).Now().Add(30*time.Second).Unix()))
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"API rate limit exceeded"}`)
			return
		}
		fmt.Fprintf(w, `[{"id":%d,"login":"a","type":"User"}]`, limited)
	}
	for _, test := range []struct {
		name, preset string
		h            http.HandlerFunc
		want         scanners.CoverageVerdict
		read         int
		fails        string
	}{
		{"Slack refuses with success", "slack", body(`{"ok":false,"error":"invalid_auth"}`), scanners.Blind, 0, "invalid_auth"},
		{"Slack lacks a scope", "slack", body(`{"ok":false,"error":"missing_scope","needed":"users:read"}`), scanners.Blind, 0, "missing_scope"},
		{"Google has no users", "google-workspace", body(`{"kind":"admin#directory#users","etag":"x"}`), scanners.Blind, 0, ""},
		{"Google has something else", "google-workspace", body(`{"kind":"admin#directory#groups"}`), scanners.Blind, 0, "users"},
		{"Salesforce is not done and names no next page", "salesforce", body(`{"totalSize":2,"done":false,"records":[{"Id":"1"}]}`), scanners.Blind, 0, "nextRecordsUrl"},
		{"Salesforce says that there are more", "salesforce", body(`{"totalSize":2,"done":true,"records":[{"Id":"1"}]}`), scanners.Partial, 1, ""},
		{"ServiceNow hides rows", "servicenow", hidden, scanners.Partial, 18, ""},
		{"GitHub's limit comes as 403", "github", rateLimit, scanners.Consistent, 3, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := scannertest.Env(t)
			source := openConfig(t, out.Env, "preset: "+test.preset+"\nurl: "+serve(t, test.h)+"\n"+bearer+
				map[string]string{"github": "vars: {org: corp}\n", "servicenow": "paging: {size: 7}\n"}[test.preset])
			read := 0
			c, err := source.Scan(t.Context(), func(scanners.Account) error { read++; return nil })
			if c.Verdict != test.want || read != test.read || (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%v (%s), %v; %d records", c.Verdict, c.Why, err, read)
			}
		})
	}
}

// TestPresetsCanBeChanged: what is set counts before the preset, key by key.
func TestPresetsCanBeChanged(t *testing.T) {
	c := AccountConfig{Reading: Reading{Preset: "GitLab", URL: "https://git.corp.example", Query: map[string]string{"pagination": "", "humans": "true"},
		Values: Values{"enabled": {"deactivated": "false"}}}, Fields: AccountFields{Mails: ".public_email"}}
	if err := c.applyPreset(); err != nil {
		t.Fatal(err)
	}
	if c.URL != "https://git.corp.example" || c.Fields.Mails != ".public_email" || c.Fields.ID != ".id" || c.Values["enabled"]["deactivated"] != "false" || c.Values["enabled"]["active"] != "true" {
		t.Errorf("%+v", c)
	}
	if got := c.address(c.Path, c.Query); got != "https://git.corp.example/api/v4/users?humans=true&order_by=id&per_page=100&sort=asc" {
		t.Errorf("asks %s", got)
	}
}

// TestRightsTooWide: GitHub and Slack say what a token may.
func TestRightsTooWide(t *testing.T) {
	for _, test := range []struct{ preset, more, scopes, body, want string }{
		{"github", "vars: {org: corp}\n", "read:org, user:email", `[{"id":1}]`, ""},
		{"github", "vars: {org: corp}\n", "admin:org, read:org, repo", `[{"id":1}]`, "admin:org, repo"},
		{"github", "vars: {org: corp}\n", "", `[{"id":1}]`, ""},
		{"slack", "", "identify,users:read,users:read.email", `{"ok":true,"members":[{"id":"W1"}]}`, ""},
		{"slack", "", "users:read,chat:write,users:write", `{"ok":true,"members":[{"id":"W1"}]}`, "chat:write, users:write"},
	} {
		t.Run(test.preset+" "+test.scopes, func(t *testing.T) {
			base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-OAuth-Scopes", test.scopes)
				fmt.Fprint(w, test.body)
			}))
			c, _ := scanAll(t, openConfig(t, scannertest.Env(t).Env, "preset: "+test.preset+"\nurl: "+base+"\n"+bearer+test.more))
			told := ""
			for _, g := range c.Gaps {
				if g.What == "rights of the reading identity" {
					told = g.Cause
				}
			}
			if told != "" != (test.want != "") || !strings.HasSuffix(told, test.want) {
				t.Errorf("told %q, want %q", told, test.want)
			}
		})
	}
}
