// Command reads links the connector together with a method call by name, which makes the linker keep every method of every
// type that is ever stored in an interface. The test reads its symbol table.
package main

import (
	"os"
	"reflect"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/ldap"
)

func main() {
	source, err := ldap.Kind().Accounts(func(any) error { return nil }, scanners.Env{})
	reflect.ValueOf(source).MethodByName(os.Args[1]).Call(nil)
	reflect.ValueOf(err).MethodByName(os.Args[1]).Call(nil)
}
