package ldap

import (
	"context"
	"fmt"
	"strconv"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// containerClasses are the entries that exist to hold others.
const containerClasses = "(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=dcObject)(objectClass=domain)" +
	"(objectClass=locality)(objectClass=country)(objectClass=nsContainer))"

// hidden looks for entries below the base that the server has but does not show to this account. It says what it found, or
// "". Servers tell different things: 389 Directory Server and FreeIPA count the children of every entry, hidden ones
// included, OpenLDAP only says that an entry has some, and Active Directory says nothing.
func (r *reader) hidden(ctx context.Context) (string, error) {
	if r.source.config.Scope != "subtree" {
		return "", nil
	}
	switch r.dir.family {
	case ds389, freeIPA:
		return r.census(ctx)
	case openLDAP:
		return r.emptyLooking(ctx)
	default:
		return "", nil
	}
}

// lookForHidden notes hidden entries. When the server does not answer that question, the accounts were read nevertheless.
func (r *reader) lookForHidden(ctx context.Context) error {
	hidden, err := r.hidden(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.result.hidden = hidden
	if err != nil {
		r.result.gaps = append(r.result.gaps, scanners.Gap{What: "hidden entries below " + r.result.base, Cause: firstLine(err),
			Effect: "it was not found out whether there are any"})
	}
	return nil
}

// census compares the number of entries that are visible below the base with the server's own count of children. It asks
// twice before it says that some are missing, because entries come and go meanwhile.
func (r *reader) census(ctx context.Context) (string, error) {
	missing, err := r.countMissing(ctx)
	if err == nil && missing > 0 {
		missing, err = r.countMissing(ctx)
	}
	if err != nil || missing <= 0 {
		return "", err
	}
	return fmt.Sprintf("the server counts at least %d more entries below %q than this account may see", missing, r.result.base), nil
}

func (r *reader) countMissing(ctx context.Context) (int64, error) {
	var visible, claimed int64
	w := r.look("(|(objectClass=*)(objectClass=ldapSubEntry))", "numSubordinates", func(e *entry) {
		visible++
		children, _ := strconv.ParseInt(e.one("numSubordinates"), 10, 64)
		claimed += children
	})
	if err := w.walk(ctx); err != nil {
		return 0, fmt.Errorf("count the entries: %w", err)
	}
	return claimed + 1 - visible - int64(len(w.references)), nil
}

// look is a walk over the entries of the whole base that match filter, of which one attribute is wanted.
func (r *reader) look(filter, attribute string, use func(*entry)) *walker {
	attributes := []string{attribute}
	decode := newDecoder(attributes)
	w := &walker{session: r.main, retries: r.retries, turn: func() error { return nil },
		query: query{base: r.result.base, scope: goldap.ScopeWholeSubtree, filter: filter, attributes: attributes}}
	if r.dir.paging {
		w.query.page = r.config.PageSize
	}
	w.each = func(content []byte) error {
		e, err := decode.decode(content)
		if err == nil {
			use(e)
		}
		return err
	}
	return w
}

// emptyLooking finds a container that has children of which none is visible.
func (r *reader) emptyLooking(ctx context.Context) (string, error) {
	var full []string
	w := r.look(containerClasses, "hasSubordinates", func(e *entry) {
		if e.one("hasSubordinates") == "TRUE" {
			full = append(full, e.dn)
		}
	})
	if err := w.walk(ctx); err != nil {
		return "", fmt.Errorf("look at the containers: %w", err)
	}
	for _, dn := range full {
		seen := false
		q := query{base: dn, scope: goldap.ScopeSingleLevel, filter: "(objectClass=*)", attributes: []string{"1.1"}, limit: 1}
		a, err := r.main.list(ctx, q, func(*entry) error { seen = true; return nil })
		if resultCode(err) == goldap.LDAPResultNoSuchObject && err != nil {
			continue // it was deleted meanwhile
		}
		if err := lostOnly(err); err != nil {
			return "", err
		}
		if !seen && len(a.references) == 0 {
			return fmt.Sprintf("%q has entries, but none of them is visible to this account", dn), nil
		}
	}
	return "", nil
}
