package operations

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func trailRules() []design.Rule {
	return []design.Rule{
		{Name: "cloudtrail/trail", Kinds: []cloud.Kind{"AWS::CloudTrail::Trail"}, Stage: design.Operations, Source: "Microsoft Learn, Azure Monitor activity log", Targets: []cloud.Kind{workspaceKind}, Apply: trail},
		{Name: "config/rule", Kinds: []cloud.Kind{"AWS::Config::ConfigRule", "AWS::Config::OrganizationConfigRule"}, Stage: design.Operations, Source: "Microsoft Learn, What is Azure Policy?", Apply: configRule},
	}
}

// trail says what the activity log does by itself and what has to be asked
// for. The setting that sends it on stands on the subscription, which is not
// the workload's.
func trail(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("TrailName", "IsLogging", "HomeRegion", "IncludeGlobalServiceEvents", "S3BucketName", "S3KeyPrefix", "IsMultiRegionTrail", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "EventSelectors", "AdvancedEventSelectors")
	c.Attach(r, common.Workspace(c))
	s.Decide(design.Replace, common.NamedGaps, "the activity log records management calls without a trail and keeps them 90 days; a diagnostic setting of the subscription keeps them longer, in the workspace")
	s.Do("ask for a diagnostic setting of the subscription that sends the activity log to the workspace of the workload, in place of %s", r.Name)
	s.MeetsEach(common.Setting{Gap: "trail.validation", Path: "EnableLogFileValidation"}, common.Setting{Gap: "trail.organization", Path: "IsOrganizationTrail"}, common.Setting{Gap: "trail.insights", Path: "InsightSelectors"},
		common.Setting{Gap: "trail.key", Path: "KMSKeyId"}, common.Setting{Gap: "trail.topic", Path: "SnsTopicName"})
	s.Knows("AggregationConfigurations")
	for _, selector := range append(s.Maps("EventSelectors"), s.Maps("AdvancedEventSelectors")...) {
		text := common.Shown(or(selector["DataResources"], selector["FieldSelectors"]))
		if strings.Contains(text, "AWS::") {
			s.Gap("trail.data", text)
		}
		for _, data := range design.Maps(selector["DataResources"]) {
			for _, bucket := range c.FindAll(r, data["Values"], "AWS::S3::Bucket") {
				s.Do("send StorageRead, StorageWrite and StorageDelete of what stands for %s to the workspace", bucket.Name)
			}
		}
	}
	return s.Done()
}

// configRule names the built-in policy that asks the same.
func configRule(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ConfigRuleName", "OrganizationConfigRuleName", "ConfigRuleId", "Compliance", "EvaluationModes")
	id := design.Text(r.Properties, "Source.SourceIdentifier")
	if id == "" {
		id = design.Text(r.Properties, "OrganizationManagedRuleMetadata.RuleIdentifier")
	}
	s.Knows("Source", "OrganizationManagedRuleMetadata")
	policy := policyFor(id)
	if policy == "" {
		s.Decide(design.Manual, common.Redesign, "Azure Policy asks such things; no built-in policy is known here for %s", common.Shown(or(id, r.Properties["Source"])))
		s.Do("look for a built-in policy that asks what %s asks, or write one", r.Name)
		return s.Done()
	}
	s.Decide(design.Manual, common.NamedGaps, "%s is asked by the built-in policy %q", id, policy)
	s.Do("have the policy %q assigned to the resource group, which takes the right to write policy assignments", policy)
	return s.Done()
}

// policyFor are built-in policies by the identifier of a managed rule of AWS
// Config (AWS Config Developer Guide, "List of AWS Config Managed Rules";
// Microsoft Learn, "Azure Policy built-in policy definitions").
func policyFor(identifier string) string {
	return map[string]string{
		"ENCRYPTED_VOLUMES":                                 "Virtual machines and virtual machine scale sets should have encryption at host enabled",
		"S3_BUCKET_PUBLIC_READ_PROHIBITED":                  "Storage account public access should be disallowed",
		"S3_BUCKET_PUBLIC_WRITE_PROHIBITED":                 "Storage account public access should be disallowed",
		"S3_BUCKET_SSL_REQUESTS_ONLY":                       "Secure transfer to storage accounts should be enabled",
		"S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED":          "Storage accounts should use customer-managed key for encryption",
		"RDS_INSTANCE_PUBLIC_ACCESS_CHECK":                  "Public network access should be disabled for PostgreSQL flexible servers",
		"RDS_SNAPSHOTS_PUBLIC_PROHIBITED":                   "Public network access should be disabled for PostgreSQL flexible servers",
		"DB_INSTANCE_BACKUP_ENABLED":                        "Geo-redundant backup should be enabled for Azure Database for PostgreSQL",
		"REQUIRED_TAGS":                                     "Require a tag on resources",
		"RESTRICTED_INCOMING_TRAFFIC":                       "All network ports should be restricted on network security groups associated to your virtual machine",
		"INCOMING_SSH_DISABLED":                             "Management ports should be closed on your virtual machines",
		"EC2_INSTANCE_NO_PUBLIC_IP":                         "Network interfaces should not have public IPs",
		"VPC_FLOW_LOGS_ENABLED":                             "Flow logs should be configured for every virtual network",
		"EC2_MANAGEDINSTANCE_PATCH_COMPLIANCE_STATUS_CHECK": "Machines should be configured to periodically check for missing system updates",
		"CMK_BACKING_KEY_ROTATION_ENABLED":                  "Keys should have a rotation policy ensuring that their rotation is scheduled within the specified number of days after creation",
		"ACM_CERTIFICATE_EXPIRATION_CHECK":                  "Certificates should not expire within the specified number of days",
		"LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED":          "Function apps should disable public network access",
		"EKS_ENDPOINT_NO_PUBLIC_ACCESS":                     "Azure Kubernetes Service Private Clusters should be enabled",
		"MULTI_REGION_CLOUD_TRAIL_ENABLED":                  "Azure subscriptions should have a log profile for Activity Log",
		"ROOT_ACCOUNT_MFA_ENABLED":                          "Accounts with owner permissions on Azure resources should be MFA enabled",
	}[identifier]
}
