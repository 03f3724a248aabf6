package reach

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// owners is a VPC that tells its parts by id alone, as Terraform's aws_vpc does,
// with two subnets of which the second has a table of its own.
func owners(t *testing.T) *account {
	t.Helper()
	a := &account{}
	vpc := a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16","DefaultSecurityGroup":"sg-d","DefaultNetworkAcl":"acl-d"}`)
	vpc.Attributes = map[string]any{"MainRouteTableId": "rtb-m", "DefaultRouteTableId": "rtb-m"}
	a.add(t, "AWS::EC2::Subnet", "s1", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"}`)
	a.add(t, "AWS::EC2::Subnet", "s2", `{"VpcId":"vpc","CidrBlock":"10.0.2.0/24"}`)
	a.add(t, "AWS::EC2::RouteTable", "own", `{"VpcId":"vpc"}`)
	a.add(t, kindAssociation, "on", `{"RouteTableId":"own","SubnetId":"s2"}`)
	a.add(t, "AWS::EC2::InternetGateway", "igw-1", `{}`)
	a.add(t, "AWS::EC2::Route", "out", `{"RouteTableId":"rtb-m","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`)
	a.add(t, "AWS::EC2::Instance", "i-1", `{"SubnetId":"s1","SecurityGroupIds":["sg-d"],"PublicIp":"198.51.100.1"}`)
	a.add(t, "AWS::EC2::Instance", "i-2", `{"SubnetId":"s1"}`)
	return a
}

// whoMay is what decides over packets to an interface from an address.
func whoMay(n Network, from string, to netip.Addr, port uint16) string {
	d, _ := NewOracle(n, true).Out(from, to, port)
	return d.Passes + "|" + d.Stops + "|" + d.Unknown
}

// TestMainTableByAttribute: routes of a table that only the VPC names are those
// of the subnets without an association, and of no others.
func TestMainTableByAttribute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*account)
		s1, s2 string
	}{
		"by the VPC's attribute": {func(*account) {}, "rtb", "own"},
		"by its original table": {func(a *account) {
			a.list[0].Attributes = map[string]any{"DefaultRouteTableId": "rtb-m"}
		}, "rtb", "own"},
		"by a main association": {func(a *account) {
			a.add(t, kindAssociation, "main", `{"RouteTableId":"own"}`).Attributes = map[string]any{"VpcId": "vpc"}
		}, "own", "own"},
		"by a table that says so": {func(a *account) {
			a.add(t, "AWS::EC2::RouteTable", "read", `{"VpcId":"vpc"}`).Attributes = map[string]any{"Main": true}
		}, "read", "own"},
	} {
		a := owners(t)
		c.change(a)
		n := FromAWS(a.list, a.find)
		if len(n.Doubts) > 0 {
			t.Errorf("%s: %v", name, n.Doubts)
		}
		for i, want := range []string{c.s1, c.s2} {
			if got := n.Subnets[i].Table; !strings.HasPrefix(got, want) && !(want == "rtb" && got == "main|vpc") {
				t.Errorf("%s: subnet %d has table %q, want %q", name, i, got, want)
			}
		}
		if name == "by the VPC's attribute" {
			if got := whoMay(n, "i-1", netip.MustParseAddr("203.0.113.1"), 443); !strings.HasPrefix(got, "default group: egress") {
				t.Errorf("the way out is %q", got)
			}
		}
	}
}

