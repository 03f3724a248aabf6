package rows

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// shown is how many characters of a value are shown.
const shown = 200

// listed are suspects that are shown, with their values or without.
type listed struct {
	suspects []*suspect
	values   bool
}

// cells are the columns of a row of one side: a hash of each, and the text where
// it is asked for.
type cells struct {
	hashes []int64
	texts  []string
}

// rowsOf makes the listed rows of suspects: which columns differ.
func (s shape) rowsOf(ctx context.Context, c couple, f facts, listing listed) ([]Row, error) {
	suspects, values := listing.suspects, listing.values
	out := make([]Row, len(suspects))
	for i, one := range suspects {
		out[i] = Row{Key: one.key, Digest: hex(one.id)}
		for _, x := range one.source {
			out[i].SourceCopies += x.n
			out[i].SourceAt = x.at
		}
		for _, x := range one.target {
			out[i].TargetCopies += x.n
			out[i].TargetAt = x.at
		}
	}
	if s.key == nil && !values || len(suspects) == 0 {
		return out, nil
	}
	var sides [2]map[string]cells
	err := c.both(func(side int, conn *pgx.Conn) (err error) {
		sides[side], err = s.cells(ctx, conn, f, listing)
		return at(side, err)
	})
	if err != nil {
		return nil, err
	}
	for i, one := range suspects {
		source, here := sides[0][one.name()]
		target, there := sides[1][one.name()]
		if s.key == nil {
			if !here {
				source = target
			}
			out[i].Text = "(" + strings.Join(source.texts, ", ") + ")"
			continue
		}
		if here && there {
			out[i].Columns = s.compareCells(source, target, values)
		}
	}
	return out, nil
}

func (s shape) compareCells(source, target cells, values bool) []Cell {
	var out []Cell
	for j, column := range s.columns {
		if source.hashes[j] == target.hashes[j] {
			continue
		}
		cell := Cell{Name: column.Name}
		if values {
			cell.Source, cell.Target = &source.texts[j], &target.texts[j]
		}
		out = append(out, cell)
	}
	return out
}

func (s shape) cells(ctx context.Context, conn *pgx.Conn, f facts, listing listed) (map[string]cells, error) {
	var hashes, texts []string
	for i, c := range s.columns {
		hashes = append(hashes, f.digest(s.fields[i:i+1]))
		if !listing.values {
			continue
		}
		texts = append(texts, "pg_catalog.left(pg_catalog.format('%L', "+pg.Quote(c.Name)+"), "+strconv.Itoa(shown)+")")
	}
	where, args := s.chosen(listing.suspects)
	out := map[string]cells{}
	rows, err := conn.Query(ctx, "SELECT "+s.id+", "+s.keys()+", ARRAY["+strings.Join(hashes, ", ")+"]::pg_catalog.int8[], ARRAY["+strings.Join(texts, ", ")+"]::pg_catalog.text[]"+s.from()+where, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var one suspect
		var c cells
		if err := rows.Scan(&one.id, &one.key, &c.hashes, &c.texts); err != nil {
			rows.Close()
			return nil, err
		}
		out[one.name()] = c
	}
	return out, rows.Err()
}
