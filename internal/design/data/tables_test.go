package data

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

func group(values map[string]any) []*inventory.Resource {
	return []*inventory.Resource{{Kind: "AWS::RDS::DBParameterGroup", Name: "g", Properties: inventory.Properties{"Parameters": values}}}
}

// tableOf is what an engine's parameters are translated by in a design.
func tableOf(t *testing.T, engine string) ruleset {
	t.Helper()
	known, err := catalog.PostgresExtensions()
	if err != nil {
		t.Fatal(err)
	}
	return ruleset{parametersOf(engine), known}
}

// The extensions and the libraries are those of the catalogue, and no others.
func TestExtensionsAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	every := tableOf(t, "postgres")
	for _, e := range every.extensions {
		got := translate(every, group(map[string]any{"rds.extensions": strings.ToUpper(e.Name)}))
		if got.values["azure.extensions"] != e.Name {
			t.Errorf("%s: %v, dropped %v", e.Name, got.values, got.dropped)
		}
		if e.Library == "" {
			continue
		}
		got = translate(every, group(map[string]any{"shared_preload_libraries": "auto_explain," + e.Library}))
		if got.values["azure.extensions"] != e.Name || got.values["shared_preload_libraries"] != "auto_explain,"+e.Library {
			t.Errorf("library %s: %v, dropped %v", e.Library, got.values, got.dropped)
		}
	}
	got := translate(every, group(map[string]any{"rds.extensions": "file_fdw, aws_s3", "shared_preload_libraries": "nobody_knows"}))
	if len(got.values) != 0 || !slices.Equal(got.dropped, []string{"file_fdw", "aws_s3", "nobody_knows"}) {
		t.Errorf("%v, dropped %v", got.values, got.dropped)
	}
}

