package records

import "sync"

// Tally holds sums by key for all workers, up to a limit. When there are more
// keys it halves the range of ranks that may stay, and hands the others to
// Spill. Which keys stay therefore depends on the set of keys alone, never on
// the order of files or on the number of workers.
type Tally[K comparable, V any] struct {
	// Limit is how many keys stay.
	Limit int
	// Rank must depend on the key alone and be spread evenly over its range; keys
	// that share a rank stay or go together. The smallest stay longest.
	Rank func(*K) uint64
	// Add merges the second value into the first, in any order.
	Add func(*V, *V)
	// Spill takes a key that does not fit, with its value; it is not called
	// concurrently.
	Spill func(K, *V)

	mu     sync.Mutex
	rows   map[K]*V
	halved uint
}

// Take merges the rows of a worker and empties them. The values are copied, so
// the worker may use theirs again.
func (t *Tally[K, V]) Take(rows map[K]*V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[K]*V{}
	}
	for k, v := range rows {
		t.take(k, v)
	}
	clear(rows)
}

func (t *Tally[K, V]) take(k K, v *V) {
	if known := t.rows[k]; known != nil {
		t.Add(known, v)
		return
	}
	if !t.fits(&k) {
		t.Spill(k, v)
		return
	}
	kept := *v
	t.rows[k] = &kept
	for len(t.rows) > t.Limit && t.halved < 64 {
		t.halved++
		for k, v := range t.rows {
			if !t.fits(&k) {
				t.Spill(k, v)
				delete(t.rows, k)
			}
		}
	}
}

func (t *Tally[K, V]) fits(k *K) bool { return t.halved == 0 || t.Rank(k) <= ^uint64(0)>>t.halved }

// Rows are the sums. They belong to the caller once all workers are done.
func (t *Tally[K, V]) Rows() map[K]*V {
	if t.rows == nil {
		t.rows = map[K]*V{}
	}
	return t.rows
}
