package compute_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design/designtest"
)

// TestEveryPropertyIsNoticed sets every property that CloudFormation knows of
// the main kinds: none may be dropped without a word.
func TestEveryPropertyIsNoticed(t *testing.T) {
	t.Parallel()
	designtest.Noticed(t, families, append(sweptMachines(), append(sweptBalancers(), sweptActions()...)...)...)
}

const sweptNet = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}}
`

func sweptMachines() []designtest.Swept {
	const one = sweptNet + `
  One: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.large, SubnetId: !Ref A, BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {VolumeSize: 10, VolumeType: io2}}]}}
`
	const group = sweptNet + `
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 80, Protocol: HTTP, VpcId: !Ref Net}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "1"
      MaxSize: "4"
      VPCZoneIdentifier: [!Ref A]
      HealthCheckType: ELB
      TargetGroupARNs: [!Ref T]
      MixedInstancesPolicy:
        InstancesDistribution: {OnDemandPercentageAboveBaseCapacity: 50}
        LaunchTemplate: {LaunchTemplateSpecification: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}, Overrides: [{InstanceType: t3.large}, {InstanceType: m5.large}]}
  Policy: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50, PredefinedMetricSpecification: {PredefinedMetricType: ASGAverageCPUUtilization}}}}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: web
      LaunchTemplateData:
        ImageId: ami-1
        InstanceType: t3.large
        BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {VolumeSize: 10, VolumeType: gp3}}]
        InstanceMarketOptions: {MarketType: spot}
        TagSpecifications: [{ResourceType: instance, Tags: [{Key: team, Value: web}]}]
`
	const typeless = sweptNet + `
  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: web, LaunchTemplateData: {ImageId: ami-1, InstanceRequirements: {VCpuCount: {Min: 2}, MemoryMiB: {Min: 4096}}}}}
  One: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: "1"}}}
`
	return []designtest.Swept{
		{Of: "AWS::EC2::Instance", Template: one, Try: map[string]any{"Tenancy": "dedicated", "BlockDeviceMappings[].VirtualName": "ephemeral0"}, Excused: ofMachines("") + `
			AvailabilityZone the subnet stands in one
			LaunchTemplate.Version counts only with a template that is known
			PropagateTagsToVolumeOnCreation tags of the machine are not those of its disks`},
		{Of: "AWS::EC2::Instance", Only: "LaunchTemplate", Template: typeless, Excused: `LaunchTemplate.LaunchTemplateName the id names it`},
		{Of: "AWS::EC2::LaunchTemplate", Only: "LaunchTemplateData.InstanceRequirements", Template: typeless, Excused: `
			LaunchTemplateData.InstanceRequirements.BaselinePerformanceFactors* an instance type to compare processors with
			LaunchTemplateData.InstanceRequirements.MaxSpotPriceAsPercentageOfOptimalOnDemandPrice prices of EC2
			LaunchTemplateData.InstanceRequirements.OnDemandMaxPricePercentageOverLowestPrice prices of EC2
			LaunchTemplateData.InstanceRequirements.SpotMaxPricePercentageOverLowestPrice prices of EC2
			LaunchTemplateData.InstanceRequirements.MemoryMiB.Max the nearest size to the least is taken
			LaunchTemplateData.InstanceRequirements.VCpuCount.Max the nearest size to the least is taken`},
		{Of: "AWS::EC2::LaunchTemplate", Template: group, Try: map[string]any{"LaunchTemplateData.BlockDeviceMappings[].VirtualName": "ephemeral0"}, Excused: ofMachines("LaunchTemplateData.") + `
			LaunchTemplateName the name of the template itself
			VersionDescription a text for people
			TagSpecifications* tags of the template itself
			LaunchTemplateData.BlockDeviceMappings[].Ebs.EbsCardIndex the size has one path to its disks
			LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeInitializationRate disks begin empty
			LaunchTemplateData.CapacityReservationSpecification.CapacityReservationPreference a reservation is used where its group is named
			LaunchTemplateData.InstanceMarketOptions.SpotOptions.BlockDurationMinutes no longer offered by EC2
			LaunchTemplateData.InstanceMarketOptions.SpotOptions.SpotInstanceType a group asks once
			LaunchTemplateData.InstanceMarketOptions.SpotOptions.ValidUntil a group asks without end
			LaunchTemplateData.InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior a group takes no machine that waits
			LaunchTemplateData.InstanceRequirements* counts only without a type, see above
			LaunchTemplateData.MaintenanceOptions.AutoRecovery Azure restarts machines on another host by itself
			LaunchTemplateData.NetworkInterfaces[].InterfaceType elastic fabric is named with types that have it
			LaunchTemplateData.NetworkInterfaces[].NetworkCardIndex sizes have one card
			LaunchTemplateData.NetworkInterfaces[].PrivateIpAddress* members of a group have no fixed address
			LaunchTemplateData.NetworkInterfaces[].SecondaryPrivateIpAddressCount members of a group have one address
			LaunchTemplateData.NetworkInterfaces[].SubnetId the group names the subnets
			LaunchTemplateData.Placement.AvailabilityZone the group's subnets stand in zones`},
		{Of: "AWS::AutoScaling::AutoScalingGroup", Template: group, Try: map[string]any{"MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy": "lowest-price", "MixedInstancesPolicy.InstancesDistribution.OnDemandAllocationStrategy": "lowest-price", "HealthCheckType": "EBS"}, Excused: `
			AutoScalingGroupName its name
			AvailabilityZoneIds[] the subnets stand in zones
			CapacityReservationSpecification.CapacityReservationPreference a reservation is used where its group is named
			InstanceId counts only without a template
			LaunchConfigurationName counts only without a template
			MetricsCollection* metrics of a scale set are collected by themselves
			MixedInstancesPolicy.InstancesDistribution.SpotInstancePools a number of pools at EC2
			ServiceLinkedRoleARN a role of EC2 itself
			SkipZonalShiftValidation a check of EC2 itself
			LaunchTemplate.LaunchTemplateId counts only without a mixed policy
			LaunchTemplate.LaunchTemplateName counts only without a mixed policy
			MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName the id names it`},
	}
}

