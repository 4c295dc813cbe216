package ldap

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
)

// directorySize is how many users the directory of the benchmark holds.
const directorySize = 200_000

// maxPeak is what a pull may take, in megabytes.
const maxPeak = 100

// pullFrom makes the test program a pull of one directory: BenchmarkDirectory starts itself again with it, to measure the
// time and memory of nothing else.
var pullFrom = flag.String("pull", "", "URL of the directory that TestPull pulls; used by BenchmarkDirectory")

func TestPull(t *testing.T) {
	if *pullFrom == "" {
		t.Skip("only BenchmarkDirectory starts it")
	}
	out := testEnv(t, "reader")
	s := openSource(t, out.Env, as(*pullFrom, "reader", "base: ou=People,"+suffix))
	n := 0
	cov, err := s.Scan(t.Context(), func(scanners.Account) error { n++; return nil })
	if err != nil || n != directorySize || !cov.Verdict.Complete() {
		t.Fatalf("%d accounts, %v (%s), %v", n, cov.Verdict, cov.Why, err)
	}
}

// benchDirectory starts a slapd of 200,000 users, of whom one in a hundred never signed in, with 100 groups.
var benchDirectory = sync.OnceValues(func() (*servers.RunningSlapd, error) {
	dir, err := sharedDir()
	if err != nil {
		return nil, err
	}
	s, err := servers.StartSlapd(dir, servers.Slapd{Database: readAll, Modules: []string{"ppolicy"}, LDIF: func(w io.Writer) error {
		if err := tree(w, "People", "Groups"); err != nil {
			return err
		}
		for n := 1; n <= directorySize; n++ {
			p := person{n: n, ou: "People", extra: []string{fmt.Sprintf("pwdLastSuccess: 2025%02d%02d093000Z", 3+n%9, 1+n%28), "title: Engineer", "telephoneNumber: +49 30 1234567",
				fmt.Sprintf("manager: uid=u%06d,ou=People,%s", 1+n/20, suffix)}}
			if n%100 == 0 {
				p.extra[0] = "@20260115080000Z"
			}
			if err := writeAged(w, p); err != nil {
				return err
			}
		}
		return writeBenchGroups(w)
	}})
	if err == nil {
		onExit(s.Stop)
	}
	return s, err
})

func writeBenchGroups(w io.Writer) error {
	for g := range 100 {
		var b strings.Builder
		fmt.Fprintf(&b, "dn: cn=g%d,ou=Groups,%s\nobjectClass: groupOfNames\ncn: g%[1]d\n", g, suffix)
		for m := range 100 {
			fmt.Fprintf(&b, "member: uid=u%06d,ou=People,%s\n", 1+g*100+m, suffix)
		}
		if _, err := io.WriteString(w, b.String()+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// cost is what a process took.
type cost struct {
	cpu, wall time.Duration
	peakMB    float64
}

func measure(b *testing.B, cmd *exec.Cmd) cost {
	b.Helper()
	began := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v", filepath.Base(cmd.Path), err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(began), float64(usage.Maxrss) / 1024}
}

// BenchmarkDirectory pulls 200,000 users through the connector and with ldapsearch, in turn, asking the same question of the
// same server. It reports the ratios of the connector to ldapsearch and the connector's peak memory, which is bounded.
func BenchmarkDirectory(b *testing.B) {
	servers.Need(b, "slapd", "slapadd", "ldapsearch")
	s, err := benchDirectory()
	if err != nil {
		b.Fatal(err)
	}
	t := traitsOf(openLDAP)
	search := []string{"-x", "-LLL", "-H", s.URL, "-D", "cn=reader,ou=Readers," + suffix, "-w", "reader", "-b", "ou=People," + suffix,
		"-E", "pr=1000/noprompt", "-o", "ldif-wrap=no", t.filter}
	search = append(search, t.attributes(Config{})...)
	var ours, theirs cost
	b.ResetTimer()
	for i := range b.N {
		pull := exec.Command(os.Args[0], "-test.run=^TestPull$", "-pull="+s.URL)
		pull.Stderr = os.Stderr
		reference := exec.Command("ldapsearch", search...)
		var a, r cost
		if i%2 == 0 {
			r, a = measure(b, reference), measure(b, pull)
		} else {
			a, r = measure(b, pull), measure(b, reference)
		}
		b.Logf("connector %.2f s CPU, %.2f s wall, %.0f MB; ldapsearch %.2f s CPU, %.2f s wall, %.0f MB",
			a.cpu.Seconds(), a.wall.Seconds(), a.peakMB, r.cpu.Seconds(), r.wall.Seconds(), r.peakMB)
		ours = cost{ours.cpu + a.cpu, ours.wall + a.wall, max(ours.peakMB, a.peakMB)}
		theirs = cost{theirs.cpu + r.cpu, theirs.wall + r.wall, 0}
	}
	b.ReportMetric(ours.cpu.Seconds()/theirs.cpu.Seconds(), "CPU/ldapsearch")
	b.ReportMetric(ours.wall.Seconds()/theirs.wall.Seconds(), "wall/ldapsearch")
	b.ReportMetric(ours.cpu.Seconds()/float64(b.N), "CPU-s/op")
	b.ReportMetric(ours.peakMB, "peak-MB")
	if ours.peakMB > maxPeak {
		b.Errorf("peak memory %.0f MB, want at most %d", ours.peakMB, maxPeak)
	}
}
