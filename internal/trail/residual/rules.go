package residual

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

// Act is what a rule looks at: one call, request or conversation.
type Act struct {
	Principal, Identity, Session, Agent, Address, Via, Type string
	Service, Action, Resource                               string
}

// Rule tells acts apart. All fields that are set must match; "*" stands for any
// run of characters, and Address may be a block ("203.0.113.0/24").
type Rule struct {
	Name, Principal, Session, Agent, Address, Action, Resource string
}

// ParseRule reads "principal=*:role/audit,action=config:*": fields with their
// patterns, separated by commas. The fields are principal, session, agent,
// address, action ("service:Name"), resource, and name, which the result calls
// the rule by.
func ParseRule(text string) (Rule, error) {
	r := Rule{Name: text}
	set := 0
	for part := range strings.SplitSeq(text, ",") {
		field, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		to := r.field(field)
		if !ok || to == nil || value == "" {
			return Rule{}, fault.Newf(fault.Usage, "read rule %q: %q is no field with a pattern", text, part).
				Hintf("for example principal=*:role/audit; the fields are principal, session, agent, address, action, resource and name")
		}
		if *to = value; field != "name" {
			set++
		}
	}
	if set == 0 {
		return Rule{}, fault.Newf(fault.Usage, "read rule %q: it matches everything", text).Hintf("for example name=audit,principal=*:role/audit")
	}
	if strings.Contains(r.Address, "/") {
		if _, err := netip.ParsePrefix(r.Address); err != nil {
			return Rule{}, fault.Newf(fault.Usage, "read rule %q: %q is no block of addresses", text, r.Address).Hintf("for example address=203.0.113.0/24")
		}
	}
	return r, nil
}

func (r *Rule) field(name string) *string {
	switch name {
	case "name":
		return &r.Name
	case "principal":
		return &r.Principal
	case "session":
		return &r.Session
	case "agent":
		return &r.Agent
	case "address":
		return &r.Address
	case "action":
		return &r.Action
	case "resource":
		return &r.Resource
	}
	return nil
}

func (r *Rule) matches(a *Act) bool {
	return like(r.Principal, a.Principal) && like(r.Session, a.Session) && like(r.Agent, a.Agent) && within(r.Address, a.Address) &&
		(r.Action == "" || like(r.Action, a.Service+":"+a.Action)) && like(r.Resource, a.Resource)
}

func within(block, address string) bool {
	if !strings.Contains(block, "/") {
		return like(block, address)
	}
	p, err := netip.ParsePrefix(block)
	a, wrong := netip.ParseAddr(address)
	return err == nil && wrong == nil && p.Contains(a.Unmap())
}

// like reports whether a text matches a pattern; an empty one matches all.
func like(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// The numbers of the built-in rules; expected users follow. 0 is use.
const (
	ruleNone uint16 = iota
	ruleLandfall
	ruleService
	ruleLinked
	ruleInvoked
	ruleNetwork
	ruleNoise
	ruleBalancer
	ruleExpected
)

// builtIn names the rules in the order of their numbers.
func builtIn() []RuleCount {
	return []RuleCount{
		{Name: "landfall", About: "Landfall itself: its application id in the user agent, or an identity that the inventory marks as the operator's"},
		{Name: "aws-service", About: "an AWS service acting in its own name: identity type AWSService, or an event of the service itself"},
		{Name: "service-linked-role", About: "a role below aws-service-role/, which only the service that it is linked to can take"},
		{Name: "invoked-by-aws", About: "an AWS service acting by itself with a role of the account (invokedBy, or a service's name as source address); services that carry a caller's own request count as use"},
		{Name: "aws-network", About: "traffic with the addresses that AWS keeps in every VPC: names, time, metadata, credentials"},
		{Name: "refused-from-outside", About: "connections from public addresses that were turned away or never answered, which every public address gets"},
		{Name: "from-balancer", About: "connections from a load balancer to its targets: health checks look the same as requests, which are counted at the balancer"},
	}
}

// ruler tells acts apart.
type ruler struct {
	expect   []Rule
	operator func(principal string) bool
	carriers []string
}

func newRuler(expect []Rule, operator func(string) bool) *ruler {
	return &ruler{expect: expect, operator: operator, carriers: carriers()}
}

// carriers are services that call others with the request of somebody else in
// hand (IAM user guide, "Forward access sessions"): what they do for a
// principal is that principal's use.
func carriers() []string {
	return strings.Fields("athena glue redshift redshift-data redshift-serverless elasticmapreduce emr-serverless quicksight lakeformation secretsmanager s3 fas.s3 dynamodb sqs sns kinesis firehose lambda " +
		"states apigateway appsync events scheduler pipes ssm cloudformation codepipeline codebuild codedeploy ecs ecs-tasks batch ses logs ecr rds-data bedrock sagemaker transfer kafka textract " +
		"rekognition comprehend transcribe workspaces appstream servicecatalog amplify elasticbeanstalk opsworks eks imagebuilder datasync dms")
}

// rule returns the number of the rule that tells an act apart, 0 for use.
func (r *ruler) rule(a *Act) uint16 {
	if strings.Contains(a.Agent, "app/landfall") || strings.HasPrefix(a.Agent, "landfall") || r.operator != nil && r.operator(a.Principal) {
		return ruleLandfall
	}
	for i := range r.expect {
		if r.expect[i].matches(a) {
			return ruleExpected + uint16(i)
		}
	}
	switch {
	case a.Identity == "AWSService", a.Type == "AwsServiceEvent", strings.HasSuffix(a.Principal, ".amazonaws.com"):
		return ruleService
	case strings.Contains(a.Principal, ":role/aws-service-role/"):
		return ruleLinked
	case r.ownWill(a.Via) || r.ownWill(a.Address):
		return ruleInvoked
	}
	return ruleNone
}

// ownWill reports whether a name is that of a service which acts by itself.
func (r *ruler) ownWill(name string) bool {
	if name == "AWS Internal" {
		return true
	}
	service, ok := strings.CutSuffix(name, ".amazonaws.com")
	return ok && !slices.Contains(r.carriers, service)
}

// name is what the result calls a rule by.
func (r *ruler) name(number uint16) string {
	switch {
	case number == ruleNone:
		return ""
	case number >= ruleExpected:
		return r.expect[number-ruleExpected].Name
	}
	return builtIn()[number-1].Name
}

// list gives all rules with their counts.
func (r *ruler) list(counts map[uint16]int64) []RuleCount {
	list := builtIn()
	for i := range r.expect {
		list = append(list, RuleCount{Name: r.expect[i].Name, About: "expected: " + r.expect[i].String()})
	}
	for i := range list {
		list[i].Events = counts[uint16(i+1)]
	}
	return list
}

// String is the rule as ParseRule reads it, without its name.
func (r Rule) String() string {
	var parts []string
	for _, name := range []string{"principal", "session", "agent", "address", "action", "resource"} {
		if v := *r.field(name); v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	return strings.Join(parts, ",")
}

// telling reports whether what a rule tells apart shows that something may run
// with the resource all the same: Lambda taking a function's role is AWS's own
// call, and means that the function is called.
func telling(rule uint16, principal, action string) bool {
	if rule == ruleBalancer {
		return true
	}
	if rule != ruleService || action != "AssumeRole" {
		return false
	}
	switch strings.TrimSuffix(principal, ".amazonaws.com") {
	case "lambda", "ecs-tasks", "states", "events", "scheduler", "pipes", "apigateway", "glue", "batch", "ec2", "codebuild", "sagemaker", "firehose", "appsync":
		return true
	}
	return false
}
