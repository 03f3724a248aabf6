package compute

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2022-10-01/autoscalesettings"
)

const settingsKind cloud.Kind = "Microsoft.Insights/autoscalesettings"

// The words of autoscale rules that are needed again and again.
const (
	out = autoscalesettings.ScaleDirectionIncrease
	in  = autoscalesettings.ScaleDirectionDecrease
)

// setting returns the body of the scale set's autoscale setting, and puts it on
// the first asking, with a default profile of the group's own limits.
func (s *scale) setting(c *design.Context, r *inventory.Resource) map[string]any {
	if s.settings == "" {
		s.settings = c.Put(design.Target{Type: settingsKind, Base: s.m.name, Model: autoscalesettings.AutoscaleSettingResource{
			Properties: autoscalesettings.AutoscaleSetting{
				Enabled: new(true), TargetResourceUri: new(string(s.id)),
				Profiles: []autoscalesettings.AutoscaleProfile{{
					Name: "default", Rules: []autoscalesettings.ScaleRule{},
					Capacity: autoscalesettings.ScaleCapacity{Minimum: strconv.Itoa(s.minimum), Maximum: strconv.Itoa(s.maximum), Default: strconv.Itoa(s.capacity)},
				}},
			},
		}}, s.m.r)
	}
	c.Attach(r, s.settings)
	target, _ := c.Resource(s.settings)
	return target.Body
}

// metric is what a rule watches.
type metric struct {
	name, namespace string
	of              cloud.ResourceID
	dimension       string
	value           string
	statistic       autoscalesettings.MetricStatisticType
	aggregation     autoscalesettings.TimeAggregationType
	each            bool
}

func (s *scale) own(name string) metric {
	return metric{name: name, namespace: "microsoft.compute/virtualmachinescalesets", of: s.id, statistic: autoscalesettings.MetricStatisticTypeAverage, aggregation: autoscalesettings.TimeAggregationTypeAverage}
}

// change is one rule: what happens when the metric is beyond the threshold for
// some minutes.
type change struct {
	operator  autoscalesettings.ComparisonOperationType
	threshold float64
	minutes   int
	direction autoscalesettings.ScaleDirection
	kind      autoscalesettings.ScaleType
	by        int
	cooldown  int
}

func (w metric) rule(ch change) autoscalesettings.ScaleRule {
	t := autoscalesettings.MetricTrigger{
		MetricName: w.name, MetricNamespace: new(w.namespace), MetricResourceUri: string(w.of), Operator: ch.operator, Statistic: w.statistic, Threshold: ch.threshold,
		TimeAggregation: w.aggregation, TimeGrain: "PT1M", TimeWindow: "PT" + strconv.Itoa(min(max(ch.minutes, 5), 720)) + "M",
	}
	if w.dimension != "" {
		t.Dimensions = &[]autoscalesettings.ScaleRuleMetricDimension{{DimensionName: w.dimension, Operator: autoscalesettings.ScaleRuleMetricDimensionOperationTypeEquals, Values: []string{w.value}}}
	}
	if w.each {
		t.DividePerInstance = new(true)
	}
	return autoscalesettings.ScaleRule{MetricTrigger: t, ScaleAction: autoscalesettings.ScaleAction{
		Direction: ch.direction, Type: ch.kind, Value: new(strconv.Itoa(ch.by)), Cooldown: "PT" + strconv.Itoa(min(max((ch.cooldown+59)/60, 1), 10080)) + "M",
	}}
}

// add enters rules into the default profile, which takes ten (Microsoft Learn,
// "Azure Monitor autoscale limits and quotas").
func (s *scale) add(c *design.Context, r *inventory.Resource, rules ...autoscalesettings.ScaleRule) bool {
	body := s.setting(c, r)
	profiles, _ := design.At(body, "properties.profiles").([]any)
	first, _ := profiles[0].(map[string]any)
	list, _ := first["rules"].([]any)
	for _, rule := range rules {
		encoded := tree(rule)
		if slices.ContainsFunc(list, func(old any) bool { return common.Shown(old) == common.Shown(encoded) && equal(old, encoded) }) {
			continue
		}
		if len(list) >= 10 {
			return false
		}
		list = append(list, encoded)
	}
	first["rules"] = list
	return true
}

