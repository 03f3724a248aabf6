package objects

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// idSize is the length of all block ids in bytes; the service wants those of one
// blob to have the same, 64 at most ("Put Block").
const idSize = 48

// block is one of a blob.
type block struct {
	index      int
	from, size int64
}

// blocks cuts a content of the size. They are larger where 50,000 would not do.
func blocks(size, want int64) []block {
	const step = 1 << 20
	for (size+want-1)/want > maxBlocks {
		want = ((size+maxBlocks-1)/maxBlocks + step - 1) / step * step
	}
	all := make([]block, 0, (size+want-1)/want)
	for from := int64(0); from < size; from += want {
		all = append(all, block{len(all), from, min(want, size-from)})
	}
	return all
}

// identity stands for one version of one object in block ids.
func identity(o *object.Object) [8]byte {
	h := sha256.New()
	for _, s := range []string{o.Key, o.Version, o.ETag} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		_, _ = h.Write([]byte(s))
	}
	_, _ = h.Write(binary.AppendVarint(nil, o.Size))
	_, _ = h.Write(binary.AppendVarint(nil, seconds(o.Modified)))
	return [8]byte(h.Sum(nil))
}

// id says what is in a block, so that one that was staged before a kill is known
// again: "LF1", identity, index, offset, size, CRC64, and zeros.
func (b block) id(of [8]byte, crc uint64) string {
	id := make([]byte, 0, idSize)
	id = append(append(id, "LF1"...), of[:]...)
	id = binary.BigEndian.AppendUint32(id, uint32(b.index))
	id = binary.BigEndian.AppendUint64(id, uint64(b.from))
	id = binary.BigEndian.AppendUint64(id, uint64(b.size))
	id = binary.BigEndian.AppendUint64(id, crc)
	return string(id[:idSize])
}

// fetchedID is that of a block that the target fetched: what is in it is not
// known beforehand, so nobody takes it for one that was sent.
func (b block) fetchedID(of [8]byte) string { return "LF2" + b.id(of, 0)[3:] }

// crcOf reads the CRC64 out of an id; false when it is another block's.
func (b block) crcOf(id string, of [8]byte) (uint64, bool) {
	const at = 3 + 8 + 4 + 8 + 8
	if len(id) != idSize {
		return 0, false
	}
	crc := binary.BigEndian.Uint64([]byte(id[at : at+8]))
	return crc, b.id(of, crc) == id
}

// large is one object being carried over in blocks.
type large struct {
	m      *Mover
	r      *run
	t      *task
	ctx    context.Context
	cancel context.CancelCauseFunc
	of     [8]byte
	blocks []block
	ids    []string
	wait   sync.WaitGroup

	mu    sync.Mutex
	total *checksum.Total
	// sent is what progress counts of it so far.
	sent int64
}

// blockJob is a block that another worker carries over.
type blockJob struct {
	large *large
	// twin is set instead of large when both sides are read.
	twin  *twin
	block block
	// body is the content where it is read already: it comes with its place in the
	// gate, for whoever waits for one must not hold the other.
	body []byte
}

func (j *blockJob) do() {
	if w := j.twin; w != nil {
		defer w.wait.Done()
		if err := w.carry(j.block); err != nil {
			w.cancel(err)
		}
		return
	}
	defer j.large.wait.Done()
	err := j.carry()
	if err != nil {
		j.large.cancel(err)
	}
}

// transferLarge reads spans and stages them as blocks, many at once, and makes
// the blob of them.
func (m *Mover) transferLarge(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &large{
		m: m, r: r, t: t, ctx: ctx, cancel: cancel, of: identity(&t.object),
		blocks: blocks(t.object.Size, m.settings.Block), total: checksum.NewTotal(t.object.Size),
	}
	l.ids = make([]string, len(l.blocks))
	defer func() { m.meter.partial.Add(-l.sent) }()
	if err := l.resume(); err != nil {
		return nil, err
	}
	line, err := l.run()
	if err != nil && errors.Is(err, object.ErrForeignBlocks) {
		// Somebody stages blocks under this name, or ours have expired.
		if err := m.unstage(ctx, t); err != nil {
			return nil, err
		}
		return nil, errDamaged
	}
	return line, err
}

// resume finds the blocks that are staged already. Blocks of others whose ids
// have another length would make the service refuse ours.
func (l *large) resume() error {
	staged, err := l.m.target.Staged(l.ctx, l.t.name)
	if err != nil {
		return atTarget(err)
	}
	if len(staged) == 0 {
		return nil
	}
	known := make(map[uint32]object.Block, len(staged))
	mine := func(staged object.Block, i uint32) bool {
		if int64(i) >= int64(len(l.blocks)) || staged.Size != l.blocks[i].size {
			return false
		}
		_, ours := l.blocks[i].crcOf(staged.ID, l.of)
		return ours
	}
	for _, b := range staged {
		if len(b.ID) != idSize {
			return l.m.unstage(l.ctx, l.t)
		}
		if l.t.misread {
			// What is staged may be what was damaged.
			continue
		}
		// Several may have one place: of another version, of other settings.
		if i := binary.BigEndian.Uint32([]byte(b.ID[11:15])); mine(b, i) {
			known[i] = b
		}
	}
	for i, b := range l.blocks {
		there, ok := known[uint32(i)]
		if !ok {
			continue
		}
		crc, _ := b.crcOf(there.ID, l.of)
		l.ids[i] = there.ID
		if err := l.count(b, crc); err != nil {
			return err
		}
	}
	return nil
}

