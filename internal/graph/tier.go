package graph

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// tierOf gives the tier of a kind: by the kind where its service has several,
// else by the service.
func tierOf(k cloud.Kind) Tier {
	if strings.HasPrefix(string(k), "External::") {
		return TierExternal
	}
	if t, ok := tierByKind(k); ok {
		return t
	}
	return tierByService(k.Service())
}

func tierByKind(k cloud.Kind) (Tier, bool) {
	switch k {
	case "AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::EC2::SpotFleet", "AWS::EC2::EC2Fleet", "AWS::EC2::Image", "AWS::EC2::Host":
		return TierCompute, true
	case "AWS::EC2::Volume", "AWS::EC2::Snapshot":
		return TierData, true
	case "AWS::EC2::FlowLog":
		return TierOperations, true
	case "AWS::Lambda::Permission", "AWS::EC2::KeyPair":
		return TierIdentity, true
	case "AWS::Lambda::EventSourceMapping":
		return TierIntegration, true
	case "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot":
		return TierOperations, true
	case "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy":
		return TierIdentity, true
	case "AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup", "AWS::MemoryDB::SubnetGroup", "AWS::Redshift::ClusterSubnetGroup", "AWS::DocDB::DBSubnetGroup", "AWS::Neptune::DBSubnetGroup":
		return TierNetwork, true
	case "AWS::SSM::Parameter":
		return TierIdentity, true
	case "AWS::Route53::HealthCheck":
		return TierOperations, true
	}
	return "", false
}

func tierByService(service string) Tier {
	switch service {
	case "CloudFront", "Route53", "Route53Resolver", "ElasticLoadBalancing", "ElasticLoadBalancingV2", "ApiGateway", "ApiGatewayV2", "GlobalAccelerator", "AppSync", "VpcLattice", "Transfer":
		return TierEdge
	case "Lambda", "ECS", "EKS", "AutoScaling", "Batch", "ElasticBeanstalk", "AppRunner", "Serverless", "SageMaker", "EMR", "Glue", "CodeBuild", "Lightsail":
		return TierCompute
	case "SQS", "SNS", "Events", "StepFunctions", "Kinesis", "KinesisFirehose", "AmazonMQ", "MSK", "Scheduler", "Pipes", "SES", "Pinpoint", "KinesisAnalyticsV2", "AppFlow":
		return TierIntegration
	case "S3", "RDS", "DynamoDB", "ElastiCache", "MemoryDB", "EFS", "FSx", "OpenSearchService", "Elasticsearch", "Redshift", "RedshiftServerless", "DocDB", "Neptune", "DAX", "Timestream", "Cassandra", "QLDB", "ECR", "Athena", "LakeFormation", "OpenSearchServerless", "S3Express", "DSQL":
		return TierData
	case "IAM", "KMS", "SecretsManager", "CertificateManager", "ACMPCA", "Cognito", "WAFv2", "WAF", "WAFRegional", "GuardDuty", "SSO", "RAM", "Organizations":
		return TierIdentity
	case "EC2", "DirectConnect", "NetworkFirewall", "NetworkManager":
		return TierNetwork
	case "CloudWatch", "Logs", "CloudTrail", "Config", "Backup", "SSM", "CloudFormation", "XRay", "ApplicationInsights", "Synthetics", "DMS", "ApplicationAutoScaling", "CodePipeline", "CodeDeploy", "Events::Archive", "Budgets", "Chatbot":
		return TierOperations
	}
	return TierOther
}

// stores reports whether data is kept in resources of the kind: where flows end.
func stores(k cloud.Kind) bool {
	switch k {
	case "AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster",
		"AWS::ElastiCache::ServerlessCache", "AWS::MemoryDB::Cluster", "AWS::EFS::FileSystem", "AWS::FSx::FileSystem", "AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain", "AWS::Redshift::Cluster",
		"AWS::RedshiftServerless::Workgroup", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster", "AWS::Timestream::Table", "AWS::Cassandra::Table", "AWS::DAX::Cluster", "AWS::S3Express::DirectoryBucket", "AWS::DSQL::Cluster":
		return true
	}
	return false
}

// entrance reports whether requests from outside can begin at resources of the kind.
func entrance(k cloud.Kind) bool {
	switch k {
	case "AWS::CloudFront::Distribution", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi",
		"AWS::GlobalAccelerator::Accelerator", "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Lambda::Url", "AWS::Transfer::Server", "AWS::AppRunner::Service":
		return true
	}
	return false
}

// works reports whether resources of the kind run somebody's program: a
// stranger of these that uses the workload is worth a question.
func works(k cloud.Kind) bool {
	switch k {
	case "AWS::EC2::Instance", "AWS::Lambda::Function", "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::EKS::Cluster", "AWS::Batch::JobDefinition", "AWS::Glue::Job", "AWS::IAM::User", "AWS::StepFunctions::StateMachine",
		"AWS::AppRunner::Service", "AWS::AutoScaling::AutoScalingGroup", "AWS::CodeBuild::Project", "AWS::Serverless::Function", "AWS::SageMaker::NotebookInstance":
		return true
	}
	return false
}
