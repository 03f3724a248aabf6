package host_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

func TestStartFindStop(t *testing.T) {
	t.Parallel()
	ctx, dir, program := context.Background(), folder(t), fake(t, "serves")
	if _, err := host.Find(dir); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Fatalf("before the start: %v", err)
	}
	a, err := host.Start(ctx, program, dir, "--hours", "1")
	if err != nil {
		t.Fatal(err)
	}
	if a.Version != "--hours 1" || a.PID == os.Getpid() {
		t.Errorf("address %+v: the flags did not arrive, or no process was started", a)
	}
	if session, err := unix.Getsid(a.PID); err != nil || session != a.PID {
		t.Errorf("the engine is in session %d, %v; want its own, %d", session, err, a.PID)
	}
	again, err := host.Start(ctx, program, dir)
	if err != nil || again.PID != a.PID {
		t.Errorf("a second start: process %d, %v; want %d", again.PID, err, a.PID)
	}
	if found, err := host.Find(dir); err != nil || found.PID != a.PID {
		t.Errorf("find: %+v, %v", found, err)
	}
	for i, want := range []bool{true, false} {
		if stopped, err := host.Stop(ctx, dir); err != nil || stopped != want {
			t.Errorf("stop %d: %v, %v", i, stopped, err)
		}
	}
}

// The engine outlives whoever starts it: it gets credentials for the clouds and
// nothing that proves a person. Not parallel: it sets the environment.
func TestStartKeepsWhatIsPersonal(t *testing.T) {
	for _, name := range []string{"LANDFALL_ID_TOKEN", "LANDFALL_ID_TOKEN_FILE", "LANDFALL_SSH_KEY"} {
		t.Setenv(name, "mine")
	}
	t.Setenv("AWS_PROFILE", "shop")
	dir := folder(t)
	a, err := host.Start(context.Background(), fake(t, "serves"), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Schema != "" || a.Server != "shop" {
		t.Errorf("the engine was given %q of the person and %q for the clouds", a.Schema, a.Server)
	}
	if _, err := host.Stop(context.Background(), dir); err != nil {
		t.Error(err)
	}
}

// However many start it at once, one process serves and all find that one.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	dir, program := folder(t), fake(t, "serves")
	found := make([]host.Address, 4)
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			var err error
			if found[i], err = host.Start(context.Background(), program, dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, a := range found {
		if a.PID == 0 || a.PID != found[0].PID {
			t.Errorf("process %d beside %d", a.PID, found[0].PID)
		}
	}
}

// An engine that was killed leaves its address; nobody is sent there, and the
// next start works.
func TestAfterAKill(t *testing.T) {
	t.Parallel()
	dir, program := folder(t), fake(t, "serves")
	first, err := host.Start(context.Background(), program, dir)
	if err != nil {
		t.Fatal(err)
	}
	kill(t, dir)
	if _, err := os.Stat(filepath.Join(dir, host.FileAddress)); err != nil {
		t.Fatalf("the kill left no address, so nothing is tested: %v", err)
	}
	if _, err := host.Find(dir); !fault.Is(err, fault.NotFound) {
		t.Errorf("find after the kill: %v", err)
	}
	second, err := host.Start(context.Background(), program, dir)
	if err != nil || second.PID == first.PID {
		t.Errorf("start after the kill: %+v, %v", second, err)
	}
}

// What the process says on its way out is what the caller hears.
func TestTheErrorLineIsPassedOn(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	_, err := host.Start(context.Background(), fake(t, "refuses"), dir)
	if !fault.Is(err, fault.Unsupported) || !strings.Contains(err.Error(), "schema 0.99") || fault.HintOf(err) != "start an older one" {
		t.Errorf("refused: %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	// What an earlier start said is not said again.
	_, err = host.Start(context.Background(), fake(t, "mute"), dir)
	if err == nil || strings.Contains(err.Error(), "schema") || !strings.Contains(fault.HintOf(err), host.FileErrors) {
		t.Errorf("mute: %v, hint %q", err, fault.HintOf(err))
	}
	_, err = host.Start(context.Background(), filepath.Join(dir, "nowhere"), dir)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("no program: %v", err)
	}
}

// A start goes on without its onlooker, and status says so.
func TestAStartThatIsLeft(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := host.Start(ctx, fake(t, "slow"), dir); !fault.Is(err, fault.Timeout) {
		t.Errorf("start: %v", err)
	}
	if _, err := host.Find(dir); !fault.Is(err, fault.Unavailable) {
		t.Errorf("find: %v", err)
	}
	s, err := host.StatusOf(context.Background(), dir, nil)
	if err != nil || s.State != host.Starting || s.PID == 0 {
		t.Errorf("status %+v, %v", s, err)
	}
}

func TestAnEngineThatDoesNotStop(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_, _ = host.Start(ctx, fake(t, "deaf"), dir) // it never answers, which another test is about
	ctx, cancel = context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if stopped, err := host.Stop(ctx, dir); stopped || !fault.Is(err, fault.Timeout) || !strings.Contains(fault.HintOf(err), "kill -9") {
		t.Errorf("stop: %v, %v, hint %q", stopped, err, fault.HintOf(err))
	}
}

func TestTheLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	dir, program := folder(t), fake(t, "serves")
	a, err := host.Start(context.Background(), program, dir)
	if err != nil {
		t.Fatal(err)
	}
	release, err := host.Lock(dir)
	if err == nil {
		release()
	}
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "process "+strconv.Itoa(a.PID)) {
		t.Errorf("lock: %v, want a conflict with process %d", err, a.PID)
	}
}

