package preflight_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// sound is a side of which nothing is to be said.
func sound(platform pg.Platform, major int) *facts.Facts {
	f := &facts.Facts{
		Server:   pg.Server{Version: major * 10000, Platform: platform, Encoding: "UTF8", User: "mover", Size: 8 << 30, Replication: true, CreateRole: true},
		Database: "shop", Owner: "mover", Encrypted: true, Mode: "require", Password: true, Settings: map[string]facts.Setting{},
		Rights: facts.Rights{Replicates: true, Creates: true, Owns: true, Signals: true, Subscribes: true, Bypasses: true, CreatesRoles: true},
		Locale: facts.Locale{Encoding: "UTF8", Provider: "libc", Collate: "en_US.UTF-8", CType: "en_US.UTF-8", Version: "2.36", Recorded: "2.36", Collations: map[string]bool{`pg_catalog."en_US.utf8"`: true}},
	}
	for name, value := range map[string]string{
		"wal_level": "logical", "max_replication_slots": "10", "max_wal_senders": "10", "max_logical_replication_workers": "4", "max_worker_processes": "16",
		"wal_sender_timeout": "60000", "max_connections": "200", "superuser_reserved_connections": "3", "shared_preload_libraries": "pg_cron,pg_stat_statements",
	} {
		f.Settings[name] = facts.Setting{Value: value, Context: "postmaster"}
	}
	return f
}

// judged is a finding that comes of a change to two sound sides.
type judged struct {
	id, subject string
	severity    preflight.Severity
	side        preflight.Side
	change      func(s, t *facts.Facts)
	o           preflight.Options
	fix         string
}

func with(name, value, unit string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.Settings[name] = facts.Setting{Value: value, Unit: unit} }
}

func onSource(c func(*facts.Facts)) func(s, t *facts.Facts) { return func(s, _ *facts.Facts) { c(s) } }
func onTarget(c func(*facts.Facts)) func(s, t *facts.Facts) { return func(_, t *facts.Facts) { c(t) } }