// unstage drops the uncommitted blocks of a name, and looks at the blob again,
// which has another ETag then.
func (m *Mover) unstage(ctx context.Context, t *task) error {
	cleaner, ok := m.target.(object.Cleaner)
	if !ok {
		return atTarget(object.ErrForeignBlocks)
	}
	if err := cleaner.Unstage(ctx, t.name); err != nil {
		return atTarget(err)
	}
	had := t.blob
	if err := m.look(ctx, t); err != nil {
		return err
	}
	if had != nil && t.blob != nil && t.blob.Size != had.Size {
		return errDamaged
	}
	return nil
}

// run carries over what is missing.
func (l *large) run() (*manifest.Line, error) {
	head, err := l.m.source.Head(l.ctx, l.t.object.Ref())
	if err != nil {
		return nil, atSource(err)
	}
	source := l.m.sideOf(head, l.t)
	p := proving{source: source, plan: checksum.PlanOf(source, false)}
	if p.plan.Whole != 0 || p.plan.Parted != 0 {
		err = l.inOrder(&p)
	} else {
		l.anyOrder()
	}
	l.r.pool.waits(1)
	l.wait.Wait()
	l.r.pool.waits(-1)
	if cause := context.Cause(l.ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, err
	}
	return l.commit(p, head)
}

// anyOrder gives blocks to workers that have nothing to do, and carries over the
// others itself.
func (l *large) anyOrder() {
	for _, b := range l.blocks {
		if l.ctx.Err() != nil {
			return
		}
		if l.ids[b.index] != "" {
			continue
		}
		l.wait.Add(1)
		j := &blockJob{large: l, block: b}
		if !l.r.pool.offer(job{block: j}) {
			j.do()
		}
	}
}

// inOrder reads all blocks one after the other, because a hash goes over the
// whole content; what is staged already is read and not sent.
func (l *large) inOrder(p *proving) error {
	if p.plan.Parted != 0 {
		sizes, err := l.m.parts(l.ctx, &l.t.object, p.source.Parts)
		if err != nil {
			return err
		}
		p.parts = checksum.NewParts(p.plan.Parted, sizes)
	}
	if p.plan.Whole != 0 {
		p.whole = checksum.NewHash(p.plan.Whole)
	}
	for _, b := range l.blocks {
		if err := l.next(p, b); err != nil {
			return err
		}
		if l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
	}
	return nil
}

// next reads a block for the hashes, and lets another worker stage it.
func (l *large) next(p *proving, b block) error {
	if err := l.m.gate.Enter(l.ctx); err != nil {
		return err
	}
	body, err := l.read(b)
	if err != nil {
		l.m.gate.Leave(0)
		return err
	}
	if p.whole != nil {
		_, _ = p.whole.Write(body)
	}
	if p.parts != nil {
		_, _ = p.parts.Write(body)
	}
	j := &blockJob{large: l, block: b, body: body}
	if id := l.ids[b.index]; id != "" {
		crc, _ := b.crcOf(id, l.of)
		equal := crc == checksum.CRC64(body)
		j.release()
		if !equal {
			return l.t.damaged(crc)
		}
		return nil
	}
	l.wait.Add(1)
	if !l.r.pool.offer(job{block: j}) {
		j.do()
	}
	return nil
}

// carry reads the block, if that is not done, and stages it.
func (j *blockJob) carry() error {
	l := j.large
	if j.body == nil {
		if err := l.m.gate.Enter(l.ctx); err != nil {
			return err
		}
		var err error
		if j.body, err = l.read(j.block); err != nil {
			l.m.gate.Leave(0)
			return err
		}
	}
	defer j.release()
	return l.send(j.block, j.body)
}

// release gives back the memory and the place.
func (j *blockJob) release() {
	j.large.m.buffers.Put(j.body)
	j.large.m.gate.Leave(j.block.size)
}

func (l *large) read(b block) ([]byte, error) {
	if err := l.m.spent(); err != nil {
		return nil, err
	}
	body, err := l.m.buffers.Get(l.ctx, int(b.size))
	if err != nil {
		return nil, err
	}
	if _, err := l.m.read(l.ctx, &l.t.object, object.Span{From: b.from, Size: b.size}, body); err != nil {
		l.m.buffers.Put(body)
		return nil, err
	}
	return body, nil
}

func (l *large) send(b block, body []byte) error {
	crc := checksum.CRC64(body)
	id := b.id(l.of, crc)
	_, err := l.m.target.Stage(l.ctx, l.t.name, id, body, object.Sums{Known: object.CRC64, CRC64: crc})
	if err != nil {
		return refusedBody(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids[b.index] = id
	return l.count(b, crc)
}

// count adds a block that is staged. The lock is held, or not needed yet.
func (l *large) count(b block, crc uint64) error {
	l.sent += b.size
	l.m.meter.partial.Add(b.size)
	return l.total.Add(b.from, b.size, crc)
}

// commit makes the blob, once the content is proved as far as it can be.
func (l *large) commit(p proving, head object.Head) (*manifest.Line, error) {
	crc, whole := l.total.Sum()
	if !whole {
		return nil, errDamaged
	}
	p.here = checksum.Side{Size: l.t.object.Size, Read: true, Sums: object.Sums{Known: object.CRC64, CRC64: crc}}
	verdict, err := l.m.prove(l.ctx, l.t, p)
	if err != nil {
		return nil, err
	}
	write, line, err := l.m.dress(l.ctx, l.t, head, dressing{crc: crc, verdict: verdict})
	if write == nil || err != nil {
		return line, err
	}
	if err := l.m.gate.Enter(l.ctx); err != nil {
		return nil, err
	}
	defer l.m.gate.Leave(0)
	receipt, err := l.m.target.Commit(l.ctx, *write, l.ids)
	if err != nil {
		return nil, atTarget(err)
	}
	l.m.keeping.learn(receipt)
	line.Sums = known(p.source.Sums, p.here.Sums)
	return line, nil
}
