package ldap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// Lookup reads one account again by its immutable id, wherever below the bases it is now and whatever it has become. It is
// not there (never) only when every base was searched to the end and none referred elsewhere.
func (s *source) Lookup(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	var account scanners.Account
	found := scanners.Unknown[bool]("the directory did not answer")
	err := s.env.Allocation.Do(ctx, func() (err error) {
		account, found, err = s.lookup(ctx, id)
		return err
	})
	if err != nil {
		return scanners.Account{}, scanners.Unknown[bool](firstLine(err)), fmt.Errorf("look up %q: %w", id, err)
	}
	return account, found, nil
}

func (s *source) lookup(ctx context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	var none scanners.Account
	c, err := s.open(ctx, s.servers)
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	defer c.close()
	dir, err := s.survey(ctx, c)
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	filter, err := idFilter(dir, id)
	if err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	d, unsure, err := s.find(ctx, c, dir, filter)
	switch {
	case err != nil:
		return none, scanners.Fact[bool]{}, err
	case d == nil && unsure != "":
		return none, scanners.Unknown[bool](unsure), nil
	case d == nil:
		return none, scanners.Never[bool](), nil
	}
	r := &reader{source: s, dir: dir, result: &outcome{}, dcs: newControllers(s, dir)}
	defer r.dcs.close()
	r.eyes = eyes{session: c, filter: dir.traits.filter, known: map[string]bool{}}
	if err := s.groupsOf(ctx, c, dir, d); err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	if d.heldBack == 0 {
		dir.groups.grant(d, dir)
	}
	one := []draft{*d}
	if err := errors.Join(r.dcs.ask(ctx, one), r.settle(ctx, c, &one[0])); err != nil {
		return none, scanners.Fact[bool]{}, err
	}
	return one[0].account, scanners.Known(true), nil
}

func idFilter(d *directory, id string) (string, error) {
	if d.family.windows() {
		guid, ok := guidBytes(id)
		if !ok {
			return "", fmt.Errorf("%q is no objectGUID", id)
		}
		return "(objectGUID=" + escapeBytes(guid) + ")", nil
	}
	return "(" + d.traits.id + "=" + goldap.EscapeFilter(id) + ")", nil
}

// find searches the id below every base. unsure says why not finding it means nothing.
func (s *source) find(ctx context.Context, c *session, dir *directory, filter string) (found *draft, unsure string, err error) {
	attributes := dir.traits.attributes(s.config)
	decode := newDecoder(attributes)
	m := newMapper(dir, s.config, s.env.Now(), decode)
	for _, base := range dir.bases {
		q := query{base: base, scope: s.scope(), filter: filter, attributes: attributes}
		a, err := c.search(ctx, q, func(content []byte) error {
			e, err := decode.decode(content)
			if err != nil {
				return err
			}
			d, ok := m.draft(e)
			if !ok {
				return errors.New("the entry shows no immutable id")
			}
			if found != nil && found.account.ID != d.account.ID {
				return fmt.Errorf("two entries have this id: %q and %q", found.account.DN, d.account.DN)
			}
			found = &d
			return nil
		})
		switch {
		case err != nil && resultCode(err) == goldap.LDAPResultNoSuchObject:
			unsure = fmt.Sprintf("the base %q is not there, or not visible", base)
		case err != nil:
			return nil, "", fmt.Errorf("search below %q: %w%s", base, err, searchHint(err))
		}
		for _, place := range a.references {
			if dn := referredDN(place); !(dir.family.windows() && partition(dn)) && !s.elsewhere(dn) {
				unsure = "the server refers to " + place
			}
		}
	}
	if found == nil && unsure == "" {
		return nil, s.proveSight(ctx, c, dir), nil
	}
	return found, unsure, nil
}

