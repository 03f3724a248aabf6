package objects

import (
	"context"
	"sync"

	"example.com/landfall/internal/move/objects/pace"
)

// job is an object, or a block of one.
type job struct {
	run   *run
	task  *task
	block *blockJob
}

// pool is the workers of one shard. There are as many as the gate lets in, and as
// many more as only wait for the blocks of a large object.
type pool struct {
	gate *pace.Gate
	jobs chan job
	done sync.WaitGroup
	// tasks are those that were submitted and are not done. Blocks are not counted:
	// the worker that gave one out waits for it.
	tasks sync.WaitGroup

	mu      sync.Mutex
	workers int
	waiting int
}

func newPool(gate *pace.Gate) *pool { return &pool{gate: gate, jobs: make(chan job)} }

// submit waits for a worker.
func (p *pool) submit(ctx context.Context, j job) error {
	p.tasks.Add(1)
	if p.offer(j) {
		return nil
	}
	select {
	case p.jobs <- j:
		return nil
	case <-ctx.Done():
		p.tasks.Done()
		return context.Cause(ctx)
	}
}

// offer gives the job to a worker that is idle or new; false when there is none.
func (p *pool) offer(j job) bool {
	select {
	case p.jobs <- j:
		return true
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers-p.waiting >= p.gate.Limit() {
		return false
	}
	p.workers++
	p.done.Go(func() { p.worker(j) })
	return true
}

func (p *pool) worker(j job) {
	for {
		j.do()
		var ok bool
		if j, ok = <-p.jobs; !ok {
			return
		}
	}
}

// waits says that a worker waits for others from now on (1) or no longer (-1).
func (p *pool) waits(n int) {
	p.mu.Lock()
	p.waiting += n
	p.mu.Unlock()
}

// close waits for all that was submitted.
func (p *pool) close() {
	p.tasks.Wait()
	close(p.jobs)
	p.done.Wait()
}

func (j job) do() {
	if j.block != nil {
		j.block.do()
		return
	}
	r, t := j.run, j.task
	defer r.pool.tasks.Done()
	line, err := r.verb.work(r.ctx, r, t)
	if err != nil {
		r.cancel(err)
		return
	}
	r.lines.fill(t.seq, line, t.before)
}
