package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/view/picture"
)

func page(t testing.TB, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Page(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// section cuts a section out of a page.
func section(t testing.TB, page, id string) string {
	t.Helper()
	_, after, found := strings.Cut(page, `<section id="`+id+`">`)
	if !found {
		t.Fatalf("the page has no section %q", id)
	}
	before, _, _ := strings.Cut(after, "</section>")
	return before
}

// scripts are the elements whose content is no markup.
func scripts() *regexp.Regexp {
	return regexp.MustCompile(`(?s)<(script|style)([^>]*)>(.*?)</(?:script|style)>`)
}

// checkPage checks what holds for every page: it reads as HTML, loads nothing,
// runs nothing but its own, and its links lead somewhere.
func checkPage(t testing.TB, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(scripts().ReplaceAllString(page, "")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids, links := map[string]bool{}, []string{}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page does not read: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			links = checkAttribute(t, start.Name.Local, a, ids, links)
		}
	}
	for _, l := range links {
		if !ids[l] {
			t.Errorf("a link leads to %.80q, which is not there", l)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("a value stands where the template's rules forbid it")
	}
	checkPolicy(t, page)
}

func checkAttribute(t testing.TB, element string, a xml.Attr, ids map[string]bool, links []string) []string {
	t.Helper()
	switch name := strings.ToLower(a.Name.Local); {
	case name == "src", name == "style", name == "action", strings.HasPrefix(name, "on"):
		t.Errorf("<%s> has the attribute %s=%q", element, name, a.Value)
	case name == "id" && element != "marker" && element != "clipPath":
		if ids[a.Value] {
			t.Errorf("two elements have the id %.80q", a.Value)
		}
		ids[a.Value] = true
	case name == "href":
		to, err := url.PathUnescape(a.Value)
		if err != nil || !strings.HasPrefix(to, "#") {
			t.Errorf("<%s> leads to %q out of the page", element, a.Value)
		}
		return append(links, picture.Clean(strings.TrimPrefix(to, "#")))
	}
	return links
}

func checkPolicy(t testing.TB, page string) {
	t.Helper()
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	found := scripts().FindAllStringSubmatch(page, -1)
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy is %s", policy)
	}
	for _, m := range found {
		sum := sha256.Sum256([]byte(m[3]))
		if m[2] == "" && !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy %s forbids <%s> %.50q", policy, m[1], m[3])
		}
	}
	if n := strings.Count(page, "<script"); n > 2 || n < 1 {
		t.Errorf("the page has %d scripts", n)
	}
}

func TestEmptyPage(t *testing.T) {
	t.Parallel()
	p := page(t, Data{Workload: "shop", Run: "run-1", Version: "1", At: time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)})
	checkPage(t, p)
	for _, want := range []string{"Everything was read.", "2026-03-01 02:03 UTC", "Nothing was measured.", "Regions: unknown", "The graph is empty"} {
		if !strings.Contains(p, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// fill puts texts and numbers into everything that a value holds.
func fill(v reflect.Value, next func() string, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(next())
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), next, depth-1)
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 3, 3))
			for i := range v.Len() {
				fill(v.Index(i), next, depth-1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type() != reflect.TypeFor[time.Time]() {
				fill(v.Field(i), next, depth)
			}
		}
	}
}

func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "back`tick`", `]]>-->`, "\u202eevil", "\x00\x01\x1b", "two\nlines", strings.Repeat("long", 2500), `</style></script>`, "\xff broken",
		`javascript:alert(1)`, `{{.Run}}`, "id with spaces", "%41 & #x", "' onclick='x", "gaps", "https://example.com/x.js", "url(//example.com)",
	}
}

