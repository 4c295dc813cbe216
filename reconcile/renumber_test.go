package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

// TestRenumberedPeople: HR may write ids with other leading zeros from one night to the next. Whoever can only be the same
// person is; whoever could be somebody else is not.
func TestRenumberedPeople(t *testing.T) {
	night := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	person := func(id string) scanners.Person {
		return scanners.Person{System: "hr", ID: id, GivenName: "Ada", Employments: []scanners.Employment{{End: scanners.Never[scanners.Date]()}}}
	}
	for _, c := range []struct {
		name      string
		past, now []string
		keep      bool
		// want lists "id was former", and "id gone" for who is only remembered.
		want []string
	}{
		{"the same ids", []string{"001", "002"}, []string{"001", "002"}, false, []string{"001", "002"}},
		{"zeros lost in all ids", []string{"001", "002"}, []string{"1", "2"}, false, []string{"1 was 001", "2 was 002"}},
		{"more zeros in all ids", []string{"1", "2"}, []string{"0001", "0002"}, false, []string{"0001 was 1", "0002 was 2"}},
		{"zeros lost in one id", []string{"001", "002"}, []string{"001", "2"}, false, []string{"001", "2 was 002"}},
		{"a joiner and a leaver of other numbers", []string{"001", "002"}, []string{"1", "3"}, false, []string{"002 gone", "1 was 001", "3"}},
		{"two people tonight", []string{"001"}, []string{"1", "01"}, false, []string{"001 gone", "01", "1"}},
		{"two people before", []string{"001", "01"}, []string{"1"}, false, []string{"001 gone", "01 gone", "1"}},
		{"the old id is there, too", []string{"001"}, []string{"001", "1"}, false, []string{"001", "1"}},
		{"zeros matter", []string{"001"}, []string{"1"}, true, []string{"001 gone", "1"}},
		{"ids that are not all digits", []string{"001", "e2"}, []string{"1", "e2"}, false, []string{"001 gone", "1", "e2"}},
		{"letters before", []string{"e001"}, []string{"1"}, false, []string{"1", "e001 gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h History
			for _, id := range c.past {
				h.People = append(h.People, PastPerson{Person: person(id), FirstSeen: night.AddDate(0, 0, -9), LastSeen: night.AddDate(0, 0, -1)})
			}
			b := NewRoster(Settings{AsOf: night, Zone: time.UTC, KeepZeros: map[string]bool{"hr": c.keep}}, h)
			for _, id := range c.now {
				b.Add(person(id))
			}
			r := b.Build()
			var got []string
			r.People(func(p *Person) {
				text := p.ID
				if p.Former != "" {
					text += " was " + p.Former
				}
				if p.Remembered {
					text += " gone"
				}
				got = append(got, text)
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("people (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNumbersGivenOutAgain: an id that was gone before, or that stands for somebody of another name, is not taken for the
// old one with other zeros.
func TestNumbersGivenOutAgain(t *testing.T) {
	night := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	past := func(id string, days int) PastPerson {
		return PastPerson{Person: scanners.Person{System: "hr", ID: id, GivenName: "Ada", FamilyName: "Byron"}, LastSeen: night.AddDate(0, 0, -days)}
	}
	for _, c := range []struct {
		name          string
		past          []PastPerson
		given, family string
		people        int
	}{
		{"there last night", []PastPerson{past("001", 1), past("9", 1)}, "Ada", "Byron", 2},
		{"married", []PastPerson{past("001", 1), past("9", 1)}, "Ada", "Lovelace", 2},
		{"somebody else", []PastPerson{past("001", 1), past("9", 1)}, "Alan", "Turing", 3},
		{"gone before", []PastPerson{past("001", 2), past("9", 1)}, "Ada", "Byron", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewRoster(Settings{AsOf: night, Zone: time.UTC}, History{People: c.past})
			b.Add(scanners.Person{System: "hr", ID: "1", GivenName: c.given, FamilyName: c.family})
			b.Add(scanners.Person{System: "hr", ID: "9", GivenName: "Ada", FamilyName: "Byron"})
			people := 0
			b.Build().People(func(*Person) { people++ })
			if people != c.people {
				t.Errorf("%d people, want %d", people, c.people)
			}
		})
	}
}

// TestRenumberedPeopleStayKnown: first seen, links and the former id survive, and the history says once who has a new key.
func TestRenumberedPeopleStayKnown(t *testing.T) {
	night := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	h := History{People: []PastPerson{{Person: scanners.Person{System: "hr", ID: "007"}, FirstSeen: night.AddDate(0, 0, -9), LastSeen: night.AddDate(0, 0, -1),
		FormerMails: []string{"ada@old.example"}}}}
	for i, want := range []string{"7 was 007, first seen 2026-11-13, renumbered true", "7 was 007, first seen 2026-11-13, renumbered false"} {
		b := NewRoster(Settings{AsOf: night.AddDate(0, 0, i), Zone: time.UTC}, h)
		b.Add(scanners.Person{System: "hr", ID: "7"})
		r := b.Build()
		h = History{}
		var got []string
		for past := range r.Remember(night.AddDate(0, 0, i), nil) {
			got = append(got, fmt.Sprintf("%s was %s, first seen %s, renumbered %v", past.Person.ID, past.Former, past.FirstSeen.Format(time.DateOnly), past.Renumbered))
			if len(past.FormerMails) != 1 {
				t.Errorf("former addresses are %q", past.FormerMails)
			}
			past.Renumbered = false // as the run store reads it
			h.People = append(h.People, past)
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("night %d (-want +got):\n%s", i, diff)
		}
		r.People(func(p *Person) {
			for _, name := range []string{"7", "007", "hr/7", "hr/007"} {
				if !p.MeantBy(name) {
					t.Errorf("night %d: %s is not meant by %q", i, p.Ref(), name)
				}
			}
			if p.MeantBy("0007") {
				t.Error("an id that the person never had means them")
			}
		})
	}
}
