package sam

import (
	"strconv"
	"strings"
)

// event is one entry of a function's Events.
type event struct {
	*function
	// eid is the logical id of what the event generates: the function's and
	// the event's name.
	eid   string
	kind  string
	p     map[string]any
	name  string
	plain map[string]any
}

// events makes what the function's events generate.
func (f *function) events() {
	all := mapping(f.props["Events"])
	for _, name := range keys(all) {
		body := mapping(all[name])
		if isIntrinsic(body) || body == nil {
			f.note(f.id, "the event "+strconv.Quote(name)+" is not a mapping", "what the event generates")
			continue
		}
		e := &event{function: f, eid: f.id + name, kind: text(body["Type"]), p: mapping(body["Properties"]), name: name, plain: body}
		if e.p == nil {
			e.p = map[string]any{}
		}
		if !e.expand() {
			f.note(f.id, "the event "+strconv.Quote(name)+" of the type "+strconv.Quote(e.kind)+" is not known", "what the event generates")
		}
	}
}

func (e *event) expand() bool {
	switch e.kind {
	case "S3":
		e.bucketEvent()
	case "SNS":
		e.topicEvent()
	case "SQS", "Kinesis", "DynamoDB", "MSK", "MQ", "SelfManagedKafka", "DocumentDB":
		e.mappingEvent()
	case "Schedule":
		e.rule(map[string]any{"ScheduleExpression": e.p["Schedule"]})
	case "CloudWatchEvent", "EventBridgeRule":
		e.rule(map[string]any{"EventPattern": e.p["Pattern"], "EventBusName": e.p["EventBusName"]})
	case "ScheduleV2":
		e.scheduleV2(e.eid, e.arn, "lambda:InvokeFunction")
	case "CloudWatchLogs":
		e.logsEvent()
	case "IoTRule":
		e.iotRule()
	case "AlexaSkill":
		e.permission("", "alexa-appkit.amazon.com", map[string]any{"EventSourceToken": e.p["SkillId"]})
	case "Cognito":
		e.userPool()
	case "Api":
		e.restEvent()
	case "HttpApi":
		e.httpEvent()
	default:
		return false
	}
	return true
}

// permission lets a service invoke the function. The suffix is part of the id.
func (e *event) permission(suffix, service string, more map[string]any) {
	e.permissionAs(e.eid+"Permission"+plainOrHash(suffix), service, more)
}

// plainOrHash is how the transform puts a name into a logical id: as it is if
// it can stand there, else its hash.
func plainOrHash(s string) string {
	if s == "" || isPlain(s) {
		return s
	}
	return hash(s)
}

func (e *event) permissionAs(id, service string, more map[string]any) {
	properties := map[string]any{"Action": "lambda:InvokeFunction", "FunctionName": e.invoked(), "Principal": service}
	for k, v := range more {
		properties[k] = v
	}
	e.make(id, "AWS::Lambda::Permission", properties)
}

// invoked is what the function is called in a permission: its name, or its alias.
func (f *function) invoked() any {
	if f.alias != "" {
		return ref(f.alias)
	}
	return ref(f.id)
}

// bucketEvent adds the notification to the bucket, which has to be in the
// same template.
func (e *event) bucketEvent() {
	e.permission("", "s3.amazonaws.com", map[string]any{"SourceAccount": ref("AWS::AccountId")})
	bucket, ok := target(e.p["Bucket"])
	if !ok {
		e.note(e.id, "the bucket of the event "+strconv.Quote(e.name)+" is no resource of the template", "the notification of the bucket")
		return
	}
	var configurations []any
	for _, kind := range list(e.p["Events"]) {
		configurations = append(configurations, compact(map[string]any{"Event": kind, "Function": e.arn, "Filter": e.p["Filter"]}))
	}
	id := e.eid + "Permission"
	e.later(func() {
		body := mapping(e.out[bucket])
		if body == nil {
			e.note(e.id, "the bucket "+strconv.Quote(bucket)+" is no resource of the template", "the notification of the bucket")
			return
		}
		notification := within(within(body, "Properties"), "NotificationConfiguration")
		notification["LambdaConfigurations"] = append(list(notification["LambdaConfigurations"]), configurations...)
		body["DependsOn"] = append(list(body["DependsOn"]), id)
	})
}

