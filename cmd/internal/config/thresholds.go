package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// limit is a duration as written: 90d, 24h, "immediately" (zero), "off".
type limit struct {
	set time.Duration
	off bool
}

// UnmarshalText reads a duration or one of the two words.
func (l *limit) UnmarshalText(text []byte) error {
	switch string(text) {
	case "immediately":
		return nil
	case "off":
		l.off = true
		return nil
	}
	var err error
	l.set, err = ParseDuration(string(text))
	return err
}

// The thresholds that no framework states.
const (
	defaultEarly        = 14 * day
	defaultTolerance    = 15 * time.Minute
	defaultRecentUse    = 30 * day
	defaultFailedLogins = 10
	defaultHold         = 7 * day
)

func (f *file) thresholds(t thresholds) reconcile.Thresholds {
	names := slices.Sorted(maps.Keys(reconcile.Profiles()))
	out := reconcile.Thresholds{Profile: t.Profile}
	base, ok := reconcile.Profiles()[t.Profile]
	if !ok {
		f.unknownProfile(t.Profile, names)
		return out
	}
	custom := t.Profile == reconcile.CustomProfile
	out.Dormant, _ = f.threshold("dormant", t.Profile, t.Dormant, base.Dormant, true)
	out.NeverUsed, _ = f.threshold("never_used", t.Profile, t.NeverUsed, base.NeverUsed, true)
	out.Removal, out.RemovalStated = f.threshold("removal_limit", t.Profile, t.RemovalLimit, base.Removal, !custom)
	out.Early = f.plain("early", t.Early, defaultEarly)
	out.Tolerance = f.plain("tolerance", t.Tolerance, defaultTolerance)
	out.RecentUse = f.plain("recent_use", t.RecentUse, defaultRecentUse)
	out.Hold = defaultHold
	if t.Hold != nil {
		out.Hold = t.Hold.set
	}
	out.FailedLogins = defaultFailedLogins
	if t.FailedLogins != nil {
		out.FailedLogins = *t.FailedLogins
		if out.FailedLogins < 1 {
			f.fail("thresholds.failed_logins", "", "has to be 1 or more")
		}
	}
	return out
}

func (f *file) unknownProfile(name string, names []string) {
	hint := "profile is one of " + strings.Join(names, ", ")
	switch near := nearest(name, names); {
	case name == "":
		f.fail("thresholds.profile", hint+"; custom lets you set every value", "is missing")
	case near != "":
		f.fail("thresholds.profile", hint, "unknown profile %q; did you mean %q?", name, near)
	default:
		f.fail("thresholds.profile", hint, "unknown profile %q", name)
	}
}

// threshold returns the value in force and whether there is one. A user's value may be stricter than the framework's, never
// looser, and must be there where the framework has none.
func (f *file) threshold(name, profile string, user *limit, base *time.Duration, needed bool) (time.Duration, bool) {
	key := "thresholds." + name
	switch {
	case user == nil && base != nil:
		return *base, true
	case user == nil && needed:
		f.fail(key, "set it under thresholds, for example "+name+": 90d", "is missing: profile %q does not state it", profile)
	case user == nil:
	case user.off && profile != reconcile.CustomProfile:
		f.fail(key, `only profile "custom" may turn it off`, "cannot be off under profile %q", profile)
	case user.off:
	case name != "removal_limit" && user.set == 0:
		f.fail(key, "write off to turn the finding off", "cannot be zero")
	case base != nil && user.set > *base:
		f.fail(key, "a framework's number may only be tightened; profile \"custom\" leaves it to you",
			"%s is looser than the %s of profile %q", FormatDuration(user.set), FormatDuration(*base), profile)
	default:
		return user.set, true
	}
	return 0, false
}

func (f *file) plain(name string, user *limit, fallback time.Duration) time.Duration {
	if user == nil {
		return fallback
	}
	if user.off {
		f.fail("thresholds."+name, "", "cannot be off")
	}
	return user.set
}
