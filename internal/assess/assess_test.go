package assess_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// world is a small workload: a web machine and a database behind a name, with
// what belongs to them, one shared key, and a stranger.
func world(t testing.TB) assess.Sources {
	t.Helper()
	services, err := catalog.LoadServices()
	if err != nil {
		t.Fatal(err)
	}
	s := assess.Sources{Services: services, Inputs: map[string]string{}}
	add := func(id string, kind cloud.Kind, b graph.Boundary, tier graph.Tier, p inventory.Properties) *inventory.Resource {
		s.Inventory.Resources = append(s.Inventory.Resources, inventory.Resource{ID: cloud.ResourceID(id), Kind: kind, Name: id, Properties: p, Tags: cloud.Tags{}})
		s.Graph.Nodes = append(s.Graph.Nodes, graph.Node{ID: cloud.ResourceID(id), Kind: kind, Name: id, Boundary: b, Tier: tier})
		return &s.Inventory.Resources[len(s.Inventory.Resources)-1]
	}
	web := add("web", "AWS::EC2::Instance", graph.In, graph.TierCompute, inventory.Properties{"InstanceType": "m5.large"})
	web.Tags["Owner"] = "shop"
	web.Attributes = map[string]any{"PlatformDetails": "Windows with SQL Server Standard", "ProductCodes": []any{
		map[string]any{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}, map[string]any{"ProductCodeId": "dev", "ProductCodeType": "devpay"}}}
	db := add("db", "AWS::RDS::DBInstance", graph.In, graph.TierData, inventory.Properties{"Engine": "oracle-ee", "LicenseModel": "bring-your-own-license"})
	db.Tags["DataClassification"] = "personal"
	add("secret", "AWS::SecretsManager::Secret", graph.In, graph.TierIdentity, inventory.Properties{"RotationEnabled": true})
	add("plain", "AWS::SSM::Parameter", graph.In, graph.TierIdentity, inventory.Properties{"Type": "String"})
	add("hidden", "AWS::SSM::Parameter", graph.In, graph.TierIdentity, inventory.Properties{"Type": "SecureString"})
	add("key", "AWS::KMS::Key", graph.Shared, graph.TierIdentity, inventory.Properties{"EnableKeyRotation": false})
	add("cert", "AWS::CertificateManager::Certificate", graph.In, graph.TierIdentity, inventory.Properties{
		"DomainName": "shop.example.com", "SubjectAlternativeNames": []any{"shop.example.com", "www.example.com"}}).Attributes = map[string]any{"Type": "AMAZON_ISSUED", "NotAfter": "2027-01-01T00:00:00Z"}
	add("role", "AWS::IAM::Role", graph.In, graph.TierIdentity, inventory.Properties{
		"AssumeRolePolicyDocument": map[string]any{"Statement": map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": "ec2.amazonaws.com"}}},
		"Policies":                 []any{map[string]any{"PolicyName": "all", "PolicyDocument": `{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}`}}})
	add("record", "AWS::Route53::RecordSet", graph.In, graph.TierEdge, inventory.Properties{
		"Name": "Shop.example.com.", "Type": "CNAME", "TTL": "300", "ResourceRecords": []any{"lb.example.net"}, "HostedZoneId": "Z1"})
	add("soa", "AWS::Route53::RecordSet", graph.In, graph.TierEdge, inventory.Properties{"Name": "example.com.", "Type": "SOA"})
	add("alarm", "AWS::CloudWatch::Alarm", graph.In, graph.TierOperations, inventory.Properties{"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"})
	add("mail", "AWS::SES::EmailIdentity", graph.In, graph.TierOther, nil)
	add("odd", "AWS::Quantum::Leap", graph.In, graph.TierOther, nil)
	add("stranger", "AWS::EC2::Instance", graph.Out, graph.TierCompute, nil)
	gone := add("gone", "AWS::EC2::Instance", graph.In, graph.TierCompute, nil)
	gone.Marks = []inventory.Mark{inventory.Deleted}
	s.Graph.Nodes = append(s.Graph.Nodes, graph.Node{ID: "external:api.partner.com", Kind: graph.ExternalHost, Name: "api.partner.com", External: true, Boundary: graph.Out, Tier: graph.TierExternal},
		graph.Node{ID: graph.Internet, Kind: graph.ExternalNetwork, Name: "internet", External: true, Boundary: graph.Out, Tier: graph.TierExternal})
	edge := func(from, to, source string) {
		s.Graph.Edges = append(s.Graph.Edges, graph.Edge{From: cloud.ResourceID(from), To: cloud.ResourceID(to), Relation: "uses", Bytes: 5, Evidence: []graph.Evidence{{Source: source}}})
	}
	edge("web", "db", "flow-logs")
	edge("web", "secret", "configuration")
	edge("web", "external:api.partner.com", "configuration")
	edge("db", "key", "configuration")
	edge("alarm", "web", "configuration")
	edge("stranger", "db", "flow-logs")
	edge("stranger", "cert", "configuration")
	edge(string(graph.Internet), "web", "alb")
	s.Graph.Flows = []graph.Flow{{ID: "flow:web", Name: "buy"}}
	s.Baseline.KPIs = []kpi.KPI{{Subject: kpi.Subject{ID: "web"}, Values: []kpi.Value{{Value: 1}}}, {Subject: kpi.Subject{ID: "db"}}}
	return s
}

func TestMake(t *testing.T) {
	t.Parallel()
	a := assess.Make(world(t))
	same(t, "names", a.Names, `[{"name":"api.partner.com","values":[],"boundary":"out","usedBy":["web"]},`+
		`{"name":"shop.example.com","type":"CNAME","ttlSeconds":300,"values":["lb.example.net"],"record":"record","zone":"Z1","boundary":"in","usedBy":[]}]`)
	same(t, "secrets", a.Secrets, `[{"id":"secret","kind":"AWS::SecretsManager::Secret","name":"secret","boundary":"in","rotates":true,"usedBy":["web"]},`+
		`{"id":"hidden","kind":"AWS::SSM::Parameter","name":"hidden","boundary":"in","usedBy":[]},`+
		`{"id":"key","kind":"AWS::KMS::Key","name":"key","boundary":"shared","rotates":false,"usedBy":["db"]}]`)
	same(t, "certificates", a.Certificates, `[{"id":"cert","names":["shop.example.com","www.example.com"],"boundary":"in","notAfter":"2027-01-01T00:00:00Z","exportable":false,"imported":false,"usedBy":["stranger"]}]`)
	same(t, "licences", a.Licences, `[{"id":"db","boundary":"in","software":"Oracle Database","model":"bring-your-own-license","hybridBenefit":false,"evidence":"Engine: oracle-ee"},`+
		`{"id":"web","boundary":"in","software":"AWS Marketplace product abc","model":"marketplace","hybridBenefit":false,"evidence":"ProductCodes"},`+
		`{"id":"web","boundary":"in","software":"SQL Server","model":"license-included","hybridBenefit":true,"evidence":"PlatformDetails: Windows with SQL Server Standard"},`+
		`{"id":"web","boundary":"in","software":"Windows Server","model":"license-included","hybridBenefit":true,"evidence":"PlatformDetails: Windows with SQL Server Standard"}]`)
	same(t, "identities", a.Identities, `[{"id":"role","kind":"AWS::IAM::Role","name":"role","boundary":"in","trusts":["ec2.amazonaws.com"],`+
		`"wildcards":["all: statement 1 allows the action s3:*","all: statement 1 allows every resource"],"usedBy":[],"marks":[]}]`)
	same(t, "monitors", a.Monitors, `[{"id":"alarm","kind":"AWS::CloudWatch::Alarm","name":"alarm","boundary":"in","watches":"AWS/EC2 CPUUtilization","of":["web"]}]`)
	// The stranger's traffic to the database makes it a client; that it names
	// the certificate does not.
	same(t, "clients", a.Clients, `[{"id":"external:internet","name":"internet","calls":["web"],"evidence":["alb"],"bytes":5},`+
		`{"id":"stranger","name":"stranger","calls":["db"],"evidence":["flow-logs"],"bytes":5}]`)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	a := assess.Make(world(t))
	want := map[cloud.ResourceID]assess.State{
		"web": assess.Ready, "db": assess.Conditions, "secret": assess.Ready, "plain": assess.Ready, "hidden": assess.Ready, "cert": assess.Conditions,
		"role": assess.Ready, "record": assess.Ready, "soa": assess.Ready, "alarm": assess.Ready, "mail": assess.NotReady, "odd": assess.Unknown,
	}
	for _, r := range a.Readiness {
		if r.State != want[r.ID] {
			t.Errorf("%s is %s (%v), want %s", r.ID, r.State, r.Why, want[r.ID])
		}
		if r.State != assess.Ready && len(r.Why) == 0 {
			t.Errorf("%s is %s without a reason", r.ID, r.State)
		}
		delete(want, r.ID)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
	total := 0
	for _, s := range a.Skills {
		total += s.Resources
		if s.Course.Title == "" {
			t.Errorf("%s has no course", s.AWS)
		}
	}
	if total != len(a.Readiness) {
		t.Errorf("the skills cover %d resources of %d", total, len(a.Readiness))
	}
}

func TestConditionsOfKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       cloud.Kind
		properties inventory.Properties
		state      assess.State
		why        string
	}{
		{"AWS::EC2::Instance", inventory.Properties{"InstanceType": "m5.metal"}, assess.Conditions, "bare metal"},
		{"AWS::EC2::Instance", inventory.Properties{}, assess.Ready, ""},
		{"AWS::Lambda::Function", inventory.Properties{"Runtime": "ruby3.3"}, assess.Conditions, "custom handler"},
		{"AWS::Lambda::Function", inventory.Properties{"Runtime": "python3.12"}, assess.Ready, ""},
		{"AWS::Lambda::Function", inventory.Properties{"Layers": []any{"a"}, "PackageType": "Image"}, assess.Conditions, "layers"},
		{"AWS::RDS::DBInstance", inventory.Properties{"Engine": "postgres", "EngineVersion": "9.6.1"}, assess.NotReady, "older"},
		{"AWS::RDS::DBInstance", inventory.Properties{"Engine": "postgres", "EngineVersion": "15.4", "StorageEncrypted": false}, assess.Conditions, "not encrypted"},
		{"AWS::RDS::DBInstance", inventory.Properties{"Engine": "mysql", "EngineVersion": "5.6.10"}, assess.NotReady, "older"},
		{"AWS::RDS::DBInstance", inventory.Properties{"Engine": "mysql", "EngineVersion": "8.0"}, assess.Ready, ""},
		{"AWS::S3::Bucket", inventory.Properties{"ObjectLockConfiguration": map[string]any{}}, assess.Conditions, "Object Lock"},
		{"AWS::EC2::Volume", inventory.Properties{"MultiAttachEnabled": true}, assess.Conditions, "shared disk"},
		{"AWS::ElasticLoadBalancingV2::TargetGroup", inventory.Properties{"ProtocolVersion": "GRPC"}, assess.Conditions, "gRPC"},
	} {
		s := world(t)
		s.Inventory.Resources = []inventory.Resource{{ID: "x", Kind: c.kind, Properties: c.properties}}
		s.Graph.Nodes = []graph.Node{{ID: "x", Boundary: graph.In}}
		got := assess.Make(s).Readiness[0]
		if got.State != c.state || !strings.Contains(strings.Join(got.Why, "; "), c.why) {
			t.Errorf("%s %v: %s %v, want %s %q", c.kind, c.properties, got.State, got.Why, c.state, c.why)
		}
	}
}

