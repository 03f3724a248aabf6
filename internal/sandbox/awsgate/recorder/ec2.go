package recorder

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	typeInstance       = "AWS::EC2::Instance"
	typeVolume         = "AWS::EC2::Volume"
	typeInterface      = "AWS::EC2::NetworkInterface"
	typeVPC            = "AWS::EC2::VPC"
	typeSubnet         = "AWS::EC2::Subnet"
	typeRouteTable     = "AWS::EC2::RouteTable"
	typeInternet       = "AWS::EC2::InternetGateway"
	typeNAT            = "AWS::EC2::NatGateway"
	typeEIP            = "AWS::EC2::EIP"
	typeNetworkACL     = "AWS::EC2::NetworkAcl"
	typeSecurityGroup  = "AWS::EC2::SecurityGroup"
	typeEndpoint       = "AWS::EC2::VPCEndpoint"
	typePrefixList     = "AWS::EC2::PrefixList"
	typeFlowLog        = "AWS::EC2::FlowLog"
	typeLaunchTemplate = "AWS::EC2::LaunchTemplate"
	typeDHCPOptions    = "AWS::EC2::DHCPOptions"
	typePeering        = "AWS::EC2::VPCPeeringConnection"
)

// ec2Reader reads the kinds of EC2 and VPC.
type ec2Reader struct {
	*reader
	client *ec2.Client
}

func (r *reader) ec2() family {
	e := ec2Reader{r, ec2.NewFromConfig(r.config)}
	return family{
		name: "ec2",
		// Load balancers, databases and functions place network interfaces.
		services: []string{"ec2", "autoscaling", "elasticloadbalancing", "rds", "lambda", "elasticache", "ecs", "eks"},
		kinds: []kind{
			{[]string{typeInstance}, e.instances},
			{[]string{typeVolume}, e.volumes},
			{[]string{typeInterface}, e.interfaces},
			{[]string{typeEIP}, e.addresses},
			{[]string{typeSecurityGroup}, e.securityGroups},
			{[]string{typeLaunchTemplate}, e.launchTemplates},
			{[]string{typeVPC}, e.vpcs},
			{[]string{typeSubnet}, e.subnets},
			{[]string{typeRouteTable}, e.routeTables},
			{[]string{typeInternet}, e.internetGateways},
			{[]string{typeNAT}, e.natGateways},
			{[]string{typeNetworkACL}, e.networkACLs},
			{[]string{typeEndpoint}, e.endpoints},
			{[]string{typePrefixList}, e.prefixLists},
			{[]string{typeFlowLog}, e.flowLogs},
			{[]string{typeDHCPOptions}, e.dhcpOptions},
			{[]string{typePeering}, e.peerings},
		},
	}
}

// ec2Tags turns EC2's tags into a map.
func ec2Tags(tags []types.Tag) map[string]string {
	return tagged(tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
}

// resource returns the beginning of an EC2 item.
func (e ec2Reader) resource(kind, noun, id string, tags []types.Tag, of any) item {
	it := e.item(kind, id, "", e.arn("ec2", noun+"/"+id))
	it.tags = ec2Tags(tags)
	it.configuration = camel(of)
	return it
}

func (e ec2Reader) instances(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeInstancesPaginator(e.client, &ec2.DescribeInstancesInput{}), func(out *ec2.DescribeInstancesOutput) {
		for _, reservation := range out.Reservations {
			for _, one := range reservation.Instances {
				// EC2 shows terminated instances for a while, AWS Config does not.
				if one.State == nil || one.State.Name != types.InstanceStateNameTerminated {
					items = append(items, e.instance(one))
				}
			}
		}
	})
	return items, err
}

func (e ec2Reader) instance(one types.Instance) item {
	it := e.resource(typeInstance, "instance", text(one.InstanceId), one.Tags, one)
	it.created = when(one.LaunchTime)
	if one.Placement != nil {
		it.zone = text(one.Placement.AvailabilityZone)
	}
	it.relate(containedIn, typeVPC, text(one.VpcId))
	it.relate(containedIn, typeSubnet, text(one.SubnetId))
	for _, group := range one.SecurityGroups {
		it.relate(associated, typeSecurityGroup, text(group.GroupId))
	}
	for _, face := range one.NetworkInterfaces {
		it.relate(containsVerb, typeInterface, text(face.NetworkInterfaceId))
	}
	for _, device := range one.BlockDeviceMappings {
		if device.Ebs != nil {
			it.relate(attachedTo, typeVolume, text(device.Ebs.VolumeId))
		}
	}
	if one.IamInstanceProfile != nil {
		name := afterLast(text(one.IamInstanceProfile.Arn), "/")
		it.relate(associated, "AWS::IAM::InstanceProfile", name)
	}
	return it
}

