package kinds

func ecrRules() []Rule {
	return []Rule{{
		Kind: "AWS::ECR::Repository", Move: map[string]string{"RepositoryArn": "Arn", "PolicyText": "RepositoryPolicyText", "LifecyclePolicyText": "LifecyclePolicy.LifecyclePolicyText"},
		Drop: []string{"CreatedAt"}, Shape: parsed("RepositoryPolicyText"), ID: idAt("Arn", "RepositoryName"), Name: nameAt("RepositoryName"), Aliases: []string{"RepositoryUri", "RepositoryName"},
	}}
}
