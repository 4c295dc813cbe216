package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

const pagingOID = goldap.ControlTypePaging

// directory is what is known of the server before the accounts are read.
type directory struct {
	family   family
	traits   traits
	contexts []string
	// naming is the default naming context, bases where the accounts are searched.
	naming string
	bases  []string
	// paging says that pages can be asked for.
	paging bool
	// records are the attributes that the server is seen to keep up to date; unrecorded says why there are none.
	records    []record
	unrecorded string
	// stateless says that the schema has no attribute that could disable an account.
	stateless bool
	domain    domain
	groups    *groups
	gaps      []scanners.Gap
}

// record is an attribute in which the server records sign-ins.
type record struct {
	name string
	// since is from when on a missing value means that there was no sign-in.
	since     time.Time
	precision time.Duration
}

// domain is what Active Directory says of its domain.
type domain struct {
	sid string
	// lag is by how much lastLogonTimestamp may be late; frozen says that it is not written at all.
	lag     time.Duration
	frozen  bool
	lockout time.Duration // 0: until an administrator unlocks
	known   bool
}

// list runs a small search and hands each entry to use. The result "size limit exceeded" is no error when q sets a limit.
func (c *session) list(ctx context.Context, q query, use func(*entry) error) (answer, error) {
	d := newDecoder(q.attributes)
	a, err := c.search(ctx, q, func(content []byte) error {
		e, err := d.decode(content)
		if err != nil {
			return err
		}
		return use(e)
	})
	if q.limit > 0 && a.code == goldap.LDAPResultSizeLimitExceeded && resultCode(err) == goldap.LDAPResultSizeLimitExceeded {
		err = nil
	}
	return a, err
}

// survey asks the server about itself and settles what the scan will ask.
func (s *source) survey(ctx context.Context, c *session) (*directory, error) {
	d := &directory{family: family(s.config.Family), bases: s.config.Bases, paging: true, gaps: slices.Clone(c.gaps)}
	seen := false
	_, err := c.list(ctx, query{scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: rootDSEAttributes()},
		func(root *entry) error {
			seen = true
			d.root(root)
			return nil
		})
	if err != nil && resultCode(err) == goldap.ErrorNetwork {
		return nil, fmt.Errorf("read the root entry: %w", err)
	}
	if d.family == "" {
		return nil, &scanners.ConfigError{Err: errors.New("the server does not show its root entry, so its family is not known\n" +
			"hint: set family (openldap, ad, samba, 389ds, freeipa or other), or let the reading account see the root entry")}
	}
	if !seen {
		d.gaps = append(d.gaps, scanners.Gap{What: "root entry of the server", Cause: "it is not shown to this account",
			Effect: "family and bases are taken from the configuration"})
	}
	d.traits = traitsOf(d.family).configured(s.config)
	if len(d.bases) == 0 {
		if d.bases = d.defaultBases(); len(d.bases) == 0 {
			return nil, &scanners.ConfigError{Err: errors.New("the server names no naming context\nhint: set base")}
		}
	}
	return d, s.learn(ctx, c, d)
}

// root reads the root entry.
func (d *directory) root(root *entry) {
	if d.family == "" {
		d.family = familyOf(root)
	}
	d.contexts = slices.Clone(root.all("namingcontexts"))
	d.naming = root.one("defaultnamingcontext")
	if controls := root.all("supportedcontrol"); len(controls) > 0 {
		d.paging = slices.Contains(controls, pagingOID)
	}
}

func (d *directory) defaultBases() []string {
	if d.naming != "" {
		return []string{d.naming}
	}
	return slices.DeleteFunc(slices.Clone(d.contexts), func(dn string) bool {
		low := strings.ToLower(dn)
		return low == "" || strings.HasPrefix(low, "cn=config") || strings.HasPrefix(low, "cn=monitor") || strings.HasPrefix(low, "cn=changelog") || low == "o=netscaperoot"
	})
}

// context is the naming context that holds dn; dn itself when the server does not say.
func (d *directory) context(dn string) string {
	best, folded := dn, fold(dn)
	found := ""
	for _, c := range append(slices.Clone(d.contexts), d.naming) {
		if f := fold(c); c != "" && below(folded, f) && len(f) > len(found) {
			best, found = c, f
		}
	}
	return best
}

// learn reads what the facts of every account depend on: the domain, the record of sign-ins, the groups.
func (s *source) learn(ctx context.Context, c *session, d *directory) error {
	if d.family.windows() {
		if err := c.domain(ctx, d); err != nil {
			return fmt.Errorf("read the domain: %w", err)
		}
	}
	if err := s.findRecords(ctx, c, d); err != nil {
		return fmt.Errorf("look for the record of sign-ins: %w", err)
	}
	if d.family != openLDAP {
		return nil
	}
	var err error
	if d.stateless, err = c.lacks(ctx, d.traits.state); err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	return nil
}

// domain reads the head of the domain.
func (c *session) domain(ctx context.Context, d *directory) error {
	base := d.naming
	if base == "" {
		base = d.context(d.bases[0])
	}
	q := query{base: base, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)",
		attributes: []string{"objectSid", "msDS-LogonTimeSyncInterval", "lockoutDuration"}}
	_, err := c.list(ctx, q, func(e *entry) error {
		d.domain = domainOf(e)
		return nil
	})
	if err == nil || resultCode(err) != goldap.ErrorNetwork {
		if !d.domain.known {
			d.gaps = append(d.gaps, scanners.Gap{What: "head of the domain " + base, Cause: "it is not readable",
				Effect: "last activity is taken to be up to 14 days late; administrators are known by adminCount only"})
			d.domain.lag = defaultLag
		}
		return nil
	}
	return err
}

const (
	defaultLag = 14 * 24 * time.Hour
	oneDay     = 24 * time.Hour
)

func domainOf(e *entry) domain {
	out := domain{lag: defaultLag}
	out.sid, _, out.known = sidText(e.one("objectsid"))
	if text := e.one("msds-logontimesyncinterval"); text != "" {
		var days int
		if _, err := fmt.Sscanf(text, "%d", &days); err == nil && days >= 0 && days <= 100_000 {
			out.lag, out.frozen = time.Duration(days)*oneDay, days == 0
		}
	}
	if span, ok := interval(e.one("lockoutduration")); ok {
		out.lockout = span
	}
	return out
}

// lacks reports whether the schema is readable and does not define attribute.
func (c *session) lacks(ctx context.Context, attribute string) (bool, error) {
	where := ""
	q := query{scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: []string{"subschemaSubentry"}}
	if _, err := c.list(ctx, q, func(e *entry) error { where = e.one("subschemasubentry"); return nil }); err != nil || where == "" {
		return false, lostOnly(err)
	}
	defined, read := false, false
	q = query{base: where, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: []string{"attributeTypes"}}
	_, err := c.list(ctx, q, func(e *entry) error {
		for _, definition := range e.all("attributetypes") {
			read = true
			defined = defined || strings.Contains(strings.ToLower(definition), "'"+strings.ToLower(attribute)+"'")
		}
		return nil
	})
	return read && !defined, lostOnly(err)
}

// lostOnly keeps the errors after which the connection is of no use; a refusal of the server answers the question.
func lostOnly(err error) error {
	if err != nil && resultCode(err) == goldap.ErrorNetwork {
		return err
	}
	return nil
}
