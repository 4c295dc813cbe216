// Command writes is what the connector must not be: it stores the library's connection in an interface.
package main

import (
	"io"
	"os"
	"reflect"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	conn, _ := ldap.DialURL(os.Args[1])
	var closer io.Closer = conn
	reflect.ValueOf(closer).MethodByName(os.Args[2]).Call(nil)
}
