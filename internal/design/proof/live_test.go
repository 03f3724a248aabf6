package proof_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/design/proof"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// caches gives each cache an account with a private endpoint.
func caches() design.Family {
	apply := func(c *design.Context, r *inventory.Resource) design.Decision {
		set, ok := c.Find(r, r.Properties["CacheSubnetGroupName"], "AWS::ElastiCache::SubnetGroup")
		if !ok {
			return design.Decision{Action: design.Migrate, Why: "a test"}
		}
		id := c.Put(design.Target{Type: "Microsoft.Cache/redisEnterprise", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{}}, r)
		if pep, ok := c.Plan.PrivateEndpoint(id, "redisEnterprise", design.List(set.Properties["SubnetIds"])); ok {
			c.Attach(r, pep)
		}
		return design.Decision{Action: design.Migrate, Why: "a test"}
	}
	return design.Family{Name: "caches", Rules: []design.Rule{{Name: "test/cache", Kinds: []cloud.Kind{"AWS::ElastiCache::ReplicationGroup"}, Stage: design.Data, Apply: apply}}}
}

// account is what a scan finds: the group itself tells no security groups.
func account(t *testing.T, more ...inventory.Resource) []inventory.Resource {
	live := func(kind cloud.Kind, id, properties string) inventory.Resource {
		return designtest.Live(t, kind, id, properties)
	}
	return append([]inventory.Resource{
		live("AWS::EC2::VPC", "vpc/vpc-1", `{"CidrBlock":"10.40.0.0/16"}`),
		live("AWS::EC2::Subnet", "subnet/subnet-a", `{"VpcId":"vpc-1","CidrBlock":"10.40.1.0/24"}`),
		live("AWS::EC2::Subnet", "subnet/subnet-b", `{"VpcId":"vpc-1","CidrBlock":"10.40.2.0/24"}`),
		live("AWS::EC2::SecurityGroup", "security-group/sg-app", `{"VpcId":"vpc-1","GroupName":"app","SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]}`),
		live("AWS::EC2::SecurityGroup", "security-group/sg-cache", `{"VpcId":"vpc-1","GroupName":"cache","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":6379,"ToPort":6379,"SourceSecurityGroupId":"sg-app"}]}`),
		live("AWS::EC2::Instance", "instance/i-1", `{"SubnetId":"subnet-a","SecurityGroupIds":["sg-app"]}`),
		live("AWS::ElastiCache::SubnetGroup", "subnetgroup:shop", `{"CacheSubnetGroupName":"shop","SubnetIds":["subnet-a","subnet-b"]}`),
		live("AWS::ElastiCache::ReplicationGroup", "replicationgroup:shop", `{"ReplicationGroupId":"shop","Engine":"redis","Port":6379}`),
	}, more...)
}

// TestInterfacesGuardWhatTellsNoGroups: the interfaces that AWS made for a
// cache are in its groups, and so is the private endpoint that takes its place.
func TestInterfacesGuardWhatTellsNoGroups(t *testing.T) {
	t.Parallel()
	all := []design.Family{network.Family(), machines(), caches(), proof.Family()}
	d := designtest.Make(t, all, account(t,
		designtest.Live(t, "AWS::EC2::NetworkInterface", "network-interface/eni-1", `{"Description":"ElastiCache shop-001","GroupSet":["sg-cache"],"SubnetId":"subnet-a","VpcId":"vpc-1"}`),
		designtest.Live(t, "AWS::EC2::NetworkInterface", "network-interface/eni-2", `{"Description":"ElastiCache shop-002","GroupSet":["sg-cache"],"SubnetId":"subnet-b","VpcId":"vpc-1"}`),
	)...)
	if d.Network == nil || !d.Network.Equal || len(d.Blocking()) > 0 {
		t.Errorf("%+v", d.Network)
	}
	if v := designtest.Decision(t, d, "sg-cache"); v.Action != design.Migrate || len(v.Targets) == 0 {
		t.Errorf("%+v", v)
	}
	for _, r := range designtest.Resources(d, "Microsoft.Network/virtualNetworks/subnets") {
		if strings.Contains(r.Name, "endpoints") && (design.Text(r.Body, "properties.networkSecurityGroup.id") == "" || design.Text(r.Body, "properties.privateEndpointNetworkPolicies") == "Disabled") {
			t.Errorf("%s: %v", r.Name, r.Body)
		}
	}
	d = designtest.Make(t, all, account(t)...)
	if d.Network == nil || d.Network.Equal || !strings.Contains(strings.Join(d.Network.Undecided, "\n"), "endpoint shop (AWS::ElastiCache::ReplicationGroup): neither its subnets nor") {
		t.Errorf("without interfaces: %+v", d.Network)
	}
}

// TestNothingThatListensIsLeftOut: of every kind, what listens in a VPC is
// compared or undecided, also when nothing tells where it stands.
func TestNothingThatListensIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, kind := range reach.Kinds() {
		for _, properties := range []string{`{}`, `{"SecurityGroupIds":["sg-app"],"SubnetIds":["subnet-a"]}`} {
			one := designtest.Live(t, kind, "thing/lonely", properties)
			if !reach.Listens(&one) {
				continue
			}
			t.Run(string(kind)+properties, func(t *testing.T) {
				t.Parallel()
				d := designtest.Make(t, []design.Family{network.Family(), proof.Family()}, account(t, one)...)
				if d.Network == nil || !strings.Contains(strings.Join(d.Network.Undecided, "\n"), "endpoint lonely ("+string(kind)+")") {
					t.Errorf("%+v", d.Network)
				}
			})
		}
	}
}

// TestWhatRunsWithoutGroupsIsUndecided: a running thing is always in a group;
// where the scan tells none, the default group would be a guess.
func TestWhatRunsWithoutGroupsIsUndecided(t *testing.T) {
	t.Parallel()
	one := designtest.Live(t, "AWS::ElastiCache::ReplicationGroup", "replicationgroup:bare", `{"ReplicationGroupId":"bare","CacheSubnetGroupName":"shop"}`)
	one.Provenance = []inventory.Provenance{{Source: inventory.Live, Origin: "elasticache:DescribeReplicationGroups"}}
	d := designtest.Make(t, []design.Family{network.Family(), machines(), caches(), proof.Family()}, account(t, one)...)
	if d.Network == nil || d.Network.Equal || !strings.Contains(strings.Join(d.Network.Undecided, "\n"), "endpoint bare (AWS::ElastiCache::ReplicationGroup): neither the scan") {
		t.Errorf("%+v", d.Network)
	}
}
