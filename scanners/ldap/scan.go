package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/leaver-audit/leaver/scanners"
)

// batch is what one page gave.
type batch struct {
	accounts   []scanners.Account
	rejections []scanners.Rejection
}

// Scan reads the accounts below every base, each base over a connection of its own, and emits them page by page. A page is
// emitted only when the server said that it ended, or when the search broke off for good.
func (s *source) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cov := scanners.Coverage{Query: s.query(nil)}
	var dir *directory
	err := s.env.Allocation.Do(ctx, func() (err error) {
		dir, err = s.prepare(ctx)
		return err
	})
	if err != nil {
		cov.Why = "nothing was read: " + firstLine(err)
		return cov, unwrapFinal(err)
	}
	cov.Query = s.query(dir)
	batches, outcomes := s.start(ctx, dir)
	if err := s.deliver(ctx, batches, emit, &cov); err != nil {
		cancel(err)
		for range batches { // let the readers see that it is over
		}
		cov.Verdict, cov.Why = scanners.Partial, "stopped: "+firstLine(err)
		return cov, err
	}
	return s.judge(dir, *outcomes, cov)
}

// start begins to read every base, as many at a time as the allocation allows. The outcomes are complete once the channel is
// closed.
func (s *source) start(ctx context.Context, dir *directory) (<-chan batch, *[]outcome) {
	batches, outcomes := make(chan batch), make([]outcome, len(dir.bases))
	var readers sync.WaitGroup
	for i, base := range dir.bases {
		readers.Go(func() {
			outcomes[i].base = base
			err := s.env.Allocation.Do(ctx, func() error {
				s.read(ctx, dir, batches, &outcomes[i])
				return nil
			})
			if err != nil {
				outcomes[i].err = err
			}
		})
	}
	go func() {
		readers.Wait()
		close(batches)
	}()
	return batches, &outcomes
}

func (s *source) deliver(ctx context.Context, batches <-chan batch, emit func(scanners.Account) error, cov *scanners.Coverage) error {
	for b := range batches {
		for _, r := range b.rejections {
			cov.Read++
			cov.Rejected++
			if r.ID == "" {
				cov.RejectedUnkeyed++
			}
			if err := s.env.Reject(r); err != nil {
				return err
			}
		}
		for _, a := range b.accounts {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			cov.Read++
			if err := emit(a); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// query words the question, so that somebody else can ask it.
func (s *source) query(d *directory) string {
	bases, filter := s.config.Bases, s.config.Filter
	if d != nil {
		bases, filter = d.bases, d.traits.filter
	}
	q := "scope " + s.config.Scope
	if filter != "" {
		q = fmt.Sprintf("filter %s, %s", filter, q)
	}
	if len(bases) > 0 {
		q += ", below " + strings.Join(bases, " and ")
	}
	return q
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\nhint:")
	return strings.ReplaceAll(line, "\n", "; ")
}

func unwrapFinal(err error) error {
	var last *final
	if errors.As(err, &last) {
		return last.error
	}
	return err
}
