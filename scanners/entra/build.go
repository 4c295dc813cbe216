//go:build !noentra

package entra

import (
	"context"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/subscribedskus"
	sdkusers "github.com/microsoftgraph/msgraph-sdk-go/users"
)

// build lets the SDK build the request for a place, without query. The builders are used where they are made, and only for this
// one of their methods: stored in an interface they would bring the methods that write along.
func build(ctx context.Context, q question, adapter abs.RequestAdapter, root string) (*abs.RequestInformation, error) {
	about := func(name string) map[string]string { return map[string]string{name + "%2Did": q.id} }
	none := map[string]string{}
	switch q.what {
	case users:
		return sdkusers.NewUsersRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case oneUser:
		return sdkusers.NewUserItemRequestBuilderInternal(about("user"), adapter).ToGetRequestInformation(ctx, nil)
	case userAssignments:
		return sdkusers.NewItemAppRoleAssignmentsRequestBuilderInternal(about("user"), adapter).ToGetRequestInformation(ctx, nil)
	case deletedUsers:
		return directory.NewDeletedItemsGraphUserRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case oneDeletedUser:
		return directory.NewDeletedItemsItemGraphUserRequestBuilderInternal(about("directoryObject"), adapter).ToGetRequestInformation(ctx, nil)
	case servicePrincipals:
		return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case oneServicePrincipal:
		return serviceprincipals.NewServicePrincipalItemRequestBuilderInternal(about("servicePrincipal"), adapter).ToGetRequestInformation(ctx, nil)
	case assignedTo:
		return serviceprincipals.NewItemAppRoleAssignedToRequestBuilderInternal(about("servicePrincipal"), adapter).ToGetRequestInformation(ctx, nil)
	case servicePrincipalAssignments:
		return serviceprincipals.NewItemAppRoleAssignmentsRequestBuilderInternal(about("servicePrincipal"), adapter).ToGetRequestInformation(ctx, nil)
	case roleDefinitions:
		return rolemanagement.NewDirectoryRoleDefinitionsRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case roleAssignments:
		return rolemanagement.NewDirectoryRoleAssignmentsRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case roleEligibilities:
		return rolemanagement.NewDirectoryRoleEligibilitySchedulesRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	case subscribedSkus:
		return subscribedskus.NewSubscribedSkusRequestBuilderInternal(none, adapter).ToGetRequestInformation(ctx, nil)
	default:
		return bare(q, root)
	}
}

// bare builds requests without a builder of the SDK: its package for groups is larger than all others here together, and the
// report is not in the version 1.0 that it speaks.
func bare(q question, root string) (*abs.RequestInformation, error) {
	template := "{+root}/v1.0/groups/{id}/transitiveMembers{?%24select,%24top}"
	if q.what == servicePrincipalSignIns {
		template = "{+root}/beta/reports/servicePrincipalSignInActivities"
	}
	return abs.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(abs.GET, template, map[string]string{"root": root, "id": q.id}), nil
}