// Each way of carrying a parameter over, with the value that it gives.
func TestParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine, name, value string
		target, want        string
	}{
		{"postgres", "work_mem", "4096", "work_mem", "4096"},
		{"postgres", "max_connections", "500", "max_connections", "500"},
		{"postgres", "rds.force_ssl", "1", "require_secure_transport", "on"},
		{"postgres", "rds.force_ssl", "0", "require_secure_transport", "off"},
		{"postgres", "rds.logical_replication", "1", "wal_level", "logical"},
		{"postgres", "rds.logical_replication", "off", "wal_level", "replica"},
		{"postgres", "rds.log_retention_period", "1440", "logfiles.retention_days", "1"},
		{"postgres", "rds.log_retention_period", "4320", "logfiles.retention_days", "3"},
		{"postgres", "rds.log_retention_period", "999999", "logfiles.retention_days", "7"},
		{"postgres", "rds.log_retention_period", "never", "logfiles.retention_days", "3"},
		{"postgres", "rds.accepted_password_auth_method", "scram", "azure.accepted_password_auth_method", "scram-sha-256"},
		{"postgres", "rds.accepted_password_auth_method", "md5+scram", "azure.accepted_password_auth_method", "md5,scram-sha-256"},
		{"postgres", "shared_preload_libraries", "pgaudit, pg_partman_bgw,rdsutils", "shared_preload_libraries", "pgaudit,pg_partman_bgw"},
		{"postgres", "shared_preload_libraries", "pgaudit, pg_partman_bgw", "azure.extensions", "pg_partman,pgaudit"},
		{"postgres", "rds.allowed_extensions", "PostGIS,hstore", "azure.extensions", "hstore,postgis"},
		{"postgres", "enable_seqscan", "off", "enable_seqscan", "off"},
		// RDS writes switches as 1 and 0, Azure takes on and off only.
		{"postgres", "enable_seqscan", "0", "enable_seqscan", "off"},
		{"postgres", "enable_partitionwise_join", "1", "enable_partitionwise_join", "on"},
		{"postgres", "autovacuum", "1", "autovacuum", "on"},
		{"postgres", "log_checkpoints", "0", "log_checkpoints", "off"},
		{"postgres", "log_lock_waits", "1", "log_lock_waits", "on"},
		{"postgres", "track_io_timing", "true", "track_io_timing", "on"},
		{"postgres", "wal_compression", "zstd", "wal_compression", "on"},
		{"postgres", "wal_compression", "0", "wal_compression", "off"},
		{"postgres", "auto_explain.log_analyze", "1", "auto_explain.log_analyze", "on"},
		{"postgres", "pgaudit.log_parameter", "0", "pgaudit.log_parameter", "off"},
		{"postgres", "pgaudit.log", "ddl,role", "pgaudit.log", "ddl,role"},
		{"postgres", "pg_stat_statements.track", "all", "pg_stat_statements.track", "all"},
		{"postgres", "password_encryption", "md5", "password_encryption", "md5"},
		{"postgres", "timezone", "US/Eastern", "TimeZone", "US/Eastern"},
		{"postgres", "datestyle", "ISO, DMY", "DateStyle", "ISO, DMY"},
		{"postgres", "ssl_min_protocol_version", "TLSv1.2", "ssl_min_protocol_version", "TLSv1.2"},
		// Numbers that Azure bounds.
		{"postgres", "max_connections", "24", "max_connections", "25"},
		{"postgres", "max_connections", "25", "max_connections", "25"},
		{"postgres", "max_connections", "5000", "max_connections", "5000"},
		{"postgres", "max_connections", "5001", "max_connections", "5000"},
		{"postgres", "max_wal_senders", "200", "max_wal_senders", "100"},
		{"postgres", "max_wal_senders", "0", "max_wal_senders", "5"},
		{"postgres", "max_replication_slots", "1", "max_replication_slots", "2"},
		{"postgres", "work_mem", "64", "work_mem", "4096"},
		{"postgres", "work_mem", "2147483647", "work_mem", "2097151"},
		{"postgres", "max_wal_size", "131072", "max_wal_size", "65536"},
		// Minutes become days, one to seven.
		{"postgres", "rds.log_retention_period", "1441", "logfiles.retention_days", "2"},
		{"postgres", "rds.log_retention_period", "10080", "logfiles.retention_days", "7"},
		{"mysql", "slow_query_log", "1", "slow_query_log", "ON"},
		{"mysql", "local_infile", "0", "local_infile", "OFF"},
		{"mysql", "log_bin_trust_function_creators", "1", "log_bin_trust_function_creators", "ON"},
		{"mysql", "innodb_print_all_deadlocks", "OFF", "innodb_print_all_deadlocks", "OFF"},
		{"mysql", "innodb_flush_log_at_trx_commit", "2", "innodb_flush_log_at_trx_commit", "2"},
		{"mysql", "long_query_time", "0.5", "long_query_time", "0.5"},
		{"mysql", "tls_version", "TLSv1.2,TLSv1.3", "tls_version", "TLSv1.2,TLSv1.3"},
		{"postgres", "auto_explain.log_min_duration", "5000", "auto_explain.log_min_duration", "5000"},
		{"postgres", "cron.database_name", "app", "cron.database_name", "app"},
		{"mysql", "max_connections", "200", "max_connections", "200"},
		{"mysql", "gtid-mode", "ON", "gtid_mode", "ON"},
		{"mysql", "gtid-mode", "on_permissive", "gtid_mode", "ON_PERMISSIVE"},
		{"mysql", "server_audit_logging", "1", "audit_log_enabled", "ON"},
		{"mysql", "server_audit_events", "CONNECT,QUERY", "audit_log_events", "CONNECTION,GENERAL"},
		{"mysql", "sql_mode", "STRICT_TRANS_TABLES", "sql_mode", "STRICT_TRANS_TABLES"},
		{"mysql", "innodb_lock_wait_timeout", "20", "innodb_lock_wait_timeout", "20"},
	} {
		got := translate(tableOf(t, c.engine), group(map[string]any{c.name: c.value}))
		if got.values[c.target] != c.want {
			t.Errorf("%s %s=%s gives %v, want %s=%s", c.engine, c.name, c.value, got.values, c.target, c.want)
		}
	}
}

