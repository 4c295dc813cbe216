//go:build !noentra

package entra

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// without are all rights but some.
func without(rights ...string) []string {
	return slices.DeleteFunc(graph.Rights(), func(r string) bool { return slices.Contains(rights, r) })
}

// gapOf is the gap about something, or none.
func gapOf(c scanners.Coverage, what string) scanners.Gap {
	for _, g := range c.Gaps {
		if g.What == what {
			return g
		}
	}
	return scanners.Gap{}
}

// TestSignInData: where tenant or right lacks it, everything else is read, no account is inactive, and the coverage says so.
func TestSignInData(t *testing.T) {
	mute := members(12)
	mute.Users.At = func(n int) graph.Object {
		u := member(n)
		delete(u, "signInActivity")
		return u
	}
	free := members(12)
	free.FreeOfCharge = true
	refusing := func(next http.Handler) http.Handler { // of whole pages alone
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if pages(r) && strings.Contains(r.URL.RawQuery, "signInActivity") {
				w.Header().Set("Date", now().Format(http.TimeFormat))
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant","message":"no"}}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	for _, test := range []struct {
		name, why string
		options   func(*graph.Options)
		tenant    *graph.Tenant
	}{
		{"no licence", "has no licence", nil, free},
		{"no right", "may not see sign-ins", func(o *graph.Options) { o.Roles = without("AuditLog.Read.All") }, members(12)},
		{"nobody has any", "silence proves nothing", nil, mute},
		{"refused with the first page", "refuses users with their sign-ins", func(o *graph.Options) { o.Wrap = refusing }, members(12)},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			if test.options != nil {
				test.options(&o)
			}
			s := serve(t, o, test.tenant)
			got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none\npage_size: 5")))
			if err != nil || c.Verdict != scanners.Proved || len(got) != 12 {
				t.Fatalf("%d accounts, %v (%s), %v", len(got), c.Verdict, c.Why, err)
			}
			gap := gapOf(c, "last activity")
			if !strings.Contains(gap.Cause, test.why) || !strings.Contains(gap.Effect, "dormant or never used") {
				t.Errorf("gap %+v", gap)
			}
			for _, a := range got {
				if idle := a.Idle(); !idle.IsUnknown() || !strings.Contains(idle.Reason, test.why) {
					t.Errorf("idle %+v", idle)
				}
			}
		})
	}
}

// TestPageSizes: with sign-in data the service gives 500 at most, and says so in no error.
func TestPageSizes(t *testing.T) {
	for size, want := range map[int][2]int{0: {500, 999}, 999: {500, 999}, 10: {10, 10}} {
		if got := [2]int{pageSize(size, true), pageSize(size, false)}; got != want {
			t.Errorf("page_size %d: %v, want %v", size, got, want)
		}
	}
	s := serve(t, options(), members(1200))
	got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
	if err != nil || len(got) != 1200 || c.Pages != 3 {
		t.Errorf("%d accounts on %d pages, %v", len(got), c.Pages, err)
	}
}

// TestCount: an index that is behind makes the source consistent, one that is ahead partial; without an answer nothing is claimed.
func TestCount(t *testing.T) {
	silent := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$count") != "" {
				w.Header().Set("Date", now().Format(http.TimeFormat))
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"error":{"code":"Request_BadRequest","message":"no count"}}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	for name, test := range map[string]struct {
		options func(*graph.Options)
		want    scanners.CoverageVerdict
		claimed int64
	}{
		"in step":   {func(*graph.Options) {}, scanners.Proved, 25},
		"behind":    {func(o *graph.Options) { o.CountBehind = 3 }, scanners.Consistent, 22},
		"ahead":     {func(o *graph.Options) { o.CountBehind = -2 }, scanners.Partial, 27},
		"no answer": {func(o *graph.Options) { o.Wrap = silent }, scanners.Consistent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			test.options(&o)
			s := serve(t, o, members(25))
			got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none\npage_size: 10")))
			if err != nil || len(got) != 25 || c.Verdict != test.want || c.Claimed.Value != test.claimed {
				t.Errorf("%d accounts, %v (%s), claimed %+v, %v", len(got), c.Verdict, c.Why, c.Claimed, err)
			}
			counted := 0
			for _, asked := range s.Asked() {
				if strings.Contains(asked, "count=true") {
					counted++
				}
			}
			if counted != 2 && o.Wrap == nil {
				t.Errorf("counted %d times, want at the start and at the end", counted)
			}
		})
	}
}

