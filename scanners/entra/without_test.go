//go:build noentra

package entra

import (
	"errors"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestWithout: a build without the connector says so when it is to read a tenant, and after it has checked the configuration.
func TestWithout(t *testing.T) {
	text := "tenant: 11111111-2222-4333-8444-555555555555\nclient_id: 66666666-7777-4888-9999-aaaaaaaaaaaa\nclient_secret: env:APP\n"
	for more, want := range map[string]string{"": "this build of leaver has no connector for Entra ID", "cloud: mars": "mars"} {
		_, err := Kind().Accounts(scannertest.Config(text+more), scannertest.Env(t).Env)
		var wrong *scanners.ConfigError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", more, err)
		}
	}
	if _, err := Kind().People(scannertest.Config(text+"last_day: inclusive"), scannertest.Env(t).Env); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("people: %v", err)
	}
}
