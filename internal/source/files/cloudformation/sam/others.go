package sam

import "strings"

func (r *source) simpleTable() {
	key := mapping(r.props["PrimaryKey"])
	name, kind := key["Name"], map[string]string{"": "S", "String": "S", "Number": "N", "Binary": "B"}[text(key["Type"])]
	if name == nil {
		name = "id"
	}
	if kind == "" {
		kind = "S"
	}
	properties := pick(r.props, "TableName", "SSESpecification", "PointInTimeRecoverySpecification", "ProvisionedThroughput")
	properties["AttributeDefinitions"] = []any{map[string]any{"AttributeName": name, "AttributeType": kind}}
	properties["KeySchema"] = []any{map[string]any{"AttributeName": name, "KeyType": "HASH"}}
	if properties["ProvisionedThroughput"] == nil {
		properties["BillingMode"] = "PAY_PER_REQUEST"
	}
	if r.props["Tags"] != nil {
		properties["Tags"] = tagList(r.props["Tags"], "")
	}
	r.make(r.id, "AWS::DynamoDB::Table", properties)
}

// layerVersion makes a version of a layer. Its id ends in the hash of the
// resource, because a version cannot be changed; the layer's own name stands
// for it in references.
func (r *source) layerVersion() {
	p := r.props
	properties := pick(p, "LayerName", "Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")
	if properties["LayerName"] == nil {
		properties["LayerName"] = r.id
	}
	location := p["ContentUri"]
	if object := objectLocation(text(location)); object != nil {
		properties["Content"] = object
	} else if m := mapping(location); m != nil && !isIntrinsic(m) {
		properties["Content"] = compact(map[string]any{"S3Bucket": m["Bucket"], "S3Key": m["Key"], "S3ObjectVersion": m["Version"]})
	}
	content := map[string]any{"Type": "AWS::Serverless::LayerVersion", "Properties": p}
	id := r.id + hash(map[string]any{r.id: content})
	body := r.make(id, "AWS::Lambda::LayerVersion", properties)
	switch policy := text(p["RetentionPolicy"]); {
	case strings.EqualFold(policy, "Delete"):
		body["DeletionPolicy"] = "Delete"
	case body["DeletionPolicy"] == nil:
		body["DeletionPolicy"] = "Retain"
	}
	if properties["Content"] == nil && location != nil {
		body["codeUri"] = location
	}
	if metadata, ok := r.body["Metadata"]; ok {
		body["Metadata"] = metadata
	}
	r.renamed[r.id] = id
}

func (r *source) stateMachine() {
	p := r.props
	properties := map[string]any{
		"StateMachineName": p["Name"], "StateMachineType": p["Type"], "LoggingConfiguration": p["Logging"], "TracingConfiguration": p["Tracing"],
		"DefinitionSubstitutions": p["DefinitionSubstitutions"], "Definition": p["Definition"], "RoleArn": p["Role"], "EncryptionConfiguration": p["EncryptionConfiguration"],
		"Tags": tagList(p["Tags"], "stateMachine:createdBy"),
	}
	if s := objectLocation(text(p["DefinitionUri"])); s != nil {
		properties["DefinitionS3Location"] = compact(map[string]any{"Bucket": s["S3Bucket"], "Key": s["S3Key"], "Version": s["S3ObjectVersion"]})
	} else if m := mapping(p["DefinitionUri"]); m != nil && !isIntrinsic(m) {
		properties["DefinitionS3Location"] = m
	}
	if p["Role"] == nil {
		properties["RoleArn"] = getAtt(r.id+"Role", "Arn")
		own := newRole(r, "states.amazonaws.com", "stateMachine:createdBy")
		if yes(mapping(p["Tracing"])["Enabled"]) {
			own.attach(sub("arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"))
		}
		own.build()
	}
	body := r.make(r.id, "AWS::StepFunctions::StateMachine", properties)
	if p["DefinitionUri"] != nil && properties["DefinitionS3Location"] == nil {
		body["codeUri"] = p["DefinitionUri"]
	}
	events := mapping(p["Events"])
	for _, name := range keys(events) {
		r.stateMachineEvent(name, mapping(events[name]))
	}
	if alias := text(p["AutoPublishAlias"]); alias != "" {
		r.stateMachineAlias(alias)
	}
}

