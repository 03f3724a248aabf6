package advice_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/advice"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// machines puts a scale set of three and a public address for each instance.
func machines() design.Family {
	return design.Family{Name: "machines", Rules: []design.Rule{{
		Name: "machines/any", Kinds: []cloud.Kind{"AWS::EC2::Instance"}, Stage: design.Compute,
		Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			c.Put(design.Target{Type: "Microsoft.Compute/virtualMachineScaleSets", Base: r.Name, APIVersion: "2025-04-01", Model: map[string]any{"sku": map[string]any{"name": "Standard_D4s_v5", "capacity": 3}}}, r)
			c.Put(design.Target{Type: "Microsoft.Network/publicIPAddresses", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{}}, r)
			return design.Decision{Action: design.Migrate, Why: "it runs", Confidence: 1}
		},
	}}}
}

func TestQuotasCountWhatIsPut(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, []design.Family{machines(), advice.Family()},
		designtest.Live(t, "AWS::EC2::Instance", "instance/i-a", `{}`), designtest.Live(t, "AWS::EC2::Instance", "instance/i-b", `{}`))
	want := map[string]int64{"cores": 24, "standardDSv5Family": 24, "PublicIPAddresses": 2}
	for _, q := range d.Quotas {
		if n, ok := want[q.Name]; !ok || n != q.Needed {
			t.Errorf("quota %+v", q)
		}
		delete(want, q.Name)
	}
	if len(want) > 0 {
		t.Errorf("not counted: %v", want)
	}
	if len(d.Regions) < 2 || !d.Regions[0].Chosen || slices.ContainsFunc(d.Regions[1:], func(r design.RegionAdvice) bool { return r.Chosen || r.Why == "" }) {
		t.Errorf("regions %+v", d.Regions)
	}
}

func TestEgressIsAnUpperBoundAndNamesWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	bucket := designtest.Live(t, "AWS::S3::Bucket", "bucket-a", `{}`)
	measured := &kpi.Baseline{KPIs: []kpi.KPI{{Subject: kpi.Subject{ID: bucket.ID}, Metric: kpi.StorageUsed, Values: []kpi.Value{{Statistic: kpi.Max, Value: 100 << 30}}}}}
	c := designtest.Case{Families: []design.Family{advice.Family()}, Baseline: measured, Resources: []inventory.Resource{
		bucket, designtest.Live(t, "AWS::S3::Bucket", "bucket-b", `{}`), designtest.Live(t, "AWS::EC2::Volume", "volume/vol-1", `{"Size": "100"}`),
	}}
	d := c.Make(t)
	if d.Cost.Egress < 15 || d.Cost.Egress > 30 {
		t.Errorf("200 GiB for $%.2f", d.Cost.Egress)
	}
	if !slices.ContainsFunc(d.Cost.Notes, func(n string) bool { return strings.Contains(n, "1 data stores of unknown size") }) {
		t.Errorf("notes %q", d.Cost.Notes)
	}
}

// Cores are needed for as many machines as autoscaling may start.
func TestQuotasCountWhatMayStart(t *testing.T) {
	t.Parallel()
	scaled := design.Family{Name: "scaled", Rules: []design.Rule{{
		Name: "scaled/any", Kinds: []cloud.Kind{"AWS::EC2::Instance"}, Stage: design.Compute,
		Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			set := c.Put(design.Target{Type: "Microsoft.Compute/virtualMachineScaleSets", Base: r.Name, APIVersion: "2025-04-01", Model: map[string]any{"sku": map[string]any{"name": "Standard_D4s_v5", "capacity": 2}}}, r)
			profiles := []any{map[string]any{"capacity": map[string]any{"maximum": "4"}}, map[string]any{"capacity": map[string]any{"maximum": "6"}}}
			c.Put(design.Target{Type: "Microsoft.Insights/autoscaleSettings", Base: r.Name, APIVersion: "2022-10-01", Model: map[string]any{"properties": map[string]any{"targetResourceUri": string(set), "profiles": profiles}}}, r)
			c.Put(design.Target{Type: "Microsoft.ContainerService/managedClusters", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"properties": map[string]any{"agentPoolProfiles": []any{
				map[string]any{"vmSize": "Standard_D4s_v5", "count": 1, "enableAutoScaling": true, "maxCount": 3},
			}}}}, r)
			return design.Decision{Action: design.Migrate, Why: "it runs", Confidence: 1}
		},
	}}}
	d := designtest.Make(t, []design.Family{scaled, advice.Family()}, designtest.Live(t, "AWS::EC2::Instance", "instance/i-a", `{}`))
	if !slices.ContainsFunc(d.Quotas, func(q design.Quota) bool { return q.Name == "cores" && q.Needed == (6+3)*4 }) {
		t.Errorf("quotas %+v", d.Quotas)
	}
}

func TestEgressOfUnknownSizeIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, properties string
		known            bool
	}{{"AWS::S3::Bucket", `{}`, false}, {"AWS::EC2::Volume", `{"Size": "100"}`, true}, {"AWS::EC2::Instance", `{}`, true}} {
		d := designtest.Make(t, []design.Family{advice.Family()}, designtest.Live(t, cloud.Kind(c.kind), "thing", c.properties))
		if d.Cost.EgressKnown() != c.known {
			t.Errorf("%s: %+v", c.kind, d.Cost)
		}
	}
}
