package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

func (a *app) linkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Keep the reviewed table of whose account is whose",
		Long: `The link table is the file that the key "links" of the configuration names. What it says of an account comes before every
key. An entry needs two people: who makes it, and a second one who is not its subject. A run uses the table as it is when
the run starts.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.linkListCommand(), a.linkAcceptCommand(), a.linkRejectCommand())
	return cmd
}

// linkFlags are the flags of the commands that make an entry.
type linkFlags struct{ by, second, reason, at, until, kind, review string }

func (l *linkFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.by, "by", "", "who decides")
	cmd.Flags().StringVar(&l.second, "second", "", "who approved it; not the subject")
	cmd.Flags().StringVar(&l.reason, "reason", "", "why")
	cmd.Flags().StringVar(&l.at, "at", "", "day from which it holds, as 2006-01-02; today by default")
	cmd.Flags().StringVar(&l.until, "until", "", "last day on which it holds, as 2006-01-02; without it the entry does not end")
}

func (a *app) linkAcceptCommand() *cobra.Command {
	var l linkFlags
	cmd := &cobra.Command{
		Use:   "accept SOURCE/ACCOUNT PERSON",
		Short: "Say that an account is a person's, or an accepted one that they answer for",
		Long: `Appends an entry to the link table: the account belongs to PERSON, written as people source and id with a slash between.
With --kind it is nobody's own, PERSON answers for it, and --review says by when somebody has to look at it again.
ACCOUNT is the immutable id, or a login of the last accepted run.`,
		Example: `  leaver link accept crm/A-1001 hr/4711 --by ann --second bob --reason "ticket 17: confirmed by her manager"
  leaver link accept crm/A-2002 hr/4711 --kind service --review 2027-06-30 --by ann --second bob --reason "interface to the bank"`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, names []string) error {
			entry := reconcile.Link{Person: names[1]}
			if l.kind != "" || l.review != "" {
				entry = reconcile.Link{Owner: names[1], Kind: scanners.AccountKind(l.kind)}
			}
			return a.addLink(cmd.Context(), names[0], entry, l)
		},
	}
	l.add(cmd)
	cmd.Flags().StringVar(&l.kind, "kind", "", "accept it as nobody's own: service, shared, guest, machine or test")
	cmd.Flags().StringVar(&l.review, "review", "", "with --kind: last day before it has to be looked at again, as 2006-01-02")
	return cmd
}

func (a *app) linkRejectCommand() *cobra.Command {
	var l linkFlags
	cmd := &cobra.Command{
		Use:     "reject SOURCE/ACCOUNT PERSON",
		Short:   "Say that an account is not a person's, whatever its keys say",
		Long:    `Appends an entry to the link table: PERSON, written as people source and id with a slash between, is no candidate for the account.`,
		Example: `  leaver link reject crm/A-1001 hr/4711 --by ann --second bob --reason "the address was his predecessor's"`,
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.addLink(cmd.Context(), names[0], reconcile.Link{Not: names[1]}, l)
		},
	}
	l.add(cmd)
	return cmd
}

func (a *app) addLink(ctx context.Context, account string, entry reconcile.Link, l linkFlags) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	source, id, found := strings.Cut(account, "/")
	if !found || id == "" {
		return usageError{fmt.Errorf("%q names no account\nhint: write source/account", account)}
	}
	entry.Source, entry.Account, entry.By, entry.Second, entry.Reason = source, id, l.by, l.second, l.reason
	if err := l.dates(c, &entry, a.now()); err != nil {
		return usageError{err}
	}
	if err := a.resolveLink(ctx, c, &entry); err != nil {
		return err
	}
	written, err := c.AddLink(entry)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s: account %q of %s %s; the next run uses it\n", written.Place, written.Account, written.Source, saying(&written))
	return nil
}

// dates reads the days of the flags. The last day of something is over when the next one begins.
func (l *linkFlags) dates(c *config.Config, entry *reconcile.Link, now time.Time) error {
	entry.At = scanners.DateOf(now.In(c.Zone)).Midnight(c.Zone)
	for _, d := range []struct {
		flag, text string
		into       *time.Time
		after      int
	}{{"at", l.at, &entry.At, 0}, {"until", l.until, &entry.Until, 1}, {"review", l.review, &entry.Review, 1}} {
		if d.text == "" {
			continue
		}
		date, err := scanners.ParseDate(d.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", d.flag, err)
		}
		*d.into = date.AddDays(d.after).Midnight(c.Zone)
	}
	return nil
}

// resolveLink replaces a login by the immutable id that it had in the last accepted run, and says when that run knows
// neither the account nor the person: an entry about nobody does nothing.
func (a *app) resolveLink(ctx context.Context, c *config.Config, entry *reconcile.Link) error {
	if _, err := os.Stat(c.State); err != nil {
		return nil // nothing to compare with before the first run
	}
	store, err := runstore.Open(c.State)
	if err != nil {
		return err
	}
	defer store.Close()
	info, err := store.LatestAccepted(ctx)
	if err != nil || info == nil {
		return err
	}
	folder, err := store.Folder(ctx, info.ID)
	if err != nil {
		return err
	}
	ids, err := job.AccountIDs(ctx, folder, entry.Source, entry.Account)
	switch {
	case err != nil:
		return err
	case len(ids) > 1:
		return fmt.Errorf("%q means %d accounts of %s: %s\nhint: use the immutable id", entry.Account, len(ids), entry.Source, strings.Join(ids, ", "))
	case len(ids) == 0:
		fmt.Fprintf(a.err, "note: run %s saw no account %q of %s\n", info.ID, entry.Account, entry.Source)
	default:
		entry.Account = ids[0]
	}
	history, err := store.History(ctx)
	if err == nil && !knows(history, entry.Subject()) {
		fmt.Fprintf(a.err, "note: run %s knows no person %s\n", info.ID, entry.Subject())
	}
	return err
}

func knows(history reconcile.History, ref string) bool {
	for i := range history.People {
		p := &history.People[i].Person
		if reconcile.Fold(p.System+"/"+p.ID) == reconcile.Fold(ref) {
			return true
		}
	}
	return false
}

func (a *app) linkListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print the link table, and which entries hold today",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			if c.LinksFile == "" {
				return errors.New("no link table is configured\nhint: make an empty file and name it, for example links: links.yaml")
			}
			table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(table, "SOURCE\tACCOUNT\tSAYS\tSTATE\tBY\tSECOND\tREASON\tPLACE")
			for i := range c.Links {
				l := &c.Links[i]
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Source, reports.Visible(l.Account), saying(l), linkState(l, a.now(), c.Zone),
					reports.Visible(l.By), reports.Visible(l.Second), reports.Visible(l.Reason), l.Place)
			}
			return table.Flush()
		},
	}
}

func saying(l *reconcile.Link) string {
	switch {
	case l.Person != "":
		return "is " + reports.Visible(l.Person) + "'s"
	case l.Not != "":
		return "is not " + reports.Visible(l.Not) + "'s"
	default:
		return fmt.Sprintf("is an accepted %s account, %s answers for it", l.Kind, reports.Visible(l.Owner))
	}
}

func linkState(l *reconcile.Link, now time.Time, zone *time.Location) string {
	switch {
	case now.Before(l.At):
		return "from " + l.At.In(zone).Format(time.DateOnly)
	case !l.Until.IsZero() && !now.Before(l.Until):
		return "expired"
	case !l.Review.IsZero() && !now.Before(l.Review):
		return "review due"
	case !l.Until.IsZero():
		return "until " + l.Until.Add(-time.Second).In(zone).Format(time.DateOnly)
	default:
		return "holds"
	}
}
