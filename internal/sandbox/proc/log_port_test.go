package proc_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
)

// Whatever is written in whatever pieces: the two halves stay within the
// limit (a single longer piece excepted) and hold the end of the output.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		path := filepath.Join(dir, fmt.Sprint(round))
		const limit = 200
		log, err := proc.OpenLog(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, piece := range rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, limit/2)).Draw(t, "pieces") {
			if n, err := log.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
			all = append(all, piece...)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		older, _ := os.ReadFile(path + ".1")
		newer, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kept := append(older, newer...)
		if len(kept) > limit || !bytes.HasSuffix(all, kept) {
			t.Errorf("kept %d bytes, the end of the output: %v", len(kept), bytes.HasSuffix(all, kept))
		}
		if len(all) <= limit/2 && len(kept) != len(all) {
			t.Errorf("kept %d of %d bytes", len(kept), len(all))
		}
	})
}

func TestLogAppendsAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	for _, line := range []string{"one\n", "two\n"} {
		log, err := proc.OpenLog(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		log.Write([]byte(line))
		log.Close()
		log.Close()
	}
	if got := proc.Tail(path, 9); got != "one | two" {
		t.Errorf("Tail = %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
}

// A full disk: the writer is not disturbed, the loss is counted and named.
func TestLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	log, err := proc.OpenLog(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if n, err := log.Write([]byte("abc")); n != 3 || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	if n, err := log.Dropped(); n != 3 || !fault.Is(err, fault.Storage) {
		t.Errorf("Dropped = %d, %v", n, err)
	}
}

func TestTrimLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct{ write, newer, older string }{
		{"1234", "1234", ""},
		{"567", "", "34567"},
		{"ab", "ab", "34567"},
	} {
		if _, err := file.WriteString(c.write); err != nil {
			t.Fatal(err)
		}
		if err := proc.TrimLog(path, 10); err != nil {
			t.Fatal(err)
		}
		newer, _ := os.ReadFile(path)
		older, _ := os.ReadFile(path + ".1")
		if string(newer) != c.newer || string(older) != c.older {
			t.Errorf("after %q: %q and %q, want %q and %q", c.write, newer, older, c.newer, c.older)
		}
	}
	if err := proc.TrimLog(filepath.Join(t.TempDir(), "absent"), 10); !fault.Is(err, fault.NotFound) {
		t.Errorf("absent: %v", err)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if got := proc.Tail(path, 3); got != "" {
		t.Errorf("absent log: %q", got)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 20<<10)+"\nlast but one\n\n last\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := proc.Tail(path, 2); got != "last but one | last" {
		t.Errorf("Tail = %q", got)
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	port, err := proc.FreePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	if _, err := proc.Listener(t.Context(), address); !fault.Is(err, fault.NotFound) {
		t.Errorf("Listener of a free port: %v", err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !proc.PortTaken(address) {
		t.Error("a port somebody listens on is not taken")
	}
	if owner, err := proc.Listener(t.Context(), address); err != nil || owner != os.Getpid() {
		t.Errorf("Listener = %d, %v, want %d", owner, err, os.Getpid())
	}
	err = proc.CheckPort(t.Context(), address)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("CheckPort = %v", err)
	}
	if fault.HintOf(err) == "" {
		t.Error("a taken port comes without a hint")
	}
	l.Close()
	if err := proc.CheckPort(t.Context(), address); err != nil || proc.PortTaken(address) {
		t.Errorf("CheckPort of a free port: %v", err)
	}
	if _, err := proc.Listener(t.Context(), "nonsense"); !fault.Is(err, fault.Invalid) {
		t.Errorf("Listener of nonsense: %v", err)
	}
	if _, err := proc.FreePort("192.0.2.1"); err == nil {
		t.Error("a free port on an address of another machine")
	}
}

// The child's own listener is told apart from somebody else's at the address.
func TestOwns(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, _ := start(t, `sleep 300`, nil)
	if owns, known := c.Owns(t.Context(), l.Addr().String()); owns || !known {
		t.Errorf("Owns = %v, %v; the test itself listens there", owns, known)
	}
	tree, own := c.Identity().Memory(t.Context()), c.Identity().OwnMemory(t.Context())
	if own <= 0 || tree < own {
		t.Errorf("memory of a running process: %d, with descendants %d", own, tree)
	}
}
