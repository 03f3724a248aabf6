package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/product"
)

func apiRules() []design.Rule {
	rule := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "apigateway/" + name, Kinds: kinds, Stage: stage, Source: "Microsoft Learn, Migrate Amazon API Gateway to Azure API Management", Apply: apply,
			Targets: []cloud.Kind{gatewayKind, apiKind, operationKind, policyKind, backendKind, namedKind, productKind}}
	}
	v2 := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		r := rule("", stage, apply, kinds...)
		r.Name = "apigatewayv2/" + name
		return r
	}
	return []design.Rule{
		rule("restapi", design.Edge, applyRestAPI, "AWS::ApiGateway::RestApi"),
		rule("stage", design.Names, applyAPIStage, "AWS::ApiGateway::Stage"),
		rule("authorizer", design.Names, applyAuthorizer, "AWS::ApiGateway::Authorizer"),
		rule("usageplan", design.Names, applyUsagePlan, "AWS::ApiGateway::UsagePlan"),
		rule("domain", design.Names, applyAPIDomain, "AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2", "AWS::ApiGatewayV2::DomainName"),
		v2("api", design.Edge, applyHTTPAPI, "AWS::ApiGatewayV2::Api"),
		v2("stage", design.Names, applyAPIStage, "AWS::ApiGatewayV2::Stage"),
		v2("authorizer", design.Names, applyAuthorizer, "AWS::ApiGatewayV2::Authorizer"),
	}
}

// childrenOf returns what belongs to an API, by the property that names it.
func childrenOf(c *design.Context, api *inventory.Resource, kind cloud.Kind) []*inventory.Resource {
	if out := c.Referring(api, kind, "RestApiId"); len(out) > 0 {
		return out
	}
	return c.Referring(api, kind, "ApiId")
}

func applyRestAPI(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	if c.Shared(r) {
		t.Action = design.Retain
		return t.why("API %s stays, because others call it", r.Name).done("*")
	}
	var p policy
	operations := t.restOperations(&p)
	keyed := t.restKeys()
	t.restAuthorizers(&p)
	stages := childrenOf(c, r, "AWS::ApiGateway::Stage")
	t.stageLimits(&p, stages)
	path := t.basePath(stages)
	t.putAPI(r.Name, path, keyed, operations, p)
	_, tier := gatewayTier(c)
	t.why("REST API %s with %s and %s becomes an API of API Management, whose tier follows from this: %s", r.Name, common.Count(len(operations), "method"), common.Count(len(stages), "stage"), tier)
	t.apiGaps(stages)
	t.other("Azure Functions without a gateway", "keys, limits and the transformations of the API would be lost")
	t.other("API Management, Consumption tier", "it has no cache of its own, no limits by key and no way into a network")
	t.todo("tell the callers of %s its new address https://%s.azure-api.net/%s, or move its domain name", r.Name, common.LastName(gateway(c)), path)
	t.EffortDays = 1 + float64(len(operations))/10
	return t.done("ApiKeySourceType", "BinaryMediaTypes", "Body", "BodyS3Location", "CloneFrom", "DisableExecuteApiEndpoint", "EndpointConfiguration", "FailOnWarnings", "MinimumCompressionSize", "Mode",
		"Parameters", "Policy", "RestApiId", "RootResourceId", "CreatedDate", "Version", "SecurityPolicy", "EndpointAccessMode")
}

