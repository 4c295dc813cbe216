package job

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

// Difference is what changed between two runs. It is the object that "leaver diff --json" prints.
type Difference struct {
	From RunStand `json:"from"`
	To   RunStand `json:"to"`
	// Counts holds the number of findings by what became of them, zeros included.
	Counts map[reports.ChangeKind]int64 `json:"counts"`
	Links  LinkDrift                    `json:"links"`
	People PeopleDrift                  `json:"people"`
	// Changes lists the findings, persisting ones too, in the order of reports.
	Changes []reports.Change `json:"changes"`
}

// RunStand names one of the runs.
type RunStand struct {
	Run    string    `json:"run"`
	AsOf   time.Time `json:"as_of"`
	Status string    `json:"status"`
	// Incomplete names the account sources that the run did not read completely.
	Incomplete []string `json:"incomplete"`
}

// LinkDrift counts the accounts that both runs saw and linked differently.
type LinkDrift struct {
	// Both is the number of accounts that both runs saw.
	Both int64 `json:"both"`
	// Moved accounts have another owner than before, Lost ones none any more, Gained ones had none before.
	Moved  int64 `json:"moved"`
	Lost   int64 `json:"lost"`
	Gained int64 `json:"gained"`
	// List holds the first of them, ordered by source and account; Moved, Lost and Gained count them all.
	List []LinkChange `json:"list"`
}

// LinkChange is an account whose owner is not the one of the earlier run. Nothing else need have changed.
type LinkChange struct {
	Source  string `json:"source"`
	Account string `json:"account"`
	Login   string `json:"login"`
	// Before and Now are "source/id" of the owner, "" for none.
	Before string `json:"before"`
	Now    string `json:"now"`
}

// listedLinks is how many accounts with another owner are listed one by one.
const listedLinks = 200

// PeopleDrift counts people whose employment is not as it was.
type PeopleDrift struct {
	// Ended people were employed or about to be, and their employment is over; CameBack the reverse; New ones were not
	// known to the earlier run.
	Ended    int64 `json:"ended"`
	CameBack int64 `json:"came_back"`
	New      int64 `json:"new"`
}

// Diff compares two finished runs from what they sealed. The first must be the earlier one.
func Diff(ctx context.Context, store *runstore.Store, from, to *runstore.Info) (*Difference, error) {
	d := &Difference{From: runStand(from), To: runStand(to), Counts: map[reports.ChangeKind]int64{}}
	var folders [2]*runstore.Folder
	for i, info := range []*runstore.Info{from, to} {
		var err error
		if folders[i], err = store.Folder(ctx, info.ID); err != nil {
			return nil, err
		}
	}
	people, err := rosterOf(folders[1])
	if err != nil {
		return nil, err
	}
	before, after := standOf(folders[0], from.Sources), standOf(folders[1], to.Sources)
	before.renumbered = formerRefs(people)
	d.Changes, err = compare(ctx, before, after, func(map[string]struct{}) (map[string]string, error) {
		return reopenedBetween(ctx, store, from, to)
	})
	if err != nil {
		return nil, err
	}
	for _, kind := range reports.ChangeKinds() {
		d.Counts[kind] = 0
	}
	for _, c := range d.Changes {
		d.Counts[c.Change]++
	}
	if d.Links, err = linkDrift(ctx, before, after, parts(from, to)); err != nil {
		return nil, err
	}
	d.People, err = peopleDrift(folders[0], people)
	return d, err
}

func runStand(info *runstore.Info) RunStand {
	s := RunStand{Run: info.ID, AsOf: info.AsOf, Status: string(info.Status), Incomplete: []string{}}
	for _, source := range info.Sources {
		if !source.People && !source.Coverage.Verdict.Complete() {
			s.Incomplete = append(s.Incomplete, source.Name)
		}
	}
	return s
}

