package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

func (a *app) explainCommand() *cobra.Command {
	var run string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain ACCOUNT",
		Short: "Tell why an account got its verdict: keys, facts, rules, and what would change it",
		Long: `Judges the account again from what the run sealed, and prints every step. ACCOUNT is an immutable id or a login,
alone or after the name of its source and a slash.`,
		Example: "  leaver explain jdoe\n  leaver explain crm/A-1001",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			_, store, err := a.store()
			if err != nil {
				return err
			}
			defer store.Close()
			var which []string
			if run != "" {
				which = []string{run}
			}
			folder, info, err := judged(cmd.Context(), store, which)
			if err != nil {
				return err
			}
			sealed, err := job.Reopen(cmd.Context(), folder)
			if err != nil {
				return err
			}
			list, err := sealed.Explain(cmd.Context(), names[0])
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return fmt.Errorf("run %s saw no account %q\nhint: use its login or id as the source writes it; \"leaver findings\" lists those with findings", info.ID, names[0])
			}
			if asJSON {
				return printJSON(a.out, list)
			}
			for i := range list {
				explain(a.out, &list[i], sealed.Inputs.AsOf)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "the run; the last accepted one by default")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return cmd
}

// explain writes one explanation as text.
func explain(w io.Writer, x *job.Explanation, asOf time.Time) {
	v, a := &x.Verdict, x.Verdict.Account
	fmt.Fprintf(w, "%s/%s  %s\n", a.System, a.ID, reports.Visible(strings.TrimSpace(a.Login()+"  "+a.DisplayName)))
	if v.Kind == reconcile.KindNone {
		fmt.Fprintf(w, "  no finding as of %s\n", stamp(asOf))
	} else {
		fmt.Fprintf(w, "  %s, %s, as of %s: %s\n", v.Kind, v.Severity, stamp(asOf), v.Why)
	}
	if flags := v.Flags.List(); len(flags) > 0 {
		fmt.Fprintf(w, "  flags: %s\n", strings.Join(flags, ", "))
	}
	explainOwner(w, x)
	explainSuggestions(w, v)
	explainFacts(w, a)
	explainTests(w, x)
	explainDecision(w, x)
	fmt.Fprintln(w)
}

func explainOwner(w io.Writer, x *job.Explanation) {
	fmt.Fprintf(w, "\n  keys tried (situation: %s)\n", x.Verdict.Situation)
	if len(x.Keys) == 0 {
		fmt.Fprintln(w, "    none: the account carries no value of any correlation key")
	}
	for _, k := range x.Keys {
		named := "names nobody"
		if len(k.Named) > 0 {
			named = "names " + strings.Join(k.Named, " and ")
		}
		fmt.Fprintf(w, "    %-12s %q, compared as %q: %s\n", k.Key, k.Value, k.Normalised, named)
		if k.Note != "" {
			fmt.Fprintf(w, "    %-12s %s\n", "", k.Note)
		}
	}
	for _, ref := range x.Unresolved {
		fmt.Fprintf(w, "    %-12s %q leads to nobody\n", "reference", ref)
	}
	explainCandidates(w, &x.Verdict)
	p := x.Verdict.Person
	if p == nil {
		return
	}
	fmt.Fprintf(w, "\n  person %s  %s, found by %s\n", p.Ref(), reports.Visible(p.Name()), x.Verdict.MatchedBy)
	for _, ref := range p.Also {
		fmt.Fprintf(w, "    also         %s: the same names and a key in common, without a long gap between the employments\n", ref)
	}
	fmt.Fprintf(w, "    state        %s", p.State)
	if p.Status != "" {
		fmt.Fprintf(w, " (HR writes %q)", p.Status)
	}
	fmt.Fprintln(w)
	for _, e := range p.Employments {
		fmt.Fprintf(w, "    employment   from %s, %s\n", dateText(e.Start), endText(e))
	}
	if p.End.Ended() {
		fmt.Fprintf(w, "    ended        %s in zone %s\n", stamp(p.End.At), p.Zone)
	}
	explainLateness(w, &x.Verdict)
	if p.Remembered {
		fmt.Fprintf(w, "    last seen    %s; no people source shows this person now\n", stamp(p.LastSeen))
	}
	if p.Conflict != "" {
		fmt.Fprintf(w, "    conflict     %s\n", p.Conflict)
	}
	if p.Former != "" {
		fmt.Fprintf(w, "    former id    %s: HR changed the leading zeros\n", p.Former)
	}
	switch p.Rehire {
	case "":
	case p.Ref():
		fmt.Fprintln(w, "    rehire?      HR states a later employment of this person")
	default:
		fmt.Fprintf(w, "    rehire?      %s may be the same human\n", p.Rehire)
	}
}

