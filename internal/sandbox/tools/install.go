package tools

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/fault"
)

// Progress is told what happens, in lines for people. It may be called from
// several goroutines at once.
type Progress func(name Name, line string)

// lockPoll is how often a second install looks whether the first is done.
const lockPoll = 100 * time.Millisecond

// removeTries and removePause bound how long a folder is removed again because
// somebody still writes into it.
const (
	removeTries = 100
	removePause = 50 * time.Millisecond
)

// maxAtOnce is how many tools are installed side by side. They wait for the
// network and the compiler in turn, so that more than two only fight.
const maxAtOnce = 2

// Install makes sure that every named tool is there. Tools that are there cost
// a look at a file each. A nil progress is silent.
//
// It may be called again after any failure, cancellation or kill, and from
// several processes at once. Errors of several tools are joined; those of
// them that could be installed are.
func Install(ctx context.Context, cacheDir string, names []Name, progress Progress) error {
	specs := make([]Spec, 0, len(names))
	for _, name := range names {
		spec, err := specOf(name)
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	return installAll(ctx, cacheDir, specs, progress)
}

func installAll(ctx context.Context, cacheDir string, specs []Spec, progress Progress) error {
	if progress == nil {
		progress = func(Name, string) {}
	}
	errs := make([]error, len(specs))
	slots := make(chan struct{}, min(maxAtOnce, max(1, runtime.NumCPU())))
	var wait sync.WaitGroup
	for i, spec := range specs {
		if _, err := locate(cacheDir, spec); err == nil {
			continue
		}
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = installOne(ctx, cacheDir, spec, progress)
		})
	}
	wait.Wait()
	return joined(errs)
}

// joined keeps the kind and hint of a single error; several are one error with
// the kind of the first.
func joined(errs []error) error {
	var some []error
	for _, err := range errs {
		if err != nil {
			some = append(some, err)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	e := fault.Of(fault.KindOf(some[0]), "install tools", "", errors.Join(some...))
	return e.Hintf("%s", fault.HintOf(some[0]))
}

// installOne installs one tool under its lock.
func installOne(ctx context.Context, cacheDir string, spec Spec, progress Progress) error {
	say := func(format string, args ...any) { progress(spec.Name, fmt.Sprintf(format, args...)) }
	if err := os.MkdirAll(toolsDir(cacheDir), 0o755); err != nil {
		return fault.Wrap(err, "make tools folder", toolsDir(cacheDir))
	}
	unlock, err := lock(ctx, spec.lockPath(cacheDir), func() { say("another set-up is at it; waiting") })
	if err != nil {
		return fault.Wrap(err, "lock tool", string(spec.Name))
	}
	defer unlock()
	if _, err := locate(cacheDir, spec); err == nil {
		return nil // the other set-up made it while this one waited
	}
	if err := sweep(ctx, cacheDir, spec); err != nil {
		return fault.Wrap(err, "remove what a dead install left of", string(spec.Name))
	}
	start := time.Now()
	say("installing %s %s", spec.Name, spec.Version)
	if err := makeTool(ctx, cacheDir, spec, say); err != nil {
		return err
	}
	say("installed in %s", time.Since(start).Round(100*time.Millisecond))
	return nil
}

// makeTool builds the tool beside its place and moves it there when complete.
func makeTool(ctx context.Context, cacheDir string, spec Spec, say func(string, ...any)) error {
	log, err := os.Create(spec.logPath(cacheDir))
	if err != nil {
		return fault.Wrap(err, "open install log", spec.logPath(cacheDir))
	}
	defer log.Close()
	j := &job{ctx: ctx, spec: spec, final: spec.dir(cacheDir), log: log, say: say}
	if spec.system {
		return installPostgres(j, postgresSystem{places: func() []string { return postgresPlaces(os.Getenv("PATH")) }, root: os.Geteuid() == 0, commonDir: "/etc/postgresql-common"})
	}
	if err := ensureNeeds(j); err != nil {
		return err
	}
	j.dir, err = os.MkdirTemp(toolsDir(cacheDir), spec.partialPrefix())
	if err != nil {
		return fault.Wrap(err, "make folder for tool", string(spec.Name))
	}
	err = j.complete()
	if err != nil {
		// What is left of a failed build is of no use; when even the removal
		// does not work, the next install sweeps it.
		return errors.Join(err, removeAll(context.WithoutCancel(ctx), j.dir))
	}
	return nil
}

// complete builds, marks, and renames: the order is what makes a kill safe.
func (j *job) complete() error {
	if err := os.Chmod(j.dir, 0o755); err != nil {
		return fault.Wrap(err, "open folder of tool", string(j.spec.Name))
	}
	if err := j.spec.build.build(j); err != nil {
		return err
	}
	if err := j.spec.writeMark(j.dir); err != nil {
		return fault.Wrap(err, "mark tool complete", string(j.spec.Name))
	}
	if err := os.RemoveAll(j.final); err != nil {
		return fault.Wrap(err, "remove older tool", j.final)
	}
	if err := os.Rename(j.dir, j.final); err != nil {
		return fault.Wrap(err, "move tool into place", j.final)
	}
	return fault.Wrap(j.spec.check(j.final), "check installed tool", string(j.spec.Name))
}

// lock takes the file lock; the kernel releases it when the process dies. The
// file stays, because removing it would let two processes lock two files.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	l := flock.New(path)
	got, err := l.TryLock()
	if err == nil && !got {
		waiting()
		_, err = l.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return func() { _ = l.Unlock() }, nil // closing a lock file has no failure that matters
}

// sweep removes the half-built folders of installs that died. It runs under
// the tool's lock, so none of them is being built.
func sweep(ctx context.Context, cacheDir string, spec Spec) error {
	entries, err := os.ReadDir(toolsDir(cacheDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), spec.partialPrefix()) {
			errs = append(errs, removeAll(ctx, filepath.Join(toolsDir(cacheDir), e.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeAll removes a folder into which a process may still be writing: an
// installer dies with its parent, but not in the same moment, and what it had
// started itself a little later.
func removeAll(ctx context.Context, dir string) error {
	var err error
	for range removeTries {
		if err = os.RemoveAll(dir); !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		if err := sleep(ctx, removePause); err != nil {
			return err
		}
	}
	return err
}