// restOperations reads the methods that stand as resources of their own, and
// those of an OpenAPI document.
func (t *told) restOperations(p *policy) []operation {
	var out []operation
	for _, m := range childrenOf(t.c, t.r, "AWS::ApiGateway::Method") {
		for _, method := range methods(design.Text(m.Properties, "HttpMethod")) {
			o := operation{method: method, path: t.resourcePath(m)}
			out = append(out, t.integrate(o, m, object(design.At(m.Properties, "Integration")), p))
		}
		t.methodGaps(m)
	}
	body := object(t.at("Body"))
	paths := object(body["paths"])
	for _, path := range keys(paths) {
		verbs := object(paths[path])
		for _, verb := range keys(verbs) {
			if strings.EqualFold(verb, "parameters") || strings.EqualFold(verb, "summary") || strings.EqualFold(verb, "description") || strings.EqualFold(verb, "servers") {
				continue
			}
			integration := capitals(object(object(verbs[verb])["x-amazon-apigateway-integration"]))
			for _, method := range methods(verb) {
				out = append(out, t.integrate(operation{method: method, path: path}, t.r, integration, p))
			}
			t.documentSecurity(body, object(verbs[verb]), strings.ToUpper(verb), path, p)
		}
	}
	if said(t.at("BodyS3Location")) {
		t.todo("import the OpenAPI document of %s from %s, without its x-amazon-apigateway members", t.r.Name, shown(t.at("BodyS3Location")))
	}
	slices.SortStableFunc(out, func(a, b operation) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return out
}

// documentSecurity refuses operations of a document for which something checks
// the caller at the source: the document does not say enough to do the same
// here. A key is asked for by the API. A demand without scopes does not survive
// reading, so that an operation of a document with authorizers that demands
// nothing is taken to demand them all.
func (t *told) documentSecurity(body, operation map[string]any, method, path string, p *policy) {
	schemes := documentSchemes(body)
	demanded := map[string]bool{}
	for _, demand := range append(design.Maps(operation["security"]), design.Maps(body["security"])...) {
		for name := range demand {
			demanded[name] = true
		}
	}
	at := method + " " + path + " security="
	if auth := operation["x-amazon-apigateway-auth"]; auth != nil && !strings.EqualFold(design.Text(auth, "type"), "NONE") {
		p.close(method, path)
		t.gap("apigateway.iam", at+"x-amazon-apigateway-auth")
	}
	for _, name := range keys(schemes) {
		scheme := object(schemes[name])
		own := design.Text(scheme, "x-amazon-apigateway-authtype")
		switch {
		case len(demanded) > 0 && !demanded[name], own == "" && design.Text(scheme, "type") == "apiKey", method == "OPTIONS":
		case strings.EqualFold(own, "awsSigv4"):
			p.close(method, path)
			t.gap("apigateway.iam", at+name)
		default:
			p.close(method, path)
			t.gap("apigateway.lambda-authorizer", at+name)
		}
	}
}

// documentSchemes are the ways to sign in that a document describes.
func documentSchemes(body map[string]any) map[string]any {
	if schemes := object(object(body["components"])["securitySchemes"]); len(schemes) > 0 {
		return schemes
	}
	return object(body["securityDefinitions"])
}

// documentKeys reports whether a document asks for keys.
func documentKeys(body map[string]any) bool {
	schemes := documentSchemes(body)
	for _, name := range keys(schemes) {
		if scheme := object(schemes[name]); design.Text(scheme, "type") == "apiKey" && design.Text(scheme, "x-amazon-apigateway-authtype") == "" {
			return true
		}
	}
	return false
}

// capitals gives the members of an integration in a document the names that
// they have as properties.
func capitals(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if k != "" {
			out[strings.ToUpper(k[:1])+k[1:]] = v
		}
	}
	if method, ok := out["HttpMethod"]; ok {
		out["IntegrationHttpMethod"] = method
	}
	return out
}

// resourcePath joins the parts of a method's path.
func (t *told) resourcePath(method *inventory.Resource) string {
	var parts []string
	at, ok := t.c.Find(method, design.At(method.Properties, "ResourceId"), "AWS::ApiGateway::Resource")
	for range 30 {
		if !ok {
			break
		}
		if whole := design.Text(at.Properties, "Path"); whole != "" && len(parts) == 0 {
			return whole
		}
		parts = append([]string{orElse(design.Text(at.Properties, "PathPart"), at.Name)}, parts...)
		at, ok = t.c.Find(at, design.At(at.Properties, "ParentId"), "AWS::ApiGateway::Resource")
	}
	if whole := design.Text(method.Properties, "Path"); whole != "" && len(parts) == 0 {
		return whole
	}
	return "/" + strings.Join(parts, "/")
}

