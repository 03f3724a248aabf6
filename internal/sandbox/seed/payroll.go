package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// payrollApp makes payroll's own instance. It goes out through bookshop's NAT
// gateway and encrypts its disk with bookshop's key.
func (s *scope) payrollApp() {
	image := s.image("payroll-app-3.8", false)
	tags := s.ec2Tags(types.ResourceTypeInstance, "payroll-app")
	tags = append(tags, s.ec2Tags(types.ResourceTypeVolume, "payroll-app")...)
	started := get(s, s.ec2.RunInstances, &ec2.RunInstancesInput{
		ImageId: &image, InstanceType: types.InstanceTypeT3Large, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), TagSpecifications: tags,
		SubnetId: aws.String(s.id("subnet/payroll-a")), SecurityGroupIds: []string{s.id("group/payroll-app")}, PrivateIpAddress: aws.String("10.20.40.25"),
		IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("payroll-instance")},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{
			VolumeSize: aws.Int32(30), VolumeType: types.VolumeTypeGp3, Encrypted: aws.Bool(true), KmsKeyId: aws.String(s.id("key-arn"))}}},
	}, func(o *ec2.RunInstancesOutput) []types.Instance { return o.Instances })
	s.startedInstances("payroll-app", started, false)
}

// startedInstances records instances that were started by name.
func (s *scope) startedInstances(role string, started []types.Instance, untagged bool) {
	for _, instance := range started {
		id := aws.ToString(instance.InstanceId)
		s.made(Resource{Kind: "AWS::EC2::Instance", ID: id, Name: role, Untagged: untagged})
		s.set("instance/"+role, id)
		// The volumes are in the description only, not in the answer to the start.
		for _, described := range get(s, s.ec2.DescribeInstances, &ec2.DescribeInstancesInput{InstanceIds: []string{id}}, instancesOf) {
			s.instanceFace(role, described)
			s.instanceVolumes(described, untagged)
		}
	}
}

// payrollServices makes payroll's secret, queue, function and log group.
func (s *scope) payrollServices() {
	s.secret("payroll", "payroll/production/database",
		databaseSecret("mysql", s.id("payroll-db-endpoint"), 3306, [2]string{"payroll", s.password("payroll-database")}, "payroll", payrollDatabase))
	s.parameter("/payroll/production/exports-bucket", s.bucket("shared-exports"), false)
	s.queue("payroll-runs", map[string]string{"VisibilityTimeout": "900", "KmsMasterKeyId": s.id("key")})
	s.function("payroll-export", "payroll-function", map[string]string{
		"EXPORTS_BUCKET": s.bucket("shared-exports"), "QUEUE_URL": s.id("queue/payroll-runs"), "DATABASE_SECRET": s.id("secret/payroll"),
	}, nil)
	s.logGroup("/aws/lambda/payroll-export", 365)
}
