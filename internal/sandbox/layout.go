package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

// layout is where the sandbox of a workspace keeps things.
type layout struct {
	workspace string
	dir       string
	// tag marks the processes of this workspace's sandbox. It comes from the
	// path, not from a file: it must be known when every file is lost, and a
	// copied workspace must not take the original's sandbox for its own.
	tag string
}

func newLayout(workspace string) (layout, error) {
	if workspace == "" {
		return layout{}, fault.Newf(fault.Usage, "find the sandbox: no workspace")
	}
	abs, err := filepath.Abs(workspace)
	if err != nil {
		return layout{}, fault.Wrap(err, "find workspace", workspace)
	}
	// Two names of one folder are one workspace.
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return layout{}, fault.Of(fault.KindOf(err), "find workspace", workspace, errors.Unwrap(err))
	}
	sum := sha256.Sum256([]byte(resolved))
	return layout{workspace: resolved, dir: filepath.Join(resolved, ".landfall", "sandbox"), tag: hex.EncodeToString(sum[:])[:12]}, nil
}

func (l layout) path(name string) string { return filepath.Join(l.dir, name) }

// The files of a sandbox. Everything but the logs goes with "down".
func (l layout) state() string     { return l.path("state.json") }
func (l layout) order() string     { return l.path("order.json") }
func (l layout) control() string   { return l.path("control.json") }
func (l layout) secrets() string   { return l.path("secrets.json") }
func (l layout) seeded() string    { return l.path("seeded.json") }
func (l layout) bundle() string    { return l.path("ca-bundle.pem") }
func (l layout) authority() string { return l.path("ca.pem") }
func (l layout) data() string      { return l.path("data") }
func (l layout) logs() string      { return l.path("logs") }
func (l layout) upLock() string    { return l.path("up.lock") }
func (l layout) serveLock() string { return l.path("serve.lock") }

// supervisorLog is what the supervisor says, its last words included.
func (l layout) supervisorLog() string { return filepath.Join(l.logs(), "supervisor.log") }

// accessLog is written by the shop, in the format of AWS's load balancer.
func (l layout) accessLog() string { return filepath.Join(l.data(), "shop", "access.log") }

// everything is the query for all processes of the sandbox.
func (l layout) everything() proc.Query {
	return proc.Query{Tag: l.tag, Title: part.PostgresTitle(l.tag)}
}

func (l layout) make() error {
	for _, dir := range []string{l.dir, l.logs()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fault.Of(fault.KindOf(err), "make folder", dir, errors.Unwrap(err))
		}
	}
	return nil
}

// wipe removes all but the logs and the locks. A lock file stays because
// another process may be waiting on it: removing it would leave two of them
// holding two different files of one name.
func (l layout) wipe() error {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, "read the sandbox folder", "")
	}
	keep := map[string]bool{filepath.Base(l.logs()): true, filepath.Base(l.upLock()): true, filepath.Base(l.serveLock()): true}
	for _, e := range entries {
		if keep[e.Name()] {
			continue
		}
		if err := os.RemoveAll(l.path(e.Name())); err != nil {
			return fault.Of(fault.KindOf(err), "remove", l.path(e.Name()), err)
		}
	}
	return fault.Wrap(os.RemoveAll(part.ForeignDir(l.tag)), "remove the data of servers", "")
}

// writeJSON writes a file whole or not at all.
func writeJSON(path string, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "encode", filepath.Base(path), err)
	}
	return writeFile(path, append(raw, '\n'))
}

// writeFile replaces a file whole or not at all, readable by the user alone.
// It does not force it to disk: what a power cut takes, it takes from a
// sandbox whose processes it ended too, and a start changes the state file
// about a hundred times.
func writeFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fault.Of(fault.KindOf(err), "write", path, errors.Unwrap(err))
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fault.Of(fault.KindOf(err), "write", path, err), ignoreAbsent(os.Remove(temporary.Name())))
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// maxFileBytes bounds what is read back; the largest, the seeder's summary,
// has well under a megabyte.
const maxFileBytes = 64 << 20

// readJSON reads a file that writeJSON wrote. An absent one is NotFound.
func readJSON(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return fault.Of(fault.KindOf(err), "read", path, errors.Unwrap(err))
	}
	if info.Size() > maxFileBytes {
		return fault.Newf(fault.Invalid, "read %q: %d bytes are too many", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fault.Of(fault.KindOf(err), "read", path, errors.Unwrap(err))
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.Of(fault.Invalid, "read", path, err).Hintf("landfall sandbox down")
	}
	return nil
}

// fronts are the loopback addresses of a sandbox besides 127.0.0.1: the AWS
// and the Azure side of the workload, which need the same port each so that
// a name can move from one to the other. They follow from the tag, so that
// two workspaces differ and one stays the same.
func (l layout) fronts() (aws, azure string) {
	sum := sha256.Sum256([]byte(l.tag))
	// 127.0.x.y is left alone: Debian gives 127.0.1.1 to the machine's name.
	second, third := 1+int(sum[0])%254, int(sum[1])
	return fmt.Sprintf("127.%d.%d.1", second, third), fmt.Sprintf("127.%d.%d.2", second, third)
}

// databases are the loopback addresses of the Azure side's databases, the front
// first: each can have PostgreSQL's own port on its own, so that a name without
// a port is enough to tell them apart.
func (l layout) databases() []string {
	_, azure := l.fronts()
	out := []string{azure}
	for n := 1; n < maxFlexibleServers; n++ {
		out = append(out, strings.TrimSuffix(azure, "2")+itoa(2+n))
	}
	return out
}
