package compute_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

const shopFront = `
Resources:
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: a}]}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: vpc-1, Tags: [{Key: Name, Value: front}]}}
  Main: {Type: AWS::CertificateManager::Certificate, Properties: {DomainName: shop.example}}
  Other: {Type: AWS::CertificateManager::Certificate, Properties: {DomainName: "*.other.example", SubjectAlternativeNames: [other.example]}}
  Store: {Type: AWS::ElasticLoadBalancingV2::TrustStore, Properties: {Name: partners, CaCertificatesBundleS3Bucket: certs, CaCertificatesBundleS3Key: ca.pem}}
  Front:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Name: front
      Scheme: internal
      Subnets: [!Ref A]
      SecurityGroups: [!GetAtt Group.GroupId]
      LoadBalancerAttributes: [{Key: idle_timeout.timeout_seconds, Value: "120"}, {Key: routing.http2.enabled, Value: "false"}, {Key: routing.http.desync_mitigation_mode, Value: strictest}, {Key: deletion_protection.enabled, Value: "true"}]
  One: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, SubnetId: !Ref A, SecurityGroupIds: [!GetAtt Group.GroupId], Tags: [{Key: Name, Value: one}]}}
  Web:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Name: web
      Port: 8443
      Protocol: HTTPS
      VpcId: vpc-1
      Targets: [{Id: !Ref One}]
      HealthCheckPath: /up
      HealthCheckPort: "9000"
      HealthCheckIntervalSeconds: 10
      HealthCheckTimeoutSeconds: 4
      UnhealthyThresholdCount: 4
      Matcher: {HttpCode: "200,204-299"}
      TargetGroupAttributes: [{Key: slow_start.duration_seconds, Value: "30"}, {Key: load_balancing.algorithm.type, Value: least_outstanding_requests}, {Key: stickiness.enabled, Value: "true"}, {Key: stickiness.type, Value: app_cookie}, {Key: stickiness.app_cookie.cookie_name, Value: SID}, {Key: deregistration_delay.timeout_seconds, Value: "0"}]
  Legacy: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: legacy, Port: 80, Protocol: HTTP, VpcId: vpc-1, TargetType: ip, Targets: [{Id: 10.0.9.9}], ProtocolVersion: GRPC}}
  Unused: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: unused, Port: 80, Protocol: HTTP, VpcId: vpc-1}}
  Secure:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Front
      Port: 443
      Protocol: HTTPS
      SslPolicy: ELBSecurityPolicy-TLS-1-0-2015-04
      Certificates: [{CertificateArn: !Ref Main}]
      MutualAuthentication: {Mode: verify, TrustStoreArn: !Ref Store}
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Web}]
  More: {Type: AWS::ElasticLoadBalancingV2::ListenerCertificate, Properties: {ListenerArn: !Ref Secure, Certificates: [{CertificateArn: !Ref Other}]}}
  Plain: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 8080, Protocol: HTTP, DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]}}
  ByHost: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 5, Conditions: [{Field: host-header, HostHeaderConfig: {Values: [api.other.example, "*.partner.example"]}}], Actions: [{Type: forward, TargetGroupArn: !Ref Legacy}]}}
  ByPath: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 10, Conditions: [{Field: path-pattern, Values: [/a/*, "*.php", /b]}], Actions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Web, Weight: 1}, {TargetGroupArn: !Ref Legacy, Weight: 9}]}}]}}
  ByMethod: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 20, Conditions: [{Field: http-request-method, HttpRequestMethodConfig: {Values: [POST]}}, {Field: path-pattern, Values: [/only-post]}], Actions: [{Type: forward, TargetGroupArn: !Ref Web}]}}
  Login: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 30, Conditions: [{Field: path-pattern, Values: [/private/*]}], Actions: [{Type: authenticate-oidc, Order: 1, AuthenticateOidcConfig: {Issuer: x}}, {Type: forward, Order: 2, TargetGroupArn: !Ref Web}]}}
  Away: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Secure, Priority: 40, Conditions: [{Field: path-pattern, Values: [/old]}], Actions: [{Type: redirect, RedirectConfig: {Host: www.shop.example, Path: /new, StatusCode: HTTP_302}}]}}
`

