package pool

import "sync"

// reserve is how many retries a side may make before its requests have earned
// any: a proxy with little traffic would never retry otherwise.
const reserve = 5

// budget bounds retries to a share of the requests, so that a side in trouble
// does not get twice the load.
type budget struct {
	mu    sync.Mutex
	earn  float64
	saved float64
}

func newBudget(percent int) *budget { return &budget{earn: float64(percent) / 100, saved: reserve} }

// request earns a share of a retry; what is saved has a bound.
func (b *budget) request() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+b.earn, 100)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.earn == 0 || b.saved < 1 {
		return false
	}
	b.saved--
	return true
}
