package compute_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const group = `
Resources:
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: a}]}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b, Tags: [{Key: Name, Value: b}]}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: workers
      LaunchTemplateData:
        InstanceType: m5.large
        ImageId: ami-1
        MetadataOptions: {HttpTokens: required}
        InstanceMarketOptions: {MarketType: spot, SpotOptions: {MaxPrice: "0.1"}}
  Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: workers, Port: 9000, Protocol: TCP, VpcId: vpc-1, HealthCheckProtocol: HTTP, HealthCheckPath: /up}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      AutoScalingGroupName: workers
      MinSize: "1"
      MaxSize: "20"
      DesiredCapacity: "4"
      VPCZoneIdentifier: [!Ref B, !Ref A]
      TargetGroupARNs: [!Ref Targets]
      HealthCheckType: ELB
      HealthCheckGracePeriod: 1200
      TerminationPolicies: [OldestInstance]
      CapacityRebalance: true
      MaxInstanceLifetime: 604800
      NotificationConfigurations: [{TopicARN: arn:aws:sns:us-east-1:123456789012:ops, NotificationTypes: ["autoscaling:EC2_INSTANCE_LAUNCH"]}]
      MixedInstancesPolicy:
        InstancesDistribution: {OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 25, SpotAllocationStrategy: capacity-optimized}
        LaunchTemplate:
          LaunchTemplateSpecification: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}
          Overrides: [{InstanceType: m5.large}, {InstanceType: m5.xlarge}, {InstanceType: r5.large}, {InstanceType: m6g.large}]
  Busy: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: StepScaling, AdjustmentType: ChangeInCapacity, EstimatedInstanceWarmup: 120, StepAdjustments: [{MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 20, ScalingAdjustment: 1}, {MetricIntervalLowerBound: 20, ScalingAdjustment: 3}]}}
  Idle: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: SimpleScaling, AdjustmentType: PercentChangeInCapacity, ScalingAdjustment: -10, Cooldown: "600", MinAdjustmentMagnitude: 1}}
  Backlog:
    Type: AWS::AutoScaling::ScalingPolicy
    Properties:
      AutoScalingGroupName: !Ref Group
      PolicyType: TargetTrackingScaling
      TargetTrackingConfiguration: {TargetValue: 100, DisableScaleIn: true, CustomizedMetricSpecification: {Namespace: AWS/SQS, MetricName: ApproximateNumberOfMessagesVisible, Statistic: Average, Dimensions: [{Name: QueueName, Value: !GetAtt Jobs.QueueName}]}}
  Odd: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 5, CustomizedMetricSpecification: {Namespace: Shop, MetricName: Carts, Statistic: Average}}}}
  Ahead: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: PredictiveScaling, PredictiveScalingConfiguration: {Mode: ForecastAndScale, SchedulingBufferTime: 600, MetricSpecifications: [{TargetValue: 60, PredefinedMetricPairSpecification: {PredefinedMetricType: ASGCPUUtilization}}]}}}
  High: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: high, Namespace: AWS/EC2, MetricName: CPUUtilization, Threshold: 60, ComparisonOperator: GreaterThanThreshold, Period: 60, EvaluationPeriods: 10, AlarmActions: [!Ref Busy]}}
  Low: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: low, Namespace: AWS/EC2, MetricName: CPUUtilization, Threshold: 20, ComparisonOperator: LessThanOrEqualToThreshold, Period: 300, EvaluationPeriods: 2, AlarmActions: [!Ref Idle]}}
  Morning: {Type: AWS::AutoScaling::ScheduledAction, Properties: {AutoScalingGroupName: !Ref Group, MinSize: 6, Recurrence: "30 7 * * MON-FRI", TimeZone: Europe/Berlin}}
  Monthly: {Type: AWS::AutoScaling::ScheduledAction, Properties: {AutoScalingGroupName: !Ref Group, MinSize: 9, Recurrence: "0 0 1 * *"}}
  Going: {Type: AWS::AutoScaling::LifecycleHook, Properties: {AutoScalingGroupName: !Ref Group, LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout: 480}}
  Coming: {Type: AWS::AutoScaling::LifecycleHook, Properties: {AutoScalingGroupName: !Ref Group, LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING", NotificationTargetARN: arn:aws:sqs:us-east-1:123456789012:hooks}}
  Warm: {Type: AWS::AutoScaling::WarmPool, Properties: {AutoScalingGroupName: !Ref Group, MinSize: 2, PoolState: Stopped}}
`

