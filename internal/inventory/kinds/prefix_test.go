package kinds_test

import (
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory/kinds"
)

func TestOfID(t *testing.T) {
	t.Parallel()
	known := map[cloud.Kind]bool{
		// Resources of EC2 that no CloudFormation type makes.
		"AWS::EC2::Image": true, "AWS::EC2::Snapshot": true,
	}
	for _, kind := range cfn.Load().Kinds() {
		known[kind] = true
	}
	seen := map[cloud.Kind]string{}
	for _, head := range []string{"i", "ami", "lt", "vol", "snap", "vpc", "subnet", "sg", "acl", "rtb", "pl", "dopt", "eni", "eipalloc", "nat", "igw", "eigw", "vpce", "pcx", "tgw", "vgw", "cgw", "vpn", "fl"} {
		kind := kinds.OfID(head + "-0123456789abcdef0")
		if !known[kind] {
			t.Errorf("%s is of kind %q, which nothing has", head, kind)
		}
		if other := seen[kind]; other != "" {
			t.Errorf("%s and %s are both %s", head, other, kind)
		}
		seen[kind] = head
	}
	for _, id := range []string{"", "i", "-", "-1", "subnet", "fs-0123", "tgw", "I-1", "web-1", "arn:aws:ec2:x"} {
		if kind := kinds.OfID(id); kind != "" {
			t.Errorf("%q is of kind %s", id, kind)
		}
	}
}
