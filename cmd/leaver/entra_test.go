//go:build !noentra

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/fixtures/graph"
)

// TestOneBadRecord reads a tenant of 1,500 users in pages of 999, of which one record cannot be used: all others are judged, the
// source stays complete, and the report says which record it was.
func TestOneBadRecord(t *testing.T) {
	const users = 1500
	id := func(i int) string { return graph.ID("user", fmt.Sprint(i)) }
	tenant := &graph.Tenant{FreeOfCharge: true, Users: graph.List{Len: users, At: func(i int) graph.Object {
		mail := fmt.Sprintf("u%d@halvard.example", i)
		return graph.Object{"id": id(i), "userPrincipalName": mail, "mail": mail, "userType": "Member", "accountEnabled": true,
			"employeeId": fmt.Sprint(10_000 + i), "createdDateTime": "2025-02-03T08:00:00Z"}
	}}}
	s, err := graph.Start(graph.Options{TenantID: graph.ID("tenant", "x"), ClientID: graph.ID("client", "x"), Secret: "s3cret", Now: time.Now,
		Script: []graph.Event{{Path: "/users", From: 2, To: 2, Fault: graph.Garble}}}, tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "secret"), []byte("s3cret"))
	put(t, filepath.Join(dir, "ca.pem"), s.CA())
	var people strings.Builder
	people.WriteString("id,mail,end\n")
	for i := range users {
		fmt.Fprintf(&people, "%d,u%d@halvard.example,%s\n", 10_000+i, i, map[bool]string{true: "2025-06-30"}[i%100 == 7])
	}
	put(t, filepath.Join(dir, "hr.csv"), []byte(people.String()))
	put(t, filepath.Join(dir, "leaver.yaml"), []byte(`organisation: Halvard
timezone: UTC
state: state
people: [{name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, end: end}, last_day: inclusive}]
sources:
  - name: entra
    kind: entra
    service_principals: none
    `+strings.ReplaceAll(s.Config("file:secret", "ca.pem"), "\n", "\n    ")+`
correlation: {keys: [employee_id, mail]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
`))
	var out, said bytes.Buffer
	if code := run(context.Background(), []string{"run", "-c", filepath.Join(dir, "leaver.yaml"), "--json"}, &out, &said); code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, out.String(), said.String())
	}
	var result struct {
		Report  string
		Sources []struct {
			Read, Rejected int64
			Coverage       string
		}
		Findings map[string]int64
	}
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	if r := result.Sources[0]; r.Read != users || r.Rejected != 1 || r.Coverage != "complete (proved)" || result.Findings["leaver_active"] != users/100 {
		t.Errorf("%+v", result)
	}
	if asked := strings.Join(s.Asked(), "\n"); !strings.Contains(asked, "999") {
		t.Errorf("pages were not of 999:\n%s", asked)
	}
	bad := id(999) // the first of the second page
	if !inWorkbook(t, result.Report, bad, "page 2 record 1") {
		t.Errorf("the report does not say that %s, page 2 record 1, could not be used", bad)
	}
}

// inWorkbook reports whether some row of a workbook holds all of the texts.
func inWorkbook(t *testing.T, path string, texts ...string) bool {
	t.Helper()
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			all := strings.Join(row, " | ")
			missing := false
			for _, text := range texts {
				missing = missing || !strings.Contains(all, text)
			}
			if !missing {
				return true
			}
		}
	}
	return false
}
