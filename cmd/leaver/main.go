// Command leaver finds the accounts whose owner has left, or never was, and proves it.
//
// It is the detective half of the project: it reads people and accounts, joins them, applies rules and writes the
// termination report. It cannot change an account anywhere: the code that can is in leaver-remediate, a program of its
// own, and the build of this one refuses to link it.
//
// "leaver run" is the nightly job. Results go to standard output, progress and log to standard error, and the exit code is
// an interface (docs/exit-codes.md): an unknown code other than 0 has to be treated as failure.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	// A night holds the people and the findings and streams the rest, so collecting more often costs little time and
	// saves most of what the garbage would take. GOGC overrides it.
	if standard := debug.SetGCPercent(30); standard != 100 {
		debug.SetGCPercent(standard)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once, whatever it waits for.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
