package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/join"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// export is people as fixtures/join writes them: ids that ascend, one address and one employment each; one in ten has a last day,
// mostly one that is over. What differs from row to row is made ahead, so that a benchmark measures little but what is done to it.
type export struct {
	text   string  // an id of seven digits, then the address
	begins []int32 // of each person in text, and its end
}

func newExport(people int) *export {
	e := &export{begins: make([]int32, 1, people+1)}
	var text []byte
	for i := range people {
		text = fmt.Appendf(text, "%07d%s.%s%d@corp.example", 1_000_000+i, givenNames[i%len(givenNames)], familyNames[i/len(givenNames)%len(familyNames)], i)
		e.begins = append(e.begins, int32(len(text)))
	}
	e.text = string(text)
	return e
}

var (
	givenNames  = [...]string{"anna", "boris", "carla", "deniz", "elif", "friedrich", "giulia", "henrik", "ingrid"}
	familyNames = [...]string{"abendroth", "bergstrom", "calloway", "dimitrov", "eriksen", "ferreira", "grabowski"}
)

// addTo gives b everybody, in rows whose memory is used again.
func (e *export) addTo(b *reconcile.RosterBuilder) {
	mails, employments := make([]string, 1), make([]scanners.Employment, 1)
	for i, begin := range e.begins[:len(e.begins)-1] {
		mails[0] = e.text[begin+7 : e.begins[i+1]]
		month := i * 7919 % 264
		employments[0] = scanners.Employment{End: scanners.Never[scanners.Date](), LastDayInclusive: true,
			Start: scanners.Known(scanners.Date{Year: 2003 + month/12, Month: time.Month(month%12 + 1), Day: i%28 + 1})}
		if i%10 == 3 {
			employments[0].End = scanners.Known(scanners.Date{Year: 2025 + i/10%5/3, Month: time.Month(i/10%12 + 1), Day: i%28 + 1})
		}
		b.Add(scanners.Person{System: "hr", ID: e.text[begin : begin+7], GivenName: givenNames[i%len(givenNames)], FamilyName: familyNames[i/len(givenNames)%len(familyNames)],
			Mails: mails, Employments: employments, Place: "line 1234567"})
	}
}

// BenchmarkExport makes an engine of the people of an export that comes ordered by id.
func BenchmarkExport(b *testing.B) {
	const people = 1_000_000
	e := newExport(people)
	settings := reconcile.Settings{AsOf: join.AsOf(), Zone: time.UTC, Keys: []string{reconcile.KeyEmployeeID, reconcile.KeyMail}, PeopleComplete: true}
	b.ReportAllocs()
	for b.Loop() {
		builder := reconcile.NewRoster(settings, reconcile.History{})
		e.addTo(builder)
		reconcile.NewEngine(settings, builder.Build())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*people), "ns/person")
}
