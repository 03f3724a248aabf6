package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// Each object is dropped by the words that its kind wants: the identities that the
// server writes are not always those that DROP takes.
func TestDropWithin(t *testing.T) {
	t.Parallel()
	e, err := pg.Parse(testkit.Postgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `CREATE TABLE public.t (a int, b int); CREATE STATISTICS public.s ON a, b FROM public.t; CREATE PUBLICATION p FOR TABLES IN SCHEMA public;
CREATE AGGREGATE public.number(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0'); CREATE AGGREGATE public.middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION public.fac(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OPERATOR public.@#@ (RIGHTARG = int, FUNCTION = public.fac); CREATE OPERATOR CLASS public.c FOR TYPE int USING hash AS OPERATOR 1 =`, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		_, err := dropCopied(t.Context(), tx, []string{"public"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if empty, _, err := contents(t.Context(), e); err != nil || !empty {
		t.Errorf("something is left, %v", err)
	}
}
