package job

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/connect"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// scanned is one source after its scan.
type scanned struct {
	reports.Source
	// err is the scan's own error; the coverage says what it means for the result.
	err error
}

// sink receives what a scan emits. The run store's snapshot writers are sinks.
type sink[R scanners.Record] interface {
	Write(*R) error
	Close() (digest string, rows int64, err error)
}

// readAll scans the sources side by side and returns them in the order of the configuration. Its error is fatal to the
// run: a configuration error of a connector, a full disk, an interruption. Everything else is in the coverage.
func (j *Job) readAll(ctx context.Context, sources []config.Source, read func(context.Context, config.Source) (scanned, error)) ([]scanned, error) {
	results := make([]scanned, len(sources))
	group, ctx := errgroup.WithContext(ctx)
	for i, source := range sources {
		group.Go(func() error {
			var err error
			results[i], err = read(ctx, source)
			return err
		})
	}
	return results, group.Wait()
}

// env is the outside world as a connector of this run sees it.
func (t *attempt) env(source config.Source, reject func(scanners.Rejection) error) scanners.Env {
	return scanners.Env{
		Log:        t.Log.With("source", source.Name),
		HTTP:       func(r scanners.Reach) (http.RoundTripper, error) { return connect.Open(r, t.Config.ResolvePath) },
		Dial:       connect.Dial,
		Path:       t.Config.ResolvePath,
		Secret:     t.Config.Secret,
		Now:        t.Now,
		Wait:       wait,
		AsOf:       t.asOf,
		Zone:       source.Zone,
		Reject:     reject,
		Allocation: scanners.NewAllocation(source.Allocation),
	}
}

// wait sleeps for d, or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// scan reads one opened source into out and settles its coverage. stamp sets the record's system and returns by what a
// canary may name it: ids, logins, mail addresses.
func scan[R scanners.Record](ctx context.Context, j *Job, source config.Source, from scanners.Source[R], out sink[R], stamp func(*R) []string) (scanned, error) {
	result := scanned{Source: reports.Source{Name: source.Name, Kind: source.Connector.Name, ReadAt: j.Now().UTC()}}
	canaries := map[string]bool{}
	for _, name := range source.Canaries {
		canaries[reconcile.Fold(name)] = false
	}
	var full *sinkError
	batch := 0
	j.Progress.Begin(source.Name)
	take := func(record *R) error {
		names := stamp(record)
		for i := 0; i < len(names) && len(canaries) > 0; i++ {
			name := reconcile.Fold(names[i])
			if _, wanted := canaries[name]; wanted {
				canaries[name] = true
			}
		}
		if err := out.Write(record); err != nil {
			return &sinkError{err}
		}
		result.Used++
		if batch++; batch == progressBatch {
			j.Progress.Read(source.Name, batch)
			batch = 0
		}
		return nil
	}
	coverage, err := scanners.ScanBatches(ctx, from, func(records []R) error {
		for i := range records {
			if err := take(&records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	j.Progress.Read(source.Name, batch)
	switch {
	case errors.As(err, &full):
		return result, fmt.Errorf("%s: %w", source.Name, full.error)
	case ctx.Err() != nil:
		return result, context.Cause(ctx)
	}
	digest, rows, closeErr := out.Close()
	if closeErr != nil {
		return result, fmt.Errorf("%s: %w", source.Name, closeErr)
	}
	result.SnapshotDigest, result.err = digest, err
	result.Coverage = settle(coverage, err, rows, source.Canaries, canaries)
	j.Progress.End(source.Name, result.Coverage, j.Now().Sub(result.ReadAt))
	return result, configError(source, err)
}

// progressBatch is how many records are read between two notes to the progress.
const progressBatch = 256

// sinkError is a failure to keep what was read: the run cannot go on.
type sinkError struct{ error }

// configError returns err as a fatal error when it is a mistake in the configuration, and nil otherwise.
func configError(source config.Source, err error) error {
	var wrong *scanners.ConfigError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", source.Name, err)
	}
	return nil
}

// settle lowers the connector's own verdict where the runner knows better: a scan that failed, a count that does not add
// up, a canary that was not seen.
func settle(c scanners.Coverage, err error, written int64, wanted []string, seen map[string]bool) scanners.Coverage {
	if err != nil {
		verdict := scanners.Partial
		if written == 0 {
			verdict = scanners.Blind
		}
		if c.Verdict > verdict {
			c.Verdict = verdict
		}
		cause, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		c.Why = err.Error()
		c.Gaps = append(c.Gaps, scanners.Gap{What: "the rest of the source", Cause: cause,
			Effect: "no conclusion rests on the absence of an account", Hint: hint})
	}
	if emitted := c.Read - c.Rejected; err == nil && emitted != written {
		c.Worsen(scanners.Partial, fmt.Sprintf("the connector counted %d usable records and delivered %d", emitted, written))
	}
	for _, id := range wanted {
		here := seen[reconcile.Fold(id)]
		c.Canaries = append(c.Canaries, scanners.Canary{ID: id, Seen: here})
		if !here {
			c.Worsen(scanners.Partial, fmt.Sprintf("canary %q was not seen", id))
		}
	}
	return c
}

// rejects keeps the rejected records of one source, and the people rows among them whose keys are readable.
type rejects struct {
	out      *runstore.RejectedWriter
	reserve  bool
	reserved []scanners.Rejection
	// first are the ones that the report lists one by one.
	first []scanners.Rejection
}

// listedRejections is how many rejected records of a source the report lists; all of them are in the run folder.
const listedRejections = 200

func (t *attempt) rejects(source string, people bool) (*rejects, error) {
	out, err := t.run.CreateRejected(source)
	return &rejects{out: out, reserve: people}, err
}

func (r *rejects) add(rejection scanners.Rejection) error {
	if r.reserve && (rejection.ID != "" || len(rejection.Keys) > 0) {
		r.reserved = append(r.reserved, rejection)
	}
	if len(r.first) < listedRejections {
		r.first = append(r.first, rejection)
	}
	return r.out.Write(rejection)
}

func (r *rejects) close() error {
	_, _, err := r.out.Close()
	return err
}
