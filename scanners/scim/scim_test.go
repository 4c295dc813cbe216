package scim

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

var update = flag.Bool("update", false, "rewrite testdata/faults.json")

// faulty is the server that suffers fault. What only servers with cursors can do is done by one.
func faulty(n int, fault scannertest.Fault) *fake {
	f := &fake{users: users(n)}
	switch fault {
	case scannertest.Truncated:
		f.dropLast = true
	case scannertest.Garbled:
		f.users[3] = strings.Replace(f.users[3], `"userName":"user3"`, `"userName":{"no":"text"}`, 1)
	case scannertest.GarbledID:
		f.users[3] = strings.Replace(f.users[3], `"id":"id-3"`, `"id":["id-3"]`, 1)
	case scannertest.BadDate:
		f.users[3] = strings.Replace(f.users[3], `2020-01-02T03:04:05Z`, `yesterday`, 1)
	case scannertest.EmptyPage:
		f.emptyOnce = true
	case scannertest.RepeatedPage:
		f.cursors, f.twice = true, true
	case scannertest.Loop:
		f.cursors, f.loop = true, true
	}
	return f
}

func TestConformance(t *testing.T) {
	faults := scannertest.Faults()
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			base := serve(t, faulty(n, fault), fault)
			if fault == scannertest.TokenExpired {
				return openWithTokens(t, env, base)
			}
			return openAt(t, env, base, "good", "page_size: 7\nprivileged: [Staff]\n"+vendor)
		},
		Faults:    without(faults, scannertest.ForeignNext), // a cursor names no host
		UnknownID: "id-99999", Facts: Kind().Facts, Outcomes: true, Rewrite: *update,
	})
}

func without(all []scannertest.Fault, one scannertest.Fault) []scannertest.Fault {
	var rest []scannertest.Fault
	for _, f := range all {
		if f != one {
			rest = append(rest, f)
		}
	}
	return rest
}

// TestConformanceByCursor runs the suite against a server that offers cursors.
func TestConformanceByCursor(t *testing.T) {
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			f := faulty(n, fault)
			f.cursors, f.emptyOnce, f.emptyNext = true, false, fault == scannertest.EmptyPage
			return openAt(t, env, serve(t, f, fault), "good", "page_size: 7\n")
		},
		Faults: []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID, scannertest.Throttled, scannertest.CutJSON,
			scannertest.EmptyPage, scannertest.RepeatedPage, scannertest.EmptyObject, scannertest.Loop, scannertest.Unauthorized},
		UnknownID: "id-99999",
	})
}

func TestPeopleConformance(t *testing.T) {
	scannertest.People(t, scannertest.Subject[scanners.Person]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("good"), nil }
			f := faulty(n, fault)
			if fault == scannertest.GarbledID {
				f.users[3] = strings.Replace(f.users[3], `"employeeNumber":"1003"`, `"employeeNumber":[]`, 1)
			}
			source, err := Kind().People(scannertest.Config("url: "+serve(t, f, fault)+"\nauth: {token: \"env:T\"}\npage_size: 7\n"), env)
			if err != nil {
				t.Fatal(err)
			}
			return source
		},
		Faults: []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID, scannertest.Throttled, scannertest.CutJSON,
			scannertest.EmptyPage, scannertest.EmptyObject, scannertest.Unauthorized, scannertest.ThrottledForever},
	})
}

