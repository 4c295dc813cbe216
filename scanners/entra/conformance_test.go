//go:build !noentra

package entra

import (
	"flag"
	"net/http"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

var update = flag.Bool("update", false, "rewrite "+scannertest.OutcomesFile)

// played are the faults that the tenant plays itself; the others befall its connection.
func played() map[scannertest.Fault]graph.Event {
	return map[scannertest.Fault]graph.Event{
		scannertest.Truncated:    {Path: "/users", From: 3, To: 3, Fault: graph.Truncate},
		scannertest.Garbled:      {Path: "/users", From: 2, To: 2, Fault: graph.Garble},
		scannertest.GarbledID:    {Path: "/users", From: 2, To: 2, Fault: graph.GarbleID},
		scannertest.BadDate:      {Path: "/users", From: 2, To: 2, Fault: graph.BadDate},
		scannertest.EmptyPage:    {Path: "/users", From: 2, To: 2, Fault: graph.EmptyPage},
		scannertest.RepeatedPage: {Path: "/users", From: 3, To: 3, Fault: graph.RepeatPage},
		scannertest.Loop:         {Path: "/users", From: 2, Fault: graph.Loop},
		scannertest.ForeignNext:  {Path: "/users", From: 1, To: 1, Fault: graph.ForeignNext},
	}
}

// TestConformance reads users in pages of ten. The rest of the tenant has tests of its own.
func TestConformance(t *testing.T) {
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			o := options()
			if e, isPlayed := played()[fault]; isPlayed {
				o.Script = []graph.Event{e}
			} else {
				o.Wrap = func(next http.Handler) http.Handler { return scannertest.Wire{Counts: pages}.Serve(fault, next) }
			}
			s := serve(t, o, members(n))
			trust(t, env.Path("."), s)
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret(password), nil }
			return openSource(t, env, config(s, "page_size: 10\nservice_principals: none"))
		},
		Faults:    scannertest.Faults(),
		UnknownID: "00000000-0000-0000-0000-000000000000",
		Facts:     Kind().Facts,
		Outcomes:  true,
		Rewrite:   *update,
	})
}
