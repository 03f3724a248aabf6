package kinds

func cognitoRules() []Rule {
	pool := func(r *Reading) string { return ownerARN("AWS::Cognito::UserPool", r, "UserPoolId") }
	return []Rule{
		{
			Kind: "AWS::Cognito::UserPool", Move: map[string]string{"Id": "UserPoolId", "Name": "UserPoolName", "SchemaAttributes": "Schema"},
			Drop: []string{"LastModifiedDate", "EstimatedNumberOfUsers", "SmsConfigurationFailure", "EmailConfigurationFailure"}, Shape: cognitoProvider,
			ID: idAt("Arn", "UserPoolId"), Name: nameAt("UserPoolName"), Aliases: []string{"UserPoolId", "ProviderName"}, Unordered: []string{"Schema"},
		},
		{
			// A client's secret is part of the answer.
			Kind: "AWS::Cognito::UserPoolClient", Drop: []string{"ClientSecret", "LastModifiedDate"}, Shape: cognitoSecret,
			ID: func(r *Reading) string { return pool(r) + "|client|" + r.said("ClientId") }, Name: nameAt("ClientName", "Name"), Aliases: []string{"ClientId"},
		},
		{
			Kind: "AWS::Cognito::UserPoolDomain", Drop: []string{"Version", "S3Bucket"},
			ID: func(r *Reading) string { return pool(r) + "|domain|" + r.said("Domain") }, Name: nameAt("Domain"),
		},
		{
			Kind: "AWS::Cognito::UserPoolIdentityProvider", Drop: []string{"LastModifiedDate", "ProviderDetails.client_secret"},
			ID: func(r *Reading) string { return pool(r) + "|idp|" + r.said("ProviderName") }, Name: nameAt("ProviderName"),
		},
		{Kind: "AWS::Cognito::UserPoolGroup", Drop: []string{"LastModifiedDate"}, ID: func(r *Reading) string { return pool(r) + "|group|" + r.said("GroupName") }, Name: nameAt("GroupName")},
		{Kind: "AWS::Cognito::UserPoolResourceServer", ID: func(r *Reading) string { return pool(r) + "|resource-server|" + r.said("Identifier") }, Name: nameAt("Name", "Identifier")},
		{Kind: "AWS::Cognito::IdentityPool", Move: map[string]string{"IdentityPoolId": "Id"}, ID: idAt("Id"), Name: nameAt("IdentityPoolName"), Aliases: []string{"Id"}},
		{
			Kind: "AWS::Cognito::IdentityPoolRoleAttachment", ID: func(r *Reading) string { return ownerARN("AWS::Cognito::IdentityPool", r, "IdentityPoolId") + "|roles" }, Name: nameAt("IdentityPoolId"),
		},
	}
}

func cognitoProvider(r *Reading) {
	if id := r.said("UserPoolId"); id != "" && r.said("ProviderName") == "" {
		r.Properties["ProviderName"] = "cognito-idp." + string(r.Place.Region) + "." + dnsSuffix(r.Place) + "/" + id
	}
}

// cognitoSecret tells that there is a secret, which a template asks for.
func cognitoSecret(r *Reading) {
	if textAt(r.Item, "ClientSecret") != "" {
		r.Properties["GenerateSecret"] = true
	}
	delete(r.Properties, "ClientSecret")
}