func TestAGroupBecomesAScaleSet(t *testing.T) {
	t.Parallel()
	d := from(t, group)
	designtest.Check(t, d)
	set := designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets")
	at(t, set, map[string]string{
		"properties.orchestrationMode": "Flexible", "sku.name": "Mix", "sku.capacity": "4", "properties.automaticRepairsPolicy.gracePeriod": "PT20M", "properties.scaleInPolicy.rules": "",
		"properties.priorityMixPolicy.baseRegularPriorityCount": "1", "properties.priorityMixPolicy.regularPriorityPercentageAboveBase": "25", "properties.virtualMachineProfile.priority": "Spot",
		"properties.virtualMachineProfile.scheduledEventsProfile.terminateNotificationProfile.notBeforeTimeout": "PT8M",
		"properties.virtualMachineProfile.extensionProfile.extensions.properties.settings.requestPath":          "/up",
	})
	if zones := design.Texts(set.Body["zones"]); strings.Join(zones, " ") != "1 2" {
		t.Errorf("zones %v", zones)
	}
	if sizes := design.Maps(design.At(set.Body, "properties.skuProfile.vmSizes")); len(sizes) != 3 {
		t.Errorf("sizes %v, want one for each type of the same architecture", sizes)
	}
	subnet := design.Text(set.Body, "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations.properties.ipConfigurations.properties.subnet.id")
	if !strings.HasSuffix(subnet, "/snet-a") {
		t.Errorf("members stand in %s, want the first by name", subnet)
	}
	one := designtest.Decision(t, d, "Group")
	has(t, one, "asg.rebalance", "asg.lifetime", "asg.notifications", "asg.mix", "ec2.spot", "ec2.metadata", "ec2.image")
	if template := designtest.Decision(t, d, "Template"); template.Action != design.Replace || len(template.Targets) != 1 {
		t.Errorf("%+v", template)
	}
}

func TestPoliciesBecomeRulesAndProfiles(t *testing.T) {
	t.Parallel()
	d := from(t, group)
	setting := designtest.One(t, d, "Microsoft.Insights/autoscalesettings")
	profiles := design.Maps(design.At(setting.Body, "properties.profiles"))
	if len(profiles) != 2 {
		t.Fatalf("%d profiles", len(profiles))
	}
	var rules []string
	for _, r := range design.Maps(profiles[0]["rules"]) {
		text := func(path string) string { return design.Text(r, path) }
		rules = append(rules, strings.Join([]string{text("metricTrigger.metricName"), text("metricTrigger.operator"), text("metricTrigger.threshold"), text("metricTrigger.timeWindow"), text("scaleAction.direction"), text("scaleAction.type"), text("scaleAction.value"), text("scaleAction.cooldown")}, " "))
	}
	want := []string{
		"Percentage CPU GreaterThan 60 PT5M Increase ChangeCount 1 PT5M",
		"ActiveMessages GreaterThan 100 PT5M Increase ChangeCount 1 PT5M",
		"Percentage CPU GreaterThan 60 PT10M Increase ChangeCount 1 PT2M",
		"Percentage CPU GreaterThan 80 PT10M Increase ChangeCount 3 PT2M",
		"Percentage CPU LessThanOrEqual 20 PT10M Decrease PercentChangeCount 10 PT10M",
	}
	if strings.Join(rules, "\n") != strings.Join(want, "\n") {
		t.Errorf("rules:\n%s", strings.Join(rules, "\n"))
	}
	morning := profiles[1]
	if design.Text(morning, "capacity.minimum") != "6" || design.Text(morning, "recurrence.schedule.timeZone") != "W. Europe Standard Time" || strings.Join(design.Texts(design.At(morning, "recurrence.schedule.days")), " ") != "Monday Tuesday Wednesday Thursday Friday" {
		t.Errorf("%v", morning)
	}
	if len(design.Maps(morning["rules"])) != len(rules) {
		t.Error("the profile of the morning does not scale by load")
	}
	at(t, setting, map[string]string{"properties.predictiveAutoscalePolicy.scaleMode": "Enabled", "properties.predictiveAutoscalePolicy.scaleLookAheadTime": "PT10M"})
	for name, want := range map[string]struct {
		action design.Action
		gap    string
	}{
		"Busy": {design.Replace, "autoscale.steps"}, "Idle": {design.Replace, "autoscale.magnitude"}, "Backlog": {design.Replace, "autoscale.target-tracking"}, "Odd": {design.Manual, "autoscale.metric"},
		"Morning": {design.Replace, "autoscale.profiles"}, "Monthly": {design.Manual, "autoscale.schedule"}, "Going": {design.Replace, "asg.terminate-hook"}, "Coming": {design.Replace, "asg.launch-hook"}, "Warm": {design.Manual, "asg.warm-pool"},
	} {
		one := designtest.Decision(t, d, name)
		has(t, one, want.gap)
		if one.Action != want.action || len(one.Targets) == 0 {
			t.Errorf("%s: %s, %v", name, one.Action, one.Targets)
		}
	}
}

func TestGroupsOfServicesAreTheirs(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  Config: {Type: AWS::AutoScaling::LaunchConfiguration, Properties: {ImageId: ami-1, InstanceType: m5.large, UserData: {"Fn::Base64": "#!/bin/sh\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config"}}}
  Hosts: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: "1", MaxSize: "2", LaunchConfigurationName: !Ref Config, AvailabilityZones: [us-east-1a]}}
  Nodes: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: "1", MaxSize: "2", AvailabilityZones: [us-east-1a], Tags: [{Key: "eks:nodegroup-name", Value: ng, PropagateAtLaunch: true}]}}
  Policy: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Hosts, PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50, PredefinedMetricSpecification: {PredefinedMetricType: ASGAverageCPUUtilization}}}}
