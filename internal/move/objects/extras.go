package objects

import (
	"context"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// stray is the line of a blob that no object answers to; nil when one does after
// all, whose key is elsewhere in the order.
func (m *Mover) stray(ctx context.Context, b *object.Blob) (*manifest.Line, error) {
	names := m.settings.Names
	line := &manifest.Line{ETag: b.ETag, Size: b.Size, Result: manifest.Extra, Reason: "no object has this name"}
	// The key is the name in its place, so that the lines stay in order.
	line.Key = names.SourcePrefix + strings.TrimPrefix(b.Name, names.TargetPrefix)
	if b.Name != line.Key {
		line.Name = b.Name
	}
	if names.Keys != name.Rename || !name.Escaped(b.Name) {
		return line, nil
	}
	key, _ := m.mapper.Key(b.Name)
	now, err := m.relist(ctx, key)
	if err != nil || now != nil {
		return nil, err
	}
	line.Reason = "no object has the key " + quoted(key) + " that it would be renamed from"
	return line, nil
}

// otherName returns the key of an object that is there and of which the blob is a
// copy, under the name that renaming gives; "" for none. Where keys are not renamed
// any more no object has that name, and the copy is one all the same.
func (m *Mover) otherName(ctx context.Context, b *object.Blob) (string, error) {
	names := m.settings.Names
	rest, within := strings.CutPrefix(b.Name, names.TargetPrefix)
	if names.Keys == name.Rename || !within || !name.Escaped(rest) || !markedFrom(markOf(b), m.origin) {
		return "", nil
	}
	key := names.SourcePrefix + name.Unescape(rest)
	now, err := m.relist(ctx, key)
	if err != nil || now == nil {
		return "", err
	}
	return key, nil
}

func (c copying) extra(ctx context.Context, b *object.Blob) (*manifest.Line, bool, error) {
	if c.m.settings.Delete != DeleteNone {
		return nil, true, nil
	}
	line, err := c.m.stray(ctx, b)
	return line, false, err
}

// last deletes a blob that both listings, read to their ends, know nothing of at
// the source, and of which the source says once more that it has none.
func (c copying) last(ctx context.Context, r *run, b *object.Blob) (*manifest.Line, error) {
	m := c.m
	line, err := m.stray(ctx, b)
	if line == nil || err != nil {
		return nil, err
	}
	if m.settings.Delete != DeleteAll {
		switch text := markOf(b); {
		case !isMark(text):
			line.Reason += ", and somebody else wrote it"
			return line, nil
		case !markedFrom(text, m.origin):
			line.Reason += ", and it was copied from another bucket"
			return line, nil
		}
	}
	if key, err := m.otherName(ctx, b); key != "" || err != nil {
		line.Reason = "it is the copy of " + quoted(key) + " under the name that --names rename gives"
		return line, err
	}
	if r.objects == 0 {
		empty, err := m.emptySource(ctx)
		if err != nil {
			return nil, err
		}
		if empty {
			line.Reason += ", but the source has no object at all: nothing is deleted then"
			return line, nil
		}
	}
	return m.remove(ctx, line, b)
}

func (m *Mover) remove(ctx context.Context, line *manifest.Line, b *object.Blob) (*manifest.Line, error) {
	key, ok := m.mapper.Key(b.Name)
	if !ok {
		return line, nil
	}
	now, err := m.relist(ctx, key)
	if err != nil {
		return nil, err
	}
	if now != nil {
		line.Reason = "an object has come up since the listing"
		return line, nil
	}
	switch err := m.target.Delete(ctx, b.Name, b.ETag); {
	case err == nil, fault.Is(err, fault.NotFound):
		line.Result = manifest.Deleted
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		line.Reason += ", and it could not be deleted: " + reasonOf(err)
	}
	return line, nil
}

// emptySource reports whether there is nothing at all to copy from.
func (m *Mover) emptySource(ctx context.Context) (bool, error) {
	page, err := m.source.Page(ctx, object.Range{Prefix: m.settings.Names.SourcePrefix}, "", "")
	return len(page.Items) == 0 && page.Next == "", err
}

// nesting refuses keys that lie below another object, where the account keeps
// folders.
type nesting struct {
	mapper *name.Mapper
	seen   name.Nesting
}

func (n *nesting) add(key string) *name.Refusal {
	if object, below := n.seen.Add(key); below {
		return n.mapper.Refusal(key, object)
	}
	return nil
}
