package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
)

const (
	// listedMissed is how many missed runs a report lists, the latest ones.
	listedMissed = 20
	// punctual is how late a run may start and still count as the one that was planned.
	punctual = time.Hour
)

// Definitions are the configured schedules as the run store keeps them.
func Definitions(schedules []config.Schedule) map[string]string {
	all := map[string]string{}
	for _, s := range schedules {
		all[s.Name] = s.Definition()
	}
	return all
}

// comparePlans finds the planned times for which there was no accepted run. A run that moves nothing tells of none: they
// are told by the next accepted one.
func (t *attempt) comparePlans(ctx context.Context) error {
	since, err := t.Store.SetSchedules(ctx, t.started, Definitions(t.Config.Schedules))
	if err != nil || t.result.Status != Accepted {
		return err
	}
	p := reports.Planned{Schedule: t.Schedule, At: t.Planned}
	for _, s := range t.Config.Schedules {
		p.Schedules = append(p.Schedules, s.Name+": "+s.Definition())
		if err := t.compare(ctx, s, since[s.Name], &p); err != nil {
			return err
		}
	}
	slices.SortStableFunc(p.Listed, func(a, b reports.MissedRun) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Schedule, b.Schedule))
	})
	p.Listed = p.Listed[max(0, len(p.Listed)-listedMissed):]
	t.planned, t.result.Missed = &p, p.Missed
	return nil
}

// compare adds what one schedule planned and nobody carried out. The latest planned time is answered by this run, late or
// not.
func (t *attempt) compare(ctx context.Context, s config.Schedule, since time.Time, p *reports.Planned) error {
	subset := ""
	if len(s.Sources) > 0 {
		subset = s.Name
	}
	answered, err := t.Store.LastAnswered(ctx, subset)
	if err != nil {
		return err
	}
	after := since.Add(-1) // what was planned for that very instant is owed
	if answered.After(since) {
		after = answered
	}
	planned, total := s.Cron.Between(after, t.started, listedMissed+1)
	if total == 0 {
		return nil
	}
	p.Missed += total - 1
	for i, at := range planned {
		next := t.started
		if i+1 < len(planned) {
			next = planned[i+1]
		}
		why, failed, err := t.insteadOf(ctx, at, next)
		if err != nil {
			return err
		}
		missed := reports.MissedRun{Schedule: s.Name, At: at, Why: why}
		switch late := t.started.Sub(at); {
		case i+1 < len(planned):
			p.Listed = append(p.Listed, missed)
		case failed || late > punctual:
			missed.Late = late
			p.MadeUp = append(p.MadeUp, missed)
		}
	}
	return nil
}

// insteadOf says what became of the time between two planned ones, and whether a run failed in it.
func (t *attempt) insteadOf(ctx context.Context, from, until time.Time) (why string, failed bool, err error) {
	runs, err := t.Store.StartedBetween(ctx, from, until)
	if err != nil {
		return "", false, err
	}
	why = "no run was started"
	for _, r := range runs {
		first, _, _ := strings.Cut(r.Error, "\n")
		switch r.Status {
		case runstore.Refused:
			why, failed = fmt.Sprintf("run %s was refused: %s", r.ID, first), true
		case runstore.Failed:
			why, failed = fmt.Sprintf("run %s failed: %s", r.ID, first), true
		case runstore.Interrupted:
			why, failed = fmt.Sprintf("run %s was interrupted", r.ID), true
		case runstore.Kept:
			if !failed {
				why = fmt.Sprintf("run %s was only kept", r.ID)
			}
		}
	}
	return why, failed, nil
}
