package pg

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Raw opens a session like Connect and hands out its bytes: what the server sends
// is read from the reader and never from the connection, since pgconn may already
// be reading that in the background (it does so where a write was slow).
func (e Endpoint) Raw(ctx context.Context, purpose string) (net.Conn, io.Reader, error) {
	config := &e.with(purpose, session()).Config
	var reader io.Reader
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		reader = r // of the last try: the one that connects
		return pgproto3.NewFrontend(r, w)
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, nil, e.unreachable(err)
	}
	hijacked, err := conn.Hijack()
	if err != nil {
		return nil, nil, Fault(errors.Join(err, conn.Close(ctx)), "take over a session of", e.String())
	}
	return hijacked.Conn, reader, nil
}
