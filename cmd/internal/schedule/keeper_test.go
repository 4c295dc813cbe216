package schedule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is a machine with a clock that only moves when somebody sleeps or works, and a record that survives its crashes.
type world struct {
	t     *testing.T
	now   time.Time
	until time.Time
	zone  *time.Location
	plans []Plan
	since time.Time
	look  time.Duration

	answered time.Time
	attempts map[string][]Attempt
	runs     []string
	// work says how a run that starts now goes: how long it takes, and its error.
	work func(w *world) (time.Duration, error)
	// events happen once at the first look at or after their time: a jump of the clock, a power cut.
	events []event
}

type event struct {
	at time.Time
	do func(w *world)
}

// powerCut is the panic that ends a process in the middle of anything.
type powerCut struct{ until time.Time }

func (w *world) Since(context.Context, string) (time.Time, error)    { return w.since, nil }
func (w *world) Answered(context.Context, string) (time.Time, error) { return w.answered, nil }
func (w *world) Attempts(_ context.Context, plan string, planned time.Time) ([]Attempt, error) {
	return w.attempts[plan+planned.String()], nil
}

func (w *world) happen() {
	for len(w.events) > 0 && !w.now.Before(w.events[0].at) {
		e := w.events[0]
		w.events = w.events[1:]
		e.do(w)
	}
}

func (w *world) run(_ context.Context, p Plan, planned time.Time) error {
	start, key := w.now, p.Name+planned.String()
	w.attempts[key] = append(w.attempts[key], Attempt{Started: start})
	took, err := w.work(w)
	w.now = start.Add(took)
	w.happen() // a power cut in the middle of the run leaves an attempt without an end
	note := "ok"
	if errors.Is(err, ErrBusy) {
		w.attempts[key] = nil // nothing was begun
		note = "busy"
	} else if err != nil {
		w.attempts[key][len(w.attempts[key])-1].Ended = w.now
		note = err.Error()
	} else {
		w.answered = start
	}
	w.runs = append(w.runs, fmt.Sprintf("%s for %s: %s", start.In(w.zone).Format("01-02 15:04"), planned.In(w.zone).Format("01-02 15:04"), note))
	return err
}

// serve runs one process after the other until the time is up.
func (w *world) serve() {
	for w.now.Before(w.until) {
		w.process()
	}
}

