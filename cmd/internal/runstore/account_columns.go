package runstore

import (
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/leaver-audit/leaver/scanners"
)

// accountColumns reads accounts column by column. It does what [readTable] does for an accountRow with a third of the
// allocations: accounts are the one table that grows with the systems, and it is read several times in a run.
type accountColumns struct {
	row accountRow
	// set holds, by the index of a leaf column, what puts its values into row.
	set []func([]parquet.Value)
	// words holds texts that come again and again: states, group names, reasons.
	words map[string]string
}

// maxWords bounds the memory of words.
const maxWords = 50_000

func newAccountColumns(schema *parquet.Schema) (*accountColumns, error) {
	c := &accountColumns{words: map[string]string{}}
	known := c.setters()
	for _, path := range schema.Columns() {
		name := strings.ReplaceAll(strings.Join(path, "."), ".list.element", "")
		set, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("unknown column %q", name)
		}
		c.set = append(c.set, set)
		delete(known, name)
	}
	for name := range known {
		return nil, fmt.Errorf("column %q is missing", name)
	}
	return c, nil
}

// account makes an account of one row of values.
func (c *accountColumns) account(values parquet.Row) (*scanners.Account, error) {
	c.row = accountRow{}
	for i := 0; i < len(values); {
		column := values[i].Column()
		j := i + 1
		for j < len(values) && values[j].Column() == column {
			j++
		}
		c.set[column](values[i:j])
		i = j
	}
	return c.row.account()
}

type setter = func([]parquet.Value)

func (c *accountColumns) setters() map[string]setter {
	r := &c.row
	return map[string]setter{
		"system": c.word(&r.System), "id": c.text(&r.ID), "logins": c.texts(&r.Logins), "dn": c.text(&r.DN),
		"display_name": c.text(&r.DisplayName), "mails": c.texts(&r.Mails), "employee_ids": c.texts(&r.EmployeeIDs),
		"anchors": c.texts(&r.Anchors),
		"enabled": c.flag(&r.Enabled, &r.known.enabled), "enabled_state": c.word(&r.EnabledState),
		"disabled_at": c.number(&r.DisabledAt), "disabled_at_state": c.word(&r.DisabledState),
		"created": c.number(&r.Created), "created_state": c.word(&r.CreatedState),
		"signals.name":         wordOf(c, &r.Signals, func(s *signalRow) *string { return &s.Name }),
		"signals.at":           fields(&r.Signals, func(s *signalRow, v parquet.Value) { s.At = integer(v) }),
		"signals.at_state":     wordOf(c, &r.Signals, func(s *signalRow) *string { return &s.State }),
		"signals.precision_ns": fields(&r.Signals, func(s *signalRow, v parquet.Value) { s.Precision = integer(v) }),
		"failed_logins":        c.count(&r.FailedLogins, &r.known.failedLogins), "failed_logins_state": c.word(&r.FailedState),
		"password_changed": c.number(&r.PasswordChanged), "password_changed_state": c.word(&r.PasswordState),
		"expires": c.number(&r.Expires), "expires_state": c.word(&r.ExpiresState),
		"locked": c.flag(&r.Locked, &r.known.locked), "locked_state": c.word(&r.LockedState),
		"kind": c.word(&r.Kind), "kind_why": c.word(&r.KindWhy),
		"privileged": c.flag(&r.Privileged, &r.known.privileged), "privileged_state": c.word(&r.PrivilegedState),
		"privileged_why":   c.word(&r.PrivilegedWhy),
		"grants.id":        wordOf(c, &r.Grants, func(g *grantRow) *string { return &g.ID }),
		"grants.name":      wordOf(c, &r.Grants, func(g *grantRow) *string { return &g.Name }),
		"grants.type":      wordOf(c, &r.Grants, func(g *grantRow) *string { return &g.Type }),
		"grants.direct":    fields(&r.Grants, func(g *grantRow, v parquet.Value) { g.Direct = v.Boolean() }),
		"grants.removable": fields(&r.Grants, func(g *grantRow, v parquet.Value) { g.Removable = v.Boolean() }),
		"licences":         c.texts(&r.Licences), "manager": c.text(&r.Manager), "sponsor": c.text(&r.Sponsor),
		"owner": c.text(&r.Owner), "authority": c.word(&r.Authority),
		"authority_id":    c.text(&r.AuthorityID),
		"evidence.name":   wordOf(c, &r.Evidence, func(e *attributeRow) *string { return &e.Name }),
		"evidence.values": c.evidence, "sub_microseconds": c.rests,
	}
}

