// Package progress shows how far a scan has come.
//
// On a terminal it draws one line that moves: how many records were read, from which sources, how fast. Elsewhere (cron,
// a pipe, a log collector) it draws nothing: one log line when a source begins and one when it ends say as much, and a
// moving line would only fill the log. Both go to standard error; results go to standard output and are not its business.
package progress

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/leaver-audit/leaver/scanners"
)

// Progress is told what happens during a run. Its methods may be called from any goroutine.
type Progress interface {
	// Begin says that the scan of source starts.
	Begin(source string)
	// Read says that n more records of source were read.
	Read(source string, n int)
	// End says that the scan of source is over, with what coverage and after how long.
	End(source string, coverage scanners.Coverage, took time.Duration)
	// Stage names what the run does after scanning ("reconciling").
	Stage(name string)
	// Close removes the moving line.
	Close()
}

// For returns the progress that fits w: a moving line if w is a terminal, log lines otherwise.
func For(w io.Writer, log *slog.Logger) Progress {
	if file, ok := w.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(file.Fd())) {
		return &line{bar: newBar(w), log: log}
	}
	return lines{log}
}

// lines is the progress for logs.
type lines struct{ log *slog.Logger }

func (l lines) Begin(source string) { l.log.Info("reading", "source", source) }
func (l lines) Read(string, int)    {}
func (l lines) Stage(name string)   { l.log.Info(name) }
func (l lines) Close()              {}
func (l lines) End(source string, c scanners.Coverage, took time.Duration) {
	level := slog.LevelInfo
	if !c.Verdict.Complete() {
		level = slog.LevelWarn
	}
	l.log.Log(context.Background(), level, "read", "source", source, "records", c.Read, "rejected", c.Rejected,
		"coverage", c.Verdict.String(), "why", c.Why, "seconds", took.Round(time.Millisecond).Seconds())
}

// line is the progress for terminals.
type line struct {
	mu     sync.Mutex
	bar    *progressbar.ProgressBar
	log    *slog.Logger
	active []string
}

func newBar(w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("records"),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish(),
	)
}

func (l *line) Begin(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active = append(l.active, source)
	l.describe()
}

func (l *line) Read(_ string, n int) { _ = l.bar.Add(n) }

func (l *line) End(source string, c scanners.Coverage, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active = slices.DeleteFunc(l.active, func(s string) bool { return s == source })
	_ = l.bar.Clear()
	lines{l.log}.End(source, c, took)
	l.describe()
}

func (l *line) Stage(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bar.Describe(name)
}

func (l *line) Close() { _ = l.bar.Finish() }

// describe names the sources that are being read. The caller holds the lock.
func (l *line) describe() {
	if len(l.active) > 0 {
		l.bar.Describe("reading " + strings.Join(l.active, ", "))
	}
}
