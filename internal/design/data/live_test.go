package data_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"pgregory.net/rapid"
)

// A template and a live scan of what it made give the same targets: the scan
// answers more properties, ids instead of references, and numbers as texts.
func TestLiveIsTemplate(t *testing.T) {
	t.Parallel()
	template := designtest.FromTemplate(t, `
Resources:
  Group: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupName: rack, DBSubnetGroupDescription: d, SubnetIds: [subnet-a, subnet-b]}}
  Settings: {Type: AWS::RDS::DBParameterGroup, Properties: {DBParameterGroupName: tuned, Family: postgres16, Description: d, Parameters: {log_statement: ddl, rds.force_ssl: 1}}}
  Main: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: orders, Engine: postgres, EngineVersion: "16", DBInstanceClass: db.t4g.medium, AllocatedStorage: "40", StorageType: gp3, MasterUsername: shop, DBName: orders, DBSubnetGroupName: !Ref Group, DBParameterGroupName: !Ref Settings, BackupRetentionPeriod: 9}}
  Copy: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: orders-copy, SourceDBInstanceIdentifier: !Ref Main, DBInstanceClass: db.t4g.medium}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "shop-files-${AWS::AccountId}", VersioningConfiguration: {Status: Enabled}, LifecycleConfiguration: {Rules: [{Id: old, Status: Enabled, Prefix: a/, ExpirationInDays: 30}]}}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: carts, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]}}
  Stream: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks, ShardCount: 2}}
`)
	live := []inventory.Resource{
		designtest.Live(t, "AWS::RDS::DBSubnetGroup", "subgrp:rack", `{"DBSubnetGroupName":"rack","SubnetIds":["subnet-a","subnet-b"]}`),
		designtest.Live(t, "AWS::RDS::DBParameterGroup", "pg:tuned", `{"DBParameterGroupName":"tuned","Family":"postgres16","Parameters":{"log_statement":"ddl","rds.force_ssl":"1"}}`),
		designtest.Live(t, "AWS::RDS::DBInstance", "db:orders", `{"DBInstanceIdentifier":"orders","Engine":"postgres","EngineVersion":"16.4","DBInstanceClass":"db.t4g.medium","AllocatedStorage":"40","StorageType":"gp3","Iops":3000,"MasterUsername":"shop","DBName":"orders","DBSubnetGroupName":"rack","DBParameterGroupName":"tuned","BackupRetentionPeriod":9,"AvailabilityZone":"us-east-1b","Port":"5432","MultiAZ":false,"PubliclyAccessible":false,"ReadReplicaDBInstanceIdentifiers":["orders-copy"],"Endpoint":{"Address":"orders.x.us-east-1.rds.amazonaws.com","Port":"5432"},"CACertificateIdentifier":"rds-ca-rsa2048-g1"}`),
		designtest.Live(t, "AWS::RDS::DBInstance", "db:orders-copy", `{"DBInstanceIdentifier":"orders-copy","SourceDBInstanceIdentifier":"orders","Engine":"postgres","EngineVersion":"16.4","DBInstanceClass":"db.t4g.medium","AllocatedStorage":"40"}`),
		designtest.Live(t, "AWS::S3::Bucket", "arn:aws:s3:::shop-files-123456789012", `{"BucketName":"shop-files-123456789012","VersioningConfiguration":{"Status":"Enabled"},"LifecycleConfiguration":{"Rules":[{"Id":"old","Status":"Enabled","Prefix":"a/","ExpirationInDays":30}],"TransitionDefaultMinimumObjectSize":"all_storage_classes_128K"},"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":false,"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}}`),
		designtest.Live(t, "AWS::DynamoDB::Table", "table/carts", `{"TableName":"carts","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":0,"WriteCapacityUnits":0}}`),
		designtest.Live(t, "AWS::Kinesis::Stream", "stream/clicks", `{"Name":"clicks","ShardCount":2,"RetentionPeriodHours":24,"StreamModeDetails":{"StreamMode":"PROVISIONED"}}`),
	}
	first, second := designtest.Make(t, families(), template...), designtest.Shuffled(t, families(), live...)
	designtest.SameTargets(t, first, second)
	designtest.Check(t, first, second)
	if n := len(resources(second, pgServers)); n != 2 {
		t.Errorf("%d servers", n)
	}
}

