package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// control is the outcome of comparing what was read with what the source says of itself.
type control struct {
	proved string // what the proof rests on; empty when there is none for every file
	wrong  string // the first disagreement
}

func (t *control) disagree(format string, args ...any) {
	if t.wrong == "" {
		t.wrong = fmt.Sprintf(format, args...)
	}
}

// sidecar is a file beside the data file that says what the data file is.
type sidecar struct {
	Rows       *int64    `json:"rows"`
	SHA256     string    `json:"sha256"`
	ProducedAt time.Time `json:"produced_at"`
}

// control compares with the configured number of rows, sidecars, trailers and footers.
func (c *collector[R]) control(v *scanners.Coverage, reports []fileReport) control {
	var result control
	var by []string
	read, claimed, counted, proved := int64(0), int64(0), true, true
	for i := range reports {
		r := &reports[i]
		read += r.read
		rows, source := c.claim(v, r, &result)
		if source == "" {
			counted, proved = false, false
			continue
		}
		by = append(by, source)
		if rows < 0 {
			counted = false
			continue
		}
		claimed += rows
	}
	if proved && counted {
		v.Claimed, v.ClaimedBy = scanners.Known(claimed), strings.Join(unique(by), ", ")
	}
	if proved {
		result.proved = fmt.Sprintf("%d rows, in agreement with %s", read, strings.Join(unique(by), ", "))
	}
	if c.expect != nil {
		v.Claimed, v.ClaimedBy = scanners.Known(*c.expect), "expect_rows"
		result.proved = fmt.Sprintf("%d rows, in agreement with expect_rows", read)
		if *c.expect != read {
			result.disagree("expect_rows says %d rows, but %d were read", *c.expect, read)
		}
	}
	return result
}

// claim gives how many rows a file is said to hold, or -1 when only its digest is known, and who says so: "" when nobody
// does. Disagreements go into result.
func (c *collector[R]) claim(v *scanners.Coverage, r *fileReport, result *control) (rows int64, by string) {
	name := filepath.Base(r.path)
	rows = -1
	if n, ok := r.found.claimed.Get(); ok {
		rows, by = n, r.found.claimedBy
		if n != r.read {
			result.disagree("%q: %s says %d rows, but %d were read", name, by, n, r.read)
		}
	}
	s, err := c.sidecarOf(r)
	if err != nil {
		result.disagree("%v", err)
	}
	if s == nil {
		return rows, by
	}
	if wrong := s.compare(r); wrong != "" {
		result.disagree("%q: %s", name, wrong)
	}
	if !s.ProducedAt.IsZero() {
		v.ProducedAt = scanners.Known(s.ProducedAt.UTC())
	}
	if s.Rows != nil {
		rows = *s.Rows
	}
	return rows, "the sidecar"
}

// compare gives what disagrees between the sidecar and the file, or "".
func (s *sidecar) compare(r *fileReport) string {
	switch {
	case s.SHA256 != "" && !strings.EqualFold(s.SHA256, r.digest):
		return fmt.Sprintf("its SHA-256 is %s, the sidecar says %s", r.digest, s.SHA256)
	case s.Rows != nil && *s.Rows != r.read:
		return fmt.Sprintf("the sidecar says %d rows, but %d were read", *s.Rows, r.read)
	}
	return ""
}

// sidecarOf reads the sidecar of a file; nil when none is configured.
func (c *collector[R]) sidecarOf(r *fileReport) (*sidecar, error) {
	if c.sidecar == "" {
		return nil, nil
	}
	path := c.env.Path(c.sidecar)
	if strings.HasPrefix(c.sidecar, ".") && !strings.ContainsAny(c.sidecar, `/\`) {
		path = r.path + c.sidecar
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the sidecar cannot be read: %w", err)
	}
	s, err := parseSidecar(text)
	if err != nil {
		return nil, fmt.Errorf("sidecar %q: %w", path, err)
	}
	return s, nil
}

// parseSidecar reads {"rows": 1234, "sha256": "…", "produced_at": "…"} or a line of sha256sum.
func parseSidecar(text []byte) (*sidecar, error) {
	s := &sidecar{}
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		if err := json.Unmarshal(text, s); err != nil {
			return nil, err
		}
	} else if words := bytes.Fields(text); len(words) > 0 && len(words[0]) == 64 {
		s.SHA256 = string(words[0])
	}
	if s.Rows == nil && s.SHA256 == "" {
		return nil, fmt.Errorf("it tells neither rows nor sha256\nhint: write {\"rows\": 1234, \"sha256\": \"…\"} or the output of sha256sum")
	}
	return s, nil
}
