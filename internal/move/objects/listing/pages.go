package listing

import (
	"context"
	"sync"
)

// Pages yields one side page by page; an empty page is the end. It is for one
// goroutine at a time. Close ends it early, or after its end, and may be called
// twice.
type Pages[T any] interface {
	Next(ctx context.Context) ([]T, error)
	Close()
}

// fetch reads the page that next continues, "" being the first one.
type fetch[T any] func(ctx context.Context, next string) (page []T, after string, err error)

// pager goes through several ranges one after another.
type pager[T any] struct {
	ranges []fetch[T]
	next   string
}

func (p *pager[T]) Next(ctx context.Context) ([]T, error) {
	for len(p.ranges) > 0 {
		page, next, err := p.ranges[0](ctx, p.next)
		if err != nil {
			return nil, err
		}
		p.next = next
		if next == "" {
			p.ranges[0] = nil // it may hold a page
			p.ranges = p.ranges[1:]
		}
		if len(page) > 0 {
			return page, nil
		}
	}
	return nil, nil
}

func (p *pager[T]) Close() { p.ranges = nil }

// result is what a read-ahead has at hand.
type result[T any] struct {
	page []T
	err  error
}

// ahead reads pages before they are asked for: one hand-over per page.
type ahead[T any] struct {
	pages  Pages[T]
	out    chan result[T]
	cancel context.CancelFunc
	done   sync.WaitGroup
	ended  error
	over   bool
}

// Ahead reads the next pages while one is worked on, depth of them at most. The
// context given bounds the reading; Close waits for its end.
func Ahead[T any](ctx context.Context, pages Pages[T], depth int) Pages[T] {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead[T]{pages: pages, out: make(chan result[T], max(depth-1, 0)), cancel: cancel}
	a.done.Go(func() {
		defer close(a.out)
		for {
			page, err := pages.Next(ctx)
			select {
			case a.out <- result[T]{page, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || len(page) == 0 {
				return
			}
		}
	})
	return a
}

func (a *ahead[T]) Next(ctx context.Context) ([]T, error) {
	if a.over {
		return nil, a.ended
	}
	select {
	case r, ok := <-a.out:
		if !ok {
			// The reader gives up without a word only when it was told to.
			a.over, a.ended = true, context.Canceled
			return nil, a.ended
		}
		if r.err != nil || len(r.page) == 0 {
			a.over, a.ended = true, r.err
		}
		return r.page, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *ahead[T]) Close() {
	a.cancel()
	a.done.Wait()
	a.pages.Close()
}
