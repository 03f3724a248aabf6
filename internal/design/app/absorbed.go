package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// part is a kind that lives inside another one, and whose settings the
// parent's rule reads.
type part struct {
	kinds []cloud.Kind
	// property names the parent, of one of the kinds.
	property string
	parents  []cloud.Kind
	target   cloud.Kind
	// why says what stands for it; %s is the part's name, then the parent's.
	why  string
	todo string
}

func restChild(why, todo string, kinds ...cloud.Kind) part {
	return part{kinds, "RestApiId", []cloud.Kind{"AWS::ApiGateway::RestApi"}, apiKind, why, todo}
}

func httpChild(why, todo string, kinds ...cloud.Kind) part {
	return part{kinds, "ApiId", []cloud.Kind{"AWS::ApiGatewayV2::Api"}, apiKind, why, todo}
}

func parts() []part {
	return []part{
		restChild("%s is a method of %s, and an operation of its API", "", "AWS::ApiGateway::Method"),
		restChild("%s is a step in the paths of %s, which its operations carry whole", "", "AWS::ApiGateway::Resource"),
		restChild("%s is a frozen copy of %s; a revision of the API is made when it changes", "", "AWS::ApiGateway::Deployment"),
		restChild("%s describes what %s takes or gives", "add the schema to the API in API Management, and check bodies against it with the validate-content policy", "AWS::ApiGateway::Model", "AWS::ApiGateway::RequestValidator"),
		restChild("%s is what %s answers when it refuses; the on-error section of its policy does", "write the answer of the gateway response into the on-error section of the API's policy", "AWS::ApiGateway::GatewayResponse"),
		restChild("%s is documentation of %s, which the description of the API holds", "carry the texts over into the API's description and the developer portal", "AWS::ApiGateway::DocumentationPart", "AWS::ApiGateway::DocumentationVersion"),
		restChild("%s puts %s under a path of a domain name, which is the API's path", "", "AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::BasePathMappingV2"),
		httpChild("%s is a route of %s, and an operation of its API", "", "AWS::ApiGatewayV2::Route"),
		httpChild("%s says what answers in %s, which a backend and the API's policy do", "", "AWS::ApiGatewayV2::Integration"),
		httpChild("%s is a frozen copy of %s; a revision of the API is made when it changes", "", "AWS::ApiGatewayV2::Deployment"),
		httpChild("%s puts %s under a path of a domain name, which is the API's path", "", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::RoutingRule"),
		httpChild("%s describes or answers messages of %s", "carry it over into the backend or the API's policy", "AWS::ApiGatewayV2::Model", "AWS::ApiGatewayV2::IntegrationResponse", "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::ApiGatewayManagedOverrides", "AWS::ApiGatewayV2::PortalProduct"),
		{[]cloud.Kind{"AWS::ApiGateway::UsagePlanKey"}, "UsagePlanId", []cloud.Kind{"AWS::ApiGateway::UsagePlan"}, productKind, "%s gives a key the rights of %s; a subscription to the product does", "subscribe the key's holder to the product"},
		{[]cloud.Kind{"AWS::AppSync::GraphQLSchema", "AWS::AppSync::Type"}, "ApiId", []cloud.Kind{"AWS::AppSync::GraphQLApi"}, apiKind, "%s is the schema of %s", "bring the schema into the API that takes its place"},
		{[]cloud.Kind{"AWS::AppSync::DataSource", "AWS::AppSync::Resolver", "AWS::AppSync::FunctionConfiguration"}, "ApiId", []cloud.Kind{"AWS::AppSync::GraphQLApi"}, apiKind, "%s answers fields of %s from another service", "write the resolver anew: its templates or code speak to services of AWS"},
		{[]cloud.Kind{"AWS::AppConfig::Environment", "AWS::AppConfig::ConfigurationProfile"}, "ApplicationId", []cloud.Kind{"AWS::AppConfig::Application"}, configurationKind, "%s parts the settings of %s; labels and prefixes of keys do", ""},
		{[]cloud.Kind{"AWS::Amplify::Branch"}, "AppId", []cloud.Kind{"AWS::Amplify::App"}, siteKind, "%s is a branch that %s is built from; the static web app makes an environment for each", "let the pipeline deploy the branch"},
	}
}

func partRules() []design.Rule {
	var out []design.Rule
	for _, p := range parts() {
		out = append(out, design.Rule{
			Name: ruleName(p.kinds[0]), Kinds: p.kinds, Stage: design.Names, Source: "Microsoft Learn, Migrate Amazon API Gateway to Azure API Management; Azure Architecture Center, AWS to Azure services comparison",
			Apply: p.apply,
		})
	}
	return out
}

func (p part) apply(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	parent, ok := c.Find(r, t.at(p.property), p.parents...)
	if !ok {
		t.Action, t.Confidence = design.Manual, aGuess
		t.why(p.why+"; that one is not part of the design", r.Name, shown(t.at(p.property)))
		t.todo("find out what %s is part of (%s=%s), and design that as well", r.Name, p.property, shown(t.at(p.property)))
		return t.done("*")
	}
	t.why(p.why, r.Name, parent.Name)
	id, ok := c.TargetOf(parent, p.target)
	if !ok {
		// The parent itself has to be rebuilt, and its parts with it.
		t.Confidence = redesign
		return t.why("%s is part of %s, and goes with what becomes of that", r.Name, parent.Name).done("*")
	}
	c.Attach(r, id)
	if p.todo != "" {
		t.todo("%s", p.todo)
	}
	return t.done("*")
}
