package app

import (
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/fence"
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
