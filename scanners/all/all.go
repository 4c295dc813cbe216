// Package all is the one list of connector kinds. A new connector is a folder below scanners and a line here.
package all

import (
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/entra"
	"github.com/leaver-audit/leaver/scanners/ldap"
	"github.com/leaver-audit/leaver/scanners/okta"
	"github.com/leaver-audit/leaver/scanners/rest"
	"github.com/leaver-audit/leaver/scanners/scim"
	"github.com/leaver-audit/leaver/scanners/sqldb"
	"github.com/leaver-audit/leaver/scanners/table"
)

// Kinds lists every connector, in the order in which help shows them.
func Kinds() []scanners.Kind {
	return []scanners.Kind{
		entra.Kind(),
		ldap.Kind(),
		okta.Kind(),
		sqldb.Kind(),
		scim.Kind(),
		rest.Kind(),
		table.Kind(),
	}
}