func TestComplexityAndCompleteness(t *testing.T) {
	t.Parallel()
	s := world(t)
	a := assess.Make(s)
	if a.Complexity.Level != "simple" || a.Complexity.Score == 0 {
		t.Errorf("complexity %+v", a.Complexity)
	}
	covers := map[string][2]int{}
	for _, c := range a.Completeness.Parts {
		covers[c.Name] = [2]int{c.Have, c.Of}
		if c.Of-c.Have != len(c.Missing) {
			t.Errorf("%s: %d of %d, but %d missing", c.Name, c.Have, c.Of, len(c.Missing))
		}
	}
	for name, want := range map[string][2]int{"owner": {1, 12}, "dependency evidence from logs": {2, 4}, "metrics": {1, 4}, "data classification": {1, 1}, "boundary settled": {12, 12}} {
		if covers[name] != want {
			t.Errorf("%s: %v, want %v", name, covers[name], want)
		}
	}
	s.Graph.Flows[0].Criticality, s.Graph.Flows[0].RTOSeconds = graph.CriticalityHigh, 60
	if c := assess.Make(s).Complexity; c.Level != "out-of-scope" || len(c.Warnings) != 1 {
		t.Errorf("a mission-critical flow: %+v", c)
	}
}

// A question leaves one thing unsettled and not all of them, and a name that
// AWS derives is no evidence from a log.
func TestWhatCountsAsSettledAndSeen(t *testing.T) {
	t.Parallel()
	s := world(t)
	before := assess.Make(s)
	s.Graph.Questions = []graph.Question{{ID: "boundary:db", About: "db"}, {ID: "flow:web", About: "db"}, {ID: "boundary:stranger", About: "stranger"}}
	for i := range s.Graph.Edges {
		s.Graph.Edges[i].Evidence = []graph.Evidence{{Source: "convention"}, {Source: "answers"}}
	}
	after := assess.Make(s)
	for _, c := range after.Completeness.Parts {
		switch c.Name {
		case "boundary settled":
			if c.Have != 11 || c.Of != 13 || !slices.Equal(c.Missing, []cloud.ResourceID{"db", "stranger"}) {
				t.Errorf("settled: %+v", c)
			}
		case "dependency evidence from logs":
			if c.Have != 0 {
				t.Errorf("seen: %+v", c)
			}
		}
	}
	external := func(c assess.Client) bool { return strings.HasPrefix(string(c.ID), "external:") }
	if slices.ContainsFunc(after.Clients, func(c assess.Client) bool { return !external(c) }) || len(before.Clients) == 0 {
		t.Errorf("clients %+v, before %+v", after.Clients, before.Clients)
	}
}

