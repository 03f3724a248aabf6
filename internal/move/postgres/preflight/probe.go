package preflight

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"example.com/landfall/internal/move/postgres/pg"
)

// probe is what trying to reach the other server said: refused is "" when it
// worked.
type probe struct {
	// side is the server that connected.
	side    Side
	refused string
}

// noPassword is what a server says that wants a password in the connection string
// of who is no superuser (prohibited_sql_statement_attempted).
const noPassword = "2F003"

// try makes a subscription on one server that connects to the other and does
// nothing there, and drops it. Connecting is all that CREATE SUBSCRIPTION does
// without a slot and without copying (PostgreSQL manual, CREATE SUBSCRIPTION,
// connect and slot_name).
func try(ctx context.Context, on Side, server, other pg.Endpoint) (probe, error) {
	out := probe{side: on}
	conn, err := server.Connect(ctx, "preflight probe")
	if err != nil {
		return out, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return out, err
	}
	name := pg.Quote("landfall_probe_" + hex.EncodeToString(random[:]))
	// The name of the publication is of no matter: that it is not there is a warning.
	err = pg.Privileged(ctx, conn, "CREATE SUBSCRIPTION "+name+" CONNECTION "+literal(other.Conninfo(map[string]string{"connect_timeout": "15"}))+
		" PUBLICATION "+name+" WITH (connect = true, create_slot = false, slot_name = NONE, enabled = false, copy_data = false)")
	if code := pg.Code(err); code == "42501" || code == noPassword {
		return probe{}, nil // a finding of its own: nothing was tried
	}
	if pg.Code(err) == "" && err != nil {
		return out, pg.Fault(err, "try to reach "+other.String()+" from", server.String())
	}
	if err != nil {
		out.refused = pg.Fault(err, "reach "+other.String()+" from", server.String()).Error()
		return out, nil
	}
	return out, pg.Fault(pg.Privileged(context.WithoutCancel(ctx), conn, "DROP SUBSCRIPTION "+name), "drop the probe on", server.String())
}
