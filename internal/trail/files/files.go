package files

import (
	"context"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/trail"
)

// Input is what the user named.
type Input struct {
	// Kind is told by content when it is trail.Any.
	Kind trail.Kind
	// Path is a file, a folder or a glob.
	Path string
	// Format is the LogFormat of flow logs without header.
	Format string
}

// Finder finds the named files.
type Finder struct{ inputs []Input }

var _ trail.Finder = (*Finder)(nil)

// New returns a finder of the inputs.
func New(inputs ...Input) *Finder { return &Finder{inputs} }

// Find expands the paths. A path with nothing behind it is refused by name,
// and the others go on.
func (f *Finder) Find(ctx context.Context, _ inventory.Inventory, _ trail.Window, to trail.Sink) ([]trail.Logs, error) {
	var list []trail.Logs
	for _, in := range f.inputs {
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(err, "find log files", in.Path)
		}
		files, problems := records.Find(in.Path)
		for _, p := range problems {
			to.Refused(inventory.Refused{File: p.Place(), Reason: p.Reason})
		}
		list = append(list, trail.Logs{Kind: in.Kind, Files: files, Format: in.Format})
	}
	return list, nil
}
