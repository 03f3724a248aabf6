package picture

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/testkit"
)

func TestSmallGraphInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{SVG, Mermaid, DOT, JSON} {
		testkit.Golden(t, "testdata/small."+string(f), drawn(t, small(), Options{Format: f, Title: "shop"}))
	}
}

func TestFormatsAreAllDrawn(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		if raw := drawn(t, small(), Options{Format: f}); !bytes.Contains(raw, []byte("exports")) {
			t.Errorf("%s lacks a bucket:\n%s", f, raw)
		}
		if raw := drawn(t, graph.Graph{}, Options{Format: f}); len(raw) == 0 {
			t.Errorf("%s of nothing is empty", f)
		}
	}
	if err := Draw(&bytes.Buffer{}, small(), Options{Format: "gif"}); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("gif: %v", err)
	}
}

// full fails every write.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestWriterErrorsComeBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("no room")
	for _, f := range Formats() {
		if err := Draw(full{broken}, small(), Options{Format: f}); !errors.Is(err, broken) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// plainOf decodes the JSON form.
func plainOf(t testing.TB, g graph.Graph, o Options) plainScene {
	t.Helper()
	o.Format = JSON
	var p plainScene
	if err := json.Unmarshal(drawn(t, g, o), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p plainScene) ids() []string {
	var list []string
	for _, n := range p.Nodes {
		list = append(list, string(n.ID))
	}
	return list
}

func TestPartsStandInTheBoxOfTheirOwner(t *testing.T) {
	t.Parallel()
	p := plainOf(t, small(), Options{})
	want := []string{"asg", "db", "exports-123456789012", "external:internet", "group", "lb", "stranger", "vol-orphan", "www.shop.example", "zone"}
	if got := p.ids(); !slices.Equal(got, want) {
		t.Errorf("boxes are %q, want %q", got, want)
	}
	parts := map[cloud.ResourceID][]string{}
	for _, n := range p.Nodes {
		for _, part := range n.Parts {
			parts[n.ID] = append(parts[n.ID], string(part.ID))
		}
	}
	for host, want := range map[cloud.ResourceID]string{"asg": "i-1 i-2 snap-1 vol-1", "lb": "listener rule", "db": "settings", "zone": "_dmarc.shop.example"} {
		if got := strings.Join(parts[host], " "); got != want {
			t.Errorf("in the box of %s: %q, want %q", host, got, want)
		}
	}
	links := map[string]plainLink{}
	for _, l := range p.Links {
		links[string(l.From+" "+l.To)] = l
	}
	if l := links["asg db"]; l.Bytes != 1<<30+1<<20 || !l.Observed {
		t.Errorf("the group's edge to the database is %+v, want the sum of its instances'", l)
	}
	if _, ok := links["lb group"]; !ok {
		t.Errorf("the balancer has no edge to the target group of its rule: %v", links)
	}
}

func TestFocusDepthAndAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"alone":     {Options{Focus: "rule"}, "rule"},
		"one edge":  {Options{Focus: "rule", Depth: 1}, "group listener rule"},
		"two edges": {Options{Focus: "rule", Depth: 2}, "group i-1 lb listener rule"},
		"rules":     {Options{Focus: "stranger", Depth: 1, All: true}, "db exports-123456789012 stranger"},
		"needed":    {Options{Focus: "stranger", Depth: 1}, "exports-123456789012 stranger"},
	} {
		if got := strings.Join(plainOf(t, small(), c.o).ids(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if p := plainOf(t, small(), Options{All: true}); len(p.Nodes) != len(small().Nodes) || p.Hidden != 0 {
		t.Errorf("all has %d of %d nodes, %d hidden", len(p.Nodes), len(small().Nodes), p.Hidden)
	}
	far := plainOf(t, small(), Options{Focus: "rule", Depth: math.MaxInt})
	if slices.Contains(far.ids(), "unrelated") {
		t.Error("a node without a way to the focus is drawn")
	}
	err := Draw(&bytes.Buffer{}, small(), Options{Format: SVG, Focus: "nobody"})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown focus: %v", err)
	}
	if raw := drawn(t, small(), Options{Format: SVG, Focus: "rule", Depth: 1}); !bytes.Contains(raw, []byte(`class="n in focus"`)) {
		t.Error("the focus is not marked")
	}
}

func TestCirclesOfPartsHaveABox(t *testing.T) {
	t.Parallel()
	g := graph.Graph{Nodes: []graph.Node{at("a", "AWS::X::A", graph.TierData, graph.In), at("b", "AWS::X::B", graph.TierData, graph.In), at("c", "AWS::X::C", graph.TierData, graph.In)},
		Edges: []graph.Edge{needs("a", "b", graph.AttachedTo), needs("b", "a", graph.AttachedTo), needs("b", "c", graph.PartOf), needs("c", "c", graph.PartOf)}}
	if got := strings.Join(plainOf(t, g, Options{}).ids(), " "); got != "c" {
		t.Errorf("boxes: %q, want c", got)
	}
}

func TestNetworksOfOneNameAreTwo(t *testing.T) {
	t.Parallel()
	var g graph.Graph
	for _, id := range []string{"vpc-1", "vpc-2"} {
		v := at(id, "AWS::EC2::VPC", graph.TierNetwork, graph.In)
		v.Name = "main"
		g.Nodes = append(g.Nodes, v, inside(at("i-"+id, "AWS::EC2::Instance", graph.TierCompute, graph.In), id))
	}
	if raw := drawn(t, g, Options{Format: SVG}); bytes.Count(raw, []byte("VPC main")) != 2 {
		t.Errorf("want two frames:\n%s", raw)
	}
}

// The property tests draw graphs of up to this size.
const most = 300

func TestLayoutProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t, most)
		s, err := choose(g, Options{All: rapid.Bool().Draw(t, "all")})
		if err != nil {
			t.Fatal(err)
		}
		d := newDrawing(s, "")
		for i, a := range d.boxes {
			if a.x < 0 || a.y < headHeight || a.right() > d.layout.width || a.bottom() > d.height {
				t.Fatalf("box %d %+v is out of the picture %f x %f", i, a, d.layout.width, d.height)
			}
			for j, b := range d.boxes[:i] {
				if a.meets(b) {
					t.Fatalf("boxes %d %+v and %d %+v overlap", i, a, j, b)
				}
			}
			if n := s.nodes[i]; !outside(n) && !framed(d.frames, a, s.bands[n.band].id) {
				t.Fatalf("box %d %+v is not in the frame of its network", i, a)
			}
		}
		for _, l := range s.links {
			for _, c := range d.lead(d.boxes[l.from], d.boxes[l.to]) {
				passesNoBox(t, d, c)
			}
		}
	})
}

