package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/landfall/internal/engine/host"
)

// enginePath is the engine program that scripts start: what LANDFALL_ENGINE
// says, else the one that "make engine" keeps in the cache folder.
func enginePath(cache string) (string, error) {
	path := os.Getenv("LANDFALL_ENGINE")
	if path == "" {
		path = filepath.Join(cache, "engine", "landfall-engine")
	}
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("no engine program at " + path + ": run make engine, or set LANDFALL_ENGINE")
	}
	return path, nil
}

// withEngine lets a script start engines, and stops all of them at its end: no
// process is left behind.
func withEngine(e *testscript.Env, cache string) error {
	path, err := enginePath(cache)
	if err != nil {
		return err
	}
	e.Setenv("LANDFALL_ENGINE", path)
	e.Defer(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = filepath.WalkDir(e.WorkDir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() == host.FileLock {
				_, _ = host.Stop(ctx, filepath.Dir(path)) // one that was killed is stopped already
			}
			return nil
		})
	})
	return nil
}

// await WORKSPACE REGEXP looks at the status of the run until the text matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await WORKSPACE REGEXP")
	}
	want := regexp.MustCompile("(?m)" + args[1])
	const within = 30 * time.Second
	var last string
	for begun := time.Now(); time.Since(begun) < within; time.Sleep(500 * time.Millisecond) {
		_ = ts.Exec("landfall", "status", "--workspace", args[0]) // its exit code says how a run ended
		if last = ts.ReadFile("stdout"); want.MatchString(last) {
			return
		}
	}
	ts.Fatalf("no %q within %s in:\n%s", args[1], within, last)
}

// exits CODE COMMAND... carries a command out that has to end with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code, err := 0, ts.Exec(args[1], args[2:]...)
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// kill9 engine|worker WORKSPACE kills a process without a word, and waits until
// it is gone.
func kill9(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: kill9 engine|worker WORKSPACE")
	}
	dir := ts.MkAbs(filepath.Join(args[1], ".landfall", "engine"))
	pid, held, err := host.Holder(dir)
	ts.Check(err)
	if !held {
		ts.Fatalf("no engine serves %s", dir)
	}
	if args[0] == "worker" {
		pid = childOf(ts, pid)
	}
	ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	for range 300 {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("process %d did not go", pid)
}

// childOf is the one child of a process.
func childOf(ts *testscript.TestScript, parent int) int {
	for range 250 { // the engine starts its worker again half a second after it ended
		stats, err := filepath.Glob("/proc/[0-9]*/stat")
		ts.Check(err)
		for _, path := range stats {
			if _, of := statOf(path); of == parent {
				pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
				ts.Check(err)
				return pid
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("process %d has no child", parent)
	return 0
}

func zombie(pid int) bool {
	state, _ := statOf("/proc/" + strconv.Itoa(pid) + "/stat")
	return state == "Z"
}

// statOf reads state and parent of a process (proc_pid_stat(5)): the two fields
// behind the name in brackets.
func statOf(path string) (state string, parent int) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", 0
	}
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// planned WORKSPACE puts the fingerprint of the runbook into $RUNBOOK.
func planned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: planned WORKSPACE")
	}
	page := ts.ReadFile(filepath.Join(args[0], "runbook.md"))
	found := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(page)
	if found == "" {
		ts.Fatalf("runbook.md names no fingerprint")
	}
	ts.Setenv("RUNBOOK", found)
}

// signers FILE NAME=KEY... writes a file of allowed signers.
func signers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: signers FILE NAME=KEY...")
	}
	var out strings.Builder
	for _, pair := range args[1:] {
		name, key, _ := strings.Cut(pair, "=")
		fields := strings.Fields(ts.ReadFile(key))
		if len(fields) < 2 {
			ts.Fatalf("%s is no public key", key)
		}
		out.WriteString(name + ` namespaces="landfall" ` + fields[0] + " " + fields[1] + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out.String()), 0o644))
}