// A broken address file is an error that says what to do, and a status of
// nothing is no error.
func TestStatusOfOddFolders(t *testing.T) {
	t.Parallel()
	none, err := host.StatusOf(context.Background(), filepath.Join(t.TempDir(), "none"), nil)
	if err != nil || none.State != host.Stopped || len(none.Files) != 0 {
		t.Errorf("no folder: %+v, %v", none, err)
	}
	dir := folder(t)
	if _, err := host.Start(context.Background(), fake(t, "serves"), dir); err != nil {
		t.Fatal(err)
	}
	silent, err := host.StatusOf(context.Background(), dir, nil)
	if err != nil || silent.State != host.Silent || silent.MemoryBytes == 0 {
		t.Errorf("an address where nothing listens: %+v, %v", silent, err)
	}
	if err := os.WriteFile(filepath.Join(dir, host.FileAddress), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Find(dir); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("broken address: %v", err)
	}
}

func TestBinary(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	place := func(elements ...string) string {
		path := filepath.Join(append([]string{root}, elements...)...)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o700)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	said, beside := place("said", "engine"), place("bin", "landfall-engine")
	cached, inPath := place("cache", "engine-1.2", "landfall-engine"), place("path", "landfall-engine")
	plain := filepath.Join(root, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(root, "bin", "landfall")
	for name, c := range map[string]struct {
		exe, cache, version string
		env                 map[string]string
		want                string
		kind                fault.Kind
	}{
		"said":             {exe, "cache", "1.2", map[string]string{host.Variable: said, "PATH": filepath.Dir(inPath)}, said, ""},
		"said, not there":  {exe, "", "1.2", map[string]string{host.Variable: filepath.Join(root, "no")}, "", fault.NotFound},
		"said, no program": {exe, "", "1.2", map[string]string{host.Variable: plain}, "", fault.Denied},
		"beside":           {exe, filepath.Join(root, "cache"), "1.2", map[string]string{"PATH": filepath.Dir(inPath)}, beside, ""},
		"cached":           {"/nowhere/landfall", filepath.Join(root, "cache"), "1.2", map[string]string{"PATH": filepath.Dir(inPath)}, cached, ""},
		"another version":  {"", filepath.Join(root, "cache"), "1.3", map[string]string{"PATH": "relative:" + filepath.Dir(inPath)}, inPath, ""},
		"nowhere":          {"", "", "", nil, "", fault.Missing},
	} {
		got, err := host.Binary(c.exe, c.cache, c.version, lookup(c.env))
		if c.kind != "" {
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v, want %s", name, err, c.kind)
			}
			if hint := fault.HintOf(err); c.kind == fault.Missing && !strings.HasPrefix(hint, "make engine") {
				t.Errorf("%s: the hint is %q", name, hint)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func lookup(env map[string]string) host.Getenv {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}
