package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// bigCSV is a file of n accounts with twelve columns, of which the benchmarks map eight.
func bigCSV(n int) []byte {
	var b bytes.Buffer
	b.WriteString("account_id,login,display_name,employee_number,mail,enabled,created,last_logon,department,cost_centre,location,comment\n")
	for i := range n {
		fmt.Fprintf(&b, "%08d,user%d,\"Example, Person %d\",%06d,user%d@corp.example,true,2019-%02d-%02d,2026-02-%02d 08:15:00,Sales,4711,Berlin,\n",
			i, i, i, i%200000, i, i%12+1, i%28+1, i%28+1)
	}
	return b.Bytes()
}

// writeBig writes big.csv and gives its bytes. Nothing holds its text afterwards, so it is no memory of the scan.
func (w *world) writeBig(n int) int64 {
	content := bigCSV(n)
	w.write("big.csv", content)
	return int64(len(content))
}

const bigConfig = `path: big.csv
columns: {id: account_id, login: login, display_name: display_name, employee_id: employee_number, mail: mail, enabled: enabled, created: created, last_activity: last_logon}
empty: {last_activity: never}`

// BenchmarkMillion scans a CSV file of a million accounts.
func BenchmarkMillion(b *testing.B) {
	const rows = 1_000_000
	w := newWorld(b)
	b.SetBytes(w.writeBig(rows))
	source := openTest(b, Kind().Accounts, w.Env, bigConfig)
	b.ReportAllocs()
	for b.Loop() {
		runtime.GC()
		n, peak := 0, uint64(0)
		coverage, err := source.Scan(b.Context(), func(scanners.Account) error {
			if n++; n%100_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
			return nil
		})
		if err != nil || n != rows || !coverage.Verdict.Complete() {
			b.Fatalf("%d rows, %v, %v", n, coverage, err)
		}
		b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkEncodingCSV reads the same file with the standard library, without giving it a meaning.
func BenchmarkEncodingCSV(b *testing.B) {
	content := bigCSV(1_000_000)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(content))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkCSVOnly splits the same file and decodes the eight columns.
func BenchmarkCSVOnly(b *testing.B) {
	content := bigCSV(1_000_000)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		s := &settings{want: []string{"account_id", "login", "display_name", "employee_number", "mail", "enabled", "created", "last_logon"}}
		rows, err := openCSV(bytes.NewReader(content), s)
		if err != nil {
			b.Fatal(err)
		}
		r := row{cells: make([]cell, len(s.want))}
		for err == nil {
			err = rows.read(&r)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
