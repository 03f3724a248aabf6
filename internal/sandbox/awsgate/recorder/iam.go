package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	typeRole    = "AWS::IAM::Role"
	typeUser    = "AWS::IAM::User"
	typePolicy  = "AWS::IAM::Policy"
	typeIAM     = "AWS::IAM::Group"
	typeProfile = "AWS::IAM::InstanceProfile"
)

type iamReader struct {
	*reader
	client *iam.Client
}

func (r *reader) iam() family {
	i := iamReader{r, iam.NewFromConfig(r.config)}
	return family{name: "iam", services: []string{"iam"}, kinds: []kind{
		{[]string{typeRole, typeUser, typeIAM}, i.principals},
		{[]string{typePolicy}, i.policies},
		{[]string{typeProfile}, i.profiles},
	}}
}

// global returns the beginning of an item of a service without regions.
func (r *reader) global(kind, id, name, arn string) item {
	it := r.item(kind, id, name, arn)
	it.region = regionGlobal
	return it
}

func iamTags(tags []types.Tag) map[string]string {
	return tagged(tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
}

func (it *item) attachedPolicies(policies []types.AttachedPolicy) {
	for _, policy := range policies {
		it.relate(attachedTo, typePolicy, text(policy.PolicyArn))
	}
}

// principals reads roles, users and groups with their policies in one call.
func (i iamReader) principals(ctx context.Context) ([]item, error) {
	var items []item
	in := &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole, types.EntityTypeUser, types.EntityTypeGroup}}
	err := pages(ctx, iam.NewGetAccountAuthorizationDetailsPaginator(i.client, in), func(out *iam.GetAccountAuthorizationDetailsOutput) {
		for _, one := range out.RoleDetailList {
			it := i.global(typeRole, text(one.RoleId), text(one.RoleName), text(one.Arn))
			it.created, it.tags = when(one.CreateDate), iamTags(one.Tags)
			it.configuration = without(camel(one), "roleLastUsed")
			it.attachedPolicies(one.AttachedManagedPolicies)
			items = append(items, it)
		}
		for _, one := range out.UserDetailList {
			it := i.global(typeUser, text(one.UserId), text(one.UserName), text(one.Arn))
			it.created, it.tags, it.configuration = when(one.CreateDate), iamTags(one.Tags), camel(one)
			it.attachedPolicies(one.AttachedManagedPolicies)
			for _, group := range one.GroupList {
				it.relate(associated, typeIAM, group)
			}
			items = append(items, it)
		}
		for _, one := range out.GroupDetailList {
			it := i.global(typeIAM, text(one.GroupId), text(one.GroupName), text(one.Arn))
			it.created, it.configuration = when(one.CreateDate), camel(one)
			it.attachedPolicies(one.AttachedManagedPolicies)
			items = append(items, it)
		}
	})
	return items, err
}

// policies reads the policies of the account; AWS's own are no resources of it.
func (i iamReader) policies(ctx context.Context) ([]item, error) {
	var items []item
	in := &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}
	err := pages(ctx, iam.NewListPoliciesPaginator(i.client, in), func(out *iam.ListPoliciesOutput) {
		for _, one := range out.Policies {
			it := i.global(typePolicy, text(one.PolicyId), text(one.PolicyName), text(one.Arn))
			it.created, it.configuration = when(one.CreateDate), camel(one)
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for n := range items {
		if err := i.policyVersions(ctx, &items[n]); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// policyVersions adds documents and tags, which the listing leaves out.
func (i iamReader) policyVersions(ctx context.Context, it *item) error {
	versions, err := i.client.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &it.arn})
	if err != nil {
		return err
	}
	list := []any{}
	for _, version := range versions.Versions {
		out, err := i.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &it.arn, VersionId: version.VersionId})
		if err != nil {
			return err
		}
		list = append(list, camel(out.PolicyVersion))
	}
	it.configuration["policyVersionList"] = list
	tags, err := i.client.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: &it.arn})
	if err != nil {
		return err
	}
	it.tags = iamTags(tags.Tags)
	return nil
}

func (i iamReader) profiles(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, iam.NewListInstanceProfilesPaginator(i.client, &iam.ListInstanceProfilesInput{}), func(out *iam.ListInstanceProfilesOutput) {
		for _, one := range out.InstanceProfiles {
			name := text(one.InstanceProfileName)
			it := i.global(typeProfile, name, name, text(one.Arn))
			it.created, it.tags = when(one.CreateDate), iamTags(one.Tags)
			roles := []any{}
			for _, role := range one.Roles {
				roles = append(roles, text(role.RoleName))
				it.relate(associated, typeRole, text(role.RoleId))
			}
			it.configuration = map[string]any{"InstanceProfileName": name, "Path": text(one.Path), "Arn": it.arn, "Roles": roles}
			items = append(items, it)
		}
	})
	return items, err
}
