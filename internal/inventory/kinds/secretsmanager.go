package kinds

import "example.com/landfall/internal/inventory"

// secretsRules are those of Secrets Manager. Nothing here has a secret's value:
// it is neither asked for nor part of the answers that are.
func secretsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::SecretsManager::Secret", Move: map[string]string{"ARN": "Id", "ReplicationStatus[].Region": "ReplicaRegions[].Region", "ReplicationStatus[].KmsKeyId": "ReplicaRegions[].KmsKeyId"},
			Drop: []string{
				"LastAccessedDate", "LastChangedDate", "LastRotatedDate", "NextRotationDate", "SecretVersionsToStages", "VersionIdsToStages", "ResourcePolicy",
				"SecretString", "SecretBinary",
			},
			Shape: without("ReplicationStatus"), ID: idAt("Id", "Arn"), Name: nameAt("Name"), Aliases: []string{"Id", "Name"}, Marks: secretDeleted, Children: secretChildren,
		},
		{Kind: "AWS::SecretsManager::ResourcePolicy", Shape: parsed("ResourcePolicy"), ID: func(r *Reading) string { return r.said("SecretId") + "|policy" }, Name: nameAt("SecretName")},
		{Kind: "AWS::SecretsManager::RotationSchedule", ID: func(r *Reading) string { return r.said("SecretId") + "|rotation" }, Name: nameAt("SecretName")},
	}
}

func secretDeleted(r *Reading) []inventory.Mark {
	if r.said("DeletedDate") != "" {
		return []inventory.Mark{inventory.Deleted}
	}
	return nil
}

func secretChildren(r *Reading) []Child {
	var children []Child
	if policy := textAt(r.Item, "ResourcePolicy"); policy != "" {
		children = append(children, Child{"AWS::SecretsManager::ResourcePolicy", map[string]any{"SecretId": string(r.ID), "SecretName": r.said("Name"), "ResourcePolicy": policy}})
	}
	if on, _ := within(r.Item, "RotationEnabled").(bool); on {
		item := picked(r.Item, "RotationLambdaARN", "RotationRules")
		item["SecretId"], item["SecretName"] = string(r.ID), r.said("Name")
		children = append(children, Child{"AWS::SecretsManager::RotationSchedule", item})
	}
	return children
}
