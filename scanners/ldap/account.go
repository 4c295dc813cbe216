package ldap

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// draft is an account as far as its entry alone tells. What rests on the absence of an attribute, on values that the server
// held back and on groups is settled when the page is read.
type draft struct {
	account scanners.Account
	// unused says that no attribute shows a sign-in: never or unknown. zero says that the entry shows a counter of the same
	// rights set to "none", which proves that the missing attribute would be readable.
	unused, zero bool
	// stateless says that the attribute that would disable the account is missing.
	stateless bool
	memberOf  []string
	// heldBack is the index of the first memberOf value that the server held back, 0 when all came.
	heldBack int
	uid      string
	gid      string
	// primary is the RID of the primary group, rid that of the account; 0 elsewhere than in Active Directory.
	primary, rid uint32
	protected    bool
}

// mapper turns entries into drafts.
type mapper struct {
	dir    *directory
	config Config
	now    time.Time

	// Slots of the attributes that are configured in lists.
	login, mail, employee, anchors, evidence []int
	sponsor                                  string
}

// newMapper makes a mapper for the entries of decoder.
func newMapper(d *directory, c Config, now time.Time, decoder *decoder) *mapper {
	return &mapper{dir: d, config: c, now: now, login: decoder.slotsOf(d.traits.logins), mail: decoder.slotsOf(d.traits.mails),
		employee: decoder.slotsOf(d.traits.employee), anchors: decoder.slotsOf(c.Attributes.Anchors),
		evidence: decoder.slotsOf(d.traits.evidence), sponsor: strings.ToLower(c.Attributes.Sponsor)}
}

// draft reads one entry. ok is false when the entry has no readable immutable id.
func (m *mapper) draft(e *entry) (d draft, ok bool) {
	id, ok := m.id(e)
	if !ok {
		return draft{}, false
	}
	const silent = "the directory does not record it"
	d.account = scanners.Account{
		ID: id, DN: word(e.dn), Logins: collect(e, m.login), DisplayName: word(firstOf(e, "displayname", "cn", "name")),
		Mails: m.mails(e), EmployeeIDs: collect(e, m.employee), Anchors: m.anchorsOf(e),
		DisabledAt: scanners.Unknown[time.Time](silent),
		Created:    generalized(e, m.dir.traits.created, scanners.Unknown[time.Time](m.dir.traits.created+" is not shown")),
		Manager:    word(e.one("manager")), Owner: word(firstOf(e, "managedby", "owner")),
		Evidence: m.evidenceOf(e),
	}
	if m.sponsor != "" {
		d.account.Sponsor = word(e.one(m.sponsor))
	}
	d.memberOf, d.heldBack = slices.Clone(e.all("memberof")), e.more("memberof")
	d.uid, d.gid = e.one("uid"), e.one("gidnumber")
	if m.dir.family.windows() {
		m.windows(e, &d)
	} else {
		m.posix(e, &d)
	}
	m.conventions(e, &d.account)
	return d, true
}

func (m *mapper) id(e *entry) (string, bool) {
	if m.dir.family.windows() {
		return guidText(e.one("objectguid"))
	}
	id := strings.ToLower(e.one(strings.ToLower(m.dir.traits.id)))
	return id, id != "" && printable(id)
}

// anchorsOf reads the anchors. One of 16 binary bytes is a GUID.
func (m *mapper) anchorsOf(e *entry) []string {
	var out []string
	for _, slot := range m.anchors {
		for _, v := range e.at(slot) {
			if guid, ok := guidText(v); ok && !printable(v) {
				v = guid
			}
			out = append(out, text(v))
		}
	}
	return out
}

// mails collects addresses, primary first: mail, then proxyAddresses, of which "SMTP:" is the primary and other protocols
// than smtp are no mail.
func (m *mapper) mails(e *entry) []string {
	var primary, further []string
	add := func(to *[]string, address string) {
		same := func(other string) bool { return strings.EqualFold(other, address) }
		if address != "" && !slices.ContainsFunc(primary, same) && !slices.ContainsFunc(further, same) {
			*to = append(*to, word(address))
		}
	}
	for i, slot := range m.mail {
		name := m.dir.traits.mails[i]
		for _, v := range e.at(slot) {
			protocol, address, prefixed := strings.Cut(v, ":")
			switch {
			case !prefixed && strings.EqualFold(name, "mail"):
				add(&primary, v)
			case !prefixed:
				add(&further, v)
			case protocol == "SMTP":
				add(&primary, address)
			case strings.EqualFold(protocol, "smtp"):
				add(&further, address)
			}
		}
	}
	return append(primary, further...)
}

func (m *mapper) evidenceOf(e *entry) []scanners.Attribute {
	attributes, count := 0, 0
	for _, slot := range m.evidence {
		if n := len(e.at(slot)); n > 0 {
			attributes, count = attributes+1, count+n
		}
	}
	out, values := make([]scanners.Attribute, 0, attributes), make([]string, 0, count)
	for i, slot := range m.evidence {
		name, from := m.dir.traits.evidence[i], len(values)
		for _, v := range e.at(slot) {
			if name == "objectSid" {
				if sid, _, ok := sidText(v); ok {
					v = sid
				}
			}
			values = append(values, text(v))
		}
		if len(values) > from {
			out = append(out, scanners.Attribute{Name: name, Values: values[from:len(values):len(values)]})
		}
	}
	return out
}

// conventions applies the configured signs of a disabled account.
func (m *mapper) conventions(e *entry, a *scanners.Account) {
	for _, d := range m.config.Disabled {
		for _, v := range e.all(strings.ToLower(d.Attribute)) {
			if slices.ContainsFunc(d.Values, func(off string) bool { return strings.EqualFold(off, v) }) {
				a.Enabled = scanners.Known(false)
			}
		}
	}
}

// collect gathers the values of several attributes without repetition.
func collect(e *entry, slots []int) []string {
	var out []string
	for _, slot := range slots {
		for _, v := range e.at(slot) {
			if v = word(v); v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

func firstOf(e *entry, names ...string) string {
	for _, n := range names {
		if v := e.one(n); v != "" {
			return v
		}
	}
	return ""
}

// integer is the fact that an attribute states in decimal.
func integer(e *entry, name string) scanners.Fact[int64] {
	value := e.one(name)
	if value == "" {
		return scanners.Unknown[int64](name + " is not shown")
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return scanners.Unknown[int64](name + ": " + strconv.Quote(text(value)) + " is no number")
	}
	return scanners.Known(n)
}

func hasClass(e *entry, classes ...string) string {
	for _, have := range e.all("objectclass") {
		for _, want := range classes {
			if strings.EqualFold(have, want) {
				return want
			}
		}
	}
	return ""
}
