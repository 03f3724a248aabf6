package host

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/process"
	"go.temporal.io/sdk/client"

	"example.com/landfall/internal/fault"
)

// answerWithin bounds the question whether the engine answers, so that Status
// is quick when it hangs.
const answerWithin = 150 * time.Millisecond

// State is how an engine is.
type State string

// The states of an engine.
const (
	Stopped  State = "stopped"  // no process serves the folder
	Starting State = "starting" // one does, and does not answer yet, or is about to end
	Running  State = "running"  // it answers
	Silent   State = "silent"   // it says that it answers, and did not in time
)

// Status is what can be told of the engine of a folder from outside.
type Status struct {
	Dir   string `json:"dir"`
	State State  `json:"state"`
	PID   int    `json:"pid,omitempty"`
	// Address is empty unless the engine is Running or Silent.
	Address Address `json:"address,omitzero"`
	// MemoryBytes is the resident memory of the process.
	MemoryBytes int64 `json:"memoryBytes,omitempty"`
	// Files are the sizes of the folder's larger files, those that are there.
	Files []File `json:"files"`
}

// File is a file of the engine's folder.
type File struct {
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
}

// StatusOf looks at the engine of a folder. It takes less than 200 ms, also
// when the engine hangs.
func StatusOf(ctx context.Context, dir string, env Getenv) (Status, error) {
	s := Status{Dir: dir, State: Stopped, Files: files(dir)}
	pid, held, err := Holder(dir)
	if err != nil || !held {
		return s, err
	}
	s.PID, s.State = pid, Starting
	s.MemoryBytes = memory(ctx, pid)
	a, err := Find(dir)
	switch {
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.NotFound):
		return s, nil // it has not announced itself, or ended meanwhile
	case err != nil:
		return s, err
	}
	s.Address, s.State = a, Running
	if err := answers(ctx, dir, a, env); err != nil {
		s.State = Silent
	}
	return s, nil
}

// answers asks the engine over the connection that a command would use.
func answers(ctx context.Context, dir string, a Address, env Getenv) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	options, err := Local(dir, a, env).options()
	if err != nil {
		return err
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// memory is the resident memory of a process; 0 when that cannot be told.
func memory(ctx context.Context, pid int) int64 {
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		return 0
	}
	info, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return 0
	}
	return int64(info.RSS)
}

func files(dir string) []File {
	found := []File{}
	for _, name := range []string{FileStore, FileStore + "-wal", FileVisibility, FileVisibility + "-wal", FileLog} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			found = append(found, File{name, info.Size()})
		}
	}
	return found
}
