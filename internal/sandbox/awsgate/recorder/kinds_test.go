package recorder_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// made calls the SDK and fails the test on an error.
func made[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// expected is one query and how many rows it must find.
type expected struct {
	query string
	rows  int
}

// TestEveryKind makes a resource of each kind with the SDK and asks for what
// is particular about it. It is one test because moto is slow to import its
// services, which it does once.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	n := b.network()
	var want []expected
	for _, make := range []func(*testing.T, *bench, network) []expected{
		networkKinds, computeKinds, dataKinds, storageKinds, identityKinds, messagingKinds, edgeKinds, governanceKinds,
	} {
		want = append(want, make(t, b, n)...)
	}
	for _, w := range want {
		if got := b.rows(w.query); len(got) != w.rows {
			kind, _, _ := strings.Cut(strings.Split(w.query, "resourceType = '")[1], "'")
			t.Errorf("%s\nfinds %d rows, want %d; all of the kind: %s", w.query, len(got), w.rows, b.describe(kind))
		}
	}
	snapshotHolds(t, b)
	secondLookChangesNothing(t, b)
}

func (b *bench) describe(kind string) string {
	raw, err := json.Marshal(b.rows("SELECT resourceId, resourceName, arn, configuration, supplementaryConfiguration, relationships, tags WHERE resourceType = '" + kind + "'"))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw)
}

// of is a query for resources of a kind that fulfil a condition.
func of(kind, format string, args ...any) expected {
	return expected{"SELECT resourceId WHERE resourceType = '" + kind + "' AND " + fmt.Sprintf(format, args...), 1}
}

func networkKinds(t *testing.T, b *bench, n network) []expected {
	ctx, client := t.Context(), ec2.NewFromConfig(b.config)
	igw := *made[*ec2.CreateInternetGatewayOutput](t)(client.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})).InternetGateway.InternetGatewayId
	made[*ec2.AttachInternetGatewayOutput](t)(client.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &n.vpc}))
	eip := *made[*ec2.AllocateAddressOutput](t)(client.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})).AllocationId
	nat := *made[*ec2.CreateNatGatewayOutput](t)(client.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &n.subnet, AllocationId: &eip})).NatGateway.NatGatewayId
	table := *made[*ec2.CreateRouteTableOutput](t)(client.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &n.vpc})).RouteTable.RouteTableId
	made[*ec2.AssociateRouteTableOutput](t)(client.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &table, SubnetId: &n.subnet}))
	made[*ec2.CreateRouteOutput](t)(client.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &igw}))
	endpoint := *made[*ec2.CreateVpcEndpointOutput](t)(client.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{
		VpcId: &n.vpc, ServiceName: aws.String("com.amazonaws.us-east-1.s3"), RouteTableIds: []string{table}, VpcEndpointType: types.VpcEndpointTypeGateway,
	})).VpcEndpoint.VpcEndpointId
	list := *made[*ec2.CreateManagedPrefixListOutput](t)(client.CreateManagedPrefixList(ctx, &ec2.CreateManagedPrefixListInput{
		PrefixListName: aws.String("office"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(5), Entries: []types.AddPrefixListEntry{{Cidr: aws.String("203.0.113.0/24")}},
	})).PrefixList.PrefixListId
	log := made[*ec2.CreateFlowLogsOutput](t)(client.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{
		ResourceIds: []string{n.vpc}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeCloudWatchLogs, LogGroupName: aws.String("flow"), DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789012:role/flow"),
	})).FlowLogIds[0]
	return []expected{
		of("AWS::EC2::InternetGateway", "resourceId = '%s' AND configuration.attachments.vpcId = '%s'", igw, n.vpc),
		of("AWS::EC2::EIP", "resourceId = '%s' AND configuration.domain = 'vpc'", eip),
		of("AWS::EC2::NatGateway", "resourceId = '%s' AND relationships.resourceId = '%s' AND relationships.resourceId = '%s'", nat, eip, n.subnet),
		of("AWS::EC2::RouteTable", "resourceId = '%s' AND configuration.routes.gatewayId = '%s' AND relationships.resourceId = '%s'", table, igw, n.subnet),
		of("AWS::EC2::Subnet", "resourceId = '%s' AND configuration.cidrBlock = '10.9.1.0/24' AND relationships.resourceId = '%s'", n.subnet, table),
		of("AWS::EC2::VPCEndpoint", "resourceId = '%s' AND configuration.serviceName LIKE '%%.s3'", endpoint),
		of("AWS::EC2::PrefixList", "resourceId = '%s' AND configuration.Entries.Cidr = '203.0.113.0/24'", list),
		of("AWS::EC2::FlowLog", "resourceId = '%s' AND configuration.trafficType = 'ALL' AND relationships.resourceId = '%s'", log, n.vpc),
		of("AWS::EC2::NetworkAcl", "configuration.vpcId = '%s' AND configuration.isDefault = true", n.vpc),
		of("AWS::EC2::SecurityGroup", "resourceName = 'web' AND configuration.ipPermissions.ipRanges = '10.0.0.0/8' AND configuration.ipPermissions.ipv4Ranges.cidrIp = '10.0.0.0/8' AND configuration.ipPermissions.fromPort = 443"),
		of("AWS::EC2::NetworkInterface", "relationships.resourceId = '%s' AND configuration.privateIpAddress = '10.9.1.0/24'", n.instance),
		of("AWS::EC2::Volume", "relationships.resourceId = '%s'", n.instance),
		{"SELECT resourceId WHERE resourceType = 'AWS::EC2::DHCPOptions'", 0},
	}
}

