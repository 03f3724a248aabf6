package compute

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	agw "github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/applicationgateways"
)

// sslPolicy returns the predefined policy that is most like a security policy
// of Elastic Load Balancing. Since 2025-08-31 a gateway speaks TLS 1.2 and 1.3
// only (Microsoft Learn, "Application Gateway TLS policy overview"); the S
// policies take ciphers with forward secrecy alone.
func sslPolicy(name string) (policy agw.ApplicationGatewaySslPolicy, same bool) {
	n := strings.ToLower(name)
	switch {
	case strings.Contains(n, "tls13-1-3"):
		return agw.ApplicationGatewaySslPolicy{PolicyType: new(agw.ApplicationGatewaySslPolicyTypeCustomVTwo), MinProtocolVersion: new(agw.ApplicationGatewaySslProtocolTLSvOneThree)}, true
	case strings.Contains(n, "res") && strings.Contains(n, "1-2"), strings.Contains(n, "fs-1-2-res"), strings.Contains(n, "pq"):
		return predefined(agw.ApplicationGatewaySslPolicyNameAppGwSslPolicyTwoZeroTwoTwoZeroOneZeroOneS), true
	case strings.Contains(n, "tls13-1-2"), strings.Contains(n, "tls-1-2"), strings.Contains(n, "fs-1-2"):
		return predefined(agw.ApplicationGatewaySslPolicyNameAppGwSslPolicyTwoZeroTwoTwoZeroOneZeroOne), true
	}
	return predefined(agw.ApplicationGatewaySslPolicyNameAppGwSslPolicyTwoZeroTwoTwoZeroOneZeroOne), false
}

func predefined(name agw.ApplicationGatewaySslPolicyName) agw.ApplicationGatewaySslPolicy {
	return agw.ApplicationGatewaySslPolicy{PolicyType: new(agw.ApplicationGatewaySslPolicyTypePredefined), PolicyName: new(name)}
}

// defaultPolicy is what a listener has without one (Elastic Load Balancing User
// Guide, "Security policies for your Application Load Balancer").
const defaultPolicy = "ELBSecurityPolicy-2016-08"

// secure writes the TLS policy and the verification of clients of a listener:
// the first HTTPS listener gives the gateway's policy, the others a profile of
// their own where they differ.
func (g *gateway) secure(fr front) {
	if fr.protocol != "HTTPS" {
		return
	}
	name := cmp.Or(fr.policy, defaultPolicy)
	policy, same := sslPolicy(name)
	if !same {
		g.Gap("alb.tls-policy", "port "+strconv.Itoa(fr.port)+": SslPolicy="+name)
	}
	if g.p.SslPolicy == nil {
		g.p.SslPolicy = &policy
	}
	profile := g.profileName(fr)
	if profile == "" {
		return
	}
	p := agw.ApplicationGatewaySslProfilePropertiesFormat{SslPolicy: &policy}
	g.verify(fr, profile, &p)
	if g.p.SslProfiles == nil {
		g.p.SslProfiles = &[]agw.ApplicationGatewaySslProfile{}
	}
	*g.p.SslProfiles = append(*g.p.SslProfiles, agw.ApplicationGatewaySslProfile{Name: new(profile), Properties: &p})
}

// profileName is the name of a listener's profile, "" when the gateway's own
// settings do.
func (g *gateway) profileName(fr front) string {
	if fr.protocol != "HTTPS" {
		return ""
	}
	first := slices.IndexFunc(g.fronts, func(f front) bool { return f.protocol == "HTTPS" })
	verifies := fr.verify == "verify" || fr.verify == "passthrough"
	if !verifies && cmp.Or(g.fronts[first].policy, defaultPolicy) == cmp.Or(fr.policy, defaultPolicy) {
		return ""
	}
	return part("https", strconv.Itoa(fr.port))
}

// verify writes mutual TLS: the gateway needs the certificates themselves,
// where ALB has a trust store in S3.
func (g *gateway) verify(fr front, name string, p *agw.ApplicationGatewaySslProfilePropertiesFormat) {
	switch fr.verify {
	case "verify":
		title := name
		if fr.trust != nil {
			title = fr.trust.Name
		}
		certificate := part(title)
		if g.p.TrustedClientCertificates == nil {
			g.p.TrustedClientCertificates = &[]agw.ApplicationGatewayTrustedClientCertificate{}
		}
		if !slices.ContainsFunc(*g.p.TrustedClientCertificates, func(c agw.ApplicationGatewayTrustedClientCertificate) bool { return *c.Name == certificate }) {
			*g.p.TrustedClientCertificates = append(*g.p.TrustedClientCertificates, agw.ApplicationGatewayTrustedClientCertificate{Name: new(certificate), Properties: &agw.ApplicationGatewayTrustedClientCertificatePropertiesFormat{
				Data: new(g.f.parameter(g.C, design.Parameter{Name: common.ParameterName("trustedClients", title), Description: "Chain of the certificates that clients are trusted by (" + title + "), base64"})),
			}})
		}
		p.TrustedClientCertificates = &[]agw.SubResource{*g.sub("trustedClientCertificates", certificate)}
		p.ClientAuthConfiguration = &agw.ApplicationGatewayClientAuthConfiguration{VerifyClientAuthMode: new(agw.ApplicationGatewayClientAuthVerificationModesStrict), VerifyClientCertIssuerDN: new(false)}
		g.Gap("alb.mutual-tls", "port "+strconv.Itoa(fr.port)+": MutualAuthentication.Mode=verify")
		mutual := fr.from.Properties["MutualAuthentication"]
		g.Rest("port "+strconv.Itoa(fr.port)+" MutualAuthentication", mutual, "AdvertiseTrustStoreCaNames", "IgnoreClientCertificateExpiry")
		if fr.trust == nil {
			g.Do("the trust store %s of port %d is not part of the workload: give the deployment its certificates", common.Shown(design.At(mutual, "TrustStoreArn")), fr.port)
		}
	case "passthrough":
		p.ClientAuthConfiguration = &agw.ApplicationGatewayClientAuthConfiguration{VerifyClientAuthMode: new(agw.ApplicationGatewayClientAuthVerificationModesPassthrough)}
		g.Gap("alb.mutual-tls", "port "+strconv.Itoa(fr.port)+": MutualAuthentication.Mode=passthrough")
	}
}

