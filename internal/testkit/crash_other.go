//go:build !linux

package testkit

import "os/exec"

// bindToParent leaves the command as it is: only Linux can tie a child's life
// to its parent's.
func bindToParent(*exec.Cmd) {}
