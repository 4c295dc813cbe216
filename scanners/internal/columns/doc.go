// Package columns holds what configurations of rows have in common, whether the rows come from a file or from a database: what
// a word of a column means, and how a date is written in it.
//
//   - [Words] are what stands under values: for the fields that are yes or no, a kind or a status, and for those of times, for
//     which [CheckEmpty] reads what stands under empty;
//   - [Forms] are the entries of dates, in which texts and numbers are read; a text that two of them read differently is not
//     read at all;
//   - [Moment] is what was read, with the zone and the precision that its text states, until the zone of the source makes an
//     instant or a day of it; [Precision] reads the key precision, of sources that write times late.
//
// The configuration itself, and what a value is before it is a word or a date (a cell, NULL, a type of the database), are the
// connector's.
package columns
