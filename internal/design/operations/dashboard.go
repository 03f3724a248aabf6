package operations

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/applicationinsights/2023-06-01/workbooksapis"
)

const workbookKind cloud.Kind = "Microsoft.Insights/workbooks"

func (w watcher) dashboardRules() []design.Rule {
	return []design.Rule{{Name: "cloudwatch/dashboard", Kinds: []cloud.Kind{"AWS::CloudWatch::Dashboard"}, Stage: design.Operations, Source: "Microsoft Learn, Azure Workbooks overview", Targets: []cloud.Kind{workbookKind}, Apply: w.dashboard}}
}

// chart is an item of a workbook: a text, or metrics of one kind of resource.
type chart struct {
	Type    int    `json:"type"`
	Content any    `json:"content"`
	Name    string `json:"name"`
	Width   string `json:"customWidth,omitempty"`
}

type chartMetrics struct {
	ChartID      string       `json:"chartId"`
	Version      string       `json:"version"`
	Size         int          `json:"size"`
	ChartType    int          `json:"chartType"`
	ResourceType string       `json:"resourceType"`
	MetricScope  int          `json:"metricScope"`
	ResourceIDs  []string     `json:"resourceIds"`
	Time         chartTime    `json:"timeContext"`
	Metrics      []chartEntry `json:"metrics"`
	Title        string       `json:"title"`
}

type chartTime struct {
	Milliseconds int `json:"durationMs"`
}

type chartEntry struct {
	Namespace   string `json:"namespace"`
	Metric      string `json:"metric"`
	Aggregation int    `json:"aggregation"`
}

// dashboard makes a workbook with a chart for each widget whose metrics have
// counterparts; the others are named.
func (w watcher) dashboard(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("DashboardName", "DashboardBody", "LastModified", "Size")
	var body map[string]any
	if text, ok := r.Properties["DashboardBody"].(string); ok {
		_ = json.Unmarshal([]byte(text), &body) // a body that cannot be read has no widgets, which is said below
	} else {
		body, _ = r.Properties["DashboardBody"].(map[string]any)
	}
	var items []chart
	widgets := design.Maps(body["widgets"])
	for i, widget := range widgets {
		title := design.Text(widget, "properties.title")
		if title == "" {
			title = fmt.Sprintf("widget %d", i+1)
		}
		if design.Text(widget, "type") == "text" {
			items = append(items, chart{Type: 1, Name: title, Content: map[string]any{"json": design.Text(widget, "properties.markdown")}})
			continue
		}
		item, ok := w.chart(c, r, widget, title)
		if !ok {
			s.Gap("dashboard.widget", title)
			s.Do("draw %q of %s by hand: %s", title, r.Name, common.Shown(widget["properties"]))
			continue
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		s.Decide(design.Manual, common.Redesign, "%s has %s, and none shows a metric that has a counterpart", r.Name, common.Count(len(widgets), "widget"))
		s.Do("make a workbook in place of %s", r.Name)
		return s.Done()
	}
	text, err := json.Marshal(map[string]any{"version": "Notebook/1.0", "items": items})
	if err != nil {
		s.Decide(design.Manual, common.Guess, "%s cannot be written as a workbook", r.Name)
		s.Do("make a workbook in place of %s", r.Name)
		return s.Done()
	}
	c.Put(design.Target{Type: workbookKind, Base: common.GUID(c.Options.Workload, "workbook", r.Name), Exact: true, Model: workbooksapis.Workbook{
		Kind:       new(workbooksapis.WorkbookSharedTypeKindShared),
		Properties: &workbooksapis.WorkbookProperties{DisplayName: r.Name, Category: "workbook", SerializedData: string(text), SourceId: new(string(common.Workspace(c))), Version: new("Notebook/1.0")},
	}}, r)
	s.Decide(design.Migrate, common.NamedGaps, "%s has %s, of which a workbook shows %d on what now stands for their resources", r.Name, common.Count(len(widgets), "widget"), len(items))
	s.Not("a dashboard of the portal", "its tiles are written in a form that is not published; a workbook is")
	return s.Done()
}

// chart translates a widget of metrics of one kind.
func (w watcher) chart(c *design.Context, r *inventory.Resource, widget map[string]any, title string) (chart, bool) {
	out := chartMetrics{ChartID: common.GUID(r.Name, title), Version: "MetricsItem/2.0", ChartType: 2, Time: chartTime{86400000}, Title: title}
	aggregation := map[string]int{"Sum": 1, "Minimum": 2, "Maximum": 3, "SampleCount": 7}[design.Text(widget, "properties.stat")]
	if aggregation == 0 {
		aggregation = 4
	}
	lines, _ := design.At(widget, "properties").(map[string]any)
	var above []string
	for _, line := range design.List(lines["metrics"]) {
		texts := dotted(design.Texts(line), above)
		if len(texts) < 2 {
			return chart{}, false
		}
		above = texts
		m, why := w.measure(c, r, texts[0], texts[1], pairs(texts[2:]))
		if why != "" || (out.ResourceType != "" && out.ResourceType != strings.ToLower(string(m.kind))) {
			return chart{}, false
		}
		out.ResourceType = strings.ToLower(string(m.kind))
		if !strings.Contains(strings.Join(out.ResourceIDs, " "), string(m.scope)) {
			out.ResourceIDs = append(out.ResourceIDs, string(m.scope))
		}
		out.Metrics = append(out.Metrics, chartEntry{Namespace: out.ResourceType, Metric: out.ResourceType + "--" + m.name, Aggregation: aggregation})
	}
	return chart{Type: 10, Content: out, Name: title, Width: "50"}, len(out.Metrics) > 0
}

// dotted undoes CloudWatch's shorthand: "." repeats the cell above, "..." all
// that are not written (CloudWatch API Reference, "Dashboard Body Structure and
// Syntax").
func dotted(cells, above []string) []string {
	if len(cells) > 0 && cells[0] == "..." {
		kept := max(len(above)-len(cells)+1, 0)
		return append(slices.Clone(above[:kept]), cells[1:]...)
	}
	out := slices.Clone(cells)
	for i, cell := range out {
		if cell == "." && i < len(above) {
			out[i] = above[i]
		}
	}
	return out
}

// pairs reads the dimensions of a line.
func pairs(cells []string) []map[string]any {
	var out []map[string]any
	for i := 0; i+1 < len(cells); i += 2 {
		out = append(out, map[string]any{"Name": cells[i], "Value": cells[i+1]})
	}
	return out
}
