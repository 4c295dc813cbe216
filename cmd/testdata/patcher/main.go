// Patcher is what leaver must never be: a program that can disable a user of Entra ID. The tests of the walls build it to see
// that it is caught.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/microsoft/kiota-abstractions-go/authentication"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

func main() {
	adapter, err := core.NewGraphRequestAdapterBase(&authentication.AnonymousAuthenticationProvider{}, core.GraphClientOptions{})
	if err != nil {
		panic(err)
	}
	user, off := models.NewUser(), false
	user.SetAccountEnabled(&off)
	fmt.Println(users.NewUserItemRequestBuilder(os.Args[1], adapter).Patch(context.Background(), user, nil))
}
