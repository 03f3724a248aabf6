package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/compare/schema"
	"example.com/landfall/internal/move/postgres/pg"
)

func run(ctx context.Context, sides rows.Sides, options Options) (Report, error) {
	began := time.Now()
	var r Report
	if !sides.Source.Valid() || !sides.Target.Valid() {
		return r, fault.Newf(fault.Usage, "compare two databases: want a source and a target")
	}
	both, err := connect(ctx, sides)
	if err != nil {
		return r, err
	}
	defer both.close(ctx)
	if err := both.each(func(side int, conn *pgx.Conn) (err error) {
		server := &r.Source
		if side == 1 {
			server = &r.Target
		}
		*server, err = pg.Look(ctx, conn)
		return err
	}); err != nil {
		return r, err
	}
	if err := both.small(ctx, options, &r); err != nil {
		return r, err
	}
	if err := content(ctx, sides, options, &r); err != nil {
		return r, err
	}
	for _, t := range append(r.Tables[:len(r.Tables):len(r.Tables)], r.Views...) {
		r.Rows += t.SourceRows
		r.Bytes += t.Bytes
	}
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// small compares what is no rows.
func (b pair) small(ctx context.Context, options Options, r *Report) (err error) {
	if !options.Parts.NoSchema {
		var catalogues [2]schema.Catalogue
		if err := b.each(func(side int, conn *pgx.Conn) (err error) {
			catalogues[side], err = schema.Read(ctx, conn, options.Select)
			return err
		}); err != nil {
			return err
		}
		result := schema.Compare(catalogues[0], catalogues[1], options.Known)
		r.Schema = &result
	}
	if !options.Parts.NoSequences {
		if r.Sequences, err = b.sequences(ctx, options.Select); err != nil {
			return err
		}
	}
	if !options.Parts.NoLargeObjects && options.Select.Schemas == nil && options.Select.Tables == nil {
		r.LargeObjects, err = b.largeObjects(ctx, max(options.First, 20))
	}
	return err
}

func content(ctx context.Context, sides rows.Sides, options Options, r *Report) (err error) {
	if !options.Parts.NoRows {
		if r.Tables, err = rows.Compare(ctx, sides, options.Options); err != nil {
			return err
		}
	}
	if !options.Parts.NoViews {
		views := options.Options
		// A view is as of its last refresh: nothing flows into it.
		views.Applied, views.Journal, views.Progress = nil, nil, nil
		r.Views, err = rows.Views(ctx, sides, views)
	}
	return err
}

// Differences are the sentences that say what is not equal, in a stable order, and
// what could not be proved. Nothing is equal as long as there is one.
func (r Report) Differences() []string {
	var out []string
	if r.Schema != nil {
		for _, d := range r.Schema.Unexpected() {
			out = append(out, schemaSentence(*r.Schema, d))
		}
		out = append(out, unread("source", r.Schema.SourceUnread)...)
		out = append(out, unread("target", r.Schema.TargetUnread)...)
	}
	for _, t := range r.Tables {
		out = append(out, tableSentence("table", t)...)
	}
	for _, t := range r.Views {
		out = append(out, tableSentence("materialized view", t)...)
	}
	for _, s := range r.Sequences {
		if s.Verdict != rows.Equal {
			out = append(out, fmt.Sprintf("sequence %s: %s: %s", s.Name, s.Verdict, s.Reason))
		}
	}
	if l := r.LargeObjects; l != nil && l.Verdict != rows.Equal {
		out = append(out, fmt.Sprintf("large objects: %s: %d missing, %d extra, %d changed %s", l.Verdict, l.Missing, l.Extra, l.Changed, l.Reason))
	}
	return out
}

func unread(side string, list []schema.Unread) []string {
	var out []string
	for _, u := range list {
		out = append(out, fmt.Sprintf("%s of the %s: not readable: %s", u.What, side, u.Reason))
	}
	return out
}

func schemaSentence(r schema.Result, d schema.Difference) string {
	switch {
	case d.Source != "" && d.Target != "" || len(d.Fields) > 0:
		return fmt.Sprintf("%s %s: differs in %q", d.Kind, d.Name, d.Fields)
	case d.Target == "" && contains(r.Missing, d):
		return fmt.Sprintf("%s %s: missing at the target", d.Kind, d.Name)
	}
	return fmt.Sprintf("%s %s: extra at the target", d.Kind, d.Name)
}

func contains(list []schema.Difference, d schema.Difference) bool {
	for _, one := range list {
		if one.Kind == d.Kind && one.Name == d.Name {
			return true
		}
	}
	return false
}

func tableSentence(kind string, t rows.Table) []string {
	if t.Verdict == rows.Equal {
		return nil
	}
	text := fmt.Sprintf("%s %s: %s", kind, t.Name, t.Verdict)
	if t.Missing+t.Extra+t.Changed+t.Open > 0 {
		text += fmt.Sprintf(": %d rows missing, %d extra, %d changed, %d not decided", t.Missing, t.Extra, t.Changed, t.Open)
	}
	if t.Reason != "" {
		text += ": " + t.Reason
	}
	return []string{text}
}
