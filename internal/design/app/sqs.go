package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/queues"
)

const (
	// longestLock is the longest time that a message may be locked (Microsoft
	// Learn, "Service Bus message transfers, locks, and settlement"); SQS hides
	// one for up to twelve hours.
	longestLock, shortestLock = 300, 5
	// standardMessage is the largest message of the standard tier in bytes;
	// queueDefaultMessage is what SQS takes when nothing is said (SQS developer
	// guide, "Amazon SQS message quotas").
	standardMessage, queueDefaultMessage = 262144, 1048576
	// mostDeliveries is the highest maxDeliveryCount.
	mostDeliveries = 2000
	// queueMegabytes is the largest queue of the standard tier without
	// partitions (Microsoft Learn, "Service Bus quotas").
	queueMegabytes = 5120
)

func queueRules() []design.Rule {
	return []design.Rule{
		{
			Name: "sqs/queue", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Stage: design.Integration,
			Source:  "Azure Architecture Center, Messaging services on Azure and AWS; Microsoft Learn, Service Bus queues, topics, and subscriptions",
			Targets: []cloud.Kind{busKind, busQueueKind},
			Apply:   applyQueue,
		},
		{
			Name: "sqs/policy", Kinds: []cloud.Kind{"AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"}, Stage: design.Access,
			Source: "Microsoft Learn, Authenticate and authorize with Microsoft Entra ID to access Service Bus", Apply: applyQueuePolicy,
		},
	}
}

