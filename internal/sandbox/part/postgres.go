package part

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/tools"
)

// PostgresOptions configures Postgres.
type PostgresOptions struct {
	// Name tells clusters apart: "aws", "azure".
	Name string
	// Superuser and Password are the owner of the cluster, whom a managed
	// service hands to nobody.
	Superuser, Password string
	// Certificate and Key (PEM) switch TLS on; RequireTLS refuses the rest.
	Certificate, Key []byte
	RequireTLS       bool
	// Settings are added to postgresql.conf, in this order.
	Settings []Setting
	// Statements run once on the new cluster, as the superuser.
	Statements []Statement
	// Port is fixed, PreferredPort used when it is free; 0 means any.
	Port, PreferredPort int
}

// Setting is one line of postgresql.conf.
type Setting struct{ Name, Value string }

// Statement is SQL to run in a database.
type Statement struct{ Database, SQL string }

// initWithin bounds initdb, which takes one or two seconds on an idle machine.
const initWithin = 2 * time.Minute

// Postgres is a PostgreSQL cluster as a managed service runs it: reachable by
// TCP only, passwords by SCRAM, logical replication on.
func Postgres(o PostgresOptions) Server {
	return Server{
		Name: "postgres-" + o.Name, Tool: tools.PostgreSQL, Unprivileged: "postgres",
		Ports:       []Port{{Fixed: o.Port, Preferred: o.PreferredPort}},
		ReadyWithin: 3 * time.Minute, // initdb included, and crash recovery after a restart
		Prepare:     func(ctx context.Context, s Site) error { return prepareCluster(ctx, o, s) },
		Command:     func(s Site) Command { return postgresCommand(o, s) },
		Healthy:     func(ctx context.Context, s Site) error { return askPostgres(ctx, o, s) },
		Furnish:     func(ctx context.Context, s Site) error { return furnishCluster(ctx, o, s) },
	}
}

func clusterDir(s Site) string { return filepath.Join(s.Dir, "cluster") }

// PostgresTitle begins the command line of every process of the sandbox's
// clusters but the first: they write a title over their environment, and with
// it over the tag (cluster_name is part of the title).
func PostgresTitle(tag string) string { return "postgres: landfall-" + tag }

func postgresCommand(o PostgresOptions, s Site) Command {
	host, port := splitAddress(s.Address(0))
	return Command{
		Path: s.Tool.Program("postgres"),
		Args: []string{
			"-D", clusterDir(s), "-h", host, "-p", port,
			"-c", "cluster_name=landfall-" + s.Tag + "-" + o.Name,
		},
		// SIGINT is the fast shutdown (clients are cut off); SIGTERM would wait
		// for every client to go. SIGQUIT, for when we die, also takes the
		// server processes along, which are in sessions of their own.
		StopSignal: syscall.SIGINT, DeathSignal: syscall.SIGQUIT, Grace: 20 * time.Second,
		Title: PostgresTitle(s.Tag) + "-" + o.Name + ":",
	}
}

// furnishedMark is the file that says a cluster is whole, statements included.
func furnishedMark(s Site) string { return filepath.Join(s.Dir, "furnished") }

// prepareCluster makes the cluster, unless a whole one is there. One that is
// not whole, because its making was cut short, is thrown away: repeating half
// the statements on the other half would need each of them to be repeatable.
func prepareCluster(ctx context.Context, o PostgresOptions, s Site) error {
	if _, err := os.Stat(furnishedMark(s)); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "look for a cluster", "")
	}
	dir := clusterDir(s)
	if err := os.RemoveAll(dir); err != nil {
		return fault.Wrap(err, "remove a half-made cluster", "")
	}
	if err := initdb(ctx, o, s, dir); err != nil {
		return err
	}
	return configureCluster(o, s, dir)
}

func initdb(ctx context.Context, o PostgresOptions, s Site, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, initWithin)
	defer cancel()
	pwfile := filepath.Join(s.Dir, "pwfile")
	if err := s.writeOwned(pwfile, []byte(o.Password+"\n")); err != nil {
		return err
	}
	defer os.Remove(pwfile)
	cmd := exec.CommandContext(ctx, s.Tool.Program("initdb"),
		"-D", dir, "--username", o.Superuser, "--pwfile", pwfile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
		// Only this write is not forced to disk: a cluster that a power cut
		// spoils is made again by the next "up". The server itself has fsync on.
		"--no-sync")
	cmd.Env, cmd.Dir, cmd.WaitDelay = s.Environ, s.Dir, time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	s.As.Prepare(cmd)
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(output.String()), "\n")
		kind := fault.Unavailable
		if strings.Contains(output.String(), syscall.ENOSPC.Error()) || strings.Contains(output.String(), "No space left") {
			kind = fault.Storage
		}
		return fault.Newf(kind, "make a cluster with initdb: %v: %s", err, strings.Join(lines[max(len(lines)-3, 0):], " | "))
	}
	return nil
}

