package sqldb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// The rules of a statement. A transaction that reads refuses whatever would write; these rules keep out what it does not see:
// a second statement, a file on the server, locks, and lists that the statement itself cuts short. Where databases read a text
// in different ways (a backslash within quotes, a comment, a dollar sign), it is refused and not interpreted.

// forbidden says why a word may not stand in a statement outside quotes; empty when it may.
func forbidden(word string) string {
	switch word {
	case "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant", "revoke", "copy", "call", "do", "exec",
		"execute", "outfile", "dumpfile", "shutdown", "kill", "backup", "restore", "attach", "pragma":
		return "a statement that reads has no such word"
	case "into":
		return "it would put the rows elsewhere"
	case "load_file", "pg_read_file", "pg_read_binary_file":
		return "it reads a file of the server"
	case "openrowset", "openquery", "opendatasource", "dblink", "dblink_exec":
		return "it asks another server, where nobody knows what happens"
	case "lo_export", "lo_import", "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile", "pg_switch_wal", "pg_promote":
		return "it acts on the server, outside of any transaction"
	case "waitfor":
		return "it waits"
	}
	return ""
}

// shortening words cut the result short when they stand outside parentheses.
func shortening() []string { return []string{"limit", "offset", "fetch", "top", "tablesample"} }

// cleanStatement checks a declared statement and gives it without blanks and a semicolon at its end.
func cleanStatement(text string, system readonly.System) (string, error) {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(strings.TrimSuffix(text, ";"))
	if text == "" {
		return "", configError("add `statement: SELECT id, login FROM users`", "no statement")
	}
	l := lexer{text: text, system: system}
	if err := l.read(); err != nil {
		return "", err
	}
	switch first := l.words[0]; {
	case first.depth > 0:
		return "", configError("leave the first one out", "statement starts with a parenthesis")
	case first.text != "select" && first.text != "with":
		return "", configError("a statement starts with SELECT or WITH", "statement starts with %q", first.text)
	}
	for i, w := range l.words {
		if why := forbidden(w.text); why != "" {
			return "", configError("a column of that name is written in quotes", "statement: %q is not allowed: %s", w.text, why)
		}
		if w.depth == 0 && slices.Contains(shortening(), w.text) {
			return "", configError("read everything: whoever is missing would be taken for gone", "statement: %q cuts the list short", w.text)
		}
		if w.text == "for" && i+1 < len(l.words) && slices.Contains([]string{"update", "share", "no", "key"}, l.words[i+1].text) {
			return "", configError("leave it out", "statement: it asks for locks (%q)", "for "+l.words[i+1].text)
		}
		if w.text == "lock" && i+1 < len(l.words) && l.words[i+1].text == "in" {
			return "", configError("leave it out", "statement: it asks for locks (%q)", "lock in")
		}
	}
	return text, nil
}

// word is a word outside quotes, in lower case, and how many parentheses are open around it.
type word struct {
	text  string
	depth int
}

// lexer finds the words of a statement.
type lexer struct {
	text   string
	system readonly.System
	at     int
	depth  int
	words  []word
}

func (l *lexer) read() error {
	for l.at < len(l.text) {
		c := l.text[l.at]
		var err error
		switch {
		case isWordByte(c):
			l.word()
			continue
		case c == '\'' || c == '"' || c == '`' || c == '[' && l.system == readonly.SQLServer:
			err = l.quoted(c)
		case c == '(':
			l.depth++
		case c == ')':
			l.depth--
		default:
			err = l.refused(c)
		}
		if err != nil {
			return err
		}
		if l.depth < 0 {
			return configError("count the parentheses", "statement: a parenthesis is closed that was not opened")
		}
		l.at++
	}
	if l.depth != 0 {
		return configError("count the parentheses", "statement: %d parentheses are not closed", l.depth)
	}
	if len(l.words) == 0 {
		return configError("a statement starts with SELECT or WITH", "statement: %q is none", l.text)
	}
	return nil
}

