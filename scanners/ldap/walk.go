package ldap

import (
	"bytes"
	"context"
	"errors"

	goldap "github.com/go-ldap/ldap/v3"
)

// walker reads the whole answer to one search, page by page.
type walker struct {
	session *session
	query   query
	retries retries
	// each is handed every entry, on another goroutine; turn is called after every page, with the session free for other
	// searches.
	each func(content []byte) error
	turn func() error

	pages      int64
	references []string
	// unpaged says that the server answered everything at once although pages were asked for, or that none were asked for.
	unpaged bool
}

// maxIdlePages is how many empty pages with the same cookie are taken before the server is said to run in circles.
const maxIdlePages = 3

// walk returns nil only when the server said after every page that it ended well and, after the last, that there is no
// further one.
func (w *walker) walk(ctx context.Context) error {
	idle := 0
	for {
		a, entries, err := w.page(ctx)
		if err != nil {
			return err
		}
		w.pages++
		if err := w.turn(); err != nil {
			return err
		}
		switch {
		case w.query.page == 0 || !a.paged && w.pages == 1:
			w.unpaged = true
			return nil
		case !a.paged:
			return errors.New("the server stopped answering the page control: further pages may be missing")
		case len(a.cookie) == 0:
			return nil
		}
		idle++
		if entries > 0 || !bytes.Equal(a.cookie, w.query.cookie) {
			idle = 0
		}
		if idle >= maxIdlePages {
			return errors.New("the server repeats an empty page")
		}
		w.query.cookie = a.cookie
	}
}

// page asks for one page. While the server is busy and has sent nothing of the page, it is asked again.
func (w *walker) page(ctx context.Context) (answer, int, error) {
	entries := 0
	var a answer
	err := retry(ctx, w.retries, func() (err error) {
		a, err = w.session.search(ctx, w.query, func(content []byte) error {
			entries++
			return w.each(content)
		})
		if code := resultCode(err); err != nil && (entries > 0 || code != goldap.LDAPResultBusy && code != goldap.LDAPResultUnavailable) {
			err = &final{err}
		}
		return err
	})
	err = unwrapFinal(err)
	w.references = append(w.references, a.references...)
	return a, entries, err
}

// final is an error that asking again on the same connection cannot mend.
type final struct{ error }
