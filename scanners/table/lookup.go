package table

import (
	"context"
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
)

// Lookup reads the files again to find one id. It always reads to the end, because only then is it certain that the id is
// there once, or not at all.
func (s *source[R]) Lookup(ctx context.Context, id string) (record R, found scanners.Fact[bool], err error) {
	again := *s
	rejected := ""
	again.env.Reject = func(r scanners.Rejection) error {
		if r.ID == id {
			rejected = fmt.Sprintf("%s was rejected: %s", r.Place, r.Reason)
		}
		return nil
	}
	times := 0
	coverage, err := again.Scan(ctx, func(r R) error {
		if recordID(r) == id {
			if times++; times == 1 {
				record = r
			} else {
				merge(&record, r)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return record, scanners.Unknown[bool](err.Error()), err
	case rejected != "":
		return record, scanners.Unknown[bool](rejected), nil
	case times > 1 && s.repeats != mayRepeat && s.repeats != historyRows:
		return record, scanners.Unknown[bool](fmt.Sprintf("the id %q is there %d times", id, times)), nil
	case times > 0:
		return record, scanners.Known(true), nil
	case !coverage.Verdict.Complete():
		return record, scanners.Unknown[bool](coverage.Why), nil
	}
	return record, scanners.Never[bool](), nil
}

func recordID[R scanners.Record](record R) string {
	switch r := any(record).(type) {
	case scanners.Account:
		return r.ID
	case scanners.Person:
		return r.ID
	}
	return ""
}

// merge adds the employments of a further row of the same person.
func merge[R scanners.Record](into *R, record R) {
	if p, ok := any(into).(*scanners.Person); ok {
		p.Employments = append(p.Employments, any(record).(scanners.Person).Employments...)
	}
}
