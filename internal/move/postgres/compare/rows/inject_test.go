package rows

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// wrong is a difference made in the target and what a comparison has to say of it.
type wrong struct {
	sql                     string
	table                   string
	missing, extra, changed int64
	key                     []string
	columns                 []string
}

// wrongs are all sorts of differences; which row they are made in is random.
func wrongs(r *rand.Rand) []wrong {
	ids := r.Perm(56)
	id := func() string {
		n := 5 + ids[0]
		ids = ids[1:]
		return fmt.Sprint(n)
	}
	var out []wrong
	for column, value := range map[string]string{
		"b": "NOT b", "i2": "i2 # 4::int2", "i8": "i8 # (1::int8 << 40)", "f4": "f4 * 1.000001", "f8": "-f8", "fa": "ARRAY[fa[1], 0, fa[3], fa[4]]", "n": "n + 1e-15", "t": "t || ' '", "v": "NULL", "na": "'other'",
		"by": "set_bit(by, 17, 1 - get_bit(by, 17))", "d": "d + 1", "tz": "'01:02:03+03'", "ts": "ts + interval '1 us'", "iv": "iv - interval '1 day' + interval '24 hours'", "u": "'00000000-0000-0000-0000-000000000001'",
		"j": `'{"a": 1}'`, "jb": `'{"a": 1.0}'`, "x": "'<a>y</a>'", "p": "point(p[0], p[1] + 1e-12)", "po": "'((0,0),(1,1),(1,2))'", "ci": "'10.0.0.0/9'", "bi": "B'1011'", "vb": "B'1010'", "mo": "mo + 0.01::money", "tv": "'a fat cat':1",
		"r": "'[1,2)'", "mr": "'{[1,2],[5,7.6]}'", "ia": "ARRAY[ia[1], 0, 2]", "ta": "ARRAY['a', NULL, NULL]", "e": "'green'", "ea": "'{green,red}'", "pa": "ROW((pa).a, NULL)", "paa": "ARRAY[ROW(1,'')::s.pair]", "di": "di + 1",
		"dc": "'abc'", "ne": "'red'", "li": "'{1}'", "h": "'a=>2,b=>NULL'", "ct": "'citext'", "rc": "'s.tree'", "rt": "'{int4}'", "lo": "'loose'", "l": "'0/1235'", "jp": "'$.b'",
	} {
		key := id()
		if column == "tv" {
			value = "'a:1 fat cat'"
		}
		out = append(out, wrong{fmt.Sprintf("UPDATE s.kinds SET %s = %s WHERE id = %s", column, value, key), "s.kinds", 0, 0, 1, []string{key}, []string{column}})
	}
	slices.SortFunc(out, func(a, b wrong) int { return slices.Compare(a.columns, b.columns) })
	key, swap := 5+r.IntN(25), 31+r.IntN(25)
	return append(out,
		wrong{"UPDATE s.kinds SET t = NULL WHERE id = 3", "s.kinds", 0, 0, 1, []string{"3"}, []string{"t"}},
		wrong{"UPDATE s.kinds SET f8 = '0' WHERE id = 3", "s.kinds", 0, 0, 1, []string{"3"}, []string{"f8"}},
		wrong{fmt.Sprintf("DELETE FROM s.kinds WHERE id = %d", key), "s.kinds", 1, 0, 0, []string{fmt.Sprint(key)}, nil},
		wrong{"INSERT INTO s.kinds (id) VALUES (0)", "s.kinds", 0, 1, 0, []string{"0"}, nil},
		wrong{fmt.Sprintf("UPDATE s.kinds k SET u = o.u FROM s.kinds o WHERE k.id = %d AND o.id = %d OR k.id = %d AND o.id = %d", key, swap, swap, key), "s.kinds", 0, 0, 2, nil, []string{"u"}},
		wrong{"INSERT INTO s.nokey SELECT * FROM s.nokey LIMIT 1", "s.nokey", 0, 1, 0, nil, nil},
		wrong{"DELETE FROM s.nokey WHERE ctid IN (SELECT ctid FROM s.nokey WHERE a IS NULL AND b = '')", "s.nokey", 1, 0, 0, nil, nil},
		wrong{"UPDATE s.nokey SET b = '' WHERE ctid IN (SELECT min(ctid) FROM s.nokey WHERE a IS NULL AND b IS NULL)", "s.nokey", 1, 1, 0, nil, nil},
		wrong{"DELETE FROM s.nothing WHERE ctid IN (SELECT min(ctid) FROM s.nothing)", "s.nothing", 1, 0, 0, nil, nil},
		wrong{"INSERT INTO s.child VALUES (2, 'c', 3)", "s.child", 0, 1, 0, nil, nil},
		wrong{"UPDATE ONLY s.parent SET b = 'q'", "s.parent", 0, 0, 1, []string{"1"}, []string{"b"}},
		wrong{"UPDATE s.leaf1 SET v = 'w' WHERE k = 7", "s.leaf1", 1, 1, 0, []string{"7", "v7"}, nil},
		wrong{"UPDATE s.toast SET big = overlay(big placing 'z' from 9000) WHERE id = 9", "s.toast", 0, 0, 1, []string{"9"}, []string{"big"}},
		wrong{"UPDATE s.textkey SET v = -1 WHERE z = 2.5", "s.textkey", 0, 0, 1, []string{"k25     ", "red", "2.5000000000000000"}, []string{"v"}},
		wrong{"UPDATE s.textkey SET z = 2.50 WHERE z = 2.5", "s.textkey", 1, 1, 0, nil, nil},
		wrong{"UPDATE s.extkey SET v = -1 WHERE k OPERATOR(public.=) 'k7'::public.citext", "s.extkey", 0, 0, 1, []string{"k7"}, []string{"v"}},
	)
}

