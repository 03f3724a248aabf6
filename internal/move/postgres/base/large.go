package base

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// objectsAtOnce and objectBytes bound what goes in one transaction, objectPiece
	// what goes in one value: lo_get takes up to 1 GB.
	objectsAtOnce = 1000
	objectBytes   = 64 << 20
	objectPiece   = 4 << 20
	// What the notes say of them, followed by the last number.
	objectsTo      = "large objects to "
	objectsDressed = "large objects dressed to "
	objectRefused  = "large object refused "
	// invRead lets lo_open read only (INV_READ of libpq-fs.h).
	invRead = 0x40000
)

// object is a large object and what belongs to it.
type object struct {
	id             uint32
	size           int64
	owner, comment string
	grants         []string
}

// largeObjects copies the large objects of the snapshot, some at a time in the
// order of their numbers. They belong to the database as a whole: they come
// without a selection alone. What changes of them later is not followed.
func (b *Base) largeObjects(ctx context.Context) error {
	if b.known.done[doneObjects] {
		return nil
	}
	if b.Selection.Schemas != nil || b.Selection.Tables != nil {
		return b.noteDone(ctx, doneObjects)
	}
	w := &worker{base: b}
	defer w.close()
	after, undressed, err := b.objectsDone()
	if err != nil {
		return err
	}
	if undressed {
		if err := b.dressAgain(ctx, after); err != nil {
			return err
		}
	}
	for {
		var some []object
		err := b.inSnapshot(ctx, func(conn *pgx.Conn) (err error) {
			some, err = nextObjects(ctx, conn, after)
			return err
		})
		if err != nil {
			return pg.Fault(err, "list the large objects of", b.Source.String())
		}
		if len(some) == 0 {
			return b.noteDone(ctx, doneObjects)
		}
		if b.Protect != nil {
			if err := b.Protect(ctx); err != nil {
				return err
			}
		}
		if err := b.copyObjects(ctx, w, some); err != nil {
			return err
		}
		b.objects += int64(len(some))
		after = int64(some[len(some)-1].id)
		if err := b.noteDone(ctx, objectsDressed+strconv.FormatInt(after, 10)); err != nil {
			return err
		}
		b.advance()
		b.point("large objects noted")
	}
}

// objectsDone tells up to which number large objects are copied, from the notes,
// and whether the last of them may lack their owners and rights.
func (b *Base) objectsDone() (after int64, undressed bool, err error) {
	after = -1
	for what := range b.known.done {
		text, ok := strings.CutPrefix(what, objectsTo)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, false, fault.Of(fault.Invalid, "read the notes of run", b.Run, err)
		}
		after = max(after, n)
	}
	return after, after >= 0 && !b.known.done[objectsDressed+strconv.FormatInt(after, 10)], nil
}

// dressAgain gives their owners and rights to all large objects up to one: giving
// them twice does no harm.
func (b *Base) dressAgain(ctx context.Context, to int64) error {
	for after := int64(-1); after < to; {
		var some []object
		err := b.inSnapshot(ctx, func(conn *pgx.Conn) (err error) {
			some, err = nextObjects(ctx, conn, after)
			return err
		})
		if err != nil || len(some) == 0 {
			return pg.Fault(err, "list the large objects of", b.Source.String())
		}
		after = int64(some[len(some)-1].id)
		if err := b.dress(ctx, slices.DeleteFunc(some, func(o object) bool { return int64(o.id) > to })); err != nil {
			return err
		}
	}
	return b.noteDone(ctx, objectsDressed+strconv.FormatInt(to, 10))
}

// nextObjects lists large objects behind one, as many as go in one transaction.
func nextObjects(ctx context.Context, conn *pgx.Conn, after int64) ([]object, error) {
	rows, err := conn.Query(ctx, `SELECT m.oid, pg_catalog.lo_lseek64(pg_catalog.lo_open(m.oid, $2), 0, 2), pg_catalog.pg_get_userbyid(m.lomowner), coalesce(pg_catalog.obj_description(m.oid, 'pg_largeobject'), ''),
ARRAY(SELECT 'GRANT ' || x.privilege_type || ' ON LARGE OBJECT ' || m.oid || ' TO ' || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
  FROM pg_catalog.aclexplode(m.lomacl) x WHERE x.grantee <> m.lomowner ORDER BY 1)
FROM (SELECT oid, lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata WHERE oid::bigint > $1 ORDER BY oid LIMIT $3) m ORDER BY m.oid`, after, invRead, objectsAtOnce)
	if err != nil {
		return nil, err
	}
	var all []object
	var bytes int64
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var o object
		err := row.Scan(&o.id, &o.size, &o.owner, &o.comment, &o.grants)
		if bytes += o.size; bytes <= objectBytes || len(all) == 0 {
			all = append(all, o)
		} else {
			bytes = objectBytes + 1 // those after it come later as well
		}
		return struct{}{}, err
	})
	return all, err
}

