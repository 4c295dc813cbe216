package table

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

// shortCredentials is what the preset makes of a user, as one line.
func shortCredentials(a scanners.Account) string {
	truth := func(f scanners.Fact[bool]) string {
		if value, ok := f.Get(); ok {
			return fmt.Sprint(value)
		}
		return "unknown"
	}
	var uses []string
	for _, s := range a.Signals {
		use := strings.TrimSuffix(strings.TrimPrefix(s.Name, "access_"), "_last_used_date") + " "
		switch {
		case s.At.IsNever():
			use += "never"
		case s.At.IsUnknown():
			use += "unknown"
		default:
			use += s.At.Value.Format(time.RFC3339)
		}
		uses = append(uses, fmt.Sprintf("%s +%v", use, s.Precision))
	}
	return fmt.Sprintf("%s enabled %s, privileged %s, kind %q, %s", a.Login(), truth(a.Enabled), truth(a.Privileged), a.Kind, strings.Join(uses, ", "))
}

// TestCredentialReport reads a report in the shape that AWS documents.
func TestCredentialReport(t *testing.T) {
	w := newWorld(t)
	w.write("report.csv", sample(t, credentialReport))
	got := scanAccounts(t, w, "path: report.csv\npreset: AWS-credential-report")
	var lines []string
	for _, a := range got.records {
		lines = append(lines, shortCredentials(a))
	}
	want := []string{
		`<root_account> enabled unknown, privileged true, kind "break-glass", password_last_used 2026-01-12T07:30:00Z +5m0s`,
		`ada.quill enabled true, privileged unknown, kind "", password_last_used 2026-02-27T16:05:00Z +5m0s, key_1 2026-02-28T23:10:00Z +15m0s, key_2 2025-11-19T10:00:00Z +15m0s`,
		`bo.marsh enabled true, privileged unknown, kind "", password_last_used never +5m0s`,
		`cy.lund enabled true, privileged unknown, kind "", password_last_used unknown +5m0s`,
		`backup-job enabled true, privileged unknown, kind "service", key_1 never +15m0s`,
		`rotated-job enabled true, privileged unknown, kind "service", key_1 unknown +15m0s`,
		`di.roth enabled false, privileged unknown, kind "service", key_1 2024-05-06T07:08:09Z +15m0s`,
		`ed.swan enabled true, privileged unknown, kind "", `,
		`fay.tarn enabled false, privileged unknown, kind "", `,
	}
	if diff := cmp.Diff(want, lines); diff != "" || len(got.rejected) > 0 || !got.coverage.Verdict.Complete() || len(got.coverage.Gaps) > 0 {
		t.Errorf("users (-want +got):\n%s\nrejected %+v, %s, gaps %+v", diff, got.rejected, got.coverage.Why, got.coverage.Gaps)
	}
	ada := got.records[1]
	last, _ := ada.LastUse()
	if ada.ID != "arn:aws:iam::111122223333:user/ada.quill" || last.Name != "access_key_1_last_used_date" || !ada.Created.IsKnown() || !ada.PasswordChanged.IsKnown() || ada.KindWhy != "" {
		t.Errorf("%+v", ada)
	}
	if idle := got.records[8].Idle(); !idle.IsUnknown() {
		t.Errorf("a user without anything to sign in with was not used: %+v; that is not known", idle)
	}
	if !got.records[4].PasswordChanged.IsNever() || got.records[0].PasswordChanged.State != scanners.StateUnknown || got.records[0].PrivilegedWhy == "" {
		t.Errorf("password changed: %+v, %+v", got.records[4].PasswordChanged, got.records[0].PasswordChanged)
	}
	evidence := map[string]string{}
	for _, e := range ada.Evidence {
		evidence[e.Name] = e.Values[0]
	}
	if evidence["mfa_active"] != "true" || evidence["access_key_2_last_rotated"] != "2024-01-05T10:00:00+00:00" || evidence["password_enabled"] != "true" {
		t.Errorf("evidence %v", ada.Evidence)
	}
}

