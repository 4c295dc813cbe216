package sqldb

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

const (
	notMapped = "the configuration maps no column to it"
	isNULL    = "NULL in the database"
)

// defect says why a row cannot be used.
type defect struct{ field, reason string }

// fieldsOf maps the name of each mapped field to its columns. Columns is a struct of texts and lists.
func fieldsOf(columns any) map[string]List {
	fields := map[string]List{}
	v := reflect.ValueOf(columns)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		list, ok := v.Field(i).Interface().(List)
		if text := v.Field(i).String(); !ok && text != "" {
			list = List{text}
		}
		if len(list) > 0 {
			fields[name] = list
		}
	}
	return fields
}

// row reads the values of a row as what the fields mean.
type row struct {
	*settings
	at     map[string][]int // places of the columns of each field
	names  []string
	types  []string
	values []readonly.Value
	notes  notes
}

// locate finds the columns of the fields among those of the statement. Upper and lower case are the same: databases change
// them as they please.
func (r *row) locate(names, types []string) error {
	r.names, r.types, r.at = names, types, map[string][]int{}
	for field, columns := range r.columns {
		for _, column := range columns {
			place := -1
			for i, name := range names {
				if !r.same(name, column) {
					continue
				}
				if place >= 0 {
					return configError("give them different names with AS", "columns: the statement has two columns %q", column)
				}
				place = i
			}
			if place < 0 {
				return configError("its columns are "+strings.Join(names, ", "), "columns: %s is mapped to %q, which the statement does not deliver", field, column)
			}
			r.at[field] = append(r.at[field], place)
		}
	}
	return nil
}

// same reports whether a column is the one that the configuration names. SQLite writes b:1 for a second b.
func (r *row) same(name, column string) bool {
	base, number, numbered := strings.Cut(name, ":")
	return strings.EqualFold(name, column) || r.server.System == readonly.SQLite && numbered && allDigits(number) && strings.EqualFold(base, column)
}

// first is the value of a field's first column; NULL when the field is not mapped.
func (r *row) first(field string) (readonly.Value, bool) {
	if at := r.at[field]; len(at) > 0 {
		return r.values[at[0]], true
	}
	return readonly.Value{}, false
}

// column is the name of a field's first column.
func (r *row) column(field string) string { return r.names[r.at[field][0]] }

func (r *row) wrong(field, format string, args ...any) *defect {
	return &defect{r.column(field), fmt.Sprintf(format, args...)}
}

// display is a value as one text, for rejections and evidence.
func display(v readonly.Value) string {
	switch v.Kind {
	case readonly.Instant:
		return v.At.Format(time.RFC3339Nano)
	case readonly.Wall:
		return v.At.Format("2006-01-02 15:04:05.999999999")
	case readonly.Day:
		return v.At.Format(time.DateOnly)
	case readonly.List:
		return strings.ToValidUTF8(strings.Join(v.List, "; "), "\ufffd")
	default:
		return strings.ToValidUTF8(v.Text, "\ufffd")
	}
}

// text is a value that only describes or refers.
func (r *row) text(field string) string {
	v, _ := r.first(field)
	if text := strings.TrimSpace(display(v)); !isNull(text) {
		return text
	}
	return ""
}

// reference is a value that names somebody; placeholders name nobody.
func (r *row) reference(field string) string {
	if text := r.text(field); !isPlaceholder(text) {
		return text
	}
	return ""
}

// parts are the single values of all columns of a field, each with its type.
func (r *row) parts(field string) []readonly.Value {
	var all []readonly.Value
	for _, place := range r.at[field] {
		v := r.values[place]
		texts := v.List
		if v.Kind == readonly.Text && strings.Contains(v.Text, r.separator) {
			texts = strings.Split(v.Text, r.separator)
		} else if v.Kind != readonly.List {
			all = append(all, v)
			continue
		}
		for _, text := range texts {
			all = append(all, readonly.Value{Kind: readonly.Text, Text: text})
		}
	}
	return all
}

// list gives the values of all columns as plain texts, such as the names of groups.
func (r *row) list(field string) []string {
	var all []string
	for _, v := range r.parts(field) {
		if text := strings.TrimSpace(display(v)); !isNull(text) {
			all = appendNew(all, text)
		}
	}
	return all
}

func appendNew(all []string, text string) []string {
	if text == "" {
		return all
	}
	for _, known := range all {
		if known == text {
			return all
		}
	}
	return append(all, text)
}

// id is the id of a record: any text can be one ("0" is the root user of many systems), and blanks before it belong to it.
func (r *row) id() (string, *defect) {
	v, _ := r.first("id")
	text := strings.TrimRight(v.Text, " ")
	if v.Kind == readonly.Null || v.Kind == readonly.Text && isNull(text) {
		return "", r.wrong("id", "it has no id")
	}
	return text, r.identifies("id", v)
}

// identifies says why a value cannot identify anybody; nil when it can.
func (r *row) identifies(field string, v readonly.Value) *defect {
	switch v.Kind {
	case readonly.Float:
		return r.wrong(field, "%s is a floating point number, whose last digits are lost", v.Text)
	case readonly.Text, readonly.Number, readonly.Bytes:
	default:
		return r.wrong(field, "%q is a date, a truth value or a list, not an id", display(v))
	}
	switch {
	case !utf8.ValidString(v.Text):
		return r.wrong(field, "%q is no text in UTF-8", v.Text)
	case hasControl(v.Text):
		return r.wrong(field, "%q holds control characters", v.Text)
	case spoiltNumber(v.Text):
		return r.wrong(field, "%q is a number that a spreadsheet has rounded or reformatted, so its digits are lost", v.Text)
	}
	return nil
}

