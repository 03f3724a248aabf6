package trail

import (
	"maps"
	"slices"
	"strings"
)

// Named is a resource as LookupEvents names it.
type Named struct {
	Type string
	Name string
}

// maxResources bounds the resources of one event.
const maxResources = 50

// resourceKinds is what a member of a request or answer names, by event source
// (without its domain) and member, in CloudTrail's spelling. "" as the source
// stands for all.
func resourceKinds() map[string]string {
	return map[string]string{
		"ec2.instanceId": "AWS::EC2::Instance", "ec2.vpcId": "AWS::EC2::VPC", "ec2.subnetId": "AWS::EC2::Subnet",
		"ec2.groupId": "AWS::EC2::SecurityGroup", "ec2.groupName": "AWS::EC2::SecurityGroup", "ec2.imageId": "AWS::EC2::Ami",
		"ec2.volumeId": "AWS::EC2::Volume", "ec2.snapshotId": "AWS::EC2::Snapshot", "ec2.keyName": "AWS::EC2::KeyPair",
		"ec2.networkInterfaceId": "AWS::EC2::NetworkInterface", "ec2.routeTableId": "AWS::EC2::RouteTable",
		"ec2.networkAclId": "AWS::EC2::NetworkAcl", "ec2.internetGatewayId": "AWS::EC2::InternetGateway",
		"ec2.natGatewayId": "AWS::EC2::NatGateway", "ec2.allocationId": "AWS::EC2::EIP", "ec2.launchTemplateId": "AWS::EC2::LaunchTemplate",
		"ec2.launchTemplateName": "AWS::EC2::LaunchTemplate", "ec2.vpcEndpointId": "AWS::EC2::VPCEndpoint",
		"ec2.flowLogId": "AWS::EC2::FlowLog", "ec2.prefixListId": "AWS::EC2::PrefixList",
		"iam.roleName": "AWS::IAM::Role", "iam.userName": "AWS::IAM::User", "iam.groupName": "AWS::IAM::Group",
		"iam.policyName": "AWS::IAM::Policy", "iam.policyArn": "AWS::IAM::Policy", "iam.instanceProfileName": "AWS::IAM::InstanceProfile",
		"iam.accessKeyId": "AWS::IAM::AccessKey", "sts.roleArn": "AWS::IAM::Role",
		"s3.bucketName":            "AWS::S3::Bucket",
		"rds.dBInstanceIdentifier": "AWS::RDS::DBInstance", "rds.dBClusterIdentifier": "AWS::RDS::DBCluster",
		"rds.dBSubnetGroupName": "AWS::RDS::DBSubnetGroup", "rds.dBParameterGroupName": "AWS::RDS::DBParameterGroup",
		"rds.dBSnapshotIdentifier": "AWS::RDS::DBSnapshot",
		"lambda.functionName":      "AWS::Lambda::Function", "lambda.functionArn": "AWS::Lambda::Function", "lambda.layerName": "AWS::Lambda::LayerVersion",
		"dynamodb.tableName": "AWS::DynamoDB::Table",
		"sqs.queueUrl":       "AWS::SQS::Queue", "sqs.queueName": "AWS::SQS::Queue", "sns.topicArn": "AWS::SNS::Topic", "sns.subscriptionArn": "AWS::SNS::Subscription",
		"kms.keyId": "AWS::KMS::Key", "kms.aliasName": "AWS::KMS::Alias", "kms.targetKeyId": "AWS::KMS::Key",
		"secretsmanager.secretId": "AWS::SecretsManager::Secret", "secretsmanager.arn": "AWS::SecretsManager::Secret",
		"elasticloadbalancing.loadBalancerArn": "AWS::ElasticLoadBalancingV2::LoadBalancer",
		"elasticloadbalancing.targetGroupArn":  "AWS::ElasticLoadBalancingV2::TargetGroup",
		"elasticloadbalancing.listenerArn":     "AWS::ElasticLoadBalancingV2::Listener",
		"autoscaling.autoScalingGroupName":     "AWS::AutoScaling::AutoScalingGroup",
		"route53.hostedZoneId":                 "AWS::Route53::HostedZone", "cloudfront.id": "AWS::CloudFront::Distribution",
		"cloudtrail.trailARN": "AWS::CloudTrail::Trail", "logs.logGroupName": "AWS::Logs::LogGroup",
		"events.rule": "AWS::Events::Rule", "ssm.name": "AWS::SSM::Parameter", "ecr.repositoryName": "AWS::ECR::Repository",
		"elasticache.cacheClusterId": "AWS::ElastiCache::CacheCluster", "elasticache.replicationGroupId": "AWS::ElastiCache::ReplicationGroup",
		"backup.backupVaultName": "AWS::Backup::BackupVault", "backup.backupPlanId": "AWS::Backup::BackupPlan",
		"acm.certificateArn": "AWS::CertificateManager::Certificate", "eks.clusterName": "AWS::EKS::Cluster",
		"ecs.cluster": "AWS::ECS::Cluster", "ecs.service": "AWS::ECS::Service", "elasticfilesystem.fileSystemId": "AWS::EFS::FileSystem",
		"monitoring.alarmName": "AWS::CloudWatch::Alarm", "monitoring.dashboardName": "AWS::CloudWatch::Dashboard",
		"cloudformation.stackName": "AWS::CloudFormation::Stack", "states.stateMachineArn": "AWS::StepFunctions::StateMachine",
		"firehose.deliveryStreamName": "AWS::KinesisFirehose::DeliveryStream", "kinesis.streamName": "AWS::Kinesis::Stream",
	}
}

