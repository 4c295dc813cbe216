package ldap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
)

// TestHiddenAttributeIsUnknown: an account is never called unused, and never enabled, because of an attribute that the
// reading account may not see.
func TestHiddenAttributeIsUnknown(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	for name, c := range map[string]struct {
		reader, base, why string
		enabled, activity scanners.State
	}{
		"hidden below one container":    {"reader", "ou=Veiled", "not readable", scanners.StateUnknown, scanners.StateUnknown},
		"hidden from this account":      {"stranger", "ou=Veiled", "no entry shows", scanners.StateUnknown, scanners.StateUnknown},
		"hidden everywhere from it":     {"stranger", "ou=People", "no entry shows", scanners.StateUnknown, scanners.StateUnknown},
		"readable, but older than that": {"reader", "ou=Secret", "", scanners.StateKnown, scanners.StateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// People are among the bases, so that the server is seen to record sign-ins.
			bases := fmt.Sprintf("bases: [%q, %q]", c.base+","+suffix, "ou=Odd,"+suffix)
			r := scanAll(t, testEnv(t, c.reader), as(w.URL, c.reader, bases+"\nactivity: {since: 2026-01-01}\nfilter: (|(uid=u00000*)(uid=u9*)(uid=jdoe))"))
			checked := 0
			for _, a := range r.accounts {
				if !strings.HasSuffix(a.DN, c.base+","+suffix) {
					continue
				}
				checked++
				if a.Enabled.State != c.enabled || len(a.Signals) != 1 || a.Signals[0].At.State != c.activity || !a.Idle().IsUnknown() {
					t.Fatalf("%s: enabled %+v, signals %+v", a.DN, a.Enabled, a.Signals)
				}
			}
			if checked == 0 || !r.coverage.Verdict.Complete() {
				t.Errorf("%d accounts checked; %v (%s)", checked, r.coverage.Verdict, r.coverage.Why)
			}
			if !strings.Contains(gapText(r.coverage), "last activity") {
				t.Errorf("no gap tells: %v", r.coverage.Gaps)
			}
		})
	}
}