func (e ec2Reader) volumes(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeVolumesPaginator(e.client, &ec2.DescribeVolumesInput{}), func(out *ec2.DescribeVolumesOutput) {
		for _, one := range out.Volumes {
			it := e.resource(typeVolume, "volume", text(one.VolumeId), one.Tags, one)
			it.zone, it.created = text(one.AvailabilityZone), when(one.CreateTime)
			for _, attachment := range one.Attachments {
				it.relate(attachedTo, typeInstance, text(attachment.InstanceId))
			}
			it.relate(associated, typeKey, keyID(one.KmsKeyId))
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) interfaces(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeNetworkInterfacesPaginator(e.client, &ec2.DescribeNetworkInterfacesInput{}), func(out *ec2.DescribeNetworkInterfacesOutput) {
		for _, one := range out.NetworkInterfaces {
			it := e.resource(typeInterface, "network-interface", text(one.NetworkInterfaceId), one.TagSet, one)
			it.zone = text(one.AvailabilityZone)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			it.relate(containedIn, typeSubnet, text(one.SubnetId))
			for _, group := range one.Groups {
				it.relate(associated, typeSecurityGroup, text(group.GroupId))
			}
			if one.Attachment != nil {
				it.relate(containedIn, typeInstance, text(one.Attachment.InstanceId))
			}
			if one.Association != nil {
				it.relate(attachedTo, typeEIP, text(one.Association.AllocationId))
			}
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) addresses(ctx context.Context) ([]item, error) {
	out, err := e.client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, one := range out.Addresses {
		it := e.resource(typeEIP, "eip-allocation", text(one.AllocationId), one.Tags, one)
		it.name = text(one.PublicIp)
		it.relate(attachedTo, typeInterface, text(one.NetworkInterfaceId))
		it.relate(attachedTo, typeInstance, text(one.InstanceId))
		items = append(items, it)
	}
	return items, nil
}

func (e ec2Reader) securityGroups(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeSecurityGroupsPaginator(e.client, &ec2.DescribeSecurityGroupsInput{}), func(out *ec2.DescribeSecurityGroupsOutput) {
		for _, one := range out.SecurityGroups {
			it := e.resource(typeSecurityGroup, "security-group", text(one.GroupId), one.Tags, one)
			it.name = text(one.GroupName)
			it.configuration["ipPermissions"] = permissions(one.IpPermissions)
			it.configuration["ipPermissionsEgress"] = permissions(one.IpPermissionsEgress)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			for _, rule := range append(one.IpPermissions, one.IpPermissionsEgress...) {
				for _, pair := range rule.UserIdGroupPairs {
					if text(pair.GroupId) != it.id {
						it.relate(associated, typeSecurityGroup, text(pair.GroupId))
					}
				}
				for _, list := range rule.PrefixListIds {
					it.relate(associated, typePrefixList, text(list.PrefixListId))
				}
			}
			items = append(items, it)
		}
	})
	return items, err
}

// permissions returns rules as AWS Config has them: the ranges stand as
// objects in ipv4Ranges and as plain texts in ipRanges.
func permissions(rules []types.IpPermission) []any {
	out := []any{}
	for _, rule := range rules {
		one := camel(rule)
		plain := []any{}
		for _, block := range rule.IpRanges {
			plain = append(plain, text(block.CidrIp))
		}
		one["ipv4Ranges"], one["ipRanges"] = one["ipRanges"], plain
		out = append(out, one)
	}
	return out
}

func (e ec2Reader) launchTemplates(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeLaunchTemplatesPaginator(e.client, &ec2.DescribeLaunchTemplatesInput{}), func(out *ec2.DescribeLaunchTemplatesOutput) {
		for _, one := range out.LaunchTemplates {
			it := e.item(typeLaunchTemplate, text(one.LaunchTemplateId), text(one.LaunchTemplateName), e.arn("ec2", "launch-template/"+text(one.LaunchTemplateId)))
			it.tags, it.created = ec2Tags(one.Tags), when(one.CreateTime)
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		if err := e.templateData(ctx, &items[i]); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// templateData adds the default version's data, which is what an instance
// started without naming a version gets.
func (e ec2Reader) templateData(ctx context.Context, it *item) error {
	out, err := e.client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &it.id})
	if err != nil {
		return err
	}
	it.configuration = map[string]any{"Id": it.id, "LaunchTemplateName": it.name}
	latest := int64(0)
	for _, version := range out.LaunchTemplateVersions {
		if version.VersionNumber == nil {
			continue
		}
		latest = max(latest, *version.VersionNumber)
		if version.DefaultVersion == nil || !*version.DefaultVersion || version.LaunchTemplateData == nil {
			continue
		}
		data := version.LaunchTemplateData
		it.configuration["DefaultVersionNumber"] = *version.VersionNumber
		it.configuration["LaunchTemplateData"] = pascal(data)
		it.relateAll(associated, typeSecurityGroup, data.SecurityGroupIds)
		for _, face := range data.NetworkInterfaces {
			it.relateAll(associated, typeSecurityGroup, face.Groups)
			it.relate(associated, typeSubnet, text(face.SubnetId))
		}
	}
	it.configuration["LatestVersionNumber"] = latest
	return nil
}

// keyID returns the key id of a KMS key ARN; aliases give none.
func keyID(key *string) string {
	id := afterLast(text(key), "/")
	if strings.Contains(text(key), "alias/") {
		return ""
	}
	return id
}