// keys gives the values of all columns of a field that may identify a person, each once. Placeholders are none.
func (r *row) keys(field string) ([]string, *defect) {
	var all []string
	for _, v := range r.parts(field) {
		text := strings.TrimSpace(v.Text)
		if v.Kind == readonly.Null || isPlaceholder(text) && v.Kind <= readonly.Number {
			continue
		}
		if wrong := r.identifies(field, v); wrong != nil {
			return nil, wrong
		}
		all = appendNew(all, text)
	}
	return all, nil
}

// mails gives the addresses of all columns: without "smtp:", the one with "SMTP:" first, and without what is no address.
func (r *row) mails(field string) []string {
	var mails []string
	for _, entry := range r.list(field) {
		for part := range strings.FieldsFuncSeq(entry, func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
			prefix, address, hasPrefix := strings.Cut(part, ":")
			if !hasPrefix {
				address = part
			} else if !strings.EqualFold(prefix, "smtp") && !strings.EqualFold(prefix, "mailto") {
				continue
			}
			if at := strings.IndexByte(address, '@'); at < 1 || at == len(address)-1 {
				if !isPlaceholder(address) {
					r.notes.add(scanners.Gap{What: fmt.Sprintf("values of column %q", r.column(field)), Cause: "they are no mail addresses", Effect: "they are not used as keys"})
				}
				continue
			}
			if prefix == "SMTP" && hasPrefix {
				mails = append([]string{address}, mails...)
				continue
			}
			mails = append(mails, address)
		}
	}
	var once []string
	for _, address := range mails {
		once = appendNew(once, address)
	}
	return once
}

// truth is a yes-or-no field. A word that is not known makes it unknown.
func (r *row) truth(field string) scanners.Fact[bool] {
	v, mapped := r.first(field)
	word := strings.TrimSpace(display(v))
	if !mapped {
		return scanners.Unknown[bool](notMapped)
	}
	if isNull(word) {
		if word = ""; r.settings.values[field][word] == "" {
			return scanners.Unknown[bool](isNULL)
		}
	}
	if value, known := r.settings.values.Truth(field, fold(word)); known {
		return scanners.Known(value)
	}
	if r.settings.values[field][fold(word)] == "unknown" {
		return scanners.Unknown[bool](fmt.Sprintf("the database says %q", word))
	}
	r.notes.untranslated(field, word, field+" is unknown for these accounts", "true")
	return scanners.Unknown[bool](fmt.Sprintf("%q is not translated under values: {%s: …}", word, field))
}

// moment reads a date or time. sentinel says that it is what systems write when there is none.
func (r *row) moment(v readonly.Value) (m columns.Moment, sentinel bool, err error) {
	switch v.Kind {
	case readonly.Instant:
		m = columns.Moment{At: v.At, Zoned: true}
	case readonly.Wall:
		m = columns.Moment{At: v.At}
	case readonly.Day:
		m = columns.Moment{At: v.At, DayOnly: true}
	case readonly.Text, readonly.Number:
		text := strings.TrimSpace(v.Text)
		if strings.HasPrefix(text, "0000-00-00") || strings.HasPrefix(text, "0001-01-01") || text == "-infinity" {
			return m, true, nil
		}
		m, err = r.dates.Parse(text)
	default:
		err = fmt.Errorf("%q is not a date", display(v))
	}
	return m, m.At.Year() <= 1, err
}

// times are the facts of a time field of an account, one for each of its columns, with their error bands. A value that is no
// time makes its fact unknown. Dates before 2 January 1970 are what systems write when there is none, and count as NULL.
func (r *row) times(field string) (facts []scanners.Fact[time.Time], imprecision []time.Duration) {
	for _, place := range r.at[field] {
		fact, imprecise, err := r.time(field, r.values[place])
		if err != nil {
			fact = scanners.Unknown[time.Time](err.Error())
			r.notes.unread(field, r.names[place], err.Error())
		}
		facts, imprecision = append(facts, fact), append(imprecision, imprecise)
	}
	return facts, imprecision
}

func (r *row) time(field string, v readonly.Value) (fact scanners.Fact[time.Time], imprecision time.Duration, err error) {
	text := strings.TrimSpace(v.Text)
	if v.Kind == readonly.Null || v.Kind == readonly.Text && isNull(text) {
		return r.emptyTime(field), 0, nil
	}
	if v.Kind == readonly.Text {
		meaning, ok := r.settings.values[field][fold(text)]
		switch {
		case ok && meaning == "never", !ok && strings.EqualFold(text, "never"), !ok && text == "infinity" && field == "expires":
			return scanners.Never[time.Time](), 0, nil
		case ok:
			return scanners.Unknown[time.Time](fmt.Sprintf("the database says %q", text)), 0, nil
		}
	}
	m, sentinel, err := r.moment(v)
	if err != nil {
		return fact, 0, err
	}
	if sentinel || m.At.Before(time.Date(1970, time.January, 2, 0, 0, 0, 0, time.UTC)) {
		return r.emptyTime(field), 0, nil
	}
	at, imprecision := m.Instant(r.zone)
	return scanners.Known(at), imprecision, nil
}

func (r *row) emptyTime(field string) scanners.Fact[time.Time] {
	if r.empty[field] {
		return scanners.Never[time.Time]()
	}
	return scanners.Unknown[time.Time](isNULL)
}

// raw is what was read of a row, for a rejection: the mapped columns and no others.
func (r *row) raw() string {
	used := map[int]bool{}
	for _, places := range r.at {
		for _, place := range places {
			used[place] = true
		}
	}
	var parts []string
	for i, v := range r.values {
		if used[i] {
			text := "NULL"
			if v.Kind != readonly.Null {
				text = fmt.Sprintf("%q", display(v))
			}
			parts = append(parts, r.names[i]+" = "+text)
		}
	}
	return strings.Join(parts, ", ")
}
