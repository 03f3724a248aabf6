package action

import (
	"context"
	"encoding/json"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
)

// ObjectPass is a pass over a set of objects that a step makes in parts.
type ObjectPass struct {
	// Compare compares both sides, otherwise they are made equal. Final is a pass
	// behind the fence.
	Compare, Final bool
	// Key is the idempotency key of the step. Again says that the pass of that key
	// that was begun before may be gone on with, whatever it has seen.
	Key   string
	Again bool
}

// ObjectShards carries a pass out in shards, on any number of workers. Each of
// the four may be repeated; what a shard left that is finished is not done again.
type ObjectShards interface {
	// Split begins a pass, or goes on with one, and returns the shards that are
	// not finished.
	Split(ctx context.Context, s ObjectSet, p ObjectPass) (Parts, error)
	// Shard carries one shard out. It leaves nothing where the pass was begun.
	Shard(ctx context.Context, s ObjectSet, work, shard json.RawMessage, progress func(move.Progress)) (left []byte, err error)
	// Keep keeps what a shard left elsewhere.
	Keep(ctx context.Context, s ObjectSet, work json.RawMessage, left []byte) error
	// Close ends the pass when it is whole, and otherwise lets go of the set.
	Close(ctx context.Context, s ObjectSet, work json.RawMessage, e Ended, progress func(move.Progress)) (ObjectsDone, error)
}

// MoveObjectsInParts is MoveObjects on any number of workers.
type MoveObjectsInParts struct {
	MoveObjects
	Shards ObjectShards
}

// VerifyObjectsInParts is VerifyObjects on any number of workers. Behind the
// fence it has two stages: the last copy, and the comparison.
type VerifyObjectsInParts struct {
	VerifyObjects
	Shards ObjectShards
}

var (
	_ Parted = MoveObjectsInParts{}
	_ Parted = VerifyObjectsInParts{}
	_ Test   = VerifyObjectsInParts{}
)

// objectWork is what the parts of a step on objects share.
type objectWork struct {
	Stage string          `json:"stage"`
	Pass  json.RawMessage `json:"pass"`
}

// The stages. The last copy and the comparison are those of one step.
const (
	stageCopy     = "copy"
	stageLastCopy = "last copy"
	stageCompare  = "compare"
)

// whatFinal is of a comparison behind the fence.
const whatFinal = "final"

// objectCursor says where a step that was stopped goes on.
type objectCursor struct {
	Stage   string `json:"stage"`
	Attempt int    `json:"attempt"`
	Done    int    `json:"done"`
	Of      int    `json:"of"`
}

// stagesOf splits objects into shards, stage by stage.
type stagesOf struct{ shards ObjectShards }

// split begins a stage. The pass behind the fence of an earlier attempt is gone
// on with only where that attempt stopped as asked and this one comes right after
// it: in between nobody can have taken the fence away.
func (a stagesOf) split(ctx context.Context, c *Call, stage string) (Parts, error) {
	set, in, err := objectSet(c)
	if err != nil {
		return Parts{}, err
	}
	p := ObjectPass{Compare: stage == stageCompare, Final: stage != stageCopy && in.What == whatFinal, Key: c.Key}
	if last, ok := cursorOf(c); ok && last.Stage == stage {
		p.Again = last.Attempt == c.Attempt-1
	}
	parts, err := a.shards.Split(ctx, set, p)
	if err != nil {
		return Parts{}, err
	}
	parts.Work, err = json.Marshal(objectWork{stage, parts.Work})
	return parts, err
}

func cursorOf(c *Call) (objectCursor, bool) {
	var last objectCursor
	return last, len(c.Cursor) > 0 && json.Unmarshal(c.Cursor, &last) == nil
}

func workOf(c *Call, work json.RawMessage) (ObjectSet, objectWork, error) {
	var w objectWork
	set, _, err := objectSet(c)
	if err == nil {
		if bad := json.Unmarshal(work, &w); bad != nil {
			err = fault.Of(fault.Internal, "read the work of step", c.Step.ID, bad)
		}
	}
	return set, w, err
}

