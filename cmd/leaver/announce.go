package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/connect"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/metrics"
	"github.com/leaver-audit/leaver/cmd/internal/notify"
	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

// announcement tells those whom the configuration names under notify of one run. Nothing that fails in it makes the run
// fail: it is logged, and counted in the metrics.
type announcement struct {
	job    *job.Job
	log    *slog.Logger
	now    func() time.Time
	sender notify.Sender
	broken error
	// began is when the run got the lock; the zero time when it never did, and then there is nothing to tell.
	began       time.Time
	took        *stopwatch
	undelivered int
}

const (
	// startPatience bounds the ping before a run, which waits for it; lastPatience all that is sent after an interruption.
	startPatience = 10 * time.Second
	lastPatience  = 10 * time.Second
)

// announce prepares to tell of the run of j: it pings when the run begins and times its scans.
func (a *app) announce(j *job.Job) *announcement {
	n := &announcement{job: j, log: j.Log, now: a.now, sender: notify.Sender{Now: a.now, Proxy: j.Config.Notify.Proxy}}
	if path := j.Config.Notify.CAFile; path != "" {
		n.sender.Roots, n.broken = connect.Roots(path)
	}
	n.took = &stopwatch{Progress: j.Progress, took: map[string]time.Duration{}}
	j.Progress = n.took
	ready := j.Locked
	j.Locked = func(ctx context.Context) error {
		if ready != nil {
			if err := ready(ctx); err != nil {
				return err
			}
		}
		n.began = n.now()
		ctx, cancel := context.WithTimeout(ctx, startPatience)
		defer cancel()
		n.ping(ctx, "start", j.Config.Notify.Ping.Start)
		return nil
	}
	return n
}

// night reports whether the run is one that may be accepted: all sources, as of now. Others are somebody's look at
// something, and neither the dead man's switch nor the metrics are told of them.
func (n *announcement) night() bool { return len(n.job.Only) == 0 && n.job.AsOf.IsZero() }

// end tells of the end of the run. An interrupted one is only noted where machines look.
func (n *announcement) end(ctx context.Context, r *job.Result, code int) {
	if n.began.IsZero() || !n.night() && n.job.Schedule == "" {
		return
	}
	info, err := n.job.Store.Run(context.WithoutCancel(ctx), r.Run)
	if err != nil {
		info = &runstore.Info{ID: r.Run, AsOf: r.AsOf, Status: runstore.Failed}
	}
	if ctx.Err() != nil {
		var cancel func()
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastPatience)
		defer cancel()
		n.pingEnd(ctx, info.Status, code)
	} else {
		n.pingEnd(ctx, info.Status, code)
		n.send(ctx, n.messages(ctx, r, info, code))
		n.notices(ctx, info)
	}
	if path := n.job.Config.Notify.Metrics; path != "" && n.night() {
		if err := n.writeMetrics(ctx, path, r, info, code); err != nil {
			n.log.Warn("the metrics could not be written", "path", path, "error", err)
		}
	}
}

// pingEnd tells the dead man's switch how the night went. Only an accepted run that read everything is a success.
func (n *announcement) pingEnd(ctx context.Context, status runstore.Status, code int) {
	if status == runstore.Accepted && (code == exitOK || code == exitFindings) {
		n.ping(ctx, "success", n.job.Config.Notify.Ping.Success)
	} else {
		n.ping(ctx, "failure", n.job.Config.Notify.Ping.Failure)
	}
}

func (n *announcement) ping(ctx context.Context, what, address string) {
	if address == "" || !n.night() {
		return
	}
	err := n.broken
	if err == nil {
		err = n.pingAt(ctx, address)
	}
	n.note("ping "+what, err)
}

func (n *announcement) pingAt(ctx context.Context, address string) error {
	u, err := n.job.Config.Address(address)
	if err != nil {
		return err
	}
	return n.sender.Ping(ctx, u)
}

// note logs what did not get through.
func (n *announcement) note(what string, err error) {
	if err != nil {
		n.undelivered++
		n.log.Warn("not delivered", "to", what, "error", err)
	}
}

// messages are what there is to tell: the end of the run, and the decisions that become due soon.
func (n *announcement) messages(ctx context.Context, r *job.Result, info *runstore.Info, code int) []notify.Message {
	c := n.job.Config
	ended := notify.Message{ID: info.ID + "." + notify.RunEnded, Type: notify.RunEnded, Time: n.now().UTC().Truncate(time.Second), Organisation: c.Organisation,
		Host: n.job.Host, Run: info.ID, Schedule: n.job.Schedule, AsOf: info.AsOf, Status: string(info.Status), Exit: code, Missed: r.Missed,
		Trouble: code != exitOK && code != exitFindings || r.Missed > 0, Link: strings.ReplaceAll(c.Notify.Link, "{run}", info.ID)}
	if info.ID == "" {
		ended.ID = fmt.Sprintf("%s.%s", n.began.UTC().Format("20060102T150405.000Z"), notify.RunEnded)
	}
	for _, s := range slices.Concat(r.People.Sources, r.Sources) {
		ended.Sources = append(ended.Sources, notify.Source{Name: s.Name, Read: s.Read, Rejected: s.Rejected, Coverage: s.Coverage})
	}
	if info.Status.Finished() {
		ended.Findings, ended.Decisions = r.Findings, r.Decisions
	}
	all := []notify.Message{ended}
	if upcoming := n.upcoming(ctx, info); len(upcoming) > 0 {
		soon := ended
		soon.ID, soon.Type = info.ID+"."+notify.DecisionsUpcoming, notify.DecisionsUpcoming
		soon.Upcoming, soon.Within, soon.Sources, soon.Findings = upcoming, config.FormatDuration(c.Notify.Before), nil, nil
		all = append(all, soon)
	}
	return all
}

