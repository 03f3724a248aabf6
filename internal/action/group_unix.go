//go:build unix

package action

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a program a process group of its own, and ends the group when
// its context ends.
func ownGroup(p *exec.Cmd) {
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Cancel = func() error {
		endGroup(p)
		return nil
	}
}

// endGroup kills what is left of the group. A group of which nothing is left is
// no error.
func endGroup(p *exec.Cmd) {
	if p.Process != nil {
		_ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
	}
}
