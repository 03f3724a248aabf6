package operations

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/recoveryservices/2025-08-01/vaults"
)

const (
	recoveryKind cloud.Kind = "Microsoft.RecoveryServices/vaults"
	policyKind   cloud.Kind = "Microsoft.RecoveryServices/vaults/backupPolicies"
	backupPage              = "Microsoft Learn, What is the Azure Backup service?"
)

func backupRules() []design.Rule {
	return []design.Rule{
		{Name: "backup/vault", Kinds: []cloud.Kind{"AWS::Backup::BackupVault", "AWS::Backup::LogicallyAirGappedBackupVault"}, Stage: design.Operations, Source: backupPage, Targets: []cloud.Kind{recoveryKind}, Apply: backupVault},
		{Name: "backup/plan", Kinds: []cloud.Kind{"AWS::Backup::BackupPlan"}, Stage: design.Operations, Source: backupPage, Targets: []cloud.Kind{recoveryKind, policyKind}, Apply: backupPlan},
		{Name: "backup/selection", Kinds: []cloud.Kind{"AWS::Backup::BackupSelection"}, Stage: design.Operations, Source: backupPage, Apply: backupSelection},
	}
}

// recoveryVault returns the workload's vault. It is geo-redundant, which is
// the nearest to the durability that AWS Backup promises, until something is
// protected it can be changed.
func recoveryVault(c *design.Context) cloud.ResourceID {
	return c.Once("operations/recovery", func() cloud.ResourceID {
		locked := vaults.ImmutabilityStateDisabled
		for _, r := range c.OfKind("AWS::Backup::BackupVault", "AWS::Backup::LogicallyAirGappedBackupVault") {
			if r.Properties["LockConfiguration"] != nil || r.Kind == "AWS::Backup::LogicallyAirGappedBackupVault" || design.True(r.Properties, "Locked") {
				locked = vaults.ImmutabilityStateUnlocked
			}
		}
		return c.Put(design.Target{Type: recoveryKind, Base: c.Options.Workload, Model: vaults.Vault{Sku: &vaults.Sku{Name: vaults.SkuNameRSZero, Tier: new("Standard")}, Properties: &vaults.VaultProperties{
			PublicNetworkAccess: new(vaults.PublicNetworkAccessEnabled),
			RedundancySettings:  &vaults.VaultPropertiesRedundancySettings{StandardTierStorageRedundancy: new(vaults.StandardTierStorageRedundancyGeoRedundant)},
			SecuritySettings:    &vaults.SecuritySettings{ImmutabilitySettings: &vaults.ImmutabilitySettings{State: new(locked)}},
		}}})
	})
}

func backupVault(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("BackupVaultName", "BackupVaultArn", "BackupVaultTags", "NumberOfRecoveryPoints", "Locked")
	c.Attach(r, recoveryVault(c))
	s.Decide(design.Migrate, common.NamedGaps, "%s becomes the Recovery Services vault of the workload; recovery points do not come along", r.Name)
	s.Do("keep %s until the longest retention of its recovery points has passed", r.Name)
	if s.Has("LockConfiguration") || s.Has("MinRetentionDays") || s.Has("MaxRetentionDays") {
		s.Gap("backup.lock", common.Shown(or(s.At("LockConfiguration"), s.At("MinRetentionDays"))))
	}
	if s.Has("EncryptionKeyArn") {
		s.Meets("backup.key", "EncryptionKeyArn")
	}
	if s.Has("AccessPolicy") {
		s.Meets("backup.policy", "AccessPolicy")
	}
	if s.Has("Notifications") {
		s.Do("make an alert of the vault for %s", common.Shown(s.At("Notifications")))
	}
	return s.Done()
}

// backupPlan makes a policy for machines of each rule, and says how the other
// kinds are kept.
func backupPlan(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("BackupPlan", "BackupPlanArn", "BackupPlanId", "VersionId", "BackupPlanTags")
	plan := r.Properties["BackupPlan"]
	name := design.Text(plan, "BackupPlanName")
	if name == "" || common.Unresolved(name) {
		name = r.Name
	}
	rules := design.Maps(design.At(plan, "BackupPlanRule"))
	if len(rules) == 0 {
		s.Decide(design.Manual, common.Guess, "nothing is known of the rules of %s", name)
		s.Do("read the plan %s and write a policy for each of its rules", name)
		return s.Done()
	}
	for _, rule := range rules {
		schedule, ok := backupSchedule(s, rule)
		if !ok {
			s.Gap("backup.schedule", design.Text(rule, "ScheduleExpression"))
		}
		base := name + "-" + design.Text(rule, "RuleName")
		c.Put(design.Target{Type: policyKind, Parent: recoveryVault(c), Base: base, NoLocation: true, APIVersion: policyVersion, Model: machinePolicy(schedule, retention(s, rule))}, r)
		backupGaps(s, rule)
	}
	for _, setting := range design.Maps(design.At(plan, "AdvancedBackupSettings")) {
		s.Gap("backup.vss", common.Shown(setting))
	}
	s.Decide(design.Migrate, common.NamedGaps, "%s has %s; each becomes a policy for machines with the same time and retention, while databases and storage keep backups by their own settings", name, common.Count(len(rules), "rule"))
	s.Do("set the retention of databases (7 to 35 days, longer by a Backup vault), of blobs and of file shares to that of %s", name)
	s.EffortDays = 0.5
	return s.Done()
}

type schedule struct {
	time   string
	weekly []any
}

