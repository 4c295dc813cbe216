package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// notify is the key of the same name as written.
type notify struct {
	Link     string         `yaml:"link" doc:"Address that messages point to; {run} in it is replaced by the id of the run. Messages hold counts, never names."`
	Before   *time.Duration `yaml:"before" doc:"How long ahead the decisions that become due are announced (default 3d; 0 announces none)."`
	Proxy    string         `yaml:"proxy" doc:"HTTP proxy for pings and webhooks, such as http://proxy.example.com:3128."`
	CAFile   string         `yaml:"ca_file" doc:"PEM file with the certificates to trust instead of the system's."`
	Metrics  string         `yaml:"metrics" doc:"Prometheus text file that each run replaces, for the textfile collector of node_exporter; its name ends in .prom."`
	Ping     ping           `yaml:"ping" doc:"Addresses that are asked for by GET, for a service that raises an alarm when a night says nothing."`
	Mail     []mailTarget   `yaml:"mail" doc:"Who gets a mail."`
	Webhooks []webhook      `yaml:"webhooks" doc:"Who gets a signed JSON message by POST."`
	Notices  *notices       `yaml:"notices" doc:"How the notices of rules go out, one mail to each person who is told: these name people and accounts."`
}

type notices struct {
	From     string   `yaml:"from" doc:"Sender address, which takes the answers."`
	Server   string   `yaml:"server" doc:"Host and port, such as smtp.example.com:587."`
	TLS      string   `yaml:"tls" doc:"As in mail."`
	User     string   `yaml:"user" doc:"User name, if the server wants one."`
	Password string   `yaml:"password" doc:"Reference to the password."`
	Domains  []string `yaml:"domains" doc:"Domains of the addresses that notices may go to; none goes to another."`
	Most     *int     `yaml:"most" doc:"How many accounts one run may send notices about (default 50); if there are more, none goes out."`
}

type ping struct {
	Start   string `yaml:"start" doc:"When a run begins: an address, or a reference to one such as env:PING_START."`
	Success string `yaml:"success" doc:"When a run was accepted and every source was complete."`
	Failure string `yaml:"failure" doc:"When a run ended in any other way."`
}

type mailTarget struct {
	To       []string `yaml:"to" doc:"Addresses."`
	From     string   `yaml:"from" doc:"Sender address."`
	Server   string   `yaml:"server" doc:"Host and port, such as smtp.example.com:587."`
	TLS      string   `yaml:"tls" doc:"starttls (default, and then it has to work), tls from the first byte, or none for a server on this machine."`
	User     string   `yaml:"user" doc:"User name, if the server wants one."`
	Password string   `yaml:"password" doc:"Reference to the password."`
	On       []string `yaml:"on" doc:"What is sent: after (each run), before (decisions that become due), trouble (only runs that need somebody). Default after and before."`
}

type webhook struct {
	Name   string   `yaml:"name" doc:"Unique name, for log lines and metrics."`
	URL    string   `yaml:"url" doc:"The address, or a reference to it such as env:HOOK_URL."`
	Secret string   `yaml:"secret" doc:"Reference to the secret that signs messages: at least 24 characters, or base64 after whsec_."`
	On     []string `yaml:"on" doc:"As in mail."`
}

// The events that somebody may be told of.
const (
	OnAfter   = "after"
	OnBefore  = "before"
	OnTrouble = "trouble"
)

// Notify says who is told of runs. Addresses may be references, see [Config.Address].
type Notify struct {
	Link   string
	Before time.Duration
	// Proxy is nil for a direct way out; CAFile empty for the certificates of the system.
	Proxy    *url.URL
	CAFile   string
	Metrics  string
	Ping     Ping
	Mail     []Mail
	Webhooks []Webhook
	// Notices is how the notices of rules go out; nil when none may.
	Notices *Notices
}

// Notices is how notices that name people and accounts go out.
type Notices struct {
	// Mail has no recipients and no events of its own.
	Mail
	// Domains are those of the addresses that may get one, in lower case. Most bounds the accounts of one run.
	Domains []string
	Most    int
}

// Allows reports whether a notice may go to an address.
func (n *Notices) Allows(address string) bool {
	at := strings.LastIndexByte(address, '@')
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address && slices.Contains(n.Domains, strings.ToLower(address[at+1:]))
}

// mostNotices is how many accounts one run sends notices about when the configuration says nothing.
const mostNotices = 50

// Ping holds the addresses of a dead man's switch; empty ones are not asked.
type Ping struct{ Start, Success, Failure string }

// Mail is a mail to somebody.
type Mail struct {
	To   []string
	From string
	Host string
	Port int
	// TLS is "starttls", "tls" or "none".
	TLS      string
	User     string
	Password string
	On       []string
}

// Webhook is an address that takes signed messages.
type Webhook struct {
	Name   string
	URL    string
	Secret string
	On     []string
}

