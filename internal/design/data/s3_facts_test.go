package data_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const (
	accountKind = "Microsoft.Storage/storageAccounts"
	policyKind  = "Microsoft.Storage/storageAccounts/managementPolicies"
	serviceKind = "Microsoft.Storage/storageAccounts/blobServices"
	blobsKind   = "Microsoft.Storage/storageAccounts/blobServices/containers"
)

// Days of a lifecycle rule, the tiers that stand for storage classes, accounts
// that may hold them, and what is billed although it is gone.
func TestLifecycleDays(t *testing.T) {
	t.Parallel()
	const modified = "definition.actions.baseBlob."
	const after = ".daysAfterModificationGreaterThan"
	type outcome struct {
		actions map[string]string
		sku     string
		gaps    string
	}
	cases := map[string]outcome{
		"ExpirationInDays: 1": {map[string]string{"delete": "1"}, "Standard_ZRS", ""},
		"Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}]":                                          {map[string]string{"tierToCool": "30"}, "Standard_ZRS", "s3.lifecycle-small"},
		"Transitions: [{StorageClass: ONEZONE_IA, TransitionInDays: 30}]":                                           {map[string]string{"tierToCool": "30"}, "Standard_ZRS", "s3.lifecycle-small"},
		"Transitions: [{StorageClass: GLACIER_IR, TransitionInDays: 0}]":                                            {map[string]string{"tierToCold": "0"}, "Standard_ZRS", "s3.lifecycle-small"},
		"Transitions: [{StorageClass: GLACIER, TransitionInDays: 90}]":                                              {map[string]string{"tierToArchive": "90"}, "Standard_GRS", "s3.archive s3.archive-redundancy s3.lifecycle-small"},
		"Transitions: [{StorageClass: DEEP_ARCHIVE, TransitionInDays: 180}]":                                        {map[string]string{"tierToArchive": "180"}, "Standard_GRS", "s3.archive s3.archive-redundancy s3.lifecycle-small"},
		"Transition: {StorageClass: STANDARD_IA, TransitionInDays: '45'}":                                           {map[string]string{"tierToCool": "45"}, "Standard_ZRS", "s3.lifecycle-small"},
		"Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}], ExpirationInDays: 60":                    {map[string]string{"tierToCool": "30", "delete": "60"}, "Standard_ZRS", "s3.lifecycle-small"},
		"Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}], ExpirationInDays: 59":                    {map[string]string{"tierToCool": "30", "delete": "59"}, "Standard_ZRS", "s3.early-deletion s3.lifecycle-small"},
		"Transitions: [{StorageClass: GLACIER_IR, TransitionInDays: 10}], ExpirationInDays: 99":                     {map[string]string{"tierToCold": "10", "delete": "99"}, "Standard_ZRS", "s3.early-deletion s3.lifecycle-small"},
		"Transitions: [{StorageClass: GLACIER, TransitionInDays: 10}], ExpirationInDays: 189":                       {map[string]string{"tierToArchive": "10", "delete": "189"}, "Standard_GRS", "s3.archive s3.archive-redundancy s3.early-deletion s3.lifecycle-small"},
		"Transitions: [{StorageClass: GLACIER, TransitionInDays: 10}], ExpirationInDays: 190":                       {map[string]string{"tierToArchive": "10", "delete": "190"}, "Standard_GRS", "s3.archive s3.archive-redundancy s3.lifecycle-small"},
		"Transitions: [{StorageClass: STANDARD_IA, TransitionDate: '2031-01-01'}]":                                  {map[string]string{}, "Standard_ZRS", "s3.lifecycle-date s3.lifecycle-small"},
		"ExpirationDate: '2031-01-01'":                                                                              {map[string]string{}, "Standard_ZRS", "s3.lifecycle-date"},
		"Transitions: [{StorageClass: REDUCED_REDUNDANCY, TransitionInDays: 1}]":                                    {map[string]string{}, "Standard_ZRS", "s3.lifecycle-class s3.lifecycle-small"},
		"ExpirationInDays: 30, TagFilters: [{Key: a, Value: b}]":                                                    {map[string]string{"delete": "30"}, "Standard_ZRS", "s3.object-tags"},
		"ExpirationInDays: 30, ObjectSizeGreaterThan: 131072":                                                       {map[string]string{"delete": "30"}, "Standard_ZRS", "s3.lifecycle-size"},
		"AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}, ExpirationInDays: 30":                            {map[string]string{"delete": "30"}, "Standard_ZRS", "s3.multipart"},
		"ExpirationInDays: soon, Transitions: nothing":                                                              {map[string]string{}, "Standard_ZRS", ""},
		"NoncurrentVersionExpiration: {NoncurrentDays: 10, NewerNoncurrentVersions: 2}":                             {map[string]string{}, "Standard_ZRS", "s3.newer-versions s3.noncurrent-age"},
		"NoncurrentVersionTransitions: [{StorageClass: GLACIER, TransitionInDays: 10, NewerNoncurrentVersions: 2}]": {map[string]string{}, "Standard_GRS", "s3.archive-redundancy s3.newer-versions"},
	}
	var all []string
	for rule := range cases {
		all = append(all, "LifecycleConfiguration: {Rules: [{Id: r, Status: Enabled, "+rule+"}]}")
	}
	slices.Sort(all)
	decision, target := probes(t, "AWS::S3::Bucket", all...)
	for rule, c := range cases {
		properties := "LifecycleConfiguration: {Rules: [{Id: r, Status: Enabled, " + rule + "}]}"
		want(t, target(properties, accountKind), map[string]string{"sku.name": c.sku, "properties.accessTier": "Hot"})
		exactly(t, rule, decision(properties), "s3.", c.gaps)
		if len(c.actions) == 0 {
			continue
		}
		policy := design.Maps(design.At(target(properties, policyKind).Body, "properties.policy.rules"))
		for _, action := range []string{"tierToCool", "tierToCold", "tierToArchive", "delete"} {
			if got := design.Text(policy[0], modified+action+after); got != c.actions[action] {
				t.Errorf("%s: %s after %q days, want %q", rule, action, got, c.actions[action])
			}
		}
	}
}