// Order changes nothing, and an empty world has an assessment too.
func TestMakeIsAFunctionOfTheSet(t *testing.T) {
	t.Parallel()
	s := world(t)
	slices.SortFunc(s.Inventory.Resources, func(a, b inventory.Resource) int { return strings.Compare(string(a.ID), string(b.ID)) })
	want, _ := json.Marshal(assess.Make(s))
	rapid.Check(t, func(rt *rapid.T) {
		shuffled := s
		shuffled.Graph.Edges = rapid.Permutation(s.Graph.Edges).Draw(rt, "edges")
		shuffled.Graph.Nodes = rapid.Permutation(s.Graph.Nodes).Draw(rt, "nodes")
		if got, _ := json.Marshal(assess.Make(shuffled)); string(got) != string(want) {
			rt.Fatalf("got %s\nwant %s", got, want)
		}
	})
	empty, err := json.Marshal(assess.Make(assess.Sources{Services: s.Services, Inputs: map[string]string{}}))
	if err != nil || strings.Contains(string(empty), "null") {
		t.Errorf("of nothing: %s, %v", empty, err)
	}
}

func same(t *testing.T, what string, got any, want string) {
	t.Helper()
	encoded, err := json.Marshal(got)
	if err != nil || string(encoded) != want {
		t.Errorf("%s:\ngot  %s\nwant %s (%v)", what, encoded, want, err)
	}
}
