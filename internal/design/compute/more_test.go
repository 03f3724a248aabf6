package compute_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

func TestImagesSnapshotsAndVolumesOfAScan(t *testing.T) {
	t.Parallel()
	d := designtest.Shuffled(t, families(),
		designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"InstanceType":"t3.small","ImageId":"ami-own","AvailabilityZone":"us-east-1a","State":{"Name":"stopped"},"PublicIp":"203.0.113.9"}`),
		designtest.Live(t, "AWS::EC2::Instance", "instance/i-2", `{"InstanceType":"t3.small","ImageId":"ami-theirs","State":{"Name":"terminated"}}`),
		designtest.Live(t, "AWS::EC2::Image", "image/ami-own", `{"ImageId":"ami-own","OwnerId":"123456789012","Name":"own","BlockDeviceMappings":[{"DeviceName":"/dev/sda1","Ebs":{"SnapshotId":"snap-1"}}]}`),
		designtest.Live(t, "AWS::EC2::Image", "image/ami-theirs", `{"ImageId":"ami-theirs","OwnerId":"099720109477","Name":"ubuntu"}`),
		designtest.Live(t, "AWS::EC2::Image", "image/ami-old", `{"ImageId":"ami-old","OwnerId":"123456789012","Name":"old"}`),
		designtest.Live(t, "AWS::EC2::Snapshot", "snapshot/snap-1", `{"SnapshotId":"snap-1","VolumeSize":8}`),
		designtest.Live(t, "AWS::EC2::Snapshot", "snapshot/snap-2", `{"SnapshotId":"snap-2","VolumeSize":50}`),
		designtest.Live(t, "AWS::EC2::Volume", "volume/vol-1", `{"VolumeId":"vol-1","Size":2000,"VolumeType":"st1","AvailabilityZone":"us-east-1a"}`),
		designtest.Live(t, "AWS::EC2::Volume", "volume/vol-2", `{"VolumeId":"vol-2","Size":100,"VolumeType":"io2","Iops":5000,"MultiAttachEnabled":true,"AvailabilityZone":"us-east-1a","KmsKeyId":"arn:aws:kms:us-east-1:999999999999:key/x"}`),
		designtest.Live(t, "AWS::SSM::ManagedInstanceInventory", "managed-instance-inventory/i-1", `{"InstanceId":"i-1","PlatformName":"Ubuntu","PlatformVersion":"22.04"}`))
	designtest.Check(t, d)
	for name, action := range map[string]design.Action{"i-1": design.Migrate, "i-2": design.Retire, "ami-own": design.Manual, "ami-theirs": design.Replace, "ami-old": design.Retain, "snap-1": design.Replace, "snap-2": design.Retain, "vol-1": design.Migrate, "vol-2": design.Migrate} {
		for _, one := range d.Decisions {
			if strings.HasSuffix(string(one.Source), "/"+name) && !strings.Contains(string(one.Source), "managed-instance") && one.Action != action {
				t.Errorf("%s: %s, %s", name, one.Action, one.Why)
			}
		}
	}
	vm := designtest.One(t, d, "Microsoft.Compute/virtualMachines")
	at(t, vm, map[string]string{"properties.storageProfile.imageReference.offer": "0001-com-ubuntu-server-jammy"})
	if len(designtest.Resources(d, "Microsoft.Network/publicIPAddresses")) != 1 {
		t.Error("the machine's public address is missing")
	}
	for _, one := range d.Decisions {
		switch {
		case strings.HasSuffix(string(one.Source), "volume/vol-2"):
			has(t, one, "ebs.multi-attach", "ebs.key-outside")
		case strings.HasSuffix(string(one.Source), "managed-instance-inventory/i-1") && len(one.Targets) != 1:
			t.Errorf("%+v", one)
		case strings.HasSuffix(string(one.Source), "instance/i-1"):
			has(t, one, "ec2.public-address", "ec2.t-unlimited")
			if !strings.Contains(strings.Join(one.ToDo, " "), "is stopped") {
				t.Errorf("%v", one.ToDo)
			}
		}
	}
}

func TestServicesScaleThemselves(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  Tasks: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: ecs, ScalableDimension: "ecs:service:DesiredCount", ResourceId: service/shop/web, MinCapacity: 2, MaxCapacity: 8, ScheduledActions: [{ScheduledActionName: a, Schedule: "rate(1 day)"}]}}
  Rows: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: dynamodb, ScalableDimension: "dynamodb:table:ReadCapacityUnits", ResourceId: table/carts, MinCapacity: 5, MaxCapacity: 50}}
  What: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: custom-resource, ScalableDimension: x, ResourceId: y, MinCapacity: 1, MaxCapacity: 2}}
  Load: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {PolicyName: load, PolicyType: TargetTrackingScaling, ScalingTargetId: !Ref Tasks, TargetTrackingScalingPolicyConfiguration: {TargetValue: 60, PredefinedMetricSpecification: {PredefinedMetricType: ECSServiceAverageCPUUtilization}}}}
`)
	designtest.Check(t, d)
	for name, action := range map[string]design.Action{"Tasks": design.Replace, "Rows": design.Replace, "What": design.Manual, "Load": design.Replace} {
		if one := designtest.Decision(t, d, name); one.Action != action || len(one.ToDo) == 0 {
			t.Errorf("%s: %+v", name, one)
		}
	}
	has(t, designtest.Decision(t, d, "Tasks"), "autoscale.service", "autoscale.schedule")
	if one := designtest.Decision(t, d, "Load"); !strings.Contains(one.Why, "container app") || !strings.Contains(strings.Join(one.ToDo, " "), "60") {
		t.Errorf("%+v", one)
	}
}

