package objects

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// attempts is how often an object that changes while it is copied is begun again.
const attempts = 3

// copying is the verb that makes the target equal to the source.
type copying struct {
	m *Mover
}

func (c copying) glance(t *task) (*manifest.Line, error) {
	if len(t.versions) > 0 || t.renamed || t.folder {
		return nil, nil
	}
	return c.m.judge(t), nil
}

// judge says what the listings alone decide; nil for what has to be copied.
func (m *Mover) judge(t *task) *manifest.Line {
	if line := m.same(t); line != nil {
		return line
	}
	return m.unreadable(t)
}

// unreadable is the line of an object of an archive class that nobody is to ask
// for; nil for others.
func (m *Mover) unreadable(t *task) *manifest.Line {
	if !m.archived(&t.object) || m.settings.RestoreDays > 0 {
		return nil
	}
	line := t.line()
	line.Result, line.Reason = manifest.Archived, t.object.Class+": it has to be restored before it can be read"
	return line
}

// same is the line of an object that the target has already; nil when the
// listings do not say so.
func (m *Mover) same(t *task) *manifest.Line {
	b := t.blob
	if b == nil || b.Size != t.object.Size {
		return nil
	}
	if text := markOf(b); text != "" && !m.settings.NoMark {
		same, proved, crc, hasCRC := marked(text, &t.object)
		if !same || keepsMD5(text) && !sameMD5(&t.object, b) {
			// The content may be equal all the same, and what goes with it not.
			return nil
		}
		line := t.line()
		line.Result = manifest.Same
		if proved {
			line.Proof = move.Recorded
		}
		if hasCRC {
			line.Sums.Known, line.Sums.CRC64 = object.CRC64, crc
		}
		return line
	}
	if !sameMD5(&t.object, b) {
		return nil
	}
	line := t.line()
	line.Result, line.Proof = manifest.Same, move.Recorded
	line.Sums.Known, line.Sums.MD5 = object.MD5, [16]byte(b.MD5)
	return line
}

// sameMD5 reports whether the ETag is the MD5 that the blob keeps. Both may be
// something else, but then they are not equal.
func sameMD5(o *object.Object, b *object.Blob) bool {
	if len(b.MD5) != 16 || len(o.ETag) != 32 {
		return false
	}
	var text [32]byte
	hex.Encode(text[:], b.MD5)
	return strings.EqualFold(string(text[:]), o.ETag)
}

// archived reports whether an object cannot be read for its class. An archive
// tier of INTELLIGENT_TIERING does not show in a listing: reading it tells.
func (m *Mover) archived(o *object.Object) bool {
	return o.Class != "" && !o.Restored && m.mapper.Tier(o.Class).Restore
}

func (c copying) work(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	m := c.m
	if t.folder {
		return m.copyFolder(ctx, t)
	}
	if t.renamed {
		if err := m.look(ctx, t); err != nil {
			return m.outcome(ctx, t, err)
		}
	}
	if len(t.versions) > 0 {
		return m.copyVersions(ctx, r, t)
	}
	if t.renamed {
		if line := m.judge(t); line != nil {
			return line, nil
		}
	}
	return m.copyObject(ctx, r, t)
}

// look asks for the one blob of a name that is out of the order of keys.
func (m *Mover) look(ctx context.Context, t *task) error {
	head, err := m.target.Head(ctx, t.name)
	t.blob = nil
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return atTarget(err)
	}
	b := &object.Blob{Name: t.name, ETag: head.ETag, Size: head.Size, Modified: head.Modified, Headers: head.Headers, Metadata: head.Metadata}
	if head.Sums.Known.Has(object.MD5) {
		b.MD5 = head.Sums.MD5[:]
	}
	t.blob = b
	return nil
}

// relist asks for the one object of a key as it is now; nil when there is none.
func (m *Mover) relist(ctx context.Context, key string) (*object.Object, error) {
	page, err := m.source.Page(ctx, object.Range{Prefix: key, To: key}, "", "")
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		if page.Items[i].Key == key {
			return &page.Items[i], nil
		}
	}
	return nil, nil
}