// TestWaits: a throttled tenant is asked again when it says, or after pauses that grow, and each request as often as our own
// retries say: the SDK adds none.
func TestWaits(t *testing.T) {
	throttled := func(fault graph.Fault, to int) (*scannertest.Outside, *graph.Server, scanners.Coverage, error) {
		o := options()
		o.Script = []graph.Event{{Path: "/users", From: 2, To: to, Fault: fault, After: 40e9}}
		s := serve(t, o, members(25))
		out := outside(t, s)
		_, c, err := scan(t, openSource(t, out.Env, config(s, "service_principals: none\npage_size: 10")))
		return out, s, c, err
	}
	out, _, c, err := throttled(graph.Throttle, 3)
	if err != nil || c.Verdict != scanners.Proved || len(out.Waited) != 2 || out.Waited[0] < 40e9 {
		t.Errorf("waited %v, %v (%s), %v", out.Waited, c.Verdict, c.Why, err)
	}
	out, _, c, err = throttled(graph.ThrottleSilently, 3)
	if err != nil || c.Verdict != scanners.Proved || len(out.Waited) != 2 || out.Waited[0] <= 0 {
		t.Errorf("waited %v, %v (%s), %v", out.Waited, c.Verdict, c.Why, err)
	}
	_, s, c, err := throttled(graph.ThrottleSilently, 0)
	tries := 0
	for _, asked := range s.Asked() {
		if strings.Contains(asked, "skiptoken") {
			tries++
		}
	}
	if err == nil || !strings.Contains(err.Error(), "429") || c.Verdict.Complete() || tries != 8 {
		t.Errorf("%d tries, %v, %v", tries, c.Verdict, err)
	}
}

