package compute

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2022-10-01/autoscalesettings"
)

// scheduled decides a scheduled action of a group: a profile that begins at
// the same time. A profile that recurs holds until the next one begins, as the
// sizes that a scheduled action sets do.
func (f *family) scheduled(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AutoScalingGroupName", "ScheduledActionName", "DesiredCapacity", "MaxSize", "MinSize", "Recurrence", "StartTime", "EndTime", "TimeZone")
	set := f.scaleOf(c, r)
	if set == nil {
		return orphan(s, "scheduled action")
	}
	body := set.setting(c, r)
	profiles, _ := design.At(body, "properties.profiles").([]any)
	profile, why := f.profile(s, set)
	if why == "" && len(profiles) >= 20 {
		why = "an autoscale setting takes twenty profiles"
	}
	if why != "" {
		s.Gap("autoscale.schedule", "Recurrence="+s.Text("Recurrence"))
		s.Decide(design.Manual, common.Redesign, "the schedule %q cannot be written as a profile: %s", s.Text("Recurrence")+s.Text("StartTime"), why)
		s.Do("write the schedule of %s as profiles of the autoscale setting of %s by hand", r.Name, common.LastName(set.id))
		return s.Done()
	}
	// A profile without rules would stop scaling by load while it holds.
	first, _ := profiles[0].(map[string]any)
	encoded, _ := tree(profile).(map[string]any)
	encoded["rules"] = first["rules"]
	setBody(body, append(profiles, encoded), "properties", "profiles")
	s.Gap("autoscale.profiles", "Recurrence="+s.Text("Recurrence")+s.Text("StartTime"))
	s.Decide(design.Replace, common.NamedGaps, "the schedule becomes a profile of %s to %s machines in the autoscale setting of %s", profile.Capacity.Minimum, profile.Capacity.Maximum, common.LastName(set.id))
	return s.Done()
}

func (f *family) profile(s *common.Sheet, set *scale) (autoscalesettings.AutoscaleProfile, string) {
	least := max(s.Int("MinSize", set.minimum), 0)
	most := max(s.Int("MaxSize", set.maximum), least)
	want := min(max(s.Int("DesiredCapacity", max(set.capacity, least)), least), most)
	out := autoscalesettings.AutoscaleProfile{
		Name: s.R.Name, Rules: []autoscalesettings.ScaleRule{},
		Capacity: autoscalesettings.ScaleCapacity{Minimum: strconv.Itoa(least), Maximum: strconv.Itoa(most), Default: strconv.Itoa(want)},
	}
	zone := windowsZone(s.Text("TimeZone"))
	if zone == "" {
		return out, "the time zone " + s.Text("TimeZone") + " has no name that autoscale takes"
	}
	recurrence := s.Text("Recurrence")
	if recurrence == "" {
		start, end := s.Text("StartTime"), s.Text("EndTime")
		if start == "" || end == "" || common.Unresolved(start+end) {
			return out, "a profile for one time needs a start and an end"
		}
		out.FixedDate = &autoscalesettings.TimeWindow{Start: start, End: end, TimeZone: new(zone)}
		return out, ""
	}
	schedule, ok := cron(recurrence)
	if !ok {
		return out, "profiles recur on days of the week at one time"
	}
	schedule.TimeZone = zone
	out.Recurrence = &autoscalesettings.Recurrence{Frequency: autoscalesettings.RecurrenceFrequencyWeek, Schedule: schedule}
	return out, ""
}

// windowsZone gives the Windows name of the common time zones, which autoscale
// takes; "" for one that is not in the list.
func windowsZone(name string) string {
	switch name {
	case "", "UTC", "Etc/UTC", "GMT":
		return "UTC"
	case "Europe/London", "Europe/Dublin":
		return "GMT Standard Time"
	case "Europe/Berlin", "Europe/Rome", "Europe/Vienna", "Europe/Zurich", "Europe/Amsterdam", "Europe/Stockholm":
		return "W. Europe Standard Time"
	case "Europe/Paris", "Europe/Madrid", "Europe/Brussels":
		return "Romance Standard Time"
	case "America/New_York", "US/Eastern":
		return "Eastern Standard Time"
	case "America/Chicago", "US/Central":
		return "Central Standard Time"
	case "America/Denver", "US/Mountain":
		return "Mountain Standard Time"
	case "America/Los_Angeles", "US/Pacific":
		return "Pacific Standard Time"
	case "Asia/Tokyo":
		return "Tokyo Standard Time"
	case "Asia/Kolkata":
		return "India Standard Time"
	case "Asia/Singapore":
		return "Singapore Standard Time"
	case "Australia/Sydney":
		return "AUS Eastern Standard Time"
	}
	return ""
}

// cron reads an expression of five fields that fires once on some days of the
// week.
func cron(expression string) (autoscalesettings.RecurrentSchedule, bool) {
	fields := strings.Fields(expression)
	if len(fields) != 5 || fields[2] != "*" || fields[3] != "*" {
		return autoscalesettings.RecurrentSchedule{}, false
	}
	minute, err1 := strconv.Atoi(fields[0])
	hour, err2 := strconv.Atoi(fields[1])
	days, ok := weekdays(fields[4])
	if err1 != nil || err2 != nil || !ok || minute < 0 || minute > 59 || hour < 0 || hour > 23 {
		return autoscalesettings.RecurrentSchedule{}, false
	}
	return autoscalesettings.RecurrentSchedule{Days: days, Hours: []int64{int64(hour)}, Minutes: []int64{int64(minute)}}, true
}

