package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// world is the outside of the connector under test, with a folder for its files.
type world struct {
	*scannertest.Outside
	t testing.TB
}

func newWorld(t testing.TB) *world { return &world{scannertest.Env(t), t} }

// write puts a file into the folder.
func (w *world) write(name string, content []byte) {
	w.t.Helper()
	path := filepath.Join(w.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// encoders write a header and rows in each format.
func encoders() map[string]func(t testing.TB, rows [][]string) []byte {
	return map[string]func(testing.TB, [][]string) []byte{
		"csv":     func(_ testing.TB, rows [][]string) []byte { return csvBytes(rows) },
		"xlsx":    xlsxBytes,
		"json":    func(t testing.TB, rows [][]string) []byte { return jsonBytes(t, rows, false) },
		"jsonl":   func(t testing.TB, rows [][]string) []byte { return jsonBytes(t, rows, true) },
		"parquet": parquetBytes,
	}
}

func csvBytes(rows [][]string) []byte {
	var b bytes.Buffer
	for _, row := range rows {
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.Bytes()
}

func xlsxBytes(t testing.TB, rows [][]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		for j, text := range row {
			cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
			if err := f.SetCellStr("Sheet1", cell, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	return workbookBytes(t, f)
}

func workbookBytes(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jsonBytes(t testing.TB, rows [][]string, lines bool) []byte {
	t.Helper()
	var records []string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, text := range row {
			record[rows[0][i]] = text
		}
		b, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, string(b))
	}
	if lines {
		return []byte(strings.Join(append(records, ""), "\n"))
	}
	return []byte("[" + strings.Join(records, ",\n") + "]")
}

func parquetBytes(t testing.TB, rows [][]string) []byte {
	t.Helper()
	group := parquet.Group{}
	for _, name := range rows[0] {
		group[name] = parquet.Optional(parquet.String())
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&b, parquet.NewSchema("rows", group), parquet.MaxRowsPerRowGroup(10))
	for _, row := range rows[1:] {
		record := map[string]any{}
		for i, text := range row {
			record[rows[0][i]] = text
		}
		if _, err := w.Write([]map[string]any{record}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// spoil applies a fault to a healthy table.
func spoil(rows [][]string, fault scannertest.Fault) [][]string {
	switch fault {
	case scannertest.Garbled:
		rows[4][2] = "31.31.2025"
	case scannertest.GarbledID:
		rows[4][0] = "1.23E+05"
	}
	return rows
}

// served writes n rows in a format, suffering fault, and gives the file's name.
func (w *world) served(format string, n int, fault scannertest.Fault) string {
	rows := [][]string{{"id", "login", "day", "mail"}}
	for i := range n {
		rows = append(rows, []string{fmt.Sprintf("A%05d", i+1), fmt.Sprintf("user%d", i+1), "2025-11-03", fmt.Sprintf("user%d@corp.example", i+1)})
	}
	content := encoders()[format](w.t, spoil(rows, fault))
	if fault == scannertest.Truncated {
		content = content[:len(content)-30]
	}
	name := "served." + format
	w.write(name, content)
	return name
}

func TestConformance(t *testing.T) {
	for format := range encoders() {
		t.Run(format+" accounts", func(t *testing.T) {
			scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
				Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
					w := &world{&scannertest.Outside{Env: env, Dir: env.Path(".")}, t}
					name := w.served(format, n, fault)
					return openTest(t, Kind().Accounts, env, "path: "+name+"\ncolumns: {id: id, login: login, created: day, mail: mail}")
				},
				Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID},
				UnknownID: "A99999",
			})
		})
	}
	t.Run("people", func(t *testing.T) {
		scannertest.People(t, scannertest.Subject[scanners.Person]{
			Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
				w := &world{&scannertest.Outside{Env: env, Dir: env.Path(".")}, t}
				name := w.served("csv", n, fault)
				return openTest(t, Kind().People, env, "path: "+name+"\nlast_day: inclusive\ncolumns: {id: id, end: day, mail: mail}")
			},
			Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID},
			UnknownID: "A99999",
		})
	})
	t.Run("every column", func(t *testing.T) {
		scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
			Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
				return openEveryColumn(t, env, n, fault)
			},
			Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID, scannertest.BadDate},
			UnknownID: "A99999",
			Facts:     Kind().Facts,
			Outcomes:  true,
			Rewrite:   *update,
		})
	})
	t.Run("several files", func(t *testing.T) {
		scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
			Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
				return openSeveral(t, env, n, fault)
			},
			Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID},
			UnknownID: "A99999",
		})
	})
}

// openEveryColumn serves n accounts of which everything is stated.
func openEveryColumn(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
	w := &world{&scannertest.Outside{Env: env, Dir: env.Path(".")}, t}
	rows := [][]string{{"id", "login", "day", "enabled", "last", "groups", "licences", "privileged", "manager"}}
	for i := range n {
		rows = append(rows, []string{fmt.Sprintf("A%05d", i+1), fmt.Sprintf("user%d", i+1), "2025-11-03", "yes", "2026-01-30", "staff", "E3", "no", "1001"})
	}
	if fault == scannertest.BadDate {
		rows[4][4] = "yesterday"
	}
	content := csvBytes(spoil(rows, fault))
	if fault == scannertest.Truncated {
		content = content[:len(content)-30]
	}
	w.write("every.csv", content)
	return openTest(t, Kind().Accounts, env, "path: every.csv\ncolumns: {id: id, login: login, created: day, enabled: enabled, last_activity: last, groups: groups, "+
		"licences: licences, privileged: privileged, manager: manager}")
}

// openSeveral serves n accounts in files of four, so that more files than the allocation's tasks are there.
func openSeveral(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
	w := &world{&scannertest.Outside{Env: env, Dir: env.Path(".")}, t}
	rows := [][]string{{"id", "login", "day", "mail"}}
	for i := range n {
		rows = append(rows, []string{fmt.Sprintf("A%05d", i+1), "u", "2025-11-03", "u@corp.example"})
	}
	if n > 4 {
		rows = spoil(rows, fault)
	}
	for i := 1; i == 1 || i < len(rows); i += 4 {
		content := csvBytes(append(rows[:1:1], rows[i:min(i+4, len(rows))]...))
		if fault == scannertest.Truncated && i+4 >= len(rows) {
			content = content[:len(content)-20]
		}
		w.write(fmt.Sprintf("part-%03d.csv", i), content)
	}
	return openTest(t, Kind().Accounts, env, "path: part-*.csv\ncolumns: {id: id, login: login, created: day, mail: mail}")
}

// openTest opens a connector on a configuration that must be right.
func openTest[R scanners.Record](t testing.TB, open func(scanners.Decode, scanners.Env) (scanners.Source[R], error), env scanners.Env, config string) scanners.Source[R] {
	t.Helper()
	source, err := open(scannertest.Config(config), env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return source
}