// explainCandidates tells where everyone stands whom the keys of a disputed account name.
func explainCandidates(w io.Writer, v *reconcile.Verdict) {
	if len(v.Candidates) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  the people in question; an entry in the link table says whose it is\n")
	for _, c := range v.Candidates {
		fmt.Fprintf(w, "    %s  %s, %s, by %s\n", c.Person.Ref(), reports.Visible(c.Person.Name()), c.Person.State, c.Key)
	}
}

// explainLateness splits the days since the end into those before HR showed it and those after.
func explainLateness(w io.Writer, v *reconcile.Verdict) {
	days, known := v.DaysLate.Get()
	hr, split := v.DaysLateHR.Get()
	switch {
	case !known:
	case !split:
		fmt.Fprintf(w, "    days late    %d; how many of them HR took is not known: %s\n", days, v.DaysLateHR.Reason)
	default:
		fmt.Fprintf(w, "    days late    %d: %d before HR showed the end (first seen %s), %d since\n", days, hr, stamp(v.Person.EndShown), days-hr)
	}
}

// explainSuggestions lists who may own an orphan.
func explainSuggestions(w io.Writer, v *reconcile.Verdict) {
	if len(v.Suggestions) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  suggestions (guesses for a person to decide on; they decide nothing)\n")
	for _, s := range v.Suggestions {
		fmt.Fprintf(w, "    %2d %%  %s  %s, %s\n", s.Percent, s.Person.Ref(), reports.Visible(s.Person.Name()), s.Person.State)
		for _, reason := range s.Reasons {
			fmt.Fprintf(w, "          %s\n", reports.Visible(reason))
		}
	}
	if v.LikelyMiskeyed() {
		fmt.Fprintln(w, "    likely mis-keyed, not ownerless: the likeliest owner has not left, so this is never due by itself")
	}
}

func explainFacts(w io.Writer, a *scanners.Account) {
	fmt.Fprintf(w, "\n  facts\n")
	kind := string(a.Kind)
	if kind == "" {
		kind = "person"
	}
	if a.KindWhy != "" {
		kind += " (" + a.KindWhy + ")"
	}
	fmt.Fprintf(w, "    kind         %s\n", kind)
	fmt.Fprintf(w, "    enabled      %s\n", factText(a.Enabled, yesNo))
	privileged := factText(a.Privileged, yesNo)
	if a.PrivilegedWhy != "" {
		privileged += " (" + reports.Visible(a.PrivilegedWhy) + ")"
	}
	fmt.Fprintf(w, "    privileged   %s\n", privileged)
	if a.Expires.IsKnown() {
		fmt.Fprintf(w, "    expires      %s\n", stamp(a.Expires.Value))
	}
	if scanners.Is(a.Locked, true) {
		fmt.Fprintln(w, "    locked       yes: bad passwords keep it shut for a while, which disables nothing")
	}
	if n, known := a.FailedLogins.Get(); known && n > 0 {
		fmt.Fprintf(w, "    failed       %d sign-ins\n", n)
	}
	fmt.Fprintf(w, "    disabled at  %s\n", factText(a.DisabledAt, stamp))
	fmt.Fprintf(w, "    created      %s\n", factText(a.Created, stamp))
	if len(a.Signals) == 0 {
		fmt.Fprintln(w, "    last use     unknown: the source gives no sign of use")
	}
	for _, s := range a.Signals {
		text := factText(s.At, stamp)
		if s.Precision > 0 && s.At.IsKnown() {
			text += fmt.Sprintf(", may be up to %s later", config.FormatDuration(s.Precision))
		}
		fmt.Fprintf(w, "    last use     %s (%s)\n", text, s.Name)
	}
}

