package readonly

import (
	"context"
	"database/sql/driver"
	"net"
	"strconv"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/leaver-audit/leaver/scanners"
)

func connectSQLServer(s Server) driver.Connector {
	host, port := s.Host, uint64(0)
	if _, text, err := net.SplitHostPort(s.Address); err == nil {
		port, _ = strconv.ParseUint(text, 10, 16) // checked where the url is read
	}
	config := msdsn.Config{Host: host, Port: port, Database: s.Database, User: s.User, Password: s.Password.Reveal(),
		Encryption: msdsn.EncryptionDisabled, HostInCertificateProvided: true, Protocols: []string{"tcp"}, Parameters: map[string]string{},
		PacketSize: 4096, ConnTimeout: 0, DialTimeout: s.Connect, KeepAlive: 30 * time.Second, AppName: "leaver", Workstation: "leaver",
		ReadOnlyIntent: true, DisableRetry: true, NoTraceID: true, Encoding: msdsn.EncodeParameters{Timezone: time.UTC}}
	if s.TLS != nil {
		config.Encryption, config.TLSConfig = msdsn.EncryptionRequired, s.TLS.Clone()
		// The server wants each of its packets in one record.
		config.TLSConfig.DynamicRecordSizingDisabled = true
	}
	connector := mssql.NewConnectorConfig(config)
	connector.Dialer = oneHost{s}
	return connector
}

// oneHost dials the configured server by its name, and no other that it may refer to.
type oneHost struct{ server Server }

// DialContext refuses any other address.
func (o oneHost) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	if address != o.server.Address {
		return nil, &scanners.RefusedError{Target: address, Why: "the server refers to an address that the configuration does not name"}
	}
	return o.server.dial(ctx)
}

// HostName makes the driver hand over the name and not what it resolves to.
func (o oneHost) HostName() string { return o.server.Host }

// convertSQLServer makes values of what the driver gives.
func convertSQLServer(typ string, v any) Value {
	switch v := v.(type) {
	case time.Time:
		switch typ {
		case "DATETIMEOFFSET":
			return Value{Kind: Instant, At: v.UTC()}
		case "DATE":
			return Value{Kind: Day, At: v}
		}
		return Value{Kind: Wall, At: v}
	case []byte:
		switch typ {
		case "UNIQUEIDENTIFIER":
			var id mssql.UniqueIdentifier
			if err := id.Scan(v); err == nil {
				return Value{Kind: Text, Text: id.String()}
			}
		case "DECIMAL", "NUMERIC", "MONEY", "SMALLMONEY":
			return Value{Kind: Number, Text: string(v)}
		}
	}
	return plain(v)
}

func sqlServerPasses(err *mssql.Error) bool {
	switch err.Number {
	case 1205, 1222, 10928, 10929, 40197, 40501, 40613: // deadlock, waits, limits and failovers of the cloud service
		return true
	}
	return false
}

func sqlServerHint(err *mssql.Error) string {
	switch err.Number {
	case 18456, 18452:
		return "the server does not accept user and password: look at user and password"
	case 229, 230:
		return "grant SELECT on what the statement reads"
	case 4060:
		return "the database is the part of the url behind the host"
	case 156, 1033:
		return "SQL Server takes neither WITH nor ORDER BY within a statement: use a view, and no order"
	}
	return ""
}