// A balancer that others use stays, and so do its listeners; the machines
// behind it move.
func TestASharedBalancerStays(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Shared: []string{"front"}, Resources: designtest.FromTemplate(t, shopFront)}.Make(t)
	designtest.Check(t, d)
	if len(designtest.Resources(d, "Microsoft.Network/applicationGateways")) != 0 {
		t.Error("a shared balancer is made again")
	}
	for _, name := range []string{"Front", "Secure", "Plain", "Web"} {
		if one := designtest.Decision(t, d, name); one.Action != design.Retain && one.Action != design.Manual {
			t.Errorf("%s: %s", name, one.Action)
		}
	}
	if len(designtest.Resources(d, "Microsoft.Compute/virtualMachines")) != 1 {
		t.Error("the machine behind it does not move")
	}
}

func TestRedirectsOfEveryForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ config, url, listener, kind string }{
		{"{Protocol: HTTPS, Port: '443', StatusCode: HTTP_301}", "", "https-443", "Permanent"},
		{"{Protocol: HTTPS, Port: '443', Host: www.example, StatusCode: HTTP_302}", "https://www.example", "", "Found"},
		{"{Protocol: HTTP, Port: '8080', Host: www.example, Path: /x, Query: a=b, StatusCode: HTTP_301}", "http://www.example:8080/x?a=b", "", "Permanent"},
		{"{Host: 'www.#{host}', StatusCode: HTTP_301}", "", "", ""},
		{"{Path: '/v2/#{path}', StatusCode: HTTP_301}", "", "", ""},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, `
Resources:
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Subnets: [subnet-1]}}
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 80, Protocol: HTTP, VpcId: vpc-1}}
  Plain: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 80, Protocol: HTTP, DefaultActions: [{Type: redirect, RedirectConfig: `+c.config+`}]}}
  Secure: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 443, Protocol: HTTPS, DefaultActions: [{Type: forward, TargetGroupArn: !Ref T}]}}
`)...)
		gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
		redirect := parts(gateway, "redirectConfigurations")["http-80-default"]
		to := design.Text(redirect, "targetListener.id")
		if design.Text(redirect, "targetUrl") != c.url || to[strings.LastIndexByte(to, '/')+1:] != c.listener || design.Text(redirect, "redirectType") != c.kind {
			t.Errorf("%s: %v", c.config, redirect)
		}
		if c.kind == "" {
			has(t, designtest.Decision(t, d, "Front"), "alb.redirect")
		}
	}
}
