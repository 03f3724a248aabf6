//go:build !linux

package testkit

import (
	"errors"
	"os/exec"
	"syscall"
)

const unmountDetach = 0

func ownMounts(*exec.Cmd) {}

func mountsAllowed() bool { return false }

func mountSmall(string) error { return errors.New("mount a small disk: only on Linux") }

// limitFiles keeps the files of this process from growing beyond size.
func limitFiles(size int64) error {
	limit := syscall.Rlimit{Cur: uint64(size), Max: uint64(size)}
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
