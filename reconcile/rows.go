package reconcile

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// rows holds rows of people sources as bytes, one after the other in blocks that hold no pointer. A million rows as structs
// would take five times the memory, and the garbage collector would walk through every text of them again and again. What keys
// are compared with stands apart from the rest, so that looking up accounts touches little memory. Texts that are read back
// share the memory of their block.
type rows struct {
	keys, rest blocks
	systems    []string
	scratch    []byte
}

// rowRef is where a row stands among the keys: its block above, its place in the block in the lower bits. It takes 44 bits: a
// terabyte.
type rowRef uint64

const placeBits = 22

// The blocks of rows: the first ones are small, because most rosters are those of tests.
const (
	smallestBlock = 4 << 10
	largestBlock  = 1 << placeBits
)

// blocks are texts behind each other. full are the blocks that take no more, open is the one that does.
type blocks struct {
	full []string
	open strings.Builder
}

// add keeps a text.
func (b *blocks) add(text []byte) rowRef {
	if n := len(text); b.open.Cap()-b.open.Len() < n || b.open.Len() >= largestBlock {
		size := smallestBlock
		if b.open.Cap() > 0 {
			b.full = append(b.full, b.open.String())
			size = min(2*b.open.Cap(), largestBlock)
		}
		b.open = strings.Builder{}
		b.open.Grow(max(size, n))
	}
	ref := rowRef(len(b.full))<<placeBits | rowRef(b.open.Len())
	b.open.Write(text)
	return ref
}

// at is the memory from where the text of ref begins.
func (b *blocks) at(ref rowRef) rowReader {
	block := b.open.String()
	if n := int(ref >> placeBits); n < len(b.full) {
		block = b.full[n]
	}
	return rowReader{block[ref&(largestBlock-1):]}
}

// add keeps a row.
func (r *rows) add(p *scanners.Person) rowRef {
	r.scratch = appendRest(r.scratch[:0], p)
	rest := r.rest.add(r.scratch)
	r.scratch = appendTexts(appendTexts(appendText(r.scratch[:0], p.ID), p.Mails), p.OtherIDs)
	r.scratch = binary.AppendUvarint(appendNumber(r.scratch, uint64(r.system(p.System))), uint64(rest))
	return r.keys.add(r.scratch)
}

// get reads the row of ref into p, whose lists give their memory for the new ones.
func (r *rows) get(ref rowRef, p *scanners.Person) {
	in := r.keys.at(ref)
	p.ID, p.Mails, p.OtherIDs = in.text(), in.texts(p.Mails[:0]), in.texts(p.OtherIDs[:0])
	p.System = r.systems[in.number()]
	in = r.rest.at(rowRef(in.number()))
	p.Employments = p.Employments[:0]
	for range in.number() {
		p.Employments = append(p.Employments, in.employment())
	}
	for _, s := range [...]*string{&p.Zone, &p.DisplayName, &p.GivenName, &p.FamilyName, &p.Manager, &p.Department, &p.Location, &p.Place} {
		*s = in.text()
	}
}

// row is the row of ref in memory of its own.
func (r *rows) row(ref rowRef) (p scanners.Person) {
	r.get(ref, &p)
	return p
}

// id reads only the source and the id of a row.
func (r *rows) id(ref rowRef) (system, id string) {
	in := r.keys.at(ref)
	id = in.text()
	in.skipTexts()
	in.skipTexts()
	return r.systems[in.number()], id
}

// appendRest begins with what decides the state of a person.
func appendRest(b []byte, p *scanners.Person) []byte {
	b = appendNumber(b, uint64(len(p.Employments)))
	for i := range p.Employments {
		b = appendEmployment(b, &p.Employments[i])
	}
	for _, s := range [...]*string{&p.Zone, &p.DisplayName, &p.GivenName, &p.FamilyName, &p.Manager, &p.Department, &p.Location, &p.Place} {
		b = appendText(b, *s)
	}
	return b
}

// system is the number of a people source, of which there are few.
func (r *rows) system(name string) int {
	for i, known := range r.systems {
		if known == name {
			return i
		}
	}
	r.systems = append(r.systems, strings.Clone(name))
	return len(r.systems) - 1
}

func appendNumber(b []byte, n uint64) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.AppendUvarint(b, n)
}

func appendText(b []byte, s string) []byte { return append(appendNumber(b, uint64(len(s))), s...) }