// TestDeviations reads from servers that page in ways of their own.
func TestDeviations(t *testing.T) {
	for _, test := range []struct {
		name  string
		f     *fake
		more  string
		want  scanners.CoverageVerdict
		read  int
		pages int64 // at most
	}{
		{"count is capped", &fake{most: 4}, "", scanners.Proved, 25, 9},
		{"capped without saying", &fake{most: 4, noConfig: 404}, "", scanners.Proved, 25, 9},
		{"no totalResults", &fake{noTotal: true}, "", scanners.Consistent, 25, 5},
		{"no Resources behind the end", &fake{noResource: true}, "", scanners.Proved, 25, 5},
		{"400 behind the end", &fake{behind: 400}, "", scanners.Proved, 25, 5},
		{"404 behind the end", &fake{behind: 404}, "", scanners.Proved, 25, 5},
		{"totalResults counts the page", &fake{total: func(_, n int) any { return n }}, "total_results: ignored", scanners.Consistent, 25, 5},
		{"totalResults counts the page, trusted", &fake{total: func(_, n int) any { return n }}, "", scanners.Partial, 25, 5},
		{"totalResults as text", &fake{total: func(_, _ int) any { return "25" }}, "", scanners.Proved, 25, 5},
		{"totalResults too large", &fake{total: func(_, _ int) any { return 400 }}, "", scanners.Partial, 25, 9},
		{"totalResults too large, ignored", &fake{total: func(_, _ int) any { return 400 }}, "total_results: ignored", scanners.Consistent, 25, 9},
		{"a user is not listed", &fake{dropLast: true}, "", scanners.Partial, 24, 9},
		{"a page is hidden", &fake{emptyFor: 1}, "", scanners.Partial, 18, 9},
		{"a user is deleted meanwhile", &fake{deleteOne: true}, "", scanners.Partial, 24, 9},
		{"startIndex of the answer is always 1", &fake{echo: func(int) any { return 1 }}, "", scanners.Proved, 25, 5},
		{"cursors that never end", &fake{cursors: true, fresh: true}, "", scanners.Partial, 14, 9},
		{"cursors offered, index wanted", &fake{cursors: true}, "paging: index", scanners.Proved, 25, 5},
		{"cursor wanted, not offered", &fake{}, "paging: cursor", scanners.Blind, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.f.users = users(25)
			var all int
			c, err := open(t, test.f, "page_size: 7\n"+test.more).Scan(t.Context(), func(scanners.Account) error { all++; return nil })
			if c.Verdict != test.want || all != test.read || c.Pages > test.pages || (err != nil) != (test.want == scanners.Blind) {
				t.Errorf("%v (%s), %v; %d users after %d pages; want %v, %d", c.Verdict, c.Why, err, all, c.Pages, test.want, test.read)
			}
		})
	}
}

// TestInactiveUsers: a server that never lists them is asked for them, and one that is not asked is told of.
func TestInactiveUsers(t *testing.T) {
	for _, test := range []struct {
		name, more string
		hide       bool
		read       int
		claimed    int64
		gap        bool
	}{
		{"listed", "", false, 25, 25, false},
		{"hidden", "", true, 20, 20, true},
		{"hidden, asked for", "inactive: query", true, 25, 25, false},
		{"listed, and asked for", "inactive: query", false, 25, 25, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, all := scanAll(t, open(t, &fake{users: users(25), hide: test.hide}, "page_size: 7\n"+test.more))
			if c.Verdict != scanners.Proved || len(all) != test.read || !scanners.Is(c.Claimed, test.claimed) {
				t.Errorf("%v (%s), %d users, claimed %+v", c.Verdict, c.Why, len(all), c.Claimed)
			}
			told := false
			for _, g := range c.Gaps {
				told = told || g.What == "inactive users"
			}
			if told != test.gap {
				t.Errorf("gaps %+v", c.Gaps)
			}
		})
	}
	many := &fake{users: users(150)} // 30 of them inactive: five pages of the second list bring nothing new
	if c, all := scanAll(t, open(t, many, "page_size: 6\ninactive: query\n")); c.Verdict != scanners.Proved || len(all) != 150 {
		t.Errorf("many inactive users listed, and asked for: %v (%s), %d users", c.Verdict, c.Why, len(all))
	}
	f := &fake{users: users(25), hide: true, dropLast: true} // the last is inactive
	if c, all := scanAll(t, open(t, f, "inactive: query\n")); c.Verdict != scanners.Partial || len(all) != 24 {
		t.Errorf("one inactive user missing: %v (%s), %d users", c.Verdict, c.Why, len(all))
	}
}

// decodeOne scans a server that holds one user.
func decodeOne(t *testing.T, user, more string) (scanners.Account, []scanners.Rejection) {
	t.Helper()
	out := scannertest.Env(t)
	c, all := scanAll(t, openAt(t, out.Env, serve(t, &fake{users: []string{user}}, scannertest.Healthy), "good", more))
	if len(all) == 0 {
		return scanners.Account{}, out.Rejected
	}
	if !c.Verdict.Complete() {
		t.Errorf("%v (%s)", c.Verdict, c.Why)
	}
	return all[0], out.Rejected
}

