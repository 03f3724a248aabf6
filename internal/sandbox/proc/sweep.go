package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"example.com/landfall/internal/fault"
)

// Query says which processes of the machine are meant: those that carry the
// tag, and their descendants.
type Query struct {
	// Tag names the sandbox; required. Part narrows to one child and what it
	// started; empty means the whole sandbox.
	Tag, Part string
	// Title also takes in processes whose command line begins with it: a
	// server that shows a status as its title may overwrite the environment
	// doing so. Empty for none.
	Title string
}

// Found is a process that answers a Query.
type Found struct {
	Identity
	// Name is the program's short name, Part the child it belongs to ("" when
	// only its ancestors tell).
	Name, Part string
}

// String names the process for people.
func (f Found) String() string {
	if f.Part != "" {
		return fmt.Sprintf("%s (%s, process %d)", f.Part, f.Name, f.PID)
	}
	return fmt.Sprintf("%s (process %d)", f.Name, f.PID)
}

// sweepWait bounds Sweep.
const sweepWait = 15 * time.Second

// Find lists the processes of the query in the order of their numbers. This
// process and its ancestors are never in the list: whoever asks must survive
// the answer. Processes of other users, whose environment cannot be read, are
// not found.
func Find(ctx context.Context, q Query) ([]Found, error) {
	if q.Tag == "" {
		return nil, fault.Newf(fault.Internal, "find processes: a tag is needed")
	}
	table, err := snapshot(ctx)
	if err != nil {
		return nil, err
	}
	spared := table.lineage(os.Getpid())
	var found []Found
	for _, pid := range table.order {
		if spared[pid] || !table.belongs(ctx, pid, q) {
			continue
		}
		id, err := Identify(pid)
		if err != nil {
			continue // gone meanwhile
		}
		p := process.Process{Pid: int32(pid)}
		name, err := p.NameWithContext(ctx)
		if err != nil {
			name = "?"
		}
		found = append(found, Found{Identity: id, Name: name, Part: table.marks(ctx, pid).part})
	}
	return found, nil
}

// Sweep kills every process of the query and returns what it killed. It looks
// again until nothing is found, because a process may have started another
// one between the look and the kill. It gives up after a bound and names what
// is left.
func Sweep(ctx context.Context, q Query) ([]Found, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepWait)
	defer cancel()
	var killed []Found
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		found, err := Find(ctx, q)
		if err != nil {
			return killed, err
		}
		if len(found) == 0 {
			return killed, nil
		}
		for _, f := range found {
			err := f.Signal(syscall.SIGKILL)
			if err == nil && !slices.Contains(killed, f) {
				killed = append(killed, f)
			}
			if err != nil && !fault.Is(err, fault.NotFound) {
				return killed, err
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return killed, sweepError(err, found)
		}
	}
}

func sweepError(err error, left []Found) error {
	if errors.Is(err, context.Canceled) {
		return fault.Wrap(err, "sweep processes", "")
	}
	return fault.Newf(fault.Timeout, "sweep processes: %d still there after %s, the first is %s", len(left), sweepWait, left[0]).
		Hintf("kill -9 %d", left[0].PID)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// processTable is one look at the machine.
type processTable struct {
	order  []int
	parent map[int]int
	seen   map[int]marks
}

// marks is what the environment of a process says about sandboxes.
type marks struct{ tag, part string }

func snapshot(ctx context.Context) (*processTable, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "list processes", "")
	}
	slices.Sort(pids)
	t := &processTable{parent: make(map[int]int, len(pids)), seen: map[int]marks{}}
	for _, pid := range pids {
		p := process.Process{Pid: pid}
		parent, err := p.PpidWithContext(ctx)
		if err != nil {
			continue // gone meanwhile
		}
		t.order = append(t.order, int(pid))
		t.parent[int(pid)] = int(parent)
	}
	return t, ctx.Err()
}

// lineage returns the process and its ancestors.
func (t *processTable) lineage(pid int) map[int]bool {
	out := map[int]bool{}
	for pid > 0 && !out[pid] {
		out[pid] = true
		pid = t.parent[pid]
	}
	return out
}

// belongs reports whether the process or one of its ancestors answers q.
func (t *processTable) belongs(ctx context.Context, pid int, q Query) bool {
	for p := range t.lineage(pid) {
		m := t.marks(ctx, p)
		if m.tag == q.Tag && (q.Part == "" || m.part == q.Part) {
			return true
		}
	}
	return q.Title != "" && strings.HasPrefix(commandLine(ctx, pid), q.Title)
}

func (t *processTable) marks(ctx context.Context, pid int) marks {
	if m, ok := t.seen[pid]; ok {
		return m
	}
	var m marks
	p := process.Process{Pid: int32(pid)}
	environ, err := p.EnvironWithContext(ctx)
	if err != nil {
		environ = nil // gone, a kernel thread, or another user's
	}
	for _, v := range environ {
		switch name, value, _ := strings.Cut(v, "="); name {
		case TagVariable:
			m.tag = value
		case PartVariable:
			m.part = value
		}
	}
	t.seen[pid] = m
	return m
}

func commandLine(ctx context.Context, pid int) string {
	p := process.Process{Pid: int32(pid)}
	line, err := p.CmdlineWithContext(ctx)
	if err != nil {
		return ""
	}
	return line
}
