package app_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const (
	queueKind        cloud.Kind = "Microsoft.ServiceBus/namespaces/queues"
	topicKind        cloud.Kind = "Microsoft.ServiceBus/namespaces/topics"
	subscriptionKind cloud.Kind = "Microsoft.ServiceBus/namespaces/topics/subscriptions"
	filterKind       cloud.Kind = "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules"
	eventsKind       cloud.Kind = "Microsoft.EventGrid/eventSubscriptions"
)

// made designs a template without the oracle, which a test of many designs asks
// once.
func made(t *testing.T, template string) *design.Design {
	t.Helper()
	return designtest.Make(t, families(), designtest.FromTemplate(t, template)...)
}

func gaps(d design.Decision) string { return " " + strings.Join(designtest.GapIDs(d), " ") + " " }

// A message is locked from five seconds to five minutes, lives from a minute
// to fourteen days and is delivered up to 2,000 times (Microsoft Learn,
// "Service Bus quotas"); SQS goes beyond at both ends.
func TestBoundsOfAQueue(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, one := range []struct {
		properties string
		want       map[string]string
		gaps       string
		no         string
	}{
		{"", map[string]string{"lockDuration": "PT30S", "defaultMessageTimeToLive": "P4D", "maxDeliveryCount": "2000", "requiresSession": ""}, "sqs.unlimited-receives sqs.message-size", "sqs.visibility sqs.no-lock sqs.delay"},
		{"VisibilityTimeout: 0", map[string]string{"lockDuration": "PT5S"}, "sqs.no-lock", "sqs.visibility"},
		{"VisibilityTimeout: 4", map[string]string{"lockDuration": "PT5S"}, "sqs.no-lock", ""},
		{"VisibilityTimeout: 5", map[string]string{"lockDuration": "PT5S"}, "", "sqs.no-lock"},
		{"VisibilityTimeout: 300", map[string]string{"lockDuration": "PT5M"}, "", "sqs.visibility"},
		{"VisibilityTimeout: 301", map[string]string{"lockDuration": "PT5M"}, "sqs.visibility", ""},
		{"VisibilityTimeout: 43200", map[string]string{"lockDuration": "PT5M"}, "sqs.visibility", ""},
		{`VisibilityTimeout: "120"`, map[string]string{"lockDuration": "PT2M"}, "", "sqs.visibility"},
		{"VisibilityTimeout: long", map[string]string{"lockDuration": "PT30S"}, "", ""},
		{"MessageRetentionPeriod: 60", map[string]string{"defaultMessageTimeToLive": "PT1M"}, "", ""},
		{"MessageRetentionPeriod: 1209600", map[string]string{"defaultMessageTimeToLive": "P14D"}, "", ""},
		{"MessageRetentionPeriod: 90", map[string]string{"defaultMessageTimeToLive": "PT90S"}, "", ""},
		{"DelaySeconds: 900", nil, "sqs.delay", ""},
		{"RedrivePolicy: {maxReceiveCount: 1, deadLetterTargetArn: \"arn:aws:sqs:us-east-1:123456789012:gone\"}", map[string]string{"maxDeliveryCount": "1", "forwardDeadLetteredMessagesTo": ""}, "", "sqs.unlimited-receives"},
		{"RedrivePolicy: {maxReceiveCount: 9999, deadLetterTargetArn: \"arn:aws:sqs:us-east-1:123456789012:gone\"}", map[string]string{"maxDeliveryCount": "2000"}, "", ""},
		{"RedriveAllowPolicy: {redrivePermission: denyAll}", nil, "sqs.redrive-allow", ""},
		{"KmsMasterKeyId: alias/aws/sqs", nil, "", "sqs.key-per-namespace"},
		{"KmsMasterKeyId: alias/shop", nil, "sqs.key-per-namespace", ""},
	} {
		d := made(t, "\nResources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs, "+one.properties+"}}\n")
		all = append(all, d)
		queue, decision := designtest.One(t, d, queueKind), designtest.Decision(t, d, "Jobs")
		for path, want := range one.want {
			if got := design.Text(queue.Body, "properties."+path); got != want {
				t.Errorf("%s: %s is %q, want %q", one.properties, path, got, want)
			}
		}
		for id := range strings.FieldsSeq(one.gaps) {
			if !strings.Contains(gaps(decision), " "+id+" ") {
				t.Errorf("%s lacks %s: %s", one.properties, id, gaps(decision))
			}
		}
		for id := range strings.FieldsSeq(one.no) {
			if strings.Contains(gaps(decision), " "+id+" ") {
				t.Errorf("%s has %s", one.properties, id)
			}
		}
		says(t, decision, "drain jobs before the cutover")
	}
	designtest.Check(t, all...)
}

