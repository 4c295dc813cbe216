package reconcile

import "time"

// Profile is what a framework states of the thresholds; nil where it states nothing.
type Profile struct {
	Dormant, NeverUsed *time.Duration
	// Removal is how long after the end of employment an account may stay enabled; zero means the same calendar day.
	Removal *time.Duration
}

// CustomProfile is the profile of which the user states everything.
const CustomProfile = "custom"

// Profiles is the table of frameworks by name. A user may only tighten what a framework states.
func Profiles() map[string]Profile {
	const day = 24 * time.Hour
	stated := func(d time.Duration) *time.Duration { return &d }
	return map[string]Profile{
		"cis":              {stated(45 * day), stated(45 * day), stated(0)},
		"pci":              {stated(90 * day), stated(90 * day), stated(0)},
		"fedramp-moderate": {stated(90 * day), stated(90 * day), stated(4 * time.Hour)},
		"fedramp-high":     {stated(35 * day), stated(35 * day), stated(time.Hour)},
		"stig":             {stated(35 * day), stated(35 * day), nil},
		"soc2":             {nil, nil, stated(24 * time.Hour)},
		CustomProfile:      {},
	}
}
