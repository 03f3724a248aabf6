package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
)

// backup makes the vault and the nightly plan. What the plan covers is said
// by tag, because the control plane behind the sandbox has no selections.
func (s *scope) backup() {
	tags := tagsOf(s.owner)
	named(s, Resource{Kind: "AWS::Backup::BackupVault", Name: "bookshop"}, s.clients.backup.CreateBackupVault, &backup.CreateBackupVaultInput{
		BackupVaultName: aws.String("bookshop"), EncryptionKeyArn: aws.String(s.id("key-arn")), BackupVaultTags: tags,
	})
	create(s, Resource{Kind: "AWS::Backup::BackupPlan", Name: "bookshop-nightly"}, s.clients.backup.CreateBackupPlan, &backup.CreateBackupPlanInput{
		BackupPlanTags: tags, BackupPlan: &types.BackupPlanInput{BackupPlanName: aws.String("bookshop-nightly"), Rules: []types.BackupRuleInput{{
			RuleName: aws.String("nightly"), TargetBackupVaultName: aws.String("bookshop"), ScheduleExpression: aws.String("cron(0 3 * * ? *)"),
			StartWindowMinutes: aws.Int64(60), CompletionWindowMinutes: aws.Int64(180), Lifecycle: &types.Lifecycle{DeleteAfterDays: aws.Int64(35)},
			RecoveryPointTags: map[string]string{"workload": "bookshop"},
		}}},
	}, func(o *backup.CreateBackupPlanOutput) *string { return o.BackupPlanId })
}
