package reports

import (
	"fmt"
	"time"
)

// Gate is one gate of a run, as it stood for one source or for all people together.
type Gate struct {
	// Name is the key under "gates" in leaver.yaml; "people" for what only a repair of the source can mend.
	Name string `json:"gate"`
	// Source is empty for all people together.
	Source string     `json:"source,omitempty"`
	Result GateResult `json:"result"`
	// Measured says what was seen and compared, Limit what would be too much; empty where there is no limit to set.
	Measured string `json:"measured"`
	Limit    string `json:"limit,omitempty"`
	// Owner, Reason, Until and Place are those of the override that opened it.
	Owner  string    `json:"owner,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Place  string    `json:"place,omitempty"`
	// Open is the line below gates.overrides in leaver.yaml that would open it; empty when it did not trip.
	Open string `json:"open,omitempty"`
}

// GateResult is how a gate stood.
type GateResult string

// The results. A partial gate made its account source partial and let the run go on. Without a baseline there is no
// earlier accepted run to compare with.
const (
	GatePassed     GateResult = "passed"
	GateStopped    GateResult = "stopped"
	GatePartial    GateResult = "partial"
	GateOpened     GateResult = "opened"
	GateNoBaseline GateResult = "no baseline"
)

// gatesTable lists the gates on the Control sheet: each that tripped by itself, the others once for all their sources.
func (b *book) gatesTable(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "Gates: whether the input could be believed")
	g.heads(row+1, []headCell{{colB, colB, "Gate", false}, {colC, colC, "Source", false}, {colD, colD, "What was seen", false},
		{colE, colG, "Too much would be", false}, {colH, colL, "Opened by, or how to open it", false}, {colM, colM, "Result", false}})
	row += 2
	for _, gate := range b.gateLines() {
		b.gateRow(g, row, gate)
		row++
	}
	return row
}

// gateLines joins what a gate that did not trip says of several sources into one line.
func (b *book) gateLines() []Gate {
	var lines []Gate
	at, sources := map[string]int{}, map[string]int{}
	for _, gate := range b.Gates {
		key := gate.Name + "\x00" + string(gate.Result)
		i, seen := at[key]
		if !seen || gate.Result != GatePassed && gate.Result != GateNoBaseline {
			at[key] = len(lines)
			sources[key] = 1
			lines = append(lines, gate)
			continue
		}
		sources[key]++
		lines[i].Source = several(int64(sources[key]), "source")
		lines[i].Measured = "nothing beyond the limit in any of them"
		if gate.Result == GateNoBaseline {
			lines[i].Measured = noBaseline
		}
	}
	if len(lines) == 0 {
		lines = []Gate{{Name: "none", Measured: "the run ended before the first gate"}}
	}
	return lines
}

const noBaseline = "nothing to compare with: no earlier accepted run shows it"

func (b *book) gateRow(g *grid, row int, gate Gate) {
	by := dash
	switch {
	case gate.Owner != "":
		by = fmt.Sprintf("%s, until %s: %s (%s)", gate.Owner, gate.Until.UTC().Format(time.DateOnly), gate.Reason, gate.Place)
	case gate.Open != "":
		by = "below gates, overrides in leaver.yaml: " + gate.Open
	}
	by = shown(by)
	g.put(row, colB, text(gate.Name).as(cellTextBold))
	g.put(row, colC, textOr(gate.Source, "all people").as(cellText))
	g.put(row, colD, text(gate.Measured).as(cellText))
	g.span(row, colE, colG, textOr(gate.Limit, dash).as(cellText))
	g.span(row, colH, colL, cell{value: by, style: cellText})
	g.put(row, colM, gateCell(gate.Result))
	g.fit(row, 18, cellTextBold, gate.Name, controlWidths[colB-1])
	g.fit(row, 18, cellText, gate.Measured, controlWidths[colD-1])
	g.fit(row, 18, cellText, gate.Limit, g.width(colE, colG))
	g.fit(row, 18, cellText, by, g.width(colH, colL))
}

func gateCell(r GateResult) cell {
	switch r {
	case "":
		return text(dash).as(cellText)
	case GatePassed:
		return text(string(r)).as(checkGood)
	case GateStopped:
		return text(string(r)).as(checkBad)
	default:
		return text(string(r)).as(checkLate)
	}
}
