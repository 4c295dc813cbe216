package ldap

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// The fake speaks as much LDAP as it takes to misbehave in ways that a real server cannot be brought to.

// attr is an attribute of a fake entry.
type attr struct {
	name   string
	values []string
}

// asked is a search request as the fake understood it.
type asked struct {
	base, filter string
	scope        int64
	attributes   []string
	paged        bool
	cookie       string
	// nth counts the searches with this base and filter on all connections, from 1.
	nth int
}

func (a asked) wants(attribute string) bool {
	for _, n := range a.attributes {
		if strings.HasPrefix(strings.ToLower(n), strings.ToLower(attribute)) {
			return true
		}
	}
	return false
}

// reply is what the fake answers to a search. Raw messages go out first, as they are.
type reply struct {
	raw     []func(id int64) []byte
	entries []fakeEntry
	code    int
	// cookie is sent back in a page control unless nil.
	cookie *string
	hangUp bool
}

type fakeEntry struct {
	dn    string
	attrs []attr
}

// tlv builds a BER element. Lengths are written as Active Directory does, in five bytes whatever their size, when long.
func tlv(long bool, tag byte, parts ...[]byte) []byte {
	var content []byte
	for _, p := range parts {
		content = append(content, p...)
	}
	n := len(content)
	switch {
	case long:
		return append([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	default:
		return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	}
}

func octets(long bool, s string) []byte { return tlv(long, tagOctetString, []byte(s)) }

func entryContent(long bool, e fakeEntry) []byte {
	var list []byte
	for _, a := range e.attrs {
		var values []byte
		for _, v := range a.values {
			values = append(values, octets(long, v)...)
		}
		list = append(list, tlv(long, tagSequence, octets(long, a.name), tlv(long, tagSet, values))...)
	}
	return append(octets(long, e.dn), tlv(long, tagSequence, list)...)
}

func envelope(long bool, id int64, op byte, content []byte, controls ...[]byte) []byte {
	number := tlv(false, tagInteger, []byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)})
	return tlv(long, tagSequence, append([][]byte{number, tlv(long, op, content)}, controls...)...)
}

func outcomeOf(long bool, code int, text string) []byte {
	return append(tlv(false, tagEnumerated, []byte{byte(code)}), append(octets(long, ""), octets(long, text)...)...)
}

func pageControl(long bool, cookie string) []byte {
	value := tlv(long, tagSequence, tlv(false, tagInteger, []byte{0}), octets(long, cookie))
	return tlv(long, 0xa0, tlv(long, tagSequence, octets(long, goldap.ControlTypePaging), octets(long, string(value))))
}

// fake is a running fake server. bind gives the result code of the n-th bind.
type fake struct {
	long   bool
	bind   func(n int) int
	search func(asked) reply

	mu    sync.Mutex
	binds int
	seen  map[string]int
}

// serve starts the fake and returns its URL.
func (f *fake) serve(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.seen = map[string]int{}
	var open sync.WaitGroup
	var conns sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		open.Wait()
	})
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			open.Go(func() {
				defer c.Close()
				for f.answer(c) == nil {
				}
			})
		}
	})
	return "ldap://" + l.Addr().String()
}

func (f *fake) answer(c net.Conn) error {
	p, err := ber.ReadPacket(c)
	if err != nil || len(p.Children) < 2 {
		return io.EOF
	}
	id, op := p.Children[0].Value.(int64), p.Children[1]
	switch op.Tag {
	case goldap.ApplicationBindRequest:
		f.mu.Lock()
		f.binds++
		n := f.binds
		f.mu.Unlock()
		code := 0
		if f.bind != nil {
			code = f.bind(n)
		}
		_, err = c.Write(envelope(f.long, id, 0x61, outcomeOf(f.long, code, "")))
	case goldap.ApplicationSearchRequest:
		err = f.answerSearch(c, id, f.understand(p))
	default:
		err = io.EOF
	}
	return err
}

func (f *fake) understand(p *ber.Packet) asked {
	op := p.Children[1]
	a := asked{base: op.Children[0].Value.(string), scope: op.Children[1].Value.(int64)}
	a.filter, _ = goldap.DecompileFilter(op.Children[6])
	for _, c := range op.Children[7].Children {
		a.attributes = append(a.attributes, c.Value.(string))
	}
	if len(p.Children) > 2 {
		for _, c := range p.Children[2].Children {
			if control, err := goldap.DecodeControl(c); err == nil {
				if paging, ok := control.(*goldap.ControlPaging); ok {
					a.paged, a.cookie = true, string(paging.Cookie)
				}
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := a.base + "\x00" + a.filter
	f.seen[key]++
	a.nth = f.seen[key]
	return a
}

func (f *fake) answerSearch(c net.Conn, id int64, a asked) error {
	r := f.search(a)
	var out []byte
	for _, raw := range r.raw {
		out = append(out, raw(id)...)
	}
	for _, e := range r.entries {
		out = append(out, envelope(f.long, id, tagEntry, entryContent(f.long, e))...)
	}
	if r.hangUp {
		_, _ = c.Write(out)
		return io.EOF
	}
	var controls [][]byte
	if r.cookie != nil {
		controls = append(controls, pageControl(f.long, *r.cookie))
	}
	_, err := c.Write(append(out, envelope(f.long, id, tagDone, outcomeOf(f.long, r.code, "said the fake"), controls...)...))
	return err
}

func cookie(s string) *string { return &s }

// openldapRoot is a root entry that makes the connector take the fake for OpenLDAP.
func openldapRoot(paging bool) reply {
	controls := []string{"1.2.3"}
	if paging {
		controls = append(controls, goldap.ControlTypePaging)
	}
	return reply{entries: []fakeEntry{{"", []attr{{"structuralObjectClass", []string{"OpenLDAProotDSE"}}, {"supportedControl", controls},
		{"namingContexts", []string{suffix}}}}}}
}

func fakePerson(n int) fakeEntry {
	return fakeEntry{fmt.Sprintf("uid=u%06d,ou=People,%s", n, suffix), []attr{{"uid", []string{fmt.Sprintf("u%06d", n)}}, {"ENTRYUUID", []string{person{n: n}.id()}},
		{"objectClass", []string{"inetOrgPerson"}}, {"createTimestamp", []string{"20250101000000Z"}}, {"pwdLastSuccess", []string{"20260101000000Z"}}}}
}

func fakePeople(from, to int) []fakeEntry {
	var out []fakeEntry
	for n := from; n <= to; n++ {
		out = append(out, fakePerson(n))
	}
	return out
}

// people is a fake OpenLDAP whose search for accounts is answered by pages.
func people(paging bool, pages func(asked) reply) *fake {
	return &fake{search: func(a asked) reply {
		switch {
		case a.base == "":
			return openldapRoot(paging)
		case a.filter == traitsOf(openLDAP).filter:
			return pages(a)
		default: // probes and groups
			return reply{cookie: cookie("")}
		}
	}}
}
