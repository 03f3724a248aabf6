package app

import (
	"encoding/json"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/jobs"
)

func taskRead() []string {
	return []string{"Family", "TaskDefinitionArn", "ContainerDefinitions", "Cpu", "Memory", "NetworkMode", "RequiresCompatibilities", "Compatibilities", "ExecutionRoleArn", "TaskRoleArn", "Volumes",
		"RuntimePlatform", "EphemeralStorage", "PlacementConstraints", "ProxyConfiguration", "PidMode", "IpcMode", "InferenceAccelerators", "EnableFaultInjection", "Revision", "RegisteredAt",
		"RegisteredBy", "RequiresAttributes"}
}

// trigger is what starts a task that belongs to no service.
type trigger struct {
	by       *inventory.Resource
	cluster  any
	schedule string
	// command replaces that of the containers, by name.
	overrides map[string]any
	count     int
}

func applyTask(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	var users []*inventory.Resource
	for _, s := range c.OfKind("AWS::ECS::Service") {
		if task, ok := taskOf(c, s); ok && task == r {
			users = append(users, s)
			if id, ok := c.TargetOf(s, containerAppKind); ok {
				c.Attach(r, id)
			}
		}
	}
	triggers := triggersOf(c, r)
	switch {
	case len(users) > 0 && len(triggers) == 0:
		t.why("task definition %s is part of the container apps of %s", r.Name, names(users))
	case unfit(nil, r) != "":
		t.Action = design.Manual
		t.why("task %s %s, which Container Apps does not do", r.Name, unfit(nil, r))
		t.todo("run %s as a job of Azure Kubernetes Service: it %s", r.Name, unfit(nil, r))
	default:
		t.Action = design.Migrate
		t.jobs(triggers)
	}
	t.taskGaps()
	return t.done(taskRead()...)
}

// triggersOf finds the rules and schedules that start a task.
func triggersOf(c *design.Context, task *inventory.Resource) []trigger {
	var out []trigger
	for _, r := range c.OfKind("AWS::Events::Rule", "AWS::Scheduler::Schedule") {
		for _, target := range append(design.Maps(design.At(r.Properties, "Targets")), design.Maps(design.At(r.Properties, "Target"))...) {
			found, ok := c.Find(r, design.At(target, "EcsParameters.TaskDefinitionArn"), taskKind)
			if !ok || found != task {
				continue
			}
			out = append(out, trigger{by: r, cluster: target["Arn"], schedule: running(r), overrides: object(target["Input"]), count: design.Int(target, "EcsParameters.TaskCount", 1)})
		}
	}
	return out
}

// running is the schedule of a rule, "" for one that is switched off: its job
// is started by hand until it is wanted.
func running(r *inventory.Resource) string {
	if strings.EqualFold(design.Text(r.Properties, "State"), "DISABLED") {
		return ""
	}
	return design.Text(r.Properties, "ScheduleExpression")
}

// jobs puts one job for each thing that starts the task, or one that is
// started by hand.
func (t *told) jobs(triggers []trigger) {
	if len(triggers) == 0 {
		t.why("no service runs task %s; it becomes a job of Container Apps that is started on demand", t.r.Name)
		t.todo("let what runs task %s today start job %s instead", t.r.Name, t.r.Name)
		t.job(trigger{count: 1}, called(t.r))
		return
	}
	var by []string
	for _, one := range triggers {
		by = append(by, one.by.Name)
		base := called(t.r)
		if len(triggers) > 1 {
			base = one.by.Name
		}
		t.job(one, base)
	}
	t.why("task %s is started by %s; it becomes a job of Container Apps for each", t.r.Name, strings.Join(by, ", "))
}

