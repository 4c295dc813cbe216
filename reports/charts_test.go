package reports

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheTrendShowsTheColumnsThatItNames: the series of the second chart point at the heads of the right columns, and at
// numbers below them.
func TestTheTrendShowsTheColumnsThatItNames(t *testing.T) {
	book := workbook(t, everything())
	archive, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, book)
	var names []string
	for _, part := range archive.File {
		if !strings.HasPrefix(part.Name, "xl/charts/chart") {
			continue
		}
		file, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil || !bytes.Contains(text, []byte("Trend")) {
			continue
		}
		for _, m := range regexp.MustCompile(`Summary&#39;!\$([A-Z]+)\$(\d+)<`).FindAllSubmatch(text, -1) {
			name, err := f.GetCellValue("Summary", string(m[1])+string(m[2]))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	if want := []string{"Still enabled", "Used after end"}; !slices.Equal(names, want) {
		t.Errorf("the series are named %q, want %q", names, want)
	}
}
