package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	es "github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/eventsubscriptions"
)

// destination is where events go.
type destination struct {
	model es.EventSubscriptionDestination
	// identity says that the topic signs in there with the messenger's identity.
	identity bool
	// after is the assignment that lets it.
	after cloud.ResourceID
}

// destinationOf finds what stands for the target of a rule.
func (t *told) destinationOf(target map[string]any) (destination, bool) {
	c, ref := t.c, target["Arn"]
	if function, ok := findFunction(c, t.r, ref); ok {
		if id, ok := inbox(c, function); ok {
			c.Attach(t.r, id)
			return t.queueDestination(id), true
		}
		return destination{}, false
	}
	found, ok := c.Find(t.r, ref, "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Kinesis::Stream", "AWS::Events::ApiDestination")
	if !ok {
		return destination{}, false
	}
	switch found.Kind {
	case "AWS::SQS::Queue":
		if id, ok := c.TargetOf(found, busQueueKind); ok {
			if design.Text(target, "SqsParameters.MessageGroupId") != "" || isFIFO(found) {
				t.gap("events.session", "SqsParameters.MessageGroupId="+shown(design.At(target, "SqsParameters.MessageGroupId")))
			}
			return t.queueDestination(id), true
		}
	case "AWS::SNS::Topic":
		if id, ok := c.TargetOf(found, busTopicKind); ok {
			model := es.ServiceBusTopicEventSubscriptionDestination{Properties: &es.ServiceBusTopicEventSubscriptionDestinationProperties{ResourceId: new(string(id))}}
			return destination{model, true, allow(c, messenger(c), id, roleBusSender)}, true
		}
	case "AWS::Kinesis::Stream":
		if id, ok := c.TargetOf(found, "Microsoft.EventHub/namespaces/eventhubs"); ok {
			model := es.EventHubEventSubscriptionDestination{Properties: &es.EventHubEventSubscriptionDestinationProperties{ResourceId: new(string(id))}}
			return destination{model, true, allow(c, messenger(c), id, roleHubSender)}, true
		}
	case "AWS::Events::ApiDestination":
		address := design.Text(found.Properties, "InvocationEndpoint")
		if address == "" || unknown(address) || strings.Contains(address, "*") || !strings.HasPrefix(address, "https://") {
			address = c.ParameterOf(found, design.Parameter{Name: common.ParameterName(found.Name, "endpoint"), Description: "The address of web hook " + found.Name})
		}
		return destination{es.WebHookEventSubscriptionDestination{Properties: &es.WebHookEventSubscriptionDestinationProperties{EndpointURL: new(address)}}, false, ""}, true
	}
	return destination{}, false
}

func (t *told) queueDestination(id cloud.ResourceID) destination {
	model := es.ServiceBusQueueEventSubscriptionDestination{Properties: &es.ServiceBusQueueEventSubscriptionDestinationProperties{ResourceId: new(string(id))}}
	return destination{model, true, allow(t.c, messenger(t.c), id, roleBusSender)}
}

// subscribeTo subscribes one target of the rule to a topic.
func (t *told) subscribeTo(topic cloud.ResourceID, f filter, target map[string]any) {
	if strings.EqualFold(t.text("State"), "DISABLED") {
		// A subscription delivers from its creation on.
		t.gap("events.disabled", "State=DISABLED")
		t.Action = design.Manual
		t.todo("subscribe %s to %s when rule %s is wanted: it is switched off at the source", targetNames(t.c, t.r, []map[string]any{target}), common.LastName(topic), t.r.Name)
		return
	}
	to, ok := t.destinationOf(target)
	if !ok {
		t.unreached(target)
		return
	}
	base := t.r.Name
	if id := design.Text(target, "Id"); len(design.List(t.at("Targets"))) > 1 && id != "" {
		base += "-" + id
	}
	t.deliver(topic, base, f, to, target)
	t.c.Attach(t.r, topic)
	t.targetGaps(target)
}

// deliver subscribes a destination to a topic.
func (t *told) deliver(topic cloud.ResourceID, base string, f filter, to destination, target map[string]any) {
	properties := es.EventSubscriptionProperties{EventDeliverySchema: new(es.EventDeliverySchemaCloudEventSchemaVOneZero), RetryPolicy: retry(target)}
	if to.identity {
		properties.DeliveryWithResourceIdentity = &es.DeliveryWithResourceIdentity{Destination: to.model, Identity: &es.EventSubscriptionIdentity{
			Type: new(es.EventSubscriptionIdentityTypeUserAssigned), UserAssignedIdentity: new(string(messenger(t.c))),
		}}
	} else {
		properties.Destination = to.model
	}
	if len(f.types) > 0 || len(f.advanced) > 0 {
		properties.Filter = &es.EventSubscriptionFilter{IncludedEventTypes: list(f.types), AdvancedFilters: list(f.advanced), EnableAdvancedFilteringOnArrays: new(true)}
	}
	model := es.EventSubscription{Properties: &properties}
	at := design.Target{Type: eventSubscriptionKind, Scope: topic, Base: base, NoLocation: true, Model: model}
	if to.after != "" {
		at.After = []cloud.ResourceID{to.after}
	}
	if resource, ok := t.c.Resource(topic); ok && resource.Type == systemTopicKind {
		at.Type, at.Scope, at.Parent = systemTopicKind+"/eventSubscriptions", "", topic
	}
	at.Exact, at.Base = true, t.c.Name(systemTopicKind+"/eventSubscriptions", topic, base)
	t.c.Put(at, t.r)
}

