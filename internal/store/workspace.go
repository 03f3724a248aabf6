package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// Names inside a workspace.
const (
	// ConfigFile marks a folder as a workspace.
	ConfigFile = "landfall.yaml"
	// PrivateFolder holds what is neither reviewed nor shared.
	PrivateFolder = ".landfall"
	// LedgerFile is the ledger, inside the private folder.
	LedgerFile = "ledger.db"
)

// Workspace is the folder of one workload. It holds no open files and may be
// used from several goroutines.
type Workspace struct{ root string }

// Find returns the workspace that dir lies in: dir itself, or the nearest
// parent with a landfall.yaml. Without one the error's kind is NotFound.
func Find(dir string) (*Workspace, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, "find workspace", dir)
	}
	for at := start; ; at = filepath.Dir(at) {
		found, err := marked(at)
		if err != nil {
			return nil, err
		}
		if found {
			return &Workspace{root: at}, nil
		}
		if at == filepath.Dir(at) {
			return nil, absent("neither %q nor a folder above it is a workspace: no "+ConfigFile, start)
		}
	}
}

// Open returns the workspace whose root is dir. When dir is none the error's
// kind is NotFound.
func Open(dir string) (*Workspace, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, "open workspace", dir)
	}
	found, err := marked(root)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, absent("%q is not a workspace: no "+ConfigFile, root)
	}
	return &Workspace{root: root}, nil
}

func absent(format, dir string) error {
	return fault.Newf(fault.NotFound, format, dir).Hintf("landfall init NAME")
}

// marked reports whether the folder has a landfall.yaml.
func marked(dir string) (bool, error) {
	path := filepath.Join(dir, ConfigFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Of(fault.KindOf(err), "look at", path, cause(err))
	}
	return info.Mode().IsRegular(), nil
}

// Create makes dir (and its parents) a workspace with the given landfall.yaml.
// When there is one already the error's kind is Conflict and nothing changes.
func Create(dir string, configuration []byte) (*Workspace, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, "create workspace", dir)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fault.Of(fault.KindOf(err), "create folder", root, cause(err))
	}
	w := &Workspace{root: root}
	err = durable.Create(filepath.Join(root, ConfigFile), configuration, 0o644)
	if fault.Is(err, fault.Conflict) {
		return nil, fault.Newf(fault.Conflict, "%q is a workspace already: it has a "+ConfigFile, root).
			Hintf("edit the file, or take another folder")
	}
	if err != nil {
		return nil, err
	}
	if _, err = w.Private(); err != nil {
		// Half a workspace would refuse the next attempt.
		return nil, errors.Join(err, os.Remove(w.ConfigPath()))
	}
	return w, nil
}

// Root returns the folder of the workspace, absolute.
func (w *Workspace) Root() string { return w.root }

// ConfigPath returns the path of landfall.yaml.
func (w *Workspace) ConfigPath() string { return filepath.Join(w.root, ConfigFile) }

// LedgerPath returns the path of the ledger. The file and its folder need not
// exist; call Private before making it.
func (w *Workspace) LedgerPath() string { return filepath.Join(w.root, PrivateFolder, LedgerFile) }

// Private returns a path inside the private folder, which it makes when it is
// missing, and closes to others when it is open to them: state and logs in it
// can hold what only the owner should see.
func (w *Workspace) Private(elem ...string) (string, error) {
	const ownerOnly = 0o700
	dir := filepath.Join(w.root, PrivateFolder)
	err := os.Mkdir(dir, ownerOnly)
	if err == nil {
		// The folder keeps itself out of git, also where the workspace's own
		// .gitignore does not.
		err = durable.Replace(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fault.Of(fault.KindOf(err), "create folder", dir, cause(err))
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fault.Of(fault.KindOf(err), "look at", dir, cause(err))
	}
	if !info.IsDir() {
		return "", fault.Newf(fault.Conflict, "%q is not a folder", dir).Hintf("move the file away")
	}
	if info.Mode().Perm()&^ownerOnly != 0 {
		if err := os.Chmod(dir, ownerOnly); err != nil {
			return "", fault.Of(fault.KindOf(err), "close to others", dir, cause(err))
		}
	}
	return filepath.Join(append([]string{dir}, elem...)...), nil
}

// cause takes the path out of an error of package os: the caller names it.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