func computeKinds(t *testing.T, b *bench, n network) []expected {
	ctx := t.Context()
	machines := ec2.NewFromConfig(b.config)
	second := *made[*ec2.CreateSubnetOutput](t)(machines.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &n.vpc, CidrBlock: aws.String("10.9.2.0/24"), AvailabilityZone: aws.String("us-east-1a")})).Subnet.SubnetId
	template := *made[*ec2.CreateLaunchTemplateOutput](t)(machines.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("shop"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-12c6146b"), InstanceType: types.InstanceTypeT3Small, SecurityGroupIds: []string{n.group}},
	})).LaunchTemplate.LaunchTemplateId
	balancers := elb.NewFromConfig(b.config)
	group := *made[*elb.CreateTargetGroupOutput](t)(balancers.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: aws.String("shop"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &n.vpc})).TargetGroups[0].TargetGroupArn
	balancer := *made[*elb.CreateLoadBalancerOutput](t)(balancers.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String("shop"), Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing, Subnets: []string{n.subnet, second}, SecurityGroups: []string{n.group}, Tags: []elbtypes.Tag{{Key: aws.String("app"), Value: aws.String("shop")}},
	})).LoadBalancers[0].LoadBalancerArn
	made[*elb.CreateListenerOutput](t)(balancers.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: &balancer, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}}}))
	scaling := autoscaling.NewFromConfig(b.config)
	made[*autoscaling.CreateAutoScalingGroupOutput](t)(scaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("shop"), MinSize: aws.Int32(1), MaxSize: aws.Int32(2), VPCZoneIdentifier: &n.subnet, TargetGroupARNs: []string{group},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template},
	}))
	made[*autoscaling.PutScalingPolicyOutput](t)(scaling.PutScalingPolicy(ctx, &autoscaling.PutScalingPolicyInput{
		AutoScalingGroupName: aws.String("shop"), PolicyName: aws.String("up"), AdjustmentType: aws.String("ChangeInCapacity"), ScalingAdjustment: aws.Int32(1),
	}))
	role := *made[*iam.CreateRoleOutput](t)(iam.NewFromConfig(b.config).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("fn"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})).Role.Arn
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	made[io.Writer](t)(archive.Create("index.py"))
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	made[*lambda.CreateFunctionOutput](t)(lambda.NewFromConfig(b.config).CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("thumbnails"), Role: &role, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("index.handler"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"PASSWORD": "hunter2"}}, Tags: map[string]string{"app": "shop"},
		VpcConfig: &lambdatypes.VpcConfig{SubnetIds: []string{n.subnet}, SecurityGroupIds: []string{n.group}},
	}))
	return []expected{
		of("AWS::EC2::LaunchTemplate", "resourceId = '%s' AND configuration.LaunchTemplateData.InstanceType = 't3.small' AND configuration.DefaultVersionNumber = 1 AND relationships.resourceId = '%s'", template, n.group),
		of("AWS::ElasticLoadBalancingV2::LoadBalancer", "resourceId = '%s' AND configuration.scheme = 'internet-facing' AND tags.tag = 'app=shop' AND relationships.resourceId = '%s'", balancer, n.group),
		of("AWS::ElasticLoadBalancingV2::Listener", "configuration.Port = 80 AND relationships.resourceId = '%s' AND relationships.resourceId = '%s'", balancer, group),
		of("AWS::ElasticLoadBalancingV2::TargetGroup", "resourceName = 'shop' AND relationships.resourceId = '%s'", n.vpc),
		of("AWS::AutoScaling::AutoScalingGroup", "resourceName = 'shop' AND configuration.maxSize = 2 AND relationships.resourceType = 'AWS::EC2::Instance' AND relationships.resourceId = '%s'", template),
		of("AWS::AutoScaling::ScalingPolicy", "resourceName = 'up'"),
		of("AWS::Lambda::Function", "resourceId = 'thumbnails' AND configuration.runtime = 'python3.12' AND tags.key = 'app' AND relationships.resourceName = 'fn'"),
		{"SELECT resourceId WHERE resourceType = 'AWS::Lambda::Function' AND configuration.environment.variables.PASSWORD LIKE '%'", 0},
	}
}

