package security

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

//go:embed rights.tsv
var rightsTSV string

//go:embed managed.tsv
var managedTSV string

// Where a right is given, besides the kind of a target.
const (
	onGroup = "group"
	needed  = "-" // nothing is needed
	none    = "!" // no role grants it
)

// right is one line of the table for one AWS action.
type right struct {
	service, action string
	target          cloud.Kind
	operations      []string
	note            string
}

// rights is the table of AWS actions, by "service:action" in lower case.
type rights struct {
	byAction map[string][]right
	// actions are the names of a service's actions in their own capitals.
	actions map[string][]string
	// universe are all operations that a kind of target is granted.
	universe map[cloud.Kind][]string
	// managed are the policies that AWS writes, by name.
	managed map[string][]string
}

func loadRights() (*rights, error) {
	t := &rights{byAction: map[string][]right{}, actions: map[string][]string{}, universe: map[cloud.Kind][]string{}, managed: map[string][]string{}}
	err := eachRow(rightsTSV, 5, func(cells []string) {
		var operations []string
		if cells[3] != "-" {
			operations = strings.Fields(cells[3])
		}
		target := cloud.Kind(cells[2])
		for _, op := range operations {
			if !slices.Contains(t.universe[target], op) {
				t.universe[target] = append(t.universe[target], op)
			}
		}
		for _, action := range strings.Fields(cells[1]) {
			key := strings.ToLower(cells[0] + ":" + action)
			if len(t.byAction[key]) == 0 {
				t.actions[cells[0]] = append(t.actions[cells[0]], action)
			}
			t.byAction[key] = append(t.byAction[key], right{cells[0], action, target, operations, strings.Trim(cells[4], ".")})
		}
	})
	if err != nil {
		return nil, err
	}
	return t, eachRow(managedTSV, 2, func(cells []string) { t.managed[cells[0]] = strings.Fields(cells[1]) })
}

func eachRow(text string, width int, visit func(cells []string)) error {
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != width || slices.Contains(cells, "") {
			return fmt.Errorf("line %d: want %d cells that say something", n+1, width)
		}
		visit(cells)
	}
	return nil
}

// expand returns the actions of the table that a pattern means, as
// "service:Action", in order. A name without a pattern that the table lacks
// is itself.
func (t *rights) expand(pattern string) []string {
	service, name, ok := strings.Cut(pattern, ":")
	if !ok && pattern != "*" {
		return []string{pattern}
	}
	var out []string
	for s, actions := range t.actions {
		if pattern != "*" && !matches(strings.ToLower(service), s) {
			continue
		}
		for _, a := range actions {
			if pattern == "*" || matches(strings.ToLower(name), strings.ToLower(a)) {
				out = append(out, s+":"+a)
			}
		}
	}
	slices.Sort(out)
	if len(out) == 0 && !strings.ContainsAny(pattern, "*?") {
		return []string{pattern}
	}
	return out
}

// onNothing reports whether the resource that an action is allowed on makes no
// difference at the target.
func (t *rights) onNothing(action string) bool {
	rows := t.byAction[strings.ToLower(action)]
	return len(rows) > 0 && (rows[0].target == needed || rows[0].target == none || rows[0].target == onGroup)
}

// everywhere reports whether a statement names an action that knows no single
// resource: to list or describe, a policy has to say "*" (AWS Service
// Authorization Reference, "Resource types").
func (t *rights) everywhere(action string, st statement) bool {
	all := slices.ContainsFunc(st.resources, func(p string) bool { return p == "*" || strings.HasSuffix(p, ":*") })
	return all || (st.allow && t.byAction[strings.ToLower(action)][0].target != onGroup)
}

// matches is IAM's own matching: * for any run of characters, ? for one (IAM
// User Guide, "Policy elements: Resource").
func matches(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// holds reports whether resources of a kind hold what rights are given on.
func holds(kind cloud.Kind) bool {
	kinds, _ := kindsOf(arnService(kind))
	return slices.Contains(kinds, kind) || kind == "AWS::CertificateManager::Certificate"
}

// kindsOf are the kinds that a service's actions are about, with what stands
// before the name in the last part of their ARN.
func kindsOf(service string) (kinds []cloud.Kind, prefix string) {
	switch service {
	case "s3":
		return []cloud.Kind{"AWS::S3::Bucket"}, ""
	case "sqs":
		return []cloud.Kind{"AWS::SQS::Queue"}, ""
	case "sns":
		return []cloud.Kind{"AWS::SNS::Topic"}, ""
	case "dynamodb":
		return []cloud.Kind{"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}, "table/"
	case "secretsmanager":
		return []cloud.Kind{"AWS::SecretsManager::Secret"}, "secret:"
	case "ssm":
		return []cloud.Kind{"AWS::SSM::Parameter"}, "parameter/"
	case "kms":
		return []cloud.Kind{"AWS::KMS::Key", "AWS::KMS::ReplicaKey"}, "key/"
	case "kinesis":
		return []cloud.Kind{"AWS::Kinesis::Stream"}, "stream/"
	case "firehose":
		return []cloud.Kind{"AWS::KinesisFirehose::DeliveryStream"}, "deliverystream/"
	case "ecr":
		return []cloud.Kind{"AWS::ECR::Repository"}, "repository/"
	case "events":
		return []cloud.Kind{"AWS::Events::EventBus"}, "event-bus/"
	case "states":
		return []cloud.Kind{"AWS::StepFunctions::StateMachine"}, "stateMachine:"
	case "logs":
		return []cloud.Kind{"AWS::Logs::LogGroup"}, "log-group:"
	case "iam":
		return []cloud.Kind{"AWS::IAM::Role"}, "role/"
	case "ec2":
		return []cloud.Kind{"AWS::EC2::Instance"}, "instance/"
	case "eks":
		return []cloud.Kind{"AWS::EKS::Cluster"}, "cluster/"
	case "route53":
		return []cloud.Kind{"AWS::Route53::HostedZone"}, "hostedzone/"
	}
	return nil, ""
}
