package kinds

import (
	"slices"
	"strings"

	"example.com/landfall/internal/inventory"
)

// iamRules are those of IAM. The descriptions of the whole account
// (GetAccountAuthorizationDetails) name the parts otherwise than the calls for
// one thing do; both are known here.
func iamRules() []Rule {
	inline := func(list string) map[string]string {
		return map[string]string{
			list:                                  "Policies",
			"AttachedManagedPolicies[].PolicyArn": "ManagedPolicyArns[]",
			"AttachedPolicies[].PolicyArn":        "ManagedPolicyArns[]",
			"PermissionsBoundary.PermissionsBoundaryArn": "PermissionsBoundary",
		}
	}
	user := inline("UserPolicyList")
	user["GroupList[]"] = "Groups[]"
	return []Rule{
		{
			Kind: "AWS::IAM::Role", Move: inline("RolePolicyList"), Drop: []string{"RoleLastUsed", "InstanceProfileList"},
			Unordered: []string{"ManagedPolicyArns", "Policies"}, Shape: iamAttached, ID: idAt("Arn", "RoleName"), Name: nameAt("RoleName"),
			Aliases: []string{"RoleName", "RoleId"}, Marks: begins(inventory.ServiceLinked, "Path", "/aws-service-role/"),
		},
		{
			Kind: "AWS::IAM::User", Move: user, Drop: []string{"PasswordLastUsed"},
			Unordered: []string{"ManagedPolicyArns", "Policies", "Groups"}, Shape: iamAttached, ID: idAt("Arn", "UserName"), Name: nameAt("UserName"),
			Aliases: []string{"UserName", "UserId"}, Marks: iamOperator,
		},
		{
			Kind: "AWS::IAM::Group", Move: inline("GroupPolicyList"), Unordered: []string{"ManagedPolicyArns", "Policies"},
			Shape: iamAttached, ID: idAt("Arn", "GroupName"), Name: nameAt("GroupName"), Aliases: []string{"GroupName", "GroupId"},
		},
		{
			Kind: "AWS::IAM::ManagedPolicy", Move: map[string]string{"Arn": "PolicyArn", "PolicyName": "ManagedPolicyName"},
			Drop: []string{"AttachmentCount", "PermissionsBoundaryUsageCount", "PolicyVersionList"}, Shape: shapes(iamDefaultVersion, iamDocuments, lastOf("PolicyArn", "/", "ManagedPolicyName")),
			ID: idAt("PolicyArn", "ManagedPolicyName"), Name: nameAt("ManagedPolicyName"), Aliases: []string{"ManagedPolicyName"}, Marks: iamManagedByAWS,
		},
		{
			Kind: "AWS::IAM::InstanceProfile", Move: map[string]string{"Roles[].RoleName": "Roles[]"}, Shape: iamProfile, ID: idAt("Arn", "InstanceProfileName"),
			Name: nameAt("InstanceProfileName"), Aliases: []string{"InstanceProfileName", "InstanceProfileId"},
		},
		{
			// The id of a key is half of a credential: its end is enough to tell a
			// user's two keys apart, as AWS's own console does.
			Kind: "AWS::IAM::AccessKey", Move: map[string]string{"AccessKeyId": "Id"}, Drop: []string{"SecretAccessKey"}, Shape: iamKey,
			ID: func(r *Reading) string {
				return ownerARN("AWS::IAM::User", r, "UserName") + "|access-key|" + r.said("Id")
			}, Name: nameAt("Id"),
			Marks: when(inventory.Operator, "UserName", operatorUser),
		},
		{Kind: "AWS::IAM::OIDCProvider", ID: idAt("Arn"), Name: func(r *Reading) string { return r.said("Url") }},
		{Kind: "AWS::IAM::SAMLProvider", ID: idAt("Arn", "Name"), Shape: lastOf("Arn", "/", "Name"), Name: nameAt("Name")},
		{
			Kind: "AWS::IAM::ServerCertificate", Move: map[string]string{"ServerCertificateMetadata.Arn": "Arn"}, ID: idAt("Arn", "ServerCertificateName"), Name: nameAt("ServerCertificateName"),
		},
	}
}

// operatorUser is the identity that Landfall's own guide has people make.
const operatorUser = "landfall-operator"

// iamOperator marks the operator's own identity by its tag or name.
func iamOperator(r *Reading) []inventory.Mark {
	if r.said("UserName") == operatorUser || r.Tags["landfall:role"] == "operator" {
		return []inventory.Mark{inventory.Operator}
	}
	return nil
}

// iamManagedByAWS: AWS's own policies have the account "aws" in their ARN.
func iamManagedByAWS(r *Reading) []inventory.Mark {
	if strings.Contains(r.said("PolicyArn"), ":iam::aws:policy/") {
		return []inventory.Mark{inventory.Default}
	}
	return nil
}

// iamDefaultVersion takes the document of the version that is in force.
func iamDefaultVersion(r *Reading) {
	if r.Properties["PolicyDocument"] != nil {
		return
	}
	for _, v := range objectsAt(r.Item, "PolicyVersionList") {
		if isDefault, _ := within(v, "IsDefaultVersion").(bool); isDefault {
			fill(r.Properties, "PolicyDocument", within(v, "Document"))
		}
	}
}

// iamKey hides the id of an access key but for its end.
func iamKey(r *Reading) {
	const shown = 4
	if id := textAt(r.Properties, "Id"); len(id) > shown {
		r.Properties["Id"] = strings.Repeat("*", len(id)-shown) + id[len(id)-shown:]
	}
}

// iamAttached leaves of what is attached the ARNs, which are properties.
func iamAttached(r *Reading) {
	without("AttachedManagedPolicies", "AttachedPolicies", "PermissionsBoundary")(r)
	iamDocuments(r)
}

// iamProfile leaves of a profile's roles the names: the rest is the role's own.
func iamProfile(r *Reading) {
	if list, ok := r.Properties["Roles"].([]any); ok {
		r.Properties["Roles"] = slices.DeleteFunc(list, func(v any) bool { _, isName := v.(string); return !isName })
	}
}

// iamDocuments decodes the documents, which the API escapes as in a URL.
func iamDocuments(r *Reading) {
	parsed("AssumeRolePolicyDocument", "PolicyDocument")(r)
	for _, policy := range objectsAt(r.Properties, "Policies") {
		key, ok := (leg{name: "PolicyDocument", folded: "policydocument"}).key(policy)
		if !ok {
			continue
		}
		if text, isText := policy[key].(string); isText {
			if d, ok := inventory.Document(text); ok {
				policy[key] = d
			}
		}
	}
}
