package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// party is whoever owns an account or answers for it, as far as accounts are judged by it. It has the names of the fields of
// [Person] that it is made of.
type party struct {
	State            PersonState
	Remembered       bool
	NextStart        time.Time
	End              End
	EndShown         time.Time
	rehire, conflict bool
	zone             *time.Location

	roster *Roster
	who    int32
	apart  bool
	read   Person // the person of who, where more was needed than their record
	isRead bool
}

// Gone is Person.Gone.
func (p *party) Gone() bool { return p.State == Ended || p.State == Vanished }

// start is Person.Start.
func (p *party) start() time.Time {
	if h := p.roster.humans[p.who]; h != nil && !p.apart {
		return h.person.Start
	}
	return p.roster.begins(p.who)
}

// person is who it is. It changes with the party.
func (p *party) person() *Person {
	if h := p.roster.humans[p.who]; h != nil && !p.apart {
		return &h.person
	}
	if !p.isRead {
		p.roster.load(&p.read, p.who)
		p.isRead = true
	}
	return &p.read
}

// party makes p person i of a match, or the human whom that person is unless people have to be taken apart.
func (r *Roster) party(p *party, i int32, apart bool) {
	p.roster, p.who, p.apart, p.isRead = r, i, apart, false
	if r.records[i].has(ordinary) && (apart || r.humans[i] == nil) {
		p.State = Employed
		p.Remembered, p.NextStart, p.End, p.EndShown, p.rehire, p.conflict, p.zone = false, time.Time{}, End{}, time.Time{}, false, false, nil
		return
	}
	whole := p.person()
	p.State, p.Remembered, p.NextStart = whole.State, whole.Remembered, whole.NextStart
	p.End, p.EndShown, p.rehire, p.conflict, p.zone = whole.End, whole.EndShown, whole.Rehire != "", whole.Conflict != "", r.zones[whole.Zone]
}

// bench is where accounts are judged, one after the other.
type bench struct {
	seeker seeker
	ends   []int // of each account's probes
	file   file
	party  party
	out    Outcome
}

// judgedAtOnce is how many accounts are looked up together.
const judgedAtOnce = 64

// Outcome is what [Engine.JudgeAll] concludes about one account. It is of no use after the call that it was handed to.
type Outcome struct {
	verdict Verdict
	owner   *party
}

// Account is the account.
func (o *Outcome) Account() *scanners.Account { return o.verdict.Account }

// Kind is the kind of the verdict.
func (o *Outcome) Kind() Kind { return o.verdict.Kind }

// Owner is source and id of the verdict's person; found is false when it has none.
func (o *Outcome) Owner() (system, id string, found bool) {
	if o.owner == nil {
		return "", "", false
	}
	if h := o.owner.roster.humans[o.owner.who]; h != nil && !o.owner.apart {
		return h.person.System, h.person.ID, true
	}
	system, id = o.owner.roster.rows.id(o.owner.roster.records[o.owner.who].row())
	return system, id, true
}

// Verdict is the whole verdict, with everything that is known of its person. It is the caller's to keep.
func (o *Outcome) Verdict() Verdict {
	v := o.verdict
	if o.owner != nil {
		v.Person = o.owner.roster.at(o.owner.who, o.owner.apart)
	}
	return v
}

// whole is the verdict with its person.
func (e *Engine) whole(f *file) Verdict {
	o := Outcome{owner: f.responsible()}
	e.verdict(&o.verdict, f)
	return o.Verdict()
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
	from := 0
	for i, a := range accounts {
		b.file = file{party: &b.party}
		e.open(&b.file, a, b.seeker.probes[from:b.ends[i]], false)
		from = b.ends[i]
		e.verdict(&b.out.verdict, &b.file)
		b.out.owner = b.file.responsible()
		if err := take(&b.out); err != nil {
			return err
		}
	}
	return nil
}

// putAway keeps b for the next accounts, and nothing of the last ones.
func (e *Engine) putAway(b *bench) {
	b.file, b.out = file{}, Outcome{}
	clear(b.seeker.probes)
	e.benches.Put(b)
}

// look finds whom the keys of all accounts name.
func (b *bench) look(e *Engine, accounts []*scanners.Account) {
	b.seeker.probes, b.ends = b.seeker.probes[:0], b.ends[:0]
	for _, a := range accounts {
		b.seeker.seek(e.roster, &e.settings, a)
		b.ends = append(b.ends, len(b.seeker.probes))
	}
	b.seeker.find(e.roster)
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
