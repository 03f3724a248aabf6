package ddl

// codeQueries are functions and types.
func codeQueries(major int) []string {
	kind := "f.prokind"
	if major < 11 {
		kind = "CASE WHEN f.proisagg THEN 'a' ELSE 'f' END"
	}
	return []string{
		`SELECT CASE p.kind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, '', pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), '', '',
  $digest(CASE WHEN p.kind = 'a' THEN (SELECT pg_catalog.row_to_json(g)::jsonb #- '{aggfnoid}' FROM (SELECT x.aggfnoid, x.aggkind, x.aggnumdirectargs, x.aggtransfn::text, x.aggfinalfn::text, x.aggcombinefn::text, x.aggserialfn::text,
    x.aggdeserialfn::text, x.aggmtransfn::text, x.aggminvtransfn::text, x.aggmfinalfn::text, x.aggsortop::regoperator::text, pg_catalog.format_type(x.aggtranstype, NULL) AS state, x.agginitval, x.aggminitval
    FROM pg_catalog.pg_aggregate x WHERE x.aggfnoid = p.oid) g)::text ELSE pg_catalog.pg_get_functiondef(p.oid) END, pg_catalog.pg_get_userbyid(p.proowner), $acl(p.proacl, 'f', p.proowner), $note(p.oid, pg_proc))
FROM (SELECT f.oid, f.pronamespace, f.proname, f.proowner, f.proacl, ` + kind + ` AS kind FROM pg_catalog.pg_proc f) p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE $schema(n) AND $own(pg_proc, p.oid)`,

		`SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname, t.typname, '', '', $digest(t.typtype, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
  $collation(t.typcollation), pg_catalog.pg_get_userbyid(t.typowner), $acl(t.typacl, 'T', t.typowner), t.typinput, t.typoutput, t.typsend, t.typreceive, t.typlen, t.typbyval, t.typalign, t.typstorage,
  (SELECT pg_catalog.string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
  (SELECT pg_catalog.format_type(r.rngsubtype, NULL) || r.rngsubdiff::text || r.rngcanonical::text FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
  (SELECT pg_catalog.string_agg(k.conname || pg_catalog.pg_get_constraintdef(k.oid) || k.convalidated, ' ' ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid), $note(t.oid, pg_type))
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typrelid = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AND $schema(n) AND $own(pg_type, t.oid)`,
	}
}

