package rows

import "sync"

// queue hands batches of tables to workers. What of a batch has to be looked at more
// closely goes back into it, for whoever is free: while changes flow, each such table
// waits for the target, and they may as well wait together.
type queue struct {
	mu   sync.Mutex
	more sync.Cond
	left [][]pair
	// busy workers may still put something back; over says that nothing more is handed
	// out.
	busy int
	over bool
	// report takes the result of a table.
	report func(Table) error
}

func newQueue(left [][]pair, report func(Table) error) *queue {
	q := &queue{left: left, report: report}
	q.more.L = &q.mu
	return q
}

// take hands out a batch, and waits while others may put something back. It is to be
// followed by done.
func (q *queue) take() ([]pair, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.left) == 0 && q.busy > 0 && !q.over {
		q.more.Wait()
	}
	if len(q.left) == 0 || q.over {
		return nil, false
	}
	some := q.left[0]
	q.left = q.left[1:]
	q.busy++
	return some, true
}

// done says that a batch that was taken is finished but for these tables.
func (q *queue) done(back []pair) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range back {
		q.left = append(q.left, []pair{p})
	}
	q.busy--
	q.more.Broadcast()
}

// close ends the handing out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over = true
	q.more.Broadcast()
}
