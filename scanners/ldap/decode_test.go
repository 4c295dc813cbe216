package ldap

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// FuzzDecode: no bytes make the decoder panic, read beyond the entry or loop, and what it takes for an entry the LDAP
// library's own decoder takes for the same DN.
func FuzzDecode(f *testing.F) {
	f.Add(entryContent(false, fakePerson(1)))
	f.Add(entryContent(true, fakePerson(2)))
	f.Add(entryContent(true, fakeEntry{"cn=x", []attr{{"member;range=0-1", []string{"a", "b"}}, {"MEMBER", []string{"c"}}, {"uid", nil}}}))
	f.Add([]byte{4, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, content []byte) {
		d := newDecoder([]string{"uid", "member", "entryUUID"})
		e, err := d.decode(content)
		if err != nil {
			return
		}
		size := len(e.dn)
		for _, v := range e.values {
			size += len(v)
		}
		if size > len(content)*(len(content)+1) {
			t.Fatalf("%d bytes of values from %d bytes", size, len(content))
		}
		name, _, err := take(content, tagOctetString)
		if err != nil || e.dn != string(name) {
			t.Fatalf("dn %q, library %q, %v", e.dn, name, err)
		}
		for _, f := range []family{openLDAP, samba, ds389} {
			newMapper(&directory{family: f, traits: traitsOf(f)}, Config{}, time.Time{}, d).draft(e)
		}
	})
}

// FuzzTap: whatever a server sends, the tap ends, and passes on only whole messages that the library can read the head of.
func FuzzTap(f *testing.F) {
	f.Add(append(envelope(false, 1, tagEntry, entryContent(false, fakePerson(1))), envelope(true, 1, tagDone, outcomeOf(true, 0, ""))...))
	f.Add(envelope(true, 1, tagReference, octets(false, "ldap://x/dc=y")))
	f.Add(envelope(false, 0, 0x78, outcomeOf(false, 52, "bye")))
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 7, 2, 1, 1, 0x64, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		a, b := net.Pipe()
		go func() {
			_, _ = b.Write(stream)
			_ = b.Close()
		}()
		tp := newTap(newWire(a, time.Minute))
		tp.search.Store(1)
		tp.listener.Store(&listener{entry: func(content []byte) error {
			_, err := newDecoder([]string{"uid"}).decode(content)
			return err
		}})
		passed, err := io.ReadAll(tp)
		_ = a.Close()
		if len(passed) > len(stream) {
			t.Fatalf("%d bytes out of %d, %v", len(passed), len(stream), err)
		}
		for rest := passed; len(rest) > 0; {
			_, head, length, err := header(rest)
			if err != nil || head+length > len(rest) {
				break // the last one may be cut off by the end of the stream
			}
			rest = rest[head+length:]
		}
	})
}

func TestTapPassesTheRestUntouched(t *testing.T) {
	t.Parallel()
	big := fakeEntry{"cn=all", []attr{{"member", []string{strings.Repeat("x", 3*tapBuffer)}}}}
	messages := [][]byte{envelope(false, 1, 0x61, outcomeOf(false, 0, "")), envelope(false, 1, tagEntry, entryContent(false, big)),
		envelope(true, 1, tagEntry, entryContent(true, fakePerson(1))), envelope(false, 1, tagReference, append(octets(false, "ldap://a/dc=a"), octets(false, "ldap://b/dc=b")...)),
		envelope(false, 1, tagDone, outcomeOf(false, 0, ""), pageControl(false, "next"))}
	a, b := net.Pipe()
	go func() {
		for _, m := range messages {
			for _, half := range [][]byte{m[:len(m)/2], m[len(m)/2:]} {
				_, _ = b.Write(half)
			}
		}
		_ = b.Close()
	}()
	tp := newTap(newWire(a, time.Minute))
	tp.search.Store(1)
	var names []string
	l := &listener{entry: func(content []byte) error {
		e, err := newDecoder([]string{"member", "uid"}).decode(content)
		if err == nil {
			names = append(names, e.dn)
		}
		if e.dn == big.dn && len(e.one("member")) != 3*tapBuffer {
			t.Errorf("member of %d bytes", len(e.one("member")))
		}
		return err
	}}
	tp.listener.Store(l)
	in := bufio.NewReader(tp)
	for _, want := range [][]byte{messages[0], messages[3], messages[4]} {
		p, err := ber.ReadPacket(in)
		if err != nil {
			t.Fatal(err)
		}
		_, _, content, _ := message(want)
		if got := p.Children[1].Data.Bytes(); !bytes.Equal(got, content) {
			t.Errorf("got %x, want %x", got, content)
		}
	}
	if diff := cmp.Diff([]string{"cn=all", fakePerson(1).dn}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ldap://a/dc=a", "ldap://b/dc=b"}, l.references); diff != "" || !l.done || l.code != 0 {
		t.Errorf("references %s, done %v, code %d", diff, l.done, l.code)
	}
}

