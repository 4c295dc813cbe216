package sqldb

import (
	"net"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// There is no SQL Server here: these tests show what leaves this machine for one, and what does not.

// TestSQLServerGreeting: the first bytes are a TDS greeting that demands encryption, and a server that has none gets no login.
func TestSQLServerGreeting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	said := make(chan []byte, 16)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 4096)
			n, _ := conn.Read(b)
			said <- b[:n]
			// A greeting in return: version 15, and encryption is not supported (2).
			_, _ = conn.Write([]byte{4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0, 0, 0, 0, 2})
			n, _ = conn.Read(b)
			said <- b[:n]
			_ = conn.Close()
		}
	}()
	out := outside(t)
	s, err := Kind().Accounts(scannertest.Config("url: sqlserver://"+l.Addr().String()+"/app\nuser: leaver\npassword: env:PW\ntls: {server_name: db.example}\nstatement: SELECT 1 AS id\ncolumns: {id: id}"), out.Env)
	if err != nil {
		t.Fatal(err)
	}
	if got := scan(t, s); got.err == nil || got.coverage.Verdict.Complete() || strings.Contains(got.err.Error(), "reader") {
		t.Errorf("%v, %v", got.coverage.Verdict, got.err)
	}
	greeting := <-said
	if len(greeting) < 8 || greeting[0] != 0x12 {
		t.Errorf("it said % x first, not a greeting", greeting)
	}
	if login := <-said; len(login) > 0 && login[0] == 0x10 {
		t.Error("it sent a login over a connection that is not encrypted")
	}
}
