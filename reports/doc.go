// Package reports writes what a run found: the Excel workbook that an auditor can rely on, and CSV and JSON Lines beside it.
//
// A [Report] is a plain description of one run; [Workbook], [CSV] and [JSONLines] each write one form of it to a writer.
// Rows are read through an iterator, so memory grows with the number of findings at most. The same Report gives the same
// bytes, every time. The package reads no clock and no file.
//
// What every form keeps to:
//
//   - a report on partial data says so in its first sentence, and every "none found" names its coverage;
//   - unknown is printed as unknown, never as never, zero or blank;
//   - data never becomes a formula, and characters that could deceive the reader are shown as escapes;
//   - every number that is printed twice is the same number.
package reports
