package fence_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is a cluster as RDS hands it out: "boss" administers it and owns the database
// "shop"; "lander" is Landfall's login, a member of the owner's role.
type world struct {
	url   func(login string) string
	owner *pgx.Conn // superuser
	at    pg.Endpoint
}

func newWorld(t testing.TB, more ...string) world {
	t.Helper()
	server := testkit.OwnPostgres(t, part.Setting{Name: "max_prepared_transactions", Value: "5"})
	super := dial(t, server.URL())
	for _, s := range part.RDSStatements("boss", "pw", "shop") {
		do(t, super, s.SQL)
	}
	w := world{url: func(login string) string { return part.PostgresURL(server.Address, login, "pw", "shop", "disable") }}
	w.owner = dial(t, server.DatabaseURL("shop"))
	do(t, w.owner, `CREATE ROLE lander LOGIN PASSWORD 'pw'; GRANT boss TO lander; GRANT rds_superuser TO lander;
		CREATE ROLE app LOGIN PASSWORD 'pw'; CREATE ROLE helper LOGIN PASSWORD 'pw'; GRANT app TO lander;
		CREATE TABLE public.t (id int PRIMARY KEY); GRANT ALL ON public.t TO app, helper, boss`)
	for _, sql := range more {
		do(t, w.owner, sql)
	}
	var err error
	if w.at, err = pg.Parse(w.url("lander")); err != nil {
		t.Fatal(err)
	}
	return w
}

