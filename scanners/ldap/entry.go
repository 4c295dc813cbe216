package ldap

import (
	"fmt"
	"strconv"
	"strings"
)

// entry is one search result as read. Its strings are its own; its slices are valid until the decoder reads the next.
type entry struct {
	dn     string
	slots  map[string]int
	spans  []span
	values []string
}

// span is where the values of one attribute stand in entry.values. more is the index of the first value that the server
// held back when it answered with a range ("member;range=0-1499"), 0 when all values came.
type span struct{ from, to, more int }

// all returns the values of the attribute, whose name is written as it was asked for, or in lower case.
func (e *entry) all(name string) []string {
	slot, ok := e.slots[name]
	if !ok {
		return nil
	}
	s := e.spans[slot]
	return e.values[s.from:s.to]
}

// at returns the values of the attribute in a slot, which slotsOf tells; a negative slot has none.
func (e *entry) at(slot int) []string {
	if slot < 0 {
		return nil
	}
	s := e.spans[slot]
	return e.values[s.from:s.to]
}

// one returns the first value of the attribute, or "".
func (e *entry) one(name string) string {
	if values := e.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// more tells from which value on the attribute has to be asked for again; 0 when it is whole.
func (e *entry) more(name string) int {
	if slot, ok := e.slots[name]; ok {
		return e.spans[slot].more
	}
	return 0
}

// decoder turns SearchResultEntry contents into entries. Each entry costs one copy of its bytes, however many values it has.
type decoder struct {
	slots map[string]int
	// spelled maps attribute names as the server writes them to their slot; -1 is an attribute that nobody asked for.
	spelled map[string]int
	entry   entry
}

// maxSpellings bounds what a server that keeps inventing attribute names can make the decoder remember.
const maxSpellings = 1000

func newDecoder(attributes []string) *decoder {
	d := &decoder{slots: map[string]int{}, spelled: map[string]int{}}
	n := 0
	for _, a := range attributes {
		name := strings.ToLower(a)
		slot, known := d.slots[name]
		if !known {
			slot = n
			n++
		}
		d.slots[name], d.slots[a] = slot, slot
	}
	d.entry.slots = d.slots
	d.entry.spans = make([]span, n)
	return d
}

// slotsOf finds the slots of attributes, -1 for those that were not asked for.
func (d *decoder) slotsOf(names []string) []int {
	out := make([]int, len(names))
	for i, n := range names {
		slot, ok := d.slots[strings.ToLower(n)]
		if !ok {
			slot = -1
		}
		out[i] = slot
	}
	return out
}

// decode reads the content of a SearchResultEntry. The entry is valid until the next call.
func (d *decoder) decode(content []byte) (*entry, error) {
	e := &d.entry
	clear(e.spans)
	e.values = e.values[:0]
	dn, rest, err := take(string(content), tagOctetString)
	if err != nil {
		return nil, fmt.Errorf("name of an entry: %w", err)
	}
	e.dn = dn
	list, _, err := take(rest, tagSequence)
	if err != nil {
		return e, fmt.Errorf("attributes of %q: %w", dn, err)
	}
	for len(list) > 0 {
		var attribute string
		if attribute, list, err = take(list, tagSequence); err == nil {
			err = d.attribute(attribute)
		}
		if err != nil {
			return e, fmt.Errorf("attributes of %q: %w", dn, err)
		}
	}
	return e, nil
}

func (d *decoder) attribute(content string) error {
	name, rest, err := take(content, tagOctetString)
	if err != nil {
		return err
	}
	set, _, err := take(rest, tagSet)
	if err != nil {
		return err
	}
	base, more := ranged(name)
	slot := d.slot(base)
	e := &d.entry
	from := len(e.values)
	if slot >= 0 && e.spans[slot].to > e.spans[slot].from {
		// The attribute came before, with another option: keep its values in one run.
		earlier := e.spans[slot]
		e.values = append(e.values, e.values[earlier.from:earlier.to]...)
		more = max(more, earlier.more)
	}
	for len(set) > 0 {
		var value string
		if value, set, err = take(set, tagOctetString); err != nil {
			return err
		}
		if slot >= 0 {
			e.values = append(e.values, value)
		}
	}
	if slot >= 0 {
		e.spans[slot] = span{from, len(e.values), more}
	}
	return nil
}

func (d *decoder) slot(name string) int {
	if slot, ok := d.spelled[name]; ok {
		return slot
	}
	slot, ok := d.slots[strings.ToLower(name)]
	if !ok {
		slot = -1
	}
	if len(d.spelled) < maxSpellings {
		d.spelled[strings.Clone(name)] = slot
	}
	return slot
}

// ranged splits "member;range=0-1499" into the attribute and the index that the next request has to start from, which is 0
// when the range is the last. Other options ("userCertificate;binary") are dropped.
func ranged(name string) (base string, next int) {
	base, options, found := strings.Cut(name, ";")
	if !found {
		return name, 0
	}
	for option := range strings.SplitSeq(options, ";") {
		if _, high, ok := strings.Cut(option, "-"); ok && len(option) > 6 && strings.EqualFold(option[:6], "range=") {
			if n, err := strconv.Atoi(high); err == nil && n >= 0 {
				next = n + 1
			}
		}
	}
	return base, next
}
