package kinds

import (
	"encoding/json"
	"reflect"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// readCase is what one answer of an API has become.
type readCase struct {
	kind   cloud.Kind
	answer string
	id     string // after "arn:aws:"
	name   string
	// properties that must be so; what else there is makes no difference.
	properties string
	marks      []inventory.Mark
}

// The answers that no control plane at hand gives, in the form of the APIs'
// reference pages.
func dataCases() []readCase {
	return []readCase{
		{
			"AWS::RDS::OptionGroup", `{"OptionGroupName":"orders","OptionGroupArn":"arn:aws:rds:us-east-1:123456789012:og:orders","EngineName":"mysql","MajorEngineVersion":"8.0","Options":[{"OptionName":"MEMCACHED",
				"Port":11211,"OptionSettings":[{"Name":"CHUNK_SIZE","Value":"32","DefaultValue":"48"}],"VpcSecurityGroupMemberships":[{"VpcSecurityGroupId":"sg-1","Status":"active"}]}]}`,
			"rds:us-east-1:123456789012:og:orders", "orders",
			`{"EngineName":"mysql","OptionConfigurations":[{"OptionName":"MEMCACHED","Port":11211,"OptionSettings":[{"Name":"CHUNK_SIZE","Value":"32"}],"VpcSecurityGroupMemberships":["sg-1"]}]}`, nil,
		},
		{"AWS::RDS::OptionGroup", `{"OptionGroupName":"default:mysql-8-0","EngineName":"mysql"}`, "rds:us-east-1:123456789012:og:default:mysql-8-0", "default:mysql-8-0", `{}`, []inventory.Mark{inventory.Default}},
		{
			"AWS::RDS::DBProxyTargetGroup", `{"DBProxyName":"pool","TargetGroupName":"default","TargetGroupArn":"arn:aws:rds:us-east-1:123456789012:target-group:prx-tg-1","ConnectionPoolConfig":{"MaxConnectionsPercent":80},
				"Targets":[{"RdsResourceId":"orders","Type":"TRACKED_CLUSTER"},{"RdsResourceId":"orders-1","Type":"RDS_INSTANCE"}]}`,
			"rds:us-east-1:123456789012:target-group:prx-tg-1", "default",
			`{"ConnectionPoolConfigurationInfo":{"MaxConnectionsPercent":80},"DBClusterIdentifiers":["orders"],"DBInstanceIdentifiers":["orders-1"]}`, nil,
		},
		{
			"AWS::ElastiCache::ReplicationGroup", `{"ReplicationGroupId":"cache","Description":"shop","ARN":"arn:aws:elasticache:us-east-1:123456789012:replicationgroup:cache","Status":"available","MultiAZ":"enabled",
				"AutomaticFailover":"enabled","NodeGroups":[{"PrimaryEndpoint":{"Address":"p.cache","Port":6379},"NodeGroupMembers":[{},{}]}],
				"Member":[{"CacheSubnetGroupName":"data","EngineVersion":"7.1","SecurityGroups":[{"SecurityGroupId":"sg-1","Status":"active"}],"CacheParameterGroup":{"CacheParameterGroupName":"default.redis7"}}]}`,
			"elasticache:us-east-1:123456789012:replicationgroup:cache", "cache",
			`{"ReplicationGroupDescription":"shop","MultiAZEnabled":true,"NumCacheClusters":2,"ReplicasPerNodeGroup":1,"Port":6379,"CacheSubnetGroupName":"data","EngineVersion":"7.1",
				"SecurityGroupIds":["sg-1"],"CacheParameterGroupName":"default.redis7"}`, nil,
		},
		{
			"AWS::KinesisFirehose::DeliveryStream", `{"DeliveryStreamName":"clicks","DeliveryStreamARN":"arn:aws:firehose:us-east-1:123456789012:deliverystream/clicks","DeliveryStreamType":"DirectPut","Destinations":[{
				"DestinationId":"d","S3DestinationDescription":{"BucketARN":"arn:aws:s3:::lake"},"ExtendedS3DestinationDescription":{"BucketARN":"arn:aws:s3:::lake","RoleARN":"arn:aws:iam::123456789012:role/f","CompressionFormat":"GZIP"}}]}`,
			"firehose:us-east-1:123456789012:deliverystream/clicks", "clicks",
			`{"DeliveryStreamType":"DirectPut","ExtendedS3DestinationConfiguration":{"BucketARN":"arn:aws:s3:::lake","RoleARN":"arn:aws:iam::123456789012:role/f","CompressionFormat":"GZIP"}}`, nil,
		},
		{
			"AWS::MSK::Cluster", `{"ClusterArn":"arn:aws:kafka:us-east-1:123456789012:cluster/events/1","ClusterName":"events","ClusterType":"PROVISIONED","State":"ACTIVE","Provisioned":{"NumberOfBrokerNodes":3,
				"BrokerNodeGroupInfo":{"ClientSubnets":["subnet-2","subnet-1"],"InstanceType":"kafka.m5.large"},"CurrentBrokerSoftwareInfo":{"KafkaVersion":"3.6.0","ConfigurationArn":"arn:aws:kafka:us-east-1:123456789012:configuration/c/1","ConfigurationRevision":2}},
				"BootstrapBrokers":{"BootstrapBrokerStringTls":"b-1.events.kafka:9094,b-2.events.kafka:9094"}}`,
			"kafka:us-east-1:123456789012:cluster/events/1", "events",
			`{"ClusterName":"events","NumberOfBrokerNodes":3,"KafkaVersion":"3.6.0","BrokerNodeGroupInfo":{"ClientSubnets":["subnet-1","subnet-2"],"InstanceType":"kafka.m5.large"},
				"ConfigurationInfo":{"Arn":"arn:aws:kafka:us-east-1:123456789012:configuration/c/1","Revision":2}}`, nil,
		},
		{
			"AWS::OpenSearchService::Domain", `{"DomainId":"123456789012/search","DomainName":"search","ARN":"arn:aws:es:us-east-1:123456789012:domain/search","EngineVersion":"OpenSearch_2.11","Deleted":true,
				"Endpoints":{"vpc":"vpc-search.es"},"AccessPolicies":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\"}]}","VPCOptions":{"VPCId":"vpc-1","SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}}`,
			"es:us-east-1:123456789012:domain/search", "search",
			`{"DomainName":"search","AccessPolicies":{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]},"VPCOptions":{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}}`, []inventory.Mark{inventory.Deleted},
		},
		{
			"AWS::Glue::Table", `{"Name":"clicks","DatabaseName":"lake","CatalogId":"123456789012","TableType":"EXTERNAL_TABLE","StorageDescriptor":{"Location":"s3://lake/clicks/","Columns":[{"Name":"id","Type":"string"}]}}`,
			"glue:us-east-1:123456789012:table/lake/clicks", "lake.clicks",
			`{"DatabaseName":"lake","TableInput":{"Name":"clicks","TableType":"EXTERNAL_TABLE","StorageDescriptor":{"Location":"s3://lake/clicks/","Columns":[{"Name":"id","Type":"string"}]}}}`, nil,
		},
		{
			"AWS::DMS::ReplicationInstance", `{"ReplicationInstanceIdentifier":"mover","ReplicationInstanceArn":"arn:aws:dms:us-east-1:123456789012:rep:ABC","ReplicationInstanceClass":"dms.t3.medium","ReplicationInstanceStatus":"deleting",
				"VpcSecurityGroups":[{"VpcSecurityGroupId":"sg-1"}],"ReplicationSubnetGroup":{"ReplicationSubnetGroupIdentifier":"data"}}`,
			"dms:us-east-1:123456789012:rep:ABC", "mover", `{"ReplicationInstanceClass":"dms.t3.medium","VpcSecurityGroupIds":["sg-1"],"ReplicationSubnetGroupIdentifier":"data"}`, []inventory.Mark{inventory.Deleted},
		},
		{
			"AWS::Backup::BackupSelection", `{"BackupPlanId":"p1","SelectionId":"s1","CreatorRequestId":"x","BackupSelection":{"SelectionName":"all","IamRoleArn":"arn:aws:iam::123456789012:role/b","ListOfTags":[{"ConditionType":"STRINGEQUALS","ConditionKey":"a","ConditionValue":"b"}]}}`,
			"backup:us-east-1:123456789012:backup-plan:p1|s1", "all", `{"BackupPlanId":"p1","BackupSelection":{"SelectionName":"all","IamRoleArn":"arn:aws:iam::123456789012:role/b","ListOfTags":[{"ConditionType":"stringequals","ConditionKey":"a","ConditionValue":"b"}]}}`, nil,
		},
	}
}

func edgeCases() []readCase {
	return []readCase{
		{
			"AWS::CloudFront::Distribution", `{"Id":"E1","ARN":"arn:aws:cloudfront::123456789012:distribution/E1","DomainName":"d1.cloudfront.net","DistributionConfig":{"CallerReference":"x","Enabled":true,"IsIPV6Enabled":true,
				"Comment":"shop","Aliases":{"Quantity":1,"Items":["static.example"]},"Logging":{"Enabled":false,"Bucket":""},"Origins":{"Quantity":1,"Items":[{"Id":"o","DomainName":"o.example","CustomHeaders":{"Quantity":1,"Items":[{"HeaderName":"X-Via","HeaderValue":"cdn"}]},
				"CustomOriginConfig":{"HTTPPort":80,"OriginProtocolPolicy":"https-only","OriginSslProtocols":{"Quantity":1,"Items":["TLSv1.2"]}}}]},"OriginGroups":{"Quantity":0},
				"DefaultCacheBehavior":{"TargetOriginId":"o","ViewerProtocolPolicy":"https-only","AllowedMethods":{"Quantity":1,"Items":["GET"],"CachedMethods":{"Quantity":1,"Items":["GET"]}},"TrustedSigners":{"Enabled":false,"Quantity":0}},
				"Restrictions":{"GeoRestriction":{"RestrictionType":"whitelist","Quantity":1,"Items":["DE"]}}}}`,
			"cloudfront::123456789012:distribution/E1", "shop",
			`{"DomainName":"d1.cloudfront.net","DistributionConfig.Enabled":true,"DistributionConfig.IPV6Enabled":true,"DistributionConfig.Aliases":["static.example"],"DistributionConfig.Logging":null,
				"DistributionConfig.Origins":[{"Id":"o","DomainName":"o.example","OriginCustomHeaders":[{"HeaderName":"X-Via","HeaderValue":"(redacted)"}],"CustomOriginConfig":{"HTTPPort":80,"OriginProtocolPolicy":"https-only","OriginSSLProtocols":["TLSv1.2"]}}],
				"DistributionConfig.DefaultCacheBehavior.AllowedMethods":["GET"],"DistributionConfig.DefaultCacheBehavior.CachedMethods":["GET"],
				"DistributionConfig.Restrictions":{"GeoRestriction":{"RestrictionType":"whitelist","Locations":["DE"]}}}`, nil,
		},
		{
			"AWS::CloudFront::ResponseHeadersPolicy", `{"Id":"r1","ResponseHeadersPolicyConfig":{"Name":"cors","CorsConfig":{"AccessControlAllowOrigins":{"Quantity":1,"Items":["*"]},"AccessControlAllowHeaders":{"Quantity":1,"Items":["*"]},
				"AccessControlAllowMethods":{"Quantity":1,"Items":["GET"]},"AccessControlAllowCredentials":false,"OriginOverride":true}}}`,
			"cloudfront::123456789012:response-headers-policy/r1", "cors", `{"ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowOrigins":{"Items":["*"]},"ResponseHeadersPolicyConfig.Name":"cors"}`, nil,
		},
		{
			"AWS::S3::Bucket", `{"Name":"lake","ReplicationConfiguration":{"Role":"arn:aws:iam::123456789012:role/r","Rules":[{"ID":"all","Status":"Enabled","Priority":1,"Filter":{"Prefix":"in/"},"Destination":{"Bucket":"arn:aws:s3:::copy"},"DeleteMarkerReplication":{"Status":"Disabled"}}]},
				"InventoryConfigurationList":[{"Id":"daily","IsEnabled":true,"IncludedObjectVersions":"All","Schedule":{"Frequency":"Daily"},"Destination":{"S3BucketDestination":{"Bucket":"arn:aws:s3:::lists","Format":"CSV"}}}],
				"MetricsConfigurationList":[{"Id":"in","Filter":{"Prefix":"in/"}}],"IntelligentTieringConfigurationList":[{"Id":"t","Status":"Enabled","Filter":{"Tag":{"Key":"a","Value":"b"}},"Tierings":[{"Days":90,"AccessTier":"ARCHIVE_ACCESS"}]}],
				"LoggingEnabled":{"TargetBucket":"logs","TargetPrefix":"s3/"},"Accelerate":{"Status":"Enabled"},"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"},"Notification":{"EventBridgeConfiguration":{}},
				"Website":{"RoutingRules":[{"Condition":{"KeyPrefixEquals":"a/"},"Redirect":{"ReplaceKeyPrefixWith":"b/"}}],"IndexDocument":{"Suffix":"i.html"}}}`,
			"s3:::lake", "lake",
			`{"BucketName":"lake","ReplicationConfiguration.Rules":[{"Id":"all","Status":"Enabled","Priority":1,"Filter":{"Prefix":"in/"},"Destination":{"Bucket":"arn:aws:s3:::copy"},"DeleteMarkerReplication":{"Status":"Disabled"}}],
				"InventoryConfigurations":[{"Id":"daily","Enabled":true,"IncludedObjectVersions":"All","ScheduleFrequency":"Daily","Destination":{"BucketArn":"arn:aws:s3:::lists","Format":"CSV"}}],
				"MetricsConfigurations":[{"Id":"in","Prefix":"in/"}],"IntelligentTieringConfigurations":[{"Id":"t","Status":"Enabled","TagFilters":[{"Key":"a","Value":"b"}],"Tierings":[{"Days":90,"AccessTier":"ARCHIVE_ACCESS"}]}],
				"LoggingConfiguration":{"DestinationBucketName":"logs","LogFilePrefix":"s3/"},"AccelerateConfiguration":{"AccelerationStatus":"Enabled"},"ObjectLockEnabled":true,
				"NotificationConfiguration":{"EventBridgeConfiguration":{"EventBridgeEnabled":true}},"WebsiteConfiguration.RoutingRules":[{"RoutingRuleCondition":{"KeyPrefixEquals":"a/"},"RedirectRule":{"ReplaceKeyPrefixWith":"b/"}}]}`, nil,
		},
		{
			"AWS::ApiGateway::Stage", `{"RestApiId":"a1","StageName":"live","DeploymentId":"d1","MethodSettings":{"~1orders~1{id}/GET":{"ThrottlingRateLimit":5},"*/*":{"MetricsEnabled":true}}}`,
			"apigateway:us-east-1::/restapis/a1/stages/live", "live",
			`{"MethodSettings":[{"HttpMethod":"*","ResourcePath":"/*","MetricsEnabled":true},{"HttpMethod":"GET","ResourcePath":"/orders/{id}","ThrottlingRateLimit":5}]}`, nil,
		},
		{
			"AWS::DirectConnect::PublicVirtualInterface", `{"virtualInterfaceId":"dxvif-1","virtualInterfaceName":"line","connectionId":"dxcon-1","vlan":7,"authKey":"bgp-kB7secret","routeFilterPrefixes":[{"cidr":"192.0.2.0/24"}]}`,
			"directconnect:us-east-1:123456789012:dxvif/dxvif-1", "line", `{"ConnectionId":"dxcon-1","RouteFilterPrefixes":["192.0.2.0/24"],"Vlan":7}`, nil,
		},
		{
			"AWS::Lambda::EventSourceMapping", `{"UUID":"u1","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:f","State":"Disabled","SelfManagedEventSource":{"Endpoints":{"KAFKA_BOOTSTRAP_SERVERS":["k:9092"]}}}`,
			"lambda:us-east-1:123456789012:event-source-mapping:u1", "u1", `{"Enabled":false,"SelfManagedEventSource":{"Endpoints":{"KafkaBootstrapServers":["k:9092"]}}}`, nil,
		},
		{
			"AWS::Lambda::Alias", `{"AliasArn":"arn:aws:lambda:us-east-1:123456789012:function:f:live","FunctionName":"f","Name":"live","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}}`,
			"lambda:us-east-1:123456789012:function:f:live", "f:live", `{"RoutingConfig":{"AdditionalVersionWeights":[{"FunctionVersion":"2","FunctionWeight":0.1}]}}`, nil,
		},
		{"AWS::ECS::CapacityProvider", `{"name":"FARGATE","capacityProviderArn":"arn:aws:ecs:us-east-1:123456789012:capacity-provider/FARGATE"}`, "ecs:us-east-1:123456789012:capacity-provider/FARGATE", "FARGATE", `{}`, []inventory.Mark{inventory.Default}},
		{"AWS::IAM::Role", `{"RoleName":"x","Arn":"arn:aws:iam::123456789012:role/aws-service-role/x","Path":"/aws-service-role/x/","AssumeRolePolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%7D"}`, "iam::123456789012:role/aws-service-role/x", "x",
			`{"AssumeRolePolicyDocument":{"Version":"2012-10-17"}}`, []inventory.Mark{inventory.ServiceLinked}},
	}
}

func TestServicesFromAPI(t *testing.T) {
	t.Parallel()
	c := New()
	for _, one := range append(dataCases(), edgeCases()...) {
		item := object(t, one.answer)
		got, err := c.FromAPI(one.kind, here(), item)
		if err != nil {
			t.Errorf("%s: %v", one.kind, err)
			continue
		}
		if string(got.ID) != "arn:aws:"+one.id || got.Name != one.name {
			t.Errorf("%s: id %s, name %q; want %s, %q", one.kind, got.ID, got.Name, one.id, one.name)
		}
		if !reflect.DeepEqual(got.Marks, one.marks) && len(got.Marks)+len(one.marks) > 0 {
			t.Errorf("%s: marks %v, want %v", one.kind, got.Marks, one.marks)
		}
		for path, want := range object(t, one.properties) {
			if value := within(map[string]any(got.Properties), path); !reflect.DeepEqual(value, want) {
				t.Errorf("%s: %s is %v, want %v", one.kind, path, value, want)
			}
		}
		again(t, c, got)
	}
}

// again: properties in canonical form, as a template or another reading has
// them, come out as they went in.
func again(t *testing.T, c *Converter, first inventory.Resource) {
	t.Helper()
	item := map[string]any{}
	for name, value := range first.Properties {
		item[name] = value
	}
	second, err := c.FromAPI(first.Kind, here(), item)
	if err != nil {
		t.Errorf("%s read again: %v", first.Kind, err)
		return
	}
	if !reflect.DeepEqual(first.Properties, second.Properties) {
		t.Errorf("%s read again: %v, was %v", first.Kind, second.Properties, first.Properties)
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

// A policy that an answer nests is a resource of its own, and each statement of
// a function's policy is.
func TestPoliciesAreResources(t *testing.T) {
	t.Parallel()
	c := New()
	const policy = `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"x:Do\",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::b\"}}},{\"Sid\":\"b\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"x:Do\"}]}`
	for _, one := range []struct {
		kind   cloud.Kind
		answer string
		want   []string
	}{
		{"AWS::S3::Bucket", `{"Name":"b","Policy":"` + policy + `"}`, []string{"arn:aws:s3:::b|policy"}},
		{"AWS::SQS::Queue", `{"QueueArn":"arn:aws:sqs:us-east-1:123456789012:q","QueueUrl":"https://q","Policy":"` + policy + `"}`, []string{"arn:aws:sqs:us-east-1:123456789012:q|policy"}},
		{"AWS::SNS::Topic", `{"TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Policy":"` + policy + `"}`, []string{"arn:aws:sns:us-east-1:123456789012:t|policy"}},
		{"AWS::Lambda::Function", `{"FunctionName":"f","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:f","Policy":"` + policy + `"}`,
			[]string{"arn:aws:lambda:us-east-1:123456789012:function:f|permission|a", "arn:aws:lambda:us-east-1:123456789012:function:f|permission|b"}},
		{"AWS::SecretsManager::Secret", `{"ARN":"arn:aws:secretsmanager:us-east-1:123456789012:secret:s-1","Name":"s","RotationEnabled":true,"RotationLambdaARN":"arn:aws:lambda:us-east-1:123456789012:function:r","ResourcePolicy":"` + policy + `"}`,
			[]string{"arn:aws:secretsmanager:us-east-1:123456789012:secret:s-1|policy", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-1|rotation"}},
	} {
		all, err := c.AllFromAPI(one.kind, here(), object(t, one.answer))
		if err != nil {
			t.Errorf("%s: %v", one.kind, err)
			continue
		}
		var got []string
		for _, r := range all[1:] {
			got = append(got, string(r.ID))
		}
		if !reflect.DeepEqual(got, one.want) {
			t.Errorf("%s: children %v, want %v", one.kind, got, one.want)
		}
		if all[0].Properties["Policy"] != nil || all[0].Attributes["Policy"] != nil {
			t.Errorf("%s keeps the policy too", one.kind)
		}
	}
}
