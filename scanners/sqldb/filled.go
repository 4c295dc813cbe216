package sqldb

import (
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
)

// filled counts rows of people, and in how many of them a field says something.
type filled struct{ rows, mail, start, status int64 }

func (f *filled) count(people bool, record any, wrong *defect) {
	p, ok := record.(*scanners.Person)
	if !people || !ok || wrong != nil {
		return
	}
	f.rows++
	if len(p.Mails) > 0 {
		f.mail++
	}
	if p.Employments[0].Start.IsKnown() {
		f.start++
	}
	if p.Employments[0].StatusRaw != "" {
		f.status++
	}
}

// fewPeople is the number of rows below which an empty column may be chance.
const fewPeople = 20

// doubts says which mapped columns are empty in every row: a table that lost a column looks like this, and accounts that are
// found by it would lose their owner.
func (f *filled) doubts(r *row) (all []string) {
	for _, one := range []struct {
		name  string
		count int64
	}{{"mail", f.mail}, {"start", f.start}, {"status", f.status}} {
		if len(r.at[one.name]) > 0 && one.count == 0 && f.rows >= fewPeople {
			all = append(all, fmt.Sprintf("not one of %d people has a value that can be used in column %q\nhint: if it never holds one, take %s out of columns:",
				f.rows, r.column(one.name), one.name))
		}
	}
	return all
}
