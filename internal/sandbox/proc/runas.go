package proc

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
)

// namespaceID is the user id a child sees inside its user namespace. Any
// number but 0 does: PostgreSQL refuses to run as user 0.
const namespaceID = 1000

// RunAs is the user a child runs as. The zero value is the user of this
// process.
type RunAs struct {
	// Namespace maps this user to an ordinary one in a user namespace of the
	// child's own.
	Namespace bool
	// UID and GID are set on the child when UID is not 0. Its files then
	// belong to that user, so its folders must as well.
	UID, GID uint32
}

// Foreign reports whether files must be handed over to another user.
func (r RunAs) Foreign() bool { return !r.Namespace && r.UID != 0 }

// Unprivileged returns how to run a program that refuses to run as root, as
// PostgreSQL does: as this user when it is not root, otherwise in a user
// namespace, and where the kernel or a container forbids that, as the named
// system user.
func Unprivileged(ctx context.Context, systemUser string) (RunAs, error) {
	if os.Getuid() != 0 {
		return RunAs{}, nil
	}
	inNamespace := RunAs{Namespace: true}
	nsErr := tryAs(ctx, inNamespace)
	if nsErr == nil {
		return inNamespace, nil
	}
	account, err := user.Lookup(systemUser)
	if err != nil {
		return RunAs{}, fault.Of(fault.Denied, "run a server that refuses to run as root", "", nsErr).
			Hintf("run Landfall as an ordinary user, or add one with: useradd --system %s", systemUser)
	}
	as, err := parseAccount(account)
	if err != nil {
		return RunAs{}, err
	}
	if err := tryAs(ctx, as); err != nil {
		return RunAs{}, fault.Of(fault.Denied, "run a server as user", systemUser, err).
			Hintf("run Landfall as an ordinary user")
	}
	return as, nil
}

func parseAccount(account *user.User) (RunAs, error) {
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return RunAs{}, fault.Of(fault.Unsupported, "read the number of user", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return RunAs{}, fault.Of(fault.Unsupported, "read the group of user", account.Username, err)
	}
	return RunAs{UID: uint32(uid), GID: uint32(gid)}, nil
}

// tryAs runs a program that does nothing, since only trying tells whether the
// kernel, its settings and the container around it allow it.
func tryAs(ctx context.Context, as RunAs) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "true")
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	as.apply(cmd.SysProcAttr)
	return cmd.Run()
}

// Prepare sets cmd to run as the user.
func (r RunAs) Prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	r.apply(cmd.SysProcAttr)
}
