package reconcile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/leaver-audit/leaver/scanners"
)

// RosterBuilder collects people. The order of calls does not matter to the result.
type RosterBuilder struct {
	settings Settings
	history  []PastPerson
	rows     *rows
	zones    zones
	byID     map[string]*collected // by people source
	people   gathering
	// further holds the rows beyond the first of people who have several.
	further  [][]rowRef
	reserved map[string]string
	// unread says of people whose row was rejected where it stands; nameless does of rows without a readable id, by source and
	// other keys.
	unread   map[personKey]string
	nameless map[personKey]string
	read     int64
	merged   int64
	// systems are the people sources in the order of their names; the people of one begin, once sorted, at the number in begin that
	// has its place, and end where those of the next do.
	systems []string
	begin   []int32
	// latest is the source of the last person who was new; unsorted is whether anybody came before somebody whom they follow in
	// the numbering.
	latest   *collected
	unsorted bool
	// mails and others count the addresses and other ids of people who are settled; mu guards them and the roster's disputes.
	mu            sync.Mutex
	mails, others int
}

type personKey struct{ system, id string }

// gathered is one person while rows are still coming in: the first row, the number of their entry in further and that of
// their entry in the history, both -1 for none.
type gathered struct {
	row     rowRef // noRow when only the history knows the person
	further int32
	past    int32
}

const noRow = ^rowRef(0)

// gathering is a list of people that grows without being copied.
type gathering struct {
	parts [][]gathered
	n     int
}

// partBits makes parts of 16 KB: most rosters are those of tests.
const partBits = 10

func (c *gathering) at(i int32) *gathered { return &c.parts[i>>partBits][i&(1<<partBits-1)] }

func (c *gathering) add(g gathered) *gathered {
	if c.n == len(c.parts)<<partBits {
		c.parts = append(c.parts, make([]gathered, 0, 1<<partBits))
	}
	last := &c.parts[len(c.parts)-1]
	*last = append(*last, g)
	c.n++
	return &(*last)[len(*last)-1]
}

// all yields everybody in their order.
func (c *gathering) all() iter.Seq2[int32, *gathered] {
	return func(yield func(int32, *gathered) bool) {
		for i := range int32(c.n) {
			if !yield(i, c.at(i)) {
				return
			}
		}
	}
}

// collected finds the people of one source again while rows are coming in. As long as these come ordered by id, as most exports
// have them, the last one tells that the next is new.
type collected struct {
	system string
	// people counts them until there is a table. last is the folded id of the latest of them, the highest.
	people        int
	first, latest int32
	last          []byte
	table         *slots
}

// NewRoster starts a roster. History may be the zero value.
func NewRoster(settings Settings, history History) *RosterBuilder {
	b := &RosterBuilder{settings: settings, history: history.People, rows: &rows{}, zones: zones{}, byID: map[string]*collected{}, reserved: map[string]string{},
		unread: map[personKey]string{}, nameless: map[personKey]string{}}
	for i := range history.People {
		past := &history.People[i].Person
		b.zones.named(past.Zone)
		b.person(past.System, past.ID).past = int32(i)
	}
	return b
}

func (b *RosterBuilder) person(system, id string) *gathered {
	ids := b.byID[system]
	if ids == nil {
		ids = &collected{system: strings.Clone(system), first: int32(b.people.n)}
		b.byID[ids.system] = ids
	}
	key := Fold(id)
	switch {
	case ids.table != nil:
	case ids.people == 0 || key > string(ids.last):
		if ids != b.latest {
			b.unsorted = b.unsorted || b.latest != nil && ids.system < b.latest.system
			b.latest = ids
		}
		ids.last, ids.latest = append(ids.last[:0], key...), int32(b.people.n)
		ids.people++
		return b.newPerson()
	case key == string(ids.last):
		return b.people.at(ids.latest)
	default:
		b.makeTable(ids)
	}
	slot, i := ids.table.find(key)
	if i < 0 {
		b.unsorted = true
		ids.table.put(slot, key, int32(b.people.n))
		return b.newPerson()
	}
	return b.people.at(i)
}

func (b *RosterBuilder) newPerson() *gathered { return b.people.add(gathered{noRow, -1, -1}) }

