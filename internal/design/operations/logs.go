package operations

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2023-03-15-preview/scheduledqueryrules"
	"github.com/hashicorp/go-azure-sdk/resource-manager/operationalinsights/2025-07-01/tables"
)

const (
	workspaceKind cloud.Kind = "Microsoft.OperationalInsights/workspaces"
	tableKind     cloud.Kind = "Microsoft.OperationalInsights/workspaces/tables"
	logsPage                 = "Microsoft Learn, Manage data retention in a Log Analytics workspace"
)

func logRules() []design.Rule {
	return []design.Rule{
		{Name: "logs/group", Kinds: []cloud.Kind{"AWS::Logs::LogGroup"}, Stage: design.Operations, Source: logsPage, Targets: []cloud.Kind{workspaceKind, tableKind}, Apply: logGroup},
		{Name: "logs/metric-filter", Kinds: []cloud.Kind{"AWS::Logs::MetricFilter"}, Stage: design.Operations, Source: "Microsoft Learn, Create a log search alert rule", Apply: metricFilter},
	}
}

// platformTable is the table that the target's service writes to by itself, ""
// for a group that an agent or the application fills.
func platformTable(group string) (table, what string) {
	for _, p := range []struct{ prefix, table, what string }{
		{"/aws/lambda/", "AppTraces", "functions write to Application Insights"}, {"/aws/ecs/", "ContainerAppConsoleLogs_CL", "container apps write their console"},
		{"/ecs/", "ContainerAppConsoleLogs_CL", "container apps write their console"}, {"/aws/containerinsights/", "ContainerLogV2", "Container Insights gathers the logs of a cluster"},
		{"/aws/eks/", "AKSControlPlane", "a cluster writes its control plane"}, {"/aws/rds/", "AzureDiagnostics", "database servers write by a diagnostic setting"},
		{"/aws/apigateway/", "ApiManagementGatewayLogs", "API Management writes by a diagnostic setting"}, {"API-Gateway-Execution-Logs", "ApiManagementGatewayLogs", "API Management writes by a diagnostic setting"},
		{"/aws/vendedlogs/states", "AzureDiagnostics", "workflows write by a diagnostic setting"}, {"aws-waf-logs", "AGWFirewallLogs", "gateways write what their firewall does"},
		{"/aws/codebuild/", "", "the pipeline keeps its own logs"}, {"/aws/cloudtrail", "AzureActivity", "the activity log is always on"}, {"/aws/vpc", "NTANetAnalytics", "flow logs go to traffic analytics"},
	} {
		if strings.HasPrefix(strings.ToLower(group), strings.ToLower(p.prefix)) {
			return p.table, p.what
		}
	}
	return "", ""
}

func groupName(r *inventory.Resource) string {
	if name := design.Text(r.Properties, "LogGroupName"); name != "" && !common.Unresolved(name) {
		return name
	}
	return r.Name
}

// logGroup gives a group its place in the workspace. A group that the platform
// fills needs no table of its own; one that an agent fills gets one.
func logGroup(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("LogGroupName", "RetentionInDays", "StoredBytes", "CreationTime", "MetricFilterCount")
	s.MeetsEach(common.Setting{Gap: "logs.key", Path: "KmsKeyId"}, common.Setting{Gap: "logs.mask", Path: "DataProtectionPolicy"}, common.Setting{Gap: "logs.index", Path: "FieldIndexPolicies"},
		common.Setting{Gap: "logs.policy", Path: "ResourcePolicyDocument"}, common.Setting{Gap: "logs.protected", Path: "DeletionProtectionEnabled"})
	name := groupName(r)
	c.Attach(r, common.Workspace(c))
	days := s.Int("RetentionInDays", 0)
	if table, what := platformTable(name); what != "" {
		s.Decide(design.Replace, common.NamedGaps, "%s is filled by a service of AWS; at the target %s, into the workspace", name, what)
		if table != "" && days > 30 {
			s.Do("set the retention of the table %s to %s", table, common.Count(total(days), "day"))
		}
		return s.Done()
	}
	keep := total(days)
	if days == 0 {
		s.Gap("logs.forever", "RetentionInDays is not set")
	} else if keep != days {
		s.Gap("logs.retention", fmt.Sprintf("RetentionInDays=%d becomes %d", days, keep))
	}
	plan := tables.TablePlanEnumAnalytics
	p := &tables.TableProperties{TotalRetentionInDays: new(int64(keep)), Schema: &tables.Schema{Name: new(tableName(name)), Columns: &[]tables.Column{
		{Name: new("TimeGenerated"), Type: new(tables.ColumnTypeEnumDateTime)}, {Name: new("Computer"), Type: new(tables.ColumnTypeEnumString)}, {Name: new("FilePath"), Type: new(tables.ColumnTypeEnumString)}, {Name: new("RawData"), Type: new(tables.ColumnTypeEnumString)},
	}}}
	if s.Text("LogGroupClass") == "INFREQUENT_ACCESS" {
		s.Meets("logs.class", "LogGroupClass")
		plan = tables.TablePlanEnumBasic
	} else {
		p.RetentionInDays = new(int64(min(max(keep, 4), 30)))
	}
	s.Knows("LogGroupClass")
	p.Plan = new(plan)
	c.Attach(r, c.Once("operations/table/"+strings.ToLower(tableName(name)), func() cloud.ResourceID {
		return c.Put(design.Target{Type: tableKind, Parent: common.Workspace(c), Base: tableName(name), Exact: true, NoLocation: true, Model: tables.Table{Properties: p}})
	}))
	s.Decide(design.Migrate, common.NamedGaps, "%s is filled by an agent or the application and kept %s, so it gets the table %s in the workspace, kept %s", name, kept(days), tableName(name), common.Count(keep, "day"))
	s.Do("let the Azure Monitor agent, or a data collection rule, write what went to %s into %s", name, tableName(name))
	s.Do("copy out of %s what has to be kept from before the move: logs do not come along", name)
	return s.Done()
}

