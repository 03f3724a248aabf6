package terraform

import (
	"testing"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/filestest"
)

// partsState has a rule before its group in the order of origins ("/10" is
// before "/9"), two objects of one key, and a network ACL with its rules.
const partsState = `{"version": 4, "terraform_version": "1.9.0", "resources": [
 {"mode": "managed", "type": "aws_vpc_security_group_ingress_rule", "name": "ssh", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"id": "sgr-1", "arn": "arn:aws:ec2:eu-west-1:111122223333:security-group-rule/sgr-1", "security_group_id": "sg-7", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "10.0.0.0/8"}}]},
 {"mode": "managed", "type": "aws_security_group", "name": "jump", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"id": "sg-7", "arn": "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-7", "name": "jump", "vpc_id": "vpc-7"}}]},
 {"mode": "managed", "type": "aws_s3_object", "name": "left", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"id": "index.html", "key": "index.html", "bucket": "left"}}]},
 {"mode": "managed", "type": "aws_s3_object", "name": "right", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"id": "index.html", "key": "index.html", "bucket": "right"}}]},
 {"mode": "managed", "type": "aws_network_acl", "name": "edge", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"id": "acl-7", "vpc_id": "vpc-7", "subnet_ids": ["subnet-7"], "egress": [],
   "ingress": [{"action": "allow", "cidr_block": "10.0.0.0/8", "from_port": 8, "to_port": 0, "icmp_type": 8, "icmp_code": -1, "protocol": "1", "rule_no": 100}]}}]}]}`

func TestPartsAndWholes(t *testing.T) {
	t.Parallel()
	s := &filestest.Sink{}
	if err := ReadState(t.Context(), filestest.NewRequests().Of("x", []byte(partsState)), s); err != nil {
		t.Fatal(err)
	}
	if len(s.RefusedList) > 0 {
		t.Errorf("refused %v", s.Reasons())
	}
	byID := map[string][]inventory.Observation{}
	for _, o := range s.Observations {
		byID[string(o.ID)] = append(byID[string(o.ID)], o)
	}
	for _, o := range byID["arn:aws:ec2:eu-west-1:111122223333:security-group/sg-7"] {
		parts, _ := o.Attributes["terraformParts"].(map[string]any)
		if isPart := parts["aws_vpc_security_group_ingress_rule.ssh"] != nil; isPart == (o.LogicalID == "aws_security_group.jump") {
			t.Errorf("logical id %q with parts %v", o.LogicalID, parts)
		}
	}
	for _, id := range []string{"terraform:aws_s3_object.left", "terraform:aws_s3_object.right"} {
		if len(byID[id]) != 1 {
			t.Errorf("%s: %d observations", id, len(byID[id]))
		}
	}
	acl := "arn:aws:ec2:eu-west-1:111122223333:network-acl/acl-7"
	if got := byID[acl+"|ingress|100"]; len(got) != 1 || got[0].Properties["Icmp"] == nil || got[0].Properties["PortRange"] != nil {
		t.Errorf("the entry is %+v of %d", got, len(byID))
	}
	if len(byID["arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-7|network-acl|acl-7"]) != 1 {
		t.Error("the subnet's association is missing")
	}
}
