package sqldb

import (
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// TestTLS connects to servers with and without the right certificate.
func TestTLS(t *testing.T) {
	other, err := servers.NewAuthority(t.TempDir(), "other")
	if err != nil {
		t.Fatal(err)
	}
	for system, statement := range map[readonly.System]string{
		readonly.PostgreSQL: "SELECT 1 AS id, version AS v FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
		readonly.MySQL:      "SELECT 1 AS id, VARIABLE_VALUE AS v FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_VERSION'",
	} {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			for name, test := range map[string]struct{ tls, protocol, why string }{
				"verified":        {"tls: {ca: " + d.ca + "}", "TLSv1.3", ""},
				"not asked for":   {"", "", ""},
				"other authority": {"tls: {ca: " + other.File + "}", "", "tls.ca"},
				"other name":      {"tls: {ca: " + d.ca + ", server_name: db.example}", "", "server_name"},
				"system's":        {"tls: {server_name: localhost}", "", "tls.ca"},
			} {
				t.Run(name, func(t *testing.T) {
					out := outside(t)
					got := scan(t, accountsOf(t, d, out.Env, test.tls+"\nstatement: "+statement+"\ncolumns: {id: id, display_name: v}"))
					if test.why != "" {
						if got.err == nil || !strings.Contains(got.err.Error(), test.why) || len(out.Waited) > 0 {
							t.Errorf("%v, waited %v; want an error that says %q, at once", got.err, out.Waited, test.why)
						}
						return
					}
					if got.err != nil || len(got.records) != 1 || got.records[0].DisplayName != test.protocol {
						t.Errorf("%v, %+v, want protocol %q", got.err, got.records, test.protocol)
					}
				})
			}
		})
	}
}

// TestNoTLS: a server that speaks no TLS gets no password, and there is no way back to plain text.
func TestNoTLS(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL} {
		t.Run(string(system), func(t *testing.T) {
			d := *use(t, system)
			out := outside(t)
			say := []byte("N")
			if system == readonly.MySQL {
				// The greeting of a server without the capability to speak TLS.
				body := append([]byte("\x0a5.5.5-10.11\x00\x01\x00\x00\x0012345678\x00\x00\xf6\x21\x02\x00\x08\x80\x15"), make([]byte, 10)...)
				body = append(body, "123456789012\x00mysql_native_password\x00"...)
				say = append([]byte{byte(len(body)), 0, 0, 0}, body...)
			}
			p := newProxy(t, d.address, func(int) treatment { return treatment{say: say} })
			d.url = strings.Replace(d.url, d.address, p.address, 1)
			got := scan(t, accountsOf(t, &d, out.Env, "tls: {ca: "+d.ca+"}\nstatement: SELECT 1 AS id\ncolumns: {id: id}"))
			if got.err == nil || !strings.Contains(got.err.Error(), "tls.plaintext") || p.connections.Load() != 1 {
				t.Errorf("%v after %d connections", got.err, p.connections.Load())
			}
		})
	}
}