func framed(frames []frame, box rect, id cloud.ResourceID) bool {
	return slices.ContainsFunc(frames, func(f frame) bool {
		return f.id == id && box.x >= f.x && box.right() <= f.right() && box.y >= f.y && box.bottom() <= f.bottom()
	})
}

func passesNoBox(t *rapid.T, d *drawing, c curve) {
	const points = 12
	for k := 1; k < points; k++ {
		x, y := c.at(float64(k) / points)
		for i, b := range d.boxes {
			if x > b.x+0.1 && x < b.right()-0.1 && y > b.y+0.1 && y < b.bottom()-0.1 {
				t.Fatalf("a line runs behind box %d %+v at %f, %f", i, b, x, y)
			}
		}
	}
}

func TestOrderOfTheGraphChangesNoByte(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t, 80)
		other := graph.Graph{Nodes: rapid.Permutation(g.Nodes).Draw(t, "nodes"), Edges: rapid.Permutation(g.Edges).Draw(t, "edges")}
		for _, f := range Formats() {
			var a, b bytes.Buffer
			if err := errors.Join(Draw(&a, g, Options{Format: f}), Draw(&b, other, Options{Format: f})); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Fatalf("%s differs:\n%s\n%s", f, a.String(), b.String())
			}
			if err := wellFormed(a.Bytes()); f == SVG && err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestEveryNodeOfTheWorkloadIsInThePicture(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t, most)
		s, err := choose(g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		there := map[cloud.ResourceID]bool{}
		boxes := map[cloud.ResourceID]bool{}
		for _, n := range s.nodes {
			boxes[n.ID] = true
			for _, p := range n.parts {
				there[p.ID] = true
			}
		}
		hidden := 0
		for _, n := range g.Nodes {
			if n.Boundary != graph.Out && works(n.Tier) && !boxes[n.ID] && !there[n.ID] {
				t.Fatalf("%s is neither a box nor in one", n.ID)
			}
			if n.Boundary == graph.In && !boxes[n.ID] {
				hidden++
			}
		}
		if hidden != s.hidden {
			t.Fatalf("%d nodes are hidden, the picture says %d", hidden, s.hidden)
		}
		svg := string(newSVG(s))
		for i := range s.nodes {
			if !strings.Contains(svg, `data-i="`+itoa(i)+`"`) {
				t.Fatalf("box %d is not in the SVG", i)
			}
		}
	})
}

