package facts

import "fmt"

// goneKinds are what a newer major version cannot make any more: the detail is that
// version and what it is about (PostgreSQL release notes, "Migration to Version" 12,
// 13, 14, 16 and 18).
func goneKinds() []kind {
	const (
		// abstime, reltime, tinterval and their arrays.
		times    = `(702, 703, 704, 1023, 1024, 1025)`
		opaque   = 2282
		anyarray = `2277`
		// The functions whose arguments became "compatible".
		widened = `('array_append', 'array_prepend', 'array_cat', 'array_position', 'array_positions', 'array_remove', 'array_replace', 'width_bucket')`
	)
	const function = `SELECT n.nspname::text, p.proname::text, %s, '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE `
	return []kind{
		{Gone, 0, 11, `SELECT DISTINCT n.nspname::text, c.relname::text, '12 column ' || a.attname || ' of type ' || pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ` + times + ` AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'f') AND c.relpersistence <> 't' AND ` + own("pg_class", "c")},
		{Gone, 0, 11, fmt.Sprintf(function, `'12 an argument or result of type abstime, reltime or tinterval'`) + `(p.prorettype IN ` + times + ` OR EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes::oid[]) o WHERE o IN ` + times + `)) AND ` + own("pg_proc", "p")},
		{Gone, 0, 12, fmt.Sprintf(function, `'13 an argument or result of type opaque'`) + fmt.Sprintf(`(p.prorettype = %d OR %d = ANY (p.proargtypes::oid[])) AND `, opaque, opaque) + own("pg_proc", "p")},
		{Gone, 0, 13, `SELECT n.nspname::text, o.oprname::text, '14 a postfix operator of ' || pg_catalog.format_type(o.oprleft, NULL) FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprkind = 'r' AND ` + own("pg_operator", "o")},
		{Gone, 0, 13, `SELECT n.nspname::text, p.proname::text, '14 an aggregate of anyarray over ' || g.aggtransfn::oid::regprocedure, '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' FROM pg_catalog.pg_aggregate g
JOIN pg_catalog.pg_proc p ON p.oid = g.aggfnoid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_proc f ON f.oid = g.aggtransfn
WHERE g.aggtranstype = ` + anyarray + ` AND f.proname IN ` + widened + ` AND f.oid < 16384 AND ` + own("pg_proc", "p")},
		{Gone, 0, 13, `SELECT n.nspname::text, o.oprname::text, '14 an operator of anyarray over ' || o.oprcode::oid::regprocedure FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace JOIN pg_catalog.pg_proc f ON f.oid = o.oprcode
WHERE ` + anyarray + ` IN (o.oprleft, o.oprright) AND f.proname IN ` + widened + ` AND f.oid < 16384 AND ` + own("pg_operator", "o")},
		{Gone, 12, 15, `SELECT n.nspname::text, c.relname::text, '16 column ' || a.attname || ' that is generated, while that of its parent is not' FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid JOIN pg_catalog.pg_attribute up ON up.attrelid = h.inhparent AND up.attname = a.attname
WHERE a.attnum > 0 AND a.attgenerated <> '' AND NOT up.attisdropped AND up.attgenerated = '' AND ` + own("pg_class", "c")},
		{Gone, 0, 17, `SELECT n.nspname::text, c.relname::text, '18 a partitioned table that is unlogged' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'p' AND c.relpersistence = 'u' AND ` + own("pg_class", "c")},
	}
}
