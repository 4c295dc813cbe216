package reports

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// The size of a chart in pixels: three tiles wide, chartRows rows high.
const (
	chartWidth  = 548
	chartHeight = 20*chartRows - 6
)

// drawCharts places both charts; where there is nothing to draw, a sentence says why.
func (b *book) drawCharts(g *grid, row int, d chartData) {
	if len(d.systems) > 0 {
		g.charts = append(g.charts, placedChart{at(firstCol, row), systemsChart(d)})
	} else {
		g.span(row, firstCol, 9, cell{value: "No chart: no account of a person who left is in this report.", style: footnote})
	}
	if len(d.runs) > 1 {
		g.charts = append(g.charts, placedChart{at(rightCol, row), runsChart(d)})
	} else {
		g.span(row, rightCol, lastCol, cell{value: noTrend, style: footnote})
	}
}

// systemsChart shows where access remains: one stacked bar per system, the worst on top.
func systemsChart(d chartData) *excelize.Chart {
	series := []struct {
		col          int
		fill, letter string
	}{{4, greyBar, ink}, {6, amberBar, ink}, {7, paleBar, ink}, {9, red, white}}
	c := newChart(excelize.BarStacked, "Where access remains: accounts of people who left",
		"Stacked bar chart: accounts of people who left, by system, split into removed on time, late, disabled but unclear, and still enabled.")
	for _, s := range series {
		c.Series = append(c.Series, excelize.ChartSeries{
			Name: cellOf(s.col, d.row-1), Categories: cellsOf(2, d.row, len(d.systems)), Values: cellsOf(s.col, d.row, len(d.systems)),
			Fill: solid(s.fill), DataLabel: excelize.ChartDataLabel{Font: excelize.Font{Family: "Calibri", Size: 9, Bold: s.col == 9, Color: s.letter}}})
	}
	gap, overlap := uint(45), 100
	c.GapWidth, c.Overlap = &gap, &overlap
	c.PlotArea = excelize.ChartPlotArea{ShowVal: true, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "0;;;"}}
	c.XAxis.ReverseOrder = true
	c.YAxis.None = true
	return c
}

// runsChart shows how the two headline numbers moved over the last runs.
func runsChart(d chartData) *excelize.Chart {
	c := newChart(excelize.Line, fmt.Sprintf("Trend: last %d runs", len(d.runs)),
		"Line chart: accounts still enabled and accounts used after the end, over the last runs.")
	// The columns are those of the table The last runs, see runsTable.
	series := []struct {
		col            int
		colour, symbol string
		dash           excelize.LineDashType
	}{{16, red, "circle", excelize.LineDashSolid}, {18, slate, "square", excelize.LineDashDash}}
	for _, s := range series {
		c.Series = append(c.Series, excelize.ChartSeries{
			Name: cellOf(s.col, d.row-1), Categories: cellsOf(rightCol, d.row, len(d.runs)), Values: cellsOf(s.col, d.row, len(d.runs)),
			Fill: solid(s.colour), Line: excelize.LineOptions{Type: excelize.LineSolid, Width: 2.25, Dash: s.dash, Fill: solid(s.colour)},
			Marker: excelize.ChartMarker{Symbol: s.symbol, Size: 6, Fill: solid(s.colour), Border: excelize.LineOptions{Type: excelize.LineSolid, Fill: solid(s.colour)}}})
	}
	zero, most := 0.0, d.most()*1.15
	c.YAxis.Minimum, c.YAxis.Maximum = &zero, &most
	c.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: "0"}
	c.XAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: "d mmm"}
	return c
}

func newChart(kind excelize.ChartType, title, alt string) *excelize.Chart {
	small := excelize.Font{Family: "Calibri", Size: 9, Color: muted}
	return &excelize.Chart{
		Type:      kind,
		Format:    excelize.GraphicOptions{AltText: alt, Positioning: "oneCell", ScaleX: 1, ScaleY: 1},
		Dimension: excelize.ChartDimension{Width: chartWidth, Height: chartHeight},
		Title:     excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title, Font: &excelize.Font{Family: "Calibri", Size: 12, Bold: true, Color: navy}}}},
		Legend:    excelize.ChartLegend{Position: "bottom", Font: &small},
		XAxis:     excelize.ChartAxis{Font: small},
		YAxis:     excelize.ChartAxis{Font: small},
		Border:    excelize.LineOptions{Type: excelize.LineNone},
	}
}

func solid(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

// cellOf and cellsOf refer to the Summary.
func cellOf(col, row int) string { return quoteSheet("Summary") + "!" + absolute(col, row) }

func cellsOf(col, row, n int) string { return cellOf(col, row) + ":" + absolute(col, row+n-1) }
