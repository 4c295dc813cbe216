package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/leaver-audit/leaver/scanners"
)

// Suggestion is a person who may own an orphan. It is a guess for a person to decide on and decides nothing by itself.
type Suggestion struct {
	Person *Person
	// Percent is how sure the guess is, from 1 to 90. No guess is as good as a key, which would be 100.
	Percent int
	// Reasons say what speaks for the person, the strongest first.
	Reasons []string
}

// LikelyMiskeyed reports whether the account is an orphan that most likely belongs to somebody who has not left: it was
// mis-keyed and is not ownerless. Nothing may ever be done about it by itself.
func (v *Verdict) LikelyMiskeyed() bool {
	return v.Kind == Orphan && len(v.Suggestions) > 0 && !v.Suggestions[0].Person.Gone()
}

// The points of a suggestion, in percent. The best text of the account counts, and the rest adds to it.
const (
	pointsName      = 60
	pointsFormer    = 60
	pointsSpelling  = 55
	pointsSwapped   = 50
	pointsNickname  = 50
	pointsLocal     = 50
	pointsSimilar   = 40
	pointsInitial   = 35
	pointsTrailing  = 30
	pointsSecond    = 10 // each further text of the account that speaks for the same person
	pointsManager   = 10
	pointsUnit      = 10
	pointsShared    = -10 // others fit as well
	mostPoints      = 90
	mostSuggestions = 3
)

// Suggester looks among all people, present and remembered, for the likely owners of orphans. It is safe for concurrent use
// once its engine is (see [Engine]). The index of names is built at the first orphan.
type Suggester struct {
	engine *Engine
	once   sync.Once
	names  *nameIndex
	forms  map[string][]string // given names and what they may stand for
}

// NewSuggester returns the suggester that goes with an engine.
func NewSuggester(e *Engine) *Suggester { return &Suggester{engine: e} }

// Suggest fills in the suggestions of v when it is an orphan that should be a person's own account, and else leaves it as
// it is. Nothing else of v changes.
func (s *Suggester) Suggest(v *Verdict) {
	if v.Kind != Orphan || !v.Account.Kind.Personal() {
		return
	}
	s.once.Do(func() {
		s.names, s.forms = newNameIndex(s.engine.roster), sameNames()
	})
	h := hunt{Suggester: s, account: v.Account, found: map[int32]*evidence{}}
	for _, c := range claims(v.Account) {
		h.claim(c)
	}
	h.formerMails()
	if !h.good() {
		for _, c := range claims(v.Account) {
			h.similar(c)
		}
	}
	v.Suggestions = h.best()
}

// hunt is the search for the owners of one account.
type hunt struct {
	*Suggester
	account *scanners.Account
	found   map[int32]*evidence
}

// evidence is what speaks for one person, by text of the account, in the order of the texts.
type evidence struct {
	person int32
	texts  []clue
}

type clue struct {
	from   string
	points int
	reason string
}

// note records that a text speaks for a person; of one text only the strongest clue counts.
func (h *hunt) note(person int32, c clue) {
	e := h.found[person]
	if e == nil {
		e = &evidence{person: person}
		h.found[person] = e
	}
	for k := range e.texts {
		if e.texts[k].from == c.from {
			if e.texts[k].points < c.points {
				e.texts[k] = c
			}
			return
		}
	}
	e.texts = append(e.texts, c)
}

// claims lists the texts of a that may say whose it is; texts of the same words once.
func claims(a *scanners.Account) []claim {
	var list []claim
	seen := map[string]int{}
	add := func(c claim) {
		key := Fold(strings.Join(c.words, " "))
		if at, said := seen[key]; said {
			list[at].local = cmp.Or(list[at].local, c.local)
			return
		}
		if key != "" || c.local != "" {
			seen[key] = len(list)
			list = append(list, c)
		}
	}
	words, _ := displayWords(a.DisplayName)
	add(claim{fmt.Sprintf("display name %q", a.DisplayName), words, ""})
	for _, mail := range a.Mails {
		local, _, _ := strings.Cut(mail, "@")
		local, _, _ = strings.Cut(local, "+")
		add(claim{fmt.Sprintf("mail %q", mail), nameWords(local), localPart(mail)})
	}
	for _, login := range a.Logins {
		short := login[strings.LastIndexByte(login, '\\')+1:]
		short, _, _ = strings.Cut(short, "@")
		add(claim{fmt.Sprintf("login %q", login), nameWords(short), localPart(short + "@")})
	}
	return list
}

