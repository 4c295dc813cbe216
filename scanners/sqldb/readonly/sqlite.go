package readonly

import (
	"database/sql/driver"
	"net/url"

	"modernc.org/sqlite"
)

// connectSQLite opens the file with mode=ro, so that SQLite itself cannot write to it, and with query_only for every
// statement. It does not make a file that is not there.
func connectSQLite(s Server) (driver.Connector, error) {
	place := url.URL{Scheme: "file", Opaque: (&url.URL{Path: s.Path}).EscapedPath(), RawQuery: url.Values{"mode": {"ro"},
		"_query_only": {"1"}, "_busy_timeout": {milliseconds(s.Connect)}}.Encode()}
	return sqlite.NewConnector(place.String())
}

// The primary codes of SQLite's errors, which are the low byte of the extended ones.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

func sqlitePasses(err *sqlite.Error) bool {
	code := err.Code() & 0xff
	return code == sqliteBusy || code == sqliteLocked
}

func sqliteHint(err *sqlite.Error) string {
	switch err.Code() & 0xff {
	case sqliteCantOpen:
		return "look at the path in url, which is relative to leaver.yaml, and whether this user may read the file and, for one in WAL mode, write to its folder"
	case sqliteNotADB:
		return "the file is encrypted, or no database of SQLite"
	}
	return ""
}
