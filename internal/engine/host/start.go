package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
)

const (
	// startWithin bounds a start. It takes 1 to 5 seconds; a machine that
	// builds software on all its cores needs ten times that.
	startWithin = 90 * time.Second
	// stopWithin bounds a stop, which takes 1 to 2 seconds, and longer while the
	// worker beside the server stops its attempts.
	stopWithin = 75 * time.Second
	// startAttempts bounds how many processes that end a start follows.
	startAttempts = 3
	// loserWithin bounds the wait for a process that another one has beaten.
	loserWithin = 2 * time.Second
	// maxErrorBytes is the size from which the error file is begun anew.
	maxErrorBytes = 1 << 20
	// lookEvery is how often a start or stop is looked at.
	lookEvery = 25 * time.Millisecond
)

// Start makes sure that an engine serves the folder, and returns when it
// answers. One that runs is left alone; of several starts at one time one
// process wins, and all return its address. The process gets a session of its
// own and stays when the caller goes. flags are further ones of "serve".
//
// When it cannot start, the error is the process's own error line with its
// kind. When ctx ends the start goes on without its onlooker.
func Start(ctx context.Context, binary, dir string, flags ...string) (Address, error) {
	a, err := Find(dir)
	if err == nil {
		return a, nil
	}
	if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unavailable) {
		return Address{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for range startAttempts {
		if a, err = startOnce(ctx, binary, dir, flags); !fault.Is(err, fault.Conflict) {
			return a, err
		}
	}
	return a, err
}

// startOnce starts a process unless one serves the folder, and follows it
// until it answers. A process that was followed and ended is a Conflict: it
// was being stopped, and the folder is free for another attempt.
func startOnce(ctx context.Context, binary, dir string, flags []string) (Address, error) {
	_, held, err := Holder(dir)
	if err != nil {
		return Address{}, err
	}
	var pid int
	var ended <-chan error // nil, which never answers, while another's process is followed
	if !held {
		if pid, ended, err = spawn(binary, dir, flags); err != nil {
			return Address{}, err
		}
	}
	for {
		if a, err := Find(dir); err == nil {
			awaitLoser(ended, a.PID == pid)
			return a, nil
		}
		select {
		case err := <-ended:
			if !fault.Is(err, fault.Conflict) {
				return Address{}, err
			}
			ended = nil // beaten by another start
		case <-time.After(lookEvery):
			if ended != nil {
				continue
			}
			if _, held, err := Holder(dir); err != nil {
				return Address{}, err
			} else if !held {
				return Address{}, fault.Newf(fault.Conflict, "start the engine: the process that served %q ended", dir).Hintf(hintStart)
			}
		case <-ctx.Done():
			return Address{}, fault.Wrap(ctx.Err(), "wait for the engine to answer", dir)
		}
	}
}

// awaitLoser waits for the own process when another one serves the folder: it
// is about to be refused. Left alone, it could take the folder when the other
// one is stopped in that moment. A program that starts the engine as its child
// has another process id and does not end; the wait for it is short.
func awaitLoser(ended <-chan error, won bool) {
	if won || ended == nil {
		return
	}
	select {
	case <-ended:
	case <-time.After(loserWithin):
	}
}

// spawn starts the process. The channel gives its error when it ends.
func spawn(binary, dir string, flags []string) (pid int, ended <-chan error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, nil, fault.Wrap(err, "make the engine's folder", dir)
	}
	path := filepath.Join(dir, FileErrors)
	if info, err := os.Stat(path); err == nil && info.Size() > maxErrorBytes {
		_ = os.Truncate(path, 0) // a file that stays longer is no reason not to start
	}
	// A file and no pipe: the process writes there, a crash included, when the
	// caller is long gone.
	stderr, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, nil, fault.Wrap(err, "open the engine's error file", path)
	}
	defer stderr.Close()
	begin, err := stderr.Seek(0, 2)
	if err != nil {
		return 0, nil, fault.Wrap(err, "open the engine's error file", path)
	}
	cmd := exec.Command(binary, append([]string{"serve", "--dir", dir}, flags...)...)
	cmd.Stderr, cmd.Env = stderr, slices.DeleteFunc(os.Environ(), personal)
	// A session of its own: the terminal's Ctrl-C and hang-up are not for it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, nil, fault.Of(fault.KindOf(err), "start the engine", binary, err)
	}
	over := make(chan error, 1)
	go func() { over <- lastWords(cmd.Wait(), path, begin) }()
	return cmd.Process.Pid, over, nil
}

