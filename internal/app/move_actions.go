package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/store"
)

// objectMover moves sets of objects in the steps of a run, as the verbs do.
type objectMover struct{ app *App }

var _ action.ObjectMover = objectMover{}

// moving prepares a verb for a set.
func (m objectMover) moving(ctx context.Context, s action.ObjectSet, verb string, progress func(move.Progress)) (*moving, error) {
	o, names, err := m.app.setOptions(s)
	if err != nil {
		return nil, err
	}
	r := m.app.stepMoving(o, verb, s.Step, progress)
	r.names = names
	if verb == verbVerify {
		r.level = objects.LevelHead
	}
	return r, r.prepare(ctx)
}

// objectOptions are those of a set of data, by its resources.
func (a *App) objectOptions(source, target string) (MoveOptions, error) {
	bucket, err := a.bucketOf(source)
	if err != nil {
		return MoveOptions{}, err
	}
	account, container, err := containerOf(target, bucket)
	if err != nil {
		return MoveOptions{}, err
	}
	return MoveOptions{Source: "s3://" + bucket, Target: "az://" + account + "/" + container, Tags: true}, nil
}

// bucketOf is the name of a bucket by its id in the inventory: an ARN says it,
// any other id leads to the properties of the resource.
func (a *App) bucketOf(id string) (string, error) {
	if rest, ok := strings.CutPrefix(id, "arn:"); ok {
		if _, name, found := strings.Cut(rest, ":s3:::"); found && name != "" {
			return name, nil
		}
	}
	w, err := a.need()
	if err != nil {
		return "", err
	}
	var all inventory.Inventory
	if err := w.Read(store.Inventory, &all); err != nil {
		return "", err
	}
	for i := range all.Resources {
		r := &all.Resources[i]
		if r.ID != cloud.ResourceID(id) {
			continue
		}
		if name, ok := r.Properties["BucketName"].(string); ok && name != "" {
			return name, nil
		}
		return r.Name, nil
	}
	return "", fault.Newf(fault.NotFound, "find the bucket %q in inventory.json", id).Hintf("landfall assess, landfall design, landfall plan")
}

// containerOf reads account and container out of the id of a container, or of an
// account in which the bucket's own name is the container's.
func containerOf(id, bucket string) (account, container string, err error) {
	words := strings.Split(id, "/")
	for i := 0; i+1 < len(words); i++ {
		switch strings.ToLower(words[i]) {
		case "storageaccounts":
			account = words[i+1]
		case "containers":
			container = words[i+1]
		}
	}
	if container == "" {
		container = bucket
	}
	if account == "" {
		return "", "", fault.Newf(fault.Invalid, "find the container of %q: it is no id of a storage account", id).Hintf("landfall design, landfall plan")
	}
	return account, container, nil
}

// Look asks both sides what a copy would send, and counts what is ours.
func (m objectMover) Look(ctx context.Context, s action.ObjectSet) (action.ObjectsSeen, error) {
	r, err := m.moving(ctx, s, verbCopy, nil)
	if err != nil {
		return action.ObjectsSeen{}, err
	}
	last, copied, err := r.state.last(verbCopy)
	if err != nil {
		return action.ObjectsSeen{}, err
	}
	// A copy under other policies vouches for what those were.
	copied = copied && last.Names == r.names
	plan, err := r.plan(ctx)
	if err != nil {
		return action.ObjectsSeen{}, err
	}
	seen := action.ObjectsSeen{Left: plan.Copy.Objects, Copied: copied}
	err = eachMarked(ctx, r, func(object.Blob) error {
		seen.Marked++
		return nil
	})
	return seen, err
}

// eachMarked goes through the blobs that carry the mark of a copy out of the
// source.
func eachMarked(ctx context.Context, r *moving, do func(object.Blob) error) error {
	for next := ""; ; {
		page, err := r.ports.Target.Page(ctx, r.sides.targetPrefix, "", next)
		if err != nil {
			return err
		}
		for _, b := range page.Items {
			if !objects.MarkedFrom(&b, r.sides.source) {
				continue
			}
			if err := do(b); err != nil {
				return err
			}
		}
		if next = page.Next; next == "" {
			return nil
		}
	}
}