func servers() []judged {
	const S, T = preflight.Source, preflight.Target
	return []judged{
		{"version-downgrade", "", preflight.Blocks, T, onTarget(func(t *facts.Facts) { t.Server.Version = 140000 }), preflight.Options{}, "newer one"},
		{"version-gone", "public.old", preflight.Blocks, S, onSource(func(s *facts.Facts) {
			s.Objects = []facts.Object{{Kind: facts.Gone, Name: pg.Name{Schema: "public", Name: "old"}, Detail: "12 column a of type abstime"}, {Kind: facts.Gone, Name: pg.Name{Schema: "public", Name: "parted"}, Detail: "18 a partitioned table that is unlogged"}}
		}), preflight.Options{}, "both versions"},
		{"program-older", "pg_dump", preflight.Notes, S, onTarget(func(t *facts.Facts) { t.Server.Version = 170000 }), preflight.Options{Programs: dump.Programs{Dump: "/x/pg_dump", Major: 15}}, ""},
		{"role-password", "app", preflight.Warns, T, onSource(func(s *facts.Facts) { s.Roles = []facts.Role{{Name: "app", Login: true, Owns: true, Limit: -1}} }), preflight.Options{}, `database "postgres", not on the one that is moved, which takes no writes before the switch: \password "app". Or a login of Microsoft Entra ID`},
		{"role-password", "app", preflight.Warns, T, func(s, t *facts.Facts) {
			s.Roles, t.Server.Platform = []facts.Role{{Name: "app", Login: true, Owns: true, Limit: -1}}, pg.RDS
		}, preflight.Options{}, `GRANT rds_iam TO "app"`},
		{"standby", "", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Server.Standby = true }), preflight.Options{}, "primary"},
		{"same-database", "shop", preflight.Blocks, T, func(s, t *facts.Facts) { s.Server.SystemID, t.Server.SystemID = 7, 7 }, preflight.Options{}, "another"},
		{"same-server", "", preflight.Notes, T, func(s, t *facts.Facts) { s.Server.SystemID, t.Server.SystemID, t.Database = 7, 7, "copy" }, preflight.Options{}, ""},
		{"database-missing", "shop", preflight.Blocks, T, func(s, t *facts.Facts) {
			t.Missing, s.Locale.Provider, s.Locale.ICU = true, "icu", "de"
		}, preflight.Options{}, `CREATE DATABASE "shop" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'de'`},
		{"encoding-differs", "", preflight.Blocks, T, onTarget(func(t *facts.Facts) { t.Locale.Encoding = "LATIN1" }), preflight.Options{}, "encoding"},
		{"encoding-none", "", preflight.Blocks, T, onSource(func(s *facts.Facts) { s.Locale.Encoding = "SQL_ASCII" }), preflight.Options{}, "SQL_ASCII"},
		{"locale-differs", "", preflight.Warns, T, onTarget(func(t *facts.Facts) { t.Locale.Collate = "C" }), preflight.Options{}, "locale"},
		{"collation-version-differs", "libc en_US.utf8", preflight.Warns, T, onTarget(func(t *facts.Facts) { t.Locale.Version, t.Locale.Recorded = "2.26", "2.26" }), preflight.Options{}, "order"},
		{"collation-version-stale", "en_US.UTF-8", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Locale.Recorded = "2.28" }), preflight.Options{}, `REINDEX DATABASE "shop"; ALTER DATABASE "shop" REFRESH COLLATION VERSION`},
		{"collation-missing", `pg_catalog."de_DE.utf8"`, preflight.Blocks, T, onSource(func(s *facts.Facts) {
			s.Objects = []facts.Object{{Kind: facts.CollationUsed, Name: pg.Name{Schema: "pg_catalog", Name: "de_DE.utf8"}}, {Kind: facts.CollationUsed, Name: pg.Name{Schema: "pg_catalog", Name: "en_US.UTF-8"}}}
		}), preflight.Options{}, "collation"},
		{"unread", "roles", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Unread = []facts.Unread{{What: "roles", Why: "denied"}} }), preflight.Options{}, "more rights"},
		{"partition-text", "public.parted", preflight.Warns, S, func(s, t *facts.Facts) {
			s.Objects, t.Locale.Version = []facts.Object{{Kind: facts.TextPartition, Name: pg.Name{Schema: "public", Name: "parted"}, Detail: "k"}}, "2.26"
		}, preflight.Options{}, "collation C"},
		{"tablespace", "fast", preflight.Warns, S, onSource(func(s *facts.Facts) {
			s.Objects = []facts.Object{{Kind: facts.Tablespace, Name: pg.Name{Name: "fast"}, Detail: "3"}}
		}), preflight.Options{}, ""},
		{"security-label", "selinux", preflight.Loses, S, onSource(func(s *facts.Facts) {
			s.Objects = []facts.Object{{Kind: facts.Label, Name: pg.Name{Name: "selinux"}, Detail: "3"}}
		}), preflight.Options{}, "anew"},
		{"table-oids", "public.old", preflight.Loses, S, onSource(func(s *facts.Facts) {
			s.Tables = []facts.Table{{Name: pg.Name{Schema: "public", Name: "old"}, OIDs: true, Readable: true, Owned: true, Replicated: true}}
		}), preflight.Options{}, "SET WITHOUT OIDS"},
		{"transaction-age", "shop", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Activity.XIDAge = 1_500_000_000 }), preflight.Options{}, "VACUUM"},
		{"disk-small", "", preflight.Blocks, T, nil, preflight.Options{Planned: preflight.Planned{Storage: 9 << 30}}, "10 GiB"},
		{"compute-burstable", "Standard_B2s", preflight.Warns, T, nil, preflight.Options{Planned: preflight.Planned{SKU: "Standard_B2s"}}, "general purpose"},
		{"connections-few", "max_connections", preflight.Blocks, T, onTarget(with("max_connections", "5", "")), preflight.Options{}, "max_connections=15"},
		{"connections-few", "max_connections", preflight.Warns, S, onSource(with("max_connections", "30", "")), preflight.Options{Jobs: 40}, "max_connections=51"},
		{"connections-fewer", "max_connections", preflight.Warns, T, onTarget(with("max_connections", "50", "")), preflight.Options{}, "max_connections=200"},
		{"superuser-sessions", "", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Activity.Superusers = 2 }), preflight.Options{}, "Close"},
		{"login-shared", "mover", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Activity.Shared = 2 }), preflight.Options{}, "of its own"},
		{"login-taken", "shop", preflight.Warns, T, func(s, t *facts.Facts) {
			s.Roles = append(s.Roles, facts.Role{Name: "shop", Login: true})
			t.Server.User = "shop"
		}, preflight.Options{}, "nobody uses at the source"},
	}
}

