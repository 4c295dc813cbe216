// Leaver-remediate carries out one approved plan: it locks, revokes, reclaims or deletes the accounts that the plan
// names, reads each of them back, and writes down what it did and saw.
//
// It is a program of its own so that the nightly one, leaver, need not be able to change anything: leaver does not
// contain the code. The two may run as different users of the operating system. What passes between them is signed
// files, and this program will trust the approver keys of its own configuration alone.
//
// This version carries out nothing. It refuses every plan with exit code 6, "plan or approval missing, altered, expired
// or stale", so that a script written for it today does not take silence for success.
//
//	leaver-remediate PLAN       refused in this version, exit code 6
//	leaver-remediate version    prints the version
//	leaver-remediate --help     prints this usage
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
)

// stamped is the version, set by the linker ("-X main.stamped=1.2.3"); empty in a build without it.
var stamped string

// exitRefused is the exit code for a plan that may not be carried out.
const exitRefused = 6

const usage = `Leaver-remediate carries out one approved plan made by leaver.
This version carries out nothing: it refuses every plan with exit code 6.

Usage:
  leaver-remediate PLAN       refused in this version
  leaver-remediate version    print the version
  leaver-remediate --help     print this text
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program without the process around it. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 {
		switch args[0] {
		case "version", "--version":
			fmt.Fprintf(stdout, "leaver-remediate %s\n", cmp.Or(stamped, "devel"))
			return 0
		case "help", "--help", "-h":
			fmt.Fprint(stdout, usage)
			return 0
		}
	}
	fmt.Fprintln(stderr, refusal(args))
	return exitRefused
}

// refusal names what was asked for and says why it is not done.
func refusal(args []string) string {
	asked := "no plan given"
	if len(args) > 0 {
		asked = fmt.Sprintf("%q", args[len(args)-1])
	}
	return "leaver-remediate: " + asked + ": this version cannot remediate, no account was changed\n" +
		"hint: act on the findings by hand, from the report of leaver; the next run of leaver shows what is left"
}
