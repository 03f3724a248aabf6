package objects

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// transfer carries one object over by the path that is in use.
func (m *Mover) transfer(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	if m.settings.NoMark && t.blob != nil && t.blob.Size == t.object.Size {
		// Nothing in the listings says whether this is it already.
		line, equal, err := m.readBoth(ctx, r, t)
		if err != nil || equal {
			return line, err
		}
	}
	if m.settings.Path != Streamed && t.object.Size >= m.settings.ServerFrom {
		if line, err, tried := m.serverSide(ctx, t); tried {
			return line, err
		}
	}
	if t.object.Size <= m.settings.Block {
		return m.transferSmall(ctx, t)
	}
	return m.transferLarge(ctx, r, t)
}

// transferSmall is one GET and one PUT.
func (m *Mover) transferSmall(ctx context.Context, t *task) (*manifest.Line, error) {
	if err := m.gate.Enter(ctx); err != nil {
		return nil, err
	}
	defer m.gate.Leave(t.object.Size)
	body, err := m.buffers.Get(ctx, int(t.object.Size))
	if err != nil {
		return nil, err
	}
	defer m.buffers.Put(body)
	head, err := m.read(ctx, &t.object, object.Span{}, body)
	if err != nil {
		return nil, err
	}
	source := m.sideOf(head, t)
	plan := checksum.PlanOf(source, true)
	here := checksum.Side{Size: t.object.Size, Read: true}
	here.Sums.Known, here.Sums.CRC64 = object.CRC64, checksum.CRC64(body)
	verdict, err := m.prove(ctx, t, proving{source: source, here: here, plan: plan, body: body})
	if err != nil {
		return nil, err
	}
	sums := here.Sums
	if plan.ContentMD5 != nil {
		// Azure checks its body against the hash that S3 holds.
		sums = object.Sums{Known: object.MD5, MD5: source.Sums.MD5}
		verdict = checksum.Verdict{Proof: move.Bound, Kind: "md5"}
	}
	write, line, err := m.dress(ctx, t, head, dressing{crc: here.Sums.CRC64, verdict: verdict})
	if write == nil || err != nil {
		return line, err
	}
	receipt, err := m.target.Put(ctx, *write, body, sums)
	if err != nil {
		if plan.ContentMD5 != nil && isMismatch(err) {
			return nil, t.damaged(here.Sums.CRC64)
		}
		return nil, refusedBody(err)
	}
	m.keeping.learn(receipt)
	line.Sums = known(source.Sums, here.Sums)
	return line, nil
}

// known are the hashes for the manifest: what the source holds of the whole
// content, and what was computed here.
func known(source, here object.Sums) object.Sums {
	if source.Composite {
		return here
	}
	source.Known |= here.Known & object.CRC64
	if here.Known.Has(object.CRC64) {
		source.CRC64 = here.CRC64
	}
	return source
}

// sideOf is what the source says of a content. An ETag that was found to be no
// MD5 of it is none: services with the API of S3 make ETags of their own.
func (m *Mover) sideOf(head object.Head, t *task) checksum.Side {
	side := checksum.Source(head, false)
	if t.otherETag {
		side.Sums.Known &^= object.MD5
		side.HasETag = false
		side.Without = "the ETag is no hash of the content, which was read twice alike"
	}
	return side
}

// damaged remembers the content that did not agree with a hash. The same one
// twice was not damaged on the way.
func (t *task) damaged(crc uint64) error {
	t.otherETag = t.otherETag || t.misread && t.misreadCRC == crc
	t.misread, t.misreadCRC = true, crc
	return errDamaged
}

// refusedBody marks the trouble of a write. A body that is not the one of its
// checksum is read again.
func refusedBody(err error) error {
	if isMismatch(err) {
		return errDamaged
	}
	return atTarget(err)
}

// bodyTries is how often a body is begun that breaks off or arrives damaged, and
// bodyPause the most that is waited between the first two; it doubles.
const (
	bodyTries = 5
	bodyPause = 50 * time.Millisecond
)

// read fills a buffer with an object or a span of it. The drivers try requests
// again, but a body that has begun is ours.
func (m *Mover) read(ctx context.Context, o *object.Object, span object.Span, body []byte) (head object.Head, err error) {
	err = again(ctx, func() (err error) {
		head, err = m.readOnce(ctx, o, span, body)
		return err
	})
	return head, err
}

