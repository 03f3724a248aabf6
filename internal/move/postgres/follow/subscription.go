package follow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
)

// Pauses between two looks while something ends on a server.
const (
	firstPause   = 10 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// Subscribe makes the subscription, disabled. The slot, the publications and the
// tables at the subscriber have to be there. One that is there gets the connection
// string anew, and keeps how far it is. It refuses (fault.Refused) while the same run
// replicates in the other direction.
func (s Stream) Subscribe(ctx context.Context) error {
	if err := s.valid(); err != nil {
		return err
	}
	var publisher pg.Server
	err := within(ctx, s.Publisher, func(conn *pgx.Conn) (err error) {
		if publisher, err = pg.Look(ctx, conn); err != nil {
			return err
		}
		if err := s.oneWay(ctx, conn); err != nil {
			return err
		}
		_, err = s.slot(ctx, conn)
		return err
	})
	if err != nil {
		return err
	}
	return within(ctx, s.Subscriber, func(conn *pgx.Conn) error {
		subscriber, err := pg.Look(ctx, conn)
		if err != nil {
			return err
		}
		if err := s.tablesAt(ctx, conn); err != nil {
			return err
		}
		return s.subscribe(ctx, conn, publisher.Major(), subscriber.Major())
	})
}

// tablesAt names all tables that are missing; the server names the first.
func (s Stream) tablesAt(ctx context.Context, conn *pgx.Conn) error {
	var names []string
	for _, t := range s.Tables {
		if t.Persistence != "u" {
			names = append(names, t.SQL())
		}
	}
	missing, err := texts(ctx, conn, "SELECT n FROM pg_catalog.unnest($1::text[]) n WHERE pg_catalog.to_regclass(n) IS NULL ORDER BY 1", names)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fault.Newf(fault.NotFound, "subscribe in %q: %d tables do not exist there: %s", s.Subscriber.String(), len(missing), strings.Join(missing[:min(len(missing), 10)], ", "))
	}
	return nil
}

func (s Stream) subscribe(ctx context.Context, conn *pgx.Conn, publisher, subscriber int) error {
	hush(ctx, conn)
	conninfo := pg.Literal(s.conninfo())
	known, err := s.subscribed(ctx, conn)
	if err != nil {
		return err
	}
	if known {
		err := pg.Privileged(ctx, conn, "ALTER SUBSCRIPTION "+pg.Quote(s.Name)+" CONNECTION "+conninfo)
		return s.redact(pg.Fault(err, "renew the connection string of subscription", s.Name))
	}
	// Settings of the worker that applies: a commit that is lost with the target's
	// server is sent again, because it was never confirmed.
	options := map[string]string{
		"enabled": "false", "create_slot": "false", "copy_data": "false", "slot_name": pg.Literal(s.Name), "synchronous_commit": "off",
	}
	if subscriber >= 14 {
		options["streaming"] = "on"
		if s.binary() && publisher == subscriber {
			options["binary"] = "true"
		}
	}
	if subscriber >= 16 {
		options["origin"] = "none"
	}
	var words, names []string
	for _, key := range slices.Sorted(maps.Keys(options)) {
		words = append(words, key+" = "+options[key])
	}
	for _, p := range s.publications(publisher) {
		names = append(names, pg.Quote(p.name))
	}
	err = pg.Privileged(ctx, conn, "CREATE SUBSCRIPTION "+pg.Quote(s.Name)+" CONNECTION "+conninfo+
		" PUBLICATION "+strings.Join(names, ", ")+" WITH ("+strings.Join(words, ", ")+")")
	return s.redact(pg.Fault(err, "make subscription", s.Name))
}

// binary reports whether all columns travel in binary form: one that is an array of
// a type of the database's own would arrive with the number of another type.
func (s Stream) binary() bool {
	for _, t := range s.Tables {
		if slices.ContainsFunc(t.Columns, func(c pg.Column) bool { return !c.Binary && !c.Generated }) {
			return false
		}
	}
	return true
}

// conninfo is how the subscriber reaches the publisher. A server of a managed service
// has no file of root certificates to verify with (libpq looks for it in the home of
// the server's own user), so that what Landfall itself verifies is encrypted there and
// not verified, unless Route says more.
func (s Stream) conninfo() string {
	more := map[string]string{"connect_timeout": "10"}
	if !s.Route.Valid() && s.Publisher.TLS() == "verify-full" {
		more["sslmode"] = "require" // of two, libpq takes the last
	}
	return s.route().Conninfo(more)
}

