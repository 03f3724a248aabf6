package dump

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func statements(text string) (out []string) {
	l := lexer{text: text}
	for {
		token, isStatement := l.next()
		if token == "" {
			return out
		}
		if isStatement {
			out = append(out, token)
		}
	}
}

func TestStatementsEndWherePsqlEndsThem(t *testing.T) {
	t.Parallel()
	for _, want := range [][]string{
		{`SELECT ';' || E'\';' || "a;b" || U&'\;'`, "SELECT 2"},
		{`SELECT 'back\'`, "SELECT 2"},
		{"SELECT $$;$$ || $a$;$$;$a$ || $1", "x"},
		{"SELECT a$b$; ", "x; y$b$"},
		{"SELECT 1 /* ; /* ; */ ; */ -- ;\n + 1", "x"},
		{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "x"},
		{"CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "x"},
		{"CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC SELECT 1; END", "x"},
		{"CREATE TABLE t (\"begin\" int)", "BEGIN", "END"},
	} {
		if strings.HasPrefix(want[0], "SELECT a$b$") {
			// A dollar sign inside a word begins no quote.
			want = []string{"SELECT a$b$", "x", "y$b$"}
		}
		if got := statements(strings.Join(want, ";\n") + ";\n"); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCommandsOfPsqlAndStateAreNoStatements(t *testing.T) {
	t.Parallel()
	text := "\\restrict abc\nSET row_security = off;\nSET default_tablespace = \"My \"\"space\";\n--\n-- TOC entry 7 (class 1259 OID 99)\n-- Dependencies: 3 5\n" +
		"-- Name: a; Type: x; Type: TABLE; Schema: s; Owner: o; Tablespace: y\n-- Data Pos: 0\n--\n\nCREATE TABLE a ();\n\nSET default_table_access_method = heap;\n--\n-- TOC entry 8 (class 0 OID 0)\n-- Name: b; Type: ACL; Schema: -; Owner: \n--\n\n\\unrestrict abc\n"
	got, err := parse(text, true)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	a, b := got[0], got[1]
	if a.ID != 7 || a.Class != 1259 || a.OID != 99 || !slices.Equal(a.Needs, []int{3, 5}) || a.Name != "a; Type: x" || a.Kind != "TABLE" || a.Schema != "s" || a.Owner != "o" || a.Tablespace != `My "space` || !slices.Equal(a.Statements, []string{"CREATE TABLE a ()"}) || !a.After {
		t.Errorf("%+v", a)
	}
	if b.ID != 8 || b.Schema != "" || b.Method != "heap" || b.Statements != nil {
		t.Errorf("%+v", b)
	}
	if _, err := parse("-- TOC entry 99999999999999999999 (class 1 OID 1)\n", false); err == nil {
		t.Error("a number that is none was taken")
	}
}

// Whatever the text, the lexer comes to its end and makes nothing up.
func TestLexerEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"'", "\"", "$$", "$a$", "--", "\n", "/*", "*/", "(", ")", ";", "create function", "begin", "end", "\\", "E'", "é", "x", " ", "1$"}), 0, 30).Draw(r, "parts"), "")
		for _, s := range statements(text) {
			if !strings.Contains(text, s) {
				r.Fatalf("%q is not in %q", s, text)
			}
		}
	})
}