func applyQueue(c *design.Context, r *inventory.Resource) design.Decision {
	if c.Shared(r) {
		t := tell(c, r, design.Retain, inNamedGaps).why("queue %s stays, because others send to it or read from it", r.Name)
		t.todo("let the workload reach queue %s from Azure through the bridge or over HTTPS with keys of an IAM user, until its other users move", r.Name)
		return t.done("*")
	}
	if main, ok := foldedInto(c, r); ok {
		id := queueOf(c, main)
		c.Attach(r, id)
		t := tell(c, r, design.Replace, inNamedGaps).why("queue %s takes the dead letters of FIFO queue %s; a Service Bus queue with sessions has its own dead-letter queue, and cannot forward", r.Name, main.Name)
		t.todo("read dead letters from %s/$DeadLetterQueue instead of %s", common.LastName(id), r.Name)
		return t.done("*")
	}
	queueOf(c, r)
	t := tell(c, r, design.Migrate, inNamedGaps)
	visibility, retention := design.Int(r.Properties, "VisibilityTimeout", 30), design.Int(r.Properties, "MessageRetentionPeriod", 345600)
	kind, wait := "standard", "Azure Queue Storage"
	if isFIFO(r) {
		kind = "FIFO"
	}
	t.why("%s queue %s with a visibility timeout of %d s and a retention of %s becomes a Service Bus queue%s", kind, r.Name, visibility, days(retention), map[bool]string{true: " with sessions and duplicate detection"}[isFIFO(r)])
	t.other(wait, "it has no dead-letter queue, no order and no subscriptions to topics, and takes 64 KB at most")
	t.queueGaps(visibility)
	return t.done("QueueName", "QueueUrl", "VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "MaximumMessageSize", "ReceiveMessageWaitTimeSeconds",
		"RedrivePolicy", "RedriveAllowPolicy", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit", "KmsMasterKeyId",
		"KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "ApproximateNumberOf*", "CreatedTimestamp", "LastModifiedTimestamp", "Policy")
}

// queueGaps names what a Service Bus queue does differently.
func (t *told) queueGaps(visibility int) {
	p := t.r.Properties
	t.gap("sqs.client", "")
	if visibility > longestLock {
		t.gapOf("sqs.visibility", "VisibilityTimeout")
	}
	if visibility < shortestLock {
		t.gapOf("sqs.no-lock", "VisibilityTimeout")
	}
	if design.Int(p, "DelaySeconds", 0) > 0 {
		t.gapOf("sqs.delay", "DelaySeconds")
	}
	if premium := busPremium(t.c); premium == "" {
		t.gap("sqs.message-size", "MaximumMessageSize="+shown(design.Int(p, "MaximumMessageSize", queueDefaultMessage)))
	} else {
		t.todo("know that the Service Bus namespace is of the premium tier, which costs per hour: %s", premium)
	}
	if t.at("RedrivePolicy") == nil {
		t.gap("sqs.unlimited-receives", "RedrivePolicy")
	}
	if t.at("RedriveAllowPolicy") != nil {
		t.gapOf("sqs.redrive-allow", "RedriveAllowPolicy")
	}
	if isFIFO(t.r) {
		t.gap("sqs.fifo-order", "FifoQueue=true")
		if design.True(p, "ContentBasedDeduplication") {
			t.gapOf("sqs.content-deduplication", "ContentBasedDeduplication")
		}
		if strings.EqualFold(t.text("DeduplicationScope"), "messageGroup") {
			t.gapOf("sqs.deduplication-scope", "DeduplicationScope")
		}
	}
	if customerKey(t.c, t.r) {
		if _, _, ok := vaultKey(t.c, t.r, t.at("KmsMasterKeyId")); !ok {
			t.todo("choose a Key Vault key for the namespace: %s is not part of the design", shown(t.at("KmsMasterKeyId")))
		}
		t.gapOf("sqs.key-per-namespace", "KmsMasterKeyId")
	}
	if policy := redrive(t.r); policy["deadLetterTargetArn"] != nil {
		if _, ok := t.c.Find(t.r, policy["deadLetterTargetArn"], "AWS::SQS::Queue"); !ok {
			t.todo("read dead letters from the queue's own dead-letter queue: %s is not part of the design", shown(policy["deadLetterTargetArn"]))
		}
	}
	t.todo("drain %s before the cutover, or run the bridge: messages in flight are not copied", t.r.Name)
}

// queueOf returns the Service Bus queue that stands for a queue of SQS.
func queueOf(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	return c.Once("app/sqs/"+string(r.ID), func() cloud.ResourceID {
		p := r.Properties
		properties := queues.SBQueueProperties{
			LockDuration:             new(seconds(min(max(design.Int(p, "VisibilityTimeout", 30), shortestLock), longestLock))),
			DefaultMessageTimeToLive: new(seconds(min(max(design.Int(p, "MessageRetentionPeriod", 345600), 60), 1209600))),
			// SQS drops what is not read in time.
			DeadLetteringOnMessageExpiration: new(false),
			MaxSizeInMegabytes:               new(int64(queueMegabytes)),
			MaxDeliveryCount:                 new(int64(mostDeliveries)),
		}
		if isFIFO(r) {
			properties.RequiresSession, properties.RequiresDuplicateDetection = new(true), new(true)
			properties.DuplicateDetectionHistoryTimeWindow = new("PT5M")
		}
		if size := design.Int(p, "MaximumMessageSize", queueDefaultMessage); busPremium(c) != "" && size > 0 {
			properties.MaxMessageSizeInKilobytes = new(int64(max((size+1023)/1024, 1024)))
		}
		policy := redrive(r)
		if policy["maxReceiveCount"] != nil {
			properties.MaxDeliveryCount = new(int64(min(max(design.Int(policy, "maxReceiveCount", 10), 1), mostDeliveries)))
		}
		var after []cloud.ResourceID
		if dead, ok := forwardTo(c, r); ok {
			properties.ForwardDeadLetteredMessagesTo = new(common.LastName(dead))
			after = append(after, dead)
		}
		return c.Put(design.Target{Type: busQueueKind, Parent: bus(c), Base: r.Name, Model: queues.SBQueue{Properties: &properties}, After: after}, r)
	})
}

// forwardTo returns the queue that takes the dead letters of another. A queue
// with sessions cannot forward (Microsoft Learn, "Chaining Service Bus
// entities with autoforwarding"), and a queue that itself has dead letters
// elsewhere is left alone, so that none waits for itself.
func forwardTo(c *design.Context, r *inventory.Resource) (cloud.ResourceID, bool) {
	dead, ok := c.Find(r, redrive(r)["deadLetterTargetArn"], "AWS::SQS::Queue")
	if !ok || isFIFO(r) || dead == r || c.Shared(dead) || !decided(c, dead) || len(redrive(dead)) > 0 {
		return "", false
	}
	return queueOf(c, dead), true
}

// foldedInto returns the FIFO queue whose dead letters are all that a queue
// takes.
func foldedInto(c *design.Context, r *inventory.Resource) (*inventory.Resource, bool) {
	if len(redrive(r)) > 0 || !isFIFO(r) {
		return nil, false
	}
	var from []*inventory.Resource
	for _, q := range c.OfKind("AWS::SQS::Queue") {
		if dead, ok := c.Find(q, redrive(q)["deadLetterTargetArn"], "AWS::SQS::Queue"); ok && dead == r && q != r && !c.Shared(q) {
			from = append(from, q)
		}
	}
	if len(from) != 1 || len(c.Referring(r, "AWS::Lambda::EventSourceMapping", "EventSourceArn")) > 0 || len(c.Referring(r, "AWS::SNS::Subscription", "Endpoint")) > 0 {
		return nil, false
	}
	return from[0], true
}

// decided reports whether the design decides a resource at all: what stands
// outside the boundary has no target.
func decided(c *design.Context, r *inventory.Resource) bool {
	for _, other := range c.OfKind(r.Kind) {
		if other == r {
			return true
		}
	}
	return false
}

func redrive(r *inventory.Resource) map[string]any {
	return object(design.At(r.Properties, "RedrivePolicy"))
}

func isFIFO(r *inventory.Resource) bool {
	return design.True(r.Properties, "FifoQueue") || design.True(r.Properties, "FifoTopic") || strings.HasSuffix(r.Name, ".fifo")
}

func applyQueuePolicy(c *design.Context, r *inventory.Resource) design.Decision {
	return policyAbsorbed(c, r, "Queues", "AWS::SQS::Queue", busQueueKind)
}

// policyAbsorbed decides a resource policy of a queue or a topic.
func policyAbsorbed(c *design.Context, r *inventory.Resource, property string, kind, target cloud.Kind) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	refs := design.List(t.at(property))
	for _, single := range []string{"Queue", "TopicArn"} {
		refs = append(refs, design.List(t.at(single))...)
	}
	var of []string
	for _, ref := range refs {
		if parent, ok := c.Find(r, ref, kind); ok {
			of = append(of, parent.Name)
			if id, ok := c.TargetOf(parent, target); ok {
				c.Attach(r, id)
			}
		}
	}
	if len(of) == 0 {
		of = []string{"a resource outside the design"}
	}
	statements := design.Maps(object(t.at("PolicyDocument"))["Statement"])
	t.why("%s of the policy of %s becomes role assignments of the identities that send and receive", common.Count(len(statements), "statement"), strings.Join(of, ", "))
	for _, s := range statements {
		t.statement(s)
	}
	return t.done("PolicyDocument", "Queues", "Queue", "Topics", "TopicArn")
}