func replication() []judged {
	const S, T = preflight.Source, preflight.Target
	return []judged{
		{"wal-level", "wal_level", preflight.Blocks, S, onSource(with("wal_level", "replica", "")), preflight.Options{}, "wal_level=logical"},
		{"wal-level", "wal_level", preflight.Blocks, S, func(s, _ *facts.Facts) {
			s.Server.Platform = pg.RDS
			with("wal_level", "replica", "")(s)
		}, preflight.Options{}, "rds.logical_replication=1"},
		{"wal-level", "wal_level", preflight.Loses, T, onTarget(with("wal_level", "replica", "")), preflight.Options{}, "wal_level=logical"},
		{"slots-few", "max_replication_slots", preflight.Blocks, S, onSource(func(s *facts.Facts) {
			with("max_replication_slots", "2", "")(s)
			s.Replication.Slots = []facts.Slot{{Name: "a", Active: true}, {Name: "landfall_0a1b2c3d_1"}}
		}), preflight.Options{Run: "0a1b2c3d"}, "max_replication_slots=3"},
		{"senders-few", "max_wal_senders", preflight.Loses, T, onTarget(with("max_wal_senders", "1", "")), preflight.Options{}, "max_wal_senders=2"},
		{"replication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Rights.Replicates, s.Server.Replication = false, false }), preflight.Options{}, `ALTER ROLE "mover" WITH REPLICATION`},
		{"replication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) {
			s.Rights.Replicates, s.Server.Replication, s.Server.Platform = false, false, pg.Aurora
		}), preflight.Options{}, `GRANT rds_replication TO "mover"`},
		{"replication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Rights.Replicates = false }), preflight.Options{}, "pg_hba.conf"},
		{"replication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) {
			s.Rights.Replicates, s.Rights.Superuser, s.Server.Replication = false, true, false
		}), preflight.Options{}, "pg_hba.conf"},
		{"replication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Rights.Replicates, s.Rights.RefusalCode = false, "53300" }), preflight.Options{}, "max_wal_senders=12"},
		{"replication-denied", "mover", preflight.Loses, T, onTarget(func(s *facts.Facts) { s.Rights.Replicates, s.Server.Replication = false, false }), preflight.Options{}, `ALTER ROLE "mover" WITH REPLICATION`},
		{"replication-denied", "mover", preflight.Loses, T, onTarget(func(s *facts.Facts) { s.Rights.Replicates = false }), preflight.Options{}, "firewall"},
		{"truncate-missed", "", preflight.Loses, S, onSource(func(s *facts.Facts) { s.Server.Version = 100023 }), preflight.Options{}, "delete the rows"},
		{"subscription-disabled", "feed", preflight.Notes, S, onSource(func(s *facts.Facts) { s.Replication.Subscriptions = []facts.Link{{Name: "feed", Owner: "app"}} }), preflight.Options{}, ""},
		{"workers-few", "max_logical_replication_workers", preflight.Blocks, T, onTarget(func(t *facts.Facts) { t.Replication.Workers = 3 }), preflight.Options{}, "max_logical_replication_workers=5"},
		{"processes-few", "max_worker_processes", preflight.Warns, T, onTarget(with("max_worker_processes", "4", "")), preflight.Options{}, "max_worker_processes=16"},
		{"origins-few", "max_active_replication_origins", preflight.Blocks, T, onTarget(with("max_active_replication_origins", "0", "")), preflight.Options{}, "max_active_replication_origins=2"},
		{"sender-timeout", "wal_sender_timeout", preflight.Warns, S, onSource(with("wal_sender_timeout", "5000", "ms")), preflight.Options{}, "wal_sender_timeout=0"},
		{"slot-keep-size", "max_slot_wal_keep_size", preflight.Warns, S, onSource(with("max_slot_wal_keep_size", "1024", "MB")), preflight.Options{}, "max_slot_wal_keep_size=2048MB"},
		{"slot-keep-unlimited", "max_slot_wal_keep_size", preflight.Notes, S, onSource(with("max_slot_wal_keep_size", "-1", "MB")), preflight.Options{}, ""},
		{"slot-idle-timeout", "idle_replication_slot_timeout", preflight.Warns, S, onSource(with("idle_replication_slot_timeout", "600", "s")), preflight.Options{}, "idle_replication_slot_timeout=0"},
		{"slot-foreign", "cdc", preflight.Notes, S, onSource(func(s *facts.Facts) {
			s.Replication.Slots = []facts.Slot{{Name: "cdc", Plugin: "pgoutput", Database: "shop", Active: true}}
		}), preflight.Options{}, ""},
		{"long-transaction", "process 42", preflight.Warns, S, onSource(func(s *facts.Facts) { s.Activity.Long = []facts.Transaction{{PID: 42, User: "app", Seconds: 900}} }), preflight.Options{}, "pg_terminate_backend(42)"},
		{"subscription-denied", "mover", preflight.Blocks, T, onTarget(func(t *facts.Facts) { t.Rights.Subscribes = false }), preflight.Options{}, "superuser"},
		{"subscription-denied", "mover", preflight.Loses, S, func(s, t *facts.Facts) {
			s.Rights.Subscribes, s.Server.Version, t.Server.Version = false, 160000, 170000
		}, preflight.Options{}, `GRANT pg_create_subscription TO "mover"; GRANT CREATE ON DATABASE "shop" TO "mover"`},
		{"password-missing", "mover", preflight.Blocks, S, func(s, t *facts.Facts) { s.Password, t.Server.Version = false, 160000 }, preflight.Options{}, "PGPASSWORD"},
		{"password-missing", "mover", preflight.Loses, T, func(s, t *facts.Facts) { t.Password, t.Server.Version, s.Server.Version = false, 170000, 160000 }, preflight.Options{}, "PGPASSWORD"},
		{"publication-denied", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Rights.Creates = false }), preflight.Options{}, `GRANT CREATE ON DATABASE "shop"`},
		{"create-denied", "mover", preflight.Blocks, T, onTarget(func(s *facts.Facts) { s.Rights.Creates = false }), preflight.Options{}, `GRANT CREATE ON DATABASE "shop"`},
		{"database-not-owned", "mover", preflight.Blocks, S, onSource(func(s *facts.Facts) { s.Rights.Owns, s.Owner = false, "boss" }), preflight.Options{}, `GRANT "boss" TO "mover"`},
		{"sessions-not-ended", "mover", preflight.Loses, T, onTarget(func(s *facts.Facts) { s.Rights.Signals = false }), preflight.Options{}, "GRANT pg_signal_backend"},
		{"roles-denied", "mover", preflight.Blocks, T, func(s, t *facts.Facts) {
			s.Roles, t.Rights.CreatesRoles = []facts.Role{{Name: "app", Owns: true, Limit: -1}}, false
		}, preflight.Options{}, `ALTER ROLE "mover" CREATEROLE`},
	}
}