// backupSchedule reads a cron expression: minutes, hours, day of the month,
// month, day of the week, year (AWS Backup Developer Guide, "Schedule expressions").
// What is neither daily nor weekly becomes daily.
func backupSchedule(s *common.Sheet, rule map[string]any) (schedule, bool) {
	out := schedule{time: "2000-01-01T05:00:00Z"}
	text := design.Text(rule, "ScheduleExpression")
	if text == "" {
		return out, true
	}
	cells := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(text, "cron("), ")"))
	if len(cells) != 6 {
		return out, false
	}
	minute, err1 := strconv.Atoi(cells[0])
	hour, err2 := strconv.Atoi(cells[1])
	if err1 != nil || err2 != nil || minute > 59 || hour > 23 || minute < 0 || hour < 0 {
		return out, false
	}
	// Policies take half hours.
	out.time = fmt.Sprintf("2000-01-01T%02d:%02d:00Z", hour, minute/30*30)
	if minute%30 != 0 {
		s.Gap("backup.schedule", text)
	}
	days := map[string]string{"1": "Sunday", "2": "Monday", "3": "Tuesday", "4": "Wednesday", "5": "Thursday", "6": "Friday", "7": "Saturday",
		"SUN": "Sunday", "MON": "Monday", "TUE": "Tuesday", "WED": "Wednesday", "THU": "Thursday", "FRI": "Friday", "SAT": "Saturday"}
	if cells[4] != "?" && cells[4] != "*" {
		for _, day := range strings.Split(strings.ToUpper(cells[4]), ",") {
			if d, ok := days[day]; ok {
				out.weekly = append(out.weekly, d)
			}
		}
		return out, len(out.weekly) > 0
	}
	return out, cells[2] == "*" || cells[2] == "?"
}

func retention(s *common.Sheet, rule map[string]any) int {
	days := design.Int(rule, "Lifecycle.DeleteAfterDays", 0)
	switch {
	case days == 0:
		s.Gap("backup.forever", design.Text(rule, "RuleName"))
		return 9999
	case days < 7:
		s.Gap("backup.short", fmt.Sprintf("DeleteAfterDays=%d", days))
		return 7
	}
	return min(days, 9999)
}

// policyVersion is the API version of machinePolicy. The SDK's own model of
// this type drags a retired client library in, so it is a mapping.
const policyVersion = "2025-08-01"

func machinePolicy(when schedule, days int) map[string]any {
	times := []any{when.time}
	simple := map[string]any{"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": "Daily", "scheduleRunTimes": times}
	long := map[string]any{"retentionPolicyType": "LongTermRetentionPolicy"}
	if len(when.weekly) > 0 {
		simple["scheduleRunFrequency"], simple["scheduleRunDays"] = "Weekly", when.weekly
		long["weeklySchedule"] = map[string]any{"daysOfTheWeek": when.weekly, "retentionTimes": times, "retentionDuration": map[string]any{"count": max((days+6)/7, 1), "durationType": "Weeks"}}
	} else {
		long["dailySchedule"] = map[string]any{"retentionTimes": times, "retentionDuration": map[string]any{"count": days, "durationType": "Days"}}
	}
	return map[string]any{"properties": map[string]any{"backupManagementType": "AzureIaasVM", "schedulePolicy": simple, "retentionPolicy": long, "timeZone": "UTC", "instantRpRetentionRangeInDays": 2}}
}

func backupGaps(s *common.Sheet, rule map[string]any) {
	at := func(name string) string {
		return design.Text(rule, "RuleName") + ": " + name + "=" + common.Shown(design.At(rule, name))
	}
	if design.At(rule, "Lifecycle.MoveToColdStorageAfterDays") != nil {
		s.Gap("backup.cold", at("Lifecycle.MoveToColdStorageAfterDays"))
	}
	if len(design.Maps(rule["CopyActions"])) > 0 {
		s.Gap("backup.copy", at("CopyActions"))
	}
	if design.True(rule, "EnableContinuousBackup") {
		s.Gap("backup.continuous", at("EnableContinuousBackup"))
	}
	for _, name := range []string{"StartWindowMinutes", "CompletionWindowMinutes"} {
		if rule[name] != nil {
			s.Gap("backup.window", at(name))
		}
	}
	if zone := design.Text(rule, "ScheduleExpressionTimezone"); zone != "" && !strings.HasSuffix(strings.ToUpper(zone), "UTC") {
		s.Gap("backup.zone", at("ScheduleExpressionTimezone"))
	}
	if rule["RecoveryPointTags"] != nil || rule["IndexActions"] != nil || rule["ScanActions"] != nil {
		s.Gap("backup.extra", design.Text(rule, "RuleName"))
	}
}

func backupSelection(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("BackupPlanId", "BackupSelection", "SelectionId")
	for _, plan := range c.FindAll(r, r.Properties["BackupPlanId"], "AWS::Backup::BackupPlan") {
		c.Attach(r, c.TargetsOf(plan)...)
	}
	selection := r.Properties["BackupSelection"]
	s.Decide(design.Replace, common.NamedGaps, "a policy protects what is assigned to it, by name or by Azure Policy for a tag")
	for _, found := range c.FindAll(r, design.At(selection, "Resources")) {
		s.Do("protect what stands for %s by the policy of its plan", found.Name)
	}
	if tags := or(design.At(selection, "ListOfTags"), design.At(selection, "Conditions")); tags != nil {
		s.Gap("backup.tags", common.Shown(tags))
	}
	return s.Done()
}
