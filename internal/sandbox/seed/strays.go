package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const strayLogGroup = "/old-shop/access"

// strays makes what nobody owns: no tag, no template, no reference to most of
// it. The report box is the one that matters, because it reads the shop's
// database every night and only the flow logs know.
func (s *scope) strays() {
	report := s.image("report-centos7-2019", true)
	started := get(s, s.ec2.RunInstances, &ec2.RunInstancesInput{
		ImageId: &report, InstanceType: types.InstanceTypeT2Small, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		SubnetId: aws.String(s.id("subnet/app-b")), SecurityGroupIds: []string{s.id("group/report")}, PrivateIpAddress: aws.String("10.20.11.99"),
	}, func(o *ec2.RunInstancesOutput) []types.Instance { return o.Instances })
	s.startedInstances("report", started, true)
	volume := create(s, Resource{Kind: "AWS::EC2::Volume", Name: "orphan", Untagged: true}, s.ec2.CreateVolume, &ec2.CreateVolumeInput{
		AvailabilityZone: aws.String(s.zone("a")), Size: aws.Int32(200), VolumeType: types.VolumeTypeGp2,
	}, func(o *ec2.CreateVolumeOutput) *string { return o.VolumeId })
	s.set("stray/volume", volume)
	address := create(s, Resource{Kind: "AWS::EC2::EIP", Name: "unattached", Untagged: true}, s.ec2.AllocateAddress, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc},
		func(o *ec2.AllocateAddressOutput) *string { return o.AllocationId })
	s.set("stray/address", address)
	snapshot := create(s, Resource{Kind: "AWS::EC2::Snapshot", Name: "before the rewrite", Untagged: true}, s.ec2.CreateSnapshot, &ec2.CreateSnapshotInput{
		VolumeId: &volume, Description: aws.String("before the rewrite"),
	}, func(o *ec2.CreateSnapshotOutput) *string { return o.SnapshotId })
	s.set("stray/snapshot", snapshot)
	image := create(s, Resource{Kind: "AWS::EC2::Image", Name: "old-shop-2023", Untagged: true}, s.ec2.RegisterImage, &ec2.RegisterImageInput{
		Name: aws.String("old-shop-2023"), Architecture: types.ArchitectureValuesX8664, RootDeviceName: aws.String("/dev/xvda"),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}},
	}, func(o *ec2.RegisterImageOutput) *string { return o.ImageId })
	s.set("stray/image", image)
	s.logGroup(strayLogGroup, 0)
}
