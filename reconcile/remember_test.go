package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// night is the as-of of night n of the tests below.
func night(n int) time.Time { return noon.Add(time.Duration(n) * daySpan) }

// memory is the part of a remembered person that counts nights; nights as numbers, -1 for none.
type memory struct {
	FirstSeen, LastSeen, Misses, InferredSince int
	FormerMails                                []string
}

func memoryOf(past reconcile.PastPerson) memory {
	number := func(t time.Time) int {
		if t.IsZero() {
			return -1
		}
		return int(t.Sub(noon) / daySpan)
	}
	return memory{number(past.FirstSeen), number(past.LastSeen), past.Misses, number(past.InferredSince), past.FormerMails}
}

// play shows a row per night (nil for none) and returns what is remembered after each.
func play(nights ...*scanners.Person) []memory {
	var memories []memory
	w := newWorld()
	for n, row := range nights {
		w.settings.AsOf, w.people = night(n), nil
		if row != nil {
			w.people = []scanners.Person{*row}
		}
		w = w.next(night(n + 1))
		for _, past := range w.history.People {
			memories = append(memories, memoryOf(past))
		}
	}
	return memories
}

func TestRemember(t *testing.T) {
	row := func(mail string, e ...scanners.Employment) *scanners.Person {
		p := human("100", e...)
		p.Mails = []string{mail}
		return &p
	}
	at := row("a@corp.example", hired)
	undated := row("a@corp.example", tenureAs("2020-01-01", "", scanners.StatusTerminated))
	dated := row("a@corp.example", left)
	cases := []struct {
		name   string
		nights []*scanners.Person
		want   []memory
	}{
		{"always there", []*scanners.Person{at, at, at}, []memory{{0, 0, 0, -1, nil}, {0, 1, 0, -1, nil}, {0, 2, 0, -1, nil}}},
		{"comes later", []*scanners.Person{nil, at}, []memory{{1, 1, 0, -1, nil}}},
		{"vanishes", []*scanners.Person{at, nil, nil, nil}, []memory{{0, 0, 0, -1, nil}, {0, 0, 1, 1, nil}, {0, 0, 2, 1, nil}, {0, 0, 3, 1, nil}}},
		{"vanishes and comes back", []*scanners.Person{at, nil, nil, at, nil}, []memory{{0, 0, 0, -1, nil}, {0, 0, 1, 1, nil}, {0, 0, 2, 1, nil}, {0, 3, 0, -1, nil}, {0, 3, 1, 4, nil}}},
		{"vanishes after a stated end", []*scanners.Person{dated, nil, nil}, []memory{{0, 0, 0, -1, nil}, {0, 0, 0, -1, nil}, {0, 0, 0, -1, nil}}},
		{"terminated without a date", []*scanners.Person{at, undated, undated}, []memory{{0, 0, 0, -1, nil}, {0, 1, 1, 1, nil}, {0, 2, 2, 1, nil}}},
		{"terminated without a date, then vanished", []*scanners.Person{undated, undated, nil}, []memory{{0, 0, 1, 0, nil}, {0, 1, 2, 0, nil}, {0, 1, 3, 0, nil}}},
		{"terminated without a date, dated later", []*scanners.Person{undated, dated}, []memory{{0, 0, 1, 0, nil}, {0, 1, 0, -1, nil}}},
		{"terminated by mistake", []*scanners.Person{undated, at, undated}, []memory{{0, 0, 1, 0, nil}, {0, 1, 0, -1, nil}, {0, 2, 1, 2, nil}}},
		{"another address", []*scanners.Person{at, row("B@corp.example", hired), row("c@corp.example", hired)},
			[]memory{{0, 0, 0, -1, nil}, {0, 1, 0, -1, []string{"a@corp.example"}}, {0, 2, 0, -1, []string{"a@corp.example", "b@corp.example"}}}},
		{"another address and back", []*scanners.Person{at, row("b@corp.example", hired), at},
			[]memory{{0, 0, 0, -1, nil}, {0, 1, 0, -1, []string{"a@corp.example"}}, {0, 2, 0, -1, []string{"b@corp.example"}}}},
		{"the same address in capitals", []*scanners.Person{at, row("A@CORP.example", hired)}, []memory{{0, 0, 0, -1, nil}, {0, 1, 0, -1, nil}}},
		{"vanished with a former address", []*scanners.Person{at, row("b@corp.example", hired), nil},
			[]memory{{0, 0, 0, -1, nil}, {0, 1, 0, -1, []string{"a@corp.example"}}, {0, 1, 1, 2, []string{"a@corp.example"}}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(c.nights...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRememberKeepsTheRow: what is remembered judges like the row itself did.
func TestRememberKeepsTheRow(t *testing.T) {
	p := human("100", tenureAs("2020-01-01", "2026-01-31", scanners.StatusActive), tenure("2018-01-01", "2019-01-31"))
	p.OtherIDs, p.DisplayName, p.Manager, p.Department, p.Location, p.Zone = []string{"GUID"}, "Display", "boss", "Sales", "Rome", "Europe/Rome"
	w := newWorld(p).next(night(1))
	if diff := cmp.Diff(p, w.history.People[0].Person); diff != "" {
		t.Errorf("remembered (-row +history):\n%s", diff)
	}
}

// TestInferredEndStays: the end that a status says is the first snapshot that showed it, and does not move night by night.
func TestInferredEndStays(t *testing.T) {
	undated := human("100", tenureAs("2020-01-01", "", scanners.StatusTerminated))
	w := newWorld(human("100", hired))
	for n := 1; n <= 4; n++ {
		if w = w.next(night(n), undated); n == 4 {
			w.people = nil // and then the row goes as well
		}
		v := w.judge(login(used(night(1).Add(6*time.Hour), 0)))
		if v.Kind != leaverActive || !v.End.At.Equal(night(1)) || !v.End.Inferred {
			t.Errorf("night %d: %s, end %s, want leaver_active since %s", n, v.Kind, v.End.At, night(1))
		}
		if !v.Flags.Has(reconcile.InUse) {
			t.Errorf("night %d: flags %v, want in_use", n, v.Flags.List())
		}
		if v.Person.Misses != n-1 {
			t.Errorf("night %d: %d misses, want %d", n, v.Person.Misses, n-1)
		}
	}
}

// TestVanishedEndStays: the end is the last snapshot that showed the person, however many nights ago.
func TestVanishedEndStays(t *testing.T) {
	w := newWorld(human("100", hired))
	for n := 1; n <= 3; n++ {
		w = w.next(night(n))
		v := w.judge(login(used(night(0), 0)))
		if v.Kind != leaverActive || !v.End.At.Equal(night(0)) || v.Flags.Has(reconcile.InUse) || v.Situation != reconcile.Deleted {
			t.Errorf("night %d: %s, %s, end %s, flags %v", n, v.Kind, v.Situation, v.End.At, v.Flags.List())
		}
	}
	back := w.next(night(4), human("100", hired))
	if v := back.judge(login(used(night(0), 0))); v.Kind != none || v.Situation != reconcile.Linked {
		t.Errorf("back again: %s, %s", v.Kind, v.Situation)
	}
}

// TestRememberStops: the caller may stop early.
func TestRememberStops(t *testing.T) {
	roster := newWorld(human("100", hired), human("200", hired)).roster()
	n := 0
	for range roster.Remember(noon, nil) {
		n++
		break
	}
	if all := len(slices.Collect(roster.Remember(noon, nil))); n != 1 || all != 2 {
		t.Errorf("%d of %d people", n, all)
	}
}
