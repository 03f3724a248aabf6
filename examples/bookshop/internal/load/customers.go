package load

import (
	"fmt"
	"sync"

	"example.com/landfall/examples/bookshop/internal/journal"
)

// customer is a simulated customer that is ready to order.
type customer struct {
	name     string
	sequence int64 // of the next order
}

// customers hands out customers such that each has one order on the way at
// most. With two on the way the shop might rightly take the second one first,
// and the audit could not tell that from a reordering by a migration.
type customers struct {
	run string

	mu     sync.Mutex
	ready  []customer // the longest waiting first
	count  int
	orders int
}

// fewestCustomers order in turn from the start, however slow the rate: an
// order kept among many says more than one kept for a single customer.
const fewestCustomers = 20

func newCustomers(run string) *customers {
	c := &customers{run: run}
	for range fewestCustomers {
		c.ready = append(c.ready, c.newcomer())
	}
	return c
}

// newcomer is a customer who has not ordered yet. The lock is held, or nobody
// else knows c.
func (c *customers) newcomer() customer {
	c.count++
	return customer{name: fmt.Sprintf("%s-c%07d", c.run, c.count), sequence: 1}
}

// next returns the id of the next order and the customer who places it.
func (c *customers) next() (id string, who customer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders++
	id = fmt.Sprintf("%s-%08d", c.run, c.orders)
	if len(c.ready) > 0 {
		who, c.ready = c.ready[0], c.ready[1:]
		return id, who
	}
	return id, c.newcomer()
}

// back returns a customer whose order has its outcome. After an unknown one
// the customer orders no more: the order may still arrive, behind later ones.
func (c *customers) back(who customer, outcome journal.Outcome) {
	if outcome == journal.Unknown {
		return
	}
	who.sequence++
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = append(c.ready, who)
}
