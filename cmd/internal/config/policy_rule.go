package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// rule checks one document. text is the file that it stands in.
func (f *file) rule(doc *rule, c *Config, text []byte) policies.Rule {
	if doc.APIVersion != "" {
		f.oneOf("apiVersion", doc.APIVersion, []string{"leaver/v1"})
	}
	if doc.Kind != "" {
		f.oneOf("kind", doc.Kind, []string{"Policy"})
	}
	r := policies.Rule{
		Name: doc.Name, Description: doc.Description, Active: or(doc.Active, true), Action: doc.Action,
		Effective:  f.effective(doc.Effective, c),
		Trigger:    f.trigger(doc.Trigger, c, text),
		Grace:      f.grace(doc.Grace, doc.Stages, c),
		Exclude:    f.exclusions("exclude", doc.Exclude, c),
		Allocation: f.allocation(doc.Allocation, c),
		Schedule:   f.dueTimes(doc.Schedule),
		Controls:   doc.Controls,
		Strategy:   doc.Strategy,
	}
	f.stages(doc, c, &r)
	r.Notify = f.notices(doc.Notify, c)
	if len(doc.Stages) == 0 {
		f.oneOf("action", doc.Action, policies.Actions())
	}
	f.strategy(doc)
	if err := r.Check(); err != nil && len(f.mistakes) == 0 {
		problem, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		f.fail("name", hint, "%s", problem)
	}
	r.Digest = ruleDigest(doc, r.Grace.Holidays)
	return r
}

// strategy checks that the word fits what the rule does. Nothing follows from it: it says what the author means, and a rule that
// does something else is a mistake.
func (f *file) strategy(doc *rule) {
	reports := doc.Action == policies.ActionReport
	switch doc.Strategy {
	case "":
	case "emergency":
		f.fail("strategy", "leaver emergency PERSON lists everything that one person holds, at once", "emergency is no strategy of a rule: it is about one person, now, and waits for no grace")
	default:
		switch known := f.oneOf("strategy", doc.Strategy, policies.Strategies()); {
		case known && doc.Strategy == policies.Graceful && len(doc.Stages) == 0:
			f.fail("strategy", "add stages:, each with a name, days or a date, and an action", "a graceful rule without stages")
		case known && doc.Strategy != policies.Graceful && len(doc.Stages) > 0:
			f.fail("strategy", "write strategy: graceful, or leave it out", "a rule with stages is not %s", doc.Strategy)
		case known && doc.Strategy == policies.Detective && !reports:
			f.fail("strategy", "write action: report, or strategy: scheduled", "a detective rule cannot %s", doc.Action)
		case known && doc.Strategy == policies.Scheduled && reports:
			f.fail("strategy", "write strategy: detective, or an action", "a rule that only reports schedules nothing")
		}
	}
}

func (f *file) trigger(t trigger, c *Config, text []byte) policies.Trigger {
	out := policies.Trigger{Sources: t.Sources, FailedLogins: t.FailedLogins, Hook: f.hook("trigger.hook", t.Hook, text)}
	for i, state := range t.Status {
		f.oneOf(fmt.Sprintf("trigger.status[%d]", i), state, policies.States())
		out.Status = append(out.Status, reconcile.PersonState(state))
	}
	for i, kind := range t.Kinds {
		f.oneOf(fmt.Sprintf("trigger.kinds[%d]", i), kind, kindNames())
		out.Kinds = append(out.Kinds, reconcile.Kind(kind))
	}
	for i, source := range t.Sources {
		f.oneOf(fmt.Sprintf("trigger.sources[%d]", i), source, names(c.Sources))
	}
	for i, flag := range t.Flags {
		if f.oneOf(fmt.Sprintf("trigger.flags[%d]", i), flag, reconcile.Flags(1<<32-1).List()) {
			one, _ := reconcile.ParseFlags([]string{flag})
			out.Flags |= one
		}
	}
	if t.EndDate != nil {
		out.EndDate = &policies.EndDate{Offset: t.EndDate.Offset.Duration, BeforeEnd: t.EndDate.BeforeEnd}
		if t.EndDate.BeforeEnd && t.EndDate.Offset.Duration >= 0 {
			f.fail("trigger.end_date.before_end", "remove before_end, or write for example offset: -3d", "before_end needs a negative offset")
		}
	}
	return out
}

func kindNames() []string {
	var all []string
	for _, k := range reconcile.Kinds() {
		all = append(all, string(k))
	}
	return all
}

func (f *file) effective(e effective, c *Config) policies.Effective {
	var out policies.Effective
	if e.From != "" {
		from, err := scanners.ParseDate(e.From)
		if err != nil {
			f.fail("effective.from", "", "%v", err)
		}
		out.From = from.Midnight(c.Zone)
	}
	if e.Until != "" {
		out.Until = f.endOfDay("effective.until", e.Until, c.Zone)
	}
	if e.From != "" && e.Until != "" && !out.Until.After(out.From) {
		f.fail("effective.until", "", "lies before from")
	}
	return out
}

