package policies

// ClockID tells one clock from all others. It is of use as the key of a map.
type ClockID struct{ key }

// ID is what the clock is about: its finding, its rule, its stage and its owner.
func (c *Clock) ID() ClockID { return ClockID{c.key()} }

// Compare orders clocks as [Set.Advance] does.
func (c *Clock) Compare(other *Clock) int { return compareClocks(*c, *other) }