// parts returns the members of a list of a gateway by name.
func parts(r design.Resource, list string) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, m := range design.Maps(design.At(r.Body, "properties."+list)) {
		out[design.Text(m, "name")], _ = m["properties"].(map[string]any)
	}
	return out
}

func TestABalancerBecomesAGateway(t *testing.T) {
	t.Parallel()
	d := from(t, shopFront)
	designtest.Check(t, d)
	gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
	at(t, gateway, map[string]string{"properties.sku.name": "Standard_v2", "properties.enableHttp2": "false", "properties.frontendIPConfigurations.name": "private", "properties.frontendIPConfigurations.properties.privateIPAddress": "10.0.255.254", "identity.type": "UserAssigned"})
	if len(designtest.Resources(d, "Microsoft.Network/publicIPAddresses")) != 0 {
		t.Error("an internal balancer has a public address")
	}
	probe, settings := parts(gateway, "probes")["web"], parts(gateway, "backendHttpSettingsCollection")["web"]
	for path, want := range map[string]string{"path": "/up", "port": "9000", "interval": "10", "timeout": "4", "unhealthyThreshold": "4", "protocol": "Https"} {
		if got := design.Text(probe, path); got != want {
			t.Errorf("probe %s is %q, want %q", path, got, want)
		}
	}
	if codes := design.Texts(design.At(probe, "match.statusCodes")); strings.Join(codes, " ") != "200 204-299" {
		t.Errorf("codes %v", codes)
	}
	for path, want := range map[string]string{"port": "8443", "protocol": "Https", "cookieBasedAffinity": "Enabled", "requestTimeout": "120", "connectionDraining": ""} {
		if got := design.Text(settings, path); got != want {
			t.Errorf("settings %s is %q, want %q", path, got, want)
		}
	}
	nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	if pool := design.Text(nic.Body, "properties.ipConfigurations.properties.applicationGatewayBackendAddressPools.id"); !strings.HasSuffix(pool, "/backendAddressPools/web") {
		t.Errorf("the machine is in pool %q", pool)
	}
	if address := design.Text(parts(gateway, "backendAddressPools")["legacy"], "backendAddresses.ipAddress"); address != "10.0.9.9" {
		t.Errorf("address %q", address)
	}
	has(t, designtest.Decision(t, d, "Front"), "alb.slow-start", "alb.algorithm", "alb.app-cookie", "alb.grpc", "alb.tls-policy", "alb.mutual-tls", "alb.path-pattern", "alb.weights", "alb.condition", "alb.authenticate", "alb.fixed-response", "alb.attribute", "alb.private", "alb.headers", "alb.backend-tls", "ec2.termination-protection")
	for name, action := range map[string]design.Action{"Unused": design.Retire, "Store": design.Replace, "More": design.Replace, "Web": design.Replace, "ByHost": design.Replace} {
		if one := designtest.Decision(t, d, name); one.Action != action {
			t.Errorf("%s: %+v", name, one)
		}
	}
}