func appendTexts(b []byte, list []string) []byte {
	b = appendNumber(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendEmployment(b []byte, e *scanners.Employment) []byte {
	b = appendDate(appendDate(appendText(b, e.ID), e.Start), e.End)
	inclusive := byte(0)
	if e.LastDayInclusive {
		inclusive = 1
	}
	return appendText(appendText(appendText(append(b, inclusive), e.Type), e.StatusRaw), string(e.Status))
}

// appendDate writes the state of a fact, then the parts that it has.
func appendDate(b []byte, f scanners.Fact[scanners.Date]) []byte {
	state, day := byte(f.State)<<3, dayOf(f.Value)
	switch {
	case day != noDay:
		state |= hasDay
	case !f.Value.IsZero():
		state |= hasOddDate
	}
	if f.Reason != "" {
		state |= hasReason
	}
	b = append(b, state)
	switch {
	case state&hasDay != 0:
		b = binary.LittleEndian.AppendUint32(b, uint32(day))
	case state&hasOddDate != 0:
		b = binary.AppendVarint(b, int64(f.Value.Year))
		b = binary.AppendVarint(b, int64(f.Value.Month))
		b = binary.AppendVarint(b, int64(f.Value.Day))
	}
	if state&hasReason != 0 {
		b = appendText(b, f.Reason)
	}
	return b
}

const (
	hasDay     = 1
	hasOddDate = 2
	hasReason  = 4
)

// day is a date as calendars write it, of the years 1000 to 9999, as one number. The later of two is the greater.
type day uint32

// noDay stands for dates that are no day: none at all, and those of which a part is out of its range.
const noDay day = 0

func dayOf(d scanners.Date) day {
	if d.Year < 1000 || d.Year > 9999 || d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > 31 {
		return noDay
	}
	return day(d.Year)<<9 | day(d.Month)<<5 | day(d.Day)
}

func (d day) date() scanners.Date {
	return scanners.Date{Year: int(d >> 9), Month: time.Month(d >> 5 & 15), Day: int(d & 31)}
}

// rowReader reads a row from its first byte on.
type rowReader struct{ rest string }

func (in *rowReader) number() uint64 {
	if b := in.rest[0]; b < 0x80 {
		in.rest = in.rest[1:]
		return uint64(b)
	}
	n, shift := uint64(0), 0
	for i := range len(in.rest) {
		b := in.rest[i]
		n |= uint64(b&0x7f) << shift
		if shift += 7; b < 0x80 {
			in.rest = in.rest[i+1:]
			break
		}
	}
	return n
}

func (in *rowReader) signed() int {
	n := in.number()
	return int(n>>1) ^ -int(n&1)
}

func (in *rowReader) text() string {
	n := in.number()
	s := in.rest[:n]
	in.rest = in.rest[n:]
	return s
}

// texts appends to list; no list stays nil when there is nothing to append.
func (in *rowReader) texts(list []string) []string {
	for range in.number() {
		list = append(list, in.text())
	}
	return list
}

// skipTexts is how many texts there are.
func (in *rowReader) skipTexts() (n int) {
	n = int(in.number())
	for range n {
		in.text()
	}
	return n
}

func (in *rowReader) employment() (e scanners.Employment) {
	e.ID, e.Start, e.End = in.text(), in.date(), in.date()
	e.LastDayInclusive = in.rest[0] == 1
	in.rest = in.rest[1:]
	e.Type, e.StatusRaw, e.Status = in.text(), in.text(), scanners.Status(in.text())
	return e
}

func (in *rowReader) date() (f scanners.Fact[scanners.Date]) {
	state := in.rest[0]
	in.rest = in.rest[1:]
	f.State = scanners.State(state >> 3)
	switch {
	case state&hasDay != 0:
		f.Value = in.day().date()
	case state&hasOddDate != 0:
		f.Value.Year = in.signed()
		f.Value.Month = time.Month(in.signed())
		f.Value.Day = in.signed()
	}
	if state&hasReason != 0 {
		f.Reason = in.text()
	}
	return f
}

func (in *rowReader) day() day {
	s := in.rest[:4]
	in.rest = in.rest[4:]
	return day(s[0]) | day(s[1])<<8 | day(s[2])<<16 | day(s[3])<<24
}

// knownDay reads a date of which only a known value matters. It is noDay when that is not known; ok is false when it is known
// and no day.
func (in *rowReader) knownDay() (d day, ok bool) {
	switch in.rest[0] {
	case byte(scanners.StateKnown)<<3 | hasDay:
		in.rest = in.rest[1:]
		return in.day(), true
	case byte(scanners.StateNever) << 3:
		in.rest = in.rest[1:]
		return noDay, true
	default:
		return noDay, !in.date().IsKnown()
	}
}
