//go:build !noentra

package entra

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
)

// TestAsked keeps the questions that the connector asks of a tenant, for the test that holds the answers of the simulated one
// against the vendor's description.
func TestAsked(t *testing.T) {
	x := graph.FromCompany(halvard(), 2, clientID)
	x.Deleted = graph.Objects(graph.Object{"id": graph.ID("gone"), "userPrincipalName": "gone@corp.example", "deletedDateTime": "2026-02-20T00:00:00Z"})
	s := serve(t, options(), x)
	source := openSource(t, outside(t, s).Env, config(s, ""))
	got, _, err := scan(t, source)
	if err != nil {
		t.Fatal(err)
	}
	guest := ""
	for id, a := range got {
		if a.Kind == scanners.KindGuest {
			guest = id
		}
	}
	for _, id := range []string{guest, graph.ID("gone"), graph.ID("application", "leaver")} {
		if _, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), id); err != nil || !scanners.Is(found, true) {
			t.Errorf("%s: %+v, %v", id, found, err)
		}
	}
	if _, err := openSourceOfPeople(t, outside(t, s).Env, config(s, "last_day: inclusive")).Scan(t.Context(), func(scanners.Person) error { return nil }); err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	var asked []string
	for _, question := range s.Asked() {
		if !strings.Contains(question, "skiptoken") {
			asked = append(asked, ids.ReplaceAllString(strings.TrimPrefix(question, "GET "), "/*"))
		}
	}
	slices.Sort(asked)
	text := strings.Join(slices.Compact(asked), "\n") + "\n"
	const file = "../../fixtures/graph/contract/testdata/asked.txt"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is out of date, run the tests of scanners/entra with -update (-want +got):\n%s", file, diff)
	}
}
