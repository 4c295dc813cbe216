//go:build !noentra

package entra

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// tenantSize is how many users the tenant of the benchmark holds.
const tenantSize = 200_000

// The bounds of a pull: CPU time against bare net/http with encoding/json, and memory in megabytes.
const (
	maxRatio = 1.5
	maxPeak  = 40
)

// pull makes the test program a pull of one tenant: BenchmarkTenant starts itself again with it, to measure the time and memory of
// nothing else. It is the configuration for the connector, or the address of the first page and a token for the bare pull.
var (
	pull      = flag.String("pull", "", "folder of the configuration that TestPull pulls with; used by BenchmarkTenant")
	pullsBare = flag.Bool("bare", false, "TestPull pulls with net/http and encoding/json alone")
)

func TestPull(t *testing.T) {
	if *pull == "" {
		t.Skip("only BenchmarkTenant starts it")
	}
	text, err := os.ReadFile(filepath.Join(*pull, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if *pullsBare {
		n = pullBare(t, *pull)
	} else {
		out := scannertest.Env(t)
		out.Dir, out.Secrets["env:APP"] = *pull, password
		c, err := openSource(t, out.Env, string(text)).Scan(t.Context(), func(scanners.Account) error { n++; return nil })
		if err != nil || !c.Verdict.Complete() {
			t.Fatalf("%v (%s), %v", c.Verdict, c.Why, err)
		}
	}
	if n != tenantSize {
		t.Fatalf("%d users", n)
	}
	t.Logf("peak %s kB", highWater(t))
}

// highWater is the most memory that this process ever held. What the parent learns of it when it ends counts its own in.
func highWater(t *testing.T) string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	return strings.Fields(rest)[0]
}

// bareUser is what somebody would write who wants the same fields and nothing of what goes wrong.
type bareUser struct {
	ID                         string    `json:"id"`
	UserPrincipalName          string    `json:"userPrincipalName"`
	DisplayName                string    `json:"displayName"`
	Mail                       string    `json:"mail"`
	ProxyAddresses             []string  `json:"proxyAddresses"`
	OtherMails                 []string  `json:"otherMails"`
	EmployeeID                 string    `json:"employeeId"`
	AccountEnabled             *bool     `json:"accountEnabled"`
	CreatedDateTime            time.Time `json:"createdDateTime"`
	UserType                   string    `json:"userType"`
	ExternalUserState          *string   `json:"externalUserState"`
	LastPasswordChangeDateTime time.Time `json:"lastPasswordChangeDateTime"`
	OnPremisesSyncEnabled      *bool     `json:"onPremisesSyncEnabled"`
	OnPremisesDomainName       string    `json:"onPremisesDomainName"`
	OnPremisesImmutableID      string    `json:"onPremisesImmutableId"`
	OnPremisesSID              string    `json:"onPremisesSecurityIdentifier"`
	OnPremisesSAM              string    `json:"onPremisesSamAccountName"`
	OnPremisesDN               string    `json:"onPremisesDistinguishedName"`
	AssignedLicenses           []struct {
		SkuID string `json:"skuId"`
	} `json:"assignedLicenses"`
	States []struct {
		SkuID string  `json:"skuId"`
		Group *string `json:"assignedByGroup"`
	} `json:"licenseAssignmentStates"`
	SignInActivity struct {
		Success time.Time `json:"lastSuccessfulSignInDateTime"`
		Attempt time.Time `json:"lastSignInDateTime"`
	} `json:"signInActivity"`
	Manager struct {
		ID string `json:"id"`
	} `json:"manager"`
}

func pullBare(t *testing.T, dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, "bare"))
	if err != nil {
		t.Fatal(err)
	}
	next, token, _ := strings.Cut(string(text), "\n")
	n := 0
	for next != "" {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, next, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Value []bareUser
			Next  string `json:"@odata.nextLink"`
		}
		if err := json.NewDecoder(response.Body).Decode(&page); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", response.StatusCode, err)
		}
		response.Body.Close()
		n, next = n+len(page.Value), page.Next
	}
	return n
}

