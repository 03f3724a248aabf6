package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

func resource(kind cloud.Kind, arn string, properties inventory.Properties) inventory.Resource {
	return inventory.Resource{ID: cloud.ResourceID(arn), Kind: kind, Name: "name", Account: "1", Region: "eu-west-1", Properties: properties}
}

// Which metric under which dimensions, one line for each kind of dimension.
func TestDimensions(t *testing.T) {
	t.Parallel()
	lb := "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/"
	for _, c := range []struct {
		r    inventory.Resource
		want string // label of the first item, in its region
	}{
		{resource("AWS::EC2::Instance", "arn:aws:ec2:eu-west-1:1:instance/i-1", nil), "AWS/EC2 CPUUtilization InstanceId=i-1"},
		{resource("AWS::EC2::Volume", "arn:aws:ec2:eu-west-1:1:volume/vol-1", nil), "AWS/EBS VolumeReadOps VolumeId=vol-1"},
		{resource("AWS::AutoScaling::AutoScalingGroup", "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u-u:autoScalingGroupName/my/group", nil), "AWS/EC2 CPUUtilization AutoScalingGroupName=my/group"},
		{resource("AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:1:function:mail:live", nil), "AWS/Lambda Invocations FunctionName=mail"},
		{resource("AWS::ECS::Service", "arn:aws:ecs:eu-west-1:1:service/prod/web", nil), "AWS/ECS CPUUtilization ClusterName=prod ServiceName=web"},
		{resource("AWS::ECS::Service", "arn:aws:ecs:eu-west-1:1:service/web", inventory.Properties{"Cluster": "arn:aws:ecs:eu-west-1:1:cluster/prod"}), "AWS/ECS CPUUtilization ClusterName=prod ServiceName=web"},
		{resource("AWS::ECS::Service", "arn:aws:ecs:eu-west-1:1:service/web", nil), ""},
		{resource("AWS::ElasticLoadBalancingV2::LoadBalancer", lb+"app/x/1", nil), "AWS/ApplicationELB RequestCount LoadBalancer=app/x/1"},
		{resource("AWS::ElasticLoadBalancingV2::LoadBalancer", lb+"net/x/1", nil), "AWS/NetworkELB ActiveFlowCount LoadBalancer=net/x/1"},
		{resource("AWS::ElasticLoadBalancingV2::LoadBalancer", lb+"gwy/x/1", nil), "AWS/GatewayELB ActiveFlowCount LoadBalancer=gwy/x/1"},
		{resource("AWS::ElasticLoadBalancing::LoadBalancer", lb+"old", nil), "AWS/ELB RequestCount LoadBalancerName=old"},
		{resource("AWS::ElasticLoadBalancingV2::TargetGroup", "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/g/2", inventory.Properties{"Protocol": "TCP", "LoadBalancerArns": []any{lb + "net/x/1"}}), "AWS/NetworkELB HealthyHostCount TargetGroup=targetgroup/g/2 LoadBalancer=net/x/1"},
		{resource("AWS::RDS::DBInstance", "arn:aws:rds:eu-west-1:1:db:shop", inventory.Properties{"Engine": "postgres"}), "AWS/RDS CPUUtilization DBInstanceIdentifier=shop"},
		{resource("AWS::RDS::DBCluster", "arn:aws:rds:eu-west-1:1:cluster:au", inventory.Properties{"Engine": "aurora-mysql"}), "AWS/RDS CPUUtilization DBClusterIdentifier=au"},
		{resource("AWS::DocDB::DBCluster", "arn:aws:rds:eu-west-1:1:cluster:doc", nil), "AWS/DocDB CPUUtilization DBClusterIdentifier=doc"},
		{resource("AWS::ElastiCache::ReplicationGroup", "arn:aws:elasticache:eu-west-1:1:replicationgroup:c", inventory.Properties{"NumNodeGroups": 2.0, "ReplicasPerNodeGroup": json.Number("1")}), "AWS/ElastiCache CPUUtilization CacheClusterId=c-0001-001"},
		{resource("AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:1:table/t", nil), "AWS/DynamoDB ConsumedReadCapacityUnits TableName=t"},
		{resource("AWS::S3::Bucket", "arn:aws:s3:::my.bucket", nil), "AWS/S3 BucketSizeBytes BucketName=my.bucket StorageType=StandardStorage"},
		{resource("AWS::SQS::Queue", "arn:aws:sqs:eu-west-1:1:q.fifo", nil), "AWS/SQS NumberOfMessagesSent QueueName=q.fifo"},
		{resource("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:1:t", nil), "AWS/SNS NumberOfMessagesPublished TopicName=t"},
		{resource("AWS::Kinesis::Stream", "arn:aws:kinesis:eu-west-1:1:stream/s", nil), "AWS/Kinesis IncomingRecords StreamName=s"},
		{resource("AWS::Events::Rule", "arn:aws:events:eu-west-1:1:rule/bus/r", inventory.Properties{"EventBusName": "bus"}), "AWS/Events Invocations RuleName=r EventBusName=bus"},
		{resource("AWS::StepFunctions::StateMachine", "arn:aws:states:eu-west-1:1:stateMachine:m", nil), "AWS/States ExecutionsStarted StateMachineArn=arn:aws:states:eu-west-1:1:stateMachine:m"},
		{resource("AWS::ApiGateway::RestApi", "arn:aws:apigateway:eu-west-1::/restapis/abc", inventory.Properties{"Name": "shop api"}), "AWS/ApiGateway Count ApiName=shop api"},
		{resource("AWS::ApiGatewayV2::Api", "arn:aws:apigateway:eu-west-1::/apis/abc", nil), "AWS/ApiGateway Count ApiId=abc"},
		{resource("AWS::ApiGatewayV2::Api", "arn:aws:apigateway:eu-west-1::/apis/abc", inventory.Properties{"ProtocolType": "WEBSOCKET"}), "AWS/ApiGateway ConnectCount ApiId=abc"},
		{resource("AWS::CloudFront::Distribution", "arn:aws:cloudfront::1:distribution/E1", nil), "AWS/CloudFront Requests DistributionId=E1 Region=Global"},
		{resource("AWS::EC2::NatGateway", "arn:aws:ec2:eu-west-1:1:natgateway/nat-1", nil), "AWS/NATGateway BytesOutToDestination NatGatewayId=nat-1"},
		{resource("AWS::EC2::VPCEndpoint", "arn:aws:ec2:eu-west-1:1:vpc-endpoint/vpce-1", inventory.Properties{"VpcEndpointType": "Interface", "VpcId": "vpc-1", "ServiceName": "sqs"}), "AWS/PrivateLinkEndpoints BytesProcessed Endpoint Type=Interface Service Name=sqs VPC Endpoint Id=vpce-1 VPC Id=vpc-1"},
		{resource("AWS::EC2::VPCEndpoint", "arn:aws:ec2:eu-west-1:1:vpc-endpoint/vpce-1", inventory.Properties{"VpcEndpointType": "Gateway"}), ""},
		{resource("AWS::WAFv2::WebACL", "arn:aws:wafv2:eu-west-1:1:regional/webacl/acl/id", nil), "AWS/WAFV2 AllowedRequests WebACL=acl Rule=ALL Region=eu-west-1"},
		{resource("AWS::EFS::FileSystem", "arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-1", nil), "AWS/EFS DataReadIOBytes FileSystemId=fs-1"},
		{resource("AWS::OpenSearchService::Domain", "arn:aws:es:eu-west-1:1:domain/d", nil), "AWS/ES CPUUtilization DomainName=d ClientId=1"},
		{resource("AWS::MSK::Cluster", "arn:aws:kafka:eu-west-1:1:cluster/k/uuid", inventory.Properties{"ClusterName": "k", "NumberOfBrokerNodes": 3}), "AWS/Kafka OfflinePartitionsCount Cluster Name=k"},
		{resource("AWS::Redshift::Cluster", "arn:aws:redshift:eu-west-1:1:cluster:w", nil), "AWS/Redshift CPUUtilization ClusterIdentifier=w"},
		{resource("AWS::ECS::Cluster", "arn:aws:ecs:eu-west-1:1:cluster/prod", nil), "AWS/ECS CPUUtilization ClusterName=prod"},
		{resource("AWS::Nobody::Knows", "arn:aws:x:eu-west-1:1:y/z", nil), ""},
	} {
		list, _ := items([]inventory.Resource{c.r})
		got := ""
		if len(list) > 0 {
			got = label(list[0].namespace, list[0].names[0], list[0].dimensions)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.r.ID, got, c.want)
		}
		global := c.r.Kind == "AWS::CloudFront::Distribution"
		for _, it := range list {
			if (it.region == "us-east-1") != global {
				t.Errorf("%s is asked in %s", c.r.ID, it.region)
			}
		}
	}
}