func TestTextFitsItsBox(t *testing.T) {
	t.Parallel()
	boxText := regexp.MustCompile(`<text class="t( k)?" x="9" y="(?:18|34)">([^<]*)</text>`)
	rapid.Check(t, func(t *rapid.T) {
		n := at("id", rapid.String().Draw(t, "kind"), graph.TierData, graph.In)
		n.Name = rapid.String().Draw(t, "name")
		s, err := choose(graph.Graph{Nodes: []graph.Node{n}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := boxText.FindAllStringSubmatch(string(newSVG(s)), -1)
		if len(found) != 2 {
			t.Fatalf("the box has %d texts, want two", len(found))
		}
		for _, m := range found {
			size := nameSize
			if m[1] != "" {
				size = kindSize
			}
			// A character that is an entity has the width of one.
			if w := width(unescape(m[2]), size); w > textRoom {
				t.Fatalf("%q is %f wide, the box has room for %f", m[2], w, textRoom)
			}
		}
	})
}

func TestFitKeepsBothEnds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"short":                              "short",
		"bookshop-production-eu-orders-main": "bookshop-p…rders-main",
		strings.Repeat("W", 10000):           "WWWWWW…WWWWWW",
		"":                                   "",
	} {
		if got := fit(text, textRoom, nameSize); got != want {
			t.Errorf("fit %.40q: %q, want %q", text, got, want)
		}
	}
	for name, want := range map[string]string{
		"arn:aws:iam::123456789012:role/path/deploy": "deploy", "covers-123456789012": "covers-…", "123456789012": "123456789012", "two\nlines": "two lines",
		"arn:aws:sns:us-east-1:123456789012:orders": "orders", "arn:aws:x:::a/": "a/",
	} {
		if got := label(name); got != want {
			t.Errorf("label of %q: %q, want %q", name, got, want)
		}
	}
}

// BenchmarkDraw draws 200 boxes, the size that a picture should be readable at.
func BenchmarkDraw(b *testing.B) {
	const count = 200
	var g graph.Graph
	tiers := []graph.Tier{graph.TierEdge, graph.TierCompute, graph.TierIntegration, graph.TierData}
	for i := range count {
		g.Nodes = append(g.Nodes, at("n"+itoa(i), "AWS::X::Y", tiers[i%len(tiers)], graph.In))
		g.Edges = append(g.Edges, needs("n"+itoa(i), "n"+itoa(i*7%count), graph.Uses), seen("n"+itoa(i), "n"+itoa(i*13%count), 443, 1000))
	}
	for b.Loop() {
		drawn(b, g, Options{Format: SVG})
	}
}

func TestAnAskedThingShowsWhatPeopleCallIt(t *testing.T) {
	t.Parallel()
	g := small()
	g.Nodes = append(g.Nodes, graph.Node{ID: "external:partner/acme", Kind: graph.ExternalAsked, Name: "Acme", Tier: graph.TierExternal, Boundary: graph.Out, External: true})
	g.Edges = append(g.Edges, needs("external:partner/acme", "lb", graph.ConnectsTo))
	if raw := drawn(t, g, Options{Format: Mermaid}); !bytes.Contains(raw, []byte("Acme<br/>partner")) {
		t.Errorf("the partner is not called one:\n%s", raw)
	}
}
