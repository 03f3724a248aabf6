package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// runsFolder holds one folder for each assessment, inside the private folder.
const runsFolder = "assessments"

// runForm is the UTC time at which a run ended, and a number when several
// ended in the same second.
var runForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z(-[0-9]{1,3})?$`)

// RunID names what one assessment found: the UTC time of its end.
type RunID string

// Keep copies the stored artefacts into a run of their own, so that later ones
// can be compared with it. The run appears whole or not at all.
func (w *Workspace) Keep(at time.Time, names ...Name) (RunID, error) {
	parent, err := w.Private(runsFolder)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fault.Of(fault.Storage, "create folder", parent, cause(err))
	}
	temporary, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", fault.Of(fault.Storage, "create folder", parent, cause(err))
	}
	defer os.RemoveAll(temporary) // nothing is left in it when the run appeared
	for _, name := range names {
		if err := w.pack(name, filepath.Join(temporary, string(name)+".gz")); err != nil {
			return "", err
		}
	}
	return publishRun(parent, temporary, at)
}

func publishRun(parent, temporary string, at time.Time) (RunID, error) {
	id := at.UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"} {
		path := filepath.Join(parent, id+suffix)
		err := os.Rename(temporary, path)
		if err == nil {
			return RunID(id + suffix), durable.SyncFolder(parent)
		}
		if !errors.Is(err, fs.ErrExist) && !occupied(path) {
			return "", fault.Of(fault.Storage, "keep run", path, cause(err))
		}
	}
	return "", fault.Newf(fault.Conflict, "keep run: %q and eight more ended in the same second", id)
}

func occupied(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// pack writes a compressed copy of an artefact.
func (w *Workspace) pack(name Name, to string) error {
	from, err := os.Open(w.Path(name))
	if err != nil {
		return fault.Of(fault.KindOf(err), "read", w.Path(name), cause(err)).Hintf("%s", name.maker())
	}
	defer from.Close() // nothing was written, so nothing can be lost
	return durable.ReplaceBy(to, 0o600, func(file io.Writer) error {
		zip := gzip.NewWriter(file)
		if _, err := io.Copy(zip, from); err != nil {
			return err
		}
		return zip.Close()
	})
}

// Runs returns the runs that were kept, oldest first.
func (w *Workspace) Runs() ([]RunID, error) {
	entries, err := os.ReadDir(filepath.Join(w.root, PrivateFolder, runsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "list runs", w.root, cause(err))
	}
	var runs []RunID
	for _, e := range entries {
		if e.IsDir() && runForm.MatchString(e.Name()) {
			runs = append(runs, RunID(e.Name()))
		}
	}
	slices.Sort(runs)
	return runs, nil
}

// ReadRun loads an artefact of a run into value; the errors are those of Read.
func (w *Workspace) ReadRun(run RunID, name Name, value Artefact) error {
	path := filepath.Join(w.root, PrivateFolder, runsFolder, string(run), string(name)+".gz")
	f, err := os.Open(path)
	if err != nil {
		return fault.Of(fault.KindOf(err), "read", path, cause(err)).Hintf("landfall diff --list   (the assessments that were kept)")
	}
	defer f.Close() // nothing was written, so nothing can be lost
	zip, err := gzip.NewReader(f)
	if err != nil {
		return fault.Of(fault.Invalid, "read", path, err)
	}
	content, err := io.ReadAll(io.LimitReader(zip, maxArtefactBytes+1))
	if err != nil {
		return fault.Of(fault.Invalid, "read", path, err)
	}
	if len(content) > maxArtefactBytes {
		return fault.Newf(fault.Unsupported, "read %q: it is larger than %d bytes", path, maxArtefactBytes)
	}
	return decode(path, name, content, value)
}
