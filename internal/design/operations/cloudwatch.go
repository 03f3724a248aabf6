package operations

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2018-03-01/metricalerts"
)

const (
	alertKind cloud.Kind = "Microsoft.Insights/metricAlerts"
	queryKind cloud.Kind = "Microsoft.Insights/scheduledQueryRules"
	groupKind cloud.Kind = "Microsoft.Insights/actionGroups"

	alertPage = "Microsoft Learn, Types of Azure Monitor alerts"
)

func (w watcher) alarmRules() []design.Rule {
	return []design.Rule{
		{Name: "cloudwatch/alarm", Kinds: []cloud.Kind{"AWS::CloudWatch::Alarm"}, Stage: design.Operations, Source: alertPage, Targets: []cloud.Kind{alertKind, queryKind, groupKind}, Apply: w.alarm},
		{Name: "cloudwatch/composite", Kinds: []cloud.Kind{"AWS::CloudWatch::CompositeAlarm"}, Stage: design.Operations, Source: alertPage, Apply: composite},
	}
}

// watch is an alarm on its way to an alert rule.
type watch struct {
	*common.Sheet
	namespace, name, statistic string
	dimensions                 []map[string]any
	period                     int
}

func (w watcher) alarm(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AlarmName", "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ThresholdMetricId",
		"ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "Unit", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions", "StateValue", "StateReason", "AlarmConfigurationUpdatedTimestamp")
	if scaling(c, r) {
		s.Decide(design.Replace, common.LikeForLike, "%s only tells a scaling policy to act; the autoscale setting holds its condition itself", r.Name)
		return s.Done()
	}
	a := &watch{Sheet: s, namespace: s.Text("Namespace"), name: s.Text("MetricName"), statistic: s.Text("Statistic"), dimensions: s.Maps("Dimensions"), period: s.Int("Period", 300)}
	if !a.single() {
		s.Gap("alarm.expression", common.Shown(r.Properties["Metrics"]))
		s.Decide(design.Manual, common.Redesign, "%s watches an expression of several metrics", r.Name)
		s.Do("write the expression of %s as a log query over AzureMetrics, or as one alert for each metric", r.Name)
		return s.Done()
	}
	if rule, ok := a.fromLogs(); ok {
		a.byQuery(rule)
		return s.Done()
	}
	m, why := w.measure(c, r, a.namespace, a.name, a.dimensions)
	threshold, ok := a.threshold(m)
	switch {
	case why != "":
		a.without(m, why)
	case !ok:
		a.without(m, fmt.Sprintf("%s measures in another unit than %s: %s", m.name, a.name, m.unit))
	default:
		a.put(m, threshold)
	}
	return s.Done()
}

// scaling reports whether all actions of an alarm are scaling policies.
func scaling(c *design.Context, r *inventory.Resource) bool {
	actions := design.Texts(r.Properties["AlarmActions"])
	return len(actions) > 0 && !slices.ContainsFunc(actions, func(a string) bool {
		_, found := c.Find(r, a, "AWS::AutoScaling::ScalingPolicy", "AWS::ApplicationAutoScaling::ScalingPolicy")
		return !found && !strings.Contains(a, ":scalingPolicy:")
	})
}

// single takes the one metric out of an alarm that is written as a list; false
// for an expression.
func (a *watch) single() bool {
	var found []map[string]any
	for _, m := range a.Maps("Metrics") {
		if expression := design.Text(m, "Expression"); expression != "" {
			if !strings.HasPrefix(expression, "ANOMALY_DETECTION_BAND") {
				return false
			}
			continue
		}
		found = append(found, m)
	}
	if len(found) > 1 {
		return false
	}
	if len(found) == 1 {
		stat := found[0]["MetricStat"]
		a.namespace, a.name, a.statistic = design.Text(stat, "Metric.Namespace"), design.Text(stat, "Metric.MetricName"), design.Text(stat, "Stat")
		a.dimensions, a.period = design.Maps(design.At(stat, "Metric.Dimensions")), design.Int(stat, "Period", a.period)
	}
	return a.name != ""
}

func (a *watch) without(m measured, why string) {
	if m.unit != "" {
		a.Gap("alarm.unit", m.unit)
	} else if a.namespace == "CWAgent" || strings.HasPrefix(a.name, "mem_") || strings.HasPrefix(a.name, "disk_") {
		a.Gap("alarm.guest", a.namespace+" "+a.name)
	} else {
		a.Gap("alarm.metric", a.namespace+" "+a.name)
	}
	a.Decide(design.Manual, common.Redesign, "%s watches %s of %s, and %s", a.R.Name, a.name, a.namespace, why)
	a.Do("choose what tells the same at the target (%s over %s) and write an alert rule for it", common.Words(a.name, a.asks()), common.Count(a.period, "second"))
	if m.about != nil {
		a.C.Attach(a.R, a.C.TargetsOf(m.about)...)
	}
}

