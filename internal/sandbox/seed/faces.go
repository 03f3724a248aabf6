package seed

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/seed/history"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// face keeps a network interface for the history.
func (s *seeder) face(f history.Interface) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faces = append(s.faces, f)
}

// instanceFace keeps the first interface of an instance.
func (s *scope) instanceFace(role string, instance types.Instance) {
	f := history.Interface{
		Role: role, Resource: aws.ToString(instance.InstanceId), Instance: aws.ToString(instance.InstanceId),
		Subnet: aws.ToString(instance.SubnetId), Address: aws.ToString(instance.PrivateIpAddress),
	}
	if len(instance.NetworkInterfaces) > 0 {
		f.ID = aws.ToString(instance.NetworkInterfaces[0].NetworkInterfaceId)
	}
	s.face(f)
}

// instanceVolumes records the volumes that came with an instance and tags
// them, which moto leaves out when the instance's start asks for it.
func (s *scope) instanceVolumes(instance types.Instance, untagged bool) {
	for _, m := range instance.BlockDeviceMappings {
		if m.Ebs == nil {
			continue
		}
		s.made(Resource{Kind: "AWS::EC2::Volume", ID: aws.ToString(m.Ebs.VolumeId), Name: aws.ToString(m.DeviceName), Untagged: untagged})
		s.retag(aws.ToString(m.Ebs.VolumeId), aws.ToString(m.DeviceName))
	}
}

// instancesOf are the instances of an answer in the order of their addresses.
func instancesOf(o *ec2.DescribeInstancesOutput) []types.Instance {
	var list []types.Instance
	for _, r := range o.Reservations {
		list = append(list, r.Instances...)
	}
	slices.SortFunc(list, func(a, b types.Instance) int {
		return cmp.Compare(aws.ToString(a.PrivateIpAddress), aws.ToString(b.PrivateIpAddress))
	})
	return list
}

// requesterFace is an interface that an AWS service keeps in the VPC. Its
// description is how AWS says whose it is, and all that discovery has to go by.
type requesterFace struct {
	role, resource, subnet, address, group, about string
	owner                                         workload
	public                                        string
}

// requesterFaces makes the interfaces of the balancer, the databases, the
// cache and the functions. The control plane behind the sandbox makes them
// for instances, NAT gateways and endpoints only.
func (s *scope) requesterFaces() {
	alb := balancerTail(s.id("alb"))
	for _, f := range []requesterFace{
		{"alb-a", s.id("alb"), "public-a", "10.20.0.20", "alb", "ELB " + alb, bookshop, "198.51.100.201"},
		{"alb-b", s.id("alb"), "public-b", "10.20.1.20", "alb", "ELB " + alb, bookshop, "198.51.100.202"},
		{"db", database, "data-a", "10.20.20.30", "db", "RDSNetworkInterface", bookshop, ""},
		{"cache-1", cacheGroup, "data-a", "10.20.20.40", "cache", "ElastiCache " + cacheGroup + "-001", bookshop, ""},
		{"cache-2", cacheGroup, "data-b", "10.20.21.40", "cache", "ElastiCache " + cacheGroup + "-002", bookshop, ""},
		{"function", "bookshop-order-mailer", "app-a", "10.20.10.90", "functions", "AWS Lambda VPC ENI-bookshop-order-mailer", bookshop, ""},
		{"payroll-db", payrollDatabase, "payroll-b", "10.20.41.30", "payroll-db", "RDSNetworkInterface", payroll, ""},
	} {
		s.requesterFace(f)
	}
	s.serviceFaces("nat-a", s.id("nat/a"))
	s.serviceFaces("nat-b", s.id("nat/b"))
	s.endpointFaces()
}

func (s *scope) requesterFace(f requesterFace) {
	t := s.as(f.owner)
	subnet, group := s.id("subnet/"+f.subnet), s.id("group/"+f.group)
	id := create(t, Resource{Kind: "AWS::EC2::NetworkInterface", Name: f.role, Untagged: true}, t.ec2.CreateNetworkInterface, &ec2.CreateNetworkInterfaceInput{
		SubnetId: &subnet, PrivateIpAddress: &f.address, Description: &f.about, Groups: []string{group},
	}, func(o *ec2.CreateNetworkInterfaceOutput) *string { return o.NetworkInterface.NetworkInterfaceId })
	s.face(history.Interface{Role: f.role, Resource: f.resource, ID: id, Subnet: subnet, Address: f.address, Public: f.public})
}

// serviceFaces keeps the interface of a NAT gateway.
func (s *scope) serviceFaces(role, gateway string) {
	found := get(s, s.ec2.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{gateway}},
		func(o *ec2.DescribeNatGatewaysOutput) []types.NatGateway { return o.NatGateways })
	for _, g := range found {
		for _, a := range g.NatGatewayAddresses {
			s.face(history.Interface{Role: role, Resource: gateway, ID: aws.ToString(a.NetworkInterfaceId), Subnet: aws.ToString(g.SubnetId),
				Address: aws.ToString(a.PrivateIp), Public: aws.ToString(a.PublicIp)})
		}
	}
}

// endpointFaces keeps the interfaces of the queue endpoint, one per zone.
func (s *scope) endpointFaces() {
	ids := get(s, s.ec2.DescribeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{s.id("endpoint/sqs")}},
		func(o *ec2.DescribeVpcEndpointsOutput) []string {
			var list []string
			for _, e := range o.VpcEndpoints {
				list = append(list, e.NetworkInterfaceIds...)
			}
			return list
		})
	if s.err != nil || len(ids) == 0 {
		return
	}
	found := get(s, s.ec2.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: ids},
		func(o *ec2.DescribeNetworkInterfacesOutput) []types.NetworkInterface { return o.NetworkInterfaces })
	for _, n := range found {
		role := "endpoint-a"
		if aws.ToString(n.SubnetId) == s.id("subnet/app-b") {
			role = "endpoint-b"
		}
		s.face(history.Interface{Role: role, Resource: s.id("endpoint/sqs"), ID: aws.ToString(n.NetworkInterfaceId),
			Subnet: aws.ToString(n.SubnetId), Address: aws.ToString(n.PrivateIpAddress)})
	}
}

// arnTail is the part of an ARN that follows its fifth colon.
func arnTail(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}

// balancerTail is the balancer's name as CloudWatch and its interfaces spell
// it: "app/bookshop/50dc6c495c0c9188".
func balancerTail(arn string) string { return strings.TrimPrefix(arnTail(arn), "loadbalancer/") }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
