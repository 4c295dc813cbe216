package config

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNotify(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "leaver.yaml", smallest+`notify:
  link: https://reports.example.com/{run}
  before: 5d
  proxy: http://proxy.example.com:3128
  ca_file: ca.pem
  metrics: leaver.prom
  ping: {start: https://ping.example.com/1/start, success: env:PING_OK, failure: http://127.0.0.1:8080/fail}
  mail:
    - {to: [iam@example.com], from: leaver@example.com, server: "smtp.example.com:587", user: leaver, password: env:SMTP, on: [trouble]}
    - {to: [iam@example.com], from: leaver@example.com, server: "localhost:25", tls: none}
  webhooks:
    - {name: chat, url: env:HOOK, secret: file:hook.key}
  notices: {from: iam@example.com, server: "smtp.example.com:587", domains: [Example.com]}
`)
	c, err := Load(path, fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	want := Notify{Link: "https://reports.example.com/{run}", Before: 5 * 24 * time.Hour, Proxy: &url.URL{Scheme: "http", Host: "proxy.example.com:3128"},
		CAFile: dir + "/ca.pem", Metrics: dir + "/leaver.prom",
		Ping: Ping{"https://ping.example.com/1/start", "env:PING_OK", "http://127.0.0.1:8080/fail"},
		Mail: []Mail{
			{To: []string{"iam@example.com"}, From: "leaver@example.com", Host: "smtp.example.com", Port: 587, TLS: "starttls", User: "leaver", Password: "env:SMTP", On: []string{"trouble"}},
			{To: []string{"iam@example.com"}, From: "leaver@example.com", Host: "localhost", Port: 25, TLS: "none", On: []string{"after", "before"}},
		},
		Webhooks: []Webhook{{"chat", "env:HOOK", "file:hook.key", []string{"after", "before"}}},
		Notices:  &Notices{Mail: Mail{From: "iam@example.com", Host: "smtp.example.com", Port: 587, TLS: "starttls"}, Domains: []string{"example.com"}, Most: 50}}
	if diff := cmp.Diff(want, c.Notify); diff != "" {
		t.Error(diff)
	}
	t.Setenv("PING_OK", "https://ping.example.com/token-4711")
	if u, err := c.Address("env:PING_OK"); err != nil || u.Path != "/token-4711" {
		t.Errorf("%v %v", u, err)
	}
	for _, bad := range []string{"http://ping.example.com/token-4711", "https://user:token-4711@ping.example.com/", "token-4711", "https:///token-4711"} {
		os.Setenv("PING_OK", bad)
		if u, err := c.Address("env:PING_OK"); err == nil || strings.Contains(err.Error(), "4711") {
			t.Errorf("%v %v", u, err)
		}
	}
}

func TestNotifyDefaults(t *testing.T) {
	c, err := Load(write(t, t.TempDir(), "leaver.yaml", smallest), fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Notify{Before: 3 * 24 * time.Hour}, c.Notify); diff != "" {
		t.Error(diff)
	}
}

func TestNotifyRefused(t *testing.T) {
	mail := func(keys string) string {
		return `{mail: [{to: [iam@example.com], from: leaver@example.com, server: "smtp.example.com:587"` + keys + `}]}`
	}
	tests := []struct{ name, notify, want string }{
		{"plain http", `{ping: {start: "http://ping.example.com/x"}}`, "notify.ping.start: is not an https address"},
		{"no address", `{ping: {success: here}}`, "notify.ping.success: is not an address"},
		{"password in the address", `{ping: {failure: "https://me:secret-4711@ping.example.com/x"}}`, "notify.ping.failure"},
		{"link by reference", `{link: "env:LINK"}`, "notify.link: is not an address"},
		{"proxy", `{proxy: "proxy:3128"}`, "notify.proxy: is not the address of a proxy"},
		{"metrics", `{metrics: leaver.txt}`, "does not end in .prom"},
		{"webhook without a secret", `{webhooks: [{name: a, url: "https://chat.example.com/x"}]}`, "notify.webhooks[0].secret: is missing"},
		{"webhook with a literal secret", `{webhooks: [{name: a, url: "https://chat.example.com/x", secret: secret-4711-secret-4711}]}`, "a secret cannot be written here"},
		{"two webhooks of a name", `{webhooks: [{name: a, url: env:A, secret: env:B}, {name: a, url: env:A, secret: env:B}]}`, `"a" is the name of another webhook`},
		{"webhook without a name", `{webhooks: [{url: env:A, secret: env:B}]}`, "notify.webhooks[0].name: is missing"},
		{"unknown event", `{webhooks: [{name: a, url: env:A, secret: env:B, on: [always]}]}`, `unknown value "always"`},
		{"notices without domains", `{notices: {from: leaver@example.com, server: "localhost:25"}}`, "notify.notices.domains: is missing"},
		{"notices to everybody", `{notices: {from: leaver@example.com, server: "localhost:25", domains: ["*.com"]}}`, `notify.notices.domains[0]: "*.com" is not a domain`},
		{"notices from nobody", `{notices: {server: "localhost:25", domains: [example.com]}}`, "notify.notices.from: is missing"},
		{"notices without TLS", `{notices: {from: leaver@example.com, server: "smtp.example.com:25", tls: none, domains: [example.com]}}`, "none is for a server on this machine"},
		{"no notices at all", `{notices: {from: leaver@example.com, server: "localhost:25", domains: [example.com], most: 0}}`, "notify.notices.most: 0 is not between 1 and 10000"},
		{"literal password of notices", `{notices: {from: leaver@example.com, server: "localhost:25", user: a, password: secret-4711, domains: [example.com]}}`, "a secret cannot be written here"},
		{"nobody", `{mail: [{from: leaver@example.com, server: "smtp.example.com:587"}]}`, "notify.mail[0].to: is missing"},
		{"no mail address", `{mail: [{to: ["iam@example.com\nBcc: x@example.com"], from: leaver@example.com, server: "smtp.example.com:587"}]}`, "is not a mail address"},
		{"no port", `{mail: [{to: [iam@example.com], from: leaver@example.com, server: smtp.example.com}]}`, "is not a host and a port"},
		{"no tls to elsewhere", mail(", tls: none"), "none is for a server on this machine"},
		{"unknown tls", mail(", tls: maybe"), `unknown value "maybe"`},
		{"literal password", mail(", user: a, password: secret-4711"), "a secret cannot be written here"},
		{"user alone", mail(", user: a"), "belong together"},
		{"password without tls", `{mail: [{to: [iam@example.com], from: leaver@example.com, server: "127.0.0.1:25", tls: none, user: a, password: env:P}]}`, "not sent without TLS"},
		{"misspelt", `{webhook: []}`, `did you mean "webhooks"?`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(write(t, t.TempDir(), "leaver.yaml", smallest+"notify: "+test.notify+"\n"), fakeKinds())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "4711") {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestNoticesGoWhereTheyMay: the domain is compared whole, and what is no address is none.
func TestNoticesGoWhereTheyMay(t *testing.T) {
	n := Notices{Domains: []string{"example.com"}}
	for address, want := range map[string]bool{"a@example.com": true, "A@EXAMPLE.com": true, "a@sub.example.com": false, "a@notexample.com": false, "a@example.com.evil.example": false,
		"a": false, "": false, "a@example.com\nBcc: b@example.com": false, "x@evil.example,a@example.com": false, "Anna <a@example.com>": false, "a@evil.example@example.com": false} {
		if got := n.Allows(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