// personal reports whether a variable is what a person proves with who it is
// (package approve). The process, and the worker that it keeps, live for weeks
// and carry out for everybody: they have no use for what the one who happened to
// start them can sign with.
func personal(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"LANDFALL_ID_TOKEN", "LANDFALL_ID_TOKEN_FILE", "LANDFALL_SSH_KEY"}, name)
}

// lastWords turns the end of a process into an error: its kind from the exit
// code, its text and hint from what it wrote.
func lastWords(end error, path string, begin int64) error {
	kind, text, hint := fault.Unavailable, "it ended and said nothing", "read "+path
	if exit, ok := errors.AsType[*exec.ExitError](end); ok {
		for _, class := range fault.Kinds() {
			if class.ExitCode == exit.ExitCode() {
				kind = class.Kind
				break
			}
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || int64(len(data)) < begin {
		data, begin = nil, 0
	}
	for line := range strings.Lines(string(data[begin:])) {
		line = strings.TrimSpace(line)
		if said, ok := strings.CutPrefix(line, "landfall-engine: "); ok {
			text = said
		} else if next, ok := strings.CutPrefix(line, "next: "); ok {
			hint = next
		}
	}
	return fault.Newf(kind, "start the engine: %s", text).Hintf("%s", hint)
}

// Stop asks the engine of the folder to end, and returns when it has. Runs
// that are open go on when it is started again. Without an engine there is
// nothing to do, which is no error: stopped is false.
func Stop(ctx context.Context, dir string) (stopped bool, err error) {
	pid, held, err := Holder(dir)
	if err != nil || !held {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	asked := 0
	for held {
		// A process that has just taken the lock says who it is a moment later.
		if pid > 0 && pid != asked {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
				return false, fault.Wrap(err, "stop the engine", dir)
			}
			asked = pid
		}
		select {
		case <-ctx.Done():
			return false, fault.Of(fault.KindOf(ctx.Err()), "wait for the engine to stop", dir, ctx.Err()).
				Hintf("kill -9 %d; no run is lost by it", pid)
		case <-time.After(lookEvery):
		}
		if pid, held, err = Holder(dir); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Variable names the environment variable with the path of the program.
const Variable = "LANDFALL_ENGINE"

// program is the file name of the engine program.
const program = "landfall-engine"

// Binary finds the engine program: what LANDFALL_ENGINE says, else the file
// beside the landfall program exe, else the one of this version in the cache
// folder, else in PATH.
func Binary(exe, cacheDir, version string, env Getenv) (string, error) {
	if said := env.get(Variable); said != "" {
		path, err := filepath.Abs(said)
		if err == nil {
			err = runnable(path)
		}
		return path, fault.Wrap(err, "use "+Variable, said)
	}
	var places []string
	if exe != "" {
		places = append(places, filepath.Join(filepath.Dir(exe), program))
	}
	if cacheDir != "" {
		places = append(places, filepath.Join(cacheDir, "engine-"+version, program))
	}
	for _, dir := range filepath.SplitList(env.get("PATH")) {
		if filepath.IsAbs(dir) { // a relative entry would run what lies in the current folder
			places = append(places, filepath.Join(dir, program))
		}
	}
	for _, path := range places {
		if runnable(path) == nil {
			return path, nil
		}
	}
	return "", fault.Newf(fault.Missing, "find the program %s: it is neither beside landfall nor in the cache nor in PATH", program).
		Hintf("make engine   (or, where it is elsewhere: export %s=/path/to/%s)", Variable, program)
}

func runnable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fs.ErrPermission
	}
	return nil
}
