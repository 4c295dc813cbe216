package reports

import "slices"

// lateness gathers how many days late the accounts of leavers in one system were or are, as a number of accounts by days.
type lateness struct {
	all, hr, it dayCounts
}

// dayCounts is a number of accounts by days.
type dayCounts map[int64]int64

// add notes one account whose days late are known.
func (l *lateness) add(e entry) {
	days, known := e.DaysLate.Get()
	if !known {
		return
	}
	l.all.add(days)
	if hr, split := e.DaysLateHR.Get(); split {
		l.hr.add(hr)
		l.it.add(days - hr)
	}
}

// merge adds the accounts of another system.
func (l *lateness) merge(more lateness) {
	for _, pair := range [][2]*dayCounts{{&l.all, &more.all}, {&l.hr, &more.hr}, {&l.it, &more.it}} {
		for days, n := range *pair[1] {
			pair[0].addMany(days, n)
		}
	}
}

func (d *dayCounts) add(days int64) { d.addMany(days, 1) }

func (d *dayCounts) addMany(days, n int64) {
	if *d == nil {
		*d = dayCounts{}
	}
	(*d)[days] += n
}

func (d dayCounts) accounts() int64 {
	n := int64(0)
	for _, accounts := range d {
		n += accounts
	}
	return n
}

// within is the smallest number of days that at least percent of the accounts do not exceed; a dash without any account.
func (d dayCounts) within(percent int64) cell {
	var days []int64
	for n := range d {
		days = append(days, n)
	}
	slices.Sort(days)
	all, reached := d.accounts(), int64(0)
	for _, n := range days {
		if reached += d[n]; reached*100 >= all*percent {
			return number(n)
		}
	}
	return text(dash)
}

// latenessTable says for each system how late the removals are, and whose delay it is.
func (b *book) latenessTable(g *grid, row int, systems []systemLine) {
	if len(systems) == 0 {
		return
	}
	g.section(row, firstCol, lastCol, "Days late by system: half of the accounts, nine in ten, the worst")
	g.heads(row+1, []headCell{{2, 3, "System", false}, {4, 5, "Accounts", true}, {6, 6, "Half within", true}, {7, 8, "90 % within", true}, {9, 9, "Worst", true},
		{10, 11, "By HR: half", true}, {12, 12, "90 %", true}, {13, 14, "Worst", true}, {15, 15, "By IT: half", true}, {16, 17, "90 %", true}, {18, 18, "Worst", true}})
	row += 2
	line := func(name string, l *lateness, st style) {
		g.span(row, 2, 3, text(name).as(st))
		g.span(row, 4, 5, number(l.all.accounts()).as(cellPlainNumber))
		for i, d := range []dayCounts{l.all, l.hr, l.it} {
			at := [][3][2]int{{{6, 6}, {7, 8}, {9, 9}}, {{10, 11}, {12, 12}, {13, 14}}, {{15, 15}, {16, 17}, {18, 18}}}[i]
			for n, percent := range []int64{50, 90, 100} {
				g.span(row, at[n][0], at[n][1], d.within(percent).as(cellPlainNumber))
			}
		}
		g.fit(row, 16, st, name, g.width(2, 3))
		row++
	}
	var total lateness
	for i := range systems {
		line(systems[i].name, &systems[i].lateness, cellText)
		total.merge(systems[i].lateness)
	}
	line("all systems", &total, cellTextBold)
	words := "Whole days from the end of employment to the disabling, or to now. By HR: before HR showed the end, nobody else's delay. By IT: the rest. "
	if unsplit := total.all.accounts() - total.hr.accounts(); unsplit > 0 {
		words += several(unsplit, "account") + " not split: the first run that saw the person showed the past end already."
	}
	g.span(row, firstCol, lastCol, text(words).as(cellText))
	g.fit(row, 16, cellText, words, g.width(firstCol, lastCol))
}
