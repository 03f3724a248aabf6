package paper_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/paper"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/reach"
)

const group = "/subscriptions/0/resourceGroups/rg/providers/"

func usd(v float64) *float64 { return &v }

// shop is a design with a database in two zones, a machine in one, and a
// hostile name.
func shop() (*design.Design, *graph.Graph) {
	db, vm, nsg := cloud.ResourceID(group+"Microsoft.DBforPostgreSQL/flexibleServers/psql"), cloud.ResourceID(group+"Microsoft.Compute/virtualMachines/vm"), cloud.ResourceID(group+"Microsoft.Network/networkSecurityGroups/nsg")
	d := &design.Design{
		Workload: "shop", Place: design.Place{Location: "eastus2", Group: "rg"},
		Decisions: []design.Decision{
			{Source: "arn:db", Kind: "AWS::RDS::DBInstance", Name: "db", Action: design.Migrate, Why: "PostgreSQL 15", Confidence: 0.9, Rule: "rds/instance", Targets: []cloud.ResourceID{db},
				Gaps: []design.Gap{{ID: "rds.x", Severity: design.High, Title: "failover takes longer", At: "MultiAZ=true", Do: "test a failover"}}, Cost: &design.Cost{Before: usd(10), Basis: "list price"},
				Alternatives: []design.Alternative{{Target: "a machine", WhyNot: "more work"}}, ToDo: []string{"tell the owner"}},
			{Source: "arn:vm", Kind: "AWS::EC2::Instance", Name: "web|<script>", Action: design.Migrate, Why: "two\nlines", Confidence: 0.4, Rule: "ec2/instance", Targets: []cloud.ResourceID{vm}},
			{Source: "arn:vm2", Kind: "AWS::EC2::Instance", Name: "web <script>", Action: design.Migrate, Why: "same file name", Confidence: 0.9, Rule: "ec2/instance"},
			{Source: "arn:old", Kind: "AWS::EC2::FlowLog", Name: "old", Action: design.Retire, Why: "not needed"},
		},
		Resources: []design.Resource{
			{ID: db, Type: "Microsoft.DBforPostgreSQL/flexibleServers", Name: "psql", Body: map[string]any{"properties": map[string]any{"highAvailability": map[string]any{"mode": "ZoneRedundant"}, "backup": map[string]any{"backupRetentionDays": 7}}}},
			{ID: vm, Type: "Microsoft.Compute/virtualMachines", Name: "vm", Body: map[string]any{"zones": []any{"1"}}},
			{ID: nsg, Type: "Microsoft.Network/networkSecurityGroups", Name: "nsg", Body: map[string]any{"properties": map[string]any{"securityRules": []any{
				map[string]any{"name": "web", "properties": map[string]any{"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "Internet", "destinationAddressPrefixes": []any{"10.0.0.0/24"}, "destinationPortRange": "443"}},
			}}}},
		},
		Findings: []design.Finding{{ID: "network.web", Severity: design.Critical, Text: "wider", Blocks: true}, {ID: "identity.x", Severity: design.Low, Text: "fine", Accepted: "we know"}},
		Network:  &reach.Proof{Equal: true, Endpoints: 3},
		Identity: []design.Grant{{Role: "arn:role/web", Wider: []string{"delete blobs"}}},
		Regions:  []design.RegionAdvice{{Region: "eastus2", Chosen: true, Zones: 3, Why: "near"}},
		Quotas:   []design.Quota{{Provider: "Microsoft.Compute", Name: "cores", Needed: 4, Why: "vCPU"}},
	}
	g := &graph.Graph{Flows: []graph.Flow{{Name: "buy", Components: []cloud.ResourceID{"arn:vm", "arn:db", "arn:gone"}, SinglePoints: []cloud.ResourceID{"arn:vm"}, RTOSeconds: 7200, Facts: []string{"standby in another zone"}}}}
	return d, g
}

func files(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range paper.Files(shop()) {
		if _, twice := out[f.Path]; twice {
			t.Errorf("%s is printed twice", f.Path)
		}
		out[f.Path] = string(f.Content)
		if !strings.HasPrefix(out[f.Path], "<!-- Printed by landfall") {
			t.Errorf("%s does not say who printed it", f.Path)
		}
	}
	return out
}

func TestEveryDecisionIsFound(t *testing.T) {
	t.Parallel()
	printed := files(t)
	d, _ := shop()
	for _, v := range d.Decisions {
		if !strings.Contains(printed["README.md"], v.Why) && !strings.Contains(printed["README.md"], strings.ReplaceAll(v.Why, "\n", " ")) {
			t.Errorf("the index lacks %s", v.Name)
		}
	}
	for _, path := range []string{"decisions/rds-dbinstance-db.md", "decisions/ec2-instance-web-script.md", "decisions/ec2-instance-web-script-2.md"} {
		if printed[path] == "" {
			t.Errorf("no %s", path)
		}
	}
	if _, ok := printed["decisions/ec2-flowlog-old.md"]; ok {
		t.Error("a record of what nobody would question")
	}
	record := printed["decisions/rds-dbinstance-db.md"]
	for _, want := range []string{"PostgreSQL 15", "failover takes longer", "MultiAZ=true", "test a failover", "a machine: more work", "tell the owner", "before: $10.00, after: not known"} {
		if !strings.Contains(record, want) {
			t.Errorf("the record lacks %q:\n%s", want, record)
		}
	}
}

// A table row has as many cells as its head, whatever the names hold, and no
// name becomes markup.
func TestNamesStayText(t *testing.T) {
	t.Parallel()
	for path, text := range files(t) {
		if strings.Contains(text, "<script>") {
			t.Errorf("%s holds markup", path)
		}
		cells := 0
		for line := range strings.Lines(text) {
			switch n := strings.Count(line, "|") - strings.Count(line, `\|`); {
			case !strings.HasPrefix(line, "|"):
				cells = 0
			case cells == 0:
				cells = n
			case n != cells:
				t.Errorf("%s: %d bars where the head has %d: %s", path, n, cells, line)
			}
		}
	}
}

func TestDocumentsSayWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	printed := files(t)
	for path, wants := range map[string][]string{
		"failure-modes.md":      {"standby in another zone, automatic failover", "stands in zone 1 alone", "restored from a backup: to any moment of 7 days", "2 h"},
		"network-request.md":    {"| nsg | 100 | Inbound | Allow | Tcp | Internet | 10.0.0.0/24 | 443 |", "1 rule in 1 group."},
		"security-parity.md":    {"proved equal over 3 endpoints", "may do more: delete blobs", "1 of them may do more"},
		"proof-of-concept.md":   {"failover takes longer", "two lines"},
		"regions-and-quotas.md": {"| eastus2 | yes |", "| cores | 4 |"},
		"README.md":             {"blocks the deployment", "accepted: we know"},
		"cost.md":               {"| db | AWS::RDS::DBInstance | $10.00 | not known |"},
	} {
		for _, want := range wants {
			if !strings.Contains(printed[path], want) {
				t.Errorf("%s lacks %q:\n%s", path, want, printed[path])
			}
		}
	}
}

func TestTwoPrintsAreTheSame(t *testing.T) {
	t.Parallel()
	first, second := paper.Files(shop()), paper.Files(shop())
	if !slices.EqualFunc(first, second, func(a, b design.File) bool { return a.Path == b.Path && string(a.Content) == string(b.Content) }) {
		t.Error("differences between two prints")
	}
}
