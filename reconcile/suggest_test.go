package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// called is a person with a name and no mail address of that name.
func called(id, given, family string, tenures ...scanners.Employment) scanners.Person {
	p := human(id, tenures...)
	p.GivenName, p.FamilyName = given, family
	return p
}

// stray is an account that no key leads to anybody from.
func stray(changes ...func(*scanners.Account)) scanners.Account {
	return login(append([]func(*scanners.Account){keys(), named("x7")}, changes...)...)
}

func displayed(name string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.DisplayName = name }
}

// suggest judges a and returns the verdict with its suggestions.
func (w world) suggest(a scanners.Account) reconcile.Verdict {
	e := w.engine(a)
	v := e.Judge(&a)
	reconcile.NewSuggester(e).Suggest(&v)
	return v
}

func suggestedIn(v reconcile.Verdict) string {
	var all []string
	for _, s := range v.Suggestions {
		all = append(all, fmt.Sprintf("%s %d", s.Person.ID, s.Percent))
	}
	return strings.Join(all, ", ")
}

func TestSuggestions(t *testing.T) {
	cases := []struct {
		name   string
		people []scanners.Person
		a      scanners.Account
		want   string
		reason string
	}{
		{"display name", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(displayed("Jon Doe")), "1 60", "same given and family name"},
		{"display name, family first", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(displayed("Doe, Jon (Sales)")), "1 60", "same given and family name"},
		{"mail of another domain", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(mails("jon.doe@old.example")), "1 60", `mail "jon.doe@old.example"`},
		{"login", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(named("JonDoe")), "1 60", `login "JonDoe"`},
		{"login in a domain, with digits", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(named(`CORP\jon_doe2`)), "1 60", "same given"},
		{"login in one word", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(named("jondoe")), "1 60", "given and family name"},
		{"swapped", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(displayed("Doe Jon")), "1 50", "swapped"},
		{"nickname", []scanners.Person{called("1", "Robert", "Doe", hired)}, stray(displayed("Bob Doe")), "1 50", `"bob" stands for "robert"`},
		{"nickname in HR", []scanners.Person{called("1", "Bob", "Doe", hired)}, stray(displayed("Robert Doe")), "1 50", `"robert" stands for "bob"`},
		{"nickname of another language", []scanners.Person{called("1", "Aleksandra", "Nowak", hired)}, stray(displayed("Ola Nowak")), "1 50", "stands for"},
		{"umlaut as two letters", []scanners.Person{called("1", "Jörg", "Müller", hired)}, stray(named("joerg.mueller")), "1 55", "another spelling"},
		{"umlaut as one letter", []scanners.Person{called("1", "Jörg", "Müller", hired)}, stray(named("jorg.muller")), "1 55", "another spelling"},
		{"umlaut in the account only", []scanners.Person{called("1", "Joerg", "Mueller", hired)}, stray(displayed("Jörg Müller")), "1 55", "another spelling"},
		{"other marks", []scanners.Person{called("1", "Łukasz", "Grønßé", hired)}, stray(named("lukasz.gronsse")), "1 55", "another spelling"},
		{"cyrillic", []scanners.Person{called("1", "Дмитрий", "Щукин", hired)}, stray(named("dmitrii.shchukin")), "1 55", "another spelling"},
		{"initial", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(named("j.doering")), "1 35", "initial and family name"},
		{"initial in one word", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(named("jdoering")), "1 35", "initial and family name"},
		{"initial last", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(named("doeringj")), "1 30", "family name and initial"},
		{"an admin's second account", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(named("adm-jdoering"), kind(scanners.KindAdmin)), "1 35", "initial"},
		{"double names", []scanners.Person{called("1", "Hans-Peter", "von der Leyen", hired)}, stray(displayed("Hans von der Leyen")), "1 60", "same given"},
		{"a middle name", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(displayed("Jon Maria Doe")), "1 60", "same given"},
		{"misspelt", []scanners.Person{called("1", "Jonathan", "Doering", hired)}, stray(displayed("Jonathan Doerimg")), "1 40", "very similar name (0.9"},
		{"only a display name in HR", []scanners.Person{{System: "hr", ID: "1", DisplayName: "Doe, Jon", Employments: []scanners.Employment{hired}}},
			stray(displayed("Jon Doe")), "1 60", "same given"},
		{"two texts", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(displayed("Jon Doering"), named("jdoering")), "1 70", "initial"},
		{"local part of their address", []scanners.Person{human("1", hired)}, stray(mails("p1@old.example")), "", ""},
		{"local part of three letters", []scanners.Person{human("10", hired)}, stray(mails("p10@old.example")), "10 50", "local part"},
		{"two people of one name", []scanners.Person{called("2", "Jon", "Doe", hired), called("1", "Jon", "Doe", left)}, stray(displayed("Jon Doe")), "2 50, 1 50", "one of 2 people"},
		{"no more than three", []scanners.Person{called("4", "Jon", "Doe", hired), called("3", "Jon", "Doe", hired), called("2", "Jon", "Doe", hired), called("1", "Jon", "Doe", hired)},
			stray(displayed("Jon Doe")), "1 50, 2 50, 3 50", "one of 4 people"},
		{"somebody who left", []scanners.Person{called("1", "Jon", "Doe", left)}, stray(displayed("Jon Doe")), "1 60", "same"},
		{"nobody", []scanners.Person{called("1", "Jon", "Doe", hired)}, stray(displayed("Mia Roe")), "", ""},
		{"a family name alone", []scanners.Person{called("1", "Jon", "Doering", hired)}, stray(named("doering")), "", ""},
		{"brackets and commas only", []scanners.Person{{System: "hr", ID: "1", DisplayName: "Doe (Sales, EU)"}}, stray(displayed(", ( ,")), "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := newWorld(c.people...).suggest(c.a)
			if v.Kind != reconcile.Orphan {
				t.Fatalf("kind %q", v.Kind)
			}
			if got := suggestedIn(v); got != c.want {
				t.Fatalf("suggested %q, want %q: %v", got, c.want, v.Suggestions)
			}
			if c.want != "" && !strings.Contains(strings.Join(v.Suggestions[0].Reasons, "; "), c.reason) {
				t.Errorf("reasons %q, want %q", v.Suggestions[0].Reasons, c.reason)
			}
		})
	}
}

