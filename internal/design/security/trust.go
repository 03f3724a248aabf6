package security

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// trust is who may assume a role.
type trust struct {
	// workloads are services that run the workload's own code or calls, platform
	// those whose work Azure does by itself.
	workloads, platform []string
	federated           []federation
	// accounts are principals of AWS accounts, users and roles.
	accounts []string
	// conditions are those on statements that let services or accounts in.
	conditions []string
}

// federation is one identity provider that is trusted.
type federation struct {
	provider string
	// issuer is the provider's address without scheme, "" for SAML.
	issuer string
	// subjects are the exact subjects, patterns those with a wildcard.
	subjects, patterns []string
	audience           string
}

func trustOf(c *design.Context, role *inventory.Resource) trust {
	var t trust
	for _, st := range policyOf(role.Properties["AssumeRolePolicyDocument"]) {
		if !st.allow {
			continue
		}
		for _, service := range st.services {
			name, _, _ := strings.Cut(service, ".amazonaws.com")
			if platformService(name) {
				t.platform = with(t.platform, name)
			} else {
				t.workloads = with(t.workloads, name)
			}
		}
		for _, p := range st.principals {
			t.accounts = with(t.accounts, p)
		}
		for _, p := range st.federated {
			t.federated = append(t.federated, federationOf(c, role, p, st.conditions))
		}
		if st.condition != "" && len(st.federated) == 0 {
			t.conditions = with(t.conditions, st.condition)
		}
	}
	slices.Sort(t.workloads)
	slices.Sort(t.platform)
	slices.Sort(t.accounts)
	return t
}

// platformService reports whether a service assumes roles for work that Azure
// does by itself, with rights of its own.
func platformService(name string) bool {
	switch name {
	case "backup", "config", "config-multiaccountsetup", "cloudtrail", "cloudformation", "vpc-flow-logs", "monitoring.rds", "rds", "autoscaling", "application-autoscaling",
		"ecs.application-autoscaling", "spotfleet", "spot", "dlm", "ssm", "ssm-incidents", "eks", "eks-fargate-pods", "eks-nodegroup", "ecs", "batch", "elasticloadbalancing",
		"delivery.logs", "logs", "guardduty", "inspector", "inspector2", "s3", "batchoperations.s3", "dms", "support", "trustedadvisor", "cognito-idp", "sns",
		"elasticbeanstalk", "opsworks", "codedeploy", "servicecatalog", "es", "opensearchservice", "dax", "datasync", "chatbot", "vmie", "imagebuilder",
		"securityhub", "macie", "auditmanager", "resource-groups", "ram", "sso", "organizations", "cloudwatch", "synthetics", "grafana", "cloudfront", "route53", "wafv2",
		"elasticache", "redshift", "scheduler.redshift", "events.rds", "autoscaling-plans", "lex", "export.rds", "ec2fleet", "transitgateway", "replicator.lambda":
		return true
	}
	return false
}

// federationOf reads one federated principal with the claims that the
// statement's condition asks for.
func federationOf(c *design.Context, role *inventory.Resource, principal string, conditions map[string]any) federation {
	f := federation{provider: principal}
	if r, ok := c.Find(role, principal, "AWS::IAM::OIDCProvider"); ok {
		f.issuer = strings.TrimPrefix(design.Text(r.Properties, "Url"), "https://")
		f.provider = r.Name
	}
	if _, rest, ok := strings.Cut(principal, ":oidc-provider/"); ok && f.issuer == "" {
		f.issuer = rest
	}
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		m, _ := conditions[operator].(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			issuer, claim, _ := cutLast(k, ":")
			values := design.Texts(m[k])
			switch claim {
			case "aud":
				f.audience = strings.Join(values, " ")
			case "sub":
				if f.issuer == "" || common.Unresolved(f.issuer) {
					f.issuer = issuer
				}
				f.split(values)
			}
		}
	}
	return f
}

// split parts exact subjects from patterns.
func (f *federation) split(subjects []string) {
	for _, s := range subjects {
		if strings.ContainsAny(s, "*?") || strings.Contains(s, "(redacted)") || common.Unresolved(s) {
			f.patterns = with(f.patterns, s)
		} else {
			f.subjects = with(f.subjects, s)
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// cluster reports whether the provider is the one of an EKS cluster.
func (f federation) cluster() bool {
	return strings.Contains(f.issuer, "oidc.eks.") || slices.ContainsFunc(append(slices.Clone(f.subjects), f.patterns...), func(s string) bool { return strings.HasPrefix(s, "system:serviceaccount:") })
}

// works reports whether anything of the workload assumes the role.
func (t trust) works() bool {
	if len(t.workloads) > 0 {
		return true
	}
	return slices.ContainsFunc(t.federated, func(f federation) bool { return f.issuer != "" && !strings.Contains(f.issuer, "saml") })
}
