package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// gatewayPartRules are for what belongs to no single API.
func gatewayPartRules() []design.Rule {
	const source = "Microsoft Learn, Migrate Amazon API Gateway to Azure API Management"
	return []design.Rule{
		{Name: "apigateway/key", Kinds: []cloud.Kind{"AWS::ApiGateway::ApiKey"}, Stage: design.Names, Source: source, Apply: applyAPIKey},
		{Name: "apigateway/vpclink", Kinds: []cloud.Kind{"AWS::ApiGateway::VpcLink", "AWS::ApiGatewayV2::VpcLink"}, Stage: design.Names, Source: source, Apply: applyVPCLink},
		{Name: "apigateway/account", Kinds: []cloud.Kind{"AWS::ApiGateway::Account"}, Stage: design.Names, Source: source, Apply: applyAPIAccount},
		{Name: "apigateway/certificate", Kinds: []cloud.Kind{"AWS::ApiGateway::ClientCertificate"}, Stage: design.Names, Source: source, Apply: applyClientCertificate},
		{Name: "apigateway/access", Kinds: []cloud.Kind{"AWS::ApiGateway::DomainNameAccessAssociation"}, Stage: design.Names, Source: source, Apply: applyDomainAccess},
	}
}

func applyAPIKey(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	t.why("API key %s becomes a subscription of API Management", r.Name)
	t.todo("make a subscription for %s; give it the old key as its primary key, so that callers need not change, and keep that key out of files", r.Name)
	if len(apis(c)) > 0 {
		c.Attach(r, gateway(c))
	}
	return t.done("*")
}

func applyVPCLink(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	t.why("link %s lets APIs reach into the VPC; API Management stands in the network itself, or reaches into it", r.Name)
	if len(apis(c)) > 0 {
		c.Attach(r, gateway(c))
	}
	return t.done("*")
}

func applyAPIAccount(c *design.Context, r *inventory.Resource) design.Decision {
	return tell(c, r, design.Retire, likeForLike).why("it lets API Gateway of the whole account write logs; a diagnostic setting does that for each target").done("*")
}

func applyClientCertificate(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	t.why("API Gateway shows certificate %s to backends; its private key never leaves AWS", r.Name)
	t.todo("make a certificate in the vault, let API Management show it to the backends, and have them trust it beside %s", r.Name)
	return t.done("*")
}

func applyDomainAccess(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	t.why("it lets an endpoint in a VPC use a private domain name of API Gateway")
	t.todo("resolve the domain name to API Management in the private DNS zone of the network")
	return t.done("*")
}
