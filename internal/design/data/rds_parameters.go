package data

import (
	_ "embed"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/inventory"
)

//go:embed parameters.tsv
var parametersTSV string

// parameter is one row of the table of parameters.
type parameter struct{ source, target, how string }

// parametersOf returns an engine's rows in the table's order.
func parametersOf(engine string) []parameter {
	var out []parameter
	for line := range strings.Lines(parametersTSV) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if len(cells) == 4 && cells[0] == engine {
			out = append(out, parameter{cells[1], cells[2], cells[3]})
		}
	}
	return out
}

// find returns the row for a parameter: its own, else the first that matches.
func find(rows []parameter, name string) (parameter, bool) {
	name = strings.ToLower(name)
	if i := slices.IndexFunc(rows, func(p parameter) bool { return p.source == name }); i >= 0 {
		return rows[i], true
	}
	i := slices.IndexFunc(rows, func(p parameter) bool {
		head, star := strings.CutSuffix(p.source, "*")
		return star && strings.HasPrefix(name, head)
	})
	if i < 0 {
		return parameter{}, false
	}
	if row := rows[i]; row.target != row.source {
		return row, true
	}
	return parameter{name, name, rows[i].how}, true
}

// settings is what becomes of the parameters of a database.
type settings struct {
	values     map[string]string
	from       map[string]*inventory.Resource
	managed    []string
	gaps       []string
	babelfish  bool
	computed   []string
	extensions []string
	dropped    []string
}

// translate goes through the groups parameter by parameter; an instance's
// group comes last and wins over its cluster's.
func translate(rows []parameter, groups []*inventory.Resource) settings {
	out := settings{values: map[string]string{}, from: map[string]*inventory.Resource{}}
	for _, g := range groups {
		values := mapping(g.Properties["Parameters"])
		for _, name := range slices.Sorted(maps.Keys(values)) {
			value := plain(values[name])
			if value == "" {
				continue
			}
			row, ok := find(rows, name)
			if !ok {
				row = parameter{name, ".", "gap"}
			}
			out.take(row, name, value, g)
		}
	}
	slices.Sort(out.extensions)
	if len(out.extensions) > 0 {
		out.values["azure.extensions"] = strings.Join(slices.Compact(out.extensions), ",")
	}
	return out
}

// take carries one parameter over.
func (t *settings) take(row parameter, name, value string, group *inventory.Resource) {
	text := name + "=" + value
	if strings.ContainsAny(value, "{}$") {
		// RDS computes it from the memory of the class; the target's default does
		// the same for its own sizes.
		t.computed = append(t.computed, text)
		return
	}
	set := func(v string) { t.values[row.target], t.from[row.target] = v, group }
	how, bounds, _ := strings.Cut(row.how, ":")
	switch how {
	case "same":
		set(value)
	case "bool", "bool-upper":
		v := map[bool]string{true: "on", false: "off"}[truth(value)]
		if how == "bool-upper" {
			v = strings.ToUpper(v)
		}
		set(v)
	case "fixed":
		if !sameValue(value, bounds) {
			t.gaps = append(t.gaps, text+" (the service keeps "+bounds+")")
		}
	case "range":
		v, inside := within(value, bounds)
		if !inside {
			t.gaps = append(t.gaps, text+" (the service takes "+strings.Replace(bounds, ":", " to ", 1)+")")
		}
		set(v)
	case "logical":
		set(map[bool]string{true: "logical", false: "replica"}[truth(value)])
	case "minutes-days":
		set(retentionDays(value))
	case "passwords":
		set(map[bool]string{true: "scram-sha-256", false: "md5,scram-sha-256"}[value == "scram"])
	case "tls":
		set(strings.ReplaceAll(strings.ToUpper(value), "TLSV", "TLSv"))
	case "gtid":
		set(strings.ToUpper(strings.ReplaceAll(value, "-", "_")))
	case "audit":
		t.auditEvents(value, set)
	case "extensions":
		for _, e := range split(value) {
			t.extension(e)
		}
	case "libraries":
		t.libraries(value, set)
	case "row":
		if strings.EqualFold(value, "ROW") {
			t.managed = append(t.managed, text)
			return
		}
		t.gaps = append(t.gaps, text)
	case "managed":
		t.managed = append(t.managed, text)
	case "gap-babelfish":
		t.babelfish = t.babelfish || (name == "rds.babelfish_status" && strings.EqualFold(value, "on"))
		t.gaps = append(t.gaps, text)
	default:
		t.gaps = append(t.gaps, text)
	}
}

// truth reads a switch. wal_compression names its algorithm from PostgreSQL 15
// on, where the target knows on and off.
func truth(value string) bool {
	return slices.Contains([]string{"1", "on", "true", "yes", "pglz", "lz4", "zstd"}, strings.ToLower(value))
}