// upcoming counts, by source, the decisions of an accepted run whose grace ends soon.
func (n *announcement) upcoming(ctx context.Context, info *runstore.Info) map[string]int64 {
	before := n.job.Config.Notify.Before
	if info.Status != runstore.Accepted || before == 0 {
		return nil
	}
	folder, err := n.job.Store.Folder(ctx, info.ID)
	if err != nil {
		n.note("upcoming decisions", err)
		return nil
	}
	soon := map[string]int64{}
	for row, err := range folder.Reported() {
		if err != nil {
			n.note("upcoming decisions", err)
			return nil
		}
		if d := row.Decision; d.Kind == policies.InGrace && !d.Until.IsZero() && !d.Until.After(info.AsOf.Add(before)) {
			soon[row.Account.System]++
		}
	}
	return soon
}

// send delivers the messages to everybody who wants them, side by side: one that does not answer keeps nobody waiting.
func (n *announcement) send(ctx context.Context, messages []notify.Message) {
	type delivery struct {
		to   string
		send func() error
	}
	var list []delivery
	c := n.job.Config
	for _, m := range messages {
		for i, box := range c.Notify.Mail {
			if wants(box.On, m) {
				list = append(list, delivery{fmt.Sprintf("mail %d", i+1), func() error { return n.mail(ctx, box, m) }})
			}
		}
		for _, hook := range c.Notify.Webhooks {
			if wants(hook.On, m) {
				list = append(list, delivery{"webhook " + hook.Name, func() error { return n.post(ctx, hook, m) }})
			}
		}
	}
	failed := make([]error, len(list))
	var group sync.WaitGroup
	for i, d := range list {
		group.Go(func() {
			if failed[i] = n.broken; failed[i] == nil {
				failed[i] = d.send()
			}
		})
	}
	group.Wait()
	for i, d := range list {
		n.note(d.to, failed[i])
	}
}

// wants reports whether a target that is configured for the given events gets the message.
func wants(on []string, m notify.Message) bool {
	if m.Type == notify.DecisionsUpcoming {
		return slices.Contains(on, config.OnBefore)
	}
	return slices.Contains(on, config.OnAfter) || m.Trouble && slices.Contains(on, config.OnTrouble)
}

func (n *announcement) mail(ctx context.Context, box config.Mail, m notify.Message) error {
	to, err := n.mailbox(box)
	if err != nil {
		return err
	}
	return n.sender.Mail(ctx, to, m)
}

func (n *announcement) mailbox(box config.Mail) (notify.Mailbox, error) {
	to := notify.Mailbox{From: box.From, To: box.To, Host: box.Host, Port: box.Port, TLS: box.TLS, User: box.User}
	if box.Password != "" {
		password, err := n.job.Config.Secret(box.Password)
		if err != nil {
			return to, err
		}
		to.Password = password.Reveal()
	}
	return to, nil
}

func (n *announcement) post(ctx context.Context, hook config.Webhook, m notify.Message) error {
	address, err := n.job.Config.Address(hook.URL)
	if err != nil {
		return err
	}
	text, err := n.job.Config.Secret(hook.Secret)
	if err != nil {
		return err
	}
	secret, err := notify.Secret(text.Reveal())
	if err != nil {
		return err
	}
	return n.sender.Post(ctx, address, secret, m)
}

// writeMetrics replaces the text file of the metrics.
func (n *announcement) writeMetrics(ctx context.Context, path string, r *job.Result, info *runstore.Info, code int) error {
	now := n.now()
	m := metrics.Run{Version: version(), Ended: now, Took: now.Sub(n.began), Exit: code, Status: string(info.Status), Missed: r.Missed,
		Undelivered: n.undelivered, Findings: r.Findings, Decisions: r.Decisions}
	for i, s := range slices.Concat(r.People.Sources, r.Sources) {
		m.Sources = append(m.Sources, metrics.Source{Name: s.Name, People: i < len(r.People.Sources), Read: s.Read, Rejected: s.Rejected,
			Complete: s.Complete, Took: n.took.of(s.Name)})
	}
	for _, count := range n.upcoming(ctx, info) {
		m.Upcoming += count
	}
	last, err := n.job.Store.LatestAccepted(ctx)
	if err != nil {
		return err
	}
	if last != nil {
		m.LastSuccess = last.Ended
	}
	if m.Refusals, err = n.job.Store.CountRuns(ctx, runstore.Refused); err != nil {
		return err
	}
	if err := job.ReplaceFile(path, func(w io.Writer) error { return metrics.Write(w, m) }); err != nil {
		return err
	}
	return os.Chmod(path, 0o644) // counts only, for the user that node_exporter runs as
}

// stopwatch is a progress that notes how long each scan took.
type stopwatch struct {
	progress.Progress
	mu   sync.Mutex
	took map[string]time.Duration
}

// End implements progress.Progress.
func (s *stopwatch) End(source string, c scanners.Coverage, took time.Duration) {
	s.mu.Lock()
	s.took[source] = took
	s.mu.Unlock()
	s.Progress.End(source, c, took)
}

func (s *stopwatch) of(source string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took[source]
}