func extensions() []judged {
	const S, T = preflight.Source, preflight.Target
	has := func(name, version string) func(s, t *facts.Facts) {
		return func(s, t *facts.Facts) {
			s.Extensions = []facts.Extension{{Name: name, Version: version, Schema: "public"}}
			t.Available = map[string]facts.Offer{"postgis": {Version: "3.1", Superuser: true}, "pgaudit": {Version: "1.7", Superuser: true}, "pg_cron": {Version: "1.6", Superuser: true}, "pg_trgm": {Version: "1.6", Trusted: true, Superuser: true}}
			with("azure.extensions", "pgaudit, postgis,pg_cron", "")(t)
		}
	}
	return []judged{
		{"extension-missing", "mystery", preflight.Blocks, T, has("mystery", "1.0"), preflight.Options{}, "choose"},
		{"extension-aws", "aws_s3", preflight.Blocks, S, has("aws_s3", "1.2"), preflight.Options{}, "azure_storage"},
		{"extension-aws", "aws_lambda", preflight.Blocks, S, has("aws_lambda", "1.2"), preflight.Options{}, "Drop"},
		{"extension-not-allowed", "pg_trgm", preflight.Blocks, T, has("pg_trgm", "1.6"), preflight.Options{}, "azure.extensions=pg_cron,pg_trgm,pgaudit,postgis"},
		{"extension-not-loaded", "pgaudit", preflight.Blocks, T, has("pgaudit", "1.7"), preflight.Options{}, "shared_preload_libraries=pg_cron,pg_stat_statements,pgaudit"},
		{"extension-older", "postgis", preflight.Warns, T, has("postgis", "3.10.2"), preflight.Options{}, "version"},
		{"extension-denied", "postgis", preflight.Blocks, T, func(s, t *facts.Facts) {
			has("postgis", "3.1")(s, t)
			t.Server.Platform = pg.Plain
		}, preflight.Options{}, `CREATE EXTENSION "postgis" SCHEMA "public"`},
		{"extension-data", "pg_cron", preflight.Loses, S, func(s, t *facts.Facts) {
			has("pg_cron", "1.6")(s, t)
			s.Extensions[0].Data = []string{"cron.job"}
		}, preflight.Options{}, "documentation"},
	}
}