// TestRoles: who holds a role, who may take one, who holds one through a group; and when nobody can be called unprivileged.
func TestRoles(t *testing.T) {
	user := func(n int) graph.Object { return graph.Object{"@odata.type": "#microsoft.graph.user", "id": userID(n)} }
	row := func(role string, principal graph.Object, more ...any) graph.Object {
		o := graph.Object{"id": "a", "roleDefinitionId": role, "principalId": principal["id"], "principal": principal, "directoryScopeId": "/"}
		for i := 0; i+1 < len(more); i += 2 {
			o[more[i].(string)] = more[i+1]
		}
		return o
	}
	group := graph.Object{"@odata.type": "#microsoft.graph.group", "id": graph.ID("group")}
	tenant := func() *graph.Tenant {
		x := members(8)
		x.RoleDefinitions = graph.Objects(graph.Object{"id": graph.GlobalAdministrator, "templateId": graph.GlobalAdministrator, "displayName": "Global Administrator"},
			graph.Object{"id": graph.DirectoryReaders, "templateId": graph.DirectoryReaders, "displayName": "Directory Readers"},
			graph.Object{"id": graph.ID("custom"), "templateId": graph.ID("custom"), "displayName": "Helpers"})
		x.RoleAssignments = graph.Objects(row(graph.GlobalAdministrator, user(0)), row(graph.DirectoryReaders, user(1)), row(graph.ID("custom"), group),
			row(graph.ID("custom"), user(3), "directoryScopeId", "/administrativeUnits/7"))
		x.RoleEligibilities = graph.Objects(row(graph.GlobalAdministrator, user(4), "status", "Provisioned"), row(graph.GlobalAdministrator, user(5), "status", "Revoked"))
		x.GroupMembers = map[string][]graph.Object{graph.ID("group"): {user(2)}}
		return x
	}
	free := tenant()
	free.FreeOfCharge = true
	anonymous := tenant()
	anonymous.RoleAssignments = graph.Objects(graph.Object{"id": "a", "roleDefinitionId": graph.GlobalAdministrator, "principalId": userID(0), "directoryScopeId": "/"})
	const unread = "unknown"
	for _, test := range []struct {
		name   string
		roles  []string
		tenant *graph.Tenant
		want   [8]string // by user
	}{
		{"all read", nil, tenant(), [8]string{"Global Administrator", "false", "Helpers", "Helpers on /administrativeUnits/7", "Global Administrator (eligible)", "false", "false", "false"}},
		{"no eligible roles in the tenant", nil, free, [8]string{"Global Administrator", "false", "Helpers", "Helpers on /administrativeUnits/7", "false", "false", "false", "false"}},
		{"no right to roles", without("RoleManagement.Read.Directory"), tenant(), [8]string{unread, unread, unread, unread, unread, unread, unread, unread}},
		{"no right to groups", without("GroupMember.Read.All"), tenant(), [8]string{"Global Administrator", unread, unread, "Helpers on /administrativeUnits/7", "Global Administrator (eligible)", unread, unread, unread}},
		{"principals not shown", nil, anonymous, [8]string{"Global Administrator", unread, unread, unread, "Global Administrator (eligible)", unread, unread, unread}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			o.Roles = test.roles
			s := serve(t, o, test.tenant)
			got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
			if err != nil || !c.Verdict.Complete() {
				t.Fatalf("%v (%s), %v", c.Verdict, c.Why, err)
			}
			for n, want := range test.want {
				a := got[userID(n)]
				is := "false"
				switch {
				case a.Privileged.IsUnknown():
					is = unread
				case scanners.Is(a.Privileged, true):
					is = a.Grants[0].Name
					if !strings.Contains(a.PrivilegedWhy, is) {
						t.Errorf("user %d: %q", n, a.PrivilegedWhy)
					}
				}
				if is != want {
					t.Errorf("user %d: %s, want %s", n, is, want)
				}
			}
			if lacks := gapOf(c, "directory roles").Cause != ""; lacks != slices.Contains(test.want[:], unread) {
				t.Errorf("gaps %+v", c.Gaps)
			}
			if helper := got[userID(2)]; test.name == "all read" && (helper.Grants[0].Direct || helper.Grants[0].Removable) {
				t.Errorf("a role through a group is taken for a direct one: %+v", helper.Grants)
			}
			if len(got[userID(1)].Grants) == 0 && test.name == "all read" {
				t.Error("a harmless role is no grant")
			}
		})
	}
}

// TestDeletedUsers: they are never enabled, never counted against the users, and one who was deleted during the scan comes once.
func TestDeletedUsers(t *testing.T) {
	x := members(10)
	gone := member(99)
	gone["deletedDateTime"] = "2026-02-25T00:00:00Z"
	both := member(3)
	both["deletedDateTime"] = "2026-03-02T05:59:00Z"
	nameless := graph.Object{"id": nil}
	x.Deleted = graph.Objects(gone, both)
	s := serve(t, options(), x)
	got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
	if err != nil || c.Verdict != scanners.Proved || len(got) != 11 || c.Read != 11 {
		t.Fatalf("%d accounts, read %d, %v (%s), %v", len(got), c.Read, c.Verdict, c.Why, err)
	}
	if !scanners.Is(got[userID(99)].Enabled, false) || !scanners.Is(got[userID(3)].Enabled, true) {
		t.Errorf("gone: %+v, deleted meanwhile: %+v", got[userID(99)].Enabled, got[userID(3)].Enabled)
	}
	x.Deleted = graph.Objects(gone, nameless)
	s.Replace(x)
	out := outside(t, s)
	if _, c, err = scan(t, openSource(t, out.Env, config(s, "service_principals: none"))); err != nil || c.Verdict != scanners.Partial || len(out.Rejected) != 1 || c.RejectedUnkeyed != 1 {
		t.Errorf("%v (%s), %v, rejected %v", c.Verdict, c.Why, err, out.Rejected)
	}
	o := options()
	o.Script = []graph.Event{{Path: "/deletedItems/graph.user", From: 1, Fault: graph.Forbidden}}
	s = serve(t, o, x)
	if _, c, err = scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none"))); err != nil || !c.Verdict.Complete() || gapOf(c, "soft-deleted users").Effect == "" {
		t.Errorf("%v (%s), %v, gaps %v", c.Verdict, c.Why, err, c.Gaps)
	}
}
