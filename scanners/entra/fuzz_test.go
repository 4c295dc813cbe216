package entra

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// FuzzUser: whatever stands in a record, it becomes an account with an id or a defect, and its texts are those that the standard
// library reads.
func FuzzUser(f *testing.F) {
	for _, seed := range []string{`{"id":"` + someGUID + `","userPrincipalName":"a@b.example","accountEnabled":true}`, `{"id":"` + someGUID + `","mail":"\u00fc"}`,
		`{"id":"` + someGUID + `","signInActivity":{"lastSuccessfulSignInDateTime":"2026-01-01T00:00:00Z"}}`, `{"id":null}`, `{`, `[]`, `{"id":7,"id":"x"}`,
		`{"id":"` + someGUID + `","proxyAddresses":["SMTP:a@b.example"],"assignedLicenses":[{"skuId":"s"}],"manager":{"id":"m"}}`} {
		f.Add(seed)
	}
	d := &decoder{&surroundings{activity: activity{asked: true, proved: true}}, places()}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := d.user(json.RawMessage(text))
		var defect *api.Defect
		if err != nil && !errors.As(err, &defect) || err == nil && !guid.MatchString(a.ID) {
			t.Fatalf("%+v, %v", a, err)
		}
		var members map[string]json.RawMessage
		if err != nil || strings.Contains(text, `\`) || json.Unmarshal([]byte(text), &members) != nil {
			return // names with escapes in them are none of Graph's
		}
		var login string
		if json.Unmarshal(members["userPrincipalName"], &login) == nil && first(a.Logins) != login {
			t.Errorf("login %q of %s", a.Logins, text)
		}
		if scanners.Is(a.Enabled, true) && string(members["accountEnabled"]) != "true" {
			t.Errorf("enabled by %s", text)
		}
	})
}

const someGUID = "0a1b2c3d-1111-4222-8333-444455556666"

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