// policy decides a scaling policy of an Auto Scaling group.
func (f *family) policy(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("PolicyName", "AutoScalingGroupName", "PolicyType", "Alarms", "Enabled", "PolicyARN")
	set := f.scaleOf(c, r)
	if set == nil {
		return orphan(s, "scaling policy")
	}
	switch kind := s.Text("PolicyType"); {
	case kind == "TargetTrackingScaling" || s.Has("TargetTrackingConfiguration"):
		return f.targetTracking(s, set)
	case kind == "PredictiveScaling" || s.Has("PredictiveScalingConfiguration"):
		return f.predictive(s, set)
	}
	return f.steps(s, set)
}

// scaleInShare is where AWS puts the low alarm of target tracking: a tenth
// below the target, for fifteen minutes; the high one is the target itself for
// three (Amazon EC2 Auto Scaling User Guide, "Target tracking scaling
// policies").
const scaleInShare = 0.9

func (f *family) targetTracking(s *common.Sheet, set *scale) design.Decision {
	target, known := design.Number(s.R.Properties, "TargetTrackingConfiguration.TargetValue")
	watch, words := f.tracked(s, set)
	if watch.name == "" || !known {
		s.Gap("autoscale.metric", "TargetTrackingConfiguration="+common.Shown(s.At("TargetTrackingConfiguration")))
		set.setting(s.C, s.R)
		s.Decide(design.Manual, common.Redesign, "the policy follows %s, which no metric of Azure gives by itself", words)
		s.Do("publish %s to Azure Monitor and add a rule for it to the autoscale setting of %s", words, common.LastName(set.id))
		return s.Done()
	}
	warm := s.Int("EstimatedInstanceWarmup", set.m.Int("DefaultInstanceWarmup", set.m.Int("Cooldown", 300)))
	rules := []autoscalesettings.ScaleRule{watch.rule(change{operator: autoscalesettings.ComparisonOperationTypeGreaterThan, threshold: target, minutes: 5, direction: out, kind: autoscalesettings.ScaleTypeChangeCount, by: 1, cooldown: warm})}
	if !s.True("TargetTrackingConfiguration.DisableScaleIn") {
		rules = append(rules, watch.rule(change{operator: autoscalesettings.ComparisonOperationTypeLessThan, threshold: target * scaleInShare, minutes: 15, direction: in, kind: autoscalesettings.ScaleTypeChangeCount, by: 1, cooldown: 300}))
	}
	s.Gap("autoscale.target-tracking", "TargetTrackingConfiguration.TargetValue="+strconv.FormatFloat(target, 'g', -1, 64))
	if !set.add(s.C, s.R, rules...) {
		s.Do("the profile has ten rules already: add those for %s by hand in place of others", s.R.Name)
	}
	s.Decide(design.Replace, common.NamedGaps, "target tracking of %s at %g becomes rules that add one machine above it and remove one below %g", words, target, target*scaleInShare)
	return s.Done()
}

// tracked returns the metric that a target tracking policy follows.
func (f *family) tracked(s *common.Sheet, set *scale) (metric, string) {
	kind := s.Text("TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType")
	switch kind {
	case "ASGAverageCPUUtilization":
		return set.own("Percentage CPU"), "average CPU"
	case "ASGAverageNetworkIn":
		return set.own("Network In Total"), "average bytes received"
	case "ASGAverageNetworkOut":
		return set.own("Network Out Total"), "average bytes sent"
	case "ALBRequestCountPerTarget":
		label := s.Text("TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel")
		return f.requests(s, set, label), "requests to each target"
	}
	custom := s.At("TargetTrackingConfiguration.CustomizedMetricSpecification")
	return f.metricOf(s, set, design.Text(custom, "Namespace"), design.Text(custom, "MetricName"), custom), "the metric " + design.Text(custom, "Namespace") + " " + design.Text(custom, "MetricName")
}

// requests is the application gateway's metric of requests to each healthy
// host in a minute, which is what ALBRequestCountPerTarget counts (Microsoft
// Learn, "Monitoring data reference for Azure Application Gateway").
func (f *family) requests(s *common.Sheet, set *scale, label string) metric {
	for _, group := range set.targets {
		name := design.Text(group.Properties, "TargetGroupFullName")
		named := name != "" && strings.HasSuffix(label, name) || strings.Contains(label, string(group.ID)) || len(set.targets) == 1
		if !named && !slices.Contains(s.C.FindAll(s.R, templateLabels(label), targetsKind), group) {
			continue
		}
		for _, id := range s.C.TargetsOf(group) {
			target, ok := s.C.Resource(id)
			if !ok || !strings.EqualFold(string(target.Type), string(gatewayKind)) {
				continue
			}
			pool := f.poolName(group)
			return metric{
				name: "AvgRequestCountPerHealthyHost", namespace: "microsoft.network/applicationgateways", of: id, dimension: "BackendSettingsPool", value: pool + "~" + pool,
				statistic: autoscalesettings.MetricStatisticTypeAverage, aggregation: autoscalesettings.TimeAggregationTypeAverage,
			}
		}
	}
	return metric{}
}