func dial(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func do(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// facts is everything that a fence could change, as text.
func (w world) facts(t testing.TB) string {
	t.Helper()
	var text string
	err := w.owner.QueryRow(t.Context(), `SELECT (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_database d, unnest(coalesce(datacl, acldefault('d', datdba))) a WHERE datname = 'shop')
|| ' | ' || coalesce((SELECT string_agg(setdatabase::regclass::text || setrole::regrole::text || setconfig::text, ' ' ORDER BY setdatabase, setrole) FROM pg_db_role_setting), '')
|| ' | ' || (SELECT string_agg(roleid::regrole::text || member::regrole::text, ' ' ORDER BY 1) FROM (SELECT * FROM pg_auth_members ORDER BY 1, 2) m)`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tries is what happens to a login that connects and writes: "" when it could.
func (w world) tries(t testing.TB, login string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.url(login))
	if err != nil {
		return pg.Code(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "INSERT INTO public.t SELECT coalesce(max(id), 0) + 1 FROM public.t")
	return pg.Code(err)
}

func look(t testing.TB, w world) fence.State {
	t.Helper()
	s, err := fence.Look(t.Context(), w.at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shut(t testing.TB, w world, s fence.State, o fence.Options) fence.Result {
	t.Helper()
	r, err := fence.Shut(t.Context(), w.at, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, w world, s fence.State) {
	t.Helper()
	if err := fence.Open(t.Context(), w.at, s, fence.Options{}); err != nil {
		t.Fatal(err)
	}
}

// chains are grants of all forms: to PUBLIC by the owner, with options, and by roles
// that had the option.
const chains = `GRANT CONNECT ON DATABASE shop TO app WITH GRANT OPTION; SET ROLE app; GRANT CONNECT ON DATABASE shop TO helper; RESET ROLE;
	ALTER DATABASE shop SET statement_timeout = '1min'; ALTER ROLE app SET default_transaction_read_only = off; ALTER ROLE helper IN DATABASE shop SET default_transaction_read_only = 'No';
	GRANT TEMPORARY ON DATABASE shop TO helper`

func TestShutAndOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, chains)
	before := w.facts(t)
	idle, busy, twin := dial(t, w.url("app")), dial(t, w.url("helper")), dial(t, w.url("lander"))
	do(t, busy, "BEGIN; INSERT INTO public.t VALUES (1000)")
	app, err := pg.Parse(w.url("app"))
	if err != nil {
		t.Fatal(err)
	}
	s := look(t, w)
	if w.facts(t) != before || s.Shut {
		t.Errorf("a look changed %s to %s", before, w.facts(t))
	}
	var seen []fence.What
	o := fence.Options{Logins: []pg.Endpoint{app}, Record: func(x fence.Transition) { seen = append(seen, x.What) }}
	r := shut(t, w, s, o)
	if !r.Holds || r.Ended < 3 || r.LSN == 0 || len(r.Tried) < 3 {
		t.Errorf("%+v", r)
	}
	if !slices.ContainsFunc(r.Tried, func(s string) bool { return strings.Contains(s, `"app" was not let in`) }) ||
		!slices.ContainsFunc(r.Tried, func(s string) bool { return strings.Contains(s, `DELETE FROM ONLY "public"."t"`) }) {
		t.Error(r.Tried)
	}
	for login, want := range map[string]string{"app": "42501", "helper": "42501", "boss": "42501", "lander": "25006", "testkit": "28P01"} {
		if got := w.tries(t, login); got != want {
			t.Errorf("%s: %q, want %q", login, got, want)
		}
	}
	for _, conn := range []*pgx.Conn{idle, busy, twin} {
		if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("a session is still there")
		}
	}
	if again := shut(t, w, s, o); !again.Holds || again.Ended != 0 {
		t.Errorf("%+v", again)
	}
	if now := look(t, w); !now.Shut {
		t.Errorf("%+v", now)
	}
	// The note comes back from the journal.
	page, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var noted fence.State
	if err := json.Unmarshal(page, &noted); err != nil {
		t.Fatal(err)
	}
	open(t, w, noted)
	open(t, w, noted)
	if after := w.facts(t); after != before {
		t.Errorf("after\n%s, before\n%s", after, before)
	}
	for _, login := range []string{"app", "helper", "boss"} {
		if got := w.tries(t, login); got != "" {
			t.Errorf("%s: %q", login, got)
		}
	}
	if want := []fence.What{fence.Shutting, fence.Closed, fence.Shutting, fence.Closed}; !slices.Equal(seen, want) {
		t.Error(seen)
	}
	var lost int
	if err := w.owner.QueryRow(t.Context(), "SELECT count(*) FROM public.t WHERE id = 1000").Scan(&lost); err != nil || lost != 0 {
		t.Error("an open transaction came through", err)
	}
	w.killedHalfWay(t, noted, before)
}

// killedHalfWay cuts shutting and opening off at instants all over them; the note opens
// to what was before.
func (w world) killedHalfWay(t *testing.T, s fence.State, before string) {
	t.Helper()
	for i := range 6 {
		for _, work := range []func(context.Context) error{
			func(ctx context.Context) error {
				_, err := fence.Shut(ctx, w.at, s, fence.Options{})
				return err
			},
			func(ctx context.Context) error { return fence.Open(ctx, w.at, s, fence.Options{}) },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+i*25)*time.Millisecond)
			_ = work(ctx) // most often it is cut off; what counts is what it left
			cancel()
		}
		open(t, w, s)
		if after := w.facts(t); after != before {
			t.Fatalf("after\n%s, before\n%s", after, before)
		}
	}
}

func TestGapsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "CREATE ROLE sneak LOGIN PASSWORD 'pw'; GRANT lander TO sneak",
		"BEGIN; INSERT INTO public.t VALUES (7); PREPARE TRANSACTION 'two-phase'",
		"CREATE SUBSCRIPTION theirs CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false)", "ALTER SUBSCRIPTION theirs ENABLE")
	before := w.facts(t)
	s := look(t, w)
	if len(s.Weak) != 2 || !strings.Contains(s.Weak[0], `"testkit" is a superuser`) || !strings.Contains(s.Weak[1], `"sneak" is a member`) {
		t.Error(s.Weak)
	}
	r := shut(t, w, s, fence.Options{})
	for _, want := range []string{`"sneak" may connect`, `transaction "two-phase"`, `subscription "theirs"`} {
		if r.Holds || !slices.ContainsFunc(r.Gaps, func(g string) bool { return strings.Contains(g, want) }) {
			t.Errorf("%s is not in %v", want, r.Gaps)
		}
	}
	if len(r.Prepared) != 1 || len(r.Stay) == 0 {
		t.Errorf("%+v", r)
	}
	do(t, w.owner, "SET default_transaction_read_only = off")
	do(t, w.owner, "ROLLBACK PREPARED 'two-phase'")
	do(t, w.owner, "REVOKE lander FROM sneak")
	do(t, w.owner, "ALTER SUBSCRIPTION theirs DISABLE")
	if r := shut(t, w, s, fence.Options{}); !r.Holds {
		t.Error(r.Gaps)
	}
	open(t, w, s)
	if after := w.facts(t); strings.Replace(before, " landersneak", "", 1) != after {
		t.Errorf("after\n%s, before\n%s", after, before)
	}
}

// An application with Landfall's own login cannot be kept out: it is named, and
// nothing waits for it for ever.
func TestTheMoversOwnLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := look(t, w)
	stop, done := make(chan struct{}), make(chan struct{})
	came := make(chan struct{}, 1)
	go func() { // an application that comes back as often as it is ended
		defer close(done)
		for {
			conn, err := pgx.Connect(t.Context(), w.url("lander"))
			select {
			case came <- struct{}{}:
			default:
			}
			for err == nil {
				select {
				case <-stop:
					_ = conn.Close(context.WithoutCancel(t.Context()))
					return
				default:
					_, err = conn.Exec(t.Context(), "SELECT pg_sleep(0.02)")
				}
			}
		}
	}()
	<-came
	r := shut(t, w, s, fence.Options{})
	for r.Holds { // it may just have been on its way
		r = shut(t, w, s, fence.Options{})
	}
	close(stop)
	<-done
	if len(r.Gaps) != 1 || !strings.Contains(r.Gaps[0], `of "lander"`) || !strings.Contains(r.Gaps[0], "own login") {
		t.Errorf("%+v", r)
	}
	if r := shut(t, w, s, fence.Options{}); !r.Holds {
		t.Errorf("%+v", r)
	}
	open(t, w, s)
}

