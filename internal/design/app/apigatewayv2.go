package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func applyHTTPAPI(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	read := []string{"ApiId", "ApiEndpoint", "ProtocolType", "RouteSelectionExpression", "ApiKeySelectionExpression", "Body", "BodyS3Location", "CorsConfiguration", "Target", "RouteKey", "CredentialsArn",
		"DisableExecuteApiEndpoint", "DisableSchemaValidation", "FailOnWarnings", "BasePath", "Version", "IpAddressType", "CreatedDate"}
	if c.Shared(r) {
		t.Action = design.Retain
		return t.why("API %s stays, because others call it", r.Name).done("*")
	}
	if strings.EqualFold(t.text("ProtocolType"), "WEBSOCKET") {
		return t.socket(read)
	}
	p := policy{cors: corsOf(t.at("CorsConfiguration"))}
	operations := t.routes(&p)
	stages := childrenOf(c, r, "AWS::ApiGatewayV2::Stage")
	t.stageLimits(&p, stages)
	path := t.basePath(stages)
	t.putAPI(r.Name, path, false, operations, p)
	_, tier := gatewayTier(c)
	t.why("HTTP API %s with %s becomes an API of API Management with %s, whose tier follows from this: %s", r.Name, common.Count(len(childrenOf(c, r, "AWS::ApiGatewayV2::Route")), "route"), common.Count(len(operations), "operation"), tier)
	t.apiGaps(stages)
	t.other("the host names of the function apps", "callers would see one address for each function, and no common limits")
	t.todo("tell the callers of %s its new address https://%s.azure-api.net/%s, or move its domain name", r.Name, common.LastName(gateway(c)), path)
	t.EffortDays = 1 + float64(len(operations))/20
	return t.done(read...)
}

// socket decides an API of web sockets, which API Management only passes
// through: it knows no routes inside a connection.
func (t *told) socket(read []string) design.Decision {
	t.Action, t.Confidence = design.Manual, redesign
	routes := childrenOf(t.c, t.r, "AWS::ApiGatewayV2::Route")
	var keys []string
	for _, route := range routes {
		keys = append(keys, design.Text(route.Properties, "RouteKey"))
	}
	t.why("WebSocket API %s routes messages by %s to %s (%s); Azure Web PubSub with an event handler is the closest", t.r.Name, orElse(t.text("RouteSelectionExpression"), "their body"), common.Count(len(routes), "route"), strings.Join(keys, ", "))
	t.gap("apigateway.websocket", "RouteSelectionExpression="+t.text("RouteSelectionExpression"))
	t.todo("rebuild %s on Azure Web PubSub: event handlers for %s, and its service SDK where functions post to connections", t.r.Name, orElse(strings.Join(keys, ", "), "its routes"))
	t.other("API Management WebSocket API", "it passes a connection through to one backend and knows no routes inside it")
	return t.done(read...)
}

// routes reads the routes with their integrations, the quick one of the API
// itself, and those of an OpenAPI document.
func (t *told) routes(p *policy) []operation {
	out := t.restOperations(p)
	for _, route := range childrenOf(t.c, t.r, "AWS::ApiGatewayV2::Route") {
		method, path := routeKey(design.Text(route.Properties, "RouteKey"))
		integration := t.integrationOf(route)
		for _, m := range methods(method) {
			o := operation{method: m, path: path}
			out = append(out, t.integrate(o, orResource(integration, route), capitalsOf(integration), p))
		}
		t.routeAuthorizer(p, route, method, path)
	}
	if target := t.at("Target"); target != nil {
		method, path := routeKey(orElse(t.text("RouteKey"), "$default"))
		kind := "HTTP_PROXY"
		if _, ok := findFunction(t.c, t.r, target); ok {
			kind = "AWS_PROXY"
		}
		for _, m := range methods(method) {
			out = append(out, t.integrate(operation{method: m, path: path}, t.r, map[string]any{"Type": kind, "Uri": target}, p))
		}
	}
	return out
}

func orResource(r, otherwise *inventory.Resource) *inventory.Resource {
	if r != nil {
		return r
	}
	return otherwise
}

func capitalsOf(r *inventory.Resource) map[string]any {
	if r == nil {
		return map[string]any{}
	}
	return r.Properties
}

// integrationOf follows "integrations/<id>".
func (t *told) integrationOf(route *inventory.Resource) *inventory.Resource {
	ref, ok := design.At(route.Properties, "Target").(string)
	if !ok {
		return nil
	}
	if found, ok := t.c.Find(route, strings.TrimPrefix(ref, "integrations/"), "AWS::ApiGatewayV2::Integration"); ok {
		return found
	}
	found, _ := t.c.Find(route, ref, "AWS::ApiGatewayV2::Integration")
	return found
}

// routeKey parts "GET /orders/{id}".
func routeKey(key string) (method, path string) {
	method, path, ok := strings.Cut(key, " ")
	if !ok || key == "$default" {
		return "$default", "/{proxy+}"
	}
	return method, path
}

