package compute_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// made designs a template without the oracle, which a test of many designs asks
// once.
func made(t *testing.T, template string) *design.Design {
	t.Helper()
	return designtest.Make(t, families(), designtest.FromTemplate(t, template)...)
}

func gapsOf(d design.Decision) string { return " " + strings.Join(designtest.GapIDs(d), " ") + " " }

func says(t *testing.T, d design.Decision, part string) {
	t.Helper()
	if !strings.Contains(strings.Join(d.ToDo, "\n"), part) {
		t.Errorf("%s: no to-do says %q: %q", d.Name, part, d.ToDo)
	}
}

func network(listener, targets string) string {
	return sweptNet + `
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Type: network, Scheme: internal, Subnets: [!Ref A]}}
  Web: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: web, VpcId: !Ref Net, TargetType: ip, Targets: [{Id: 10.0.9.9}], ` + targets + `}}
  L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Web}], ` + listener + "}}\n"
}

// A rule of a load balancer waits 4 to 100 whole minutes, a network load
// balancer 60 to 6,000 seconds and 350 unless it is told otherwise (Microsoft
// Learn, "TCP reset and idle timeout for Azure Load Balancer"; Elastic Load
// Balancing User Guide, "Update the TCP idle timeout").
func TestIdleTimeoutsOfANetworkBalancer(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, one := range []struct {
		seconds, minutes string
		differs          bool
	}{{"", "6", true}, {"60", "4", true}, {"239", "4", true}, {"240", "4", false}, {"241", "5", true}, {"300", "5", false}, {"5999", "100", true}, {"6000", "100", false}, {"9000", "100", true}, {"soon", "6", true}} {
		attribute := ""
		if one.seconds != "" {
			attribute = `, ListenerAttributes: [{Key: tcp.idle_timeout.seconds, Value: "` + one.seconds + `"}]`
		}
		d := made(t, network("Port: 443, Protocol: TCP"+attribute, "Port: 8443, Protocol: TCP"))
		all = append(all, d)
		at(t, designtest.One(t, d, "Microsoft.Network/loadBalancers"), map[string]string{"properties.loadBalancingRules.properties.idleTimeoutInMinutes": one.minutes, "properties.loadBalancingRules.properties.enableTcpReset": "true"})
		if got := strings.Contains(gapsOf(designtest.Decision(t, d, "Front")), " nlb.idle-timeout "); got != one.differs {
			t.Errorf("%s s: differs is %v", one.seconds, got)
		}
	}
	designtest.Check(t, all...)
}

// Each protocol of a listener: what it becomes, and what is lost.
func TestProtocolsOfANetworkBalancer(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[string]struct{ rules, gap string }{
		"TCP": {"tcp-53 Tcp", ""}, "UDP": {"udp-53 Udp", ""}, "TCP_UDP": {"tcp-53 Tcp udp-53 Udp", ""}, "TLS": {"tcp-53 Tcp", "nlb.tls"},
	} {
		d := made(t, network("Port: 53, Protocol: "+protocol, "Port: 5353, Protocol: "+protocol+", TargetGroupAttributes: [{Key: stickiness.enabled, Value: \"true\"}, {Key: stickiness.type, Value: source_ip}]"))
		balancer := designtest.One(t, d, "Microsoft.Network/loadBalancers")
		var got []string
		for _, r := range design.Maps(design.At(balancer.Body, "properties.loadBalancingRules")) {
			got = append(got, design.Text(r, "name"), design.Text(r, "properties.protocol"))
			for path, value := range map[string]string{"backendPort": "5353", "loadDistribution": "SourceIP", "enableFloatingIP": "false", "disableOutboundSnat": "false"} {
				if text := design.Text(r, "properties."+path); text != value {
					t.Errorf("%s: %s is %q, want %q", protocol, path, text, value)
				}
			}
			if design.Text(r, "properties.protocol") == "Udp" && design.Text(r, "properties.idleTimeoutInMinutes") != "" {
				t.Errorf("%s: a UDP rule has an idle timeout", protocol)
			}
		}
		if strings.Join(got, " ") != want.rules || !strings.Contains(gapsOf(designtest.Decision(t, d, "Front")), want.gap) {
			t.Errorf("%s: rules %v, gaps %s", protocol, got, gapsOf(designtest.Decision(t, d, "Front")))
		}
		// There is no probe by UDP.
		at(t, balancer, map[string]string{"properties.probes.properties.protocol": "Tcp", "properties.probes.properties.port": "5353"})
	}
}