// arnKinds is the type of an ARN by service and the first part of its resource.
func arnKinds() map[string]string {
	return map[string]string{
		"iam:role": "AWS::IAM::Role", "iam:user": "AWS::IAM::User", "iam:policy": "AWS::IAM::Policy", "iam:group": "AWS::IAM::Group",
		"iam:instance-profile": "AWS::IAM::InstanceProfile", "s3:": "AWS::S3::Bucket", "kms:key": "AWS::KMS::Key", "kms:alias": "AWS::KMS::Alias",
		"lambda:function": "AWS::Lambda::Function", "dynamodb:table": "AWS::DynamoDB::Table", "sqs:": "AWS::SQS::Queue", "sns:": "AWS::SNS::Topic",
		"secretsmanager:secret": "AWS::SecretsManager::Secret", "elasticloadbalancing:loadbalancer": "AWS::ElasticLoadBalancingV2::LoadBalancer",
		"elasticloadbalancing:targetgroup": "AWS::ElasticLoadBalancingV2::TargetGroup", "acm:certificate": "AWS::CertificateManager::Certificate",
		"elasticloadbalancing:listener": "AWS::ElasticLoadBalancingV2::Listener", "logs:log-group": "AWS::Logs::LogGroup",
		"cloudtrail:trail": "AWS::CloudTrail::Trail", "rds:db": "AWS::RDS::DBInstance", "ec2:instance": "AWS::EC2::Instance",
		"ec2:vpc": "AWS::EC2::VPC", "events:rule": "AWS::Events::Rule", "ecr:repository": "AWS::ECR::Repository",
		"ssm:parameter": "AWS::SSM::Parameter", "wafv2:regional": "AWS::WAFv2::WebACL", "backup:backup-vault": "AWS::Backup::BackupVault",
	}
}

// kinds holds both tables, built once for a trail.
type kinds struct {
	member map[string]string
	arn    map[string]string
}

func newKinds() kinds { return kinds{member: resourceKinds(), arn: arnKinds()} }

// arnType is the type of the resource that an ARN names, "" when unknown.
func (k kinds) arnType(arn string) string {
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 || part[0] != "arn" {
		return ""
	}
	head := part[5]
	if i := strings.IndexAny(head, "/:"); i >= 0 {
		head = head[:i]
	}
	if t := k.arn[part[2]+":"+head]; t != "" {
		return t
	}
	return k.arn[part[2]+":"]
}

