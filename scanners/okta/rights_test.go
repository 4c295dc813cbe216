package okta

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

func asDefect(err error) (*api.Defect, bool) {
	defect := new(api.Defect)
	return defect, errors.As(err, &defect)
}

// held lists grants in words.
func held(a scanners.Account) string {
	var list []string
	for _, g := range a.Grants {
		words := g.Type + " " + g.Name
		if g.Direct {
			words += " direct"
		}
		if g.Removable {
			words += " removable"
		}
		list = append(list, words)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// TestGrants: what an account holds, by what, and what of it can be taken back.
func TestGrants(t *testing.T) {
	_, source := opened(t, tokenEnv(t), tenant.Options{}, crowd(8), "")
	got := scan(t, source)
	if got.err != nil || len(got.coverage.Gaps) > 0 {
		t.Fatalf("%v, %+v", got.err, got.coverage.Gaps)
	}
	for i, want := range map[int]string{
		0: "application Travel Desk direct removable, group Finance direct removable, role Super Administrator direct removable",
		1: "group Domain Users direct",
		2: "application Travel Desk, group Sales direct",
		3: "group Help Desk direct removable, role Help Desk Administrator",
	} {
		a := got.accounts[uid(i)]
		if held(a) != want {
			t.Errorf("user %d holds %s; want %s", i, held(a), want)
		}
		if scanners.Is(a.Privileged, true) != strings.Contains(want, "role") || a.Privileged.IsUnknown() || (a.PrivilegedWhy != "") != strings.Contains(want, "role") {
			t.Errorf("user %d: privileged %s because %q", i, fact(a.Privileged), a.PrivilegedWhy)
		}
	}
}

// TestRightsThatCannotBeRead: grants that are missing make the source partial, for they have no word for unknown; administrators
// that cannot be read leave privileged unknown, but for those who are known to be some.
func TestRightsThatCannotBeRead(t *testing.T) {
	only := func(scopes ...string) tenant.Options { return tenant.Options{TokenScopes: scopes} }
	script := func(path string, do tenant.Misdeed) tenant.Options {
		return tenant.Options{Script: []tenant.Step{{Path: path, Do: do}}}
	}
	for _, test := range []struct {
		name, config string
		options      tenant.Options
		verdict      scanners.CoverageVerdict
		gaps         string
		held         string // by user 3
		privileged   string // of users 0, 1 and 3
	}{
		{"nothing but users", "", only(tenant.ScopeUsers), scanners.Partial, "administrator roles, applications, groups", "", "unknown unknown unknown"},
		{"no roles", "", only(tenant.ScopeUsers, tenant.ScopeGroups, tenant.ScopeApps), scanners.Consistent, "administrator roles", "group Help Desk direct removable", "unknown unknown unknown"},
		{"no list of administrators", "", script("/api/v1/iam/assignees/users", tenant.Forbid), scanners.Consistent, "administrator roles",
			"group Help Desk direct removable, role Help Desk Administrator", "unknown unknown true"},
		{"roles of one user", "", script("/api/v1/users/"+uid(0)+"/roles", tenant.Fail), scanners.Consistent, "administrator roles",
			"group Help Desk direct removable, role Help Desk Administrator", "unknown unknown true"},
		{"no members of one group", "", script("/api/v1/groups/00g5/users", tenant.Fail), scanners.Partial, "administrator roles, groups", "role Help Desk Administrator", "true unknown true"},
		{"no accounts of one application", "", script("/api/v1/apps/0oa1/users", tenant.Forbid), scanners.Partial, "applications",
			"group Help Desk direct removable, role Help Desk Administrator", "true false true"},
		{"a group that is gone by now", "", script("/api/v1/groups/00g2/users", tenant.Missing), scanners.Partial, "administrator roles, groups",
			"group Help Desk direct removable, role Help Desk Administrator", "true unknown true"},
		{"none wanted", "grants: [none]", only(tenant.ScopeUsers), scanners.Consistent, "", "", "unknown unknown unknown"},
		{"groups wanted", "grants: [groups]", only(tenant.ScopeUsers, tenant.ScopeGroups), scanners.Consistent, "", "group Help Desk direct removable", "unknown unknown unknown"},
		{"roles wanted", "grants: [roles]", only(tenant.ScopeUsers, tenant.ScopeGroups, tenant.ScopeRoles), scanners.Consistent, "", "role Help Desk Administrator", "true false true"},
		{"roles wanted, groups out of sight", "grants: [roles]", only(tenant.ScopeUsers, tenant.ScopeRoles), scanners.Consistent, "administrator roles",
			"role Help Desk Administrator", "true unknown true"},
		{"groups wanted, and out of sight", "grants: [groups]", only(tenant.ScopeUsers), scanners.Partial, "groups", "", "unknown unknown unknown"},
		{"a group that loops", "", script("/api/v1/groups/00g2/users", tenant.Loop), scanners.Partial, "administrator roles, groups",
			"group Help Desk direct removable, role Help Desk Administrator", "true unknown true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, source := opened(t, tokenEnv(t), test.options, crowd(8), test.config)
			got := scan(t, source)
			if got.err != nil || len(got.accounts) != 8 || got.coverage.Verdict != test.verdict {
				t.Fatalf("%d accounts, %v, %v: %s", len(got.accounts), got.err, got.coverage.Verdict, got.coverage.Why)
			}
			if strings.Contains(test.name, "loops") != strings.Contains(got.coverage.Why, "leads back") {
				t.Errorf("why: %s", got.coverage.Why)
			}
			var gaps []string
			for _, g := range got.coverage.Gaps {
				gaps = append(gaps, g.What)
				if g.Cause == "" || g.Effect == "" {
					t.Errorf("%+v", g)
				}
			}
			slices.Sort(gaps)
			if strings.Join(gaps, ", ") != test.gaps {
				t.Errorf("gaps %q, want %q", gaps, test.gaps)
			}
			if h := held(got.accounts[uid(3)]); h != test.held {
				t.Errorf("user 3 holds %s; want %s", h, test.held)
			}
			a := got.accounts
			if p := fact(a[uid(0)].Privileged) + " " + fact(a[uid(1)].Privileged) + " " + fact(a[uid(3)].Privileged); p != test.privileged {
				t.Errorf("privileged %s; want %s", p, test.privileged)
			}
		})
	}
}

// TestLookupAgreesWithScan: a look-up says of every account what the scan said.
func TestLookupAgreesWithScan(t *testing.T) {
	for _, config := range []string{"", "activity: system_log\ngrants: [applications]", "application: Travel Desk\nactivity: system_log", "grants: [roles]"} {
		t.Run(config, func(t *testing.T) {
			content := crowd(12)
			content.Events = []tenant.Event{{ID: "e1", Type: "user.authentication.sso", At: night().Add(-time.Hour), Actor: uid(2), Outcome: "SUCCESS", App: "0oa1"}}
			_, source := opened(t, tokenEnv(t), tenant.Options{}, content, config)
			got := scan(t, source)
			if got.err != nil || len(got.accounts) == 0 {
				t.Fatal(got.err)
			}
			for id, want := range got.accounts {
				a, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), id)
				if err != nil || !scanners.Is(found, true) {
					t.Fatalf("%s: %+v, %v", id, found, err)
				}
				byID := func(x, y scanners.Grant) int { return strings.Compare(x.ID, y.ID) }
				slices.SortFunc(a.Grants, byID)
				slices.SortFunc(want.Grants, byID)
				if diff := cmp.Diff(want, a); diff != "" {
					t.Errorf("%s (-scan +look-up):\n%s", id, diff)
				}
			}
		})
	}
}

