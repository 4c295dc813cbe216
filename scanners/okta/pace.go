package okta

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// pace waits for the next window when an org's rate limit is nearly used up. Okta counts by kind of address, for all who ask:
// a tenth of each limit is left to others, so that a scan at night locks nobody out of the console.
type pace struct {
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error
	mu    sync.Mutex
	// resume is when the next request to a kind of address may go out.
	resume map[string]time.Time
}

func newPace(env scanners.Env) *pace {
	return &pace{now: env.Now, sleep: env.Wait, resume: map[string]time.Time{}}
}

// bucket is the kind of address whose requests are counted together: ids make no difference.
func bucket(place string) string {
	parts := strings.Split(pathOf(place), "/")
	if len(parts) > 4 {
		parts[4] = "*"
	}
	return strings.Join(parts, "/")
}

// wait returns when a request to a place may go out.
func (p *pace) wait(ctx context.Context, place string) error {
	kind := bucket(place)
	p.mu.Lock()
	until, held := p.resume[kind]
	p.mu.Unlock()
	if !held {
		return nil
	}
	if left := until.Sub(p.now()); left > 0 {
		if err := p.sleep(ctx, left); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.resume[kind].Equal(until) {
		delete(p.resume, kind)
	}
	return nil
}

// note takes in what an answer said of the limit.
func (p *pace) note(place string, seen api.Seen) {
	if seen.Limit <= 0 || seen.Remaining < 0 || seen.Reset <= 0 || 10*seen.Remaining >= seen.Limit {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resume[bucket(place)] = p.now().Add(min(seen.Reset, maxPause))
}

// maxPause is longer than a window of Okta's: what is longer is no reset.
const maxPause = 2 * time.Minute
