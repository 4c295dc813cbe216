package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

// emergencyPatience is how long an emergency waits for one source unless --patience says otherwise.
const emergencyPatience = 10 * time.Minute

func (a *app) emergencyCommand() *cobra.Command {
	var asJSON bool
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "emergency PERSON",
		Short: "List at once everything that one person holds, in all systems, in the order in which to shut it",
		Long: `Reads every source now, looks up again what only the last accepted runs knew, and lists the accounts that the person holds, those
that they answer for as owner or sponsor, and those that may be theirs. PERSON is an employee id, source/id or a mail address; when
it means several people they are listed, and none is chosen.

It works while a run holds the lock, no gate stops it, and a source that cannot be read holds up no other: it is named, and the exit
code is 3. Nothing is changed anywhere, but for a record in the audit log that somebody asked.`,
		Example: `  leaver emergency jane.doe@example.com
  leaver emergency hr/1042 --patience 30s --json | jq -r '.accounts[] | select(.enabled != "disabled") | [.source, .login] | @tsv'`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.emergency(cmd.Context(), names[0], patience, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().DurationVar(&patience, "patience", emergencyPatience, "give up a source that takes longer, and look its accounts up one by one")
	return cmd
}

func (a *app) emergency(ctx context.Context, name string, patience time.Duration, asJSON bool) error {
	if strings.TrimSpace(name) == "" {
		return usageError{fmt.Errorf("emergency: PERSON is empty")}
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	store, err := runstore.Open(c.State)
	if err != nil {
		return err
	}
	defer store.Close()
	release, err := store.LockEmergency(ctx, func() { fmt.Fprintln(a.err, "another emergency is under way; waiting for its end") })
	if err != nil {
		return err
	}
	defer func() { _ = release() }() // else the system frees it with the process
	j := a.job(c, nil, store)
	found, err := j.Emergency(ctx, name, patience)
	j.Progress.Close()
	if several := (*job.AmbiguousError)(nil); errors.As(err, &several) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if !found.Complete {
		a.code = exitIncomplete
	}
	if err := a.printEmergency(found, asJSON); err != nil {
		return err
	}
	// The list comes first: whoever needs it must not wait for a state that is busy.
	if err := j.Recorded(ctx, found); err != nil {
		return fmt.Errorf("the list stands, but the audit log has no record of it: %w", err)
	}
	return nil
}

func (a *app) printEmergency(e *job.Emergency, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, e)
	}
	p := e.Person
	fmt.Fprintf(a.out, "%s  %s  %s%s, as read %s\n", p.Ref, reports.Visible(p.Name), p.State, reports.Visible(withComma(p.Department)), stamp(e.AsOf))
	if len(p.Also) > 0 {
		fmt.Fprintf(a.out, "  one human with %s\n", strings.Join(p.Also, ", "))
	}
	for _, list := range []struct {
		what    string
		sources []job.SourceResult
	}{{"people", e.People}, {"accounts", e.Sources}} {
		for _, s := range list.sources {
			switch {
			case s.Blind:
				fmt.Fprintf(a.out, "  NOT LOOKED AT (%s)  %s: %s\n", list.what, s.Name, oneLine(s.Why))
			case !s.Complete:
				fmt.Fprintf(a.out, "  LOOKED AT IN PART (%s)  %s: %s\n", list.what, s.Name, oneLine(s.Why))
			}
		}
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(a.out, "  note: %s\n", oneLine(w))
	}
	for _, list := range []struct {
		tie  reconcile.Tie
		head string
	}{{reconcile.TieHolds, "HOLDS"}, {reconcile.TieAnswersFor, "ANSWERS FOR, as owner or sponsor"}, {reconcile.TieMayHold, "MAY HOLD: a person has to decide whose it is"}} {
		if err := printTied(a.out, list.head, list.tie, e.Accounts); err != nil {
			return err
		}
	}
	return printByHand(a.out, e)
}

func withComma(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text
}

func oneLine(text string) string { return reports.Visible(strings.ReplaceAll(text, "\n", " ")) }

func printTied(w io.Writer, head string, tie reconcile.Tie, accounts []job.EmergencyAccount) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	n := 0
	for _, a := range accounts {
		if a.Tie != tie {
			continue
		}
		if n++; n == 1 {
			fmt.Fprintf(table, "\n%s\n  \tSOURCE\tACCOUNT\tLOGIN\tSTATE\tPRIVILEGED\tKIND\tRIGHTS\tLAST USE\tSEEN\tWHY\n", head)
		}
		used := "–"
		if !a.LastUse.IsZero() {
			used = a.LastUse.UTC().Format("2006-01-02 15:04")
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", n, a.Source, reports.Visible(a.Account), reports.Visible(a.Login), a.Enabled,
			a.Privileged, a.Kind, len(a.Grants), used, seenText(a), oneLine(a.Why+authority(a)+notSeen(a)))
	}
	if n == 0 {
		fmt.Fprintf(w, "\n%s: none\n", head)
	}
	return table.Flush()
}

// authority says where an account has to be disabled that another directory owns.
func authority(a job.EmergencyAccount) string {
	if a.Authority == "" {
		return ""
	}
	return "; synchronised: disable it in " + a.Authority
}

// notSeen says why an account could not be looked at.
func notSeen(a job.EmergencyAccount) string {
	if a.Seen != job.NotLookedAt {
		return ""
	}
	return "; " + cmp.Or(a.SeenWhy, "no answer")
}

func seenText(a job.EmergencyAccount) string {
	switch a.Seen {
	case job.Now:
		return "now"
	case job.Gone:
		return "gone; run " + a.KnownBy + " saw it"
	default:
		return "NOT LOOKED AT, as of run " + a.KnownBy
	}
}

// printByHand says what is left to people: this version changes nothing.
func printByHand(w io.Writer, e *job.Emergency) error {
	steps := []string{
		"Disable what the person HOLDS, from the top; lock, do not delete: the account is evidence. One that is synchronised, in its own directory.",
		"End their sessions and take back tokens, keys and devices: a disabled account may stay signed in.",
		"For what they ANSWER FOR: change the passwords and keys that they know, and name another owner. Do not disable it unseen.",
		"Decide about what they MAY HOLD, with whoever runs the system.",
	}
	if !e.Complete {
		steps = append(steps, "Look by hand into every source that is named above as not looked at or looked at in part.")
	}
	steps = append(steps, "Run this again until everything that they hold is disabled or gone.")
	fmt.Fprintln(w, "\nTO DO BY HAND: leaver changed nothing")
	for i, step := range steps {
		if _, err := fmt.Fprintf(w, "  %d. %s\n", i+1, step); err != nil {
			return err
		}
	}
	return nil
}
