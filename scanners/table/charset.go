package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// sampleSize is how much of a text file is looked at to find its encoding, delimiter and header.
const sampleSize = 256 << 10

// charset is the encoding of a text file.
type charset struct {
	name string
	// declared says that the configuration names it or a byte order mark proves it; decoded that the reader sees the
	// text converted to UTF-8, with U+FFFD for every byte that the encoding does not know.
	declared, decoded bool
}

// hint tells how to mend a file that is not UTF-8 although nothing says so.
func (c charset) hint() string {
	if c.declared {
		return ""
	}
	return "\nhint: if the file comes from an older Windows program, add the line `encoding: windows-1252`"
}

// decodeText converts src to UTF-8 without byte order mark. An empty declared name means to find out: a byte order mark
// decides, then zero bytes in every second place (UTF-16), then UTF-8.
func decodeText(src io.Reader, declared string) (*bufio.Reader, charset, error) {
	in := bufio.NewReaderSize(src, sampleSize)
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) && len(head) == 0 {
		return nil, charset{}, err
	}
	text := charset{name: "UTF-8", declared: declared != ""}
	var enc encoding.Encoding
	switch marked := fromMark(head); {
	case marked == "UTF-8":
		_, _ = in.Discard(3)
		text.declared = true
	case marked != "":
		text = charset{name: marked, declared: true}
		enc = utf16(marked, unicode.ExpectBOM)
	case declared != "":
		if text.name, enc, err = named(declared); err != nil {
			return nil, text, err
		}
	default:
		if text.name = fromZeros(head); text.name != "UTF-8" {
			enc = utf16(text.name, unicode.IgnoreBOM)
		}
	}
	if enc == nil {
		return in, text, nil
	}
	text.decoded = true
	return bufio.NewReaderSize(enc.NewDecoder().Reader(in), sampleSize), text, nil
}

func fromMark(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return "UTF-8"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return "UTF-16LE"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return "UTF-16BE"
	}
	return ""
}

// fromZeros recognises UTF-16 without a mark: mostly Latin text has a zero in every second byte.
func fromZeros(head []byte) string {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(head) / 2; {
	case half >= 4 && zeros[1] > half*6/10 && zeros[0] < half/10:
		return "UTF-16LE"
	case half >= 4 && zeros[0] > half*6/10 && zeros[1] < half/10:
		return "UTF-16BE"
	}
	return "UTF-8"
}

func utf16(name string, mark unicode.BOMPolicy) encoding.Encoding {
	if strings.EqualFold(name, "UTF-16BE") {
		return unicode.UTF16(unicode.BigEndian, mark)
	}
	return unicode.UTF16(unicode.LittleEndian, mark)
}

// named gives the encoding of a declared name; nil for UTF-8, which needs no conversion.
func named(name string) (string, encoding.Encoding, error) {
	switch strings.ToLower(strings.ReplaceAll(name, "-", "")) {
	case "utf8":
		return "UTF-8", nil, nil
	case "utf16", "utf16le":
		return "UTF-16LE", utf16("UTF-16LE", unicode.UseBOM), nil
	case "utf16be":
		return "UTF-16BE", utf16("UTF-16BE", unicode.UseBOM), nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return "", nil, fmt.Errorf("encoding %q is not known\nhint: use one of utf-8, utf-16, windows-1252, iso-8859-15, windows-1250", name)
	}
	return name, enc, nil
}
