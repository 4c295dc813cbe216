package ldap

import (
	"fmt"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

func fakeConfig(url, more string) string {
	return as(url, "reader", "page_size: 10\ntimeouts: {idle: 10s}\n"+more)
}

// TestPaging: what servers do with the page control, and what it does to the verdict.
func TestPaging(t *testing.T) {
	t.Parallel()
	thirty := func(a asked) reply {
		switch a.cookie {
		case "":
			return reply{entries: fakePeople(1, 10), cookie: cookie("a")}
		case "a":
			return reply{entries: fakePeople(11, 20), cookie: cookie("b")}
		default:
			return reply{entries: fakePeople(21, 30), cookie: cookie("")}
		}
	}
	// faulty answers the second page by other, the nth time that it is asked.
	faulty := func(other func(nth int) (reply, bool)) func(asked) reply {
		asks := 0
		return func(a asked) reply {
			if a.cookie == "a" {
				asks++
				if r, yes := other(asks); yes {
					return r
				}
			}
			return thirty(a)
		}
	}
	always := func(r reply) func(int) (reply, bool) { return func(int) (reply, bool) { return r, true } }
	for name, c := range map[string]struct {
		paging  bool
		pages   func(asked) reply
		verdict scanners.CoverageVerdict
		n       int
		says    string
	}{
		"three pages":                       {true, thirty, scanners.Proved, 30, ""},
		"page control missing on page two":  {true, faulty(always(reply{entries: fakePeople(11, 20)})), scanners.Partial, 20, "stopped answering the page control"},
		"cookie refused on page two":        {true, faulty(always(reply{code: goldap.LDAPResultProtocolError})), scanners.Partial, 10, "Protocol Error"},
		"unwilling on page two":             {true, faulty(always(reply{code: goldap.LDAPResultUnwillingToPerform})), scanners.Partial, 10, "Unwilling"},
		"size limit in page two":            {true, faulty(always(reply{entries: fakePeople(11, 15), code: goldap.LDAPResultSizeLimitExceeded})), scanners.Partial, 15, "Size Limit"},
		"time limit in page two":            {true, faulty(always(reply{entries: fakePeople(11, 15), code: goldap.LDAPResultTimeLimitExceeded})), scanners.Partial, 15, "Time Limit"},
		"administrative limit in page two":  {true, faulty(always(reply{entries: fakePeople(11, 15), code: goldap.LDAPResultAdminLimitExceeded})), scanners.Partial, 15, "Admin Limit"},
		"hangs up in page two":              {true, faulty(always(reply{entries: fakePeople(11, 15), hangUp: true})), scanners.Partial, 10, "connection lost"},
		"busy before page two, once":        {true, faulty(func(n int) (reply, bool) { return reply{code: goldap.LDAPResultBusy}, n == 1 }), scanners.Proved, 30, ""},
		"busy before page two, for good":    {true, faulty(always(reply{code: goldap.LDAPResultBusy})), scanners.Partial, 10, "Busy"},
		"busy in page two":                  {true, faulty(always(reply{entries: fakePeople(11, 12), code: goldap.LDAPResultBusy})), scanners.Partial, 10, "Busy"},
		"empty page between":                {true, faulty(func(n int) (reply, bool) { return reply{cookie: cookie("a")}, n <= 2 }), scanners.Proved, 30, ""},
		"the same empty page for ever":      {true, faulty(always(reply{cookie: cookie("a")})), scanners.Partial, 10, "repeats an empty page"},
		"ignores the control it advertises": {true, func(asked) reply { return reply{entries: fakePeople(1, 55)} }, scanners.Consistent, 55, ""},
		"does not advertise the control":    {false, func(asked) reply { return reply{entries: fakePeople(1, 8)} }, scanners.Consistent, 8, ""},
		"no pages, size limit":              {false, func(asked) reply { return reply{entries: fakePeople(1, 8), code: goldap.LDAPResultSizeLimitExceeded} }, scanners.Partial, 8, "Size Limit"},
		"no pages, hangs up":                {false, func(asked) reply { return reply{entries: fakePeople(1, 8), hangUp: true} }, scanners.Blind, 0, "connection lost"},
		"unavailable in the first page, twice": {true, func(a asked) reply {
			return map[bool]reply{true: {entries: fakePeople(1, 3), code: goldap.LDAPResultUnavailable}, false: thirty(a)}[a.nth <= 2]
		}, scanners.Proved, 30, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := scanAll(t, testEnv(t, "x"), fakeConfig(people(c.paging, c.pages).serve(t), ""))
			if r.coverage.Verdict != c.verdict || len(r.accounts) != c.n {
				t.Fatalf("%d accounts, %v (%s), %v; want %d, %v", len(r.accounts), r.coverage.Verdict, r.coverage.Why, r.err, c.n, c.verdict)
			}
			if c.says == "" && r.err != nil || c.says != "" && (r.err == nil || !strings.Contains(r.err.Error(), c.says)) {
				t.Errorf("error %v, want %q", r.err, c.says)
			}
			distinct := map[string]bool{}
			for _, a := range r.accounts {
				distinct[a.ID] = true
			}
			if len(distinct) != c.n {
				t.Errorf("%d distinct ids among %d", len(distinct), c.n)
			}
		})
	}
}

