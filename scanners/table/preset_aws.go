package table

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

const credentialReport = "aws-credential-report"

// rootUser is what the credential report calls the root user of the AWS account.
const rootUser = "<root_account>"

// credentialColumns are the columns of the credential report that map to a field as they are.
func credentialColumns() AccountColumns {
	return AccountColumns{ID: "arn", Login: List{"user"}, Created: "user_creation_time", PasswordChanged: "password_last_changed"}
}

// credentialWords are the words that stand in the report for a time.
func credentialWords() map[string]map[string]string {
	return map[string]map[string]string{"created": {"n/a": "unknown"},
		"password_changed": {"n/a": "never", "not_supported": "unknown", "no_information": "unknown"}}
}

// openPreset opens a file of accounts, with what a preset knows of it.
func openPreset(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	switch strings.ToLower(c.Preset) {
	case "":
		return openAccounts(c, env)
	case credentialReport:
		return openCredentialReport(c, env)
	default:
		return nil, configError("use "+credentialReport, "preset %q is not known", c.Preset)
	}
}

func openCredentialReport(c AccountConfig, env scanners.Env) (scanners.Source[scanners.Account], error) {
	mine, theirs := reflect.ValueOf(&c.Columns).Elem(), reflect.ValueOf(credentialColumns())
	for i := range mine.NumField() {
		if mine.Field(i).IsZero() {
			mine.Field(i).Set(theirs.Field(i))
		}
	}
	values := credentialWords()
	for field, words := range c.Values {
		if values[field] == nil {
			values[field] = map[string]string{}
		}
		for word, meaning := range words {
			values[field][fold(word)] = meaning
		}
	}
	c.Values = values
	opened, err := openAccounts(c, env)
	if err != nil {
		return nil, err
	}
	s := opened.(*source[scanners.Account])
	p := plan{want: s.want}
	f := claimCredentials(&p, c.Columns)
	s.want = p.want
	for _, i := range f.certificates {
		s.optional[s.want[i]] = true
	}
	plain := s.mapping
	s.mapping = func(n *notes) mapping[scanners.Account] {
		return &credentialMapping{accountMapping: plain(n).(*accountMapping), credentialFields: f}
	}
	return s, nil
}

// credentialFields are the slots of the columns of which several make one fact. Those that the configuration maps otherwise
// are left to it.
type credentialFields struct {
	user, created, password, passwordUsed slot
	keys                                  [2]accessKey
	certificates                          []slot
	mfa                                   slot
	enabled, activity, kind, privileged   bool // whether the preset states them
}

// accessKey are the slots of one of a user's two access keys.
type accessKey struct{ active, made, used slot }

func claimCredentials(p *plan, c AccountColumns) credentialFields {
	f := credentialFields{user: p.one("user"), created: p.one(c.Created), password: p.one("password_enabled"), passwordUsed: p.one("password_last_used"), mfa: p.one("mfa_active"),
		enabled: c.Enabled == "", activity: len(c.LastActivity) == 0, kind: c.Kind == "", privileged: c.Privileged == ""}
	for i := range f.keys {
		name := fmt.Sprintf("access_key_%d_", i+1)
		f.keys[i] = accessKey{p.one(name + "active"), p.one(name + "last_rotated"), p.one(name + "last_used_date")}
	}
	f.certificates = []slot{p.one("cert_1_active"), p.one("cert_2_active")}
	return f
}

// credentialMapping makes accounts of the rows of a credential report.
type credentialMapping struct {
	*accountMapping
	credentialFields
}

func (m *credentialMapping) record(cells []cell, at where, a *scanners.Account) (string, *defect) {
	id, wrong := m.accountMapping.record(cells, at, a)
	if wrong != nil {
		return id, wrong
	}
	root := m.at(m.user).text == rootUser
	if m.credentialFields.enabled {
		a.Enabled = m.anyActive()
	}
	if m.credentialFields.activity {
		if wrong := m.uses(a); wrong != nil {
			return id, wrong
		}
	}
	if m.credentialFields.privileged {
		a.Privileged = scanners.Unknown[bool]("the credential report does not say it")
		if root {
			a.Privileged, a.PrivilegedWhy = scanners.Known(true), "user "+rootUser
		}
	}
	if m.credentialFields.kind {
		m.sort(a, root)
	}
	m.show(a)
	return id, nil
}

// active reads TRUE and FALSE; anything else is not known.
func (m *credentialMapping) active(s slot) scanners.Fact[bool] {
	switch c := m.at(s); fold(c.display()) {
	case "true":
		return scanners.Known(true)
	case "false":
		return scanners.Known(false)
	default:
		return scanners.Unknown[bool](fmt.Sprintf("%s is %q", m.want[s], c.display()))
	}
}

