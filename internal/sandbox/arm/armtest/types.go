package armtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Types returns the path of the type definitions: the environment variable
// LANDFALL_AZURE_TYPES, otherwise the file in the shared data folder beside the
// checkout. A test without definitions fails; it would prove nothing.
func Types(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("LANDFALL_AZURE_TYPES"); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "data", "azure-types-trim.json.gz")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("type definitions: %v; put azure-types-trim.json.gz into ../shared/data or name it in LANDFALL_AZURE_TYPES", err)
	}
	return path
}
