package objects

import (
	"context"
	"strconv"
	"sync/atomic"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// copyVersions writes the versions of one key one after the other, the oldest
// first: a container that keeps versions then has them in that order. Those that
// the blob's mark vouches for are left out. The line of the newest version is
// returned, those of the others are put before it.
func (m *Mover) copyVersions(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	if t.left.count > 0 {
		one := &task{object: t.left.newest, name: t.name}
		line := one.line()
		line.Result = manifest.Refused
		line.Reason = "it and all older ones, " + strconv.FormatInt(t.left.count, 10) + " versions, are left out: only so many of a key are moved"
		t.before = append(t.before, line)
	}
	if newest(t.versions) == nil {
		if line, err := m.deletedKey(ctx, t); line != nil || err != nil {
			return line, err
		}
	}
	there := m.copied(t)
	for i, version := range t.versions {
		line, err := m.copyVersion(ctx, r, &task{object: version, blob: t.blob, name: t.name}, there-i)
		if err != nil {
			return nil, err
		}
		if i == len(t.versions)-1 {
			return line, nil
		}
		t.before = append(t.before, line)
		if line.Result == manifest.Copied || line.Result == manifest.Deleted {
			// The next version is written over what is there now.
			if err := m.look(ctx, t); err != nil {
				return m.outcomeOfEach(ctx, t, i+1, err)
			}
		}
	}
	return nil, nil
}

// copyVersion writes one version, unless it is older than the one that the target
// has, which ahead counts from: it is 1.
func (m *Mover) copyVersion(ctx context.Context, r *run, one *task, ahead int) (*manifest.Line, error) {
	switch {
	case ahead == 1:
		line := one.line()
		line.Result, line.Proof = manifest.Same, move.Recorded
		return line, nil
	case ahead > 1:
		if line := m.unreadable(one); line != nil {
			return line, nil
		}
		line := one.line()
		line.Result, line.Reason = manifest.Same, "a newer version is there, and comes after what became of this one"
		return line, nil
	case one.object.Marker:
		return m.deleteMarker(ctx, one)
	}
	return m.copyObject(ctx, r, one)
}

// keeping is whether the container keeps versions, as the answers to writes say.
type keeping struct{ is atomic.Int32 }

const (
	keepsVersions = 1 + iota
	keepsNone
)

// KeepsVersions reports whether the container keeps the versions of its blobs;
// known is false as long as nothing was written.
func (m *Mover) KeepsVersions() (keeps, known bool) {
	is := m.keeping.is.Load()
	return is == keepsVersions, is != 0
}

func (k *keeping) learn(r object.Receipt) {
	if r.Version != "" {
		k.is.Store(keepsVersions)
	} else {
		k.is.CompareAndSwap(0, keepsNone)
	}
}

// deletedKey sees to a key whose newest version is a delete marker, so that its
// versions are not written, and deleted, with each pass; nil where they have to be.
func (m *Mover) deletedKey(ctx context.Context, t *task) (*manifest.Line, error) {
	if t.blob != nil {
		if m.settings.Delete == DeleteAll || markedFrom(markOf(t.blob), m.origin) {
			return nil, nil
		}
		return t.every(0, func(*object.Object, *manifest.Line) (manifest.Result, string) {
			return manifest.Refused, "it is deleted at the source, and somebody else's blob has its name"
		}), nil
	}
	if m.keeping.is.Load() == keepsNone {
		return t.every(0, func(o *object.Object, _ *manifest.Line) (manifest.Result, string) {
			return manifest.Same, "it is deleted on both sides, and the container keeps no versions"
		}), nil
	}
	earlier, err := m.target.Earlier(ctx, t.name)
	if err != nil {
		return m.outcomeOfEach(ctx, t, 0, atTarget(err))
	}
	last := len(t.versions) - 1
	for last >= 0 && t.versions[last].Marker {
		last--
	}
	if last >= 0 && !among(&t.versions[last], earlier) {
		return nil, nil
	}
	return t.every(0, func(o *object.Object, line *manifest.Line) (manifest.Result, string) {
		switch {
		case o.Marker:
			line.Proof = move.Bound
			return manifest.Same, "delete marker"
		case among(o, earlier):
			line.Proof = move.Recorded
			return manifest.Same, ""
		case m.unreadable(&task{object: *o}) != nil:
			return manifest.Archived, o.Class + ": it has to be restored before it can be read"
		}
		return manifest.Same, "a newer version is there, and comes after what became of this one"
	}), nil
}

// among reports whether one of the blobs is a proved copy of the version.
func among(o *object.Object, blobs []object.Blob) bool {
	for i := range blobs {
		if same, proved, _, _ := marked(markOf(&blobs[i]), o); same && proved && blobs[i].Size == o.Size {
			return true
		}
	}
	return false
}

// outcomeOfEach is outcome for the versions from a place on.
func (m *Mover) outcomeOfEach(ctx context.Context, t *task, from int, cause error) (*manifest.Line, error) {
	line, err := m.outcome(ctx, t, cause)
	if err != nil {
		return nil, err
	}
	result, reason := line.Result, line.Reason
	return t.every(from, func(*object.Object, *manifest.Line) (manifest.Result, string) { return result, reason }), nil
}

// every makes the lines of the versions from a place on, and returns that of the
// newest.
func (t *task) every(from int, say func(*object.Object, *manifest.Line) (manifest.Result, string)) *manifest.Line {
	for i := from; i < len(t.versions); i++ {
		one := &task{object: t.versions[i], name: t.name}
		line := one.line()
		line.Result, line.Reason = say(&one.object, line)
		if i == len(t.versions)-1 {
			return line
		}
		t.before = append(t.before, line)
	}
	return nil
}

// copied is how many versions, from the oldest on, the blob comes after.
func (m *Mover) copied(t *task) int {
	if t.blob == nil {
		return 0
	}
	text := markOf(t.blob)
	for i := range t.versions {
		v := &t.versions[i]
		if same, proved, _, _ := marked(text, v); same && proved && !v.Marker && t.blob.Size == v.Size {
			return i + 1
		}
	}
	return 0
}

// deleteMarker does at the target what it stands for. The blobs that were there
// before stay as versions.
func (m *Mover) deleteMarker(ctx context.Context, t *task) (*manifest.Line, error) {
	line := t.line()
	line.Result, line.Proof, line.Reason = manifest.Same, move.Bound, "delete marker"
	if t.blob == nil {
		return line, nil
	}
	if err := m.target.Delete(ctx, t.name, t.blob.ETag); err != nil && !fault.Is(err, fault.NotFound) {
		return m.outcome(ctx, t, atTarget(err))
	}
	line.Result = manifest.Deleted
	return line, nil
}

// newest is the version that is current, nil when the key is deleted.
func newest(versions []object.Object) *object.Object {
	if len(versions) == 0 || versions[len(versions)-1].Marker {
		return nil
	}
	return &versions[len(versions)-1]
}
