package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// startOf returns the start of a process as boot id and clock ticks since that
// boot (field 22 of /proc/PID/stat). A time of day would not do: the kernel
// computes it from the boot time, which moves when the clock is set.
func startOf(pid int) (string, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", fault.Newf(fault.NotFound, "identify process %d", pid)
	}
	// Field 2 is the name in parentheses and may hold spaces and parentheses
	// itself, so counting starts after the last closing one, at field 3.
	end := bytes.LastIndexByte(raw, ')')
	fields := strings.Fields(string(raw[end+1:]))
	if end < 0 || len(fields) < 20 {
		return "", fault.Newf(fault.Internal, "read the state of process %d: %d fields", pid, len(fields))
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return "", fault.Newf(fault.NotFound, "identify process %d: it is dead", pid)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fault.Wrap(err, "read the boot id", "")
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[19], nil
}