// integrate gives an operation what answers it.
func (t *told) integrate(o operation, from *inventory.Resource, integration map[string]any, p *policy) operation {
	kind := strings.ToUpper(orElse(design.Text(integration, "Type"), design.Text(integration, "IntegrationType")))
	uri := integration["Uri"]
	if uri == nil {
		uri = integration["IntegrationUri"]
	}
	if wait := design.Int(integration, "TimeoutInMillis", 0); wait > 0 {
		p.timeoutSeconds = max(p.timeoutSeconds, (wait+999)/1000)
	}
	t.integrationGaps(o, kind, integration)
	if said(integration["RequestTemplates"]) && kind != "MOCK" {
		t.gap("apigateway.mapping-template", o.method+" "+o.path+" RequestTemplates")
	}
	if said(integration["RequestParameters"]) && kind != "MOCK" {
		t.gap("apigateway.request-parameters", o.method+" "+o.path+" RequestParameters="+shown(integration["RequestParameters"]))
	}
	if function, ok := findFunction(t.c, from, uri); ok {
		if id, ok := functionBackend(t.c, function); ok {
			o.backend = id
			return o
		}
	}
	switch {
	case kind == "MOCK" && o.method == "OPTIONS":
		p.cors = preflight(integration)
		o.mock = true
	case kind == "MOCK":
		o.mock = true
		t.gap("apigateway.mock", o.method+" "+o.path)
	case strings.HasPrefix(kind, "HTTP"):
		o.backend = t.address(o, full(uri), design.Text(integration, "ConnectionType"))
	default:
		t.gap("apigateway.service-integration", o.method+" "+o.path+" "+orElse(kind, "no integration")+" "+shown(orValue(uri, "")))
		t.todo("let something answer %s %s: %s has no backend here", o.method, o.path, orElse(shown(orValue(uri, "")), "its integration"))
	}
	return o
}

// integrationGaps names what an integration does to a call on its way.
func (t *told) integrationGaps(o operation, kind string, integration map[string]any) {
	at := o.method + " " + o.path
	if method := strings.ToUpper(design.Text(integration, "IntegrationHttpMethod")); strings.HasPrefix(kind, "HTTP") && method != "" && method != "ANY" && method != o.method {
		t.gap("apigateway.method-change", at+" IntegrationHttpMethod="+method)
	}
	if text := design.Text(integration, "ContentHandling"); text != "" {
		t.gap("apigateway.binary", at+" ContentHandling="+text)
	}
	if strings.EqualFold(design.Text(integration, "ResponseTransferMode"), "STREAM") {
		t.gap("lambda.streaming", at+" ResponseTransferMode=STREAM")
	}
	if target := integration["IntegrationTarget"]; target != nil {
		t.todo("lead %s to what stands for %s", at, shown(target))
	}
	for _, response := range design.Maps(integration["IntegrationResponses"]) {
		if kind == "MOCK" && o.method == "OPTIONS" {
			continue // its answer is the CORS policy
		}
		for _, name := range []string{"ContentHandling", "ResponseParameters", "SelectionPattern"} {
			if said(response[name]) {
				t.gap("apigateway.response-mapping", at+" IntegrationResponses."+design.Text(response, "StatusCode")+"."+name+"="+shown(response[name]))
			}
		}
	}
}

// address is the backend of an HTTP integration, with the path in the
// address.
func (t *told) address(o operation, uri, connection string) cloud.ResourceID {
	if unknown(uri) || !strings.HasPrefix(uri, "http") || strings.EqualFold(connection, "VPC_LINK") {
		name := common.ParameterName(called(t.r), "backend", operationName(o.method, o.path))
		t.gap("apigateway.http-backend", o.method+" "+o.path+" "+shown(uri))
		return t.webBackend(t.r.Name+"-"+operationName(o.method, o.path), t.c.ParameterOf(t.r, design.Parameter{Name: name, Description: "The address at the target that answers " + o.method + " " + o.path + " of " + t.r.Name}))
	}
	base, _, _ := strings.Cut(uri, "{")
	base = strings.TrimSuffix(base, "/")
	base = strings.TrimSuffix(base, strings.TrimSuffix(strings.Split(o.path, "{")[0], "/"))
	return t.webBackend(hostOf(uri), base)
}