func (a stagesOf) part(ctx context.Context, c *Call, work, part json.RawMessage) (left []byte, err error) {
	set, w, err := workOf(c, work)
	if err != nil {
		return nil, err
	}
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		left, err = a.shards.Shard(ctx, set, w.Pass, part, beating(c, &last))
		return err
	})
	return left, yielding(c, err, last)
}

func (a stagesOf) keep(ctx context.Context, c *Call, work json.RawMessage, left []byte) error {
	set, w, err := workOf(c, work)
	if err != nil {
		return err
	}
	return a.shards.Keep(ctx, set, w.Pass, left)
}

// end closes a stage. One that was asked to stop yields.
func (a stagesOf) end(ctx context.Context, c *Call, work json.RawMessage, e Ended) (set ObjectSet, done ObjectsDone, stage string, err error) {
	set, w, err := workOf(c, work)
	if err != nil {
		return set, done, "", err
	}
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		done, err = a.shards.Close(ctx, set, w.Pass, e, beating(c, &last))
		return err
	})
	if e.Stopped && !e.Late || err != nil && c.stopped() {
		cursor, marshalErr := json.Marshal(objectCursor{w.Stage, c.Attempt, e.Done, e.Of})
		if marshalErr != nil {
			return set, done, w.Stage, marshalErr
		}
		if err != nil && !c.stopped() {
			c.log().Warn("the pass that was stopped is not let go of", "step", c.Step.ID, "reason", err.Error())
		}
		return set, done, w.Stage, &Yield{Cursor: cursor, At: e.At()}
	}
	return set, done, w.Stage, err
}

// Split begins the copy.
func (a MoveObjectsInParts) Split(ctx context.Context, c *Call) (Parts, error) {
	return stagesOf{a.Shards}.split(ctx, c, stageCopy)
}

// Part copies a shard.
func (a MoveObjectsInParts) Part(ctx context.Context, c *Call, work, part json.RawMessage) ([]byte, error) {
	return stagesOf{a.Shards}.part(ctx, c, work, part)
}

// Keep keeps the lines of a shard.
func (a MoveObjectsInParts) Keep(ctx context.Context, c *Call, work json.RawMessage, left []byte) error {
	return stagesOf{a.Shards}.keep(ctx, c, work, left)
}

// Close writes the manifest, which Verify goes by.
func (a MoveObjectsInParts) Close(ctx context.Context, c *Call, work json.RawMessage, e Ended) (*Parts, []Evidence, error) {
	_, _, _, err := stagesOf{a.Shards}.end(ctx, c, work, e)
	return nil, nil, err
}

// Split begins the comparison, behind the fence the last copy.
func (a VerifyObjectsInParts) Split(ctx context.Context, c *Call) (Parts, error) {
	_, in, err := objectSet(c)
	if err != nil {
		return Parts{}, err
	}
	stage := stageCompare
	if in.What == whatFinal {
		stage = stageLastCopy
		if last, ok := cursorOf(c); ok && last.Stage == stageCompare && last.Attempt == c.Attempt-1 {
			stage = stageCompare
		}
	}
	return stagesOf{a.Shards}.split(ctx, c, stage)
}

// Part copies or compares a shard.
func (a VerifyObjectsInParts) Part(ctx context.Context, c *Call, work, part json.RawMessage) ([]byte, error) {
	return stagesOf{a.Shards}.part(ctx, c, work, part)
}

// Keep keeps the lines of a shard.
func (a VerifyObjectsInParts) Keep(ctx context.Context, c *Call, work json.RawMessage, left []byte) error {
	return stagesOf{a.Shards}.keep(ctx, c, work, left)
}

// Close writes the manifest. After the last copy comes the comparison; what that
// copy could not move, the comparison finds.
func (a VerifyObjectsInParts) Close(ctx context.Context, c *Call, work json.RawMessage, e Ended) (*Parts, []Evidence, error) {
	set, done, stage, err := stagesOf{a.Shards}.end(ctx, c, work, e)
	if err != nil || !e.Whole() {
		return nil, nil, err
	}
	if stage == stageLastCopy {
		parts, err := stagesOf{a.Shards}.split(ctx, c, stageCompare)
		return &parts, nil, err
	}
	_, in, err := objectSet(c)
	if err != nil {
		return nil, nil, err
	}
	evidence, err := done.evidence(in.What, set)
	return nil, evidence, err
}
