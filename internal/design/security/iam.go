package security

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

const (
	identityKind   cloud.Kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
	federatedKind  cloud.Kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
	definitionKind cloud.Kind = "Microsoft.Authorization/roleDefinitions"
	assignmentKind cloud.Kind = "Microsoft.Authorization/roleAssignments"

	identityPage = "Microsoft Learn, Compare AWS and Azure identity management solutions"
)

func iamRules() []design.Rule {
	return []design.Rule{
		{Name: "iam/role", Kinds: []cloud.Kind{"AWS::IAM::Role"}, Stage: design.Identities, Source: identityPage,
			Targets: []cloud.Kind{identityKind, federatedKind, definitionKind, assignmentKind}, Apply: role},
		{Name: "iam/instance-profile", Kinds: []cloud.Kind{"AWS::IAM::InstanceProfile"}, Stage: design.Identities, Source: identityPage, Apply: instanceProfile},
		{Name: "iam/policy", Kinds: []cloud.Kind{"AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"}, Stage: design.Access,
			Source: "Microsoft Learn, Steps to assign an Azure role", Targets: []cloud.Kind{definitionKind, assignmentKind}, Apply: policy},
		{Name: "iam/user", Kinds: []cloud.Kind{"AWS::IAM::User"}, Stage: design.Access, Source: identityPage, Apply: user},
		{Name: "iam/oidc-provider", Kinds: []cloud.Kind{"AWS::IAM::OIDCProvider"}, Stage: design.Identities, Source: "Microsoft Learn, Workload identity federation", Apply: oidcProvider},
	}
}

// role gives a workload role a user-assigned identity. What the role may do
// becomes role assignments when all targets are there: see grants.
func role(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("RoleName", "Path", "RoleId", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "PermissionsBoundary", "CreateDate")
	if slices.Contains(r.Marks, inventory.ServiceLinked) {
		s.Decide(design.Retire, common.LikeForLike, "a service of AWS made %s for itself", r.Name)
		return s.Done()
	}
	t := trustOf(c, r)
	if s.Has("MaxSessionDuration") && s.Int("MaxSessionDuration", 3600) != 3600 {
		s.Meets("iam.session", "MaxSessionDuration")
	}
	switch {
	case t.works():
		id := c.Put(design.Target{Type: identityKind, Base: r.Name, Model: identities.Identity{}}, r)
		s.Decide(design.Migrate, common.NamedGaps, "%s %s, so a user-assigned identity takes its place; %s and %s become role assignments",
			trusted(t), r.Name, common.Count(len(design.Maps(r.Properties["Policies"])), "inline policy"), common.Count(len(design.List(r.Properties["ManagedPolicyArns"])), "managed policy"))
		s.Not("a system-assigned identity", "it comes and goes with one resource, and a role is shared by all that assume it")
		s.Not("a service principal with a secret", "it has a credential that someone has to keep and renew")
		federate(s, t, id)
		s.EffortDays = 0.25
	case len(t.accounts) > 0 || len(t.federated) > 0:
		s.Decide(design.Manual, common.Redesign, "%s is assumed by people or by other accounts (%s), which no managed identity stands for", r.Name, strings.Join(outsiders(t), ", "))
		s.Do("decide who assumes %s today: give people a Microsoft Entra group with an eligible role, and other systems a federated identity or a service principal of their own", r.Name)
	case len(t.platform) > 0:
		s.Decide(design.Retire, common.LikeForLike, "only %s %s, for work that Azure does with rights of its own", assume(t.platform), r.Name)
	default:
		s.Decide(design.Manual, common.Guess, "nothing says who assumes %s", r.Name)
		s.Do("find out who assumes %s, or retire it", r.Name)
	}
	strangers(s, t)
	return s.Done()
}

func trusted(t trust) string {
	names := slices.Clone(t.workloads)
	for _, f := range t.federated {
		names = with(names, f.provider)
	}
	return assume(names)
}

// assume joins who does so with the verb.
func assume(names []string) string {
	if len(names) == 1 {
		return names[0] + " assumes"
	}
	return strings.Join(names, ", ") + " assume"
}

func outsiders(t trust) []string {
	names := slices.Clone(t.accounts)
	for _, f := range t.federated {
		names = with(names, f.provider)
	}
	return names
}

