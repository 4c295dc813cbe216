package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// party is whoever owns an account or answers for it. Most accounts are judged by their state alone; the rest of the person is worked
// out when it is asked for.
type party struct {
	State      PersonState
	Remembered bool

	roster *Roster
	who    int32
	apart  bool
	whole  *Person // once it was worked out
	room   Person  // for a person who is only looked at
}

// Gone is Person.Gone.
func (p *party) Gone() bool { return p.State == Ended || p.State == Vanished }

// human is the human whom p stands for; nil when it is one person.
func (p *party) human() *human {
	if p.apart || len(p.roster.humans) == 0 {
		return nil
	}
	return p.roster.humans[p.who]
}

// start is Person.Start.
func (p *party) start() time.Time {
	if h := p.human(); h != nil {
		return h.person.Start
	}
	return p.roster.begins(p.who)
}

// conflicting reports whether there is a Person.Conflict.
func (p *party) conflicting() bool {
	if h := p.human(); h != nil {
		return h.person.Conflict != ""
	}
	return p.roster.records[p.who].has(conflicting)
}

// end is Person.End.
func (p *party) end() End { return p.person().End }

func (p *party) zone() *time.Location { return p.roster.zones[p.person().Zone] }

// person is who it is. It changes with the party.
func (p *party) person() *Person {
	if h := p.human(); h != nil {
		return &h.person
	}
	if p.whole == nil {
		p.roster.load(&p.room, p.who)
		p.whole = &p.room
	}
	return p.whole
}

// keep is person, in memory of its own.
func (p *party) keep() *Person {
	if h := p.human(); h != nil {
		return &h.person
	}
	if p.whole == nil || p.whole == &p.room {
		p.whole = p.roster.person(p.who)
	}
	return p.whole
}

// be makes p person i of a match, or the human whom that person is unless people have to be taken apart.
func (p *party) be(r *Roster, i int32, apart bool) {
	p.roster, p.who, p.apart, p.whole = r, i, apart, nil
	if h := p.human(); h != nil {
		p.State, p.Remembered = h.person.State, h.person.Remembered
		return
	}
	x := r.records[i]
	p.State, p.Remembered = states[x.state()], x.has(remembered)
}

// bench is where accounts are judged, one after the other.
type bench struct {
	engine  *Engine
	seeker  seeker
	ends    []int // of each account's probes
	account *scanners.Account
	found   found // whom its keys name
	// file is that of the account once opened is true.
	file   file
	opened bool
	party  party
	out    Outcome
	// touched is true once the people of the accounts at hand were looked at.
	touched bool
}

// open is the file of the account at hand.
func (b *bench) open() *file {
	if !b.opened {
		b.file = file{}
		b.file.party = &b.party
		b.engine.open(&b.file, b.account, b.found, false)
		b.opened = true
	}
	return &b.file
}

// judgedAtOnce is how many accounts are looked up together.
const judgedAtOnce = 64

// Outcome is what [Engine.JudgeAll] concludes about one account. It is of no use after the call that it was handed to.
type Outcome struct {
	bench *bench
	holds int // the place of the first test that does, or noTest
}

// Account is the account.
func (o *Outcome) Account() *scanners.Account { return o.bench.account }

// Kind is the kind of the verdict.
func (o *Outcome) Kind() Kind {
	if o.holds == noTest {
		return KindNone
	}
	return tests[o.holds].kind
}

// Owner is source and id of the verdict's person; found is false when it has none.
func (o *Outcome) Owner() (system, id string, found bool) {
	p := o.bench.open().responsible()
	if p == nil {
		return "", "", false
	}
	if h := p.human(); h != nil {
		return h.person.System, h.person.ID, true
	}
	system, id = p.roster.rows.id(p.roster.records[p.who].row())
	return system, id, true
}

// Verdict is the whole verdict, with everything that is known of its person. It is the caller's to keep.
func (o *Outcome) Verdict() Verdict {
	o.bench.touchPeople()
	return o.bench.engine.verdict(o.bench.open(), o.holds)
}

