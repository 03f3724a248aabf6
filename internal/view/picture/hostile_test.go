package picture

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bufio"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

func itoa(i int) string { return strconv.Itoa(i) }

func unescape(s string) string { return html.UnescapeString(s) }

func newSVG(s *scene) []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	newDrawing(s, "").write(w)
	_ = w.Flush() // a buffer takes everything
	return b.Bytes()
}

// hostile are names that break out of something.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `</title><img src=x onerror=alert(1)>`, `"quoted" 'name'`, "back`tick`", `]]>`, `<!-- -->`, "\u202eevil\u202c", "\x00\x01\x1b[31m", "two\nlines\r\nand\ttabs",
		strings.Repeat("long", 2500), `a\"b\`, "&amp;&lt;", "\xff\xfe broken", `"] --> n0; click n0 "javascript:alert(1)"`, `end`, "%% comment", `javascript:alert(1)`, "\ufffe\uffff", "#quot;", `{{.}}`, "id with spaces", "",
	}
}

func hostileGraph(names []string) graph.Graph {
	var g graph.Graph
	for i, name := range names {
		vpc := at("vpc "+name, "AWS::EC2::VPC", graph.TierNetwork, graph.In)
		n := inside(at("id "+name, "AWS::S3::"+name, graph.TierData, graph.In), string(vpc.ID))
		n.Reason = name
		part := at("part "+name, name, graph.TierData, graph.In)
		g.Nodes = append(g.Nodes, vpc, n, part)
		e := needs(string(n.ID), "id "+names[(i+1)%len(names)], graph.Relation("uses "+name))
		e.Port, e.Protocol = 1, name
		e.Evidence[0].At = name
		g.Edges = append(g.Edges, e, needs(string(part.ID), string(n.ID), graph.AttachedTo))
	}
	return g
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	g := hostileGraph(hostile())
	for _, name := range hostile() {
		checkFormats(t, g, name)
	}
}

func TestAnyName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := hostileGraph([]string{rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")})
		checkFormats(t, g, rapid.String().Draw(t, "title"))
	})
}

// fataler is what rapid.T and testing.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func checkFormats(t fataler, g graph.Graph, title string) {
	t.Helper()
	for _, f := range Formats() {
		var b bytes.Buffer
		if err := Draw(&b, g, Options{Format: f, Title: title}); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		text := b.String()
		if f != JSON && strings.ContainsFunc(text, func(r rune) bool { return Clean(string(r)) != string(r) && r != '�' }) {
			t.Fatalf("%s holds characters that it must not", f)
		}
		switch f {
		case SVG:
			if err := wellFormed(b.Bytes()); err != nil {
				t.Fatalf("%v:\n%s", err, text)
			}
			if strings.Contains(text, "<script") || strings.Contains(text, "<img") {
				t.Fatalf("a name became an element:\n%s", text)
			}
		case JSON:
			if !json.Valid(b.Bytes()) {
				t.Fatalf("not JSON:\n%s", text)
			}
		case DOT:
			dotReads(t, text)
		case Mermaid:
			mermaidReads(t, text)
		case HTML:
			if n := strings.Count(text, "<script"); n != 2 {
				t.Fatalf("the page has %d scripts, want two:\n%s", n, text)
			}
		}
	}
}

// dotReads checks each line against the few forms that are written, with
// strings by DOT's grammar.
func dotReads(t fataler, text string) {
	t.Helper()
	str := `"(?:[^"\\]|\\.)*"`
	attribute := `[a-z]+=(?:` + str + `|[a-z0-9.]+)`
	line := regexp.MustCompile(`^\s*(?:digraph landfall \{|rankdir=LR;|subgraph cluster_\d+ \{|label=` + str + `;|\}|(?:node|n\d+|n\d+ -> n\d+) \[` + attribute + `(?:, ` + attribute + `)*\];)$`)
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !line.MatchString(l) {
			t.Fatalf("no line of DOT: %q", l)
		}
	}
}

func mermaidReads(t fataler, text string) {
	t.Helper()
	str := "\"[^\"<>`]*(?:<br/>[^\"<>`]*)?\""
	line := regexp.MustCompile(`^\s*(?:flowchart LR|subgraph g\d+\[` + str + `\]|end|n\d+(?:\[|\[\(|\[\[|\(\[)` + str + `(?:\]|\)\]|\]\]|\]\)):::(?:within|shared|outside)|n\d+ (?:-->|==>|-\.->)(?:\|` + str + `\|)? n\d+|classDef [a-z]+ [a-z0-9:#,\- ]+)$`)
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !line.MatchString(l) {
			t.Fatalf("no line of Mermaid: %q", l)
		}
	}
}

// Nothing on the page has an address: whatever is between quotes after src,
// href or url( is inside of the page.
func loadsNothing(t fataler, page string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?i)(?:src|href|action)\s*=\s*"?([^"\s>]*)|url\(([^)]*)\)|@import`).FindAllStringSubmatch(page, -1) {
		if where := m[1] + m[2]; !strings.HasPrefix(where, "#") {
			t.Fatalf("the page loads %q", m[0])
		}
	}
}

func TestPageLoadsNothingAndItsPolicyAllowsItsOwn(t *testing.T) {
	t.Parallel()
	page := string(drawn(t, small(), Options{Format: HTML, Title: "shop"}))
	loadsNothing(t, page)
	policy := unescape(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy is %s", policy)
	}
	bodies := regexp.MustCompile(`(?s)<(?:script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1)
	if len(bodies) != 3 {
		t.Errorf("the page has %d scripts and styles, want three", len(bodies))
	}
	for _, m := range bodies {
		if !strings.Contains(policy, hash(m[1])) {
			t.Errorf("the policy forbids %.60q", m[1])
		}
	}
	if m := regexp.MustCompile(`\sstyle="|\son[a-z]+="`).FindString(page); m != "" {
		t.Errorf("the policy forbids the attribute%s", m)
	}
}

func TestDetailsAreTheJSONForm(t *testing.T) {
	t.Parallel()
	page := drawn(t, hostileGraph(hostile()), Options{Format: HTML})
	raw := regexp.MustCompile(`(?s)<script type="application/json" class="data">(.*?)</script>`).FindSubmatch(page)[1]
	var p plainScene
	if err := json.Unmarshal(raw, &p); err != nil || len(p.Nodes) != len(hostile()) {
		t.Fatalf("%d nodes, %v", len(p.Nodes), err)
	}
	if p.Nodes[0].ID != cloud.ResourceID("id ") {
		t.Errorf("the first node is %q", p.Nodes[0].ID)
	}
}

func TestEmbedIsBounded(t *testing.T) {
	t.Parallel()
	e, err := Embed(small(), Options{Most: 3})
	if err != nil || e.SVG != "" || e.Nodes != 10 {
		t.Errorf("%d nodes, %d bytes, %v", e.Nodes, len(e.SVG), err)
	}
	if e, err = Embed(small(), Options{Most: 10}); err != nil || !strings.HasPrefix(string(e.SVG), "<svg ") {
		t.Errorf("%.40s, %v", e.SVG, err)
	}
	if _, err := Embed(small(), Options{Focus: "nobody"}); err == nil {
		t.Error("an unknown focus is drawn")
	}
}