// claim looks up every way to read c as a given and a family name.
func (h *hunt) claim(c claim) {
	if c.local != "" {
		h.look(form{formLocal, c.local, ""}, c.from, pointsLocal, "is the local part of their mail address")
	}
	words := c.words
	n := len(words)
	if n == 1 {
		h.oneWord(c.from, words[0])
		return
	}
	for k := 1; k < n; k++ {
		h.pair(c.from, strings.Join(words[:k], ""), strings.Join(words[k:], ""))
	}
	if n > 2 {
		h.pair(c.from, words[0], words[n-1])
	}
}

// oneWord reads a word such as "jdoe", "doej" or "johndoe".
func (h *hunt) oneWord(from, word string) {
	plain, _ := spellings(word)
	for k := 1; k < len(plain); k++ {
		a, b := plain[:k], plain[k:]
		if k == 1 && len(b) > 2 {
			h.look(form{formInitial, a, b}, from, pointsInitial, "initial and family name")
		}
		if len(b) == 1 && len(a) > 2 {
			h.look(form{formInitial, b, a}, from, pointsTrailing, "family name and initial")
		}
		if len(a) > 1 && len(b) > 1 {
			h.look(form{formName, a, b}, from, pointsName, "given and family name")
			h.look(form{formName, b, a}, from, pointsSwapped, "family and given name")
		}
	}
}

// pair reads two words as given and family name, in this order and in the other.
func (h *hunt) pair(from, given, family string) {
	g, gLong := spellings(given)
	f, fLong := spellings(family)
	if g == "" || f == "" {
		return
	}
	for _, way := range [][2]string{{g, f}, {gLong, fLong}} {
		h.exact(from, given, family, form{formName, way[0], way[1]})
		h.look(form{formName, way[1], way[0]}, from, pointsSwapped, "given and family name swapped")
	}
	if len(g) == 1 && len(f) > 1 {
		h.look(form{formInitial, g, f}, from, pointsInitial, "initial and family name")
	}
	if len(f) == 1 && len(g) > 1 {
		h.look(form{formInitial, f, g}, from, pointsTrailing, "family name and initial")
	}
	for _, way := range [][2]string{{g, f}, {f, g}} {
		for _, other := range h.forms[way[0]] {
			reason := fmt.Sprintf("same family name, and %q stands for %q", way[0], other)
			h.look(form{formName, other, way[1]}, from, pointsNickname, reason)
		}
	}
}

// exact notes everybody of this name, and tells names written alike from those that only sound alike.
func (h *hunt) exact(from, given, family string, f form) {
	h.names.each(f, func(i int32) {
		g, last := givenAndFamily(h.names.roster.person(i))
		if hasLiteral(g, given) && hasLiteral(last, family) {
			h.note(i, clue{from, pointsName, "same given and family name"})
			return
		}
		h.note(i, clue{from, pointsSpelling, fmt.Sprintf("same name in another spelling (%s %s)", g, last)})
	})
}

func hasLiteral(name, want string) bool {
	return slices.ContainsFunc(parts(name), func(part string) bool { return literal(part) == literal(want) })
}

func (h *hunt) look(f form, from string, points int, reason string) {
	h.names.each(f, func(i int32) { h.note(i, clue{from, points, reason}) })
}

// formerMails notes everybody who had an address of the account in an earlier snapshot.
func (h *hunt) formerMails() {
	for _, mail := range h.account.Mails {
		key := mailKey(mail, h.engine.settings.MailDomains)
		for _, i := range h.engine.roster.former[key] {
			h.note(i, clue{fmt.Sprintf("address %q", mail), pointsFormer, "was theirs in an earlier snapshot"})
		}
	}
}

// good reports whether a name was found that is more than initials.
func (h *hunt) good() bool {
	for _, e := range h.found {
		if e.strongest().points > pointsSimilar {
			return true
		}
	}
	return false
}

