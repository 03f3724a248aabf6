package app

import (
	"cmp"
	"slices"
	"sync"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/view"
)

// collecting is the sink of all scanners of one assessment: it hands what they
// find to the builder and moves the progress bar.
type collecting struct {
	mu      sync.Mutex
	builder *inventory.Builder
	bar     *view.Bar
	// unread and refused are collected apart when there is no builder.
	unread  []inventory.Unread
	refused []inventory.Refused
	found   int64
	planned int64
	done    int64
}

var _ source.Sink = (*collecting)(nil)

func (c *collecting) Found(o ...inventory.Observation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range o {
		if err := c.builder.Add(one); err != nil {
			return err
		}
	}
	c.found += int64(len(o))
	return nil
}

func (c *collecting) Unread(u inventory.Unread) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.builder == nil {
		c.unread = append(c.unread, u)
		return
	}
	c.builder.Unread(u)
}

func (c *collecting) Refused(r inventory.Refused) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.builder == nil {
		c.refused = append(c.refused, r)
		return
	}
	c.builder.Refused(r)
}

func (c *collecting) Input(name, fingerprint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.builder != nil { // the logs' fingerprints are inputs of the graph
		c.builder.Input(name, fingerprint)
	}
}

func (c *collecting) Scope(account, region string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.builder.Scope(account, region)
}

// begin starts the count of another piece of work.
func (c *collecting) begin(bar *view.Bar) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bar, c.planned, c.done = bar, 0, 0
}

// gaps returns what was collected, in order and each once.
func (c *collecting) gaps() ([]inventory.Unread, []inventory.Refused) {
	slices.SortFunc(c.unread, func(a, b inventory.Unread) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Account, b.Account),
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Hides, b.Hides))
	})
	slices.SortFunc(c.refused, func(a, b inventory.Refused) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(c.unread), slices.Compact(c.refused)
}

// Planned may grow while the work goes on: a page that was read asks for more.
func (c *collecting) Planned(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.planned += n
	c.bar.Plan(c.planned)
}

func (c *collecting) Done(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
	c.bar.Set(c.done)
}
