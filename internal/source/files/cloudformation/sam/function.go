package sam

import "strings"

// function is one AWS::Serverless::Function being expanded.
type function struct {
	*source
	// arn is what invokes it: the function, or its alias.
	arn any
	// alias is the logical id of the alias, "" without one.
	alias string
	role  *role
}

func (r *source) function() {
	f := &function{source: r, arn: getAtt(r.id, "Arn")}
	f.role = newRole(r, "lambda.amazonaws.com", "lambda:createdBy")
	properties := pick(r.props, "FunctionName", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "Environment", "Layers", "VpcConfig", "KmsKeyArn",
		"ReservedConcurrentExecutions", "FileSystemConfigs", "CodeSigningConfigArn", "ImageConfig", "PackageType", "Architectures", "EphemeralStorage", "SnapStart",
		"RuntimeManagementConfig", "LoggingConfig", "RecursiveLoop", "TenancyConfig", "DurableConfig", "CapacityProviderConfig")
	properties["Code"] = f.code()
	properties["Tags"] = tagList(r.props["Tags"], "lambda:createdBy")
	if mode := r.props["Tracing"]; mode != nil && mode != "Disabled" {
		properties["TracingConfig"] = map[string]any{"Mode": mode}
	}
	if letter := mapping(r.props["DeadLetterQueue"]); letter != nil {
		properties["DeadLetterConfig"] = map[string]any{"TargetArn": letter["TargetArn"]}
	}
	properties["Role"] = r.props["Role"]
	if properties["Role"] == nil {
		properties["Role"] = getAtt(r.id+"Role", "Arn")
	} else if m := mapping(r.props["Role"]); m["Fn::If"] != nil {
		f.conditionalRole(properties, m)
	}
	body := r.make(r.id, "AWS::Lambda::Function", properties)
	if location := f.localCode(); location != nil {
		body["codeUri"] = location
	}
	f.publish()
	f.invocation()
	f.functionURL()
	f.events()
	f.makeRole()
}

// conditionalRole adds the generated role for the branch of the role's
// condition that has none.
func (f *function) conditionalRole(properties, m map[string]any) {
	branches := list(m["Fn::If"])
	if len(branches) != 3 {
		return
	}
	for i := 1; i < 3; i++ {
		if mapping(branches[i])["Ref"] == "AWS::NoValue" {
			branches[i] = getAtt(f.id+"Role", "Arn")
			f.role.wanted = true
		}
	}
	properties["Role"] = map[string]any{"Fn::If": branches}
}

// code is where the function's code is, as far as CloudFormation can say it.
func (f *function) code() any {
	p := f.props
	switch uri := p["CodeUri"].(type) {
	case string:
		if object := objectLocation(uri); object != nil {
			return object
		}
	case map[string]any:
		if isIntrinsic(uri) {
			return nil
		}
		return compact(map[string]any{"S3Bucket": uri["Bucket"], "S3Key": uri["Key"], "S3ObjectVersion": uri["Version"]})
	}
	switch {
	case p["InlineCode"] != nil:
		return map[string]any{"ZipFile": p["InlineCode"]}
	case p["ImageUri"] != nil:
		return map[string]any{"ImageUri": p["ImageUri"]}
	}
	return nil
}

// localCode is the folder of code that is not packaged yet.
func (f *function) localCode() any {
	if uri := f.props["CodeUri"]; uri != nil && f.code() == nil {
		return uri
	}
	return nil
}

// objectLocation reads "s3://bucket/key?versionId=v".
func objectLocation(uri string) map[string]any {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, found := strings.Cut(rest, "/")
	if !ok || !found {
		return nil
	}
	key, version, versioned := strings.Cut(key, "?versionId=")
	out := map[string]any{"S3Bucket": bucket, "S3Key": key}
	if versioned {
		out["S3ObjectVersion"] = version
	}
	return out
}

// publish makes the version and the alias of AutoPublishAlias, and what a
// gradual deployment needs.
func (f *function) publish() {
	raw := f.props["AutoPublishAlias"]
	if raw == nil {
		return
	}
	name, ok := f.known(raw)
	if !ok {
		f.note(f.id, "the name of its alias is not known", "the version and the alias of function "+f.id)
		return
	}
	version := f.id + "Version" + f.versionHash()
	alias := f.id + "Alias" + letters(name)
	body := f.make(version, "AWS::Lambda::Version", map[string]any{"FunctionName": ref(f.id), "Description": f.props["VersionDescription"]})
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if body[policy] == nil {
			body[policy] = "Retain"
		}
	}
	aliased := f.make(alias, "AWS::Lambda::Alias", map[string]any{
		"Name": name, "FunctionName": ref(f.id), "FunctionVersion": getAtt(version, "Version"), "ProvisionedConcurrencyConfig": f.props["ProvisionedConcurrencyConfig"],
	})
	f.alias, f.arn = alias, ref(alias)
	f.renamed[f.id+".Version"], f.renamed[f.id+".Alias"] = version, alias
	if preference := mapping(f.props["DeploymentPreference"]); preference != nil && preference["Enabled"] != false && text(preference["Enabled"]) != "false" {
		f.deployment(preference, aliased)
	}
}

// versionHash follows the transform: the hash of where the code is, or the
// hash that the template gives.
func (f *function) versionHash() string {
	if given := text(f.props["AutoPublishCodeSha256"]); len(given) >= 10 {
		return given[:10]
	}
	code := f.code()
	if code == nil {
		code = f.props["CodeUri"]
	}
	if code == nil {
		return ""
	}
	return hash(code)
}

