package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

// read makes the edges that take more than one property to see.
func (m *maker) read(i int32) {
	r := &m.resources[i]
	if slices.Contains(r.Marks, inventory.Deleted) {
		return
	}
	switch r.Kind {
	case "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
		m.rules(i, r)
	case "AWS::Route53::RecordSet":
		m.record(i, r.Properties)
	case "AWS::Route53::RecordSetGroup":
		for _, set := range elements(r.Properties["RecordSets"]) {
			if set, ok := set.(map[string]any); ok {
				m.record(i, set)
			}
		}
	case "AWS::ElasticLoadBalancingV2::Listener":
		m.listener(i, r)
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		m.targets(i, r)
	case "AWS::SNS::Subscription":
		m.subscription(i, r)
	case "AWS::SNS::Topic":
		m.topic(i, r)
	case "AWS::Lambda::EventSourceMapping":
		m.eventSource(i, r)
	case "AWS::Events::Rule":
		m.pattern(i, r)
	case "AWS::EC2::FlowLog":
		m.flowLog(i, r)
	case "AWS::Lambda::Permission":
		m.lambdaPermission(i, r)
	case "AWS::Lambda::Url":
		for _, function := range m.mentioned(i, "FunctionName", r.Properties["TargetFunctionArn"]) {
			m.add(link{from: i, to: function, relation: Invokes, sure: sureID, evidence: configured("TargetFunctionArn")})
		}
	case "AWS::Logs::SubscriptionFilter":
		m.subscriptionFilter(i, r)
	}
	m.membership(i, r)
	m.conventions(i, r)
	m.policies(i, r)
	m.dependsOn(i, r)
}

// mentioned returns the resources that a value names, for readers that know
// what the value is.
func (m *maker) mentioned(i int32, property string, v any) []int32 {
	var list []int32
	for _, s := range refs.Strings(v) {
		found := m.index.Find(i, s)
		if len(found) == 0 {
			found = m.index.ByProperty(i, property, s)
		}
		for _, f := range found {
			if f.To >= 0 && f.To != i {
				list = append(list, f.To)
			}
		}
	}
	return list
}

func configured(where string) Evidence { return Evidence{Source: fromConfiguration, At: where} }

// record: a name resolves to what its alias or values name. A record goes
// with what it names; one that names nothing here is a part of its zone, save
// a lone address that nobody has.
func (m *maker) record(i int32, set map[string]any) {
	targets := m.recordTargets(i, set)
	for _, to := range targets {
		m.add(link{from: i, to: to, relation: ResolvesTo, sure: sureHost, evidence: configured("ResourceRecords")})
	}
	var zones []int32
	zones = append(zones, m.mentioned(i, "HostedZoneId", strings.TrimPrefix(text(set["HostedZoneId"]), "/hostedzone/"))...)
	if name := text(set["HostedZoneName"]); name != "" && len(zones) == 0 {
		zones = append(zones, m.zoneNamed(i, name)...)
	}
	relation := InZone
	if len(targets) == 0 && !m.lone(i, set) {
		relation = AttachedTo
	}
	for _, zone := range zones {
		m.add(link{from: i, to: zone, relation: relation, sure: sureID, evidence: configured("HostedZoneId")})
	}
}

func (m *maker) zoneNamed(i int32, name string) []int32 {
	short := strings.TrimSuffix(name, ".")
	if list := m.index.Named(i, "AWS::Route53::HostedZone", short); len(list) > 0 {
		return list
	}
	return m.index.Named(i, "AWS::Route53::HostedZone", short+".")
}

func (m *maker) recordTargets(i int32, set map[string]any) []int32 {
	var found []int32
	values := refs.Strings(set["ResourceRecords"])
	for _, one := range elements(set["ResourceRecords"]) {
		if v := text(at(one, "Value")); v != "" {
			values = append(values, v)
		}
	}
	if name := text(at(set["AliasTarget"], "DNSName")); name != "" {
		values = append(values, name)
	}
	for _, v := range values {
		if !recordsTargets(text(set["Type"])) {
			break
		}
		list := m.index.Host(i, v)
		if len(list) == 0 {
			list = m.index.Address(i, v)
		}
		for _, ref := range m.index.Find(i, v) {
			if ref.To >= 0 {
				list = append(list, ref.To)
			}
		}
		own := len(list) > 0
		for _, to := range list {
			if to != i && !slices.Contains(found, to) && !m.sameName(i, to) {
				found = append(found, to)
			}
		}
		if !own && !strings.Contains(v, "acm-validations") {
			m.add(link{from: i, to: m.external(ExternalHost, strings.TrimSuffix(strings.ToLower(v), ".")), relation: ResolvesTo, sure: sureHost, evidence: configured("ResourceRecords")})
		}
	}
	return found
}

