package operations

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// measured is a metric of the target that stands for one of CloudWatch.
type measured struct {
	metric
	// scope is the resource that measures, about the source that is watched.
	scope  cloud.ResourceID
	about  *inventory.Resource
	entity string
}

// watched are the kinds that a dimension of CloudWatch names.
func watched(dimension string) []cloud.Kind {
	switch dimension {
	case "InstanceId":
		return []cloud.Kind{"AWS::EC2::Instance"}
	case "AutoScalingGroupName":
		return []cloud.Kind{"AWS::AutoScaling::AutoScalingGroup"}
	case "LoadBalancer":
		return []cloud.Kind{"AWS::ElasticLoadBalancingV2::LoadBalancer"}
	case "LoadBalancerName":
		return []cloud.Kind{"AWS::ElasticLoadBalancing::LoadBalancer"}
	case "TargetGroup":
		return []cloud.Kind{"AWS::ElasticLoadBalancingV2::TargetGroup"}
	case "DBInstanceIdentifier":
		return []cloud.Kind{"AWS::RDS::DBInstance"}
	case "DBClusterIdentifier":
		return []cloud.Kind{"AWS::RDS::DBCluster"}
	case "QueueName":
		return []cloud.Kind{"AWS::SQS::Queue"}
	case "TopicName":
		return []cloud.Kind{"AWS::SNS::Topic"}
	case "FunctionName":
		return []cloud.Kind{"AWS::Lambda::Function", "AWS::Serverless::Function"}
	case "TableName":
		return []cloud.Kind{"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}
	case "CacheClusterId", "ReplicationGroupId":
		return []cloud.Kind{"AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"}
	case "ApiName", "ApiId":
		return []cloud.Kind{"AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Serverless::Api"}
	case "ServiceName":
		return []cloud.Kind{"AWS::ECS::Service"}
	case "ClusterName":
		return []cloud.Kind{"AWS::EKS::Cluster", "AWS::ECS::Cluster"}
	case "StreamName":
		return []cloud.Kind{"AWS::Kinesis::Stream"}
	case "StateMachineArn":
		return []cloud.Kind{"AWS::StepFunctions::StateMachine"}
	case "BucketName":
		return []cloud.Kind{"AWS::S3::Bucket"}
	case "DistributionId":
		return []cloud.Kind{"AWS::CloudFront::Distribution"}
	case "NatGatewayId":
		return []cloud.Kind{"AWS::EC2::NatGateway"}
	}
	return nil
}

// subject finds the resource that dimensions name. The name of a balancer
// stands between slashes ("app/shop/50dc6c495c0c9188").
func subject(c *design.Context, from *inventory.Resource, dimensions []map[string]any) *inventory.Resource {
	for _, name := range []string{"TargetGroup", "ServiceName", ""} {
		for _, d := range dimensions {
			kinds, value := watched(design.Text(d, "Name")), design.Text(d, "Value")
			if len(kinds) == 0 || (name != "" && design.Text(d, "Name") != name) {
				continue
			}
			if found, ok := c.Find(from, value, kinds...); ok {
				return found
			}
			if parts := strings.Split(value, "/"); len(parts) >= 2 {
				// "app/name/id" of a balancer, "targetgroup/name/id" of a group.
				if found, ok := c.Find(from, parts[1], kinds...); ok {
					return found
				}
			}
		}
	}
	return nil
}

// measure finds what measures at the target what a metric of CloudWatch
// measures; why says what is missing when it does not.
func (w watcher) measure(c *design.Context, from *inventory.Resource, namespace, name string, dimensions []map[string]any) (m measured, why string) {
	about := subject(c, from, dimensions)
	rows := w.table[namespace+"|"+name]
	if about == nil {
		return m, "it watches nothing that the inventory knows"
	}
	if len(rows) == 0 {
		return measured{about: about}, "Azure Monitor has no counterpart of " + namespace + " " + name
	}
	for _, row := range rows {
		for _, id := range scopes(c, about, row.kind) {
			entity := string(id[strings.LastIndex(string(id), "/")+1:])
			return measured{metric: row, scope: above(id, row.kind), about: about, entity: entity}, ""
		}
	}
	return measured{about: about}, "what stands for " + about.Name + " measures no such thing"
}

// scopes are the targets of a source that measure as the kind does: itself, or
// what stands in it (a queue in its namespace).
func scopes(c *design.Context, r *inventory.Resource, kind cloud.Kind) []cloud.ResourceID {
	var out []cloud.ResourceID
	for _, related := range append([]*inventory.Resource{r}, parents(c, r)...) {
		for _, id := range c.TargetsOf(related) {
			t, ok := c.Resource(id)
			if ok && (strings.EqualFold(string(t.Type), string(kind)) || strings.HasPrefix(strings.ToLower(string(t.Type)), strings.ToLower(string(kind))+"/")) {
				out = append(out, id)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b cloud.ResourceID) int { return strings.Count(string(b), "/") - strings.Count(string(a), "/") })
	return out
}

// parents are where the targets of a resource may hang: a target group's
// balancers.
func parents(c *design.Context, r *inventory.Resource) []*inventory.Resource {
	if r.Kind != "AWS::ElasticLoadBalancingV2::TargetGroup" {
		return nil
	}
	var out []*inventory.Resource
	for _, b := range c.OfKind("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		for _, l := range c.Referring(b, "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn") {
			for _, e := range c.Needs(l) {
				if e.To == r.ID && !slices.Contains(out, b) {
					out = append(out, b)
				}
			}
		}
	}
	return out
}

// above cuts an id down to the resource of a kind that it stands in.
func above(id cloud.ResourceID, kind cloud.Kind) cloud.ResourceID {
	_, rest, ok := strings.Cut(string(id), "/providers/")
	if !ok {
		return id
	}
	parts := strings.Split(rest, "/")
	want := 2 * strings.Count(string(kind), "/")
	if len(parts) <= want+1 {
		return id
	}
	return id[:strings.Index(string(id), "/providers/")] + cloud.ResourceID("/providers/"+strings.Join(parts[:want+1], "/"))
}