// templateLabels are the references in a template's resource label.
func templateLabels(label string) []any {
	var all []any
	for _, ref := range inventory.References(label) {
		all = append(all, string(ref.Resource))
	}
	return all
}

// metricOf translates a CloudWatch metric of an alarm or of a customized
// specification; the name is empty when there is no counterpart.
func (f *family) metricOf(s *common.Sheet, set *scale, namespace, name string, spec any) metric {
	switch namespace + " " + name {
	case "AWS/EC2 CPUUtilization":
		return set.own("Percentage CPU")
	case "AWS/EC2 NetworkIn":
		return set.own("Network In Total")
	case "AWS/EC2 NetworkOut":
		return set.own("Network Out Total")
	case "CWAgent mem_used_percent":
		// The host knows what is free, not what is used.
		return metric{}
	case "AWS/SQS ApproximateNumberOfMessagesVisible":
		for _, d := range design.Maps(design.At(spec, "Dimensions")) {
			if queue, ok := s.C.Find(s.R, d["Value"], "AWS::SQS::Queue"); ok {
				return queueMetric(s.C, queue)
			}
		}
	}
	return metric{}
}

// queueMetric counts the messages that wait in the queue's counterpart.
func queueMetric(c *design.Context, queue *inventory.Resource) metric {
	id, ok := c.TargetOf(queue, "Microsoft.ServiceBus/namespaces/queues")
	if !ok {
		return metric{}
	}
	space, _, _ := strings.Cut(string(id), "/queues/")
	return metric{
		name: "ActiveMessages", namespace: "microsoft.servicebus/namespaces", of: cloud.ResourceID(space), dimension: "EntityName", value: common.LastName(id),
		statistic: autoscalesettings.MetricStatisticTypeAverage, aggregation: autoscalesettings.TimeAggregationTypeAverage,
	}
}

// steps translates step and simple scaling: the alarm that starts the policy
// says what is watched, the policy what happens.
func (f *family) steps(s *common.Sheet, set *scale) design.Decision {
	s.Knows("AdjustmentType", "Cooldown", "EstimatedInstanceWarmup", "MetricAggregationType", "ScalingAdjustment", "StepAdjustments")
	if s.Has("MinAdjustmentMagnitude") {
		s.Meets("autoscale.magnitude", "MinAdjustmentMagnitude")
	}
	var rules []autoscalesettings.ScaleRule
	alarms := f.alarms[s.R.ID]
	for _, alarm := range alarms {
		p := alarm.Properties
		watch := f.metricOf(s, set, design.Text(p, "Namespace"), design.Text(p, "MetricName"), map[string]any(p))
		threshold, known := design.Number(p, "Threshold")
		if watch.name == "" || !known {
			s.Gap("autoscale.metric", "alarm "+alarm.Name+": "+design.Text(p, "Namespace")+" "+design.Text(p, "MetricName"))
			continue
		}
		minutes := (design.Int(p, "Period", 60)*max(design.Int(p, "EvaluationPeriods", 1), 1) + 59) / 60
		rules = append(rules, stepRules(s, watch, threshold, minutes, comparison(design.Text(p, "ComparisonOperator")))...)
	}
	if len(rules) == 0 {
		set.setting(s.C, s.R)
		s.Decide(design.Manual, common.Redesign, "nothing that Azure measures by itself starts this policy (alarms that name it: %d)", len(alarms))
		s.Do("find out what starts the policy %s, and add rules for it to the autoscale setting of %s", s.R.Name, common.LastName(set.id))
		return s.Done()
	}
	if !set.add(s.C, s.R, rules...) {
		s.Do("the profile has ten rules already: add the remaining ones for %s by hand in place of others", s.R.Name)
	}
	s.Gap("autoscale.steps", "AdjustmentType="+s.Text("AdjustmentType"))
	s.Decide(design.Replace, common.NamedGaps, "%s and the policy's adjustments become %s", common.Count(len(alarms), "alarm"), common.Count(len(rules), "autoscale rule"))
	return s.Done()
}

