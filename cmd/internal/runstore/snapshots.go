package runstore

import (
	"fmt"
	"iter"

	"github.com/leaver-audit/leaver/scanners"
)

// AccountWriter writes the snapshot of one account source. It is used by one goroutine.
type AccountWriter struct{ table *table[accountRow] }

// CreateAccounts creates accounts-SOURCE.parquet.
func (r *Run) CreateAccounts(source string) (*AccountWriter, error) {
	file, err := r.CreateFile(AccountsName(source))
	if err != nil {
		return nil, err
	}
	return &AccountWriter{newTable[accountRow](file)}, nil
}

// Write adds an account. It keeps no reference to a.
func (w *AccountWriter) Write(a *scanners.Account) error {
	w.table.next().fill(a)
	return w.table.write()
}

// Close finishes the snapshot and returns its SHA-256 in hexadecimal and the number of rows.
func (w *AccountWriter) Close() (digest string, rows int64, err error) { return w.table.close() }

// Discard gives the snapshot up; it does nothing after Close.
func (w *AccountWriter) Discard() { w.table.file.Discard() }

// Accounts yields the accounts of a source in the order in which they were written. Each is the caller's to keep. It ends
// after the first error.
func (f *Folder) Accounts(source string) iter.Seq2[*scanners.Account, error] {
	return func(yield func(*scanners.Account, error) bool) {
		path := f.Path(AccountsName(source))
		if err := scanAccounts(path, yield); err != nil {
			yield(nil, fmt.Errorf("read %q: %w", path, err))
		}
	}
}

// PeopleWriter writes the snapshot of one people source. It is used by one goroutine.
type PeopleWriter struct{ table *table[personRow] }

// CreatePeople creates people-SOURCE.parquet.
func (r *Run) CreatePeople(source string) (*PeopleWriter, error) {
	file, err := r.CreateFile(PeopleName(source))
	if err != nil {
		return nil, err
	}
	return &PeopleWriter{newTable[personRow](file)}, nil
}

// Write adds a person. It keeps no reference to p.
func (w *PeopleWriter) Write(p *scanners.Person) error {
	if err := w.table.next().fill(p); err != nil {
		return w.table.file.fail(err)
	}
	return w.table.write()
}

// Close finishes the snapshot and returns its SHA-256 in hexadecimal and the number of rows.
func (w *PeopleWriter) Close() (digest string, rows int64, err error) { return w.table.close() }

// Discard gives the snapshot up; it does nothing after Close.
func (w *PeopleWriter) Discard() { w.table.file.Discard() }

// People yields the rows of a people source in the order in which they were written. It ends after the first error.
func (f *Folder) People(source string) iter.Seq2[*scanners.Person, error] {
	return func(yield func(*scanners.Person, error) bool) {
		for row, err := range readTable[personRow](f.Path(PeopleName(source))) {
			if err != nil {
				yield(nil, err)
				return
			}
			if person, err := row.person(); !yield(person, err) || err != nil {
				return
			}
		}
	}
}
