package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/view"
)

const (
	// stepShards is about how many shards a step is cut into: several for each part
	// that all workers together have under way, so that the last ones are short.
	stepShards = 256
	// partsBytes bounds the shards of a step as text: they go through the engine.
	partsBytes = 768 << 10
	// fewerShards is by how much the number is divided of those that are longer.
	fewerShards = 4
)

// objectShards makes the passes of steps in shards, on any number of workers. A
// pass begins and ends in the workspace; the shards between are worked on there
// and elsewhere.
type objectShards struct {
	objectMover
	open *openPasses
	// shards is about how many are wanted.
	shards int
}

var _ action.ObjectShards = objectShards{}

func (a *App) objectShards() objectShards {
	return objectShards{objectMover{a}, &openPasses{all: map[string]*openPass{}}, stepShards}
}

// shardPass is a pass as every worker knows it.
type shardPass struct {
	// Run is the id of the pass, Folder a word that only the folder has in which
	// it was begun.
	Run    string        `json:"run"`
	Folder string        `json:"folder"`
	Verb   string        `json:"verb"`
	Level  objects.Level `json:"level,omitempty"`
	Final  bool          `json:"final,omitempty"`
	Source string        `json:"source"`
	Target string        `json:"target"`
	Shards int           `json:"shards"`
	Names  stepNames     `json:"names"`
	// Settings is the fingerprint of what decides what comes out.
	Settings string `json:"settings"`
}

func (p shardPass) pass() objects.Pass { return objects.Pass{ID: p.Run, Run: p.Run, Level: p.Level} }

// at prepares the work of a step on a pass.
func (m objectShards) at(ctx context.Context, p shardPass, step string, progress func(move.Progress)) (*moving, error) {
	o := MoveOptions{Source: p.Source, Target: p.Target, Tags: true, Final: p.Final}
	p.Names.into(&o)
	r := m.app.stepMoving(o, p.Verb, step, progress)
	r.level, r.names = p.Level, p.Names
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	r.settings.Shards = p.Shards
	return r, nil
}

// stepMoving is a verb as a step carries it out. A step is made again by other
// workers: what it does must not depend on which.
func (a *App) stepMoving(o MoveOptions, verb, step string, progress func(move.Progress)) *moving {
	return &moving{App: a, o: o, verb: verb, show: view.NewProgress(io.Discard, false, a.setup.Now).Moving(), watch: progress, alone: true, step: step}
}

// Split begins a pass, or goes on with that of an earlier attempt.
func (m objectShards) Split(ctx context.Context, s action.ObjectSet, p action.ObjectPass) (action.Parts, error) {
	o, names, err := m.app.setOptions(s)
	if err != nil {
		return action.Parts{}, err
	}
	pass := shardPass{Verb: verbCopy, Final: p.Final, Source: o.Source, Target: o.Target, Names: names}
	if p.Compare {
		pass.Verb, pass.Level = verbVerify, objects.LevelHead
	}
	for pass.Shards = m.shards; ; pass.Shards = max(pass.Shards/fewerShards, 1) {
		parts, err := m.split(ctx, s, p, pass)
		size := 0
		for _, part := range parts.All {
			size += len(part.Work)
		}
		if err != nil || size <= partsBytes || pass.Shards == 1 {
			return parts, err
		}
	}
}

func (m objectShards) split(ctx context.Context, s action.ObjectSet, p action.ObjectPass, pass shardPass) (parts action.Parts, err error) {
	r, err := m.at(ctx, pass, s.Step, nil)
	if err != nil {
		return parts, err
	}
	held, resumed, free, err := r.hold(ctx, p, pass)
	if err != nil {
		return parts, err
	}
	defer free()
	defer func() {
		if err != nil {
			err = errors.Join(err, r.state.letGo(held))
		}
	}()
	r.out.Resumed = resumed
	notes, err := r.beginShards(ctx, held)
	if err != nil {
		return parts, err
	}
	shards, err := r.mover.Shards(ctx, held.Pass.pass())
	if err != nil {
		return parts, err
	}
	if parts.Work, err = json.Marshal(held.Pass); err != nil {
		return parts, fault.Of(fault.Internal, "write the pass", held.Pass.Run, err)
	}
	for _, shard := range shards {
		_, kept, err := held.Pass.pass().Kept(notes, shard)
		if err != nil {
			return parts, err
		}
		if kept {
			parts.Done++
			continue
		}
		work, err := json.Marshal(shard)
		if err != nil {
			return parts, fault.Of(fault.Internal, "write the shard", shard.Prefix, err)
		}
		parts.All = append(parts.All, action.Part{ID: shard.ID(), Work: work})
	}
	return parts, notes.used("split", r.mover.Use())
}