// What the gateway cannot do must not open a way that was closed.
func TestRoutesFailClosed(t *testing.T) {
	t.Parallel()
	gateway := designtest.One(t, from(t, shopFront), "Microsoft.Network/applicationGateways")
	listeners, maps := parts(gateway, "httpListeners"), parts(gateway, "urlPathMaps")
	var hosts []string
	for _, name := range []string{"https-443-1", "https-443-2", "https-443-3", "https-443-4"} {
		if l := listeners[name]; l != nil {
			hosts = append(hosts, strings.Join(design.Texts(l["hostNames"]), ","))
		}
	}
	if strings.Join(hosts, " ") != "api.other.example other.example *.other.example *.partner.example" {
		t.Errorf("hosts %v", hosts)
	}
	if cert := design.Text(listeners["https-443-1"], "sslCertificate.id"); !strings.HasSuffix(cert, "/sslCertificates/other-example") {
		t.Errorf("api.other.example is shown %s", cert)
	}
	if cert := design.Text(listeners["https-443"], "sslCertificate.id"); !strings.HasSuffix(cert, "/sslCertificates/shop-example") {
		t.Errorf("everybody else is shown %s", cert)
	}
	leads := map[string]string{}
	for _, r := range design.Maps(maps["https-443"]["pathRules"]) {
		for _, p := range design.Texts(design.At(r, "properties.paths")) {
			to := design.Text(r, "properties.backendAddressPool.id") + design.Text(r, "properties.redirectConfiguration.id")
			leads[p] = to[strings.LastIndexByte(to, '/')+1:]
		}
	}
	want := map[string]string{"/a/*": "legacy", "/b": "legacy", "/private/*": "nobody", "/old": "https-443-40"}
	for p, pool := range want {
		if leads[p] != pool {
			t.Errorf("%s leads to %q, want %q", p, leads[p], pool)
		}
	}
	if len(leads) != len(want) {
		t.Errorf("routes %v: what asks for a method must be left out", leads)
	}
	if pool := design.Maps(design.At(gateway.Body, "properties.requestRoutingRules")); design.Text(pool[len(pool)-1], "properties.backendAddressPool.id") == "" || !strings.HasSuffix(design.Text(pool[len(pool)-1], "properties.backendAddressPool.id"), "/nobody") {
		t.Error("the fixed response of port 8080 leads somewhere")
	}
	if url := design.Text(parts(gateway, "redirectConfigurations")["https-443-40"], "targetUrl"); url != "https://www.shop.example/new" {
		t.Errorf("redirect to %q", url)
	}
	var priorities []int
	for _, r := range design.Maps(design.At(gateway.Body, "properties.requestRoutingRules")) {
		priorities = append(priorities, design.Int(r, "properties.priority", 0))
	}
	if !slices.IsSorted(priorities) || len(slices.Compact(slices.Clone(priorities))) != len(priorities) {
		t.Errorf("priorities %v", priorities)
	}
}

func TestTheWebACLIsAttachedInAnyOrder(t *testing.T) {
	t.Parallel()
	const template = `
Resources:
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Subnets: [subnet-1]}}
  L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 80, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref T}]}}
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 80, Protocol: HTTP, VpcId: vpc-1}}
  ACL: {Type: AWS::WAFv2::WebACL, Properties: {Name: acl, Scope: REGIONAL, DefaultAction: {Allow: {}}, VisibilityConfig: {CloudWatchMetricsEnabled: true, MetricName: x, SampledRequestsEnabled: true}}}
  On: {Type: AWS::WAFv2::WebACLAssociation, Properties: {WebACLArn: !GetAtt ACL.Arn, ResourceArn: !Ref Front}}
`
	all := designtest.FromTemplate(t, template)
	without := slices.DeleteFunc(slices.Clone(all), func(r inventory.Resource) bool { return r.LogicalID == "On" })
	for _, resources := range [][]inventory.Resource{all, without} {
		d := designtest.Make(t, families(), resources...)
		designtest.Check(t, d)
		gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
		at(t, gateway, map[string]string{"properties.sku.tier": "WAF_v2"})
		if !strings.HasSuffix(design.Text(gateway.Body, "properties.firewallPolicy.id"), "/waf-acl") {
			t.Errorf("policy %q", design.Text(gateway.Body, "properties.firewallPolicy.id"))
		}
		has(t, designtest.Decision(t, d, "Front"), "elb.no-targets")
	}
}

