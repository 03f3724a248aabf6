package compare

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
)

// pair is a session on each side: source first.
type pair [2]*pgx.Conn

func connect(ctx context.Context, sides rows.Sides) (pair, error) {
	var p pair
	for i, e := range []pg.Endpoint{sides.Source, sides.Target} {
		var err error
		if p[i], err = e.Connect(ctx, "compare"); err != nil {
			p.close(ctx)
			return pair{}, err
		}
	}
	return p, nil
}

func (p pair) close(ctx context.Context) {
	for _, conn := range p {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}
}

// each does something on both sides at once.
func (p pair) each(do func(side int, conn *pgx.Conn) error) error {
	done := make(chan error, 1)
	go func() { done <- fault.Wrap(do(1, p[1]), "read", "the target") }()
	err := fault.Wrap(do(0, p[0]), "read", "the source")
	if other := <-done; err == nil {
		err = other
	}
	return err
}