// ofMachines have no meaning for a machine of Azure, wherever they stand.
func ofMachines(at string) string {
	var out strings.Builder
	for line := range strings.Lines(`AdditionalInfo reserved by EC2
		EbsOptimized every size has its own bandwidth to disks
		MetadataOptions.HttpProtocolIpv6 the metadata service of Azure has one address
		MetadataOptions.HttpPutResponseHopLimit the metadata service of Azure never leaves the machine
		NetworkInterfaces[].DeviceIndex only the order counts, and this one is the first
		NetworkInterfaces[].Description a text for people
		NetworkInterfaces[].DeleteOnTermination an interface costs nothing, and stays with its address when the machine goes
		PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord names come from a private zone
		PrivateDnsNameOptions.EnableResourceNameDnsARecord names come from a private zone
		BlockDeviceMappings[].Ebs.Encrypted every managed disk is encrypted
		`) {
		if line = strings.TrimSpace(line); line != "" && (at == "" || !strings.HasPrefix(line, "AdditionalInfo")) {
			out.WriteString(at + line + "\n")
		}
	}
	return out.String()
}

const sweptFront = sweptNet + `
  Cert: {Type: AWS::CertificateManager::Certificate, Properties: {DomainName: shop.example}}
  Store: {Type: AWS::ElasticLoadBalancingV2::TrustStore, Properties: {Name: partners, CaCertificatesBundleS3Bucket: certs, CaCertificatesBundleS3Key: ca.pem}}
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Subnets: [!Ref A], LoadBalancerAttributes: [{Key: idle_timeout.timeout_seconds, Value: "60"}]}}
  Web: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: web, Port: 80, Protocol: HTTP, VpcId: !Ref Net, TargetGroupAttributes: [{Key: slow_start.duration_seconds, Value: "30"}]}}
  Xtra: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: xtra, Port: 81, Protocol: HTTP, VpcId: !Ref Net}}
  Secure:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Front
      Port: 443
      Protocol: HTTPS
      Certificates: [{CertificateArn: !Ref Cert}]
      MutualAuthentication: {Mode: verify, TrustStoreArn: !Ref Store}
      ListenerAttributes: [{Key: routing.http.response.x_frame_options.header_value, Value: DENY}]
      DefaultActions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Web, Weight: 2}, {TargetGroupArn: !Ref Xtra, Weight: 1}]}}]
`