func TestANetworkBalancerPassesConnections(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: a}]}}
  One: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, SubnetId: !Ref A, Tags: [{Key: Name, Value: one}]}}
  Net: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: net, Type: network, Scheme: internet-facing, Subnets: [!Ref A], SecurityGroups: [sg-1]}}
  Tcp: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Net, Port: 5432, Protocol: TCP_UDP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref T}], ListenerAttributes: [{Key: tcp.idle_timeout.seconds, Value: "900"}]}}
  Tls: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Net, Port: 443, Protocol: TLS, Certificates: [{CertificateArn: arn:x}], DefaultActions: [{Type: forward, TargetGroupArn: !Ref U}]}}
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 5432, Protocol: TCP_UDP, VpcId: vpc-1, Targets: [{Id: !Ref One}], HealthCheckProtocol: HTTP, HealthCheckPath: /up, HealthCheckPort: "80", TargetGroupAttributes: [{Key: stickiness.enabled, Value: "true"}, {Key: proxy_protocol_v2.enabled, Value: "true"}]}}
  U: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: u, Port: 8443, Protocol: TLS, VpcId: vpc-1, TargetType: ip, Targets: [{Id: 10.0.1.50}]}}
`)
	designtest.Check(t, d)
	lb := designtest.One(t, d, "Microsoft.Network/loadBalancers")
	rules := parts(lb, "loadBalancingRules")
	if len(rules) != 3 || design.Text(rules["tcp-5432"], "idleTimeoutInMinutes") != "15" || design.Text(rules["tcp-443"], "idleTimeoutInMinutes") != "6" || design.Text(rules["udp-5432"], "idleTimeoutInMinutes") != "" || design.Text(rules["tcp-5432"], "loadDistribution") != "SourceIP" {
		t.Errorf("rules %v", rules)
	}
	if probe := parts(lb, "probes")["t"]; design.Text(probe, "protocol") != "Http" || design.Text(probe, "port") != "80" || design.Text(probe, "requestPath") != "/up" {
		t.Errorf("probe %v", probe)
	}
	if address := design.Text(parts(lb, "backendAddressPools")["u"], "loadBalancerBackendAddresses.properties.ipAddress"); address != "10.0.1.50" {
		t.Errorf("address %q", address)
	}
	nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	if design.At(nic.Body, "properties.ipConfigurations.properties.loadBalancerBackendAddressPools.id") == nil {
		t.Error("the machine is in no pool")
	}
	has(t, designtest.Decision(t, d, "Net"), "nlb.tls", "nlb.proxy-protocol", "nlb.client-address", "nlb.idle-timeout", "nlb.cross-zone", "nlb.security-groups", "nlb.matcher")
	if one := designtest.Decision(t, d, "Net"); one.Cost == nil {
		t.Error("no price")
	}
}

func TestClassicBalancersBecomeWhatFits(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  One: {Type: AWS::EC2::Instance, Properties: {InstanceType: m5.large, SubnetId: subnet-1, Tags: [{Key: Name, Value: one}]}}
  Web:
    Type: AWS::ElasticLoadBalancing::LoadBalancer
    Properties:
      Subnets: [subnet-1]
      Instances: [!Ref One]
      Listeners: [{LoadBalancerPort: "80", InstancePort: "8080", Protocol: HTTP}, {LoadBalancerPort: "443", InstancePort: "8080", Protocol: HTTPS, InstanceProtocol: HTTP, SSLCertificateId: "arn:aws:iam::1:server-certificate/x", PolicyNames: [sticky]}, {LoadBalancerPort: "25", InstancePort: "25", Protocol: TCP}]
      LBCookieStickinessPolicy: [{PolicyName: sticky, CookieExpirationPeriod: "60"}]
      HealthCheck: {Target: "HTTP:8080/up", Interval: "30", Timeout: "5", HealthyThreshold: "2", UnhealthyThreshold: "3"}
      ConnectionDrainingPolicy: {Enabled: true, Timeout: 60}
      AccessLoggingPolicy: {Enabled: true, S3BucketName: logs, EmitInterval: 5}
  Mail:
    Type: AWS::ElasticLoadBalancing::LoadBalancer
    Properties:
      Scheme: internal
      Subnets: [subnet-1]
      Instances: [!Ref One]
      Listeners: [{LoadBalancerPort: "25", InstancePort: "2525", Protocol: TCP}, {LoadBalancerPort: "465", InstancePort: "2525", Protocol: SSL}]
      HealthCheck: {Target: "TCP:2525", Interval: "10", Timeout: "5", HealthyThreshold: "2", UnhealthyThreshold: "3"}
`)
	designtest.Check(t, d)
	gateway := designtest.One(t, d, "Microsoft.Network/applicationGateways")
	if probe := parts(gateway, "probes")["Web-8080"]; design.Text(probe, "path") != "/up" {
		t.Errorf("probe %v", probe)
	}
	if len(parts(gateway, "httpListeners")) != 2 {
		t.Error("listeners")
	}
	has(t, designtest.Decision(t, d, "Web"), "elb.mixed", "alb.access-logs")
	lb := designtest.One(t, d, "Microsoft.Network/loadBalancers")
	if rules := parts(lb, "loadBalancingRules"); len(rules) != 2 || design.Text(rules["tcp-25"], "backendPort") != "2525" {
		t.Errorf("rules %v", rules)
	}
	nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	if design.At(nic.Body, "properties.ipConfigurations.properties.loadBalancerBackendAddressPools.id") == nil || design.At(nic.Body, "properties.ipConfigurations.properties.applicationGatewayBackendAddressPools.id") == nil {
		t.Error("the machine is not in both pools")
	}
}

