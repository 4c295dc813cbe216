package columns

import (
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// Words are what the configuration says of the words of a source: by field and by folded word, its meaning.
//
// Folding is the connector's, which knows what blanks its source puts around words; the methods take words that are folded,
// and folded are in lower case.
type Words map[string]map[string]string

// CheckWords checks the configured translations. A time field may translate to never and unknown, a word field to its own
// words.
func CheckWords(values map[string]map[string]string, timeFields, wordFields []string, fold func(string) string) (Words, error) {
	checked := Words{}
	for field, table := range values {
		if !slices.Contains(timeFields, field) && !slices.Contains(wordFields, field) {
			return nil, configError("fields with words: "+strings.Join(slices.Concat(wordFields, timeFields), ", "), "values: %q is not such a field", field)
		}
		allowed := meanings(field)
		checked[field] = map[string]string{}
		for word, meaning := range table {
			if meaning = strings.ToLower(meaning); !slices.Contains(allowed, meaning) {
				return nil, configError("use one of "+strings.Join(allowed, ", "), "values: {%s: {%q: %s}}", field, word, meaning)
			}
			checked[field][fold(word)] = meaning
		}
	}
	return checked, nil
}

// CheckEmpty checks what the configuration says of times without a value, and gives the fields in which that means never.
// Absent is what the source has in place of a value.
func CheckEmpty(empty map[string]string, timeFields []string, absent string) (map[string]bool, error) {
	never := map[string]bool{}
	for field, meaning := range empty {
		if !slices.Contains(timeFields, field) {
			return nil, configError("fields that may be "+absent+" for a reason: "+strings.Join(timeFields, ", "), "empty: %q is not such a field", field)
		}
		if meaning != "never" && meaning != "unknown" {
			return nil, configError("use never or unknown", "empty: {%s: %s}", field, meaning)
		}
		never[field] = meaning == "never"
	}
	return never, nil
}

// meanings lists what the words of a field may be translated to.
func meanings(field string) []string {
	switch field {
	case "enabled", "locked", "privileged":
		return []string{"true", "false", "unknown"}
	case "kind":
		return accountKinds()
	case "status":
		return append(Statuses(), "unstated")
	default:
		return []string{"never", "unknown"}
	}
}

// accountKinds are what the words of kind may mean.
func accountKinds() []string {
	return []string{string(scanners.KindPerson), string(scanners.KindAdmin), string(scanners.KindService), string(scanners.KindShared),
		string(scanners.KindGuest), string(scanners.KindMachine), string(scanners.KindBreakGlass)}
}

// Statuses are what the words of status may mean, other than that none is stated.
func Statuses() []string {
	return []string{string(scanners.StatusActive), string(scanners.StatusLeave), string(scanners.StatusSuspended),
		string(scanners.StatusPrehire), string(scanners.StatusTerminated), string(scanners.StatusRetired)}
}

// Truth reads a word of a yes-or-no field by the configuration's words first, then by the common ones. Words that are only
// clear for enabled (active, disabled …) are read for enabled alone.
func (w Words) Truth(field, word string) (value, known bool) {
	if meaning, ok := w[field][word]; ok {
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

// Status reads an employment status. The common words mean themselves; codes have to be declared.
func (w Words) Status(word string) (scanners.Status, bool) {
	if meaning, ok := w["status"][word]; ok {
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
	return scanners.Status(word), slices.Contains(Statuses(), word)
}

// AccountKind reads the kind of an account.
func (w Words) AccountKind(word string) (scanners.AccountKind, bool) {
	if meaning, ok := w["kind"][word]; ok {
		return scanners.AccountKind(meaning), true
	}
	return scanners.AccountKind(word), slices.Contains(accountKinds(), word)
}
