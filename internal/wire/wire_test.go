package wire_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/wire"
)

// build makes the application in a folder with this landfall.yaml, or without
// one when it is empty.
func build(t *testing.T, file string, env map[string]string) *app.App {
	t.Helper()
	dir := t.TempDir()
	if file != "" {
		if err := os.WriteFile(filepath.Join(dir, "landfall.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := wire.Build(app.Setup{Dir: dir, Now: time.Now, Getenv: func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const valid = "schemaVersion: 1\nworkload: {name: shop}\nsource: {regions: [eu-west-1]}\n"

// What cannot be built is no error of Build and no nil that looks like a port:
// the verb that needs it gets the reason.
func TestBuild(t *testing.T) {
	t.Parallel()
	home := map[string]string{"HOME": t.TempDir()}
	for name, c := range map[string]struct {
		file, environment string
		workspace, source fault.Kind
		target            fault.Kind
	}{
		"a workspace":            {valid, "", "", "", fault.Invalid}, // it has no subscription
		"no workspace":           {"", "", fault.NotFound, "-", fault.Invalid},
		"a broken file":          {"nonsense: 1\n", "", fault.Invalid, "-", fault.Invalid},
		"a broken variable":      {valid, "many", fault.Invalid, fault.Invalid, fault.Invalid},
		"a variable, no file":    {"", "many", fault.NotFound, fault.Invalid, fault.Invalid},
		"a good variable, alone": {"", "7", fault.NotFound, "-", fault.Invalid},
	} {
		env := map[string]string{"HOME": home["HOME"]}
		if c.environment != "" {
			env["LANDFALL_SANDBOX_OBJECTS"] = c.environment
		}
		a := build(t, c.file, env)
		// "-": depends on whether this machine has a region of its own.
		if got := fault.KindOf(a.SourceErr); c.source != "-" && got != c.source {
			t.Errorf("%s: source: %v, want %q", name, a.SourceErr, c.source)
		}
		if got := fault.KindOf(a.TargetErr); got != c.target {
			t.Errorf("%s: target: %v, want %q", name, a.TargetErr, c.target)
		}
		if got := fault.KindOf(a.WorkspaceErr); got != c.workspace {
			t.Errorf("%s: workspace: %v, want %q", name, a.WorkspaceErr, c.workspace)
		}
		if (a.Source == nil) != (a.SourceErr != nil) || (a.Target == nil) != (a.TargetErr != nil) || (a.Config == nil) != (a.WorkspaceErr != nil) {
			t.Errorf("%s: a part is neither there nor explained: %+v", name, a.Parts)
		}
	}
}

// Without a cache folder every verb that needs no tools still works.
func TestBuildWithoutAHome(t *testing.T) {
	t.Parallel()
	a := build(t, valid, nil)
	if a.CacheErr == nil {
		t.Error("a cache folder from nowhere")
	}
	if _, err := a.Settings(); err != nil {
		t.Error(err)
	}
	if _, err := a.SandboxSetup(context.Background(), false, func(string) {}); !fault.Is(err, fault.Invalid) {
		t.Errorf("set-up: %v, want the reason why there is no cache folder", err)
	}
}
