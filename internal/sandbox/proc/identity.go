package proc

import (
	"errors"
	"os"
	"syscall"

	"example.com/landfall/internal/fault"
)

// Identity is one process for ever: its number together with when it started.
// The number alone is handed out again after the process is gone.
type Identity struct {
	PID int `json:"pid"`
	// Start tells two processes with the same number apart. Its form belongs
	// to the platform; it is only ever compared.
	Start string `json:"start"`
}

// Identify returns the identity of the process that has the number now. A
// process that is gone, or dead and not yet collected, is NotFound.
func Identify(pid int) (Identity, error) {
	if pid <= 0 {
		return Identity{}, fault.Newf(fault.NotFound, "identify process %d", pid)
	}
	start, err := startOf(pid)
	if err != nil {
		return Identity{}, err
	}
	return Identity{PID: pid, Start: start}, nil
}

// Alive reports whether this very process runs.
func (i Identity) Alive() bool {
	now, err := Identify(i.PID)
	return err == nil && now == i
}

// Signal sends sig to this very process. A process that is gone is NotFound,
// also when its number belongs to another one by now.
func (i Identity) Signal(sig syscall.Signal) error {
	// The handle is opened before the start time is compared: on Linux it
	// holds on to the process itself (pidfd), so that the number cannot
	// change hands between the comparison and the signal.
	handle, err := os.FindProcess(i.PID)
	if err != nil {
		return fault.Wrap(err, "find process", "")
	}
	defer handle.Release()
	if !i.Alive() {
		return fault.Newf(fault.NotFound, "signal process %d", i.PID)
	}
	if err := handle.Signal(sig); err != nil {
		if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
			return fault.Newf(fault.NotFound, "signal process %d", i.PID)
		}
		return fault.Of(fault.KindOf(err), "signal process", "", err)
	}
	return nil
}
