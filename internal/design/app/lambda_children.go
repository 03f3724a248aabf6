package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// ofFunction begins the decision for what belongs to a function, and attaches
// it to the function's app.
func ofFunction(c *design.Context, r *inventory.Resource, property string, action design.Action) (*told, *inventory.Resource, cloud.ResourceID) {
	t := tell(c, r, action, inNamedGaps)
	function, ok := findFunction(c, r, t.at(property))
	if !ok {
		return t, nil, ""
	}
	app := functionOf(c, function)
	if app != "" {
		c.Attach(r, app)
	}
	return t, function, app
}

func nameOr(r *inventory.Resource, otherwise any) string {
	if r != nil {
		return r.Name
	}
	return shown(otherwise)
}

func applyAlias(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, _ := ofFunction(c, r, "FunctionName", design.Replace)
	t.why("alias %s points callers of %s to version %s; a function app has one version at a time, which the pipeline replaces", r.Name, nameOr(function, t.at("FunctionName")), t.text("FunctionVersion"))
	t.gap("lambda.alias", "Name="+r.Name)
	if weights := design.List(t.at("RoutingConfig.AdditionalVersionWeights")); len(weights) > 0 {
		t.gapOf("lambda.alias-weights", "RoutingConfig.AdditionalVersionWeights")
	}
	if len(design.List(t.at("RoutingConfig"))) > 0 && t.at("RoutingConfig.AdditionalVersionWeights") == nil {
		t.todo("check the routing of alias %s: %s", r.Name, shown(t.at("RoutingConfig")))
	}
	return t.done("FunctionName", "FunctionVersion", "ProvisionedConcurrencyConfig", "RoutingConfig", "AliasArn", "RevisionId")
}

func applyVersion(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, _ := ofFunction(c, r, "FunctionName", design.Retire)
	t.why("version %s of %s is a frozen copy of its code; the pipeline keeps earlier packages instead", r.Name, nameOr(function, t.at("FunctionName")))
	if design.Int(r.Properties, "ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions", 0) > 0 {
		t.Action = design.Replace
		t.Why += ", and its provisioned concurrency becomes always-ready instances of the app"
	}
	return t.done("*")
}

func applyPermission(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, _ := ofFunction(c, r, "FunctionName", design.Replace)
	principal := t.text("Principal")
	t.why("it lets %s call %s; at the target the trigger's own connection and the app's access rules do that", principal, nameOr(function, t.at("FunctionName")))
	if principal == "*" && t.text("PrincipalOrgID") == "" && t.text("SourceArn") == "" && t.text("SourceAccount") == "" {
		t.gap("lambda.anyone", "Principal=*")
	}
	if account := strings.Split(principal, ":"); principal != "*" && len(account) > 4 && account[4] != string(r.Account) || len(principal) == 12 && principal != string(r.Account) && !strings.Contains(principal, ".") {
		t.todo("give account %s, which may call %s today, a function key or an identity of the tenant", principal, nameOr(function, t.at("FunctionName")))
	}
	if t.text("FunctionUrlAuthType") == "NONE" {
		t.gapOf("lambda.anyone", "FunctionUrlAuthType")
	}
	return t.done("*")
}

func applyLayer(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	var users []*inventory.Resource
	for _, f := range c.OfKind("AWS::Lambda::Function") {
		for _, found := range c.FindAll(f, design.At(f.Properties, "Layers"), "AWS::Lambda::LayerVersion") {
			if found == r {
				users = append(users, f)
				if app := functionOf(c, f); app != "" {
					c.Attach(r, app)
				}
			}
		}
	}
	t.why("layer %s of %s goes into their packages, because Functions has no layers", r.Name, common.Count(len(users), "function"))
	if len(users) == 0 {
		t.Action = design.Retire
		t.why("no function of the workload uses layer %s", r.Name)
		return t.done("*")
	}
	t.todo("put the content of layer %s into the packages of %s", r.Name, names(users))
	return t.done("*")
}

func applyURL(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, app := ofFunction(c, r, "TargetFunctionArn", design.Replace)
	t.why("the URL of %s (authorisation %s) becomes the host name of its function app", nameOr(function, t.at("TargetFunctionArn")), t.text("AuthType"))
	t.gap("lambda.url", "AuthType="+t.text("AuthType"))
	if strings.EqualFold(t.text("InvokeMode"), "RESPONSE_STREAM") {
		t.gapOf("lambda.streaming", "InvokeMode")
	}
	if cors := object(t.at("Cors")); len(cors) > 0 && app != "" {
		t.cors(app, cors)
	}
	if app != "" {
		t.todo("tell the callers of the URL the new address https://%s.azurewebsites.net, or put a custom domain before it", common.LastName(app))
	}
	return t.done("TargetFunctionArn", "AuthType", "Cors", "InvokeMode", "Qualifier", "FunctionUrl", "FunctionArn", "CreationTime", "LastModifiedTime")
}

// cors lets the app answer browsers as the URL did.
func (t *told) cors(app cloud.ResourceID, cors map[string]any) {
	target, ok := t.c.Resource(app)
	if !ok || target.Type != functionKind {
		return
	}
	properties, _ := target.Body["properties"].(map[string]any)
	config, _ := properties["siteConfig"].(map[string]any)
	if config == nil {
		return
	}
	origins := []any{}
	for _, o := range design.Texts(cors["AllowOrigins"]) {
		origins = append(origins, o)
	}
	config["cors"] = map[string]any{"allowedOrigins": origins, "supportCredentials": design.True(cors, "AllowCredentials")}
	for _, name := range []string{"AllowHeaders", "AllowMethods", "ExposeHeaders", "MaxAge"} {
		if said(cors[name]) {
			t.gap("lambda.cors", "Cors."+name+"="+shown(cors[name]))
		}
	}
}

func applyInvokeConfig(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, app := ofFunction(c, r, "FunctionName", design.Replace)
	attempts := design.Int(r.Properties, "MaximumRetryAttempts", 2) + 1
	t.why("%s tries an event %s; its queue delivers as often, and then keeps it as a dead letter", nameOr(function, t.at("FunctionName")), common.Count(attempts, "time"))
	if function != nil {
		if id, ok := inbox(c, function); ok {
			if queue, ok := c.Resource(id); ok {
				properties, _ := queue.Body["properties"].(map[string]any)
				properties["maxDeliveryCount"] = float64(attempts)
				if age := design.Int(r.Properties, "MaximumEventAgeInSeconds", 0); age > 0 {
					properties["defaultMessageTimeToLive"] = seconds(age)
				}
			}
			c.Attach(r, id)
		}
	}
	for _, outcome := range []string{"OnSuccess", "OnFailure"} {
		ref := t.at("DestinationConfig." + outcome + ".Destination")
		if ref == nil || app == "" {
			continue
		}
		if outcome == "OnFailure" {
			t.deadLetters(app, ref, "DestinationConfig.OnFailure.Destination")
			continue
		}
		t.gap("lambda.destinations", "DestinationConfig.OnSuccess.Destination="+shown(ref))
		t.todo("let %s itself send its result to what stands for %s", nameOr(function, nil), nameOf(c, r, ref))
	}
	return t.done("FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
}