// strangers reports principals beside those that the identity stands for.
func strangers(s *common.Sheet, t trust) {
	if len(t.accounts) > 0 {
		s.Meets("iam.cross-account", "AssumeRolePolicyDocument")
		s.C.Finding(design.Finding{ID: "identity.trust." + s.R.Name, Severity: design.Medium, About: []cloud.ResourceID{s.R.ID},
			Text: fmt.Sprintf("role %s may be assumed by %s", s.R.Name, strings.Join(t.accounts, ", ")),
			Do:   "give those principals an identity and a role assignment of their own, or let them stay at AWS"})
	}
	if len(t.conditions) > 0 {
		s.Gap("iam.trust-condition", strings.Join(t.conditions, "; "))
	}
	for _, f := range t.federated {
		if f.issuer == "" {
			s.Gap("iam.saml", f.provider)
		}
	}
}

func instanceProfile(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("InstanceProfileName", "Path")
	roles := c.FindAll(r, s.At("Roles"), "AWS::IAM::Role")
	for _, found := range roles {
		if id, ok := c.TargetOf(found, identityKind); ok {
			c.Attach(r, id)
			s.Decide(design.Replace, common.LikeForLike, "a machine carries the identity of role %s itself; Azure has nothing between the two", found.Name)
			return s.Done()
		}
	}
	s.Decide(design.Retire, common.NamedGaps, "its role has no identity at the target, so no machine carries one")
	return s.Done()
}

func policy(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("PolicyName", "ManagedPolicyName", "PolicyArn", "PolicyId", "Path", "PolicyDocument", "Roles", "RoleName", "DefaultVersionId", "CreateDate", "UpdateDate", "IsAttachable",
		"AttachmentCount", "PermissionsBoundaryUsageCount", "AttachedTo")
	if slices.Contains(r.Marks, inventory.Default) {
		s.Decide(design.Retire, common.LikeForLike, "AWS writes %s; what it allows is counted where a role uses it", r.Name)
		return s.Done()
	}
	statements := policyOf(r.Properties["PolicyDocument"])
	s.Decide(design.Replace, common.NamedGaps, "%s says in %s what roles may do; for each role that has it that becomes role assignments on the resources named", r.Name, common.Count(len(statements), "statement"))
	for _, st := range statements {
		if !st.allow {
			s.Gap("iam.deny", strings.Join(st.actions, ", "))
		}
		if st.condition != "" {
			s.Gap("iam.condition", st.condition)
		}
		if st.notActions || st.notResources || slices.Contains(st.actions, "*") {
			s.Gap("iam.wildcard", strings.Join(st.actions, ", ")+negated(st))
		}
	}
	for _, property := range []string{"Users", "Groups"} {
		if s.Has(property) {
			s.Do("give the people of %s=%s what %s allows by a role assignment of their Microsoft Entra group", property, common.Shown(s.At(property)), r.Name)
		}
	}
	return s.Done()
}

func user(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("UserName", "Path", "UserId", "CreateDate")
	keys := c.Referring(r, "AWS::IAM::AccessKey", "UserName")
	s.Decide(design.Manual, common.Redesign, "%s is a user of AWS with %s; people and programs sign in to Microsoft Entra instead, and no key goes along", r.Name, common.Count(len(keys), "access key"))
	if s.Has("LoginProfile") {
		s.Do("invite the person behind %s to Microsoft Entra and put them into a group", r.Name)
	}
	s.Do("find what uses the access keys of %s: inside the workload it takes a managed identity, outside a federated identity or an app registration", r.Name)
	for _, property := range []string{"Policies", "ManagedPolicyArns", "Groups", "PermissionsBoundary"} {
		if s.Has(property) {
			s.Do("give the successor of %s what %s=%s allows", r.Name, property, common.Shown(s.At(property)))
		}
	}
	s.EffortDays = 0.5
	return s.Done()
}

func oidcProvider(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ThumbprintList")
	url := s.Text("Url")
	s.Decide(design.Replace, common.NamedGaps, "an identity at the target trusts %s by a federated credential of its own, for each subject", url)
	if list := s.Texts("ClientIdList"); len(list) > 0 && !slices.Contains(list, "sts.amazonaws.com") {
		s.Do("ask %s for tokens with the audience %q; the credentials accept no other", url, entraAudience)
	}
	return s.Done()
}
