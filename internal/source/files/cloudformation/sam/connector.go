package sam

import (
	"strconv"
	"strings"
)

// connector expands AWS::Serverless::Connector: a policy for the role of what
// calls, or a permission on what is called.
func (r *source) connector() {
	from := mapping(r.props["Source"])
	r.connections(r.id, from, r.props)
}

// embeddedConnectors expands the connectors that stand in the resource that
// they start from.
func (r *source) embeddedConnectors() {
	all := mapping(r.body["Connectors"])
	for _, name := range keys(all) {
		c := mapping(all[name])
		from := map[string]any{"Id": r.id}
		for k, v := range mapping(c["SourceReference"]) {
			from[k] = v
		}
		r.connections(r.id+name, from, mapping(c["Properties"]))
	}
	if body := mapping(r.out[r.id]); body != nil {
		delete(body, "Connectors")
	}
}

// connections makes one connection per destination.
func (r *source) connections(id string, from, p map[string]any) {
	if destinations, many := p["Destination"].([]any); many {
		for i, to := range destinations {
			r.connect(id+"Destination"+strconv.Itoa(i), from, mapping(to), list(p["Permissions"]))
		}
		return
	}
	r.connect(id, from, mapping(p["Destination"]), list(p["Permissions"]))
}

// end is one side of a connection.
type end struct {
	id, kind  string
	arn, role any
}

// end reads one side: the id of a resource of the template, or what the
// template says of one elsewhere.
func (r *source) end(m map[string]any) (end, bool) {
	e := end{id: text(m["Id"]), kind: text(m["Type"]), arn: m["Arn"]}
	if role, ok := target(m["RoleName"]); ok {
		e.role = ref(role)
	} else if m["RoleName"] != nil {
		e.role = m["RoleName"]
	}
	if e.id == "" {
		return e, e.kind != ""
	}
	body := mapping(r.in[e.id])
	e.kind = text(body["Type"])
	if e.arn == nil {
		e.arn = getAtt(e.id, "Arn")
	}
	switch e.kind {
	case "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine":
		e.arn = ref(e.id)
	}
	if e.role == nil {
		e.role = r.roleOf(e.id, body)
	}
	return e, e.kind != ""
}

// roleOf finds the role that a resource of the template acts with.
func (r *source) roleOf(id string, body map[string]any) any {
	p := mapping(body["Properties"])
	for _, name := range []string{"Role", "RoleArn", "ServiceRoleArn"} {
		if role, ok := target(p[name]); ok {
			return ref(role)
		}
	}
	if kind := text(body["Type"]); kind == "AWS::Serverless::Function" || kind == "AWS::Serverless::StateMachine" {
		return ref(id + "Role")
	}
	return nil
}

// connect makes what one connection needs.
func (r *source) connect(id string, from, to map[string]any, permissions []any) {
	source, okSource := r.end(from)
	goal, okGoal := r.end(to)
	a, b := shortKind(source.kind), shortKind(goal.kind)
	if !okSource || !okGoal {
		r.unconnected(id, a, b)
		return
	}
	switch {
	case b == "Function" && service(a) != "" && source.role == nil:
		r.make(id+"WriteLambdaPermission", "AWS::Lambda::Permission", map[string]any{
			"Action": "lambda:InvokeFunction", "FunctionName": goal.arn, "Principal": service(a), "SourceArn": source.arn,
		})
	case b == "Queue" && service(a) != "" && source.role == nil:
		r.make(id+"QueuePolicy", "AWS::SQS::QueuePolicy", map[string]any{"Queues": []any{ref(goal.id)}, "PolicyDocument": delivery(service(a), "sqs:SendMessage", goal.arn, source.arn)})
	case b == "Topic" && service(a) != "" && source.role == nil:
		r.make(id+"TopicPolicy", "AWS::SNS::TopicPolicy", map[string]any{"Topics": []any{goal.arn}, "PolicyDocument": delivery(service(a), "sns:Publish", goal.arn, source.arn)})
	default:
		r.rolePolicy(id, source, goal, permissions)
	}
}