func (*accountColumns) text(into *string) setter {
	return func(v []parquet.Value) { *into = string(v[0].ByteArray()) }
}

func (c *accountColumns) word(into *string) setter {
	word := c.interner()
	return func(v []parquet.Value) { *into = word(v[0]) }
}

// interner returns one and the same string for the same text, at once when it is that of the row before.
func (c *accountColumns) interner() func(parquet.Value) string {
	last := ""
	return func(v parquet.Value) string {
		text := v.ByteArray()
		if string(text) == last {
			return last
		}
		word, ok := c.words[string(text)]
		if !ok {
			word = string(text)
			if len(c.words) < maxWords {
				c.words[word] = word
			}
		}
		last = word
		return word
	}
}

// wordOf sets one text of every element of a list, interned.
func wordOf[E any](c *accountColumns, list *[]E, field func(*E) *string) setter {
	word := c.interner()
	return fields(list, func(e *E, v parquet.Value) { *field(e) = word(v) })
}

func (*accountColumns) number(into *int64) setter {
	return func(v []parquet.Value) { *into = integer(v[0]) }
}

func (*accountColumns) flag(into **bool, room *bool) setter {
	return func(v []parquet.Value) {
		if !v[0].IsNull() {
			*room = v[0].Boolean()
			*into = room
		}
	}
}

func (*accountColumns) count(into **int64, room *int64) setter {
	return func(v []parquet.Value) {
		if !v[0].IsNull() {
			*room = v[0].Int64()
			*into = room
		}
	}
}

// integer reads an optional number; null is zero, as the state column tells them apart.
func integer(v parquet.Value) int64 {
	if v.IsNull() {
		return 0
	}
	return v.Int64()
}

// An empty list is one value without any of the definition levels that its elements have.
func empty(v []parquet.Value) bool { return v[0].DefinitionLevel() == 0 }

func (*accountColumns) texts(into *[]string) setter {
	return func(v []parquet.Value) {
		if empty(v) {
			return
		}
		list := make([]string, len(v))
		for i := range v {
			list[i] = string(v[i].ByteArray())
		}
		*into = list
	}
}

// fields sets one field of every element of a list. The first of the columns of a list makes its elements.
func fields[E any](list *[]E, set func(*E, parquet.Value)) setter {
	return func(v []parquet.Value) {
		if empty(v) {
			return
		}
		if *list == nil {
			*list = make([]E, len(v))
		}
		for i := range v {
			set(&(*list)[i], v[i])
		}
	}
}

// evidence distributes the values of all attributes: repetition level 2 goes on with the same attribute.
func (c *accountColumns) evidence(v []parquet.Value) {
	at := -1
	for i := range v {
		if v[i].RepetitionLevel() < 2 {
			at++
		}
		if v[i].DefinitionLevel() == 2 {
			e := &c.row.Evidence[at]
			e.Values = append(e.Values, string(v[i].ByteArray()))
		}
	}
}

func (c *accountColumns) rests(v []parquet.Value) {
	if empty(v) {
		return
	}
	for i := range v {
		c.row.Rests = append(c.row.Rests, v[i].Int32())
	}
}

// scanAccounts yields the accounts of a snapshot.
func scanAccounts(path string, yield func(*scanners.Account, error) bool) error {
	file, err := openTable(path)
	if err != nil {
		return err
	}
	defer file.Close()
	columns, err := newAccountColumns(file.Schema())
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		if more, err := scanGroup(group, columns, yield); err != nil || !more {
			return err
		}
	}
	return nil
}

// scanGroup yields the accounts of one row group and reports whether more are wanted.
func scanGroup(group parquet.RowGroup, columns *accountColumns, yield func(*scanners.Account, error) bool) (bool, error) {
	rows := group.Rows()
	defer rows.Close()
	for batch := make([]parquet.Row, batchRows); ; {
		n, err := rows.ReadRows(batch)
		for _, values := range batch[:n] {
			account, err := columns.account(values)
			if err != nil {
				return false, err
			}
			if !yield(account, nil) {
				return false, nil
			}
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}
