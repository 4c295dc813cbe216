package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// Lookup asks for the row of one id: the declared statement, with the id as a bound parameter. When it does not come, every row
// is read, because only then it is certain that there is none: databases have their own ideas of when two texts are the same.
func (s *source[R]) Lookup(ctx context.Context, id string) (record R, found scanners.Fact[bool], err error) {
	for _, only := range []*question{{id}, nil} {
		l := &lookup[R]{id: id}
		var coverage scanners.Coverage
		if coverage, err = s.ask(ctx, l, only); err != nil {
			reason, _, _ := strings.Cut(err.Error(), "\n")
			return record, scanners.Unknown[bool](reason), fmt.Errorf("look up %q: %w", id, err)
		}
		switch {
		case l.rejected != "":
			return record, scanners.Unknown[bool](l.rejected), nil
		case l.times > 0:
			return l.record, scanners.Known(true), nil
		case only == nil && !coverage.Verdict.Complete():
			return record, scanners.Unknown[bool](coverage.Why), nil
		}
	}
	return record, scanners.Never[bool](), nil
}

// lookup collects the rows of one id.
type lookup[R scanners.Record] struct {
	id       string
	record   R
	times    int
	rejected string
}

func (s *source[R]) ask(ctx context.Context, l *lookup[R], only *question) (scanners.Coverage, error) {
	again := *s
	again.env.Reject = func(r scanners.Rejection) error {
		if r.ID == l.id {
			l.rejected = fmt.Sprintf("its row was rejected: %s", r.Reason)
		}
		return nil
	}
	r := again.reading(l.add)
	err := s.env.Allocation.Do(ctx, func() error {
		return s.retries.Do(ctx, func(ctx context.Context) error { return r.read(ctx, only) })
	})
	return r.coverage(ctx, err)
}

// add keeps a record of the id, and adds the employments of its further rows.
func (l *lookup[R]) add(record R) error {
	if recordID(&record) != l.id {
		return nil
	}
	if l.times++; l.times == 1 {
		l.record = record
	} else if p, ok := any(&l.record).(*scanners.Person); ok {
		p.Employments = append(p.Employments, any(record).(scanners.Person).Employments...)
	}
	return nil
}

func recordID(record any) string {
	switch r := record.(type) {
	case *scanners.Account:
		return r.ID
	case *scanners.Person:
		return r.ID
	}
	return ""
}
