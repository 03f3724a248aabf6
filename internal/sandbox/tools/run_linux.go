package tools

import (
	"os/exec"
	"syscall"
)

// boundToParent makes the command die with this process, and its children with
// it when it is cancelled.
func boundToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
