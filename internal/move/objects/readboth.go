package objects

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// twin reads one object on both sides, span by span.
type twin struct {
	m      *Mover
	r      *run
	t      *task
	ctx    context.Context
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup

	mu     sync.Mutex
	total  *checksum.Total
	heads  bool
	source object.Head
	target object.Head
	differ int64 // the first byte that is not equal, -1 for none
}

// readBoth reads both sides in full and compares them, byte for byte. equal says
// that they are; the line then is of an object that the target has.
func (m *Mover) readBoth(ctx context.Context, r *run, t *task) (line *manifest.Line, equal bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &twin{m: m, r: r, t: t, ctx: ctx, cancel: cancel, total: checksum.NewTotal(t.object.Size), differ: -1}
	spans := blocks(t.object.Size, m.settings.Block)
	if len(spans) == 0 {
		spans = []block{{}}
	}
	for _, b := range spans {
		if ctx.Err() != nil {
			break
		}
		w.wait.Add(1)
		j := &blockJob{twin: w, block: b}
		if len(spans) == 1 || !r.pool.offer(job{block: j}) {
			j.do()
		}
	}
	r.pool.waits(1)
	w.wait.Wait()
	r.pool.waits(-1)
	if cause := context.Cause(ctx); cause != nil {
		return nil, false, cause
	}
	line = t.line()
	line.Parts = w.source.Parts
	if w.differ >= 0 {
		line.Result, line.Reason = manifest.Different, "the contents differ at byte "+strconv.FormatInt(w.differ, 10)
		return line, false, nil
	}
	line.Result, line.Proof = manifest.Same, move.Read
	if crc, whole := w.total.Sum(); whole {
		line.Sums = object.Sums{Known: object.CRC64, CRC64: crc}
	}
	if reason := m.dressed(t, w.source, w.target); reason != "" {
		line.Result, line.Proof, line.Reason = manifest.Different, move.Unproved, reason
		return line, false, nil
	}
	return line, true, nil
}

// carry reads one span of both sides.
func (w *twin) carry(b block) error {
	if err := w.m.gate.Enter(w.ctx); err != nil {
		return err
	}
	defer w.m.gate.Leave(2 * b.size)
	// Both halves come in one piece, so that nobody holds one and waits for the
	// other.
	both, err := w.m.buffers.Get(w.ctx, int(2*b.size))
	if err != nil {
		return err
	}
	defer w.m.buffers.Put(both)
	here, there := both[:b.size], both[b.size:]
	span := object.Span{From: b.from, Size: b.size}
	if b.size == w.t.object.Size {
		span = object.Span{}
	}
	source, err := w.m.read(w.ctx, &w.t.object, span, here)
	if err != nil {
		return err
	}
	target, err := w.m.readBlob(w.ctx, w.t, span, there)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.heads {
		w.source, w.target, w.heads = source, target, true
	}
	if !bytes.Equal(here, there) {
		at := b.from
		for here[at-b.from] == there[at-b.from] {
			at++
		}
		if w.differ < 0 || at < w.differ {
			w.differ = at
		}
		return nil
	}
	return w.total.Add(b.from, b.size, checksum.CRC64(here))
}

// readBlob fills a buffer with a blob or a span of it.
func (m *Mover) readBlob(ctx context.Context, t *task, span object.Span, body []byte) (head object.Head, err error) {
	err = again(ctx, func() error {
		var from io.ReadCloser
		if head, from, err = m.target.Open(ctx, t.name, span, t.blob.ETag); err != nil {
			return atTarget(err)
		}
		defer from.Close()
		if err := fill(from, body); err != nil {
			return atTarget(errBody{fault.Wrap(err, "read blob", t.name)})
		}
		return nil
	})
	return head, err
}