// sameName reports whether two are records of one name: weighted sisters do
// not resolve to each other.
func (m *maker) sameName(a, b int32) bool {
	x, y := &m.resources[a], &m.resources[b]
	return x.Kind == y.Kind && text(x.Properties["Name"]) == text(y.Properties["Name"])
}

func recordsTargets(kind string) bool {
	switch kind {
	case "TXT", "MX", "NS", "SOA", "CAA", "SPF", "DS", "SRV":
		return false
	}
	return true
}

// lone reports whether a record gives an address that nobody here has, and no
// other record of its name leads to a resource: a forgotten one, perhaps.
func (m *maker) lone(i int32, set map[string]any) bool {
	if t := text(set["Type"]); t != "A" && t != "AAAA" {
		return false
	}
	for _, other := range m.index.Host(i, text(set["Name"])) {
		if other != i && len(m.quietTargets(other)) > 0 {
			return false
		}
	}
	return true
}

func (m *maker) quietTargets(i int32) []int32 {
	r := &m.resources[i]
	if r.Kind != "AWS::Route53::RecordSet" {
		return nil
	}
	if name := text(at(r.Properties["AliasTarget"], "DNSName")); name != "" {
		return m.mentioned(i, "DNSName", name)
	}
	return m.mentioned(i, "ResourceRecords", r.Properties["ResourceRecords"])
}

// listener: a balancer forwards to what its listeners and rules name.
func (m *maker) listener(i int32, r *inventory.Resource) {
	for _, balancer := range m.mentioned(i, "LoadBalancerArn", r.Properties["LoadBalancerArn"]) {
		m.forwards(balancer, i, number(r.Properties["Port"]))
	}
}

// forwards adds balancer -> target group for a listener and its rules.
func (m *maker) forwards(balancer, listener int32, port int) {
	for _, group := range m.groupsOf(listener, m.resources[listener].Properties["DefaultActions"]) {
		m.add(link{from: balancer, to: group, relation: ForwardsTo, sure: sureID, evidence: Evidence{Source: fromConfiguration, At: "Listener.DefaultActions", Note: portNote(port)}})
	}
	for _, rule := range m.rulesOf[listener] {
		for _, group := range m.groupsOf(rule, m.resources[rule].Properties["Actions"]) {
			m.add(link{from: balancer, to: group, relation: ForwardsTo, sure: sureID, evidence: Evidence{Source: fromConfiguration, At: "ListenerRule.Actions", Note: portNote(port)}})
		}
	}
}

func portNote(port int) string {
	if port == 0 {
		return ""
	}
	return "listener on port " + text(float64(port))
}

func (m *maker) groupsOf(i int32, actions any) []int32 {
	var list []int32
	for _, a := range elements(actions) {
		list = append(list, m.mentioned(i, "TargetGroupArn", at(a, "TargetGroupArn"))...)
		for _, g := range elements(at(a, "ForwardConfig", "TargetGroups")) {
			list = append(list, m.mentioned(i, "TargetGroupArn", at(g, "TargetGroupArn"))...)
		}
	}
	return list
}

// listenerRules files the rules under their listeners, which are looked up
// from the other side.
func (m *maker) listenerRules() {
	m.rulesOf = map[int32][]int32{}
	for i := range m.resources {
		r := &m.resources[i]
		if r.Kind != "AWS::ElasticLoadBalancingV2::ListenerRule" {
			continue
		}
		for _, listener := range m.mentioned(int32(i), "ListenerArn", r.Properties["ListenerArn"]) {
			m.rulesOf[listener] = append(m.rulesOf[listener], int32(i))
		}
	}
}