// isWordByte takes every byte beyond ASCII for part of a word, as the databases do.
func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (l *lexer) word() {
	from := l.at
	for l.at < len(l.text) && isWordByte(l.text[l.at]) {
		l.at++
	}
	l.words = append(l.words, word{strings.ToLower(l.text[from:l.at]), l.depth})
}

// quoted skips to the closing quote. A doubled quote stands for itself.
func (l *lexer) quoted(open byte) error {
	closing := open
	if open == '[' {
		closing = ']'
	}
	for i := l.at + 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '\\':
			return configError("write the value in another way", "statement: a backslash within quotes means different things to different databases")
		case c == closing && i+1 < len(l.text) && l.text[i+1] == closing:
			i++
		case c == closing:
			l.at = i
			return nil
		}
	}
	return configError("close it", "statement: a quote %s is not closed", string(open))
}

// refused says why a character outside quotes may not stand there; nil when it may.
func (l *lexer) refused(c byte) error {
	next := byte(0)
	if l.at+1 < len(l.text) {
		next = l.text[l.at+1]
	}
	switch {
	case c == ';':
		return configError("declare one statement", "statement: a semicolon divides statements")
	case c == '-' && next == '-', c == '/' && next == '*', c == '#' && l.system == readonly.MySQL:
		return configError("put comments above the key, where YAML reads them", "statement: comments mean different things to different databases")
	case c == '$':
		return configError("quote texts with '…'", "statement: a dollar sign quotes or stands for a parameter")
	case c == '?' && l.system != readonly.PostgreSQL, c == '@', c == ':' && next != ':' && !l.cast():
		return configError("write the value itself", "statement: %q stands for a parameter or a variable", string(c))
	case c == '\\', c < ' ' && c != '\n' && c != '\r' && c != '\t', c == 0x7f:
		return configError("leave it out", "statement: the character %q is not allowed", c)
	}
	return nil
}

// cast reports whether the colon at hand is the second one of a cast.
func (l *lexer) cast() bool { return l.at > 0 && l.text[l.at-1] == ':' }

// quote writes a name for the system.
func quote(system readonly.System, name string) string {
	switch system {
	case readonly.MySQL:
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	case readonly.SQLServer:
		return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
	default:
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
}

// counting is the question how many rows a statement delivers.
func counting(statement string) string {
	return fmt.Sprintf("SELECT count(*) FROM (%s) AS leaver_rows", statement)
}

// shaping is the question which columns a statement has.
func shaping(statement string) string {
	return fmt.Sprintf("SELECT * FROM (%s) AS leaver_rows WHERE 1 = 0", statement)
}

// delivering asks for the rows themselves.
func delivering(system readonly.System, statement string, columns []string) string {
	if system != readonly.SQLite {
		return statement
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS leaver_rows", list(system, columns), statement)
}

// list names all columns. SQLite's driver would make times of texts by the columns' declared types, and lose whether they
// state a zone: an expression has no declared type.
func list(system readonly.System, columns []string) string {
	if system != readonly.SQLite {
		return "*"
	}
	all := make([]string, len(columns))
	for i, name := range columns {
		all[i] = "+" + quote(system, name) + " AS " + quote(system, name)
	}
	return strings.Join(all, ", ")
}

// finding asks for the rows of one id, which is bound to the parameter. The database compares texts, some of them without
// regard to upper and lower case: who asks looks at what comes.
func finding(system readonly.System, statement string, columns []string, id int, typ string) string {
	name := quote(system, columns[id])
	is := map[readonly.System]string{
		readonly.PostgreSQL: "rtrim(CAST(%s AS text)) = $1", readonly.MySQL: "RTRIM(CAST(%s AS CHAR)) = ?",
		readonly.SQLite: "rtrim(CAST(%s AS TEXT)) = ?", readonly.SQLServer: "RTRIM(CAST(%s AS nvarchar(4000))) = @p1",
	}[system]
	switch {
	case system == readonly.PostgreSQL && typ == "BYTEA":
		is = "encode(%s, 'hex') = $1"
	case system == readonly.MySQL && (typ == "BINARY" || typ == "VARBINARY"):
		is = "lower(hex(%s)) = ?"
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS leaver_rows WHERE "+is, list(system, columns), statement, name)
}
