package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/notify"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
)

// noticePatience bounds all attempts to deliver one notice: the lock of the state is held meanwhile.
const noticePatience = 20 * time.Second

// mostFailedNotices is after how many notices in a row that did not get through the others wait for the next run.
const mostFailedNotices = 3

// notices sends what the rules want told after an accepted run, one mail to each person, and records each once it went out. What
// does not get through starts no clock; it is wanted again by the next run.
func (n *announcement) notices(ctx context.Context, info *runstore.Info) {
	how := n.job.Config.Notify.Notices
	if how == nil || info.Status != runstore.Accepted {
		return
	}
	wanted, accounts, err := n.wantedNotices(ctx, info, how)
	switch {
	case err != nil:
		n.note("notices", err)
		return
	case accounts > how.Most:
		n.undelivered += len(wanted)
		n.log.Warn("no notice was sent: there are more than notify.notices.most allows", "accounts", accounts, "most", how.Most)
		return
	}
	sender := n.sender
	sender.Patience = noticePatience
	failed := 0
	for _, to := range slices.Sorted(maps.Keys(wanted)) {
		if failed == mostFailedNotices || ctx.Err() != nil {
			n.undelivered++
			continue
		}
		err := n.broken
		if err == nil {
			err = n.sendNotice(ctx, sender, info, how, to, wanted[to])
		}
		if failed++; err == nil {
			failed = 0
		}
		n.note("notice", withoutAddress(err, to))
	}
}

// withoutAddress is an error that does not show an address, which a server may quote.
func withoutAddress(err error, address string) error {
	if err == nil || !strings.Contains(err.Error(), address) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), address, "the recipient"))
}

// wantedNotices are the rows whose decisions wait for a notice that can be sent, by address. Others are counted in the log; the
// report says of each why nobody was told.
func (n *announcement) wantedNotices(ctx context.Context, info *runstore.Info, how *config.Notices) (wanted map[string][]reports.Row, accounts int, err error) {
	folder, err := n.job.Store.Folder(ctx, info.ID)
	if err != nil {
		return nil, 0, err
	}
	wanted = map[string][]reports.Row{}
	nobody, outside := 0, 0
	for row, err := range folder.Reported() {
		if err != nil {
			return nil, 0, err
		}
		switch notice := row.Decision.Notice; {
		case notice == nil:
		case notice.Mail == "":
			nobody++
		case !how.Allows(notice.Mail):
			outside++
		default:
			wanted[notice.Mail] = append(wanted[notice.Mail], row)
			accounts++
		}
	}
	if nobody+outside > 0 {
		n.log.Warn("decisions wait for a notice that cannot be sent", "without a recipient", nobody, "outside of notify.notices.domains", outside)
	}
	return wanted, accounts, nil
}

// sendNotice tells one person and records it. It holds the lock of the state: no notice goes out that could not be recorded because
// a run is under way. Killed between the two, it goes out again after the next run, under the same id.
func (n *announcement) sendNotice(ctx context.Context, sender notify.Sender, info *runstore.Info, how *config.Notices, to string, rows []reports.Row) error {
	box, err := n.mailbox(how.Mail)
	if err != nil {
		return err
	}
	release, err := n.job.Store.Lock(n.now())
	if err != nil {
		return err
	}
	defer func() { n.note("lock", release()) }()
	message := notify.Notice{Organisation: n.job.Config.Organisation, From: how.From, To: to}
	var told []runstore.Told
	for i := range rows {
		row := &rows[i]
		one := notify.Account{Finding: row.ID(), System: row.Account.System, Login: cmp.Or(row.Account.Login(), row.Account.ID), Kind: string(row.Kind),
			Rule: row.Decision.Rule, Action: row.Decision.Action, Earliest: row.Decision.Notice.Earliest}
		record := runstore.Told{Finding: row.ID(), Rule: row.Decision.Rule, To: to}
		if row.Person != nil {
			one.Owner, record.Person = row.Person.Name()+" ("+row.Person.Ref()+")", row.Person.Ref()
		}
		message.Accounts, told = append(message.Accounts, one), append(told, record)
	}
	if err := sender.Notice(ctx, box, message); err != nil {
		return err
	}
	at := n.now()
	for i := range told {
		told[i].At = at
	}
	_, err = n.job.Store.Tell(context.WithoutCancel(ctx), info.ID, n.job.Operator, told)
	return err
}