func (f *file) grace(g grace, stages []stage, c *Config) policies.Grace {
	out := policies.Grace{Days: g.Days, From: g.From, Sources: g.PerSystem}
	switch g.From {
	case "":
		out.From = policies.FromEndDate
	default:
		f.oneOf("grace.from", g.From, policies.GraceFrom())
	}
	if g.Unit != "" {
		f.oneOf("grace.unit", g.Unit, []string{"calendar", "business"})
	}
	out.Business = g.Unit == "business"
	f.bounds("grace.days", g.Days, 0, policies.MaxGrace)
	for _, source := range slices.Sorted(maps.Keys(g.PerSystem)) {
		f.oneOf("grace.per_system."+source, source, names(c.Sources))
		f.bounds("grace.per_system."+source, g.PerSystem[source], 0, policies.MaxGrace)
	}
	inStages := slices.ContainsFunc(stages, func(s stage) bool { return s.Unit == "business" })
	out.Holidays = f.holidaysOf(g, out.Business || inStages, c)
	return out
}

// holidaysOf are the holidays that the business days of a rule, or of a stage of it, leave out.
func (f *file) holidaysOf(g grace, business bool, c *Config) []scanners.Date {
	switch {
	case g.Holidays != "" && !business:
		f.fail("grace.holidays", "add unit: business, or remove holidays", "holidays matter for business days only")
	case g.Holidays != "":
		f.oneOf("grace.holidays", g.Holidays, slices.Sorted(maps.Keys(c.Holidays)))
		return c.Holidays[g.Holidays]
	case business:
		return c.Holidays["default"]
	}
	return nil
}

// holidays reads the named lists of holidays. Each is sorted.
func (f *file) holidays(lists daysOff) map[string][]scanners.Date {
	out := map[string][]scanners.Date{}
	for name, days := range lists {
		for i, text := range days {
			date, err := scanners.ParseDate(text)
			if err != nil {
				f.fail(fmt.Sprintf("holidays.%s[%d]", name, i), "", "%v", err)
			}
			out[name] = append(out[name], date)
		}
		slices.SortFunc(out[name], func(a, b scanners.Date) int { return strings.Compare(a.String(), b.String()) })
		if len(days) == 0 {
			f.fail("holidays."+name, "", "the list is empty")
		}
	}
	return out
}

func (f *file) allocation(a allocation, c *Config) policies.Allocation {
	out := policies.Allocation{Tasks: a.Tasks, PerMinute: a.PerMinute}
	f.bounds("allocation.tasks", a.Tasks, 0, policies.MaxTasks)
	f.bounds("allocation.per_minute", a.PerMinute, 0, policies.MaxPerMinute)
	for _, source := range slices.Sorted(maps.Keys(a.PerSystem)) {
		key, own := "allocation.per_system."+source, a.PerSystem[source]
		f.oneOf(key, source, names(c.Sources))
		f.bounds(key+".tasks", own.Tasks, 0, policies.MaxTasks)
		f.bounds(key+".per_minute", own.PerMinute, 0, policies.MaxPerMinute)
		if out.Sources == nil {
			out.Sources = map[string]policies.Pace{}
		}
		out.Sources[source] = policies.Pace(own)
	}
	return out
}

func (f *file) bounds(key string, n, least, most int) {
	if n < least || n > most {
		f.fail(key, "", "%d is not between %d and %d", n, least, most)
	}
}

// dueTimes checks the schedule of a rule.
func (f *file) dueTimes(s *cron) *policies.Schedule {
	if s == nil {
		return nil
	}
	out := &policies.Schedule{Cron: s.Cron, Zone: "UTC", Active: or(s.Active, true)}
	if s.Zone != "" {
		out.Zone = f.zone("schedule.zone", s.Zone, true).String()
	}
	if f.need("schedule.cron", s.Cron) {
		f.cron("schedule.cron", s.Cron, time.UTC)
	}
	return out
}

// ruleDigest is the SHA-256 of the rule with its comments and layout left out, and of the holidays that it counts with.
func ruleDigest(doc *rule, holidays []scanners.Date) string {
	canonical, err := yaml.Dump(doc)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(fmt.Append(canonical, holidays))
	return hex.EncodeToString(sum[:])
}

// uniqueInRules refuses two exclusions of one id, wherever they stand: reports and decisions name them by it.
func (c *Config) uniqueInRules(rules []policies.Rule) error {
	first := map[string]string{}
	for _, x := range c.Exclusions {
		first[x.ID] = x.Place
	}
	var mistakes []*Error
	for _, r := range rules {
		for _, x := range r.Exclude {
			if at, twice := first[x.ID]; twice {
				path, line := splitPlace(x.Place)
				mistakes = append(mistakes, &Error{File: path, Line: line, Column: 1, Key: "exclude",
					Problem: fmt.Sprintf("id %q is already used at %s", x.ID, at), Hint: "each exclusion has an id of its own"})
			}
			first[x.ID] = x.Place
		}
	}
	return join(mistakes)
}
