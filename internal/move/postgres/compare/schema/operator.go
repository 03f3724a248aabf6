package schema

func operatorParts() []part {
	// What an operator family holds beyond its classes is listed with the family.
	const members = `(SELECT array_agg(line ORDER BY line COLLATE "C") FROM (
    SELECT 'operator ' || o.amopstrategy || ' ' || o.amopopr::regoperator || ' ' || o.amoppurpose::text || CASE WHEN o.amopsortfamily <> 0 THEN ' sorted by ' || (pg_catalog.pg_identify_object('pg_catalog.pg_opfamily'::regclass, o.amopsortfamily, 0)).identity ELSE '' END AS line
      FROM pg_catalog.pg_amop o WHERE o.amopfamily = x.oid
    UNION ALL SELECT 'function ' || p.amprocnum || ' (' || pg_catalog.format_type(p.amproclefttype, NULL) || ', ' || pg_catalog.format_type(p.amprocrighttype, NULL) || ') ' || p.amproc::oid::regprocedure
      FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = x.oid) m)`
	return []part{
		// One without a function is only a name that another operator has given to its
		// commutator or negator; pg_dump leaves it out.
		object{"'operator'", "pg_operator", "oprnamespace", "oprowner", "", ""}.of("operators", "'function', "+function("x.oprcode")+", 'result', "+typeName("x.oprresult")+", 'commutator', "+operator("x.oprcom")+
			", 'negator', "+operator("x.oprnegate")+", 'restrict', "+function("x.oprrest")+", 'join', "+function("x.oprjoin")+", 'hashes', "+flag("x.oprcanhash")+", 'merges', "+flag("x.oprcanmerge"), " AND x.oprcode <> 0"),
		object{"'operator family'", "pg_opfamily", "opfnamespace", "opfowner", "", ""}.of("operator families", "'members', "+members, ""),
		object{"'operator class'", "pg_opclass", "opcnamespace", "opcowner", "", ""}.of("operator classes", "'for', "+typeName("x.opcintype")+", 'default', "+flag("x.opcdefault")+", 'key', "+typeName("x.opckeytype")+
			", 'family', "+identity("pg_opfamily", "x.opcfamily"), ""),
		object{"'cast'", "pg_cast", "", "", "", ""}.of("casts", "'function', "+function("x.castfunc")+", 'context', x.castcontext::text, 'method', x.castmethod::text, 'made with', "+madeWith("pg_cast"), ""),
		object{"'conversion'", "pg_conversion", "connamespace", "conowner", "", ""}.of("conversions", "'from', pg_catalog.pg_encoding_to_char(x.conforencoding), 'to', pg_catalog.pg_encoding_to_char(x.contoencoding), 'function', "+function("x.conproc")+
			", 'default', "+flag("x.condefault"), ""),
		object{"'access method'", "pg_am", "", "", "", ""}.of("access methods", "'type', x.amtype::text, 'handler', "+function("x.amhandler"), ""),
	}
}

func operator(column string) string {
	return "CASE WHEN " + column + " <> 0 THEN " + column + "::regoperator::text END"
}

func searchParts() []part {
	return []part{
		object{"'text search configuration'", "pg_ts_config", "cfgnamespace", "cfgowner", "", ""}.of("text search configurations", "'parser', "+identity("pg_ts_parser", "x.cfgparser")+
			`, 'mappings', (SELECT array_agg(m.line ORDER BY m.line COLLATE "C") FROM (SELECT k.alias || ': ' || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS line
    FROM pg_catalog.pg_ts_config_map m JOIN LATERAL pg_catalog.ts_token_type(x.cfgparser) k ON k.tokid = m.maptokentype WHERE m.mapcfg = x.oid GROUP BY k.alias) m)`, ""),
		object{"'text search dictionary'", "pg_ts_dict", "dictnamespace", "dictowner", "", ""}.of("text search dictionaries", "'template', "+identity("pg_ts_template", "x.dicttemplate")+", 'options', x.dictinitoption", ""),
		object{"'text search parser'", "pg_ts_parser", "prsnamespace", "", "", ""}.of("text search parsers", "'functions', concat_ws(' ', x.prsstart::oid::regprocedure, x.prstoken::oid::regprocedure, x.prsend::oid::regprocedure, nullif(x.prsheadline::oid, 0)::regprocedure, x.prslextype::oid::regprocedure)", ""),
		object{"'text search template'", "pg_ts_template", "tmplnamespace", "", "", ""}.of("text search templates", "'functions', concat_ws(' ', nullif(x.tmplinit::oid, 0)::regprocedure, x.tmpllexize::oid::regprocedure)", ""),
	}
}
