package kinds

import "strings"

// apigatewayRules are those of REST APIs (version 1). ARNs of API Gateway name
// no account: arn:aws:apigateway:<region>::/restapis/<id>.
func apigatewayRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::ApiGateway::RestApi", Move: map[string]string{"Id": "RestApiId", "ApiKeySource": "ApiKeySourceType"}, Drop: []string{"Warnings", "Resources"},
			Shape: apigatewayAPI, ID: idAt("RestApiId"), Name: nameAt("Name"), Aliases: []string{"RestApiId", "ExecuteApi"}, Children: apigatewayResources,
		},
		{
			Kind: "AWS::ApiGateway::Resource", Move: map[string]string{"Id": "ResourceId"}, Drop: []string{"ResourceMethods"}, ID: idOf("RestApiId", "ResourceId"),
			Name: nameAt("Path", "PathPart"),
		},
		{
			Kind: "AWS::ApiGateway::Method", Move: map[string]string{"MethodIntegration": "Integration"}, Shape: apigatewayMethod,
			ID: idOf("RestApiId", "ResourceId", "HttpMethod"), Drop: []string{"Path"},
			Name: func(r *Reading) string { return strings.TrimSpace(r.said("HttpMethod") + " " + textAt(r.Item, "Path")) },
		},
		{
			Kind: "AWS::ApiGateway::Stage", Move: map[string]string{"AccessLogSettings": "AccessLogSetting", "CanarySettings": "CanarySetting"}, Drop: []string{"LastUpdatedDate", "CacheClusterStatus"},
			Shape: apigatewayStage, ID: idOf("RestApiId", "StageName"), Name: nameAt("StageName"),
		},
		{Kind: "AWS::ApiGateway::Deployment", Move: map[string]string{"Id": "DeploymentId"}, Drop: []string{"ApiSummary"}, ID: idOf("RestApiId", "DeploymentId"), Name: nameAt("DeploymentId")},
		{Kind: "AWS::ApiGateway::Authorizer", Move: map[string]string{"Id": "AuthorizerId"}, ID: idOf("RestApiId", "AuthorizerId"), Name: nameAt("Name")},
		{
			Kind: "AWS::ApiGateway::DomainName", Drop: []string{"DomainNameStatusMessage", "MutualTlsAuthentication.TruststoreWarnings"}, ID: idOf("DomainName"), Name: nameAt("DomainName"),
			Aliases: []string{"DomainName", "RegionalDomainName", "DistributionDomainName"},
		},
		{
			Kind: "AWS::ApiGateway::BasePathMapping", ID: idOf("DomainName", "BasePath"),
			Name: func(r *Reading) string { return r.said("DomainName") + "/" + r.said("BasePath") },
		},
		{Kind: "AWS::ApiGateway::VpcLink", Move: map[string]string{"Id": "VpcLinkId"}, Drop: []string{"StatusMessage"}, ID: idOf("VpcLinkId"), Name: nameAt("Name"), Aliases: []string{"VpcLinkId"}},
		{Kind: "AWS::ApiGateway::UsagePlan", Move: map[string]string{"Name": "UsagePlanName"}, ID: idOf("Id"), Name: nameAt("UsagePlanName")},
		{
			// The value of a key is its secret.
			Kind: "AWS::ApiGateway::ApiKey", Move: map[string]string{"Id": "APIKeyId"}, Drop: []string{"Value", "LastUpdatedDate"}, Shape: apigatewayKey, ID: idOf("APIKeyId"), Name: nameAt("Name"),
		},
		{Kind: "AWS::ApiGateway::RequestValidator", Move: map[string]string{"Id": "RequestValidatorId"}, ID: idOf("RestApiId", "RequestValidatorId"), Name: nameAt("Name")},
		{Kind: "AWS::ApiGateway::Model", ID: idOf("RestApiId", "Name"), Name: nameAt("Name")},
	}
}

