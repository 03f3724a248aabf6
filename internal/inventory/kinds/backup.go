package kinds

import "example.com/landfall/internal/inventory"

func backupRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::Backup::BackupVault",
			Move: map[string]string{"Policy": "AccessPolicy", "MinRetentionDays": "LockConfiguration.MinRetentionDays", "MaxRetentionDays": "LockConfiguration.MaxRetentionDays"},
			Drop: []string{"CreatorRequestId"}, Shape: parsed("AccessPolicy"), ID: idAt("BackupVaultArn", "BackupVaultName"), Name: nameAt("BackupVaultName"),
			Aliases: []string{"BackupVaultName"}, Marks: when(inventory.Default, "BackupVaultName", "Default", "aws/efs/automatic-backup-vault"),
		},
		{
			Kind: "AWS::Backup::BackupPlan", Drop: []string{"CreatorRequestId", "LastExecutionDate", "ScheduledRunsPreview", "BackupPlan.Rules[].RuleId"}, Shape: backupPlan,
			ID: idAt("BackupPlanArn", "BackupPlanId"), Name: nameAt("BackupPlan.BackupPlanName", "BackupPlanName"), Aliases: []string{"BackupPlanId"}, Marks: when(inventory.Default, "CreatorRequestId", "AWS_EFS"),
		},
		{
			Kind: "AWS::Backup::BackupSelection", Drop: []string{"CreatorRequestId"}, Name: nameAt("BackupSelection.SelectionName", "SelectionName"),
			ID: func(r *Reading) string {
				return ownerARN("AWS::Backup::BackupPlan", r, "BackupPlanId") + "|" + r.said("SelectionId", "Id")
			},
		},
	}
}

// backupPlan: a rule's vault has a shorter name in CloudFormation.
func backupPlan(r *Reading) {
	plan := objectAt(r.Properties, "BackupPlan")
	if plan == nil {
		return
	}
	renameIn(plan, "Rules", "BackupPlanRule")
	for _, rule := range objectsAt(plan, "BackupPlanRule") {
		renameIn(rule, "TargetBackupVaultName", "TargetBackupVault")
		delete(rule, "RuleId")
		if lifecycle := objectAt(rule, "Lifecycle"); lifecycle != nil && len(lifecycle) == 0 {
			delete(rule, "Lifecycle")
		}
	}
}
