package testkit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

const (
	tagPrefix = "landfall-testkit-"
	// stopWithin bounds the stop of one server.
	stopWithin = 60 * time.Second
	// patience multiplies the time that a server is given to become ready.
	patience = 4
)

// newTag names one set of servers. The process number in it tells a later
// run whether whoever started them is gone.
func newTag() string {
	var b [4]byte
	rand.Read(b[:])
	return tagPrefix + strconv.Itoa(os.Getpid()) + "-" + hex.EncodeToString(b[:])
}

// newHost returns where the servers of a tag live: below dir, on loopback.
func newHost(tag, dir string) (part.Host, error) {
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		return part.Host{}, err
	}
	return part.Host{
		Starter: proc.NewStarter(), Tag: tag,
		Locate:  func(name tools.Name) (tools.Tool, error) { return tools.Locate(cache, name) },
		Dir:     filepath.Join(dir, "data"),
		LogDir:  filepath.Join(dir, "log"),
		Address: "127.0.0.1", Environ: os.Environ(),
	}, nil
}

// closeHost ends what the servers of the host left and removes what they
// wrote outside its folder.
func closeHost(ctx context.Context, host part.Host) error {
	host.Starter.Close()
	left, err := proc.Sweep(ctx, proc.Query{Tag: host.Tag, Title: part.PostgresTitle(host.Tag)})
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("%d processes were left, the first was %s", len(left), left[0]))
	}
	return errors.Join(err, os.RemoveAll(part.ForeignDir(host.Tag)))
}

// ownServer starts a server for one test, and stops it when the test ends.
func ownServer(t testing.TB, server part.Server) *part.Running {
	t.Helper()
	host, err := newHost(newTag(), t.TempDir())
	check(t, err)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if err := closeHost(ctx, host); err != nil {
			t.Errorf("after stopping %s: %v", server.Name, err)
		}
	})
	running, err := part.Start(t.Context(), host, patient(server))
	check(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, stopWithin)
		defer cancel()
		if err := running.Stop(ctx); err != nil {
			t.Errorf("stop %s: %v", server.Name, err)
		}
	})
	return running
}

// patient gives a server more time to become ready than a user would: tests
// run many at once, next to the compiler, and must not fail for it.
func patient(server part.Server) part.Server {
	server.ReadyWithin *= patience
	return server
}

// check ends the test with the error and, on a line of its own, what to do.
func check(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if hint := fault.HintOf(err); hint != "" {
		t.Fatalf("%v\nhint: %s", err, hint)
	}
	t.Fatal(err)
}

// sweepDead removes what test binaries left that were killed: their folders
// and, should the kernel not have ended them, their processes.
func sweepDead(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		text, ours := strings.CutPrefix(e.Name(), tagPrefix)
		number, _, _ := strings.Cut(text, "-")
		pid, err := strconv.Atoi(number)
		if !ours || err != nil {
			continue
		}
		if _, err := proc.Identify(pid); !fault.Is(err, fault.NotFound) {
			continue // it runs, or it cannot be told
		}
		_, err = proc.Sweep(context.Background(), proc.Query{Tag: e.Name(), Title: part.PostgresTitle(e.Name())})
		errs = append(errs, err, os.RemoveAll(part.ForeignDir(e.Name())), os.RemoveAll(filepath.Join(parent, e.Name())))
	}
	return errors.Join(errs...)
}
