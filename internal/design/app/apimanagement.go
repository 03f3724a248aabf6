package app

import (
	"encoding/xml"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/api"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/apimanagementservice"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/apioperation"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/apipolicy"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/backend"
	"github.com/hashicorp/go-azure-sdk/resource-manager/apimanagement/2024-05-01/namedvalue"
)

const (
	gatewayKind   cloud.Kind = "Microsoft.ApiManagement/service"
	apiKind       cloud.Kind = "Microsoft.ApiManagement/service/apis"
	operationKind cloud.Kind = "Microsoft.ApiManagement/service/apis/operations"
	policyKind    cloud.Kind = "Microsoft.ApiManagement/service/apis/policies"
	backendKind   cloud.Kind = "Microsoft.ApiManagement/service/backends"
	namedKind     cloud.Kind = "Microsoft.ApiManagement/service/namedValues"
	productKind   cloud.Kind = "Microsoft.ApiManagement/service/products"
)

// gateway returns the workload's API Management service. Standard v2 reaches
// into a network, Premium stands in one, and Basic v2 does for the rest
// (Microsoft Learn, "API Management v2 tiers overview").
func gateway(c *design.Context) cloud.ResourceID {
	return c.Once("app/apimanagement", func() cloud.ResourceID {
		sku, _ := gatewayTier(c)
		model := apimanagementservice.ApiManagementServiceResource{
			Identity: anyIdentity(messenger(c)),
			Sku:      apimanagementservice.ApiManagementServiceSkuProperties{Name: sku, Capacity: 1},
			Properties: apimanagementservice.ApiManagementServiceProperties{
				PublisherEmail: c.Parameter(design.Parameter{Name: "apiPublisherEmail", Description: "The mail address that API Management shows to users of the APIs and writes to"}),
				PublisherName:  c.Options.Workload, VirtualNetworkType: new(apimanagementservice.VirtualNetworkTypeNone),
			},
		}
		near, groups := linkedSubnets(c)
		if sku != apimanagementservice.SkuTypeBasicVTwo && len(near) > 0 && c.Plan != nil {
			purpose := design.Purpose{Name: "apim", Bits: 27, Near: near, Groups: groups, Delegation: "Microsoft.Web/serverFarms"}
			model.Properties.VirtualNetworkType = new(apimanagementservice.VirtualNetworkTypeExternal)
			if sku == apimanagementservice.SkuTypePremium {
				purpose.Delegation, model.Properties.VirtualNetworkType = "", new(apimanagementservice.VirtualNetworkTypeInternal)
			}
			for _, r := range apis(c) {
				purpose.From = r
				break
			}
			if subnet, ok := c.Plan.Dedicated(purpose); ok {
				model.Properties.VirtualNetworkConfiguration = &apimanagementservice.VirtualNetworkConfiguration{SubnetResourceId: new(string(subnet))}
			} else {
				model.Properties.VirtualNetworkType = new(apimanagementservice.VirtualNetworkTypeNone)
			}
		}
		return c.Put(design.Target{Type: gatewayKind, Base: c.Options.Workload, Model: model})
	})
}

