package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSchedules(t *testing.T) {
	path := write(t, t.TempDir(), "leaver.yaml", smallest+`schedule:
  - {name: nightly, cron: "30  2 * * *"}
  - name: directory
    cron: "@hourly"
    zone: Europe/Berlin
    sources: [crm]
    attempts: 1
    retry: 5m
`)
	c, err := Load(path, fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	type plain struct {
		Definition string
		Attempts   int
		Retry      time.Duration
	}
	got := map[string]plain{}
	for _, s := range c.Schedules {
		got[s.Name] = plain{s.Definition(), s.Attempts, s.Retry}
	}
	want := map[string]plain{
		"nightly":   {"30 2 * * * in UTC", 3, 15 * time.Minute},
		"directory": {"@hourly in Europe/Berlin, only crm", 1, 5 * time.Minute},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSchedulesRefused(t *testing.T) {
	tests := []struct{ name, schedule, want string }{
		{"no list", `{nightly: daily}`, "wants a list"},
		{"no name", `[{cron: "@daily"}]`, "schedule[0].name: is missing"},
		{"bad name", `[{name: Every Night, cron: "@daily"}]`, "cannot be a name"},
		{"two of a name", `[{name: a, cron: "@daily"}, {name: a, cron: "@hourly"}]`, `schedule[1].name: "a" is the name of another schedule`},
		{"no cron", `[{name: a}]`, "schedule[0].cron: is missing"},
		{"bad cron", `[{name: a, cron: "30 25 * * *"}]`, `schedule[0].cron: "30 25 * * *": hour: 25 is not within 0 to 23`},
		{"ambiguous cron", `[{name: a, cron: "5/15 * * * *"}]`, "hint: write 5-59/15"},
		{"six fields", `[{name: a, cron: "0 30 2 * * *"}]`, "has 6 fields"},
		{"bad zone", `[{name: a, cron: "@daily", zone: Berlin}]`, `schedule[0].zone: unknown time zone "Berlin"`},
		{"Local", `[{name: a, cron: "@daily", zone: Local}]`, `unknown time zone "Local"`},
		{"unknown source", `[{name: a, cron: "@daily", sources: [erp]}]`, `schedule[0].sources[0]: unknown value "erp"`},
		{"a people source", `[{name: a, cron: "@daily", sources: [hr]}]`, `unknown value "hr"`},
		{"source twice", `[{name: a, cron: "@daily", sources: [crm, crm]}]`, "is listed twice"},
		{"no attempts", `[{name: a, cron: "@daily", attempts: 0}]`, "0 is not within 1 to 10"},
		{"retry at once", `[{name: a, cron: "@daily", retry: 1s}]`, "1s is not within 1m to 1d"},
		{"misspelt", `[{name: a, corn: "@daily"}]`, `did you mean "cron"?`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, t.TempDir(), "leaver.yaml", smallest+"schedule: "+test.schedule+"\n")
			_, err := Load(path, fakeKinds())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
