package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// Address says where an engine answers and what it is.
type Address struct {
	// Address is host:port of the frontend, on loopback.
	Address   string `json:"address"`
	Namespace string `json:"namespace"`
	PID       int    `json:"pid"`
	// Version is that of the engine program.
	Version string `json:"version"`
	// Server is the version of the Temporal server inside.
	Server string `json:"server"`
	// Schema is the form of the folder's store.
	Schema  string    `json:"schema"`
	Started time.Time `json:"started"`
}

const (
	hintStart  = "landfall engine start"
	hintStatus = "landfall engine status"
)

// Find returns the address of the engine that serves the folder. None is
// NotFound; one that does not answer yet, or no longer, is Unavailable.
func Find(dir string) (Address, error) {
	pid, held, err := Holder(dir)
	if err != nil {
		return Address{}, err
	}
	if !held {
		return Address{}, fault.Newf(fault.NotFound, "find the engine of %q: none runs", dir).Hintf(hintStart)
	}
	a, err := readAddress(dir)
	// An address with another process id was left by an engine that was killed.
	if errors.Is(err, fs.ErrNotExist) || err == nil && a.PID != pid {
		return Address{}, fault.Newf(fault.Unavailable, "find the engine of %q: process %d starts or stops", dir, pid).
			Hintf(hintStatus)
	}
	return a, err
}

// WriteAddress announces the engine; whoever reads the file finds the old or
// the new one, never half of one.
func WriteAddress(dir string, a Address) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "write address", "", err)
	}
	return durable.Replace(filepath.Join(dir, FileAddress), append(data, '\n'), 0o600)
}

func readAddress(dir string) (Address, error) {
	var a Address
	path := filepath.Join(dir, FileAddress)
	data, err := os.ReadFile(path)
	if err != nil {
		return a, fault.Wrap(err, "read address", path)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fault.Of(fault.Invalid, "read address", path, err).Hintf("landfall engine stop && landfall engine start")
	}
	return a, nil
}

// Holder reports whether an engine holds the folder's lock, and its process
// id. It takes a shared lock to find out, so that several may look at once.
func Holder(dir string) (pid int, held bool, err error) {
	path := filepath.Join(dir, FileLock)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	free, err := lock.TryRLock()
	if err != nil {
		return 0, false, fault.Wrap(err, "look at the engine's lock", path)
	}
	if free {
		_ = lock.Unlock() // closing the file gives it back in any case
		return 0, false, nil
	}
	return lockOwner(path), true, nil
}

// lockOwner returns the process id in the lock file; 0 when the holder has not
// written it yet.
func lockOwner(path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// lockAttempts bounds how long Lock waits for those who only look: a look at
// the lock holds it for microseconds.
const (
	lockAttempts = 20
	lockPause    = 25 * time.Millisecond
)

// Lock takes the folder for this process, the engine, and writes its process
// id into the lock file. A folder that another process serves is a Conflict
// that names the process. The lock lasts until release, or until the process
// ends.
func Lock(dir string) (release func(), err error) {
	path := filepath.Join(dir, FileLock)
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	locked := false
	for attempt := 0; !locked && attempt < lockAttempts; attempt++ {
		if attempt > 0 {
			time.Sleep(lockPause)
		}
		if locked, err = lock.TryLock(); err != nil {
			return nil, fault.Wrap(err, "lock the engine's folder", dir)
		}
	}
	if !locked {
		return nil, fault.Newf(fault.Conflict, "serve %q: process %d serves it already", dir, lockOwner(path)).Hintf(hintStatus)
	}
	// The lock is on the file, so it is written in place and never replaced.
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		_ = lock.Unlock()
		return nil, fault.Wrap(err, "write the engine's lock", path)
	}
	return func() { _ = lock.Unlock() }, nil // closing the file gives it back in any case
}
