package reconcile

import (
	"hash/maphash"

	"github.com/leaver-audit/leaver/scanners"
)

// Ahead looks at what judging the accounts will look at, and decides nothing. The keys of each account lead to some place among
// all people that no cache holds; asked for together, some dozens of such places are waited for at once, and judging the
// accounts right afterwards waits for none. It is safe for concurrent use.
func (e *Engine) Ahead(accounts []*scanners.Account) {
	var room [256]aim
	aims := room[:0]
	for _, a := range accounts {
		for _, key := range e.settings.Keys {
			switch key {
			case KeyEmployeeID:
				for _, value := range a.EmployeeIDs {
					for _, system := range e.roster.order {
						ids := e.roster.ids[system]
						aims = ids.index.one.aim(aims, ids.key(value))
					}
				}
			case KeyMail:
				for _, value := range a.Mails {
					aims = e.roster.mails.one.aim(aims, mailKey(value, e.settings.MailDomains))
				}
			}
		}
	}
	e.roster.touch(aims)
}

// aim is where a key should stand in a table, and who stands there.
type aim struct {
	slots  *slots
	hash   uint64
	person *Person
}

// aim adds where key should stand. Keys beyond the capacity of aims are left to be waited for one by one.
func (s *slots) aim(aims []aim, key string) []aim {
	if key == "" || len(s.list) == 0 || len(aims) == cap(aims) {
		return aims
	}
	return append(aims, aim{slots: s, hash: maphash.String(s.seed, key) >> 32})
}

// touch reads one step of all aims before the next step of any: the slot, the person, and what texts of theirs a key is
// compared with. Reads of one step do not need each other, so the processor has many of them under way.
func (r *Roster) touch(aims []aim) (read int) {
	for i := range aims {
		a := &aims[i]
		for slot := a.slots.first(a.hash); a.slots.list[slot] != 0; slot = a.slots.next(slot) {
			if a.slots.list[slot]>>32 == a.hash {
				a.person = &r.people[uint32(a.slots.list[slot])-1]
				break
			}
		}
	}
	for _, a := range aims {
		if a.person != nil {
			read += len(a.person.State) + len(a.person.ID)
		}
	}
	for _, a := range aims {
		if a.person != nil && len(a.person.ID) > 0 {
			read += int(a.person.ID[0])
		}
		if a.person != nil && len(a.person.Mails) > 0 {
			read += len(a.person.Mails[0])
		}
	}
	for _, a := range aims {
		if a.person != nil && len(a.person.Mails) > 0 && a.person.Mails[0] != "" {
			read += int(a.person.Mails[0][0])
		}
	}
	return read
}
