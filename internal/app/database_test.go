package app

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/view"
)

func TestDatabaseSides(t *testing.T) {
	t.Parallel()
	env := map[string]string{}
	a := &App{setup: Setup{Now: time.Now, Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	a.CacheDir = t.TempDir()
	progress := func() *view.Progress { return view.NewProgress(new(strings.Builder), false, time.Now) }
	for _, c := range []struct {
		source, target string
		kind           fault.Kind
		text           string
	}{
		{"", "", fault.Usage, "--source is missing"},
		{"postgres://a@h/d", "", fault.Usage, "--target is missing"},
		{"postgres://a:hunter2@[h", "postgres://a@h/d", fault.Usage, "read --source"},
		{"postgres://a:x@h/d", "postgres://a:y@h/d", fault.Usage, "are the same"},
	} {
		_, err := a.Database(t.Context(), "copy", DatabaseOptions{Source: c.source, Target: c.target}, progress())
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q -> %q: %v", c.source, c.target, err)
		}
	}
	// A step takes the variables of its own set first.
	m, set := databaseMover{a}, action.DatabaseSet{Data: "db:my-shop.1", Target: "/x/flexibleServers/s/databases/d"}
	if _, err := m.options(t.Context(), set); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "LANDFALL_SOURCE_DATABASE_MY_SHOP_1") {
		t.Error(err)
	}
	env["LANDFALL_SOURCE_DATABASE"], env["LANDFALL_TARGET_DATABASE"] = "any", "any target"
	env["LANDFALL_SOURCE_DATABASE_MY_SHOP_1"] = "own"
	if o, err := m.options(t.Context(), set); err != nil || o.Source != "own" || o.Target != "any target" {
		t.Errorf("%+v %v", o, err)
	}
	delete(env, "LANDFALL_TARGET_DATABASE")
	set.Target = "/x/flexibleServers/s"
	if _, err := m.options(t.Context(), set); !fault.Is(err, fault.Invalid) {
		t.Errorf("a server is no database: %v", err)
	}
}

// Behind the fence nothing is left to carry over, and the gate before the switch hears
// that as a number: what is not measured keeps it shut.
func TestNothingIsLeftBehindTheFence(t *testing.T) {
	t.Parallel()
	env := map[string]string{"LANDFALL_SOURCE_DATABASE": "postgres://a@one.invalid/d", "LANDFALL_TARGET_DATABASE": "postgres://a@two.invalid/d"}
	now := time.Unix(1_700_000_000, 0)
	a := &App{setup: Setup{Now: func() time.Time { return now }, Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	a.CacheDir = t.TempDir()
	doc := postgres.Document{Stage: postgres.Returning, FenceLSN: 0x1234, Settings: postgres.Settings{Identity: true}}
	for variable, side := range map[string]*string{"LANDFALL_SOURCE_DATABASE": &doc.Source, "LANDFALL_TARGET_DATABASE": &doc.Target} {
		e, err := pg.Parse(env[variable])
		if err != nil {
			t.Fatal(err)
		}
		*side = e.String()
	}
	content, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	state, err := a.databaseState(doc.Source, doc.Target)
	if err == nil {
		err = state.Save(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := databaseMover{a}.behind(t.Context(), action.DatabaseSet{Data: "db:shop"}, true)
	if err != nil || got.Value != 0.0 || got.Unix != now.Unix() || !strings.Contains(got.From, "0/1234") {
		t.Errorf("%+v %v", got, err)
	}
}

// What a flexible server lacks is said with the command that mends it.
func TestFixesOfAFlexibleServer(t *testing.T) {
	t.Parallel()
	fix := preflight.Fix{Side: preflight.Target, Parameters: []preflight.Parameter{{Name: "azure.extensions", Value: "pg_trgm,uuid-ossp"}, {Name: "max_wal_senders", Value: "12", Restart: true}}}
	which := `--resource-group "$(az postgres flexible-server list --query "[?name=='psql-shop'].resourceGroup" --output tsv)"`
	want := []string{
		"at the target: set azure.extensions = pg_trgm,uuid-ossp",
		"az postgres flexible-server parameter set " + which + " --server-name psql-shop --name azure.extensions --value 'pg_trgm,uuid-ossp'",
		"at the target: set max_wal_senders = 12 (taken at the next start)",
		"az postgres flexible-server parameter set " + which + " --server-name psql-shop --name max_wal_senders --value '12'",
		"az postgres flexible-server restart " + which + " --name psql-shop",
	}
	if got := fixes(fix, "psql-shop"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := fixes(fix, ""); len(got) != 2 {
		t.Errorf("another server: %q", got)
	}
	fix.Side = preflight.Source
	if got := fixes(fix, "psql-shop"); len(got) != 2 {
		t.Errorf("the source: %q", got)
	}
}

func TestDatabaseNext(t *testing.T) {
	t.Parallel()
	if next := nextOf(postgres.Document{Stage: postgres.Following}); !strings.Contains(next, "cutover") {
		t.Error(next)
	}
	if next := nextOf(postgres.Document{Stage: postgres.Following, SourceFence: &fence.State{}}); !strings.Contains(next, "half fenced") {
		t.Error(next)
	}
	if l := lagOf(follow.State{Known: true, Seconds: 2, Streams: []follow.StreamState{{Slot: follow.Slot{Retained: 5}, Trouble: "stuck"}}}); l.Trouble != "stuck" || l.Kept != 5 {
		t.Errorf("%+v", l)
	}
	if l := lagOf(follow.State{Unreachable: "target"}); l.Known || l.Trouble != "no answer from target" {
		t.Errorf("%+v", l)
	}
}