// TestHostileAnswers: bytes that no server should send cost the record or the connection, never a silent loss.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	raw := func(build func(id int64) []byte) func(asked) reply {
		return func(asked) reply {
			return reply{entries: fakePeople(1, 3), raw: []func(int64) []byte{build}, cookie: cookie("")}
		}
	}
	broken := func(content []byte) func(asked) reply {
		return raw(func(id int64) []byte { return envelope(false, id, tagEntry, content) })
	}
	for name, c := range map[string]struct {
		pages    func(asked) reply
		verdict  scanners.CoverageVerdict
		accounts int
		says     string
	}{
		"entry of another search":   {raw(func(id int64) []byte { return envelope(false, id+7, tagEntry, entryContent(false, fakePerson(9))) }), scanners.Blind, 0, "the server answered message"},
		"message of four gigabytes": {raw(func(int64) []byte { return []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1} }), scanners.Blind, 0, "is beyond"},
		"indefinite length":         {raw(func(int64) []byte { return []byte{0x30, 0x80, 2, 1, 1, 0x64, 0x80, 0, 0} }), scanners.Blind, 0, "is not definite"},
		"no message at all":         {raw(func(int64) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }), scanners.Blind, 0, "where a message belongs"},
		"entry without attributes":  {broken(octets(false, "uid=x")), scanners.Partial, 3, "1 entries without readable"},
		"entry cut inside":          {broken([]byte{4, 20, 'u'}), scanners.Partial, 3, "1 entries without readable"},
		"length beyond the entry":   {broken(append(octets(false, "uid=x"), 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff)), scanners.Partial, 3, "1 entries without readable"},
		"values are no set":         {broken(append(octets(false, "uid=x"), tlv(false, tagSequence, tlv(false, tagSequence, octets(false, "uid"), octets(false, "x")))...)), scanners.Partial, 3, "1 entries without readable"},
		"entry without immutable id": {raw(func(id int64) []byte {
			return envelope(false, id, tagEntry, entryContent(false, fakeEntry{"uid=x", nil}))
		}), scanners.Partial, 3, "1 entries without readable"},
		"done with an extra byte less": {raw(func(id int64) []byte { return envelope(false, id, tagDone, []byte{tagEnumerated, 1}) }), scanners.Blind, 0, "malformed result"},
		"done of another search":       {raw(func(id int64) []byte { return envelope(false, id+7, tagDone, outcomeOf(false, 0, "")) }), scanners.Blind, 0, "the server answered message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := testEnv(t, "x")
			r := scanAll(t, out, fakeConfig(people(true, c.pages).serve(t), ""))
			if r.coverage.Verdict != c.verdict || len(r.accounts) != c.accounts {
				t.Fatalf("%d accounts, %v (%s), %v", len(r.accounts), r.coverage.Verdict, r.coverage.Why, r.err)
			}
			if told := r.coverage.Why + fmt.Sprint(r.err); !strings.Contains(told, c.says) {
				t.Errorf("told %q, want %q", told, c.says)
			}
			if int(r.coverage.Rejected) != len(r.rejected) || r.coverage.Read != r.coverage.Rejected+int64(len(r.accounts)) {
				t.Errorf("coverage %+v, rejected %+v", r.coverage, r.rejected)
			}
			for _, j := range r.rejected {
				if j.Place == "" || j.Reason == "" || j.Raw == "" || j.ID != "" {
					t.Errorf("rejection %+v", j)
				}
			}
		})
	}
}

