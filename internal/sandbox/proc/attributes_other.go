//go:build !linux

package proc

import "syscall"

func attributes(spec Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	spec.As.apply(attr)
	return attr
}

// apply makes attr run the child as the user. Only Linux has user namespaces.
func (r RunAs) apply(attr *syscall.SysProcAttr) {
	if r.UID != 0 {
		attr.Credential = &syscall.Credential{Uid: r.UID, Gid: r.GID}
	}
}
