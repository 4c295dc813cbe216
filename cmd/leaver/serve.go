package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/cmd/internal/schedule"
)

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Start the configured runs by itself, one at a time",
		Long: `Carries out the schedules of leaver.yaml: each planned run is the job of "leaver run". It runs until it is told to stop
(SIGTERM or SIGINT); a run at work is then interrupted as "leaver run" would be, with exit code 130.

A run is due when the latest planned time has not been answered: by an accepted run, whoever started it, or by a run of the
schedule itself. So downtime, however long, is caught up with one run. A failed run is tried again as often as "attempts"
says; while another run holds the lock, it waits. What was missed stands in the next report.

leaver.yaml is read again when it has changed, the rules before every run. Everything is logged on standard error.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
}

// look is how often the wall clock and leaver.yaml are looked at.
const look = time.Minute

// serve carries out the schedules until ctx is done. It begins anew when leaver.yaml has changed.
func (a *app) serve(ctx context.Context) error {
	for {
		c, _, err := a.ready()
		if err != nil {
			return err
		}
		if len(c.Schedules) == 0 {
			return &config.Error{File: c.Path, Key: "schedule", Problem: "there is nothing to serve",
				Hint: `for example schedule: [{name: nightly, cron: "30 2 * * *"}]`}
		}
		if err := a.serveConfig(ctx, c); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// serveConfig carries out the schedules of c until ctx is done or c has changed.
func (a *app) serveConfig(ctx context.Context, c *config.Config) error {
	store, err := runstore.Open(c.State)
	if err != nil {
		return err
	}
	defer store.Close()
	since, err := store.SetSchedules(ctx, a.now(), job.Definitions(c.Schedules))
	if err != nil {
		return err
	}
	inner, changed := context.WithCancel(ctx)
	defer changed()
	s := &server{app: a, config: c, store: store, since: since, log: a.log(), stopped: ctx, changed: changed}
	s.keeper = schedule.Keeper{Plans: s.plans(), Record: s, Now: a.now, Sleep: s.sleep, Look: look, Run: s.run, Log: s.log}
	s.tellPlans(ctx)
	return s.keeper.Serve(inner)
}

// server is the service with one state of its configuration. It is the record that the keeper asks.
type server struct {
	*app
	config *config.Config
	store  *runstore.Store
	since  map[string]time.Time
	keeper schedule.Keeper
	log    *slog.Logger
	// stopped is done when the service is told to stop; changed ends the keeper because leaver.yaml is another one.
	stopped context.Context
	changed func()
	// broken is the text of a leaver.yaml that could not be loaded and of which the log says so.
	broken string
}

func (s *server) plans() []schedule.Plan {
	var plans []schedule.Plan
	for _, c := range s.config.Schedules {
		plans = append(plans, schedule.Plan{Name: c.Name, Schedule: c.Cron, Attempts: c.Attempts, Retry: c.Retry})
	}
	return plans
}

func (s *server) named(name string) config.Schedule {
	for _, c := range s.config.Schedules {
		if c.Name == name {
			return c
		}
	}
	return config.Schedule{}
}

// tellPlans logs what will happen next, and warns when a run of the future keeps it from happening.
func (s *server) tellPlans(ctx context.Context) {
	now := s.now()
	for _, c := range s.config.Schedules {
		s.log.Info("serving", "schedule", c.Name, "planned", c.Definition(), "next", c.Cron.Next(now).Format(time.RFC3339))
		if last, err := s.Answered(ctx, c.Name); err == nil && last.After(now.Add(time.Hour)) {
			s.log.Warn("the last run started in the future, as this clock sees it: nothing is due before that", "schedule", c.Name, "started", last.Format(time.RFC3339))
		}
	}
}

// Since implements schedule.Record.
func (s *server) Since(_ context.Context, plan string) (time.Time, error) { return s.since[plan], nil }

// Answered implements schedule.Record: an accepted run answers every schedule, whoever started it.
func (s *server) Answered(ctx context.Context, plan string) (time.Time, error) {
	return s.store.LastAnswered(ctx, plan)
}

// Attempts implements schedule.Record.
func (s *server) Attempts(ctx context.Context, plan string, planned time.Time) ([]schedule.Attempt, error) {
	runs, err := s.store.Attempts(ctx, plan, planned)
	var tries []schedule.Attempt
	for _, r := range runs {
		try := schedule.Attempt{Started: r.Started, Ended: r.Ended}
		if r.Exit == exitInterrupted {
			try.Ended = time.Time{}
		}
		tries = append(tries, try)
	}
	return tries, err
}

// sleep waits, and then looks whether leaver.yaml has changed.
func (s *server) sleep(ctx context.Context, d time.Duration) error {
	if err := s.app.sleep(ctx, d); err != nil {
		return err
	}
	text, err := os.ReadFile(s.config.Path)
	if err != nil || string(text) == string(s.config.Text()) || string(text) == s.broken {
		return nil // a file that is being replaced is there again in a moment; a run needs it and says so
	}
	if _, _, err := s.ready(); err != nil {
		s.broken = string(text)
		s.log.Error("leaver.yaml has changed and cannot be used: the schedules stay as they were", "error", err)
		return nil
	}
	s.log.Info("leaver.yaml has changed")
	s.changed()
	return ctx.Err()
}

// run is one planned run, with configuration and rules as they are now.
func (s *server) run(ctx context.Context, plan schedule.Plan, planned time.Time) error {
	c, rules, err := s.ready()
	if err != nil {
		return err
	}
	j := s.job(c, rules, s.store)
	if j.Signer, err = signer(c); err != nil {
		return err
	}
	j.Only, j.Schedule, j.Planned = s.named(plan.Name).Sources, plan.Name, planned
	j.Locked = func(ctx context.Context) error {
		// Between the question whether a run is due and the lock, another process may have answered it.
		due, err := s.keeper.Due(ctx, plan, s.now().Round(0).UTC())
		if err == nil && !due.Equal(planned) {
			err = schedule.ErrAnswered
		}
		return err
	}
	told := s.announce(j)
	result, err := j.Run(ctx)
	j.Progress.Close()
	told.end(ctx, result, worst(exitCode(err), resultCode(result, nil)))
	var locked *runstore.LockedError
	switch {
	case errors.As(err, &locked):
		return schedule.ErrBusy
	case err != nil && s.stopped.Err() != nil:
		s.code = exitInterrupted
		return err
	case result.Report != "":
		s.log.Info("run", "run", result.Run, "status", result.Status, "result", result.Sentence, "report", result.Report)
	}
	return err
}

// sleep waits for d or until the context is done.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