func (s Stream) route() pg.Endpoint {
	if s.Route.Valid() {
		return s.Route
	}
	return s.Publisher
}

// hush keeps the statement with the connection string out of the server's log and
// statistics, as far as the login may: the settings are a superuser's.
func hush(ctx context.Context, conn *pgx.Conn) {
	for _, setting := range []string{"log_statement = 'none'", "log_min_error_statement = 'panic'", "log_min_duration_statement = -1", "pg_stat_statements.track = 'none'"} {
		// Denied is an answer: then the server's own rules stand.
		_ = pg.Privileged(ctx, conn, "SET "+setting)
	}
}

// redact takes the publisher's password out of an error of the subscriber: libpq
// quotes what it was given when it does not understand it.
func (s Stream) redact(err error) error {
	if err == nil {
		return nil
	}
	text, hidden := err.Error(), false
	for _, e := range []pg.Endpoint{s.Publisher, s.route()} {
		password := e.Password()
		for _, form := range []string{password, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password), strings.ReplaceAll(password, "'", "''")} {
			if form != "" && strings.Contains(text, form) {
				text, hidden = strings.ReplaceAll(text, form, "***"), true
			}
		}
	}
	if !hidden {
		return err
	}
	return fault.Newf(fault.KindOf(err), "%s", text)
}

func (s Stream) subscribed(ctx context.Context, conn *pgx.Conn) (bool, error) {
	names, err := subscriptions(ctx, conn, s.Run)
	return slices.Contains(names, s.Name), err
}

// Enable starts the subscription. Its tables have to have their rows and indexes. In
// a database that is fenced, the worker's triggers are let in.
func (s Stream) Enable(ctx context.Context) error {
	return within(ctx, s.Subscriber, func(conn *pgx.Conn) error {
		if err := fence.LetWorkers(ctx, conn); err != nil {
			return err
		}
		return pg.Fault(pg.Privileged(ctx, conn, "ALTER SUBSCRIPTION "+pg.Quote(s.Name)+" ENABLE"), "enable subscription", s.Name)
	})
}

// Disable stops the subscription, and returns when its worker has ended. One that
// is not there is no error.
func (s Stream) Disable(ctx context.Context) error {
	return within(ctx, s.Subscriber, func(conn *pgx.Conn) error {
		known, err := s.subscribed(ctx, conn)
		if err != nil || !known {
			return err
		}
		return disable(ctx, conn, s.Name)
	})
}

func disable(ctx context.Context, conn *pgx.Conn, name string) error {
	if err := pg.Privileged(ctx, conn, "ALTER SUBSCRIPTION "+pg.Quote(name)+" DISABLE"); err != nil {
		return pg.Fault(err, "disable subscription", name)
	}
	return until(ctx, func() (bool, error) {
		var working bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_subscription WHERE subname = $1 AND pid IS NOT NULL)", name).Scan(&working)
		return !working, pg.Fault(err, "wait for the worker of subscription", name)
	})
}

// unsubscribe drops a subscription without a word to its publisher, which may be
// gone. Where a session that was cut off still drops it, or changes it, the server
// says so by an internal error ("tuple concurrently deleted"): it is tried again.
func unsubscribe(ctx context.Context, conn *pgx.Conn, name string) error {
	const (
		most     = 20
		internal = "XX000"
		missing  = "42704"
	)
	quoted, tries := pg.Quote(name), 0
	return until(ctx, func() (bool, error) {
		tries++
		for _, sql := range []string{"ALTER SUBSCRIPTION " + quoted + " DISABLE", "ALTER SUBSCRIPTION " + quoted + " SET (slot_name = NONE)", "DROP SUBSCRIPTION " + quoted} {
			err := pg.Privileged(ctx, conn, sql)
			switch {
			case err == nil, pg.Code(err) == missing:
			case pg.Code(err) == internal && tries < most:
				return false, nil
			default:
				return true, pg.Fault(err, "drop subscription", name)
			}
		}
		return true, nil
	})
}

// until asks again and again, more and more rarely, whether something is so.
func until(ctx context.Context, ok func() (bool, error)) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		done, err := ok()
		if done || err != nil {
			return err
		}
		if err := pg.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}
