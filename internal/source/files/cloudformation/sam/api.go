package sam

import "strings"

// The APIs that the transform makes when events name none.
const (
	implicitREST = "ServerlessRestApi"
	implicitHTTP = "ServerlessHttpApi"
)

// api is an API whose definition is written from the events that name it.
type api struct {
	http bool
	// paths is the definition's part that events add to; nil when the template
	// has a definition of its own somewhere else.
	body map[string]any
	// implicit APIs exist if one of their functions does.
	conditions []any
	always     bool
}

// implicitAPIs makes the APIs that events need and gives every API of the
// template a definition to add to.
func (t *transform) implicitAPIs() {
	t.apis = map[string]*api{}
	for _, id := range keys(t.in) {
		body := mapping(t.in[id])
		kind := text(body["Type"])
		if kind != "AWS::Serverless::Api" && kind != "AWS::Serverless::HttpApi" {
			continue
		}
		props := within(body, "Properties")
		t.apis[id] = &api{http: kind == "AWS::Serverless::HttpApi", body: definition(props, kind == "AWS::Serverless::HttpApi")}
	}
	for _, id := range keys(t.in) {
		t.eventAPIs(mapping(t.in[id]))
	}
	for _, id := range []string{implicitREST, implicitHTTP} {
		made := t.apis[id]
		if made == nil || t.in[id] != nil {
			continue
		}
		kind, name := "AWS::Serverless::Api", "Api"
		props := map[string]any{"StageName": "Prod", "DefinitionBody": made.body}
		if made.http {
			kind, name = "AWS::Serverless::HttpApi", "HttpApi"
			props = map[string]any{"DefinitionBody": made.body}
		}
		global, _ := clone(mapping(t.globals[name])).(map[string]any)
		for k, v := range global {
			if props[k] == nil {
				props[k] = v
			}
		}
		body := map[string]any{"Type": kind, "Properties": props}
		if !made.always && len(made.conditions) == 1 {
			body["Condition"] = made.conditions[0]
		}
		t.in[id] = body
	}
}

// definition returns the part of an API's definition that events add to. Only
// a definition that the transform writes itself, or one in the template, can
// take more.
func definition(props map[string]any, http bool) map[string]any {
	switch body := props["DefinitionBody"].(type) {
	case map[string]any:
		if body["Fn::Transform"] != nil || isIntrinsic(body) {
			return nil
		}
		return body
	case nil:
		if props["DefinitionUri"] != nil {
			return nil
		}
	default:
		return nil
	}
	body := emptyDefinition(http)
	props["DefinitionBody"] = body
	return body
}

func emptyDefinition(http bool) map[string]any {
	info := map[string]any{"version": "1.0", "title": ref("AWS::StackName")}
	if http {
		return map[string]any{"openapi": "3.0.1", "info": info, "paths": map[string]any{}}
	}
	return map[string]any{"swagger": "2.0", "info": info, "paths": map[string]any{}}
}

// eventAPIs notes which implicit APIs the events of a resource need.
func (t *transform) eventAPIs(body map[string]any) {
	kind := text(body["Type"])
	if kind != "AWS::Serverless::Function" && kind != "AWS::Serverless::StateMachine" {
		return
	}
	events := mapping(mapping(body["Properties"])["Events"])
	for _, name := range keys(events) {
		e := mapping(events[name])
		p := mapping(e["Properties"])
		id, http := "", false
		switch {
		case e["Type"] == "Api" && p["RestApiId"] == nil:
			id = implicitREST
		case e["Type"] == "HttpApi" && p["ApiId"] == nil:
			id, http = implicitHTTP, true
		default:
			continue
		}
		made := t.apis[id]
		if made == nil {
			made = &api{http: http, body: emptyDefinition(http)}
			t.apis[id] = made
		}
		made.exists(body["Condition"])
	}
}

// exists notes the condition of one of the functions behind the API.
func (a *api) exists(condition any) {
	if condition == nil {
		a.always = true
		return
	}
	for _, had := range a.conditions {
		if had == condition {
			return
		}
	}
	a.conditions = append(a.conditions, condition)
}

// addPath writes a method into the API's definition.
func (t *transform) addPath(id, path, method string, operation map[string]any) {
	a := t.apis[id]
	if a == nil || a.body == nil {
		return
	}
	paths, ok := a.body["paths"].(map[string]any)
	if !ok {
		paths = map[string]any{}
		a.body["paths"] = paths
	}
	methods := within(paths, path)
	if isIntrinsic(methods) || methods[method] != nil {
		had := mapping(methods[method])
		if had == nil || had["x-amazon-apigateway-integration"] != nil {
			return
		}
		for k, v := range operation {
			if had[k] == nil {
				had[k] = v
			}
		}
		return
	}
	methods[method] = operation
}