func TestHostileTextEverywhere(t *testing.T) {
	t.Parallel()
	for start := range hostile() {
		var d Data
		at := start
		fill(reflect.ValueOf(&d).Elem(), func() string {
			at++
			// One text for all would be one id for all.
			return hostile()[at%len(hostile())] + fmt.Sprint(at)
		}, 6)
		d.At = time.Unix(0, 0)
		for i := range d.Graph.Nodes {
			d.Graph.Nodes[i].Boundary = graph.In
		}
		d.Graph.Nodes[0].Tier, d.Graph.Nodes[0].Marks = graph.TierData, nil
		if len(d.Graph.Flows) > 0 {
			d.Graph.Flows[0].Components = []cloud.ResourceID{d.Graph.Nodes[0].ID, "gone"}
		}
		p := page(t, d)
		checkPage(t, p)
		if bad := regexp.MustCompile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]").FindString(p); bad != "" {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestEveryTableHasAHeading(t *testing.T) {
	t.Parallel()
	var d Data
	n := 0
	fill(reflect.ValueOf(&d).Elem(), func() string { n++; return fmt.Sprint("text", n) }, 6)
	p := page(t, d)
	for _, before := range regexp.MustCompile(`(?s)</table>|<main>`).Split(p, -1)[1:] {
		above, table, found := strings.Cut(before, "<table>")
		if !found {
			continue
		}
		// The complexity's two tables stand under one heading.
		if !regexp.MustCompile(`<h[23]>|<summary>`).MatchString(above) && !strings.Contains(table, "what each should have") {
			t.Errorf("a table has no heading: %.200s", table)
		}
		if head, _, ok := strings.Cut(table, "</thead>"); !ok || strings.Count(head, "<th") < 3 {
			t.Errorf("a table does not name its columns: %.200s", table)
		}
	}
	if strings.Count(p, "<table>") < 15 {
		t.Errorf("the page has %d tables", strings.Count(p, "<table>"))
	}
}

func unread(n int) []inventory.Unread {
	var list []inventory.Unread
	for i := range n {
		list = append(list, inventory.Unread{Operation: fmt.Sprintf("rds:Describe%d", i), Region: "us-east-1", Reason: "denied", Hides: "all"})
	}
	return list
}

func TestGapsComeFirstAndDoNotPushTheRestAway(t *testing.T) {
	t.Parallel()
	p := page(t, Data{Inventory: inventory.Inventory{Unread: unread(38)}})
	checkPage(t, p)
	if strings.Index(p, `id="gaps"`) > strings.Index(p, `id="summary"`) || strings.Contains(p, "Everything was read") {
		t.Error("the gaps are not first")
	}
	shownRows, folded, found := strings.Cut(section(t, p, "gaps"), "<details>")
	if !found || strings.Count(shownRows, "<tr><td") != 10 || strings.Count(folded, "<tr><td") != 28 || !strings.Contains(folded, "the other 28") {
		t.Errorf("%d rows stand before the fold, %d behind it", strings.Count(shownRows, "<tr><td"), strings.Count(folded, "<tr><td"))
	}
	if p := page(t, Data{Inventory: inventory.Inventory{Unread: unread(12)}}); strings.Contains(section(t, p, "gaps"), "<details>") {
		t.Error("two rows are folded away")
	}
}

