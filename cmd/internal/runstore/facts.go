package runstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// The words of a *_state column. Beside the value, which is null unless it is known, each fact has a state; an unknown
// fact's reason follows the word: "unknown: not readable by this account".
const (
	stateKnown   = "known"
	stateNever   = "never"
	stateUnknown = "unknown"
)

// stateOf writes state and reason of a fact as one text.
func stateOf[T any](f scanners.Fact[T]) string {
	word := stateUnknown
	switch f.State {
	case scanners.StateKnown:
		word = stateKnown
	case scanners.StateNever:
		word = stateNever
	}
	if f.Reason == "" {
		return word
	}
	return word + ": " + f.Reason
}

// micros is an instant in microseconds since 1970 UTC, the precision of a Parquet timestamp. What a source states more
// finely goes into a row's rests.
func micros(t time.Time) int64 { return t.Unix()*1e6 + int64(t.Nanosecond())/1e3 }

// rest is what micros drops, in nanoseconds.
func rest(t time.Time) int32 { return int32(t.Nanosecond() % 1e3) }

func instant(micro int64, rest int32) time.Time {
	return time.UnixMicro(micro).Add(time.Duration(rest)).UTC()
}

// rests reads and writes the facts of one row. It collects what the timestamps drop, in the order of the columns, and the
// first fault met while reading.
type rests struct {
	list []int32
	at   int
	err  error
}

func (r *rests) put(f scanners.Fact[time.Time]) (int64, string) {
	if !f.IsKnown() {
		r.list = append(r.list, 0)
		return 0, stateOf(f)
	}
	r.list = append(r.list, rest(f.Value))
	return micros(f.Value), stateOf(f)
}

// all returns what was put, an empty list when nothing was dropped.
func (r *rests) all() []int32 {
	for _, ns := range r.list {
		if ns != 0 {
			return r.list
		}
	}
	return r.list[:0]
}

func (r *rests) get(micro int64, state string) scanners.Fact[time.Time] {
	var ns int32
	if r.at < len(r.list) {
		ns = r.list[r.at]
	}
	r.at++
	at := instant(micro, ns)
	return get(r, &at, state)
}

// put keeps the value of a known fact in room and points to it; of any other fact it returns nil. Beside it, the state.
func put[T any](f scanners.Fact[T], room *T) (*T, string) {
	if !f.IsKnown() {
		return nil, stateOf(f)
	}
	*room = f.Value
	return room, stateOf(f)
}

// get is the inverse of put; the value counts only when the state is known.
func get[T any](r *rests, value *T, state string) scanners.Fact[T] {
	word, reason, _ := strings.Cut(state, ": ")
	f := scanners.Fact[T]{Reason: reason}
	switch {
	case word == stateKnown && value != nil:
		f.State, f.Value = scanners.StateKnown, *value
	case word == stateNever:
		f.State = scanners.StateNever
	case word != stateUnknown && r.err == nil:
		r.err = fmt.Errorf("%q is not the state of a fact", state)
	}
	return f
}
