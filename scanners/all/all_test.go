package all

import (
	"regexp"
	"testing"
)

// TestKinds checks what the configuration relies on for every connector.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if !regexp.MustCompile(`^[a-z]+$`).MatchString(k.Name) || seen[k.Name] {
			t.Errorf("kind %q: want a name of lower-case letters that no other kind has", k.Name)
		}
		seen[k.Name] = true
		if k.Summary == "" {
			t.Errorf("kind %q has no summary", k.Name)
		}
		if k.Accounts == nil && k.People == nil {
			t.Errorf("kind %q opens nothing", k.Name)
		}
		if (k.Accounts == nil) != (k.Config == nil) || (k.People == nil) != (k.PeopleConfig == nil) {
			t.Errorf("kind %q: what can be opened and what has a configuration differ", k.Name)
		}
	}
}