// JudgeAll judges accounts in their order and hands take the outcome of each, until take fails. Many accounts at once are looked up
// faster than one by one. Like Judge it may be called by any number of goroutines.
func (e *Engine) JudgeAll(accounts []*scanners.Account, take func(*Outcome) error) error {
	b, _ := e.benches.Get().(*bench)
	if b == nil {
		b = new(bench)
	}
	defer e.putAway(b)
	for len(accounts) > 0 {
		n := min(len(accounts), judgedAtOnce)
		if err := e.judgeSome(b, accounts[:n], take); err != nil {
			return err
		}
		accounts = accounts[n:]
	}
	return nil
}

func (e *Engine) judgeSome(b *bench, accounts []*scanners.Account, take func(*Outcome) error) error {
	b.look(e, accounts)
	b.touched = false
	b.engine, b.out.bench = e, b
	from := 0
	for i, a := range accounts {
		b.account, b.found, b.opened, b.out.holds = a, b.seeker.probes[from:b.ends[i]], false, noTest
		from = b.ends[i]
		if !e.quiet(a, b.found) {
			b.out.holds = b.open().firstTest()
		}
		if err := take(&b.out); err != nil {
			return err
		}
	}
	return nil
}

// quiet reports whether no test can hold of an account, as most accounts show at first sight: it is disabled, or all that its keys name
// is one person, who is employed, and no sign of use can make it idle. It may report false of an account of which none holds either.
func (e *Engine) quiet(a *scanners.Account, found found) bool {
	idle := len(a.Signals) > 0 && (e.settings.Thresholds.Dormant > 0 || e.settings.Thresholds.NeverUsed > 0)
	switch {
	case !enabled(a):
		return a.DisabledAt.IsUnknown()
	case idle || !a.Kind.Personal() || len(e.roster.reserved) > 0 || e.links.of(a) != nil:
		return false
	}
	named := int32(-1)
	for i := range found {
		p := &found[i]
		if p.person < 0 || p.person == named {
			continue
		}
		if named >= 0 {
			return false
		}
		named = p.person
	}
	return named >= 0 && states[e.roster.records[named].state()] == Employed && e.roster.alone(named, found)
}

// alone reports whether everybody whom keys name that were found to name person i is i, of whom there is nothing to remark.
func (r *Roster) alone(i int32, found found) bool {
	if len(r.disputed) > 0 && r.disputed[i] != "" || len(r.humans) > 0 && r.humans[i] != nil {
		return false
	}
	for _, x := range r.shared {
		for n := range found {
			if len(x.many[found[n].key]) > 0 {
				return false
			}
		}
	}
	return true
}

// touchPeople looks at the rows of everybody whom the accounts at hand lead to, side by side, when the first whole person is asked
// for: whoever asks for one asks for all.
func (b *bench) touchPeople() {
	if b.touched {
		return
	}
	b.touched = true
	b.seeker.touchPeople(b.engine.roster)
}

// putAway keeps b for the next accounts, and nothing of the last ones.
func (e *Engine) putAway(b *bench) {
	b.account, b.found, b.file = nil, nil, file{}
	clear(b.seeker.probes)
	e.benches.Put(b)
}

// look finds whom the keys of all accounts name.
func (b *bench) look(e *Engine, accounts []*scanners.Account) {
	b.seeker.forget()
	b.ends = b.ends[:0]
	for _, a := range accounts {
		b.seeker.seek(e.roster, &e.settings, a)
		b.ends = append(b.ends, len(b.seeker.probes))
	}
	b.seeker.find(e.roster, &e.settings)
}

// Judge returns the verdict on one account. The verdict refers to a; the caller must not change it afterwards.
func (e *Engine) Judge(a *scanners.Account) (v Verdict) {
	_ = e.JudgeAll([]*scanners.Account{a}, func(o *Outcome) error {
		v = o.Verdict()
		return nil
	})
	return v
}

// SurveyAll is Survey of many accounts, faster than one by one.
func (e *Engine) SurveyAll(accounts []*scanners.Account) {
	for len(accounts) > 0 {
		n := min(len(accounts), judgedAtOnce)
		e.surveyed.look(e, accounts[:n])
		from := 0
		for i, a := range accounts[:n] {
			e.survey(a, e.surveyed.seeker.probes[from:e.surveyed.ends[i]])
			from = e.surveyed.ends[i]
		}
		accounts = accounts[n:]
	}
}
