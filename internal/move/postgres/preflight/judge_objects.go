package preflight

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// rule says which finding an object of a kind is.
type rule struct {
	id string
	// powers says that a superuser of the target makes it harmless.
	powers bool
	// what is a format with the detail of the object.
	what string
	fix  func(j *judge, o facts.Object) Fix
}

// grouped are kinds that are told once with all their names.
func grouped() map[string]string {
	return map[string]string{facts.FunctionDefiner: "security-definer"}
}

func rules() map[string]rule {
	return map[string]rule{
		facts.AccessMethod:    {"access-method", true, "an access method for %s", nil},
		facts.BaseType:        {"base-type", true, "a base type%s", nil},
		facts.OperatorClass:   {"operator-class", true, "an operator class of %s", nil},
		facts.Function:        {"function-untrusted", true, "a function in language %s", nil},
		facts.Language:        {"language", true, "a language (%s)", nil},
		facts.SearchParser:    {"text-search-parser", true, "a parser%s", nil},
		facts.SearchTemplate:  {"text-search-parser", true, "a template%s", nil},
		facts.DefaultInternal: {"aggregate-internal", true, "an aggregate%s", nil},
		facts.BinaryCast:      {"cast", true, "a cast %s", nil},
		facts.EventTrigger:    {"event-trigger", true, "on %s", nil},
		facts.ForeignWrapper:  {"foreign-wrapper", true, "a foreign data wrapper%s", nil},
		facts.FunctionLeak:    {"function-leakproof", true, "a function of %s", leakproof},
		facts.FunctionSuper:   {"function-superuser", false, "it belongs to %s", nil},
		facts.FunctionSets:    {"function-sets", true, "it sets %s", resetFunction},
		facts.ForeignServer:   {"foreign-server", false, "a server of %s", nil},
		facts.ForeignTable:    {"foreign-table", false, "a table of server %s", nil},
		facts.UserMapping:     {"user-mapping", false, "for %s", nil},
		facts.Label:           {"security-label", false, "%s labels", nil},
		facts.InvalidIndex:    {"index-invalid", false, "an index of %s", reindex},
		facts.ConstraintOpen:  {"constraint-open", false, "constraint %s is NOT VALID", nil},
		facts.Matview:         {"materialized-view", false, "it is %s", nil},
		facts.Tablespace:      {"tablespace", false, "%s relations are in it", nil},
		facts.TriggerAlways:   {"trigger-always", false, "trigger %s", triggerOrigin},
	}
}

// gone judges what a newer version cannot make: the detail begins with the first
// version that cannot.
func (j *judge) gone(o facts.Object) {
	first, what, _ := strings.Cut(o.Detail, " ")
	major, err := strconv.Atoi(first)
	if err != nil || j.major < major {
		return
	}
	j.add(Finding{ID: "version-gone", Subject: o.Label()}, "%s, which PostgreSQL %d has no more", what, major)
}

func reindex(_ *judge, o facts.Object) Fix { return sql("REINDEX INDEX " + o.Name.SQL()) }

func leakproof(j *judge, o facts.Object) Fix {
	return sql("ALTER " + j.routine() + " " + o.Name.SQL() + o.Arguments + " NOT LEAKPROOF")
}

func resetFunction(j *judge, o facts.Object) Fix {
	return sql("ALTER " + j.routine() + " " + o.Name.SQL() + o.Arguments + " RESET " + o.Detail)
}

// routine is the word for functions and procedures alike, which PostgreSQL 11
// brought together with procedures.
func (j *judge) routine() string {
	if j.s.Server.Major() >= 11 {
		return "ROUTINE"
	}
	return "FUNCTION"
}

func triggerOrigin(_ *judge, o facts.Object) Fix {
	return sql("ALTER TABLE " + o.Name.SQL() + " ENABLE TRIGGER " + pg.Quote(o.Detail))
}

func (j *judge) objects() {
	all, once := rules(), grouped()
	names := map[string][]string{}
	for _, o := range j.s.Objects {
		if id := once[o.Kind]; id != "" {
			names[id] = append(names[id], o.Label())
			continue
		}
		r, ok := all[o.Kind]
		if !ok || o.Kind == facts.TriggerAlways && j.o.Offline {
			if o.Kind == facts.Gone {
				j.gone(o)
			}
			continue // collations and partitions are judged apart
		}
		f := Finding{ID: r.id, Subject: o.Label()}
		if r.powers && j.t != nil && j.t.Rights.Superuser && j.kinds[r.id].Severity != Notes {
			f.Severity = Notes
		}
		if r.fix != nil {
			f.Fix = r.fix(j, o)
		}
		j.add(f, "%s", strings.ReplaceAll(r.what, "%s", o.Detail))
	}
	for id, list := range names {
		j.add(Finding{ID: id}, "%s: %s", count(len(list), "function"), some(list))
	}
	j.sequences()
	if n := j.s.Large.Count; n > 0 {
		f := Finding{ID: "large-objects"}
		if j.o.Offline {
			f.Severity = Notes
		}
		j.add(f, "%s, %s", count(int(n), "large object"), size(j.s.Large.Bytes))
	}
	const far = 1_200_000_000 // of 2,000 million
	if age := j.s.Activity.XIDAge; age > far {
		j.add(Finding{ID: "transaction-age", Subject: j.s.Database, Fix: sql("VACUUM (FREEZE)")}, "the oldest transaction number is %d back", age)
	}
}

// nearEnd is the share of a sequence from which on it is near its end.
const nearEnd = 0.8

func (j *judge) sequences() {
	if n := len(j.s.Sequences); n > 0 {
		j.add(Finding{ID: "sequences"}, "%s", count(n, "sequence"))
	}
	for _, s := range j.s.Sequences {
		if s.Used < nearEnd {
			continue
		}
		f := Finding{ID: "sequence-near-end", Subject: s.Name.String()}
		of := ""
		if s.Column != "" {
			of = " for " + s.Column
		}
		j.add(f, "%.0f %% are used (%d)%s", s.Used*100, s.Last, of)
	}
}
