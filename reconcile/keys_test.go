package reconcile_test

import (
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
)

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		name, dn, folder string
		want             bool
	}{
		{"directly", "CN=svc,OU=Service,DC=corp", "OU=Service,DC=corp", true},
		{"deeper", "CN=svc,OU=Batch,OU=Service,DC=corp", "ou=service, dc=corp", true},
		{"elsewhere", "CN=svc,OU=Staff,DC=corp", "OU=Service,DC=corp", false},
		{"the folder itself", "OU=Service,DC=corp", "OU=Service,DC=corp", false},
		{"half a name", "CN=svc,OU=My Service,DC=corp", "Service,DC=corp", false},
		{"an escaped comma", `CN=svc\,OU=Service,DC=corp`, "OU=Service,DC=corp", false},
		{"an escaped backslash", `CN=svc\\,OU=Service,DC=corp`, "OU=Service,DC=corp", true},
		{"no folder", "CN=svc,OU=Service,DC=corp", "", false},
		{"no DN", "", "OU=Service,DC=corp", false},
	} {
		if got := reconcile.Below(c.dn, c.folder); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
