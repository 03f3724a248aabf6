package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
)

// Platform is who runs a server.
type Platform string

// The platforms that differ in what a login may do.
const (
	Plain    Platform = "PostgreSQL"
	RDS      Platform = "Amazon RDS"
	Aurora   Platform = "Amazon Aurora"
	Flexible Platform = "Azure Database for PostgreSQL"
)

// oldest is the oldest version whose logical replication the mover can use: since
// PostgreSQL 10 it is in the server.
const oldest = 100000

// Server is what a session says about its server and about itself.
type Server struct {
	// Version is server_version_num: 150020 for 15.20. Text is server_version.
	Version  int      `json:"version"`
	Text     string   `json:"text"`
	Platform Platform `json:"platform"`
	// Encoding, Collate and CType are those of the database.
	Encoding string `json:"encoding"`
	Collate  string `json:"collate"`
	CType    string `json:"ctype"`
	// Size of the database in bytes.
	Size int64 `json:"size"`
	// Superuser, Replication and CreateDB are attributes of the login.
	Superuser   bool   `json:"superuser"`
	Replication bool   `json:"replication"`
	CreateDB    bool   `json:"createdb"`
	CreateRole  bool   `json:"createrole"`
	User        string `json:"user"`
	// Standby says that the server is in recovery: it can be read only.
	Standby bool `json:"standby"`
	// SystemID tells clusters apart; 0 where the login may not ask.
	SystemID uint64 `json:"systemId,string"`
}

// Major is the major version: 15 for 15.20.
func (s Server) Major() int { return s.Version / 10000 }

// Look asks a session about its server. A server older than PostgreSQL 10 is
// fault.Unsupported.
func Look(ctx context.Context, conn *pgx.Conn) (Server, error) {
	var s Server
	var rds, aurora, flexible bool
	err := conn.QueryRow(ctx, `
SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
       pg_catalog.pg_database_size(d.oid), r.rolsuper, r.rolreplication, r.rolcreatedb, r.rolcreaterole, current_user, pg_catalog.pg_is_in_recovery(),
       EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rds_superuser'),
       EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'aurora_version'),
       EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'azure_pg_admin')
FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user`).Scan(&s.Version, &s.Text, &s.Encoding, &s.Collate, &s.CType,
		&s.Size, &s.Superuser, &s.Replication, &s.CreateDB, &s.CreateRole, &s.User, &s.Standby, &rds, &aurora, &flexible)
	if err != nil {
		return s, Fault(err, "ask the server what it is", "")
	}
	if s.Version < oldest {
		return s, fault.Newf(fault.Unsupported, "move a database of PostgreSQL %s: it has no logical replication of its own, which PostgreSQL 10 brought", s.Text)
	}
	switch {
	case aurora:
		s.Platform = Aurora
	case rds:
		s.Platform = RDS
	case flexible:
		s.Platform = Flexible
	default:
		s.Platform = Plain
	}
	// Not every login may ask: it is left out then.
	if err := conn.QueryRow(ctx, "SELECT system_identifier FROM pg_catalog.pg_control_system()").Scan(&s.SystemID); err != nil && Code(err) == "" {
		return s, Fault(err, "ask the server what it is", "")
	}
	return s, nil
}

// Privileged executes a statement for which a plain server wants a superuser and
// the managed services let their administrators (CREATE SUBSCRIPTION before
// PostgreSQL 16, for one). It is tried as it is; where it is denied and the login
// is a member of a superuser's role, that role executes it.
func Privileged(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.Exec(ctx, sql)
	if Code(err) != "42501" {
		return err
	}
	var role string
	found := conn.QueryRow(ctx, `SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname LIMIT 1`).Scan(&role)
	if found != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SET ROLE "+Quote(role)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	if _, reset := conn.Exec(context.WithoutCancel(ctx), "RESET ROLE"); err == nil {
		err = reset
	}
	return err
}

// LSN is a place in the write-ahead log of one server.
type LSN uint64

// String is the form of the type pg_lsn.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// ParseLSN reads the form of the type pg_lsn.
func ParseLSN(text string) (LSN, error) {
	var high, low uint32
	if n, err := fmt.Sscanf(text, "%X/%X", &high, &low); n != 2 || err != nil {
		return 0, fault.Newf(fault.Invalid, "read the place %q in a write-ahead log: want a form such as 16/B374D848", text)
	}
	return LSN(high)<<32 | LSN(low), nil
}

// Now is the end of the write-ahead log as it is written. An asynchronous commit
// lies behind it: whoever waits for what a snapshot saw takes follow.Mark.
func Now(ctx context.Context, conn *pgx.Conn) (LSN, error) {
	var text string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_current_wal_lsn()::text").Scan(&text); err != nil {
		return 0, Fault(err, "ask for the end of the log", "")
	}
	return ParseLSN(text)
}