func (t *told) job(one trigger, base string) {
	from := t.r
	if one.by != nil {
		from = one.by
	}
	cluster, _ := t.c.Find(from, one.cluster, "AWS::ECS::Cluster")
	p := clusterPlace(t.c, cluster)
	if p.from == nil {
		p.from = t.r
	}
	a := t.build(t.r)
	configuration := jobs.JobConfiguration{ReplicaTimeout: 86400, ReplicaRetryLimit: new(int64(0)), TriggerType: jobs.TriggerTypeManual}
	count := int64(min(max(one.count, 1), 100))
	fields, ok := cron(one.schedule)
	if ok {
		configuration.TriggerType = jobs.TriggerTypeSchedule
		configuration.ScheduleTriggerConfig = &jobs.JobConfigurationScheduleTriggerConfig{CronExpression: fields, Parallelism: new(count), ReplicaCompletionCount: new(count)}
	} else {
		configuration.ManualTriggerConfig = &jobs.JobConfigurationManualTriggerConfig{Parallelism: new(count), ReplicaCompletionCount: new(count)}
		if one.schedule != "" {
			t.gap("events.schedule", "ScheduleExpression="+one.schedule)
		}
	}
	// The models of jobs and apps are the same words in two packages.
	var template jobs.JobTemplate
	retype(map[string]any{"containers": a.containers, "initContainers": a.first, "volumes": a.volumes}, &template)
	retype(a.secrets, &configuration.Secrets)
	retype(a.registries, &configuration.Registries)
	id := t.c.Put(design.Target{Type: jobKind, Base: base, Model: jobs.Job{Identity: legacyIdentity(a.identities...), Properties: &jobs.JobProperties{
		EnvironmentId: new(string(environment(t.c, p))), WorkloadProfileName: new(a.size.profile), Configuration: &configuration, Template: &template,
	}}}, t.r)
	t.override(id, one)
	if strings.EqualFold(design.Text(t.r.Properties, "RuntimePlatform.CpuArchitecture"), "ARM64") {
		t.gap("ecs.arm64", "RuntimePlatform.CpuArchitecture=ARM64")
	}
}

// override gives the job's containers what the trigger says instead of the
// task definition.
func (t *told) override(job cloud.ResourceID, one trigger) {
	target, ok := t.c.Resource(job)
	if !ok || len(one.overrides) == 0 {
		return
	}
	for _, o := range design.Maps(one.overrides["containerOverrides"]) {
		for _, c := range design.Maps(design.At(target.Body, "properties.template.containers")) {
			if design.Text(c, "name") != strings.ToLower(design.Text(o, "name")) {
				continue
			}
			if command := design.List(o["command"]); len(command) > 0 {
				c["args"] = command
			}
			for _, e := range design.Maps(o["environment"]) {
				c["env"] = withSetting(design.List(c["env"]), design.Text(e, "name"), design.Text(e, "value"))
			}
		}
	}
	for _, name := range []string{"cpu", "memory", "taskRoleArn", "executionRoleArn"} {
		if one.overrides[name] != nil {
			t.todo("check override %s=%s of %s: the job keeps what the task definition says", name, shown(one.overrides[name]), one.by.Name)
		}
	}
}

// retype writes one model as another of the same words.
func retype(from, to any) {
	encoded, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(encoded, to)
	}
	if err != nil {
		panic("app: the models of jobs and apps differ: " + err.Error())
	}
}

func (t *told) taskGaps() {
	if size := design.Int(t.r.Properties, "EphemeralStorage.SizeInGiB", 0); size > 8 {
		t.gapOf("ecs.ephemeral-storage", "EphemeralStorage.SizeInGiB")
	}
	if mode := strings.ToLower(t.text("NetworkMode")); mode == "host" || mode == "none" {
		t.gapOf("ecs.network-mode", "NetworkMode")
	}
	for _, name := range []string{"ProxyConfiguration", "PidMode", "IpcMode", "InferenceAccelerators", "PlacementConstraints"} {
		if said(t.at(name)) {
			t.gap("ecs.container-option", name+"="+shown(t.at(name)))
		}
	}
}

func applyTaskSet(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	service, ok := c.Find(r, t.at("Service"), "AWS::ECS::Service")
	if ok {
		if id, ok := c.TargetOf(service, containerAppKind); ok {
			c.Attach(r, id)
		}
	}
	t.why("a task set of %s is one of its deployments, which a revision of the container app is", nameOr(service, t.at("Service")))
	t.todo("give the revisions of %s their share of the traffic in the pipeline", nameOr(service, t.at("Service")))
	return t.done("*")
}

func applyCapacity(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Retire, inNamedGaps)
	t.why("it says on which machines containers run; Container Apps chooses its own")
	for _, cluster := range c.OfKind("AWS::ECS::Cluster") {
		if found, ok := c.Find(r, t.at("Cluster"), "AWS::ECS::Cluster"); ok && found == cluster {
			if id, ok := c.TargetOf(cluster, environmentKind); ok {
				t.Action = design.Replace
				c.Attach(r, id)
			}
		}
	}
	return t.done("*")
}
