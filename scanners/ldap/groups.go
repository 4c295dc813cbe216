package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// group is one group of the directory.
type group struct {
	dn, id, name string
	// admin says why its members are privileged; empty when they are not.
	admin string
	// within are the DNs of the groups that it is itself a member of, as far as its own entry shows them.
	within []string
}

// groups is what is known of the groups: enough to tell the grants of an account. Its memory grows with memberships where
// the groups list their members, and with groups alone where the accounts list their groups.
type groups struct {
	list  []group
	byDN  map[string]int
	byRID map[uint32]int
	byGID map[string]int
	// members maps folded DNs, uids the login names, of members to the groups that list them.
	members, uids map[string][]int32
	// unsure says why the absence of a grant means nothing; empty when the groups were read whole.
	unsure string
	// failed says why the groups could not be read to the end.
	failed string

	admins map[string]bool // folded DNs of the configured privileged groups
	// above lists, for every group, the groups that hold it, directly or through others.
	above [][]int
}

func newGroups(c Config) *groups {
	g := &groups{byDN: map[string]int{}, byRID: map[uint32]int{}, byGID: map[string]int{}, members: map[string][]int32{},
		uids: map[string][]int32{}, admins: map[string]bool{}}
	for _, dn := range c.Privileged.Groups {
		g.admins[fold(dn)] = true
	}
	return g
}

// groupsFrom is where grants come from: "entries", "memberof" or "none".
func (s *source) groupsFrom(d *directory) string {
	switch {
	case s.config.Groups.From != "":
		return s.config.Groups.From
	case d.family.windows():
		return "memberof"
	default:
		return "entries"
	}
}

var memberAttributes = []string{"member", "uniqueMember", "memberUid"}

func (s *source) groupAttributes(d *directory) []string {
	list := []string{d.traits.id, "cn", "objectSid", "gidNumber", "memberOf", "objectClass"}
	if s.groupsFrom(d) == "entries" {
		list = append(list, memberAttributes...)
	}
	return unique(list)
}

// readGroups reads every group of the naming contexts.
func (s *source) readGroups(ctx context.Context, c *session, d *directory) error {
	d.groups = newGroups(s.config)
	if s.groupsFrom(d) == "none" {
		d.groups.unsure = "groups are not read (groups.from is none)"
		return nil
	}
	for _, base := range s.groupBases(d) {
		if err := s.readGroupsBelow(ctx, c, d, base, d.traits.groups); err != nil {
			if lostOnly(err) != nil {
				return fmt.Errorf("read groups: %w", err)
			}
			d.groups.failed = fmt.Sprintf("groups below %q: %v", base, err)
		}
	}
	d.groups.settle(d, s.groupsFrom(d))
	return nil
}

func (s *source) groupBases(d *directory) []string {
	if len(s.config.Groups.Bases) > 0 {
		return s.config.Groups.Bases
	}
	var out []string
	for _, b := range d.bases {
		if context := d.context(b); !slices.Contains(out, context) {
			out = append(out, context)
		}
	}
	return out
}

// readGroupsBelow reads the groups that match filter and adds them.
func (s *source) readGroupsBelow(ctx context.Context, c *session, d *directory, base, filter string) error {
	decode := newDecoder(s.groupAttributes(d))
	type rest struct {
		index     int
		attribute string
		next      int
	}
	var held []rest
	q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: filter, attributes: s.groupAttributes(d)}
	w := &walker{session: c, query: q, retries: s.retries}
	w.each = func(content []byte) error {
		e, err := decode.decode(content)
		if err != nil {
			return err
		}
		index, fresh := d.groups.add(e, d)
		for _, a := range memberAttributes {
			if fresh {
				d.groups.list1(index, a, e.all(strings.ToLower(a)))
			}
			if next := e.more(strings.ToLower(a)); next > 0 && fresh {
				held = append(held, rest{index, a, next})
			}
		}
		return nil
	}
	w.turn = func() error {
		for _, h := range held {
			dn := d.groups.list[h.index].dn
			err := c.rest(ctx, dn, h.attribute, h.next, func(values []string) { d.groups.list1(h.index, h.attribute, values) })
			if err != nil {
				return fmt.Errorf("members of %q: %w", dn, err)
			}
		}
		held = held[:0]
		return nil
	}
	if d.paging {
		w.query.page = s.config.PageSize
	}
	return w.walk(ctx)
}