// TestLookupIsNotMisled: only Okta's own word is an absence.
func TestLookupIsNotMisled(t *testing.T) {
	for _, test := range []struct {
		name, config string
		do           []tenant.Step
		id, found    string
	}{
		{"nobody", "", nil, "00unobody", "never"},
		{"a login, which Okta takes for an id", "grants: [none]", nil, "user1@halvard.example", "unknown"},
		{"no right", "", []tenant.Step{{Path: usersPath + "/*", Do: tenant.Forbid}}, uid(1), "unknown"},
		{"down", "", []tenant.Step{{Path: usersPath + "/*", Do: tenant.Unavailable}}, uid(1), "unknown"},
		{"no groups", "", []tenant.Step{{Path: usersPath + "/" + uid(1) + "/groups", Do: tenant.Forbid}}, uid(1), "unknown"},
		{"not in the application", "application: Travel Desk", nil, uid(1), "never"},
		{"no such application", "application: Travel", nil, uid(1), "unknown"},
		{"application out of sight", "application: Travel Desk", []tenant.Step{{Path: "/api/v1/apps", Do: tenant.EmptyPage}}, uid(0), "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, source := opened(t, tokenEnv(t), tenant.Options{Script: test.do}, crowd(4), test.config)
			_, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), test.id)
			if fact(found) != test.found || (err != nil) != (test.found == "unknown") {
				t.Errorf("%+v, %v; want %s", found, err, test.found)
			}
		})
	}
}

// TestOwnerOfToken warns of a token that can do more than read.
func TestOwnerOfToken(t *testing.T) {
	for owner, warns := range map[string]bool{uid(0): true, uid(1): false, uid(5): false, "": false} {
		content := crowd(8)
		content.Users[5].Roles = []tenant.Role{{ID: "ra5", Type: "READ_ONLY_ADMIN", Label: "Read Only Administrator"}}
		var said bytes.Buffer
		env := tokenEnv(t)
		env.Log = slog.New(slog.NewTextHandler(&said, nil))
		_, source := opened(t, env, tenant.Options{Owner: owner}, content, "")
		if got := scan(t, source); got.err != nil || !got.coverage.Verdict.Complete() {
			t.Errorf("%v, %v", got.err, got.coverage.Verdict)
		}
		if strings.Contains(said.String(), "more than read") != warns {
			t.Errorf("owner %q: %s", owner, said.String())
		}
	}
}