// flowData is a flow of three steps, one of them with KPIs.
func flowData() Data {
	node := func(id string, tier graph.Tier, b graph.Boundary) graph.Node {
		return graph.Node{ID: cloud.ResourceID(id), Name: "name of " + id, Kind: "AWS::X::Y", Tier: tier, Boundary: b}
	}
	value := []kpi.Value{{Statistic: kpi.Mean, Value: 2}, {Statistic: kpi.P50, Value: 0.02301}, {Statistic: kpi.P95, Value: 3 << 20}, {Statistic: kpi.Max, Value: 4}}
	return Data{
		Graph: graph.Graph{
			Nodes: []graph.Node{node("lb", graph.TierEdge, graph.In), node("app", graph.TierCompute, graph.In), node("files", graph.TierData, graph.Shared)},
			Flows: []graph.Flow{{ID: "flow:lb", Name: "shop", Rank: 1, Entry: "lb", Stores: []cloud.ResourceID{"files"}, Components: []cloud.ResourceID{"lb", "app", "files"}, SinglePoints: []cloud.ResourceID{"app"}, RTOSeconds: 5400}},
			Questions: []graph.Question{
				{ID: "boundary:a", About: "arn:a \"b\"\n#c", Text: "Is it in?", Choices: []graph.Boundary{graph.In, graph.Out}, Assumed: graph.Out}, {ID: "flow:lb", About: "lb", Text: "How critical?"},
			},
		},
		Baseline: kpi.Baseline{KPIs: []kpi.KPI{
			{Subject: kpi.Subject{Kind: kpi.Component, ID: "app", Name: "app"}, Metric: kpi.StorageUsed, Unit: kpi.Bytes, Values: value, Coverage: 0.9965, Series: &kpi.Series{Sum: kpi.Column{1, 2, 3}, Count: kpi.Column{1, 1, 0}}},
			{Subject: kpi.Subject{Kind: kpi.Component, ID: "app", Name: "app"}, Metric: kpi.Latency, Unknown: "no data points"},
			{Subject: kpi.Subject{Kind: kpi.Flow, ID: "lb GET /", Name: "GET /", Front: "lb"}, Metric: kpi.Latency, Unit: kpi.Seconds, Values: value},
		}},
		Assessment: assess.Assessment{},
	}
}

func TestFlowsListTheirComponentsInOrder(t *testing.T) {
	t.Parallel()
	p := page(t, flowData())
	checkPage(t, p)
	flows := section(t, p, "flows")
	if !strings.Contains(flows, `<details id="flow:lb">`) || !strings.Contains(flows, "1h30m") || !strings.Contains(flows, `<span class="none">unknown</span>`) {
		t.Errorf("the flow's own facts are missing:\n%s", flows)
	}
	_, steps, _ := strings.Cut(flows, "<details")
	rows := strings.Split(steps, "<tr>")[2:]
	for i, want := range []string{`name of lb.*class="in".*#kpi%3alb.*>1</a>`, `name of app.*class="in".*cuts the flow.*#kpi%3aapp.*>2</a>`, `name of files.*class="shared".*none`} {
		if !regexp.MustCompile(`(?s)<td class="n">` + fmt.Sprint(i+1) + `<td>.*` + want).MatchString(rows[i]) {
			t.Errorf("step %d is %s, want %s", i+1, rows[i], want)
		}
	}
}

func TestThePageSpeaksInNamesAndShortTimes(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{0: "", 90: "1m30s", 900: "15m", 3600: "1h", 86_400: "24h"} {
		if got := Span(seconds); got != want {
			t.Errorf("%d seconds are %q, want %q", seconds, got, want)
		}
	}
	d := flowData()
	d.Graph.Nodes = append(d.Graph.Nodes, graph.Node{ID: "arn:aws:route53:::hostedzone/Z1", Kind: "AWS::Route53::HostedZone", Name: "shop.example"})
	d.Assessment.Names = []assess.Name{{Name: "www.shop.example", Type: "A", Zone: "Z1"}, {Name: "far.example", Type: "A", Zone: "Z2"}}
	p := page(t, d)
	checkPage(t, p)
	names := section(t, p, "names")
	for _, want := range []string{`<td title="Z1">shop.example<`, `<td title="Z2">Z2<`} {
		if !strings.Contains(names, want) {
			t.Errorf("names lack %s:\n%s", want, names)
		}
	}
	if boundary := section(t, p, "boundary"); !strings.Contains(boundary, "landfall assess --questions") {
		t.Errorf("nothing says how to settle how critical a flow is:\n%s", boundary)
	}
}

