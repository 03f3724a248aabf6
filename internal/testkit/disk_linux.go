package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const unmountDetach = syscall.MNT_DETACH

// ownMounts gives the command a mount namespace, in which nothing is shared
// with ours; without root also a user namespace, in which it may mount.
func ownMounts(cmd *exec.Cmd) {
	// As an unshare flag, and not a clone flag: only then does Go make every
	// mount private, without which mounts spread to the namespace of the parent.
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
}

// mountsAllowed tries: only trying tells whether the kernel, its settings and
// the container around it allow a mount.
func mountsAllowed() bool {
	cmd := exec.Command("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", os.TempDir())
	ownMounts(cmd)
	return cmd.Run() == nil
}

// mountSmall mounts a small file system on dir. The caller has mounts of its own.
func mountSmall(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskBytes)); err != nil {
		return fmt.Errorf("mount a small disk: %w", err)
	}
	return nil
}

// limitFiles keeps the files of this process from growing beyond size.
func limitFiles(size int64) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: uint64(size), Max: uint64(size)}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return fmt.Errorf("limit the size of files: %w", err)
	}
	return nil
}
