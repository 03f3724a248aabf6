package ddl

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Watch compares a database with what it was at the beginning, again and again, and
// reads the definitions only when something in the catalogue was written since.
type Watch struct {
	base      Catalogue
	selection pg.Selection
	stamp     string
	found     []Change
}

// NewWatch returns a Watch for a catalogue that was read with the same selection.
func NewWatch(base Catalogue, s pg.Selection) *Watch {
	return &Watch{base: base, selection: s}
}

// Look names what differs from the beginning.
func (w *Watch) Look(ctx context.Context, conn *pgx.Conn) ([]Change, error) {
	// The stamp first: what is written between the two is read twice, not never.
	stamp, err := Stamp(ctx, conn)
	if err != nil || stamp == w.stamp {
		return w.found, err
	}
	now, err := Read(ctx, conn, w.selection)
	if err != nil {
		return w.found, err
	}
	w.stamp, w.found = stamp, Changes(w.base, now)
	return w.found, nil
}

// Stamp differs from an earlier one of the same server when a definition was written
// since; it may differ without. It counts rows of the catalogue by the transactions
// that wrote them, and reads no definition: vacuum and statistics are written in
// place, and leave the transaction as it is.
func Stamp(ctx context.Context, conn *pgx.Conn) (string, error) {
	var words []string
	for _, c := range catalogues() {
		condition := ""
		if c == "pg_class" {
			condition = " WHERE relpersistence <> 't'" // the temporary tables of applications
		}
		words = append(words, "(SELECT count(*) || ':' || coalesce(sum(pg_catalog.hashint8(xmin::text::int8)), 0) FROM pg_catalog."+c+condition+")")
	}
	var text string
	err := conn.QueryRow(ctx, "SELECT pg_catalog.md5(pg_catalog.concat_ws(' ', "+strings.Join(words, ", ")+"))").Scan(&text)
	return text, pg.Fault(err, "look whether the catalogue was written of", conn.Config().Database)
}

// catalogues are those that every version since PostgreSQL 10 has, and every login
// may read.
func catalogues() []string {
	return []string{
		"pg_aggregate", "pg_am", "pg_amop", "pg_amproc", "pg_attrdef", "pg_attribute", "pg_cast", "pg_class", "pg_collation", "pg_constraint", "pg_conversion", "pg_default_acl", "pg_description",
		"pg_enum", "pg_event_trigger", "pg_extension", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_foreign_table", "pg_index", "pg_inherits", "pg_language",
		"pg_namespace", "pg_opclass", "pg_operator", "pg_opfamily", "pg_partitioned_table", "pg_policy", "pg_proc", "pg_publication", "pg_publication_rel", "pg_range", "pg_rewrite",
		"pg_sequence", "pg_statistic_ext", "pg_transform", "pg_trigger", "pg_ts_config", "pg_ts_config_map", "pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_type",
	}
}
