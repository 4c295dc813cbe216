package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/notify"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/scanners/all"
)

// postbox is an SMTP server on the loopback interface that takes mail without TLS, or refuses all of it.
type postbox struct {
	net.Listener
	mu      sync.Mutex
	refuses bool
	mails   []string
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{Listener: listener}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.talk(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return p
}

func (p *postbox) talk(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 post.example.com ESMTP\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		answer := "250 ok"
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); {
		case verb == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		case verb == "MAIL" && p.refusing():
			answer = "550 5.7.1 not today, and not for maria@example.com"
		case verb == "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			p.take(in)
		}
		fmt.Fprint(conn, answer+"\r\n")
	}
}

func (p *postbox) refusing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuses
}

func (p *postbox) take(in *bufio.Reader) {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		text.WriteString(line)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, text.String())
}

// open sets whether mail is refused, and returns what came since the last call, sorted.
func (p *postbox) open(refuses bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	mails := p.mails
	p.refuses, p.mails = refuses, nil
	slices.Sort(mails)
	return mails
}

// noticeCompany is a folder in which two leavers' accounts wait for a notice to the manager, who is on record.
func noticeCompany(t *testing.T, post *postbox) *year {
	y := &year{dir: t.TempDir()}
	y.write(t, "leaver.yaml", `organisation: Example Corp
timezone: UTC
state: state
people:
  - {name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, start: start, end: end, manager: manager}, last_day: inclusive}
sources:
  - {name: crm, kind: table, path: crm.csv, columns: {id: id, login: login, employee_id: emp, enabled: enabled}}
correlation: {keys: [employee_id]}
thresholds: {profile: custom, dormant: 90d, never_used: 90d}
break_glass: [{source: crm, account: A-9, owner: ciso@example.com, reason: r}]
notify:
  notices: {from: iam@example.com, server: "`+post.Addr().String()+`", tls: none, domains: [Example.com]}
`)
	y.write(t, "policies/rules.yaml", "name: leavers\ntrigger: {status: [ended]}\ngrace: {days: 7, from: notified}\nnotify: {to: [manager]}\naction: lock\n")
	y.write(t, "hr.csv", "id,mail,start,end,manager\n1,maria@example.com,2015-01-01,,\n2,ben@example.com,2020-01-01,2026-10-31,1\n3,inga@example.com,2020-01-01,2026-10-31,1\n"+
		"4,paul@example.com,2020-01-01,2026-10-31,boss@elsewhere.example\n5,rosa@example.com,2020-01-01,2026-10-31,\n")
	y.write(t, "crm.csv", "id,login,emp,enabled\nA-2,ben,2,true\nA-3,inga,3,true\nA-4,paul,4,true\nA-5,rosa,5,true\nA-9,emergency,1,true\n")
	return y
}