// configureCluster writes the settings, who may connect, and the certificate.
func configureCluster(o PostgresOptions, s Site, dir string) error {
	settings := []Setting{
		{"unix_socket_directories", ""}, // loopback TCP is the only way in, as for a managed service
		{"wal_level", "logical"}, {"max_wal_senders", "20"}, {"max_replication_slots", "20"},
		{"max_connections", "200"}, {"shared_buffers", "64MB"}, {"max_wal_size", "512MB"},
		{"password_encryption", "scram-sha-256"}, {"timezone", "UTC"}, {"log_timezone", "UTC"},
		{"fsync", "on"}, {"dynamic_shared_memory_type", "posix"},
		{"log_line_prefix", "%m [%p] %q%u@%d "}, {"logging_collector", "off"},
	}
	kind := "host"
	if len(o.Certificate) > 0 {
		settings = append(settings, Setting{"ssl", "on"})
		if err := s.writeOwned(filepath.Join(dir, "server.crt"), o.Certificate); err != nil {
			return err
		}
		if err := s.writeOwned(filepath.Join(dir, "server.key"), o.Key); err != nil {
			return err
		}
		if o.RequireTLS {
			kind = "hostssl"
		}
	}
	var conf strings.Builder
	for _, one := range append(settings, o.Settings...) {
		fmt.Fprintf(&conf, "%s = '%s'\n", one.Name, strings.ReplaceAll(one.Value, "'", "''"))
	}
	// Later lines win, so the file initdb made stays as the base.
	base, err := os.ReadFile(filepath.Join(dir, "postgresql.conf"))
	if err != nil {
		return fault.Wrap(err, "read postgresql.conf", "")
	}
	if err := s.writeOwned(filepath.Join(dir, "postgresql.conf"), append(base, conf.String()...)); err != nil {
		return err
	}
	hba := kind + " all all 127.0.0.0/8 scram-sha-256\n" + kind + " replication all 127.0.0.0/8 scram-sha-256\n"
	return s.writeOwned(filepath.Join(dir, "pg_hba.conf"), []byte(hba))
}

// writeOwned writes a file that the server's user can read, and nobody else.
func (s Site) writeOwned(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fault.Wrap(err, "write file", "")
	}
	if s.As.Foreign() {
		return fault.Wrap(os.Chown(path, int(s.As.UID), int(s.As.GID)), "hand a file over", "")
	}
	return nil
}

// PostgresURL returns the URL of a database for a user. The mode is libpq's
// sslmode.
func PostgresURL(address, user, password, database, sslmode string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: address, Path: "/" + database}
	u.RawQuery = url.Values{"sslmode": {sslmode}}.Encode()
	return u.String()
}

func (o PostgresOptions) connect(ctx context.Context, s Site, database string) (*pgx.Conn, error) {
	mode := "disable"
	if len(o.Certificate) > 0 {
		mode = "require"
	}
	conn, err := pgx.Connect(ctx, PostgresURL(s.Address(0), o.Superuser, o.Password, database, mode))
	if err != nil {
		return nil, fault.Of(fault.Unavailable, "connect to database", database, err)
	}
	return conn, nil
}

func askPostgres(ctx context.Context, o PostgresOptions, s Site) error {
	conn, err := o.connect(ctx, s, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var one int
	return conn.QueryRow(ctx, "SELECT 1").Scan(&one)
}

// furnishCluster runs the statements on a new cluster and then marks it whole.
func furnishCluster(ctx context.Context, o PostgresOptions, s Site) error {
	if _, err := os.Stat(furnishedMark(s)); err == nil {
		return nil
	}
	conns := map[string]*pgx.Conn{}
	defer func() {
		for _, c := range conns {
			c.Close(ctx)
		}
	}()
	for i, st := range o.Statements {
		conn := conns[st.Database]
		if conn == nil {
			var err error
			if conn, err = o.connect(ctx, s, st.Database); err != nil {
				return err
			}
			conns[st.Database] = conn
		}
		// The statement itself may hold a password and is not shown.
		if _, err := conn.Exec(ctx, st.SQL); err != nil {
			return fault.Of(fault.Internal, fmt.Sprintf("run statement %d in database", i+1), st.Database, err)
		}
	}
	return fault.Wrap(os.WriteFile(furnishedMark(s), nil, 0o600), "mark a cluster as whole", "")
}
