// Package execute is the place of the code that carries out one approved plan, step by step.
//
// What belongs here: checking the seal and the approvals of the plan against the keys in this program's own
// configuration; writing the intent of a step to the journal before it and its outcome after it, so that a kill at any
// instant neither loses a step nor does it twice; looking the account up right before the action and refusing it when it
// is no longer what was approved; reading it back afterwards, because an action counts as done only when it is seen to
// be; undoing.
//
// What does not: the actions themselves (actuators), decisions and limits (policies), and anything that the nightly
// program needs, for it cannot import from here.
//
// There is no executor yet.
package execute
