package ldap

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// outcome is how the reading of one base ended.
type outcome struct {
	base       string
	read       int64
	pages      int64
	unpaged    bool
	references []string
	// barren says that the server itself shows that there is nothing below the base.
	barren bool
	// hidden says which entries the server has but does not show.
	hidden string
	// inactive and undecided count the accounts whose last activity, and whose state, could not be told.
	inactive, undecided int64
	gaps                []scanners.Gap
	err                 error
}

// reader reads the accounts below one base over one connection.
type reader struct {
	*source
	dir      *directory
	out      chan<- batch
	result   *outcome
	main     *session
	side     *session
	eyes     eyes
	dcs      *controllers
	decode   *decoder
	mapper   *mapper
	drafts   []draft
	rejected []scanners.Rejection
	spare    [2][]scanners.Account
	// handed says that something was handed over, after which the search cannot start again.
	handed bool
}

// read fills in result. Until the first page is handed over, a lost connection means starting again; afterwards a new search
// could neither continue the old one nor tell what it had already given.
func (s *source) read(ctx context.Context, dir *directory, out chan<- batch, result *outcome) {
	r := &reader{source: s, dir: dir, out: out, result: result}
	r.dcs = newControllers(s, dir)
	defer r.dcs.close()
	err := retry(ctx, s.retries, func() error {
		err := r.attempt(ctx)
		if r.handed && err != nil {
			err = &final{err}
		}
		return err
	})
	result.err = unwrapFinal(err)
	result.gaps = append(result.gaps, r.dcs.gaps()...)
}

func (r *reader) attempt(ctx context.Context) error {
	c, err := r.open(ctx, r.servers)
	if err != nil {
		return &final{err}
	}
	defer c.close()
	defer r.closeSide()
	r.main, r.drafts, r.rejected = c, nil, nil
	*r.result = outcome{base: r.result.base}
	r.eyes = eyes{session: c, filter: r.dir.traits.filter, known: map[string]bool{}}
	attributes := r.dir.traits.attributes(r.config)
	r.decode = newDecoder(attributes)
	r.mapper = newMapper(r.dir, r.config, r.env.Now(), r.decode)
	w := &walker{session: c, retries: r.retries, each: func(content []byte) error { return r.entry(ctx, content) },
		turn:  func() error { return r.hand(ctx, c) },
		query: query{base: r.result.base, scope: r.scope(), filter: r.dir.traits.filter, attributes: attributes}}
	if r.dir.paging {
		w.query.page = r.config.PageSize
	}
	err = w.walk(ctx)
	r.result.pages, r.result.unpaged, r.result.references = w.pages, w.unpaged, w.references
	if err != nil && !passing(err) && resultCode(err) != goldap.ErrorNetwork {
		// The server ended the search: what it sent is true, only not all.
		if handErr := r.hand(ctx, c); handErr != nil {
			return errors.Join(err, handErr)
		}
	}
	if err == nil && r.result.read == 0 {
		r.result.barren, err = r.childless(ctx)
	}
	if err == nil {
		err = r.lookForHidden(ctx)
	}
	return err
}

// childless reports whether the server shows the base itself and says that it has nothing below it.
func (r *reader) childless(ctx context.Context) (bool, error) {
	barren := false
	q := query{base: r.result.base, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: []string{"hasSubordinates", "numSubordinates"}}
	_, err := r.main.list(ctx, q, func(e *entry) error {
		barren = strings.EqualFold(e.one("hassubordinates"), "false") || e.one("numsubordinates") == "0"
		return nil
	})
	return barren, lostOnly(err)
}

func (r *reader) closeSide() {
	if r.side != nil {
		r.side.close()
		r.side = nil
	}
}

// entry takes one search result. It runs on the goroutine that reads the connection.
func (r *reader) entry(ctx context.Context, content []byte) error {
	r.result.read++
	e, err := r.decode.decode(content)
	switch {
	case err != nil:
		r.reject(e, content, "", "the entry is malformed: "+err.Error())
	default:
		if d, ok := r.mapper.draft(e); ok {
			if d.heldBack == 0 { // now, while the server prepares the next entry
				r.dir.groups.grant(&d, r.dir)
			}
			r.drafts = append(r.drafts, d)
		} else {
			r.reject(e, content, r.dir.traits.id, "the immutable id is missing or not readable by this account")
		}
	}
	if len(r.drafts)+len(r.rejected) < 2*r.config.PageSize {
		return nil
	}
	// The server does not keep to pages. Memory must not grow with the directory, and this connection is not free for the
	// questions that settling the drafts takes.
	if r.side == nil {
		if r.side, err = r.open(ctx, r.servers); err != nil {
			return err
		}
	}
	return r.hand(ctx, r.side)
}

// maxRaw is how much of a rejected record is kept.
const maxRaw = 16 << 10