// proveSight guards against taking lost rights for a deleted account: some account has to be visible below the bases.
func (s *source) proveSight(ctx context.Context, c *session, dir *directory) string {
	v := eyes{session: c}
	for _, base := range dir.bases {
		if seen, err := v.matches(ctx, query{base: base, scope: s.scope(), filter: dir.traits.filter}); err == nil && seen {
			return ""
		}
	}
	return "no account at all is visible to this account"
}

// groupsOf reads the groups that hold the account, and those that hold them: what a scan would know of them.
func (s *source) groupsOf(ctx context.Context, c *session, dir *directory, d *draft) error {
	if s.groupsFrom(dir) == "none" {
		return s.readGroups(ctx, c, dir)
	}
	dir.groups = newGroups(s.config)
	filters := []string{memberFilter(dir, d.account.DN)}
	if d.uid != "" && !dir.family.windows() {
		filters = append(filters, "(memberUid="+goldap.EscapeFilter(d.uid)+")")
	}
	if sid, ok := sidBytes(dir.domain.sid + "-" + strconv.FormatUint(uint64(d.primary), 10)); ok && d.primary != 0 {
		filters = append(filters, "(objectSid="+escapeBytes(sid)+")")
	}
	if d.gid != "" && !dir.family.windows() {
		filters = append(filters, "(gidNumber="+goldap.EscapeFilter(d.gid)+")")
	}
	for asked := 0; ; {
		filter := "(&" + dir.traits.groups + "(|" + strings.Join(filters, "") + "))"
		for _, base := range s.groupBases(dir) {
			if err := s.readGroupsBelow(ctx, c, dir, base, filter); err != nil {
				return fmt.Errorf("read groups: %w", err)
			}
		}
		if asked == len(dir.groups.list) {
			break
		}
		filters = nil
		for ; asked < len(dir.groups.list); asked++ {
			filters = append(filters, memberFilter(dir, dir.groups.list[asked].dn))
		}
	}
	dir.groups.nest()
	return s.sureOfGroups(ctx, c, dir)
}

func memberFilter(dir *directory, dn string) string {
	value := goldap.EscapeFilter(dn)
	if dir.family.windows() {
		return "(member=" + value + ")"
	}
	return "(member=" + value + ")(uniqueMember=" + value + ")"
}

// sureOfGroups asks whether memberships are visible at all, as the scan learns by reading all groups.
func (s *source) sureOfGroups(ctx context.Context, c *session, dir *directory) error {
	shown := "(|(member=*)(uniqueMember=*)(memberUid=*))"
	if s.groupsFrom(dir) == "memberof" {
		shown = "(memberOf=*)"
	}
	v, visible, any := eyes{session: c}, false, false
	for _, base := range s.groupBases(dir) {
		for _, q := range []struct {
			filter string
			into   *bool
		}{{dir.traits.groups, &any}, {"(&" + dir.traits.groups + shown + ")", &visible}} {
			found, err := v.matches(ctx, query{base: base, scope: goldap.ScopeWholeSubtree, filter: q.filter})
			if err != nil {
				return err
			}
			*q.into = *q.into || found
		}
	}
	g := dir.groups
	switch {
	case any && !visible:
		g.unsure = "no group shows its members: they are not readable by this account"
	case dir.family.windows() && !dir.domain.known:
		g.unsure = "the SID of the domain is not readable"
	case dir.family.windows():
		sid, _ := sidBytes(fmt.Sprintf("%s-%d", dir.domain.sid, ridDomainAdmins))
		found, err := v.matches(ctx, query{base: s.groupBases(dir)[0], scope: goldap.ScopeWholeSubtree, filter: "(objectSid=" + escapeBytes(sid) + ")"})
		if err != nil {
			return err
		}
		if !found {
			g.unsure = "the group Domain Admins is not visible"
		}
	}
	for dn := range g.admins {
		if found, err := v.matches(ctx, query{base: dn, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)"}); err != nil {
			return err
		} else if !found && g.unsure == "" {
			g.unsure = fmt.Sprintf("the privileged group %q is not visible", dn)
		}
	}
	return nil
}
