package price

import (
	"encoding/json"
	"math"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
)

// TestOneThing prices single things of both sides by the rows of their kinds;
// below zero means not known. Prices are the catalogue's, 730 hours a month.
func TestOneThing(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := &pricer{catalog: facts}
	for _, c := range []struct {
		kind       cloud.Kind
		properties string
		want       float64
		billed     bool
	}{
		{"AWS::ECS::Service", `{"CapacityProviderStrategy":[{"CapacityProvider":"FARGATE"}],"\u0000task":{"Cpu":".5 vCPU","Memory":"1 GB"}}`, 0.5*29.55 + 3.245, true},
		{"AWS::ECS::Service", `{"LaunchType":"FARGATE","DesiredCount":3,"\u0000task":{"Cpu":256,"Memory":"512"}}`, 3 * (0.25*29.55 + 0.5*3.245), true},
		{"AWS::ECS::Service", `{"LaunchType":"EC2","\u0000task":{"Cpu":"256","Memory":"512"}}`, -1, true},
		{"AWS::ECS::Service", `{"CapacityProviderStrategy":[{"CapacityProvider":"FARGATE_SPOT"}],"\u0000task":{"Cpu":"256","Memory":"512"}}`, -1, true},
		{"AWS::ECS::Service", `{"LaunchType":"FARGATE"}`, -1, true},
		{"AWS::ECS::Service", `{"LaunchType":"FARGATE","\u0000task":{"Cpu":"${param:Cpu}","Memory":"512"}}`, -1, true},
		{"AWS::FSx::FileSystem", `{"FileSystemType":"OPENZFS","StorageCapacity":100,"OpenZFSConfiguration":{"ThroughputCapacity":64}}`, 9 + 16.64, true},
		{"AWS::FSx::FileSystem", `{"FileSystemType":"WINDOWS","StorageType":"HDD","StorageCapacity":2000,"WindowsConfiguration":{"ThroughputCapacity":8}}`, 50 + 36, true},
		{"AWS::FSx::FileSystem", `{"FileSystemType":"LUSTRE","StorageCapacity":1200}`, -1, true},
		{"AWS::FSx::FileSystem", `{"FileSystemType":"WINDOWS"}`, -1, true},
		{"AWS::SSM::Parameter", `{"Tier":"Advanced"}`, 0.05, true},
		{"AWS::SSM::Parameter", `{"Tier":"Standard"}`, 0, false},
		{"AWS::DirectConnect::Connection", `{"Bandwidth":"1Gbps"}`, 219, true},
		{"AWS::DirectConnect::Connection", `{}`, 219, true},
		{"AWS::DirectConnect::Connection", `{"Bandwidth":"10Gbps"}`, -1, true},
		{"AWS::EC2::VPCEndpoint", `{}`, 0, false},
		{"AWS::EC2::VPCEndpoint", `{"VpcEndpointType":"Interface","SubnetIds":["a","b"]}`, 2 * 0.01 * 730, true},
		{"AWS::DocDB::DBInstance", `{"DBInstanceClass":"db.t3.medium"}`, 0.078 * 730, true},
		{"AWS::DocDB::DBInstance", `{"DBInstanceClass":"db.x99.large"}`, -1, true},
		{"AWS::DocDB::DBInstance", `{}`, -1, true},
		{"AWS::EKS::Cluster", `{"Version":"1.33"}`, 438, true},
		{"AWS::EKS::Cluster", `{"Version":"one.two"}`, 73, true},
		{"Microsoft.Web/serverfarms", `{"sku":{"name":"EP2","capacity":2}}`, 4*126.29 + 14*8.979286, true},
		{"Microsoft.Web/serverfarms", `{"sku":{"name":"FC1"}}`, -1, true},
		{"Microsoft.Web/serverfarms", `{"sku":{"name":"Z9"}}`, -1, true},
		{"Microsoft.ServiceBus/namespaces", `{"sku":{"name":"Premium","capacity":2}}`, 2 * 677.08, true},
		{"Microsoft.ServiceBus/namespaces", `{"sku":{"name":"Basic"}}`, 0, false},
		{"Microsoft.App/containerApps", `{"properties":{"workloadProfileName":"D4","template":{"scale":{"minReplicas":1}}}}`, -1, true},
		{"Microsoft.App/containerApps", `{"properties":{"template":{"scale":{"minReplicas":0},"containers":[{"resources":{"cpu":0.5,"memory":"1Gi"}}]}}}`, -1, true},
		{"Microsoft.App/containerApps", `{"properties":{"template":{"scale":{"minReplicas":1},"containers":[{"resources":{"cpu":0.5,"memory":"much"}}]}}}`, -1, true},
		{"Microsoft.App/containerApps", `{"properties":{"workloadProfileName":"Consumption","template":{"scale":{"minReplicas":1},"containers":[{"resources":{"cpu":0.5,"memory":"1Gi"}}]}}}`, 730 * (0.5*0.0864 + 0.0108), true},
		{"Microsoft.KeyVault/vaults/keys", `{"properties":{"kty":"RSA"}}`, 0, false},
		{"Microsoft.KeyVault/vaults/keys", `{"properties":{"kty":"RSA-HSM","keySize":2048}}`, 1, true},
		{"Microsoft.KeyVault/vaults/keys", `{"properties":{"kty":"EC-HSM"}}`, 5, true},
	} {
		table := rows(sourceTSV)
		if _, ok := table[c.kind]; !ok {
			table = rows(targetTSV)
		}
		row, ok := table[c.kind]
		if !ok {
			t.Errorf("%s has no row", c.kind)
			continue
		}
		var properties map[string]any
		if err := json.Unmarshal([]byte(c.properties), &properties); err != nil {
			t.Fatal(err)
		}
		got := p.price(row, thing{c.kind, properties})
		if got.known != (c.want >= 0) || got.known && math.Abs(got.usd-c.want) > 0.011 || got.billed != c.billed || !got.known && got.reason == "" {
			t.Errorf("%s %s: %+v, want %.2f", c.kind, c.properties, got, c.want)
		}
	}
	if got := p.price(unlisted("Microsoft.Odd/things"), thing{}); got.known || got.reason == "" {
		t.Errorf("a kind that no row is for costs %+v", got)
	}
	if got := join(amount{usd: 1, known: true, billed: true, basis: "a"}, unknown("no price")); got.known || got.reason != "no price" {
		t.Errorf("a sum with something unknown in it is %+v", got)
	}
}
