package seed

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const autoScalingGroup = "bookshop-app"

// autoscaling makes the shop's image, its launch template and the group of
// two instances behind both target groups.
func (s *scope) autoscaling() {
	s.set("image", s.image("bookshop-app-1.14.2", false))
	s.launchTemplate()
	name := autoScalingGroup
	tags := tagList(s.owner.named("bookshop-app"), func(k, v *string) types.Tag {
		return types.Tag{Key: k, Value: v, PropagateAtLaunch: aws.Bool(true), ResourceId: &name, ResourceType: aws.String("auto-scaling-group")}
	})
	named(s, Resource{Kind: "AWS::AutoScaling::AutoScalingGroup", Name: name}, s.clients.autoscaling.CreateAutoScalingGroup, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(2), MaxSize: aws.Int32(6), DesiredCapacity: aws.Int32(2), Tags: tags,
		LaunchTemplate:    &types.LaunchTemplateSpecification{LaunchTemplateId: aws.String(s.id("launch-template")), Version: aws.String("$Latest")},
		VPCZoneIdentifier: aws.String(s.id("subnet/app-a") + "," + s.id("subnet/app-b")),
		TargetGroupARNs:   []string{s.id("target-group/bookshop-web"), s.id("target-group/bookshop-api")},
		HealthCheckType:   aws.String("ELB"), HealthCheckGracePeriod: aws.Int32(90),
	})
	s.scalingPolicies()
	s.groupInstances()
}

// image registers a machine image of the owner's.
func (s *scope) image(name string, untagged bool) string {
	id := create(s, Resource{Kind: "AWS::EC2::Image", Name: name, Untagged: untagged}, s.ec2.RegisterImage, &ec2.RegisterImageInput{
		Name: &name, Architecture: ec2types.ArchitectureValuesX8664, RootDeviceName: aws.String("/dev/xvda"), VirtualizationType: aws.String("hvm"),
		TagSpecifications:   s.ec2Tags(ec2types.ResourceTypeImage, name),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{VolumeSize: aws.Int32(16), VolumeType: ec2types.VolumeTypeGp3}}},
	}, func(o *ec2.RegisterImageOutput) *string { return o.ImageId })
	s.retag(id, name)
	return id
}

// retag tags an EC2 resource after it was made: moto ignores the tags in some
// of the calls that make one. Strays have none.
func (s *scope) retag(id, name string) {
	if tags := s.owner.named(name); tags != nil {
		do(s, s.ec2.CreateTags, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2TagList(tags)})
	}
}

func (s *scope) launchTemplate() {
	tags := ec2TagList(s.owner.named("bookshop-app"))
	id := create(s, Resource{Kind: "AWS::EC2::LaunchTemplate", Name: "bookshop-app"}, s.ec2.CreateLaunchTemplate, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("bookshop-app"), VersionDescription: aws.String("shop 1.14.2"),
		TagSpecifications: s.ec2Tags(ec2types.ResourceTypeLaunchTemplate, "bookshop-app"),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			ImageId: aws.String(s.id("image")), InstanceType: ec2types.InstanceTypeM6iLarge, KeyName: aws.String("bookshop-ops"),
			SecurityGroupIds: []string{s.id("group/app")}, UserData: aws.String(userData(s.shopEnvironment())),
			IamInstanceProfile: &ec2types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String("bookshop-instance")},
			MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{
				HttpTokens: ec2types.LaunchTemplateHttpTokensStateRequired, HttpPutResponseHopLimit: aws.Int32(1), HttpEndpoint: ec2types.LaunchTemplateInstanceMetadataEndpointStateEnabled,
			},
			Monitoring: &ec2types.LaunchTemplatesMonitoringRequest{Enabled: aws.Bool(true)},
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{
				{DeviceName: aws.String("/dev/xvda"), Ebs: s.templateVolume(16)},
				{DeviceName: aws.String("/dev/xvdb"), Ebs: s.templateVolume(40)},
			},
			TagSpecifications: []ec2types.LaunchTemplateTagSpecificationRequest{
				{ResourceType: ec2types.ResourceTypeInstance, Tags: tags}, {ResourceType: ec2types.ResourceTypeVolume, Tags: tags},
			},
		},
	}, func(o *ec2.CreateLaunchTemplateOutput) *string { return o.LaunchTemplate.LaunchTemplateId })
	s.set("launch-template", id)
}

func (s *scope) templateVolume(sizeGiB int32) *ec2types.LaunchTemplateEbsBlockDeviceRequest {
	return &ec2types.LaunchTemplateEbsBlockDeviceRequest{
		VolumeSize: &sizeGiB, VolumeType: ec2types.VolumeTypeGp3, Iops: aws.Int32(3000), Throughput: aws.Int32(125),
		Encrypted: aws.Bool(true), KmsKeyId: aws.String(s.id("key-arn")), DeleteOnTermination: aws.Bool(true),
	}
}

func (s *scope) scalingPolicies() {
	group := autoScalingGroup
	for _, p := range []struct {
		name   string
		metric types.MetricType
		label  string
		target float64
	}{
		{"cpu-50", types.MetricTypeASGAverageCPUUtilization, "", 50},
		{"requests-per-target", types.MetricTypeALBRequestCountPerTarget, s.requestLabel(), 900},
	} {
		metric := &types.PredefinedMetricSpecification{PredefinedMetricType: p.metric}
		if p.label != "" {
			metric.ResourceLabel = &p.label
		}
		do(s, s.clients.autoscaling.PutScalingPolicy, &autoscaling.PutScalingPolicyInput{
			AutoScalingGroupName: &group, PolicyName: &p.name, PolicyType: aws.String("TargetTrackingScaling"),
			TargetTrackingConfiguration: &types.TargetTrackingConfiguration{TargetValue: &p.target, PredefinedMetricSpecification: metric},
		})
	}
	// moto spells the answer's member PolicyArn where the API has PolicyARN,
	// so the ARNs have to be asked for.
	made := get(s, s.clients.autoscaling.DescribePolicies, &autoscaling.DescribePoliciesInput{AutoScalingGroupName: &group},
		func(o *autoscaling.DescribePoliciesOutput) []types.ScalingPolicy { return o.ScalingPolicies })
	for _, p := range made {
		s.made(Resource{Kind: "AWS::AutoScaling::ScalingPolicy", ID: aws.ToString(p.PolicyARN), Name: aws.ToString(p.PolicyName), Untagged: true})
	}
}

// requestLabel names balancer and target group in the form that CloudWatch
// and Auto Scaling join them: the two ARN tails with a slash between.
func (s *scope) requestLabel() string {
	return balancerTail(s.id("alb")) + "/" + arnTail(s.id("target-group/bookshop-web"))
}

// groupInstances looks up the instances that the group started.
func (s *scope) groupInstances() {
	found := get(s, s.ec2.DescribeInstances, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("tag:aws:autoscaling:groupName"), Values: []string{autoScalingGroup}},
	}}, instancesOf)
	for i, instance := range found {
		role := "app-" + strconv.Itoa(i+1)
		s.made(Resource{Kind: "AWS::EC2::Instance", ID: aws.ToString(instance.InstanceId), Name: role})
		s.set("instance/"+role, aws.ToString(instance.InstanceId))
		s.instanceFace(role, instance)
		s.instanceVolumes(instance, false)
	}
}