func comparison(text string) autoscalesettings.ComparisonOperationType {
	switch text {
	case "GreaterThanOrEqualToThreshold":
		return autoscalesettings.ComparisonOperationTypeGreaterThanOrEqual
	case "LessThanThreshold":
		return autoscalesettings.ComparisonOperationTypeLessThan
	case "LessThanOrEqualToThreshold":
		return autoscalesettings.ComparisonOperationTypeLessThanOrEqual
	}
	return autoscalesettings.ComparisonOperationTypeGreaterThan
}

// stepRules makes a rule of each step: its bound counts from the alarm's
// threshold (Amazon EC2 Auto Scaling User Guide, "Step and simple scaling
// policies"). Of several rules that hold, Azure takes the one that leaves the
// most machines when it grows, as AWS takes the highest step.
func stepRules(s *common.Sheet, watch metric, threshold float64, minutes int, operator autoscalesettings.ComparisonOperationType) []autoscalesettings.ScaleRule {
	cooldown := s.Int("Cooldown", s.Int("EstimatedInstanceWarmup", 300))
	steps := s.Maps("StepAdjustments")
	if len(steps) == 0 {
		steps = []map[string]any{{"ScalingAdjustment": s.At("ScalingAdjustment")}}
	}
	low := operator == autoscalesettings.ComparisonOperationTypeLessThan || operator == autoscalesettings.ComparisonOperationTypeLessThanOrEqual
	var rules []autoscalesettings.ScaleRule
	for _, step := range steps {
		by := design.Int(step, "ScalingAdjustment", 0)
		if by == 0 && s.Text("AdjustmentType") != "ExactCapacity" {
			continue
		}
		bound, _ := design.Number(step, "MetricIntervalLowerBound")
		if low {
			bound, _ = design.Number(step, "MetricIntervalUpperBound")
		}
		ch := change{operator: operator, threshold: threshold + bound, minutes: minutes, direction: out, kind: autoscalesettings.ScaleTypeChangeCount, by: by, cooldown: cooldown}
		if by < 0 || by == 0 {
			ch.direction, ch.by = in, -by
		}
		switch s.Text("AdjustmentType") {
		case "PercentChangeInCapacity":
			ch.kind = autoscalesettings.ScaleTypePercentChangeCount
		case "ExactCapacity":
			ch.kind, ch.by = autoscalesettings.ScaleTypeExactCount, max(by, 0)
			if low {
				ch.direction = in
			}
		}
		rules = append(rules, watch.rule(ch))
	}
	return rules
}

// predictive reads a predictive policy: Azure forecasts CPU only (Microsoft
// Learn, "Use predictive autoscale to scale out before load demands").
func (f *family) predictive(s *common.Sheet, set *scale) design.Decision {
	config := s.At("PredictiveScalingConfiguration")
	body := set.setting(s.C, s.R)
	mode := autoscalesettings.PredictiveAutoscalePolicyScaleModeForecastOnly
	if design.Text(config, "Mode") == "ForecastAndScale" {
		mode = autoscalesettings.PredictiveAutoscalePolicyScaleModeEnabled
	}
	policy := autoscalesettings.PredictiveAutoscalePolicy{ScaleMode: mode}
	if mode == autoscalesettings.PredictiveAutoscalePolicyScaleModeEnabled {
		policy.ScaleLookAheadTime = new("PT" + strconv.Itoa(min(max((design.Int(config, "SchedulingBufferTime", 300)+59)/60, 1), 60)) + "M")
	}
	setBody(body, tree(policy), "properties", "predictiveAutoscalePolicy")
	target := 0.0
	for _, spec := range design.Maps(design.At(config, "MetricSpecifications")) {
		kind := design.Text(spec, "PredefinedMetricPairSpecification.PredefinedMetricType") + design.Text(spec, "PredefinedScalingMetricSpecification.PredefinedMetricType")
		if !strings.Contains(kind, "CPUUtilization") {
			s.Gap("autoscale.predictive", "PredictiveScalingConfiguration.MetricSpecifications="+kind)
			continue
		}
		target, _ = design.Number(spec, "TargetValue")
	}
	if target > 0 {
		set.add(s.C, s.R, set.own("Percentage CPU").rule(change{operator: autoscalesettings.ComparisonOperationTypeGreaterThan, threshold: target, minutes: 5, direction: out, kind: autoscalesettings.ScaleTypeChangeCount, by: 1, cooldown: 300}))
	}
	s.Do("predictive autoscale needs seven days of CPU history of the scale set, and a rule that grows it by CPU, before it forecasts")
	s.Decide(design.Replace, common.NamedGaps, "predictive scaling (%s) becomes predictive autoscale of the scale set %s", design.Text(config, "Mode"), common.LastName(set.id))
	return s.Done()
}
