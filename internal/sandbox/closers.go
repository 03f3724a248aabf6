package sandbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

// The order in which a sandbox is taken down: who asks goes before who
// answers. What has the same rank goes at the same time.
const (
	rankWorkload = iota // the shop
	rankFront           // gate, Resource Manager, name server
	rankBehind          // what a front still has to write
	rankServer          // the servers behind them
	rankEnd
)

// closers are what has to be stopped. The zero value is ready for use by
// several at a time.
type closers struct {
	mu   sync.Mutex
	list []closer
}

type closer struct {
	rank int
	name string
	stop func(context.Context) error
}

func (c *closers) add(rank int, name string, stop func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, closer{rank, name, stop})
}

// closeAll stops everything once and returns what went wrong.
func (c *closers) closeAll(ctx context.Context, log *slog.Logger) []error {
	c.mu.Lock()
	list := c.list
	c.list = nil
	c.mu.Unlock()
	var errs []error
	var mu sync.Mutex
	for rank := range rankEnd {
		var all sync.WaitGroup
		for _, one := range list {
			if one.rank != rank {
				continue
			}
			all.Go(func() {
				began := time.Now()
				err := one.stop(ctx)
				log.Info("stopped", slog.String("part", one.name), slog.Float64("seconds", seconds(time.Since(began))))
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, fault.Wrap(err, "stop "+one.name, ""))
				}
			})
		}
		all.Wait()
	}
	return errs
}
