package preflight_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// wellFormed says what is wrong with findings as such, "" for nothing: each has a
// kind, a severity that its kind can have, words, one form of fix with a side, and
// no twin; the gravest come first.
func wellFormed(findings []preflight.Finding) string {
	kinds := map[string]preflight.Kind{}
	for _, k := range preflight.Kinds() {
		kinds[k.ID] = k
	}
	seen, last := map[string]bool{}, 0
	for _, f := range findings {
		k, known := kinds[f.ID]
		forms := 0
		for _, is := range []bool{len(f.Fix.SQL) > 0, len(f.Fix.Parameters) > 0, f.Fix.Action != ""} {
			if is {
				forms++
			}
		}
		rank := slices.Index(preflight.Severities(), f.Severity)
		key := fmt.Sprint(f.ID, f.Side, f.Subject, f.What)
		switch {
		case !known:
			return "no kind: " + key
		case f.Severity != k.Severity && !slices.Contains(k.Also, f.Severity):
			return fmt.Sprintf("%s has severity %s, which its kind has not", key, f.Severity)
		case f.What == "" || f.Why == "" || f.Side == "":
			return "words or side are missing: " + key
		case forms > 1 || (forms == 0) != (f.Fix.Side == ""):
			return fmt.Sprintf("%s: fix %+v", key, f.Fix)
		case rank < last:
			return "out of order: " + key
		case seen[key]:
			return "twice: " + key
		}
		seen[key], last = true, rank
	}
	return ""
}

func randomTable(t *rapid.T, name string) facts.Table {
	some := rapid.SliceOfN(rapid.SampledFrom([]string{"a json", "b point", "c money"}), 0, 2)
	flag := func(what string) bool { return rapid.Bool().Draw(t, what) }
	return facts.Table{
		Name: pg.Name{Schema: "s", Name: name}, Owner: rapid.SampledFrom([]string{"mover", "boss"}).Draw(t, "owner"), Rows: rapid.Float64Range(0, 1e9).Draw(t, "rows"), Bytes: rapid.Int64Range(0, 1<<40).Draw(t, "bytes"),
		Identity: rapid.SampledFrom([]string{"d", "n", "f", "i"}).Draw(t, "identity"), Replicated: flag("replicated"), Candidate: rapid.SampledFrom([]string{"", "key"}).Draw(t, "candidate"),
		Primary: flag("primary"), Unlogged: flag("unlogged"), Owned: flag("owned"), Readable: flag("readable"), Secured: flag("secured"), Forced: flag("forced"), OIDs: flag("oids"),
		Unequal: some.Draw(t, "unequal"), Generated: some.Draw(t, "generated"), GeneratedKey: some.Draw(t, "key"), Types: some.Draw(t, "types"), Money: some.Draw(t, "money"), Identities: some.Draw(t, "identities"),
	}
}

func randomSide(t *rapid.T) *facts.Facts {
	flag := func(what string) bool { return rapid.Bool().Draw(t, what) }
	f := sound(rapid.SampledFrom([]pg.Platform{pg.Plain, pg.RDS, pg.Aurora, pg.Flexible}).Draw(t, "platform"), rapid.IntRange(10, 19).Draw(t, "major"))
	for _, name := range []string{"wal_level", "max_replication_slots", "max_wal_senders", "max_connections", "wal_sender_timeout", "max_slot_wal_keep_size", "lock_timeout", "TimeZone", "default_transaction_read_only", "azure.extensions"} {
		if flag(name) {
			f.Settings[name] = facts.Setting{Value: rapid.SampledFrom([]string{"", "0", "-1", "3", "100000", "on", "logical", "x,y"}).Draw(t, "value"), Context: "user"}
		}
	}
	f.Rights = facts.Rights{Superuser: flag("superuser"), Replicates: flag("replicates"), Refusal: "refused", Creates: flag("creates"), Owns: flag("owns"), Signals: flag("signals"), Subscribes: flag("subscribes"), Bypasses: flag("bypasses"), CreatesRoles: flag("roles")}
	f.Missing, f.Password, f.Server.Standby = flag("missing"), flag("password"), flag("standby")
	for _, name := range []string{"one", "two"} {
		f.Tables = append(f.Tables, randomTable(t, name))
	}
	for _, name := range []string{"hstore", "aws_s3", "pg_cron", "postgis", "nobody"} {
		if flag(name) {
			f.Extensions = append(f.Extensions, facts.Extension{Name: name, Schema: rapid.SampledFrom([]string{"public", "x"}).Draw(t, "schema"), Version: rapid.SampledFrom([]string{"", "1.0", "1.10.2", "unpackaged"}).Draw(t, "version")})
		}
		if flag("has " + name) {
			f.Available = map[string]facts.Offer{name: {Version: "1.9", Superuser: flag("super")}}
		}
	}
	kind := rapid.SampledFrom([]string{facts.BaseType, facts.EventTrigger, facts.Function, facts.FunctionDefiner, facts.TriggerAlways, facts.InvalidIndex, facts.CollationUsed, facts.TextPartition, facts.EnumHash, facts.Label})
	for i := range rapid.IntRange(0, 4).Draw(t, "objects") {
		f.Objects = append(f.Objects, facts.Object{Kind: kind.Draw(t, "kind"), Name: pg.Name{Schema: "s", Name: fmt.Sprint(`o"`, i)}, Detail: "100%s"})
	}
	f.Names = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"table s.one", "index s.i", "type s.t", "table landfall_0a1b2c3d.progress"}), 0, 4, rapid.ID[string]).Draw(t, "names")
	f.Roles = []facts.Role{{Name: "app", Login: flag("login"), Holds: flag("holds"), Limit: -1}, {Name: "boss", Owns: flag("owns"), Superuser: flag("super"), Limit: -1}, {Name: "rdsadmin", Owns: flag("owns"), Limit: -1}, {Name: "azuresu", Holds: flag("holds"), Limit: -1}}
	return f
}

// Whatever two servers say, the findings are well formed and the same each time,
// and the effects and roles of the report can be listed.
func TestWhateverServersSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, target := randomSide(t), randomSide(t)
		s.Missing = false
		if rapid.Bool().Draw(t, "planned") {
			target = nil
		}
		o := preflight.Options{Offline: rapid.Bool().Draw(t, "offline"), NoReturn: rapid.Bool().Draw(t, "no return"), Identity: rapid.Bool().Draw(t, "identity"), Run: rapid.SampledFrom([]string{"", "0a1b2c3d"}).Draw(t, "run")}
		one, err := preflight.Judge(s, target, o)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := wellFormed(one); wrong != "" {
			t.Fatal(wrong)
		}
		two, _ := preflight.Judge(s, target, o)
		if fmt.Sprint(one) != fmt.Sprint(two) {
			t.Fatalf("%v\n%v", one, two)
		}
		if _, err := preflight.Effects(s, target, o); err != nil {
			t.Fatal(err)
		}
	})
}