// Whatever speaks for somebody, it stays less than a key would be.
func TestSuggestionIsNeverCertain(t *testing.T) {
	p := called("1", "Jon", "Doering", hired)
	p.Manager, p.Department = "9", "Sales"
	a := stray(displayed("Jon Doering"), named("jdoering"), mails("doeringj@else.example"))
	a.Manager, a.Evidence = "9", []scanners.Attribute{{Name: "Department", Values: []string{"sales"}}}
	v := newWorld(p, called("9", "Eva", "Boss", hired)).suggest(a)
	if got := suggestedIn(v); got != "1 90" {
		t.Errorf("suggested %q", got)
	}
	if why := strings.Join(v.Suggestions[0].Reasons, "; "); !strings.Contains(why, "same manager (9)") || !strings.Contains(why, `same department ("Sales")`) {
		t.Errorf("reasons %q", why)
	}
}

// An address that somebody gave up still speaks for them, but decides nothing.
func TestSuggestionByFormerMail(t *testing.T) {
	before := human("100", hired)
	before.Mails = []string{"old@corp.example"}
	w := newWorld(before).next(noon.Add(daySpan), human("100", hired))
	v := w.suggest(stray(mails("old@corp.example")))
	if got := suggestedIn(v); v.Kind != reconcile.Orphan || got != "100 60" {
		t.Errorf("%s, suggested %q", v.Kind, got)
	}
}

func TestSuggestionsOnlyForPersonalOrphans(t *testing.T) {
	w := newWorld(called("1", "Jon", "Doe", hired), human("100", hired))
	cases := map[string]scanners.Account{
		"linked":   login(displayed("Jon Doe")),
		"service":  stray(displayed("Jon Doe"), kind(scanners.KindService)),
		"guest":    stray(displayed("Jon Doe"), kind(scanners.KindGuest)),
		"disabled": stray(displayed("Jon Doe"), disabled),
	}
	for name, a := range cases {
		if v := w.suggest(a); v.Suggestions != nil {
			t.Errorf("%s: %s", name, suggestedIn(v))
		}
	}
}