// Copy makes the target equal to the source.
func (m objectMover) Copy(ctx context.Context, s action.ObjectSet, progress func(move.Progress)) (action.ObjectsDone, error) {
	return m.pass(ctx, s, passOf{verb: verbCopy}, progress)
}

// Compare compares both sides, behind the fence after a last copy.
func (m objectMover) Compare(ctx context.Context, s action.ObjectSet, last bool, progress func(move.Progress)) (action.ObjectsDone, error) {
	if last {
		done, err := m.pass(ctx, s, passOf{verb: verbCopy, final: true}, progress)
		if err != nil {
			return done, err
		}
	}
	return m.pass(ctx, s, passOf{verb: verbVerify, final: last}, progress)
}

type passOf struct {
	verb  string
	final bool
}

// pass carries a verb out. What it found is part of the result and no error.
func (m objectMover) pass(ctx context.Context, s action.ObjectSet, p passOf, progress func(move.Progress)) (action.ObjectsDone, error) {
	r, err := m.moving(ctx, s, p.verb, progress)
	if err != nil {
		return action.ObjectsDone{}, err
	}
	r.o.Final = p.final
	err = r.ended(ctx, r.carryOut(ctx))
	if err != nil && !fault.Is(err, fault.Found) {
		return action.ObjectsDone{}, err
	}
	done, ok, lastErr := m.last(r.state, p.verb)
	if lastErr == nil && !ok {
		lastErr = fault.Newf(fault.Internal, "%s objects: the pass left nothing", p.verb)
	}
	return done, lastErr
}

// Last is what the last copy came to.
func (m objectMover) Last(ctx context.Context, s action.ObjectSet) (action.ObjectsDone, bool, error) {
	o, err := m.app.objectOptions(s.Source, s.Target)
	if err != nil {
		return action.ObjectsDone{}, false, err
	}
	pair, err := parseSides(o.Source, o.Target)
	if err != nil {
		return action.ObjectsDone{}, false, err
	}
	state, err := m.app.moveState(pair)
	if err != nil {
		return action.ObjectsDone{}, false, err
	}
	return m.last(state, verbCopy)
}

func (m objectMover) last(state moveState, verb string) (action.ObjectsDone, bool, error) {
	p, ok, err := state.last(verb)
	if err != nil || !ok {
		return action.ObjectsDone{}, false, err
	}
	done := action.ObjectsDone{Digest: p.Digest, Run: p.Run, Counts: map[string]int64{}, Proofs: map[string]int64{}, Bytes: p.Counts.Bytes, Found: p.Found, Unheld: p.Unheld}
	for _, c := range resultsOf(p.Counts, p.Verb) {
		done.Counts[c.Name] = c.Objects
	}
	for _, c := range proofsOf(p.Counts) {
		done.Proofs[c.Name] = c.Objects
	}
	return done, true, nil
}

// emptiers is how many blobs are deleted at once.
const emptiers = 16

// Empty deletes what carries our mark, each as it was listed: one that somebody
// else writes meanwhile stays.
func (m objectMover) Empty(ctx context.Context, s action.ObjectSet, progress func(move.Progress)) (int64, error) {
	r, err := m.moving(ctx, s, verbCopy, progress)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan object.Blob)
	var deleted, bytes atomic.Int64
	var workers sync.WaitGroup
	for range emptiers {
		workers.Go(func() {
			for b := range todo {
				err := r.ports.Target.Delete(ctx, b.Name, b.ETag)
				if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
					cancel(err)
					continue
				}
				if err == nil {
					deleted.Add(1)
					bytes.Add(b.Size)
				}
			}
		})
	}
	err = eachMarked(ctx, r, func(b object.Blob) error {
		select {
		case todo <- b:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		progress(move.Progress{Doing: "delete", Items: deleted.Load(), Bytes: bytes.Load()})
		return nil
	})
	close(todo)
	workers.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	told := r.tell(ctx, entryEmptied, map[string]any{"run": "", "source": r.sides.source, "target": r.sides.target, "deleted": deleted.Load(), "bytes": bytes.Load(), "step": s.Step})
	return deleted.Load(), errors.Join(err, told)
}

// entryEmptied is of a copy that was taken back.
const entryEmptied = "objects.emptied"
