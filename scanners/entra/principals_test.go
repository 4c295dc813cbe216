//go:build !noentra

package entra

import (
	"slices"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
)

// applications is a tenant with Graph, a robot that may do much, one that may read, and a managed identity.
func applications() *graph.Tenant {
	x := members(6)
	sp := func(name, owner string, more ...any) graph.Object {
		o := graph.Object{"id": graph.ID("sp", name), "appId": graph.ID("app", name), "displayName": name, "accountEnabled": true, "servicePrincipalType": "Application",
			"appOwnerOrganizationId": owner, "appRoles": []graph.Object{}, "owners": []graph.Object{}}
		for i := 0; i+1 < len(more); i += 2 {
			o[more[i].(string)] = more[i+1]
		}
		return o
	}
	role := func(value string) graph.Object {
		return graph.Object{"id": graph.ID("role", value), "value": value, "displayName": value}
	}
	x.ServicePrincipals = graph.Objects(
		sp("Graph", graph.Microsoft, "appId", graph.GraphApp, "appRoles", []graph.Object{role("Directory.ReadWrite.All"), role("User.Read.All")}),
		sp("robot", tenantID, "owners", []graph.Object{{"@odata.type": "#microsoft.graph.user", "id": userID(2)}}),
		sp("reader", tenantID), sp("machine", tenantID, "servicePrincipalType", "ManagedIdentity", "accountEnabled", nil),
		sp("shop", tenantID, "appRoles", []graph.Object{role("Directory.ReadWrite.All"), {"id": graph.ID("role", "boss"), "displayName": "Boss"}}))
	give := func(principal, kind, resource, role string) graph.Object {
		return graph.Object{"id": "x", "principalId": principal, "principalType": kind, "resourceId": graph.ID("sp", resource), "resourceDisplayName": resource, "appRoleId": role}
	}
	x.AppRoleAssignments = []graph.Object{give(graph.ID("sp", "robot"), "ServicePrincipal", "Graph", graph.ID("role", "Directory.ReadWrite.All")),
		give(graph.ID("sp", "reader"), "ServicePrincipal", "Graph", graph.ID("role", "User.Read.All")),
		give(graph.ID("sp", "machine"), "ServicePrincipal", "shop", graph.ID("role", "Directory.ReadWrite.All")),
		give(userID(1), "User", "shop", graph.ID("role", "boss")), give(userID(1), "User", "reader", graph.DefaultAccess),
		give(graph.ID("group"), "Group", "shop", graph.ID("role", "boss"))}
	x.ServicePrincipalSignInActivities = graph.Objects(graph.Object{"id": "1", "appId": graph.ID("app", "robot"),
		"lastSignInActivity": graph.Object{"lastSignInDateTime": "2026-02-01T00:00:00Z"}}, graph.Object{"id": "2", "appId": graph.ID("app", "shop")})
	return x
}

func principalNamed(got map[string]scanners.Account, name string) scanners.Account {
	return got[graph.ID("sp", name)]
}

func TestServicePrincipals(t *testing.T) {
	s := serve(t, options(), applications())
	got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "")))
	if err != nil || c.Verdict != scanners.Proved || len(got) != 10 || c.Read != 10 || c.Claimed.Value != 10 {
		t.Fatalf("%d accounts, read %d of %+v, %v (%s), %v", len(got), c.Read, c.Claimed, c.Verdict, c.Why, err)
	}
	robot, reader, machine := principalNamed(got, "robot"), principalNamed(got, "reader"), principalNamed(got, "machine")
	if robot.Owner != userID(2) || reader.Owner != "" || robot.Kind != scanners.KindService || !scanners.Is(robot.Enabled, true) || !machine.Enabled.IsUnknown() {
		t.Errorf("robot %+v\nmachine %+v", robot, machine)
	}
	if word(robot.Signals[0].At) != `"2026-02-01T00:00:00Z"` || !reader.Signals[0].At.IsUnknown() || !principalNamed(got, "shop").Signals[0].At.IsUnknown() {
		t.Errorf("robot %+v, reader %+v: silence of the report is never 'never'", robot.Signals, reader.Signals)
	}
	if !scanners.Is(robot.Privileged, true) || !strings.Contains(robot.PrivilegedWhy, "Directory.ReadWrite.All") || !scanners.Is(reader.Privileged, false) || !scanners.Is(machine.Privileged, false) {
		t.Errorf("robot %+v, reader %+v, machine %+v", robot.Privileged, reader.Privileged, machine.Privileged)
	}
	user := got[userID(1)]
	var names []string
	for _, g := range user.Grants {
		if g.Type == "application" && g.Direct && g.Removable {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"reader", "shop: Boss"}) {
		t.Errorf("applications of the user: %q", names)
	}
	if gapOf(c, "applications given to groups").Count.Value != 1 || gapOf(c, "Microsoft's own service principals").Count.Value != 1 {
		t.Errorf("gaps %+v", c.Gaps)
	}
}

func TestWhichServicePrincipals(t *testing.T) {
	s := serve(t, options(), applications())
	for more, want := range map[string]int{"service_principals: own": 10, "service_principals: all": 11, "service_principals: none": 6} {
		got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, more)))
		if err != nil || c.Verdict != scanners.Proved || len(got) != want {
			t.Errorf("%s: %d accounts, %v (%s), %v", more, len(got), c.Verdict, c.Why, err)
		}
	}
	got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "applications: none")))
	if robot := principalNamed(got, "robot"); err != nil || !c.Verdict.Complete() || len(robot.Grants) != 0 || !robot.Privileged.IsUnknown() {
		t.Errorf("%+v, %v", robot, err)
	}
}