// within returns the mapping at a key, made if it is not there.
func within(m map[string]any, key string) map[string]any {
	inner, ok := m[key].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[key] = inner
	}
	return inner
}

// topicEvent subscribes the function to a topic, directly or through a queue.
func (e *event) topicEvent() {
	topic := e.p["Topic"]
	subscription := pick(e.p, "Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy")
	subscription["TopicArn"] = topic
	through := e.p["SqsSubscription"]
	if through == nil || through == false {
		subscription["Protocol"], subscription["Endpoint"] = "lambda", e.arn
		e.make(e.eid, "AWS::SNS::Subscription", subscription)
		e.permission("", "sns.amazonaws.com", map[string]any{"SourceArn": topic})
		return
	}
	own := mapping(through)
	queueARN, queueURL := own["QueueArn"], own["QueueUrl"]
	if own == nil {
		e.make(e.eid+"Queue", "AWS::SQS::Queue", map[string]any{})
		queueARN, queueURL = getAtt(e.eid+"Queue", "Arn"), ref(e.eid+"Queue")
	}
	policy := e.eid + "QueuePolicy"
	if given := text(own["QueuePolicyLogicalId"]); given != "" {
		policy = given
	}
	e.make(policy, "AWS::SQS::QueuePolicy", map[string]any{"Queues": []any{queueURL}, "PolicyDocument": document([]any{map[string]any{
		"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queueARN, "Principal": "*",
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": topic}},
	}})})
	subscription["Protocol"], subscription["Endpoint"] = "sqs", queueARN
	e.make(e.eid, "AWS::SNS::Subscription", subscription)
	batch := own["BatchSize"]
	if batch == nil {
		batch = "10"
	}
	enabled := own["Enabled"]
	if enabled == nil {
		enabled = true
	}
	e.make(e.eid+"EventSourceMapping", "AWS::Lambda::EventSourceMapping", map[string]any{
		"FunctionName": e.invoked(), "EventSourceArn": queueARN, "BatchSize": batch, "Enabled": enabled,
	})
	e.role.attachService("AWSLambdaSQSQueueExecutionRole")
}

// mappingEvent makes an event source mapping: the sources that Lambda reads
// from by itself.
func (e *event) mappingEvent() {
	properties := pick(e.p, "StartingPosition", "StartingPositionTimestamp", "BatchSize", "BisectBatchOnFunctionError", "Enabled", "MaximumBatchingWindowInSeconds",
		"MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "Topics", "Queues", "SourceAccessConfigurations", "TumblingWindowInSeconds",
		"FunctionResponseTypes", "KafkaBootstrapServers", "FilterCriteria", "KmsKeyArn", "ScalingConfig", "ProvisionedPollerConfig", "MetricsConfig", "LoggingConfig")
	properties["FunctionName"] = e.invoked()
	managed := ""
	switch e.kind {
	case "SQS":
		properties["EventSourceArn"], managed = e.p["Queue"], "AWSLambdaSQSQueueExecutionRole"
	case "Kinesis":
		properties["EventSourceArn"], managed = e.p["Stream"], "AWSLambdaKinesisExecutionRole"
	case "DynamoDB":
		properties["EventSourceArn"], managed = e.p["Stream"], "AWSLambdaDynamoDBExecutionRole"
	case "MSK":
		properties["EventSourceArn"], managed = e.p["Stream"], "AWSLambdaMSKExecutionRole"
		groupOf(properties, "AmazonManagedKafkaEventSourceConfig", e.p)
	case "MQ":
		properties["EventSourceArn"] = e.p["Broker"]
		e.role.allow("SamAutoGeneratedAMQPolicy", e.brokerStatements()...)
	case "DocumentDB":
		properties["EventSourceArn"] = e.p["Cluster"]
		properties["DocumentDBEventSourceConfig"] = pick(e.p, "DatabaseName", "CollectionName", "FullDocument")
	case "SelfManagedKafka":
		properties["SelfManagedEventSource"] = map[string]any{"Endpoints": map[string]any{"KafkaBootstrapServers": e.p["KafkaBootstrapServers"]}}
		delete(properties, "KafkaBootstrapServers")
		groupOf(properties, "SelfManagedKafkaEventSourceConfig", e.p)
	}
	if managed != "" {
		e.role.attachService(managed)
	}
	if failure := mapping(mapping(e.p["DestinationConfig"])["OnFailure"]); failure != nil {
		properties["DestinationConfig"] = map[string]any{"OnFailure": pick(failure, "Destination")}
		if action, ok := map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:publish"}[text(failure["Type"])]; ok {
			e.role.allow(text(failure["Type"])+"Policy", allow([]any{action}, failure["Destination"]))
		}
	}
	if t := e.p["EventSourceArn"]; t != nil && properties["EventSourceArn"] == nil {
		properties["EventSourceArn"] = t
	}
	body := e.make(e.eid, "AWS::Lambda::EventSourceMapping", properties)
	if condition := e.plain["Condition"]; condition != nil {
		body["Condition"] = condition
	}
}

