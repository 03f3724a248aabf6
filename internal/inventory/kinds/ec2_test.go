package kinds

import "testing"

func TestComputing(t *testing.T) {
	t.Parallel()
	checkForms(t, []form{
		{"an instance", "AWS::EC2::Instance", `{"InstanceId":"i-1","InstanceType":"t3.micro","ImageId":"ami-1","State":{"Code":16,"Name":"running"},"Placement":{"AvailabilityZone":"us-east-1a","Tenancy":"default","GroupName":"near"},
			"SecurityGroups":[{"GroupId":"sg-2","GroupName":"b"},{"GroupId":"sg-1","GroupName":"a"}],"IamInstanceProfile":{"Arn":"arn:aws:iam::123456789012:instance-profile/team/web","Id":"AIPA1"},"Monitoring":{"State":"disabled"},
			"PrivateIpAddress":"10.0.0.4","PublicIpAddress":"192.0.2.1","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"VolumeId":"vol-1","DeleteOnTermination":true,"Status":"attached"}}],
			"NetworkInterfaces":[{"NetworkInterfaceId":"eni-1","SubnetId":"subnet-1","Attachment":{"DeviceIndex":0,"DeleteOnTermination":true},"Groups":[{"GroupId":"sg-1","GroupName":"a"}],"Status":"in-use"}],
			"Tags":[{"Key":"aws:ec2launchtemplate:id","Value":"lt-1"},{"Key":"aws:ec2launchtemplate:version","Value":"3"}],"UserData":"IyEvYmluL3NoCmV4cG9ydCBEQl9QQVNTV09SRD1odW50ZXIyLWFuZC1tb3JlCg=="}`,
			[]string{`instance/i-1 Instance [] {"AvailabilityZone":"us-east-1a","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":true}}],"IamInstanceProfile":"web","ImageId":"ami-1","InstanceId":"i-1","InstanceType":"t3.micro",` +
				`"LaunchTemplate":{"LaunchTemplateId":"lt-1","Version":"3"},"Monitoring":false,"NetworkInterfaces":[{"DeleteOnTermination":true,"DeviceIndex":"0","GroupSet":["sg-1"],"NetworkInterfaceId":"eni-1","SubnetId":"subnet-1"}],` +
				`"PlacementGroupName":"near","PrivateIpAddress":"10.0.0.4","PublicIp":"192.0.2.1","SecurityGroupIds":["sg-1","sg-2"],"State":{"Code":"16","Name":"running"},"Tenancy":"default",` +
				`"UserData":"IyEvYmluL3NoCmV4cG9ydCBEQl9QQVNTV09SRD0ocmVkYWN0ZWQpCg==","Volumes":[{"Device":"/dev/xvda","VolumeId":"vol-1"}]}`}},
		{"a terminated one", "AWS::EC2::Instance", `{"InstanceId":"i-1","State":{"Code":48,"Name":"terminated"}}`, []string{`instance/i-1 Instance [deleted] {"InstanceId":"i-1","State":{"Code":"48","Name":"terminated"}}`}},
		{"an address of an interface", "AWS::EC2::EIP", `{"AllocationId":"eipalloc-1","PublicIp":"192.0.2.1","Domain":"vpc","AssociationId":"eipassoc-1","NetworkInterfaceId":"eni-1","PrivateIpAddress":"10.0.0.4"}`,
			[]string{`elastic-ip/eipalloc-1 EIP [] {"AllocationId":"eipalloc-1","Domain":"vpc","PublicIp":"192.0.2.1"}`,
				`elastic-ip/eipalloc-1|association EIPAssociation [] {"AllocationId":"eipalloc-1","EIP":"192.0.2.1","Id":"eipassoc-1","NetworkInterfaceId":"eni-1","PrivateIpAddress":"10.0.0.4"}`}},
		{"an address of an instance", "AWS::EC2::EIP", `{"AllocationId":"eipalloc-1","PublicIp":"192.0.2.1","AssociationId":"eipassoc-1","NetworkInterfaceId":"eni-1","InstanceId":"i-1"}`,
			[]string{`elastic-ip/eipalloc-1 EIP [] {"AllocationId":"eipalloc-1","InstanceId":"i-1","PublicIp":"192.0.2.1"}`}},
		{"a launch template", "AWS::EC2::LaunchTemplate", `{"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","DefaultVersionNumber":1,"LatestVersionNumber":2,"Versions":[
			{"VersionNumber":2,"DefaultVersion":false,"LaunchTemplateData":{"ImageId":"ami-2"}},{"VersionNumber":1,"DefaultVersion":true,"VersionDescription":"first","LaunchTemplateData":{"ImageId":"ami-1","MetadataOptions":{"HttpTokens":"required"}}}]}`,
			[]string{`launch-template/lt-1 LaunchTemplate [] {"DefaultVersionNumber":"1","LatestVersionNumber":"2","LaunchTemplateData":{"ImageId":"ami-1","MetadataOptions":{"HttpTokens":"required"}},"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","VersionDescription":"first"}`}},
		{"a volume", "AWS::EC2::Volume", `{"VolumeId":"vol-1","Size":8,"VolumeType":"gp3","Encrypted":true,"State":"in-use","Attachments":[{"InstanceId":"i-1","Device":"/dev/xvda"}]}`,
			[]string{`volume/vol-1 Volume [] {"Encrypted":true,"Size":8,"VolumeId":"vol-1","VolumeType":"gp3"}`}},
		{"a key pair", "AWS::EC2::KeyPair", `{"KeyName":"ops","KeyPairId":"key-1","KeyType":"ed25519"}`, []string{`key-pair/ops KeyPair [] {"KeyName":"ops","KeyPairId":"key-1","KeyType":"ed25519"}`}},
	})
}

