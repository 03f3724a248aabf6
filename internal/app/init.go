package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// ignored is the .gitignore of a workspace: the private folder holds the
// ledger, which is backed up and not merged, and state of this machine.
const ignored = "# Landfall's ledger and the state of this machine; see docs/reference/ledger.md\n/.landfall/\n"

// Init makes the named folder, or the working directory, a workspace: a
// commented landfall.yaml, a .gitignore and the ledger's first entry. An
// existing landfall.yaml is left alone, with an error of kind fault.Conflict;
// an existing .gitignore is kept as it is.
func Init(ctx context.Context, s Setup, workload string) (view.Initialised, error) {
	template, err := config.Template(workload)
	if err != nil {
		return view.Initialised{}, err
	}
	dir := s.Dir
	if s.Workspace != "" {
		dir = s.Workspace
	}
	w, err := store.Create(dir, template)
	if err != nil {
		return view.Initialised{}, err
	}
	made := view.Initialised{Workspace: w.Root(), File: w.ConfigPath(), Workload: workload, Here: w.Root() == s.Dir}
	err = writeNew(filepath.Join(w.Root(), ".gitignore"), ignored)
	if err == nil {
		a := New(s, Parts{Workspace: w})
		_, err = a.record(ctx, "workspace.initialised", workload, map[string]any{"landfall": s.Version})
	}
	if err != nil {
		// A workspace whose making is not in its ledger would stay so: the
		// next init would find landfall.yaml and refuse.
		return made, errors.Join(err, os.Remove(w.ConfigPath()))
	}
	return made, nil
}

// writeNew writes a file that is not there yet.
func writeNew(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, "write", path)
	}
	_, err = f.WriteString(content)
	return fault.Wrap(errors.Join(err, f.Close()), "write", path)
}