func groupOf(properties map[string]any, name string, p map[string]any) {
	if group := p["ConsumerGroupId"]; group != nil {
		properties[name] = map[string]any{"ConsumerGroupId": group}
	}
}

// brokerStatements are what a function needs to read from a broker.
func (e *event) brokerStatements() []any {
	network := []any{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"}
	out := []any{allow([]any{"mq:DescribeBroker"}, e.p["Broker"]), allow(network, "*")}
	for _, access := range list(e.p["SourceAccessConfigurations"]) {
		if m := mapping(access); m["Type"] == "BASIC_AUTH" {
			out = append(out, allow([]any{"secretsmanager:GetSecretValue"}, m["URI"]))
		}
	}
	return out
}

// rule makes an EventBridge rule with the function as its target.
func (e *event) rule(properties map[string]any) {
	properties["Description"] = e.p["Description"]
	properties["Name"] = e.p["Name"]
	if e.p["RuleName"] != nil {
		properties["Name"] = e.p["RuleName"]
	}
	properties["State"] = e.state()
	goal := map[string]any{"Arn": e.arn, "Id": e.eid + "LambdaTarget"}
	if id := mapping(e.p["Target"])["Id"]; id != nil {
		goal["Id"] = id
	}
	for _, name := range []string{"Input", "InputPath", "InputTransformer", "RetryPolicy"} {
		if v, ok := e.p[name]; ok {
			goal[name] = v
		}
	}
	if arn := e.deadLetter(e.eid, getAtt(e.eid, "Arn")); arn != nil {
		goal["DeadLetterConfig"] = map[string]any{"Arn": arn}
	}
	properties["Targets"] = []any{goal}
	e.make(e.eid, "AWS::Events::Rule", properties)
	e.permission("", "events.amazonaws.com", map[string]any{"SourceArn": getAtt(e.eid, "Arn")})
}

func (e *event) state() any {
	switch enabled := e.p["Enabled"]; {
	case e.p["State"] != nil:
		return e.p["State"]
	case enabled == false || text(enabled) == "false":
		return "DISABLED"
	case enabled != nil:
		return "ENABLED"
	}
	return nil
}

// deadLetter is the queue for events that cannot be delivered; one is made
// when the template asks for it.
func (e *event) deadLetter(id string, source any) any {
	return e.source.deadLetter(e.p, id, source)
}

func (r *source) deadLetter(p map[string]any, id string, from any) any {
	config := mapping(p["DeadLetterConfig"])
	if config == nil {
		return nil
	}
	if arn := config["Arn"]; arn != nil {
		return arn
	}
	queue := id + "Queue"
	if given := text(config["QueueLogicalId"]); given != "" {
		queue = given
	}
	r.make(queue, "AWS::SQS::Queue", map[string]any{})
	r.make(id+"QueuePolicy", "AWS::SQS::QueuePolicy", map[string]any{"Queues": []any{ref(queue)}, "PolicyDocument": document([]any{map[string]any{
		"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": getAtt(queue, "Arn"), "Principal": map[string]any{"Service": "events.amazonaws.com"},
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": from}},
	}})})
	return getAtt(queue, "Arn")
}

// scheduleV2 makes an EventBridge schedule with a role of its own.
func (e *event) scheduleV2(id string, arn any, action string) {
	e.source.schedule(e.p, id, arn, action)
}

func (r *source) schedule(p map[string]any, id string, arn any, action string) {
	properties := pick(p, "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State", "Description", "GroupName", "KmsKeyArn", "FlexibleTimeWindow")
	if p["OmitName"] != true {
		properties["Name"] = id
		if name := p["Name"]; name != nil {
			properties["Name"] = name
		}
	}
	if properties["FlexibleTimeWindow"] == nil {
		properties["FlexibleTimeWindow"] = map[string]any{"Mode": "OFF"}
	}
	goal := pick(p, "Input", "RetryPolicy", "RoleArn")
	goal["Arn"] = arn
	if letter := r.deadLetter(p, id, getAtt(id, "Arn")); letter != nil {
		goal["DeadLetterConfig"] = map[string]any{"Arn": letter}
	}
	if goal["RoleArn"] == nil {
		goal["RoleArn"] = getAtt(id+"Role", "Arn")
		r.make(id+"Role", "AWS::IAM::Role", map[string]any{
			"AssumeRolePolicyDocument": trust("scheduler.amazonaws.com"), "PermissionsBoundary": p["PermissionsBoundary"],
			"Policies": []any{map[string]any{"PolicyName": id + schedulePolicy(action), "PolicyDocument": document([]any{allow([]any{action}, arn)})}},
		})
	}
	properties["Target"] = goal
	r.make(id, "AWS::Scheduler::Schedule", properties)
}

func schedulePolicy(action string) string {
	if strings.HasPrefix(action, "states:") {
		return "StartExecutionPolicy"
	}
	return "LambdaPolicy"
}

func (e *event) logsEvent() {
	e.make(e.eid, "AWS::Logs::SubscriptionFilter", map[string]any{"DestinationArn": e.arn, "FilterPattern": e.p["FilterPattern"], "LogGroupName": e.p["LogGroupName"]})["DependsOn"] = []any{e.eid + "Permission"}
	e.permission("", "logs.amazonaws.com", map[string]any{"SourceArn": subWith(
		"arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*", map[string]any{"__LogGroupName__": e.p["LogGroupName"]})})
}

func (e *event) iotRule() {
	payload := compact(map[string]any{
		"Sql": e.p["Sql"], "AwsIotSqlVersion": e.p["AwsIotSqlVersion"], "RuleDisabled": false,
		"Actions": []any{map[string]any{"Lambda": map[string]any{"FunctionArn": e.arn}}},
	})
	e.make(e.eid, "AWS::IoT::TopicRule", map[string]any{"TopicRulePayload": payload})
	e.permission("", "iot.amazonaws.com", map[string]any{"SourceAccount": ref("AWS::AccountId"), "SourceArn": subWith(
		"arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}", map[string]any{"RuleName": ref(e.eid)})})
}

// userPool adds the function to the triggers of a user pool of the template.
func (e *event) userPool() {
	pool, ok := target(e.p["UserPool"])
	if !ok {
		e.note(e.id, "the user pool of the event "+strconv.Quote(e.name)+" is no resource of the template", "the trigger of the user pool")
		return
	}
	e.permissionAs(e.id+"CognitoPermission", "cognito-idp.amazonaws.com", map[string]any{"SourceArn": getAtt(pool, "Arn")})
	e.later(func() {
		body := mapping(e.out[pool])
		if body == nil {
			e.note(e.id, "the user pool "+strconv.Quote(pool)+" is no resource of the template", "the trigger of the user pool")
			return
		}
		config := within(within(body, "Properties"), "LambdaConfig")
		for _, trigger := range list(e.p["Trigger"]) {
			if name := text(trigger); name != "" && config[name] == nil {
				config[name] = e.arn
			}
		}
	})
}
