package scanners_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// TestAllocation shows that the allocation is reached and never exceeded.
func TestAllocation(t *testing.T) {
	for _, size := range []int{1, 3, 8} {
		a := scanners.NewAllocation(size)
		var running, most atomic.Int64
		var all sync.WaitGroup
		full := make(chan struct{})
		var once sync.Once
		for i := range 4 * size {
			all.Go(func() {
				err := a.Do(t.Context(), func() error {
					now := running.Add(1)
					for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
					}
					if now == int64(size) {
						once.Do(func() { close(full) })
					}
					<-full // every slot was taken
					running.Add(-1)
					return nil
				})
				if err != nil {
					t.Errorf("task %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if most.Load() != int64(size) || a.Size() != size {
			t.Errorf("size %d: %d at the same time", size, most.Load())
		}
	}
}

func TestAllocationEnds(t *testing.T) {
	a := scanners.NewAllocation(0)
	if a.Size() != 1 {
		t.Errorf("size %d of an allocation of 0, want 1", a.Size())
	}
	failed := errors.New("failed")
	if err := a.Do(t.Context(), func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("Do = %v, want the task's error", err)
	}
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	err := a.Do(t.Context(), func() error {
		return a.Do(ctx, func() error { t.Error("task ran without a slot"); return nil })
	})
	if !errors.Is(err, stop) {
		t.Errorf("Do = %v with an ended context, want its cause", err)
	}
}

// TestSecret shows that a secret appears in no way of printing it.
func TestSecret(t *testing.T) {
	s := scanners.NewSecret("hunter2")
	text, err := json.Marshal(struct{ S scanners.Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%+v", struct{ S any }{&s}),
		string(text), s.LogValue().String()} {
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("shown: %s", shown)
		}
	}
	if s.Reveal() != "hunter2" {
		t.Error("Reveal does not give the credential")
	}
}

func TestTyped(t *testing.T) {
	type config struct{ Name string }
	opened := ""
	open := scanners.Typed(func(c config, _ scanners.Env) (scanners.Source[scanners.Account], error) {
		opened = c.Name
		return nil, nil
	})
	if _, err := open(func(into any) error { into.(*config).Name = "crm"; return nil }, scanners.Env{}); err != nil || opened != "crm" {
		t.Errorf("opened %q, %v", opened, err)
	}
	wrong := errors.New("line 3: unknown key")
	if _, err := open(func(any) error { return wrong }, scanners.Env{}); !errors.Is(err, wrong) {
		t.Errorf("error %v, want that of the configuration", err)
	}
}

func TestConfigError(t *testing.T) {
	cause := errors.New("no column")
	err := fmt.Errorf("crm: %w", &scanners.ConfigError{Err: cause})
	found := new(scanners.ConfigError)
	if !errors.As(err, &found) || !errors.Is(err, cause) || found.Error() != "no column" {
		t.Errorf("%v is not found as a configuration error", err)
	}
}
