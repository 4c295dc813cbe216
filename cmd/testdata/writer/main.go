// Writer is what leaver must never be: a program that can change a directory. The tests of the walls build it to see
// that it is caught.
package main

import (
	"fmt"
	"os"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	conn, err := ldap.DialURL(os.Args[1])
	if err != nil {
		panic(err)
	}
	change := ldap.NewModifyRequest(os.Args[2], nil)
	change.Replace("description", []string{"changed"})
	fmt.Println(conn.Modify(change), conn.Del(ldap.NewDelRequest(os.Args[2], nil)))
}
