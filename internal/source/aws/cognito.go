package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

type cognitoIdentityReader interface {
	cognitoidentity.ListIdentityPoolsAPIClient
	DescribeIdentityPool(context.Context, *cognitoidentity.DescribeIdentityPoolInput, ...func(*cognitoidentity.Options)) (*cognitoidentity.DescribeIdentityPoolOutput, error)
	GetIdentityPoolRoles(context.Context, *cognitoidentity.GetIdentityPoolRolesInput, ...func(*cognitoidentity.Options)) (*cognitoidentity.GetIdentityPoolRolesOutput, error)
}

type cognitoReader interface {
	idp.ListGroupsAPIClient
	idp.ListIdentityProvidersAPIClient
	idp.ListResourceServersAPIClient
	idp.ListUserPoolClientsAPIClient
	idp.ListUserPoolsAPIClient
	DescribeIdentityProvider(context.Context, *idp.DescribeIdentityProviderInput, ...func(*idp.Options)) (*idp.DescribeIdentityProviderOutput, error)
	DescribeUserPool(context.Context, *idp.DescribeUserPoolInput, ...func(*idp.Options)) (*idp.DescribeUserPoolOutput, error)
	DescribeUserPoolClient(context.Context, *idp.DescribeUserPoolClientInput, ...func(*idp.Options)) (*idp.DescribeUserPoolClientOutput, error)
	DescribeUserPoolDomain(context.Context, *idp.DescribeUserPoolDomainInput, ...func(*idp.Options)) (*idp.DescribeUserPoolDomainOutput, error)
}

// cognitoService reads user pools, never a user.
func cognitoService() service {
	return service{name: "cognito-idp", steps: func(config sdk.Config) []*step {
		var api cognitoReader = idp.NewFromConfig(config)
		const of = "UserPoolId=Id"
		return []*step{list(api.ListUserPools, "MaxResults:60").items("UserPools", "AWS::Cognito::UserPool").with(
			get(api.DescribeUserPool, of).into("UserPool", "").first(),
			list(api.ListUserPoolClients, of, "MaxResults:60").items("UserPoolClients", "AWS::Cognito::UserPoolClient").with(
				get(api.DescribeUserPoolClient, "UserPoolId", "ClientId").into("UserPoolClient", ""),
			),
			list(api.ListIdentityProviders, of, "MaxResults:60").items("Providers", "AWS::Cognito::UserPoolIdentityProvider").carrying(of).with(
				get(api.DescribeIdentityProvider, "UserPoolId", "ProviderName").into("IdentityProvider", ""),
			),
			list(api.ListGroups, of, "Limit:60").items("Groups", "AWS::Cognito::UserPoolGroup"),
			list(api.ListResourceServers, of, "MaxResults:50").items("ResourceServers", "AWS::Cognito::UserPoolResourceServer"),
			get(api.DescribeUserPoolDomain, "Domain").items("DomainDescription", "AWS::Cognito::UserPoolDomain").carrying(of).given(named),
		)}
	}}
}

// named pools have a domain for their sign-in pages.
func named(pool item) bool { return pool.text("Domain") != "" }

func cognitoIdentityService() service {
	return service{name: "cognito-identity", steps: func(config sdk.Config) []*step {
		var api cognitoIdentityReader = cognitoidentity.NewFromConfig(config)
		return []*step{list(api.ListIdentityPools, "MaxResults:60").items("IdentityPools", "AWS::Cognito::IdentityPool").with(
			get(api.DescribeIdentityPool, "IdentityPoolId").into("", ""),
			get(api.GetIdentityPoolRoles, "IdentityPoolId").items("", "AWS::Cognito::IdentityPoolRoleAttachment"),
		)}
	}}
}
