package tally

import (
	"context"
	"io"

	"example.com/landfall/internal/move/objects/object"
)

// OfTarget counts what goes to a target. What the target can do besides its
// port, it can still do.
func (t *Tally) OfTarget(to object.Target) object.Target {
	counted := target{to, t}
	seeker, seeks := to.(object.Seeker)
	cleaner, cleans := to.(object.Cleaner)
	switch {
	case seeks && cleans:
		return struct {
			target
			seeking
			cleaning
		}{counted, seeking{seeker, t}, cleaning{cleaner, t}}
	case seeks:
		return struct {
			target
			seeking
		}{counted, seeking{seeker, t}}
	case cleans:
		return struct {
			target
			cleaning
		}{counted, cleaning{cleaner, t}}
	}
	return counted
}

type target struct {
	object.Target
	tally *Tally
}

type seeking struct {
	seeker object.Seeker
	count  *Tally
}

type cleaning struct {
	cleaner object.Cleaner
	count   *Tally
}

func (s seeking) PageFrom(ctx context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	if err := one(ctx, &s.count.enumerations, &s.count.Target); err != nil {
		return object.Listed[object.Blob]{}, err
	}
	return s.seeker.PageFrom(ctx, prefix, from, next)
}

func (c cleaning) Unstage(ctx context.Context, name string) error {
	if err := one(ctx, &c.count.writes, &c.count.Target); err != nil {
		return err
	}
	return c.cleaner.Unstage(ctx, name)
}

func (t target) Page(ctx context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	if err := one(ctx, &t.tally.enumerations, &t.tally.Target); err != nil {
		return object.Listed[object.Blob]{}, err
	}
	return t.Target.Page(ctx, prefix, delimiter, next)
}

func (t target) Put(ctx context.Context, w object.Write, body []byte, sums object.Sums) (object.Receipt, error) {
	if err := one(ctx, &t.tally.writes, &t.tally.Target); err != nil {
		return object.Receipt{}, err
	}
	return t.Target.Put(ctx, w, body, sums)
}

func (t target) Stage(ctx context.Context, name, id string, body []byte, sums object.Sums) (object.Receipt, error) {
	if err := one(ctx, &t.tally.writes, &t.tally.Target); err != nil {
		return object.Receipt{}, err
	}
	return t.Target.Stage(ctx, name, id, body, sums)
}

// StageFrom counts a request at the source and the bytes that leave it as well:
// the target fetches them.
func (t target) StageFrom(ctx context.Context, name, id, url string, span object.Span) (object.Receipt, error) {
	if err := one(ctx, &t.tally.writes, &t.tally.Target); err != nil {
		return object.Receipt{}, err
	}
	t.tally.gets.Add(1)
	t.tally.egress.Add(span.Size)
	if err := t.tally.Bytes.Take(ctx, float64(span.Size)); err != nil {
		return object.Receipt{}, err
	}
	return t.Target.StageFrom(ctx, name, id, url, span)
}

func (t target) Staged(ctx context.Context, name string) ([]object.Block, error) {
	if err := one(ctx, &t.tally.reads, &t.tally.Target); err != nil {
		return nil, err
	}
	return t.Target.Staged(ctx, name)
}

func (t target) Commit(ctx context.Context, w object.Write, ids []string) (object.Receipt, error) {
	if err := one(ctx, &t.tally.writes, &t.tally.Target); err != nil {
		return object.Receipt{}, err
	}
	return t.Target.Commit(ctx, w, ids)
}

func (t target) Head(ctx context.Context, name string) (object.Head, error) {
	if err := one(ctx, &t.tally.reads, &t.tally.Target); err != nil {
		return object.Head{}, err
	}
	return t.Target.Head(ctx, name)
}

func (t target) Open(ctx context.Context, name string, span object.Span, ifMatch string) (object.Head, io.ReadCloser, error) {
	if err := one(ctx, &t.tally.reads, &t.tally.Target); err != nil {
		return object.Head{}, nil, err
	}
	return t.Target.Open(ctx, name, span, ifMatch)
}

func (t target) Tags(ctx context.Context, name string) (map[string]string, error) {
	if err := one(ctx, &t.tally.reads, &t.tally.Target); err != nil {
		return nil, err
	}
	return t.Target.Tags(ctx, name)
}

func (t target) Delete(ctx context.Context, name, ifMatch string) error {
	if err := one(ctx, &t.tally.others, &t.tally.Target); err != nil {
		return err
	}
	return t.Target.Delete(ctx, name, ifMatch)
}

func (t target) Earlier(ctx context.Context, name string) ([]object.Blob, error) {
	if err := one(ctx, &t.tally.enumerations, &t.tally.Target); err != nil {
		return nil, err
	}
	return t.Target.Earlier(ctx, name)
}

func (t target) SetTier(ctx context.Context, name, tier string) error {
	if err := one(ctx, &t.tally.writes, &t.tally.Target); err != nil {
		return err
	}
	return t.Target.SetTier(ctx, name, tier)
}