// Object Lock becomes a policy of the account that nobody has locked yet; years
// are of 365 days, and the longest policy is of 146,000 days.
func TestObjectLock(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		days, state string
		lock        bool
	}{
		"ObjectLockEnabled: true": {"", "", false},
		"ObjectLockEnabled: true, ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: GOVERNANCE, Days: 30}}}":   {"30", "Unlocked", false},
		"ObjectLockEnabled: true, ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: COMPLIANCE, Years: 7}}}":   {"2555", "Unlocked", true},
		"ObjectLockEnabled: true, ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: COMPLIANCE, Years: 500}}}": {"146000", "Unlocked", true},
	}
	decision, target := probes(t, "AWS::S3::Bucket", slices.Sorted(maps.Keys(cases))...)
	for properties, c := range cases {
		const policy = "properties.immutableStorageWithVersioning."
		want(t, target(properties, accountKind), map[string]string{policy + "enabled": "true", policy + "immutabilityPolicy.immutabilityPeriodSinceCreationInDays": c.days, policy + "immutabilityPolicy.state": c.state})
		want(t, target(properties, serviceKind), map[string]string{"properties.isVersioningEnabled": "true"})
		want(t, target(properties, blobsKind), map[string]string{policy + "enabled": "true"})
		if told := strings.Contains(strings.Join(decision(properties).ToDo, "|"), "lock the immutability policy"); told != c.lock {
			t.Errorf("%s: told to lock: %v", properties, told)
		}
		exactly(t, properties, decision(properties), "s3.object-lock", "s3.object-lock")
	}
}

// A bucket is as public as its ACL, its policy and its block of public access
// together make it, and no more.
func TestPublicBuckets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ properties, statement, allowed, access string }{
		{"", "", "false", "None"},
		{"AccessControl: Private", "", "false", "None"},
		{"AccessControl: PublicRead", "", "true", "Container"},
		{"AccessControl: PublicReadWrite", "", "true", "Container"},
		{"AccessControl: PublicRead, PublicAccessBlockConfiguration: {IgnorePublicAcls: true}", "", "false", "None"},
		{"AccessControl: PublicRead, PublicAccessBlockConfiguration: {BlockPublicAcls: true}", "", "true", "Container"},
		{"", "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}", "true", "Blob"},
		{"", "{Effect: Allow, Principal: {AWS: '*'}, Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*'}", "true", "Container"},
		{"", "{Effect: Allow, Principal: '*', Action: 's3:PutObject', Resource: '*'}", "false", "None"},
		{"", "{Effect: Deny, Principal: '*', Action: 's3:GetObject', Resource: '*'}", "false", "None"},
		{"", "{Effect: Allow, Principal: {AWS: 'arn:aws:iam::123456789012:root'}, Action: 's3:GetObject', Resource: '*'}", "false", "None"},
		{"", "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-1}}}", "false", "None"},
		{"PublicAccessBlockConfiguration: {BlockPublicPolicy: true}", "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}", "false", "None"},
		{"PublicAccessBlockConfiguration: {RestrictPublicBuckets: true}", "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}", "false", "None"},
	} {
		text := "Resources:\n  B: {Type: AWS::S3::Bucket, Properties: {BucketName: b, " + c.properties + "}}\n"
		if c.statement != "" {
			text += "  P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, PolicyDocument: {Statement: [" + c.statement + "]}}}\n"
		}
		d := designtest.Make(t, families(), designtest.FromTemplate(t, strings.ReplaceAll(text, "b, }", "b}"))...)
		want(t, designtest.One(t, d, accountKind), map[string]string{"properties.allowBlobPublicAccess": c.allowed, "properties.allowSharedKeyAccess": "false"})
		want(t, designtest.One(t, d, blobsKind), map[string]string{"properties.publicAccess": c.access})
	}
}