// Every row of the table uses the vocabulary, and units fit: what is counted
// per period becomes a rate, a quotient a share or a time.
func TestTableIsSound(t *testing.T) {
	t.Parallel()
	seen := map[cloud.Kind]bool{}
	for _, f := range families() {
		for _, kind := range f.kinds {
			seen[kind] = true
			r := resource(kind, "arn:aws:x:eu-west-1:1:loadbalancer/app/y/z", nil)
			names := map[string]bool{}
			for _, s := range f.specs(&r) {
				unit := kpi.FactsOf(s.metric).Unit
				ok := len(s.names) > 0
				switch s.how {
				case counter, volume:
					ok = ok && (unit == kpi.PerSecond || unit == kpi.BytesPerSecond)
				case quotient:
					ok = ok && (unit == kpi.Ratio || unit == kpi.Seconds) && len(s.base) > 0
				case weighted, complement, healthy:
					ok = ok && unit == kpi.Ratio
				case duration:
					ok = ok && unit == kpi.Seconds
				case level:
					ok = ok && s.metric != kpi.Throughput && s.metric != kpi.Failures && s.metric != kpi.ErrorRate
				}
				name := string(s.metric) + "/" + s.detail
				if !ok || names[name] || s.namespace == "" && f.namespace == "" || unit == kpi.AsReported {
					t.Errorf("%s: %s of %v (%s, twice %v)", kind, name, s.names, unit, names[name])
				}
				names[name] = true
			}
		}
	}
	for _, kind := range []cloud.Kind{"AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::RDS::DBInstance", "AWS::SNS::Topic", "AWS::Kinesis::Stream", "AWS::EFS::FileSystem", "AWS::Redshift::Cluster", "AWS::MSK::Cluster"} {
		if !seen[kind] {
			t.Errorf("%s is missing", kind)
		}
	}
}

