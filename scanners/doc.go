// Package scanners defines what leaver reads and how sure it is of having read it.
//
// A connector (one folder below this one) turns one system into a [Source] of [Account] or [Person] values. It knows
// the system's protocol and nothing of findings, rules or reports. This package holds the types that connectors emit:
//
//   - [Account] and [Person], plain data without any handle on the system they came from;
//   - [Fact], a value that may be known, known never to have happened, or unknown with a reason. The zero Fact is
//     unknown, so a connector that forgets a field cannot make an account look unused;
//   - [Coverage], the connector's own account of how much of the system it saw. The zero Coverage says "nothing", so a
//     connector has to earn every better verdict;
//   - [Rejection], a record that was seen but could not be understood. It is kept, with its place and raw form.
//
// The common catastrophe of this field is success with zero rows. No error does not mean complete: only Coverage does.
//
// A Source can read and nothing else. Code that writes lives in cmd/leaver-remediate/internal, where Go's internal rule
// keeps every package of this tree from importing it.
package scanners