// method is the operation of an event in a definition's own words.
func method(v any) string {
	m := strings.ToLower(text(v))
	if m == "" || m == "any" || m == "*" {
		return "x-amazon-apigateway-any-method"
	}
	return m
}

// integration is the part of a definition that calls a function.
func integration(arn any, payload any) map[string]any {
	return compact(map[string]any{
		"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": payload,
		"uri": subWith("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations", map[string]any{"__FunctionArn__": arn}),
	})
}

// restEvent adds a method of a REST API and lets the API call the function.
func (e *event) restEvent() {
	id, ok := implicitREST, true
	if api := e.p["RestApiId"]; api != nil {
		if id, ok = target(api); !ok {
			id, ok = text(api), text(api) != ""
		}
	}
	suffix, apiID := "AllStages", e.p["RestApiId"]
	if apiID == nil {
		apiID = ref(implicitREST)
	}
	if ok {
		suffix = e.stageSuffix(id, suffix)
	}
	path := text(e.p["Path"])
	if path == "" {
		path = "/"
	}
	e.addPath(id, path, method(e.p["Method"]), e.operation(integration(e.arn, nil)))
	verb := strings.ToUpper(text(e.p["Method"]))
	if verb == "ANY" || verb == "" {
		verb = "*"
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	e.permission(suffix, "apigateway.amazonaws.com", map[string]any{"SourceArn": subWith(
		"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/"+verb+starred(path),
		map[string]any{"__ApiId__": apiID, "__Stage__": "*"})})
}

// stageSuffix is the end of the id of a permission for an API's stage.
func (t *transform) stageSuffix(id, otherwise string) string {
	body := mapping(t.in[id])
	stage, ok := mapping(body["Properties"])["StageName"]
	switch {
	case !ok:
		return otherwise
	case text(stage) != "":
		return text(stage)
	}
	return "Stage"
}

// starred replaces the variables of a path by the star of an ARN.
func starred(path string) string {
	var b strings.Builder
	for {
		head, rest, found := strings.Cut(path, "{")
		b.WriteString(head)
		if !found {
			return b.String()
		}
		_, tail, _ := strings.Cut(rest, "}")
		b.WriteString("*")
		path = tail
	}
}

// operation is the entry of a method in a definition.
func (e *event) operation(integration map[string]any) map[string]any {
	out := map[string]any{"x-amazon-apigateway-integration": integration, "responses": map[string]any{}}
	auth := mapping(e.p["Auth"])
	if name := text(auth["Authorizer"]); name != "" && name != "NONE" {
		scopes := list(auth["AuthorizationScopes"])
		if scopes == nil {
			scopes = []any{}
		}
		out["security"] = []any{map[string]any{name: scopes}}
	}
	if yes(auth["ApiKeyRequired"]) {
		out["security"] = append(list(out["security"]), map[string]any{"api_key": []any{}})
	}
	if name := e.p["OperationName"]; name != nil {
		out["operationId"] = name
	}
	return out
}

// httpEvent adds a route of an HTTP API and lets the API call the function.
func (e *event) httpEvent() {
	id, ok := implicitHTTP, true
	apiID := e.p["ApiId"]
	if apiID != nil {
		if id, ok = target(apiID); !ok {
			id = text(apiID)
		}
	} else {
		apiID = ref(implicitHTTP)
	}
	path, verb := text(e.p["Path"]), text(e.p["Method"])
	if path == "" {
		path, verb = "$default", "ANY"
	}
	payload := e.p["PayloadFormatVersion"]
	if payload == nil {
		payload = "2.0"
	}
	call := integration(e.arn, payload)
	if millis := e.p["TimeoutInMillis"]; millis != nil {
		call["timeoutInMillis"] = millis
	}
	operation := e.operation(call)
	if path == "$default" {
		operation["isDefaultRoute"] = true
	}
	e.addPath(id, path, method(verb), operation)
	resource := "*/*" + starred(path)
	if path == "$default" {
		resource = "*/$default"
	}
	e.permission("", "apigateway.amazonaws.com", map[string]any{"SourceArn": subWith(
		"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}", map[string]any{"__ApiId__": apiID, "__Stage__": resource})})
}
