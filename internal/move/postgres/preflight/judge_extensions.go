package preflight

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

func (j *judge) extensions() {
	for _, e := range j.s.Extensions {
		if e.Name == "plpgsql" {
			continue // every database has it
		}
		if len(e.Data) > 0 {
			j.add(Finding{ID: "extension-data", Subject: e.Name}, "rows in %s", some(e.Data))
		}
		if j.t != nil {
			j.onServer(e)
		} else {
			j.onPlan(e)
		}
	}
}

// onPlan judges by the list of the service, when there is no server to ask.
func (j *judge) onPlan(e facts.Extension) {
	if j.platform != pg.Flexible {
		return
	}
	known, ok := j.azure[e.Name]
	version := known.Version(j.major)
	switch {
	case !ok || version == "":
		j.lacking(e)
		return
	case catalog.Newer(e.Version, version):
		j.add(Finding{ID: "extension-older", Side: Target, Subject: e.Name}, "the source has %s, the service %s with PostgreSQL %d", e.Version, version, j.major)
	}
	j.add(Finding{ID: "extension-not-allowed", Side: Target, Subject: e.Name, Fix: set(Parameter{Name: "azure.extensions", Value: strings.Join(j.wanted(), ",")})}, "a new server lets none be created")
	if known.Library != "" && !slices.Contains([]string{"pg_cron", "pg_stat_statements"}, known.Library) {
		j.notLoaded(e.Name, known.Library, "pg_cron,pg_stat_statements")
	}
}

// onServer judges by what the target says.
func (j *judge) onServer(e facts.Extension) {
	offer, has := j.t.Available[e.Name]
	i := slices.IndexFunc(j.t.Extensions, func(x facts.Extension) bool { return x.Name == e.Name })
	if i >= 0 {
		there := j.t.Extensions[i]
		if there.Schema != e.Schema {
			j.add(Finding{ID: "extension-schema", Side: Target, Subject: e.Name, Fix: sql("CREATE SCHEMA IF NOT EXISTS "+pg.Quote(e.Schema), "ALTER EXTENSION "+pg.Quote(e.Name)+" SET SCHEMA "+pg.Quote(e.Schema))},
				"it is in schema %s at the source, in %s on the target", e.Schema, there.Schema)
		}
		if catalog.Newer(e.Version, there.Version) {
			f := Finding{ID: "extension-older", Side: Target, Subject: e.Name}
			if !catalog.Newer(e.Version, offer.Version) {
				f.Fix = sql("ALTER EXTENSION " + pg.Quote(e.Name) + " UPDATE")
			}
			j.add(f, "the source has %s, the target %s", e.Version, there.Version)
		}
		return
	}
	if j.t.Available == nil {
		return // it could not be read, which is a finding of its own
	}
	if !has {
		j.lacking(e)
		return
	}
	if catalog.Newer(e.Version, offer.Version) {
		j.add(Finding{ID: "extension-older", Side: Target, Subject: e.Name}, "the source has %s, the target %s", e.Version, offer.Version)
	}
	j.creatable(e, offer)
}

// creatable judges whether the login may create an extension that the target has.
func (j *judge) creatable(e facts.Extension, offer facts.Offer) {
	if j.platform == pg.Flexible {
		if list, ok := j.t.Settings["azure.extensions"]; ok && !listed(list.Value, e.Name) {
			j.add(Finding{ID: "extension-not-allowed", Side: Target, Subject: e.Name, Fix: set(Parameter{Name: "azure.extensions", Value: strings.Join(j.wanted(), ",")})}, "azure.extensions is %q", list.Value)
		}
	} else if j.platform == pg.Plain && offer.Superuser && !offer.Trusted && !j.t.Rights.Superuser {
		j.add(Finding{ID: "extension-denied", Side: Target, Subject: e.Name, Fix: sql("CREATE EXTENSION " + pg.Quote(e.Name) + " SCHEMA " + pg.Quote(e.Schema))}, "it is not trusted")
	}
	if library := j.azure[e.Name].Library; library != "" && !j.t.Preloaded(library) {
		j.notLoaded(e.Name, library, j.t.Text("shared_preload_libraries"))
	}
}

// notLoaded says that a library has to be loaded. Some extensions cannot be
// created without it, as their own scripts check; others only do nothing.
func (j *judge) notLoaded(name, library, loaded string) {
	f := Finding{ID: "extension-not-loaded", Side: Target, Subject: name, Severity: Warns,
		Fix: set(Parameter{"shared_preload_libraries", strings.Trim(loaded+","+library, ","), true})}
	if slices.Contains([]string{"credcheck", "pg_cron", "pg_duckdb", "pg_squeeze", "pgaudit", "pglogical", "timescaledb"}, name) {
		f.Severity = Blocks
	}
	j.add(f, "shared_preload_libraries is %q", loaded)
}

// lacking says that the target has no such extension.
func (j *judge) lacking(e facts.Extension) {
	if instead, aws := j.aws[e.Name]; aws {
		f := Finding{ID: "extension-aws", Subject: e.Name}
		if instead != "" {
			f.Fix.Action = "Rewrite what uses it for the extension " + instead + ", which does the like under another interface; then drop it."
		}
		j.add(f, "version %s", e.Version)
		return
	}
	where := "this server"
	if j.t == nil {
		where = "Azure Database for PostgreSQL " + strconv.Itoa(j.major)
	}
	j.add(Finding{ID: "extension-missing", Side: Target, Subject: e.Name}, "%s has no extension %s", where, e.Name)
}

// wanted is the value for azure.extensions: what is allowed already, and what the
// source has and the service too.
func (j *judge) wanted() []string {
	var out []string
	if j.t != nil {
		for name := range strings.SplitSeq(j.t.Text("azure.extensions"), ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				out = append(out, name)
			}
		}
	}
	for _, e := range j.s.Extensions {
		if j.azure[e.Name].Version(j.major) != "" && e.Name != "plpgsql" {
			out = append(out, e.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func listed(list, name string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), name) {
			return true
		}
	}
	return false
}