// Nobody is suggested again after two people said that the account is not theirs.
func TestSuggestionsKeepToTheLinkTable(t *testing.T) {
	people := []scanners.Person{called("1", "Jon", "Doe", hired), called("2", "Jonathan", "Doe", hired)}
	a := stray(displayed("Jon Doe"))
	if got := suggestedIn(newWorld(people...).suggest(a)); got != "1 60, 2 50" {
		t.Errorf("without a table: %q", got)
	}
	denied := link(not("hr/1"))
	denied.Account = a.ID
	v := linkedWorld(people, denied).suggest(a)
	if got := suggestedIn(v); v.Kind != reconcile.Orphan || got != "2 50" {
		t.Errorf("%s, suggested %q", v.Kind, got)
	}
}

func TestLikelyMiskeyed(t *testing.T) {
	remembered := newWorld(called("1", "Jon", "Doe", hired)).next(noon.Add(daySpan))
	cases := []struct {
		name string
		w    world
		want bool
	}{
		{"employed", newWorld(called("1", "Jon", "Doe", hired)), true},
		{"on leave", newWorld(called("1", "Jon", "Doe", tenureAs("2020-01-01", "", scanners.StatusLeave))), true},
		{"about to start", newWorld(called("1", "Jon", "Doe", tenure("2026-04-01", ""))), true},
		{"left", newWorld(called("1", "Jon", "Doe", left)), false},
		{"remembered", remembered, false},
		{"one who left and one employed, equally likely", newWorld(called("1", "Jon", "Doe", left), called("2", "Jon", "Doe", hired)), true},
		{"the one who left is likelier", newWorld(called("1", "Jon", "Doe", left), called("2", "Jonathan", "Doe", hired)), false},
		{"nobody", newWorld(), false},
	}
	for _, c := range cases {
		if v := c.w.suggest(stray(displayed("Jon Doe"))); v.LikelyMiskeyed() != c.want {
			t.Errorf("%s: %t with %s", c.name, !c.want, suggestedIn(v))
		}
	}
}

// In an invented company with every special case: suggesting changes nothing else of a verdict, names nobody whom a key
// names, is never certain, and does not depend on the order of people.
func TestSuggestionsOfACompany(t *testing.T) {
	c := company.New(company.Options{Seed: 3, Accounts: 3000, Now: instant("2026-03-10T02:00:00Z"), Nights: 2, AllCases: true})
	history := reconcile.History{People: slices.Collect(companyNight(c, 0, reconcile.History{}).Remember(c.AsOf(0), nil))}
	engine := companyEngine(c, 1, companyNight(c, 1, history))
	other := companyEngine(c, 1, shuffledNight(c, history))
	suggester, again := reconcile.NewSuggester(engine), reconcile.NewSuggester(other)
	suggested := 0
	eachAccount(c, 1, func(a *scanners.Account) {
		v, plain, shuffled := engine.Judge(a), engine.Judge(a), other.Judge(a)
		suggester.Suggest(&v)
		again.Suggest(&shuffled)
		if diff := cmp.Diff(v.Suggestions, shuffled.Suggestions); diff != "" {
			t.Errorf("%s: the order of people matters: %s", a.ID, diff)
		}
		named := map[string]bool{}
		for _, key := range engine.Explain(a).Keys {
			for _, ref := range key.Named {
				named[ref] = true
			}
		}
		for _, s := range v.Suggestions {
			suggested++
			if s.Percent < 1 || s.Percent > 90 || len(s.Reasons) == 0 || named[s.Person.Ref()] {
				t.Errorf("%s: %+v", a.ID, s)
			}
		}
		v.Suggestions = nil
		if diff := cmp.Diff(plain, v); diff != "" {
			t.Errorf("%s: suggesting changed the verdict: %s", a.ID, diff)
		}
	})
	if suggested == 0 {
		t.Error("no suggestion in the company")
	}
}