// beginShards notes the pass in the ledger, and makes the mover.
func (r *moving) beginShards(ctx context.Context, held heldPass) (pages, error) {
	notes, err := r.work(held.Pass)
	if err != nil {
		return notes, err
	}
	r.pass, r.out.Run, r.out.Began = begunPass{Run: held.Pass.Run, At: held.At.Format(time.RFC3339)}, held.Pass.Run, held.At.Format(time.RFC3339)
	return notes, r.tell(ctx, r.begunKind(), map[string]any{
		"verb": r.verb, "source": r.sides.source, "target": r.sides.target, "run": r.pass.Run, "resumed": r.out.Resumed,
		"settings": r.settings, "level": levelWord(r.level), "final": r.o.Final, "step": r.step, "shards": held.Pass.Shards,
	})
}

// work makes the mover for a pass in its folder.
func (r *moving) work(p shardPass) (pages, error) {
	folder, err := r.state.parts(r.verb, p.Run)
	if err != nil {
		return pages{}, err
	}
	notes := pages{folder}
	r.mover, err = r.newMover(folder, notes)
	return notes, err
}

// Shard carries one shard out.
func (m objectShards) Shard(ctx context.Context, s action.ObjectSet, work, shard json.RawMessage, progress func(move.Progress)) ([]byte, error) {
	var p shardPass
	var one objects.Shard
	if err := errors.Join(json.Unmarshal(work, &p), json.Unmarshal(shard, &one)); err != nil {
		return nil, fault.Of(fault.Internal, "read the shard of step", s.Step, err)
	}
	open, leave, err := m.open.enter(p.Run+" "+p.Folder, func() (*openPass, error) { return m.enter(ctx, p, s.Step) })
	if err != nil {
		return nil, err
	}
	defer leave()
	unlock, err := open.state.share(p.Verb)
	if err != nil {
		return nil, err
	}
	defer unlock()
	pass := p.pass()
	pass.By = word()
	pass.Listed = func(n int64) { progress(move.Progress{Doing: p.Verb + " below " + one.Prefix, Items: n}) }
	pass.Listed(0)
	carry := open.mover.CopyShard
	if p.Level != "" {
		carry = open.mover.VerifyShard
	}
	done, err := carry(ctx, pass, one)
	if err != nil {
		return nil, err
	}
	use := open.use()
	if open.home {
		return nil, open.notes.used(one.ID()+pass.By, use)
	}
	return packLeft(left{Done: done, Use: use, By: pass.By}, open.notes.dir)
}

// enter makes the mover that all shards of a pass share in this process.
func (m objectShards) enter(ctx context.Context, p shardPass, step string) (*openPass, error) {
	r, err := m.at(ctx, p, step, nil)
	if err != nil {
		return nil, err
	}
	if r.settings.Fingerprint() != p.Settings {
		return nil, fault.Newf(fault.Conflict, "%s the objects of step %q: this worker would do so by other settings", p.Verb, step).Hintf("workers of one release, with one landfall.yaml")
	}
	held, ok, err := r.state.held(p.Verb)
	if err != nil {
		return nil, err
	}
	home := ok && held.Pass == p
	notes, err := r.work(p)
	return &openPass{state: r.state, mover: r.mover, notes: notes, home: home}, err
}

// Keep takes what a worker elsewhere left of a shard into the folder of the
// pass. One that nobody waits for any more is done without.
func (m objectShards) Keep(_ context.Context, s action.ObjectSet, work json.RawMessage, packed []byte) error {
	r, p, held, err := m.here(s, work)
	if err != nil || held == nil {
		return err
	}
	l, err := unpackLeft(packed)
	if err == nil {
		err = l.sound()
	}
	if err != nil {
		// Nothing makes it whole by trying again: whoever joins looks for itself.
		m.app.setup.log().Warn("what a worker left of a shard is not kept", "step", s.Step, "reason", err.Error())
		return nil
	}
	folder, err := r.state.parts(p.Verb, p.Run)
	if err != nil {
		return err
	}
	notes := pages{folder}
	if err := notes.used(l.Done.Shard.ID()+l.By, l.Use); err != nil || len(l.Done.Segments) == 0 || !l.Whole {
		return err
	}
	if err := l.write(folder); err != nil {
		return err
	}
	return p.pass().Keep(notes, l.Done)
}