// TestCredentialFacts changes single cells of a user: what is not said is unknown, and never only what is proved.
func TestCredentialFacts(t *testing.T) {
	header, rest, _ := strings.Cut(string(sample(t, credentialReport)), "\n")
	row := map[string]string{}
	names := strings.Split(header, ",")
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "bo.marsh") {
			for i, value := range strings.Split(strings.TrimSpace(line), ",") {
				row[names[i]] = value
			}
		}
	}
	for name, test := range map[string]struct {
		cells map[string]string
		want  string // of what comes after the name; "rejected COLUMN" for a row that is not taken
	}{
		"as it is":                       {nil, `enabled true, privileged unknown, kind "", password_last_used never +5m0s`},
		"password not stated":            {map[string]string{"password_enabled": "not_supported"}, `enabled unknown, privileged unknown, kind "", password_last_used never +5m0s`},
		"password not stated, key":       {map[string]string{"password_enabled": "", "access_key_2_active": "TRUE"}, `enabled true, privileged unknown, kind "", password_last_used never +5m0s, key_2 unknown +15m0s`},
		"N/A though there is a password": {map[string]string{"password_last_used": "N/A"}, `enabled true, privileged unknown, kind "", password_last_used unknown +5m0s`},
		"empty use":                      {map[string]string{"password_last_used": ""}, `enabled true, privileged unknown, kind "", password_last_used unknown +5m0s`},
		"creation not stated":            {map[string]string{"user_creation_time": "N/A"}, `enabled true, privileged unknown, kind "", password_last_used unknown +5m0s`},
		"the day before the record":      {map[string]string{"user_creation_time": "2014-10-19T23:00:00+00:00"}, `enabled true, privileged unknown, kind "", password_last_used unknown +5m0s`},
		"key before the record": {map[string]string{"user_creation_time": "2015-04-21T08:00:00+00:00", "access_key_1_active": "true", "access_key_1_last_rotated": "2015-04-21T08:00:00+00:00"},
			`enabled true, privileged unknown, kind "", password_last_used never +5m0s, key_1 unknown +15m0s`},
		"use that is no time":      {map[string]string{"password_last_used": "yesterday"}, "rejected password_last_used"},
		"rotation that is no time": {map[string]string{"access_key_1_last_rotated": "yesterday"}, "rejected access_key_1_last_rotated"},
		"an unknown word":          {map[string]string{"access_key_1_active": "maybe", "password_enabled": "false"}, `enabled unknown, privileged unknown, kind "", password_last_used never +5m0s, key_1 unknown +15m0s`},
		"no id":                    {map[string]string{"arn": ""}, "rejected arn"},
	} {
		t.Run(name, func(t *testing.T) {
			var cells []string
			for _, column := range names {
				value, changed := test.cells[column]
				if !changed {
					value = row[column]
				}
				cells = append(cells, value)
			}
			w := newWorld(t)
			w.write("report.csv", []byte(header+"\n"+strings.Join(cells, ",")+"\n"))
			got := scanAccounts(t, w, "path: report.csv\npreset: aws-credential-report")
			text := ""
			if len(got.records) == 1 {
				_, text, _ = strings.Cut(shortCredentials(got.records[0]), " ")
			} else if len(got.rejected) == 1 {
				text = "rejected " + got.rejected[0].Field
			}
			if text != test.want {
				t.Errorf("%s, want %s", text, test.want)
			}
		})
	}
}

// TestCredentialReportIsOverridden: what the configuration maps is not the preset's, and a report without its columns is none.
func TestCredentialReportIsOverridden(t *testing.T) {
	w := newWorld(t)
	w.write("report.csv", bytes.ReplaceAll(sample(t, credentialReport), []byte(",cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"), []byte(",a,b,c,d")))
	got := scanAccounts(t, w, "path: report.csv\npreset: aws-credential-report\ncolumns: {enabled: mfa_active, kind: b, last_activity: user_creation_time}\nvalues: {password_changed: {not_supported: never}}\noptional: [kind]")
	if len(got.records) != 9 || !scanners.Is(got.records[0].Enabled, true) || got.records[0].Kind != "" || got.records[0].Signals[0].Name != "user_creation_time" || !got.records[0].PasswordChanged.IsNever() {
		t.Errorf("%d records, %+v", len(got.records), got.records[0])
	}
	for config, want := range map[string]string{"preset: aws": `preset "aws" is not known`, "preset: aws-credential-report\ncolumns: {id: user_id}": `"user_id"`} {
		if err := openAndScan(t, w, false, "path: report.csv\n"+config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that says %s", config, err, want)
		}
	}
	w.write("other.csv", []byte("user,arn,user_creation_time,password_last_changed\na,arn:x,2020-01-01,N/A\n"))
	if err := openAndScan(t, w, false, "path: other.csv\npreset: aws-credential-report"); err == nil || !strings.Contains(err.Error(), "password_enabled") {
		t.Errorf("a file that is no report: %v", err)
	}
}
