package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const lambdaFunction cloud.Kind = "AWS::Lambda::Function"

func lambdaRules() []Rule {
	noise := []string{"RevisionId", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "StateReason", "StateReasonCode", "Code.Location", "Code.RepositoryType", "Policy", "Configuration"}
	return []Rule{
		{
			Kind: lambdaFunction,
			Move: map[string]string{
				"Layers[].Arn": "Layers[]", "FunctionArn": "Arn", "ImageConfigResponse.ImageConfig": "ImageConfig",
				"SnapStart": "SnapStartResponse", "Concurrency.ReservedConcurrentExecutions": "ReservedConcurrentExecutions",
			},
			Drop:      append([]string{"Version", "Code.ResolvedImageUri"}, noise...),
			Unordered: []string{"VpcConfig.SubnetIds", "VpcConfig.SecurityGroupIds", "Architectures"},
			ID:        lambdaID, Name: nameAt("FunctionName"), Aliases: []string{"FunctionName", "Arn"},
			Shape: lambdaSnapStart, Marks: when(inventory.Deleted, "State", "Deleting"), Children: lambdaPermissions,
		},
		{
			Kind: "AWS::Lambda::Version", Drop: append([]string{"Layers", "Environment"}, noise...), ID: idAt("FunctionArn"),
			Name: func(r *Reading) string { return r.said("FunctionName") + ":" + r.said("Version") },
		},
		{
			Kind: "AWS::Lambda::Alias", Drop: []string{"RevisionId"}, Shape: lambdaWeights, ID: idAt("AliasArn"), Name: func(r *Reading) string { return r.said("FunctionName") + ":" + r.said("Name") },
		},
		{
			Kind:  "AWS::Lambda::EventSourceMapping",
			Move:  map[string]string{"UUID": "Id", "FunctionArn": "FunctionName"},
			Drop:  []string{"LastModified", "LastProcessingResult", "StateTransitionReason"},
			Shape: shapes(lambdaMapping, endpointsOfKafka), ID: idAt("EventSourceMappingArn", "Id"), Name: nameAt("Id"), Aliases: []string{"Id"},
		},
		{
			Kind: "AWS::Lambda::Url", Move: map[string]string{"FunctionArn": "TargetFunctionArn"}, Drop: []string{"CreationTime", "LastModifiedTime"},
			Shape: lambdaQualifier, Aliases: []string{"FunctionUrl"},
			ID: func(r *Reading) string {
				return ownerARN(lambdaFunction, r, "TargetFunctionArn", "FunctionArn") + "|url"
			}, Name: nameAt("FunctionUrl"),
		},
		{
			Kind: "AWS::Lambda::Permission", Drop: []string{"FunctionArn"}, ID: func(r *Reading) string { return lambdaOwner(r) + "|permission|" + r.said("Id", "StatementId") },
			Name: nameAt("Id", "StatementId"),
		},
		{
			Kind: "AWS::Lambda::EventInvokeConfig", Drop: []string{"LastModified"}, Shape: lambdaInvoke,
			ID: func(r *Reading) string { return lambdaOwner(r) + "|event-invoke-config|" + r.said("Qualifier") },
		},
		{Kind: "AWS::Lambda::LayerVersion", ID: idAt("LayerVersionArn"), Name: func(r *Reading) string { return r.said("LayerName") }},
	}
}

// lambdaID is the function's ARN without the version that some answers put at
// its end.
func lambdaID(r *Reading) string {
	arn := r.said("Arn", "FunctionArn")
	if parts := strings.Split(arn, ":"); len(parts) > 7 {
		arn = strings.Join(parts[:7], ":")
	}
	if arn != "" {
		return arn
	}
	return r.said("FunctionName")
}

// lambdaOwner is the ARN of the function that a permission or a setting is of.
func lambdaOwner(r *Reading) string {
	arn := ownerARN(lambdaFunction, r, "FunctionArn", "FunctionName")
	if parts := strings.Split(arn, ":"); len(parts) > 7 {
		return strings.Join(parts[:7], ":")
	}
	return arn
}

