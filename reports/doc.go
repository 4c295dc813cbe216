// Package reports writes what a run found: the Excel workbook that an auditor can rely on, and CSV and JSON Lines beside it.
//
// A [Report] is a plain description of one run; [Workbook], [CSV] and [JSONLines] each write one form of it to a writer,
// and [Sentence] says the result in a few words. Rows are read through an iterator, twice for the workbook: once to count,
// once to write. The package reads no clock.
//
// What every form keeps to:
//
//   - a report on partial data says so in its first sentence, and every "none found" names its coverage; a line of CSV or
//     JSON carries the coverage of its source;
//   - unknown is printed as unknown, never as never, no, zero or blank; null in JSON;
//   - data never becomes a formula, and characters that could deceive the reader are shown as escapes (JSON keeps the text);
//   - every number that is printed twice is the same number, and the Control sheet shows by live formulas that it is.
//
// # Where a row stands
//
// Every row has exactly one sheet. Accounts of people who left stand on Terminations whatever else is found about them
// ([Row.OfLeaver]): they are the population of the termination test. Orphans, Dormant (never used ones as well) and
// Ambiguous (disputed) take their kinds, Likely mis-keyed the orphans that most likely belong to somebody who has not left, Other findings everything else. A suspect match is listed on Ambiguous a second
// time, with a reference to its own row. Row ids (T-00001, O-00001 …) follow the order of [Report.Rows].
//
// Changes lists findings, not rows: what is other than in the last accepted run ([Report.Changes]). What its lines add and
// take away per kind is what the totals of the two runs differ by. Upcoming ends lists the people of [Report.Upcoming], and
// Residual access everybody of Terminations once, with the worst account per system: memory grows with them.
//
// The termination test gives each row of Terminations a [Result] and five attributes, A to E; the sheet Rules defines each
// of them in words, and assess.go in code.
//
// # The file
//
// The same report gives the same bytes: the parts are packed in one fixed order by a compressor that go.mod pins, and
// nothing in the file tells when or where it was written. While it is written large sheets are spooled to
// [Report.Scratch]; the packed parts, about 170 bytes a row, are held in memory. A sheet that has more rows than Excel
// allows goes on as "Terminations 2". No sheet, row or column is hidden; there are no macros, links to elsewhere or volatile formulas.
//
// A new sheet is a declaration: a table of columns, each with a head, a width and a function that makes the cell (sheet.go).
// Every look is a line of the table in styles.go. The seal of a row covers every cell that nobody fills in; it locates a
// change and is no signature.
package reports