// probeThreshold counts failed and successful probes alike: it is the number
// after which the source takes a target out.
func TestProbesOfANetworkBalancer(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]map[string]string{
		"": {"protocol": "Tcp", "intervalInSeconds": "30", "probeThreshold": "2", "numberOfProbes": "2", "requestPath": ""},
		"HealthCheckIntervalSeconds: 5, UnhealthyThresholdCount: 10, HealthyThresholdCount: 3": {"intervalInSeconds": "5", "probeThreshold": "10"},
		"HealthCheckIntervalSeconds: 1":                              {"intervalInSeconds": "5"},
		"HealthCheckProtocol: HTTP, HealthCheckPath: up":             {"protocol": "Http", "requestPath": "/up", "port": "8080"},
		"HealthCheckProtocol: HTTPS, HealthCheckPort: \"9000\"":      {"protocol": "Https", "port": "9000", "requestPath": "/"},
		"HealthCheckPort: traffic-port, HealthCheckProtocol: TCP":    {"port": "8080"},
		"HealthCheckPort: \"70000\", UnhealthyThresholdCount: never": {"port": "8080", "probeThreshold": "2"},
	} {
		d := made(t, network("Port: 80, Protocol: TCP", "Port: 8080, Protocol: TCP, "+properties))
		probe := design.At(designtest.One(t, d, "Microsoft.Network/loadBalancers").Body, "properties.probes.properties")
		for path, value := range want {
			if got := design.Text(probe, path); got != value {
				t.Errorf("%s: %s is %q, want %q", properties, path, got, value)
			}
		}
	}
	d := made(t, network("Port: 80, Protocol: TCP", "Port: 8080, Protocol: TCP, HealthCheckProtocol: HTTP, Matcher: {HttpCode: \"200\"}"))
	if strings.Contains(gapsOf(designtest.Decision(t, d, "Front")), "nlb.matcher") {
		t.Error("200 is what a probe takes")
	}
}

func application(targets, listener, more string) string {
	return sweptNet + `
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Subnets: [!Ref A]}}
  Web: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: web, Port: 80, Protocol: HTTP, VpcId: !Ref Net, ` + targets + `}}
  Api: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: api, Port: 81, Protocol: HTTP, VpcId: !Ref Net}}
  L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 80, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Web}]` + listener + "}}\n" + more
}

// The health check, stickiness and draining of a target group within the bounds
// of a gateway: probes of 1 to 86,400 seconds, 20 failures, an hour of draining
// (Microsoft Learn, "Application Gateway health probes overview").
func TestBoundsOfAPool(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		targets         string
		probe, settings map[string]string
		gap             string
	}{
		{"", map[string]string{"interval": "30", "timeout": "5", "unhealthyThreshold": "2", "path": "/", "protocol": "Http", "port": ""}, map[string]string{"requestTimeout": "60", "connectionDraining.drainTimeoutInSec": "300", "cookieBasedAffinity": "Disabled"}, "alb.healthy-threshold"},
		{"HealthCheckIntervalSeconds: 300, HealthCheckTimeoutSeconds: 120, UnhealthyThresholdCount: 10", map[string]string{"interval": "300", "timeout": "120", "unhealthyThreshold": "10"}, nil, ""},
		{"UnhealthyThresholdCount: 50, HealthCheckIntervalSeconds: 0", map[string]string{"unhealthyThreshold": "20", "interval": "1"}, nil, ""},
		{"HealthCheckPort: \"8081\", HealthCheckProtocol: HTTPS", map[string]string{"port": "8081", "protocol": "Https"}, nil, ""},
		{"HealthCheckPort: \"80\"", map[string]string{"port": ""}, nil, ""},
		{"TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: \"0\"}]", nil, map[string]string{"connectionDraining.enabled": ""}, ""},
		{"TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: \"3601\"}]", nil, map[string]string{"connectionDraining.drainTimeoutInSec": "3600"}, ""},
		{"TargetGroupAttributes: [{Key: stickiness.enabled, Value: \"true\"}, {Key: stickiness.type, Value: lb_cookie}]", nil, map[string]string{"cookieBasedAffinity": "Enabled"}, "alb.cookie"},
		{"TargetGroupAttributes: [{Key: slow_start.duration_seconds, Value: \"30\"}]", nil, nil, "alb.slow-start"},
		{"TargetGroupAttributes: [{Key: load_balancing.algorithm.type, Value: least_outstanding_requests}]", nil, nil, "alb.algorithm"},
		{"ProtocolVersion: HTTP2", nil, nil, "alb.http2"}, {"ProtocolVersion: GRPC", nil, nil, "alb.grpc"},
	} {
		d := made(t, application(one.targets, "", ""))
		gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
		for path, want := range one.probe {
			if got := design.Text(parts(gateway, "probes")["web"], path); got != want {
				t.Errorf("%s: probe %s is %q, want %q", one.targets, path, got, want)
			}
		}
		for path, want := range one.settings {
			if got := design.Text(parts(gateway, "backendHttpSettingsCollection")["web"], path); got != want {
				t.Errorf("%s: %s is %q, want %q", one.targets, path, got, want)
			}
		}
		if one.gap != "" && !strings.Contains(gapsOf(designtest.Decision(t, d, "Front")), " "+one.gap+" ") {
			t.Errorf("%s: %s", one.targets, gapsOf(designtest.Decision(t, d, "Front")))
		}
	}
}

