package files_test

import (
	"path/filepath"
	"testing"

	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/testkit"
)

// What each folder of fixtures gives, read without telling the format.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"describe", "config", "config-api", "terraform", "terraform-plan", "discovery", "list", "cloudformation"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			g := scan(t, files.Input{Format: files.Auto, Path: filepath.Join("testdata", folder)})
			testkit.Golden(t, filepath.Join("testdata", "golden", folder+".json"), g.golden(t))
		})
	}
}