func TestValuesThatAreNoText(t *testing.T) {
	t.Parallel()
	odd := fakePerson(1)
	odd.attrs = append(odd.attrs, attr{"cn", []string{"M\xfcller"}}, attr{"employeeNumber", []string{"\x00\x01"}}, attr{"mail", []string{"m\xfcller@example.org"}},
		attr{"pwdChangedTime", []string{"yesterday"}}, attr{"pwdAccountLockedTime", []string{"20260101000000Z"}})
	f := people(true, func(asked) reply { return reply{entries: []fakeEntry{odd}, cookie: cookie("")} })
	r := scanAll(t, testEnv(t, "x"), fakeConfig(f.serve(t), "attributes: {evidence: [cn, employeeNumber]}"))
	r.wantComplete(t, 1)
	a := r.accounts[0]
	if a.DisplayName != "M\uFFFDller" || a.Mails[0] != "m\uFFFDller@example.org" {
		t.Errorf("name %q, mail %q", a.DisplayName, a.Mails[0])
	}
	if p := a.PasswordChanged; !p.IsUnknown() || !strings.Contains(p.Reason, `"yesterday"`) {
		t.Errorf("password changed %+v", p)
	}
	found := 0
	for _, e := range a.Evidence {
		if e.Name == "cn" && e.Values[0] == "4dfc6c6c6572" || e.Name == "employeeNumber" && e.Values[0] == "0001" {
			found++
		}
	}
	if found != 2 {
		t.Errorf("evidence %+v", a.Evidence)
	}
}

// windowsFake is a fake Active Directory with range retrieval and five-byte lengths. It holds one group of 3,000 members,
// of whom every account is one, and one account that is in 2,500 groups.
func windowsFake(t *testing.T, sync string) string {
	const domainSID = "\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"
	member := func(i int) string { return fmt.Sprintf("CN=g%04d,%s", i, suffix) }
	ranges := func(a asked, name string, total int) attr {
		from := 0
		for _, n := range a.attributes {
			_, _ = fmt.Sscanf(strings.ToLower(n), strings.ToLower(name)+";range=%d-*", &from)
		}
		to, label := from+999, ""
		if label = fmt.Sprintf("%s;range=%d-%d", name, from, to); to >= total-1 {
			to, label = total-1, fmt.Sprintf("%s;Range=%d-*", name, from)
		}
		out := attr{name: label}
		for i := from; i <= to; i++ {
			out.values = append(out.values, member(i))
		}
		return out
	}
	user := func(a asked) fakeEntry {
		guid, _ := guidBytes("7d9a1f3e-0000-4000-8000-00000000002a")
		return fakeEntry{"CN=Many,OU=Staff," + suffix, []attr{{"objectGUID", []string{string(guid)}}, {"sAMAccountName", []string{"many"}},
			{"objectClass", []string{"top", "user"}}, {"userAccountControl", []string{"66048"}}, {"lastLogonTimestamp", []string{"134170560000000000"}},
			{"accountExpires", []string{"9223372036854775807"}}, {"pwdLastSet", []string{"0"}}, {"lockoutTime", []string{"0"}},
			{"objectSid", []string{domainSID[:1] + "\x05" + domainSID[2:] + "\x57\x04\x00\x00"}}, {"primaryGroupID", []string{"513"}}, ranges(a, "memberOf", 2500)}}
	}
	f := &fake{long: true, search: func(a asked) reply {
		switch {
		case a.base == "":
			return reply{entries: []fakeEntry{{"", []attr{{"supportedCapabilities", []string{"1.2.840.113556.1.4.800"}}, {"defaultNamingContext", []string{suffix}},
				{"supportedControl", []string{goldap.ControlTypePaging}}}}}}
		case a.base == suffix && a.scope == 0:
			head := fakeEntry{suffix, []attr{{"objectSid", []string{domainSID}}}}
			if sync != "" {
				head.attrs = append(head.attrs, attr{"msDS-LogonTimeSyncInterval", []string{sync}})
			}
			return reply{entries: []fakeEntry{head}}
		case strings.HasPrefix(a.base, "CN=Many"):
			return reply{entries: []fakeEntry{user(a)}}
		case strings.Contains(a.filter, "objectClass=group"):
			return reply{cookie: cookie(""), entries: []fakeEntry{{"CN=g0000," + suffix, []attr{{"cn", []string{"g0000"}}, {"memberOf", []string{member(1)}}}},
				{member(2400), []attr{{"cn", []string{"Admins"}}, {"objectSid", []string{"\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00"}}}}}}
		default:
			return reply{entries: []fakeEntry{user(a)}, cookie: cookie("")}
		}
	}}
	return f.serve(t)
}