func explainTests(w io.Writer, x *job.Explanation) {
	fmt.Fprintf(w, "\n  tests, in order\n")
	for _, t := range x.Tests {
		if !t.Holds {
			fmt.Fprintf(w, "    no   %-16s it takes %s\n", t.Kind, t.Needs)
			continue
		}
		fmt.Fprintf(w, "    YES  %-16s %s\n", t.Kind, t.Why)
		fmt.Fprintf(w, "         %-16s would end if %s\n", "", t.Unless)
	}
	for _, c := range x.Ahead {
		on := ""
		if !c.At.IsZero() {
			on = " on " + stamp(c.At)
		}
		fmt.Fprintf(w, "    ahead: becomes %s%s: %s\n", c.Kind, on, c.Why)
	}
}

func explainDecision(w io.Writer, x *job.Explanation) {
	fmt.Fprintf(w, "\n  decision: %s", x.Decision.Kind)
	if x.Decision.Why != "" && x.Decision.Kind == policies.Excluded {
		fmt.Fprintf(w, "%s", strings.TrimPrefix(x.Decision.Why, "excluded"))
	} else if x.Decision.Why != "" {
		fmt.Fprintf(w, ": %s", x.Decision.Why)
	}
	fmt.Fprintln(w)
	if x.Decision.OneByOne != "" {
		fmt.Fprintf(w, "    for approval by itself: %s\n", x.Decision.OneByOne)
	}
	explainStages(w, x.Decision.Stages)
	for _, e := range x.Exclusions {
		fmt.Fprintf(w, "    exclusion %s matches (%s: %s, until %s)\n", e.ID, e.Owner, e.Reason, stamp(e.Expires))
	}
	for _, r := range x.Rules {
		word := "does not select"
		if r.Selects {
			word = "selects"
		}
		fmt.Fprintf(w, "    rule %q (%s) %s it\n", r.Rule.Name, r.Rule.Place, word)
		for _, c := range r.Clauses {
			mark := "no "
			if c.Holds {
				mark = "yes"
			}
			fmt.Fprintf(w, "      %s  %s: wants %s, has %s\n", mark, c.Name, c.Wants, c.Has)
		}
	}
}

// explainStages lists the stages of a graceful rule, what each takes of what the account holds, and who takes over.
func explainStages(w io.Writer, p *policies.Progress) {
	if p == nil {
		return
	}
	for _, s := range p.Steps {
		mark := "      "
		if s.Stage == p.Stage {
			mark = "    > "
		}
		fmt.Fprintf(w, "%sstage %-12s %s  %s, %s\n", mark, reports.Visible(s.Stage), stamp(s.At), s.Action, s.State)
		if !s.Done.IsZero() {
			fmt.Fprintf(w, "        done       since %s\n", stamp(s.Done))
		}
		for _, list := range []struct {
			word   string
			rights []policies.Right
		}{{"takes", s.Removes}, {"leaves", s.Stays}, {"not removable", s.Stuck}} {
			for _, r := range list.rights {
				fmt.Fprintf(w, "        %-13s %s\n", list.word, reports.Visible(r.String()))
			}
		}
	}
	if h := p.HandOver; h != (policies.HandOver{}) {
		fmt.Fprintf(w, "      hand-over to %s\n", reports.Visible(h.String()))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func factText[T any](f scanners.Fact[T], text func(T) string) string {
	switch {
	case f.IsKnown():
		return text(f.Value)
	case f.IsNever():
		return "never"
	case f.Reason != "":
		return "unknown: " + f.Reason
	default:
		return "unknown"
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func dateText(f scanners.Fact[scanners.Date]) string { return factText(f, scanners.Date.String) }

func endText(e scanners.Employment) string {
	switch {
	case e.End.IsNever():
		return "no end"
	case !e.End.IsKnown():
		return "end " + dateText(e.End)
	case e.LastDayInclusive:
		return "last day of work " + e.End.Value.String()
	default:
		return "without employment from " + e.End.Value.String() + " on"
	}
}