// large is a tenant in which one user in a hundred has never signed in and one in fifty is an administrator's.
func large() *graph.Tenant {
	t := members(tenantSize)
	t.Users.At = func(n int) graph.Object {
		u := member(n)
		u["proxyAddresses"] = []string{"SMTP:" + u["mail"].(string), fmt.Sprintf("smtp:u%d@corp.onmicrosoft.example", n)}
		u["onPremisesSyncEnabled"], u["onPremisesDomainName"], u["onPremisesSamAccountName"] = true, "corp.example", fmt.Sprintf("user%d", n)
		u["onPremisesImmutableId"], u["onPremisesSecurityIdentifier"] = "AAECAwQFBgcICQoLDA0ODw==", fmt.Sprintf("S-1-5-21-1-2-3-%d", n)
		u["onPremisesDistinguishedName"] = fmt.Sprintf("CN=User %d,OU=Staff,DC=corp,DC=example", n)
		u["lastPasswordChangeDateTime"], u["employeeType"], u["employeeHireDate"] = "2025-05-05T05:05:05Z", "Employee", "2024-03-01T00:00:00Z"
		if n%100 == 0 {
			delete(u, "signInActivity")
		}
		return u
	}
	return t
}

// cost is what a process took.
type cost struct {
	cpu    time.Duration
	peakMB float64
}

func measure(b *testing.B, arguments ...string) cost {
	b.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestPull$", "-test.v"}, arguments...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	_, said, _ := strings.Cut(string(out), "peak ")
	peak, err := strconv.ParseFloat(strings.Fields(said + " ?")[0], 64)
	if err != nil {
		b.Fatalf("no peak in %q", out)
	}
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak / 1024}
}

// BenchmarkTenant pulls 200,000 users with sign-in data through the connector and with net/http and encoding/json alone, in turn,
// asking the same server for the same fields. It reports the ratio of their CPU time and the connector's peak memory; both are
// bounded. Graph is without TLS on both sides.
func BenchmarkTenant(b *testing.B) {
	o := options()
	o.Plain = true
	s := serve(b, o, large())
	dir := b.TempDir()
	trust(b, dir, s)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	write("config.yaml", config(s, "service_principals: none\napplications: none"))
	q := url.Values{"$select": {strings.Join(userFields(true, true), ",")}, "$top": {"500"}, "$expand": {"manager($select=id)"}}
	write("bare", s.URL()+"/v1.0/users?"+q.Encode()+"\n"+token(b, s))
	var ours, theirs cost
	measure(b, "-pull="+dir, "-bare") // warms the server
	b.ResetTimer()
	for i := range b.N {
		var a, r cost
		if i%2 == 0 {
			r, a = measure(b, "-pull="+dir, "-bare"), measure(b, "-pull="+dir)
		} else {
			a, r = measure(b, "-pull="+dir), measure(b, "-pull="+dir, "-bare")
		}
		b.Logf("connector %.2f s CPU, %.0f MB; net/http with encoding/json %.2f s CPU, %.0f MB", a.cpu.Seconds(), a.peakMB, r.cpu.Seconds(), r.peakMB)
		ours = cost{ours.cpu + a.cpu, max(ours.peakMB, a.peakMB)}
		theirs.cpu += r.cpu
	}
	ratio := ours.cpu.Seconds() / theirs.cpu.Seconds()
	b.ReportMetric(ratio, "CPU/bare")
	b.ReportMetric(ours.cpu.Seconds()/float64(b.N), "CPU-s/op")
	b.ReportMetric(ours.peakMB, "peak-MB")
	if ratio > maxRatio || ours.peakMB > maxPeak {
		b.Errorf("%.2f times the CPU time of the bare pull and %.0f MB, want at most %.1f and %d", ratio, ours.peakMB, maxRatio, maxPeak)
	}
}

// token gets an access token as any program would.
func token(tb testing.TB, s *graph.Server) string {
	tb.Helper()
	out := outside(tb, s)
	client, err := out.HTTP(scanners.Reach{Tokens: []string{s.Authority() + "/" + tenantID + "/oauth2/v2.0/token"}, CA: "ca.pem"})
	if err != nil {
		tb.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {password}, "scope": {"https://graph.microsoft.com/.default"}}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.Authority()+"/"+tenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.RoundTrip(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err != nil || json.Unmarshal(text, &answer) != nil || answer.Token == "" {
		tb.Fatalf("no token: %s, %v", text, err)
	}
	return answer.Token
}