// TestSameRightsAnyAllocation reads side by side and one after the other.
func TestSameRightsAnyAllocation(t *testing.T) {
	var first map[string]scanners.Account
	for _, size := range []int{1, 2, 16} {
		env := tokenEnv(t)
		env.Allocation = scanners.NewAllocation(size)
		_, source := opened(t, env, tenant.Options{}, crowd(60), "")
		got := scan(t, source)
		if first == nil {
			first = got.accounts
		}
		if diff := cmp.Diff(first, got.accounts); diff != "" || got.err != nil {
			t.Errorf("%d at a time: %v\n%s", size, got.err, diff)
		}
	}
}

// TestManyHoldings holds more than lie together, some of them twice.
func TestManyHoldings(t *testing.T) {
	r := &rights{seed: maphash.MakeSeed()}
	const users, groups = 1000, 2*slab/1000 + 7
	for g := range uint32(groups) {
		r.number(scanners.Grant{ID: fmt.Sprint(g)})
		for u := range users {
			r.hold(uid(u), (g*7919)%groups) // in no order
		}
	}
	r.hold(uid(3), 1)
	r.sort()
	for _, u := range []int{0, 3, users - 1} {
		got := r.of(uid(u))
		if len(got) != groups || got[0].ID != "0" || got[groups-1].ID != fmt.Sprint(groups-1) {
			t.Errorf("user %d holds %d grants, want %d in order", u, len(got), groups)
		}
	}
	if got := r.of(uid(users)); got != nil {
		t.Errorf("a stranger holds %d grants", len(got))
	}
}

// TestConfig refuses what cannot work, and says what would.
func TestConfig(t *testing.T) {
	const right = "url: https://halvard.okta.example\ntoken: env:TOKEN\n"
	for _, test := range []struct{ name, config, says string }{
		{"right", right, ""},
		{"no url", "token: env:TOKEN", "url is missing"},
		{"a path", "url: https://halvard.okta.example/api/v1\ntoken: env:TOKEN", "more than scheme and host"},
		{"plain text", "url: http://halvard.okta.example\ntoken: env:TOKEN", "plain text"},
		{"the console", "url: https://halvard-admin.okta.com\ntoken: env:TOKEN", "leave out -admin"},
		{"nobody", "url: https://halvard.okta.example", "token is missing"},
		{"two who sign in", right + "client: {id: a, key: env:K}", "only one of them"},
		{"half a client", "url: https://halvard.okta.example\nclient: {id: a}", "belong together"},
		{"large pages", right + "page_size: 500", "page_size: 500"},
		{"no such grant", right + "grants: [licences]", `"licences" is none of`},
		{"none and some", right + "grants: [none, groups]", "grants: none"},
		{"grants of an application", right + "application: Travel Desk\ngrants: [groups]", "has one grant"},
		{"no such activity", right + "activity: mail", "activity"},
		{"a year of log", right + "log_days: 365", "log_days"},
		{"no such kind", right + "kinds: {Robot: robot}", "no kind of account"},
		{"unknown key", right + "tokens: x", "tokens"},
		{"no such secret", "url: https://halvard.okta.example\ntoken: env:NONE", "token: no secret"},
		{"two tokens in one", "url: https://halvard.okta.example\ntoken: env:TWO", "holds blanks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := tokenEnv(t)
			env.Secrets["env:TWO"] = "00a 00b"
			_, err := Kind().Accounts(scannertest.Config(test.config), env.Env)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v; want %q", err, test.says)
			}
			wrong := new(scanners.ConfigError)
			if err != nil && test.name != "unknown key" && !errors.As(err, &wrong) {
				t.Errorf("%T is no error of the configuration", err)
			}
		})
	}
}

// TestScopes asks for what the configuration needs and no more.
func TestScopes(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{}, "okta.users.read okta.groups.read okta.apps.read okta.roles.read"},
		{Config{Grants: []string{"none"}}, "okta.users.read"},
		{Config{Grants: []string{"roles"}}, "okta.users.read okta.groups.read okta.roles.read"},
		{Config{Application: "x", Activity: "system_log"}, "okta.users.read okta.apps.read okta.logs.read"},
		{Config{Org: Org{Client: Client{Scopes: []string{"okta.users.read.self"}}}}, "okta.users.read.self"},
	} {
		_ = test.c.check() // of what is missing nothing is said here
		if got := strings.Join(test.c.Client.Scopes, " "); got != test.want {
			t.Errorf("%s: asks for %s, want %s", fmt.Sprint(test.c.Grants), got, test.want)
		}
	}
}