const (
	deploymentApplication = "ServerlessDeploymentApplication"
	deploymentRole        = "CodeDeployServiceRole"
)

// deployment makes the CodeDeploy resources of a gradual deployment. The
// application and the role are one per template.
func (f *function) deployment(preference, alias map[string]any) {
	shared := &source{transform: f.transform, id: f.id, body: map[string]any{}}
	shared.make(deploymentApplication, "AWS::CodeDeploy::Application", map[string]any{"ComputePlatform": "Lambda"})
	roleARN := preference["Role"]
	if roleARN == nil {
		shared.make(deploymentRole, "AWS::IAM::Role", map[string]any{
			"AssumeRolePolicyDocument": trust("codedeploy.amazonaws.com"),
			"ManagedPolicyArns":        []any{sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda")},
		})
		roleARN = getAtt(deploymentRole, "Arn")
	}
	kind := preference["Type"]
	configuration := kind
	if name, ok := kind.(string); ok && !strings.HasPrefix(name, "CodeDeployDefault.") && standardDeployment(name) {
		configuration = sub("CodeDeployDefault.Lambda" + name)
	}
	properties := map[string]any{
		"ApplicationName": ref(deploymentApplication), "DeploymentConfigName": configuration, "ServiceRoleArn": roleARN,
		"DeploymentStyle":           map[string]any{"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
		"AutoRollbackConfiguration": map[string]any{"Enabled": true, "Events": []any{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}},
		"TriggerConfigurations":     preference["TriggerConfigurations"],
	}
	if alarms, ok := preference["Alarms"].([]any); ok {
		var named []any
		for _, alarm := range alarms {
			named = append(named, map[string]any{"Name": alarm})
		}
		properties["AlarmConfiguration"] = map[string]any{"Enabled": true, "Alarms": named}
	}
	group := f.id + "DeploymentGroup"
	f.make(group, "AWS::CodeDeploy::DeploymentGroup", properties)
	update := map[string]any{"ApplicationName": ref(deploymentApplication), "DeploymentGroupName": ref(group)}
	hooks := mapping(preference["Hooks"])
	if hooks["PreTraffic"] != nil {
		update["BeforeAllowTrafficHook"] = hooks["PreTraffic"]
	}
	if hooks["PostTraffic"] != nil {
		update["AfterAllowTrafficHook"] = hooks["PostTraffic"]
	}
	alias["UpdatePolicy"] = map[string]any{"CodeDeployLambdaAliasUpdate": update}
}

func standardDeployment(name string) bool {
	return name == "AllAtOnce" || strings.HasPrefix(name, "Canary") || strings.HasPrefix(name, "Linear")
}

// invocation makes the settings of asynchronous calls, with the queues and
// topics that their destinations ask for.
func (f *function) invocation() {
	config := mapping(f.props["EventInvokeConfig"])
	if config == nil {
		return
	}
	id := f.id + "EventInvokeConfig"
	properties := map[string]any{
		"FunctionName": ref(f.id), "Qualifier": "$LATEST",
		"MaximumEventAgeInSeconds": config["MaximumEventAgeInSeconds"], "MaximumRetryAttempts": config["MaximumRetryAttempts"],
	}
	if f.alias != "" {
		properties["Qualifier"] = text(mapping(mapping(f.out[f.alias])["Properties"])["Name"])
	}
	destinations := map[string]any{}
	for _, outcome := range []string{"OnSuccess", "OnFailure"} {
		if to := mapping(mapping(config["DestinationConfig"])[outcome]); to != nil {
			destinations[outcome] = map[string]any{"Destination": f.destination(id+outcome, to)}
		}
	}
	if len(destinations) > 0 {
		properties["DestinationConfig"] = destinations
	}
	f.make(id, "AWS::Lambda::EventInvokeConfig", properties)
}

// destination is where the record of a call goes. Without one the transform
// makes a queue or a topic.
func (f *function) destination(id string, to map[string]any) any {
	kind := text(to["Type"])
	address := to["Destination"]
	if address == nil {
		switch kind {
		case "SQS":
			f.make(id+"Queue", "AWS::SQS::Queue", map[string]any{})
			address = getAtt(id+"Queue", "Arn")
		case "SNS":
			f.make(id+"Topic", "AWS::SNS::Topic", map[string]any{})
			address = ref(id + "Topic")
		}
	}
	action := map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish", "Lambda": "lambda:InvokeFunction", "EventBridge": "events:PutEvents", "S3Bucket": "s3:PutObject"}[kind]
	if action != "" && address != nil {
		f.role.allow(id+"Policy", allow([]any{action}, address))
	}
	return address
}

// functionURL makes the function's own address.
func (f *function) functionURL() {
	config := mapping(f.props["FunctionUrlConfig"])
	if config == nil {
		return
	}
	properties := pick(config, "AuthType", "Cors", "InvokeMode")
	properties["TargetFunctionArn"] = ref(f.id)
	if f.alias != "" {
		properties["TargetFunctionArn"] = ref(f.alias)
	}
	f.make(f.id+"Url", "AWS::Lambda::Url", properties)
	if config["AuthType"] != "NONE" {
		return
	}
	name := properties["TargetFunctionArn"]
	f.make(f.id+"UrlPublicPermissions", "AWS::Lambda::Permission", map[string]any{
		"Action": "lambda:InvokeFunctionUrl", "FunctionName": name, "Principal": "*", "FunctionUrlAuthType": "NONE",
	})
	f.make(f.id+"URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", map[string]any{
		"Action": "lambda:InvokeFunction", "FunctionName": name, "Principal": "*", "InvokedViaFunctionUrl": true,
	})
}