// A rule whose condition is not understood must not catch everything.
func TestConditionsNeverWiden(t *testing.T) {
	t.Parallel()
	for conditions, want := range map[string]struct{ fallback, todo string }{
		`{Field: host-header, HostHeaderConfig: {Values: ["*"]}}`:                         {"api", ""},
		`{Field: path-pattern}`:                                                           {"web", "path-pattern without values"},
		`{Field: host-header, Values: []}`:                                                {"web", "host-header without values"},
		`{Field: path-pattern, RegexValues: ["^/x"]}`:                                     {"web", "path-pattern by expression"},
		`{Field: host-header, HostHeaderConfig: {RegexValues: ["^x"]}}`:                   {"web", "host-header by expression"},
		`{Field: http-header, HttpHeaderConfig: {HttpHeaderName: X-Tenant, Values: [a]}}`: {"web", "X-Tenant"},
		`{Field: query-string, QueryStringConfig: {Values: [{Key: v, Value: "2"}]}}`:      {"web", "query-string"},
		`{Field: source-ip, SourceIpConfig: {Values: [10.0.0.0/8]}}`:                      {"web", "10.0.0.0/8"},
		`{Field: host-header, Values: [!Sub "x.${Gone}"]}`:                                {"web", "known only when the source is deployed"},
		`{}`: {"web", "a condition without a field"},
	} {
		d := made(t, "\nParameters: {Gone: {Type: String}}\n"+application("", "", "  R: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref L, Priority: 1, Conditions: ["+conditions+"], Actions: [{Type: forward, TargetGroupArn: !Ref Api}]}}\n"))
		gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
		for name, rule := range parts(gateway, "requestRoutingRules") {
			if pool := design.Text(rule, "backendAddressPool.id"); name == "http-80" && !strings.HasSuffix(pool, "/"+want.fallback) {
				t.Errorf("%s: everything goes to %s, want %s", conditions, pool, want.fallback)
			}
		}
		if want.todo != "" {
			says(t, designtest.Decision(t, d, "Front"), want.todo)
		}
	}
}

func TestPatternsOfPaths(t *testing.T) {
	t.Parallel()
	for pattern, kept := range map[string]bool{"/a": true, "/a/*": true, "/*": true, "/a*": true, "a": false, "*.php": false, "/a/*/b": false, "/a?": false} {
		d := made(t, application("", "", "  R: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref L, Priority: 1, Conditions: [{Field: path-pattern, Values: ["+strconv.Quote(pattern)+"]}], Actions: [{Type: forward, TargetGroupArn: !Ref Api}]}}\n"))
		gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
		if got := design.Text(gateway.Body, "properties.urlPathMaps.properties.pathRules.properties.paths") != "" || design.At(gateway.Body, "properties.urlPathMaps") != nil; got != kept {
			t.Errorf("%s: kept is %v", pattern, got)
		}
		if got := strings.Contains(gapsOf(designtest.Decision(t, d, "Front")), "alb.path-pattern"); got == kept {
			t.Errorf("%s: %s", pattern, gapsOf(designtest.Decision(t, d, "Front")))
		}
	}
}