func (r *source) rolePolicy(id string, source, goal end, permissions []any) {
	var statements []any
	for _, permission := range permissions {
		if s := connection(shortKind(goal.kind), text(permission), goal.arn); s != nil {
			statements = append(statements, s)
		}
	}
	if source.role == nil || len(statements) == 0 {
		r.unconnected(id, shortKind(source.kind), shortKind(goal.kind))
		return
	}
	r.make(id+"Policy", "AWS::IAM::ManagedPolicy", map[string]any{"PolicyDocument": document(statements), "Roles": []any{source.role}})
}

// unconnected keeps a connector that is not expanded.
func (r *source) unconnected(id, from, to string) {
	if mapping(r.in[r.id])["Type"] == "AWS::Serverless::Connector" && r.out[r.id] == nil {
		r.out[r.id] = r.in[r.id]
	}
	r.note(r.id, "the connector "+strconv.Quote(id)+" from "+strconv.Quote(from)+" to "+strconv.Quote(to)+" is not expanded", "the permissions of the connector")
}

func shortKind(kind string) string { return kind[strings.LastIndexByte(kind, ':')+1:] }

// service is the principal of sources that call without a role of their own.
func service(kind string) string {
	return map[string]string{
		"Bucket": "s3.amazonaws.com", "Topic": "sns.amazonaws.com", "Rule": "events.amazonaws.com",
		"RestApi": "apigateway.amazonaws.com", "Api": "apigateway.amazonaws.com", "HttpApi": "apigateway.amazonaws.com",
	}[kind]
}

func delivery(service, action string, resource, from any) map[string]any {
	return document([]any{map[string]any{
		"Effect": "Allow", "Action": action, "Resource": resource, "Principal": map[string]any{"Service": service},
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": from}},
	}})
}

// connection is what a caller may do with a kind of resource ("connector
// policies" in the SAM developer guide).
func connection(kind, permission string, arn any) any {
	below := func(end string) any {
		return subWith("${DestinationArn}"+end, map[string]any{"DestinationArn": clone(arn)})
	}
	actions, resource := "", arn
	switch kind + " " + permission {
	case "Table Read", "SimpleTable Read":
		actions, resource = "dynamodb:GetItem dynamodb:Query dynamodb:Scan dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:PartiQLSelect", []any{arn, below("/index/*")}
	case "Table Write", "SimpleTable Write":
		actions, resource = "dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLDelete dynamodb:PartiQLInsert dynamodb:PartiQLUpdate", []any{arn, below("/index/*")}
	case "Bucket Read":
		actions, resource = "s3:GetObject s3:GetObjectAcl s3:GetObjectLegalHold s3:GetObjectRetention s3:GetObjectTorrent s3:GetObjectVersion s3:GetObjectVersionAcl s3:GetObjectVersionForReplication s3:GetObjectVersionTorrent s3:ListBucket s3:ListBucketMultipartUploads s3:ListBucketVersions s3:ListMultipartUploadParts", []any{arn, below("/*")}
	case "Bucket Write":
		actions, resource = "s3:AbortMultipartUpload s3:DeleteObject s3:DeleteObjectVersion s3:PutObject s3:PutObjectLegalHold s3:PutObjectRetention s3:RestoreObject", []any{arn, below("/*")}
	case "Queue Read":
		actions = "sqs:ReceiveMessage sqs:GetQueueAttributes"
	case "Queue Write":
		actions = "sqs:DeleteMessage sqs:SendMessage sqs:ChangeMessageVisibility sqs:PurgeQueue"
	case "Topic Write":
		actions = "sns:Publish"
	case "Function Write":
		actions = "lambda:InvokeAsync lambda:InvokeFunction"
	case "StateMachine Read":
		actions = "states:DescribeStateMachine states:ListExecutions"
	case "StateMachine Write":
		actions = "states:StartExecution states:StartSyncExecution"
	case "EventBus Write":
		actions = "events:PutEvents"
	default:
		return nil
	}
	var list []any
	for _, a := range strings.Fields(actions) {
		list = append(list, a)
	}
	return allow(list, resource)
}
