package tools

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"encoding/json"

	"example.com/landfall/internal/fault"
)

func TestCacheDir(t *testing.T) {
	t.Parallel()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"own variable wins", map[string]string{"LANDFALL_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"},
		{"own variable may be relative", map[string]string{"LANDFALL_CACHE": "a"}, filepath.Join(wd, "a")},
		{"then the XDG folder", map[string]string{"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/landfall"},
		{"a relative XDG folder is ignored", map[string]string{"XDG_CACHE_HOME": "b", "HOME": "/c"}, "/c/.cache/landfall"},
		{"then home", map[string]string{"HOME": "/c"}, "/c/.cache/landfall"},
		{"nothing is an error", nil, ""},
	} {
		got, err := CacheDir(func(k string) string { return c.env[k] })
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
		if err != nil && fault.HintOf(err) == "" {
			t.Errorf("%s: no hint", c.name)
		}
	}
}

// In an empty cache every tool is missing, and the hint is a command.
func TestLocateInAnEmptyCache(t *testing.T) {
	t.Parallel()
	cache := filepath.Join(t.TempDir(), "none")
	for _, s := range All() {
		if s.system {
			continue
		}
		_, err := Locate(cache, s.Name)
		if !fault.Is(err, fault.Missing) || !strings.HasSuffix(fault.HintOf(err), s.setup()) {
			t.Errorf("%s: %v, hint %q", s.Name, err, fault.HintOf(err))
		}
	}
	if exists(cache) {
		t.Error("looking made the cache folder")
	}
	if _, err := Locate(cache, "teapot"); !fault.Is(err, fault.Unsupported) {
		t.Errorf("an unknown tool: %v", err)
	}
	if err := Install(t.Context(), cache, []Name{"teapot"}, nil); !fault.Is(err, fault.Unsupported) {
		t.Errorf("installing an unknown tool: %v", err)
	}
}