// anyActive is whether the user has anything to sign in with.
func (m *credentialMapping) anyActive() scanners.Fact[bool] {
	all := []slot{m.password, m.keys[0].active, m.keys[1].active}
	for _, s := range m.certificates {
		if m.at(s).kind != cellEmpty { // an older report has no such column
			all = append(all, s)
		}
	}
	result := scanners.Known(false)
	for _, s := range all {
		switch one := m.active(s); {
		case scanners.Is(one, true):
			return one
		case one.IsUnknown() && result.IsKnown():
			result = one
		}
	}
	return result
}

const (
	passwordBand = 5 * time.Minute // within which AWS records the first use alone
	keyBand      = 15 * time.Minute
	// together is how much later than its user a key is made that is the user's first.
	together = 24 * time.Hour
)

// Since when AWS records the use of passwords and of keys.
func passwordsRecorded() time.Time { return time.Date(2014, time.October, 20, 0, 0, 0, 0, time.UTC) }
func keysRecorded() time.Time      { return time.Date(2015, time.April, 22, 0, 0, 0, 0, time.UTC) }

// uses makes a signal of each credential that exists.
func (m *credentialMapping) uses(a *scanners.Account) *defect {
	created, _ := a.Created.Get()
	switch word := fold(m.at(m.passwordUsed).display()); {
	case word == "no_information" && created.After(passwordsRecorded()):
		m.signal(a, m.passwordUsed, scanners.Never[time.Time](), passwordBand)
	case word == "no_information":
		m.signal(a, m.passwordUsed, scanners.Unknown[time.Time]("the user may be older than AWS's record of passwords"), passwordBand)
	case word == "n/a" && scanners.Is(m.active(m.password), false):
	default:
		if wrong := m.use(a, m.passwordUsed, passwordBand); wrong != nil {
			return wrong
		}
	}
	for _, key := range m.keys {
		if wrong := m.keyUse(a, key, created); wrong != nil {
			return wrong
		}
	}
	return nil
}

func (m *credentialMapping) keyUse(a *scanners.Account, key accessKey, created time.Time) *defect {
	made, _, wrong := m.time("key", key.made)
	if fold(m.at(key.made).display()) == "n/a" {
		made, wrong = scanners.Never[time.Time](), nil
	}
	switch unused := fold(m.at(key.used).display()) == "n/a"; {
	case wrong != nil:
		return wrong
	case !unused:
		return m.use(a, key.used, keyBand)
	case made.IsNever() && scanners.Is(m.active(key.active), false): // there is none
	case made.IsKnown() && made.Value.After(keysRecorded()) && !created.IsZero() && made.Value.Sub(created) < together:
		m.signal(a, key.used, scanners.Never[time.Time](), keyBand)
	default:
		m.signal(a, key.used, scanners.Unknown[time.Time]("it was not used, but the user may have had another key before"), keyBand)
	}
	return nil
}

// use makes a signal of a time, or of a word that says nothing.
func (m *credentialMapping) use(a *scanners.Account, s slot, band time.Duration) *defect {
	if word := fold(m.at(s).display()); word == "n/a" || word == "no_information" || word == "not_supported" {
		m.signal(a, s, scanners.Unknown[time.Time](fmt.Sprintf("the report says %q", word)), band)
		return nil
	}
	used, imprecision, wrong := m.time("key", s)
	m.signal(a, s, used, max(imprecision, band))
	return wrong
}

func (m *credentialMapping) signal(a *scanners.Account, s slot, used scanners.Fact[time.Time], band time.Duration) {
	a.Signals = append(a.Signals, scanners.Signal{Name: m.want[s], At: used, Precision: max(band, m.precision)})
}

// sort tells the root user and what only programs can use.
func (m *credentialMapping) sort(a *scanners.Account, root bool) {
	hasKey := false
	for _, key := range m.keys {
		hasKey = hasKey || scanners.Is(m.active(key.active), true) || fold(m.at(key.made).display()) != "n/a"
	}
	switch {
	case root:
		a.Kind, a.KindWhy = scanners.KindBreakGlass, "user "+rootUser
	case hasKey && scanners.Is(m.active(m.password), false):
		a.Kind, a.KindWhy = scanners.KindService, "access keys and no password"
	}
}

// show keeps what the facts were made of.
func (m *credentialMapping) show(a *scanners.Account) {
	slots := []slot{m.password, m.passwordUsed, m.mfa}
	for _, key := range m.keys {
		slots = append(slots, key.active, key.made, key.used)
	}
	for _, s := range append(slots, m.certificates...) {
		if c := m.at(s); c.kind != cellEmpty {
			a.Evidence = append(a.Evidence, scanners.Attribute{Name: m.want[s], Values: []string{c.display()}})
		}
	}
}
