package job

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/scanners"
)

// scripted is a source that does what the test says.
type scripted func(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error)

func (s scripted) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	return s(ctx, emit)
}

// accounts emits n accounts and then ends with the given coverage and error.
func accounts(n int, c scanners.Coverage, err error) scripted {
	return func(_ context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
		for i := range n {
			if err := emit(scanners.Account{ID: string(rune('a' + i))}); err != nil {
				return c, err
			}
		}
		return c, err
	}
}

func testJob() *Job {
	log := slog.New(slog.DiscardHandler)
	return &Job{Log: log, Progress: progress.For(io.Discard, log), Now: time.Now, Config: &config.Config{}}
}

func stamp(a *scanners.Account) []string {
	a.System = "crm"
	return []string{strings.ToUpper(a.ID)}
}

func TestCoverageIsSettledByTheRunner(t *testing.T) {
	proved := func(read, rejected int64) scanners.Coverage {
		return scanners.Coverage{Verdict: scanners.Proved, Why: "agrees", Read: read, Rejected: rejected}
	}
	for _, c := range []struct {
		name     string
		source   scripted
		canaries []string
		verdict  scanners.CoverageVerdict
		why      string
	}{
		{"complete", accounts(3, proved(3, 0), nil), nil, scanners.Proved, "agrees"},
		{"rejected ones are not delivered", accounts(2, proved(3, 1), nil), nil, scanners.Proved, "agrees"},
		{"zero coverage is blind", accounts(3, scanners.Coverage{}, nil), nil, scanners.Blind, ""},
		{"an error after some records", accounts(3, proved(3, 0), errors.New("connection reset")), nil, scanners.Partial, "connection reset"},
		{"an error before the first record", accounts(0, proved(0, 0), errors.New("connection refused")), nil, scanners.Blind, "connection refused"},
		{"counted more than delivered", accounts(2, proved(3, 0), nil), nil, scanners.Partial, "counted 3 usable records and delivered 2"},
		{"canary seen", accounts(3, proved(3, 0), nil), []string{"b"}, scanners.Proved, "agrees"},
		{"canary written otherwise", accounts(3, proved(3, 0), nil), []string{" B"}, scanners.Proved, "agrees"},
		{"canary missed", accounts(3, proved(3, 0), nil), []string{"b", "z"}, scanners.Partial, `canary "z" was not seen`},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := config.Source{Name: "crm", Canaries: c.canaries}
			got, err := scan(t.Context(), testJob(), source, c.source, &nowhere[scanners.Account]{}, stamp)
			if err != nil {
				t.Fatal(err)
			}
			if got.Coverage.Verdict != c.verdict || !strings.Contains(got.Coverage.Why, c.why) {
				t.Errorf("coverage %s, %q; want %s, %q", got.Coverage.Verdict, got.Coverage.Why, c.verdict, c.why)
			}
			if !c.verdict.Complete() && c.why != "" && len(got.Coverage.Gaps)+len(got.Coverage.Canaries) == 0 && !strings.Contains(c.why, "counted") {
				t.Error("no row for the Coverage sheet")
			}
		})
	}
}

// nowhere is a sink that counts and keeps nothing.
type nowhere[R scanners.Record] struct{ rows int64 }

func (n *nowhere[R]) Write(*R) error {
	n.rows++
	return nil
}

func (n *nowhere[R]) Close() (string, int64, error) { return "", n.rows, nil }

type fullSink struct{ nowhere[scanners.Account] }

func (*fullSink) Write(*scanners.Account) error { return errors.New("no space left on device") }

func TestWhatEndsTheRun(t *testing.T) {
	source := config.Source{Name: "crm"}
	t.Run("a record that cannot be kept", func(t *testing.T) {
		_, err := scan(t.Context(), testJob(), source, accounts(2, scanners.Coverage{}, nil), &fullSink{}, stamp)
		if err == nil || !strings.Contains(err.Error(), "crm: no space left") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a mistake in the configuration", func(t *testing.T) {
		wrong := &scanners.ConfigError{Err: errors.New("no column \"x\"")}
		_, err := scan(t.Context(), testJob(), source, accounts(0, scanners.Coverage{}, wrong), &nowhere[scanners.Account]{}, stamp)
		if !errors.As(err, new(*scanners.ConfigError)) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an interruption", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := scan(ctx, testJob(), source, accounts(1, scanners.Coverage{}, ctx.Err()), &nowhere[scanners.Account]{}, stamp)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// Every source waits until all of them are being scanned: one after the other, this would never end.
func TestSourcesAreScannedSideBySide(t *testing.T) {
	j := testJob()
	sources := []config.Source{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	var together sync.WaitGroup
	together.Add(len(sources))
	meet := scripted(func(ctx context.Context, _ func(scanners.Account) error) (scanners.Coverage, error) {
		together.Done()
		met := make(chan struct{})
		go func() {
			together.Wait()
			close(met)
		}()
		select {
		case <-met:
			return scanners.Coverage{Verdict: scanners.Consistent}, nil
		case <-time.After(20 * time.Second):
			return scanners.Coverage{}, errors.New("the others never began")
		}
	})
	results, err := j.readAll(t.Context(), sources, func(ctx context.Context, s config.Source) (scanned, error) {
		return scan(ctx, j, s, meet, &nowhere[scanners.Account]{}, stamp)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Name != sources[i].Name || !r.Coverage.Verdict.Complete() {
			t.Errorf("source %d: %q %s %q", i, r.Name, r.Coverage.Verdict, r.Coverage.Why)
		}
	}
}

func TestOneFailureStopsTheOthers(t *testing.T) {
	j := testJob()
	endless := scripted(func(ctx context.Context, _ func(scanners.Account) error) (scanners.Coverage, error) {
		<-ctx.Done()
		return scanners.Coverage{}, ctx.Err()
	})
	_, err := j.readAll(t.Context(), []config.Source{{Name: "a"}, {Name: "b"}}, func(ctx context.Context, s config.Source) (scanned, error) {
		if s.Name == "a" {
			return scan(ctx, j, s, accounts(1, scanners.Coverage{}, nil), &fullSink{}, stamp)
		}
		return scan(ctx, j, s, endless, &nowhere[scanners.Account]{}, stamp)
	})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v, want the cause and not the interruption that it led to", err)
	}
}
