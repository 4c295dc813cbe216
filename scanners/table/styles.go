package table

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// numberFormat is what the format of a workbook's cell says of the number in it.
type numberFormat struct {
	// padding is the number of digits of a format such as "00000": a cell 123 shows, and means, 00123.
	padding int
	// dated says that the number is shown as a date or a time of day.
	dated bool
}

// loadStyles reads the number format of every cell style. In the part the formats stand before the styles.
func (w *workbook) loadStyles() error {
	formats := map[string]numberFormat{}
	inCells := false
	return w.each("xl/styles.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			formats[attribute(e, "numFmtId")] = numberFormatOf(attribute(e, "formatCode"))
		case "cellXfs":
			inCells = true
		case "cellStyles", "cellStyleXfs", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				return nil
			}
			id := attribute(e, "numFmtId")
			format, own := formats[id]
			if !own {
				format.dated = isBuiltInDate(id)
			}
			w.styles = append(w.styles, format)
		}
		return nil
	})
}

// style is the format of a cell's style attribute; a cell without one has the first style.
func (w *workbook) style(number string) numberFormat {
	i, err := strconv.Atoi(number)
	if err != nil && number != "" || i < 0 || i >= len(w.styles) {
		return numberFormat{}
	}
	return w.styles[i]
}

// isBuiltInDate reports whether a format that files refer to by number alone shows a date or time: ECMA-376 part 1,
// 18.8.30, with the numbers of East Asian and Thai editions.
func isBuiltInDate(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && (n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58 || n >= 71 && n <= 81)
}

// numberFormatOf reads a format code.
func numberFormatOf(code string) numberFormat {
	if len(code) > 1 && strings.Trim(code, "0") == "" {
		return numberFormat{padding: len(code)}
	}
	return numberFormat{dated: isDateCode(code)}
}

// isDateCode reports whether a format code shows a year, month, day, hour, minute or second. Letters in quotes, behind a
// backslash and in brackets (a colour, a currency) show none; [h], [mm] and the like are elapsed time.
func isDateCode(code string) bool {
	code = strings.ToLower(code)
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '\\', '_', '*': // shows the next character, leaves room for it, or repeats it
			i++
		case '"':
			inside, _, _ := strings.Cut(code[i+1:], `"`)
			i += len(inside) + 1
		case '[':
			inside, _, _ := strings.Cut(code[i+1:], "]")
			if isElapsed(inside) {
				return true
			}
			i += len(inside) + 1
		case 'y', 'm', 'd', 'h', 's':
			return true
		}
	}
	return false
}

func isElapsed(s string) bool {
	return s != "" && (strings.Trim(s, "h") == "" || strings.Trim(s, "m") == "" || strings.Trim(s, "s") == "")
}