// statement names what a role assignment cannot say.
func (t *told) statement(s map[string]any) {
	sid := design.Text(s, "Sid")
	if sid == "" {
		sid = shown(s["Action"])
	}
	if strings.EqualFold(design.Text(s, "Effect"), "Deny") {
		// Connections without TLS are refused by the namespace itself.
		if !strings.Contains(strings.ToLower(full(s["Condition"])), "aws:securetransport") {
			t.gap("messaging.policy-deny", "Statement "+sid)
		}
		return
	}
	for _, who := range design.Texts(s["Principal"]) {
		if who == "*" && !confined(s) {
			t.gap("messaging.policy-anyone", "Statement "+sid)
		}
	}
	for _, who := range design.Texts(design.At(s["Principal"], "AWS")) {
		switch parts := strings.Split(who, ":"); {
		case who == "*" && confined(s):
		case who == "*":
			t.gap("messaging.policy-anyone", "Statement "+sid)
		case len(parts) > 4 && t.r.Account != "" && parts[4] != string(t.r.Account) && !unknown(parts[4]):
			t.todo("give %s, of another account, a way in: a service principal of the tenant with a role on the target", who)
		}
	}
}

// confined reports whether a condition names the resources, the account or the
// organisation that may call.
func confined(s map[string]any) bool {
	text := strings.ToLower(full(s["Condition"]))
	for _, key := range []string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:principal"} {
		if strings.Contains(text, key) {
			return true
		}
	}
	return false
}

func days(n int) string {
	switch day := 24 * 60 * 60; {
	case n == day:
		return "one day"
	case n > day && n%day == 0:
		return shown(n/day) + " days"
	}
	return shown(n) + " s"
}
