package okta

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

const (
	// orgSize is how many users the org of the benchmark holds.
	orgSize = 200_000
	// maxPeak is what a pull may take, in megabytes, and maxRatio how much more CPU time than the bare loop.
	maxPeak  = 40
	maxRatio = 1.5
)

// The flags make the test program a pull of one org: BenchmarkOrg starts itself again with them, to measure nothing else.
var (
	pullFrom = flag.String("pull", "", "address that TestPull pulls; used by BenchmarkOrg")
	pullBare = flag.Bool("bare", false, "pull with net/http and encoding/json alone")
)

func TestPull(t *testing.T) {
	if *pullFrom == "" {
		t.Skip("only BenchmarkOrg starts it")
	}
	n, err := 0, error(nil)
	if *pullBare {
		n, err = pullPlainly(*pullFrom)
	} else {
		env := tokenEnv(t)
		env.Now = time.Now
		c, scanErr := mustOpen(t, env.Env, "url: "+*pullFrom+"\ntoken: env:TOKEN\ngrants: [none]").Scan(t.Context(), func(scanners.Account) error { n++; return nil })
		if err = scanErr; err == nil && !c.Verdict.Complete() {
			err = errors.New(c.Why)
		}
	}
	if err != nil || n != orgSize {
		t.Fatalf("%d users, %v", n, err)
	}
	fmt.Println("peak-kB", peak(t))
}

// peak is the most memory that this process ever occupied, in kilobytes.
func peak(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	return strings.Fields(after)[0]
}

// pullPlainly is the least that a program does that reads users: it asks, decodes pages into the same structs, and goes on.
func pullPlainly(address string) (n int, err error) {
	client := &http.Client{}
	for next := address + usersPlace(200); next != ""; {
		r, err := http.NewRequest(http.MethodGet, next, nil)
		if err != nil {
			return n, err
		}
		r.Header.Set("Authorization", "SSWS 00token")
		response, err := client.Do(r)
		if err != nil {
			return n, err
		}
		var users []user
		err = json.NewDecoder(response.Body).Decode(&users)
		response.Body.Close()
		if err != nil {
			return n, err
		}
		n, next = n+len(users), ""
		for _, link := range response.Header.Values("Link") {
			if before, isNext := strings.CutSuffix(link, `>; rel="next"`); isNext {
				next = before[1:]
			}
		}
	}
	return n, nil
}

// person is a user as an org of some size keeps it; # stands for the number.
const person = `{"id":"00u#","status":"ACTIVE","created":"2019-03-01T08:00:00.000Z","activated":"2019-03-01T08:00:00.000Z","statusChanged":"2019-03-01T08:00:00.000Z",` +
	`"lastLogin":"2026-02-27T14:03:12.000Z","lastUpdated":"2026-02-27T14:03:12.000Z","passwordChanged":"2025-12-01T09:30:00.000Z","type":{"id":"oty1a2b3c4d5e6f7g8h9"},` +
	`"profile":{"firstName":"Grace","lastName":"Moe #","mobilePhone":"+49 30 1234567","secondEmail":null,"login":"grace.#@halvard.example","email":"grace.#@halvard.example",` +
	`"displayName":"Grace Moe #","employeeNumber":"#","title":"Engineer","department":"Research","costCenter":"4711","organization":"Halvard","division":"North",` +
	`"manager":"Ada Tamm","managerId":"00000000000000017","userType":"Employee","city":"Hamburg","countryCode":"DE","locale":"de_DE","timezone":"Europe/Berlin"},` +
	`"credentials":{"password":{},"emails":[{"value":"grace.#@halvard.example","status":"VERIFIED","type":"PRIMARY"}],"provider":{"type":"OKTA","name":"OKTA"}},` +
	`"_links":{"self":{"href":"https://halvard.okta.example/api/v1/users/00u#"}}}`

// serveOrg serves orgSize users in pages of 200.
func serveOrg(b *testing.B) string {
	b.Helper()
	parts := strings.Split(person, "#")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("after"))
		page := make([]byte, 0, 300_000)
		for i := from; i < min(from+200, orgSize); i++ {
			page = append(page, ",["[min(1, max(0, from+1-i))])
			page = append(page, strings.Join(parts, fmt.Sprintf("%017d", i))...)
		}
		self := "http://" + r.Host + r.URL.Path
		w.Header().Add("Link", `<`+self+`?limit=200>; rel="self"`)
		if from+200 < orgSize {
			w.Header().Add("Link", fmt.Sprintf(`<%s?limit=200&after=%d>; rel="next"`, self, from+200))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(page, ']'))
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// cost is what a pull took.
type cost struct {
	cpu    time.Duration
	peakMB float64
}

func measure(b *testing.B, args ...string) cost {
	b.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestPull$"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var kB float64
	if _, err := fmt.Sscanf(string(out), "peak-kB %f", &kB); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), kB / 1024}
}

// BenchmarkOrg pulls 200,000 users through the connector and with a bare loop, in turn. The ratio of CPU times is that of the sums
// over all pairs, for one pair alone wavers with what else the machine does.
func BenchmarkOrg(b *testing.B) {
	address := serveOrg(b)
	const pairs = 3
	var ratio, most float64
	for b.Loop() {
		var ours, bare time.Duration
		most = 0
		for i := range pairs {
			var a, r cost
			if i%2 == 0 {
				r, a = measure(b, "-pull="+address, "-bare"), measure(b, "-pull="+address)
			} else {
				a, r = measure(b, "-pull="+address), measure(b, "-pull="+address, "-bare")
			}
			b.Logf("connector %.2f s CPU, %.0f MB; bare loop %.2f s CPU, %.0f MB", a.cpu.Seconds(), a.peakMB, r.cpu.Seconds(), r.peakMB)
			ours, bare, most = ours+a.cpu, bare+r.cpu, max(most, a.peakMB)
		}
		ratio = ours.Seconds() / bare.Seconds()
	}
	b.ReportMetric(ratio, "CPU/bare")
	b.ReportMetric(most, "peak-MB")
	if ratio > maxRatio || most > maxPeak {
		b.Errorf("%.2f times the CPU time of the bare loop, %.0f MB; at most %.1f and %d MB are allowed", ratio, most, maxRatio, maxPeak)
	}
}