func TestAccount(t *testing.T) {
	got, _ := decodeOne(t, users(1)[0], "privileged: [all]\n"+vendor)
	at := func(text string) scanners.Fact[time.Time] {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return scanners.Known(when)
	}
	want := scanners.Account{
		ID: "id-0", Logins: []string{"user0"}, DisplayName: "User 0", Mails: []string{"user0@corp.example", "second0@corp.example"},
		EmployeeIDs: []string{"1000"}, Anchors: []string{"hr-0"}, Enabled: scanners.Known(true), Created: at("2020-01-02T03:04:05Z"),
		Signals:    []scanners.Signal{{Name: "lastLogin", At: at("2026-02-01T10:00:00Z"), Precision: time.Hour}},
		Privileged: scanners.Known(true), PrivilegedWhy: "group All",
		Grants:  []scanners.Grant{{ID: "g1", Name: "Staff", Type: "group", Direct: true, Removable: true}, {ID: "g2", Name: "All", Type: "group"}},
		Manager: "id-0", Evidence: []scanners.Attribute{{Name: "active", Values: []string{"true"}}, {Name: "meta.created", Values: []string{"2020-01-02T03:04:05Z"}},
			{Name: "lastLogin", Values: []string{"2026-02-01T10:00:00Z"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFacts reads one deviating attribute at a time.
func TestFacts(t *testing.T) {
	show := func(a scanners.Account) string {
		text := func(state scanners.State, value any) string {
			return [...]string{"unknown", fmt.Sprint(value), "never"}[state]
		}
		used := "none"
		if len(a.Signals) > 0 {
			used = text(a.Signals[0].At.State, a.Signals[0].At.Value.Format(time.DateOnly))
		}
		return fmt.Sprintf("enabled %s, created %s, used %s, privileged %s, kind %s, ids %v, logins %v, mails %v, grants %d", text(a.Enabled.State, a.Enabled.Value),
			text(a.Created.State, a.Created.Value.Format(time.DateOnly)), used, text(a.Privileged.State, a.Privileged.Value), a.Kind, a.EmployeeIDs, a.Logins, a.Mails, len(a.Grants))
	}
	for _, test := range []struct{ name, user, more, want string }{
		{"bare", `{"id":"1","userName":"a"}`, "", "enabled unknown, created unknown, used none, privileged unknown, kind , ids [], logins [a], mails [], grants 0"},
		{"active as text", `{"id":"1","active":"False"}`, "", "enabled false, "},
		{"active as True", `{"id":"1","active":"True"}`, "", "enabled true, "},
		{"active null", `{"id":"1","active":null}`, "", "enabled unknown, "},
		{"active a number", `{"id":"1","active":0}`, "", "enabled unknown, "},
		{"names in other case", `{"ID":"1","USERNAME":"a","Active":false}`, "", "enabled false, "},
		{"id a number", `{"id":17,"active":true}`, "", "enabled true, "},
		{"employee number a number", `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":701984}}`, "", "ids [701984]"},
		{"never used", `{"id":"1","seen":"1970-01-01T00:00:00Z"}`, "activity: {path: seen}", "used never"},
		{"use not stated", `{"id":"1"}`, "activity: {path: seen}", "used unknown"},
		{"use not stated, which means never", `{"id":"1"}`, "activity: {path: seen, absent: never}", "used never"},
		{"use garbled", `{"id":"1","seen":"soon"}`, "activity: {path: seen, absent: never}", "used unknown"},
		{"use of a wrong type", `{"id":"1","seen":{}}`, "activity: {path: seen, absent: never}", "used unknown"},
		{"created in 1970", `{"id":"1","meta":{"created":"1970-01-01T00:00:00Z"}}`, "", "created unknown"},
		{"mails as texts", `{"id":"1","emails":["a@corp.example","none"]}`, "", "mails [a@corp.example]"},
		{"one mail", `{"id":"1","emails":{"value":"a@corp.example"}}`, "", "mails [a@corp.example]"},
		{"roles", `{"id":"1","roles":[{"value":"admin","primary":"True"}],"entitlements":["e"]}`, "privileged: [Admin]", "privileged true, kind , ids [], logins [], mails [], grants 2"},
		{"not privileged", `{"id":"1","groups":[]}`, "privileged: [Admin]", "privileged false"},
		{"groups not shown", `{"id":"1"}`, "privileged: [Admin]", "privileged unknown"},
		{"groups garbled", `{"id":"1","groups":[[]]}`, "privileged: [Admin]", "privileged unknown"},
		{"groups not wanted", `{"id":"1","groups":["g"]}`, "groups: none", "grants 0"},
		{"kind", `{"id":"1","userType":"Robot"}`, "user_types: {Robot: service}", "kind service"},
		{"kind without meaning", `{"id":"1","userType":"Other"}`, "user_types: {Robot: service}", "kind ,"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, rejected := decodeOne(t, test.user, test.more)
			if !strings.Contains(show(got), test.want) || got.ID == "" {
				t.Errorf("got %s; want %s (rejected %v)", show(got), test.want, rejected)
			}
		})
	}
}

// TestRejected: a key that cannot be read must not make an account that looks as if nobody owned it.
func TestRejected(t *testing.T) {
	for field, user := range map[string]string{
		"id": `{"userName":"a"}`, "userName": `{"id":"1","userName":[]}`, "externalId": `{"id":"1","externalId":{}}`, "emails": `{"id":"1","emails":[[1]]}`,
		"employeeNumber":       `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":true}}`,
		"enterprise extension": `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":[]}`, "user": `"text"`,
	} {
		t.Run(field, func(t *testing.T) {
			_, rejected := decodeOne(t, user, "")
			if len(rejected) != 1 || rejected[0].Field != field || (rejected[0].ID == "1") != strings.Contains(user, `"id":"1"`) {
				t.Errorf("rejected %+v", rejected)
			}
		})
	}
}

func TestGroupsOfGroups(t *testing.T) {
	f := &fake{users: users(3), groups: []string{
		`{"id":"a","displayName":"A","members":[{"value":"id-0"},{"value":"b","type":"Group"}]}`,
		`{"id":"b","displayName":"B","members":[{"value":"id-1"},{"value":"a"}]}`, // a circle
		`{"id":"c","displayName":"C"}`,
	}}
	_, all := scanAll(t, open(t, f, "groups: groups\nprivileged: [a]\n"))
	got := ""
	for _, a := range all {
		got += fmt.Sprintf("%s privileged %v:", a.ID, a.Privileged.Value)
		for _, g := range a.Grants {
			got += fmt.Sprintf(" %s direct %v", g.Name, g.Direct)
		}
		got += "\n"
	}
	want := "id-0 privileged true: A direct true B direct false\nid-1 privileged true: B direct true A direct false\nid-2 privileged false:\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	f.groups[2] = `{"id":"c","members":[[1]]}`
	if c, all := scanAll(t, open(t, f, "groups: groups\nprivileged: [a]\n")); c.Verdict != scanners.Partial || !all[2].Privileged.IsUnknown() {
		t.Errorf("a garbled group: %v (%s), %+v", c.Verdict, c.Why, all[2].Privileged)
	}
	f.noGroups = http.StatusForbidden
	if c, all := scanAll(t, open(t, f, "groups: groups\nprivileged: [a]\n")); c.Verdict != scanners.Partial || len(all) != 3 || !all[2].Privileged.IsUnknown() {
		t.Errorf("groups that may not be read: %v (%s), %d users", c.Verdict, c.Why, len(all))
	}
	if c, _ := scanAll(t, open(t, &fake{users: users(3)}, "groups: groups\n")); c.Verdict != scanners.Proved {
		t.Errorf("no groups at all: %v (%s)", c.Verdict, c.Why)
	}
}

// TestLookup: 404 is never only when the service says it.
func TestLookup(t *testing.T) {
	for _, test := range []struct {
		name string
		h    http.HandlerFunc
		want scanners.State
		err  bool
	}{
		{"not there", func(w http.ResponseWriter, _ *http.Request) { fail(w, 404) }, scanners.StateNever, false},
		{"a page of HTML", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			fmt.Fprint(w, "<html>not here</html>")
		}, scanners.StateUnknown, true},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { fail(w, 403) }, scanners.StateUnknown, true},
		{"another user", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"2"}`) }, scanners.StateUnknown, true},
		{"garbled", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"1","userName":[]}`) }, scanners.StateUnknown, true},
		{"there", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"1/2"}`) }, scanners.StateKnown, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked string
			base := serveHandler(t, func(w http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath(); test.h(w, r) })
			id := map[bool]string{true: "1/2", false: "1"}[test.name == "there"]
			_, found, err := openAt(t, scannertest.Env(t).Env, base, "good", "").(scanners.Lookup[scanners.Account]).Lookup(t.Context(), id)
			if found.State != test.want || (err != nil) != test.err {
				t.Errorf("%+v, %v", found, err)
			}
			if test.name == "there" && asked != "/Users/1%2F2" {
				t.Errorf("asked %s", asked)
			}
		})
	}
}

// FuzzAnswer: whatever a server answers, it is a page or an error, and no user without id.
func FuzzAnswer(f *testing.F) {
	for _, seed := range append(users(2), `{"id":1,"emails":[null]}`, `{"id":"1","active":"TRUE","groups":{"value":{}}}`, `{"id":"1","meta":[]}`, `null`, `{"id":"\ud800"}`) {
		f.Add(`{"totalResults":1,"Resources":[` + seed + `]}`)
	}
	c := AccountConfig{Privileged: []string{"x"}, Reading: Reading{Activity: Path{Path: List{"a", "b"}}}}
	f.Fuzz(func(t *testing.T, body string) {
		a, err := readAnswer([]byte(body))
		if err != nil {
			return
		}
		for _, raw := range a.records {
			u, err := readUser(raw, c.Activity.Path)
			if err != nil {
				continue
			}
			if account, err := c.account(u, nil); err == nil && account.ID == "" {
				t.Errorf("%s: an account without id", raw)
			}
		}
	})
}