// preflight reads the CORS answer that a mocked OPTIONS method gives.
func preflight(integration map[string]any) *cors {
	c := &cors{origins: []string{"*"}, methods: []string{"*"}, headers: []string{"*"}}
	for _, response := range design.Maps(integration["IntegrationResponses"]) {
		for name, v := range object(response["ResponseParameters"]) {
			values := strings.Split(strings.Trim(full(v), "'"), ",")
			switch {
			case strings.HasSuffix(name, "Allow-Origin"):
				c.origins = values
			case strings.HasSuffix(name, "Allow-Methods"):
				c.methods = values
			case strings.HasSuffix(name, "Allow-Headers"):
				c.headers = values
			}
		}
	}
	return c
}

// restKeys reports whether the API asks for keys.
func (t *told) restKeys() bool {
	with, without := 0, 0
	for _, m := range childrenOf(t.c, t.r, "AWS::ApiGateway::Method") {
		switch {
		case design.True(m.Properties, "ApiKeyRequired"):
			with++
		case !strings.EqualFold(design.Text(m.Properties, "HttpMethod"), "OPTIONS"):
			without++
		}
	}
	if with > 0 && without > 0 {
		t.gap("apigateway.key-per-method", "ApiKeyRequired")
	}
	return with > 0 || documentKeys(object(t.at("Body")))
}

func (t *told) methodGaps(m *inventory.Resource) {
	at := design.Text(m.Properties, "HttpMethod") + " " + t.resourcePath(m)
	if strings.EqualFold(design.Text(m.Properties, "AuthorizationType"), "AWS_IAM") {
		t.gap("apigateway.iam", at+" AuthorizationType=AWS_IAM")
	}
	if said(design.At(m.Properties, "RequestModels")) || said(design.At(m.Properties, "RequestValidatorId")) {
		t.gap("apigateway.validation", at)
	}
	for _, response := range design.Maps(design.At(m.Properties, "Integration.IntegrationResponses")) {
		if said(response["ResponseTemplates"]) && !strings.EqualFold(design.Text(m.Properties, "Integration.Type"), "MOCK") {
			t.gap("apigateway.mapping-template", at+" ResponseTemplates")
		}
	}
	if said(design.At(m.Properties, "Integration.CacheKeyParameters")) {
		t.gap("apigateway.cache", at+" CacheKeyParameters")
	}
}

// restAuthorizers asks for tokens as the API's authorizers do, and refuses
// where it cannot.
func (t *told) restAuthorizers(p *policy) {
	p.shut = said(t.at("Policy")) && !slices.Contains(design.Texts(t.at("EndpointConfiguration.Types")), "PRIVATE")
	for _, m := range childrenOf(t.c, t.r, "AWS::ApiGateway::Method") {
		method, path := design.Text(m.Properties, "HttpMethod"), t.resourcePath(m)
		kind := strings.ToUpper(design.Text(m.Properties, "AuthorizationType"))
		a, ok := t.c.Find(m, design.At(m.Properties, "AuthorizerId"), "AWS::ApiGateway::Authorizer")
		switch {
		case !ok && (kind == "" || kind == "NONE"):
			p.pass(method, path)
		case ok && strings.EqualFold(design.Text(a.Properties, "Type"), "COGNITO_USER_POOLS"):
			if scopes := design.Texts(design.At(m.Properties, "AuthorizationScopes")); len(scopes) > 0 {
				t.gap("apigateway.scopes", method+" "+path+" AuthorizationScopes="+strings.Join(scopes, " "))
			}
			p.issuer = t.named(p, "issuer-"+a.Name, t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName("issuer", a.Name), Description: "The OpenID configuration address of the tenant that stands for the user pool of authorizer " + a.Name}))
		default:
			p.close(method, path)
			if ok || kind != "AWS_IAM" {
				t.gap("apigateway.lambda-authorizer", method+" "+path+" AuthorizerId="+nameOr(a, kind))
			}
		}
	}
}

// basePath keeps the path that callers use: that of the domain name, or the
// stage's.
func (t *told) basePath(stages []*inventory.Resource) string {
	for _, kind := range []cloud.Kind{"AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::BasePathMappingV2", "AWS::ApiGatewayV2::ApiMapping"} {
		if mappings := childrenOf(t.c, t.r, kind); len(mappings) > 0 {
			first := mappings[0].Properties
			path := orElse(design.Text(first, "BasePath"), design.Text(first, "ApiMappingKey"))
			if path == "(none)" || unknown(path) {
				path = ""
			}
			return path
		}
	}
	for _, s := range stages {
		if name := design.Text(s.Properties, "StageName"); name != "" && name != "$default" && !unknown(name) {
			if len(apis(t.c)) > 1 {
				return t.r.Name + "/" + name
			}
			return name
		}
	}
	if len(apis(t.c)) > 1 {
		return t.r.Name
	}
	return ""
}