// otherQueries are the rare kinds.
func otherQueries() []string {
	return []string{
		`SELECT 'statistics', '', s.stxname, n.nspname, c.relname, $digest(pg_catalog.pg_get_statisticsobjdef(s.oid), pg_catalog.pg_get_userbyid(s.stxowner), $note(s.oid, pg_statistic_ext))
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE $schema(n) AND $own(pg_statistic_ext, s.oid)`,

		`SELECT 'extension', '', x.extname, '', '', $digest(x.extversion, x.extnamespace::regnamespace) FROM pg_catalog.pg_extension x`,

		`SELECT 'cast', '', pg_catalog.format('(%s AS %s)', pg_catalog.format_type(k.castsource, NULL), pg_catalog.format_type(k.casttarget, NULL)), '', '', $digest(k.castcontext, k.castmethod, k.castfunc::regprocedure)
FROM pg_catalog.pg_cast k WHERE k.oid >= 16384 AND $own(pg_cast, k.oid)`,

		`SELECT 'operator', '', o.oid::regoperator::text, '', '', $digest(o.oprcode, o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash, o.oprcom::regoperator, o.oprnegate::regoperator, pg_catalog.pg_get_userbyid(o.oprowner))
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE $schema(n) AND $own(pg_operator, o.oid)`,

		`SELECT 'operator class', n.nspname, o.opcname || ' USING ' || m.amname, '', '', $digest(o.opcdefault, pg_catalog.format_type(o.opcintype, NULL), pg_catalog.format_type(o.opckeytype, NULL), pg_catalog.pg_get_userbyid(o.opcowner),
  (SELECT pg_catalog.string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator::text, ',' ORDER BY a.amopstrategy, a.amopopr::regoperator::text COLLATE "C") FROM pg_catalog.pg_amop a WHERE a.amopfamily = o.opcfamily),
  (SELECT pg_catalog.string_agg(a.amprocnum || ' ' || a.amproc::text, ',' ORDER BY a.amprocnum, a.amproc::text COLLATE "C") FROM pg_catalog.pg_amproc a WHERE a.amprocfamily = o.opcfamily))
FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace WHERE $schema(n) AND $own(pg_opclass, o.oid)`,

		`SELECT 'collation', n.nspname, l.collname, '', '', $digest(pg_catalog.row_to_json(l)::jsonb - 'oid' - 'collnamespace' - 'collowner' - 'collname', pg_catalog.pg_get_userbyid(l.collowner))
FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE $schema(n) AND $own(pg_collation, l.oid)`,

		`SELECT 'conversion', n.nspname, v.conname, '', '', $digest(v.conforencoding, v.contoencoding, v.conproc, v.condefault, pg_catalog.pg_get_userbyid(v.conowner))
FROM pg_catalog.pg_conversion v JOIN pg_catalog.pg_namespace n ON n.oid = v.connamespace WHERE $schema(n) AND $own(pg_conversion, v.oid)`,

		`SELECT 'text search configuration', n.nspname, g.cfgname, '', '', $digest(g.cfgparser, pg_catalog.pg_get_userbyid(g.cfgowner),
  (SELECT pg_catalog.string_agg(m.maptokentype || ' ' || m.mapseqno || ' ' || m.mapdict::regdictionary::text, ',' ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = g.oid))
FROM pg_catalog.pg_ts_config g JOIN pg_catalog.pg_namespace n ON n.oid = g.cfgnamespace WHERE $schema(n) AND $own(pg_ts_config, g.oid)`,

		`SELECT 'text search dictionary', n.nspname, d.dictname, '', '', $digest(d.dictinitoption, pg_catalog.pg_get_userbyid(d.dictowner)) FROM pg_catalog.pg_ts_dict d
JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace WHERE $schema(n) AND $own(pg_ts_dict, d.oid)`,

		`SELECT 'event trigger', '', t.evtname, '', '', $digest(t.evtevent, t.evtenabled, t.evtfoid::regprocedure, t.evttags, pg_catalog.pg_get_userbyid(t.evtowner)) FROM pg_catalog.pg_event_trigger t WHERE $own(pg_event_trigger, t.oid)`,

		`SELECT 'foreign data wrapper', '', w.fdwname, '', '', $digest(w.fdwhandler::regproc, w.fdwvalidator::regproc, w.fdwoptions) FROM pg_catalog.pg_foreign_data_wrapper w WHERE $own(pg_foreign_data_wrapper, w.oid)`,

		`SELECT 'foreign server', '', s.srvname, '', '', $digest(s.srvtype, s.srvversion, s.srvoptions, pg_catalog.pg_get_userbyid(s.srvowner), $acl(s.srvacl, 'S', s.srvowner)) FROM pg_catalog.pg_foreign_server s WHERE $own(pg_foreign_server, s.oid)`,

		`SELECT 'default privileges', '', pg_catalog.format('of %s in %s on %s', pg_catalog.pg_get_userbyid(a.defaclrole), CASE a.defaclnamespace WHEN 0 THEN 'every schema' ELSE a.defaclnamespace::regnamespace::text END, a.defaclobjtype), '', '',
  $digest((SELECT pg_catalog.string_agg(x::text, ' ' ORDER BY x::text COLLATE "C") FROM pg_catalog.unnest(a.defaclacl) x)) FROM pg_catalog.pg_default_acl a`,

		`SELECT 'language', '', l.lanname, '', '', $digest(l.lanpltrusted, l.lanplcallfoid::regproc, $acl(l.lanacl, 'l', l.lanowner)) FROM pg_catalog.pg_language l WHERE l.lanispl AND $own(pg_language, l.oid)`,

		`SELECT 'transform', '', pg_catalog.format('for %s language %I', pg_catalog.format_type(t.trftype, NULL), l.lanname), '', '', $digest(t.trffromsql::regprocedure, t.trftosql::regprocedure)
FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang WHERE $own(pg_transform, t.oid)`,

		`SELECT 'access method', '', m.amname, '', '', $digest(m.amtype, m.amhandler) FROM pg_catalog.pg_am m WHERE m.oid >= 16384 AND $own(pg_am, m.oid)`,

		`SELECT 'operator family', n.nspname, o.opfname || ' USING ' || m.amname, '', '', $digest(pg_catalog.pg_get_userbyid(o.opfowner))
FROM pg_catalog.pg_opfamily o JOIN pg_catalog.pg_am m ON m.oid = o.opfmethod JOIN pg_catalog.pg_namespace n ON n.oid = o.opfnamespace WHERE $schema(n) AND $own(pg_opfamily, o.oid)`,

		`SELECT 'text search parser', n.nspname, p.prsname, '', '', $digest(p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype) FROM pg_catalog.pg_ts_parser p
JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace WHERE $schema(n) AND $own(pg_ts_parser, p.oid)`,

		`SELECT 'text search template', n.nspname, t.tmplname, '', '', $digest(t.tmplinit, t.tmpllexize) FROM pg_catalog.pg_ts_template t
JOIN pg_catalog.pg_namespace n ON n.oid = t.tmplnamespace WHERE $schema(n) AND $own(pg_ts_template, t.oid)`,

		// The options of a user mapping hold passwords; not every login sees them.
		`SELECT 'user mapping', '', pg_catalog.format('of %s on %I', u.usename, u.srvname), '', '', '' FROM pg_catalog.pg_user_mappings u`,

		`SELECT 'publication', '', p.pubname, '', '', $digest(p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, (SELECT pg_catalog.string_agg(r.prrelid::regclass::text, ' ' ORDER BY r.prrelid::regclass::text COLLATE "C") FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid))
FROM pg_catalog.pg_publication p WHERE pg_catalog.left(p.pubname, 9) <> 'landfall_'`,
	}
}
