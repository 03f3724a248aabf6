package security

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// handing works out what the source shows that roles may do beside their
// policies.
type handing struct {
	c  *design.Context
	s  *state
	by map[cloud.ResourceID]verdict
}

// handedTo returns what a role may do at the source by other words than its own
// policies: those of a resource's policy that names it, and those without which
// AWS takes no mapping, destination, image or secret that runs under it (Lambda
// Developer Guide, "Defining Lambda function permissions with an execution
// role"; Amazon ECS Developer Guide, "Amazon ECS task execution IAM role").
func (s *state) handedTo(c *design.Context, role cloud.ResourceID) verdict {
	if s.handed == nil {
		h := &handing{c: c, s: s, by: map[cloud.ResourceID]verdict{}}
		h.functions()
		h.tasks()
		h.entries()
		h.policies()
		s.handed = h.by
	}
	return s.handed[role]
}

func (h *handing) add(role, on *inventory.Resource, actions ...string) {
	if role == nil || on == nil {
		return
	}
	v, ok := h.by[role.ID]
	if !ok {
		v = verdict{may: map[permission]*allowed{}}
		h.by[role.ID] = v
	}
	for _, action := range actions {
		v.may[permission{action: action, on: on.ID}] = &allowed{resource: on, tails: []string{"*"}, conditions: []string{""}}
	}
}

func (h *handing) role(r *inventory.Resource, property string) *inventory.Resource {
	found, _ := h.c.Find(r, design.At(r.Properties, property), "AWS::IAM::Role")
	return found
}

// roleOfFunction follows aliases and versions to the function.
func (h *handing) roleOfFunction(r *inventory.Resource) *inventory.Resource {
	for range 3 {
		next, ok := h.c.Find(r, r.Properties["FunctionName"], "AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version")
		if !ok {
			return nil
		}
		if next.Kind == "AWS::Lambda::Function" {
			return h.role(next, "Role")
		}
		r = next
	}
	return nil
}

func (h *handing) functions() {
	for _, m := range h.c.OfKind("AWS::Lambda::EventSourceMapping") {
		role := h.roleOfFunction(m)
		source, ok := h.c.Find(m, m.Properties["EventSourceArn"], "AWS::SQS::Queue", "AWS::Kinesis::Stream", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
		if ok {
			h.add(role, source, map[string][]string{"SQS": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
				"Kinesis": {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"}, "DynamoDB": {"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"}}[source.Kind.Service()]...)
		}
		h.sends(m, role, "DestinationConfig.OnFailure.Destination")
	}
	for _, i := range h.c.OfKind("AWS::Lambda::EventInvokeConfig") {
		for _, property := range []string{"DestinationConfig.OnSuccess.Destination", "DestinationConfig.OnFailure.Destination"} {
			h.sends(i, h.roleOfFunction(i), property)
		}
	}
	for _, f := range h.c.OfKind("AWS::Lambda::Function") {
		role := h.role(f, "Role")
		h.sends(f, role, "DeadLetterConfig.TargetArn")
		h.pulls(f, role, design.At(f.Properties, "Code.ImageUri"))
		variables, _ := design.At(f.Properties, "Environment.Variables").(map[string]any)
		for _, value := range variables {
			h.resolves(f, role, value)
		}
	}
}

func (h *handing) sends(r, role *inventory.Resource, property string) {
	if to, ok := h.c.Find(r, design.At(r.Properties, property), "AWS::SQS::Queue", "AWS::SNS::Topic"); ok {
		h.add(role, to, map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}[to.Kind.Service()])
	}
}

func (h *handing) pulls(r, role *inventory.Resource, image any) {
	if repository, ok := h.c.Find(r, image, "AWS::ECR::Repository"); ok {
		h.add(role, repository, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
	}
}

// resolves is a variable whose secret CloudFormation writes into it: who gets
// the variable has the secret (CloudFormation User Guide, "Get values stored in
// other services using dynamic references").
func (h *handing) resolves(r, role *inventory.Resource, value any) {
	text, _ := value.(string)
	inner, ok := strings.CutPrefix(text, "{{resolve:")
	if _, rest, cut := strings.Cut(strings.TrimSuffix(inner, "}}"), ":"); ok && cut {
		rest, _, _ = strings.Cut(rest, ":SecretString")
		if !h.reads(r, role, rest) {
			if at := strings.LastIndexByte(rest, ':'); at > 0 {
				h.reads(r, role, rest[:at])
			}
		}
	}
}

func (h *handing) reads(r, role *inventory.Resource, ref any) bool {
	found, ok := h.c.Find(r, ref, "AWS::SecretsManager::Secret", "AWS::SSM::Parameter")
	if ok {
		h.add(role, found, map[string]string{"SecretsManager": "secretsmanager:GetSecretValue", "SSM": "ssm:GetParameters"}[found.Kind.Service()])
	}
	return ok
}

func (h *handing) tasks() {
	for _, task := range h.c.OfKind("AWS::ECS::TaskDefinition") {
		role := h.role(task, "ExecutionRoleArn")
		for _, d := range design.Maps(task.Properties["ContainerDefinitions"]) {
			h.pulls(task, role, d["Image"])
			for _, e := range design.Maps(d["Environment"]) {
				h.resolves(task, role, e["Value"])
			}
			for _, secret := range design.Maps(d["Secrets"]) {
				h.reads(task, role, secret["ValueFrom"])
			}
		}
	}
	for _, service := range h.c.OfKind("AWS::AppRunner::Service") {
		role := h.role(service, "InstanceConfiguration.InstanceRoleArn")
		h.pulls(service, role, design.At(service.Properties, "SourceConfiguration.ImageRepository.ImageIdentifier"))
		for _, secret := range design.Maps(design.At(service.Properties, "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentSecrets")) {
			h.reads(service, role, secret["Value"])
		}
	}
}

// byEntry stands for what an access entry of a cluster allows inside of it.
const byEntry = "eks:AccessEntry"

func (h *handing) entries() {
	for _, e := range h.c.OfKind("AWS::EKS::AccessEntry") {
		if cluster, ok := h.c.Find(e, e.Properties["ClusterName"], "AWS::EKS::Cluster"); ok {
			h.add(h.role(e, "PrincipalArn"), cluster, byEntry)
		}
	}
}

func (h *handing) policies() {
	for _, p := range h.c.OfKind("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy") {
		statements := policyOf(p.Properties["PolicyDocument"])
		roles := []*inventory.Resource{}
		for _, st := range statements {
			for _, name := range st.principals {
				if role, ok := h.c.Find(p, name, "AWS::IAM::Role"); ok && st.allow && !slices.Contains(roles, role) {
					roles = append(roles, role)
				}
			}
		}
		for _, role := range roles {
			own := slices.DeleteFunc(slices.Clone(statements), func(st statement) bool {
				return st.allow && !slices.ContainsFunc(st.principals, func(name string) bool { found, ok := h.c.Find(p, name, "AWS::IAM::Role"); return ok && found == role })
			})
			for may, by := range h.s.evaluate(h.c, []document{{name: p.Name, from: p, statements: own}}).may {
				if by.resource != nil && slices.Contains(by.conditions, "") && slices.Contains(by.tails, "*") {
					h.add(role, by.resource, may.action)
				}
			}
		}
	}
}