// errBody is of a body that began and did not end well.
type errBody struct{ error }

func (e errBody) Unwrap() error { return e.error }

// again does what may meet a broken body, a few times.
func again(ctx context.Context, do func() error) error {
	for n := 1; ; n++ {
		err := do()
		if _, broken := errors.AsType[errBody](err); !broken || n == bodyTries || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(rand.N(bodyPause << n))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// readOnce makes sure that there is neither less nor more.
func (m *Mover) readOnce(ctx context.Context, o *object.Object, span object.Span, body []byte) (object.Head, error) {
	head, from, err := m.source.Open(ctx, o.Ref(), span)
	if err != nil {
		return head, atSource(err)
	}
	defer from.Close()
	// Not every server with the API of S3 obeys If-Match.
	if head.Size != o.Size || head.ETag != "" && o.ETag != "" && head.ETag != o.ETag {
		return head, atSource(fault.Of(fault.Conflict, "read object", o.Key, nil))
	}
	if err := fill(from, body); err != nil {
		return head, atSource(errBody{fault.Wrap(err, "read object", o.Key)})
	}
	return head, nil
}

// fill reads exactly the body. Bytes behind it are an error: a service that
// sends more than it said may have sent anything.
func fill(from io.Reader, body []byte) error {
	if _, err := io.ReadFull(from, body); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fault.Newf(fault.Unavailable, "the body ended early")
		}
		return err
	}
	var more [1]byte
	switch n, err := io.ReadFull(from, more[:]); {
	case n > 0:
		return fault.Newf(fault.Unavailable, "the body is longer than was said")
	case err != io.EOF:
		return err
	}
	return nil
}

// proving is what is known of a content that was read.
type proving struct {
	source, here checksum.Side
	plan         checksum.Plan
	// body, or hashes of it that were computed on the way.
	body  []byte
	whole *checksum.Hash
	parts *checksum.Parts
}

// prove compares what was read with what the source says of it. Contents that
// differ are errDamaged.
func (m *Mover) prove(ctx context.Context, t *task, p proving) (checksum.Verdict, error) {
	if p.plan.Whole != 0 {
		if p.whole == nil {
			p.whole = checksum.NewHash(p.plan.Whole)
			_, _ = p.whole.Write(p.body)
		}
		sums := p.whole.Sums()
		sums.Known, sums.CRC64 = sums.Known|object.CRC64, p.here.Sums.CRC64
		p.here.Sums = sums
	}
	if p.plan.Parted != 0 {
		if p.parts == nil {
			sizes, err := m.parts(ctx, &t.object, p.source.Parts)
			if err != nil {
				return checksum.Verdict{}, err
			}
			p.parts = checksum.NewParts(p.plan.Parted, sizes)
			_, _ = p.parts.Write(p.body)
		}
		side := p.parts.Side()
		side.Sums.Known, side.Sums.CRC64 = side.Sums.Known|object.CRC64, p.here.Sums.CRC64
		p.here = side
	}
	if p.plan.Whole == 0 && p.plan.Parted == 0 && crcAgrees(&p.source, &p.here) {
		// The usual case, and the only hash that both have.
		return checksum.Verdict{Proof: move.Bound, Kind: "crc64"}, nil
	}
	verdict := checksum.Compare(p.source, p.here)
	if verdict.Differ {
		return verdict, t.damaged(p.here.Sums.CRC64)
	}
	return verdict, nil
}

func crcAgrees(a, b *checksum.Side) bool {
	return a.Size == b.Size && a.Size > 0 && a.Sums.Known&b.Sums.Known == object.CRC64 && a.Sums.CRC64 == b.Sums.CRC64
}

// parts are the sizes of the parts that an object was uploaded in, nil when they
// cannot be known.
func (m *Mover) parts(ctx context.Context, o *object.Object, count int) ([]int64, error) {
	if count == 1 {
		return []int64{o.Size}, nil
	}
	parted, ok := m.source.(object.Parted)
	if !ok {
		return nil, nil
	}
	sizes, err := parted.Parts(ctx, o.Ref())
	if fault.Is(err, fault.Denied) || fault.Is(err, fault.Unsupported) {
		// Reading attributes is a right of its own; without it there is less proof.
		return nil, nil
	}
	return sizes, atSource(err)
}