func grouped(properties, more string) string {
	return sweptNet + `
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 80, Protocol: HTTP, VpcId: !Ref Net}}
  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: web, LaunchTemplateData: {ImageId: ami-1, InstanceType: m5.large, TagSpecifications: [{ResourceType: instance, Tags: [{Key: team, Value: web}, {Key: a/b, Value: c}]}, {ResourceType: volume, Tags: [{Key: disk, Value: x}]}]}}}
  Group: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {VPCZoneIdentifier: [!Ref A], LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}, ` + properties + "}}\n" + more
}

// A flexible scale set takes 1,000 machines, and what is wrong in the numbers
// of a group must not give a set that nobody can make.
func TestSizesOfAGroup(t *testing.T) {
	t.Parallel()
	const policy = "  P: {Type: AWS::AutoScaling::ScalingPolicy, Properties: {AutoScalingGroupName: !Ref Group, PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50, PredefinedMetricSpecification: {PredefinedMetricType: ASGAverageCPUUtilization}}}}\n"
	var all []*design.Design
	for properties, want := range map[string][3]string{
		`MinSize: "2", MaxSize: "4"`: {"2", "4", "2"}, `MinSize: "2", MaxSize: "4", DesiredCapacity: "3"`: {"2", "4", "3"}, `MinSize: "2", MaxSize: "4", DesiredCapacity: "9"`: {"2", "4", "4"},
		`MinSize: "0", MaxSize: "0"`: {"0", "0", "0"}, `MinSize: "5", MaxSize: "1"`: {"5", "5", "5"}, `MinSize: few, MaxSize: many`: {"1", "1", "1"}, `MinSize: "-3", MaxSize: "2"`: {"0", "2", "0"},
		`MinSize: "10", MaxSize: "1000"`: {"10", "1000", "10"}, `MinSize: "1200", MaxSize: "1500"`: {"1000", "1000", "1000"},
	} {
		d := made(t, grouped(properties, policy))
		all = append(all, d)
		capacity := design.At(designtest.One(t, d, "Microsoft.Insights/autoscalesettings").Body, "properties.profiles.capacity")
		for i, path := range []string{"minimum", "maximum", "default"} {
			if got := design.Text(capacity, path); got != want[i] {
				t.Errorf("%s: %s is %s, want %s", properties, path, got, want[i])
			}
		}
		at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets"), map[string]string{"sku.capacity": want[2]})
		if strings.Contains(properties, "1500") {
			says(t, designtest.Decision(t, d, "Group"), "grows to 1500 members, and a scale set to 1000")
		}
	}
	designtest.Check(t, all...)
}

// Repairs wait 10 to 90 minutes, and a notice comes 5 to 15 minutes ahead.
func TestWaitsOfAGroup(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[string]string{"0": "PT10M", "300": "PT10M", "600": "PT10M", "601": "PT11M", "5400": "PT90M", "7200": "PT90M"} {
		d := made(t, grouped("MinSize: \"1\", MaxSize: \"2\", HealthCheckType: ELB, TargetGroupARNs: [!Ref T], HealthCheckGracePeriod: "+seconds, ""))
		at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets"), map[string]string{"properties.automaticRepairsPolicy.gracePeriod": want})
		exact := seconds == "600" || seconds == "5400"
		if strings.Contains(gapsOf(designtest.Decision(t, d, "Group")), "asg.grace") == exact {
			t.Errorf("%s s: %s", seconds, gapsOf(designtest.Decision(t, d, "Group")))
		}
	}
	const path = "properties.virtualMachineProfile.scheduledEventsProfile.terminateNotificationProfile.notBeforeTimeout"
	for seconds, want := range map[string]string{"30": "PT5M", "300": "PT5M", "301": "PT6M", "900": "PT15M", "7200": "PT15M"} {
		d := made(t, grouped(`MinSize: "1", MaxSize: "2"`, "  H: {Type: AWS::AutoScaling::LifecycleHook, Properties: {AutoScalingGroupName: !Ref Group, LifecycleTransition: \"autoscaling:EC2_INSTANCE_TERMINATING\", HeartbeatTimeout: "+seconds+"}}\n"))
		at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets"), map[string]string{path: want})
	}
}

