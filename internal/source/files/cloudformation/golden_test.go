package cloudformation_test

import (
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/cloudformation"
	"example.com/landfall/internal/testkit"
)

// TestGolden reads every template of testdata alone and compares its outline.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range templates(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := cloudformation.Read(files(t, name)[0], options())
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, filepath.Join("testdata", "golden", strings.ReplaceAll(name, "/", "-")+".txt"), outline(t, r))
		})
	}
}

// templates are the templates of testdata.
func templates(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.yaml", "*.json", "nested/*.yaml", "nested/templates/*", "run/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name := strings.TrimPrefix(filepath.ToSlash(f), "testdata/")
			if name != "part.yaml" {
				out = append(out, name)
			}
		}
	}
	if len(out) < 25 {
		t.Fatalf("only %d templates in testdata", len(out))
	}
	return out
}
