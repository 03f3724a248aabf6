package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

func kmsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::KMS::Key", Move: map[string]string{"Policy": "KeyPolicy", "KeyRotationEnabled": "EnableKeyRotation"},
			// The specification has a second, older name in the answer.
			Drop: []string{"KeyArn", "CustomerMasterKeySpec", "AWSAccountId", "NextRotationDate"}, Shape: shapes(parsed("KeyPolicy"), kmsKey), ID: idAt("Arn", "KeyId"), Name: kmsName,
			Aliases: []string{"KeyId", "Arn", "AliasNames[]"}, Marks: marks(when(inventory.Default, "KeyManager", "AWS"), when(inventory.Deleted, "KeyState", "PendingDeletion", "PendingReplicaDeletion")),
		},
		{
			Kind: "AWS::KMS::Alias", Drop: []string{"AliasArn", "CreationDate", "LastUpdatedDate"}, ID: idAt("AliasArn", "AliasName"), Name: nameAt("AliasName"), Aliases: []string{"AliasName", "AliasArn"},
			Marks: begins(inventory.Default, "AliasName", "alias/aws/"),
		},
	}
}

// kmsName is the alias by which people know the key; there is no other name.
func kmsName(r *Reading) string {
	if names, ok := within(r.Item, "AliasNames").([]any); ok && len(names) > 0 {
		name, _ := names[0].(string)
		return strings.TrimPrefix(name, "alias/")
	}
	return r.said("KeyId")
}

func kmsKey(r *Reading) {
	if r.said("KeyId") == "" && r.said("Arn") != "" {
		r.Properties["KeyId"] = after(r.said("Arn"), "/")
	}
}
