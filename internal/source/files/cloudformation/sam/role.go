package sam

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed policies.txt
var policyText string

// role is the role that the transform makes for a function or a state machine.
type role struct {
	*source
	service, created string
	// wanted forces the role although the resource names one.
	wanted   bool
	managed  []any
	policies []any
}

func newRole(r *source, service, created string) *role {
	return &role{source: r, service: service, created: created}
}

// attach adds a managed policy by its ARN, once.
func (r *role) attach(arn any) {
	for _, had := range r.managed {
		if hash(had) == hash(arn) {
			return
		}
	}
	r.managed = append(r.managed, arn)
}

func (r *role) attachService(name string) {
	r.attach(sub("arn:${AWS::Partition}:iam::aws:policy/service-role/" + name))
}

// allow adds an inline policy.
func (r *role) allow(name string, statements ...any) {
	r.policies = append(r.policies, map[string]any{"PolicyName": name, "PolicyDocument": document(statements)})
}

func document(statements []any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

func allow(actions []any, resource any) map[string]any {
	return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}
}

func trust(service string) map[string]any {
	return document([]any{map[string]any{"Effect": "Allow", "Action": []any{"sts:AssumeRole"}, "Principal": map[string]any{"Service": []any{service}}}})
}

// makeRole makes the function's role if the function names none.
func (f *function) makeRole() {
	if f.props["Role"] != nil && !f.role.wanted {
		return
	}
	r := f.role
	basic := []any{sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}
	r.managed = append(basic, r.managed...)
	if mode := f.props["Tracing"]; mode != nil && mode != "Disabled" {
		r.attach(sub("arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"))
	}
	if f.props["VpcConfig"] != nil {
		r.attachService("AWSLambdaVPCAccessExecutionRole")
	}
	if letter := mapping(f.props["DeadLetterQueue"]); letter != nil {
		if action, ok := map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}[text(letter["Type"])]; ok {
			r.allow("DeadLetterQueuePolicy", allow([]any{action}, letter["TargetArn"]))
		}
	}
	r.build()
}

// build makes the role resource from what was gathered and the Policies
// property.
func (r *role) build() {
	id := r.id + "Role"
	for i, policy := range list(r.props["Policies"]) {
		r.policy(policy, id+"Policy"+strconv.Itoa(i))
	}
	assume := r.props["AssumeRolePolicyDocument"]
	if assume == nil {
		assume = trust(r.service)
	}
	properties := map[string]any{
		"AssumeRolePolicyDocument": assume, "PermissionsBoundary": r.props["PermissionsBoundary"], "Path": r.props["RolePath"],
		"Tags": tagList(r.props["Tags"], r.created),
	}
	if r.props["PropagateTags"] == nil {
		properties["Tags"] = tagList(nil, r.created)
	}
	if len(r.managed) > 0 {
		properties["ManagedPolicyArns"] = r.managed
	}
	if len(r.policies) > 0 {
		properties["Policies"] = r.policies
	}
	r.make(id, "AWS::IAM::Role", properties)
}

// policy adds one entry of the Policies property: the name or ARN of a
// managed policy, a document, or a policy template with its parameters.
func (r *role) policy(v any, name string) {
	switch v := v.(type) {
	case string:
		r.attach(managedPolicy(v))
	case map[string]any:
		switch {
		case v["Statement"] != nil:
			doc := clone(v).(map[string]any)
			if doc["Version"] == nil {
				doc["Version"] = "2012-10-17"
			}
			r.policies = append(r.policies, map[string]any{"PolicyName": name, "PolicyDocument": doc})
		case v["Fn::If"] != nil && len(v) == 1:
			r.conditionalPolicy(list(v["Fn::If"]), name)
		case isIntrinsic(v):
			r.attach(v)
		default:
			r.templates(v, name)
		}
	}
}

// conditionalPolicy keeps the condition around whatever a branch turns into.
func (r *role) conditionalPolicy(branches []any, name string) {
	if len(branches) != 3 {
		return
	}
	for i, branch := range branches[1:] {
		one := &role{source: r.source}
		if mapping(branch)["Ref"] != "AWS::NoValue" {
			one.policy(branch, name)
		}
		wrap := func(v any) any {
			sides := []any{branches[0], ref("AWS::NoValue"), ref("AWS::NoValue")}
			sides[i+1] = v
			return map[string]any{"Fn::If": sides}
		}
		for _, arn := range one.managed {
			r.managed = append(r.managed, wrap(arn))
		}
		for _, policy := range one.policies {
			r.policies = append(r.policies, wrap(policy))
		}
	}
}

// templates adds policy templates: {"SQSPollerPolicy": {"QueueName": …}}.
func (r *role) templates(m map[string]any, name string) {
	for _, template := range keys(m) {
		statements, ok := policyTemplate(template, mapping(m[template]))
		if !ok {
			r.note(r.id, "the policy template "+strconv.Quote(template)+" is not known", "what the policy allows")
			continue
		}
		r.policies = append(r.policies, map[string]any{"PolicyName": name, "PolicyDocument": map[string]any{"Statement": statements}})
	}
}

// managedPolicy is the ARN of AWS's policy of this name.
func managedPolicy(name string) any {
	if strings.Contains(name, ":") || strings.Contains(name, "/") {
		return name
	}
	folder := ""
	if strings.HasPrefix(name, "AWSLambda") && (strings.HasSuffix(name, "Role") || strings.HasSuffix(name, "ManagementAccess")) || strings.HasSuffix(name, "ServiceRole") {
		folder = "service-role/"
	}
	return sub("arn:${AWS::Partition}:iam::aws:policy/" + folder + name)
}

// policyTemplate gives the statements of a policy template.
func policyTemplate(name string, parameters map[string]any) ([]any, bool) {
	var statements []any
	inside := false
	for line := range strings.Lines(policyText) {
		switch {
		case strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			if inside {
				return statements, true
			}
			inside = strings.Fields(line)[0] == name
		case inside:
			actions, resources, _ := strings.Cut(line, ">")
			statements = append(statements, policyStatement(strings.Fields(actions), resources, parameters))
		}
	}
	return statements, inside
}

func policyStatement(actions []string, resources string, parameters map[string]any) map[string]any {
	var acts, on []any
	for _, a := range actions {
		acts = append(acts, a)
	}
	for one := range strings.SplitSeq(resources, "|") {
		on = append(on, policyResource(strings.TrimSpace(one), parameters))
	}
	if len(on) == 1 {
		return allow(acts, on[0])
	}
	return allow(acts, on)
}

// policyResource writes out "service rest" as an ARN with the parameters in it.
func policyResource(s string, parameters map[string]any) any {
	service, rest, found := strings.Cut(s, " ")
	names := map[string]any{}
	for name, value := range parameters {
		if variable := "{" + name + "}"; strings.Contains(s, variable) {
			key := strings.ToLower(name[:1]) + name[1:]
			rest, service = strings.ReplaceAll(rest, variable, "${"+key+"}"), strings.ReplaceAll(service, variable, "${"+key+"}")
			names[key] = value
		}
	}
	switch {
	case !found && len(names) == 0:
		return s
	case !found:
		return subWith(service, names)
	}
	place := "${AWS::Region}:${AWS::AccountId}:"
	if service == "s3" || service == "route53" {
		place = "::"
	}
	arn := "arn:${AWS::Partition}:" + service + ":" + place + rest
	if len(names) == 0 {
		return sub(arn)
	}
	return subWith(arn, names)
}
