package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/backup"
)

const (
	typeBackupPlan  = "AWS::Backup::BackupPlan"
	typeBackupVault = "AWS::Backup::BackupVault"
)

type backupReader struct {
	*reader
	client *backup.Client
}

func (r *reader) backup() family {
	b := backupReader{r, backup.NewFromConfig(r.config)}
	return family{name: "backup", services: []string{"backup"}, kinds: []kind{
		{[]string{typeBackupPlan}, b.plans},
		{[]string{typeBackupVault}, b.vaults},
	}}
}

func (b backupReader) plans(ctx context.Context) ([]item, error) {
	var ids []string
	err := pages(ctx, backup.NewListBackupPlansPaginator(b.client, &backup.ListBackupPlansInput{}), func(out *backup.ListBackupPlansOutput) {
		for _, one := range out.BackupPlansList {
			ids = append(ids, text(one.BackupPlanId))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, id := range ids {
		out, err := b.client.GetBackupPlan(ctx, &backup.GetBackupPlanInput{BackupPlanId: &id})
		if err != nil {
			return nil, err
		}
		it := b.item(typeBackupPlan, id, "", text(out.BackupPlanArn))
		it.created = when(out.CreationDate)
		it.configuration = map[string]any{"BackupPlanId": id, "BackupPlanArn": it.arn, "VersionId": text(out.VersionId)}
		if out.BackupPlan != nil {
			it.name = text(out.BackupPlan.BackupPlanName)
			it.configuration["BackupPlan"] = b.plan(&it, pascal(out.BackupPlan))
		}
		if it.tags, err = b.tags(ctx, it.arn); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// plan renames what CloudFormation calls differently than the API.
func (b backupReader) plan(it *item, plan map[string]any) map[string]any {
	rules, _ := plan["Rules"].([]any)
	for _, rule := range rules {
		one, ok := rule.(map[string]any)
		if !ok {
			continue
		}
		if vault, ok := one["TargetBackupVaultName"].(string); ok {
			one["TargetBackupVault"] = vault
			delete(one, "TargetBackupVaultName")
			it.relate(associated, typeBackupVault, vault)
		}
	}
	plan["BackupPlanRule"] = rules
	return without(plan, "Rules")
}

func (b backupReader) vaults(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, backup.NewListBackupVaultsPaginator(b.client, &backup.ListBackupVaultsInput{}), func(out *backup.ListBackupVaultsOutput) {
		for _, one := range out.BackupVaultList {
			name := text(one.BackupVaultName)
			it := b.item(typeBackupVault, name, name, text(one.BackupVaultArn))
			it.created = when(one.CreationDate)
			it.configuration = map[string]any{"BackupVaultName": name, "BackupVaultArn": it.arn}
			if key := text(one.EncryptionKeyArn); key != "" {
				it.configuration["EncryptionKeyArn"] = key
				it.relate(associated, typeKey, keyOf(key))
			}
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		if items[i].tags, err = b.tags(ctx, items[i].arn); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (b backupReader) tags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := b.client.ListTags(ctx, &backup.ListTagsInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}