// reopenedBetween returns what the accepted runs after from, up to the one named to, noted as reopened when they ended.
func reopenedBetween(ctx context.Context, store *runstore.Store, from, to *runstore.Info) (map[string]string, error) {
	runs, err := store.AcceptedRuns(ctx)
	if err != nil {
		return nil, err
	}
	reopened := map[string]string{}
	for _, run := range runs {
		if !run.AsOf.After(from.AsOf) || run.AsOf.After(to.AsOf) {
			continue
		}
		folder, err := store.Folder(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		var report struct{ Changes *reports.Changes }
		if err := readJSON(folder.Path(FileReport), &report); err != nil {
			return nil, err
		}
		if report.Changes == nil {
			continue
		}
		for _, c := range report.Changes.List {
			if c.Change == reports.ChangeReopened {
				reopened[c.ID] = c.Why
			}
		}
	}
	return reopened, nil
}

// partAccounts is how many accounts are compared at a time: what bounds the memory of the comparison of links.
const partAccounts = 1 << 20

// parts is the number of parts in which the accounts of two runs are compared.
func parts(from, to *runstore.Info) uint64 {
	most := int64(0)
	for _, info := range []*runstore.Info{from, to} {
		all := int64(0)
		for _, source := range info.Sources {
			all += source.Accounts.Read
		}
		most = max(most, all)
	}
	return uint64(most/partAccounts) + 1
}

// linkDrift reads the links of both runs once per part, and holds those of one part as numbers.
func linkDrift(ctx context.Context, before, after stand, parts uint64) (LinkDrift, error) {
	d := LinkDrift{List: []LinkChange{}}
	drifted := map[runstore.AccountKey]struct{}{}
	for part := range parts {
		owners := map[uint64]uint64{}
		err := eachLink(ctx, before, func(_ runstore.AccountKey, account, owner uint64) {
			if account%parts == part {
				owners[account] = owner
			}
		})
		if err != nil {
			return d, err
		}
		err = eachLink(ctx, after, func(key runstore.AccountKey, account, owner uint64) {
			if was, both := owners[account]; both && d.add(was, owner) && len(drifted) < listedLinks {
				drifted[key] = struct{}{}
			}
		})
		if err != nil {
			return d, err
		}
	}
	return d, d.list(ctx, before, after, drifted)
}

// add counts an account of both runs and reports whether its owner is another one.
func (d *LinkDrift) add(was, is uint64) (drifted bool) {
	d.Both++
	switch {
	case was == is:
		return false
	case is == 0:
		d.Lost++
	case was == 0:
		d.Gained++
	default:
		d.Moved++
	}
	return true
}

// list names the drifted accounts and their owners.
func (d *LinkDrift) list(ctx context.Context, before, after stand, drifted map[runstore.AccountKey]struct{}) error {
	if len(drifted) == 0 {
		return nil
	}
	owners := map[runstore.AccountKey]string{}
	err := before.each(ctx, before.folder.Find(drifted), func(v *runstore.Verdict) { owners[keyOf(v)] = ownerOf(v) })
	if err != nil {
		return err
	}
	err = after.each(ctx, after.folder.Find(drifted), func(v *runstore.Verdict) {
		d.List = append(d.List, LinkChange{v.Source, v.Account, v.Login, owners[keyOf(v)], ownerOf(v)})
	})
	slices.SortFunc(d.List, func(x, y LinkChange) int {
		return cmp.Or(strings.Compare(x.Source, y.Source), strings.Compare(x.Account, y.Account))
	})
	return err
}

// eachLink shows every account of a run, and it and its owner as numbers, the owner 0 for none.
func eachLink(ctx context.Context, s stand, look func(key runstore.AccountKey, account, owner uint64)) error {
	for link, err := range s.folder.Links() {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ref, renumbered := s.renumbered[link.PersonSystem+"/"+link.Person]; renumbered {
			_, link.Person, _ = strings.Cut(ref, "/")
		}
		owner := uint64(0)
		if link.Person != "" {
			owner = max(1, number(link.PersonSystem, reconcile.Fold(link.Person)))
		}
		look(link.AccountKey, number(link.Source, link.Account), owner)
	}
	return nil
}

// number stands for a pair of names; two pairs share one with a chance of one in 2^64.
func number(system, id string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d:%s,%s", len(system), system, id)
	return h.Sum64()
}

// peopleDrift compares the people of the earlier run with those of the later one. Memory grows with people.
func peopleDrift(before *runstore.Folder, now *reconcile.Roster) (PeopleDrift, error) {
	var d PeopleDrift
	past, err := rosterOf(before)
	if err != nil {
		return d, err
	}
	gone := map[string]bool{}
	past.People(func(p *reconcile.Person) { gone[reconcile.Fold(p.Ref())] = p.Gone() })
	now.People(func(p *reconcile.Person) {
		was, known := gone[reconcile.Fold(p.Ref())]
		if !known && p.Former != "" {
			was, known = gone[reconcile.Fold(p.System+"/"+p.Former)]
		}
		switch {
		case !known:
			d.New++
		case p.Gone() && !was:
			d.Ended++
		case was && !p.Gone():
			d.CameBack++
		}
	})
	return d, nil
}

// rosterOf builds the people that a run knew.
func rosterOf(folder *runstore.Folder) (*reconcile.Roster, error) {
	sealed, err := unseal(folder)
	if err != nil {
		return nil, err
	}
	return sealed.roster, nil
}
