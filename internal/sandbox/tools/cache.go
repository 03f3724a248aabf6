package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/landfall/internal/fault"
)

// markFile lies in the folder of every tool that is complete.
const markFile = "landfall-tool.json"

// maxMarkBytes bounds what is read of a mark; ours has under 300 bytes.
const maxMarkBytes = 4 << 10

// mark is what makes a folder a tool.
type mark struct {
	Name        Name   `json:"name"`
	Version     string `json:"version"`
	Fingerprint string `json:"fingerprint"`
}

// CacheDir returns the folder of things that can be made again: LANDFALL_CACHE,
// else landfall in XDG_CACHE_HOME, else ~/.cache/landfall. It need not exist.
func CacheDir(getenv func(string) string) (string, error) {
	if dir := getenv("LANDFALL_CACHE"); dir != "" {
		abs, err := filepath.Abs(dir)
		return abs, fault.Wrap(err, "resolve LANDFALL_CACHE", dir)
	}
	// The XDG base directory specification says that a relative path is
	// invalid and to be ignored.
	if dir := getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "landfall"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".cache", "landfall"), nil
	}
	return "", fault.Newf(fault.Invalid, "find the cache folder: neither LANDFALL_CACHE, XDG_CACHE_HOME nor HOME is set").
		Hintf("export LANDFALL_CACHE=/path/to/a/folder")
}

func toolsDir(cacheDir string) string { return filepath.Join(cacheDir, "tools") }

func (s Spec) dir(cacheDir string) string {
	return filepath.Join(toolsDir(cacheDir), string(s.Name)+"-"+s.Version)
}

// partialPrefix begins the names of folders that are being built, or were
// when their process died.
func (s Spec) partialPrefix() string { return ".partial-" + string(s.Name) + "-" }

func (s Spec) lockPath(cacheDir string) string {
	return filepath.Join(toolsDir(cacheDir), "."+string(s.Name)+".lock")
}

func (s Spec) logPath(cacheDir string) string {
	return filepath.Join(toolsDir(cacheDir), string(s.Name)+"-"+s.Version+".log")
}

// writeMark is the last write into a tool's folder.
func (s Spec) writeMark(dir string) error {
	b, err := json.MarshalIndent(mark{s.Name, s.Version, s.fingerprint()}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, markFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

var errNotComplete = errors.New("not installed, or not completely")
var errOtherPins = errors.New("installed from other pins")

// check returns nil when dir holds this tool, complete and usable.
func (s Spec) check(dir string) error {
	f, err := os.Open(filepath.Join(dir, markFile))
	if errors.Is(err, fs.ErrNotExist) {
		return errNotComplete
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(f, maxMarkBytes)); err != nil {
		return err
	}
	var m mark
	if json.Unmarshal(b.Bytes(), &m) != nil {
		return errNotComplete
	}
	if m != (mark{s.Name, s.Version, s.fingerprint()}) {
		return errOtherPins
	}
	return s.build.intact(dir)
}
