package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/store/durable"
)

// heldPass is the pass that a step makes in shards. While it is held no other
// process works on the pair, although at this moment perhaps none does for the
// step either.
type heldPass struct {
	Pass shardPass `json:"pass"`
	// Work is what has to be the same of a pass that is gone on with.
	Work string    `json:"work"`
	At   time.Time `json:"at"`
	// Step is the run and the step.
	Step string `json:"step"`
	Held bool   `json:"held"`
}

func holdFile(verb string) string { return "step-" + verb + ".json" }

// held returns the pass of a verb that a step has begun here; false without one.
func (s moveState) held(verb string) (heldPass, bool, error) {
	var h heldPass
	ok, err := s.read(holdFile(verb), &h)
	return h, ok, err
}

// letGo lets others work on the pair, and keeps the pass for an attempt that goes
// on with it.
func (s moveState) letGo(h heldPass) error {
	h.Held = false
	return s.write(holdFile(h.Pass.Verb), h)
}

// dropHold forgets a pass that has come to its end.
func (s moveState) dropHold(h *heldPass) error {
	if h == nil {
		return nil
	}
	return remove(filepath.Join(s.dir, holdFile(h.Pass.Verb)))
}

// share keeps those away who want a verb of the pair for themselves, and nobody
// else.
func (s moveState) share(verb string) (release func(), err error) {
	path := filepath.Join(s.dir, verb+".lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	locked, err := lock.TryRLock()
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "lock", path, err)
	}
	if !locked {
		return nil, fault.Newf(fault.Conflict, "%s these objects: another landfall is doing so", verb).Hintf("wait until it has ended; the step tries again")
	}
	return func() { _ = lock.Unlock() }, nil // the file is closed in any case
}

// hold takes the pair for a step, with the pass of an earlier attempt or a new
// one. What a pass before the fence has finished is no part of the last one.
func (r *moving) hold(ctx context.Context, p action.ObjectPass, pass shardPass) (held heldPass, resumed bool, free func(), err error) {
	pass.Settings = r.settings.Fingerprint()
	work := strings.Join([]string{r.setup.Version, pass.Settings, string(pass.Level), p.Key}, " ")
	old, ok, err := r.state.held(r.verb)
	if err != nil {
		return held, false, nil, err
	}
	if ok && old.Held && old.Step == r.step {
		free, err = r.state.share(r.verb)
	} else {
		free, err = r.lock(ctx)
		if err == nil {
			err = r.heldByStep()
		}
	}
	if err != nil {
		if free != nil {
			free()
		}
		return held, false, nil, err
	}
	now := r.setup.Now().UTC()
	resumed = ok && old.Work == work && now.Sub(old.At) < oldestPass && (!pass.Final || p.Again)
	if resumed {
		held = old
	} else {
		pass.Run, pass.Folder = now.Format(runForm)+now.Format(".000")[1:]+"Z", word()
		held = heldPass{Pass: pass, Work: work, At: now, Step: r.step}
	}
	held.Held = true
	if err := r.state.write(holdFile(r.verb), held); err != nil {
		free()
		return held, false, nil, err
	}
	return held, resumed, free, nil
}

// heldByStep refuses to touch a pair that another step of a run under way is
// making a pass over, by workers of which perhaps none is at work just now.
func (r *moving) heldByStep() error {
	h, ok, err := r.state.held(r.verb)
	if err != nil || !ok || !h.Held || h.Step == r.step || r.Workspace == nil {
		return err
	}
	run, step, _ := strings.Cut(h.Step, "/")
	x, err := r.Workspace.Execution(run)
	if fault.Is(err, fault.NotFound) || err == nil && x.Ended != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.Newf(fault.Conflict, "%s these objects: step %q of the run %q is doing so", r.verb, step, run).Hintf("wait until it has ended, or landfall pause")
}

// pages is a journal in files of a folder: each is written whole, once, by any of
// many processes.
type pages struct{ dir string }

var _ move.Journal = pages{}

const pageEnd = ".page"

func (p pages) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(p.dir, hex.EncodeToString(sum[:16])+pageEnd)
}

// Page returns what was kept under the key.
func (p pages) Page(key string) ([]byte, bool) {
	page, err := os.ReadFile(p.path(key))
	return page, err == nil
}

// Keep keeps a page durably; the first of a key stays.
func (p pages) Keep(key string, page []byte) error {
	err := durable.Create(p.path(key), page, 0o600)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

const useEnd = ".use"

// used notes what a part of the pass has used up.
func (p pages) used(by string, use tally.Use) error {
	content, err := json.Marshal(use)
	if err != nil {
		return fault.Of(fault.Internal, "write what was used", by, err)
	}
	err = durable.Create(filepath.Join(p.dir, by+useEnd), content, 0o600)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// useOf adds what all parts have used up.
func (p pages) useOf(use tally.Use) (tally.Use, error) {
	files, err := filepath.Glob(filepath.Join(p.dir, "*"+useEnd))
	if err != nil {
		return use, fault.Wrap(err, "read folder", p.dir)
	}
	for _, file := range files {
		var one tally.Use
		content, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(content, &one)
		}
		if err != nil {
			return use, fault.Wrap(err, "read what was used", file)
		}
		use = use.Add(one)
	}
	return use, nil
}

// word is a word that nobody else has.
func word() string { return strings.ToLower(rand.Text()[:16]) }