// Each change of sound facts gives its finding, on its side, with its severity and
// fix, and no other blocks that the change does not explain.
func TestJudged(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(servers(), replication(), extensions()) {
		t.Run(c.id+" "+string(c.side)+" "+c.subject, func(t *testing.T) {
			t.Parallel()
			source, target := sound(pg.Plain, 15), sound(pg.Flexible, 15)
			if c.change != nil {
				c.change(source, target)
			}
			findings, err := preflight.Judge(source, target, c.o)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(findings, func(f preflight.Finding) bool { return f.ID == c.id && f.Subject == c.subject && f.Side == c.side })
			if i < 0 {
				t.Fatalf("not found in %+v", findings)
			}
			if f := findings[i]; f.Severity != c.severity || !strings.Contains(text(f.Fix), c.fix) || c.fix == "" != f.Fix.None() {
				t.Errorf("%+v", f)
			}
			for _, f := range findings {
				if f.Severity == preflight.Blocks && f.ID != c.id {
					t.Errorf("also %+v", f)
				}
			}
		})
	}
}

// Two sound sides have nothing in the way, whatever the options.
func TestNothingIsFoundOfSoundSides(t *testing.T) {
	t.Parallel()
	for _, o := range []preflight.Options{{}, {Offline: true}, {NoReturn: true}, {Identity: true, Run: "0a1b2c3d"}} {
		findings, err := preflight.Judge(sound(pg.RDS, 13), sound(pg.Flexible, 18), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Severity != preflight.Notes {
				t.Errorf("%+v", f)
			}
		}
	}
}

