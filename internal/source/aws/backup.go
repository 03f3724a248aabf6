package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
)

type backupReader interface {
	backup.ListBackupPlansAPIClient
	backup.ListBackupSelectionsAPIClient
	backup.ListBackupVaultsAPIClient
	backup.ListTagsAPIClient
	GetBackupPlan(context.Context, *backup.GetBackupPlanInput, ...func(*backup.Options)) (*backup.GetBackupPlanOutput, error)
	GetBackupSelection(context.Context, *backup.GetBackupSelectionInput, ...func(*backup.Options)) (*backup.GetBackupSelectionOutput, error)
	GetBackupVaultAccessPolicy(context.Context, *backup.GetBackupVaultAccessPolicyInput, ...func(*backup.Options)) (*backup.GetBackupVaultAccessPolicyOutput, error)
	GetBackupVaultNotifications(context.Context, *backup.GetBackupVaultNotificationsInput, ...func(*backup.Options)) (*backup.GetBackupVaultNotificationsOutput, error)
}

func backupService() service {
	return service{name: "backup", steps: func(config sdk.Config) []*step {
		var api backupReader = backup.NewFromConfig(config)
		const none = "ResourceNotFoundException"
		tags := func(arn string) *step { return list(api.ListTags, "ResourceArn="+arn).into("Tags", "Tags") }
		return []*step{
			list(api.ListBackupVaults).items("BackupVaultList", "AWS::Backup::BackupVault").with(
				get(api.GetBackupVaultAccessPolicy, "BackupVaultName").into("Policy", "Policy").absent(none),
				get(api.GetBackupVaultNotifications, "BackupVaultName").into("", "Notifications").absent(none),
				tags("BackupVaultArn"),
			),
			list(api.ListBackupPlans).items("BackupPlansList", "AWS::Backup::BackupPlan").with(
				get(api.GetBackupPlan, "BackupPlanId").into("", ""),
				tags("BackupPlanArn"),
				list(api.ListBackupSelections, "BackupPlanId").items("BackupSelectionsList", "AWS::Backup::BackupSelection").with(
					get(api.GetBackupSelection, "BackupPlanId", "SelectionId").into("", ""),
				),
			),
		}
	}}
}
