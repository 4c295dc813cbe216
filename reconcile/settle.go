package reconcile

import (
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// gather takes the rows of person i and what the history knows. The last complete snapshot speaks for people who have no row
// tonight.
func (b *RosterBuilder) gather(r *Roster, i int32, g *gathered) {
	r.records[i].head |= uint64(g.row) << rowAt
	if g.further >= 0 {
		r.further[i] = b.further[g.further]
		b.compareHumans(r, i)
	}
	b.remember(r, i, b.past(g))
}

// settledAtOnce is how many people one goroutine settles before it asks for more.
const settledAtOnce = 1 << 12

// settleAll settles everybody, on every processor: nobody's state depends on anybody else.
func (b *RosterBuilder) settleAll(r *Roster) {
	var settling sync.WaitGroup
	var next atomic.Int64
	work := func() {
		s := new(settler)
		for {
			to := next.Add(settledAtOnce)
			from := to - settledAtOnce
			if from >= int64(b.people.n) {
				break
			}
			for i := from; i < min(to, int64(b.people.n)); i++ {
				s.settle(b, r, int32(i))
			}
		}
		b.mu.Lock()
		b.mails, b.others = b.mails+s.mails, b.others+s.others
		b.mu.Unlock()
	}
	for range min(runtime.GOMAXPROCS(0), 1+b.people.n/settledAtOnce) {
		settling.Go(work)
	}
	settling.Wait()
}

// settler settles one person after the other, and counts their addresses and other ids.
type settler struct {
	p             Person
	addresses     []string
	instants      instants
	mails, others int
}

// settle finds out where person i stands at the as-of, and how their addresses are written.
func (s *settler) settle(b *RosterBuilder, r *Roster, i int32) {
	in := r.rows.keys.at(r.records[i].row())
	in.text()
	s.addresses = unique(in.texts(s.addresses[:0]))
	if !s.settleUsual(b, r, i, in) {
		s.settleWhole(b, r, i)
		s.addresses = append(s.addresses[:0], s.p.Mails...)
	}
	s.mails += len(s.addresses)
	folded := true
	for _, mail := range s.addresses {
		key := mailKey(mail, b.settings.MailDomains)
		folded = folded && key == mail
		// A key that is not its own key must not be taken for an address that is written like it.
		if len(s.addresses) == 1 && key != "" && (key == mail || mailKey(key, b.settings.MailDomains) == key) {
			r.records[i].mail = maphash.String(r.seed, key)
		}
	}
	r.records[i].mark(foldedMails, folded)
}

// settleWhole works out the person for it.
func (s *settler) settleWhole(b *RosterBuilder, r *Roster, i int32) {
	p, at, past := &s.p, &r.records[i], b.past(b.people.at(i))
	r.load(p, i)
	unread, rejected := b.unreadRow(p)
	if rejected {
		b.mu.Lock()
		r.disputed[i] = unread
		b.mu.Unlock()
	}
	if r.past != nil {
		p.EndShown = b.shownSince(p, past)
		r.past[i].endShown = p.EndShown
	}
	// Somebody whom a later run saw is not gone on an earlier night.
	if p.Remembered && !rejected && !p.LastSeen.After(b.settings.AsOf) {
		at.mark(vanishes, true)
		p.vanish()
	}
	at.note(p, r.soon())
	r.starts[i] = noStart
	if !p.Start.IsZero() {
		r.starts[i] = p.Start.Unix()
	}
	s.others += len(p.OtherIDs)
}

// past is what the history knows of a person; nil for nothing.
func (b *RosterBuilder) past(g *gathered) *PastPerson {
	if g.past < 0 {
		return nil
	}
	return &b.history[g.past]
}

// compareHumans finds rows of person i that describe different humans.
func (b *RosterBuilder) compareHumans(r *Roster, i int32) {
	head := r.rows.row(r.records[i].row())
	rows := []scanners.Person{head}
	for _, ref := range r.further[i] {
		rows = append(rows, r.rows.row(ref))
	}
	for n, row := range rows {
		for _, other := range rows[:n] {
			if !sameHuman(other, row) {
				r.disputed[i] = fmt.Sprintf("%s: id %q stands for different people (%s and %s)", head.System, head.ID, other.Place, row.Place)
			}
		}
	}
	if text, bad := r.disputed[i]; bad {
		r.contradicted[i] = true
		r.issues = append(r.issues, Issue{head.System, head.Place, text})
		r.population.Doubled++
	}
}

// remember keeps what the history knows of person i; past is nil for nothing.
func (b *RosterBuilder) remember(r *Roster, i int32, past *PastPerson) {
	if past == nil {
		return
	}
	m, head := &r.past[i], r.rows.row(r.records[i].row())
	m.firstSeen, m.inferredSince = past.FirstSeen, past.InferredSince
	m.lastSeen, m.misses, m.former = past.LastSeen, past.Misses, past.Former
	if past.Recycled || otherHuman(past.Person, head) {
		r.recycled[i] = true
	}
	if r.records[i].has(remembered) && past.Contradicted {
		r.contradicted[i] = true
	}
	if Fold(past.Person.ID) != Fold(head.ID) {
		m.former, m.renumbered = past.Person.ID, true
	}
}

// recall adds what the history knows of p, who is person i. It returns the instant at which an employment that a status without
// a date ends is over.
func (r *Roster) recall(p *Person, i int32) time.Time {
	inferred := r.asOf
	if r.past == nil {
		return inferred
	}
	m := &r.past[i]
	p.LastSeen, p.Misses, p.Former, p.EndShown = m.lastSeen, m.misses, m.former, m.endShown
	if !m.inferredSince.IsZero() {
		inferred = m.inferredSince
	}
	return inferred
}
