package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

const oneLink = "- {source: crm, account: A-1, person: hr/7, by: ann, second: bob, at: 2026-03-01, reason: badge, until: 2026-12-31}\n"

// linkTable loads a configuration whose link table holds text.
func linkTable(t *testing.T, text string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "links.yaml", text)
	path := filepath.Join(dir, "leaver.yaml")
	write(t, dir, "leaver.yaml", smallest+"links: links.yaml\n")
	return Load(path, fakeKinds())
}

func TestLinks(t *testing.T) {
	c, err := linkTable(t, oneLink+"- {source: crm, account: A-2, accepted: {owner: hr/8, kind: service, review: 2027-06-30}, by: ann, second: bob, at: 2026-03-01, reason: bank}\n"+
		"- {source: crm, account: A-1, not: hr/8, by: ann, second: bob, at: 2026-03-01, reason: namesake}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Links) != 3 {
		t.Fatalf("%d links", len(c.Links))
	}
	first, accepted := c.Links[0], c.Links[1]
	// Both days count, in the zone of the run.
	if !first.At.Equal(time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)) || !first.Until.Equal(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("from %v until %v", first.At, first.Until)
	}
	if accepted.Owner != "hr/8" || accepted.Kind != scanners.KindService || accepted.Review.IsZero() || !strings.HasSuffix(accepted.Place, "links.yaml:2") {
		t.Errorf("%+v", accepted)
	}
	for name, text := range map[string]string{"empty": "", "comments": "# nobody yet\n\n", "empty list": "[]\n"} {
		if c, err := linkTable(t, text); err != nil || len(c.Links) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinksRefused(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"no second approver", "second: bob, ", "", "a link needs a second approver"},
		{"approved by who made it", "second: bob", "second: ' Ann'", `made the entry`},
		{"approved by its subject", "second: bob", "second: HR/7", "is the person whom it is about"},
		{"approved by its subject's id", "second: bob", "second: 7", "is the person whom it is about"},
		{"nobody made it", "by: ann, ", "", "by: is missing"},
		{"no reason", "reason: badge, ", "", "reason: is missing"},
		{"no day", "at: 2026-03-01, ", "", "at: is missing"},
		{"bad day", "2026-03-01", "1.3.2026", "is not a date"},
		{"over before it begins", "2026-12-31", "2026-02-28", "lies before at"},
		{"no account", "account: A-1, ", "", "account: is missing"},
		{"unknown source", "source: crm", "source: cmr", `did you mean "crm"?`},
		{"says nothing", "person: hr/7, ", "", "exactly one of person, accepted, not"},
		{"says two things", "person: hr/7", "person: hr/7, not: hr/8", "exactly one of person, accepted, not"},
		{"no people source", "hr/7", "hq/7", `"hq/7" names no person`},
		{"no id", "hr/7", "hr/", "names no person"},
		{"misspelt key", "reason:", "raeson:", `did you mean "reason"?`},
		{"no list", "- {", "{", "wants a list"},
		{"accepted without a review", "person: hr/7", "accepted: {owner: hr/8, kind: service}", "review: is missing"},
		{"accepted without an owner", "person: hr/7", "accepted: {kind: service, review: 2027-01-01}", "owner: is missing"},
		{"accepted as somebody's own", "person: hr/7", "accepted: {owner: hr/8, kind: admin, review: 2027-01-01}", "belongs to a person"},
		{"accepted as an emergency account", "person: hr/7", "accepted: {owner: hr/8, kind: break-glass, review: 2027-01-01}", "list it below break_glass"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := linkTable(t, strings.Replace(oneLink, test.old, test.new, 1))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "links.yaml") {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
	if _, err := load(t, smallest+"links: nowhere.yaml\n"); err == nil || !strings.Contains(err.Error(), "start with an empty file") {
		t.Errorf("a table that is not there: %v", err)
	}
}

func TestLinksContradict(t *testing.T) {
	tests := []struct{ name, second, want string }{
		{"the same again", "person: hr/7, at: 2026-04-01", "says the same as"},
		{"another person", "person: hr/8, at: 2026-04-01", "contradicts"},
		{"denied", "not: hr/7, at: 2026-04-01", "contradicts"},
		{"accepted as well", "accepted: {owner: hr/7, kind: service, review: 2027-01-01}, at: 2026-04-01", "contradicts"},
		{"somebody else denied", "not: hr/8, at: 2026-04-01", ""},
		{"on its last day", "person: hr/8, at: 2026-12-31", "contradicts"},
		{"the day after", "person: hr/8, at: 2027-01-01", ""},
		{"over the day before", "person: hr/8, at: 2026-02-01, until: 2026-02-28", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := linkTable(t, oneLink+"- {source: crm, account: A-1, by: ann, second: bob, reason: r, "+test.second+"}\n")
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func TestAddLink(t *testing.T) {
	entry := reconcile.Link{Source: "crm", Account: "A: 9", Person: "hr/9", By: "ann", Second: "bob", Reason: "a \"quoted\" # reason",
		At: time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)}
	for name, text := range map[string]string{
		"empty file": "", "only comments": "# reviewed\n", "empty list": "# reviewed\n[]\n", "lines": "# first\n" + oneLink,
		"no line end": strings.TrimSuffix(oneLink, "\n"), "indented": "  # first\n  " + oneLink + "  # last\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := linkTable(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.AddLink(entry); err != nil {
				t.Fatal(err)
			}
			again, err := Load(c.Path, fakeKinds())
			if err != nil {
				t.Fatal(err)
			}
			got := again.Links[len(again.Links)-1]
			got.Place = ""
			if len(again.Links) != len(c.Links)+1 || got.Account != entry.Account || got.Reason != entry.Reason || !got.At.Equal(entry.At) || !got.Until.Equal(entry.Until) {
				t.Errorf("%+v", got)
			}
			now, err := os.ReadFile(c.LinksFile)
			if err != nil || !strings.HasPrefix(string(now), strings.TrimSuffix(text, "[]\n")) {
				t.Errorf("what was there is not kept: %q (%v)", now, err)
			}
		})
	}
}

func TestAddLinkRefused(t *testing.T) {
	good := reconcile.Link{Source: "crm", Account: "A-9", Person: "hr/9", By: "ann", Second: "bob", Reason: "r", At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	twice, alone := good, good
	twice.Account = "A-1"
	alone.Second = ""
	for _, c := range []struct {
		name, text, want string
		entry            reconcile.Link
	}{
		{"contradiction", oneLink, "contradicts", twice},
		{"one approver", oneLink, "second approver", alone},
		{"in brackets", "[{source: crm, account: A-1, person: hr/7, by: ann, second: bob, at: 2026-03-01, reason: r}]\n", "in brackets", good},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := linkTable(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := config.AddLink(c.entry); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if now, err := os.ReadFile(config.LinksFile); err != nil || string(now) != c.text {
				t.Errorf("the file changed: %q (%v)", now, err)
			}
			if left, _ := filepath.Glob(filepath.Join(config.Dir, ".links*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}
