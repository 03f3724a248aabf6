package proc

import (
	"os"
	"syscall"
)

func attributes(spec Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: spec.DeathSignal}
	spec.As.apply(attr)
	return attr
}

// apply makes attr run the child as the user.
func (r RunAs) apply(attr *syscall.SysProcAttr) {
	switch {
	case r.Namespace:
		// Inside the new namespace the child is an ordinary user; outside it is
		// still this one, so the files it writes are ours to read and remove.
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: namespaceID, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: namespaceID, HostID: os.Getgid(), Size: 1}}
	case r.UID != 0:
		attr.Credential = &syscall.Credential{Uid: r.UID, Gid: r.GID, NoSetGroups: false}
	}
}
