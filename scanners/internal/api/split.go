package api

import (
	"encoding/json"
	"fmt"
)

// Split cuts a page into its records without decoding them, so that one bad record costs itself alone: the elements of the
// list under key, or of the page itself when key is "". rest holds the page's other members. The results lie in body. A page
// without the list is an error, never an empty one. What a record holds is checked by whoever decodes it.
func Split(body []byte, key string) (records []json.RawMessage, rest map[string]json.RawMessage, err error) {
	s := splitter{text: body}
	if key == "" {
		records, err = s.list()
	} else {
		records, rest, err = s.object(key)
	}
	if err == nil {
		if s.space(); s.at < len(s.text) {
			err = s.wrong("the end")
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return records, rest, nil
}

// Members calls each for every member of an object, in its order, with the name as it stands in the text. It decodes nothing: a
// value is checked by whoever decodes it. An error of each ends it.
func Members(object json.RawMessage, each func(name []byte, value json.RawMessage) error) error {
	s := splitter{text: object}
	if !s.take('{') {
		return s.wrong("an object")
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return s.wrong("a comma")
		}
		s.space()
		name, err := s.value()
		if err != nil {
			return err
		}
		if len(name) < 2 || name[0] != '"' || !s.take(':') {
			return s.wrong("a name and a colon")
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := each(name[1:len(name)-1], value); err != nil {
			return err
		}
	}
	if s.space(); s.at < len(s.text) {
		return s.wrong("the end")
	}
	return nil
}

type splitter struct {
	text []byte
	at   int
}

func (s *splitter) wrong(wanted string) error {
	if s.at >= len(s.text) {
		return fmt.Errorf("the page ends at byte %d, where %s should be", s.at, wanted)
	}
	return fmt.Errorf("byte %d of the page is %q, where %s should be", s.at, s.text[s.at], wanted)
}

func (s *splitter) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

// take moves past c, if it comes next.
func (s *splitter) take(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *splitter) list() (records []json.RawMessage, err error) {
	if !s.take('[') {
		return nil, s.wrong("a list")
	}
	records = []json.RawMessage{}
	if s.take(']') {
		return records, nil
	}
	for {
		record, err := s.value()
		if err != nil {
			return nil, err
		}
		records = append(records, record)
		if s.take(']') {
			return records, nil
		}
		if !s.take(',') {
			return nil, s.wrong("a comma")
		}
	}
}

func (s *splitter) object(key string) (records []json.RawMessage, rest map[string]json.RawMessage, err error) {
	rest = map[string]json.RawMessage{}
	if !s.take('{') {
		return nil, nil, s.wrong("an object")
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return nil, nil, s.wrong("a comma")
		}
		name, err := s.name()
		if err != nil {
			return nil, nil, err
		}
		if name != key {
			if rest[name], err = s.value(); err != nil {
				return nil, nil, err
			}
			continue
		}
		if records != nil {
			return nil, nil, fmt.Errorf("the page holds %q twice", key)
		}
		if records, err = s.list(); err != nil {
			return nil, nil, err
		}
	}
	if records == nil {
		return nil, nil, fmt.Errorf("the page has no %q", key)
	}
	return records, rest, nil
}

func (s *splitter) name() (string, error) {
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != '"' {
		return "", s.wrong("a name")
	}
	raw, err := s.value()
	if err != nil {
		return "", err
	}
	var name string
	if err := json.Unmarshal(raw, &name); err != nil {
		return "", err
	}
	if !s.take(':') {
		return "", s.wrong("a colon")
	}
	return name, nil
}

// value moves past one value, of which it checks only that brackets and quotes close.
func (s *splitter) value() (json.RawMessage, error) {
	s.space()
	from, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			if !s.quoted() {
				return nil, s.wrong("a quote")
			}
		case c == '{' || c == '[':
			depth++
			s.at++
		case c == '}' || c == ']' || c == ',' || c <= ' ':
			if depth == 0 {
				return s.until(from)
			}
			if c == '}' || c == ']' {
				depth--
			}
			s.at++
		default:
			s.at++
			continue
		}
		if depth == 0 {
			return s.until(from)
		}
	}
	if depth > 0 {
		return nil, s.wrong("a bracket")
	}
	return s.until(from)
}

func (s *splitter) until(from int) (json.RawMessage, error) {
	if from == s.at {
		return nil, s.wrong("a value")
	}
	return s.text[from:s.at:s.at], nil
}

// quoted moves past a text in quotes and reports whether it ends.
func (s *splitter) quoted() bool {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	s.at = min(s.at, len(s.text))
	return false
}
