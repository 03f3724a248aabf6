//go:build !linux

package proc

import (
	"strconv"

	"github.com/shirou/gopsutil/v4/process"

	"example.com/landfall/internal/fault"
)

// startOf returns the start of a process as milliseconds of the day, which is
// all that other systems tell.
func startOf(pid int) (string, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return "", fault.Newf(fault.NotFound, "identify process %d", pid)
	}
	if status, err := p.Status(); err == nil && len(status) > 0 && status[0] == process.Zombie {
		return "", fault.Newf(fault.NotFound, "identify process %d: it is dead", pid)
	}
	created, err := p.CreateTime()
	if err != nil {
		return "", fault.Newf(fault.NotFound, "identify process %d", pid)
	}
	return strconv.FormatInt(created, 10), nil
}