// Values of any form in any property never panic, leave no resource without a
// decision and give bodies that the published types accept.
func TestAnyProperties(t *testing.T) {
	t.Parallel()
	kinds := []cloud.Kind{}
	for _, rule := range data.Family().Rules[:30] {
		kinds = append(kinds, rule.Kinds...)
	}
	names := keysOf(odd(nil))
	workload := rapid.Custom(func(r *rapid.T) []inventory.Resource {
		var all []inventory.Resource
		for i := range rapid.IntRange(1, 60).Draw(r, "count") {
			one := inventory.Resource{Kind: rapid.SampledFrom(kinds).Draw(r, "kind"), Name: "n" + strings.Repeat("n", i), Account: "123456789012", Region: "us-east-1", Properties: inventory.Properties{}}
			one.ID = cloud.ResourceID("arn:aws:x:us-east-1:123456789012:" + string(one.Kind) + "/" + one.Name)
			for range rapid.IntRange(0, 12).Draw(r, "properties") {
				one.Properties[rapid.SampledFrom(names).Draw(r, "name")] = value(r, 0)
			}
			if rapid.Bool().Draw(r, "engine") {
				one.Properties["Engine"] = rapid.SampledFrom([]any{"postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql", "sqlserver-se", "oracle-ee", "redis", "memcached", "docdb", "neptune"}).Draw(r, "which")
			}
			all = append(all, one)
		}
		return all
	})
	const workloads = 25
	var kept []*design.Design
	for seed := range workloads {
		all := workload.Example(seed)
		d, err := designtest.Case{Families: families(), Resources: all}.Try(t)
		if err != nil {
			t.Fatalf("workload %d: %v", seed, err)
		}
		if len(d.Decisions) != len(all) {
			t.Fatalf("workload %d: %d decisions for %d resources", seed, len(d.Decisions), len(all))
		}
		kept = append(kept, d)
	}
	designtest.Check(t, kept...)
}

func keysOf(p inventory.Properties) []string {
	var out []string
	for k := range p {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// value draws a tree whose members are names that rules look for.
func value(r *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 6).Draw(r, "form")
	if depth > 3 && kind > 4 {
		kind = 0
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]any{"", "Enabled", "true", "db.t3.micro", "db.r6g.16xlarge", "cache.r6g.large", "io1", "gp3", "10.0.0.0/8", "sun:03:00-sun:04:00", "${ref:cloudformation:shop/X#Arn}", "ü/\\\"'[x]", "AES256", "aws:kms", "GLACIER", "KMS", "WINDOWS", "ONTAP", "1.5", "-1"}).Draw(r, "text")
	case 1:
		return rapid.Float64Range(-1e6, 1e9).Draw(r, "number")
	case 2:
		return float64(rapid.IntRange(-3, 40000).Draw(r, "whole"))
	case 3:
		return rapid.Bool().Draw(r, "truth")
	case 4:
		return nil
	case 5:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			out = append(out, value(r, depth+1))
		}
		return out
	}
	out := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(r, "members") {
		out[rapid.SampledFrom([]string{"Rules", "Id", "Status", "Prefix", "Transitions", "StorageClass", "TransitionInDays", "ExpirationInDays", "AttributeName", "KeyType", "KeySchema", "Statement", "Effect", "Principal", "Action", "Condition", "CorsRules", "AllowedMethods", "AllowedOrigins", "ThroughputCapacity", "DeploymentType", "Maximum", "MaxCapacity", "Region", "Enabled", "ColumnName", "IndexDocument", "DefaultRetention", "Days", "Rule", "ServerSideEncryptionConfiguration"}).Draw(r, "member")] = value(r, depth+1)
	}
	return out
}
