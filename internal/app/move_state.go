package app

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/store/journal"
)

const (
	// objectsFolder holds, inside the private folder or the user's cache, one
	// folder for each pair of a bucket and a container.
	objectsFolder = "objects"
	// manifestKeyFile is the key with which a workspace signs manifests.
	manifestKeyFile = "manifest.key"
	// oldestPass is how old a pass may be to be gone on with. What changed at the
	// source since it began is found by the next one, and an old one vouches for
	// little; beginning anew costs two listings.
	oldestPass = 7 * 24 * time.Hour
	// fenceFile is there when a process that follows is to make its last pass.
	fenceFile = "fence"
	lagFile   = "lag.json"
)

// moveState is where a pair keeps what it needs to go on.
type moveState struct {
	dir string
	// key is the file of the signing key.
	key string
	// lone says that there is no workspace: nothing of it goes into a ledger.
	lone bool
}

// moveState returns the state of a pair.
func (a *App) moveState(s sides) (moveState, error) { return a.stateOf(objectsFolder, s.hash()) }

// stateOf returns the state of a pair of a kind. Without a workspace it stands in
// the cache folder of the user.
func (a *App) stateOf(kind, hash string) (moveState, error) {
	if a.WorkspaceErr != nil && (a.setup.Workspace != "" || !fault.Is(a.WorkspaceErr, fault.NotFound)) {
		return moveState{}, a.WorkspaceErr
	}
	out := moveState{lone: a.Workspace == nil}
	if out.lone {
		if a.CacheErr != nil {
			return out, a.CacheErr
		}
		out.dir, out.key = filepath.Join(a.CacheDir, kind, hash), filepath.Join(a.CacheDir, kind, manifestKeyFile)
		return out, nil
	}
	var err error
	if out.dir, err = a.Workspace.Private(kind, hash); err != nil {
		return out, err
	}
	out.key, err = a.Workspace.Private(manifestKeyFile)
	return out, err
}

// make makes the folders, once both sides have answered: a name that was typed
// wrong leaves nothing.
func (s moveState) make() error {
	for _, below := range []string{"parts", "manifests"} {
		if err := os.MkdirAll(filepath.Join(s.dir, below), 0o700); err != nil {
			return fault.Wrap(err, "make folder", s.dir)
		}
	}
	return nil
}

// begunPass is what the journal keeps of a pass besides what the mover does.
type begunPass struct {
	Run string `json:"run"`
	At  string `json:"at"`
	// Plan is the fingerprint that was approved when it began.
	Plan string `json:"plan,omitempty"`
}

// runForm is how a run is named: the time at which it began, in UTC.
const runForm = "20060102T150405"

const begunKey = "app/begun"

// lock keeps every other process away from a verb of the pair, from before the
// first pass until after the last one. fault.Conflict means that one is there.
func (s moveState) lock(verb string) (release func(), err error) {
	return s.hold(verb+".lock", verb+" these objects")
}

// hold takes a lock of the pair; doing says what another process does that has it.
func (s moveState) hold(name, doing string) (release func(), err error) {
	path := filepath.Join(s.dir, name)
	lock := flock.New(path, flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "lock", path, err)
	}
	if !locked {
		return nil, fault.Newf(fault.Conflict, "%s: another landfall is doing so", doing).
			Hintf("wait until it has ended, then run the command again")
	}
	return func() { _ = lock.Unlock() }, nil // the file is closed in any case
}

// openPass opens the journal of a verb and says which pass is under way: one
// that an earlier process has begun with the same settings, or a new one.
func (s moveState) openPass(verb, work string, o journal.Options) (*journal.Journal, begunPass, bool, error) {
	o.Work, o.MaxAge = work, oldestPass
	j, err := journal.Open(filepath.Join(s.dir, verb+".journal"), o)
	if err != nil {
		return nil, begunPass{}, false, err
	}
	var pass begunPass
	if page, ok := j.Page(begunKey); ok {
		if err := json.Unmarshal(page, &pass); err == nil {
			return j, pass, true, nil
		}
	}
	now := o.Now().UTC()
	return j, begunPass{Run: now.Format(runForm) + now.Format(".000")[1:] + "Z", At: now.Format(time.RFC3339)}, false, nil
}

// keepPass notes that a pass is under way.
func keepPass(j *journal.Journal, pass begunPass) error {
	page, err := json.Marshal(pass)
	if err != nil {
		return fault.Of(fault.Internal, "write the journal", begunKey, err)
	}
	return j.Keep(begunKey, page)
}

// parts makes the folder for the parts of one pass, and clears away those of
// passes of the verb that nobody goes on with.
func (s moveState) parts(verb, run string) (string, error) {
	keep := verb + "-" + run
	all, err := os.ReadDir(filepath.Join(s.dir, "parts"))
	if err != nil {
		return "", fault.Wrap(err, "read folder", s.dir)
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name(), verb+"-") && e.Name() != keep {
			if err := os.RemoveAll(filepath.Join(s.dir, "parts", e.Name())); err != nil {
				return "", fault.Wrap(err, "clear folder", e.Name())
			}
		}
	}
	path := filepath.Join(s.dir, "parts", keep)
	return path, fault.Wrap(os.MkdirAll(path, 0o700), "make folder", path)
}

// lastPass is what the last finished pass of a verb came to.
type lastPass struct {
	Verb     string          `json:"verb"`
	Level    string          `json:"level,omitempty"`
	Run      string          `json:"run"`
	Began    string          `json:"began"`
	Ended    string          `json:"ended"`
	Digest   string          `json:"digest"`
	Manifest string          `json:"manifest"`
	Key      string          `json:"key,omitempty"`
	Counts   manifest.Counts `json:"counts"`
	Left     int64           `json:"left"`
	Final    bool            `json:"final,omitempty"`
	// Found is what was not as it should be, "" when nothing was.
	Found string `json:"found,omitempty"`
	// Names are the policies of a step, and Unheld what they were needed for.
	Names  stepNames            `json:"names,omitzero"`
	Unheld action.ObjectsUnheld `json:"unheld,omitzero"`
}

func (s moveState) keepLast(p lastPass) error { return s.write("last-"+p.Verb+".json", p) }

// last returns what the last finished pass came to; false without one.
func (s moveState) last(verb string) (lastPass, bool, error) {
	var p lastPass
	ok, err := s.read("last-"+verb+".json", &p)
	return p, ok, err
}

// lagNow is how far a process that follows is behind.
type lagNow struct {
	At            time.Time `json:"at"`
	OldestSeconds float64   `json:"oldestSeconds"`
	Items         int64     `json:"items"`
	Bytes         int64     `json:"bytes"`
	Passes        int       `json:"passes"`
	Listed        time.Time `json:"listed"`
	// Events says that a queue tells of changes between passes.
	Events bool `json:"events,omitempty"`
}

func (s moveState) write(name string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "write", name, err)
	}
	return durable.Replace(filepath.Join(s.dir, name), append(content, '\n'), 0o600)
}

// read returns false when there is no such file.
func (s moveState) read(name string, into any) (bool, error) {
	content, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(err, "read", name)
	}
	if err := json.Unmarshal(content, into); err != nil {
		return false, fault.Of(fault.Invalid, "read", filepath.Join(s.dir, name), err).Hintf("move it away: it is made again")
	}
	return true, nil
}