// stageLimits takes limits and cache from the settings for all methods.
func (t *told) stageLimits(p *policy, stages []*inventory.Resource) {
	for _, s := range stages {
		for _, m := range design.Maps(design.At(s.Properties, "MethodSettings")) {
			if design.Text(m, "HttpMethod") != "*" {
				t.gap("apigateway.method-settings", design.Text(m, "HttpMethod")+" "+design.Text(m, "ResourcePath"))
				continue
			}
			p.rate = max(p.rate, design.Int(m, "ThrottlingRateLimit", 0))
			if design.True(m, "CachingEnabled") {
				p.cacheSeconds = max(p.cacheSeconds, design.Int(m, "CacheTtlInSeconds", 300))
			}
		}
		p.rate = max(p.rate, design.Int(s.Properties, "DefaultRouteSettings.ThrottlingRateLimit", 0))
	}
}

func (t *told) apiGaps(stages []*inventory.Resource) {
	if len(stages) > 1 {
		t.gap("apigateway.stages", "Stages="+names(stages))
	}
	if types := design.Texts(t.at("EndpointConfiguration.Types")); slices.Contains(types, "EDGE") {
		t.gap("apigateway.edge", "EndpointConfiguration.Types=EDGE")
	}
	if said(t.at("Policy")) {
		t.gap("apigateway.resource-policy", "Policy="+shown(t.at("Policy")))
	}
	if said(t.at("BinaryMediaTypes")) || said(t.at("MinimumCompressionSize")) {
		t.gap("apigateway.binary", "BinaryMediaTypes="+shown(t.at("BinaryMediaTypes")))
	}
	if design.True(t.r.Properties, "DisableExecuteApiEndpoint") {
		t.gap("apigateway.default-host", "DisableExecuteApiEndpoint=true")
	}
	if strings.EqualFold(t.text("ApiKeySourceType"), "AUTHORIZER") {
		t.todo("let callers of %s send their key themselves: its authorizer gives it now", t.r.Name)
	}
	if from := t.at("CloneFrom"); from != nil {
		t.todo("read the methods of %s, of which %s is a copy, and design again", shown(from), t.r.Name)
	}
	for _, name := range []string{"SecurityPolicy", "EndpointAccessMode"} {
		if text := t.text(name); text != "" {
			t.todo("check who may call %s with which TLS: %s=%s here, TLS 1.2 and above at the target", t.r.Name, name, text)
		}
	}
	if strings.EqualFold(t.text("EndpointConfiguration.IpAddressType"), "dualstack") {
		t.todo("know that API Management answers by IPv4 alone: %s answers by IPv6 too", t.r.Name)
	}
	t.gap("apigateway.functions", "Integration")
	t.todo("give the named values of the functions' host keys their values once the functions are deployed")
}

func applyUsagePlan(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	c.Put(design.Target{Type: productKind, Parent: gateway(c), Base: r.Name, NoLocation: true, Model: product.ProductContract{Properties: &product.ProductContractProperties{
		DisplayName: r.Name, State: new(product.ProductStatePublished), SubscriptionRequired: new(true), ApprovalRequired: new(true), Description: text(t.text("Description")),
	}}}, r)
	throttle, quota := t.at("Throttle"), t.at("Quota")
	t.why("usage plan %s (throttle %s, quota %s) becomes a product of API Management", r.Name, shown(orValue(throttle, "none")), shown(orValue(quota, "none")))
	if throttle != nil || quota != nil {
		t.gap("apigateway.usage-plan", "Throttle="+shown(throttle)+" Quota="+shown(quota))
	}
	t.todo("add the APIs of its %s to product %s, and subscribe its key holders", common.Count(len(design.List(t.at("ApiStages"))), "stage"), r.Name)
	return t.done("UsagePlanName", "ApiStages", "Quota", "Throttle")
}