// retry keeps how long an event is tried, within the target's bounds: thirty
// times and one day.
func retry(target map[string]any) *es.RetryPolicy {
	policy := design.At(target, "RetryPolicy")
	return &es.RetryPolicy{
		MaxDeliveryAttempts:      new(int64(min(max(design.Int(policy, "MaximumRetryAttempts", 185)+1, 1), 30))),
		EventTimeToLiveInMinutes: new(int64(min(max(design.Int(policy, "MaximumEventAgeInSeconds", 86400)/60, 1), 1440))),
	}
}

func (t *told) targetGaps(target map[string]any) {
	for _, name := range []string{"AppSyncParameters", "BatchParameters", "HttpParameters", "KinesisParameters", "RedshiftDataParameters", "RunCommandParameters", "SageMakerPipelineParameters"} {
		if said(target[name]) {
			t.gap("events.target-parameters", "Targets."+name+"="+shown(target[name]))
		}
	}
	for _, name := range []string{"Input", "InputPath", "InputTransformer"} {
		if said(target[name]) {
			t.gap("events.input", "Targets."+name+"="+shown(target[name]))
		}
	}
	if said(target["DeadLetterConfig"]) {
		t.gap("events.dead-letter", "Targets.DeadLetterConfig="+shown(design.At(target, "DeadLetterConfig.Arn")))
	}
}

// unreached is for targets that events are not delivered to.
func (t *told) unreached(target map[string]any) {
	t.targetGaps(target)
	arn := full(target["Arn"])
	switch service := arnService(arn); {
	case said(target["EcsParameters"]):
		t.gap("events.target-task", "Targets.Arn="+arn)
		t.taskTarget(target)
		t.todo("start the job of rule %s from a function or a Logic App that the event calls", t.r.Name)
	case service == "states" || t.finds(target["Arn"], "AWS::StepFunctions::StateMachine"):
		t.todo("let the event of rule %s call the trigger of the workflow that stands for %s", t.r.Name, nameOf(t.c, t.r, target["Arn"]))
	case service == "logs" || t.finds(target["Arn"], "AWS::Logs::LogGroup"):
		t.todo("send the events of rule %s to the workspace: a data collection rule or a diagnostic setting of their source does", t.r.Name)
	case service == "events" || t.finds(target["Arn"], "AWS::Events::EventBus"):
		t.todo("forward the events of rule %s to what stands for bus %s", t.r.Name, nameOf(t.c, t.r, target["Arn"]))
	default:
		t.todo("give target %s of rule %s a counterpart: Event Grid delivers to queues, topics, streams, functions and web hooks", nameOf(t.c, t.r, target["Arn"]), t.r.Name)
	}
	t.Confidence = redesign
	if len(t.c.TargetsOf(t.r)) == 0 {
		t.Action = design.Manual
	}
}

// taskTarget names what a rule or a schedule says of the task that it starts and
// that a job does not take from it.
func (t *told) taskTarget(target map[string]any) {
	t.Rest("EcsParameters", target["EcsParameters"], "CapacityProviderStrategy", "EnableECSManagedTags", "EnableExecuteCommand", "Group", "LaunchType", "PlacementConstraints",
		"PlacementStrategies", "PlatformVersion", "PropagateTags", "ReferenceId", "TagList")
}

func (t *told) finds(ref any, kinds ...cloud.Kind) bool {
	_, ok := t.c.Find(t.r, ref, kinds...)
	return ok
}

// serviceEvents subscribes to the events of an Azure service that stands for
// the one of AWS.
func (t *told) serviceEvents(service string, pattern map[string]any, targets []map[string]any) {
	if service == "s3" && t.bucketEvents(pattern, targets) {
		return
	}
	t.Action, t.Confidence = design.Manual, redesign
	what := map[string]string{
		"ec2": "Azure Monitor's activity log: an alert rule on it calls an action group", "ecs": "the logs of Container Apps: a log alert calls an action group",
		"autoscaling": "the notifications of the autoscale setting", "rds": "Azure Monitor's activity log and the server's resource health", "health": "service health alerts",
		"ecr": "the registry's system topic (Microsoft.ContainerRegistry.ImagePushed)", "secretsmanager": "the vault's system topic (SecretNewVersionCreated, SecretNearExpiry)",
		"kms": "the vault's system topic (KeyNearExpiry)", "acm": "the vault's system topic (CertificateNearExpiry)", "guardduty": "Defender for Cloud's continuous export",
		"securityhub": "Defender for Cloud's continuous export", "inspector2": "Defender for Cloud's continuous export", "config": "the events of Azure Policy (PolicyStateChanged)",
		"backup": "the alerts of the recovery vault", "codepipeline": "the pipeline's own notifications", "codebuild": "the pipeline's own notifications", "codecommit": "the repository's web hooks",
		"cloudtrail": "Azure Monitor's activity log", "signin": "the sign-in logs of Microsoft Entra ID", "cloudwatch": "the action group of the alert itself",
		"batch": "the events of the batch account", "glue": "the alerts of the data pipeline", "states": "the alerts of the workflow", "dynamodb": "the change feed of the table",
	}[service]
	t.todo("let %s do what rule %s does for %s", orElse(what, "the counterpart of "+service), t.r.Name, targetNames(t.c, t.r, targets))
}

