// Leaky searches a directory and calls nothing that writes, but lets the connection of the SDK out of its hands: the type
// argument of a generic function that looks into what it got keeps every method of that type in the program, as soon as
// something else in it calls methods by name. The tests of the walls build it to see that this is caught too.
package main

import (
	"fmt"
	"os"
	"reflect"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	conn, err := try(func() (*ldap.Conn, error) { return ldap.DialURL(os.Args[1]) })
	if err != nil {
		panic(err)
	}
	fmt.Println(conn.Search(&ldap.SearchRequest{Filter: "(objectClass=*)"}))
	fmt.Println(reflect.ValueOf(os.Stdout).MethodByName(os.Args[2]))
}

// try has another try at what failed.
func try[T any](once func() (T, error)) (T, error) {
	for range 3 {
		if got, err := once(); err == nil && reflect.TypeFor[T]() != nil {
			return got, nil
		}
	}
	return once()
}