// The standard tier takes 256 KB. A queue whose size somebody set above that
// needs premium; 1 MiB is what SQS has by itself.
func TestSizeOfMessagesChoosesTheTier(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]struct{ tier, kilobytes string }{1024: {"Standard", ""}, 262144: {"Standard", ""}, 262145: {"Premium", "1024"}, 1048575: {"Premium", "1024"}, 1048576: {"Standard", ""}} {
		d := made(t, fmt.Sprintf("\nResources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs, MaximumMessageSize: %d}}\n", size))
		has(t, designtest.One(t, d, "Microsoft.ServiceBus/namespaces"), map[string]string{"sku.name": want.tier})
		has(t, designtest.One(t, d, queueKind), map[string]string{"properties.maxMessageSizeInKilobytes": want.kilobytes})
		if strings.Contains(gaps(designtest.Decision(t, d, "Jobs")), "sqs.message-size") != (want.tier == "Standard") {
			t.Errorf("%d bytes: %s", size, gaps(designtest.Decision(t, d, "Jobs")))
		}
	}
}

func TestFIFOQueuesHaveSessions(t *testing.T) {
	t.Parallel()
	d := made(t, `
Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders.fifo, FifoQueue: true, ContentBasedDeduplication: true, DeduplicationScope: messageGroup, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: orders-dead.fifo, FifoQueue: true}}
`)
	has(t, designtest.One(t, d, queueKind), map[string]string{"properties.requiresSession": "true", "properties.requiresDuplicateDetection": "true", "properties.duplicateDetectionHistoryTimeWindow": "PT5M", "properties.maxDeliveryCount": "3", "properties.forwardDeadLetteredMessagesTo": ""})
	meets(t, designtest.Decision(t, d, "Orders"), "sqs.client", "sqs.message-size", "sqs.fifo-order", "sqs.content-deduplication", "sqs.deduplication-scope")
	dead := designtest.Decision(t, d, "Dead")
	if dead.Action != design.Replace || len(dead.Targets) != 1 {
		t.Errorf("%+v", dead)
	}
	says(t, dead, "/$DeadLetterQueue")
}

// Each protocol of a subscription, with what reaches the subscriber.
func TestProtocolsOfSubscriptions(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, one := range []struct {
		properties, gap, todo string
		action                design.Action
		subscribed            int
	}{
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn", "sns.envelope", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, RawMessageDelivery: true", "", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: \"arn:aws:sqs:us-east-1:123456789012:far\"", "sns.envelope", "which is not part of the design", design.Replace, 1},
		{"Protocol: lambda, Endpoint: !GetAtt F.Arn", "sns.envelope", "", design.Replace, 1},
		{"Protocol: https, Endpoint: \"https://hook.example/in\"", "sns.http", "posts to https://hook.example/in", design.Replace, 1},
		{"Protocol: firehose, Endpoint: \"arn:aws:firehose:us-east-1:123456789012:deliverystream/log\"", "sns.firehose", "", design.Replace, 1},
		{"Protocol: email, Endpoint: a@b.example", "sns.email", "send mail to a@b.example", design.Manual, 0},
		{"Protocol: sms, Endpoint: \"+15551234567\"", "sns.sms", "provider of text messages", design.Manual, 0},
		{"Protocol: application, Endpoint: \"arn:aws:sns:us-east-1:123456789012:endpoint/GCM/x/y\"", "sns.push", "Notification Hubs", design.Manual, 0},
		{"Protocol: pigeon, Endpoint: loft", "", "nothing is known of protocol", design.Manual, 0},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, FilterPolicy: {a: [{cidr: 10.0.0.0/8}]}", "sns.filter-operator", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, FilterPolicy: {a: [x]}, FilterPolicyScope: MessageBody", "sns.body-filter", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, DeliveryPolicy: {healthyRetryPolicy: {numRetries: 3}}", "sns.delivery-policy", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, ReplayPolicy: {PointType: Timestamp}", "sns.archive", "", design.Replace, 1},
		{"Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, RedrivePolicy: {deadLetterTargetArn: \"arn:aws:sqs:us-east-1:123456789012:lost\"}", "", "instead of lost", design.Replace, 1},
	} {
		d := made(t, `
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Runtime: python3.12, Handler: a.b, Code: {S3Bucket: b, S3Key: k}}}
  S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, `+one.properties+"}}\n")
		all = append(all, d)
		s := designtest.Decision(t, d, "S")
		if s.Action != one.action || count(d, subscriptionKind) != one.subscribed {
			t.Errorf("%s: %s with %d subscriptions", one.properties, s.Action, count(d, subscriptionKind))
		}
		if one.gap != "" && !strings.Contains(gaps(s), " "+one.gap+" ") {
			t.Errorf("%s lacks %s: %s", one.properties, one.gap, gaps(s))
		}
		if strings.Contains(one.properties, "RawMessageDelivery") && strings.Contains(gaps(s), "sns.envelope") {
			t.Error("a raw message has an envelope")
		}
		if one.todo != "" {
			says(t, s, one.todo)
		}
	}
	designtest.Check(t, all...)
}

