package scanners

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Record is what a source can hold.
type Record interface{ Account | Person }

// Source reads every record of one system and cannot change it.
//
// Scan calls emit once per record, from the calling goroutine, and stops at the first error that emit returns, returning
// that error. A nil error does not mean that everything was read: only Coverage says so, and its zero value says no. With
// a non-nil error the Coverage still tells how far the scan came. The emitted record is the callee's to keep: Scan does not
// touch it again.
type Source[R Record] interface {
	Scan(ctx context.Context, emit func(R) error) (Coverage, error)
}

// BatchSource is a Source that hands over many records at once, which saves a copy of each. ScanBatches is Scan but for that. The
// list is the callee's until emit returns, to change records in place too; what the records refer to is its to keep.
type BatchSource[R Record] interface {
	Source[R]
	ScanBatches(ctx context.Context, emit func([]R) error) (Coverage, error)
}

// ScanBatches scans s as a BatchSource, one record at a time where it is none.
func ScanBatches[R Record](ctx context.Context, s Source[R], emit func([]R) error) (Coverage, error) {
	if s, ok := s.(BatchSource[R]); ok {
		return s.ScanBatches(ctx, emit)
	}
	return s.Scan(ctx, func(record R) error { return emit([]R{record}) })
}

// Lookup reads one record again, now. It is needed before a plan, before an action and after it. The id is the immutable
// id that Scan emitted. found is unknown when the system did not answer the question, never when it answered that there
// is no such record, and known true with the record.
type Lookup[R Record] interface {
	Lookup(ctx context.Context, id string) (record R, found Fact[bool], err error)
}

// Kind is one sort of connector, as listed in package all.
type Kind struct {
	// Name is what the configuration says after "kind:". Summary is one line for people.
	Name    string
	Summary string
	// Accounts opens the connector as a source of accounts, People as a source of people; nil where it cannot be one.
	Accounts func(Decode, Env) (Source[Account], error)
	People   func(Decode, Env) (Source[Person], error)
	// Config returns a pointer to the zero value of the connector's configuration for accounts, PeopleConfig for people.
	// The JSON Schema of leaver.yaml is derived from them. Nil where the kind cannot be one.
	Config       func() any
	PeopleConfig func() any
	// Facts says in words what the connector can state of an account.
	Facts Facts
	// Copies says that its accounts may be copies of another system's, and state of which: see [Account.AuthorityID].
	Copies bool
}

// Facts is what a connector can state of the accounts of its system, each in a few words, and empty where it states nothing.
// The conformance suite holds it against what is really emitted, and docs/connectors lists it.
type Facts struct {
	Enabled      string
	LastActivity string
	// Precision is the error band of the last activity.
	Precision  string
	Created    string
	Grants     string
	Licences   string
	Privileged string
	Manager    string
	// Completeness is what proves that everything was read; Lookup how one account is read again; Rights what the reading
	// identity needs, the least of it.
	Completeness string
	Lookup       string
	Rights       string
}

// Decode fills the connector's own configuration struct, strictly: an unknown key is an error with line and column.
type Decode func(into any) error

// Env is all that a connector is given of the outside world.
type Env struct {
	// Log is for the operator; nothing secret and no personal data above debug level.
	Log *slog.Logger
	// HTTP opens the only way to speak HTTP: a transport that refuses what reach does not name, whatever asks for it (a next
	// link, a redirect, an SDK). See [ReadOnly].
	HTTP func(reach Reach) (http.RoundTripper, error)
	// Dial opens a stream connection with the run's proxy and address rules. Network is "tcp" or "unix".
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Open resolves a path of the configuration (relative ones against the folder of leaver.yaml).
	Path func(path string) string
	// Secret resolves a reference such as "env:NAME", "file:/path" or "systemd:NAME".
	Secret func(ref string) (Secret, error)
	// Now is the wall clock, Wait sleeps until d has passed or the context ends, whose cause it then returns.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
	// AsOf is the instant that the run judges at, for a source that tells the past and the future apart; the zero time means
	// Now. No source may leave a record out because of it.
	AsOf time.Time
	// Zone is the run's time zone, for values that state none.
	Zone *time.Location
	// Reject keeps a record that could not be used. It may be called from the scanning goroutine only.
	Reject func(Rejection) error
	// Allocation bounds how many tasks (connections, files) the source runs at the same time.
	Allocation *Allocation
}

// JudgedAt is the instant that the run judges at.
func (e Env) JudgedAt() time.Time {
	if e.AsOf.IsZero() {
		return e.Now()
	}
	return e.AsOf
}

// Secret is a credential. Every way of printing it gives "[redacted]".
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the credential itself, for the one call that needs it.
func (s Secret) Reveal() string { return s.text }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// MarshalText gives "[redacted]", for JSON, YAML and XML alike.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// LogValue gives "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Allocation is the process allocation of one source: how many tasks it may run at the same time.
type Allocation struct{ slots chan struct{} }

// NewAllocation allows n tasks at a time; n below 1 counts as 1.
func NewAllocation(n int) *Allocation { return &Allocation{make(chan struct{}, max(n, 1))} }

// Size is how many tasks may run at the same time.
func (a *Allocation) Size() int { return cap(a.slots) }

// Do waits for a slot, runs task and frees the slot. It returns the context's error when that ends first.
func (a *Allocation) Do(ctx context.Context, task func() error) error {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-a.slots }()
	return task()
}
