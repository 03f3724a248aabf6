package residual

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// way is how the use of a kind shows.
type way uint8

const (
	// wayUnknown: which log would show it is not known.
	wayUnknown way = iota
	// byManagement: each use is a management event.
	byManagement
	// byData: uses are data events, which a trail logs only when told to.
	byData
	// byNetwork: uses are connections.
	byNetwork
	// byRequests: uses are in an access log, which is silent when nobody asks.
	byRequests
	// byOthers: it has no use of its own and goes with what it serves.
	byOthers
)

// shows tells how the use of a kind shows, and for data events the type that a
// trail's selectors call it by (CloudTrail user guide, "Logging data events").
func shows(k cloud.Kind) (way, string) {
	switch k {
	case "AWS::S3::Bucket":
		return byData, "AWS::S3::Object"
	case "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable":
		return byData, "AWS::DynamoDB::Table"
	case "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Kinesis::Stream":
		return byData, string(k)
	case "AWS::SecretsManager::Secret", "AWS::SSM::Parameter", "AWS::KMS::Key", "AWS::IAM::Role", "AWS::IAM::User", "AWS::ECR::Repository", "AWS::StepFunctions::StateMachine", "AWS::Athena::WorkGroup",
		"AWS::Glue::Job", "AWS::Glue::Crawler", "AWS::CodeBuild::Project", "AWS::CodePipeline::Pipeline", "AWS::Batch::JobQueue", "AWS::Batch::JobDefinition", "AWS::ECS::TaskDefinition", "AWS::SSM::Document",
		"AWS::CloudFormation::Stack", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot", "AWS::EC2::Snapshot", "AWS::EC2::Image", "AWS::EC2::LaunchTemplate", "AWS::Backup::BackupVault":
		return byManagement, ""
	case "AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Route53::HostedZone", "AWS::Route53::RecordSet", "AWS::AppSync::GraphQLApi":
		return byRequests, ""
	}
	return byService(k), ""
}

func byService(k cloud.Kind) way {
	parts := strings.Split(string(k), "::")
	if len(parts) < 3 {
		return wayUnknown
	}
	switch parts[1] + "::" + parts[2] {
	case "EC2::Instance", "EC2::NetworkInterface", "RDS::DBInstance", "RDS::DBCluster", "RDS::DBProxy", "ElastiCache::CacheCluster", "ElastiCache::ReplicationGroup", "ElastiCache::ServerlessCache", "MemoryDB::Cluster",
		"Redshift::Cluster", "ElasticLoadBalancingV2::LoadBalancer", "ElasticLoadBalancing::LoadBalancer", "EFS::FileSystem", "EFS::MountTarget", "MSK::Cluster", "AmazonMQ::Broker", "OpenSearchService::Domain",
		"DocDB::DBCluster", "DocDB::DBInstance", "Neptune::DBCluster", "Neptune::DBInstance", "EKS::Cluster", "FSx::FileSystem", "DMS::ReplicationInstance", "EC2::VPCEndpoint", "EC2::NatGateway", "Transfer::Server":
		return byNetwork
	}
	switch parts[1] {
	case "EC2", "ElasticLoadBalancingV2", "RDS", "ElastiCache", "IAM", "AutoScaling", "ApplicationAutoScaling", "Route53", "CloudFront", "CertificateManager", "CloudWatch", "Logs", "Config", "CloudTrail", "WAFv2", "KMS":
		return byOthers
	}
	return wayUnknown
}

// kindOf is the kind of a thing that no inventory has, as far as its service
// and its ARN tell.
func kindOf(t thing) cloud.Kind {
	name := t.name
	if parts := strings.SplitN(name, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		name = parts[5]
	}
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	switch t.service {
	case "s3":
		return "AWS::S3::Bucket"
	case "dynamodb":
		return "AWS::DynamoDB::Table"
	case "sqs":
		return "AWS::SQS::Queue"
	case "sns":
		return "AWS::SNS::Topic"
	case "kinesis":
		return "AWS::Kinesis::Stream"
	case "lambda":
		return "AWS::Lambda::Function"
	case "secretsmanager":
		return "AWS::SecretsManager::Secret"
	case "ssm":
		return "AWS::SSM::Parameter"
	case "ecr":
		return "AWS::ECR::Repository"
	case "states":
		return "AWS::StepFunctions::StateMachine"
	case "cloudfront":
		return "AWS::CloudFront::Distribution"
	case "iam", "sts":
		return iamKind(name)
	case "kms":
		if !begins("alias/") {
			return "AWS::KMS::Key"
		}
	case "rds":
		return rdsKind(name)
	case "elasticloadbalancing":
		if begins("loadbalancer/") || begins("app/") || begins("net/") {
			return "AWS::ElasticLoadBalancingV2::LoadBalancer"
		}
	case "ec2":
		return ec2Kind(name[strings.LastIndexByte(name, '/')+1:])
	}
	return ""
}

func iamKind(name string) cloud.Kind {
	switch {
	case strings.HasPrefix(name, "role/"):
		return "AWS::IAM::Role"
	case strings.HasPrefix(name, "user/"):
		return "AWS::IAM::User"
	}
	return ""
}

func rdsKind(name string) cloud.Kind {
	switch kind, _, ok := strings.Cut(name, ":"); {
	case !ok || kind == "db":
		return "AWS::RDS::DBInstance"
	case kind == "cluster":
		return "AWS::RDS::DBCluster"
	case kind == "snapshot":
		return "AWS::RDS::DBSnapshot"
	}
	return ""
}

func ec2Kind(id string) cloud.Kind {
	switch {
	case strings.HasPrefix(id, "i-"):
		return "AWS::EC2::Instance"
	case strings.HasPrefix(id, "eni-"):
		return "AWS::EC2::NetworkInterface"
	case strings.HasPrefix(id, "vol-"):
		return "AWS::EC2::Volume"
	case strings.HasPrefix(id, "ami-"):
		return "AWS::EC2::Image"
	case strings.HasPrefix(id, "snap-"):
		return "AWS::EC2::Snapshot"
	}
	return ""
}
