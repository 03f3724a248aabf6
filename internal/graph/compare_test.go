package graph_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// liveShop is a small shop as the API tells it.
func liveShop() *stock {
	var s stock
	named := func(r *inventory.Resource, name string) { r.Tags["Name"] = name }
	s.ec2("AWS::EC2::VPC", "vpc-11111111", "shop", nil)
	named(&s.Resources[0], "shop")
	s.ec2("AWS::EC2::Subnet", "subnet-11111111", "shop", props{"VpcId": "vpc-11111111"})
	named(&s.Resources[1], "app")
	s.ec2("AWS::EC2::RouteTable", "rtb-11111111", "shop", props{"VpcId": "vpc-11111111"})
	named(&s.Resources[2], "app")
	s.add("AWS::EC2::SubnetRouteTableAssociation", arnOf("ec2", "route-table/rtb-11111111|subnet-11111111"), "a", "", props{"RouteTableId": "rtb-11111111", "SubnetId": "subnet-11111111"})
	s.add("AWS::S3::Bucket", arnOf("s3", "covers-"+account), "covers-"+account, "shop", props{"BucketName": "covers-" + account})
	s.ec2("AWS::EC2::LaunchTemplate", "lt-11111111", "shop", props{"LaunchTemplateName": "web", "LaunchTemplateData": props{"UserData": "BLOBS=s3://covers-" + account}})
	s.add("AWS::AutoScaling::AutoScalingGroup", arnOf("autoscaling", "autoScalingGroup:1:autoScalingGroupName/web"), "web", "shop", props{"AutoScalingGroupName": "web", "VPCZoneIdentifier": "subnet-11111111", "LaunchTemplate": props{"LaunchTemplateId": "lt-11111111"}})
	s.ec2("AWS::EC2::Instance", "i-11111111", "shop", props{"SubnetId": "subnet-11111111", "VpcId": "vpc-11111111", "Volumes": []any{props{"VolumeId": "vol-11111111"}}})
	s.Resources[len(s.Resources)-1].Tags["aws:autoscaling:groupName"] = "web"
	s.ec2("AWS::EC2::Volume", "vol-11111111", "shop", nil)
	return &s
}

// templateShop is the same shop as a template describes it.
func templateShop() *stock {
	var s stock
	add := func(kind, logical, name string, p props) string {
		r := s.add(kind, cloud.ResourceID("cloudformation:shop/"+logical), name, "shop", p)
		r.LogicalID, r.Stack = logical, "shop"
		if p["Named"] != nil {
			r.Tags["Name"] = name
		}
		return inventory.Reference{Resource: r.ID}.String()
	}
	vpc := add("AWS::EC2::VPC", "Network", "shop", props{"Named": true})
	subnet := add("AWS::EC2::Subnet", "App", "app", props{"Named": true, "VpcId": vpc})
	routes := add("AWS::EC2::RouteTable", "Routes", "app", props{"Named": true, "VpcId": vpc})
	add("AWS::EC2::SubnetRouteTableAssociation", "AppRoutes", "AppRoutes", props{"SubnetId": subnet, "RouteTableId": routes})
	bucket := add("AWS::S3::Bucket", "Covers", "covers-"+account, props{"BucketName": "covers-" + account})
	template := add("AWS::EC2::LaunchTemplate", "Web", "web", props{"LaunchTemplateName": "web", "LaunchTemplateData": props{"UserData": "BLOBS=s3://" + bucket}})
	add("AWS::AutoScaling::AutoScalingGroup", "Group", "web", props{"AutoScalingGroupName": "web", "VPCZoneIdentifier": []any{subnet}, "LaunchTemplate": props{"LaunchTemplateId": template}})
	return &s
}

func TestTemplateAndAccountAreTheSame(t *testing.T) {
	t.Parallel()
	live, template := liveShop(), templateShop()
	a, b := live.build(graph.Observed{}), template.build(graph.Observed{})
	if d := graph.Compare(a, b); !d.Empty() {
		t.Errorf("the template differs from the account: %+v", d)
	}
	live.add("AWS::SQS::Queue", arnOf("sqs", "extra-queue"), "extra-queue", "shop", nil)
	template.Resources[4].Properties["LoggingConfiguration"] = props{"DestinationBucketName": "elsewhere"}
	template.add("AWS::S3::Bucket", "cloudformation:shop/Logs", "elsewhere", "shop", props{"BucketName": "elsewhere"})
	d := graph.Compare(live.build(graph.Observed{}), template.build(graph.Observed{}))
	if len(d.OnlyFirstNodes) != 1 || len(d.OnlySecondNodes) != 1 || len(d.OnlySecondEdges) != 1 || len(d.OnlyFirstEdges) != 0 {
		t.Errorf("differences: %+v", d)
	}
}
