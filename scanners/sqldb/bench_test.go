package sqldb

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// made is a statement that makes n rows of some 400 bytes, without a table.
func made(system readonly.System, n int) string {
	const columns = " AS id, 'user' AS login, '2026-02-01 08:00:00' AS used, 'true' AS enabled, "
	switch system {
	case readonly.PostgreSQL:
		return fmt.Sprintf("SELECT g%srepeat('x', 400) AS note FROM generate_series(1, %d) g", columns, n)
	case readonly.MySQL:
		return fmt.Sprintf("SELECT seq%srepeat('x', 400) AS note FROM seq_1_to_%d", columns, n)
	}
	return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i%sprintf('%%.400c', 'x') AS note FROM n", n, columns)
}

func madeBy(t testing.TB, system readonly.System, n int) *source[scanners.Account] {
	return accountsOf(t, use(t, system), outside(t).Env, "statement: >\n  "+made(system, n)+"\ncolumns: {id: id, login: login, last_activity: used, enabled: enabled, display_name: note}")
}

// TestMemory reads rows that together are larger than what may be kept of them.
func TestMemory(t *testing.T) {
	const n, most = 100_000, 16 << 20
	for _, system := range systems() {
		t.Run(string(system), func(t *testing.T) {
			s := madeBy(t, system, n)
			heap := func() uint64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before, rows, peak := heap(), 0, uint64(0)
			c, err := s.Scan(t.Context(), func(scanners.Account) error {
				if rows++; rows%25_000 == 0 {
					peak = max(peak, heap())
				}
				return nil
			})
			if err != nil || rows != n || c.Verdict != scanners.Proved {
				t.Fatalf("%d rows, %v (%s), %v", rows, c.Verdict, c.Why, err)
			}
			if grown := int64(peak) - int64(before); grown > most {
				t.Errorf("%d MB of heap for %d MB of rows", grown>>20, n*400>>20)
			}
		})
	}
}

// BenchmarkScan reads 200,000 rows.
func BenchmarkScan(b *testing.B) {
	const n = 200_000
	for _, system := range systems() {
		b.Run(string(system), func(b *testing.B) {
			s := madeBy(b, system, n)
			b.ReportAllocs()
			for b.Loop() {
				if c, err := s.Scan(b.Context(), func(scanners.Account) error { return nil }); err != nil || c.Read != n {
					b.Fatal(c.Read, err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
