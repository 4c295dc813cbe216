// Package reconcile joins accounts against people and says what each account is.
//
// It is pure: no I/O, no clock, no randomness. The same people, history and settings give the same verdict for the same
// account, in any order and with any number of workers.
//
// The parts, in the order in which a run uses them:
//
//   - a [Roster] is built from every person that the authoritative sources showed tonight and from the people remembered
//     in [History]. It knows who is employed at the as-of instant, and which key value names whom.
//     People of different sources who are one human are judged as one;
//   - [Engine.Judge] looks one account up in the roster and returns one [Verdict]: its situation (which person, found how),
//     its primary finding kind (possibly none), flags, severity and the facts that decided;
//   - [Engine.Explain] re-runs the same steps and writes down each of them.
//
// Correlation is exact and deterministic. A key value links only when it names exactly one person among current and
// remembered people; two keys that name different people make the account disputed, never "first match wins".
// Only a [Link], which two people reviewed, comes before the keys and settles a dispute.
//
// Memory grows with people and findings, never with accounts. A roster keeps the rows of the sources as bytes, and eight bytes
// of what most accounts of a person are judged by; a [Person] is worked out of them when somebody asks. That takes some 200 bytes
// for a person with one employment and one address, ten of them for each key (BenchmarkRoster). People who are one human with
// others and all else that is rare stand in maps of their own. To judge an account without a finding takes no memory
// (BenchmarkJudge).
package reconcile