// copyObjects copies large objects in one transaction that notes them: their pieces
// go through a table of the session.
func (b *Base) copyObjects(ctx context.Context, w *worker, some []object) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	names := b.snapshot.names()
	if len(names) == 0 {
		return snapshotLost()
	}
	var ids, sizes []string
	for _, o := range some {
		ids = append(ids, strconv.FormatUint(uint64(o.id), 10))
		sizes = append(sizes, strconv.FormatInt(o.size, 10))
	}
	read := beginReading + "; SET TRANSACTION SNAPSHOT " + pg.Literal(names[0]) + fmt.Sprintf(`; COPY (SELECT o.id, p.at, pg_catalog.lo_get(o.id, p.at, %d)
FROM ROWS FROM (pg_catalog.unnest('{%s}'::oid[]), pg_catalog.unnest('{%s}'::bigint[])) o(id, size), LATERAL pg_catalog.generate_series(0::bigint, greatest(o.size - 1, 0), %d) p(at)) TO STDOUT (FORMAT binary); COMMIT`,
		objectPiece, strings.Join(ids, ","), strings.Join(sizes, ","), objectPiece)
	write := "BEGIN; CREATE TEMP TABLE landfall_pieces (id oid, at bigint, piece bytea) ON COMMIT DROP; COPY pg_temp.landfall_pieces FROM STDIN (FORMAT binary)"
	if _, _, err := forward(ctx, w.source, w.target, carrying{read, write, 1, func(ctx context.Context, _, n int) error {
		b.meter.bytes.Add(int64(n))
		return b.pace.take(ctx, n)
	}}); err != nil {
		return pg.Fault(err, "copy large objects of", b.Source.String())
	}
	release := w.target.bound(ctx)
	_, err := w.target.query(`SELECT pg_catalog.lo_create(id) FROM pg_temp.landfall_pieces WHERE at = 0; SELECT pg_catalog.lo_put(id, at, piece) FROM pg_temp.landfall_pieces ORDER BY id, at; ` +
		doneSQL(b.Run, objectsTo+ids[len(ids)-1]) + "; COMMIT")
	release()
	if pg.Code(err) == "23505" {
		return b.refused(ctx, w, some)
	}
	if err != nil {
		w.target.broken = true
		return pg.Fault(err, "copy large objects to", b.Target.String())
	}
	return b.dress(ctx, some)
}

// refused goes on one by one where a large object is there already: it is not of
// this run and stays as it is.
func (b *Base) refused(ctx context.Context, w *worker, some []object) error {
	if failed := settle(w.target); failed != nil {
		return failed
	}
	if len(some) > 1 {
		for i := range some {
			if err := b.copyObjects(ctx, w, some[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	return b.noteDone(ctx, objectRefused+strconv.FormatUint(uint64(some[0].id), 10))
}

// dress gives large objects their owners, comments and rights.
func (b *Base) dress(ctx context.Context, some []object) error {
	for _, o := range some {
		name := "LARGE OBJECT " + strconv.FormatUint(uint64(o.id), 10)
		var sql []string
		if o.comment != "" {
			sql = append(sql, "COMMENT ON "+name+" IS "+pg.Literal(o.comment))
		}
		sql = append(sql, o.grants...)
		if o.owner != b.target.User {
			sql = append(sql, "ALTER "+name+" OWNER TO "+pg.Quote(o.owner))
		}
		e := &entry{Entry: dump.Entry{Kind: "ACL", Name: name, Statements: sql}}
		if len(sql) == 0 {
			continue
		}
		if err := b.makers.do(ctx, func(conn *pgx.Conn) error { return b.alone(ctx, conn, e) }); err != nil {
			return err
		}
		for _, t := range e.trouble {
			b.leave(Left{Kind: "LARGE OBJECT", Name: name, Message: t.Message, Code: t.Code, SQL: t.SQL})
		}
	}
	return nil
}