// TestUnseenPrincipals: what cannot be read of them makes the source partial, or their facts unknown, and never good news.
func TestUnseenPrincipals(t *testing.T) {
	o := options()
	o.Roles = without("Application.Read.All")
	s := serve(t, o, applications())
	got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "")))
	if err != nil || c.Verdict != scanners.Partial || len(got) != 6 || gapOf(c, "service principals").Hint == "" || gapOf(c, "assignments to applications").Cause == "" {
		t.Errorf("no right: %d accounts, %v (%s), %v, %v", len(got), c.Verdict, c.Why, err, c.Gaps)
	}
	empty := members(6)
	s = serve(t, options(), empty)
	if got, c, err = scan(t, openSource(t, outside(t, s).Env, config(s, ""))); err != nil || c.Verdict != scanners.Partial || len(got) != 6 {
		t.Errorf("none: %d accounts, %v (%s), %v", len(got), c.Verdict, c.Why, err)
	}
	o = options()
	o.Script = []graph.Event{{Path: "/appRoleAssignedTo", From: 1, Fault: graph.Forbidden}, {Path: "/servicePrincipalSignInActivities", From: 1, Fault: graph.Forbidden}}
	s = serve(t, o, applications())
	got, c, err = scan(t, openSource(t, outside(t, s).Env, config(s, "")))
	robot := principalNamed(got, "robot")
	if err != nil || !c.Verdict.Complete() || !robot.Privileged.IsUnknown() || !robot.Signals[0].At.IsUnknown() || gapOf(c, "last activity of service principals").Cause == "" {
		t.Errorf("%+v, %v (%s), %v", robot, c.Verdict, c.Why, err)
	}
	o.Script = []graph.Event{{Path: "/servicePrincipals", From: 2, Fault: graph.Unavailable}}
	s = serve(t, o, applications())
	if got, c, err = scan(t, openSource(t, outside(t, s).Env, config(s, ""))); err == nil || c.Verdict != scanners.Partial || len(got) != 6 {
		t.Errorf("503: %d accounts, %v (%s), %v", len(got), c.Verdict, c.Why, err)
	}
}

// TestShortPrincipals: a list of service principals that ends early is noticed, whatever the users were. The first question for
// them is about assignments.
func TestShortPrincipals(t *testing.T) {
	for fault, want := range map[graph.Fault]int{graph.Truncate: 9, graph.Loop: 10, graph.GarbleID: 10} {
		o := options()
		o.Script = []graph.Event{{Path: "/servicePrincipals", From: 2, Fault: fault}}
		s := serve(t, o, applications())
		got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "")))
		if err != nil || c.Verdict != scanners.Partial || !strings.HasPrefix(c.Why, "service principals: ") || len(got) != want {
			t.Errorf("%s: %d accounts, %v (%s), %v", fault, len(got), c.Verdict, c.Why, err)
		}
	}
}

// TestOwnersUnread: a service principal whose owners cannot be read is not one without an owner.
func TestOwnersUnread(t *testing.T) {
	x := applications()
	x.ServicePrincipals.At(1)["owners"] = []graph.Object{{"id": nil}}
	s := serve(t, options(), x)
	out := outside(t, s)
	got, c, err := scan(t, openSource(t, out.Env, config(s, "")))
	if err != nil || !c.Verdict.Complete() || len(got) != 9 || len(out.Rejected) != 1 || out.Rejected[0].ID != graph.ID("sp", "robot") {
		t.Errorf("%d accounts, %v, %v, rejected %+v", len(got), c.Verdict, err, out.Rejected)
	}
}

// TestSponsorsUnread: without them guests would look abandoned, so the source is partial and nothing becomes due.
func TestSponsorsUnread(t *testing.T) {
	x := members(3)
	guest := member(7)
	guest["userType"], guest["sponsors"] = "Guest", []graph.Object{{"@odata.type": "#microsoft.graph.user", "id": userID(1)}}
	x.Users = graph.Objects(member(0), member(1), guest)
	s := serve(t, options(), x)
	got, _, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
	if a := got[userID(7)]; err != nil || a.Sponsor != userID(1) || a.Manager != userID(1) || got[userID(0)].Sponsor != "" {
		t.Errorf("%+v, %v", a, err)
	}
	guest["sponsors"] = "nobody"
	if _, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none"))); err != nil || c.Verdict != scanners.Partial || gapOf(c, "sponsors of guests").Cause == "" {
		t.Errorf("%v (%s), %v, %v", c.Verdict, c.Why, c.Gaps, err)
	}
}

// TestWideRights: a reader that may write is told of.
func TestWideRights(t *testing.T) {
	o := options()
	o.Roles = append(graph.Rights(), "User.ReadWrite.All")
	s := serve(t, o, members(3))
	_, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
	if gap := gapOf(c, "rights of the reader"); err != nil || !strings.Contains(gap.Cause, "User.ReadWrite.All") {
		t.Errorf("%+v, %v", c.Gaps, err)
	}
	s = serve(t, options(), members(3))
	if _, c, _ := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none"))); gapOf(c, "rights of the reader").Cause != "" {
		t.Errorf("warned of nothing: %+v", c.Gaps)
	}
}
