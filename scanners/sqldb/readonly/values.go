package readonly

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Kind is what the database says of a value's type.
type Kind uint8

// The kinds of values.
const (
	Null    Kind = iota // no value
	Text                // text as written
	Number              // a whole or decimal number; Text holds it as written
	Float               // a floating point number, which has lost digits
	Bool                // Text is "true" or "false"
	Instant             // an instant; At is in UTC
	Wall                // a date and time without zone; At shows it as if it were UTC
	Day                 // a calendar date; At is its midnight in UTC
	List                // several texts, in List
	Bytes               // Text holds them in hexadecimal
)

// Value is one value of one row.
type Value struct {
	Kind Kind
	Text string
	At   time.Time
	List []string
}

func converters() map[System]func(string, any) Value {
	return map[System]func(string, any) Value{
		PostgreSQL: convertPostgres, MySQL: convertMySQL, SQLServer: convertSQLServer,
		SQLite: func(_ string, v any) Value { return plain(v) },
	}
}

// plain makes a value of what all drivers give alike.
func plain(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case string:
		return Value{Kind: Text, Text: v}
	case []byte:
		return Value{Kind: Bytes, Text: hex.EncodeToString(v)}
	case bool:
		return Value{Kind: Bool, Text: strconv.FormatBool(v)}
	case int64:
		return Value{Kind: Number, Text: strconv.FormatInt(v, 10)}
	case uint64:
		return Value{Kind: Number, Text: strconv.FormatUint(v, 10)}
	case float64:
		return Value{Kind: Float, Text: strconv.FormatFloat(v, 'g', -1, 64)}
	case float32:
		return Value{Kind: Float, Text: strconv.FormatFloat(float64(v), 'g', -1, 32)}
	case time.Time:
		return Value{Kind: Wall, At: v}
	default:
		return Value{Kind: Text, Text: fmt.Sprint(v)}
	}
}