func (f *file) notify(n notify, c *Config) Notify {
	out := Notify{Link: n.Link, Before: or(n.Before, 3*day), Ping: Ping(n.Ping)}
	if n.Link != "" {
		f.address("notify.link", n.Link, false)
	}
	if n.Proxy != "" {
		out.Proxy = f.proxy("notify.proxy", n.Proxy)
	}
	if n.CAFile != "" {
		out.CAFile = c.ResolvePath(n.CAFile)
	}
	if n.Metrics != "" {
		out.Metrics = c.ResolvePath(n.Metrics)
		if !strings.HasSuffix(n.Metrics, ".prom") {
			f.fail("notify.metrics", "node_exporter reads no others", "%q does not end in .prom", n.Metrics)
		}
	}
	for key, address := range map[string]string{"start": n.Ping.Start, "success": n.Ping.Success, "failure": n.Ping.Failure} {
		if address != "" {
			f.address("notify.ping."+key, address, true)
		}
	}
	for i, m := range n.Mail {
		out.Mail = append(out.Mail, f.mail(fmt.Sprintf("notify.mail[%d]", i), m))
	}
	out.Notices = f.noticesOut(n.Notices)
	for i, w := range n.Webhooks {
		key := fmt.Sprintf("notify.webhooks[%d]", i)
		if slices.ContainsFunc(out.Webhooks, func(other Webhook) bool { return other.Name == w.Name }) {
			f.fail(key+".name", "", "%q is the name of another webhook", w.Name)
		}
		out.Webhooks = append(out.Webhooks, f.webhook(key, w))
	}
	return out
}

func (f *file) webhook(key string, w webhook) Webhook {
	if f.need(key+".name", w.Name) && !slug.MatchString(w.Name) {
		f.fail(key+".name", "lower-case letters, digits, - and _", "%q cannot be a name", w.Name)
	}
	if f.need(key+".url", w.URL) {
		f.address(key+".url", w.URL, true)
	}
	f.need(key+".secret", w.Secret)
	return Webhook{w.Name, w.URL, w.Secret, f.events(key+".on", w.On)}
}

func (f *file) noticesOut(n *notices) *Notices {
	if n == nil {
		return nil
	}
	const key = "notify.notices"
	out := &Notices{Mail: f.mailServer(key, mailTarget{From: n.From, Server: n.Server, TLS: n.TLS, User: n.User, Password: n.Password}), Most: or(n.Most, mostNotices)}
	for i, domain := range n.Domains {
		if domain == "" || strings.ContainsAny(domain, "@ *") {
			f.fail(fmt.Sprintf("%s.domains[%d]", key, i), "for example example.com", "%q is not a domain", domain)
		}
		out.Domains = append(out.Domains, strings.ToLower(domain))
	}
	if len(n.Domains) == 0 {
		f.fail(key+".domains", "for example domains: [example.com]", "is missing: notices name people, and may not go anywhere")
	}
	f.bounds(key+".most", out.Most, 1, maxNotices)
	return out
}

// maxNotices bounds what most may ask for.
const maxNotices = 10_000

func (f *file) mail(key string, m mailTarget) Mail {
	if len(m.To) == 0 {
		f.fail(key+".to", "", "is missing")
	}
	for i, to := range m.To {
		f.mailAddress(fmt.Sprintf("%s.to[%d]", key, i), to)
	}
	out := f.mailServer(key, m)
	out.To, out.On = m.To, f.events(key+".on", m.On)
	return out
}

// mailServer checks how mail goes out.
func (f *file) mailServer(key string, m mailTarget) Mail {
	out := Mail{From: m.From, TLS: m.TLS, User: m.User, Password: m.Password}
	if f.need(key+".from", m.From) {
		f.mailAddress(key+".from", m.From)
	}
	if f.need(key+".server", m.Server) {
		out.Host, out.Port = f.server(key+".server", m.Server)
	}
	if out.TLS == "" {
		out.TLS = "starttls"
	}
	f.oneOf(key+".tls", out.TLS, []string{"starttls", "tls", "none"})
	if ip := net.ParseIP(out.Host); out.TLS == "none" && out.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		f.fail(key+".tls", "use starttls or tls", "none is for a server on this machine")
	}
	if (m.User == "") != (m.Password == "") {
		f.fail(key, "", "user and password belong together")
	}
	if out.TLS == "none" && m.User != "" {
		f.fail(key+".tls", "use starttls or tls", "a password is not sent without TLS")
	}
	return out
}

func (f *file) events(key string, on []string) []string {
	if on == nil {
		return []string{OnAfter, OnBefore}
	}
	for i, event := range on {
		f.oneOf(fmt.Sprintf("%s[%d]", key, i), event, []string{OnAfter, OnBefore, OnTrouble})
	}
	return on
}

func (f *file) mailAddress(key, text string) {
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
		f.fail(key, "for example iam@example.com", "%q is not a mail address", text)
	}
}

func (f *file) server(key, text string) (host string, port int) {
	host, portText, err := net.SplitHostPort(text)
	if err == nil {
		port, err = net.LookupPort("tcp", portText)
	}
	if err != nil || host == "" || port == 0 {
		f.fail(key, "for example smtp.example.com:587", "%q is not a host and a port", text)
	}
	return host, port
}

// address checks an address, or lets a reference to one pass where it may be one. The message does not show it: it may
// hold a token.
func (f *file) address(key, text string, reference bool) {
	if reference && isReference(text) {
		return
	}
	if err := checkAddress(text); err != nil {
		f.fail(key, "for example https://example.com/path", "%v", err)
	}
}

func checkAddress(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("is not an address")
	case u.User != nil:
		return fmt.Errorf("an address with a user or a password is not supported")
	case u.Scheme == "https":
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("is not an https address")
}

func (f *file) proxy(key, text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		f.fail(key, "for example http://proxy.example.com:3128", "is not the address of a proxy")
		return nil
	}
	return u
}

// Address resolves an address that may be a reference. No error shows it.
func (c *Config) Address(text string) (*url.URL, error) {
	if isReference(text) {
		secret, err := c.Secret(text)
		if err != nil {
			return nil, err
		}
		reference := text
		if text = secret.Reveal(); checkAddress(text) != nil {
			return nil, fmt.Errorf("what %q refers to: %w", reference, checkAddress(text))
		}
	}
	return url.Parse(text)
}