func dataKinds(t *testing.T, b *bench, n network) []expected {
	ctx := t.Context()
	databases := rds.NewFromConfig(b.config)
	made[*rds.CreateDBSubnetGroupOutput](t)(databases.CreateDBSubnetGroup(ctx, &rds.CreateDBSubnetGroupInput{DBSubnetGroupName: aws.String("data"), DBSubnetGroupDescription: aws.String("d"), SubnetIds: []string{n.subnet}}))
	db := made[*rds.CreateDBInstanceOutput](t)(databases.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("shop"), DBInstanceClass: aws.String("db.t3.medium"), Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(20), MultiAZ: aws.Bool(true),
		MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("secret-of-the-test"), DBSubnetGroupName: aws.String("data"), VpcSecurityGroupIds: []string{n.group},
		Tags: []rdstypes.Tag{{Key: aws.String("app"), Value: aws.String("shop")}},
	})).DBInstance
	made[*rds.CreateDBSnapshotOutput](t)(databases.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: aws.String("shop"), DBSnapshotIdentifier: aws.String("before")}))
	made[*dynamodb.CreateTableOutput](t)(dynamodb.NewFromConfig(b.config).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("carts"), BillingMode: ddbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: ddbtypes.ScalarAttributeTypeS}},
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: ddbtypes.KeyTypeHash}},
	}))
	return []expected{
		of("AWS::RDS::DBInstance", "resourceName = 'shop' AND resourceId = '%s' AND configuration.dBInstanceClass = 'db.t3.medium' AND configuration.multiAZ = true AND tags.tag = 'app=shop' AND relationships.resourceId = '%s'", *db.DbiResourceId, n.group),
		{"SELECT resourceId WHERE resourceType = 'AWS::RDS::DBInstance' AND configuration.masterUserPassword LIKE '%'", 0},
		of("AWS::RDS::DBSubnetGroup", "resourceId = 'data' AND relationships.resourceId = '%s'", n.subnet),
		of("AWS::RDS::DBSnapshot", "resourceId = 'before' AND configuration.engine = 'postgres'"),
		of("AWS::DynamoDB::Table", "resourceId = 'carts' AND configuration.keySchema.attributeName = 'id' AND supplementaryConfiguration.ContinuousBackups.continuousBackupsStatus = 'ENABLED'"),
	}
}

