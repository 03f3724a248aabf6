package kinds

import "example.com/landfall/internal/cloud"

// apigatewayV2Rules are those of HTTP and WebSocket APIs.
func apigatewayV2Rules() []Rule {
	of := func(kind cloud.Kind, id, name string) Rule {
		return Rule{Kind: kind, Drop: []string{"LastUpdatedDate", "LastDeploymentStatusMessage"}, ID: idOf("ApiId", id), Name: nameAt(name, id)}
	}
	route := of("AWS::ApiGatewayV2::Route", "RouteId", "RouteKey")
	route.Attribute = []string{"RequestParameters"}
	return []Rule{
		{
			Kind: "AWS::ApiGatewayV2::Api", Drop: []string{"Warnings", "ImportInfo"}, ID: idOf("ApiId"), Name: nameAt("Name"), Aliases: []string{"ApiId", "ApiEndpoint"},
		},
		route,
		of("AWS::ApiGatewayV2::Integration", "IntegrationId", "IntegrationUri"),
		of("AWS::ApiGatewayV2::Stage", "StageName", "StageName"),
		of("AWS::ApiGatewayV2::Authorizer", "AuthorizerId", "Name"),
		{
			Kind: "AWS::ApiGatewayV2::DomainName", Move: map[string]string{"DomainNameConfigurations[].ApiGatewayDomainName": "RegionalDomainName", "DomainNameConfigurations[].HostedZoneId": "RegionalHostedZoneId"},
			ID: idOf("DomainName"), Name: nameAt("DomainName"), Aliases: []string{"DomainName", "RegionalDomainName"},
		},
		{Kind: "AWS::ApiGatewayV2::ApiMapping", ID: idOf("DomainName", "ApiMappingId"), Name: nameAt("ApiMappingKey", "ApiMappingId")},
		{Kind: "AWS::ApiGatewayV2::VpcLink", Drop: []string{"VpcLinkStatusMessage"}, ID: idOf("VpcLinkId"), Name: nameAt("Name"), Unordered: []string{"SubnetIds", "SecurityGroupIds"}, Aliases: []string{"VpcLinkId"}},
	}
}
