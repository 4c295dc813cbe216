package ldap

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// guidText writes the 16 bytes of an objectGUID as every Windows tool does: the first three groups little-endian.
func guidText(raw string) (string, bool) {
	if len(raw) != 16 {
		return "", false
	}
	b := []byte(raw)
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:]), true
}

// guidBytes is the inverse of guidText.
func guidBytes(text string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 || len(text) != 36 {
		return nil, false
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return b, true
}

// escapeBytes writes bytes for an LDAP filter.
func escapeBytes(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\%02x`, c)
	}
	return s.String()
}

// sidText writes a binary SID as S-1-5-21-…; rid is its last part.
func sidText(raw string) (text string, rid uint32, ok bool) {
	if len(raw) < 8 || raw[0] != 1 || len(raw) != 8+4*int(raw[1]) || raw[1] == 0 || raw[1] > 15 {
		return "", 0, false
	}
	var authority uint64
	for _, c := range []byte(raw[2:8]) {
		authority = authority<<8 | uint64(c)
	}
	var b strings.Builder
	b.WriteString("S-1-" + strconv.FormatUint(authority, 10))
	for i := 8; i < len(raw); i += 4 {
		rid = binary.LittleEndian.Uint32([]byte(raw[i : i+4]))
		b.WriteString("-" + strconv.FormatUint(uint64(rid), 10))
	}
	return b.String(), rid, true
}

// sidBytes is the inverse of sidText, for filters.
func sidBytes(text string) ([]byte, bool) {
	parts := strings.Split(text, "-")
	if len(parts) < 4 || len(parts) > 18 || parts[0] != "S" || parts[1] != "1" {
		return nil, false
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, false
	}
	b := binary.BigEndian.AppendUint64(nil, authority)
	b[0], b[1] = 1, byte(len(parts)-3)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, false
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b, true
}

// text makes a value safe to show: one that is not UTF-8, or that holds control characters, is written in hexadecimal.
func text(value string) string {
	if printable(value) {
		return value
	}
	return hex.EncodeToString([]byte(value))
}

func printable(value string) bool {
	if !utf8.ValidString(value) {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return true
}

// word is a value that is used as a name or key: bytes that are no UTF-8 become the replacement character, so that the
// value stays readable and matches nothing by accident.
func word(value string) string { return strings.ToValidUTF8(value, "\uFFFD") }
