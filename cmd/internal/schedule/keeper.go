package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Plan is one schedule with what is to be done about it.
type Plan struct {
	Name string
	Schedule
	// Attempts is how often one planned time is tried, Retry how long after a failure the next try comes.
	Attempts int
	Retry    time.Duration
}

// Attempt is an earlier try for a planned time that brought no result.
type Attempt struct {
	Started time.Time
	// Ended is the zero time for a try that was cut off, so that nothing speaks against another one at once.
	Ended time.Time
}

// Record answers what was done already. It outlives the process.
type Record interface {
	// Since is when the plan was first known. What it would have planned before is not owed.
	Since(ctx context.Context, plan string) (time.Time, error)
	// Answered is the latest start of a run that answers what the plan owed by then; the zero time when there is none.
	Answered(ctx context.Context, plan string) (time.Time, error)
	// Attempts lists the tries for one planned time, the first one first.
	Attempts(ctx context.Context, plan string, planned time.Time) ([]Attempt, error)
}

// ErrBusy is what [Keeper.Run] returns when another run is at work: it is no attempt, and is tried again soon.
var ErrBusy = errors.New("another run is at work")

// ErrAnswered is what [Keeper.Run] returns when another process was quicker.
var ErrAnswered = errors.New("the planned time was answered meanwhile")

// Keeper carries out plans, one run after the other, in one goroutine.
type Keeper struct {
	Plans  []Plan
	Record Record
	// Now is the wall clock. It may jump. Sleep waits for a duration, or until the context is done.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Look is how long to sleep at most before the clock is read again.
	Look time.Duration
	// Run carries out one run. Its error, other than [ErrBusy] and [ErrAnswered], makes it a failed attempt.
	Run func(ctx context.Context, plan Plan, planned time.Time) error
	Log *slog.Logger

	// tries counts the failures of this process, some of which the record knows nothing of.
	tries map[string]try
	// busy is the planned time for which the log says already that another run is at work.
	busy time.Time
}

// try is the last failure for a planned time and their number.
type try struct {
	planned time.Time
	failed  time.Time
	count   int
}

// Serve carries out plans until the context is done, which is no error. A record that cannot be read is one.
func (k *Keeper) Serve(ctx context.Context) error {
	k.tries = map[string]try{}
	for ctx.Err() == nil {
		plan, planned, err := k.next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if plan == nil || k.carryOut(ctx, *plan, planned) == ErrBusy {
			if k.Sleep(ctx, k.pause()) != nil {
				return nil
			}
		}
	}
	return nil
}

// wall is the time on the wall: without the reading that would hide a jump of the clock.
func (k *Keeper) wall() time.Time { return k.Now().Round(0).UTC() }

// pause is how long nothing is due for certain, and not longer than Look.
func (k *Keeper) pause() time.Duration {
	now, pause := k.wall(), k.Look
	for _, p := range k.Plans {
		if next := p.Next(now); !next.IsZero() {
			pause = min(pause, next.Sub(now))
		}
	}
	return pause
}

// next returns the plan that is due first of all, nil when none is.
func (k *Keeper) next(ctx context.Context) (due *Plan, planned time.Time, err error) {
	now := k.wall()
	for i := range k.Plans {
		at, err := k.Due(ctx, k.Plans[i], now)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("schedule %s: %w", k.Plans[i].Name, err)
		}
		if !at.IsZero() && (due == nil || at.Before(planned)) {
			due, planned = &k.Plans[i], at
		}
	}
	return due, planned, nil
}

// Due returns the planned time that the plan owes a run for at now; the zero time for none. It is the latest planned time,
// whatever was missed before it.
func (k *Keeper) Due(ctx context.Context, p Plan, now time.Time) (time.Time, error) {
	planned := p.Latest(now)
	if planned.IsZero() || k.resting(p, planned, now) {
		return time.Time{}, nil
	}
	since, err := k.Record.Since(ctx, p.Name)
	if err != nil || planned.Before(since) {
		return time.Time{}, err
	}
	answered, err := k.Record.Answered(ctx, p.Name)
	if err != nil || !planned.After(answered) {
		return time.Time{}, err
	}
	tries, err := k.Record.Attempts(ctx, p.Name, planned)
	switch {
	case err != nil || len(tries) >= p.Attempts:
		return time.Time{}, err
	case len(tries) > 0 && now.Before(tries[len(tries)-1].Ended.Add(p.Retry)):
		return time.Time{}, nil
	}
	return planned, nil
}

// resting reports whether the failures of this process speak against a try now.
func (k *Keeper) resting(p Plan, planned, now time.Time) bool {
	t := k.tries[p.Name]
	return t.planned.Equal(planned) && (t.count >= p.Attempts || now.Before(t.failed.Add(p.Retry)))
}

// carryOut makes one attempt.
func (k *Keeper) carryOut(ctx context.Context, p Plan, planned time.Time) error {
	log := k.Log.With("schedule", p.Name, "planned", planned.Format(time.RFC3339))
	late := k.wall().Sub(planned).Round(time.Second)
	if !k.busy.Equal(planned) {
		log.Info("a run is due", "late", late.String())
	}
	err := k.Run(ctx, p, planned)
	switch {
	case errors.Is(err, ErrBusy):
		if !k.busy.Equal(planned) {
			log.Warn("waiting: another run holds the lock")
		}
		k.busy = planned
		return ErrBusy
	case errors.Is(err, ErrAnswered):
		log.Info("another run has answered it meanwhile")
	case ctx.Err() != nil:
		log.Warn("interrupted")
	case err != nil:
		k.failed(log, p, planned, err)
	default:
		log.Info("the run is over")
	}
	return nil
}

// failed notes a failed attempt.
func (k *Keeper) failed(log *slog.Logger, p Plan, planned time.Time, err error) {
	t := k.tries[p.Name]
	if !t.planned.Equal(planned) {
		t = try{planned: planned}
	}
	t.failed, t.count = k.wall(), t.count+1
	k.tries[p.Name] = t
	if t.count >= p.Attempts {
		log.Error("the run failed, and is not tried again before the next planned time", "error", err, "attempts", t.count)
		return
	}
	log.Error("the run failed", "error", err, "attempts", t.count, "again_after", p.Retry.String())
}