// copyObject copies one object, and again when either side changes meanwhile.
func (m *Mover) copyObject(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	if m.archived(&t.object) {
		if line := m.unreadable(t); line != nil {
			return line, nil
		}
		if readable, err := m.readable(ctx, t); err != nil {
			return m.outcome(ctx, t, err)
		} else if !readable {
			return m.restore(ctx, t)
		}
	}
	for n := 1; ; n++ {
		if err := m.spent(); err != nil {
			return nil, err
		}
		line, err := m.transfer(ctx, r, t)
		if err == nil {
			m.health.good()
			return line, nil
		}
		if errors.Is(err, object.ErrArchived) && sideOf(err) == sourceSide && m.settings.RestoreDays > 0 {
			// An archive tier of INTELLIGENT_TIERING.
			return m.restore(ctx, t)
		}
		var again bool
		if again, err = m.changed(ctx, t, err); err != nil {
			return m.outcome(ctx, t, err)
		}
		if !again {
			if line := m.same(t); line != nil {
				// Our own write whose answer was lost, or that of another worker.
				line.Result = manifest.Copied
				return line, nil
			}
		}
		if n == attempts {
			line := t.line()
			line.Result, line.Reason = manifest.Changing, "it changed each time that it was read"
			if t.misread {
				line.Result, line.Reason = manifest.Failed, errDamaged.Error()
			}
			return line, nil
		}
	}
}

// errGone is of an object that has been deleted since it was listed.
var errGone = errors.New("it was deleted at the source after it had been listed")

// changed finds out what a transfer met that did not end well, and brings the
// task up to date. again says that the object at the source is another one; the
// error is the one to report when trying again is no use.
func (m *Mover) changed(ctx context.Context, t *task, cause error) (again bool, err error) {
	side, kind := sideOf(cause), fault.KindOf(cause)
	switch {
	case kind == fault.Conflict && side == targetSide:
		return false, m.look(ctx, t)
	case kind == fault.Conflict, kind == fault.NotFound && side != targetSide:
	case errors.Is(cause, errDamaged):
		return true, nil
	default:
		return false, cause
	}
	if t.object.Version != "" {
		// A version does not change: it is gone.
		return false, errGone
	}
	now, err := m.relist(ctx, t.object.Key)
	if err != nil {
		return false, err
	}
	if now == nil {
		return false, errGone
	}
	t.object = *now
	return true, nil
}

// readable reports whether an object of an archive class is restored. Not every
// service with the API of S3 says so in its listing.
func (m *Mover) readable(ctx context.Context, t *task) (bool, error) {
	if t.object.Restoring {
		return false, nil
	}
	_, body, err := m.source.Open(ctx, t.object.Ref(), object.Span{Size: min(t.object.Size, 1)})
	if errors.Is(err, object.ErrArchived) {
		return false, nil
	}
	if err != nil {
		return false, atSource(err)
	}
	return true, body.Close()
}

// restore asks for an archived object.
func (m *Mover) restore(ctx context.Context, t *task) (*manifest.Line, error) {
	line := t.line()
	line.Result, line.Reason = manifest.Archived, t.object.Class+": its restore is going on"
	if t.object.Restoring {
		return line, nil
	}
	ref, days := object.Ref{Key: t.object.Key, Version: t.object.Version}, m.settings.RestoreDays
	if t.object.Class == "INTELLIGENT_TIERING" {
		days = 0 // it becomes readable for good, and S3 refuses a number of days
	}
	if err := m.source.Restore(ctx, ref, days, m.settings.RestoreTier); err != nil {
		return m.outcome(ctx, t, err)
	}
	line.Reason = t.object.Class + ": its restore was asked for, a later pass copies it"
	return line, nil
}

// copyFolder makes the marker of a folder a folder, where the account has such.
func (m *Mover) copyFolder(ctx context.Context, t *task) (*manifest.Line, error) {
	folder := strings.TrimSuffix(t.name, "/")
	line := t.line()
	line.Result, line.Proof = manifest.Same, move.Bound
	_, err := m.target.Head(ctx, folder)
	if err == nil {
		return line, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return m.outcome(ctx, t, atTarget(err))
	}
	// The blob endpoint makes a directory of an empty blob with this metadata
	// ("Known issues with Azure Data Lake Storage").
	_, err = m.target.Put(ctx, object.Write{Name: folder, Metadata: map[string]string{"hdi_isfolder": "true"}, IfAbsent: true}, nil, object.Sums{})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return m.outcome(ctx, t, atTarget(err))
	}
	line.Result = manifest.Copied
	return line, nil
}