func TestAFolderWithoutTheRightMarkIsNoTool(t *testing.T) {
	t.Parallel()
	whole := func(spec Spec, dir string) {
		if err := os.WriteFile(filepath.Join(dir, "program"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := spec.writeMark(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		found bool
	}{
		{"whole", func(string) error { return nil }, true},
		{"no mark", func(dir string) error { return os.Remove(filepath.Join(dir, markFile)) }, false},
		{"cut mark", func(dir string) error { return os.Truncate(filepath.Join(dir, markFile), 20) }, false},
		{"empty mark", func(dir string) error { return os.Truncate(filepath.Join(dir, markFile), 0) }, false},
		{"mark of another version", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, markFile), []byte(`{"name":"script","version":"2"}`), 0o644)
		}, false},
		{"program gone", func(dir string) error { return os.Remove(filepath.Join(dir, "program")) }, false},
	} {
		cache := t.TempDir()
		spec := scriptSpec("")
		dir := spec.dir(cache)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		whole(spec, dir)
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		_, err := locate(cache, spec)
		if (err == nil) != c.found || (err != nil && !fault.Is(err, fault.Missing)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := installAll(t.Context(), cache, []Spec{spec}, nil); err != nil {
			t.Errorf("%s: installing over it: %v", c.name, err)
		}
		wantProgram(t, cache)
	}
}

func wantProgram(t *testing.T, cache string) {
	t.Helper()
	if _, err := locate(cache, scriptSpec("")); err != nil {
		t.Error(err)
	}
}

// Set-up and doctor look at every tool each time they run, and install nothing that
// is there.
func TestNothingIsInstalledTwice(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	specs := []Spec{scriptSpec("")}
	if err := installAll(t.Context(), cache, specs, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := installAll(t.Context(), cache, specs, func(_ Name, line string) { t.Errorf("said %q", line) }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSetupHint(t *testing.T) {
	t.Parallel()
	python := need{"python3", "python3 python3-venv", "Python"}
	golang := need{"go", "", "Go"}
	for _, c := range []struct {
		needs []need
		apt   bool
		want  string
	}{
		{nil, true, "landfall sandbox setup"},
		{[]need{python}, true, "apt-get install -y python3 python3-venv && landfall sandbox setup"},
		{[]need{python}, false, "install Python, then run: landfall sandbox setup"},
		{[]need{python, golang}, true, "install Go, then run: apt-get install -y python3 python3-venv && landfall sandbox setup"},
	} {
		if got := setupHint(setupCommand, c.needs, c.apt); got != c.want {
			t.Errorf("%v: %q, want %q", c.needs, got, c.want)
		}
	}
}

// Every line of a requirements file names one version, the tool itself stands
// in it at the version of its Spec, and no two lines are about one package.
func TestPythonPinsAreExact(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][0-9A-Za-z.]*)$`)
	for _, s := range All() {
		p, ok := s.build.(pythonTool)
		if !ok {
			continue
		}
		seen := map[string]string{}
		for text := range strings.Lines(p.requirements) {
			text = strings.TrimSpace(text)
			if strings.HasPrefix(text, "#") {
				continue
			}
			m := line.FindStringSubmatch(text)
			if m == nil {
				t.Errorf("%s: %q is not a pin", s.Name, text)
				continue
			}
			name := strings.ToLower(strings.ReplaceAll(m[1], "_", "-"))
			if seen[name] != "" {
				t.Errorf("%s: %s stands twice", s.Name, name)
			}
			seen[name] = m[2]
		}
		if seen[string(s.Name)] != s.Version {
			t.Errorf("%s: pinned at %q, described as %q", s.Name, seen[string(s.Name)], s.Version)
		}
	}
}

// The lock file has a version and a checksum for every package, no address to
// download from, and the version of the Spec.
func TestNodePinsAreExact(t *testing.T) {
	t.Parallel()
	for _, s := range All() {
		n, ok := s.build.(nodeTool)
		if !ok {
			continue
		}
		var manifest struct{ Dependencies map[string]string }
		var lock struct {
			Packages map[string]struct{ Version, Integrity, Resolved string }
		}
		if err := json.Unmarshal([]byte(n.manifest), &manifest); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(n.lock), &lock); err != nil {
			t.Fatal(err)
		}
		if manifest.Dependencies[string(s.Name)] != s.Version {
			t.Errorf("%s: the manifest asks for %v", s.Name, manifest.Dependencies)
		}
		for name, version := range manifest.Dependencies {
			if lock.Packages["node_modules/"+name].Version != version {
				t.Errorf("%s: the manifest asks for %s %s, the lock has %q", s.Name, name, version, lock.Packages["node_modules/"+name].Version)
			}
		}
		for name, p := range lock.Packages {
			if name != "" && (p.Version == "" || p.Integrity == "" || p.Resolved != "") {
				t.Errorf("%s: package %q: version %q, integrity %q, resolved %q", s.Name, name, p.Version, p.Integrity, p.Resolved)
			}
		}
		if lock.Packages["node_modules/"+string(s.Name)].Version != s.Version {
			t.Errorf("%s: the lock has another version", s.Name)
		}
	}
}

func TestGoPinsAreExact(t *testing.T) {
	t.Parallel()
	for _, s := range All() {
		if g, ok := s.build.(goTool); ok && !strings.HasSuffix(g.module, "@v"+s.Version) {
			t.Errorf("%s: compiled from %q, described as %q", s.Name, g.module, s.Version)
		}
	}
}

func TestFingerprintFollowsThePins(t *testing.T) {
	t.Parallel()
	seen := map[string]Name{}
	for _, s := range All() {
		if s.system {
			continue
		}
		f := s.fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("%s and %s have one fingerprint", s.Name, other)
		}
		seen[f] = s.Name
	}
	a := Spec{Name: "x", Version: "1", build: pythonTool{requirements: "a==1", module: "a"}}
	b := Spec{Name: "x", Version: "1", build: pythonTool{requirements: "a==2", module: "a"}}
	if a.fingerprint() == b.fingerprint() {
		t.Error("another pin, the same fingerprint")
	}
}

func TestVersionsThatServe(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"3 11\n": true, "3 14\n": true, "3 10\n": false, "2 7\n": false, "4 0": false, "": false, "3": false} {
		if pythonServes(version) != want {
			t.Errorf("Python %q: want %v", version, want)
		}
	}
	for version, want := range map[string]bool{"v20.20.2\n": true, "v24.0.0": true, "v18.19.1\n": false, "": false, "node": false} {
		if nodeServes(version) != want {
			t.Errorf("Node %q: want %v", version, want)
		}
	}
}

// An environment whose interpreter was removed or upgraded is not usable.
func TestPythonEnvironmentFollowsItsInterpreter(t *testing.T) {
	t.Parallel()
	home, dir := t.TempDir(), t.TempDir()
	for _, d := range []string{filepath.Join(dir, "bin"), filepath.Join(dir, "lib", "python3.11")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "bin", "python")
	point := func(name string) {
		t.Helper()
		real := filepath.Join(home, name)
		if err := os.WriteFile(real, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(link)
		if err := os.Symlink(real, link); err != nil {
			t.Fatal(err)
		}
	}
	var p pythonTool
	point("python3.11")
	if err := p.intact(dir); err != nil {
		t.Errorf("same interpreter: %v", err)
	}
	point("python3.12")
	if p.intact(dir) == nil {
		t.Error("an upgraded interpreter passes")
	}
	if err := os.Remove(filepath.Join(home, "python3.12")); err != nil {
		t.Fatal(err)
	}
	if p.intact(dir) == nil {
		t.Error("a removed interpreter passes")
	}
}

func TestMendScripts(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	for name, text := range map[string]string{"a": "#!/b/.partial/bin/python\nx", "b": "#!/bin/sh\ny"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := mendScripts(bin, "/b/.partial", "/b/final"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "#!/b/final/bin/python\nx", "b": "#!/bin/sh\ny"} {
		got, err := os.ReadFile(filepath.Join(bin, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