// threshold is that of the alarm in the unit of the target's metric.
func (a *watch) threshold(m measured) (float64, bool) {
	v, known := design.Number(a.R.Properties, "Threshold")
	switch m.unit {
	case "inverse":
		// A failed check is 1 there; availability is 1 when all is well.
		return 1, true
	case "":
		if !known && !a.anomalous() {
			a.Do("the threshold of %s is known only when the source is deployed; 0 is taken: check it", a.R.Name)
		}
		return v * m.factor, true
	case "period":
		return v * float64(a.period), known
	}
	return 0, false
}

func (a *watch) put(m measured, threshold float64) {
	window := a.window()
	every := frequency(window)
	if a.anomalous() && every == "PT1M" {
		every = "PT5M"
	}
	p := metricalerts.MetricAlertProperties{
		Enabled: a.R.Properties["ActionsEnabled"] == nil || a.True("ActionsEnabled"), Severity: 2, Scopes: []string{string(m.scope)}, WindowSize: window, EvaluationFrequency: every,
		AutoMitigate: new(true), TargetResourceType: new(string(m.kind)), TargetResourceRegion: new(string(a.C.Place.Location)),
	}
	if text := a.Text("AlarmDescription"); text != "" && !common.Unresolved(text) {
		p.Description = new(text)
	}
	actions := []metricalerts.MetricAlertAction{}
	for _, id := range notify(a.Sheet) {
		actions = append(actions, metricalerts.MetricAlertAction{ActionGroupId: new(string(id))})
	}
	p.Actions = &actions
	if a.anomalous() {
		p.Criteria = a.dynamic(m)
	} else {
		p.Criteria = metricalerts.MetricAlertSingleResourceMultipleMetricCriteria{OdataType: metricalerts.OdatatypeMicrosoftPointAzurePointMonitorPointSingleResourceMultipleMetricCriteria, AllOf: &[]metricalerts.MetricCriteria{{
			Name: "condition", CriterionType: metricalerts.CriterionTypeStaticThresholdCriterion, MetricName: m.name, MetricNamespace: new(string(m.kind)), Dimensions: dimensionsOf(m),
			Operator: operator(a.Text("ComparisonOperator"), m.unit == "inverse"), Threshold: threshold, TimeAggregation: a.aggregation(m),
		}}}
	}
	a.C.Put(design.Target{Type: alertKind, Base: a.R.Name, Location: "global", Model: metricalerts.MetricAlertResource{Properties: p}}, a.R)
	a.evaluation()
	a.Decide(design.Migrate, common.NamedGaps, "%s watches %s of %s%s, which is %s of what stands for it", a.R.Name, a.name, m.about.Name, bracketed(a.asks()), m.name)
}

// asks is the condition of an alarm in the words of the source, as far as it
// says them.
func (a *watch) asks() string {
	return common.Words(cmp.Or(a.statistic, a.Text("ExtendedStatistic")), a.Text("ComparisonOperator"), a.Text("Threshold"))
}

// bracketed is a remark behind a name, "" for none.
func bracketed(remark string) string {
	if remark == "" {
		return ""
	}
	return " (" + remark + ")"
}

func (a *watch) anomalous() bool {
	return strings.Contains(a.Text("ComparisonOperator"), "UpperThreshold") || strings.Contains(a.Text("ComparisonOperator"), "LowerThreshold") || a.Text("ThresholdMetricId") != ""
}

// dynamic learns the band, as an anomaly detection band does.
func (a *watch) dynamic(m measured) metricalerts.MetricAlertCriteria {
	a.Gap("alarm.anomaly", "ThresholdMetricId="+a.Text("ThresholdMetricId"))
	op := metricalerts.DynamicThresholdOperatorGreaterThan
	switch text := a.Text("ComparisonOperator"); {
	case strings.Contains(text, "Lower") && strings.Contains(text, "Upper"):
		op = metricalerts.DynamicThresholdOperatorGreaterOrLessThan
	case strings.HasPrefix(text, "LessThan"):
		op = metricalerts.DynamicThresholdOperatorLessThan
	}
	periods := float64(min(max(a.Int("EvaluationPeriods", 1), 1), 6))
	return metricalerts.MetricAlertMultipleResourceMultipleMetricCriteria{OdataType: metricalerts.OdatatypeMicrosoftPointAzurePointMonitorPointMultipleResourceMultipleMetricCriteria, AllOf: &[]metricalerts.MultiMetricCriteria{
		metricalerts.DynamicMetricCriteria{Name: "condition", CriterionType: metricalerts.CriterionTypeDynamicThresholdCriterion, MetricName: m.name, MetricNamespace: new(string(m.kind)), Dimensions: dimensionsOf(m),
			Operator: op, AlertSensitivity: metricalerts.DynamicThresholdSensitivityMedium, TimeAggregation: a.aggregation(m),
			FailingPeriods: metricalerts.DynamicThresholdFailingPeriods{NumberOfEvaluationPeriods: periods, MinFailingPeriodsToAlert: float64(min(max(a.Int("DatapointsToAlarm", int(periods)), 1), int(periods)))}},
	}}
}

func dimensionsOf(m measured) *[]metricalerts.MetricDimension {
	if len(m.dimensions) == 0 {
		return nil
	}
	var out []metricalerts.MetricDimension
	for _, d := range m.dimensions {
		name, value, _ := strings.Cut(d, "=")
		if value == "@" {
			value = m.entity
		}
		out = append(out, metricalerts.MetricDimension{Name: name, Operator: "Include", Values: []string{value}})
	}
	return &out
}

