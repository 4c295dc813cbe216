package reconcile

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// form is one way in which a text may name a person: a class and up to two parts.
type form struct {
	class       formClass
	first, rest string
}

type formClass byte

const (
	// formName is a given and a family name, formInitial the first letter of the given name and the family name, formLocal the
	// local part of a mail address.
	formName formClass = iota
	formInitial
	formLocal
	// formNear and formNearGiven put names that start alike together, so that a comparison by similarity stays among few.
	formNear
	formNearGiven
)

// nameIndex finds people by form. It is one sorted list: the hash of a form above, the person below. A hash only proposes;
// the names themselves decide.
type nameIndex struct {
	roster   *Roster
	postings []uint64
	// names holds the plain full name of person i from ends[i] to ends[i+1].
	names string
	ends  []uint32
}

func newNameIndex(r *Roster) *nameIndex {
	people := len(r.records)
	x := &nameIndex{roster: r, postings: make([]uint64, 0, 6*people), ends: make([]uint32, 1, people+1)}
	var names strings.Builder
	p := new(Person)
	for i := range people {
		r.load(p, int32(i))
		post := func(f form) bool {
			x.postings = append(x.postings, f.hash()<<32|uint64(i))
			return true
		}
		eachForm(p, post)
		given, family := givenAndFamily(p)
		if given, _ = spellings(given); given != "" {
			family, _ = spellings(family)
			names.WriteString(given + " " + family)
			post(nearForm(given, family))
			post(nearGivenForm(given, family))
		}
		x.ends = append(x.ends, uint32(names.Len()))
	}
	slices.Sort(x.postings)
	x.postings, x.names = slices.Compact(x.postings), names.String()
	return x
}

// name is the full name of person i in plain letters, given name first; empty when there is none.
func (x *nameIndex) name(i int32) string { return x.names[x.ends[i]:x.ends[i+1]] }

// hash is FNV-1a over class and parts, in 32 bits.
func (f form) hash() uint64 {
	h := (uint32(2166136261) ^ uint32(f.class)) * 16777619
	for _, part := range [2]string{f.first, f.rest} {
		for i := range len(part) {
			h = (h ^ uint32(part[i])) * 16777619
		}
		h = (h ^ 0xff) * 16777619
	}
	return uint64(h)
}

// each calls found for every person whom f names, in the order of people.
func (x *nameIndex) each(f form, found func(int32)) {
	x.proposed(f, func(i int32) {
		if hasForm(x.roster.person(i), f) {
			found(i)
		}
	})
}

// proposed calls found for everybody whom f names, and now and then for somebody else.
func (x *nameIndex) proposed(f form, found func(int32)) {
	key := f.hash()
	at := sort.Search(len(x.postings), func(i int) bool { return x.postings[i]>>32 >= key })
	for ; at < len(x.postings) && x.postings[at]>>32 == key; at++ {
		found(int32(uint32(x.postings[at])))
	}
}

func hasForm(p *Person, want form) bool {
	has := false
	eachForm(p, func(f form) bool {
		has = f == want
		return !has
	})
	return has
}

// eachForm yields the forms of p until yield returns false; some more than once.
func eachForm(p *Person, yield func(form) bool) {
	for _, mail := range p.Mails {
		if local := localPart(mail); local != "" && !yield(form{formLocal, local, ""}) {
			return
		}
	}
	given, family := givenAndFamily(p)
	if given == "" || family == "" {
		return
	}
	givens, families := parts(given), parts(family)
	for _, g := range givens {
		gPlain, gLong := spellings(g)
		for _, f := range families {
			fPlain, fLong := spellings(f)
			if !eachSpelling(gPlain, fPlain, yield) || (gLong != gPlain || fLong != fPlain) && !eachSpelling(gLong, fLong, yield) {
				return
			}
		}
	}
}

func eachSpelling(given, family string, yield func(form) bool) bool {
	if given == "" || family == "" {
		return true
	}
	return yield(form{formName, given, family}) && yield(form{formInitial, leading(given, 1), family})
}

func nearForm(given, family string) form {
	return form{formNear, leading(given, 1), leading(family, 2)}
}

func nearGivenForm(given, family string) form {
	return form{formNearGiven, leading(given, 3), leading(family, 1)}
}

// leading is the first n letters of s.
func leading(s string, n int) string {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return s[:at]
}

// parts returns a name as a whole, and its first and last piece where it has several.
func parts(name string) []string {
	list := pieces(name)
	if len(list) < 2 {
		return []string{name}
	}
	return appendNew([]string{name}, []string{list[0], list[len(list)-1]})
}

// givenAndFamily are the names of p, taken from the display name where the source has no others.
func givenAndFamily(p *Person) (given, family string) {
	if p.GivenName != "" && p.FamilyName != "" {
		return p.GivenName, p.FamilyName
	}
	words, n := displayWords(p.DisplayName)
	if len(words) <= n {
		return "", ""
	}
	last := len(words) - n
	return strings.Join(words[:last], " "), strings.Join(words[last:], " ")
}

// localPart is the folded part of a mail address before the @, without what follows a plus sign.
func localPart(mail string) string {
	local, _, ok := strings.Cut(strings.TrimPrefix(Fold(mail), "smtp:"), "@")
	if local, _, _ = strings.Cut(local, "+"); !ok || len(local) < 3 {
		return ""
	}
	return local
}
