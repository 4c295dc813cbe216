package join

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// installDuckDB fetches DuckDB with npm into a folder of its own and returns the script that runs the joins.
func installDuckDB(b *testing.B) string {
	b.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(b, err)
		}
	}
	dir := b.TempDir()
	from := filepath.Join("..", "..", "..", "fixtures", "join")
	for _, name := range []string{"duckdb.mjs", "package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	npm := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		missing(b, fmt.Errorf("npm install: %w\n%s", err, out))
	}
	return filepath.Join(dir, "duckdb.mjs")
}

// missing ends the benchmark: as failed where the environment variable CI is "true", elsewhere as skipped. A skipped
// benchmark prints nothing by itself.
func missing(b *testing.B, err error) {
	b.Helper()
	if os.Getenv("CI") == "true" {
		b.Fatalf("CI=true and %v", err)
	}
	fmt.Fprintf(os.Stderr, "SKIPPED, NOT MEASURED: %s needs Node.js and its npm: %v\n", b.Name(), err)
	b.SkipNow()
}