// targets: addresses in a target group are those of somebody.
func (m *maker) targets(i int32, r *inventory.Resource) {
	for _, v := range []any{r.Properties["Targets"], r.Attributes["TargetHealthDescriptions"]} {
		for _, t := range elements(v) {
			id := text(at(t, "Id"))
			if id == "" {
				id = text(at(t, "Target", "Id"))
			}
			for _, to := range m.mentioned(i, "InstanceId", id) {
				m.add(link{from: i, to: m.ownerOf(to), relation: Targets, sure: sureID, evidence: configured("Targets")})
			}
			for _, to := range m.index.Address(i, id) {
				m.add(link{from: i, to: m.ownerOf(to), relation: Targets, sure: sureAddress, evidence: configured("Targets")})
			}
		}
	}
}

// subscription: the topic delivers to who subscribed.
func (m *maker) subscription(i int32, r *inventory.Resource) {
	for _, topic := range m.mentioned(i, "TopicArn", r.Properties["TopicArn"]) {
		m.delivers(topic, i, r.Properties["Endpoint"])
	}
}

func (m *maker) topic(i int32, r *inventory.Resource) {
	for _, s := range elements(r.Properties["Subscription"]) {
		m.delivers(i, i, at(s, "Endpoint"))
	}
}

func (m *maker) delivers(topic, holder int32, endpoint any) {
	for _, to := range m.mentioned(holder, "Endpoint", endpoint) {
		if to != topic {
			m.add(link{from: topic, to: to, relation: DeliversTo, sure: sureID, evidence: configured("Subscription.Endpoint")})
		}
	}
	s := text(endpoint)
	if host, ok := strings.CutPrefix(s, "https://"); ok && len(m.mentioned(holder, "Endpoint", endpoint)) == 0 {
		host, _, _ = strings.Cut(host, "/")
		m.add(link{from: topic, to: m.external(ExternalHost, strings.ToLower(host)), relation: DeliversTo, sure: sureHost, evidence: configured("Subscription.Endpoint")})
	}
}

// eventSource: the function reads what its mapping names.
func (m *maker) eventSource(i int32, r *inventory.Resource) {
	for _, function := range m.mentioned(i, "FunctionName", r.Properties["FunctionName"]) {
		for _, source := range m.mentioned(i, "EventSourceArn", r.Properties["EventSourceArn"]) {
			m.add(link{from: function, to: source, relation: Reads, sure: sureID, evidence: configured("EventSourceMapping.EventSourceArn")})
		}
	}
}

// lambdaPermission: what a function lets call it was set up to call it.
func (m *maker) lambdaPermission(i int32, r *inventory.Resource) {
	for _, function := range m.mentioned(i, "FunctionName", r.Properties["FunctionName"]) {
		for _, source := range m.mentioned(i, "SourceArn", r.Properties["SourceArn"]) {
			relation := DeliversTo
			switch tierOf(m.nodes[source].Kind) {
			case TierEdge:
				relation = Invokes
			case TierIntegration:
				if m.nodes[source].Kind != "AWS::SNS::Topic" {
					relation = Triggers
				}
			}
			if source != function {
				m.add(link{from: source, to: function, relation: relation, sure: surePolicy, evidence: Evidence{Source: fromPolicy, At: "Permission.SourceArn"}})
			}
		}
	}
}

// pattern: a rule whose pattern names a bucket hears that bucket.
func (m *maker) pattern(i int32, r *inventory.Resource) {
	pattern := document(r.Properties["EventPattern"])
	for _, name := range refs.Strings(at(pattern, "detail", "bucket", "name")) {
		for _, bucket := range m.mentioned(i, "BucketName", name) {
			m.add(link{from: bucket, to: i, relation: Notifies, sure: sureName, evidence: configured("EventPattern")})
		}
	}
	for _, arn := range refs.Strings(at(pattern, "resources")) {
		for _, source := range m.mentioned(i, "Resource", arn) {
			m.add(link{from: source, to: i, relation: Notifies, sure: sureID, evidence: configured("EventPattern")})
		}
	}
}

