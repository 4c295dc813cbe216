package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// TestSeekNamesWhoeverHasTheKey: in whatever table a key is looked for, with other keys beside it and accounts around it, it names
// exactly those people who have it. So no shortcut hides somebody, or names somebody else.
func TestSeekNamesWhoeverHasTheKey(t *testing.T) {
	ids := map[string][]string{"close": {"100", "101", "102", "103"}, "far": {"100", "900000", "5", "0100"}, "words": {"X1", "x2", "100", "Y-3"}}
	mails := []string{"m1@corp.example", "M1@corp.example", "m1@old.example", "m1@older.example", "smtp:smtp:m1@corp.example", "SMTP:m1@corp.example", "m2@corp.example", "m3@corp.example", "nobody", "Ü@corp.example"}
	rapid.Check(t, func(t *rapid.T) {
		some := func(pool []string, most int, label string) []string {
			return rapid.SliceOfN(rapid.SampledFrom(pool), 0, most).Draw(t, label)
		}
		pool := ids[rapid.SampledFrom([]string{"close", "far", "words"}).Draw(t, "ids")]
		settings := Settings{AsOf: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), Zone: time.UTC, MailDomains: map[string]string{"old.example": "corp.example", "older.example": "old.example"},
			Keys: rapid.SampledFrom([][]string{{KeyEmployeeID, KeyMail}, {KeyMail, KeyEmployeeID}, {KeyAnchor, KeyMail, KeyEmployeeID}, {KeyMail}}).Draw(t, "keys")}
		b := NewRoster(settings, History{})
		for n := range rapid.IntRange(0, 8).Draw(t, "rows") {
			b.Add(scanners.Person{System: rapid.SampledFrom([]string{"hr", "hr", "ext"}).Draw(t, "system"), ID: rapid.SampledFrom(pool).Draw(t, "id"), Mails: some(mails, 2, "mails"),
				OtherIDs: some(append(pool, "G1"), 1, "others"), Place: fmt.Sprint("line ", n)})
		}
		r := b.Build()
		var s seeker
		accounts := make([]scanners.Account, rapid.IntRange(1, 5).Draw(t, "accounts"))
		for i := range accounts {
			accounts[i] = scanners.Account{EmployeeIDs: some(append(pool, "104", "none"), 2, "employee ids"), Mails: some(append(mails, "x@corp.example"), 2, "account mails"), Anchors: some([]string{"G1", "g1", "X1"}, 1, "anchors")}
			s.seek(r, &settings, &accounts[i])
		}
		s.find(r, &settings)
		for _, p := range s.probes {
			if got, want := namedBy(r, &p), r.having(&p, &settings); !slices.Equal(got, want) {
				t.Fatalf("%q names %v, want %v", p.key, got, want)
			}
		}
	})
}

// namedBy lists whom a probe that was looked for names, in order.
func namedBy(r *Roster, p *probe) []int32 {
	x := &r.mails
	for _, in := range append([]*index{&r.others}, indexes(r)...) {
		if p.slots == &in.one {
			x = in
		}
	}
	return slices.Sorted(slices.Values(x.all(p.person, p.key, nil)))
}

func indexes(r *Roster) (list []*index) {
	for _, ids := range r.sources {
		list = append(list, &ids.index)
	}
	return list
}

// having lists by a walk over everybody who has the key of a probe.
func (r *Roster) having(p *probe, settings *Settings) (list []int32) {
	mails := p.likely >= 0 || p.slots == &r.mails.one
	if p.slots == nil && !mails || p.key == "" {
		return nil // nobody has keys of the kind, or it is none
	}
	for i := range int32(len(r.records)) {
		person := r.person(i)
		var keys []string
		switch {
		case mails:
			for _, mail := range person.Mails {
				keys = append(keys, mailKey(mail, settings.MailDomains))
			}
		case p.slots == &r.others.one:
			for _, id := range person.OtherIDs {
				keys = append(keys, Fold(id))
			}
		default:
			for _, ids := range r.sources {
				if p.slots == &ids.index.one && person.System == ids.system {
					keys = append(keys, ids.key(person.ID))
				}
			}
		}
		if slices.Contains(keys, p.key) {
			list = append(list, i)
		}
	}
	return list
}
