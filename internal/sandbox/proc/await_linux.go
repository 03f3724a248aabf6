package proc

import (
	"errors"

	"golang.org/x/sys/unix"
)

// awaitExit returns when the process is dead, without collecting it, and
// reports whether it could see that.
func awaitExit(pid int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}
