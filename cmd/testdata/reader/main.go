// Reader searches a directory and changes nothing. The tests of the walls build it to see that it is let through.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	conn, err := ldap.DialURL(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := conn.Bind(os.Args[2], os.Args[3]); err != nil {
		panic(err)
	}
	search := ldap.NewSearchRequest("", ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil)
	entries := conn.SearchAsync(context.Background(), search, 16)
	for entries.Next() {
		fmt.Println(entries.Entry().DN)
	}
}
