// Package job runs the stages in order: scan, reconcile, decide, report.
//
// A [Job] is one run. It reads the people sources first and stops there when one of them cannot be trusted (a [*GateError]);
// then it reads the account sources side by side, each within its allocation, into sealed snapshots of the run folder; then
// it judges and decides from the snapshots, never from the wire, so that the same folder gives the same findings again. Only
// at the very end does one transaction move the state: until then a crash leaves the last accepted run in force.
package job
