package objects

import (
	"context"

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
	there := m.copied(t)
	for i, version := range t.versions {
		one := &task{object: version, blob: t.blob, name: t.name}
		var line *manifest.Line
		var err error
		switch {
		case i < there:
			line = one.line()
			line.Result, line.Proof = manifest.Same, move.Recorded
		case version.Marker:
			line, err = m.deleteMarker(ctx, one)
		default:
			line, err = m.copyObject(ctx, r, one)
		}
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
				return m.outcome(ctx, t, err)
			}
		}
	}
	return nil, nil
}

// copied is how many versions, from the oldest on, the blob comes after.
func (m *Mover) copied(t *task) int {
	if t.blob == nil {
		return 0
	}
	text := markIn(t.blob.Metadata)
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
