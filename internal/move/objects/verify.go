package objects

import (
	"context"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// Level says how much a verification looks at.
type Level string

// The levels, weakest first.
const (
	// LevelListing compares what both listings say: names, sizes, marks, MD5s.
	LevelListing Level = "listing"
	// LevelHead also asks both sides for each object: the hashes that they hold,
	// headers and metadata.
	LevelHead Level = "head"
	// LevelFull reads both sides, byte for byte.
	LevelFull Level = "full"
)

// Levels lists them, weakest first.
func Levels() []Level { return []Level{LevelListing, LevelHead, LevelFull} }

func (l Level) valid() error {
	if !slices.Contains(Levels(), l) {
		return fault.Newf(fault.Usage, "verify at level %q: want one of %q", l, Levels())
	}
	return nil
}

// verifying is the verb that changes nothing.
type verifying struct {
	m     *Mover
	level Level
}

func (v verifying) glance(t *task) (*manifest.Line, error) {
	if t.renamed || t.folder {
		return nil, nil
	}
	if len(t.versions) > 0 {
		// What the container keeps of earlier versions is its own affair; the newest
		// one is compared.
		now := newest(t.versions)
		if now == nil {
			line := t.line()
			line.Result, line.Reason = manifest.Same, "delete marker"
			if t.blob != nil {
				line.Result, line.Reason = manifest.Different, "it is deleted at the source, and there at the target"
			}
			return line, nil
		}
		t.object = *now
	}
	if line := v.m.lacking(t); line != nil {
		return line, nil
	}
	if v.level != LevelListing {
		return nil, nil
	}
	return v.m.byListing(t), nil
}

// contradicts reports whether the listings say something of the content that
// does not agree: a mark of another version, an MD5 that is not the ETag. It may
// be equal all the same (an ETag under SSE-KMS is no MD5): asking both sides tells.
func contradicts(t *task) bool {
	if isMark(markOf(t.blob)) {
		return true
	}
	_, isMD5 := checksum.MD5OfETag(t.object.ETag, "", false)
	return isMD5 && len(t.blob.MD5) == 16
}

// lacking is the line of what a look at names and sizes decides, nil for nothing.
func (m *Mover) lacking(t *task) *manifest.Line {
	line := t.line()
	switch {
	case t.blob == nil:
		line.Result, line.Reason = manifest.Missing, "there is no blob of this name"
	case t.blob.Size != t.object.Size:
		v := checksum.Compare(checksum.Side{Size: t.object.Size}, checksum.Side{Size: t.blob.Size})
		line.Result, line.Reason = manifest.Different, v.Reason
	default:
		return nil
	}
	return line
}

// byListing is what the listings prove; nil when the two sides have to be asked.
// Equal names and sizes alone prove nothing, which the line says.
func (m *Mover) byListing(t *task) *manifest.Line {
	if line := m.same(t); line != nil {
		return line
	}
	line := t.line()
	line.Result = manifest.Same
	if t.object.Size == 0 {
		line.Proof = move.Bound
		return line
	}
	if contradicts(t) {
		return nil
	}
	line.Reason = "the listings hold nothing of the content that can be compared"
	return line
}

func (v verifying) work(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	m := v.m
	if t.folder {
		return m.verifyFolder(ctx, t)
	}
	if t.renamed {
		if err := m.look(ctx, t); err != nil {
			return m.outcome(ctx, t, err)
		}
		if line := m.lacking(t); line != nil {
			return line, nil
		}
		if v.level == LevelListing {
			if line := m.byListing(t); line != nil {
				return line, nil
			}
		}
	}
	for n := 1; ; n++ {
		line, err := v.compare(ctx, r, t)
		if err == nil {
			m.health.good()
			return line, nil
		}
		if _, err = m.changed(ctx, t, err); err != nil {
			return m.outcome(ctx, t, err)
		}
		if n == attempts {
			line := t.line()
			line.Result, line.Reason = manifest.Changing, "it changed each time that it was read"
			return line, nil
		}
		if line := m.lacking(t); line != nil {
			return line, nil
		}
	}
}

func (v verifying) compare(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	if v.level == LevelFull && !v.m.archived(&t.object) {
		line, _, err := v.m.readBoth(ctx, r, t)
		return line, err
	}
	return v.m.heads(ctx, t)
}

// heads compares what both sides say of one object when they are asked for it.
func (m *Mover) heads(ctx context.Context, t *task) (*manifest.Line, error) {
	if err := m.gate.Enter(ctx); err != nil {
		return nil, err
	}
	defer m.gate.Leave(0)
	source, err := m.source.Head(ctx, t.object.Ref())
	if err != nil {
		return nil, atSource(err)
	}
	target, err := m.target.Head(ctx, t.name)
	if err != nil {
		return nil, atTarget(err)
	}
	line := t.line()
	line.Result, line.Parts = manifest.Same, source.Parts
	here := checksum.Source(source, false)
	verdict := checksum.Compare(here, checksum.Side{Size: target.Size, Sums: target.Sums, Claimed: true})
	line.Sums, line.Proof = known(here.Sums, object.Sums{}), verdict.Proof
	if verdict.Differ {
		line.Result, line.Proof, line.Reason = manifest.Different, move.Unproved, verdict.Reason
		return line, nil
	}
	if verdict.Proof == move.Unproved {
		line.Reason = verdict.Reason
		m.byMark(t, here, target, line)
	}
	if reason := m.dressed(t, source, target); reason != "" {
		line.Result, line.Reason = manifest.Different, reason
	}
	return line, nil
}

// byMark compares the mark with what the source holds now.
func (m *Mover) byMark(t *task, source checksum.Side, target object.Head, line *manifest.Line) {
	same, proved, crc, hasCRC := marked(markIn(target.Metadata), &t.object)
	switch {
	case !same:
	case hasCRC && source.Sums.Known.Has(object.CRC64) && crc != source.Sums.CRC64:
		line.Result, line.Reason = manifest.Different, "the mark is of another content"
	case proved:
		line.Proof, line.Reason = move.Recorded, ""
	}
}

// dressed compares headers and metadata, and returns what is not as it would be
// copied; "" for nothing.
func (m *Mover) dressed(t *task, source, target object.Head) string {
	var w object.Write
	a := attributes{&w, &manifest.Line{}, ""}
	source.Tags = noTags
	if refused, _ := m.attributes(context.Background(), t, source, a); refused {
		return ""
	}
	switch {
	case !maps.Equal(withoutMark(w.Metadata), withoutMark(target.Metadata)):
		return "the metadata are not equal"
	case w.Headers.Type != target.Headers.Type && w.Headers.Type != "":
		return "Content-Type is " + quoted(w.Headers.Type) + " at the source, " + quoted(target.Headers.Type) + " at the target"
	}
	w.Headers.Type, target.Headers.Type = "", ""
	target.Headers.Expires, target.Headers.Redirect = "", ""
	if w.Headers != target.Headers {
		return "the content headers are not equal"
	}
	return ""
}

// withoutMark is a copy of metadata with names in lower case.
func withoutMark(metadata map[string]string) map[string]string {
	out := make(map[string]string, len(metadata))
	for key, value := range metadata {
		if key = strings.ToLower(key); key != name.Mark {
			out[key] = value
		}
	}
	return out
}

func (m *Mover) verifyFolder(ctx context.Context, t *task) (*manifest.Line, error) {
	line := t.line()
	line.Result, line.Proof = manifest.Same, move.Bound
	_, err := m.target.Head(ctx, t.name[:len(t.name)-1])
	if fault.Is(err, fault.NotFound) {
		line.Result, line.Proof, line.Reason = manifest.Missing, move.Unproved, "there is no folder of this name"
		return line, nil
	}
	if err != nil {
		return m.outcome(ctx, t, atTarget(err))
	}
	return line, nil
}

func (v verifying) extra(ctx context.Context, b *object.Blob) (*manifest.Line, bool, error) {
	line, err := v.m.stray(ctx, b)
	return line, false, err
}

func (v verifying) last(context.Context, *run, *object.Blob) (*manifest.Line, error) {
	return nil, nil
}
