package markup_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/markup"
)

// walk writes down what the scanner sees: <name, text, name>.
func walk(r io.Reader) (string, error) {
	var out strings.Builder
	s := markup.NewScanner(r)
	for {
		switch s.Step() {
		case markup.Open:
			fmt.Fprintf(&out, "<%s ", s.Name())
			if s.Has(`Encoded="true"`) {
				out.WriteString("encoded ")
			}
		case markup.Close:
			fmt.Fprintf(&out, "%q %s> ", s.Text(), s.Name())
		case markup.End:
			return strings.TrimSpace(out.String()), s.Err()
		}
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, document, want string }{
		{"declaration and spaces", "\ufeff<?xml version=\"1.0\"?>\n<a>\n <b>x</b>\n</a>\n", `<a <b "x" b> "\n" a>`},
		{"empty element", `<a><b/><c attr="1" /></a>`, `<a <b "" b> <c "" c> "" a>`},
		{"attribute", `<N Encoded="true">a%01</N>`, `<N encoded "a%01" N>`},
		{"comment", `<a><!-- no --><b>1</b></a>`, `<a <b "1" b> "" a>`},
		{"entities", `<k>&lt;&gt;&amp;&quot;&apos;&#13;&#x1F;&#x1F4DA;</k>`, `<k "<>&\"'\r\x1f📚" k>`},
		{"not entities", `<k>&;&#;&#x;&nope;&#xD800;&amp &</k>`, `<k "&;&#;&#x;&nope;&#xD800;&amp &" k>`},
		{"raw control characters stay", "<k>a\rb\x01\x1f</k>", `<k "a\rb\x01\x1f" k>`},
		{"spaces of a key stay", "<k> a </k>", `<k " a " k>`},
		{"nothing", "", ""},
	} {
		got, err := walk(strings.NewReader(c.document))
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
		slow, err := walk(iotest.OneByteReader(strings.NewReader(c.document)))
		if err != nil || slow != c.want {
			t.Errorf("%s, byte by byte: %s, %v", c.name, slow, err)
		}
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"<a><b>", "<a", "no markup", "<a></a></b>", "<a>x", "<></>", "</>", strings.Repeat("x", 2<<20) + "<a/>"} {
		if got, err := walk(strings.NewReader(document)); !errors.Is(err, markup.ErrMarkup) {
			t.Errorf("%.20q: %.40s, %v", document, got, err)
		}
	}
	trouble := errors.New("line broke")
	if _, err := walk(io.MultiReader(strings.NewReader("<a><b>1</b>"), iotest.ErrReader(trouble))); !errors.Is(err, trouble) {
		t.Errorf("error of the reader: %v", err)
	}
}

// Whatever text encoding/xml writes, in elements of any number and size, comes
// back as it was.
func TestTextComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab<>&\"'\r\n\t é漢📚;#x")), 0, 60, -1), 1, 40).Draw(t, "texts")
		var b bytes.Buffer
		b.WriteString(xml.Header + "<l>")
		for _, text := range texts {
			b.WriteString("<k>")
			if err := xml.EscapeText(&b, []byte(text)); err != nil {
				t.Fatal(err)
			}
			b.WriteString("</k>")
		}
		b.WriteString("</l>")
		var got []string
		s := markup.NewScanner(iotest.HalfReader(&b))
		for kind := s.Step(); kind != markup.End; kind = s.Step() {
			if kind == markup.Close && string(s.Name()) == "k" {
				got = append(got, string(s.Text()))
			}
		}
		if s.Err() != nil || len(got) != len(texts) {
			t.Fatalf("%d of %d texts: %v", len(got), len(texts), s.Err())
		}
		for i := range got {
			if got[i] != texts[i] {
				t.Fatalf("%q became %q", texts[i], got[i])
			}
		}
	})
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte(`<a b="c"><d>&amp;</d><e/></a>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if _, err := walk(bytes.NewReader(document)); err != nil && !errors.Is(err, markup.ErrMarkup) {
			t.Errorf("%v", err)
		}
	})
}