// dressing is what goes onto a blob besides what the object has.
type dressing struct {
	crc     uint64
	noCRC   bool
	verdict checksum.Verdict
}

// dress makes what the blob is written with, and the line that stands for it. A
// nil write is an object that is refused; its line says why.
func (m *Mover) dress(ctx context.Context, t *task, head object.Head, d dressing) (*object.Write, *manifest.Line, error) {
	line := t.line()
	line.Result, line.Proof, line.Parts = manifest.Copied, d.verdict.Proof, head.Parts
	if line.Proof == move.Unproved {
		line.Reason = d.verdict.Reason
	}
	w := &object.Write{Name: t.name, IfAbsent: t.blob == nil, Tier: m.mapper.Tier(t.object.Class).Name}
	if t.blob != nil {
		w.IfMatch = t.blob.ETag
	}
	if head.Sums.Known.Has(object.MD5) && !head.Sums.Composite {
		w.MD5 = head.Sums.MD5[:]
	} else if sum, ok := checksum.MD5OfETag(head.ETag, head.Encryption, false); ok && head.Parts <= 1 && !t.otherETag {
		w.MD5 = sum[:]
	}
	text := ""
	if !m.settings.NoMark {
		text = m.mark(t, head, w.MD5, d)
	}
	if refused, err := m.attributes(ctx, t, head, attributes{w, line, text}); refused || err != nil {
		return nil, line, err
	}
	return w, line, nil
}

// mark is that of the blob that an object becomes.
func (m *Mover) mark(t *task, head object.Head, md5 []byte, d dressing) string {
	o := &t.object
	made := mark{
		etag: o.ETag, version: o.Version, size: o.Size, crc: d.crc, hasCRC: !d.noCRC, proof: d.verdict.Proof,
		modified: seconds(o.Modified), md5: sameMD5(o, &object.Blob{MD5: md5}), origin: m.origin,
	}
	if made.version == "" {
		made.version = head.Version
	}
	return made.String()
}

// attributes are a write that is being put together, its line, and its mark.
type attributes struct {
	write *object.Write
	line  *manifest.Line
	mark  string
}

// attributes maps headers, metadata and tags. refused says that the policy does
// not let the object go without something that Azure cannot hold.
func (m *Mover) attributes(ctx context.Context, t *task, head object.Head, a attributes) (refused bool, err error) {
	lose := func(losses []name.Loss, refusal *name.Refusal) bool {
		if refusal != nil {
			a.line.Result, a.line.Proof = manifest.Refused, move.Unproved
			a.line.Reason = string(refusal.Rule) + ": " + refusal.Detail
			return true
		}
		for _, loss := range losses {
			a.line.Losses = append(a.line.Losses, loss.String())
		}
		return false
	}
	headers, losses, refusal := m.mapper.Headers(head.Headers)
	if lose(losses, refusal) {
		return true, nil
	}
	metadata, losses, refusal := m.mapper.Metadata(head.Metadata, a.mark)
	if lose(losses, refusal) {
		return true, nil
	}
	a.write.Headers, a.write.Metadata = headers, metadata
	if losses, refusal = m.mapper.Hidden(head.Hidden); lose(losses, refusal) {
		return true, nil
	}
	tags, err := m.tags(ctx, t, head.Tags)
	if len(tags) == 0 || err != nil {
		return false, err
	}
	mapped, losses, refusal := m.mapper.Tags(tags)
	a.write.Tags = mapped
	return lose(losses, refusal), nil
}

// noTags as a count says that nobody is to ask for tags.
const noTags = -1

// tags reads those of an object that has any. S3 counts them only for those who
// may read them (Amazon S3 API Reference, "GetObject", x-amz-tagging-count): till
// that is known, no count says nothing.
func (m *Mover) tags(ctx context.Context, t *task, count int) (map[string]string, error) {
	if !m.settings.Tags || count == noTags || count == 0 && m.readsTags.Load() {
		return nil, nil
	}
	tags, err := m.source.Tags(ctx, object.Ref{Key: t.object.Key, Version: t.object.Version})
	if count == 0 && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unsupported)) {
		err = nil // services with the API of S3 say so that there are none
	}
	if err != nil {
		return nil, atSource(err)
	}
	m.readsTags.Store(true)
	return tags, nil
}