// TestDefaultGroupByAttribute: members of a default group that nothing describes
// reach each other and everything, whether they name it or not; rules added to
// it come to those of AWS, and a group that is described has its own alone.
func TestDefaultGroupByAttribute(t *testing.T) {
	t.Parallel()
	a := owners(t)
	n := FromAWS(a.list, a.find)
	i, j := n.Interfaces[0], n.Interfaces[1]
	if !slices.Equal(i.Labels, []string{"default|vpc"}) || !slices.Equal(j.Labels, i.Labels) {
		t.Fatalf("labels %v and %v", i.Labels, j.Labels)
	}
	if d, ok := NewOracle(n, true).Between("i-2", "i-1", 22); !ok || d.Passes == "" || d.Stops != "" {
		t.Errorf("between members: %+v", d)
	}
	a.add(t, "AWS::EC2::SecurityGroup", "sg-d", `{"SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"CidrIp":"0.0.0.0/0"}]}`)
	n = FromAWS(a.list, a.find)
	if f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == "sg-d" })]; len(f.In) != 2 || len(f.Out) != 1 || !slices.Equal(n.Interfaces[1].Labels, []string{"sg-d"}) {
		t.Errorf("rules of the half-known group: %+v", f)
	}
	a.list[len(a.list)-1].Properties["GroupName"] = "default"
	n = FromAWS(a.list, a.find)
	if f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == "sg-d" })]; len(f.In) != 1 || len(f.Out) != 0 {
		t.Errorf("rules of the described group: %+v", f)
	}
}

// TestDefaultListByAttribute: entries added to a default ACL come to the two that
// AWS makes, and filter the subnets without an association.
func TestDefaultListByAttribute(t *testing.T) {
	t.Parallel()
	a := owners(t)
	if n := FromAWS(a.list, a.find); n.Subnets[0].Filter != "" {
		t.Errorf("an untouched list filters: %q", n.Subnets[0].Filter)
	}
	a.add(t, "AWS::EC2::NetworkAcl", "mine", `{"VpcId":"vpc"}`)
	a.add(t, "AWS::EC2::SubnetNetworkAclAssociation", "aa", `{"NetworkAclId":"mine","SubnetId":"s2"}`)
	a.add(t, kindEntry, "no-ssh", `{"NetworkAclId":"acl-d","RuleNumber":90,"Protocol":6,"RuleAction":"deny","CidrBlock":"0.0.0.0/0","PortRange":{"From":22,"To":22}}`)
	n := FromAWS(a.list, a.find)
	if n.Subnets[0].Filter != "default-acl|vpc" || n.Subnets[1].Filter != "mine" {
		t.Fatalf("filters %q and %q", n.Subnets[0].Filter, n.Subnets[1].Filter)
	}
	f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == "default-acl|vpc" })]
	if len(f.In) != 3 || len(f.Out) != 2 {
		t.Errorf("entries %+v", f)
	}
	a.add(t, "AWS::EC2::SubnetNetworkAclAssociation", "lost", `{"NetworkAclId":"acl-gone","SubnetId":"s1"}`)
	if n := FromAWS(a.list, a.find); len(n.Doubts) != 1 || !strings.Contains(n.Doubts[0].Text, "acl-gone is not known") {
		t.Errorf("an unknown list is passed over: %v", n.Doubts)
	}
}

// TestPartsByReference: a template names a part by its owner's attribute.
func TestPartsByReference(t *testing.T) {
	t.Parallel()
	a := owners(t)
	find := func(from *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool) {
		if s, ok := value.(string); ok {
			value = strings.TrimSuffix(strings.Split(strings.TrimPrefix(s, "${ref:"), "#")[0], "}")
		}
		return a.find(from, value, kinds...)
	}
	i := NewImplied(a.list, find)
	for text, id := range map[string]string{
		"${ref:vpc#DefaultSecurityGroup}": "default|vpc", "${ref:vpc#DefaultNetworkAcl}": "default-acl|vpc", "${ref:vpc#main_route_table_id}": "main|vpc", "rtb-m": "main|vpc", "${ref:vpc#CidrBlock}": "",
		"prefix ${ref:vpc#DefaultSecurityGroup}": "", "": "", "sg-none": "",
	} {
		r, ok := i.Find(a.list[1], text, kindGroup, kindACL, kindTable)
		if ok != (id != "") || ok && string(r.ID) != id {
			t.Errorf("%q: %v %v, want %q", text, r, ok, id)
		}
	}
	if r, ok := i.Find(a.list[1], "sg-d", kindTable); ok {
		t.Errorf("a group is no %s: %v", kindTable, r)
	}
}