// What a service sets by itself is no gap, and what nobody knows is one.
func TestParametersWithoutTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine, name, value string
		managed, gap        bool
	}{
		{"postgres", "archive_timeout", "300", true, false},
		{"postgres", "wal_level", "logical", true, false},
		{"postgres", "apg_ccm_enabled", "1", false, true},
		{"postgres", "rds.something_new", "1", false, true},
		{"postgres", "nobody_knows", "1", false, true},
		// What the service does not let anyone change is a gap where the source has
		// another value.
		{"postgres", "log_connections", "1", false, false},
		{"postgres", "log_connections", "0", false, true},
		{"postgres", "log_disconnections", "on", false, false},
		{"postgres", "synchronous_commit", "on", false, false},
		{"postgres", "synchronous_commit", "off", false, true},
		{"postgres", "wal_sender_timeout", "60000", false, false},
		{"postgres", "wal_sender_timeout", "0", false, true},
		{"postgres", "temp_file_limit", "-1", false, false},
		{"postgres", "temp_file_limit", "1048576", false, true},
		{"postgres", "idle_session_timeout", "600000", false, true},
		{"postgres", "hash_mem_multiplier", "2.0", false, false},
		{"postgres", "hash_mem_multiplier", "1", false, true},
		{"postgres", "enable_memoize", "0", false, true},
		{"postgres", "plan_cache_mode", "force_custom_plan", false, true},
		{"mysql", "binlog_format", "ROW", true, false},
		{"mysql", "binlog_format", "MIXED", false, true},
		{"mysql", "innodb_flush_method", "O_DIRECT", true, false},
		{"mysql", "general_log", "1", false, true},
		{"mysql", "aurora_parallel_query", "ON", false, true},
	} {
		got := translate(tableOf(t, c.engine), group(map[string]any{c.name: c.value}))
		if (len(got.managed) > 0) != c.managed || (len(got.gaps) > 0) != c.gap || len(got.values) > 0 {
			t.Errorf("%s %s=%s: managed %v, gaps %v, values %v", c.engine, c.name, c.value, got.managed, got.gaps, got.values)
		}
	}
	formula := translate(tableOf(t, "postgres"), group(map[string]any{"shared_buffers": "{DBInstanceClassMemory/32768}", "rds.babelfish_status": "on", "rds.extensions": "aws_lambda"}))
	if len(formula.computed) != 1 || !formula.babelfish || !slices.Contains(formula.dropped, "aws_lambda") {
		t.Errorf("computed %v, babelfish %v, dropped %v", formula.computed, formula.babelfish, formula.dropped)
	}
}

// The table has each parameter once, and every conversion has code.
func TestParameterTable(t *testing.T) {
	t.Parallel()
	known := []string{"same", "bool", "bool-upper", "logical", "minutes-days", "passwords", "tls", "gtid", "audit", "extensions", "libraries", "row", "managed", "gap", "gap-babelfish", "fixed", "range"}
	for _, engine := range []string{"postgres", "mysql"} {
		rows := parametersOf(engine)
		if len(rows) < 200 {
			t.Errorf("%s has %d parameters", engine, len(rows))
		}
		seen := map[string]bool{}
		for _, row := range rows {
			if seen[row.source] {
				t.Errorf("%s %s is there twice", engine, row.source)
			}
			seen[row.source] = true
			if how, _, _ := strings.Cut(row.how, ":"); !slices.Contains(known, how) {
				t.Errorf("%s %s: unknown conversion %q", engine, row.source, row.how)
			}
			if (row.target == ".") != (row.how == "managed" || strings.HasPrefix(row.how, "gap") || row.how == "row") && row.how != "managed" {
				t.Errorf("%s %s: target %q with %q", engine, row.source, row.target, row.how)
			}
		}
	}
}