// sameValue compares what RDS writes with what Azure writes: 1 is on, 0.0 is 0.
func sameValue(a, b string) bool {
	if x, err := strconv.ParseFloat(a, 64); err == nil {
		if y, err := strconv.ParseFloat(b, 64); err == nil {
			return x == y
		}
	}
	if b == "on" || b == "off" {
		return truth(a) == (b == "on")
	}
	return strings.EqualFold(a, b)
}

// within moves a number into bounds ("25:5000"), and reports whether it was
// inside. What is no number goes over as it is.
func within(value, bounds string) (string, bool) {
	least, most, _ := strings.Cut(bounds, ":")
	n, err := strconv.ParseInt(value, 10, 64)
	low, _ := strconv.ParseInt(least, 10, 64)
	high, _ := strconv.ParseInt(most, 10, 64)
	if err != nil || (n >= low && n <= high) {
		return value, true
	}
	return strconv.FormatInt(min(max(n, low), high), 10), false
}

func split(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// retentionDays turns minutes into days of 1 to 7, which is what the server's
// log files allow.
func retentionDays(minutes string) string {
	const perDay, most = 1440, 7
	n, err := strconv.Atoi(minutes)
	if err != nil || n <= 0 {
		return "3"
	}
	return strconv.Itoa(min(most, int(math.Ceil(float64(n)/perDay))))
}

// auditEvents translates MariaDB's audit plugin into the events of Azure's.
func (t *settings) auditEvents(value string, set func(string)) {
	var out []string
	for _, e := range split(strings.ToUpper(value)) {
		name, ok := map[string]string{"CONNECT": "CONNECTION", "QUERY": "GENERAL", "TABLE": "TABLE_ACCESS", "QUERY_DDL": "DDL", "QUERY_DML": "DML_NONSELECT", "QUERY_DCL": "DCL", "QUERY_DML_NO_SELECT": "DML_NONSELECT"}[e]
		if ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > 0 {
		set(strings.Join(out, ","))
	}
}

// libraries keeps the preload libraries that the target has and allows their
// extensions.
func (t *settings) libraries(value string, set func(string)) {
	var kept []string
	for _, name := range split(value) {
		name = strings.Trim(name, `"'`)
		if !slices.Contains(preloadable(), name) {
			if !slices.Contains([]string{"rdsutils", "$libdir/rdsutils", "aurora_stat_utils"}, name) {
				t.dropped = append(t.dropped, name)
			}
			continue
		}
		kept = append(kept, name)
		if e, ok := extensionOf(name); ok {
			t.extension(e)
		}
	}
	if len(kept) > 0 {
		set(strings.Join(kept, ","))
	}
}

func (t *settings) extension(name string) {
	name = strings.ToLower(strings.Trim(name, `"'`))
	if !slices.Contains(extensions(), name) {
		t.dropped = append(t.dropped, name)
		return
	}
	t.extensions = append(t.extensions, name)
}

// extensionOf is the extension that a preload library serves; auto_explain and
// others are libraries alone.
func extensionOf(library string) (string, bool) {
	switch library {
	case "auto_explain", "wal2json", "pg_failover_slots":
		return "", false
	case "pg_partman_bgw":
		return "pg_partman", true
	}
	return library, true
}

// preloadable are the libraries that shared_preload_libraries takes, and
// extensions those that azure.extensions takes (Microsoft Learn, "List of
// extensions and modules by name", Azure Database for PostgreSQL).
func preloadable() []string {
	return []string{"age", "auto_explain", "azure_storage", "credcheck", "pg_cron", "pg_duckdb", "pg_failover_slots", "pg_hint_plan", "pg_partman_bgw", "pg_prewarm", "pg_squeeze", "pg_stat_statements", "pgaudit", "pglogical", "timescaledb", "wal2json"}
}

func extensions() []string {
	return []string{"address_standardizer", "address_standardizer_data_us", "age", "amcheck", "anon", "azure_ai", "azure_storage", "bloom", "btree_gin", "btree_gist", "citext", "credcheck", "cube", "dblink", "dict_int", "dict_xsyn", "earthdistance", "file_fdw", "fuzzystrmatch", "h3", "h3_postgis", "hll", "hstore", "hypopg", "intagg", "intarray", "ip4r", "isn", "lo", "login_hook", "ltree", "oracle_fdw", "orafce", "pageinspect", "pg_buffercache", "pg_cron", "pg_diskann", "pg_duckdb", "pg_freespacemap", "pg_hint_plan", "pg_partman", "pg_prewarm", "pg_repack", "pg_squeeze", "pg_stat_statements", "pg_trgm", "pg_visibility", "pgaudit", "pgcrypto", "pglogical", "pgrouting", "pgrowlocks", "pgstattuple", "plpgsql", "plv8", "postgis", "postgis_raster", "postgis_sfcgal", "postgis_tiger_geocoder", "postgis_topology", "postgres_fdw", "postgres_protobuf", "semver", "session_variable", "sslinfo", "tablefunc", "tdigest", "tds_fdw", "timescaledb", "topn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp", "vector", "xml2"}
}
