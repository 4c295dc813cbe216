package ldap

import (
	"context"
	"fmt"
	"strconv"

	goldap "github.com/go-ldap/ldap/v3"
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

// census compares the number of entries that are visible below the base with the server's own count of children.
func (r *reader) census(ctx context.Context) (string, error) {
	var visible, claimed int64
	attributes := []string{"numSubordinates"}
	decode := newDecoder(attributes)
	w := &walker{session: r.main, retries: r.retries, turn: func() error { return nil }, query: query{base: r.result.base,
		scope: goldap.ScopeWholeSubtree, filter: "(|(objectClass=*)(objectClass=ldapSubEntry))", attributes: attributes}}
	if r.dir.paging {
		w.query.page = r.config.PageSize
	}
	w.each = func(content []byte) error {
		e, err := decode.decode(content)
		if err != nil {
			return err
		}
		visible++
		children, _ := strconv.ParseInt(e.one("numSubordinates"), 10, 64)
		claimed += children
		return nil
	}
	if err := w.walk(ctx); err != nil {
		return "", fmt.Errorf("count the entries: %w", err)
	}
	if missing := claimed + 1 - visible; missing > 0 {
		return fmt.Sprintf("the server counts at least %d more entries below %q than this account may see", missing, r.result.base), nil
	}
	return "", nil
}

// emptyLooking finds a container that has children of which none is visible.
func (r *reader) emptyLooking(ctx context.Context) (string, error) {
	var full []string
	attributes := []string{"hasSubordinates"}
	decode := newDecoder(attributes)
	w := &walker{session: r.main, retries: r.retries, turn: func() error { return nil }, query: query{base: r.result.base,
		scope: goldap.ScopeWholeSubtree, filter: containerClasses, attributes: attributes}}
	if r.dir.paging {
		w.query.page = r.config.PageSize
	}
	w.each = func(content []byte) error {
		e, err := decode.decode(content)
		if err == nil && e.one("hasSubordinates") == "TRUE" {
			full = append(full, e.dn)
		}
		return err
	}
	if err := w.walk(ctx); err != nil {
		return "", fmt.Errorf("look at the containers: %w", err)
	}
	for _, dn := range full {
		seen, err := r.eyes.matches(ctx, query{base: dn, scope: goldap.ScopeSingleLevel, filter: "(objectClass=*)"})
		if err != nil {
			return "", err
		}
		if !seen {
			return fmt.Sprintf("%q has entries, but none of them is visible to this account", dn), nil
		}
	}
	return "", nil
}
