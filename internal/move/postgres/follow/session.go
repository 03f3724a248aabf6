package follow

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// purpose is how the sessions of this package show in pg_stat_activity.
const purpose = "follow"

// within does a piece of work in a session of its own.
func within(ctx context.Context, at pg.Endpoint, work func(*pgx.Conn) error) error {
	conn, err := at.Connect(ctx, purpose)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

// session is one that is opened again after it was cut.
type session struct {
	at   pg.Endpoint
	conn *pgx.Conn
}

func (s *session) get(ctx context.Context) (*pgx.Conn, error) {
	if s.conn != nil && !s.conn.IsClosed() {
		return s.conn, nil
	}
	conn, err := s.at.Connect(ctx, purpose)
	s.conn = conn
	return conn, err
}

func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close(context.Background()) // it is of no use any more
		s.conn = nil
	}
}