func (r *source) stateMachineAlias(name string) {
	version := r.id + "Version"
	r.make(version, "AWS::StepFunctions::StateMachineVersion", map[string]any{"StateMachineArn": ref(r.id)})
	r.make(r.id+"Alias"+letters(name), "AWS::StepFunctions::StateMachineAlias", map[string]any{
		"Name": name, "DeploymentPreference": map[string]any{"StateMachineVersionArn": ref(version), "Type": "ALL_AT_ONCE"},
	})
	r.renamed[r.id+".Version"], r.renamed[r.id+".Alias"] = version, r.id+"Alias"+letters(name)
}

// stateMachineEvent makes what starts executions: a rule or a schedule with a
// role, or a method of an API.
func (r *source) stateMachineEvent(name string, body map[string]any) {
	id, p, kind := r.id+name, mapping(body["Properties"]), text(body["Type"])
	if p == nil {
		p = map[string]any{}
	}
	starter := func(service string) any {
		if role := p["RoleArn"]; role != nil {
			return role
		}
		r.make(id+"Role", "AWS::IAM::Role", map[string]any{
			"AssumeRolePolicyDocument": trust(service), "PermissionsBoundary": p["PermissionsBoundary"],
			"Policies": []any{map[string]any{"PolicyName": id + "StartExecutionPolicy", "PolicyDocument": document([]any{allow([]any{"states:StartExecution"}, ref(r.id))})}},
		})
		return getAtt(id+"Role", "Arn")
	}
	switch kind {
	case "Schedule", "CloudWatchEvent", "EventBridgeRule":
		f := &function{source: r, arn: ref(r.id)}
		e := &event{function: f, eid: id, kind: kind, p: p, name: name}
		goal := pick(p, "Input", "InputPath", "InputTransformer", "RetryPolicy")
		goal["Arn"], goal["Id"], goal["RoleArn"] = ref(r.id), id+"StepFunctionsTarget", starter("events.amazonaws.com")
		if given := mapping(p["Target"])["Id"]; given != nil {
			goal["Id"] = given
		}
		if arn := r.deadLetter(p, id, getAtt(id, "Arn")); arn != nil {
			goal["DeadLetterConfig"] = map[string]any{"Arn": arn}
		}
		rule := map[string]any{"ScheduleExpression": p["Schedule"], "EventPattern": p["Pattern"], "EventBusName": p["EventBusName"], "Description": p["Description"], "Name": p["Name"], "State": e.state(), "Targets": []any{goal}}
		if p["RuleName"] != nil {
			rule["Name"] = p["RuleName"]
		}
		r.make(id, "AWS::Events::Rule", rule)
	case "ScheduleV2":
		r.schedule(p, id, ref(r.id), "states:StartExecution")
	case "Api":
		api := implicitREST
		if given := p["RestApiId"]; given != nil {
			var ok bool
			if api, ok = target(given); !ok {
				api = text(given)
			}
		}
		r.addPath(api, text(p["Path"]), method(p["Method"]), map[string]any{"responses": map[string]any{}, "x-amazon-apigateway-integration": map[string]any{
			"type": "aws", "httpMethod": "POST", "credentials": starter("apigateway.amazonaws.com"),
			"uri":              sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution"),
			"requestTemplates": map[string]any{"application/json": sub(`{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "${` + r.id + `}"}`)},
		}})
	default:
		r.note(r.id, "the event "+quoted(name)+" of the type "+quoted(kind)+" is not known", "what the event generates")
	}
}

// application is a nested stack: a template beside this one, or an
// application of the public repository, whose template is not at hand.
func (r *source) application() {
	p := r.props
	properties := pick(p, "Parameters", "NotificationARNs", "TimeoutInMinutes")
	properties["Tags"] = tagList(p["Tags"], "lambda:createdBy")
	location := mapping(p["Location"])
	if location == nil || isIntrinsic(location) {
		properties["TemplateURL"] = p["Location"]
	}
	body := r.make(r.id, "AWS::CloudFormation::Stack", properties)
	if location["ApplicationId"] != nil {
		body["application"] = location
	}
}
