package seed_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"example.com/landfall/internal/cloud"
)

// described is one resource as a describe call gives it.
type described struct {
	id   string
	tags cloud.Tags
}

func ec2Tags(list []types.Tag) cloud.Tags {
	t := cloud.Tags{}
	for _, one := range list {
		t[aws.ToString(one.Key)] = aws.ToString(one.Value)
	}
	return t
}

// all calls a describe operation without any filter and lists what it gives.
func all[I, O, P, T any](ctx context.Context, call func(context.Context, *I, ...func(*P)) (*O, error), in *I, list func(*O) []T, one func(T) described) ([]described, any, error) {
	out, err := call(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	var found []described
	for _, item := range list(out) {
		found = append(found, one(item))
	}
	return found, list(out), nil
}

// ec2Kinds describes every kind of EC2 that the seed makes.
func ec2Kinds(ctx context.Context, c *ec2.Client) map[cloud.Kind]func() ([]described, any, error) {
	return map[cloud.Kind]func() ([]described, any, error){
		"AWS::EC2::VPC": func() ([]described, any, error) {
			return all(ctx, c.DescribeVpcs, &ec2.DescribeVpcsInput{}, func(o *ec2.DescribeVpcsOutput) []types.Vpc { return o.Vpcs }, func(v types.Vpc) described { return described{*v.VpcId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::Subnet": func() ([]described, any, error) {
			return all(ctx, c.DescribeSubnets, &ec2.DescribeSubnetsInput{}, func(o *ec2.DescribeSubnetsOutput) []types.Subnet { return o.Subnets }, func(v types.Subnet) described { return described{*v.SubnetId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::InternetGateway": func() ([]described, any, error) {
			return all(ctx, c.DescribeInternetGateways, &ec2.DescribeInternetGatewaysInput{}, func(o *ec2.DescribeInternetGatewaysOutput) []types.InternetGateway { return o.InternetGateways }, func(v types.InternetGateway) described {
				return described{*v.InternetGatewayId, ec2Tags(v.Tags)}
			})
		},
		"AWS::EC2::NatGateway": func() ([]described, any, error) {
			return all(ctx, c.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{}, func(o *ec2.DescribeNatGatewaysOutput) []types.NatGateway { return o.NatGateways }, func(v types.NatGateway) described { return described{*v.NatGatewayId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::RouteTable": func() ([]described, any, error) {
			return all(ctx, c.DescribeRouteTables, &ec2.DescribeRouteTablesInput{}, func(o *ec2.DescribeRouteTablesOutput) []types.RouteTable { return o.RouteTables }, func(v types.RouteTable) described { return described{*v.RouteTableId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::NetworkAcl": func() ([]described, any, error) {
			return all(ctx, c.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{}, func(o *ec2.DescribeNetworkAclsOutput) []types.NetworkAcl { return o.NetworkAcls }, func(v types.NetworkAcl) described { return described{*v.NetworkAclId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::SecurityGroup": func() ([]described, any, error) {
			return all(ctx, c.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{}, func(o *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return o.SecurityGroups }, func(v types.SecurityGroup) described { return described{*v.GroupId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::PrefixList": func() ([]described, any, error) {
			return all(ctx, c.DescribeManagedPrefixLists, &ec2.DescribeManagedPrefixListsInput{}, func(o *ec2.DescribeManagedPrefixListsOutput) []types.ManagedPrefixList { return o.PrefixLists }, func(v types.ManagedPrefixList) described {
				return described{*v.PrefixListId, ec2Tags(v.Tags)}
			})
		},
		"AWS::EC2::EIP": func() ([]described, any, error) {
			return all(ctx, c.DescribeAddresses, &ec2.DescribeAddressesInput{}, func(o *ec2.DescribeAddressesOutput) []types.Address { return o.Addresses }, func(v types.Address) described {
				return described{aws.ToString(v.AllocationId), ec2Tags(v.Tags)}
			})
		},
		"AWS::EC2::VPCEndpoint": func() ([]described, any, error) {
			return all(ctx, c.DescribeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{}, func(o *ec2.DescribeVpcEndpointsOutput) []types.VpcEndpoint { return o.VpcEndpoints }, func(v types.VpcEndpoint) described { return described{*v.VpcEndpointId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::Instance": func() ([]described, any, error) {
			return all(ctx, c.DescribeInstances, &ec2.DescribeInstancesInput{}, instances, func(v types.Instance) described { return described{*v.InstanceId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::Volume": func() ([]described, any, error) {
			return all(ctx, c.DescribeVolumes, &ec2.DescribeVolumesInput{}, func(o *ec2.DescribeVolumesOutput) []types.Volume { return o.Volumes }, func(v types.Volume) described { return described{*v.VolumeId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::Image": func() ([]described, any, error) {
			return all(ctx, c.DescribeImages, &ec2.DescribeImagesInput{Owners: []string{"self"}}, func(o *ec2.DescribeImagesOutput) []types.Image { return o.Images }, func(v types.Image) described { return described{*v.ImageId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::Snapshot": func() ([]described, any, error) {
			return all(ctx, c.DescribeSnapshots, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, func(o *ec2.DescribeSnapshotsOutput) []types.Snapshot { return o.Snapshots }, func(v types.Snapshot) described { return described{*v.SnapshotId, ec2Tags(v.Tags)} })
		},
		"AWS::EC2::LaunchTemplate": func() ([]described, any, error) {
			return all(ctx, c.DescribeLaunchTemplates, &ec2.DescribeLaunchTemplatesInput{}, func(o *ec2.DescribeLaunchTemplatesOutput) []types.LaunchTemplate { return o.LaunchTemplates }, func(v types.LaunchTemplate) described {
				return described{*v.LaunchTemplateId, ec2Tags(v.Tags)}
			})
		},
		"AWS::EC2::NetworkInterface": func() ([]described, any, error) {
			return all(ctx, c.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{}, func(o *ec2.DescribeNetworkInterfacesOutput) []types.NetworkInterface { return o.NetworkInterfaces }, func(v types.NetworkInterface) described {
				return described{*v.NetworkInterfaceId, ec2Tags(v.TagSet)}
			})
		},
		"AWS::EC2::FlowLog": func() ([]described, any, error) {
			return all(ctx, c.DescribeFlowLogs, &ec2.DescribeFlowLogsInput{}, func(o *ec2.DescribeFlowLogsOutput) []types.FlowLog { return o.FlowLogs }, func(v types.FlowLog) described { return described{*v.FlowLogId, ec2Tags(v.Tags)} })
		},
	}
}

func instances(o *ec2.DescribeInstancesOutput) []types.Instance {
	var list []types.Instance
	for _, r := range o.Reservations {
		list = append(list, r.Instances...)
	}
	return list
}

var idForm = regexp.MustCompile(`\b(vpc|subnet|sg|acl|rtb|nat|igw|eipalloc|vol|snap|ami|pl|lt|vpce|i|eni|fl)-[0-9a-f]{8,17}\b`)

// Every id that any answer mentions is the id of something that is there.
func noDanglingIDs(t *testing.T, cfg aws.Config) {
	ctx := t.Context()
	there, mentioned := map[string]bool{}, map[string]string{}
	mention := func(where string, answer any) {
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range idForm.FindAllString(string(text), -1) {
			mentioned[id] = where
		}
	}
	for kind, describe := range ec2Kinds(ctx, ec2.NewFromConfig(cfg)) {
		found, answer, err := describe()
		if err != nil {
			t.Fatal(kind, err)
		}
		for _, d := range found {
			there[d.id] = true
		}
		// moto's account owns the snapshots of all public images it knows.
		if kind != "AWS::EC2::Snapshot" {
			mention(string(kind), answer)
		}
	}
	mention("elb", answer(t, elb.NewFromConfig(cfg).DescribeLoadBalancers, &elb.DescribeLoadBalancersInput{}).LoadBalancers)
	mention("target groups", answer(t, elb.NewFromConfig(cfg).DescribeTargetGroups, &elb.DescribeTargetGroupsInput{}).TargetGroups)
	mention("rds", answer(t, rds.NewFromConfig(cfg).DescribeDBInstances, &rds.DescribeDBInstancesInput{}).DBInstances)
	mention("elasticache", answer(t, elasticache.NewFromConfig(cfg).DescribeCacheSubnetGroups, &elasticache.DescribeCacheSubnetGroupsInput{}).CacheSubnetGroups)
	mention("autoscaling", answer(t, autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups, &autoscaling.DescribeAutoScalingGroupsInput{}).AutoScalingGroups)
	mention("lambda", answer(t, lambda.NewFromConfig(cfg).ListFunctions, &lambda.ListFunctionsInput{}).Functions)
	versions := answer(t, ec2.NewFromConfig(cfg).DescribeLaunchTemplateVersions, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("bookshop-app")}).LaunchTemplateVersions
	mention("launch template", versions)
	for id, where := range mentioned {
		if !there[id] {
			t.Errorf("%s mentions %s, which is not there", where, id)
		}
	}
	if len(mentioned) < 60 {
		t.Errorf("only %d ids are mentioned", len(mentioned))
	}
}

// answer makes a call that has to work.
func answer[I, O, P any](t testing.TB, call func(context.Context, *I, ...func(*P)) (*O, error), in *I) *O {
	t.Helper()
	out, err := call(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The network is what the drawing says: tiers, ways out, and groups that name each other.
func network(t *testing.T, cfg aws.Config, r run) {
	c := ec2.NewFromConfig(cfg)
	shop := r.sum.Bookshop
	tables := answer(t, c.DescribeRouteTables, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{shop.VPC}}}}).RouteTables
	way := map[string]string{}
	for _, table := range tables {
		for _, a := range table.Associations {
			for _, route := range table.Routes {
				if aws.ToString(route.DestinationCidrBlock) == "0.0.0.0/0" {
					way[aws.ToString(a.SubnetId)] = aws.ToString(route.NatGatewayId) + aws.ToString(route.GatewayId)
				}
			}
		}
	}
	for _, name := range []string{"app-a", "payroll-a", "payroll-b"} {
		if way[shop.Subnets[name]] != shop.NATGateways[0] {
			t.Errorf("%s goes out through %q, want the first NAT gateway", name, way[shop.Subnets[name]])
		}
	}
	if way[shop.Subnets["app-b"]] != shop.NATGateways[1] || way[shop.Subnets["data-a"]] != "" || way[shop.Subnets["public-a"]][:4] != "igw-" {
		t.Errorf("ways out: %v", way)
	}
	groups := answer(t, c.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{shop.SecurityGroups["app"]}}).SecurityGroups
	var peers []string
	for _, p := range groups[0].IpPermissions {
		for _, pair := range p.UserIdGroupPairs {
			peers = append(peers, aws.ToString(pair.GroupId))
		}
		for _, l := range p.PrefixListIds {
			peers = append(peers, aws.ToString(l.PrefixListId)[:3])
		}
	}
	slices.Sort(peers)
	if want := []string{"pl-", shop.SecurityGroups["alb"]}; !slices.Equal(peers, want) {
		t.Errorf("the shop's group accepts %v, want %v", peers, want)
	}
	acls := answer(t, c.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{shop.Subnets["data-b"]}}}}).NetworkAcls
	if len(acls) != 1 || ec2Tags(acls[0].Tags)["Name"] != "bookshop-data" || len(acls[0].Entries) < 6 {
		t.Errorf("the data subnet's network ACL: %+v", acls)
	}
}
