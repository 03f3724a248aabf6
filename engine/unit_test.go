package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

func TestUnit(t *testing.T) {
	t.Parallel()
	text, err := unit("/opt/land fall/landfall-engine", `/srv/a "b"/100%/$HOME\x`)
	if err != nil || !strings.Contains(text, `ExecStart="/opt/land fall/landfall-engine" serve --dir "/srv/a \"b\"/100%%/$$HOME\\x" --hours 0`+"\n") ||
		!strings.Contains(text, "\nRestartPreventExitStatus=2 3 4 5 6 12\n") {
		t.Errorf("%v:\n%s", err, text)
	}
	if _, err := unit("/bin/x", "/a\nExecStartPre=/bin/evil"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a line break in a path: %v", err)
	}
}

// look is one look of an idle watch at made-up counts.
type look struct {
	open, all int64
	stored    int
	err       error
}

func TestIdleWatch(t *testing.T) {
	t.Parallel()
	none, broken := look{}, errors.New("no answer")
	for name, c := range map[string]struct {
		looks []look // one each minute
		// endsAfter is the look that ends the engine; 0 means none does.
		endsAfter int
	}{
		"nothing ever":             {[]look{none, none, none, none, none}, 3},
		"a run is open":            {[]look{none, none, {open: 1, all: 1}, {open: 1, all: 1}, {all: 1}, {all: 1}, {all: 1}}, 7},
		"a run between two looks":  {[]look{none, none, {all: 1}, {all: 1}, {all: 1}, {all: 1}}, 6},
		"a run that is not listed": {[]look{{stored: 1}, {stored: 1}, {stored: 1}, {stored: 1}, none, none, none}, 7},
		"cannot tell":              {[]look{{err: broken}, {err: broken}, {err: broken}, {err: broken}}, 0},
	} {
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var now look
		w := &idleWatch{
			after: 3 * time.Minute, since: begin, log: slog.New(slog.DiscardHandler),
			listed: func(context.Context) (int64, int64, error) { return now.open, now.all, now.err },
			stored: func(context.Context) (int, error) { return now.stored, nil },
		}
		ended := 0
		for i := range c.looks {
			now = c.looks[i]
			if w.over(context.Background(), begin.Add(time.Duration(i+1)*time.Minute)) {
				ended = i + 1
				break
			}
		}
		if ended != c.endsAfter {
			t.Errorf("%s: ended at look %d, want %d", name, ended, c.endsAfter)
		}
	}
}

func TestIdleWatchLooksOften(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]time.Duration{
		0: lookAtMost, time.Millisecond: lookAtLeast, 4 * time.Second: 500 * time.Millisecond, 15 * time.Minute: lookAtMost,
	} {
		if got := (&idleWatch{after: after}).every(); got != want {
			t.Errorf("after %v it looks every %v, want %v", after, got, want)
		}
	}
}

func noEnv(string) (string, bool) { return "", false }

// A folder gets a keyring once; from then on only that one, or a successor of
// it, is accepted, wherever it comes from.
func TestTheKeyringBelongsToTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		if err := ensureKeyring(dir, noEnv); err != nil {
			t.Fatal(err)
		}
	}
	own, err := host.Keyring(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	given := func(k *codec.Keyring) host.Getenv {
		return func(name string) (string, bool) { return string(k.Marshal()), name == host.KeyringVariable }
	}
	if err := ensureKeyring(dir, given(codec.NewKeyring())); !fault.Is(err, fault.Denied) || fault.HintOf(err) == "" {
		t.Errorf("another keyring: %v", err)
	}
	if err := ensureKeyring(dir, given(own.Rotated())); err != nil {
		t.Errorf("a successor: %v", err)
	}
	// The mark is sealed with the successor's key now.
	if err := ensureKeyring(dir, noEnv); !fault.Is(err, fault.Denied) {
		t.Errorf("the folder's, which lacks the successor's key: %v", err)
	}
	if _, err := rotate(dir, given(own)); !fault.Is(err, fault.Refused) {
		t.Errorf("rotate a keyring of the environment: %v", err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, host.FileStore), nil, 0o600), os.Remove(filepath.Join(dir, host.FileKeyring))); err != nil {
		t.Fatal(err)
	}
	if err := ensureKeyring(dir, noEnv); !fault.Is(err, fault.NotFound) {
		t.Errorf("a store without its keyring: %v", err)
	}
}
