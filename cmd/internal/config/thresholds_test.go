package config

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

func TestProfiles(t *testing.T) {
	tests := []struct {
		text    string
		dormant time.Duration
		never   time.Duration
		removal time.Duration
		stated  bool
	}{
		{"profile: cis", 45 * day, 45 * day, 0, true},
		{"profile: pci", 90 * day, 90 * day, 0, true},
		{"profile: fedramp-moderate", 90 * day, 90 * day, 4 * time.Hour, true},
		{"profile: fedramp-high", 35 * day, 35 * day, time.Hour, true},
		{"profile: stig, removal_limit: 24h", 35 * day, 35 * day, day, true},
		{"profile: soc2, dormant: 60d, never_used: 30d", 60 * day, 30 * day, day, true},
		{"profile: custom, dormant: 90d, never_used: 45d", 90 * day, 45 * day, 0, false},
		{"profile: custom, dormant: off, never_used: off, removal_limit: immediately", 0, 0, 0, true},
		{"profile: pci, dormant: 30d, removal_limit: 0", 30 * day, 90 * day, 0, true},
		{"profile: fedramp-moderate, removal_limit: immediately", 90 * day, 90 * day, 0, true},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got := mustLoad(t, withThresholds(t, test.text)).Thresholds
			want := reconcile.Thresholds{Profile: got.Profile, Dormant: test.dormant, NeverUsed: test.never,
				Removal: test.removal, RemovalStated: test.stated, Tolerance: 15 * time.Minute, Early: 14 * day,
				RecentUse: 30 * day, FailedLogins: 10, Hold: 7 * day}
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func withThresholds(t *testing.T, text string) string {
	t.Helper()
	return edit(t, "profile: custom, dormant: 90d, never_used: 45d", text)
}

func TestThresholdsRefused(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"looser dormant", "profile: cis, dormant: 46d", `46d is looser than the 45d of profile "cis"`},
		{"looser removal", "profile: fedramp-high, removal_limit: 2h", "2h is looser than the 1h"},
		{"a day is not at once", "profile: pci, removal_limit: 24h", "1d is looser than the 0"},
		{"soc2 does not state dormant", "profile: soc2, never_used: 30d", `thresholds.dormant: is missing: profile "soc2" does not state it`},
		{"stig does not state removal", "profile: stig", "thresholds.removal_limit: is missing"},
		{"custom states nothing", "profile: custom, dormant: 90d", "thresholds.never_used: is missing"},
		{"off under a framework", "profile: cis, dormant: off", `cannot be off under profile "cis"`},
		{"zero", "profile: custom, dormant: 0, never_used: 1d", "cannot be zero"},
		{"misspelt profile", "profile: fedramp-hihg", `did you mean "fedramp-high"?`},
		{"failed logins", "profile: cis, failed_logins: 0", "has to be 1 or more"},
		{"tolerance off", "profile: cis, tolerance: off", "cannot be off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := load(t, withThresholds(t, test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * day, "24h": day, "1d12h": 36 * time.Hour, "2w": 14 * day,
		"15m": 15 * time.Minute, "1d1h1m1s": day + time.Hour + time.Minute + time.Second, "0": 0, "0d": 0} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
		if back, err := ParseDuration(FormatDuration(want)); err != nil || back != want {
			t.Errorf("%v was written as %q", want, FormatDuration(want))
		}
	}
	for _, text := range []string{"", "d", "90", "-1d", "+1d", "1.5h", "12h1d", "1d1d", "90 d", "90D", "1y", "99999999999d", "4000000000w"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q gave %v", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"columns", "kind", "name", "path"}
	for name, want := range map[string]string{"colums": "columns", "clomuns": "columns", "nmae": "name", "Kind": "kind",
		"delimiter": "", "x": ""} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