func (r *reader) reject(e *entry, content []byte, field, reason string) {
	place := fmt.Sprintf("entry %d below %q", r.result.read, r.result.base)
	if e != nil && e.dn != "" {
		place = word(e.dn)
	}
	r.rejected = append(r.rejected, scanners.Rejection{Place: place, Field: field, Reason: reason,
		Raw: hex.EncodeToString(content[:min(len(content), maxRaw)])})
}

// hand settles what was read and hands it over. Session c is free to ask the server what is missing.
func (r *reader) hand(ctx context.Context, c *session) error {
	if len(r.drafts)+len(r.rejected) == 0 {
		return nil
	}
	r.eyes.session = c
	if err := r.dcs.ask(ctx, r.drafts); err != nil {
		return err
	}
	b := batch{accounts: r.spare[0][:0], rejections: r.rejected}
	for i := range r.drafts {
		if err := r.settle(ctx, c, &r.drafts[i]); err != nil {
			return err
		}
		b.accounts = append(b.accounts, r.drafts[i].account)
	}
	r.handed = true
	r.drafts, r.rejected = r.drafts[:0], nil
	// Whoever takes this batch is done with the one before, whose memory is used for the next.
	r.spare = [2][]scanners.Account{r.spare[1], b.accounts}
	select {
	case r.out <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle finds out what the entry alone does not tell.
func (r *reader) settle(ctx context.Context, c *session, d *draft) error {
	if d.heldBack > 0 {
		err := c.rest(ctx, d.account.DN, "memberOf", d.heldBack, func(more []string) { d.memberOf = append(d.memberOf, more...) })
		if err != nil {
			return fmt.Errorf("groups of %q: %w", d.account.DN, err)
		}
		r.dir.groups.grant(d, r.dir)
	}
	if d.stateless {
		if err := r.state(ctx, d); err != nil {
			return err
		}
	}
	if d.unused {
		if err := r.unused(ctx, d); err != nil {
			return err
		}
	}
	if r.config.Activity.Replicas && !r.dir.family.windows() {
		d.account.Signals = append(d.account.Signals, scanners.Signal{Name: "sign-ins at replicas",
			At: scanners.Unknown[time.Time]("each replica keeps its own record")})
	}
	if d.account.Idle().IsUnknown() {
		r.result.inactive++
	}
	if d.account.Enabled.IsUnknown() {
		r.result.undecided++
	}
	return nil
}

// state decides what a missing lock attribute means: enabled when this account would see it.
func (r *reader) state(ctx context.Context, d *draft) error {
	a, name := &d.account, r.dir.traits.state
	sees := r.dir.stateless
	if !sees {
		var err error
		if sees, err = r.eyes.sees(ctx, a.DN, name); err != nil {
			return err
		}
	}
	if !sees {
		if a.Enabled.IsUnknown() {
			a.Enabled = scanners.Unknown[bool](name + " is not readable by this account")
		}
		return nil
	}
	if a.Enabled.IsUnknown() {
		a.Enabled = scanners.Known(true)
	}
	if name == "pwdAccountLockedTime" {
		a.Locked = scanners.Known(false)
	}
	return nil
}

// unused decides whether an account without a sign-in was never used or whether nobody can tell.
func (r *reader) unused(ctx context.Context, d *draft) error {
	at, name, err := r.never(ctx, d)
	d.account.Signals = append(d.account.Signals, scanners.Signal{Name: name, At: at})
	return err
}

func (r *reader) never(ctx context.Context, d *draft) (scanners.Fact[time.Time], string, error) {
	unknown := func(format string, args ...any) scanners.Fact[time.Time] {
		return scanners.Unknown[time.Time](fmt.Sprintf(format, args...))
	}
	name := strings.Join(r.dir.traits.activity, ", ")
	if r.dir.unrecorded != "" {
		return unknown("%s", r.dir.unrecorded), name, nil
	}
	record := r.dir.records[0]
	name = record.name
	created, ok := d.account.Created.Get()
	switch {
	case r.dir.family.windows() && d.zero:
		return scanners.Never[time.Time](), name, nil
	case r.dir.family.windows() && len(d.account.Signals) > 0:
		return unknown("lastLogonTimestamp is not shown"), name, nil
	case r.dir.family.windows():
		return unknown("neither lastLogonTimestamp nor lastLogon is shown: they may not be readable by this account"), name, nil
	case r.dir.family == freeIPA:
		return unknown("FreeIPA does not record every sign-in"), name, nil
	case !ok:
		return unknown("it is not known whether the account is older than the record of sign-ins"), name, nil
	case record.since.IsZero() || !created.After(record.since):
		return unknown("the account is older than the record of sign-ins, which is known from %s on", record.since.Format(time.DateOnly)), name, nil
	}
	lacks, err := r.eyes.lacks(ctx, d.account.DN, name)
	if err != nil {
		return unknown("not asked"), name, err
	}
	if !lacks {
		return unknown("%s is not readable by this account", name), name, nil
	}
	return scanners.Never[time.Time](), name, nil
}
