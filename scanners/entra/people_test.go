//go:build !noentra

package entra

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

func openSourceOfPeople(t *testing.T, env scanners.Env, text string) scanners.Source[scanners.Person] {
	t.Helper()
	source, err := Kind().People(scannertest.Config(text), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestPeopleConformance(t *testing.T) {
	faults := scannertest.Faults()
	scannertest.People(t, scannertest.Subject[scanners.Person]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
			o := options()
			if e, isPlayed := played()[fault]; isPlayed {
				if fault == scannertest.BadDate {
					e.Fault = graph.BadHire
				}
				o.Script = []graph.Event{e}
			} else {
				o.Wrap = func(next http.Handler) http.Handler { return scannertest.Wire{Counts: pages}.Serve(fault, next) }
			}
			s := serve(t, o, members(n))
			trust(t, env.Path("."), s)
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret(password), nil }
			return openSourceOfPeople(t, env, config(s, "page_size: 10\nlast_day: inclusive"))
		},
		Faults: faults,
	})
}

// TestPeople: members with an employee id are people; an end is open only where ends are seen to be kept.
func TestPeople(t *testing.T) {
	tenant := func(ends bool) *graph.Tenant {
		x := members(6)
		x.Users.At = func(n int) graph.Object {
			u := member(n)
			u["givenName"], u["surname"], u["department"], u["officeLocation"], u["employeeType"] = "Ann", fmt.Sprint("Nr", n), "Sales", "Lyon", "Employee"
			u["employeeHireDate"], u["manager"] = "2024-03-01T00:00:00Z", graph.Object{"id": userID(1), "employeeId": "00001"}
			switch n {
			case 2:
				u["userType"] = "Guest"
			case 3:
				u["employeeId"] = nil
			case 4:
				u["employeeId"], u["employeeHireDate"] = "00001", nil // a second user of the same person
			case 5:
				if ends {
					u["employeeLeaveDateTime"] = "2026-02-28T00:00:00Z"
				}
			}
			return u
		}
		return x
	}
	for _, test := range []struct {
		name  string
		ends  bool
		roles []string
		open  string
		gap   string
	}{
		{"ends are kept", true, nil, "never", ""},
		{"nobody has an end", false, nil, "unknown", "no user has an employeeLeaveDateTime"},
		{"no right to ends", true, without("User-LifeCycleInfo.Read.All"), "unknown", "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			o.Roles = test.roles
			s := serve(t, o, tenant(test.ends))
			var got []scanners.Person
			c, err := openSourceOfPeople(t, outside(t, s).Env, config(s, "last_day: exclusive")).Scan(t.Context(), func(p scanners.Person) error {
				got = append(got, p)
				return nil
			})
			if err != nil || c.Verdict != scanners.Proved || len(got) != 4 || got[0].ID != "00000" || got[2].ID != "00001" || got[1].ID != "00001" {
				t.Fatalf("%+v, %v (%s), %v", got, c.Verdict, c.Why, err)
			}
			first := got[0]
			end, _, _ := strings.Cut(word(first.Employments[0].End), ":")
			if end != test.open || !strings.Contains(gapOf(c, "ends of employment").Cause, test.gap) || gapOf(c, "users without employeeId").Count.Value != 1 {
				t.Errorf("end %s, gaps %+v", end, c.Gaps)
			}
			first.Employments[0].End = scanners.Fact[scanners.Date]{}
			hired := scanners.Known(scanners.Date{Year: 2024, Month: 3, Day: 1})
			want := scanners.Person{ID: "00000", DisplayName: "User 0", GivenName: "Ann", FamilyName: "Nr0", Mails: []string{"user0@corp.example"}, Manager: "00001",
				Department: "Sales", Location: "Lyon", Place: "user " + userID(0), Employments: []scanners.Employment{{Start: hired, Type: "Employee"}}}
			if diff := cmp.Diff(want, first); diff != "" {
				t.Error(diff)
			}
			left := got[3].Employments[0].End
			if known := test.ends && test.roles == nil; known != scanners.Is(left, scanners.Date{Year: 2026, Month: 2, Day: 28}) || !got[2].Employments[0].Start.IsUnknown() {
				t.Errorf("left %+v, start of the second user %+v", left, got[2].Employments[0].Start)
			}
		})
	}
}

func TestPeopleConfig(t *testing.T) {
	for _, more := range []string{"", "last_day: maybe"} {
		s := serve(t, options(), members(1))
		_, err := Kind().People(scannertest.Config(config(s, more)), outside(t, s).Env)
		if err == nil || !strings.Contains(err.Error(), "last_day") {
			t.Errorf("%q: %v", more, err)
		}
	}
}
