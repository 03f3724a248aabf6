//go:build !unix

package action

import "os/exec"

// ownGroup leaves a program as it is where there are no process groups.
func ownGroup(*exec.Cmd) {}

// endGroup ends the program alone.
func endGroup(p *exec.Cmd) {
	if p.Process != nil {
		_ = p.Process.Kill()
	}
}
