package scanners

// State says how much is known of a [Fact].
type State uint8

const (
	// StateUnknown means that the source could not or would not say. It is the zero value.
	StateUnknown State = iota
	// StateKnown means that Value holds what the source said.
	StateKnown
	// StateNever means that the source said, and is able to say, that there is no value: never signed in, never
	// expires, no end.
	StateNever
)

// Fact is a value read from a source: known, never, or unknown with a reason. The zero Fact is unknown.
// Unknown never satisfies a rule about inactivity.
type Fact[T any] struct {
	State State
	// Value is meaningful only when State is StateKnown.
	Value T
	// Reason says why the fact is unknown, in words an auditor can read ("not readable by this account"). It may be empty.
	Reason string
}

// Known is the fact that the source said v.
func Known[T any](v T) Fact[T] { return Fact[T]{State: StateKnown, Value: v} }

// Never is the fact that the source said there is no value.
func Never[T any]() Fact[T] { return Fact[T]{State: StateNever} }

// Unknown is the absence of a fact, for the given reason.
func Unknown[T any](reason string) Fact[T] { return Fact[T]{Reason: reason} }

// Get returns the value, and whether it is known.
func (f Fact[T]) Get() (T, bool) { return f.Value, f.State == StateKnown }

// IsKnown reports whether the source stated a value.
func (f Fact[T]) IsKnown() bool { return f.State == StateKnown }

// IsNever reports whether the source stated that there is no value.
func (f Fact[T]) IsNever() bool { return f.State == StateNever }

// IsUnknown reports whether the source stated nothing.
func (f Fact[T]) IsUnknown() bool { return f.State == StateUnknown }

// Is reports whether the fact is known and equal to v.
func Is[T comparable](f Fact[T], v T) bool { return f.State == StateKnown && f.Value == v }
