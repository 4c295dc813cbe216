package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/all"
)

func writeRules(t *testing.T, text string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &config.Config{Zone: time.UTC, Policies: []string{path}, Sources: []config.Source{{Name: "crm"}, {Name: "ad"}},
		Holidays: map[string][]scanners.Date{"DE": {{Year: 2026, Month: 12, Day: 25}}, "default": {{Year: 2026, Month: 1, Day: 1}}}}
}

func TestRulesReadsEveryDocument(t *testing.T) {
	c := writeRules(t, `# rules
apiVersion: leaver/v1
kind: Policy
name: zombies
trigger: {kinds: [dormant, never_used], flags: [privileged]}
grace: {days: 30, from: first_seen, per_system: {crm: 14}}
action: lock
---
name: leavers
description: gone
active: false
trigger: {status: [ended], end_date: {offset: 3d}}
exclude:
  - {id: X-9, source: ad, owner: o, reason: r, expires: 2027-01-31}
action: report
controls: [PCI DSS 8.2.5]
---
`)
	rules, err := c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 2 || rules[0].Name != "leavers" || rules[1].Name != "zombies" {
		t.Fatalf("rules are not both there and sorted by name: %+v", rules)
	}
	leavers, zombies := rules[0], rules[1]
	if leavers.Active || leavers.Trigger.EndDate.Offset != 72*time.Hour || leavers.Grace.From != policies.FromEndDate || len(leavers.Exclude) != 1 {
		t.Errorf("leavers = %+v", leavers)
	}
	if !zombies.Active || zombies.Grace.Sources["crm"] != 14 || zombies.Trigger.Flags != reconcile.Privileged || zombies.Trigger.Kinds[1] != reconcile.NeverUsed {
		t.Errorf("zombies = %+v", zombies)
	}
	if !strings.HasSuffix(zombies.Place, "rules.yaml:2") || len(zombies.Digest) != 64 || zombies.Digest == leavers.Digest {
		t.Errorf("place %q, digest %q", zombies.Place, zombies.Digest)
	}
}

func TestRulesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"misspelt key":         {"name: a\ntriger: {kinds: [dormant]}\naction: lock\n", `2:1: triger: unknown key; did you mean "trigger"?`},
		"misspelt kind":        {"name: a\ntrigger: {kinds: [dorment]}\naction: lock\n", `unknown value "dorment"; did you mean "dormant"?`},
		"unknown source":       {"name: a\ntrigger: {kinds: [dormant], sources: [erp]}\naction: lock\n", `unknown value "erp"`},
		"unknown flag":         {"name: a\ntrigger: {flags: [lucky]}\naction: lock\n", `trigger.flags[0]: unknown value "lucky"`},
		"unknown action":       {"name: a\ntrigger: {kinds: [dormant]}\naction: explode\n", `3:1: action: unknown value "explode"`},
		"misspelt strategy":    {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nstrategy: schedule\n", `4:1: strategy: unknown value "schedule"; did you mean "scheduled"?`},
		"detective that acts":  {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nstrategy: detective\n", "4:1: strategy: a detective rule cannot lock"},
		"scheduled report":     {"name: a\ntrigger: {kinds: [dormant]}\naction: report\nstrategy: scheduled\n", "4:1: strategy: a rule that only reports schedules nothing"},
		"emergency rule":       {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nstrategy: emergency\n", "hint: leaver emergency PERSON"},
		"graceful rule":        {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nstrategy: graceful\n", "4:1: strategy: a graceful rule without stages"},
		"no trigger":           {"name: a\naction: lock\n", "would select every account"},
		"same name twice":      {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\n---\nname: a\ntrigger: {kinds: [orphan]}\naction: lock\n", `two rules are named "a"`},
		"exclusion eternal":    {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude: [{id: X, source: ad, owner: o, reason: r}]\n", "expires: is missing"},
		"broken YAML":          {"name: a\n\ttrigger: x\n", "rules.yaml:2"},
		"misspelt fact":        {"name: a\ntrigger: {hook: \"account.idle > 3\"}\naction: lock\n", "2:25: trigger.hook: undefined field 'idle'"},
		"hook in a block":      {"name: a\ntrigger:\n  hook: |\n    account.enabled &&\n      account.idle_days > 'x'\naction: lock\n", "5:25: trigger.hook: found no matching overload"},
		"hook of folded lines": {"name: a\ntrigger:\n  hook: >-\n    account.enabled\n    && acount.x\naction: lock\n", "5:8: trigger.hook: undeclared reference to 'acount'"},
		"hook in quotes":       {"name: a\ntrigger: {hook: 'account.login == ''x'' && account.foo'}\naction: lock\n", "2:51: trigger.hook: undefined field 'foo'"},
		"hook on plain lines":  {"name: a\ntrigger:\n  hook: account.enabled\n        && account.foo\naction: lock\n", "4:19: trigger.hook: undefined field 'foo'"},
		"hook of no text":      {"name: a\ntrigger: {hook: [a]}\naction: lock\n", "2:11: trigger.hook: wants one expression, not a list"},
		"empty hook":           {"name: a\ntrigger: {hook: \"\"}\naction: lock\n", "2:11: trigger.hook"},
		"before_end alone":     {"name: a\ntrigger: {end_date: {before_end: true}}\naction: lock\n", "2:22: trigger.end_date.before_end: before_end needs a negative offset"},
		"no offset":            {"name: a\ntrigger: {end_date: {offset: three}}\naction: lock\n", `2:22: trigger.end_date.offset: "three" is not a duration`},
		"notified":             {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {from: notified}\naction: lock\n", "grace from the notice, and nobody to tell"},
		"notices nobody sends": {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {from: notified}\nnotify: {to: [manager]}\naction: lock\n", "4:1: notify: leaver.yaml does not say how notices go out"},
		"misspelt unit":        {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {unit: busines}\naction: lock\n", `did you mean "business"?`},
		"unknown holidays":     {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {unit: business, holidays: DK}\naction: lock\n", `3:25: grace.holidays: unknown value "DK"`},
		"idle holidays":        {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {holidays: DE}\naction: lock\n", "holidays matter for business days only"},
		"grace too long":       {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {per_system: {crm: 9999}}\naction: lock\n", "3:22: grace.per_system.crm: 9999 is not between 0 and 3650"},
		"too many tasks":       {"name: a\ntrigger: {kinds: [dormant]}\nallocation: {tasks: 65}\naction: lock\n", "3:14: allocation.tasks: 65 is not between 0 and 64"},
		"unknown system":       {"name: a\ntrigger: {kinds: [dormant]}\nallocation: {per_system: {erp: {tasks: 1}}}\naction: lock\n", `3:27: allocation.per_system.erp: unknown value "erp"`},
		"bad cron":             {"name: a\ntrigger: {kinds: [dormant]}\nschedule: {cron: \"61 * * * *\"}\naction: lock\n", `3:12: schedule.cron: "61 * * * *": minute: 61 is not within 0 to 59`},
		"bad zone":             {"name: a\ntrigger: {kinds: [dormant]}\nschedule: {cron: \"1 * * * *\", zone: Mars/Olympus}\naction: lock\n", `schedule.zone: unknown time zone "Mars/Olympus"`},
		"effective backward":   {"name: a\ntrigger: {kinds: [dormant]}\neffective: {from: 2026-05-01, until: 2026-04-01}\naction: lock\n", "effective.until: lies before from"},
		"application and part": {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude: [{id: X, applications: [ad], account: x, owner: o, reason: r, expires: 2027-01-31}]\n", "names whole applications and parts of them"},
		"unknown application":  {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude: [{id: X, applications: [add], owner: o, reason: r, expires: 2027-01-31}]\n", `did you mean "ad"?`},
		"bad expression":       {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude: [{id: X, regexp: \"(\", owner: o, reason: r, expires: 2027-01-31}]\n", "is not a regular expression"},
		"one id twice":         {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude:\n  - {id: X, source: ad, owner: o, reason: r, expires: 2027-01-31}\n---\nname: b\ntrigger: {kinds: [dormant]}\naction: lock\nexclude:\n  - {id: X, source: ad, owner: o, reason: r, expires: 2027-01-31}\n", `11:1: exclude: id "X" is already used at`},
		"second document":      {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\n---\nname: b\nactoin: lock\n", `6:1: actoin: unknown key; did you mean "action"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := writeRules(t, c.text).Rules()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

// A strategy that fits the action is kept with the rule, and is part of what its digest covers.
func TestStrategies(t *testing.T) {
	digests := map[string]bool{}
	for _, c := range [][2]string{{"lock", ""}, {"lock", "scheduled"}, {"report", ""}, {"report", "detective"}} {
		text := "name: a\ntrigger: {kinds: [dormant]}\naction: " + c[0] + "\n"
		if c[1] != "" {
			text += "strategy: " + c[1] + "\n"
		}
		rules, err := writeRules(t, text).Rules()
		if err != nil || rules[0].Strategy != c[1] {
			t.Fatalf("%v: %+v, %v", c, rules, err)
		}
		digests[rules[0].Digest] = true
	}
	if len(digests) != 4 {
		t.Errorf("%d digests of four rules", len(digests))
	}
}

// TestRuleClauses reads every clause that a rule can have.
func TestRuleClauses(t *testing.T) {
	rules, err := writeRules(t, `name: all
effective: {from: 2026-01-01, until: 2026-12-31}
trigger:
  status: [employed, ended]
  end_date: {offset: -3d, before_end: true}
  kinds: [rule_match, leaver_active]
  flags: [privileged]
  failed_logins: 5
  sources: [crm, ad]
  hook: |
    account.idle_days > 30 &&
    person.found
grace: {days: 5, unit: business, holidays: DE, from: end_date, per_system: {crm: 2}}
exclude:
  - {id: X-1, applications: [ad], owner: o, reason: r, expires: 2027-01-31}
  - {id: X-2, source: crm, regexp: "svc-[0-9]+", broad: true, owner: o, reason: r, expires: 2027-01-31}
action: revoke
allocation: {tasks: 4, per_minute: 30, per_system: {ad: {tasks: 1}}}
schedule: {cron: "0 22 * * 1-5", zone: Europe/Berlin, active: false}
`).Rules()
	if err != nil {
		t.Fatal(err)
	}
	r := rules[0]
	r.Digest, r.Place = "", ""
	for i := range r.Exclude {
		r.Exclude[i].Place = ""
	}
	if got := r.Exclude[1].Regexp.String(); got != "(?is)^(?:svc-[0-9]+)$" {
		t.Errorf("expression %s", got)
	}
	r.Exclude[1].Regexp = nil
	at := func(s string) time.Time { at, _ := time.Parse(time.DateOnly, s); return at }
	hook, err := policies.CompileHook("account.idle_days > 30 &&\nperson.found\n")
	if err != nil {
		t.Fatal(err)
	}
	want := policies.Rule{Name: "all", Active: true, Action: "revoke",
		Effective: policies.Effective{From: at("2026-01-01"), Until: at("2027-01-01")},
		Trigger: policies.Trigger{Status: []reconcile.PersonState{reconcile.Employed, reconcile.Ended}, EndDate: &policies.EndDate{Offset: -72 * time.Hour, BeforeEnd: true},
			Kinds: []reconcile.Kind{reconcile.RuleMatch, reconcile.LeaverActive}, Flags: reconcile.Privileged, FailedLogins: 5, Sources: []string{"crm", "ad"}, Hook: hook},
		Grace: policies.Grace{Days: 5, From: policies.FromEndDate, Business: true, Holidays: []scanners.Date{{Year: 2026, Month: 12, Day: 25}}, Sources: map[string]int{"crm": 2}},
		Exclude: []policies.Exclusion{{ID: "X-1", Owner: "o", Reason: "r", Expires: at("2027-02-01"), Applications: []string{"ad"}},
			{ID: "X-2", Owner: "o", Reason: "r", Expires: at("2027-02-01"), Source: "crm", Broad: true}},
		Allocation: policies.Allocation{Tasks: 4, PerMinute: 30, Sources: map[string]policies.Pace{"ad": {Tasks: 1}}},
		Schedule:   &policies.Schedule{Cron: "0 22 * * 1-5", Zone: "Europe/Berlin"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestHolidaysInDigest: a rule that counts with other holidays is another version of it.
func TestHolidaysInDigest(t *testing.T) {
	digest := func(c *config.Config) string {
		rules, err := c.Rules()
		if err != nil {
			t.Fatal(err)
		}
		return rules[0].Digest
	}
	c := writeRules(t, "name: a\ntrigger: {kinds: [dormant]}\ngrace: {days: 3, unit: business}\naction: lock\n")
	before := digest(c)
	c.Holidays["default"] = append(c.Holidays["default"], scanners.Date{Year: 2026, Month: 5, Day: 1})
	if digest(c) == before {
		t.Error("the digest does not know of the new holiday")
	}
}

// TestHostilePolicies: each is refused at its place, within fixed limits, and quickly because of them.
func TestHostilePolicies(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 8 {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", 'b'+i, 'b'+i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", 'a'+i), 10), ", "))
	}
	rest := "action: lock\n"
	hook := func(text string) string { return "name: a\ntrigger:\n  hook: " + text + "\n" + rest }
	for name, c := range map[string]struct{ text, want string }{
		"alias bomb":             {bomb, "more than 200000 values after aliases are followed"},
		"endless comprehension":  {hook("account.grants.all(a, account.grants.all(b, account.grants.all(c, a.id != b.id)))"), "3:27: trigger.hook: the hook may cost"},
		"deep nesting of YAML":   {"name: a\ntrigger: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n" + rest, "2:42: nested more than 32 levels deep"},
		"deep nesting of a hook": {hook("account.enabled || " + strings.Repeat("!(", 200) + "account.enabled" + strings.Repeat(")", 200)), "3:9: trigger.hook"},
		"long hook":              {hook("account.login == '" + strings.Repeat("x", 10_000) + "'"), "3:9: trigger.hook"},
		"huge file":              {"name: a\n# " + strings.Repeat("x", 5<<20), "larger than 4 MiB"},
		"misspelt key":           {"name: a\ngrase: {days: 3}\n" + rest, `2:1: grase: unknown key; did you mean "grace"?`},
		"wrong type":             {"name: a\ntrigger: {kinds: [dormant]}\ngrace: {days: soon}\n" + rest, `3:9: grace.days: "soon" is not a whole number`},
		"wrong type in a hook":   {hook("account.idle_days == true"), "3:27: trigger.hook: found no matching overload"},
		"huge expression":        {hook("account.login.matches('((a{0,99}){0,99}){0,99}')"), "3:31: trigger.hook"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := writeRules(t, c.text).Rules()
			var told *config.Error
			if !errors.As(err, &told) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %.300v does not say %q", err, c.want)
			}
			if name != "huge file" && (told.Line == 0 || told.Column == 0) {
				t.Errorf("without a place: %.300v", err)
			}
		})
	}
}

// TestPolicyFolders: rules in folders below policies count, cases of "leaver policy test" and hidden files are no rules, and
// a link to a folder is refused.
func TestPolicyFolders(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	one := func(name string) string { return "name: " + name + "\ntrigger: {kinds: [dormant]}\naction: lock\n" }
	put("leaver.yaml", config.Starter())
	put("policies/a.yaml", one("a"))
	put("policies/emea/b.yml", one("b"))
	put("policies/emea/de/c.yaml", one("c"))
	put("policies/emea/c.test.yaml", "cases: []\n")
	put("policies/.git/d.yaml", one("d"))
	put("policies/README.md", "no rule")
	if err := os.Symlink("../../leaver.yaml", filepath.Join(dir, "policies", "emea", "notes.txt")); err != nil {
		t.Fatal(err)
	}
	load := func() (*config.Config, error) { return config.Load(filepath.Join(dir, "leaver.yaml"), all.Kinds()) }
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range rules {
		found = append(found, r.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, found); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := os.Symlink("emea", filepath.Join(dir, "policies", "apac")); err != nil {
		t.Fatal(err)
	}
	if _, err := load(); err == nil || !strings.Contains(err.Error(), "is a link that leads to no file") {
		t.Errorf("a link to a folder: %v", err)
	}
}