func shuffledNight(c *company.Company, history reconcile.History) *reconcile.Roster {
	var people []scanners.Person
	for _, roster := range company.Rosters() {
		people = slices.AppendSeq(people, c.People(roster, 1))
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(people), func(i, k int) { people[i], people[k] = people[k], people[i] })
	past := slices.Clone(history.People)
	random.Shuffle(len(past), func(i, k int) { past[i], past[k] = past[k], past[i] })
	b := reconcile.NewRoster(companySettings(c, 1), reconcile.History{People: past})
	for _, p := range people {
		b.Add(p)
	}
	return b.Build()
}

// In invented worlds of few names, where much fits, the same holds.
func TestSuggestionsOfRandomWorlds(t *testing.T) {
	givens, families := []string{"Jon", "John", "Jürgen", "Alex", "Alexandra", "Bob", "Robert", "Li", ""}, []string{"Doe", "Müller", "Mueller", "Li", "O'Neil", "Smith-Doe", "Doering", ""}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 9))
		pick := func(list []string) string { return list[random.IntN(len(list))] }
		var people []scanners.Person
		for i := range 12 {
			p := called(fmt.Sprint(i), pick(givens), pick(families), []scanners.Employment{hired, left}[random.IntN(2)])
			p.Mails = []string{strings.ToLower(p.GivenName + "." + p.FamilyName + "@corp.example")}
			p.Manager = fmt.Sprint(random.IntN(12))
			people = append(people, p)
		}
		g, f := pick(givens), pick(families)
		a := stray(displayed(pick([]string{g + " " + f, f + ", " + g, f + " " + g, "?"})), named(pick([]string{g + f, g + "." + f, leadingLetter(g) + f, f + leadingLetter(g), "x"})),
			mails(pick([]string{g + "." + f + "@corp.example", f + "@old.example"})), keys(pick([]string{"", "3", "77"})))
		a.Manager = fmt.Sprint(random.IntN(12))
		w := newWorld(people...)
		v := w.suggest(a)
		random.Shuffle(len(people), func(i, k int) { people[i], people[k] = people[k], people[i] })
		if diff := cmp.Diff(v.Suggestions, newWorld(people...).suggest(a).Suggestions); diff != "" {
			t.Errorf("seed %d: the order of people matters: %s", seed, diff)
		}
		last := 90
		for _, s := range v.Suggestions {
			if s.Percent < 1 || s.Percent > last || v.Kind != reconcile.Orphan {
				t.Errorf("seed %d: %s with %s", seed, v.Kind, suggestedIn(v))
			}
			last = s.Percent
		}
	}
}

func leadingLetter(name string) string {
	for _, r := range name {
		return string(r)
	}
	return ""
}

// BenchmarkSuggest looks for the owners of 10,000 orphans among 200,000 people; half of the orphans are misspelt.
func BenchmarkSuggest(b *testing.B) {
	const people, orphans = 200_000, 10_000
	random := rand.New(rand.NewPCG(5, 6))
	syllables := strings.Fields("ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to")
	invent := func(n int) string {
		name := ""
		for range n {
			name += syllables[random.IntN(len(syllables))]
		}
		return strings.ToUpper(name[:1]) + name[1:]
	}
	givens := make([]string, 2000)
	for i := range givens {
		givens[i] = invent(2 + random.IntN(2))
	}
	w := newWorld()
	for i := range people {
		w.people = append(w.people, called(fmt.Sprint(i), givens[random.IntN(len(givens))], invent(2+random.IntN(3)), hired))
	}
	accounts := make([]scanners.Account, orphans)
	for i := range accounts {
		p := w.people[random.IntN(people)]
		family := p.FamilyName
		if i%2 == 0 {
			family = family[:len(family)-1] + "x"
		}
		accounts[i] = stray(displayed(p.GivenName+" "+family), named(strings.ToLower(p.GivenName[:1]+family)))
	}
	e := w.engine()
	verdicts := make([]reconcile.Verdict, orphans)
	for i := range accounts {
		verdicts[i] = e.Judge(&accounts[i])
	}
	for b.Loop() {
		s := reconcile.NewSuggester(e)
		found := 0
		for i := range verdicts {
			s.Suggest(&verdicts[i])
			found += min(1, len(verdicts[i].Suggestions))
		}
		b.ReportMetric(float64(found)/orphans, "suggested/orphan")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/orphans, "ns/orphan")
}
