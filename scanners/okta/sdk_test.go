package okta

import (
	"context"
	"fmt"
	"testing"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/query"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestSDKReadsTheTenant lets the vendor's SDK, with its own client, paging and decoding, read the simulated tenant: what it cannot
// make sense of, Okta would not send.
func TestSDKReadsTheTenant(t *testing.T) {
	content := crowd(25)
	content.Users[3].Status, content.Users[4].Status = "DEPROVISIONED", "LOCKED_OUT"
	content.Events = []tenant.Event{{ID: "e1", Type: "user.session.start", At: night().Add(-1e9), Actor: uid(1), Outcome: "SUCCESS", App: "0oa1"}}
	s, address := serve(t, tenant.Options{Token: "00token"}, 0, scannertest.Healthy, usersPath)
	if err := s.Replace(content); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	ctx, client, err := sdk.NewClient(t.Context(), sdk.WithOrgUrl(address), sdk.WithToken("00token"), sdk.WithCache(false), sdk.WithTestingDisableHttpsCheck(true))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []struct {
		name string
		get  func() (int, *sdk.Response, error)
		next func(*sdk.Response) (int, *sdk.Response, error)
		want int
	}{
		{"users without the deprovisioned ones", func() (int, *sdk.Response, error) {
			users, r, err := client.User.ListUsers(ctx, query.NewQueryParams(query.WithLimit(10)))
			return len(users), r, err
		}, more[*sdk.User](ctx), 24},
		{"users of every status", func() (int, *sdk.Response, error) {
			users, r, err := client.User.ListUsers(ctx, query.NewQueryParams(query.WithLimit(10), query.WithFilter(`status eq "ACTIVE" or status eq "DEPROVISIONED" or status eq "LOCKED_OUT"`)))
			return len(users), r, err
		}, more[*sdk.User](ctx), 25},
		{"groups", func() (int, *sdk.Response, error) {
			groups, r, err := client.Group.ListGroups(ctx, query.NewQueryParams(query.WithLimit(2)))
			return len(groups), r, err
		}, more[*sdk.Group](ctx), 5},
		{"members", func() (int, *sdk.Response, error) {
			users, r, err := client.Group.ListGroupUsers(ctx, "00g1", query.NewQueryParams(query.WithLimit(7)))
			return len(users), r, err
		}, more[*sdk.User](ctx), 24},
		{"accounts of an application", func() (int, *sdk.Response, error) {
			users, r, err := client.Application.ListApplicationUsers(ctx, "0oa1", query.NewQueryParams(query.WithLimit(5)))
			return len(users), r, err
		}, more[*sdk.AppUser](ctx), 13},
		{"roles", func() (int, *sdk.Response, error) {
			roles, r, err := client.User.ListAssignedRolesForUser(ctx, uid(0), nil)
			return len(roles), r, err
		}, nil, 1},
		{"log", func() (int, *sdk.Response, error) {
			events, r, err := client.LogEvent.GetLogs(ctx, query.NewQueryParams(query.WithSince("2026-03-01T00:00:00Z"), query.WithUntil("2026-03-03T00:00:00Z")))
			return len(events), r, err
		}, nil, 1},
	} {
		t.Run(list.name, func(t *testing.T) {
			n, r, err := list.get()
			for err == nil && list.next != nil && r.HasNextPage() {
				var m int
				m, r, err = list.next(r)
				n += m
			}
			if err != nil || n != list.want {
				t.Errorf("%d, %v; want %d", n, err, list.want)
			}
		})
	}
	t.Run("user by id", func(t *testing.T) {
		user, _, err := client.User.GetUser(ctx, uid(4))
		if err != nil || user.Status != "LOCKED_OUT" || user.LastLogin == nil || fmt.Sprint((*user.Profile)["employeeNumber"]) != "000004" {
			t.Errorf("%+v, %v", user, err)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		_, r, err := client.User.GetUser(ctx, "00unobody")
		refusal, ok := err.(*sdk.Error)
		if !ok || r.StatusCode != 404 || refusal.ErrorCode != "E0000007" {
			t.Errorf("%v", err)
		}
	})
}

// more reads the next page of a list as the SDK does.
func more[T any](ctx context.Context) func(*sdk.Response) (int, *sdk.Response, error) {
	return func(r *sdk.Response) (int, *sdk.Response, error) {
		var list []T
		r, err := r.Next(ctx, &list)
		return len(list), r, err
	}
}