// makeTable lets people of a source be found whatever the order of rows.
func (b *RosterBuilder) makeTable(ids *collected) {
	has := func(i int32, key string) bool { _, id := b.identity(b.people.at(i)); return Fold(id) == key }
	table := newSlots(2*ids.people, has)
	for i, left := ids.first, ids.people; left > 0; i++ {
		if system, id := b.identity(b.people.at(i)); system == ids.system {
			slot, _ := table.find(Fold(id))
			table.put(slot, Fold(id), i)
			left--
		}
	}
	ids.table = &table
}

// Add takes one row of a people source. It keeps nothing of the row's memory.
func (b *RosterBuilder) Add(row scanners.Person) {
	b.read++
	b.zones.named(row.Zone)
	g := b.person(row.System, row.ID)
	ref := b.rows.add(&row)
	if g.row == noRow {
		g.row = ref
		return
	}
	b.merged++
	if g.further < 0 {
		g.further = int32(len(b.further))
		b.further = append(b.further, nil)
	}
	b.further[g.further] = append(b.further[g.further], ref)
}

// Reserve keeps the keys of a people row that could not be read: accounts that carry one of them are disputed, and so are
// those that lead to the same person by what another row or the history knows.
func (b *RosterBuilder) Reserve(source string, rejected scanners.Rejection) {
	where := fmt.Sprintf("%s %s could not be read (%s)", source, rejected.Place, rejected.Reason)
	if rejected.ID != "" {
		first(b.reserved, KeyEmployeeID+"="+stripZeros(Fold(rejected.ID)), where)
		first(b.unread, personKey{source, Fold(rejected.ID)}, where)
	}
	for _, key := range rejected.Keys {
		reserved := KeyEmployeeID + "=" + stripZeros(Fold(key))
		if mail := mailKey(key, b.settings.MailDomains); mail != "" {
			reserved = KeyMail + "=" + mail
		}
		first(b.reserved, reserved, where)
		if rejected.ID == "" {
			first(b.nameless, personKey{source, reserved}, where)
		}
	}
}

// unreadRow says where the row of p stands that could not be read: by its id, or by another key of p where the row has lost
// its id.
func (b *RosterBuilder) unreadRow(p *Person) (where string, yes bool) {
	if where, yes = b.unread[personKey{p.System, Fold(p.ID)}]; yes || len(b.nameless) == 0 {
		return where, yes
	}
	var keys []string
	for _, mail := range p.Mails {
		keys = append(keys, KeyMail+"="+mailKey(mail, b.settings.MailDomains))
	}
	for _, id := range p.OtherIDs {
		keys = append(keys, KeyEmployeeID+"="+stripZeros(Fold(id)))
	}
	for _, key := range keys {
		if where, yes = b.nameless[personKey{p.System, key}]; yes {
			return where, true
		}
	}
	return "", false
}

// first keeps the first text in alphabetical order, so that the order of calls does not matter.
func first[K comparable](texts map[K]string, key K, text string) {
	if old, taken := texts[key]; !taken || text < old {
		texts[key] = text
	}
}

// Build merges rows into people, settles their state at the as-of and indexes their keys. The builder is of no use afterwards.
func (b *RosterBuilder) Build() *Roster {
	r := &Roster{
		further: map[int32][]rowRef{}, rehires: map[int32]string{},
		ids: map[string]*sourceIDs{}, former: map[string][]int32{}, formerMails: map[int32][]string{},
		recycled: map[int32]bool{}, contradicted: map[int32]bool{}, disputed: map[int32]string{}, reserved: b.reserved, humans: map[int32]*human{}, asOf: b.settings.AsOf,
		seed: maphash.MakeSeed(), zones: b.zones, runZone: b.settings.Zone, sourceZones: b.settings.Zones,
	}
	r.issues = b.renumber()
	b.sort()
	r.records, r.starts = make([]record, b.people.n), make([]int64, b.people.n)
	if len(b.history) > 0 {
		r.past = make([]memory, b.people.n)
	}
	r.takeRows(b)
	for i, g := range b.people.all() {
		b.gather(r, i, g)
	}
	b.settleAll(r)
	var indexing sync.WaitGroup
	indexing.Go(func() { b.indexIDs(r) })
	b.indexKeys(r)
	indexing.Wait()
	r.findShared()
	b.indexFormer(r)
	b.findHumans(r)
	r.findRehires()
	r.findStale()
	r.count(b)
	return r
}