func kept(days int) string {
	if days == 0 {
		return "for ever"
	}
	return common.Count(days, "day")
}

// total is the retention that a table takes for at least as many days: any
// number from 4 to 730, then years up to twelve (Microsoft Learn, "Manage data
// retention in a Log Analytics workspace").
func total(days int) int {
	if days == 0 {
		return 4383
	}
	if days <= 730 {
		return max(days, 4)
	}
	for _, n := range []int{1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018, 4383} {
		if days <= n {
			return n
		}
	}
	return 4383
}

var notInTable = regexp.MustCompile(`[^A-Za-z0-9]+`)

// tableName is a custom table's: letters, digits and underscores, with the
// ending that marks it.
func tableName(group string) string {
	name := strings.Trim(notInTable.ReplaceAllString(group, "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "Log_" + name
	}
	if len(name) > 45 {
		name = name[:36] + "_" + common.GUID(group)[:8]
	}
	return name + "_CL"
}

// metricFilter belongs to the alert that asks for its metric.
func metricFilter(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("FilterName", "LogGroupName", "FilterPattern", "MetricTransformations", "ApplyOnTransformedLogs")
	var alarms []string
	for _, a := range c.OfKind("AWS::CloudWatch::Alarm") {
		if slices.Contains(filtersOf(c, design.Text(a.Properties, "Namespace"), design.Text(a.Properties, "MetricName")), r) {
			alarms = append(alarms, a.Name)
		}
	}
	s.Decide(design.Replace, common.NamedGaps, "%s counts lines like %s; alerts and charts ask the workspace for them directly", r.Name, common.Shown(s.At("FilterPattern")))
	if len(alarms) == 0 {
		s.Do("write the query for %s where its metric was shown", common.Shown(s.At("FilterPattern")))
	}
	if s.Has("FieldSelectionCriteria") {
		s.Do("add %s to the query", common.Shown(s.At("FieldSelectionCriteria")))
	}
	return s.Done()
}

// filtersOf are the metric filters that make a metric.
func filtersOf(c *design.Context, namespace, name string) []*inventory.Resource {
	var out []*inventory.Resource
	for _, f := range c.OfKind("AWS::Logs::MetricFilter") {
		for _, t := range design.Maps(f.Properties["MetricTransformations"]) {
			if design.Text(t, "MetricName") == name && design.Text(t, "MetricNamespace") == namespace {
				out = append(out, f)
			}
		}
	}
	return out
}

// fromLogs finds the filter that makes the metric of an alarm.
func (a *watch) fromLogs() (*inventory.Resource, bool) {
	found := filtersOf(a.C, a.namespace, a.name)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// byQuery asks the workspace for what a metric filter counts.
func (a *watch) byQuery(filter *inventory.Resource) {
	query, ok := queryOf(a.C, filter)
	if !ok {
		a.Gap("alarm.pattern", design.Text(filter.Properties, "FilterPattern"))
		a.Decide(design.Manual, common.Redesign, "%s counts what the pattern %q finds, which is not translated", a.R.Name, design.Text(filter.Properties, "FilterPattern"))
		a.Do("write a log search alert for the pattern %q over %s", design.Text(filter.Properties, "FilterPattern"), common.Shown(filter.Properties["LogGroupName"]))
		return
	}
	window := a.window()
	// Log search alerts have no window of a minute or of twelve hours (Microsoft
	// Learn, "Create or edit a log search alert rule").
	switch window {
	case "PT1M":
		window = "PT5M"
	case "PT12H":
		window = "P1D"
	}
	var groups []string
	for _, id := range notify(a.Sheet) {
		groups = append(groups, string(id))
	}
	threshold, _ := design.Number(a.R.Properties, "Threshold")
	id := a.C.Put(design.Target{Type: queryKind, Base: a.R.Name, Model: scheduledqueryrules.ScheduledQueryRuleResource{Kind: new(scheduledqueryrules.KindLogAlert), Properties: scheduledqueryrules.ScheduledQueryRuleProperties{
		Enabled: new(a.R.Properties["ActionsEnabled"] == nil || a.True("ActionsEnabled")), Severity: new(scheduledqueryrules.AlertSeverity(2)), EvaluationFrequency: new("PT5M"), WindowSize: new(window), AutoMitigate: new(true),
		SkipQueryValidation: new(true), Scopes: &[]string{string(common.Workspace(a.C))}, Actions: &scheduledqueryrules.Actions{ActionGroups: &groups},
		Criteria: &scheduledqueryrules.ScheduledQueryRuleCriteria{AllOf: &[]scheduledqueryrules.Condition{{
			Query: new(query), TimeAggregation: new(scheduledqueryrules.TimeAggregationCount), Operator: new(scheduledqueryrules.ConditionOperator(operator(a.Text("ComparisonOperator"), false))), Threshold: new(threshold),
			FailingPeriods: &scheduledqueryrules.ConditionFailingPeriods{NumberOfEvaluationPeriods: new(int64(1)), MinFailingPeriodsToAlert: new(int64(1))},
		}}},
	}}}, a.R)
	a.C.Attach(filter, id)
	a.evaluation()
	a.Gap("alarm.query", query)
	a.Decide(design.Migrate, common.NamedGaps, "%s counts lines of %s that match %s, so a log search alert asks the workspace for them", a.R.Name, filteredGroup(a.C, filter), common.Shown(filter.Properties["FilterPattern"]))
}

// filteredGroup is the name of the group that a filter reads.
func filteredGroup(c *design.Context, filter *inventory.Resource) string {
	group := design.Text(filter.Properties, "LogGroupName")
	if found, ok := c.Find(filter, group, "AWS::Logs::LogGroup"); ok {
		return groupName(found)
	}
	return group
}

var jsonTerm = regexp.MustCompile(`^\{\s*\$\.([A-Za-z0-9_.]+)\s*=\s*("?)([^"{}&|*]+)("?)\s*\}$`)

// queryOf translates simple patterns: words that all have to be there, and one
// equality of a JSON field (CloudWatch Logs User Guide, "Filter pattern
// syntax").
func queryOf(c *design.Context, filter *inventory.Resource) (string, bool) {
	pattern := strings.TrimSpace(design.Text(filter.Properties, "FilterPattern"))
	table := "AppTraces"
	column := "Message"
	group := filteredGroup(c, filter)
	if platform, what := platformTable(group); what == "" && !common.Unresolved(group) {
		table, column = tableName(group), "RawData"
	} else if platform != "" && platform != "AppTraces" {
		table, column = platform, "Log_s"
	}
	if m := jsonTerm.FindStringSubmatch(pattern); m != nil {
		return fmt.Sprintf("%s | where tostring(parse_json(%s).%s) == %q", table, column, m[1], strings.TrimSpace(m[3])), true
	}
	if pattern == "" {
		return table, true
	}
	if strings.ContainsAny(pattern, "{}[]?%") {
		return "", false
	}
	var parts []string
	for _, word := range words(pattern) {
		verb := "has_cs"
		if strings.HasPrefix(word, "-") {
			word, verb = strings.TrimPrefix(word, "-"), "!has_cs"
		}
		parts = append(parts, fmt.Sprintf("%s %s %q", column, verb, strings.Trim(word, `"`)))
	}
	return table + " | where " + strings.Join(parts, " and "), true
}

// words parts a pattern at blanks outside quotes.
func words(pattern string) []string {
	inside := false
	return strings.FieldsFunc(pattern, func(r rune) bool {
		if r == '"' {
			inside = !inside
		}
		return r == ' ' && !inside
	})
}