// similar looks for full names that are almost those of c.
func (h *hunt) similar(c claim) {
	if len(c.words) < 2 {
		return
	}
	last := len(c.words) - 1
	given, _ := spellings(strings.Join(c.words[:last], ""))
	family, _ := spellings(c.words[last])
	for _, way := range [][2]string{{given, family}, {family, given}} {
		g, f := way[0], way[1]
		if len(g) < 2 || len(f) < 2 {
			return
		}
		compare := func(i int32) { h.compare(c.from, g+" "+f, i) }
		h.names.proposed(nearForm(g, f), compare)
		h.names.proposed(nearGivenForm(g, f), compare)
	}
}

func (h *hunt) compare(from, name string, i int32) {
	theirs := h.names.name(i)
	if tooDifferent(len(name), len(theirs)) {
		return
	}
	if s := similarity(name, theirs); s >= similarEnough {
		h.note(i, clue{from, pointsSimilar, fmt.Sprintf("very similar name (%.2f)", s)})
	}
}

func (e *evidence) strongest() clue {
	best := e.texts[0]
	for _, c := range e.texts[1:] {
		if c.points > best.points {
			best = c
		}
	}
	return best
}

// best turns the evidence into the few suggestions that are shown.
func (h *hunt) best() []Suggestion {
	h.forgetRejected()
	alike := map[int]int{}
	for _, e := range h.found {
		alike[e.strongest().points]++
	}
	type ranked struct {
		Suggestion
		person int32
	}
	var all []ranked
	for i, e := range h.found {
		all = append(all, ranked{h.suggestion(e, alike[e.strongest().points]), i})
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Percent, a.Percent), cmp.Compare(rank(a.Person), rank(b.Person)), cmp.Compare(a.person, b.person))
	})
	var list []Suggestion
	for _, r := range all[:min(len(all), mostSuggestions)] {
		list = append(list, r.Suggestion)
	}
	return list
}

// rank puts people who have not left first among equals, so that doubt speaks against doing anything.
func rank(p *Person) int {
	if p.Gone() {
		return 1
	}
	return 0
}

// forgetRejected drops everybody to whom the account does not belong by the link table. Nobody whom a key names is among
// those found: the account would be no orphan.
func (h *hunt) forgetRejected() {
	table := h.engine.matches(h.account).table
	maps.DeleteFunc(h.found, func(i int32, _ *evidence) bool {
		_, rejected := table.rejects(i)
		return rejected
	})
}

func (h *hunt) suggestion(e *evidence, alike int) Suggestion {
	p := h.engine.roster.person(e.person)
	best := e.strongest()
	s := Suggestion{Person: p, Percent: best.points, Reasons: []string{best.from + ": " + best.reason}}
	add := func(points int, reason string) {
		s.Percent += points
		s.Reasons = append(s.Reasons, reason)
	}
	for _, c := range e.texts {
		if c != best {
			add(pointsSecond, c.from+": "+c.reason)
		}
	}
	if manager := h.manager(p); manager != "" {
		add(pointsManager, "same manager ("+manager+")")
	}
	if unit := department(h.account); unit != "" && Fold(unit) == Fold(p.Department) {
		add(pointsUnit, fmt.Sprintf("same department (%q)", p.Department))
	}
	if alike > 1 {
		add(pointsShared, fmt.Sprintf("one of %d people whom this fits", alike))
	}
	s.Percent = min(s.Percent, mostPoints)
	return s
}

// manager returns the manager of p when the account refers to the same one, and else nothing.
func (h *hunt) manager(p *Person) string {
	if h.account.Manager == "" || p.Manager == "" {
		return ""
	}
	if Fold(h.account.Manager) == Fold(p.Manager) {
		return p.Manager
	}
	theirs := h.engine.matcher(false).reference(p.Manager).named
	for _, c := range h.engine.matcher(false).reference(h.account.Manager).named {
		if slices.ContainsFunc(theirs, func(t named) bool { return t.person == c.person }) {
			return h.engine.roster.ref(c.person)
		}
	}
	return ""
}

// department is the unit that the account itself states among its raw attributes.
func department(a *scanners.Account) string {
	for _, attribute := range a.Evidence {
		if Fold(attribute.Name) == "department" && len(attribute.Values) > 0 {
			return attribute.Values[0]
		}
	}
	return ""
}