func storageKinds(t *testing.T, b *bench, _ network) []expected {
	ctx := t.Context()
	buckets := s3.NewFromConfig(b.config, func(o *s3.Options) { o.UsePathStyle = true })
	name := aws.String("covers-" + b.account)
	made[*s3.CreateBucketOutput](t)(buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name}))
	made[*s3.PutBucketVersioningOutput](t)(buckets.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}))
	made[*s3.PutBucketTaggingOutput](t)(buckets.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: name, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("app"), Value: aws.String("shop")}}}}))
	made[*s3.PutBucketLifecycleConfigurationOutput](t)(buckets.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{
		Rules: []s3types.LifecycleRule{{ID: aws.String("old"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("tmp/")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(30)}}}}}))
	made[*s3.PutBucketPolicyOutput](t)(buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}))
	images := made[*ecr.CreateRepositoryOutput](t)(ecr.NewFromConfig(b.config).CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")})).Repository
	vaults := backup.NewFromConfig(b.config)
	made[*backup.CreateBackupVaultOutput](t)(vaults.CreateBackupVault(ctx, &backup.CreateBackupVaultInput{BackupVaultName: aws.String("nightly")}))
	made[*backup.CreateBackupPlanOutput](t)(vaults.CreateBackupPlan(ctx, &backup.CreateBackupPlanInput{BackupPlan: &backuptypes.BackupPlanInput{
		BackupPlanName: aws.String("daily"), Rules: []backuptypes.BackupRuleInput{{RuleName: aws.String("r"), TargetBackupVaultName: aws.String("nightly"), ScheduleExpression: aws.String("cron(0 5 * * ? *)")}}}}))
	return []expected{
		of("AWS::S3::Bucket", "resourceId = '%s' AND supplementaryConfiguration.BucketVersioningConfiguration.status = 'Enabled' AND supplementaryConfiguration.BucketLifecycleConfiguration.rules.expirationInDays = 30 AND tags.tag = 'app=shop' AND arn = 'arn:aws:s3:::%s'", *name, *name),
		of("AWS::ECR::Repository", "resourceId = 'shop' AND configuration.Arn = '%s'", *images.RepositoryArn),
		of("AWS::Backup::BackupVault", "resourceId = 'nightly'"),
		of("AWS::Backup::BackupPlan", "resourceName = 'daily' AND relationships.resourceId = 'nightly' AND configuration.BackupPlan.BackupPlanRule.ScheduleExpression LIKE 'cron%%'"),
	}
}

func identityKinds(t *testing.T, b *bench, _ network) []expected {
	ctx, client := t.Context(), iam.NewFromConfig(b.config)
	document := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
	policy := *made[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("read"), PolicyDocument: document})).Policy.Arn
	made[*iam.CreateRoleOutput](t)(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("web"), AssumeRolePolicyDocument: document}))
	made[*iam.AttachRolePolicyOutput](t)(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("web"), PolicyArn: &policy}))
	made[*iam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("web"), PolicyName: aws.String("inline"), PolicyDocument: document}))
	made[*iam.CreateInstanceProfileOutput](t)(client.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web")}))
	made[*iam.AddRoleToInstanceProfileOutput](t)(client.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web"), RoleName: aws.String("web")}))
	made[*iam.CreateUserOutput](t)(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("robot")}))
	key := *made[*kms.CreateKeyOutput](t)(kms.NewFromConfig(b.config).CreateKey(ctx, &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: aws.String("app"), TagValue: aws.String("shop")}}})).KeyMetadata.KeyId
	made[*kms.CreateAliasOutput](t)(kms.NewFromConfig(b.config).CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/shop"), TargetKeyId: &key}))
	made[*secretsmanager.CreateSecretOutput](t)(secretsmanager.NewFromConfig(b.config).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("shop/db"), SecretString: aws.String("hunter2"), KmsKeyId: aws.String("arn:aws:kms:us-east-1:" + b.account + ":key/" + key)}))
	return []expected{
		of("AWS::IAM::Role", "resourceName = 'web' AND awsRegion = 'global' AND configuration.attachedManagedPolicies.policyArn = '%s' AND configuration.rolePolicyList.policyName = 'inline' AND relationships.resourceName = 'read'", policy),
		of("AWS::IAM::Policy", "resourceName = 'read' AND configuration.policyVersionList.isDefaultVersion = true"),
		of("AWS::IAM::InstanceProfile", "resourceName = 'web' AND relationships.resourceName = 'web'"),
		of("AWS::IAM::User", "resourceName = 'robot'"),
		of("AWS::KMS::Key", "resourceId = '%s' AND tags.tag = 'app=shop' AND configuration.keyState = 'Enabled' AND supplementaryConfiguration.KeyRotationStatus = false", key),
		of("AWS::KMS::Alias", "resourceId = 'alias/shop' AND relationships.resourceId = '%s'", key),
		of("AWS::SecretsManager::Secret", "resourceName = 'shop/db' AND relationships.resourceId = '%s'", key),
	}
}