func sweptBalancers() []designtest.Swept {
	const rule = sweptFront + `
  Rule: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 5, Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/a]}}], Actions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Web, Weight: 2}, {TargetGroupArn: !Ref Xtra, Weight: 1}]}}]}}
`
	const network = sweptNet + `
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Type: network, SubnetMappings: [{SubnetId: !Ref A}], LoadBalancerAttributes: [{Key: access_logs.s3.enabled, Value: "true"}]}}
  Web: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: web, Port: 80, Protocol: TCP, VpcId: !Ref Net, TargetGroupAttributes: [{Key: proxy_protocol_v2.enabled, Value: "true"}]}}
  L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 443, Protocol: TCP, ListenerAttributes: [{Key: tcp.idle_timeout.seconds, Value: "600"}], DefaultActions: [{Type: forward, TargetGroupArn: !Ref Web}]}}
`
	const ofActions = `
		Actions[].Authenticate* counts only for an action that signs users in, below
		Actions[].FixedResponseConfig* counts only for a fixed response, below
		Actions[].RedirectConfig* counts only for a redirect, below
		Actions[].JwtValidationConfig* counts only for a check of tokens, below
		Actions[].Order counts only beside other actions
		Actions[].TargetGroupArn counts only without ForwardConfig
		Actions[].ForwardConfig.TargetGroupStickinessConfig.DurationSeconds counts only when it is on
`
	return []designtest.Swept{
		{Of: "AWS::ElasticLoadBalancingV2::LoadBalancer", Template: sweptFront, Excused: `
			Name its name
			SubnetMappings[].AllocationId an application balancer has no fixed address
			SubnetMappings[].PrivateIPv4Address an application balancer has no fixed address
			SubnetMappings[].SubnetId the network double has one subnet for all
			Subnets[] the network double has one subnet for all`},
		{Of: "AWS::ElasticLoadBalancingV2::LoadBalancer", Only: "SubnetMappings", Template: network, Excused: `
			SubnetMappings[].PrivateIPv4Address counts only inside the network
			SubnetMappings[].SubnetId a public front end stands in no subnet`},
		{Of: "AWS::ElasticLoadBalancingV2::Listener", Template: sweptFront, Try: map[string]any{"MutualAuthentication.Mode": "off", "DefaultActions[].ForwardConfig.TargetGroups[].Weight": 0.0}, Excused: strings.ReplaceAll(ofActions, "Actions[]", "DefaultActions[]")},
		{Of: "AWS::ElasticLoadBalancingV2::Listener", Only: "A", Template: network},
		{Of: "AWS::ElasticLoadBalancingV2::ListenerRule", Template: rule, Try: map[string]any{"Actions[].ForwardConfig.TargetGroups[].Weight": 0.0}, Excused: ofActions + `
			Conditions[].HttpHeaderConfig* counts only for another field, below
			Conditions[].HttpRequestMethodConfig* counts only for another field, below
			Conditions[].QueryStringConfig* counts only for another field, below
			Conditions[].SourceIpConfig* counts only for another field, below
			Conditions[].HostHeaderConfig* counts only for another field, below`},
		{Of: "AWS::ElasticLoadBalancingV2::TargetGroup", Template: sweptFront, Try: map[string]any{"ProtocolVersion": "GRPC", "IpAddressType": "ipv6"}, Excused: `
			Matcher.GrpcCode the gap of gRPC says more
			Name its name
			Targets[].AvailabilityZone targets are reached in all zones
			Targets[].Id one that is not part of the workload leaves the pool empty, which is said
			Targets[].QuicServerId counts only for QUIC
			VpcId the balancer's subnets are named`},
		{Of: "AWS::ElasticLoadBalancingV2::TargetGroup", Only: "HealthCheck", Template: network, Excused: `
			HealthCheckPath counts only for HTTP
			HealthCheckTimeoutSeconds a probe of a load balancer has no timeout of its own`},
	}
}

// sweptActions are rules of a listener that do something else than forward, or
// ask for something else than a path.
func sweptActions() []designtest.Swept {
	rule := func(only, conditions, actions, excused string) designtest.Swept {
		return designtest.Swept{Of: "AWS::ElasticLoadBalancingV2::ListenerRule", Only: only, Excused: excused,
			Template: sweptFront + "  Rule: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 5, Conditions: " + conditions + ", Actions: " + actions + "}}\n"}
	}
	const path, forward = "[{Field: path-pattern, Values: [/a]}]", "[{Type: forward, TargetGroupArn: !Ref Web}]"
	return []designtest.Swept{
		rule("Actions[].RedirectConfig", path, `[{Type: redirect, RedirectConfig: {Host: x.example, StatusCode: HTTP_301}}]`, ``),
		rule("Actions[].FixedResponseConfig", path, `[{Type: fixed-response, FixedResponseConfig: {StatusCode: "503"}}]`, ``),
		rule("Actions[].AuthenticateOidcConfig", path, `[{Type: authenticate-oidc, Order: 1, AuthenticateOidcConfig: {Issuer: x}}, {Type: forward, Order: 2, TargetGroupArn: !Ref Web}]`, `
			Actions[].AuthenticateOidcConfig.AuthenticationRequestExtraParams[] the program signs users in anew
			Actions[].AuthenticateOidcConfig.AuthorizationEndpoint the issuer publishes it
			Actions[].AuthenticateOidcConfig.TokenEndpoint the issuer publishes it
			Actions[].AuthenticateOidcConfig.UserInfoEndpoint the issuer publishes it
			Actions[].AuthenticateOidcConfig.ClientSecret a secret that no file may show
			Actions[].AuthenticateOidcConfig.UseExistingClientSecret a way to change the rule only
			Actions[].AuthenticateOidcConfig.SessionCookieName the program has its own
			Actions[].AuthenticateOidcConfig.SessionTimeout the program has its own`),
		rule("Conditions[].HttpHeaderConfig", "[{Field: http-header, HttpHeaderConfig: {HttpHeaderName: x, Values: [y]}}]", forward, ``),
		rule("Conditions[].QueryStringConfig", "[{Field: query-string, QueryStringConfig: {Values: [{Key: a, Value: b}]}}]", forward, ``),
		rule("Conditions[].SourceIpConfig", "[{Field: source-ip, SourceIpConfig: {Values: [10.0.0.0/8]}}]", forward, ``),
		rule("Conditions[].HostHeaderConfig", "[{Field: host-header, HostHeaderConfig: {Values: [a.example]}}]", forward, ``),
	}
}
