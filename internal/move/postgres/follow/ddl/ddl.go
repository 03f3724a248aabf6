package ddl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Catalogue are the objects of a database that are no extension's and not the
// system's: digests by kind and name. It is a plain value for the journal. Landfall's
// own objects are not in it.
type Catalogue struct {
	Objects map[string]map[string]string `json:"objects"`
}

// Count is the number of objects.
func (c Catalogue) Count() int {
	n := 0
	for _, of := range c.Objects {
		n += len(of)
	}
	return n
}

// Read reads the catalogue. Tables that the selection leaves out, and what belongs
// to them, are left out; so are other objects of a schema that it leaves out. The
// session is one of pg: names in definitions are written in full because its
// search_path is empty.
func Read(ctx context.Context, conn *pgx.Conn, s pg.Selection) (Catalogue, error) {
	// The functions that print definitions look at the catalogue as it is, whatever
	// the snapshot says, and end with an internal error for what is dropped meanwhile.
	const times = 5
	for i := 1; ; i++ {
		c, err := read(ctx, conn, s)
		if code := pg.Code(err); i == times || code != "XX000" && code != "42704" && code != "42P01" {
			return c, pg.Fault(err, "read the catalogue of", conn.Config().Database)
		}
		if err := pg.Sleep(ctx, time.Duration(i)*50*time.Millisecond); err != nil {
			return c, pg.Fault(err, "read the catalogue of", conn.Config().Database)
		}
	}
}

func read(ctx context.Context, conn *pgx.Conn, s pg.Selection) (Catalogue, error) {
	c := Catalogue{map[string]map[string]string{}}
	major, err := majorOf(ctx, conn)
	if err != nil {
		return c, err
	}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, sql := range queries(major) {
			if err := c.add(ctx, tx, s, sql); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

func majorOf(ctx context.Context, conn *pgx.Conn) (int, error) {
	var version int
	err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version)
	return version / 10000, err
}

// add reads one kind: schema and name of the object, those of the table that it
// belongs to, and its digest.
func (c Catalogue) add(ctx context.Context, tx pgx.Tx, s pg.Selection, sql string) error {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	var kind, schema, name, tableSchema, table, digest string
	_, err = pgx.ForEachRow(rows, []any{&kind, &schema, &name, &tableSchema, &table, &digest}, func() error {
		switch {
		case table != "" && !s.Keeps(pg.Name{Schema: tableSchema, Name: table}):
			return nil
		case table == "" && schema != "" && !s.Keeps(pg.Name{Schema: schema, Name: name}):
			return nil
		}
		full := name
		if schema != "" {
			full = pg.Name{Schema: schema, Name: name}.String()
		}
		if table != "" && (tableSchema != schema || table != name) {
			full = called(kind, name, pg.Name{Schema: tableSchema, Name: table})
		}
		if c.Objects[kind] == nil {
			c.Objects[kind] = map[string]string{}
		}
		c.Objects[kind][full] = digest
		return nil
	})
	return err
}

// called names what belongs to a table.
func called(kind, name string, table pg.Name) string {
	if kind == "column" {
		quoted := pg.Name{Schema: "x", Name: name}.String()
		return table.String() + strings.TrimPrefix(quoted, "x")
	}
	return fmt.Sprintf("%s on %s", name, table)
}

// Change is one difference.
type Change struct {
	// What is "added", "changed" or "dropped".
	What string `json:"what"`
	// Kind is in words of PostgreSQL: table, column, index, constraint, function...
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Breaks says that replication stops, or misses rows, because of it, or may.
	Breaks bool `json:"breaks,omitempty"`
	// Advice is what to do.
	Advice string `json:"advice"`
}

// String is the change in a few words.
func (c Change) String() string { return fmt.Sprintf("%s %s %s", c.Kind, c.Name, c.What) }

// Changes names what differs, in the order of kinds and names. What belongs to a
// table that was added or dropped is not named beside it.
func Changes(before, after Catalogue) []Change {
	kinds := map[string]bool{}
	for _, c := range []Catalogue{before, after} {
		for kind := range c.Objects {
			kinds[kind] = true
		}
	}
	var all []Change
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		old, now := before.Objects[kind], after.Objects[kind]
		names := map[string]bool{}
		for name := range old {
			names[name] = true
		}
		for name := range now {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			was, had := old[name]
			is, has := now[name]
			if had && has && was == is || implied(before, after, kind, name) {
				continue
			}
			what := "changed"
			if !had {
				what = "added"
			} else if !has {
				what = "dropped"
			}
			breaks, advice := consequence(kind, what)
			all = append(all, Change{What: what, Kind: kind, Name: name, Breaks: breaks, Advice: advice})
		}
	}
	return all
}

// implied reports whether a column or the like came or went with its table.
func implied(before, after Catalogue, kind, name string) bool {
	table := ""
	switch kind {
	case "column":
		table = name[:strings.LastIndex(name, ".")]
		if strings.HasSuffix(name, `"`) { // the name of the column may hold a dot
			table = beforeQuoted(name)
		}
	case "index", "constraint", "trigger", "rule", "policy", "statistics":
		if i := strings.LastIndex(name, " on "); i >= 0 {
			table = name[i+len(" on "):]
		}
	}
	if table == "" {
		return false
	}
	_, had := before.Objects["table"][table]
	_, has := after.Objects["table"][table]
	return had != has
}

// beforeQuoted cuts a quoted last part off a name.
func beforeQuoted(name string) string {
	i := len(name) - 2
	for i > 0 {
		if name[i] != '"' {
			i--
			continue
		}
		if name[i-1] == '"' { // a quote in the name is doubled
			i -= 2
			continue
		}
		break
	}
	return strings.TrimSuffix(name[:max(i, 0)], ".")
}

// consequence says what a change does to the replication, and what to do.
func consequence(kind, what string) (breaks bool, advice string) {
	const same = "make the same change at the target before the cutover"
	switch kind + " " + what {
	case "table added":
		return true, "its rows are not replicated: create it at the target, and give it a generation of its own"
	case "table dropped":
		return false, "drop it at the target; nothing more of it arrives"
	case "table changed":
		return true, "make the same change at the target: a new replica identity, parent or partition bound decides which rows arrive and where"
	case "column added":
		return true, "add it at the target at once: replication stops at the first row that has it, and goes on when it is there"
	case "column changed":
		return true, "change it at the target too: replication stops at a value that does not fit"
	case "column dropped":
		return true, "drop it at the target too: rows arrive without it, and stop there when it is NOT NULL without a default"
	case "constraint dropped", "index dropped":
		return true, "drop it at the target too: rows that the source accepts without it stop the replication there"
	case "constraint changed", "type changed":
		return true, "make the same change at the target: rows that the source accepts may stop the replication there"
	case "sequence added":
		return false, "create it at the target before the cutover, which sets its position"
	case "event trigger added", "event trigger changed":
		return false, "look at what it does: the target has none of its own that Landfall made"
	}
	return false, same
}
