package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// setSetting gives an app that is already put one more setting; a setting of
// the same name is replaced. Function apps and container apps keep theirs in
// different places.
func setSetting(c *design.Context, app cloud.ResourceID, name, value string) {
	target, ok := c.Resource(app)
	if !ok {
		return
	}
	properties, _ := target.Body["properties"].(map[string]any)
	switch target.Type {
	case functionKind:
		config, _ := properties["siteConfig"].(map[string]any)
		if config == nil {
			return
		}
		config["appSettings"] = withSetting(design.List(config["appSettings"]), name, value)
	case containerAppKind, jobKind:
		template, _ := properties["template"].(map[string]any)
		containers := design.Maps(template["containers"])
		if len(containers) == 0 {
			return
		}
		containers[0]["env"] = withSetting(design.List(containers[0]["env"]), name, value)
	}
}

func withSetting(list []any, name, value string) []any {
	list = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return design.Text(v, "name") == name })
	return append(list, map[string]any{"name": name, "value": value})
}

// identityFor returns the identity that an app's code runs under: the one that
// resolves its references, not that of the host, else the first it has.
func identityFor(c *design.Context, app cloud.ResourceID) (cloud.ResourceID, bool) {
	target, ok := c.Resource(app)
	if !ok {
		return "", false
	}
	if who := design.Text(target.Body, "properties.keyVaultReferenceIdentity"); who != "" {
		return cloud.ResourceID(who), true
	}
	assigned, _ := design.At(target.Body, "identity.userAssignedIdentities").(map[string]any)
	ids := make([]string, 0, len(assigned))
	for id := range assigned {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return "", false
	}
	return cloud.ResourceID(slices.Min(ids)), true
}

// connection gives an app an identity-based connection under a name: its
// triggers read the settings "<name>__..." (Microsoft Learn, "Azure Functions
// developer guide", configure an identity-based connection).
func connection(c *design.Context, app cloud.ResourceID, name, property, value string) {
	setSetting(c, app, name+"__"+property, value)
	if who, ok := identityFor(c, app); ok {
		setSetting(c, app, name+"__credential", "managedidentity")
		setSetting(c, app, name+"__clientId", c.Output(who, "properties.clientId"))
	}
}

// busConnection connects an app to the workload's Service Bus namespace, and
// lets it receive from one queue or subscription there, "" for none.
func busConnection(c *design.Context, app, from cloud.ResourceID) {
	connection(c, app, "SERVICEBUS", "fullyQualifiedNamespace", common.LastName(bus(c))+".servicebus.windows.net")
	if who, ok := identityFor(c, app); ok && from != "" {
		allow(c, who, from, roleBusReceiver)
	}
}

// functionOf returns the app that stands for a function, or for the function
// behind an alias or a version, "" when it has none.
func functionOf(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	for range 3 {
		if r.Kind == "AWS::Lambda::Function" {
			break
		}
		next, ok := c.Find(r, design.At(r.Properties, "FunctionName"), "AWS::Lambda::Function")
		if !ok {
			return ""
		}
		r = next
	}
	for _, kind := range []cloud.Kind{functionKind, containerAppKind} {
		if id, ok := c.TargetOf(r, kind); ok {
			return id
		}
	}
	return ""
}

// findFunction returns the function that a value names, also through an alias,
// a version, or the ARN of an API's integration. Aliases that name each other
// lead nowhere.
func findFunction(c *design.Context, from *inventory.Resource, ref any) (*inventory.Resource, bool) {
	seen := map[*inventory.Resource]bool{}
	for {
		text, isText := ref.(string)
		if !isText {
			return nil, false
		}
		r, ok := c.Find(from, text, "AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version")
		if !ok && strings.Count(text, ":") > 0 && !strings.HasPrefix(text, "arn:") {
			// A name with a qualifier: "orders:live".
			head, _, _ := strings.Cut(text, ":")
			r, ok = c.Find(from, head, "AWS::Lambda::Function")
		}
		if !ok || seen[r] {
			return nil, false
		}
		if r.Kind == "AWS::Lambda::Function" {
			return r, true
		}
		seen[r] = true
		from, ref = r, design.At(r.Properties, "FunctionName")
	}
}

// inbox returns the queue through which events reach a function: AWS keeps
// such a queue for every function that is called asynchronously, and tries
// three times.
func inbox(c *design.Context, function *inventory.Resource) (cloud.ResourceID, bool) {
	app := functionOf(c, function)
	if app == "" {
		return "", false
	}
	id := busQueue(c, "inbox/"+string(function.ID), function.Name+"-events", lambdaAttempts, function)
	setSetting(c, app, "EVENTS_QUEUE", common.LastName(id))
	busConnection(c, app, id)
	return id, true
}