func messagingKinds(t *testing.T, b *bench, _ network) []expected {
	ctx := t.Context()
	queues := sqs.NewFromConfig(b.config)
	made[*sqs.CreateQueueOutput](t)(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("dead")}))
	dead := "arn:aws:sqs:us-east-1:" + b.account + ":dead"
	made[*sqs.CreateQueueOutput](t)(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("orders"), Attributes: map[string]string{
		"VisibilityTimeout": "45", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"5"}`}}))
	topic := *made[*sns.CreateTopicOutput](t)(sns.NewFromConfig(b.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})).TopicArn
	rules := eventbridge.NewFromConfig(b.config)
	made[*eventbridge.PutRuleOutput](t)(rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("nightly"), ScheduleExpression: aws.String("rate(1 day)")}))
	made[*eventbridge.PutTargetsOutput](t)(rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("nightly"), Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: &topic}}}))
	return []expected{
		of("AWS::SQS::Queue", "resourceName = 'orders' AND configuration.VisibilityTimeout = 45 AND relationships.resourceName = 'dead' AND relationships.resourceId = 'https://sqs.us-east-1.amazonaws.com/%s/dead'", b.account),
		of("AWS::SNS::Topic", "resourceId = '%s' AND resourceName = 'alerts'", topic),
		of("AWS::Events::Rule", "resourceName = 'nightly' AND configuration.Targets.Arn = '%s'", topic),
		of("AWS::Events::EventBus", "resourceId = 'default'"),
	}
}

func edgeKinds(t *testing.T, b *bench, n network) []expected {
	ctx := t.Context()
	certificate := *made[*acm.RequestCertificateOutput](t)(acm.NewFromConfig(b.config).RequestCertificate(ctx, &acm.RequestCertificateInput{DomainName: aws.String("shop.example")})).CertificateArn
	made[*route53.CreateHostedZoneOutput](t)(route53.NewFromConfig(b.config).CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("shop.example"), CallerReference: aws.String("1")}))
	walls := wafv2.NewFromConfig(b.config)
	visible := &waftypes.VisibilityConfig{MetricName: aws.String("m"), CloudWatchMetricsEnabled: true}
	acl := *made[*wafv2.CreateWebACLOutput](t)(walls.CreateWebACL(ctx, &wafv2.CreateWebACLInput{Name: aws.String("edge"), Scope: waftypes.ScopeRegional, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}, VisibilityConfig: visible})).Summary.ARN
	made[*wafv2.CreateIPSetOutput](t)(walls.CreateIPSet(ctx, &wafv2.CreateIPSetInput{Name: aws.String("office"), Scope: waftypes.ScopeRegional, IPAddressVersion: waftypes.IPAddressVersionIpv4, Addresses: []string{"203.0.113.0/24"}}))
	distribution := *made[*cloudfront.CreateDistributionOutput](t)(cloudfront.NewFromConfig(b.config).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: &cftypes.DistributionConfig{
		CallerReference: aws.String("1"), Comment: aws.String("shop"), Enabled: aws.Bool(true),
		Origins: &cftypes.Origins{Quantity: aws.Int32(1), Items: []cftypes.Origin{{Id: aws.String("o"), DomainName: aws.String("covers.s3.amazonaws.com"), S3OriginConfig: &cftypes.S3OriginConfig{OriginAccessIdentity: aws.String("")}}}},
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{TargetOriginId: aws.String("o"), ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyAllowAll,
			// AWS's managed policy "CachingOptimized".
			CachePolicyId: aws.String("658327ea-f89d-4fab-a63d-7e88639e58f6")},
	}})).Distribution.Id
	return []expected{
		of("AWS::ACM::Certificate", "resourceId = '%s' AND configuration.domainName = 'shop.example'", certificate),
		of("AWS::Route53::HostedZone", "configuration.Name = 'shop.example.'"),
		of("AWS::WAFv2::WebACL", "resourceId = '%s' AND configuration.visibilityConfig.metricName = 'm'", acl),
		of("AWS::WAFv2::IPSet", "resourceName = 'office' AND configuration.addresses = '203.0.113.0/24'"),
		of("AWS::CloudFront::Distribution", "resourceId = '%s' AND configuration.distributionConfig.origins.items.domainName = 'covers.s3.amazonaws.com'", distribution),
		of("AWS::EC2::VPC", "resourceId = '%s' AND configuration.cidrBlock = '10.9.0.0/16'", n.vpc),
	}
}

func governanceKinds(t *testing.T, b *bench, _ network) []expected {
	made[*cloudtrail.CreateTrailOutput](t)(cloudtrail.NewFromConfig(b.config).CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("audit"), S3BucketName: aws.String("covers-" + b.account)}))
	// The SDK speaks rpc-v2-cbor to CloudWatch, which moto does not.
	form := url.Values{
		"Action": {"PutMetricAlarm"}, "Version": {"2010-08-01"}, "AlarmName": {"busy"}, "MetricName": {"CPUUtilization"}, "Namespace": {"AWS/EC2"}, "Period": {"300"},
		"EvaluationPeriods": {"2"}, "Threshold": {"80.5"}, "ComparisonOperator": {"GreaterThanThreshold"}, "Statistic": {"Average"},
		"Dimensions.member.1.Name": {"InstanceId"}, "Dimensions.member.1.Value": {"i-1"}, "Tags.member.1.Key": {"app"}, "Tags.member.1.Value": {"shop"},
	}
	request := made[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, *b.config.BaseEndpoint, strings.NewReader(form.Encode())))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("X-Moto-Account-Id", b.account)
	response := made[*http.Response](t)(http.DefaultClient.Do(request))
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("PutMetricAlarm answers %s, %v", response.Status, err)
	}
	return []expected{
		of("AWS::CloudTrail::Trail", "resourceName = 'audit' AND relationships.resourceId = 'covers-%s'", b.account),
		of("AWS::CloudWatch::Alarm", "resourceName = 'busy' AND configuration.threshold = 80.5 AND configuration.period = 300 AND configuration.dimensions.value = 'i-1' AND tags.tag = 'app=shop'"),
	}
}

func snapshotHolds(t *testing.T, b *bench) {
	var file bytes.Buffer
	if err := b.recorder.Snapshot(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	var snapshot struct {
		FileVersion, ConfigSnapshotID string
		ConfigurationItems            []map[string]any
	}
	if err := json.Unmarshal(file.Bytes(), &snapshot); err != nil {
		t.Fatal(err)
	}
	total := b.ask("GetDiscoveredResourceCounts", nil)["totalDiscoveredResources"]
	if got := int64(len(snapshot.ConfigurationItems)); got != total || snapshot.FileVersion != "1.0" || snapshot.ConfigSnapshotID == "" {
		t.Errorf("the snapshot has %d items, version %q and id %q; %v are discovered", got, snapshot.FileVersion, snapshot.ConfigSnapshotID, total)
	}
	for _, one := range snapshot.ConfigurationItems {
		for _, name := range []string{"resourceType", "resourceId", "ARN", "awsAccountId", "configurationItemStatus", "configuration", "relationships", "tags"} {
			if one[name] == nil || one[name] == "" {
				t.Errorf("%v %v: the snapshot has no %s", one["resourceType"], one["resourceId"], name)
			}
		}
	}
	if bytes.Contains(file.Bytes(), []byte("hunter2")) || bytes.Contains(file.Bytes(), []byte("secret-of-the-test")) {
		t.Error("the snapshot holds a secret")
	}
	var again bytes.Buffer
	if err := b.recorder.Snapshot(t.Context(), &again); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Errorf("the same items give another file (%v)", err)
	}
}

func secondLookChangesNothing(t *testing.T, b *bench) {
	const all = "SELECT resourceType, resourceId, configurationStateId"
	before := fmt.Sprint(b.rows(all))
	for _, service := range strings.Fields("ec2 elasticloadbalancing autoscaling rds s3 iam lambda dynamodb sqs sns kms secretsmanager monitoring cloudtrail acm cloudfront wafv2 route53 ecr backup events") {
		b.changed(service, map[string]string{"s3": "PutBucketTagging", "dynamodb": "UpdateTable"}[service]+"Update")
	}
	if after := fmt.Sprint(b.rows(all)); after != before {
		t.Errorf("reading again recorded items without a change:\n%s\n%s", before, after)
	}
}