// rest reads the values of an attribute that the server held back, range by range.
func (c *session) rest(ctx context.Context, dn, attribute string, next int, use func([]string)) error {
	for next > 0 {
		decode, after := newDecoder([]string{attribute}), 0
		q := query{base: dn, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)",
			attributes: []string{attribute + ";range=" + strconv.Itoa(next) + "-*"}}
		_, err := c.search(ctx, q, func(content []byte) error {
			e, err := decode.decode(content)
			if err == nil {
				use(e.all(strings.ToLower(attribute)))
				after = e.more(strings.ToLower(attribute))
			}
			return err
		})
		if err != nil {
			return err
		}
		if after != 0 && after <= next {
			return fmt.Errorf("the server repeats the values from %d on", after)
		}
		next = after
	}
	return nil
}

// add keeps a group and gives its index; fresh is false when it was there already.
func (g *groups) add(e *entry, d *directory) (index int, fresh bool) {
	key := fold(e.dn)
	if i, ok := g.byDN[key]; ok {
		return i, false
	}
	n := group{dn: e.dn, id: word(e.dn), name: word(e.one("cn")), within: slices.Clone(e.all("memberof"))}
	if id, ok := (&mapper{dir: d}).id(e); ok {
		n.id = id
	}
	if g.admins[key] {
		n.admin = "configured as privileged"
	}
	i := len(g.list)
	if sid, rid, ok := sidText(e.one("objectsid")); ok {
		if why := adminGroup(sid, rid); why != "" && n.admin == "" {
			n.admin = why
		}
		if strings.HasPrefix(sid, d.domain.sid+"-") {
			g.byRID[rid] = i
		}
	}
	if d.family == freeIPA && strings.HasPrefix(key, "cn=admins,cn=groups,cn=accounts,") && n.admin == "" {
		n.admin = "FreeIPA administrators"
	}
	if gid := e.one("gidnumber"); gid != "" {
		g.byGID[gid] = i
	}
	g.byDN[key] = i
	g.list = append(g.list, n)
	return i, true
}

// list1 notes members of a group.
func (g *groups) list1(index int, attribute string, members []string) {
	for _, m := range members {
		into, key := g.members, ""
		if attribute == "memberUid" {
			into, key = g.uids, m
		} else {
			key = fold(memberDN(m))
		}
		if of := into[key]; len(of) == 0 || of[len(of)-1] != int32(index) {
			into[key] = append(of, int32(index))
		}
	}
}

// memberDN takes the optional identifier off a value of uniqueMember ("cn=x,dc=y#'0101'B").
func memberDN(value string) string {
	if i := strings.LastIndex(value, "#'"); i > 0 && strings.HasSuffix(value, "'B") {
		return value[:i]
	}
	return value
}

// adminGroup tells the groups that administer a Windows domain by SID: names are translated and can be changed.
func adminGroup(sid string, rid uint32) string {
	names := map[string]map[uint32]string{
		"S-1-5-32-": {544: "Administrators", 548: "Account Operators", 549: "Server Operators", 550: "Print Operators", 551: "Backup Operators"},
		"S-1-5-21-": {512: "Domain Admins", 518: "Schema Admins", 519: "Enterprise Admins", 520: "Group Policy Creator Owners",
			526: "Key Admins", 527: "Enterprise Key Admins"},
	}
	for prefix, rids := range names {
		if strings.HasPrefix(sid, prefix) && rids[rid] != "" {
			return sid + ", " + rids[rid]
		}
	}
	return ""
}

// settle judges whether the absence of a membership can be believed.
func (g *groups) settle(d *directory, from string) {
	g.nest()
	shown := false
	for _, one := range g.list {
		shown = shown || len(one.within) > 0
	}
	switch {
	case g.failed != "":
		g.unsure = g.failed
	case from == "memberof" && !shown:
		g.unsure = "no group shows memberOf: it is not maintained, or not readable by this account"
	case from == "entries" && len(g.list) > 0 && len(g.members) == 0 && len(g.uids) == 0:
		g.unsure = "no group shows its members: they are not readable by this account"
	case d.family.windows() && !d.domain.known:
		g.unsure = "the SID of the domain is not readable"
	case d.family.windows() && !g.has(ridDomainAdmins):
		g.unsure = "the group Domain Admins is not visible"
	}
	for dn := range g.admins {
		if _, ok := g.byDN[dn]; !ok && g.unsure == "" {
			g.unsure = fmt.Sprintf("the privileged group %q is not visible", dn)
		}
	}
	if g.unsure != "" {
		d.gaps = append(d.gaps, scanners.Gap{What: "groups", Cause: g.unsure,
			Effect: "grants may be missing; an account that is not seen to be privileged is unknown"})
	}
}

