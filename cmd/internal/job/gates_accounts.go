package job

import (
	"fmt"

	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// accountFile checks age and volume of one account source. A source that is too odd becomes partial and the run goes on:
// what it shows is there, but nothing rests on what it does not show.
func (g *gate) accountFile(s *scanned) {
	if !s.Coverage.Verdict.Complete() {
		return
	}
	for _, m := range []*measure{g.age(*s), g.older(*s)} {
		if m != nil {
			g.worsen(s, *m, scanners.Gap{What: "what changed since the file was made", Effect: "accounts and sign-ins since then are not seen"})
		}
	}
	g.unchanged(s)
	before, known := g.before(s.Name)
	if !known {
		g.noBaseline(s.Name, "source_lost")
		return
	}
	lost := before.Used - s.Used
	m := measure{"source_lost", s.Name, g.gates.SourceLost.String(), fmt.Sprintf("%d accounts, %s", s.Used, change(-lost)), g.gates.SourceLost.Exceeded(lost, before.Used)}
	g.worsen(s, m, scanners.Gap{What: "accounts that were there before", Count: scanners.Known(lost), Effect: "accounts that are missing are not taken as gone"})
}

// worsen makes s partial when the gate tripped and no override opens it.
func (g *gate) worsen(s *scanned, m measure, gap scanners.Gap) {
	r := g.judge(m)
	if r.Result != reports.GateStopped {
		return
	}
	r.Result = reports.GatePartial
	why := m.seen + limitWords(m.limit)
	s.Coverage.Worsen(scanners.Partial, why)
	gap.Cause, gap.Hint = why+" (gate "+m.name+")", "if this is right, add to leaver.yaml, under gates and overrides: "+r.Open
	s.Coverage.Gaps = append(s.Coverage.Gaps, gap)
}

// joins checks that accounts still find their people, and by the key by which they did: a key that lost its leading zeros
// shows here.
func (g *gate) joins(sources []scanned) {
	for _, s := range sources {
		before, known := g.before(s.Name)
		enabled, was := open(s.Accounts), open(before.Accounts)
		if !known || was == 0 {
			g.noBaseline(s.Name, "matched_drop", "employee_id_drop")
			continue
		}
		if enabled == 0 {
			continue // nothing was read, and the coverage says so
		}
		for _, key := range []struct {
			name    string
			limit   float64
			was, is int64
			what    string
		}{
			{"matched_drop", float64(g.gates.MatchedDrop), before.Accounts.Owned, s.Accounts.Owned, "have an owner"},
			{"employee_id_drop", float64(g.gates.EmployeeIDDrop), before.Accounts.OwnedByID, s.Accounts.OwnedByID, "find their owner by the employee id"},
		} {
			now, then := share(key.is, enabled), share(key.was, was)
			missing := then/100*float64(enabled) - float64(key.is)
			g.check(measure{key.name, s.Name, fmt.Sprintf("more than %g points and %d accounts", key.limit, fewAccounts),
				fmt.Sprintf("%.1f %% of the enabled accounts %s, %.1f %% in the last accepted run", now, key.what, then),
				then-now > key.limit && missing > fewAccounts})
		}
	}
}

// fewAccounts is how many accounts may lose their owner whatever share of a small source they are: each of them is a
// finding, and a gate that trips every week is opened for good.
const fewAccounts = 5

func open(c reports.AccountTotals) int64 { return c.Enabled + c.EnabledUnknown }