// What else a bucket says.
func TestBucketSettings(t *testing.T) {
	t.Parallel()
	const replicated = "ReplicationConfiguration: {Role: r, Rules: [{Id: r1, Status: "
	cases := map[string]struct{ versions, feed, gaps, todo string }{
		"BucketName: plain":                                                                                                  {"false", "", "", ""},
		"VersioningConfiguration: {Status: Enabled}":                                                                         {"true", "", "", ""},
		"VersioningConfiguration: {Status: Suspended}":                                                                       {"false", "", "s3.versions-suspended", ""},
		"AccelerateConfiguration: {AccelerationStatus: x}":                                                                   {"false", "", "s3.acceleration", ""},
		"InventoryConfigurations: [{Id: a}]":                                                                                 {"false", "", "s3.inventory", ""},
		"InventoryConfigurations: []":                                                                                        {"false", "", "", ""},
		"LoggingConfiguration: {LogFilePrefix: x}":                                                                           {"false", "", "s3.access-logs", ""},
		"NotificationConfiguration: {EventBridgeConfiguration: {}}":                                                          {"false", "", "s3.events", ""},
		"NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}":                                  {"false", "", "s3.events", ""},
		"NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: false}}":                                 {"false", "", "", ""},
		replicated + "Enabled, Destination: {Bucket: 'arn:aws:s3:::far'}}]}":                                                 {"true", "true", "s3.replication", "object replication policy"},
		replicated + "Enabled, Destination: {Bucket: 'arn:aws:s3:::far', StorageClass: GLACIER}, Filter: {Prefix: logs/}}]}": {"true", "true", "s3.replication", "Destination.StorageClass=GLACIER"},
		replicated + "Disabled, Destination: {Bucket: 'arn:aws:s3:::far'}}]}":                                                {"false", "", "", "which is disabled"},
		"CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*']}, {AllowedMethods: [GET], AllowedOrigins: [a]}, {AllowedMethods: [GET], AllowedOrigins: [b]}, {AllowedMethods: [GET], AllowedOrigins: [c]}, {AllowedMethods: [GET], AllowedOrigins: [d]}]}":                                               {"false", "", "", ""},
		"CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*']}, {AllowedMethods: [GET], AllowedOrigins: [a]}, {AllowedMethods: [GET], AllowedOrigins: [b]}, {AllowedMethods: [GET], AllowedOrigins: [c]}, {AllowedMethods: [GET], AllowedOrigins: [d]}, {AllowedMethods: [GET], AllowedOrigins: [e]}]}": {"false", "", "s3.cors-many", ""},
	}
	decision, target := probes(t, "AWS::S3::Bucket", slices.Sorted(maps.Keys(cases))...)
	for properties, c := range cases {
		service := target(properties, serviceKind)
		want(t, service, map[string]string{"properties.isVersioningEnabled": c.versions, "properties.changeFeed.enabled": c.feed})
		exactly(t, properties, decision(properties), "s3.", c.gaps)
		if c.todo != "" {
			wantToDo(t, decision(properties), c.todo)
		}
		if n := len(design.Maps(design.At(service.Body, "properties.cors.corsRules"))); n > 5 {
			t.Errorf("%s: %d CORS rules", properties, n)
		}
		want(t, target(properties, accountKind), map[string]string{"properties.minimumTlsVersion": "TLS1_2", "properties.supportsHttpsTrafficOnly": "true"})
	}
}
