package testkit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// diskVariable tells a child of FullDisk which kind of disk it is on.
const diskVariable = "LANDFALL_TESTKIT_DISK"

// The kinds of full disks.
const (
	diskMounted = "mounted" // a small file system of the child's own
	diskLimited = "limited" // a limit on the size of its files
)

// diskBytes is the size of the small file system.
const diskBytes = 1 << 20

// FullDisk calls body in a folder on a disk with room for about free more
// bytes (0: none). Every write beyond them gives ENOSPC, from the kernel.
//
// The disk is a small file system mounted where nobody else sees it: the test
// runs again in a child process with mounts of its own, and body is called
// only there, so that nothing needs to be tidied up however the test ends.
// Where no mount is allowed (some containers) files cannot grow instead, and
// writes give EFBIG. Call FullDisk once in a test, as its last statement.
func FullDisk(t *testing.T, free int64, body func(dir string)) {
	t.Helper()
	if kind := os.Getenv(diskVariable); kind != "" {
		body(fullDisk(t, kind, free))
		return
	}
	kind := diskLimited
	if mountsAllowed() {
		kind = diskMounted
	}
	output := &tail{}
	cmd := exec.CommandContext(t.Context(), testBinary(t), "-test.run", onlyThis(t.Name()), "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), diskVariable+"="+kind)
	cmd.Stdout, cmd.Stderr = output, output
	if kind == diskMounted {
		ownMounts(cmd)
	}
	err := runBound(cmd, 0)
	ran := strings.Contains(output.String(), "--- PASS: "+t.Name()) || strings.Contains(output.String(), "--- FAIL: "+t.Name())
	if err != nil || !ran {
		t.Errorf("on a full disk (%s): %v\n%s", kind, err, output)
	}
}

// onlyThis is the -test.run pattern for one test, level by level.
func onlyThis(name string) string {
	levels := strings.Split(name, "/")
	for i, level := range levels {
		levels[i] = "^" + regexp.QuoteMeta(level) + "$"
	}
	return strings.Join(levels, "/")
}

// fullDisk is the child's side: it makes the disk and fills it.
func fullDisk(t *testing.T, kind string, free int64) string {
	t.Helper()
	dir := t.TempDir()
	if kind == diskLimited {
		check(t, limitFiles(free))
		return dir
	}
	check(t, mountSmall(dir))
	t.Cleanup(func() { check(t, syscall.Unmount(dir, unmountDetach)) })
	room := filepath.Join(dir, ".room")
	check(t, os.WriteFile(room, make([]byte, free), 0o600))
	check(t, fill(filepath.Join(dir, ".filler")))
	check(t, os.Remove(room))
	return dir
}

// fill writes until the disk takes no more byte.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	block := make([]byte, 4096)
	for {
		if _, err = f.Write(block); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