// A SQL filter has 1,024 characters at most; a longer one must let messages
// through instead of being cut.
func TestLongFilters(t *testing.T) {
	t.Parallel()
	// [k] = '...' is six characters around its value and two quotes.
	for length, want := range map[int]int{1024 - len("[k] = ''"): 1, 1025 - len("[k] = ''"): 0} {
		d := made(t, `
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, FilterPolicy: {k: [`+strings.Repeat("x", length)+"]}}}\n")
		if got := count(d, filterKind); got != want || strings.Contains(gaps(designtest.Decision(t, d, "S")), "sns.filter-length") == (want == 1) {
			t.Errorf("%d characters: %d rules, %s", length, got, gaps(designtest.Decision(t, d, "S")))
		}
	}
}

// What a topic tells people goes to an action group, whole: addresses are not
// shortened, and the sender is the display name.
func TestAlarmsToPeople(t *testing.T) {
	t.Parallel()
	long := "https://hook.example/" + strings.Repeat("a", 200)
	d := fromTemplate(t, `
Resources:
  Ops: {Type: AWS::SNS::Topic, Properties: {TopicName: operations-of-the-shop, DisplayName: Shop alarms of all, Subscription: [{Protocol: email, Endpoint: a@b.example}, {Protocol: https, Endpoint: "`+long+`"}, {Protocol: sms, Endpoint: "+4915112345678"}]}}
  High: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: high, AlarmActions: [!Ref Ops], ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1}}
`)
	group := designtest.One(t, d, "Microsoft.Insights/actionGroups")
	has(t, group, map[string]string{
		"properties.groupShortName": "Shop alarms", "properties.emailReceivers.emailAddress": "a@b.example", "properties.webhookReceivers.serviceUri": long,
		"properties.smsReceivers.countryCode": "49", "properties.smsReceivers.phoneNumber": "15112345678",
	})
	if count(d, topicKind) != 0 || designtest.Decision(t, d, "Ops").Action != design.Replace {
		t.Error("a topic that only tells people has a bus")
	}
}

// rule is an event rule on a bus of the workload's own, with one queue.
func ruled(properties string) string {
	return `
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  R: {Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: !Ref Bus, ` + properties + "}}\n"
}

// Event Grid tries thirty times and for a day at most (Microsoft Learn, "Event
// Grid message delivery and retry").
func TestRetriesOfAnEvent(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string][2]string{
		"": {"30", "1440"}, "{MaximumRetryAttempts: 0}": {"1", "1440"}, "{MaximumRetryAttempts: 28, MaximumEventAgeInSeconds: 60}": {"29", "1"}, "{MaximumRetryAttempts: 29}": {"30", "1440"},
		"{MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 3600}": {"30", "60"}, "{MaximumEventAgeInSeconds: 30}": {"30", "1"}, "{MaximumRetryAttempts: many}": {"30", "1440"},
	} {
		target := "{Id: a, Arn: !GetAtt Jobs.Arn}"
		if policy != "" {
			target = "{Id: a, Arn: !GetAtt Jobs.Arn, RetryPolicy: " + policy + "}"
		}
		d := made(t, ruled("EventPattern: {source: [shop]}, Targets: ["+target+"]"))
		has(t, designtest.One(t, d, eventsKind), map[string]string{"properties.retryPolicy.maxDeliveryAttempts": want[0], "properties.retryPolicy.eventTimeToLiveInMinutes": want[1]})
	}
}