// Parameters are equal when they mean the same, and those of Landfall's own login
// are nobody's.
func TestParametersThatDiffer(t *testing.T) {
	t.Parallel()
	s, target := sound(pg.RDS, 15), sound(pg.Flexible, 15)
	for name, v := range map[string][2]facts.Setting{
		"TimeZone": {{Value: "UTC"}, {Value: "Etc/UTC"}}, "lc_monetary": {{Value: "en_US.UTF-8"}, {Value: "en_US.utf8"}}, "work_mem": {{Value: "1"}, {Value: "2"}},
		"lock_timeout": {{Value: "5", Source: "user"}, {Value: "0"}}, "statement_timeout": {{Value: "9000", Unit: "ms"}, {Value: "0", Unit: "ms", Context: "user"}},
		"DateStyle": {{Value: "ISO, DMY"}, {Value: "ISO, MDY", Context: "user"}}, "max_prepared_transactions": {{Value: "5"}, {Value: "0", Context: "postmaster"}},
		"search_path": {{Value: `"$user", public`}, {Value: "public", Context: "user"}}, "xmloption": {{Value: "content"}, {Value: "document", Context: "user"}},
	} {
		s.Settings[name], target.Settings[name] = v[0], v[1]
	}
	s.Overrides = []facts.Override{{Database: "shop", Name: "xmloption", Value: "content"}, {Role: "app", Name: "app.secret", Secret: true}}
	findings, err := preflight.Judge(s, target, preflight.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		if f.ID == "parameter-differs" || f.ID == "setting-secret" {
			got = append(got, f.Subject+": "+text(f.Fix))
		}
	}
	want := []string{`DateStyle: ALTER DATABASE "shop" SET DateStyle TO ISO, DMY`, "max_prepared_transactions: max_prepared_transactions=5", `search_path: ALTER DATABASE "shop" SET search_path TO "$user", public`,
		`statement_timeout: ALTER DATABASE "shop" SET statement_timeout TO '9000ms'`, "app.secret of app: Set it by hand on the target."}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A table whose identity is FULL is found by its primary key; without one, whole
// rows are compared.
func TestFullIdentity(t *testing.T) {
	t.Parallel()
	table := facts.Table{Name: pg.Name{Schema: "public", Name: "t"}, Identity: "f", Replicated: true, Owned: true, Readable: true, Rows: 1e6}
	for _, c := range []struct {
		change func(*facts.Table)
		major  int
		want   string
	}{
		{func(*facts.Table) {}, 15, "identity-slow"}, {func(t *facts.Table) { t.Primary = true }, 15, ""}, {func(t *facts.Table) { t.Indexes = 1 }, 15, "identity-slow"}, {func(t *facts.Table) { t.Indexes = 1 }, 16, ""},
		{func(t *facts.Table) { t.Rows = 10 }, 15, ""}, {func(t *facts.Table) { t.Unequal = []string{"j json"} }, 18, "identity-unequal"}, {func(t *facts.Table) { t.Unequal, t.Primary = []string{"j json"}, true }, 15, ""},
	} {
		s, changed := sound(pg.RDS, 15), table
		c.change(&changed)
		s.Tables = []facts.Table{changed}
		findings, err := preflight.Judge(s, sound(pg.Flexible, c.major), preflight.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range findings {
			if strings.HasPrefix(f.ID, "identity") {
				got += f.ID
			}
		}
		if got != c.want {
			t.Errorf("%+v to %d: %q, want %q", changed, c.major, got, c.want)
		}
	}
}

// Options take away what they make needless.
func TestOptions(t *testing.T) {
	t.Parallel()
	broken := func(f *facts.Facts) *facts.Facts {
		with("wal_level", "minimal", "")(f)
		f.Rights.Subscribes, f.Rights.Replicates = false, false
		f.Tables = []facts.Table{{Name: pg.Name{Schema: "public", Name: "heap"}, Readable: true, Owned: true, Identity: "d"}}
		return f
	}
	count := func(o preflight.Options, side preflight.Side, severity preflight.Severity) (n int) {
		findings, err := preflight.Judge(broken(sound(pg.RDS, 15)), broken(sound(pg.Flexible, 15)), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Side == side && f.Severity == severity {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		o        preflight.Options
		side     preflight.Side
		severity preflight.Severity
		want     int
	}{
		{preflight.Options{}, preflight.Source, preflight.Blocks, 2}, {preflight.Options{}, preflight.Source, preflight.Loses, 2}, {preflight.Options{}, preflight.Target, preflight.Blocks, 1},
		{preflight.Options{}, preflight.Target, preflight.Loses, 2}, {preflight.Options{NoReturn: true}, preflight.Target, preflight.Loses, 0}, {preflight.Options{NoReturn: true}, preflight.Source, preflight.Loses, 1},
		{preflight.Options{Offline: true}, preflight.Source, preflight.Blocks, 0}, {preflight.Options{Offline: true}, preflight.Source, preflight.Loses, 0}, {preflight.Options{Identity: true}, preflight.Source, preflight.Loses, 1},
	} {
		if got := count(c.o, c.side, c.severity); got != c.want {
			t.Errorf("%+v %s %s: %d, want %d", c.o, c.side, c.severity, got, c.want)
		}
	}
}

// A target that is not there yet is judged by the list of the service.
func TestATargetThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	source := sound(pg.RDS, 15)
	for _, name := range []string{"plpgsql", "pg_stat_statements", "timescaledb", "aws_s3", "mystery", "vector"} {
		source.Extensions = append(source.Extensions, facts.Extension{Name: name, Version: "9.9.9"})
	}
	findings, err := preflight.Judge(source, nil, preflight.Options{Planned: preflight.Planned{Major: 16}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		if strings.HasPrefix(f.ID, "extension") && f.ID != "extension-older" {
			got = append(got, f.ID+" "+f.Subject+" "+text(f.Fix))
		}
	}
	allowed := "azure.extensions=pg_stat_statements,timescaledb,vector"
	want := []string{
		"extension-aws aws_s3 Rewrite what uses it for the extension azure_storage, which does the like under another interface; then drop it.",
		"extension-missing mystery Do without it, or choose a target that has it.", "extension-not-allowed pg_stat_statements " + allowed, "extension-not-allowed timescaledb " + allowed, "extension-not-allowed vector " + allowed,
		"extension-not-loaded timescaledb shared_preload_libraries=pg_cron,pg_stat_statements,timescaledb",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Without a pg_dump that reads from the source nothing can be moved, and what to
// install is that of the newer server.
func TestWithoutPrograms(t *testing.T) {
	t.Parallel()
	findings, err := preflight.JudgeWithoutPrograms(sound(pg.RDS, 17), sound(pg.Flexible, 18), "the newest one here is of PostgreSQL 15")
	if err != nil {
		t.Fatal(err)
	}
	if f := findings[0]; f.ID != "program-missing" || f.Severity != preflight.Blocks || f.What != "the newest one here is of PostgreSQL 15" || !strings.Contains(f.Fix.Action, "postgresql-client-18") {
		t.Errorf("%+v", f)
	}
}

func TestANetworkThatRefuses(t *testing.T) {
	t.Parallel()
	findings, err := preflight.JudgeProbed(sound(pg.RDS, 15), sound(pg.Flexible, 15), "no route to host")
	if err != nil {
		t.Fatal(err)
	}
	if findings[0].ID != "network-refused" || findings[0].Severity != preflight.Blocks || findings[0].What != "no route to host" {
		t.Errorf("%+v", findings[0])
	}
}

// Every kind of finding has a case here or among the scripts, with each severity
// that its table says.
func TestEveryKindIsProvoked(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"network-refused": true, "program-missing": true}
	for _, c := range slices.Concat(servers(), replication(), extensions()) {
		seen[c.id] = true
	}
	for _, c := range append(scripts(), privileges()...) {
		seen[c.id] = true
	}
	for _, k := range preflight.Kinds() {
		if !seen[k.ID] {
			t.Errorf("%s is provoked by no test", k.ID)
		}
		delete(seen, k.ID)
		if k.Area == "" || k.What == "" || k.Why == "" || !slices.Contains(preflight.Severities(), k.Severity) || k.Severity != preflight.Notes && k.Fix == "" && k.ID != "tablespace" && k.ID != "role-left" {
			t.Errorf("%+v", k)
		}
		for _, a := range k.Also {
			if !slices.Contains(preflight.Severities(), a) || a == k.Severity {
				t.Errorf("%s: %q", k.ID, a)
			}
		}
	}
	delete(seen, "network-refused")
	delete(seen, "program-missing")
	if len(seen) > 0 {
		t.Errorf("no kinds: %v", seen)
	}
}