// takeRows takes the rows over from b, and those of the last snapshot of people whom no source shows tonight.
func (r *Roster) takeRows(b *RosterBuilder) {
	for i, g := range b.people.all() {
		if g.row == noRow {
			g.row = b.rows.add(&b.history[g.past].Person)
			r.records[i].mark(remembered, true)
		}
	}
	r.rows = b.rows
	for _, zone := range b.settings.Zones {
		b.zones.add(zone)
	}
	b.zones.add(b.settings.Zone)
}

// sort makes the numbering of people, and so every list in a verdict, independent of the order of input.
func (b *RosterBuilder) sort() {
	b.systems = slices.Sorted(maps.Keys(b.byID))
	b.byID = nil
	if b.unsorted {
		b.sortPeople()
	}
	b.begin = make([]int32, len(b.systems)+1)
	for n, name := range b.systems {
		b.begin[n+1] = int32(sort.Search(b.people.n, func(i int) bool {
			system, _ := b.identity(b.people.at(int32(i)))
			return system > name
		}))
	}
	if len(b.further) == 0 {
		return
	}
	for _, g := range b.people.all() {
		b.sortRows(g)
	}
}

// sortPeople orders people by source and folded id.
func (b *RosterBuilder) sortPeople() {
	keys := make([]sortKey, b.people.n)
	for i := range b.people.all() {
		keys[i] = b.sortKey(i)
	}
	slices.SortFunc(keys, b.compareKeys)
	var sorted gathering
	for _, key := range keys {
		sorted.add(*b.people.at(key.person))
	}
	b.people = sorted
}

// sortKey is what decides the order of most people without a look at their rows.
type sortKey struct {
	id     uint64 // its first eight bytes, folded
	system int32  // among the names of the sources
	person int32
}

func (b *RosterBuilder) sortKey(i int32) sortKey {
	system, id := b.identity(b.people.at(i))
	var first [8]byte
	copy(first[:], Fold(id))
	return sortKey{binary.BigEndian.Uint64(first[:]), int32(slices.Index(b.systems, system)), i}
}

func (b *RosterBuilder) compareKeys(x, y sortKey) int {
	if order := cmp.Or(cmp.Compare(x.system, y.system), cmp.Compare(x.id, y.id)); order != 0 {
		return order
	}
	_, p := b.identity(b.people.at(x.person))
	_, q := b.identity(b.people.at(y.person))
	return strings.Compare(Fold(p), Fold(q))
}

// sortRows orders the rows of one person.
func (b *RosterBuilder) sortRows(g *gathered) {
	if g.further < 0 {
		return
	}
	refs := append([]rowRef{g.row}, b.further[g.further]...)
	slices.SortStableFunc(refs, func(x, y rowRef) int { return compareRows(b.rows.row(x), b.rows.row(y)) })
	g.row, b.further[g.further] = refs[0], refs[1:]
}

// identity is the source and the id of a person, as the first row has it that came.
func (b *RosterBuilder) identity(g *gathered) (system, id string) {
	if g.row != noRow {
		return b.rows.id(g.row)
	}
	past := &b.history[g.past].Person
	return past.System, past.ID
}

// compareRows orders the rows of one person: latest start first, then by everything that they say.
func compareRows(x, y scanners.Person) int {
	start := func(p scanners.Person) string {
		last := ""
		for _, e := range p.Employments {
			last = max(last, e.Start.Value.String())
		}
		return last
	}
	return cmp.Or(strings.Compare(start(y), start(x)), strings.Compare(x.ID, y.ID),
		strings.Compare(fmt.Sprintf("%q", x.Mails), fmt.Sprintf("%q", y.Mails)), strings.Compare(x.Place, y.Place),
		strings.Compare(fmt.Sprintf("%+v", x), fmt.Sprintf("%+v", y)))
}
