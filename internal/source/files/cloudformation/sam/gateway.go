package sam

// restAPI makes a REST API with its deployment and its stage.
func (r *source) restAPI() {
	p := r.props
	properties := pick(p, "Name", "Description", "BinaryMediaTypes", "MinimumCompressionSize", "ApiKeySourceType", "DisableExecuteApiEndpoint", "Mode", "FailOnWarnings", "SecurityPolicy", "EndpointAccessMode")
	location, body := p["DefinitionUri"], r.authorized(p["DefinitionBody"])
	properties["Body"] = body
	if s := objectLocation(text(location)); s != nil {
		properties["BodyS3Location"] = compact(map[string]any{"Bucket": s["S3Bucket"], "Key": s["S3Key"], "Version": s["S3ObjectVersion"]})
	} else if m := mapping(location); m != nil && !isIntrinsic(m) {
		properties["BodyS3Location"] = m
	}
	if tags := p["Tags"]; tags != nil {
		properties["Tags"] = tagList(tags, "")
	}
	r.endpoint(properties)
	made := r.make(r.id, "AWS::ApiGateway::RestApi", properties)
	if location != nil && properties["BodyS3Location"] == nil {
		made["codeUri"] = location
	}
	var content any = location
	if body != nil {
		content = body
	}
	deployment := r.id + "Deployment"
	if content != nil {
		deployment += hash(content)
	}
	r.make(deployment, "AWS::ApiGateway::Deployment", map[string]any{"RestApiId": ref(r.id), "Description": "RestApi deployment"})
	stage := r.stage(deployment)
	r.renamed[r.id+".Deployment"], r.renamed[r.id+".Stage"] = deployment, stage
	r.authorizers()
	r.usagePlan(stage)
	r.domain(false)
}

// endpoint sets the kind of endpoint that an API has.
func (r *source) endpoint(properties map[string]any) {
	switch configuration := r.props["EndpointConfiguration"].(type) {
	case string:
		properties["EndpointConfiguration"] = map[string]any{"Types": []any{configuration}}
	case map[string]any:
		if isIntrinsic(configuration) {
			properties["EndpointConfiguration"] = map[string]any{"Types": []any{configuration}}
			return
		}
		endpoint := map[string]any{"Types": []any{configuration["Type"]}}
		for from, to := range map[string]string{"VPCEndpointIds": "VpcEndpointIds", "IpAddressType": "IpAddressType"} {
			if v := configuration[from]; v != nil {
				endpoint[to] = v
			}
		}
		properties["EndpointConfiguration"] = endpoint
	}
}

func (r *source) stage(deployment string) string {
	name := r.props["StageName"]
	known := text(name)
	id := r.id + "Stage" + plainOrHash(known)
	if isPlain(known) {
		id = r.id + known + "Stage"
	}
	properties := pick(r.props, "CacheClusterEnabled", "CacheClusterSize", "Variables", "MethodSettings", "AccessLogSetting", "CanarySetting", "TracingEnabled")
	properties["StageName"], properties["RestApiId"], properties["DeploymentId"] = name, ref(r.id), ref(deployment)
	if tags := r.props["Tags"]; tags != nil && yes(r.props["PropagateTags"]) || r.props["Tags"] != nil {
		properties["Tags"] = tagList(r.props["Tags"], "")
	}
	r.make(id, "AWS::ApiGateway::Stage", properties)
	return id
}