`)
	designtest.Check(t, d)
	for _, name := range []string{"Hosts", "Nodes"} {
		if one := designtest.Decision(t, d, name); one.Action != design.Replace || len(one.Targets) != 0 {
			t.Errorf("%+v", one)
		}
	}
	if one := designtest.Decision(t, d, "Policy"); one.Action != design.Manual {
		t.Errorf("%+v", one)
	}
}

func TestFleetsBecomeScaleSets(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: t, LaunchTemplateData: {ImageId: ami-1, InstanceType: c5.large}}}
  Fleet:
    Type: AWS::EC2::EC2Fleet
    Properties:
      Type: maintain
      LaunchTemplateConfigs: [{LaunchTemplateSpecification: {LaunchTemplateId: !Ref Template, Version: "1"}, Overrides: [{InstanceType: c5.large}, {InstanceType: c5.xlarge}]}]
      TargetCapacitySpecification: {TotalTargetCapacity: 6, OnDemandTargetCapacity: 2, DefaultTargetCapacityType: spot}
  Spot:
    Type: AWS::EC2::SpotFleet
    Properties:
      SpotFleetRequestConfigData: {TargetCapacity: 3, IamFleetRole: arn:aws:iam::123456789012:role/fleet, LaunchSpecifications: [{ImageId: ami-1, InstanceType: m5.large, SubnetId: subnet-1}]}
`)
	designtest.Check(t, d)
	sets := designtest.Resources(d, "Microsoft.Compute/virtualMachineScaleSets")
	if len(sets) != 2 || design.Text(sets[0].Body, "sku.capacity") != "6" || design.Text(sets[1].Body, "sku.capacity") != "3" {
		t.Fatalf("%d sets", len(sets))
	}
	at(t, sets[0], map[string]string{"properties.priorityMixPolicy.baseRegularPriorityCount": "2", "properties.virtualMachineProfile.priority": "Spot"})
}

func TestPlacesToStand(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  Close: {Type: AWS::EC2::PlacementGroup, Properties: {Strategy: cluster}}
  Apart: {Type: AWS::EC2::PlacementGroup, Properties: {Strategy: spread}}
  Host: {Type: AWS::EC2::Host, Properties: {AvailabilityZone: us-east-1a, InstanceType: m5.large}}
  Reserved: {Type: AWS::EC2::CapacityReservation, Properties: {AvailabilityZone: us-east-1a, InstanceType: m5.large, InstanceCount: 3, InstancePlatform: Linux/UNIX, EndDateType: limited, EndDate: "2027-01-01"}}
  One: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, AvailabilityZone: us-east-1a, PlacementGroupName: !Ref Close}}
  Two: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, AvailabilityZone: us-east-1a, HostId: !Ref Host, Tenancy: host}}
  Three: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, AvailabilityZone: us-east-1a, Tenancy: dedicated, HibernationOptions: {Configured: true}, EnclaveOptions: {Enabled: true}}}
`)
	designtest.Check(t, d)
	vms := designtest.Resources(d, "Microsoft.Compute/virtualMachines")
	if len(vms) != 3 || design.At(vms[0].Body, "properties.proximityPlacementGroup.id") == nil || design.At(vms[2].Body, "properties.host.id") == nil || design.At(vms[1].Body, "properties.hostGroup.id") == nil {
		t.Errorf("placement of %d machines: %v", len(vms), vms)
	}
	has(t, designtest.Decision(t, d, "Three"), "ec2.dedicated", "ec2.hibernation", "ec2.enclave")
	has(t, designtest.Decision(t, d, "Reserved"), "ec2.reservation-end")
	at(t, designtest.One(t, d, "Microsoft.Compute/capacityReservationGroups/capacityReservations"), map[string]string{"sku.capacity": "3"})
	if one := designtest.Decision(t, d, "Apart"); one.Action != design.Replace {
		t.Errorf("%+v", one)
	}
}

// Members are asked at a port that there is: the health check's, else that of
// the target group.
func TestMembersAreAskedAtAPort(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"Port: 9000": "9000", "Port: 9000, HealthCheckPort: traffic-port": "9000", "Port: 9000, HealthCheckPort: \"9001\"": "9001",
		"Port: 9000, HealthCheckPort: \"70000\"": "9000", "Port: -3": "80", "Port: 0, HealthCheckPort: \"-1\"": "80",
	} {
		d := from(t, `
Resources:
  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: t, LaunchTemplateData: {ImageId: ami-1, InstanceType: c5.large}}}
  Targets: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: workers, Protocol: TCP, VpcId: vpc-1, `+said+`}}
  Group: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: "1", MaxSize: "2", HealthCheckType: ELB, TargetGroupARNs: [!Ref Targets], LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: "1"}}}
`)
		at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets"), map[string]string{"properties.virtualMachineProfile.extensionProfile.extensions.properties.settings.port": want})
	}
}