// No line of the table of other kinds is left out, and each says something.
func TestOthersTable(t *testing.T) {
	t.Parallel()
	lines := 0
	for line := range strings.Lines(othersTSV) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			lines++
		}
	}
	rows := others()
	if len(rows) != lines {
		t.Errorf("%d rows of %d lines", len(rows), lines)
	}
	actions := []design.Action{design.Manual, design.Replace, design.Retire, design.Retain}
	for _, o := range rows {
		if len(o.kinds) == 0 || o.why == "" || !slices.Contains(actions, o.action) {
			t.Errorf("row of %v: %+v", o.kinds, o)
		}
		if o.action == design.Manual && (len(o.do) == 0 || o.days == 0) {
			t.Errorf("%v: a person is not told what to do, or how long it takes", o.kinds)
		}
	}
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind             string
		gib, iops, wants int
	}{
		{"gp2", 20, 0, 100}, {"gp2", 100, 0, 300}, {"gp2", 2000, 0, 6000}, {"gp3", 50, 0, 3000}, {"gp3", 400, 0, 12000}, {"gp3", 400, 15000, 15000},
		{"io1", 100, 4000, 4000}, {"io2", 100, 256000, 256000}, {"standard", 100, 0, 0}, {"", 100, 0, 0},
	} {
		if got := sourceIOPS(c.kind, c.gib, c.iops); got != c.wants {
			t.Errorf("%s of %d GiB does %d IOPS, want %d", c.kind, c.gib, got, c.wants)
		}
	}
	all := disks()
	for i := 1; i < len(all); i++ {
		if all[i].gib <= all[i-1].gib || all[i].iops < all[i-1].iops {
			t.Errorf("disk %s does not follow %s", all[i].tier, all[i-1].tier)
		}
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*window{
		"sun:03:00-sun:03:30": {0, 3, 0}, "Sat:23:45-sun:00:15": {6, 23, 45}, "wed:06:38-wed:07:08": {3, 6, 38},
		"": nil, "03:00-03:30": nil, "day:03:00-x": nil, "mon:aa:bb-c": {1, 0, 0}, "mon:99:99-x": {1, 23, 59},
	} {
		got := readWindow(text)
		if (got == nil) != (want == nil) || (got != nil && *got != *want) {
			t.Errorf("%q gives %v, want %v", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"": true, "admin": true, "Administrator": true, "root": true, "pg_owner": true, "azure_superuser": true, "sa": true, "1shop": true, "postgres": false, "shop": false, "masteruser": false} {
		if refused(name) != want {
			t.Errorf("refused(%q) is %v", name, !want)
		}
	}
	for name, want := range map[string]string{
		"bookshop-covers-123456789012": "bookshop-covers", "logs.us-east-1.shop": "logs..shop", "${ref:x}-files": "files", "123456789012": "rds-dbinstance", "plain": "plain", "a--b": "a-b",
	} {
		if got := base(&inventory.Resource{Name: name, Kind: "AWS::RDS::DBInstance", Region: "us-east-1"}); got != want {
			t.Errorf("base of %q is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"orders": "ordersAdminPassword", "book-shop_db": "bookShopDbAdminPassword", "9lives": "p9livesAdminPassword", "üö": "adminPassword", "Main": "mainAdminPassword"} {
		if got := identifier(&inventory.Resource{Name: name, Kind: "AWS::RDS::DBInstance"}, "AdminPassword"); got != want {
			t.Errorf("parameter of %q is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"old covers!": "oldcovers", "": "rule", "a-1": "a-1", "…": "rule"} {
		if got := ruleName(name); got != want {
			t.Errorf("rule %q is %q, want %q", name, got, want)
		}
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for block, want := range map[string][2]string{"203.0.113.0/24": {"203.0.113.0", "203.0.113.255"}, "198.51.100.7/32": {"198.51.100.7", "198.51.100.7"}, "0.0.0.0/0": {"0.0.0.0", "255.255.255.255"}, "10.1.2.3/9": {"10.0.0.0", "10.127.255.255"}} {
		first, final, ok := span(block)
		if !ok || first != want[0] || final != want[1] {
			t.Errorf("%s is %s to %s", block, first, final)
		}
	}
	for _, bad := range []string{"", "x", "2001:db8::/32", "10.0.0.0/8", "0.0.0.0/0", "192.168.1.1"} {
		if rules, ok := addressRules(bad); ok {
			t.Errorf("%q gives %v", bad, rules)
		}
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	parse := func(action any, resource any, condition map[string]any) statement {
		return statements(map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::1:role/x"}, "Action": action, "Resource": resource, "Condition": condition}}})[0]
	}
	const all = "arn:aws:s3:::b/*"
	for i, c := range []struct {
		st   statement
		role string
	}{
		{parse("s3:*", all, nil), blobContributor},
		{parse([]any{"s3:GetObject", "s3:ListBucket"}, []any{"arn:aws:s3:::b", all}, nil), blobReader},
		{parse([]any{"s3:Get*", "s3:List*"}, all, nil), blobReader},
		{parse("s3:GetObject", all, nil), ""},
		{parse([]any{"s3:GetObject", "s3:PutObject", "s3:ListBucket"}, all, nil), ""},
		{parse("s3:*", "arn:aws:s3:::b/exports/*", nil), ""},
		{parse("s3:*", "${ref:cloudformation:shop/B#Arn}/*", nil), blobContributor},
		{parse("s3:*", all, map[string]any{"StringEquals": map[string]any{"aws:PrincipalTag/team": "a"}}), ""},
	} {
		if role, _, ok := c.st.role(); role != c.role || ok != (c.role != "") {
			t.Errorf("statement %d gives role %q", i, role)
		}
	}
	if got := statements("no policy"); len(got) != 0 {
		t.Errorf("a text has %d statements", len(got))
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for want, c := range map[string][2]int{"M30": {2, 8}, "M40": {3, 8}, "M50": {4, 32}, "M60": {16, 64}, "M80": {17, 20}, "M200": {200, 900}} {
		if got := mongoTier(c[0], c[1]); got != want {
			t.Errorf("%v is tier %s, want %s", c, got, want)
		}
	}
	for _, c := range []struct {
		gib        int
		throughput float64
		want       int
	}{{10, 0, 100}, {500, 90, 500}, {500, 200, 1000}, {100, 99999, 102400}, {999999, 0, 102400}} {
		if got := quota(c.gib, c.throughput); got != c.want {
			t.Errorf("%d GiB with %v MiB/s is a quota of %d, want %d", c.gib, c.throughput, got, c.want)
		}
	}
	for class, want := range map[string]string{"STANDARD_IA": "cool", "ONEZONE_IA": "cool", "GLACIER_IR": "cold", "GLACIER": "archive", "deep_archive": "archive", "INTELLIGENT_TIERING": "access", "STANDARD": "", "": ""} {
		if got := tier(class); got != want {
			t.Errorf("%s is %q, want %q", class, got, want)
		}
	}
	for policy, want := range map[string]string{"allkeys-lru": "AllKeysLRU", "volatile-ttl": "VolatileTTL", "noeviction": "NoEviction", "allkeys-lfu": "AllKeysLFU", "other": ""} {
		if got, _ := evictionOf(policy); string(got) != want {
			t.Errorf("%s is %q, want %q", policy, got, want)
		}
	}
	if got := slices.Sorted(maps.Keys(map[int]bool{atLeast([]int{2, 4, 8}, 3): true, atLeast([]int{2, 4, 8}, 99): true})); !slices.Equal(got, []int{4, 8}) {
		t.Errorf("sizes %v", got)
	}
}