// A target group is found through listeners and rules, in every form of action.
func TestTargetGroupsOfRules(t *testing.T) {
	t.Parallel()
	at := "arn:aws:elasticloadbalancing:eu-west-1:1:"
	group := resource("AWS::ElasticLoadBalancingV2::TargetGroup", at+"targetgroup/g/2", inventory.Properties{"Protocol": "HTTP"})
	resources := []inventory.Resource{
		group,
		resource("AWS::ElasticLoadBalancingV2::ListenerRule", at+"listener-rule/app/x/1/2/3", inventory.Properties{"ListenerArn": at + "listener/app/x/1/2", "Actions": []any{map[string]any{"ForwardConfig": map[string]any{"TargetGroups": []any{map[string]any{"TargetGroupArn": string(group.ID)}, "odd"}}}, 7}}),
		resource("AWS::ElasticLoadBalancingV2::Listener", at+"listener/app/x/1/2", inventory.Properties{"LoadBalancerArn": at + "loadbalancer/app/x/1", "DefaultActions": "odd"}),
		resource("AWS::ElasticLoadBalancingV2::Listener", at+"listener/app/y/1/2", inventory.Properties{"LoadBalancerArn": at + "loadbalancer/app/y/1", "DefaultActions": []any{map[string]any{"TargetGroupArn": string(group.ID)}}}),
	}
	slices.Reverse(resources)
	list, _ := items(resources)
	details := map[string]bool{}
	for _, it := range list {
		details[it.detail] = true
	}
	if len(details) != 2 || !details["from app/x/1"] || !details["from app/y/1"] {
		t.Errorf("%v", details)
	}
}

func metric(namespace, name string, dimensions ...string) types.Metric {
	m := types.Metric{Namespace: &namespace, MetricName: &name}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(dimensions[i]), Value: aws.String(dimensions[i+1])})
	}
	return m
}

func TestListedMetrics(t *testing.T) {
	t.Parallel()
	instance := resource("AWS::EC2::Instance", "arn:aws:ec2:eu-west-1:1:instance/i-1", nil)
	f := &fake{listed: []types.Metric{
		metric("AWS/EC2", "CPUUtilization", "InstanceId", "i-1"),
		metric("CWAgent", "mem_used_percent", "InstanceId", "i-1", "ImageId", "ami-1"),
		metric("CWAgent", "mem_used_percent", "InstanceId", "i-1"),
		metric("CWAgent", "disk_used_percent", "InstanceId", "i-1", "path", "/", "device", "nvme0n1p1", "fstype", "xfs"),
		metric("CWAgent", "disk_used_percent", "InstanceId", "i-1", "path", "/data", "device", "nvme1n1", "fstype", "xfs"),
		metric("CWAgent", "mem_used_percent", "InstanceId", "i-of-others"),
		metric("CWAgent", "swap_used_percent", "InstanceId", "i-1"),
		metric("Bookshop", "OrdersFailed"),
		metric("ContainerInsights", "x"),
	}}
	at := site{"1", "eu-west-1"}
	list, unmeasured := listed(t.Context(), f, at, []inventory.Resource{instance})
	var got []string
	for _, it := range list {
		got = append(got, fmt.Sprintf("%s %s %q %d", it.subject.ID, it.metric, it.detail, len(it.dimensions)))
	}
	want := []string{
		`metrics:Bookshop custom "Bookshop OrdersFailed" 0`,
		`arn:aws:ec2:eu-west-1:1:instance/i-1 storageUtilisation "/" 4`, `arn:aws:ec2:eu-west-1:1:instance/i-1 storageUtilisation "/data" 4`,
		`arn:aws:ec2:eu-west-1:1:instance/i-1 memoryUtilisation "" 1`, `arn:aws:ec2:eu-west-1:1:instance/i-1 custom "CWAgent swap_used_percent InstanceId=i-1" 1`,
	}
	if !slices.Equal(got, want) || len(unmeasured) != 0 {
		t.Errorf("%s\nwant\n%s\n%v", strings.Join(got, "\n"), strings.Join(want, "\n"), unmeasured)
	}
	if _, unmeasured := listed(t.Context(), &fake{deny: denied()}, at, nil); len(unmeasured) != 1 || !strings.HasPrefix(unmeasured[0].Reason, "denied") {
		t.Errorf("%v", unmeasured)
	}
	for i := range maxCustom + maxListPages {
		f.listed = append(f.listed, metric("Own", fmt.Sprint("m", i)))
	}
	if list, unmeasured := listed(context.WithoutCancel(t.Context()), f, at, nil); len(list) > maxCustom || len(unmeasured) == 0 {
		t.Errorf("%d, %v", len(list), unmeasured)
	}
}