// named collects the resources that a record names, for LookupEvents: from its
// resources, its request and its answer, sorted and without repetition.
func (k kinds) named(r *Record) []Named {
	found := map[Named]bool{}
	for _, res := range r.Resources {
		kind := res.Type
		if kind == "" {
			kind = k.arnType(res.ARN)
		}
		if kind != "" && res.ARN != "" {
			found[Named{kind, res.ARN}] = true
		}
	}
	source := strings.TrimSuffix(r.EventSource, ".amazonaws.com")
	k.walk(found, source, "", r.RequestParameters)
	k.walk(found, source, "", r.ResponseElements)
	out := slices.SortedFunc(maps.Keys(found), func(a, b Named) int {
		if c := strings.Compare(a.Type, b.Type); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out[:min(len(out), maxResources)]
}

func (k kinds) walk(found map[Named]bool, source, member string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			k.walk(found, source, name, v[name])
		}
	case []any:
		for _, e := range v {
			k.walk(found, source, member, e)
		}
	case string:
		if v == "" || v == hidden {
			return
		}
		kind := k.member[source+"."+member]
		if kind == "" {
			kind = k.arnType(v)
		}
		if kind != "" {
			found[Named{kind, v}] = true
		}
	}
}

// recordResources are the resources that CloudTrail writes into the record
// itself: it does so for data events, for assumed roles, and for services
// whose resources are shared between accounts (KMS, Secrets Manager).
func recordResources(r *Record, kind class, account string) []Resource {
	text := func(name string) string {
		s, _ := r.RequestParameters[name].(string)
		return s
	}
	source := strings.TrimSuffix(r.EventSource, ".amazonaws.com")
	switch {
	case source == "s3" && text("bucketName") != "":
		bucket := Resource{ARN: "arn:aws:s3:::" + text("bucketName"), AccountID: account, Type: "AWS::S3::Bucket"}
		if key := text("key"); key != "" {
			return []Resource{{ARN: bucket.ARN + "/" + key, Type: "AWS::S3::Object"}, bucket}
		}
		return []Resource{bucket}
	case source == "sts" && text("roleArn") != "":
		return []Resource{{ARN: text("roleArn"), AccountID: account, Type: "AWS::IAM::Role"}}
	case source == "kms" && text("keyId") != "":
		return []Resource{{ARN: arnOf("kms", r.AWSRegion, account, "key/", text("keyId")), AccountID: account, Type: "AWS::KMS::Key"}}
	case source == "secretsmanager" && strings.HasPrefix(text("secretId"), "arn:"):
		return []Resource{{ARN: text("secretId"), AccountID: account, Type: "AWS::SecretsManager::Secret"}}
	case kind.data && kind.dataType == "AWS::Lambda::Function":
		return []Resource{{ARN: arnOf("lambda", r.AWSRegion, account, "function:", text("functionName")), AccountID: account, Type: kind.dataType}}
	case kind.data && kind.dataType == "AWS::DynamoDB::Table" && text("tableName") != "":
		return []Resource{{ARN: arnOf("dynamodb", r.AWSRegion, account, "table/", text("tableName")), AccountID: account, Type: kind.dataType}}
	case kind.data && kind.dataType == "AWS::SQS::Queue" && text("queueUrl") != "":
		url := text("queueUrl")
		return []Resource{{ARN: arnOf("sqs", r.AWSRegion, account, "", url[strings.LastIndex(url, "/")+1:]), AccountID: account, Type: kind.dataType}}
	case kind.data && kind.dataType == "AWS::SNS::Topic" && text("topicArn") != "":
		return []Resource{{ARN: text("topicArn"), AccountID: account, Type: kind.dataType}}
	}
	return nil
}

func arnOf(service, region, account, prefix, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return "arn:aws:" + service + ":" + region + ":" + account + ":" + prefix + strings.TrimPrefix(name, prefix)
}
