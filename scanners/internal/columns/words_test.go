package columns

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// checked are the words of a configuration.
func checked(t *testing.T, values map[string]map[string]string) Words {
	w, err := CheckWords(values, []string{"expires"}, []string{"enabled", "locked", "privileged", "kind", "status"}, strings.ToLower)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestTruths: what is not known stays unknown, and the configuration's words count before the common ones.
func TestTruths(t *testing.T) {
	w := checked(t, map[string]map[string]string{"enabled": {"A": "true", "0": "True", "yes": "unknown", "": "false"}})
	for name, test := range map[string]struct {
		field, word, want string
	}{
		"common":                {"locked", "yes", "true"},
		"common number":         {"privileged", "0", "false"},
		"clear for enabled":     {"enabled", "disabled", "false"},
		"not for another field": {"privileged", "disabled", ""},
		"clear for locked":      {"locked", "unlocked", "false"},
		"not for enabled":       {"enabled", "locked", ""},
		"declared":              {"enabled", "a", "true"},
		"declared otherwise":    {"enabled", "0", "true"},
		"declared unknown":      {"enabled", "yes", ""},
		"declared empty":        {"enabled", "", "false"},
		"empty":                 {"locked", "", ""},
		"of another field":      {"locked", "a", ""},
		"any other":             {"enabled", "gesperrt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if value, known := w.Truth(test.field, test.word); known {
				got = map[bool]string{true: "true", false: "false"}[value]
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestCodes reads statuses and kinds.
func TestCodes(t *testing.T) {
	w := checked(t, map[string]map[string]string{"status": {"T": "Terminated", "retired": "active", "X": "unstated"}, "kind": {"S": "service"}})
	status := func(word string) (string, bool) { got, ok := w.Status(word); return string(got), ok }
	kind := func(word string) (string, bool) { got, ok := w.AccountKind(word); return string(got), ok }
	for name, test := range map[string]struct {
		read  func(string) (string, bool)
		word  string
		want  string
		known bool
	}{
		"status":             {status, "terminated", "terminated", true},
		"in two words":       {status, "on leave", "leave", true},
		"declared":           {status, "t", "terminated", true},
		"declared otherwise": {status, "retired", "active", true},
		"declared as none":   {status, "x", "", true},
		"any other status":   {status, "z", "z", false},
		"kind":               {kind, "break-glass", "break-glass", true},
		"declared kind":      {kind, "s", "service", true},
		"any other kind":     {kind, "t", "t", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, known := test.read(test.word); got != test.want || known != test.known {
				t.Errorf("%q, %v, want %q, %v", got, known, test.want, test.known)
			}
		})
	}
	if slices.Contains(Statuses(), "") || slices.Contains(Statuses(), "unstated") {
		t.Error("that no status is stated is offered as a status")
	}
}

func TestCheckWords(t *testing.T) {
	for name, test := range map[string]struct {
		values map[string]map[string]string
		want   string
	}{
		"time":         {map[string]map[string]string{"expires": {"none": "NEVER"}}, ""},
		"no such one":  {map[string]map[string]string{"login": {"a": "b"}}, "values: \"login\" is not such a field\nhint: fields with words: enabled, expires"},
		"wrong truth":  {map[string]map[string]string{"enabled": {"A": "active"}}, "values: {enabled: {\"A\": active}}\nhint: use one of true, false, unknown"},
		"wrong moment": {map[string]map[string]string{"expires": {"A": "false"}}, "values: {expires: {\"A\": false}}\nhint: use one of never, unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CheckWords(test.values, []string{"expires"}, []string{"enabled"}, strings.ToLower)
			var wrong *scanners.ConfigError
			switch {
			case test.want == "" && err == nil:
			case !errors.As(err, &wrong), err.Error() != test.want:
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestCheckEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		empty map[string]string
		want  string
	}{
		"both":        {map[string]string{"expires": "never", "created": "unknown"}, "map[created:false expires:true]"},
		"none":        {nil, "map[]"},
		"no time":     {map[string]string{"login": "never"}, "empty: \"login\" is not such a field\nhint: fields that may be NULL for a reason: expires, created"},
		"other words": {map[string]string{"expires": "Never"}, "empty: {expires: Never}\nhint: use never or unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			never, err := CheckEmpty(test.empty, []string{"expires", "created"}, "NULL")
			got := fmt.Sprint(never)
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