func TestKPIsShowNumbersThatPeopleRead(t *testing.T) {
	t.Parallel()
	rows := strings.Split(section(t, page(t, flowData()), "kpis"), "<tr")[2:]
	for i, want := range []string{`GET /.*>0\.02301<.*>3145728<`, `name of app.*>3\.0 MiB<.*99\.7 %|name of app.*3\.0 MiB.*99\.6 %`, `name of app.*unknown: no data points`} {
		if !regexp.MustCompile(`(?s)` + want).MatchString(rows[i]) {
			t.Errorf("row %d is %s, want %s", i, rows[i], want)
		}
	}
	if !strings.Contains(rows[1], `<svg class="spark"`) {
		t.Error("the series is not drawn")
	}
}

func TestAnswersAreYAML(t *testing.T) {
	t.Parallel()
	d := flowData()
	raw := html.UnescapeString(regexp.MustCompile(`(?s)<pre>(.*?)</pre>`).FindStringSubmatch(page(t, d))[1])
	var got struct {
		Boundary struct{ Answers map[string]string }
	}
	if err := yaml.Unmarshal([]byte(raw), &got); err != nil {
		t.Fatalf("%v:\n%s", err, raw)
	}
	if len(got.Boundary.Answers) != 1 || got.Boundary.Answers[string(d.Graph.Questions[0].About)] != "out" {
		t.Errorf("answers are %v", got.Boundary.Answers)
	}
}

// A browser opens a page of this size at once.
const largest = 4 << 20

func hundredThousand() Data {
	const count = 100_000
	var d Data
	for i := range count {
		id := cloud.ResourceID(fmt.Sprintf("arn:aws:sqs:us-east-1:123456789012:queue-%06d", i))
		d.Inventory.Resources = append(d.Inventory.Resources, inventory.Resource{ID: id})
		d.Graph.Nodes = append(d.Graph.Nodes, graph.Node{ID: id, Name: string(id), Kind: "AWS::SQS::Queue", Tier: graph.TierIntegration, Boundary: graph.In, Reason: "carries the tag"})
		d.Graph.Edges = append(d.Graph.Edges, graph.Edge{From: id, To: d.Graph.Nodes[i/2].ID, Relation: graph.Uses})
		d.Assessment.Readiness = append(d.Assessment.Readiness, assess.Readiness{ID: id, Kind: "AWS::SQS::Queue"})
	}
	d.Assessment.Secrets = []assess.Secret{{ID: "secret", UsedBy: ids(d.Graph.Nodes)}}
	d.Inventory.Unread = unread(count)
	return d
}

func TestPageOfAHundredThousandResources(t *testing.T) {
	t.Parallel()
	p := page(t, hundredThousand())
	if len(p) > largest {
		t.Errorf("the page has %d bytes, want at most %d", len(p), largest)
	}
	for id, want := range map[string]string{"gaps": "98000 more rows are in <code>inventory.json</code>", "resources": "98000 more rows are in <code>graph.json</code>", "readiness": "98000 more rows are in <code>assessment.json</code>", "graph": "too large", "secrets": "and 99980 more"} {
		if !strings.Contains(section(t, p, id), want) {
			t.Errorf("%s does not say %q", id, want)
		}
	}
	checkPage(t, p)
}

func ids(nodes []graph.Node) []cloud.ResourceID {
	var list []cloud.ResourceID
	for _, n := range nodes {
		list = append(list, n.ID)
	}
	return list
}

// full fails every write.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestWriterErrorComesBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("no room")
	if err := Page(full{broken}, Data{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestSameDataSameBytes(t *testing.T) {
	t.Parallel()
	first, second := page(t, flowData()), page(t, flowData())
	if first != second {
		t.Error("two pages of the same data differ")
	}
}

func BenchmarkPageOfAHundredThousandResources(b *testing.B) {
	d := hundredThousand()
	for b.Loop() {
		if err := Page(io.Discard, d); err != nil {
			b.Fatal(err)
		}
	}
}
