package rest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestCompileErrors wants each mistake told with its place.
func TestCompileErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{".a | | .b", "fields.x: column 6 of"},
		{".a[", "column 4 of"},
		{".a | foo(1)", "column 6 of"},
		{"$nobody.name", "column 1 of"},
		{"env.HOME", "column 1 of"},
		{".a + $ENV.HOME", "column 6 of"},
		{"[inputs]", "inputs would see more"},
		{"def f: input; f", "input would see more"},
		{"now - 5", "now would see more"},
		{".at | localtime", "localtime would see more"},
		{"if .a then halt else 1 end", "halt would see more"},
		{`{(debug): 1}`, "debug would see more"},
		{`"\(input_filename)"`, "input_filename would see more"},
		{"reduce .[] as $x (0; . + env.A)", "env would see more"},
		{`.[env.A]`, "env would see more"},
		{`import "x" as x; .`, ""},
		{`include "x"; .`, ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			if _, err := compile("fields.x", test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestExpressions(t *testing.T) {
	const record = `{"id":12345678901234567890,"f":1.50,"big":1e3,"list":["a",1,"a",""],"o":{"b":true},"t":" x "}`
	for _, test := range []struct{ text, want string }{
		{".id", "12345678901234567890"}, // as it is written: a float would be another user
		{".f", "1.50"},
		{".big", "1e3"},
		{".list", "a,1"},
		{".list[]", "a,1"},
		{".nothing", ""},
		{".o.none.more", ""},
		{".t", "x"},
		{`$header["x-total"]`, "7"},
		{"$list", "members"},
		{".id | tostring", "12345678901234567890"},
		{"(1, 2) * 2", "2,4"},
		{".o", "error"},
		{".o.b", "error"},
		{".list + 1", "error"},
		{`error("no")`, "error"},
		{"[range(10000000)] | length", "error"},
		{"def f: f; f", "error"},
		{"last(repeat(1))", "error"},
	} {
		t.Run(test.text, func(t *testing.T) {
			input, err := decode([]byte(record))
			if err != nil {
				t.Fatal(err)
			}
			e, err := compile("x", test.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := list(field{"x", e}, scope{input: input, header: map[string]any{"x-total": "7"}, list: "members"})
			text := strings.Join(got, ",")
			if err != nil {
				text = "error"
			}
			if text != test.want {
				t.Errorf("%q, %v; want %q", text, err, test.want)
			}
		})
	}
}

// TestSteps: the bound is one of work, not of time, so that a slow machine reads the same.
func TestSteps(t *testing.T) {
	e, err := compile("x", "[range($list | tonumber)] | length")
	if err != nil {
		t.Fatal(err)
	}
	for n, fine := range map[int]bool{10: true, 1000: true, maxSteps: false} {
		v, err := e.one(scope{list: fmt.Sprint(n)})
		if (err == nil) != fine || fine && shown(v) != fmt.Sprint(n) {
			t.Errorf("%d: %v, %v", n, v, err)
		}
	}
}

// decodeWith makes an account of a record with a mapping; rejected is the field at fault.
func decodeWith(t *testing.T, mapping, record string) (a scanners.Account, rejected string) {
	t.Helper()
	env := scannertest.Env(t).Env
	env.Zone = time.FixedZone("two", 2*3600)
	s := openConfig(t, env, "url: https://api.example\npath: /x\npaging: {style: none}\n"+bearer+mapping).(*source[scanners.Account])
	a, err := s.decode(scope{}, json.RawMessage(record))
	if err != nil {
		field, _, _ := strings.Cut(err.Error(), ":")
		return a, field
	}
	return a, ""
}

// TestFacts reads one field at a time.
func TestFacts(t *testing.T) {
	fact := func(state scanners.State, value any) string {
		return [...]string{"unknown", fmt.Sprint(value), "never"}[state]
	}
	when := func(f scanners.Fact[time.Time]) string { return fact(f.State, f.Value.Format(time.RFC3339)) }
	const times = "times: [rfc3339, date, datetime, unix_ms]\n"
	for _, test := range []struct {
		name, mapping, record string
		show                  func(scanners.Account) string
		want                  string
	}{
		{"enabled", "fields: {id: .id, enabled: .on}", `{"id":1,"on":true}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "true"},
		{"enabled as text", "fields: {id: .id, enabled: .on}", `{"id":1,"on":"False"}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "false"},
		{"enabled missing", "fields: {id: .id, enabled: .on}", `{"id":1}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "unknown"},
		{"enabled null", "fields: {id: .id, enabled: .on}", `{"id":1,"on":null}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "unknown"},
		{"enabled by a word", "fields: {id: .id, enabled: .on}\nvalues: {enabled: {A: \"true\", X: unknown}}", `{"id":1,"on":"A"}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "true"},
		{"enabled by a word without meaning", "fields: {id: .id, enabled: .on}\nvalues: {enabled: {A: \"true\"}}", `{"id":1,"on":"B"}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "unknown"},
		{"enabled of a wrong type", "fields: {id: .id, enabled: .on}", `{"id":1,"on":[1]}`, func(a scanners.Account) string { return fact(a.Enabled.State, a.Enabled.Value) }, "unknown"},
		{"created", "fields: {id: .id, created: .at}", `{"id":1,"at":"2026-01-02T03:04:05+01:00"}`, func(a scanners.Account) string { return when(a.Created) }, "2026-01-02T02:04:05Z"},
		{"created without a colon in the zone", "fields: {id: .id, created: .at}", `{"id":1,"at":"2026-01-02T03:04:05.000+0100"}`, func(a scanners.Account) string { return when(a.Created) }, "2026-01-02T02:04:05Z"},
		{"created in another form", "fields: {id: .id, created: .at}", `{"id":1,"at":"2.1.2026"}`, func(a scanners.Account) string { return when(a.Created) }, "unknown"},
		{"created in 1970", "fields: {id: .id, created: .at}", `{"id":1,"at":"1970-01-01T00:00:00Z"}`, func(a scanners.Account) string { return when(a.Created) }, "unknown"},
		{"date in the zone", times + "fields: {id: .id, created: .at}", `{"id":1,"at":"2026-01-02"}`, func(a scanners.Account) string { return when(a.Created) }, "2026-01-01T22:00:00Z"},
		{"date and time in the zone", times + "fields: {id: .id, created: .at}", `{"id":1,"at":"2026-01-02 03:00:00"}`, func(a scanners.Account) string { return when(a.Created) }, "2026-01-02T01:00:00Z"},
		{"milliseconds", times + "fields: {id: .id, created: .at}", `{"id":1,"at":1700000000000}`, func(a scanners.Account) string { return when(a.Created) }, "2023-11-14T22:13:20Z"},
		{"seconds", "times: [unix]\nfields: {id: .id, created: .at}", `{"id":1,"at":1700000000}`, func(a scanners.Account) string { return when(a.Created) }, "2023-11-14T22:13:20Z"},
		{"use at second 0", "times: [unix]\nfields: {id: .id, activity: [{name: x, at: .at}]}", `{"id":1,"at":0}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "never"},
		{"use not stated", "fields: {id: .id, activity: [{name: x, at: .at}]}", `{"id":1}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "unknown"},
		{"use not stated, which means never", "empty: {last_activity: never}\nfields: {id: .id, activity: [{name: x, at: .at}]}", `{"id":1}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "never"},
		{"use never", "fields: {id: .id, activity: [{name: x, at: '.at // \"never\"'}]}", `{"id":1}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "never"},
		{"use garbled is not never", "empty: {last_activity: never}\nfields: {id: .id, activity: [{name: x, at: .at}]}", `{"id":1,"at":"soon"}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "unknown"},
		{"precision of a date", times + "fields: {id: .id, activity: [{name: x, at: .at, precision: 1h}]}", `{"id":1,"at":"2026-01-02"}`, func(a scanners.Account) string { return a.Signals[0].Precision.String() }, "24h0m0s"},
		{"precision as stated", "fields: {id: .id, activity: [{name: x, at: .at, precision: 48h}]}", `{"id":1,"at":"2026-01-02T00:00:00Z"}`, func(a scanners.Account) string { return a.Signals[0].Precision.String() }, "48h0m0s"},
		{"use on the first day of 1970, east of Greenwich", times + "fields: {id: .id, activity: [{name: x, at: .at}]}", `{"id":1,"at":"1970-01-01"}`, func(a scanners.Account) string { return when(a.Signals[0].At) }, "never"},
		{"expires", "empty: {expires: never}\nfields: {id: .id, expires: .x}", `{"id":1}`, func(a scanners.Account) string { return when(a.Expires) }, "never"},
		{"mails", "fields: {id: .id, mails: '.m[], .n'}", `{"id":1,"m":["a@x.example","none"],"n":"b@x.example"}`, func(a scanners.Account) string { return fmt.Sprint(a.Mails) }, "[a@x.example b@x.example]"},
		{"grants", "fields: {id: .id, grants: .g}", `{"id":1,"g":["a",{"id":"b","type":"role","direct":false,"removable":false},{"name":"c"},null]}`,
			func(a scanners.Account) string { return fmt.Sprint(a.Grants) }, "[{a a group true true} {b b role false false} {c c group true true}]"},
		{"kind", "fields: {id: .id, kind: .k}\nvalues: {kind: {Bot: service}}", `{"id":1,"k":"Bot"}`, func(a scanners.Account) string { return string(a.Kind) + a.KindWhy }, "service.k"},
		{"kind without meaning", "fields: {id: .id, kind: .k}", `{"id":1,"k":"Bot"}`, func(a scanners.Account) string { return string(a.Kind) }, ""},
		{"failed sign-ins", "fields: {id: .id, failed_logins: .n}", `{"id":1,"n":"12"}`, func(a scanners.Account) string { return fact(a.FailedLogins.State, a.FailedLogins.Value) }, "12"},
		{"failed sign-ins garbled", "fields: {id: .id, failed_logins: .n}", `{"id":1,"n":"12 times"}`, func(a scanners.Account) string { return fact(a.FailedLogins.State, a.FailedLogins.Value) }, "unknown"},
		{"privileged", "fields: {id: .id, privileged: .p}", `{"id":1,"p":true}`, func(a scanners.Account) string { return a.PrivilegedWhy }, ".p"},
		{"evidence", "fields: {id: .id, enabled: '.s == \"on\"', created: .at}", `{"id":1,"s":"on"}`, func(a scanners.Account) string { return fmt.Sprint(a.Evidence) }, `[{.s == "on" [true]}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, rejected := decodeWith(t, test.mapping, test.record)
			if rejected != "" || test.show(a) != test.want {
				t.Errorf("%s (rejected for %q), want %s", test.show(a), rejected, test.want)
			}
		})
	}
}

// TestRejected: what ties an account to a person is read, or the account is not used at all.
func TestRejected(t *testing.T) {
	for _, test := range []struct{ mapping, record, want string }{
		{"fields: {id: .id}", `{"id":""}`, "id"},
		{"fields: {id: .id}", `{"id":true}`, "id"},
		{"fields: {id: .id}", `{"id":["a"]}`, "id"},
		{"fields: {id: '.id[]'}", `{"id":["a","b"]}`, "id"},
		{"fields: {id: .id}", `"text"`, "id"},
		{"fields: {id: .id}", `{"id":1,}`, "record"},
		{"fields: {id: .id, mails: .m}", `{"id":1,"m":{}}`, "mails"},
		{"fields: {id: .id, employee_ids: .n}", `{"id":1,"n":[[1]]}`, "employee_ids"},
		{"fields: {id: .id, anchors: '.a | ascii_downcase'}", `{"id":1,"a":5}`, "anchors"},
		{"fields: {id: .id, grants: .g}", `{"id":1,"g":[{"id":"a","type":"crown"}]}`, "grants"},
		{"fields: {id: .id, created: '.at | .[0:5]'}", `{"id":1,"at":true}`, "created"},
	} {
		t.Run(test.want+" "+test.record, func(t *testing.T) {
			if _, rejected := decodeWith(t, test.mapping, test.record); rejected != test.want {
				t.Errorf("rejected for %q", rejected)
			}
		})
	}
}