func operator(text string, turned bool) metricalerts.Operator {
	switch {
	case turned:
		return metricalerts.OperatorLessThan
	case strings.HasPrefix(text, "GreaterThanOrEqual"):
		return metricalerts.OperatorGreaterThanOrEqual
	case strings.HasPrefix(text, "LessThanOrEqual"):
		return metricalerts.OperatorLessThanOrEqual
	case strings.HasPrefix(text, "LessThan"):
		return metricalerts.OperatorLessThan
	}
	return metricalerts.OperatorGreaterThan
}

func (a *watch) aggregation(m measured) metricalerts.AggregationTypeEnum {
	if m.aggregation != "" {
		return metricalerts.AggregationTypeEnum(m.aggregation)
	}
	switch a.statistic {
	case "Sum":
		return metricalerts.AggregationTypeEnumTotal
	case "Minimum":
		return metricalerts.AggregationTypeEnumMinimum
	case "Maximum":
		return metricalerts.AggregationTypeEnumMaximum
	case "SampleCount":
		return metricalerts.AggregationTypeEnumCount
	case "Average":
		return metricalerts.AggregationTypeEnumAverage
	}
	a.Gap("alarm.percentile", common.Shown(or(a.R.Properties["ExtendedStatistic"], a.statistic)))
	return metricalerts.AggregationTypeEnumAverage
}

func or(values ...any) any {
	for _, v := range values {
		if v != nil && v != "" {
			return v
		}
	}
	return nil
}

// window is the time that a rule looks back: all periods for an average, one
// period for what is counted, since the threshold holds for one period.
func (a *watch) window() string {
	seconds := max(a.period, 60)
	if a.statistic == "Average" && !a.anomalous() {
		seconds *= max(a.Int("EvaluationPeriods", 1), 1)
	}
	for _, w := range windows() {
		if a.anomalous() && w.seconds < 300 {
			// Dynamic thresholds look back five minutes at least (Microsoft Learn,
			// "Dynamic thresholds in Azure Monitor").
			continue
		}
		if seconds <= w.seconds {
			if seconds < w.seconds {
				a.Gap("alarm.window", common.Count(seconds, "second")+" become "+w.text)
			}
			return w.text
		}
	}
	a.Gap("alarm.window", common.Count(seconds, "second")+" become P1D")
	return "P1D"
}

type span struct {
	text    string
	seconds int
}

// windows are those that metric alerts take (Microsoft Learn, "Create a new
// alert rule": aggregation granularity).
func windows() []span {
	return []span{{"PT1M", 60}, {"PT5M", 300}, {"PT15M", 900}, {"PT30M", 1800}, {"PT1H", 3600}, {"PT6H", 21600}, {"PT12H", 43200}, {"P1D", 86400}}
}

func frequency(window string) string {
	switch window {
	case "PT1M", "PT5M", "PT15M":
		return "PT1M"
	case "PT30M", "PT1H":
		return "PT5M"
	}
	return "PT1H"
}

// evaluation names how CloudWatch counts periods and missing data otherwise.
func (a *watch) evaluation() {
	periods := a.Int("EvaluationPeriods", 1)
	if m := a.Int("DatapointsToAlarm", periods); m != periods || (periods > 1 && a.statistic != "Average") {
		a.Gap("alarm.periods", fmt.Sprintf("DatapointsToAlarm=%d of EvaluationPeriods=%d", m, periods))
	}
	switch missing := a.Text("TreatMissingData"); missing {
	case "breaching":
		a.Gap("alarm.missing", "TreatMissingData=breaching")
	case "ignore":
		a.Gap("alarm.missing", "TreatMissingData=ignore")
	}
	if a.Has("InsufficientDataActions") {
		a.Gap("alarm.insufficient", "InsufficientDataActions="+common.Shown(a.At("InsufficientDataActions")))
	}
}

var asksState = regexp.MustCompile(`\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^()"']*?))\s*\)`)

// asked are the alarms whose states a rule asks, by name, ARN or reference
// (CloudWatch API Reference, "PutCompositeAlarm": AlarmRule).
func asked(rule string) []any {
	var out []any
	for _, m := range asksState.FindAllStringSubmatch(rule, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

func composite(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions")
	for _, child := range c.FindAll(r, asked(s.Text("AlarmRule")), "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm") {
		c.Attach(r, c.TargetsOf(child)...)
	}
	s.Meets("alarm.composite", "AlarmRule")
	s.Decide(design.Manual, common.Redesign, "alert rules cannot ask the state of others, as %s does: %s", r.Name, common.Shown(s.At("AlarmRule")))
	s.Do("join the conditions of %s in one log query, or quiet the single alerts by an alert processing rule", r.Name)
	for _, name := range []string{"ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod"} {
		if s.Has(name) {
			s.Do("let an alert processing rule do what %s=%s does", name, common.Shown(s.At(name)))
		}
	}
	return s.Done()
}
