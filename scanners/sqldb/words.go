package sqldb

import "strings"

// fold is the form in which words are compared.
func fold(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// isPlaceholder reports whether a key's text stands for no value. Two records that both say "n/a" are not the same person.
func isPlaceholder(s string) bool {
	switch strings.ToLower(s) {
	case "", "-", "--", "n/a", "na", "n.a.", "none", "null", `\n`, "(null)", "unknown", "?":
		return true
	}
	return strings.Trim(s, "0") == ""
}

// isNull reports whether a text stands for no value: what is left of a NULL that came through a file.
func isNull(s string) bool {
	return s == "" || s == "NULL" || s == `\N` || s == "(null)" || s == "null"
}

// spoiltNumber recognises 1.23E+05 and 123.0: ids that went through a spreadsheet or a column of floating point numbers on
// their way into the database.
func spoiltNumber(s string) bool {
	whole, exponent, scientific := strings.Cut(strings.ToUpper(s), "E+")
	digits, fraction, dotted := strings.Cut(strings.ReplaceAll(whole, ",", "."), ".")
	if !allDigits(digits) || dotted && !allDigits(fraction) {
		return false
	}
	if scientific {
		return allDigits(exponent)
	}
	return dotted && strings.Trim(fraction, "0") == ""
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// hasControl reports whether s holds a control character other than line breaks and tabs.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f })
}
