package ldap

import (
	"errors"
	"fmt"
)

// The tags of the LDAP messages that the tap tells apart (RFC 4511, section 4).
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagEnumerated  = 0x0a
	tagSequence    = 0x30
	tagSet         = 0x31
	tagSearch      = 0x63
	tagEntry       = 0x64
	tagDone        = 0x65
	tagReference   = 0x73
	tagReferral    = 0xa3
	tagExtended    = 0x78
)

var errShort = errors.New("element is cut off")

// header reads tag and length of the element at the start of b. It needs no more of b than the header itself and returns
// errShort when even that is cut off. Lengths may be written in any definite form: Active Directory uses five bytes for
// short ones too.
func header[T string | []byte](b T) (tag byte, head, length int, err error) {
	if len(b) < 2 {
		return 0, 0, 0, errShort
	}
	tag = b[0]
	if tag&0x1f == 0x1f {
		return 0, 0, 0, fmt.Errorf("tag 0x%02x is no LDAP tag", tag)
	}
	first := int(b[1])
	if first < 0x80 {
		return tag, 2, first, nil
	}
	n := first & 0x7f
	if n == 0 || n > 8 {
		return 0, 0, 0, fmt.Errorf("length byte 0x%02x is not definite", first)
	}
	if len(b) < 2+n {
		return 0, 0, 0, errShort
	}
	for i := range n {
		if length > maxMessage {
			return 0, 0, 0, fmt.Errorf("length is beyond %d bytes", maxMessage)
		}
		length = length<<8 | int(b[2+i])
	}
	if length > maxMessage {
		return 0, 0, 0, fmt.Errorf("length %d is beyond %d bytes", length, maxMessage)
	}
	return tag, 2 + n, length, nil
}

// cut takes the first element off b. Content and rest point into b.
func cut[T string | []byte](b T) (tag byte, content, rest T, err error) {
	tag, head, length, err := header(b)
	if err != nil {
		return 0, content, rest, err
	}
	if length > len(b)-head {
		return 0, content, rest, errShort
	}
	return tag, b[head : head+length], b[head+length:], nil
}

// take is cut for an element that has to carry the tag want.
func take[T string | []byte](b T, want byte) (content, rest T, err error) {
	tag, content, rest, err := cut(b)
	if err == nil && tag != want {
		return content, rest, fmt.Errorf("tag 0x%02x where 0x%02x belongs", tag, want)
	}
	return content, rest, err
}

// number reads the content of an INTEGER or ENUMERATED.
func number[T string | []byte](content T) (int64, error) {
	if len(content) == 0 || len(content) > 8 {
		return 0, fmt.Errorf("number of %d bytes", len(content))
	}
	n := int64(int8(content[0]))
	for i := 1; i < len(content); i++ {
		n = n<<8 | int64(content[i])
	}
	return n, nil
}

// message takes the envelope off a whole LDAPMessage: its id, the tag of its operation and that operation's content.
func message[T string | []byte](b T) (id int64, op byte, content T, err error) {
	body, _, err := take(b, tagSequence)
	if err != nil {
		return 0, 0, content, err
	}
	idBytes, body, err := take(body, tagInteger)
	if err != nil {
		return 0, 0, content, err
	}
	if id, err = number(idBytes); err != nil {
		return 0, 0, content, err
	}
	op, content, _, err = cut(body)
	return id, op, content, err
}
