package proc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"

	psnet "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"example.com/landfall/internal/fault"
)

// FreePort returns a TCP port on host that nobody listened on a moment ago.
// Somebody may take it before the child does, so whoever uses it tries again
// with another when that happened; see PortTaken.
func FreePort(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fault.Of(fault.KindOf(err), "choose a free port on", host, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// PortTaken reports whether the address cannot be listened on because
// somebody else does.
func PortTaken(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	l.Close()
	return false
}

// CheckPort returns a Conflict that names the address, and the process that
// listens on it where that can be known, when a port that somebody asked for
// is taken.
func CheckPort(ctx context.Context, address string) error {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fault.Of(fault.KindOf(err), "listen on", address, err)
	}
	e := fault.Newf(fault.Conflict, "listen on %q: the port is taken", address)
	owner, ownerErr := Listener(ctx, address)
	if ownerErr != nil {
		return e.Hintf("choose another port, or stop the program that listens there")
	}
	p := process.Process{Pid: int32(owner)}
	name, nameErr := p.NameWithContext(ctx)
	if nameErr != nil {
		name = "a program"
	}
	e.Op = fmt.Sprintf("listen on %q: the port is taken by %s (process %d)", address, name, owner)
	return e.Hintf("choose another port, or stop process %d", owner)
}

// Listener returns the process that listens on the TCP address. NotFound when
// nobody does, or when the system does not say (another user's process).
func Listener(ctx context.Context, address string) (int, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return 0, fault.Of(fault.Invalid, "read address", address, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return 0, fault.Of(fault.Invalid, "read address", address, err)
	}
	conns, err := psnet.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return 0, fault.Wrap(err, "list listening sockets", "")
	}
	hosts := []string{host, "0.0.0.0", "::", "*"}
	for _, c := range conns {
		if c.Status == "LISTEN" && c.Laddr.Port == uint32(port) && slices.Contains(hosts, c.Laddr.IP) && c.Pid > 0 {
			return int(c.Pid), nil
		}
	}
	return 0, fault.Newf(fault.NotFound, "find who listens on %q", address)
}

// Owns reports whether the address is listened on by the child or by one of
// its descendants. known is false when the system does not say.
func (c *Child) Owns(ctx context.Context, address string) (owns, known bool) {
	owner, err := Listener(ctx, address)
	if err != nil {
		return false, false
	}
	table, err := snapshot(ctx)
	if err != nil {
		return false, false
	}
	return table.lineage(owner)[c.id.PID], true
}

// Memory returns the resident bytes of the process and its descendants; 0
// when it is gone. Pages that several of them share (PostgreSQL's buffers)
// are counted once per process, as every tool on the machine does.
func (i Identity) Memory(ctx context.Context) int64 {
	if !i.Alive() {
		return 0
	}
	table, err := snapshot(ctx)
	if err != nil {
		return 0
	}
	var total int64
	for _, pid := range table.order {
		if table.lineage(pid)[i.PID] {
			total += resident(ctx, pid)
		}
	}
	return total
}

// OwnMemory returns the resident bytes of the process alone; 0 when it is gone.
func (i Identity) OwnMemory(ctx context.Context) int64 {
	if !i.Alive() {
		return 0
	}
	return resident(ctx, i.PID)
}

func resident(ctx context.Context, pid int) int64 {
	p := process.Process{Pid: int32(pid)}
	info, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return 0 // gone meanwhile
	}
	return int64(info.RSS)
}