func TestOddEntries(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	r := scanAll(t, testEnv(t, "reader"), as(w.URL, "reader", "base: ou=Odd,"+suffix+"\nattributes: {evidence: [jpegPhoto, loginShell]}\n"+
		"disabled: [{attribute: loginShell, values: [/usr/sbin/nologin]}]\nprivileged: {groups: [\"CN=Admins, ou=Groups,"+suffix+"\"]}"))
	r.wantComplete(t, 5)
	type brief struct {
		Kind       scanners.AccountKind
		Grants     string
		Privileged scanners.State
		Why        string
		Enabled    bool
	}
	got := map[string]brief{}
	for login, a := range r.byLogin {
		var grants []string
		for _, g := range a.Grants {
			grants = append(grants, fmt.Sprintf("%s %v %v", g.Name, g.Direct, g.Removable))
		}
		got[login] = brief{a.Kind, strings.Join(grants, ", "), a.Privileged.State, a.PrivilegedWhy, a.Enabled.Value}
	}
	want := map[string]brief{
		"jdoe":   {"", "inner true true, admins false false", scanners.StateKnown, "member of admins through inner (configured as privileged)", true},
		"zofie":  {"", "", scanners.StateKnown, "", true},
		"backup": {scanners.KindService, "", scanners.StateKnown, "", true},
		"ws01$":  {scanners.KindMachine, "", scanners.StateKnown, "", true},
		"posix":  {scanners.KindService, "staff true false", scanners.StateKnown, "", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if !scanners.Is(r.byLogin["jdoe"].Privileged, true) || !scanners.Is(r.byLogin["zofie"].Privileged, false) {
		t.Error("privileged is wrong")
	}
	if dn := r.byLogin["zofie"].DN; dn != "cn=Žofie Šťastná,ou=Odd,"+suffix {
		t.Errorf("DN %q", dn)
	}
	for _, e := range r.byLogin["zofie"].Evidence {
		if e.Name == "jpegPhoto" && e.Values[0] != "ffd8ffe000104a46494600010100" && !strings.HasPrefix(e.Values[0], "ffd8ffe0") {
			t.Errorf("binary value %q", e.Values[0])
		}
	}
	if x := r.byLogin["posix"].Expires; !x.IsKnown() || x.Value.Format("2006-01-02") != "2024-10-04" {
		t.Errorf("expires %+v", x)
	}
}

func TestDoubledKeyIsKeptTwice(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	r := scanAll(t, testEnv(t, "reader"), as(w.URL, "reader", "filter: (employeeNumber=000001)\ncovered_elsewhere: [\"ou=Elsewhere,"+suffix+"\"]"))
	r.wantComplete(t, 2)
	if a, b := r.accounts[0], r.accounts[1]; a.EmployeeIDs[0] != "000001" || b.EmployeeIDs[0] != "000001" || a.ID == b.ID {
		t.Errorf("%+v and %+v", a, b)
	}
	if !strings.Contains(gapText(r.coverage), "covered_elsewhere says") {
		t.Errorf("the referral is not listed: %v", r.coverage.Gaps)
	}
}

func TestMembershipsAndPrivilege(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	config := func(more string) string {
		return as(w.URL, "reader", "base: ou=People,"+suffix+"\nfilter: (|(uid=u000001)(uid=u000002)(uid=u000003)(uid=u000004))\n"+more)
	}
	grants := func(a scanners.Account) string {
		var names []string
		for _, g := range a.Grants {
			names = append(names, g.Name)
		}
		return strings.Join(names, " ")
	}
	r := scanAll(t, testEnv(t, "reader"), config(""))
	r.wantComplete(t, 4)
	for login, want := range map[string]string{"u000001": "inner admins", "u000002": "unique", "u000003": "staff", "u000004": ""} {
		if got := grants(r.byLogin[login]); got != want {
			t.Errorf("%s: grants %q, want %q", login, got, want)
		}
	}
	r = scanAll(t, testEnv(t, "reader"), config("privileged: {groups: [\"cn=nowhere,"+suffix+"\"]}"))
	if p := r.byLogin["u000004"].Privileged; !p.IsUnknown() || !strings.Contains(p.Reason, "not visible") {
		t.Errorf("with an invisible privileged group: %+v", p)
	}
	r = scanAll(t, testEnv(t, "reader"), config("groups: {from: none}"))
	if p := r.byLogin["u000001"].Privileged; !p.IsUnknown() || len(r.byLogin["u000001"].Grants) != 0 {
		t.Errorf("without groups: %+v", p)
	}
	r = scanAll(t, testEnv(t, "reader"), config("groups: {bases: [\"cn=adminlimit,ou=Faults,"+suffix+"\"]}"))
	if r.coverage.Verdict != scanners.Partial || !r.byLogin["u000004"].Privileged.IsUnknown() {
		t.Errorf("groups that cannot be read: %v (%s)", r.coverage.Verdict, r.coverage.Why)
	}
}

func TestLookupAgreesWithScan(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	config := as(w.URL, "reader", "bases: [\"ou=Odd,"+suffix+"\", \"ou=People,"+suffix+"\"]\nfilter: (|(uid=u00000*)(objectClass=account)(uid=jdoe))\n"+
		"privileged: {groups: [\"cn=admins,ou=Groups,"+suffix+"\"]}")
	out := testEnv(t, "reader")
	s := openSource(t, out.Env, config)
	r := scanSource(t, out, s)
	if len(r.accounts) != 12 {
		t.Fatalf("%d accounts", len(r.accounts))
	}
	for _, want := range r.accounts {
		got, found, err := s.Lookup(t.Context(), want.ID)
		if err != nil || !scanners.Is(found, true) {
			t.Fatalf("Lookup(%q) = %+v, %v", want.ID, found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-scan +lookup):\n%s", want.DN, diff)
		}
	}
}

// TestLookupDoesNotTakeLostRightsForADeletion: whoever may see nothing learns nothing.
func TestLookupDoesNotTakeLostRightsForADeletion(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	for name, c := range map[string]struct{ reader, base string }{
		"hidden base":       {"stranger", "ou=Secret," + suffix},
		"nothing visible":   {"reader", "ou=Empty," + suffix},
		"referral below":    {"reader", "ou=Referrals," + suffix},
		"base that is gone": {"reader", "ou=Gone," + suffix},
	} {
		t.Run(name, func(t *testing.T) {
			out := testEnv(t, c.reader)
			_, found, err := openSource(t, out.Env, as(w.URL, c.reader, fmt.Sprintf("base: %q", c.base))).Lookup(t.Context(), person{n: 900_001}.id())
			if !found.IsUnknown() {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
	out := testEnv(t, "reader")
	_, found, err := openSource(t, out.Env, as("ldap://127.0.0.1:1", "reader", "base: "+suffix)).Lookup(t.Context(), person{n: 1}.id())
	if err == nil || !found.IsUnknown() {
		t.Errorf("unreachable server: %+v, %v", found, err)
	}
}

// TestRecreatedLoginIsANewAccount: a login that was deleted and given again has another id, and the old id is gone.
func TestRecreatedLoginIsANewAccount(t *testing.T) {
	t.Parallel()
	s := startSmall(t, servers.Slapd{}, 5)
	out := testEnv(t, "reader")
	source := openSource(t, out.Env, as(s.URL, "reader", "base: ou=People,"+suffix))
	before := scanSource(t, out, source).byLogin["u000003"]
	dn := person{n: 3, ou: "People"}.dn()
	if err := s.Modify("dn: " + dn + "\nchangetype: delete\n\ndn: " + dn + "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: u000003\ncn: C\nsn: D\n"); err != nil {
		t.Fatal(err)
	}
	r := scanSource(t, out, source)
	r.wantComplete(t, 5)
	if after := r.byLogin["u000003"]; after.ID == before.ID || after.ID == "" {
		t.Errorf("id %q before, %q after", before.ID, after.ID)
	}
	if _, found, err := source.Lookup(t.Context(), before.ID); !found.IsNever() || err != nil {
		t.Errorf("old id: %+v, %v", found, err)
	}
}

// TestRealBindIsActivity: the server itself records a sign-in, and the connector reads it.
func TestRealBindIsActivity(t *testing.T) {
	t.Parallel()
	s := startSmall(t, servers.Slapd{Modules: []string{"lastbind"}, Database: readAll + "\nlastbind on\noverlay lastbind\nlastbind-precision 3600"}, 3)
	config := as(s.URL, "reader", "base: ou=Readers,"+suffix+"\nactivity: {since: 2020-01-01, precision: {authTimestamp: 1h}}")
	r := scanAll(t, testEnv(t, "reader"), config)
	reader, limited := r.byLogin["10000000"], scanners.Account{}
	for _, a := range r.accounts {
		switch {
		case strings.HasPrefix(a.DN, "cn=reader"):
			reader = a
		case strings.HasPrefix(a.DN, "cn=limited"):
			limited = a
		}
	}
	if !signal(reader, "pwdLastSuccess").At.IsKnown() || !signal(reader, "authTimestamp").At.IsKnown() || signal(reader, "authTimestamp").Precision.Hours() != 1 {
		t.Errorf("the account that binds: %+v", reader.Signals)
	}
	if !signal(limited, "pwdLastSuccess").At.IsNever() || !limited.Idle().IsNever() {
		t.Errorf("an account that never bound: %+v", limited.Signals)
	}
}

// TestReplicasKeepTheirOwnRecord: where people sign in elsewhere too, this server's record shows use and never idleness.
func TestReplicasKeepTheirOwnRecord(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	r := scanAll(t, testEnv(t, "reader"), as(w.URL, "reader", "base: ou=People,"+suffix+"\nfilter: (uid=u00000*)\nactivity: {replicas: true}"))
	r.wantComplete(t, 9)
	for _, a := range r.accounts {
		if !a.Idle().IsUnknown() {
			t.Errorf("%s is idle since %+v", a.DN, a.Idle())
		}
	}
	if used := r.byLogin["u000001"]; !signal(used, "pwdLastSuccess").At.IsKnown() {
		t.Errorf("signals %+v", used.Signals)
	}
}

// TestServerWithoutStateIsEnabled: a schema that cannot express a disabled account has none.
func TestServerWithoutStateIsEnabled(t *testing.T) {
	t.Parallel()
	servers.Need(t, "slapd", "slapadd")
	s := startBare(t, 2)
	r := scanAll(t, testEnv(t, "reader"), as(s.URL, "reader", "base: ou=People,"+suffix))
	r.wantComplete(t, 2)
	if !scanners.Is(r.accounts[0].Enabled, true) {
		t.Errorf("enabled %+v", r.accounts[0].Enabled)
	}
	if s := r.accounts[0].Signals; len(s) != 1 || !s[0].At.IsUnknown() {
		t.Errorf("signals %+v", s)
	}
}

func TestHiddenRootEntry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ access, more, says string }{
		"shown after the bind":          {"by users read by * none", "", ""},
		"hidden, family unknown":        {"by * none", "", "hint: set family"},
		"hidden, all of it configured":  {"by * none", "family: openldap\nbase: ou=People," + suffix, ""},
		"hidden, family but no base":    {"by * none", "family: openldap", "hint: set base"},
		"shown, and the base is found":  {"by * read", "filter: (objectClass=inetOrgPerson)", ""},
		"shown, with another family":    {"by * read", "family: other\nbase: ou=People," + suffix, ""},
		"hidden, to an anonymous scan ": {"by * none", "", "hint: set family"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSmall(t, servers.Slapd{Global: "access to dn.base=\"\" " + c.access + "\naccess to dn.base=\"cn=Subschema\" by users read\naccess to * by * read"}, 4)
			r := scanAll(t, testEnv(t, "reader"), as(s.URL, "reader", c.more))
			if c.says == "" {
				if r.err != nil || !r.coverage.Verdict.Complete() || len(r.accounts) < 4 {
					t.Fatalf("%d accounts, %v (%s), %v", len(r.accounts), r.coverage.Verdict, r.coverage.Why, r.err)
				}
				return
			}
			if r.err == nil || !strings.Contains(r.err.Error(), c.says) || r.coverage.Verdict != scanners.Blind {
				t.Errorf("%v (%s), %v", r.coverage.Verdict, r.coverage.Why, r.err)
			}
		})
	}
}

func TestWaysOfBinding(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	base := "\nbase: ou=Veiled," + suffix
	for name, config := range map[string]string{
		"client certificate": fmt.Sprintf("url: %s\ntls: {ca: %s, cert: %s, key: %s}\nbind: {method: external}", w.LDAPS, w.ca.File, w.client.Cert, w.client.Key),
		"socket":             fmt.Sprintf("url: %q\nbind: {method: external}", w.LDAPI),
		"password":           as(w.URL, "reader", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scanAll(t, testEnv(t, "reader"), config+base).wantComplete(t, 5)
		})
	}
	t.Run("anonymous, when asked for", func(t *testing.T) {
		t.Parallel()
		s := startSmall(t, servers.Slapd{Database: "access to attrs=userPassword by * auth\naccess to * by * read"}, 3)
		scanAll(t, testEnv(t, ""), "url: "+s.URL+"\nbind: {method: anonymous}\nbase: ou=People,"+suffix).wantComplete(t, 3)
	})
}

func TestSeveralBasesAreReadSideBySide(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	out := testEnv(t, "reader")
	out.Allocation = scanners.NewAllocation(2)
	r := scanAll(t, out, as(w.URL, "reader", fmt.Sprintf("bases: [%q, %q, %q]", "ou=Odd,"+suffix, "ou=Secret,"+suffix, "ou=Veiled,"+suffix)))
	r.wantComplete(t, 15)
}
