package rows

import (
	"context"

	"example.com/landfall/internal/move/postgres/pg"
)

// resolving decides of suspects while changes flow.
type resolving struct {
	shape   shape
	couple  couple
	applied func(context.Context, pg.LSN) error
	rounds  int
	// before are what both sides had in the round before.
	before map[*suspect][2]string
}

// resolve reads suspects again until each is equal, or proved to differ, or the
// rounds are over (open).
//
// A round sees the source, waits until the target has all of that, and sees the
// target, while the source is looked at all the time. The target is right if it has
// one of the versions that the source had since the round began: rows that change
// all the time are found equal that way as well. It is proved wrong if in two rounds one after the other
// the row is the very same version at the source and the very same at the target
// (xmin and ctid), and they differ: between the two views of the source nothing
// happened to the row that the target could still lack.
func (r *resolving) resolve(ctx context.Context, suspects []*suspect) (proved, open []*suspect, err error) {
	r.before = map[*suspect][2]string{}
	open = suspects
	for round := 0; round < r.rounds && len(open) > 0; round++ {
		var wrong []*suspect
		wrong, open, err = r.round(ctx, open)
		if err != nil {
			return nil, nil, err
		}
		proved = append(proved, wrong...)
	}
	return proved, open, nil
}

func (r *resolving) round(ctx context.Context, suspects []*suspect) (proved, open []*suspect, err error) {
	first, err := r.shape.lookup(ctx, r.couple[0], suspects)
	if err != nil {
		return nil, nil, at(0, err)
	}
	seen := make([]map[string]bool, len(suspects))
	for i := range first {
		seen[i] = map[string]bool{first[i].content: true}
	}
	var stop func() error
	wait := func(ctx context.Context, lsn pg.LSN) error {
		stop = r.watch(ctx, suspects, seen)
		return r.applied(ctx, lsn)
	}
	_, err = reach(ctx, r.couple[0], wait)
	var second []sight
	if err == nil {
		second, err = r.shape.lookup(ctx, r.couple[1], suspects)
		err = at(1, err)
	}
	if stop != nil {
		if failed := stop(); err == nil {
			err = at(0, failed)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	for i, one := range suspects {
		marks := [2]string{first[i].mark, second[i].mark}
		before, known := r.before[one]
		r.before[one] = marks
		switch {
		case seen[i][second[i].content]:
		case known && before == marks && len(seen[i]) == 1:
			one.source, one.target = first[i].copies, second[i].copies
			proved = append(proved, one)
		default:
			one.source, one.target = first[i].copies, second[i].copies
			open = append(open, one)
		}
	}
	return proved, open, nil
}

// watch looks at the source again and again until stop is called, and once more
// then.
func (r *resolving) watch(ctx context.Context, suspects []*suspect, seen []map[string]bool) (stop func() error) {
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for last := false; ; {
			sights, err := r.shape.lookup(ctx, r.couple[0], suspects)
			for i := range sights {
				seen[i][sights[i].content] = true
			}
			if err != nil || last {
				done <- err
				return
			}
			select {
			case <-quit:
				last = true
			default:
			}
		}
	}()
	return func() error {
		close(quit)
		return <-done
	}
}