// rounds puts differences together such that each is in another row.
func rounds(all []wrong) [][]wrong {
	out := [][]wrong{{}}
	for _, w := range all {
		if len(w.columns) == 1 && w.changed == 1 && w.table == "s.kinds" && w.key[0] != "3" {
			out[0] = append(out[0], w)
			continue
		}
		i := 1
		for i < len(out) && slices.ContainsFunc(out[i], func(o wrong) bool { return o.table == w.table }) {
			i++
		}
		if i == len(out) {
			out = append(out, nil)
		}
		out[i] = append(out[i], w)
	}
	return out
}

// Every difference that is made is found and exactly located, and nothing else;
// repairing them makes the sides equal again.
func TestEveryDifferenceIsFound(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	source.exec(kinds)
	target.exec(filler + kinds)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, round := range rounds(wrongs(rand.New(rand.NewPCG(seed, 1)))) {
		byTable := map[string][]wrong{}
		for _, w := range round {
			target.exec(w.sql)
			byTable[w.table] = append(byTable[w.table], w)
		}
		var differ []Table
		for name, got := range compareOf(t, sides, Options{Values: true, Jobs: 2, First: 100}) {
			if (got.Verdict == Different) != (byTable[name] != nil) || got.Verdict != Equal && got.Verdict != Different {
				t.Errorf("%s", show(got))
			}
			if got.Verdict == Different {
				differ = append(differ, got)
				check(t, byTable[name], got)
			}
		}
		done, err := Repair(t.Context(), sides, RepairOptions{Alone: true, Tables: differ})
		if err != nil || len(done) != len(differ) {
			t.Fatalf("repair: %+v %v", done, err)
		}
		for _, r := range done {
			if r.Verdict != Equal {
				t.Errorf("repair: %s", r.Reason)
			}
		}
	}
}

func check(t *testing.T, all []wrong, got Table) {
	t.Helper()
	var missing, extra, changed int64
	located := map[string]wrong{}
	for _, w := range all {
		missing, extra, changed = missing+w.missing, extra+w.extra, changed+w.changed
		located[fmt.Sprint(w.key)] = w
	}
	if got.Missing != missing || got.Extra != extra || got.Changed != changed || len(got.Rows) == 0 {
		t.Errorf("%s", show(got))
	}
	for _, row := range got.Rows {
		w, here := located[fmt.Sprint(row.Key)]
		if !here && len(all) > 1 {
			t.Errorf("key %q", row.Key)
			continue
		}
		if !here {
			w = all[0] // a key that is not given: it changed, or is one of two
		}
		var columns []string
		for _, c := range row.Columns {
			columns = append(columns, c.Name)
			// A value is cut: what differs behind it does not show.
			if c.Source == nil || c.Target == nil || *c.Source == *c.Target && c.Name != "big" {
				t.Errorf("%s: %s", w.sql, show(got))
			}
		}
		if !slices.Equal(columns, w.columns) || got.Keyed == (row.Key == nil) || !got.Keyed && got.Name.Name != "nothing" && row.Text == "" {
			t.Errorf("%s: columns %q: %s", w.sql, columns, show(got))
		}
	}
}
