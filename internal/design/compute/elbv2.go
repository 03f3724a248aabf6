package compute

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func (f *family) elbv2Rules() []design.Rule {
	const alb = "Microsoft Learn, Migrate from Amazon Web Services Application Load Balancer to Azure Application Gateway"
	const nlb = "Microsoft Learn, Migrate from Amazon Web Services Network Load Balancer to Azure Load Balancer"
	return []design.Rule{
		rule(design.Rule{Name: "elbv2/loadbalancer", Kinds: []cloud.Kind{balancerKind}, Stage: design.Edge, Source: alb, Targets: []cloud.Kind{gatewayKind, lbKind, publicKind, identityKind}}, f.balancer),
		rule(design.Rule{Name: "elbv2/listener", Kinds: []cloud.Kind{listenerKind}, Stage: design.Edge, Source: alb}, f.partOf("LoadBalancerArn", balancerKind, "the listener")),
		rule(design.Rule{Name: "elbv2/listenerrule", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::ListenerRule"}, Stage: design.Edge, Source: alb}, f.listenerRule),
		rule(design.Rule{Name: "elbv2/listenercertificate", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::ListenerCertificate"}, Stage: design.Edge, Source: alb}, f.partOf("ListenerArn", listenerKind, "the further certificate")),
		rule(design.Rule{Name: "elbv2/targetgroup", Kinds: []cloud.Kind{targetsKind}, Stage: design.Edge, Source: nlb}, f.targetGroup),
		rule(design.Rule{Name: "elbv2/truststore", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::TrustStore"}, Stage: design.Edge, Source: alb}, f.trustStore),
		rule(design.Rule{Name: "elbv2/truststorerevocation", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::TrustStoreRevocation"}, Stage: design.Edge, Source: alb}, revocation),
	}
}

// balancer decides a load balancer by its type.
func (f *family) balancer(c *design.Context, r *inventory.Resource) design.Decision {
	b := f.readELBv2(c, r)
	if owner := kubernetesOwner(r.Tags); owner != "" {
		b.Do("%s made this balancer and will make its own at the target: check which of the two is wanted", owner)
	}
	switch strings.ToLower(b.Text("Type")) {
	case "network":
		b.networkGaps()
		return b.asLoadBalancer()
	case "gateway":
		b.Decide(design.Manual, common.Redesign, "a Gateway Load Balancer stands in front of appliances; Azure's speaks VXLAN where AWS speaks GENEVE, so the appliances come anew from their maker")
		b.Gap("gwlb.geneve", "Type=gateway")
		b.Do("deploy the maker's Azure edition of the appliances behind an Azure Load Balancer of SKU Gateway, and chain it to the front end of what it inspects")
		b.Not("Azure Firewall", "it inspects without appliances, but its rules are not those of the present product")
		b.Not(string(lbKind)+" (SKU Gateway)", "it needs appliances that end VXLAN tunnels, which those of AWS do not")
		b.EffortDays = 5
		return b.Done()
	}
	return b.asGateway()
}

// kubernetesOwner names the controller that made a balancer for a cluster.
func kubernetesOwner(tags cloud.Tags) string {
	for _, key := range []string{"elbv2.k8s.aws/cluster", "ingress.k8s.aws/stack", "service.k8s.aws/stack", "kubernetes.io/service-name"} {
		if v, ok := tags[key]; ok {
			return "the Kubernetes controller (" + key + "=" + v + ")"
		}
	}
	return ""
}

// partOf decides what a balancer's rule has read: it stands inside the
// gateway.
func (f *family) partOf(property string, kind cloud.Kind, what string) func(c *design.Context, r *inventory.Resource) design.Decision {
	return func(c *design.Context, r *inventory.Resource) design.Decision {
		s := common.Open(c, r).Knows("Certificates", "DefaultActions", "ListenerArn", "ListenerAttributes", "LoadBalancerArn", "MutualAuthentication", "Port", "Protocol", "SslPolicy")
		parent, ok := c.Find(r, r.Properties[property], kind)
		if ok && len(frontTargets(c, parent)) > 0 {
			c.Attach(r, frontTargets(c, parent)...)
			s.Decide(design.Replace, common.LikeForLike, "%s stands inside %s", what, common.LastName(frontTargets(c, parent)[0]))
			return s.Done()
		}
		if ok && c.Shared(parent) {
			s.Decide(design.Retain, common.NamedGaps, "%s belongs to %s, which stays where it is", what, parent.Name)
			return s.Done()
		}
		s.Decide(design.Manual, common.Guess, "%s belongs to a load balancer without a counterpart in this design", what)
		s.Do("decide with the owner of %s what becomes of %s", common.Shown(r.Properties[property]), r.Name)
		return s.Done()
	}
}

// frontTargets are the gateways and balancers that stand for a resource.
func frontTargets(c *design.Context, r *inventory.Resource) []cloud.ResourceID {
	var out []cloud.ResourceID
	for _, kind := range []cloud.Kind{gatewayKind, lbKind} {
		if id, ok := c.TargetOf(r, kind); ok {
			out = append(out, id)
		}
	}
	return out
}

// listenerRule decides a rule; what of it has no counterpart is named with the
// balancer, and here.
func (f *family) listenerRule(c *design.Context, r *inventory.Resource) design.Decision {
	d := f.partOf("ListenerArn", listenerKind, "the rule")(c, r)
	s := &common.Sheet{Decision: d, C: c, R: r}
	s.ToDo = nil
	known := map[string]bool{"Actions": true, "Conditions": true, "IsDefault": true, "ListenerArn": true, "Priority": true, "RuleArn": true, "Tags": true, "Transforms": true}
	for name := range r.Properties {
		if !known[name] {
			s.Do("look at what no rule reads: %s", name)
		}
	}
	if d.Action == design.Manual {
		return d
	}
	rt := readRoute(r)
	if len(rt.other) > 0 {
		s.Gap("alb.condition", "Conditions="+strings.Join(rt.other, ","))
		s.Confidence = common.Redesign
	}
	for _, a := range rt.actions {
		if id := actionGap(design.Text(a, "Type")); id != "" {
			s.Gap(id, "Actions.Type="+design.Text(a, "Type"))
			s.Confidence = common.Redesign
		}
	}
	return s.Decision
}

// actionGap names the gap of an action that a gateway does not have.
func actionGap(kind string) string {
	switch {
	case kind == "fixed-response":
		return "alb.fixed-response"
	case strings.HasPrefix(kind, "authenticate"), kind == "jwt-validation":
		return "alb.authenticate"
	}
	return ""
}

func (f *family) targetGroup(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r)
	s.Knows("HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "IpAddressType", "LoadBalancerArns", "Matcher", "Port", "Protocol", "ProtocolVersion",
		"TargetControlPort", "TargetGroupArn", "TargetGroupAttributes", "TargetGroupFullName", "TargetGroupName", "TargetType", "Targets", "UnhealthyThresholdCount", "VpcId")
	if fronts := frontTargets(c, r); len(fronts) > 0 {
		s.Decide(design.Replace, common.LikeForLike, "its targets, port and health check are the pool, settings and probe %q of %s", f.poolName(r), common.LastName(fronts[0]))
		return s.Done()
	}
	for _, listener := range c.OfKind(listenerKind) {
		if parent, ok := c.Find(listener, listener.Properties["LoadBalancerArn"], balancerKind); ok && c.Shared(parent) {
			s.Decide(design.Retain, common.NamedGaps, "the balancer that forwards to it is shared and stays where it is")
			return s.Done()
		}
	}
	if strings.EqualFold(s.Text("Protocol"), "GENEVE") {
		s.Decide(design.Replace, common.Redesign, "its targets are appliances, which come anew from their maker")
		return s.Done()
	}
	s.Decide(design.Retire, common.NamedGaps, "no listener of the workload forwards to it")
	return s.Done()
}

func (f *family) trustStore(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("CaCertificatesBundleS3Bucket", "CaCertificatesBundleS3Key", "CaCertificatesBundleS3ObjectVersion", "NumberOfCaCertificates", "Status", "TrustStoreArn")
	if fronts := frontTargets(c, r); len(fronts) > 0 {
		s.Decide(design.Replace, common.NamedGaps, "its certificates are the trusted client certificates of %s", common.LastName(fronts[0]))
		s.Do("give the deployment the bundle of %s/%s, base64", s.Text("CaCertificatesBundleS3Bucket"), s.Text("CaCertificatesBundleS3Key"))
		return s.Done()
	}
	s.Decide(design.Retire, common.NamedGaps, "no listener of the workload verifies clients with it")
	return s.Done()
}

func revocation(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("RevocationContents", "TrustStoreArn", "TrustStoreRevocations", "RevocationId")
	s.Gap("alb.revocation", "TrustStoreRevocation")
	s.Decide(design.Manual, common.Redesign, "a gateway asks the issuer (OCSP) whether a client's certificate is revoked, and takes no list")
	s.Do("make the issuer of the client certificates answer OCSP, and switch verifyClientRevocation of the gateway's SSL profile on")
	return s.Done()
}