func TestScaling(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:u-1:autoScalingGroupName/web"
	checkForms(t, []form{
		{"a group", "AWS::AutoScaling::AutoScalingGroup", `{"AutoScalingGroupName":"web","AutoScalingGroupARN":"` + arn + `","MinSize":1,"MaxSize":3,"DesiredCapacity":2,"DefaultCooldown":300,"VPCZoneIdentifier":"subnet-2,subnet-1",
			"AvailabilityZones":["us-east-1b","us-east-1a"],"LaunchTemplate":{"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","Version":"$Latest"},"Instances":[{"InstanceId":"i-2","HealthStatus":"Healthy"},{"InstanceId":"i-1"}],
			"EnabledMetrics":[{"Granularity":"1Minute","Metric":"GroupMinSize"},{"Granularity":"1Minute","Metric":"GroupMaxSize"}],
			"NotificationConfigurations":[{"AutoScalingGroupName":"web","NotificationType":"b","TopicARN":"t"},{"AutoScalingGroupName":"web","NotificationType":"a","TopicARN":"t"}]}`,
			[]string{`autoScalingGroup:u-1:autoScalingGroupName/web AWS::AutoScaling::AutoScalingGroup [] {"AutoScalingGroupARN":"` + arn + `","AutoScalingGroupName":"web","AvailabilityZones":["us-east-1a","us-east-1b"],"Cooldown":"300","DesiredCapacity":"2",` +
				`"LaunchTemplate":{"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","Version":"$Latest"},"MaxSize":"3","MetricsCollection":[{"Granularity":"1Minute","Metrics":["GroupMaxSize","GroupMinSize"]}],"MinSize":"1",` +
				`"NotificationConfigurations":[{"NotificationTypes":["a","b"],"TopicARN":["t"]}],"VPCZoneIdentifier":["subnet-1","subnet-2"]}`}},
		{"a policy", "AWS::AutoScaling::ScalingPolicy", `{"PolicyARN":"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:u-1:autoScalingGroupName/web:policyName/up","PolicyName":"up","AutoScalingGroupName":"web","ScalingAdjustment":1,"Cooldown":60}`,
			[]string{`scalingPolicy:u-1:autoScalingGroupName/web:policyName/up AWS::AutoScaling::ScalingPolicy [] {"Arn":"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:u-1:autoScalingGroupName/web:policyName/up","AutoScalingGroupName":"web","Cooldown":"60","PolicyName":"up","ScalingAdjustment":1}`}},
	})
}