// An open transaction may end within the grace, and what it wrote is behind the LSN.
func TestGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := look(t, w)
	conn := dial(t, w.url("app"))
	// A number that the tries of others do not come to: they would wait for it.
	do(t, conn, "BEGIN; INSERT INTO public.t VALUES (-5)")
	done := make(chan error, 1)
	go func() {
		testkit.Eventually(t, 3*time.Minute, func() error {
			if code := w.tries(t, "helper"); code != "42501" {
				return fault.Newf(fault.Unavailable, "not shut: %s", code)
			}
			return nil
		})
		_, err := conn.Exec(t.Context(), "COMMIT")
		done <- err
	}()
	r := shut(t, w, s, fence.Options{Grace: time.Hour})
	if err := <-done; err != nil || !r.Holds {
		t.Error(err, r.Gaps)
	}
	var n int
	if err := w.owner.QueryRow(t.Context(), "SELECT count(*) FROM public.t WHERE id = -5").Scan(&n); err != nil || n != 1 {
		t.Error(n, err)
	}
	open(t, w, s)
	w.lets(t)
}

// What could not be fenced, or not be opened again, is refused before anything is
// changed.
func TestRefusedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "CREATE ROLE stranger LOGIN PASSWORD 'pw'",
		"CREATE ROLE giver; GRANT CONNECT ON DATABASE shop TO giver WITH GRANT OPTION; SET ROLE giver; GRANT CONNECT ON DATABASE shop TO helper; RESET ROLE")
	before := w.facts(t)
	for _, login := range []string{"stranger", "lander"} {
		at, err := pg.Parse(w.url(login))
		if err != nil {
			t.Fatal(err)
		}
		_, err = fence.Look(t.Context(), at)
		if !fault.Is(err, fault.Denied) || !strings.HasPrefix(fault.HintOf(err), "GRANT ") {
			t.Errorf("%s: %v", login, err)
		}
	}
	if w.facts(t) != before {
		t.Error("a refusal changed something")
	}
	other := fence.State{Database: "shop", Owner: "somebody", Login: "lander"}
	if _, err := fence.Shut(t.Context(), w.at, other, fence.Options{}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

// lets is for triggers of replicated rows, which need a role that may write; it is
// taken back.
func (w world) lets(t *testing.T) {
	t.Helper()
	do(t, w.owner, `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER tr BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()`)
	do(t, w.owner, "CREATE SUBSCRIPTION landfall_0a1b2c3d_back CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false)")
	do(t, w.owner, "GRANT testkit TO lander; ALTER SUBSCRIPTION landfall_0a1b2c3d_back OWNER TO testkit")
	before := w.facts(t)
	s := look(t, w)
	shut(t, w, s, fence.Options{})
	if got := strings.Count(w.facts(t), "read_only"); got != 1 {
		t.Errorf("somebody is let in without need: %s", w.facts(t))
	}
	do(t, w.owner, "SET default_transaction_read_only = off; ALTER TABLE public.t ENABLE REPLICA TRIGGER tr")
	for range 2 {
		shut(t, w, s, fence.Options{})
		if got := w.facts(t); !strings.Contains(got, "testkit{default_transaction_read_only=False}") {
			t.Errorf("the worker is not let in: %s", got)
		}
	}
	r, err := fence.Check(t.Context(), w.at, s, fence.Options{})
	if err != nil || !r.Holds || w.tries(t, "lander") != "25006" {
		t.Errorf("%+v, %v", r, err)
	}
	// Where the service lets Landfall's login own the subscription, it is the one.
	do(t, w.owner, `ALTER ROLE lander IN DATABASE shop SET default_transaction_read_only = "False"`)
	r, err = fence.Check(t.Context(), w.at, s, fence.Options{})
	if err != nil || !r.Holds || !strings.Contains(r.Tried[0], "may write") || w.tries(t, "lander") != "" || w.tries(t, "app") != "42501" {
		t.Errorf("%+v, %v", r, err)
	}
	open(t, w, s)
	if after := w.facts(t); after != before {
		t.Errorf("after\n%s, before\n%s", after, before)
	}
}