func TestGatewayBalancersAreForPeople(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  G: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: g, Type: gateway, Subnets: [subnet-1]}}
  L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref G, DefaultActions: [{Type: forward, TargetGroupArn: !Ref T}]}}
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 6081, Protocol: GENEVE, VpcId: vpc-1}}
`)
	designtest.Check(t, d)
	has(t, designtest.Decision(t, d, "G"), "gwlb.geneve")
	for _, name := range []string{"G", "L"} {
		if one := designtest.Decision(t, d, name); one.Action != design.Manual {
			t.Errorf("%+v", one)
		}
	}
}

func TestBatchBecomesPools(t *testing.T) {
	t.Parallel()
	d := from(t, `
Resources:
  Env: {Type: AWS::Batch::ComputeEnvironment, Properties: {ComputeEnvironmentName: env, Type: MANAGED, ComputeResources: {Type: SPOT, MinvCpus: 0, MaxvCpus: 64, InstanceTypes: [c5], Subnets: [subnet-1], SecurityGroupIds: [sg-1], InstanceRole: arn:x, PlacementGroup: p}}}
  Own: {Type: AWS::Batch::ComputeEnvironment, Properties: {Type: UNMANAGED}}
  Queue: {Type: AWS::Batch::JobQueue, Properties: {Priority: 10, SchedulingPolicyArn: arn:y, ComputeEnvironmentOrder: [{Order: 1, ComputeEnvironment: !Ref Env}]}}
  Job: {Type: AWS::Batch::JobDefinition, Properties: {Type: container, ContainerProperties: {Image: "app:1", Command: [run]}, RetryStrategy: {Attempts: 3}, Timeout: {AttemptDurationSeconds: 600}}}
`)
	designtest.Check(t, d)
	pool := designtest.One(t, d, "Microsoft.Batch/batchAccounts/pools")
	if formula := design.Text(pool.Body, "properties.scaleSettings.autoScale.formula"); !strings.Contains(formula, "$TargetLowPriorityNodes = min(16") {
		t.Errorf("formula %s", formula)
	}
	has(t, designtest.Decision(t, d, "Env"), "batch.model", "ec2.spot")
	has(t, designtest.Decision(t, d, "Queue"), "batch.queue", "batch.fair-share")
	for name, action := range map[string]design.Action{"Env": design.Migrate, "Own": design.Manual, "Queue": design.Replace, "Job": design.Manual} {
		if one := designtest.Decision(t, d, name); one.Action != action {
			t.Errorf("%s: %+v", name, one)
		}
	}
	if todo := strings.Join(designtest.Decision(t, d, "Env").ToDo, "\n"); !strings.Contains(todo, "PlacementGroup") {
		t.Errorf("what has no counterpart is not named: %s", todo)
	}
}