func weekdays(field string) ([]string, bool) {
	names := []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	if field == "*" || field == "?" {
		return names, true
	}
	var found []int
	for part := range strings.SplitSeq(field, ",") {
		first, last, ranged := strings.Cut(part, "-")
		a, okA := weekday(first, names)
		b, okB := a, okA
		if ranged {
			b, okB = weekday(last, names)
		}
		if !okA || !okB {
			return nil, false
		}
		for n := a; ; n = (n + 1) % 7 {
			if !slices.Contains(found, n) {
				found = append(found, n)
			}
			if n == b {
				break
			}
		}
	}
	slices.Sort(found)
	out := make([]string, len(found))
	for i, n := range found {
		out[i] = names[n]
	}
	return out, true
}

func weekday(text string, names []string) (int, bool) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 7 {
		return n % 7, true
	}
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name[:3], text) })
	return i, i >= 0
}

// scalable decides a scalable target of Application Auto Scaling: the limits
// belong to the service that it scales.
func (f *family) scalable(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("MaxCapacity", "MinCapacity", "ResourceId", "RoleARN", "ScalableDimension", "ServiceNamespace")
	if s.Has("ScheduledActions") {
		s.Meets("autoscale.schedule", "ScheduledActions")
	}
	if s.Has("SuspendedState") {
		s.Do("scaling is suspended at the source (%s): decide whether it should be at the target", common.Shown(s.At("SuspendedState")))
	}
	limits := strconv.Itoa(s.Int("MinCapacity", 0)) + " to " + strconv.Itoa(s.Int("MaxCapacity", 0))
	return f.scaled(s, "its limits ("+limits+" of "+s.Text("ScalableDimension")+")")
}

func (f *family) scalablePolicy(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("PolicyName", "PolicyType", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace", "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration", "PredictiveScalingPolicyConfiguration")
	if target := design.Text(r.Properties, "TargetTrackingScalingPolicyConfiguration.TargetValue"); target != "" {
		s.Do("the policy keeps its metric at %s", target)
	}
	s.Do("set the same threshold where the target scales: %s", common.Shown(firstOf(r.Properties, "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration", "PredictiveScalingPolicyConfiguration")))
	return f.scaled(s, "its policy ("+s.Text("PolicyType")+")")
}

func firstOf(tree any, paths ...string) any {
	for _, p := range paths {
		if v := design.At(tree, p); v != nil {
			return v
		}
	}
	return nil
}

// scaled says where a service's own scaling stands at the target, by the
// service's name space.
func (f *family) scaled(s *common.Sheet, what string) design.Decision {
	r := s.R
	space := strings.ToLower(s.Text("ServiceNamespace"))
	if space == "" {
		if target, ok := s.C.Find(r, r.Properties["ScalingTargetId"], "AWS::ApplicationAutoScaling::ScalableTarget"); ok {
			space = strings.ToLower(design.Text(target.Properties, "ServiceNamespace"))
			r = target
		}
	}
	for _, owner := range f.scaledOwner(s.C, r) {
		s.C.Attach(s.R, s.C.TargetsOf(owner)...)
	}
	where := map[string]string{
		"ecs": "the scale rules of the container app", "dynamodb": "the autoscale throughput of the Cosmos DB container", "rds": "the replicas of the flexible server, which are added by hand",
		"lambda": "the function app's always-ready instances", "elasticache": "the size of Azure Managed Redis, which is changed by hand", "ec2": "the scale set",
		"sagemaker": "the autoscale of the online endpoint", "appstream": "the scaling plan of Azure Virtual Desktop", "kafka": "the event hub's auto-inflate", "cassandra": "the autoscale throughput of Cosmos DB for Cassandra",
		"elasticmapreduce": "the autoscale of the HDInsight cluster", "comprehend": "nothing: Azure AI Language has no provisioned units", "neptune": "nothing: the graph has no counterpart with replicas",
	}[space]
	if where == "" {
		s.Decide(design.Manual, common.Guess, "it scales something of %q that the design does not know", space)
		s.Do("find out what %s scales (%s), and set the same limits at the target", r.Name, common.Shown(r.Properties["ResourceId"]))
		return s.Done()
	}
	s.Gap("autoscale.service", "ServiceNamespace="+space)
	s.Decide(design.Replace, common.NamedGaps, "%s at the target: %s", what, where)
	s.Do("check %s in %s: its steps and its delay differ from those of AWS", what, where)
	return s.Done()
}

// scaledOwner finds the resource that a resource id names: the last part of
// "service/cluster/name" or "table/name".
func (f *family) scaledOwner(c *design.Context, r *inventory.Resource) []*inventory.Resource {
	id := design.Text(r.Properties, "ResourceId")
	parts := strings.Split(id, "/")
	name := any(parts[len(parts)-1])
	switch {
	case strings.HasPrefix(id, "service/"):
		return c.FindAll(r, name, "AWS::ECS::Service")
	case strings.HasPrefix(id, "table/") && len(parts) >= 2:
		return c.FindAll(r, parts[1], "AWS::DynamoDB::Table")
	case strings.HasPrefix(id, "cluster:"):
		return c.FindAll(r, strings.TrimPrefix(id, "cluster:"), "AWS::RDS::DBCluster")
	}
	return nil
}