func (w *world) process() {
	defer func() {
		switch cut := recover().(type) {
		case nil:
		case powerCut:
			w.now = cut.until
		default:
			panic(cut)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	run := func(ctx context.Context, p Plan, planned time.Time) error {
		err := w.run(ctx, p, planned)
		if !w.now.Before(w.until) {
			cancel()
		}
		return err
	}
	k := Keeper{Plans: w.plans, Record: w, Now: func() time.Time { return w.now }, Look: w.look, Run: run,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Sleep: func(ctx context.Context, d time.Duration) error {
			if d <= 0 {
				w.t.Fatalf("sleeps for %s", d)
			}
			if w.now = w.now.Add(d); !w.now.Before(w.until) {
				cancel()
			}
			w.happen()
			return ctx.Err()
		}}
	if err := k.Serve(ctx); err != nil {
		w.t.Fatal(err)
	}
}

func newWorld(t *testing.T, zone, cron, from, until string) *world {
	t.Helper()
	z := zoneOf(t, zone)
	s, err := Parse(cron, z)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: at(t, from), until: at(t, until), zone: z, since: at(t, from), look: 10 * time.Minute, attempts: map[string][]Attempt{},
		plans: []Plan{{Name: "nightly", Schedule: s, Attempts: 3, Retry: 15 * time.Minute}}}
	w.work = func(*world) (time.Duration, error) { return 20 * time.Minute, nil }
	return w
}

func TestKeeper(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name, zone, cron, from, until string
		prepare                       func(w *world)
		want                          []string
	}{
		{"every night, and nothing before the first", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z", nil,
			[]string{"11-21 02:30 for 11-21 02:30: ok", "11-22 02:30 for 11-22 02:30: ok"}},
		{"month end", "UTC", "0 3 31 * *", "2027-01-01T00:00:00Z", "2027-06-30T00:00:00Z", nil,
			[]string{"01-31 03:00 for 01-31 03:00: ok", "03-31 03:00 for 03-31 03:00: ok", "05-31 03:00 for 05-31 03:00: ok"}},
		{"spring night", "America/Los_Angeles", "30 2 * * *", "2026-03-07T20:00:00Z", "2026-03-09T20:00:00Z", nil,
			[]string{"03-08 03:00 for 03-08 03:00: ok", "03-09 02:30 for 03-09 02:30: ok"}},
		{"autumn night", "America/Los_Angeles", "30 1 * * *", "2026-10-31T20:00:00Z", "2026-11-02T20:00:00Z", nil,
			[]string{"11-01 01:30 for 11-01 01:30: ok", "11-02 01:30 for 11-02 01:30: ok"}},
		{"a week of downtime is caught up with one run", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-29T12:00:00Z",
			func(w *world) {
				w.at("2026-11-21T12:00:00Z", func(w *world) { panic(powerCut{at(w.t, "2026-11-28T09:00:00Z")}) })
			},
			[]string{"11-21 02:30 for 11-21 02:30: ok", "11-28 09:00 for 11-28 02:30: ok", "11-29 02:30 for 11-29 02:30: ok"}},
		{"killed in the middle of a run", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z",
			func(w *world) {
				w.at("2026-11-21T02:31:00Z", func(w *world) { panic(powerCut{at(w.t, "2026-11-21T03:00:00Z")}) })
			},
			[]string{"11-21 03:00 for 11-21 02:30: ok", "11-22 02:30 for 11-22 02:30: ok"}},
		{"a run that kills its process is not tried for ever", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z",
			func(w *world) {
				for range 3 {
					w.at("2026-11-21T02:30:01Z", func(w *world) { panic(powerCut{w.now.Add(time.Second)}) })
				}
			},
			[]string{"11-22 02:30 for 11-22 02:30: ok"}},
		{"a failure is tried again after a while", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z",
			func(w *world) { w.fails(broken, 2) },
			[]string{"11-21 02:30 for 11-21 02:30: broken", "11-21 03:00 for 11-21 02:30: broken", "11-21 03:30 for 11-21 02:30: ok"}},
		{"and given up until the next night", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z",
			func(w *world) { w.fails(broken, 3) },
			[]string{"11-21 02:30 for 11-21 02:30: broken", "11-21 03:00 for 11-21 02:30: broken", "11-21 03:30 for 11-21 02:30: broken",
				"11-22 02:30 for 11-22 02:30: ok"}},
		{"given up stays given up after a restart", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z",
			func(w *world) {
				w.fails(broken, 3)
				w.at("2026-11-21T05:00:00Z", func(w *world) { panic(powerCut{w.now.Add(time.Minute)}) })
			},
			[]string{"11-21 02:30 for 11-21 02:30: broken", "11-21 03:00 for 11-21 02:30: broken", "11-21 03:30 for 11-21 02:30: broken"}},
		{"a run longer than the interval", "UTC", "0 * * * *", "2026-11-20T12:30:00Z", "2026-11-20T18:00:00Z",
			func(w *world) { w.work = func(*world) (time.Duration, error) { return 130 * time.Minute, nil } },
			[]string{"11-20 13:00 for 11-20 13:00: ok", "11-20 15:10 for 11-20 15:00: ok", "11-20 17:20 for 11-20 17:00: ok"}},
		{"another run is at work", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z",
			func(w *world) { w.fails(ErrBusy, 5) },
			[]string{"11-21 02:30 for 11-21 02:30: busy", "11-21 02:40 for 11-21 02:30: busy",
				"11-21 02:50 for 11-21 02:30: busy", "11-21 03:00 for 11-21 02:30: busy",
				"11-21 03:10 for 11-21 02:30: busy", "11-21 03:20 for 11-21 02:30: ok"}},
		{"somebody ran it by hand while the service was down", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T01:00:00Z",
			func(w *world) {
				w.at("2026-11-20T23:00:00Z", func(w *world) {
					w.answered = at(w.t, "2026-11-21T08:00:00Z")
					panic(powerCut{at(w.t, "2026-11-21T09:00:00Z")})
				})
			}, nil},
		{"the clock is set back over a run", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z",
			func(w *world) {
				w.at("2026-11-21T03:00:00Z", func(w *world) { w.now = w.now.Add(-90 * time.Minute) })
			},
			[]string{"11-21 02:30 for 11-21 02:30: ok", "11-22 02:30 for 11-22 02:30: ok"}},
		{"the clock is set back by three days", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z",
			func(w *world) {
				w.at("2026-11-22T12:00:00Z", func(w *world) { w.now = w.now.Add(-72 * time.Hour) })
			},
			[]string{"11-21 02:30 for 11-21 02:30: ok", "11-22 02:30 for 11-22 02:30: ok", "11-23 02:30 for 11-23 02:30: ok"}},
		{"the clock is set forward over a night", "UTC", "30 2 * * *", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z",
			func(w *world) {
				w.at("2026-11-20T22:00:00Z", func(w *world) { w.now = w.now.Add(6 * time.Hour) })
			},
			[]string{"11-21 04:00 for 11-21 02:30: ok", "11-22 02:30 for 11-22 02:30: ok"}},
		{"the process has just started when a time comes", "UTC", "30 2 * * *", "2026-11-21T02:30:00Z", "2026-11-21T12:00:00Z", nil,
			[]string{"11-21 02:30 for 11-21 02:30: ok"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.zone, test.cron, test.from, test.until)
			if test.prepare != nil {
				test.prepare(w)
			}
			w.serve()
			if diff := cmp.Diff(test.want, w.runs); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func (w *world) at(text string, do func(*world)) {
	w.events = append(w.events, event{at(w.t, text), do})
}

// fails lets the first runs fail.
func (w *world) fails(err error, times int) {
	ok := w.work
	w.work = func(w *world) (time.Duration, error) {
		if times--; times >= 0 {
			if errors.Is(err, ErrBusy) {
				return 0, err
			}
			return 10 * time.Minute, err
		}
		return ok(w)
	}
}

// TestYears plays two years in each zone: every planned time that a clerk with a wall clock knows of is run once, at once.
func TestYears(t *testing.T) {
	for _, zone := range []string{"America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		t.Run(zone, func(t *testing.T) {
			n := naive{minutes: []int{30}, hours: []int{1, 2}}
			w := newWorld(t, zone, n.String(), "2027-01-01T00:00:00Z", "2029-01-01T00:00:00Z")
			w.look = 6 * time.Hour
			if testing.Short() {
				w.until = w.now.AddDate(0, 5, 0)
			}
			from, until := w.now, w.until
			w.serve()
			var want []string
			for _, p := range n.planned(w.zone, from.Add(-time.Minute), until.Add(-time.Minute)) {
				at := p.In(w.zone).Format("01-02 15:04")
				want = append(want, at+" for "+at+": ok")
			}
			if diff := cmp.Diff(want, w.runs); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestKeeperServesTheOldestOfSeveral(t *testing.T) {
	w := newWorld(t, "UTC", "0 3 * * *", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z")
	early, err := Parse("0 2 * * *", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.plans = append(w.plans, Plan{Name: "early", Schedule: early, Attempts: 1, Retry: time.Minute})
	w.at("2026-11-20T13:00:00Z", func(w *world) { panic(powerCut{at(t, "2026-11-21T04:00:00Z")}) })
	w.serve()
	// The run for the earlier one has read everything after both planned times.
	if diff := cmp.Diff([]string{"11-21 04:00 for 11-21 02:00: ok"}, w.runs); diff != "" {
		t.Error(diff)
	}
}

func TestKeeperGivesUpOnARecordThatCannotBeRead(t *testing.T) {
	s, err := Parse("* * * * *", nil)
	if err != nil {
		t.Fatal(err)
	}
	damaged := errors.New("damaged")
	k := Keeper{Plans: []Plan{{Name: "nightly", Schedule: s, Attempts: 1}}, Record: unreadable{damaged}, Look: time.Minute,
		Now: func() time.Time { return at(t, "2026-11-20T12:00:00Z") }}
	if err := k.Serve(context.Background()); !errors.Is(err, damaged) {
		t.Errorf("%v", err)
	}
}

type unreadable struct{ err error }

func (u unreadable) Since(context.Context, string) (time.Time, error)    { return time.Time{}, nil }
func (u unreadable) Answered(context.Context, string) (time.Time, error) { return time.Time{}, u.err }
func (u unreadable) Attempts(context.Context, string, time.Time) ([]Attempt, error) {
	return nil, nil
}
