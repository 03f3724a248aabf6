package reach

import (
	"encoding/json"
	"fmt"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func thing(t *testing.T, kind cloud.Kind, name, properties string) *inventory.Resource {
	t.Helper()
	r := &inventory.Resource{ID: cloud.ResourceID("arn:" + name), Kind: kind, Name: name, Properties: inventory.Properties{}}
	if err := json.Unmarshal([]byte(properties), &r.Properties); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCompleteTakesTheInterfacesGroups: what a resource tells itself stays, and
// the resource does not change.
func TestCompleteTakesTheInterfacesGroups(t *testing.T) {
	t.Parallel()
	face := func(name, group, subnet string) *inventory.Resource {
		return thing(t, "AWS::EC2::NetworkInterface", name, `{"GroupSet":["`+group+`"],"SubnetId":"`+subnet+`"}`)
	}
	faces := []*inventory.Resource{face("b", "sg-1", "subnet-b"), face("a", "sg-1", "subnet-a"), face("a", "sg-0", "subnet-a")}
	one := thing(t, "AWS::ElastiCache::SubnetGroup", "shop", `{"SubnetIds":["subnet-b","subnet-a"]}`)
	other := thing(t, "AWS::ElastiCache::SubnetGroup", "other", `{"SubnetIds":["subnet-a","subnet-b","subnet-c"]}`)
	narrow := thing(t, "AWS::ElastiCache::SubnetGroup", "narrow", `{"SubnetIds":["subnet-a"]}`)
	for _, c := range []struct {
		kind       cloud.Kind
		properties string
		sets       []*inventory.Resource
		want       string
	}{
		{"AWS::ElastiCache::ReplicationGroup", `{}`, []*inventory.Resource{narrow, other}, `map[CacheSubnetGroupName:arn:other SecurityGroupIds:[sg-0 sg-1]]`},
		{"AWS::ElastiCache::ReplicationGroup", `{}`, []*inventory.Resource{other, one}, `map[CacheSubnetGroupName:arn:shop SecurityGroupIds:[sg-0 sg-1]]`},
		{"AWS::ElastiCache::ReplicationGroup", `{}`, []*inventory.Resource{narrow}, `map[SecurityGroupIds:[sg-0 sg-1]]`},
		{"AWS::ElastiCache::ReplicationGroup", `{"CacheSubnetGroupName":"x","SecurityGroupIds":["sg-9"]}`, []*inventory.Resource{one}, ``},
		{"AWS::OpenSearchService::Domain", `{"VPCOptions":{"SubnetIds":["subnet-z"]}}`, nil, `map[VPCOptions:map[SecurityGroupIds:[sg-0 sg-1] SubnetIds:[subnet-z]]]`},
		{"AWS::MSK::Cluster", `{}`, nil, `map[BrokerNodeGroupInfo:map[ClientSubnets:[subnet-a subnet-b] SecurityGroups:[sg-0 sg-1]]]`},
		{"AWS::EFS::MountTarget", `{}`, nil, `map[SecurityGroups:[sg-0 sg-1] SubnetId:subnet-a]`},
		{"AWS::Lambda::Function", `{"VpcConfig":"odd"}`, nil, ``},
		{kindBalancer, `{"Subnets":["subnet-a"]}`, nil, `map[SecurityGroups:[sg-0 sg-1] Subnets:[subnet-a]]`},
		{"AWS::S3::Bucket", `{}`, nil, ``},
	} {
		r := thing(t, c.kind, "shop", c.properties)
		before := fmt.Sprint(r.Properties)
		got, ok := Complete(r, faces, c.sets)
		if ok != (c.want != "") || ok && fmt.Sprint(map[string]any(got)) != c.want {
			t.Errorf("%s %s: %v %v", c.kind, c.properties, ok, got)
		}
		if fmt.Sprint(r.Properties) != before {
			t.Errorf("%s changed", c.kind)
		}
		if _, ok := Complete(r, nil, c.sets); ok {
			t.Errorf("%s: something out of nothing", c.kind)
		}
	}
}

// TestListens tells what has an address that others connect to.
func TestListens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       cloud.Kind
		properties string
		want       bool
	}{
		{"AWS::ElastiCache::ReplicationGroup", `{}`, true},
		{"AWS::RDS::DBInstance", `{}`, true},
		{"AWS::RDS::DBInstance", `{"DBClusterIdentifier":"c"}`, false},
		{"AWS::Lambda::Function", `{"VpcConfig":{"SubnetIds":["s"]}}`, false},
		{"AWS::OpenSearchService::Domain", `{}`, false},
		{"AWS::OpenSearchService::Domain", `{"VPCOptions":{"SubnetIds":["s"]}}`, true},
		{kindPrivateLink, `{"VpcEndpointType":"Gateway","VpcId":"v"}`, false},
		{kindPrivateLink, `{"SecurityGroupIds":["g"]}`, true},
		{kindBalancer, `{"Type":"network"}`, false},
		{kindBalancer, `{}`, true},
		{"AWS::S3::Bucket", `{}`, false},
	} {
		if got := Listens(thing(t, c.kind, "x", c.properties)); got != c.want {
			t.Errorf("%s %s: %v", c.kind, c.properties, got)
		}
	}
}
