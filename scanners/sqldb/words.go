package sqldb

import (
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// fold is the form in which words are compared.
func fold(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// accountKinds and statuses are what the words of kind and status may mean.
func accountKinds() []string {
	return []string{string(scanners.KindPerson), string(scanners.KindAdmin), string(scanners.KindService), string(scanners.KindShared),
		string(scanners.KindGuest), string(scanners.KindMachine), string(scanners.KindBreakGlass)}
}

func statuses() []string {
	return []string{string(scanners.StatusActive), string(scanners.StatusLeave), string(scanners.StatusSuspended),
		string(scanners.StatusPrehire), string(scanners.StatusTerminated), string(scanners.StatusRetired)}
}

// meanings lists what the words of a field may be translated to.
func meanings(field string) []string {
	switch field {
	case "enabled", "locked", "privileged":
		return []string{"true", "false", "unknown"}
	case "kind":
		return accountKinds()
	case "status":
		return append(statuses(), "unstated")
	default:
		return []string{"never", "unknown"}
	}
}

// truth reads a word of a yes-or-no field by the configuration's words first, then by the common ones. Words that are
// only clear for enabled (active, disabled …) are read for enabled alone.
func (s *settings) truth(field, word string) (value, known bool) {
	word = fold(word)
	if meaning, ok := s.values[field][word]; ok {
		return meaning == "true", meaning != "unknown"
	}
	switch word {
	case "true", "yes", "y", "t", "1", "on":
		return true, true
	case "false", "no", "n", "f", "0", "off":
		return false, true
	}
	switch {
	case field == "enabled" && (word == "active" || word == "enabled"):
		return true, true
	case field == "enabled" && (word == "inactive" || word == "disabled"):
		return false, true
	case field == "locked" && (word == "locked" || word == "unlocked"):
		return word == "locked", true
	}
	return false, false
}

// status reads an employment status. The common words mean themselves; codes have to be declared.
func (s *settings) status(word string) (scanners.Status, bool) {
	word = fold(word)
	if meaning, ok := s.values["status"][word]; ok {
		if meaning == "unstated" {
			meaning = ""
		}
		return scanners.Status(meaning), true
	}
	switch word {
	case "on leave", "leave of absence":
		return scanners.StatusLeave, true
	case "pre-hire":
		return scanners.StatusPrehire, true
	}
	return scanners.Status(word), slices.Contains(statuses(), word)
}

// accountKind reads the kind of an account.
func (s *settings) accountKind(word string) (scanners.AccountKind, bool) {
	word = fold(word)
	if meaning, ok := s.values["kind"][word]; ok {
		return scanners.AccountKind(meaning), true
	}
	return scanners.AccountKind(word), slices.Contains(accountKinds(), word)
}

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
