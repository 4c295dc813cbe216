package ldap

import (
	"context"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// sample is how many entries are looked at to learn from when on the server has recorded sign-ins.
const sample = 200

// findRecords finds the attributes in which the server is seen to record sign-ins. An attribute that no entry shows is
// either not maintained or not readable: then nothing follows from its absence.
func (s *source) findRecords(ctx context.Context, c *session, d *directory) error {
	since, err := s.config.Activity.since()
	if err != nil {
		return err
	}
	for _, name := range d.traits.activity {
		oldest, seen, err := s.sampleRecord(ctx, c, d, name)
		if err != nil {
			return err
		}
		r := record{name: name, since: oldest, precision: s.precision(d, name)}
		if !since.IsZero() {
			r.since = since
		}
		if seen || !since.IsZero() && !d.family.windows() {
			d.records = append(d.records, r)
		}
	}
	switch {
	case d.family.windows() && d.domain.frozen:
		d.unrecorded = "msDS-LogonTimeSyncInterval is 0: the domain does not write lastLogonTimestamp"
	case len(d.records) == 0:
		d.unrecorded = fmt.Sprintf("no entry shows %s: it is not recorded, or not readable by this account", strings.Join(d.traits.activity, " or "))
	default:
		return nil
	}
	d.gaps = append(d.gaps, scanners.Gap{What: "last activity", Cause: d.unrecorded,
		Effect: "accounts without a sign of use are unknown, not never used; no finding rests on their inactivity",
		Hint:   "let the server record sign-ins, and let the reading account read " + strings.Join(d.traits.activity, ", ")})
	return nil
}

func (s *source) precision(d *directory, name string) time.Duration {
	for attribute, p := range s.config.Activity.Precision {
		if strings.EqualFold(attribute, name) {
			return p
		}
	}
	if name == "lastLogonTimestamp" {
		return d.domain.lag
	}
	return 0
}

// sampleRecord looks for entries that show the attribute, and for the oldest value among some of them.
func (s *source) sampleRecord(ctx context.Context, c *session, d *directory, name string) (oldest time.Time, seen bool, err error) {
	for _, base := range d.bases {
		q := query{base: base, scope: s.scope(), filter: "(&" + d.traits.filter + "(" + name + "=*))", attributes: []string{name}, limit: sample}
		_, err := c.list(ctx, q, func(e *entry) error {
			at, err := generalizedTime(e.one(strings.ToLower(name)))
			if err == nil && (oldest.IsZero() || at.Before(oldest)) {
				oldest = at
			}
			seen = seen || e.one(strings.ToLower(name)) != ""
			return nil
		})
		if err := lostOnly(err); err != nil {
			return oldest, false, err
		}
	}
	return oldest, seen, nil
}

func (s *source) scope() int {
	if s.config.Scope == "one" {
		return goldap.ScopeSingleLevel
	}
	return goldap.ScopeWholeSubtree
}

// eyes finds out whether the absence of an attribute means anything. It remembers the answer per container, so its memory
// grows with containers, never with accounts.
type eyes struct {
	session *session
	filter  string
	known   map[string]bool
}

// sees reports whether this account may tell, in the container of dn, entries without the attribute from entries whose
// attribute it may not see. A server evaluates "not present" to undefined, which matches nothing, where the asking account
// has no right to the attribute.
func (v *eyes) sees(ctx context.Context, dn, attribute string) (bool, error) {
	container := parent(dn)
	key := attribute + "\x00" + container
	if known, ok := v.known[key]; ok {
		return known, nil
	}
	found, err := v.matches(ctx, query{base: container, scope: goldap.ScopeSingleLevel, filter: "(&" + v.filter + "(!(" + attribute + "=*)))"})
	if err == nil {
		v.known[strings.Clone(key)] = found
	}
	return found, err
}

// lacks reports whether the server itself says that this one entry has no value of the attribute.
func (v *eyes) lacks(ctx context.Context, dn, attribute string) (bool, error) {
	return v.matches(ctx, query{base: dn, scope: goldap.ScopeBaseObject, filter: "(!(" + attribute + "=*))"})
}

func (v *eyes) matches(ctx context.Context, q query) (bool, error) {
	q.attributes, q.limit = []string{"1.1"}, 1
	found := false
	_, err := v.session.list(ctx, q, func(*entry) error { found = true; return nil })
	return found, lostOnly(err)
}
