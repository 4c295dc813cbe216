package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/schedule"
)

// planned is one entry of schedule as written.
type planned struct {
	Name     string         `yaml:"name" doc:"Unique name of the schedule: lower-case letters, digits, - and _."`
	Cron     string         `yaml:"cron" doc:"When a run is planned: minute, hour, day of the month, month, day of the week, or @daily and the like."`
	Zone     string         `yaml:"zone" doc:"IANA zone in which the times are meant (default UTC, which knows no clock changes)."`
	Sources  []string       `yaml:"sources" doc:"Read only these account sources. Such a run is kept: it writes its report and moves neither history nor clocks."`
	Attempts *int           `yaml:"attempts" doc:"How often leaver serve tries one planned time (1 to 10, default 3)."`
	Retry    *time.Duration `yaml:"retry" doc:"How long after a failed attempt the next one comes (1m to 1d, default 15m)."`
}

// Schedule is one named schedule of runs.
type Schedule struct {
	Name string
	Cron schedule.Schedule
	// Sources are the account sources that its runs read; empty for all.
	Sources []string
	// Attempts is how often one planned time is tried, Retry how long after a failure the next try comes.
	Attempts int
	Retry    time.Duration
}

// Definition says what is planned; a change of it makes another schedule.
func (s Schedule) Definition() string {
	text := fmt.Sprintf("%s in %s", strings.Join(strings.Fields(s.Cron.String()), " "), s.Cron.Zone())
	if len(s.Sources) > 0 {
		text += ", only " + strings.Join(s.Sources, ", ")
	}
	return text
}

// The bounds of retry, and the defaults.
const (
	shortestRetry, longestRetry, usualRetry = time.Minute, 24 * time.Hour, 15 * time.Minute
	mostAttempts, usualAttempts             = 10, 3
)

func (f *file) schedules(list []planned, c *Config) []Schedule {
	var all []Schedule
	for i, p := range list {
		key := fmt.Sprintf("schedule[%d]", i)
		s := f.schedule(key, p, c)
		if slices.ContainsFunc(all, func(other Schedule) bool { return other.Name == s.Name }) {
			f.fail(key+".name", "", "%q is the name of another schedule", s.Name)
		}
		all = append(all, s)
	}
	return all
}

func (f *file) schedule(key string, p planned, c *Config) Schedule {
	s := Schedule{Name: p.Name, Sources: p.Sources, Attempts: or(p.Attempts, usualAttempts), Retry: or(p.Retry, usualRetry)}
	if f.need(key+".name", p.Name) && !slug.MatchString(p.Name) {
		f.fail(key+".name", "lower-case letters, digits, - and _", "%q cannot be a name", p.Name)
	}
	zone := time.UTC
	if p.Zone != "" {
		zone = f.zone(key+".zone", p.Zone, false)
	}
	if f.need(key+".cron", p.Cron) {
		s.Cron = f.cron(key+".cron", p.Cron, zone)
	}
	for j, source := range p.Sources {
		at := fmt.Sprintf("%s.sources[%d]", key, j)
		if f.oneOf(at, source, names(c.Sources)) && slices.Contains(p.Sources[:j], source) {
			f.fail(at, "", "%q is listed twice", source)
		}
	}
	if s.Attempts < 1 || s.Attempts > mostAttempts {
		f.fail(key+".attempts", "", "%d is not within 1 to %d", s.Attempts, mostAttempts)
	}
	if s.Retry < shortestRetry || s.Retry > longestRetry {
		f.fail(key+".retry", "", "%s is not within %s to %s", FormatDuration(s.Retry), FormatDuration(shortestRetry), FormatDuration(longestRetry))
	}
	return s
}

// cron reads a cron expression.
func (f *file) cron(key, text string, zone *time.Location) schedule.Schedule {
	s, err := schedule.Parse(text, zone)
	var wrong *schedule.SyntaxError
	if errors.As(err, &wrong) {
		problem := wrong.Problem
		if wrong.Field != "" {
			problem = wrong.Field + ": " + problem
		}
		f.fail(key, wrong.Hint, "%q: %s", wrong.Expression, problem)
	}
	return s
}
