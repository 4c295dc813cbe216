// Package actuators is the place of the only code that can change an account.
//
// One folder below this one will hold one system's writing side: lock, revoke, reclaim, delete, and the reading back
// that proves each of them. Its counterpart in scanners reads the same system and shares nothing with it but the types
// of package scanners, so that the SDK methods that write are linked into leaver-remediate alone.
//
// Go's internal rule lets nothing outside cmd/leaver-remediate import from here: the compiler refuses. Two tests in
// cmd/walls_test.go hold the same wall from the other side, on the list of packages that leaver is built from and on the
// symbol table of the program.
//
// What belongs here: an action on one account, idempotent, with the state before and after it as evidence. What does
// not: deciding whether to act (policies), the order of the steps and the journal (execute), reading whole systems
// (scanners).
//
// There is no actuator yet.
package actuators
