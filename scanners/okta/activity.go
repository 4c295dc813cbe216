package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/url"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// logPrecision is how late an event may come into the system log: later uses than the newest event may still be on their way.
const logPrecision = 5 * time.Minute

// signedIn are the events that prove use of an account. Each of them is a sign-in, whatever its name.
func signedIn() []string {
	return []string{"user.session.start", "user.authentication.sso", "user.authentication.auth_via_AD_agent",
		"user.authentication.auth_via_LDAP_agent", "user.authentication.auth_via_radius"}
}

// uses is what the system log says of the use of accounts. Sixteen bytes an account; see [rights] about hashes.
type uses struct {
	seed maphash.Seed
	last map[uint64]int64 // unix milliseconds
	// unread says why the log is not to be trusted to be whole; empty when it is.
	unread string
	err    error
}

// event is what is read of an event.
type event struct {
	ID        string `json:"uuid"`
	Published string `json:"published"`
	Actor     struct {
		ID string `json:"id"`
	} `json:"actor"`
	Outcome struct {
		Result string `json:"result"`
	} `json:"outcome"`
	Target []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"target"`
}

// readLog reads the signs of use of the last days: of one user when of is an id, of one application when app is one.
func (s *source) readLog(ctx context.Context, of, app string) (*uses, error) {
	u := &uses{seed: maphash.MakeSeed(), last: map[uint64]int64{}}
	err := s.client.all(ctx, s.logPlace(of, app), "", logPage, func(raw json.RawMessage) error {
		var e event
		if err := decodeRecord(raw, &e, &e.ID); err != nil {
			return fmt.Errorf("an event: %w", err)
		}
		return u.take(&e, app)
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		u.unread, u.err = "the system log cannot be read: "+firstLine(err), err
	}
	return u, nil
}

// logPage is the most events that Okta gives in a page.
const logPage = 1000

func (s *source) logPlace(of, app string) string {
	var clauses []string
	for _, name := range signedIn() {
		if app == "" || name == "user.authentication.sso" {
			clauses = append(clauses, fmt.Sprintf("eventType eq %q", name))
		}
	}
	filter := strings.Join(clauses, " or ")
	if of != "" {
		filter = fmt.Sprintf("actor.id eq %q and (%s)", of, filter)
	}
	now := s.env.Now().UTC()
	query := url.Values{"since": {now.AddDate(0, 0, -s.config.LogDays).Format(time.RFC3339)}, "until": {now.Format(time.RFC3339)},
		"filter": {filter}, "sortOrder": {"ASCENDING"}, "limit": {fmt.Sprint(logPage)}}
	return "/api/v1/logs?" + query.Encode()
}

// take notes one event, when it is a success, and about the application if one is asked for.
func (u *uses) take(e *event, app string) error {
	if e.Outcome.Result != "SUCCESS" || e.Actor.ID == "" {
		return nil
	}
	about := app == ""
	for _, t := range e.Target {
		about = about || t.Type == "AppInstance" && t.ID == app
	}
	if !about {
		return nil
	}
	at, err := api.Time(e.Published)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	key := maphash.String(u.seed, e.Actor.ID)
	u.last[key] = max(u.last[key], at.Value.UnixMilli())
	return nil
}

// signal adds what the log says of an account. An account without an event gets no signal, because the log reaches back some
// days only; when the log could not be read, use may have gone unseen, and that is said of every account.
func (u *uses) signal(a *scanners.Account) {
	const name = "system log"
	if at, ok := u.last[maphash.String(u.seed, a.ID)]; ok {
		a.Signals = append(a.Signals, scanners.Signal{Name: name, At: scanners.Known(time.UnixMilli(at).UTC()), Precision: logPrecision})
	}
	if u.unread != "" {
		a.Signals = append(a.Signals, scanners.Signal{Name: name, At: scanners.Unknown[time.Time](u.unread)})
	}
}

// gap is what an unread log leaves.
func (u *uses) gap() scanners.Gap {
	return unreadable("system log", "no account of this source can be told to be unused", u.err)
}