// lambdaSnapStart: CloudFormation takes what is wanted, and tells what is.
func lambdaSnapStart(r *Reading) {
	switch on := r.said("SnapStart.ApplyOn", "SnapStartResponse.ApplyOn"); on {
	case "":
	case "None":
		delete(r.Properties, "SnapStart")
		delete(r.Properties, "SnapStartResponse")
	default:
		r.Properties["SnapStart"] = map[string]any{"ApplyOn": on}
	}
}

func lambdaWeights(r *Reading) {
	weights := objectAt(r.Item, "RoutingConfig.AdditionalVersionWeights")
	if len(weights) == 0 {
		return
	}
	var list []any
	for _, version := range sortedKeys(weights) {
		list = append(list, map[string]any{"FunctionVersion": version, "FunctionWeight": weights[version]})
	}
	r.Properties["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": list}
}

// lambdaMapping: the API has a state where CloudFormation has a switch.
func lambdaMapping(r *Reading) {
	state := r.said("State")
	if _, known := r.Properties["Enabled"]; known || state == "" {
		return
	}
	r.Properties["Enabled"] = !strings.HasPrefix(state, "Disab")
}

// endpointsOfKafka: the API has a map from the kind of endpoint to addresses.
func endpointsOfKafka(r *Reading) {
	servers := within(r.Item, "SelfManagedEventSource.Endpoints.KAFKA_BOOTSTRAP_SERVERS")
	if servers != nil {
		r.Properties["SelfManagedEventSource"] = map[string]any{"Endpoints": map[string]any{"KafkaBootstrapServers": servers}}
	}
}

// lambdaQualifier takes the alias off the ARN of a function's address.
func lambdaQualifier(r *Reading) {
	arn := r.said("TargetFunctionArn")
	r.Properties["FunctionArn"] = arn
	if parts := strings.Split(arn, ":"); len(parts) > 7 {
		r.Properties["Qualifier"] = parts[7]
	}
}

func lambdaInvoke(r *Reading) {
	parts := strings.Split(r.said("FunctionArn"), ":")
	if len(parts) < 7 {
		return
	}
	r.Properties["FunctionName"], r.Properties["Qualifier"] = parts[6], "$LATEST"
	if len(parts) > 7 {
		r.Properties["Qualifier"] = parts[7]
	}
}

// lambdaPermissions makes each statement of the function's policy a resource,
// as CloudFormation does.
func lambdaPermissions(r *Reading) []Child {
	policy := objectAt(r.Item, "Policy")
	if policy == nil {
		policy = objectAt(r.Item, "Policy.Policy")
	}
	if policy == nil {
		policy = objectAt(r.Item, "Policy.policyText")
	}
	var children []Child
	for _, s := range inventory.Statements(policy) {
		item := map[string]any{"FunctionArn": string(r.ID), "FunctionName": r.said("FunctionName"), "Id": textAt(s, "Sid"), "Action": within(s, "Action")}
		fill(item, "Principal", lambdaPrincipal(s))
		condition := objectAt(s, "Condition")
		fill(item, "SourceArn", conditionValue(condition, "AWS:SourceArn"))
		fill(item, "SourceAccount", conditionValue(condition, "AWS:SourceAccount"))
		fill(item, "PrincipalOrgID", conditionValue(condition, "aws:PrincipalOrgID"))
		fill(item, "EventSourceToken", conditionValue(condition, "lambda:EventSourceToken"))
		fill(item, "FunctionUrlAuthType", conditionValue(condition, "lambda:FunctionUrlAuthType"))
		children = append(children, Child{"AWS::Lambda::Permission", item})
	}
	return children
}

// lambdaPrincipal is the service, account or role that may call: the policy
// has {"Service": x}, {"AWS": x} or "*".
func lambdaPrincipal(statement map[string]any) any {
	principal := within(statement, "Principal")
	if object, ok := principal.(map[string]any); ok {
		for _, name := range sortedKeys(object) {
			return object[name]
		}
	}
	return principal
}

// conditionValue is what a condition key must be, whatever the operator.
func conditionValue(condition map[string]any, key string) any {
	for _, operator := range sortedKeys(condition) {
		if object, ok := condition[operator].(map[string]any); ok {
			if v := member(object, key); v != nil {
				return v
			}
		}
	}
	return nil
}
