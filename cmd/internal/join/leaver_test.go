package join

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/sync/errgroup"

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
	coverage, err := source.Scan(ctx, func(p scanners.Person) error {
		p.System = "hr"
		b.Add(p)
		return nil
	})
	return b.Build(), complete(coverage, err)
}

// judgeAccounts reads the accounts and has two goroutines judge them, some at a time.
func judgeAccounts(ctx context.Context, dir string, engine *reconcile.Engine, out *bufio.Writer) error {
	source, err := table.Kind().Accounts(decode(accountConfig), env(dir))
	if err != nil {
		return err
	}
	batches, used := make(chan []scanners.Account, judges), make(chan []scanners.Account, 2*judges+1)
	for range cap(used) {
		used <- make([]scanners.Account, 0, judgedAtOnce)
	}
	var group errgroup.Group
	var writing sync.Mutex
	for range judges {
		group.Go(func() error {
			var failed error
			for accounts := range batches {
				text := findings(engine, accounts)
				writing.Lock()
				_, err := out.Write(text)
				writing.Unlock()
				failed = cmp.Or(failed, err)
				used <- accounts[:0]
			}
			return failed
		})
	}
	accounts := <-used
	coverage, err := source.Scan(ctx, func(a scanners.Account) error {
		a.System = "app"
		if accounts = append(accounts, a); len(accounts) == judgedAtOnce {
			batches <- accounts
			accounts = <-used
		}
		return nil
	})
	batches <- accounts
	close(batches)
	return cmp.Or(group.Wait(), complete(coverage, err))
}

// judges is how many goroutines judge, judgedAtOnce how many accounts they are handed at once.
const (
	judges       = 2
	judgedAtOnce = 64
)

// findings gives the findings on accounts as join.Expected has them. A kind that ought not to be there is written as it is.
func findings(engine *reconcile.Engine, accounts []scanners.Account) []byte {
	var text []byte
	var all [judgedAtOnce]*scanners.Account
	for i := range accounts {
		all[i] = &accounts[i]
	}
	engine.Ahead(all[:len(accounts)])
	for i := range accounts {
		v := engine.Judge(&accounts[i])
		kind, who := string(v.Kind), "-"
		switch v.Kind {
		case reconcile.KindNone:
			continue
		case reconcile.LeaverActive:
			kind, who = "leaver", v.Person.ID
		}
		text = fmt.Appendf(text, "%s,%s,%s,%s\n", v.Account.ID, v.Account.Login(), kind, who)
	}
	return text
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
