package cloudformation

import (
	"encoding/json"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/cloudformation/eval"
)

// report turns a stack and those nested in it into observations.
func (r *run) report(s *stack) {
	for _, p := range s.doc.tree.Problems {
		r.refuse(s.doc.name, p.Path, p.Place, p.Reason)
	}
	for _, logical := range sortedKeys(s.resources) {
		r.result.Observations = append(r.result.Observations, s.observe(logical))
	}
	for _, logical := range sortedKeys(s.resources) {
		if s.kind(logical) == "AWS::CloudFormation::StackSet" {
			s.unread("Resources/"+logical, "a stack set deploys its template into other accounts and regions", "the stacks of the stack set "+logical)
		}
	}
	for _, name := range sortedKeys(s.sections["Outputs"]) {
		s.checkOutput(name)
	}
	for _, hook := range sortedKeys(s.sections["Hooks"]) {
		s.unread("Hooks/"+hook, "a hook runs during deployments and is no resource", "what the hook makes then")
	}
	for _, name := range s.nestedNames() {
		if child := s.child(name); child != nil {
			r.report(child)
		}
	}
	r.say(s)
}

// checkOutput evaluates an output for what is wrong with it.
func (s *stack) checkOutput(name string) {
	if body, ok := s.sections["Outputs"][name].(map[string]any); ok {
		s.eval.Value("Outputs/"+name+"/Value", body["Value"])
	}
}

// say hands over what was noted while building and evaluating the stack.
func (r *run) say(s *stack) {
	for _, n := range s.notes {
		if n.unread {
			r.unread(s.doc.name, n.path, n.reason, n.hides)
			continue
		}
		r.refuse(s.doc.name, n.path, s.doc.tree.At(n.path), n.reason)
	}
	for _, p := range s.eval.Problems() {
		r.refuse(s.doc.name, p.Path, s.doc.tree.At(p.Path), p.Reason)
	}
	for _, m := range s.eval.Macros() {
		r.unread(s.doc.name, m.Path, "the macro \""+m.Reason+"\" is expanded by the account only", "what the macro puts there")
	}
}

// observe evaluates one resource.
func (s *stack) observe(logical string) inventory.Observation {
	body := s.resources[logical]
	kind := cloud.Kind(strings.TrimSpace(s.kind(logical)))
	at := "Resources/" + logical
	o := inventory.Observation{Source: inventory.CloudFormation, Origin: s.doc.name + "#/" + at}
	o.ID, o.Kind, o.LogicalID, o.Stack = s.id(logical), kind, logical, s.name
	o.Account, o.Region = s.run.o.Account, s.run.o.Region
	o.Attributes = s.attributes(logical, body)
	o.Properties = s.properties(kind, at, body, o.Attributes)
	if source, ok := s.generated[logical]; ok {
		o.Origin = s.doc.name + "#/Resources/" + source
		o.Attributes["generatedFrom"] = source
	}
	o.Tags = s.tags(kind, o.Properties)
	s.call(&o)
	if s.doubt || s.decided(logical) != eval.True {
		o.Marks = append(o.Marks, inventory.Conditional)
	}
	return o
}

// properties evaluates and normalises the properties. What the kind has no
// name for goes to the attributes: a newer schema may know it.
func (s *stack) properties(kind cloud.Kind, at string, body, attributes map[string]any) inventory.Properties {
	value, _ := s.eval.Value(at+"/Properties", body["Properties"])
	raw, ok := value.(map[string]any)
	if !ok {
		if value != nil {
			s.refuse(at+"/Properties", "the properties are a mapping; these are left out")
		}
		return inventory.Properties{}
	}
	raw, _ = numbers(raw).(map[string]any)
	if kind == "AWS::CloudFormation::CustomResource" {
		kind = "Custom::Resource" // the same thing, whose properties are the author's own
	}
	out, unknown := s.run.kinds.FromTemplate(kind, raw)
	left := map[string]any{}
	for _, name := range unknown {
		var found any
		if values := kinds.Lookup(raw, name); len(values) == 1 {
			found = values[0]
		} else if len(values) > 1 {
			found = values
		}
		if found != nil {
			left[name] = found
		}
		s.refuse(at+"/Properties/"+name, "the kind "+string(kind)+" has no property \""+name+"\"; it is kept as an attribute")
	}
	for name, v := range kinds.Redact(left) {
		attributes[name] = v
	}
	if out == nil {
		out = inventory.Properties{}
	}
	return out
}

// numbers turns numbers into float64 where that keeps their text and into
// text elsewhere: a version "1.10" and an account id are no amounts.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		f, err := v.Float64()
		if err == nil && strconv.FormatFloat(f, 'f', -1, 64) == v.String() {
			return f
		}
		return v.String()
	}
	return v
}