// applicationGaps names what an application load balancer has and a gateway
// has not.
func (b *balancer) applicationGaps() {
	b.Gap("alb.headers", "DNSName="+cmp.Or(b.Text("DNSName"), b.R.Name))
	b.Gap("alb.idle-timeout", "idle_timeout.timeout_seconds="+strconv.Itoa(b.idle))
	same := map[string][]string{
		"access_logs.s3.enabled": nil, "access_logs.s3.bucket": nil, "access_logs.s3.prefix": nil, "idle_timeout.timeout_seconds": nil, "routing.http2.enabled": nil, "load_balancing.cross_zone.enabled": nil,
		"routing.http.desync_mitigation_mode": {"defensive"}, "routing.http.drop_invalid_header_fields.enabled": {"false"}, "routing.http.preserve_host_header.enabled": {"true", "false"},
		"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": {"false"}, "routing.http.xff_client_port.enabled": {"true", "false"}, "routing.http.xff_header_processing.mode": {"append"},
		"waf.fail_open.enabled": {"false"}, "zonal_shift.config.enabled": {"false"}, "client_keep_alive.seconds": {"3600"}, "connection_logs.s3.enabled": {"false"}, "connection_logs.s3.bucket": nil, "connection_logs.s3.prefix": nil,
		"health_check_logs.s3.enabled": {"false"}, "health_check_logs.s3.bucket": nil, "health_check_logs.s3.prefix": nil, "ipv6.deny_all_igw_traffic": {"false"},
	}
	for _, key := range slices.Sorted(mapsKeys(b.attributes)) {
		value := b.attributes[key]
		fine, known := same[key]
		switch {
		case key == "deletion_protection.enabled":
			if value == "true" {
				b.Gap("ec2.termination-protection", key+"="+value)
			}
		case known && (fine == nil || slices.Contains(fine, value)), value == "":
		default:
			b.Gap("alb.attribute", key+"="+value)
		}
	}
	b.ipv6()
	if len(b.groups) > 0 {
		b.Do("the security groups of %s guard the gateway's subnet at the target: an application gateway has no interface of its own to guard", b.r.Name)
	}
	for _, fr := range b.fronts {
		for key, value := range keys(fr.from.Properties["ListenerAttributes"]) {
			if key != "tcp.idle_timeout.seconds" && value != "" && value != "false" && !(key == "routing.http.response.server.enabled" && value == "true") {
				b.Gap("alb.attribute", "port "+strconv.Itoa(fr.port)+": "+key+"="+value)
			}
		}
	}
}

// poolGaps names what a target group has and a pool has not.
func (b *balancer) poolGaps(p *pool) {
	at := "target group " + p.from.Name + ": "
	switch p.version {
	case "GRPC":
		b.Gap("alb.grpc", at+"ProtocolVersion=GRPC")
	case "HTTP2":
		b.Gap("alb.http2", at+"ProtocolVersion=HTTP2")
	}
	if kind := p.attributes["load_balancing.algorithm.type"]; kind != "" && kind != "round_robin" {
		b.Gap("alb.algorithm", at+"load_balancing.algorithm.type="+kind)
	}
	if seconds := p.attributes["slow_start.duration_seconds"]; seconds != "" && seconds != "0" {
		b.Gap("alb.slow-start", at+"slow_start.duration_seconds="+seconds)
	}
	if p.kind == "lambda" {
		b.Gap("alb.lambda", at+"TargetType=lambda")
	}
	for _, key := range slices.Sorted(mapsKeys(p.attributes)) {
		value := p.attributes[key]
		switch {
		case value == "" || value == "false" || value == "0" || value == "off" || value == "use_load_balancer_configuration":
		case strings.HasPrefix(key, "deregistration_delay.timeout"), strings.HasPrefix(key, "stickiness."), strings.HasPrefix(key, "load_balancing.algorithm.type"), strings.HasPrefix(key, "slow_start"), key == "preserve_client_ip.enabled", key == "proxy_protocol_v2.enabled":
		case strings.HasSuffix(key, ".count") && value == "1", strings.HasSuffix(key, ".percentage") && value == "off":
		default:
			b.Gap("elb.target-attribute", at+key+"="+value)
		}
	}
}
