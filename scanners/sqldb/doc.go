// Package sqldb reads accounts and people from the tables of a database: PostgreSQL, MySQL, MariaDB, SQLite and SQL Server.
//
// # Configuration
//
//	sources:
//	  - name: crm
//	    kind: sqldb
//	    url: postgres://db.corp.example/crm
//	    tls: {ca: corp-ca.pem}
//	    user: leaver
//	    password: env:CRM_PASSWORD
//	    statement: SELECT id, login, email, staff_no, is_active, created_at, last_login FROM app.users
//	    columns: {id: id, login: login, mail: email, employee_id: staff_no, enabled: is_active, created: created_at, last_activity: last_login}
//	    empty: {last_activity: never}
//	  - name: crm-database
//	    kind: sqldb
//	    url: postgres://db.corp.example/crm
//	    user: leaver
//	    password: env:CRM_PASSWORD
//	    preset: postgres-roles
//	people:
//	  - name: hr
//	    kind: sqldb
//	    url: sqlite:hr.db
//	    statement: SELECT number, mail, hired, left_on FROM staff
//	    columns: {id: number, mail: mail, start: hired, end: left_on}
//	    last_day: inclusive
//
// A statement is one SELECT, or one WITH … SELECT, that delivers every record. A second statement, comments, a limit, locks, words
// that write and whatever databases read in different ways (a backslash within quotes, a dollar sign) are refused before
// anything is asked. SQL Server takes neither WITH nor ORDER BY here, because the statement is counted: declare a view. [Reading]
// documents every key, [AccountColumns] and [PeopleColumns] every field; their words are those of kind: table.
//
// # Rights that the reading user needs
//
// SELECT on what the statement reads, and nothing else: a view that shows the mapped columns alone is best. A user that could
// write is reported as too wide, with an example. On PostgreSQL row-level security must not apply to it: a policy that would hide
// rows makes the statement fail, where by default it would make the list short without a word.
//
// # It cannot write
//
// What shows this is another proof than for LDAP, whose symbol table holds no writing request: a database takes one and the same
// request for reading and for writing, so the symbols of a driver prove nothing. Here these do:
//
//   - types: connections live in one small package, scanners/sqldb/readonly, the only one that imports database/sql and the
//     drivers (a house test says so). It hands out a handle that can ask and be closed, and rolls back;
//   - the transaction: PostgreSQL runs BEGIN READ ONLY within a session that only reads by default, MySQL and MariaDB START
//     TRANSACTION READ ONLY, SQLite opens the file with mode=ro and query_only. The server refuses what writes, also in a
//     function that the statement calls. Tests try;
//   - the statement: one only, see above; ids of look-ups are bound parameters.
//
// SQL Server has no transaction that only reads. A login that holds any right beyond SELECT, CONNECT and VIEW is refused
// there, and the transaction is rolled back. What a function of the server does outside of the transaction (dblink, a foreign
// table, a file) is beyond the first two of these: such words are refused, and the user must not have the right.
//
// # Security of the connection
//
// TLS 1.2 or later with a verified certificate, unless the server is on this machine (a socket, localhost, a loopback address) and
// tls says nothing; tls.plaintext allows an open connection. There is no way back to plain text. The one address of the url is
// reached through the run's dialer; metadata addresses of clouds are refused, and so is a server that refers to another. No PG*
// variable, ~/.pgpass, service file or other setting of the environment is used. A pool such as PgBouncer has to let the
// startup parameters default_transaction_read_only, row_security, statement_timeout and TimeZone pass.
//
// # What the types of a database mean
//
//   - NULL is unknown unless empty says never. An empty text counts as NULL.
//   - timestamp with time zone (MySQL: TIMESTAMP) is an instant; timestamp without it, DATETIME and smalldatetime are read in zone,
//     else in the run's timezone; a DATE has an error band of a day. infinity in expires is never, -infinity and dates before 2
//     January 1970 are what systems write when there is none. Dates within texts and numbers need a form under dates.
//   - Booleans, bits and numbers are read by their value: 1 and 0, and any other by values. An array is several values; a text
//     is divided at list_separator.
//   - Bytes are written in hexadecimal, uuid and uniqueidentifier in their usual form. A floating point number is no id.
//   - A value that is no time, no count or an untranslated word makes its fact unknown, and the coverage says how often. A row
//     without id, with two meanings of one, or with an employee id that a spreadsheet has spoilt is rejected, that row alone.
//     For people, a date or status that cannot be read rejects the row and reserves its keys.
//   - Blanks at the end of an id do not count: databases pad them.
//
// # How sure it is of having read everything
//
// The same statement is counted, within the same transaction, before it is read; PostgreSQL, MySQL's InnoDB and SQLite show both
// questions one state of the data. complete (proved): as many rows came. complete (consistent): more came, which an engine without
// snapshots can show (MyISAM, Aria, SQL Server). partial: fewer came; a row without id; an id with two different rows; clocks more
// than five minutes apart; people of whom none has a mail, start or status although it is mapped. blind: no row at all, unless
// allow_empty permits it. The count says nothing about rows that the statement itself leaves out.
//
// A lost connection, a full or a starting server is tried again, four times in all. Before the first row nothing has happened.
// After it, everything is read again in a new transaction, and rows that were handed on are recognised by id and
// value. Only when all of them are there again, unchanged, is the source complete: then the result is the new transaction's, row
// by row. Otherwise it is partial. A statement that takes longer than timeouts.statement is not tried again.
//
// Lookup asks for one id with a bound parameter; that there is none is said only after every row was read. Memory: rows are
// streamed; of every id some forty bytes are kept.
//
// # Presets
//
//   - postgres-roles: roles of PostgreSQL but for its own (pg_…). The id is the oid, which a role keeps when it is renamed. Enabled
//     is rolcanlogin, so groups show as disabled; expires is rolvaliduntil, after which the password no longer counts, while
//     other ways in may; privileged is a superuser, a role that may make roles, replicate or bypass row security, and whoever is a
//     member of one. PostgreSQL records no sign-ins.
//   - mariadb-users: users of MariaDB 10.4 or later. Enabled is account_locked; privileged is the right SUPER, GRANT OPTION or
//     CREATE USER on everything. Reading needs SELECT on mysql.global_priv, mysql.user and mysql.roles_mapping.
//   - mysql-users: the same of MySQL 8, from mysql.user and mysql.role_edges. Roles of MySQL are locked users and show as such.
//   - sqlserver-logins: logins of SQL Server 2017 or later. The id is the sid; enabled is is_disabled. The login needs VIEW ANY
//     DEFINITION to see them all.
//
// Users of MySQL and MariaDB have no id that lives longer than their name: user@host made anew has the old one's. mysql.user and
// its like know of no sign-in either. An expired password is a flag to be renewed there, and the account stays enabled.
//
// # Not tested against the real thing
//
// SQL Server: there is none here; its part follows the documentation of server and driver. MySQL: MariaDB is tested in its place,
// in version 10.11, so the preset mysql-users never ran. PostgreSQL is tested in version 15.
package sqldb
