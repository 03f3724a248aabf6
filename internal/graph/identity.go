package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

// identities gives each resource the name by which people would know it again
// when the account, the region and all generated ids were different: a
// template and the account that it describes have the same ones.
func (m *maker) identities() {
	names := make([]string, len(m.resources))
	for i := range m.resources {
		names[i] = m.identity(&m.resources[i])
	}
	for i := range m.resources {
		if rest, parents := m.relative(int32(i)); len(parents) > 0 {
			list := make([]string, 0, len(parents))
			for _, p := range parents {
				list = append(list, names[p])
			}
			slices.Sort(list)
			names[i] = strings.Join(append(slices.Compact(list), rest), " ")
		}
	}
	for i := range m.resources {
		m.nodes[i].Identity = strings.TrimSpace(names[i])
	}
}

// identity is the name that a resource's own properties give.
func (m *maker) identity(r *inventory.Resource) string {
	name := givenName(r)
	if name == "" {
		name = r.Tags["Name"]
	}
	if name == "" && r.LogicalID == "" {
		name = r.Name
	}
	if name == "" {
		name = r.LogicalID
	}
	return impersonal(name, r)
}

// impersonal takes account and region out of a name.
func impersonal(name string, r *inventory.Resource) string {
	name = strings.TrimSuffix(name, ".")
	if r.Account != "" {
		name = strings.ReplaceAll(name, string(r.Account), "<account>")
	}
	if r.Region != "" {
		name = strings.ReplaceAll(name, string(r.Region), "<region>")
	}
	return name
}

// givenName is the property by which the owner named the resource.
func givenName(r *inventory.Resource) string {
	segment := segment(r.Kind)
	switch r.Kind {
	case "AWS::Route53::RecordSet":
		return strings.TrimSuffix(text(r.Properties["Name"]), ".") + " " + text(r.Properties["Type"]) + " " + text(r.Properties["SetIdentifier"])
	case "AWS::CertificateManager::Certificate":
		return text(r.Properties["DomainName"])
	case "AWS::CloudFront::Distribution":
		if names := refs.Strings(at(r.Properties["DistributionConfig"], "Aliases")); len(names) > 0 {
			return names[0]
		}
		return text(at(r.Properties["DistributionConfig"], "Comment"))
	case "AWS::CloudFront::OriginAccessControl":
		return text(at(r.Properties["OriginAccessControlConfig"], "Name"))
	case "AWS::EC2::VPCEndpoint":
		service := text(r.Properties["ServiceName"])
		return service[strings.LastIndexByte(service, '.')+1:]
	case "AWS::KMS::Key":
		return text(r.Properties["Description"])
	case "AWS::Backup::BackupPlan":
		return text(at(r.Properties["BackupPlan"], "BackupPlanName"))
	case "AWS::EC2::PrefixList":
		return text(r.Properties["PrefixListName"])
	case "AWS::EC2::SecurityGroup":
		return text(r.Properties["GroupName"])
	}
	for _, key := range []string{segment + "Name", segment + "Identifier", segment + "Id", "Name"} {
		if s := text(r.Properties[key]); s != "" && !strings.HasPrefix(s, "${ref:") && !refs.IsID(s) {
			return s
		}
	}
	return otherName(r)
}

// otherName covers the kinds whose name property is not called after them.
func otherName(r *inventory.Resource) string {
	for _, key := range []string{"RepositoryName", "ManagedPolicyName", "BackupVaultName", "FilterName", "CacheSubnetGroupName", "DBSubnetGroupName", "DBParameterGroupName", "OptionGroupName", "TrailName", "ClusterName", "StateMachineName", "GroupName", "PolicyName", "AliasName"} {
		if s := text(r.Properties[key]); s != "" && !strings.HasPrefix(s, "${ref:") {
			return s
		}
	}
	return ""
}

// relative gives the parents of a resource that has no name of its own, and
// what tells it from its sisters.
func (m *maker) relative(i int32) (rest string, parents []int32) {
	r := &m.resources[i]
	p := r.Properties
	switch r.Kind {
	case "AWS::ElasticLoadBalancingV2::Listener":
		return text(p["Port"]), m.mentioned(i, "LoadBalancerArn", p["LoadBalancerArn"])
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		for _, listener := range m.mentioned(i, "ListenerArn", p["ListenerArn"]) {
			l := &m.resources[listener]
			return text(l.Properties["Port"]) + " rule " + text(p["Priority"]), m.mentioned(listener, "LoadBalancerArn", l.Properties["LoadBalancerArn"])
		}
	case "AWS::SNS::Subscription":
		rest = text(p["Protocol"])
		if rest == "email" || strings.HasPrefix(rest, "http") || rest == "sms" {
			rest += " " + text(p["Endpoint"])
		}
		return rest, append(m.mentioned(i, "TopicArn", p["TopicArn"]), m.mentioned(i, "Endpoint", p["Endpoint"])...)
	case "AWS::Lambda::EventSourceMapping":
		return "", append(m.mentioned(i, "FunctionName", p["FunctionName"]), m.mentioned(i, "EventSourceArn", p["EventSourceArn"])...)
	case "AWS::AutoScaling::ScalingPolicy":
		return text(p["PolicyName"]), m.mentioned(i, "AutoScalingGroupName", p["AutoScalingGroupName"])
	case "AWS::IAM::AccessKey":
		return "key", m.mentioned(i, "UserName", p["UserName"])
	case "AWS::EC2::InternetGateway", "AWS::EC2::EIP", "AWS::EC2::FlowLog":
		if r.Tags["Name"] == "" && r.Kind == "AWS::EC2::FlowLog" {
			return "flow log", m.mentioned(i, "ResourceId", p["ResourceId"])
		}
	}
	return "", nil
}

// made reports whether AWS makes resources of the kind by itself or from
// others, so that no template describes them.
func made(k cloud.Kind) bool {
	switch k {
	case "AWS::EC2::NetworkInterface", "AWS::EC2::Volume", "AWS::EC2::Snapshot", "AWS::EC2::Image", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot", "AWS::ElastiCache::CacheCluster", "AWS::IAM::AccessKey",
		"AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::CloudFormation::Stack", "AWS::SSM::ManagedInstanceInventory", "AWS::ApiGateway::Deployment", "AWS::ApiGatewayV2::Deployment":
		return true
	}
	return joins(k) || part(k)
}