func apigatewayAPI(r *Reading) {
	// The policy's quotes are escaped as inside a JSON text.
	if policy, ok := r.Properties["Policy"].(string); ok {
		r.Properties["Policy"] = strings.ReplaceAll(policy, `\"`, `"`)
		parsed("Policy")(r)
	}
	for _, resource := range objectsAt(r.Item, "Resources") {
		if textAt(resource, "Path") == "/" {
			r.Properties["RootResourceId"] = textAt(resource, "Id")
		}
	}
	if id := r.said("RestApiId"); id != "" {
		r.Attributes["ExecuteApi"] = id + ".execute-api." + string(r.Place.Region) + "." + dnsSuffix(r.Place)
	}
}

// dnsSuffix is the domain of AWS's endpoints in a partition.
func dnsSuffix(at Place) string {
	if at.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// apigatewayResources makes resources of the paths and their methods. The root
// path comes with the API and is no resource in CloudFormation.
func apigatewayResources(r *Reading) []Child {
	var children []Child
	for _, resource := range objectsAt(r.Item, "Resources") {
		id := textAt(resource, "Id")
		if textAt(resource, "Path") != "/" {
			item := picked(resource, "ResourceId=Id", "ParentId", "PathPart", "Path")
			item["RestApiId"] = r.said("RestApiId")
			children = append(children, Child{"AWS::ApiGateway::Resource", item})
		}
		methods := objectAt(resource, "ResourceMethods")
		for _, verb := range sortedKeys(methods) {
			method, _ := methods[verb].(map[string]any)
			item := picked(method, sortedKeys(method)...)
			item["RestApiId"], item["ResourceId"], item["HttpMethod"], item["Path"] = r.said("RestApiId"), id, verb, textAt(resource, "Path")
			children = append(children, Child{"AWS::ApiGateway::Method", item})
		}
	}
	return children
}

func apigatewayMethod(r *Reading) {
	statusList(r.Properties, "MethodResponses")
	if integration := objectAt(r.Properties, "Integration"); integration != nil {
		renameFolded(integration, "HttpMethod", "IntegrationHttpMethod")
		statusList(integration, "IntegrationResponses")
	}
}

// statusList: answers by status code are a map in the API, a list in
// CloudFormation.
func statusList(object map[string]any, name string) {
	key, ok := (leg{name: name, folded: strings.ToLower(name)}).key(object)
	if !ok {
		return
	}
	byCode, ok := object[key].(map[string]any)
	if !ok {
		return
	}
	var list []any
	for _, code := range sortedKeys(byCode) {
		one, _ := byCode[code].(map[string]any)
		member := picked(one, sortedKeys(one)...)
		member["StatusCode"] = code
		list = append(list, member)
	}
	object[key] = list
}

// renameFolded is renameIn for a name of any case.
func renameFolded(object map[string]any, from, to string) {
	if key, ok := (leg{name: from, folded: strings.ToLower(from)}).key(object); ok {
		renameIn(object, key, to)
	}
}

// apigatewayStage: the settings of methods are under "<path>/<verb>", where the
// slashes of the path are written ~1 (API reference, updateStage).
func apigatewayStage(r *Reading) {
	settings, ok := r.Properties["MethodSettings"].(map[string]any)
	if !ok {
		return
	}
	var list []any
	for _, key := range sortedKeys(settings) {
		one, _ := settings[key].(map[string]any)
		member := picked(one, sortedKeys(one)...)
		path := key
		if at := strings.LastIndex(key, "/"); at >= 0 {
			path, member["HttpMethod"] = key[:at], key[at+1:]
		}
		path = strings.ReplaceAll(path, "~1", "/")
		if path != "*" && !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		if path == "*" {
			path = "/*"
		}
		member["ResourcePath"] = path
		list = append(list, member)
	}
	r.Properties["MethodSettings"] = list
}

// apigatewayKey: the stages of a key are "<api>/<stage>" in the answer.
func apigatewayKey(r *Reading) {
	keys, _ := r.Properties["StageKeys"].([]any)
	for i, key := range keys {
		if text, ok := key.(string); ok {
			api, stage, _ := strings.Cut(text, "/")
			keys[i] = map[string]any{"RestApiId": api, "StageName": stage}
		}
	}
}
