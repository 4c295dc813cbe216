// Package schedule says when a run is planned, and whether one is due.
//
// It reads no clock, no file and no network: instants are handed in.
//
// # Cron expressions
//
// Five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or jan-dec) and day of the week (0-7 or
// sun-sat; 0 and 7 are Sunday). A field is *, or a list of numbers, ranges (1-5) and steps (*/15, 8-18/2). @hourly, @daily,
// @midnight, @weekly, @monthly, @yearly and @annually stand for the usual five. When both the day of the month and the day
// of the week are given, either makes a planned day, as in every cron.
//
// What cron programs disagree about is refused with the unambiguous way to write it: "5/15", a step in one of two given day
// fields, ranges that run backwards, six fields, ?, L, W and #. So is what can never happen, such as 31 February. The parser
// is our own for that reason: the usual libraries accept these and differ in what they make of them.
//
// # Local time
//
// A planned local time is run once, at the first instant at which a clock on the wall shows that time or a later one. From
// that follows what happens in the nights in which clocks change:
//
//   - a time that is skipped in spring (02:30 where 02:00 is followed by 03:00) is run at the first instant after it, 03:00;
//   - a time that comes twice in autumn is run the first time. "*/15 * * * *" therefore pauses for that hour;
//   - several planned times that fall on one instant are one planned time.
//
// Zones without clock changes, UTC above all, know none of this.
package schedule