// Tags that a launch template gives its machines are the scale set's, with
// names that Azure takes; those of disks are not.
func TestTagsOfALaunchTemplate(t *testing.T) {
	t.Parallel()
	tags := designtest.One(t, made(t, grouped(`MinSize: "1", MaxSize: "2"`, "")), "Microsoft.Compute/virtualMachineScaleSets").Tags
	if tags["team"] != "web" || tags["a-b"] != "c" || tags["disk"] != "" {
		t.Errorf("tags %v", tags)
	}
}

// What a machine is made of and is not known is said, instead of a default
// that looks like a fact.
func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	for properties, todo := range map[string]string{
		"LaunchTemplate: {LaunchTemplateId: lt-0abc, Version: \"3\"}":                                                        "the launch template lt-0abc is not part of the workload",
		"LaunchTemplate: {LaunchTemplateName: !Ref Template, Version: \"7\"}":                                                "asks for version 7 of the launch template",
		"InstanceType: m5.large, Volumes: [{VolumeId: vol-0abc, Device: /dev/sdf}]":                                          "the volume vol-0abc at /dev/sdf is not part of the workload",
		"InstanceType: m5.large, NetworkInterfaces: [{NetworkInterfaceId: eni-0abc, DeviceIndex: \"0\"}]":                    "the network interface eni-0abc is not part of the workload",
		"InstanceType: m5.large, HostId: h-0abc, Tenancy: host":                                                              "the dedicated host h-0abc is not part of the workload",
		"InstanceType: m5.large, BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {VolumeSize: 9, SnapshotId: snap-0abc}}]": "begins with the content of snapshot snap-0abc",
		"InstanceType: !Ref Gone": "is not known; a size with 2 vCPU and 8 GiB is taken",
	} {
		d := made(t, "\nParameters: {Gone: {Type: String}}\n"+sweptNet+"  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: web, LaunchTemplateData: {InstanceType: m5.large}}}\n  One: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, "+properties+"}}\n")
		one := designtest.Decision(t, d, "One")
		says(t, one, todo)
		if strings.Contains(todo, "a size with") && !strings.Contains(one.Why, "whose type is not known and was taken as one with 2 vCPU") {
			t.Errorf("%s: %s", properties, one.Why)
		}
		if strings.Contains(todo, "a size with") && (one.Confidence != 0.3 || !strings.Contains(strings.Join(designtest.GapIDs(one), " "), "ec2.size-unknown")) {
			t.Errorf("%s: the guess is no gap: %v %v", properties, one.Confidence, designtest.GapIDs(one))
		}
	}
}

// A network interface has 256 addresses at most.
func TestSecondaryAddresses(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1, 2: 3, 255: 256, 300: 256} {
		d := made(t, sweptNet+fmt.Sprintf("  One: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, NetworkInterfaces: [{DeviceIndex: \"0\", SubnetId: !Ref A, SecondaryPrivateIpAddressCount: %d}]}}\n", n))
		list := design.Maps(design.At(designtest.One(t, d, "Microsoft.Network/networkInterfaces").Body, "properties.ipConfigurations"))
		names := map[string]bool{}
		for _, c := range list {
			names[design.Text(c, "name")] = true
		}
		if len(list) != want || len(names) != want {
			t.Errorf("%d more: %d configurations with %d names, want %d", n, len(list), len(names), want)
		}
	}
}

// Requirements choose a size with at least so much, and what else they ask for
// is said.
func TestRequirementsInsteadOfAType(t *testing.T) {
	t.Parallel()
	d := made(t, sweptNet+`
  Template: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateName: web, LaunchTemplateData: {InstanceRequirements: {VCpuCount: {Min: 8}, MemoryMiB: {Min: 16384}, AcceleratorCount: {Min: 1}, CpuManufacturers: [amd]}}}}
  One: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: "1"}}}
`)
	one := designtest.Decision(t, d, "One")
	says(t, one, "InstanceRequirements.AcceleratorCount")
	says(t, one, "InstanceRequirements.CpuManufacturers")
	size := design.Text(designtest.One(t, d, "Microsoft.Compute/virtualMachines").Body, "properties.hardwareProfile.vmSize")
	if !strings.Contains(size, "8") {
		t.Errorf("8 vCPU become %s", size)
	}
}
