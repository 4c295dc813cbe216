package job

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
)

// standing says how links and exclusions stand tonight, for the audit log: whoever edits their files, the log tells when a
// run first went by it.
func (t *attempt) standing(f *found) []runstore.Standing {
	var list []runstore.Standing
	for _, l := range t.Config.Links {
		state := "accepted"
		if t.asOf.Before(l.At) || !l.Until.IsZero() && !t.asOf.Before(l.Until) {
			state = "expired"
		}
		facts := l
		facts.Place = ""
		list = append(list, runstore.Standing{What: "link", ID: fmt.Sprintf("%s/%s %s%s%s %s", l.Source, l.Account, l.Person, l.Owner, l.Not,
			l.At.UTC().Format("2006-01-02")), State: state, Facts: facts})
	}
	known := map[string]bool{}
	for _, use := range exclusionUse(t.Config.Exclusions, t.Rules, f, t.asOf) {
		if known[use.ID] {
			continue // two rules may have exclusions of one name, and what they hid is counted together
		}
		known[use.ID] = true
		state := "unused"
		switch {
		case use.Expired:
			state = "expired"
		case use.TooBroad != "":
			state = "too broad"
		case use.Hides > 0:
			state = "used"
		}
		list = append(list, runstore.Standing{What: "exclusion", ID: use.ID, State: state, Facts: policies.Exclusion{ID: use.ID, Owner: use.Owner,
			Reason: use.Reason, Expires: use.Expires, Approver: use.Approver, Source: use.Source, Account: use.Account, Person: use.Person,
			Group: use.Group, Pattern: use.Pattern, Regexp: use.Regexp, Applications: use.Applications, Broad: use.Broad}})
	}
	return list
}

// overrides are the gates that an override opened tonight, for the audit log.
func (t *attempt) overrides() []runstore.Entry {
	var list []runstore.Entry
	for _, g := range t.gate.results {
		if g.Result == reports.GateOpened {
			g.Place = ""
			list = append(list, runstore.Entry{Event: "gate.overridden", Reason: "gate " + g.Name, Facts: g})
		}
	}
	return list
}

// sendCheckpoint puts the checkpoint of the audit log where the configuration wants it.
func (t *attempt) sendCheckpoint() error {
	text := t.run.LogAfter().Text
	if t.Config.Checkpoints == "" || text == "" {
		return nil
	}
	err := os.MkdirAll(t.Config.Checkpoints, 0o700)
	if err == nil {
		err = ReplaceFile(filepath.Join(t.Config.Checkpoints, t.result.Run+".checkpoint"), func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("the run is accepted, but the checkpoint of its audit log could not be kept: %w\nhint: the state holds it too; "+
			"the next run writes its own", err)
	}
	return nil
}
