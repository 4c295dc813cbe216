package join

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/fixtures/join"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/table"
)

// TestMain runs leaver's side of the benchmark when the benchmark starts this program again for it.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "judge" {
		runtime.GOMAXPROCS(2)
		debug.SetGCPercent(30) // as cmd/leaver does
		if err := judge(context.Background(), os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const peopleConfig = `path: ` + join.People + `
columns: {id: employee_id, given_name: given_name, family_name: family_name, mail: mail, start: start_date, end: last_day}
last_day: inclusive`

const accountConfig = `path: ` + join.Accounts + `
columns: {id: account_id, login: login, employee_id: employee_number, mail: mail, enabled: enabled}`

// judge reads both files of dir and writes the findings to out, in the form of join.Expected.
func judge(ctx context.Context, dir, out string) error {
	settings := reconcile.Settings{AsOf: join.AsOf(), Zone: time.UTC, Keys: []string{reconcile.KeyEmployeeID, reconcile.KeyMail},
		PeopleComplete: true}
	roster, err := readPeople(ctx, dir, settings)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	return errors.Join(judgeAccounts(ctx, dir, reconcile.NewEngine(settings, roster), w), w.Flush(), f.Close())
}

func readPeople(ctx context.Context, dir string, settings reconcile.Settings) (*reconcile.Roster, error) {
	source, err := table.Kind().People(decode(peopleConfig), env(dir))
	if err != nil {
		return nil, err
	}
	b := reconcile.NewRoster(settings, reconcile.History{})
	coverage, err := scanners.ScanBatches(ctx, source, func(people []scanners.Person) error {
		for i := range people {
			people[i].System = "hr"
			b.Add(people[i])
		}
		return nil
	})
	return b.Build(), complete(coverage, err)
}

// judgeAccounts reads the accounts and judges them as they come.
func judgeAccounts(ctx context.Context, dir string, engine *reconcile.Engine, out *bufio.Writer) error {
	source, err := table.Kind().Accounts(decode(accountConfig), env(dir))
	if err != nil {
		return err
	}
	var all []*scanners.Account
	coverage, err := scanners.ScanBatches(ctx, source, func(accounts []scanners.Account) error {
		all = all[:0]
		for i := range accounts {
			accounts[i].System = "app"
			all = append(all, &accounts[i])
		}
		return engine.JudgeAll(all, func(o *reconcile.Outcome) error { return write(out, o) })
	})
	return complete(coverage, err)
}

// write writes a finding as join.Expected has it. A kind that ought not to be there is written as it is.
func write(out *bufio.Writer, o *reconcile.Outcome) error {
	kind, who := string(o.Kind()), "-"
	switch o.Kind() {
	case reconcile.KindNone:
		return nil
	case reconcile.LeaverActive:
		kind = "leaver"
		_, who, _ = o.Owner()
	}
	for _, text := range [...]string{o.Account().ID, ",", o.Account().Login(), ",", kind, ",", who, "\n"} {
		if _, err := out.WriteString(text); err != nil {
			return err
		}
	}
	return nil
}

// complete refuses a scan that did not read everything.
func complete(c scanners.Coverage, err error) error {
	if err == nil && (!c.Verdict.Complete() || c.Rejected > 0 || c.Digest == "") {
		err = fmt.Errorf("not everything was read: %+v", c)
	}
	return err
}

func decode(config string) scanners.Decode {
	return func(into any) error { return yaml.Unmarshal([]byte(config), into) }
}

func env(dir string) scanners.Env {
	return scanners.Env{Log: slog.New(slog.DiscardHandler), Now: join.AsOf, Zone: time.UTC,
		Path:   func(path string) string { return filepath.Join(dir, path) },
		Reject: func(r scanners.Rejection) error { return fmt.Errorf("%s: %s", r.Place, r.Reason) }}
}
