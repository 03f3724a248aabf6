package data

import (
	_ "embed"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/inventory"
)

//go:embed parameters.tsv
var parametersTSV string

// parameter is one row of the table of parameters.
type parameter struct{ source, target, how string }

// ruleset is what the parameters of an engine are translated by: its rows, and the
// extensions that the target's service has.
type ruleset struct {
	rows       []parameter
	extensions []catalog.Extension
}

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
	// known are the extensions of the service, service those by their libraries.
	known   []catalog.Extension
	service map[string]string
}

// translate goes through the groups parameter by parameter; an instance's
// group comes last and wins over its cluster's.
func translate(t ruleset, groups []*inventory.Resource) settings {
	out := settings{values: map[string]string{}, from: map[string]*inventory.Resource{}, known: t.extensions, service: serving(t.extensions)}
	for _, g := range groups {
		values := mapping(g.Properties["Parameters"])
		for _, name := range slices.Sorted(maps.Keys(values)) {
			value := plain(values[name])
			if value == "" {
				continue
			}
			row, ok := find(t.rows, name)
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
		extension, serves := t.service[name]
		if !serves && !slices.Contains(bareLibraries(), name) {
			if !slices.Contains([]string{"rdsutils", "$libdir/rdsutils", "aurora_stat_utils"}, name) {
				t.dropped = append(t.dropped, name)
			}
			continue
		}
		kept = append(kept, name)
		if serves {
			t.extensions = append(t.extensions, extension)
		}
	}
	if len(kept) > 0 {
		set(strings.Join(kept, ","))
	}
}

func (t *settings) extension(name string) {
	name = strings.ToLower(strings.Trim(name, `"'`))
	if !slices.ContainsFunc(t.known, func(e catalog.Extension) bool { return e.Name == name }) {
		t.dropped = append(t.dropped, name)
		return
	}
	t.extensions = append(t.extensions, name)
}

// bareLibraries are those that shared_preload_libraries takes and that serve no
// extension (Microsoft Learn, "List of extensions and modules by name", Azure
// Database for PostgreSQL). The others stand with their extensions in the catalogue.
func bareLibraries() []string { return []string{"auto_explain", "pg_failover_slots", "wal2json"} }

// serving are the extensions of the catalogue by the library that they need.
func serving(known []catalog.Extension) map[string]string {
	out := map[string]string{}
	for _, e := range known {
		if e.Library != "" {
			out[e.Library] = e.Name
		}
	}
	return out
}
