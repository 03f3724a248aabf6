package pg

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/internal/fault"
)

// connectWithin bounds one try to connect, TLS and authentication included.
const connectWithin = 30 * time.Second

// applicationName is how sessions of Landfall show in pg_stat_activity, followed
// by what they are for.
const applicationName = "landfall"

// Endpoint is a database of a server and the login to it. The zero value is not
// usable: Parse.
type Endpoint struct {
	config *pgx.ConnConfig
	files  files
}

// Parse reads a URL (postgres://user:password@host:port/database?sslmode=...) or a
// connection string of keywords and values, completed by PGPASSFILE, PGSSLROOTCERT
// and the other variables of libpq. Errors are fault.Usage, without the text: it
// may hold a password.
func Parse(text string) (Endpoint, error) {
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return Endpoint{}, fault.Newf(fault.Usage, "read a PostgreSQL URL: it is not of the form postgres://USER@HOST:PORT/DATABASE?sslmode=require").
			Hintf("keep the password out of it: PGPASSWORD, or a line in the file that PGPASSFILE names")
	}
	if config.Database == "" {
		config.Database = config.User
	}
	return Endpoint{config, filesOf(text)}, nil
}

// Valid reports whether the endpoint came from Parse.
func (e Endpoint) Valid() bool { return e.config != nil }

// Database is the name of the database.
func (e Endpoint) Database() string { return e.config.Database }

// User is the name of the login.
func (e Endpoint) User() string { return e.config.User }

// Host is the name or address of the server.
func (e Endpoint) Host() string { return e.config.Host }

// Password is for programs of PostgreSQL that are run: in their environment, never
// among their arguments.
func (e Endpoint) Password() string { return e.config.Password }

// WithDatabase is the same server and login, and another database.
func (e Endpoint) WithDatabase(name string) Endpoint {
	c := e.config.Copy()
	c.Database = name
	return Endpoint{c, e.files}
}

// Through is the same database and login by another address, host or host:port; the
// zero value for "".
func (e Endpoint) Through(address string) (Endpoint, error) {
	if address == "" {
		return Endpoint{}, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, strconv.Itoa(int(e.config.Port))
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" {
		return Endpoint{}, fault.Newf(fault.Usage, "read the address %q of a server: want HOST or HOST:PORT", address)
	}
	c := e.config.Copy()
	c.Host, c.Port, c.Fallbacks = host, uint16(number), nil
	return Endpoint{c, e.files}, nil
}

// String is the URL without password and options.
func (e Endpoint) String() string {
	if e.config == nil {
		return ""
	}
	return fmt.Sprintf("postgres://%s@%s/%s", e.config.User, net.JoinHostPort(e.config.Host, strconv.Itoa(int(e.config.Port))), e.config.Database)
}

// Conninfo is the connection string with the password, for a subscription of
// another server: it goes from memory to that server and nowhere else.
func (e Endpoint) Conninfo(more map[string]string) string {
	words := []string{
		"host=" + quoteValue(e.config.Host), "port=" + strconv.Itoa(int(e.config.Port)),
		"user=" + quoteValue(e.config.User), "password=" + quoteValue(e.config.Password), "dbname=" + quoteValue(e.config.Database),
		"sslmode=" + e.TLS(),
	}
	for _, key := range sorted(more) {
		words = append(words, key+"="+quoteValue(more[key]))
	}
	return strings.Join(words, " ")
}

// TLS is the sslmode that says what the endpoint demands: "disable", "prefer",
// "require" or "verify-full".
func (e Endpoint) TLS() string {
	c := e.config.TLSConfig
	switch {
	case c == nil:
		return "disable"
	case c.InsecureSkipVerify && c.VerifyPeerCertificate == nil && c.VerifyConnection == nil:
		for _, f := range e.config.Fallbacks {
			if f.TLSConfig == nil {
				return "prefer"
			}
		}
		return "require"
	}
	return "verify-full"
}

func quoteValue(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// session are the settings that make values read the same on every server, and
// keep limits that were meant for applications away from long statements
// (PostgreSQL manual, "Client Connection Defaults").
func session() map[string]string {
	return map[string]string{
		"client_encoding": "UTF8", "datestyle": "ISO, YMD", "intervalstyle": "postgres", "timezone": "UTC",
		"extra_float_digits": "3", "bytea_output": "hex", "standard_conforming_strings": "on", "xmlbinary": "base64",
		"search_path": "", "row_security": "off", "synchronize_seqscans": "off",
		"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
		// A fence makes it "on" for everybody else.
		"default_transaction_read_only": "off",
	}
}

// Connect opens a session for a purpose of one or two words, which people see in
// pg_stat_activity. Row security is off: a table that would hide rows is an error.
func (e Endpoint) Connect(ctx context.Context, purpose string) (*pgx.Conn, error) {
	c := e.with(purpose, session())
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, e.unreachable(err)
	}
	return conn, nil
}

// Guest opens a session as an application does: with the settings that the server,
// the database and the login have for everybody.
func (e Endpoint) Guest(ctx context.Context, purpose string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, e.with(purpose, nil))
	if err != nil {
		return nil, e.unreachable(err)
	}
	return conn, nil
}

// Wire opens a session like Connect and hands out the connection itself, for
// protocols that pgx does not speak.
func (e Endpoint) Wire(ctx context.Context, purpose string) (*pgconn.PgConn, error) {
	conn, err := pgconn.ConnectConfig(ctx, &e.with(purpose, session()).Config)
	return conn, e.unreachable(err)
}

// Replication opens a session that speaks the streaming replication protocol for
// logical decoding. The login needs the attribute REPLICATION, or what the managed
// services have for it.
func (e Endpoint) Replication(ctx context.Context, purpose string) (*pgconn.PgConn, error) {
	settings := session()
	settings["replication"] = "database"
	conn, err := pgconn.ConnectConfig(ctx, &e.with(purpose, settings).Config)
	return conn, e.unreachable(err)
}

func (e Endpoint) with(purpose string, settings map[string]string) *pgx.ConnConfig {
	c := e.config.Copy()
	params := maps.Clone(c.RuntimeParams)
	if params == nil {
		params = map[string]string{}
	}
	maps.Copy(params, settings)
	params["application_name"] = strings.TrimSpace(applicationName + " " + purpose)
	c.RuntimeParams = params
	if c.ConnectTimeout == 0 || c.ConnectTimeout > connectWithin {
		c.ConnectTimeout = connectWithin
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 6}}
	c.DialFunc = dialer.DialContext
	// No statement is used so often that its plan is worth a name, and poolers
	// lose names.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	return c
}

// unreachable gives an error of connecting its kind, and leaves out what pgx says
// of the configuration.
func (e Endpoint) unreachable(err error) error {
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	if kind == fault.Internal {
		kind = fault.Unavailable
	}
	return fault.Of(kind, "connect to", e.String(), cause(err))
}