func TestBalancing(t *testing.T) {
	t.Parallel()
	base := "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
	checkForms(t, []form{
		{"a balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", `{"LoadBalancerArn":"` + base + `loadbalancer/net/front/1a","LoadBalancerName":"front","Type":"network","Scheme":"internet-facing","DNSName":"front.elb.us-east-1.amazonaws.com",
			"AvailabilityZones":[{"ZoneName":"us-east-1b","SubnetId":"subnet-2"},{"ZoneName":"us-east-1a","SubnetId":"subnet-1","LoadBalancerAddresses":[{"AllocationId":"eipalloc-1","IpAddress":"192.0.2.1"}]}],
			"LoadBalancerAttributes":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}],"State":{"Code":"active"}}`,
			[]string{`loadbalancer/net/front/1a AWS::ElasticLoadBalancingV2::LoadBalancer [] {"DNSName":"front.elb.us-east-1.amazonaws.com","LoadBalancerArn":"` + base + `loadbalancer/net/front/1a",` +
				`"LoadBalancerAttributes":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}],"LoadBalancerFullName":"net/front/1a","LoadBalancerName":"front","Name":"front","Scheme":"internet-facing",` +
				`"SubnetMappings":[{"AllocationId":"eipalloc-1","SubnetId":"subnet-1"}],"Subnets":["subnet-1","subnet-2"],"Type":"network"}`}},
		{"a listener with two certificates", "AWS::ElasticLoadBalancingV2::Listener", `{"ListenerArn":"` + base + `listener/app/front/1a/2b","LoadBalancerArn":"` + base + `loadbalancer/app/front/1a","Port":443,"Protocol":"HTTPS",
			"Certificates":[{"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/1","IsDefault":true},{"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/2","IsDefault":false}],
			"DefaultActions":[{"Type":"forward","TargetGroupArn":"tg","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"tg","Weight":1}],"TargetGroupStickinessConfig":{"Enabled":false}}}]}`,
			[]string{`listener/app/front/1a/2b AWS::ElasticLoadBalancingV2::Listener [] {"Certificates":[{"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/1"}],"DefaultActions":[{"TargetGroupArn":"tg","Type":"forward"}],` +
				`"ListenerArn":"` + base + `listener/app/front/1a/2b","LoadBalancerArn":"` + base + `loadbalancer/app/front/1a","Port":443,"Protocol":"HTTPS"}`,
				`listener/app/front/1a/2b|arn:aws:acm:us-east-1:123456789012:certificate/2 AWS::ElasticLoadBalancingV2::ListenerCertificate [] {"Certificates":[{"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/2"}],"ListenerArn":"` + base + `listener/app/front/1a/2b"}`}},
		{"a rule", "AWS::ElasticLoadBalancingV2::ListenerRule", `{"RuleArn":"` + base + `listener-rule/app/front/1a/2b/3c","ListenerArn":"l","Priority":"10","IsDefault":false,"Conditions":[{"Field":"path-pattern","Values":["/a"],"PathPatternConfig":{"Values":["/a"]}}],"Actions":[{"Type":"redirect","RedirectConfig":{"StatusCode":"HTTP_301"}}]}`,
			[]string{`listener-rule/app/front/1a/2b/3c AWS::ElasticLoadBalancingV2::ListenerRule [] {"Actions":[{"RedirectConfig":{"StatusCode":"HTTP_301"},"Type":"redirect"}],"Conditions":[{"Field":"path-pattern","PathPatternConfig":{"Values":["/a"]}}],"IsDefault":false,"ListenerArn":"l","Priority":10,"RuleArn":"` + base + `listener-rule/app/front/1a/2b/3c"}`}},
		{"a target group", "AWS::ElasticLoadBalancingV2::TargetGroup", `{"TargetGroupArn":"` + base + `targetgroup/web/4d","TargetGroupName":"web","Port":80,"Protocol":"HTTP","Matcher":{"HttpCode":"200"},"TargetHealthDescriptions":[{"Target":{"Id":"i-2","Port":80},"TargetHealth":{"State":"healthy"}},{"Target":{"Id":"i-1","Port":80}}]}`,
			[]string{`targetgroup/web/4d AWS::ElasticLoadBalancingV2::TargetGroup [] {"Matcher":{"HttpCode":"200"},"Name":"web","Port":80,"Protocol":"HTTP","TargetGroupArn":"` + base + `targetgroup/web/4d","TargetGroupFullName":"targetgroup/web/4d","TargetGroupName":"web","Targets":[{"Id":"i-1","Port":80},{"Id":"i-2","Port":80}]}`}},
		{"a classic one", "AWS::ElasticLoadBalancing::LoadBalancer", `{"LoadBalancerName":"old","DNSName":"old.elb.amazonaws.com","ListenerDescriptions":[{"Listener":{"Protocol":"HTTPS","LoadBalancerPort":443,"InstanceProtocol":"HTTP","InstancePort":80,"SSLCertificateId":"c"},"PolicyNames":["p"]}],
			"Instances":[{"InstanceId":"i-1"}],"LoadBalancerAttributes":{"CrossZoneLoadBalancing":{"Enabled":true},"ConnectionDraining":{"Enabled":true,"Timeout":300}},"Subnets":["b","a"],"HealthCheck":{"Target":"HTTP:80/","Interval":30}}`,
			[]string{`loadbalancer/old AWS::ElasticLoadBalancing::LoadBalancer [] {"ConnectionDrainingPolicy":{"Enabled":true,"Timeout":300},"CrossZone":true,"DNSName":"old.elb.amazonaws.com","HealthCheck":{"Interval":"30","Target":"HTTP:80/"},"Instances":["i-1"],` +
				`"Listeners":[{"InstancePort":"80","InstanceProtocol":"http","LoadBalancerPort":"443","PolicyNames":["p"],"Protocol":"https","SSLCertificateId":"c"}],"LoadBalancerName":"old","Subnets":["a","b"]}`}},
	})
}