func apis(c *design.Context) []*inventory.Resource {
	return c.OfKind("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
}

// gatewayTier chooses the tier and says why.
func gatewayTier(c *design.Context) (apimanagementservice.SkuType, string) {
	for _, r := range c.OfKind("AWS::ApiGateway::RestApi") {
		if slices.Contains(design.Texts(design.At(r.Properties, "EndpointConfiguration.Types")), "PRIVATE") {
			return apimanagementservice.SkuTypePremium, "API " + r.Name + " is private, and only Premium stands inside a network"
		}
	}
	if links := c.OfKind("AWS::ApiGateway::VpcLink", "AWS::ApiGatewayV2::VpcLink"); len(links) > 0 {
		return apimanagementservice.SkuTypeStandardVTwo, "link " + links[0].Name + " reaches into a VPC, and Basic v2 cannot"
	}
	return apimanagementservice.SkuTypeBasicVTwo, "all its backends have public addresses"
}

// linkedSubnets are the subnets that APIs reach into.
func linkedSubnets(c *design.Context) (near, groups []any) {
	for _, link := range c.OfKind("AWS::ApiGatewayV2::VpcLink") {
		if subnets := design.List(design.At(link.Properties, "SubnetIds")); len(subnets) > 0 {
			return subnets, design.List(design.At(link.Properties, "SecurityGroupIds"))
		}
	}
	for _, e := range c.OfKind("AWS::EC2::VPCEndpoint") {
		if endpointService(design.Text(e.Properties, "ServiceName")) == "execute-api" {
			return design.List(design.At(e.Properties, "SubnetIds")), design.List(design.At(e.Properties, "SecurityGroupIds"))
		}
	}
	for _, link := range c.OfKind("AWS::ApiGateway::VpcLink") {
		if balancers := c.FindAll(link, design.At(link.Properties, "TargetArns"), "AWS::ElasticLoadBalancingV2::LoadBalancer"); len(balancers) > 0 {
			first := balancers[0].Properties
			subnets := design.List(design.At(first, "Subnets"))
			for _, m := range design.Maps(design.At(first, "SubnetMappings")) {
				subnets = append(subnets, m["SubnetId"])
			}
			return subnets, nil
		}
	}
	return nil, nil
}

// operation is one method on one path of an API.
type operation struct {
	method, path string
	// backend is the id of the backend that answers, "" for the mocked.
	backend cloud.ResourceID
	mock    bool
	name    string
}

// methods are those that stand for all: an operation has one.
func methods(method string) []string {
	switch strings.ToUpper(method) {
	case "ANY", "*", "X-AMAZON-APIGATEWAY-ANY-METHOD", "$DEFAULT":
		return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	}
	return []string{strings.ToUpper(method)}
}

// putAPI puts an API with its operations and its policy.
func (t *told) putAPI(base, path string, keyed bool, operations []operation, p policy) cloud.ResourceID {
	id := t.c.Put(design.Target{Type: apiKind, Parent: gateway(t.c), Base: base, NoLocation: true, Model: api.ApiCreateOrUpdateParameter{Properties: &api.ApiCreateOrUpdateProperties{
		DisplayName: new(base), Path: strings.Trim(path, "/"), Protocols: &[]api.Protocol{api.ProtocolHTTPS}, Type: new(api.ApiTypeHTTP), SubscriptionRequired: new(keyed),
		SubscriptionKeyParameterNames: &api.SubscriptionKeyParameterNamesContract{Header: new("x-api-key"), Query: new("api-key")},
		Description:                   text(t.text("Description")),
	}}}, t.r)
	seen := map[string]bool{}
	for i := range operations {
		o := &operations[i]
		template, parameters := urlTemplate(o.path)
		if seen[o.method+" "+template] {
			continue
		}
		seen[o.method+" "+template] = true
		made := t.c.Put(design.Target{Type: operationKind, Parent: id, Base: operationName(o.method, template), NoLocation: true, Model: apioperation.OperationContract{
			Properties: &apioperation.OperationContractProperties{DisplayName: o.method + " " + template, Method: o.method, UrlTemplate: template, TemplateParameters: list(parameters)},
		}}, t.r)
		o.name = common.LastName(made)
	}
	after := slices.Clone(p.needs)
	for _, o := range operations {
		if o.backend != "" {
			after = append(after, o.backend)
		}
	}
	t.c.Put(design.Target{Type: policyKind, Parent: id, Base: "policy", Exact: true, NoLocation: true, After: after, Model: apipolicy.PolicyContract{Properties: &apipolicy.PolicyContractProperties{
		Format: new(apipolicy.PolicyContentFormatRawxml), Value: p.xml(operations),
	}}}, t.r)
	return id
}

// urlTemplate writes "/orders/{id}/{proxy+}" as "/orders/{id}/*".
func urlTemplate(path string) (string, []apioperation.ParameterContract) {
	var parameters []apioperation.ParameterContract
	var out []string
	for _, step := range strings.Split(strings.Trim(path, "/"), "/") {
		if strings.HasPrefix(step, "{") && strings.HasSuffix(step, "+}") {
			out = append(out, "*")
			break
		}
		if name := strings.Trim(step, "{}"); strings.HasPrefix(step, "{") && strings.HasSuffix(step, "}") {
			parameters = append(parameters, apioperation.ParameterContract{Name: name, Type: "string", Required: new(true)})
		}
		out = append(out, step)
	}
	return "/" + strings.Join(out, "/"), parameters
}

func operationName(method, template string) string {
	name := strings.NewReplacer("/", "-", "{", "", "}", "", "*", "all").Replace(template)
	return strings.ToLower(method) + "-" + strings.Trim(name, "-")
}

// functionBackend is the backend of a function app, which a host key opens.
func functionBackend(c *design.Context, function *inventory.Resource) (cloud.ResourceID, bool) {
	app := functionOf(c, function)
	if app == "" {
		return "", false
	}
	return c.Once("app/backend/"+string(app), func() cloud.ResourceID {
		target, _ := c.Resource(app)
		properties := backend.BackendContractProperties{Protocol: new(backend.BackendProtocolHTTP), Title: new(function.Name)}
		if target.Type == containerAppKind {
			properties.Url = new(c.ParameterOf(function, design.Parameter{Name: common.ParameterName("backend", function.Name), Description: "The https address of container app " + common.LastName(app)}))
		} else {
			properties.Url = new("https://" + common.LastName(app) + ".azurewebsites.net/api")
			key := namedSecret(c, function, "key-"+common.LastName(app), "The host key of function app "+common.LastName(app)+", by which API Management calls it")
			properties.Credentials = &backend.BackendCredentialsContract{Header: &map[string][]string{"x-functions-key": {"{{" + common.LastName(key) + "}}"}}}
		}
		model := backend.BackendContract{Properties: &properties}
		var after []cloud.ResourceID
		if properties.Credentials != nil {
			after = append(after, namedSecret(c, function, "key-"+common.LastName(app), ""))
		}
		return c.Put(design.Target{Type: backendKind, Parent: gateway(c), Base: function.Name, NoLocation: true, Model: model, After: after}, function)
	}), true
}

// namedSecret is a named value whose value the deployment supplies.
func namedSecret(c *design.Context, of *inventory.Resource, name, description string) cloud.ResourceID {
	return c.Once("app/named/"+name, func() cloud.ResourceID {
		return c.Put(design.Target{Type: namedKind, Parent: gateway(c), Base: name, NoLocation: true, Model: namedvalue.NamedValueCreateContract{Properties: &namedvalue.NamedValueCreateContractProperties{
			DisplayName: name, Secret: new(true), Value: new(c.ParameterOf(of, design.Parameter{Name: common.ParameterName(name), Secure: true, Description: description})),
		}}})
	})
}

// named is a value that policies take by its name; the value is a text or the
// expression of a parameter.
func (t *told) named(p *policy, name, value string) string {
	id := t.c.Once("app/named/"+name, func() cloud.ResourceID {
		return t.c.Put(design.Target{Type: namedKind, Parent: gateway(t.c), Base: name, NoLocation: true, Model: namedvalue.NamedValueCreateContract{Properties: &namedvalue.NamedValueCreateContractProperties{
			DisplayName: name, Secret: new(false), Value: new(value),
		}}}, t.r)
	})
	p.needs = append(p.needs, id)
	return "{{" + common.LastName(id) + "}}"
}

// webBackend is the backend of an address.
func (t *told) webBackend(base, address string) cloud.ResourceID {
	return t.c.Once("app/backend/"+address, func() cloud.ResourceID {
		return t.c.Put(design.Target{Type: backendKind, Parent: gateway(t.c), Base: base, NoLocation: true, Model: backend.BackendContract{Properties: &backend.BackendContractProperties{
			Protocol: new(backend.BackendProtocolHTTP), Url: new(address), Title: new(base),
		}}}, t.r)
	})
}

func escape(s string) string {
	var out strings.Builder
	if xml.EscapeText(&out, []byte(s)) != nil {
		return ""
	}
	return out.String()
}