// noticeStands runs the program at a time and returns "account decision due-day", "untold" where it waits, by account.
func (y *year) noticeStands(t *testing.T, at time.Time) []string {
	t.Helper()
	y.edit(t, at, nil)
	code, out := y.leaver(at, "run", "--json")
	if strings.Contains(out, "maria@") || code != exitOK || !strings.Contains(out, `"accepted"`) {
		t.Fatalf("%s: exit %d\n%s", at, code, out)
	}
	_, out = y.leaver(at, "findings", "--json")
	var list []string
	for line := range strings.Lines(out) {
		var f struct {
			Account, Decision string
			Due               *string
			Untold            bool
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		stand := f.Account + " " + f.Decision
		if f.Due != nil {
			stand += " " + (*f.Due)[:10]
		}
		if f.Untold {
			stand += " untold"
		}
		list = append(list, stand)
	}
	slices.Sort(list)
	return list
}

// TestNoticesThroughTheProgram: nothing is due before its notice went out, a mail that is refused starts no clock, one that is
// taken starts it and is not sent again, and whom nobody can tell of waits for good.
func TestNoticesThroughTheProgram(t *testing.T) {
	post := newPostbox(t)
	y := noticeCompany(t, post)
	night := func(n int) time.Time { return time.Date(2026, 11, n, 22, 0, 0, 0, time.UTC) }
	waiting := []string{"A-2 in_grace untold", "A-3 in_grace untold", "A-4 in_grace untold", "A-5 in_grace untold"}
	for _, n := range []struct {
		night   int
		refuses bool
		want    []string
		mails   int // after the run
	}{
		{1, false, []string{"A-2 in_grace 2026-11-08 untold", "A-3 in_grace 2026-11-08 untold", "A-4 in_grace 2026-11-08 untold", "A-5 in_grace 2026-11-08 untold"}, 0}, // first sight
		{2, true, waiting, 0},
		{12, false, waiting, 1}, // long after: the week has not begun
		{13, false, []string{"A-2 in_grace 2026-11-19", "A-3 in_grace 2026-11-19", "A-4 in_grace untold", "A-5 in_grace untold"}, 0},
		{20, false, []string{"A-2 due 2026-11-19", "A-3 due 2026-11-19", "A-4 in_grace untold", "A-5 in_grace untold"}, 0},
	} {
		post.open(n.refuses)
		if got := y.noticeStands(t, night(n.night)); !slices.Equal(got, n.want) {
			t.Errorf("night %d: %q, want %q", n.night, got, n.want)
		}
		mails := post.open(false)
		if len(mails) != n.mails {
			t.Errorf("night %d: %d mails, want %d\n%s", n.night, len(mails), n.mails, mails)
		}
		for _, m := range mails {
			for _, part := range []string{"To: <maria@example.com>", "account    ben", "account    inga", "action     lock, on 2026-11-19 22:00 UTC or later"} {
				if !strings.Contains(m, part) {
					t.Errorf("the notice does not say %q:\n%s", part, m)
				}
			}
		}
	}
	_, out := y.leaver(night(21), "explain", "A-5")
	if want := "never due before somebody is told, by rule \"leavers\", and nobody was: to be told is nobody: no manager is on record"; !strings.Contains(out, want) {
		t.Errorf("explain does not say %q:\n%s", want, out)
	}
	s, err := runstore.Open(filepath.Join(y.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// TestTooManyNotices: above the bound none goes out, and nothing is due.
func TestTooManyNotices(t *testing.T) {
	post := newPostbox(t)
	y := noticeCompany(t, post)
	y.edit(t, time.Now(), [][3]string{{"leaver.yaml", "domains: [Example.com]", "domains: [example.com], most: 1"}})
	for n := range 3 {
		y.noticeStands(t, time.Date(2026, 11, 1+n, 22, 0, 0, 0, time.UTC))
	}
	if mails := post.open(false); len(mails) != 0 {
		t.Errorf("%d mails: %s", len(mails), mails)
	}
}

// TestNoticeWhileARunIsUnderWay: without the lock of the state no notice goes out, since nobody could record it; with it one does.
func TestNoticeWhileARunIsUnderWay(t *testing.T) {
	post := newPostbox(t)
	y := noticeCompany(t, post)
	post.open(true)
	var at time.Time
	for n := range 2 {
		at = time.Date(2026, 11, 1+n, 22, 0, 0, 0, time.UTC)
		y.noticeStands(t, at)
	}
	post.open(false)
	c, err := config.Load(filepath.Join(y.dir, "leaver.yaml"), all.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	var stores [2]*runstore.Store
	for i := range stores {
		if stores[i], err = runstore.Open(filepath.Join(y.dir, "state")); err != nil {
			t.Fatal(err)
		}
		defer stores[i].Close()
	}
	info, err := stores[0].LatestAccepted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return at }
	n := &announcement{job: &job.Job{Config: c, Store: stores[0]}, log: slog.New(slog.DiscardHandler), now: now, sender: notify.Sender{Now: now}}
	release, err := stores[1].Lock(at)
	if err != nil {
		t.Fatal(err)
	}
	n.notices(t.Context(), info)
	if mails := post.open(false); len(mails) != 0 || n.undelivered != 1 {
		t.Errorf("%d mails, %d undelivered: %s", len(mails), n.undelivered, mails)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	n.notices(t.Context(), info)
	clocks, err := stores[0].Clocks(t.Context())
	if mails := post.open(false); len(mails) != 1 || err != nil || clocks[0].ToldAt.IsZero() {
		t.Errorf("%d mails, %v %+v", len(mails), err, clocks)
	}
}