// A subscription has 25 values in its filters at most. More of them are named,
// and the event then passes without that part of the filter.
func TestFiltersUpToTwentyFive(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{25: 25, 26: 0} {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprintf("v%d", i)
		}
		d := made(t, ruled("EventPattern: {detail: {kind: ["+strings.Join(values, ", ")+"]}}, Targets: [{Id: a, Arn: !GetAtt Jobs.Arn}]"))
		written := design.Texts(design.At(designtest.One(t, d, eventsKind).Body, "properties.filter.advancedFilters.values"))
		if len(written) != want || strings.Contains(gaps(designtest.Decision(t, d, "R")), "events.pattern") != (want == 0) {
			t.Errorf("%d values: %d written, %s", n, len(written), gaps(designtest.Decision(t, d, "R")))
		}
	}
}

// What is switched off at the source must not begin to work at the target.
func TestDisabledRulesDeliverNothing(t *testing.T) {
	t.Parallel()
	d := made(t, ruled("State: DISABLED, EventPattern: {source: [shop]}, Targets: [{Id: a, Arn: !GetAtt Jobs.Arn}]"))
	r := designtest.Decision(t, d, "R")
	if count(d, eventsKind) != 0 || r.Action != design.Manual || !strings.Contains(gaps(r), "events.disabled") {
		t.Errorf("%d subscriptions, %+v", count(d, eventsKind), r)
	}
	d = fromTemplate(t, `
Resources:
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: shop}}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: job, Cpu: "256", Memory: "512", ContainerDefinitions: [{Name: job, Image: nginx}]}}
  Off: {Type: AWS::Events::Rule, Properties: {Name: "off", State: DISABLED, ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !GetAtt Cluster.Arn, EcsParameters: {TaskDefinitionArn: !Ref Task}}]}}
`)
	has(t, designtest.One(t, d, "Microsoft.App/jobs"), map[string]string{"properties.configuration.triggerType": "Manual", "properties.configuration.scheduleTriggerConfig.cronExpression": ""})
}

// What a rule passes on is not shortened.
func TestLongInputsStayWhole(t *testing.T) {
	t.Parallel()
	input := strings.Repeat("0123456789", 30)
	d := made(t, `
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Runtime: python3.12, Handler: a.b, Code: {S3Bucket: b, S3Key: k}}}
  Hourly: {Type: AWS::Events::Rule, Properties: {Name: hourly, ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !GetAtt F.Arn, Input: "`+input+`"}]}}
`)
	set := settings(designtest.One(t, d, "Microsoft.Web/sites"), "properties.siteConfig.appSettings")
	if set["SCHEDULE_HOURLY"] != "0 0 * * * *" || set["SCHEDULE_HOURLY_INPUT"] != input {
		t.Errorf("%q with %d characters of input", set["SCHEDULE_HOURLY"], len(set["SCHEDULE_HOURLY_INPUT"]))
	}
}

func TestPoliciesThatLetAnyoneIn(t *testing.T) {
	t.Parallel()
	confined := `{StringEquals: {"aws:PrincipalTag/` + strings.Repeat("team", 40) + `": a}, ArnLike: {"aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:news"}}`
	for statement, want := range map[string]string{
		`{Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*"}`:                                           "messaging.policy-anyone",
		`{Effect: Allow, Principal: {AWS: "*"}, Action: "sqs:SendMessage", Resource: "*"}`:                                    "messaging.policy-anyone",
		`{Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*", Condition: {Bool: {"aws:SourceIp": "x"}}}`:            "messaging.policy-deny",
		`{Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*", Condition: {Bool: {"aws:SecureTransport": "false"}}}`: "",
		`{Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*", Condition: ` + confined + `}`:              "",
		`{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: "sqs:SendMessage", Resource: "*"}`:                  "",
	} {
		d := made(t, `
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Jobs], PolicyDocument: {Statement: [`+statement+"]}}}\n")
		got := strings.TrimSpace(gaps(designtest.Decision(t, d, "P")))
		if got != want {
			t.Errorf("%s: gaps %s, want %q", statement, got, want)
		}
	}
}
