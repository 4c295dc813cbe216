package runstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// holder is what the lock file says about the process that holds it.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// Lock takes the lock of the state folder for a run that begins now. Another holder gives a [*LockedError]. The system
// frees the lock with the process, so that a crash leaves nothing to remove.
func (s *Store) Lock(now time.Time) (release func() error, err error) {
	path := filepath.Join(s.dir, "lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %q: %w", path, storage(err))
	}
	if !taken {
		return nil, s.lockedBy(path)
	}
	host, _ := os.Hostname()
	text, err := json.Marshal(holder{os.Getpid(), host, now.UTC().Truncate(time.Second)})
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, storage(err)), lock.Close())
	}
	s.locked = true
	return func() error {
		s.locked = false
		return errors.Join(os.Truncate(path, 0), lock.Close())
	}, nil
}

// LockEmergency takes the lock for an emergency, which no run holds. While another emergency is under way it waits, and calls
// waiting once.
func (s *Store) LockEmergency(ctx context.Context, waiting func()) (release func() error, err error) {
	path := filepath.Join(s.dir, "emergency.lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err == nil && !taken {
		waiting()
		taken, err = lock.TryLockContext(ctx, emergencyRetry)
	}
	if err != nil || !taken {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, storage(err)), lock.Close())
	}
	return lock.Close, nil
}

// emergencyRetry is how often a waiting emergency looks whether the other is over.
const emergencyRetry = 200 * time.Millisecond

func (s *Store) lockedBy(path string) error {
	held := &LockedError{Dir: s.dir}
	var h holder
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &h) == nil {
		held.PID, held.Host, held.Since = h.PID, h.Host, h.Since
	}
	return held
}
