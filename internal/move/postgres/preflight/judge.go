package preflight

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

// judge turns facts of two sides into findings. It sees no server.
type judge struct {
	s, t     *facts.Facts // t is nil for a target that is not there yet
	o        Options
	platform pg.Platform
	major    int
	database string
	roles    roles.Plan
	probed   []probe
	// programs are those that the schema is read with; unread says why there are none.
	programs dump.Programs
	unread   string

	kinds map[string]Kind
	azure map[string]catalog.Extension
	aws   map[string]string
	sizes []catalog.DBSku
	out   []Finding
}

func newJudge(s, t *facts.Facts, o Options) (*judge, error) {
	j := &judge{s: s, t: t, o: o, platform: o.Planned.Platform, major: o.Planned.Major, database: s.Database, programs: o.Programs, kinds: map[string]Kind{}, azure: map[string]catalog.Extension{}}
	for _, k := range Kinds() {
		j.kinds[k.ID] = k
	}
	if t != nil {
		j.platform, j.major, j.database = t.Server.Platform, t.Server.Major(), t.Database
	}
	if j.platform == "" {
		j.platform = pg.Flexible
	}
	if j.major == 0 {
		j.major = s.Server.Major()
	}
	known, err := catalog.PostgresExtensions()
	if err != nil {
		return nil, err
	}
	for _, e := range known {
		j.azure[e.Name] = e
	}
	if j.aws, err = catalog.AWSExtensions(); err != nil {
		return nil, err
	}
	j.sizes, err = catalog.PostgresSizes()
	return j, err
}

// all judges everything and puts the findings in order.
func (j *judge) all() []Finding {
	j.roles = roles.New(j.s, roles.Target{Platform: j.platform, Major: j.major, Facts: j.t, Database: j.database})
	j.servers()
	j.programsFit()
	j.locales()
	j.rights()
	if !j.o.Offline {
		j.replication()
		j.waits()
		j.network()
	}
	j.tables()
	j.partitions()
	j.objects()
	j.extensions()
	j.target()
	j.parameters()
	j.judgeRoles()
	slices.SortFunc(j.out, Finding.compare)
	return slices.CompactFunc(j.out, func(a, b Finding) bool { return a.compare(b) == 0 })
}

// add takes a finding; severity, reason and, where there is none, the fix come
// from its kind.
func (j *judge) add(f Finding, what string, args ...any) {
	k := j.kinds[f.ID]
	f.What, f.Why = fmt.Sprintf(what, args...), k.Why
	if f.Severity == "" {
		f.Severity = k.Severity
	}
	if f.Side == "" {
		f.Side = Source
	}
	if f.Fix.None() {
		f.Fix.Action = k.Fix
	}
	if f.Fix.None() {
		f.Fix.Side = ""
	} else if f.Fix.Side == "" {
		f.Fix.Side = f.Side
	}
	j.out = append(j.out, f)
}

// side is one server as the judge sees it.
type side struct {
	Side
	*facts.Facts
}

// sides are those that are there.
func (j *judge) sides() []side {
	out := []side{{Source, j.s}}
	if j.t != nil {
		out = append(out, side{Target, j.t})
	}
	return out
}

func (s side) login() string { return pg.Quote(s.Server.User) }

// ours reports whether a name belongs to the run.
func (j *judge) ours(name string) bool {
	return j.o.Run != "" && strings.HasPrefix(name, "landfall_"+j.o.Run+"_")
}

// some names the first few of many.
func some(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func sql(statements ...string) Fix { return Fix{SQL: statements} }

func set(parameters ...Parameter) Fix { return Fix{Parameters: parameters} }

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if head, ok := strings.CutSuffix(noun, "x"); ok {
		return fmt.Sprintf("%d %sxes", n, head)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size writes bytes for people.
func size(bytes int64) string {
	units := []string{"bytes", "kiB", "MiB", "GiB", "TiB"}
	value, i := float64(bytes), 0
	for value >= 1024 && i < len(units)-1 {
		value, i = value/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.4g %s", value, units[i])
}
