package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func scheduleRules() []design.Rule {
	const source = "Microsoft Learn, Timer trigger for Azure Functions; Schedule triggers for Azure Logic Apps"
	return []design.Rule{
		{Name: "scheduler/schedule", Kinds: []cloud.Kind{"AWS::Scheduler::Schedule"}, Stage: design.Edge, Source: source, Targets: []cloud.Kind{workflowKind}, Apply: applySchedule},
		{Name: "scheduler/group", Kinds: []cloud.Kind{"AWS::Scheduler::ScheduleGroup"}, Stage: design.Edge, Source: source, Apply: applyScheduleGroup},
	}
}

// schedule is when something is started, by a rule or by a schedule of its
// own.
type schedule struct {
	name, expression, zone string
	disabled               bool
}

func applySchedule(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	target := object(t.at("Target"))
	s := schedule{name: r.Name, expression: t.text("ScheduleExpression"), zone: t.text("ScheduleExpressionTimezone"), disabled: strings.EqualFold(t.text("State"), "DISABLED")}
	t.why("schedule %s starts %s on %s", r.Name, targetNames(c, r, []map[string]any{target}), orElse(s.expression, "an unknown schedule"))
	if s.zone != "" && s.zone != "UTC" {
		t.gapOf("scheduler.time-zone", "ScheduleExpressionTimezone")
	}
	if mode := t.text("FlexibleTimeWindow.Mode"); mode != "" && mode != "OFF" {
		t.gapOf("scheduler.window", "FlexibleTimeWindow.Mode")
	}
	if t.text("EndDate") != "" || t.text("StartDate") != "" {
		t.todo("start and stop schedule %s by hand: it holds from %s to %s", r.Name, orElse(t.text("StartDate"), "now"), orElse(t.text("EndDate"), "ever"))
	}
	if said(target["DeadLetterConfig"]) || said(target["RetryPolicy"]) {
		t.gap("scheduler.retry", "Target.RetryPolicy="+shown(target["RetryPolicy"]))
	}
	t.scheduled(s, target)
	return t.done("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "GroupName", "KmsKeyArn", "StartDate", "EndDate", "CreationDate", "LastModificationDate", "ActionAfterCompletion")
}

// scheduled starts one target on a schedule.
func (t *told) scheduled(s schedule, target map[string]any) {
	c, ref := t.c, target["Arn"]
	if function, ok := findFunction(c, t.r, ref); ok {
		t.timer(s, function, target)
		return
	}
	if task, ok := c.Find(t.r, design.At(target, "EcsParameters.TaskDefinitionArn"), taskKind); ok {
		t.taskTarget(target)
		for _, id := range c.TargetsOf(task) {
			if job, ok := c.Resource(id); ok && job.Type == jobKind {
				c.Attach(t.r, id)
			}
		}
		if s.disabled {
			t.gap("events.disabled", "State=DISABLED")
		}
		if len(c.TargetsOf(t.r)) == 0 {
			t.Action = design.Manual
			t.todo("start what stands for task %s on %s: it has no job here", task.Name, s.expression)
		}
		return
	}
	if queue, ok := c.Find(t.r, ref, "AWS::SQS::Queue", "AWS::SNS::Topic"); ok {
		t.recurrence(s, queue, target)
		return
	}
	t.Action, t.Confidence = design.Manual, redesign
	t.todo("start %s on %s from a Logic App or a timer of a function: %s", targetNames(c, t.r, []map[string]any{target}), s.expression, shown(ref))
}

// timer gives a function its schedule as a setting, which the trigger names as
// "%SCHEDULE_...%".
func (t *told) timer(s schedule, function *inventory.Resource, target map[string]any) {
	app := functionOf(t.c, function)
	if app == "" {
		t.Action = design.Manual
		t.todo("start %s on %s: it has no target here", function.Name, s.expression)
		return
	}
	t.c.Attach(t.r, app)
	fields, ok := timer(s.expression)
	if !ok {
		t.gap("events.schedule", "ScheduleExpression="+s.expression)
		t.todo("write the schedule %s of %s by hand: a timer cannot say it", s.expression, s.name)
		return
	}
	name := "SCHEDULE_" + settingName(s.name)
	setSetting(t.c, app, name, fields)
	if input := target["Input"]; said(input) {
		setSetting(t.c, app, name+"_INPUT", full(input))
	}
	if s.disabled {
		setSetting(t.c, app, "AzureWebJobs."+settingName(s.name)+".Disabled", "true")
	}
	t.todo("give %s a timer trigger on %%%s%% that does what the event of %s did", function.Name, name, s.name)
}

// recurrence puts a workflow that sends a message on a schedule.
func (t *told) recurrence(s schedule, to *inventory.Resource, target map[string]any) {
	kind := busQueueKind
	if to.Kind == "AWS::SNS::Topic" {
		kind = busTopicKind
	}
	id, ok := t.c.TargetOf(to, kind)
	every := recur(s)
	if !ok || every == nil {
		t.Action = design.Manual
		t.gap("events.schedule", "ScheduleExpression="+s.expression)
		t.todo("send a message to what stands for %s on %s", to.Name, s.expression)
		return
	}
	body := any(map[string]any{"schedule": s.name})
	if input := target["Input"]; said(input) {
		body = input
	}
	address := "https://" + common.LastName(parentOf(id)) + ".servicebus.windows.net/" + common.LastName(id) + "/messages"
	who := messenger(t.c)
	allow(t.c, who, id, roleBusSender)
	definition := workflowDefinition(map[string]any{"schedule": map[string]any{"type": "Recurrence", "recurrence": every}}, map[string]any{
		"send": map[string]any{"type": "Http", "runAfter": map[string]any{}, "inputs": map[string]any{
			"method": "POST", "uri": address, "body": body,
			"authentication": map[string]any{"type": "ManagedServiceIdentity", "identity": string(who), "audience": "https://servicebus.azure.net"},
		}},
	})
	t.putWorkflow(s.name, definition, s.disabled, who)
}

// recur writes a schedule as a recurrence, nil for what it cannot say: it
// knows intervals, and hours and minutes of days.
func recur(s schedule) map[string]any {
	fields, ok := cron(s.expression)
	if !ok {
		return nil
	}
	zone := ""
	if s.zone == "" || s.zone == "UTC" {
		zone = "UTC"
	}
	f := strings.Fields(fields)
	minute, hour := number(f[0]), number(f[1])
	out := map[string]any{"interval": 1, "timeZone": "UTC"}
	switch rest := strings.Join(f[2:], " "); {
	case zone == "":
		return nil
	case rest == "* * *" && f[1] == "*" && strings.HasPrefix(f[0], "*/"):
		out["frequency"], out["interval"] = "Minute", number(f[0][2:])
	case rest == "* * *" && f[0] == "0" && strings.HasPrefix(f[1], "*/"):
		out["frequency"], out["interval"] = "Hour", number(f[1][2:])
	case rest == "* * *" && f[0] == "*" && f[1] == "*":
		out["frequency"] = "Minute"
	case rest == "* * *" && f[1] == "*" && minute >= 0:
		out["frequency"], out["schedule"] = "Day", map[string]any{"hours": hours(), "minutes": []any{minute}}
	case minute < 0 || hour < 0:
		return nil
	case rest == "* * *":
		out["frequency"], out["schedule"] = "Day", map[string]any{"hours": []any{hour}, "minutes": []any{minute}}
	case strings.HasPrefix(rest, "* * ") && weekdayNames(f[4]) != nil:
		out["frequency"], out["schedule"] = "Week", map[string]any{"hours": []any{hour}, "minutes": []any{minute}, "weekDays": weekdayNames(f[4])}
	default:
		return nil
	}
	return out
}

func hours() []any {
	out := make([]any, 24)
	for i := range out {
		out[i] = i
	}
	return out
}

func number(s string) int {
	n, ok := design.Number(map[string]any{"v": s}, "v")
	if !ok || n < 0 || n > 1000 {
		return -1
	}
	return int(n)
}

// weekdayNames spells out "MON-FRI" or "1,3".
func weekdayNames(field string) []any {
	names := []any{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	index := func(s string) int {
		for i, name := range names {
			if strings.EqualFold(name.(string)[:3], s) {
				return i
			}
		}
		return number(s)
	}
	var out []any
	for _, part := range strings.Split(field, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, last := index(from), index(from)
		if isRange {
			last = index(to)
		}
		if first < 0 || last > 6 || last < first {
			return nil
		}
		out = append(out, names[first:last+1]...)
	}
	return out
}

func applyScheduleGroup(c *design.Context, r *inventory.Resource) design.Decision {
	return tell(c, r, design.Retire, likeForLike).why("group %s only sorts schedules; tags do that at the target", r.Name).done("*")
}
