package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/view/picture"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// MaxRows bounds each table: a browser opens a page of some thousand rows at
// once, and none of a hundred thousand. The JSON files hold all.
const MaxRows = 2000

// maxDrawn bounds the picture for the same reason.
const maxDrawn = 400

// Data is what the page is made of.
type Data struct {
	Workload string
	// Inventory need not have its resources: Resources is their number.
	Inventory  inventory.Inventory
	Resources  int
	Graph      graph.Graph
	Baseline   kpi.Baseline
	Assessment assess.Assessment
	// Run names the assessment, Version the program, At its end.
	Run, Version string
	At           time.Time
}

// Page writes the page. The error is the writer's, or a defect of the template.
func Page(w io.Writer, d Data) error {
	page, err := template.New("assessment").Funcs(functions(d)).Parse(pageHTML)
	if err != nil {
		return fault.Of(fault.Internal, "read the page's template", "", err)
	}
	m, err := newModel(d)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, m); err != nil {
		return fault.Of(fault.Internal, "write the page", "", err)
	}
	_, err = io.WriteString(w, picture.Clean(b.String()))
	return fault.Wrap(err, "write the page", "")
}

// model is what the template sees.
type model struct {
	Data
	CSS      template.CSS
	JS       template.JS
	Policy   string
	Picture  picture.Embedded
	Drawn    bool
	Summary  []fact
	Answers  string
	Boundary map[string]int
	KPIs     []kpiRow
	Flows    []flowRow
	Nodes    []*graph.Node
}

type fact struct{ Name, Value, Note string }

func newModel(d Data) (model, error) {
	m := model{Data: d, CSS: template.CSS(pageCSS + picture.Look()), JS: template.JS(pageJS + picture.Behaviour()), Boundary: map[string]int{}}
	m.Policy = picture.Policy(string(m.JS), string(m.CSS))
	for _, n := range d.Graph.Nodes {
		if !n.External {
			m.Boundary[string(n.Boundary)]++
		}
	}
	var err error
	if m.Picture, err = picture.Embed(d.Graph, picture.Options{Title: d.Workload, Most: maxDrawn}); err != nil {
		return m, err
	}
	m.Drawn = m.Picture.Nodes > 0 && m.Picture.Nodes <= maxDrawn
	m.Nodes = ranked(d.Graph.Nodes)
	m.KPIs = kpiRows(d.Baseline)
	m.Flows = flowRows(d.Graph, m.KPIs)
	m.Answers = answers(d.Graph.Questions)
	m.Summary = summary(d, m.Boundary)
	return m, err
}

func summary(d Data, boundary map[string]int) []fact {
	observed := 0
	for i := range d.Graph.Edges {
		for _, v := range d.Graph.Edges[i].Evidence {
			if v.Count > 0 {
				observed++
				break
			}
		}
	}
	measured := 0
	for _, k := range d.Baseline.KPIs {
		if len(k.Values) > 0 {
			measured++
		}
	}
	ready := map[assess.State]int{}
	for _, r := range d.Assessment.Readiness {
		ready[r.State]++
	}
	return []fact{
		{"Resources", fmt.Sprint(d.Resources), fmt.Sprintf("%d in, %d shared, %d out", boundary["in"], boundary["shared"], boundary["out"])},
		{"Not read", fmt.Sprint(len(d.Inventory.Unread)), fmt.Sprintf("%d not understood", len(d.Inventory.Refused))},
		{"Dependencies", fmt.Sprint(len(d.Graph.Edges)), fmt.Sprintf("%d seen in logs", observed)},
		{"Critical flows", fmt.Sprint(len(d.Graph.Flows)), "proposed"},
		{"KPIs", fmt.Sprint(measured), fmt.Sprintf("%d without a value", len(d.Baseline.KPIs)-measured+len(d.Baseline.Unmeasured))},
		{"Ready", fmt.Sprint(ready[assess.Ready]), fmt.Sprintf("%d with conditions, %d not, %d unknown", ready[assess.Conditions], ready[assess.NotReady], ready[assess.Unknown])},
		{"Complexity", d.Assessment.Complexity.Level, fmt.Sprintf("%d points", d.Assessment.Complexity.Score)},
		{"Completeness", fmt.Sprintf("%d %%", d.Assessment.Completeness.Percent), "of the picture"},
	}
}