func TestRangedValuesAndLongLengths(t *testing.T) {
	t.Parallel()
	out := testEnv(t, "x")
	s := openSource(t, out.Env, fakeConfig(windowsFake(t, ""), ""))
	r := scanSource(t, out, s)
	r.wantComplete(t, 1)
	a := r.accounts[0]
	distinct := map[string]bool{}
	for _, g := range a.Grants {
		distinct[g.Name] = true
	}
	if len(distinct) != 2500 {
		t.Errorf("%d distinct grants of 2,500", len(distinct))
	}
	if !scanners.Is(a.Privileged, true) || !strings.Contains(a.PrivilegedWhy, "S-1-5-32-544, Administrators") {
		t.Errorf("privileged %+v %q: the group that makes it so is in the last range", a.Privileged, a.PrivilegedWhy)
	}
	if !scanners.Is(a.Enabled, true) || !a.Expires.IsNever() || !a.PasswordChanged.IsUnknown() || !scanners.Is(a.Locked, false) {
		t.Errorf("account %+v", a)
	}
	if a.ID != "7d9a1f3e-0000-4000-8000-00000000002a" {
		t.Errorf("id %q", a.ID)
	}
}

// TestLogonTimeSyncInterval: the domain says how late lastLogonTimestamp is; 0 means that it is not written at all.
func TestLogonTimeSyncInterval(t *testing.T) {
	t.Parallel()
	for interval, want := range map[string]string{"": "known 336h0m0s", "5": "known 120h0m0s", "0": "unknown msDS-LogonTimeSyncInterval is 0: the domain does not write lastLogonTimestamp"} {
		r := scanAll(t, testEnv(t, "x"), fakeConfig(windowsFake(t, interval), ""))
		r.wantComplete(t, 1)
		s := signal(r.accounts[0], "lastLogonTimestamp")
		got := "known " + s.Precision.String()
		if s.At.IsUnknown() {
			got = "unknown " + s.At.Reason
		}
		if got != want {
			t.Errorf("interval %q: %s, want %s", interval, got, want)
		}
	}
}

// TestRangedMembers: a group that lists its members in ranges, as seen by a scan that takes grants from groups.
func TestRangedMembers(t *testing.T) {
	t.Parallel()
	f := people(true, func(asked) reply { return reply{entries: fakePeople(1, 5), cookie: cookie("")} })
	inner := f.search
	f.search = func(a asked) reply {
		group := fakeEntry{"cn=all," + suffix, []attr{{"cn", []string{"all"}}, {"entryUUID", []string{"30000000-0000-4000-8000-000000000009"}}}}
		switch {
		case a.wants("member;range=2-*"):
			group.attrs = append(group.attrs, attr{"member;range=2-*", []string{fakePerson(3).dn, fakePerson(5).dn}})
		case a.filter == groupClasses:
			group.attrs = append(group.attrs, attr{"member;range=0-1", []string{fakePerson(1).dn, fakePerson(2).dn}})
		default:
			return inner(a)
		}
		return reply{entries: []fakeEntry{group}, cookie: cookie("")}
	}
	r := scanAll(t, testEnv(t, "x"), fakeConfig(f.serve(t), ""))
	r.wantComplete(t, 5)
	for n, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 0, 5: 1} {
		if got := len(r.byLogin[fmt.Sprintf("u%06d", n)].Grants); got != want {
			t.Errorf("person %d: %d grants, want %d", n, got, want)
		}
	}
}

func TestBusyAtTheBind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bind func(n int) int
		ok   bool
		most int
	}{
		"busy, twice":        {func(n int) int { return map[bool]int{true: goldap.LDAPResultBusy}[n <= 2] }, true, 9},
		"unavailable, twice": {func(n int) int { return map[bool]int{true: goldap.LDAPResultUnavailable}[n <= 2] }, true, 9},
		// A wrong password is tried once: trying again would lock the reading account.
		"wrong password": {func(int) int { return goldap.LDAPResultInvalidCredentials }, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := people(true, func(asked) reply { return reply{entries: fakePeople(1, 5), cookie: cookie("")} })
			f.bind = c.bind
			r := scanAll(t, testEnv(t, "x"), fakeConfig(f.serve(t), ""))
			if (r.err == nil) != c.ok || r.coverage.Verdict.Complete() != c.ok || f.binds > c.most {
				t.Errorf("%v (%s) after %d binds, %v", r.coverage.Verdict, r.coverage.Why, f.binds, r.err)
			}
		})
	}
}