// usagePlan makes the plan and the key that Auth asks for.
func (r *source) usagePlan(stage string) {
	plan := mapping(mapping(r.props["Auth"])["UsagePlan"])
	mode := text(plan["CreateUsagePlan"])
	if mode != "PER_API" && mode != "SHARED" {
		return
	}
	prefix := r.id
	if mode == "SHARED" {
		prefix = "Serverless"
	}
	properties := pick(plan, "Description", "Quota", "Throttle", "UsagePlanName")
	if plan["Tags"] != nil {
		properties["Tags"] = tagList(plan["Tags"], "")
	}
	stages := list(mapping(mapping(r.out[prefix+"UsagePlan"])["Properties"])["ApiStages"])
	properties["ApiStages"] = append(stages, map[string]any{"ApiId": ref(r.id), "Stage": ref(stage)})
	r.make(prefix+"UsagePlan", "AWS::ApiGateway::UsagePlan", properties)
	keyed := list(mapping(mapping(r.out[prefix+"ApiKey"])["Properties"])["StageKeys"])
	r.make(prefix+"ApiKey", "AWS::ApiGateway::ApiKey", map[string]any{
		"Enabled": true, "StageKeys": append(keyed, map[string]any{"RestApiId": ref(r.id), "StageName": ref(stage)}),
	})
	r.make(prefix+"UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", map[string]any{"KeyId": ref(prefix + "ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref(prefix + "UsagePlan")})
}

// authorizers lets the API call the functions that decide who may pass.
func (r *source) authorizers() {
	all := mapping(mapping(r.props["Auth"])["Authorizers"])
	for _, name := range keys(all) {
		a := mapping(all[name])
		arn := a["FunctionArn"]
		if arn == nil || yes(a["DisableFunctionDefaultPermissions"]) {
			continue
		}
		properties := map[string]any{
			"Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "apigateway.amazonaws.com",
			"SourceArn": subWith("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*", map[string]any{"__ApiId__": ref(r.id)}),
		}
		if r.apis[r.id] != nil && r.apis[r.id].http && !yes(a["EnableFunctionDefaultPermissions"]) {
			continue
		}
		r.make(r.id+letters(name)+"AuthorizerPermission", "AWS::Lambda::Permission", properties)
	}
}

// httpAPI makes an HTTP API and its stage.
func (r *source) httpAPI() {
	p := r.props
	properties := pick(p, "Description", "DisableExecuteApiEndpoint", "FailOnWarnings")
	body := r.authorized(p["DefinitionBody"])
	properties["Body"] = body
	if s := objectLocation(text(p["DefinitionUri"])); s != nil {
		properties["BodyS3Location"] = compact(map[string]any{"Bucket": s["S3Bucket"], "Key": s["S3Key"], "Version": s["S3ObjectVersion"]})
	} else if m := mapping(p["DefinitionUri"]); m != nil && !isIntrinsic(m) {
		properties["BodyS3Location"] = m
	}
	if name := p["Name"]; name != nil {
		if m := mapping(body); m != nil && !isIntrinsic(m) {
			within(m, "info")["title"] = name
		}
		properties["Name"] = name
	}
	if cors := mapping(p["CorsConfiguration"]); cors != nil && !isIntrinsic(cors) {
		properties["CorsConfiguration"] = cors
	}
	tags := tagList(p["Tags"], "httpapi:createdBy")
	properties["Tags"] = tags
	r.make(r.id, "AWS::ApiGatewayV2::Api", properties)
	name := p["StageName"]
	if name == nil {
		name = "$default"
	}
	id := r.id + "Stage" + plainOrHash(text(name))
	switch {
	case name == "$default":
		id = r.id + "ApiGatewayDefaultStage"
	case isPlain(text(name)):
		id = r.id + text(name) + "Stage"
	}
	stage := pick(p, "StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings")
	stage["ApiId"], stage["StageName"], stage["AutoDeploy"], stage["Tags"] = ref(r.id), name, true, tags
	r.make(id, "AWS::ApiGatewayV2::Stage", stage)
	r.renamed[r.id+".Stage"] = id
	r.authorizers()
	r.domain(true)
}

// authorized writes the authorizers of Auth into a definition, so that what
// they refer to (user pools, functions) stands there.
func (r *source) authorized(body any) any {
	m := mapping(body)
	all := mapping(mapping(r.props["Auth"])["Authorizers"])
	if m == nil || isIntrinsic(m) || len(all) == 0 {
		return body
	}
	schemes := within(m, "securityDefinitions")
	if m["openapi"] != nil {
		delete(m, "securityDefinitions")
		schemes = within(within(m, "components"), "securitySchemes")
	}
	for _, name := range keys(all) {
		if a := mapping(all[name]); a != nil && schemes[name] == nil {
			schemes[name] = map[string]any{"x-amazon-apigateway-authorizer": a}
		}
	}
	return body
}

// domain makes the custom domain of an API, its mappings and its records.
func (r *source) domain(http bool) {
	d := mapping(r.props["Domain"])
	if d == nil || d["DomainName"] == nil {
		return
	}
	prefix, kind, mapped := "ApiGatewayDomainName", "AWS::ApiGateway::DomainName", "BasePathMapping"
	if http {
		prefix, kind, mapped = "ApiGatewayDomainNameV2", "AWS::ApiGatewayV2::DomainName", "ApiMapping"
	}
	id := prefix + hash(r.resolved(d["DomainName"]))
	endpoint := d["EndpointConfiguration"]
	if endpoint == nil {
		endpoint = "REGIONAL"
	}
	properties := map[string]any{"DomainName": d["DomainName"]}
	certificate := "RegionalCertificateArn"
	switch {
	case http:
		properties["DomainNameConfigurations"] = []any{compact(map[string]any{"CertificateArn": d["CertificateArn"], "EndpointType": endpoint, "SecurityPolicy": d["SecurityPolicy"]})}
	case endpoint == "EDGE":
		certificate = "CertificateArn"
		fallthrough
	default:
		properties[certificate] = d["CertificateArn"]
		properties["EndpointConfiguration"] = map[string]any{"Types": []any{endpoint}}
		properties["SecurityPolicy"] = d["SecurityPolicy"]
	}
	properties["MutualTlsAuthentication"] = d["MutualTlsAuthentication"]
	r.make(id, kind, properties)
	paths := list(d["BasePath"])
	if len(paths) == 0 {
		r.mapPath(r.id+mapped, id, nil, http)
	}
	for _, path := range paths {
		name := letters(text(path))
		if text(path) == "/" && http {
			path = nil
		}
		r.mapPath(r.id+name+mapped, id, path, http)
	}
	r.records(d, id, text(endpoint), http)
}

func (r *source) mapPath(id, domain string, path any, http bool) {
	if http {
		r.make(id, "AWS::ApiGatewayV2::ApiMapping", map[string]any{"ApiId": ref(r.id), "DomainName": ref(domain), "Stage": ref(r.renamed[r.id+".Stage"]), "ApiMappingKey": path})
		return
	}
	r.make(id, "AWS::ApiGateway::BasePathMapping", map[string]any{"RestApiId": ref(r.id), "DomainName": ref(domain), "Stage": ref(r.renamed[r.id+".Stage"]), "BasePath": path})
}

// records makes the DNS records of a custom domain.
func (r *source) records(d map[string]any, domain, endpoint string, http bool) {
	zone := mapping(d["Route53"])
	if zone == nil {
		return
	}
	name, zoneID := "RegionalDomainName", any(getAtt(domain, "RegionalHostedZoneId"))
	if endpoint == "EDGE" && !http {
		name, zoneID = "DistributionDomainName", "Z2FDTNDATAQYW2" // CloudFront's own zone, as the transform writes it
	}
	alias := compact(map[string]any{"DNSName": getAtt(domain, name), "HostedZoneId": zoneID, "EvaluateTargetHealth": zone["EvaluateTargetHealth"]})
	if dns := zone["DistributionDomainName"]; dns != nil {
		alias["DNSName"] = dns
	}
	sets := []any{map[string]any{"Name": d["DomainName"], "Type": "A", "AliasTarget": alias}}
	if yes(zone["IpV6"]) {
		sets = append(sets, map[string]any{"Name": d["DomainName"], "Type": "AAAA", "AliasTarget": clone(alias)})
	}
	where := zone["HostedZoneId"]
	if where == nil {
		where = zone["HostedZoneName"]
	}
	id := "RecordSetGroup" + hash(r.resolved(where))
	if had := mapping(mapping(r.out[id])["Properties"]); had != nil {
		sets = append(list(had["RecordSets"]), sets...)
	}
	r.make(id, "AWS::Route53::RecordSetGroup", map[string]any{"HostedZoneId": zone["HostedZoneId"], "HostedZoneName": zone["HostedZoneName"], "RecordSets": sets})
}