// bucketEvents subscribes to the storage accounts that stand for the buckets
// of the pattern, or all of the workload's when it names none.
func (t *told) bucketEvents(pattern map[string]any, targets []map[string]any) bool {
	buckets := t.c.FindAll(t.r, design.At(pattern, "detail.bucket.name"), "AWS::S3::Bucket")
	if design.At(pattern, "detail.bucket.name") == nil {
		buckets = t.c.OfKind("AWS::S3::Bucket")
	}
	kinds := map[string]string{"Object Created": "Microsoft.Storage.BlobCreated", "Object Deleted": "Microsoft.Storage.BlobDeleted", "Object Storage Class Changed": "Microsoft.Storage.BlobTierChanged", "Object Access Tier Changed": "Microsoft.Storage.BlobTierChanged"}
	done := false
	for _, bucket := range buckets {
		account, ok := t.c.TargetOf(bucket, accountKind)
		if !ok {
			continue
		}
		f := filter{}
		for _, name := range design.Texts(pattern["detail-type"]) {
			if kinds[name] == "" {
				t.gap("events.pattern", "EventPattern.detail-type="+name)
				continue
			}
			f.types = append(f.types, kinds[name])
		}
		t.objectFilter(&f, bucket, pattern)
		t.lost(f)
		for _, target := range targets {
			t.subscribeTo(systemTopic(t.c, bucket, account, "Microsoft.Storage.StorageAccounts"), f, target)
		}
		t.gap("events.s3", "EventPattern.source=aws.s3")
		done = true
	}
	return done
}

// containerHead is what the subject of every event of a bucket's container
// begins with, "" when the bucket has none.
func containerHead(c *design.Context, bucket *inventory.Resource) string {
	container, ok := c.TargetOf(bucket, containerKind)
	if !ok {
		return ""
	}
	return "/blobServices/default/containers/" + common.LastName(container) + "/blobs/"
}

// below narrows events to objects whose names begin so, in a container whose
// events begin with head; without a known container any part of the subject
// may match.
func (f *filter) below(head string, prefixes []string) {
	prefixes = slices.DeleteFunc(slices.Clone(prefixes), func(p string) bool { return p == "" })
	for i, p := range prefixes {
		prefixes[i] = orElse(head, "/blobs/") + p
	}
	switch {
	case head != "" && len(prefixes) == 0:
		f.advanced = append(f.advanced, es.StringBeginsWithAdvancedFilter{Key: new("subject"), Values: &[]string{head}})
	case head != "":
		f.advanced = append(f.advanced, es.StringBeginsWithAdvancedFilter{Key: new("subject"), Values: &prefixes})
	case len(prefixes) > 0:
		f.advanced = append(f.advanced, es.StringContainsAdvancedFilter{Key: new("subject"), Values: &prefixes})
	}
}

// objectFilter narrows events to the bucket's container and to the keys that
// the pattern names. The subject of a blob's event is
// "/blobServices/default/containers/<container>/blobs/<name>".
func (t *told) objectFilter(f *filter, bucket *inventory.Resource, pattern map[string]any) {
	head := containerHead(t.c, bucket)
	var prefixes, suffixes []string
	for _, v := range design.List(design.At(pattern, "detail.object.key")) {
		operator, value := operatorOf(v)
		text, _ := value.(string)
		switch operator {
		case "prefix":
			prefixes = append(prefixes, text)
		case "suffix":
			suffixes = append(suffixes, text)
		default:
			f.lost = append(f.lost, "detail.object.key")
		}
	}
	if len(prefixes) > 0 && len(suffixes) > 0 || len(prefixes)+len(suffixes) >= mostFilters {
		prefixes, suffixes = nil, nil
		f.lost = append(f.lost, "detail.object.key")
	}
	f.below(head, prefixes)
	if len(suffixes) > 0 {
		f.advanced = append(f.advanced, es.StringEndsWithAdvancedFilter{Key: new("subject"), Values: &suffixes})
	}
	for _, key := range keys(object(pattern["detail"])) {
		if key != "bucket" && key != "object" {
			f.lost = append(f.lost, "detail."+key)
		}
	}
}
