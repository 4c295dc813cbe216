package progress_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/scanners"
)

func play(p progress.Progress) {
	p.Begin("crm")
	p.Begin("ad")
	for range 40 {
		p.Read("crm", 250)
		time.Sleep(10 * time.Millisecond)
	}
	p.End("crm", scanners.Coverage{Verdict: scanners.Proved, Why: "agrees", Read: 10_000}, time.Second)
	p.End("ad", scanners.Coverage{Verdict: scanners.Partial, Why: "size limit", Read: 500}, time.Second)
	p.Stage("reconciling")
	p.Close()
}

func TestLogLinesWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	play(progress.For(&out, slog.New(slog.NewTextHandler(&out, nil))))
	text := out.String()
	for _, want := range []string{
		`msg=reading source=crm`, `msg=reading source=ad`,
		`level=INFO msg=read source=crm records=10000 rejected=0 coverage="complete (proved)" why=agrees`,
		`level=WARN msg=read source=ad records=500 rejected=0 coverage=partial why="size limit"`,
		`msg=reconciling`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 5 {
		t.Errorf("%d lines, want one per begin, end and stage:\n%s", n, text)
	}
	if strings.ContainsAny(text, "\r\x1b") {
		t.Errorf("control characters in a log:\n%q", text)
	}
}

func TestMovingLineOnTerminal(t *testing.T) {
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	screen := make(chan string)
	go func() {
		text, _ := io.ReadAll(master) // ends with an error when the other side closes
		screen <- string(text)
	}()
	var log bytes.Buffer
	play(progress.For(terminal, slog.New(slog.NewTextHandler(&log, nil))))
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	text := <-screen
	if !strings.Contains(text, "reading crm, ad") || strings.Count(text, "\r") < 3 {
		t.Errorf("the terminal does not show a line that moves:\n%q", text)
	}
	if !strings.Contains(text, "records/s") && !strings.Contains(text, "records") {
		t.Errorf("the terminal does not show how many records were read:\n%q", text)
	}
	if strings.Count(log.String(), "msg=read ") != 2 {
		t.Errorf("the end of each source is not logged:\n%s", log.String())
	}
}