func (g *groups) has(rid uint32) bool {
	_, ok := g.byRID[rid]
	return ok
}

// direct finds the groups that hold the account itself. fixed are those that cannot be taken from it (primary group).
func (g *groups) direct(d *draft) (groups, fixed []int, foreign []string) {
	add := func(to []int, i int) []int {
		if slices.Contains(groups, i) || slices.Contains(fixed, i) {
			return to
		}
		return append(to, i)
	}
	for _, dn := range d.memberOf {
		if i, ok := g.byDN[fold(dn)]; ok {
			groups = append(groups, i)
		} else {
			foreign = append(foreign, dn)
		}
	}
	if len(g.members) > 0 {
		for _, i := range g.members[fold(d.account.DN)] {
			groups = add(groups, int(i))
		}
	}
	if d.uid != "" {
		for _, i := range g.uids[d.uid] {
			groups = add(groups, int(i))
		}
	}
	if i, ok := g.byRID[d.primary]; ok && d.primary != 0 {
		fixed = add(fixed, i)
	}
	if i, ok := g.byGID[d.gid]; ok && d.gid != "" {
		fixed = add(fixed, i)
	}
	return groups, fixed, foreign
}

// nest fills in above, once all groups are there.
func (g *groups) nest() {
	g.above = make([][]int, len(g.list))
	for i := range g.list {
		g.above[i] = g.over(i)
	}
}

// over lists the groups that hold group i, directly or through others.
func (g *groups) over(i int) []int {
	seen, queue := map[int]bool{i: true}, []int{i}
	var out []int
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		next := slices.Clone(g.members[fold(g.list[at].dn)])
		for _, dn := range g.list[at].within {
			if p, ok := g.byDN[fold(dn)]; ok {
				next = append(next, int32(p))
			}
		}
		for _, n := range next {
			if !seen[int(n)] {
				seen[int(n)] = true
				out, queue = append(out, int(n)), append(queue, int(n))
			}
		}
	}
	return out
}

// grant sets the grants of a draft and whether it is privileged.
func (g *groups) grant(d *draft, dir *directory) {
	direct, fixed, foreign := g.direct(d)
	if len(direct)+len(fixed)+len(foreign) == 0 {
		g.privilege(d, dir, "")
		return
	}
	seen, why := map[int]bool{}, ""
	add := func(i int, isDirect, removable bool, through string) {
		if seen[i] {
			return
		}
		seen[i] = true
		one := g.list[i]
		d.account.Grants = append(d.account.Grants, scanners.Grant{ID: one.id, Name: one.name, Type: "group", Direct: isDirect, Removable: removable})
		if one.admin != "" && why == "" {
			why = "member of " + one.name + through + " (" + one.admin + ")"
		}
	}
	for _, i := range direct {
		add(i, true, true, "")
	}
	for _, i := range fixed {
		add(i, true, false, " as primary group")
	}
	for _, i := range append(slices.Clone(direct), fixed...) {
		for _, j := range g.above[i] {
			add(j, false, false, " through "+g.list[i].name)
		}
	}
	for _, dn := range foreign {
		name := strings.TrimSuffix(dn, ","+parent(dn))
		_, name, _ = strings.Cut(name, "=")
		d.account.Grants = append(d.account.Grants, scanners.Grant{ID: word(dn), Name: word(name), Type: "group", Direct: true, Removable: true})
		if g.admins[fold(dn)] && why == "" {
			why = "member of " + word(name) + " (configured as privileged)"
		}
	}
	slices.SortStableFunc(d.account.Grants, compareGrants)
	g.privilege(d, dir, why)
}

func compareGrants(a, b scanners.Grant) int {
	if a.Direct != b.Direct {
		if a.Direct {
			return -1
		}
		return 1
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func (g *groups) privilege(d *draft, dir *directory, why string) {
	a := &d.account
	switch {
	case why != "":
	case d.rid == ridAdministrator:
		why = "RID 500, the built-in administrator"
	case d.protected:
		why = "adminCount 1: it is or was in a protected group"
	}
	switch {
	case why != "":
		a.Privileged, a.PrivilegedWhy = scanners.Known(true), why
	case g.unsure != "":
		a.Privileged = scanners.Unknown[bool](g.unsure)
	case len(g.admins) == 0 && !dir.family.windows() && dir.family != freeIPA:
		a.Privileged = scanners.Unknown[bool]("no group is configured as privileged")
	default:
		a.Privileged = scanners.Known(false)
	}
}