func (t *told) routeAuthorizer(p *policy, route *inventory.Resource, method, path string) {
	at := method + " " + path
	switch kind := strings.ToUpper(design.Text(route.Properties, "AuthorizationType")); kind {
	case "", "NONE":
		p.pass(method, path)
	case "AWS_IAM":
		p.close(method, path)
		t.gap("apigateway.iam", at+" AuthorizationType=AWS_IAM")
	case "JWT":
		a, ok := t.c.Find(route, design.At(route.Properties, "AuthorizerId"), "AWS::ApiGatewayV2::Authorizer")
		if !ok {
			p.close(method, path)
			t.todo("ask for a token on %s: its authorizer is not part of the design, and its callers are refused until then", at)
			return
		}
		p.issuer = t.issuer(p, a)
		for _, audience := range design.List(design.At(a.Properties, "JwtConfiguration.Audience")) {
			if _, client := t.c.Find(a, audience, "AWS::Cognito::UserPoolClient"); !client && !unknown(audience) {
				p.audiences = append(p.audiences, full(audience))
			}
		}
		if scopes := design.Texts(design.At(route.Properties, "AuthorizationScopes")); len(scopes) > 0 {
			t.gap("apigateway.scopes", at+" AuthorizationScopes="+strings.Join(scopes, " "))
		}
	default:
		p.close(method, path)
		t.gap("apigateway.lambda-authorizer", at+" AuthorizationType="+kind)
	}
}

// issuer is where the keys of a token's issuer are found. Users of a Cognito
// pool come from the tenant that stands for it.
func (t *told) issuer(p *policy, a *inventory.Resource) string {
	issuer := design.At(a.Properties, "JwtConfiguration.Issuer")
	address, ok := issuer.(string)
	if !ok || unknown(issuer) || strings.Contains(address, "cognito-idp.") {
		return t.named(p, "issuer-"+a.Name, t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName("issuer", a.Name), Description: "The OpenID configuration address of the tenant whose tokens authorizer " + a.Name + " takes"}))
	}
	return t.named(p, "issuer-"+a.Name, strings.TrimSuffix(address, "/")+"/.well-known/openid-configuration")
}

// apiTarget is the API Management API behind the property that names the API.
func apiTarget(t *told) (api *inventory.Resource, id cloud.ResourceID) {
	for _, property := range []string{"RestApiId", "ApiId"} {
		if found, ok := t.c.Find(t.r, t.at(property), "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"); ok {
			id, _ := t.c.TargetOf(found, apiKind)
			return found, id
		}
	}
	return nil, ""
}

func applyAPIStage(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	api, id := apiTarget(t)
	if id != "" {
		c.Attach(r, id)
	}
	t.why("stage %s of API %s is the path of the API, and a version of it when there are several", orElse(t.text("StageName"), r.Name), nameOr(api, orElse(t.text("RestApiId"), t.text("ApiId"))))
	for _, name := range []string{"Variables", "StageVariables"} {
		variables := object(t.at(name))
		for _, key := range keys(variables) {
			t.gap("apigateway.stage-variables", name+"."+key+"="+shown(variables[key]))
		}
	}
	if said(t.at("CanarySetting")) {
		t.gapOf("apigateway.canary", "CanarySetting")
	}
	if said(t.at("ClientCertificateId")) {
		t.gapOf("apigateway.client-certificate", "ClientCertificateId")
	}
	if said(t.at("AccessLogSetting")) || said(t.at("AccessLogSettings")) {
		common.Diagnostics(c, gateway(c))
		t.gap("apigateway.logs", "AccessLogSetting")
	}
	if design.True(r.Properties, "CacheClusterEnabled") {
		t.gap("apigateway.cache", "CacheClusterSize="+t.text("CacheClusterSize"))
	}
	if design.True(r.Properties, "TracingEnabled") {
		t.todo("connect API Management to Application Insights for the traces of stage %s", r.Name)
	}
	return t.done("*")
}

func applyAuthorizer(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	api, id := apiTarget(t)
	if id != "" {
		c.Attach(r, id)
	}
	kind := orElse(t.text("Type"), t.text("AuthorizerType"))
	switch strings.ToUpper(kind) {
	case "JWT", "COGNITO_USER_POOLS":
		t.why("%s authorizer %s of API %s becomes a validate-jwt policy", kind, r.Name, nameOr(api, "unknown"))
	default:
		t.Action, t.Confidence = design.Manual, redesign
		t.why("%s authorizer %s of API %s runs code of its own, which no policy is", kind, r.Name, nameOr(api, "unknown"))
		t.gap("apigateway.lambda-authorizer", "Type="+kind)
		t.todo("write what %s decides as a policy: validate-jwt when it checks tokens, else a call to a function with its answer cached for %s s", r.Name, orElse(t.text("AuthorizerResultTtlInSeconds"), "300"))
	}
	return t.done("*")
}

func applyAPIDomain(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	c.Attach(r, gateway(c))
	t.why("domain name %s becomes a custom domain of API Management, with its certificate from the vault", orElse(t.text("DomainName"), r.Name))
	t.gap("apigateway.domain", "DomainName="+orElse(t.text("DomainName"), r.Name))
	t.todo("bring the certificate of %s into the vault, and add the domain to API Management before its record is switched", orElse(t.text("DomainName"), r.Name))
	if said(t.at("MutualTlsAuthentication")) {
		t.gapOf("apigateway.client-certificate", "MutualTlsAuthentication")
	}
	return t.done("*")
}
