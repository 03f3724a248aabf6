package objects_test

import (
	"context"
	"io"
	"runtime"
	"sync"
	"testing"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/object"
)

// weighed is a target that weighs the heap while it is listed.
type weighed struct {
	madeTarget
	mu    sync.Mutex
	pages int
	most  uint64
}

func (w *weighed) Page(ctx context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages++; w.pages%20 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapInuse)
	}
	return w.madeTarget.Page(ctx, prefix, delimiter, next)
}

// Not parallel: it weighs the heap of the process.
func TestMemoryOfAPassIsFlat(t *testing.T) {
	weigh := func(n int) uint64 {
		m := &made{objects: n, body: body(1, 64), there: true}
		target := &weighed{madeTarget: madeTarget{made: m}}
		s := objects.Settings{Source: "s3://b", Target: "az://a/c", Shards: 1}
		mover, err := objects.New(objects.Ports{Source: madeSource{made: m}, Target: target, Folder: t.TempDir()}, s, move.Limits{})
		fatal(t, err)
		r, err := mover.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard)
		if err != nil || r.Counts.Lines != int64(n) {
			t.Fatalf("%v, %d lines", err, r.Counts.Lines)
		}
		return target.most
	}
	few, many := weigh(100_000), weigh(600_000)
	if many > few+8<<20 {
		t.Errorf("100,000 objects take %d KiB, 600,000 take %d KiB", few>>10, many>>10)
	}
}