// flowLog: what a flow log records logs to where the log is delivered: the
// destination holds the traffic of everybody in the network.
func (m *maker) flowLog(i int32, r *inventory.Resource) {
	to := m.mentioned(i, "LogDestination", r.Properties["LogDestination"])
	to = append(to, m.mentioned(i, "LogGroupName", r.Properties["LogGroupName"])...)
	for _, watched := range m.mentioned(i, "ResourceId", r.Properties["ResourceId"]) {
		for _, destination := range to {
			m.add(link{from: watched, to: destination, relation: LogsTo, sure: sureID, evidence: Evidence{Source: fromConfiguration, At: "FlowLog.LogDestination", Note: "by its flow log"}})
		}
	}
}

func (m *maker) subscriptionFilter(i int32, r *inventory.Resource) {
	for _, group := range m.mentioned(i, "LogGroupName", r.Properties["LogGroupName"]) {
		for _, to := range m.mentioned(i, "DestinationArn", r.Properties["DestinationArn"]) {
			m.add(link{from: group, to: to, relation: DeliversTo, sure: sureID, evidence: configured("SubscriptionFilter.DestinationArn")})
		}
	}
}

// membership: tags by which AWS says what a resource belongs to.
func (m *maker) membership(i int32, r *inventory.Resource) {
	if r.Kind == "AWS::EC2::Instance" {
		if name := r.Tags["aws:autoscaling:groupName"]; name != "" {
			for _, group := range m.index.Named(i, "AWS::AutoScaling::AutoScalingGroup", name) {
				m.add(link{from: group, to: i, relation: Launches, sure: sureName, evidence: configured("Tags.aws:autoscaling:groupName")})
			}
		}
		for _, key := range []string{"eks:cluster-name", "aws:eks:cluster-name"} {
			for _, cluster := range m.index.Named(i, "AWS::EKS::Cluster", r.Tags[key]) {
				m.add(link{from: i, to: cluster, relation: InCluster, sure: sureName, evidence: configured("Tags." + key)})
			}
		}
	}
}

// conventions: names that AWS derives.
func (m *maker) conventions(i int32, r *inventory.Resource) {
	for _, name := range logGroupNames(r) {
		for _, group := range m.index.Named(i, "AWS::Logs::LogGroup", name) {
			m.add(link{from: i, to: group, relation: LogsTo, sure: sureConvention, evidence: Evidence{Source: fromConvention, At: name}})
		}
	}
}

// logGroupNames are where services log without being told (Lambda and RDS user
// guides: log groups are named after the function and the instance).
func logGroupNames(r *inventory.Resource) []string {
	switch r.Kind {
	case "AWS::Lambda::Function":
		return []string{"/aws/lambda/" + r.Name, "/aws/lambda/" + text(r.Properties["FunctionName"])}
	case "AWS::CodeBuild::Project":
		return []string{"/aws/codebuild/" + r.Name}
	case "AWS::EKS::Cluster":
		return []string{"/aws/eks/" + r.Name + "/cluster"}
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster":
		place := "/aws/rds/instance/"
		if r.Kind == "AWS::RDS::DBCluster" {
			place = "/aws/rds/cluster/"
		}
		var names []string
		for _, log := range refs.Strings(r.Properties["EnableCloudwatchLogsExports"]) {
			names = append(names, place+r.Name+"/"+log)
		}
		return names
	case "AWS::ApiGateway::RestApi":
		return []string{"API-Gateway-Execution-Logs_" + lastPart(string(r.ID))}
	}
	return nil
}

// dependsOn: a template's own order.
func (m *maker) dependsOn(i int32, r *inventory.Resource) {
	for _, name := range append(refs.Strings(r.Attributes["DependsOn"]), refs.Strings(r.Attributes["dependsOn"])...) {
		for _, ref := range inventory.References(name) {
			if to, ok := m.byID[ref.Resource]; ok {
				m.add(link{from: i, to: to, relation: DependsOn, sure: sureReference, evidence: configured("DependsOn")})
			}
		}
		if to, ok := m.byID[siblingID(r, name)]; ok {
			m.add(link{from: i, to: to, relation: DependsOn, sure: sureReference, evidence: configured("DependsOn")})
		}
	}
}