// here is the pass of some work, without asking anybody; held is nil where it is
// not one that was begun here and is under way.
func (m objectShards) here(s action.ObjectSet, work json.RawMessage) (r *moving, p shardPass, held *heldPass, err error) {
	if err := json.Unmarshal(work, &p); err != nil {
		return nil, p, nil, fault.Of(fault.Internal, "read the work of step", s.Step, err)
	}
	r = m.app.stepMoving(MoveOptions{Source: p.Source, Target: p.Target}, p.Verb, s.Step, nil)
	if r.sides, err = parseSides(p.Source, p.Target); err != nil {
		return nil, p, nil, err
	}
	if r.state, err = m.app.moveState(r.sides); err != nil {
		return nil, p, nil, err
	}
	h, ok, err := r.state.held(p.Verb)
	if err != nil || !ok || h.Pass != p {
		return r, p, nil, err
	}
	return r, p, &h, nil
}

// Close puts the manifest of a whole pass together: of shards whose lines have
// not come here it looks at both sides again. One that is not whole is let go of.
func (m objectShards) Close(ctx context.Context, s action.ObjectSet, work json.RawMessage, e action.Ended, progress func(move.Progress)) (action.ObjectsDone, error) {
	r, p, held, err := m.here(s, work)
	if err != nil {
		return action.ObjectsDone{}, err
	}
	// Closed twice, it is what it came to the first time.
	if last, ok, err := r.state.last(p.Verb); err != nil || ok && last.Run == p.Run {
		done, _, lastErr := m.last(r.state, p.Verb)
		return done, errors.Join(err, lastErr, r.state.dropHold(held))
	}
	switch {
	case held == nil && e.Whole():
		return action.ObjectsDone{}, fault.Newf(fault.NotFound, "%s objects: the pass %s was not begun in this folder", p.Verb, p.Run).Hintf("landfall retry begins another one; what is there is not moved again")
	case held == nil:
		return action.ObjectsDone{}, nil
	case !e.Whole():
		told := r.tell(ctx, entryStopped, map[string]any{"verb": p.Verb, "run": p.Run, "why": stoppedWhy(e), "step": s.Step})
		return action.ObjectsDone{}, errors.Join(told, r.state.letGo(*held))
	}
	if err := m.join(ctx, p, *held, s.Step, progress); err != nil {
		return action.ObjectsDone{}, errors.Join(err, r.state.letGo(*held))
	}
	done, ok, err := m.last(r.state, p.Verb)
	if err == nil && !ok {
		err = fault.Newf(fault.Internal, "%s objects: the pass left nothing", p.Verb)
	}
	return done, errors.Join(err, r.state.dropHold(held))
}

func stoppedWhy(e action.Ended) string {
	switch {
	case e.Late:
		return "its time was over, at " + e.At()
	case e.Stopped:
		return "it was asked to, at " + e.At()
	}
	return several(e.Failed, "part", "parts") + " failed, at " + e.At()
}

// join ends a pass as one that this process has made alone ends.
func (m objectShards) join(ctx context.Context, p shardPass, held heldPass, step string, progress func(move.Progress)) error {
	r, err := m.at(ctx, p, step, progress)
	if err != nil {
		return err
	}
	unlock, err := r.state.share(p.Verb)
	if err != nil {
		return err
	}
	defer unlock()
	r.pass = begunPass{Run: p.Run, At: held.At.Format(time.RFC3339)}
	r.out.Run, r.out.Began, r.began = r.pass.Run, r.pass.At, held.At
	notes, err := r.work(p)
	if err != nil {
		return err
	}
	paper, err := r.state.sheet(p.Run, p.Verb)
	if err != nil {
		return err
	}
	defer paper.drop()
	result, err := r.all(ctx, r.mover, paper.file)
	if err == nil {
		result.Use, err = notes.useOf(result.Use)
		result.Cost = result.Use.Cost(r.prices)
	}
	if err != nil {
		return r.ended(ctx, err)
	}
	if err := r.finish(ctx, paper, result); !fault.Is(err, fault.Found) {
		return err
	}
	return nil
}

// remove takes a file away that may be gone.
func remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return fault.Wrap(err, "take away", path)
}