// attributes are the facts beside the properties.
func (s *stack) attributes(logical string, body map[string]any) map[string]any {
	out := map[string]any{}
	at := "Resources/" + logical
	if condition, ok := body["Condition"]; ok && condition != nil {
		if name, present := s.eval.Value(at+"/Condition", condition); present {
			out["condition"] = name
		}
		out["conditionValue"] = s.decided(logical).String()
	}
	if list := s.dependencies(body["DependsOn"]); len(list) > 0 {
		out["dependsOn"] = list
	}
	for name, attribute := range map[string]string{"DeletionPolicy": "deletionPolicy", "UpdateReplacePolicy": "updateReplacePolicy", "CreationPolicy": "creationPolicy", "UpdatePolicy": "updatePolicy"} {
		if raw, ok := body[name]; ok {
			if v, present := s.eval.Value(at+"/"+name, raw); present && v != nil {
				out[attribute] = numbers(v)
			}
		}
	}
	if metadata, ok := body["Metadata"].(map[string]any); ok && len(metadata) > 0 {
		var names []any
		for _, name := range sortedKeys(metadata) {
			names = append(names, name)
		}
		out["metadata"] = names
	}
	for _, name := range []string{"codeUri", "application"} { // what the serverless transform could not say in properties
		if v, ok := body[name]; ok {
			if value, present := s.eval.Value(at, v); present {
				out[name] = value
			}
		}
	}
	if child := s.child(logical); child != nil {
		out["template"] = child.doc.name
		out["stack"] = child.name
	}
	return out
}

func (s *stack) decided(logical string) eval.Truth {
	condition, ok := s.resources[logical]["Condition"]
	if !ok || condition == nil {
		return eval.True
	}
	return s.eval.Decide("Resources/"+logical+"/Condition", condition)
}

// dependencies turns DependsOn into references; a name that is no resource
// stays a name.
func (s *stack) dependencies(v any) []any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []any
	for _, one := range list {
		name, ok := one.(string)
		if !ok || name == "" {
			continue
		}
		if id, known := s.resource(name); known {
			out = append(out, inventory.Reference{Resource: id}.String())
			continue
		}
		out = append(out, name)
	}
	return out
}

// tags takes the tags out of the properties: the canonical form has them
// beside. Those of a kind whose tags say more than key and value (whether an
// Auto Scaling group passes them on) stay a property too.
func (s *stack) tags(kind cloud.Kind, properties inventory.Properties) cloud.Tags {
	name := "Tags"
	more := false
	if schema, ok := s.run.kinds.Schemas().Kind(kind); ok {
		if schema.TagProperty != "" {
			name = schema.TagProperty
		}
		if field, ok := schema.Root.Field(name); ok && field.Type != nil && field.Type.Item != nil {
			more = len(field.Type.Item.Fields) > 2
		}
	}
	out := cloud.Tags{}
	if !addTags(out, properties[name]) {
		return nil
	}
	if !more {
		delete(properties, name)
	}
	return out
}

// addTags reads a list of keys and values, or a mapping, and reports whether
// all of it was understood.
func addTags(out cloud.Tags, raw any) bool {
	all := true
	switch v := raw.(type) {
	case []any:
		for _, one := range v {
			m, _ := one.(map[string]any)
			key, ok := plainText(m["Key"])
			if !ok || key == "" {
				all = false
				continue
			}
			out[key], _ = plainText(m["Value"])
		}
	case map[string]any:
		for key, value := range v {
			text, ok := plainText(value)
			all = all && ok
			out[key] = text
		}
	default:
		return false
	}
	return all && len(out) > 0
}

func plainText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// call finds what people call the resource, and the ids it can be known by.
func (s *stack) call(o *inventory.Observation) {
	o.Name = o.LogicalID
	if tag := o.Tags["Name"]; tag != "" && !eval.Undecided(tag) {
		o.Name = tag
	}
	explicit := s.explicitName(o.Kind, o.Properties)
	if explicit == "" {
		return
	}
	o.Name = explicit
	at := kinds.Place{Account: o.Account, Region: o.Region}
	if at.Account == "" || at.Region == "" {
		return
	}
	at.Partition, _ = placeOf(string(at.Region))
	if arn := kinds.ARN(o.Kind, at, explicit); arn != "" {
		o.Aliases = append(o.Aliases, arn)
	}
}

// explicitName is the name that the template gives: the property that
// identifies the kind if that is a name, the one that CloudFormation calls
// after the kind ("BucketName" of a bucket), or Name.
func (s *stack) explicitName(kind cloud.Kind, properties inventory.Properties) string {
	last := string(kind)[strings.LastIndexByte(string(kind), ':')+1:]
	var names []string
	switch kind { // where the rule does not hold
	case "AWS::EC2::SecurityGroup":
		names = []string{"GroupName"}
	case "AWS::ElastiCache::CacheCluster":
		names = []string{"ClusterName"}
	case "AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage":
		names = []string{"StageName"}
	case "AWS::CertificateManager::Certificate":
		names = []string{"DomainName"}
	case "AWS::AutoScaling::ScalingPolicy":
		names = []string{"PolicyName"}
	case "AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter":
		names = []string{"FilterName"}
	case "AWS::CloudFront::OriginAccessControl":
		names = []string{"OriginAccessControlConfig.Name"}
	case "AWS::Backup::BackupPlan":
		names = []string{"BackupPlan.BackupPlanName"}
	default:
		if schema, ok := s.run.kinds.Schemas().Kind(kind); ok && len(schema.Identifier) == 1 && namesIt(schema.Identifier[0]) {
			names = append(names, schema.Identifier[0])
		}
		names = append(names, last+"Name", last+"Identifier", "Name", last+"Id")
	}
	for _, name := range names {
		var v any = map[string]any(properties)
		for part := range strings.SplitSeq(name, ".") {
			m, _ := v.(map[string]any)
			v = m[part]
		}
		if text, ok := v.(string); ok && text != "" && !eval.Undecided(text) {
			return text
		}
	}
	return ""
}

func namesIt(property string) bool {
	return strings.HasSuffix(property, "Name") || strings.HasSuffix(property, "Identifier")
}
