package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRecord is the longest JSON record in bytes.
const maxRecord = 16 << 20

// objects gives the cells of JSON objects. A wanted column is a key, or a path of keys such as "profile.email".
type objects struct {
	s     *settings
	seen  []bool // columns that any record had
	count int64
	text  []byte // the record read last
}

// missing is the error for columns that no record has. A key that is left out when it has no value must be declared.
func (o *objects) missing() error {
	if o.count == 0 {
		return nil
	}
	var names []string
	for i, name := range o.s.want {
		if !o.seen[i] && !o.s.optional[name] {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	var keys []string
	if fields, err := splitObject(o.text); err == nil {
		for _, f := range fields {
			keys = append(keys, f.key)
		}
	}
	err := columnError(names, keys, "")
	return configError("if records leave the key out when it has no value, add its field under optional:", "none of the %d records has it: %v", o.count, err)
}

// member is one key and value of an object.
type member struct {
	key   string
	value json.RawMessage
}

// splitObject gives the members of an object. A key that is there twice is an error: which one counts would be a guess.
func splitObject(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("the record is not an object")
	}
	var members []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		for _, known := range members {
			if known.key == m.key {
				return nil, fmt.Errorf("the key %q is there twice", m.key)
			}
		}
		members = append(members, m)
	}
	_, err := d.Token()
	return members, err
}

// fill reads one record into r.
func (o *objects) fill(r *row, text []byte, place int64) {
	o.text, r.place, r.defect = text, place, nil
	o.count++
	clear(r.cells)
	if !utf8.Valid(text) {
		r.defect = &defect{"", "bytes that are not UTF-8"}
		return
	}
	members, err := splitObject(text)
	if err != nil {
		r.defect = &defect{"", err.Error()}
		return
	}
	for i, name := range o.s.want {
		value, ok := find(members, name)
		if !ok {
			continue
		}
		o.seen[i] = true
		r.cells[i] = jsonCell(value)
	}
}

// find looks up a key, or follows a path of keys.
func find(members []member, name string) (json.RawMessage, bool) {
	for _, m := range members {
		if m.key == name {
			return m.value, true
		}
	}
	head, tail, nested := strings.Cut(name, ".")
	if !nested {
		return nil, false
	}
	for _, m := range members {
		if m.key == head {
			inner, err := splitObject(m.value)
			if err != nil {
				return nil, false
			}
			return find(inner, tail)
		}
	}
	return nil, false
}

// jsonCell types a value. Objects stay text.
func jsonCell(value json.RawMessage) cell {
	switch value[0] {
	case 'n':
		return cell{}
	case 't', 'f':
		return cell{kind: cellBool, text: string(value)}
	case '"':
		var text string
		if json.Unmarshal(value, &text) != nil {
			return cell{kind: cellError, text: string(value)}
		}
		if text = trim(text); text == "" {
			return cell{}
		}
		return cell{kind: cellText, text: text}
	case '[':
		return jsonList(value)
	case '{':
		return cell{kind: cellText, text: string(value)}
	}
	return cell{kind: cellNumber, text: string(value)}
}

func jsonList(value json.RawMessage) cell {
	var parts []json.RawMessage
	if json.Unmarshal(value, &parts) != nil {
		return cell{kind: cellError, text: string(value)}
	}
	c := cell{kind: cellList}
	for _, part := range parts {
		if p := jsonCell(part); p.kind != cellEmpty {
			c.list = append(c.list, p.display())
		}
	}
	if c.list == nil {
		return cell{}
	}
	return c
}

// openJSON prepares a file of JSON records.
func openJSON(src io.Reader, s *settings, lines bool) (reader, error) {
	in, _, err := decodeText(src, s.encoding)
	if err != nil {
		return nil, err
	}
	o := objects{s: s, seen: make([]bool, len(s.want))}
	if lines {
		return &lineReader{objects: o, in: in}, nil
	}
	d := json.NewDecoder(in)
	if err := descend(d, s.records); err != nil {
		return nil, err
	}
	return &arrayReader{objects: o, d: d}, nil
}

// lineReader reads one object per line. A line that is no object cannot hide another one: JSON has no raw line breaks.
type lineReader struct {
	objects
	in   *bufio.Reader
	line int64
	buf  []byte
}

func (r *lineReader) unit() string       { return "line" }
func (r *lineReader) raw() string        { return strings.ToValidUTF8(string(r.text), "\uFFFD") }
func (r *lineReader) findings() findings { return findings{} }
func (r *lineReader) close() error       { return nil }

func (r *lineReader) read(into *row) error {
	for {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			if err := r.missing(); err != nil {
				return err
			}
			return io.EOF
		}
		if err != nil {
			return err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			r.fill(into, text, r.line)
			return nil
		}
	}
}

// next gives the next line; io.EOF when there is none.
func (r *lineReader) next() ([]byte, error) {
	r.buf = r.buf[:0]
	r.line++
	for {
		part, err := r.in.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case len(r.buf) > maxRecord:
			return nil, broken("line %d is longer than %d bytes", r.line, maxRecord)
		case err == nil, errors.Is(err, io.EOF) && len(r.buf) > 0:
			return r.buf, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// arrayReader reads the objects of one array.
type arrayReader struct {
	objects
	d      *json.Decoder
	record int64
}

func (r *arrayReader) unit() string       { return "record" }
func (r *arrayReader) raw() string        { return strings.ToValidUTF8(string(r.text), "\uFFFD") }
func (r *arrayReader) findings() findings { return findings{} }
func (r *arrayReader) close() error       { return nil }

func (r *arrayReader) read(into *row) error {
	if !r.d.More() {
		if _, err := r.d.Token(); err != nil {
			return brokenJSON(err, r.record)
		}
		if err := r.missing(); err != nil {
			return err
		}
		return io.EOF
	}
	var text json.RawMessage
	if err := r.d.Decode(&text); err != nil {
		return brokenJSON(err, r.record)
	}
	r.record++
	r.fill(into, text, r.record)
	return nil
}

// brokenJSON tells a file that breaks off from one that cannot be read.
func brokenJSON(err error, record int64) error {
	syntax := new(json.SyntaxError)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) {
		return broken("it breaks off after record %d: %v", record, err)
	}
	return err
}

// descend moves d into the array of records.
func descend(d *json.Decoder, path []string) error {
	for _, key := range path {
		if err := descendTo(d, key); err != nil {
			return err
		}
	}
	token, err := d.Token()
	if errors.Is(err, io.EOF) {
		return errEmpty
	}
	if err != nil {
		return brokenJSON(err, 0)
	}
	if token != json.Delim('[') {
		return configError("name the path to the array of records: `records: data.users`", "the file holds %v where the records should be", token)
	}
	return nil
}

// descendTo enters an object and moves behind the given key.
func descendTo(d *json.Decoder, key string) error {
	token, err := d.Token()
	if err != nil {
		return brokenJSON(err, 0)
	}
	if token != json.Delim('{') {
		return configError("check `records:`", "no key %q: there is %v", key, token)
	}
	var keys []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return brokenJSON(err, 0)
		}
		if name == key {
			return nil
		}
		keys = append(keys, fmt.Sprint(name))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return brokenJSON(err, 0)
		}
	}
	return configError("check `records:`", "no key %q; there are %s", key, quoted(keys))
}