func TestRangedNames(t *testing.T) {
	for name, want := range map[string]struct {
		base string
		next int
	}{
		"member": {"member", 0}, "member;range=0-1499": {"member", 1500}, "member;Range=1500-*": {"member", 0},
		"userCertificate;binary": {"userCertificate", 0}, "member;binary;range=0-4": {"member", 5}, "member;range=": {"member", 0},
		"member;range=0--5": {"member", 0}, "cn;lang-de": {"cn", 0},
	} {
		if base, next := ranged(name); base != want.base || next != want.next {
			t.Errorf("ranged(%q) = %q, %d", name, base, next)
		}
	}
}

func TestFiletime(t *testing.T) {
	for text, want := range map[string]string{
		"134398151628922810": "2026-11-22T09:59:22.892281Z", "0": "none", "9223372036854775807": "none", "116444736000000000": "1970-01-01T00:00:00Z",
		"1": "1601-01-01T00:00:00.0000001Z", "9223372036854775806": "none", "2650467743990000000": "9999-12-31T23:59:59Z", "-1": "error", "": "error", "12x": "error",
		"9223372036854775808": "error",
	} {
		at, ok, err := filetime(text)
		got := at.Format(time.RFC3339Nano)
		if !ok {
			got = "none"
		}
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("filetime(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestGeneralizedTime(t *testing.T) {
	for text, want := range map[string]string{
		"20261122095813Z": "2026-11-22T09:58:13Z", "20261122095813.0Z": "2026-11-22T09:58:13Z", "20261122095813.579846Z": "2026-11-22T09:58:13.579846Z",
		"20261122095813,5Z": "2026-11-22T09:58:13.5Z", "202611220958Z": "2026-11-22T09:58:00Z", "2026112209Z": "2026-11-22T09:00:00Z",
		"2026112209.5Z": "2026-11-22T09:30:00Z", "202611220958.25Z": "2026-11-22T09:58:15Z", "20261122095813+0130": "2026-11-22T08:28:13Z",
		"20261122095813-05": "2026-11-22T14:58:13Z", "20261231235960Z": "2027-01-01T00:00:00Z",
		"000001010000Z": "error", "00000101000000Z": "error", "20261322095813Z": "error", "20260230000000Z": "error", "20261122095813": "error", "": "error",
		"2026-11-22": "error", "20261122095813.Z": "error", "20261122095813+2500": "error", "20261122095813Zx": "error",
	} {
		at, err := generalizedTime(text)
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("generalizedTime(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	raw, _ := hex.DecodeString("3e1f9a7d00000040800000000000002a")
	guid, ok := guidText(string(raw))
	if guid != "7d9a1f3e-0000-4000-8000-00000000002a" || !ok {
		t.Errorf("guid %q", guid)
	}
	if back, ok := guidBytes(guid); !ok || !bytes.Equal(back, raw) {
		t.Errorf("back %x", back)
	}
	for _, bad := range []string{"", "7d9a1f3e", "7d9a1f3e-0000-4000-8000-00000000002g", strings.Repeat("0", 32)} {
		if _, ok := guidBytes(bad); ok {
			t.Errorf("%q is taken for a GUID", bad)
		}
	}
	sid := "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\xf4\x01\x00\x00"
	text, rid, ok := sidText(sid)
	if text != "S-1-5-21-1-2-3-500" || rid != 500 || !ok {
		t.Errorf("sid %q %d", text, rid)
	}
	if back, ok := sidBytes(text); !ok || string(back) != sid {
		t.Errorf("back %x", back)
	}
	if _, _, ok := sidText(sid[:20]); ok {
		t.Error("a cut SID is taken for one")
	}
}

func TestFoldedNames(t *testing.T) {
	same := [][]string{
		{"CN=Doe\\, Jane,OU=Odd,DC=example", "cn=doe\\2c jane, ou=odd , dc=Example", "cn=Doe\\2C  Jane,ou=Odd,dc=example"},
		{"uid=a+cn=b,dc=x", "CN=B+UID=A,DC=X"}, {"cn=Žofie,dc=x", "CN=žOFIE,dc=x", "cn=\\c5\\beofie,dc=x"}, {"not a dn", "NOT A DN"},
	}
	for _, group := range same {
		for _, dn := range group[1:] {
			if fold(dn) != fold(group[0]) {
				t.Errorf("fold(%q) = %q, fold(%q) = %q", dn, fold(dn), group[0], fold(group[0]))
			}
		}
	}
	if fold(`cn=a\,b,dc=x`) == fold("cn=a,cn=b,dc=x") || fold("cn=a,dc=x") == fold("cn=b,dc=x") {
		t.Error("different DNs fold to the same")
	}
	if !below(fold("uid=a,OU=B,dc=c"), fold("ou=b,dc=c")) || below("ou=xb,dc=c", "b,dc=c") || below("ou=b,dc=c", "ou=ab,dc=c") {
		t.Error("below is wrong")
	}
	for dn, want := range map[string]string{"cn=a\\,b,dc=x": "dc=x", "cn=a, dc=x": "dc=x", "dc=x": "", "": ""} {
		if got := parent(dn); got != want {
			t.Errorf("parent(%q) = %q", dn, got)
		}
	}
	if got := memberDN("uid=a,dc=x#'0101'B"); got != "uid=a,dc=x" {
		t.Errorf("memberDN = %q", got)
	}
}

func TestConfigurationMistakes(t *testing.T) {
	const bind = "\nbind: {dn: cn=x, password: \"env:PW\"}\n"
	for text, says := range map[string]string{
		"bind: {dn: cn=x, password: \"env:PW\"}":              "url is missing",
		"url: ldaps://h":                                      "bind: method is missing",
		"url: ldap://dc.example.org" + bind:                   "would send the password in plain text",
		"url: http://h" + bind:                                "is no LDAP address",
		"url: ldaps://h/dc=x" + bind:                          "says more than",
		"url: ldaps://h\ntls: {starttls: true}" + bind:        "encrypted from the start",
		"url: ldapi://socket" + bind:                          "names no socket",
		"url: ldaps://h\nscope: all" + bind:                   `"all" is none of subtree, one`,
		"url: ldaps://h\nfamily: novell" + bind:               `"novell" is none of openldap`,
		"url: ldaps://h\nfilter: (uid=*" + bind:               "filter",
		"url: ldaps://h\npage_size: -1" + bind:                "page_size",
		"url: ldaps://h\nbase: people" + bind:                 "is no DN",
		"url: ldaps://h\nbases: [DC=x, \"ou=a,dc=X\"]" + bind: "overlap",
		"url: ldaps://h\nactivity: {since: yesterday}" + bind: "activity.since",
		"url: ldaps://h\ndisabled: [{attribute: x}]" + bind:   "needs attribute and values",
		"url: ldaps://h\nbind: {method: simple}":              "simple needs dn and password",
		"url: ldaps://h\nbind: {method: gssapi}":              "gssapi needs",
		"url: ldaps://h\nbind: {method: ntlm}":                "is none of simple",
		"url: ldaps://h\nusername: x" + bind:                  "username",
	} {
		_, err := Kind().Accounts(scannertest.Config(text), scannertest.Env(t).Env)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
		var config *scanners.ConfigError
		if !errors.As(err, &config) && !strings.Contains(says, "username") {
			t.Errorf("%q: %v is no mistake of the configuration", text, err)
		}
	}
}

func TestNumbersOfUserAccountControl(t *testing.T) {
	for text, want := range map[string]scanners.Fact[bool]{
		"512": scanners.Known(true), "514": scanners.Known(false), "-2147483134": scanners.Known(false), "66050": scanners.Known(false),
		"": scanners.Unknown[bool]("userAccountControl is not shown"), "x": scanners.Unknown[bool](`userAccountControl: "x" is no number`),
	} {
		dir := &directory{family: activeDirectory, traits: traitsOf(activeDirectory)}
		d := newDecoder(dir.traits.attributes(Config{}))
		e, err := d.decode(entryContent(false, fakeEntry{"cn=x", []attr{{"objectGUID", []string{strings.Repeat("\x01", 16)}}, {"userAccountControl", []string{text}}}}))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := newMapper(dir, Config{}, time.Time{}, d).draft(e)
		if !ok || got.account.Enabled != want {
			t.Errorf("%q: %+v, want %+v", text, got.account.Enabled, want)
		}
	}
}

func TestSpansOfActiveDirectory(t *testing.T) {
	for text, want := range map[string]time.Duration{"-18000000000": 30 * time.Minute, "0": 0, strconv.FormatInt(math.MinInt64, 10): -1, "5": -1, "": -1} {
		got, ok := interval(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("interval(%q) = %v", text, got)
		}
	}
}
