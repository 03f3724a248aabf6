package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/containerapps"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/appserviceplans"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/staticsites"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/webapps"
)

const siteKind cloud.Kind = "Microsoft.Web/staticSites"

func webRules() []design.Rule {
	const source = "Azure Architecture Center, Compute services on Azure and AWS"
	return []design.Rule{
		{Name: "apprunner/service", Kinds: []cloud.Kind{"AWS::AppRunner::Service"}, Stage: design.Compute, Source: source, Targets: []cloud.Kind{environmentKind, containerAppKind}, Apply: applyAppRunner},
		{Name: "elasticbeanstalk/environment", Kinds: []cloud.Kind{"AWS::ElasticBeanstalk::Environment"}, Stage: design.Compute, Source: source, Targets: []cloud.Kind{planKind, functionKind}, Apply: applyBeanstalk},
		{Name: "amplify/app", Kinds: []cloud.Kind{"AWS::Amplify::App"}, Stage: design.Compute, Source: source, Targets: []cloud.Kind{siteKind}, Apply: applyAmplify},
		{Name: "appsync/api", Kinds: []cloud.Kind{"AWS::AppSync::GraphQLApi"}, Stage: design.Edge, Source: "Azure Architecture Center, AWS to Azure services comparison", Apply: applyGraphQL},
	}
}

func applyAppRunner(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	const config = "SourceConfiguration.ImageRepository"
	var near, groups []any
	if connector, ok := c.Find(r, t.at("NetworkConfiguration.EgressConfiguration.VpcConnectorArn"), "AWS::AppRunner::VpcConnector"); ok {
		near, groups = design.List(design.At(connector.Properties, "Subnets")), design.List(design.At(connector.Properties, "SecurityGroups"))
	}
	env := environment(c, place{key: "apprunner" + full(near), base: c.Options.Workload + "-services", from: r, near: near, groups: groups})
	who, known := identityOf(c, r, t.at("InstanceConfiguration.InstanceRoleArn"))
	if !known && t.at("InstanceConfiguration.InstanceRoleArn") != nil {
		t.todo("give identity %s the rights of role %s, which is not part of the design", common.LastName(who), shown(t.at("InstanceConfiguration.InstanceRoleArn")))
	}
	asked := size{cpu: units(orValue(t.at("InstanceConfiguration.Cpu"), "1024"), "vcpu", 1024) / 1024, gib: units(orValue(t.at("InstanceConfiguration.Memory"), "2048"), "gb", 1024) / 1024}
	a := assembly{asked: asked, size: fit(asked.cpu, asked.gib), identities: []cloud.ResourceID{who}}
	if a.size.profile != "Consumption" {
		a.size = size{4, 8, "Consumption"}
	}
	image := t.at(config + ".ImageIdentifier")
	if said(t.at("SourceConfiguration.CodeRepository")) {
		image = ""
		t.todo("let the pipeline build an image of %s: App Runner built it from the source repository", r.Name)
	}
	container := t.container(&a, map[string]any{"Name": r.Name, "Image": image}, who, who)
	env2 := []containerapps.EnvironmentVar{}
	if container.Env != nil {
		env2 = *container.Env
	}
	for _, e := range design.Maps(t.at(config + ".ImageConfiguration.RuntimeEnvironmentVariables")) {
		env2 = t.variable(&a, env2, translate(c, r, design.Text(e, "Name"), e["Value"]), who)
	}
	for _, e := range design.Maps(t.at(config + ".ImageConfiguration.RuntimeEnvironmentSecrets")) {
		env2 = t.variable(&a, env2, t.secretOf(design.Text(e, "Name"), e["Value"]), who)
	}
	container.Env, container.Resources = list(env2), resources(a.size.cpu, a.size.gib)
	a.containers = []containerapps.Container{container}
	app := t.containerApp(a, env, t.runnerScale())
	app.Properties.Configuration.Ingress = &containerapps.Ingress{External: new(true), TargetPort: new(int64(min(max(design.Int(r.Properties, config+".ImageConfiguration.Port", 8080), 1), 65535))), Transport: new(containerapps.IngressTransportMethodAuto)}
	c.Put(design.Target{Type: containerAppKind, Base: r.Name, Model: app}, r)
	t.why("App Runner service %s with %s vCPU and %s GiB becomes a container app with ingress", r.Name, shown(asked.cpu), shown(asked.gib))
	t.gap("apprunner.build", "SourceConfiguration.AutoDeploymentsEnabled="+orElse(t.text("SourceConfiguration.AutoDeploymentsEnabled"), "true"))
	t.other("Web App for Containers", "it keeps paid machines, and does not scale with requests by itself")
	return t.done("ServiceName", "SourceConfiguration", "InstanceConfiguration", "NetworkConfiguration", "AutoScalingConfigurationArn", "HealthCheckConfiguration", "EncryptionConfiguration", "ObservabilityConfiguration", "ServiceArn", "ServiceId", "ServiceUrl")
}

// runnerScale takes the bounds from the scaling configuration; App Runner's
// own are one instance to 25, with 100 requests each.
func (t *told) runnerScale() *containerapps.Scale {
	least, most, requests := 1, 25, 100
	if s, ok := t.c.Find(t.r, t.at("AutoScalingConfigurationArn"), "AWS::AppRunner::AutoScalingConfiguration"); ok {
		least, most, requests = design.Int(s.Properties, "MinSize", 1), design.Int(s.Properties, "MaxSize", 25), design.Int(s.Properties, "MaxConcurrency", 100)
	}
	return &containerapps.Scale{MinReplicas: new(int64(min(max(least, 0), mostReplicas))), MaxReplicas: new(int64(min(max(most, least, 1), mostReplicas))), Rules: &[]containerapps.ScaleRule{
		{Name: new("http"), HTTP: &containerapps.HTTPScaleRule{Metadata: &map[string]string{"concurrentRequests": shown(max(requests, 1))}}},
	}}
}

// option returns a setting of an environment of Elastic Beanstalk.
func option(r *inventory.Resource, namespace, name string) any {
	for _, o := range design.Maps(design.At(r.Properties, "OptionSettings")) {
		if design.Text(o, "Namespace") == namespace && design.Text(o, "OptionName") == name {
			return o["Value"]
		}
	}
	return nil
}

func applyBeanstalk(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, redesign)
	if strings.EqualFold(t.text("Tier.Name"), "Worker") {
		t.Action = design.Manual
		t.why("worker environment %s takes messages from a queue over HTTP, which App Service does not", r.Name)
		t.todo("run %s as a container app that scales with its Service Bus queue, or as a function", r.Name)
		return t.done("*")
	}
	stack := orElse(t.text("SolutionStackName"), t.text("PlatformArn"))
	linux := !strings.Contains(stack, "Windows")
	least, most := max(number(shown(option(r, "aws:autoscaling:asg", "MinSize"))), 1), max(number(shown(option(r, "aws:autoscaling:asg", "MaxSize"))), 1)
	kind := map[bool]string{true: "linux", false: "app"}[linux]
	plan := c.Put(design.Target{Type: planKind, Base: r.Name, Model: appserviceplans.AppServicePlan{Kind: new(kind),
		Sku:        &appserviceplans.SkuDescription{Name: new("P0v3"), Tier: new("PremiumV3"), Capacity: new(int64(min(least, 30)))},
		Properties: &appserviceplans.AppServicePlanProperties{Reserved: new(linux), ElasticScaleEnabled: new(most > least), MaximumElasticWorkerCount: new(int64(min(max(most, least), 30)))},
	}}, r)
	who := ownIdentity(c, r)
	var settings []webapps.NameValuePair
	for _, o := range design.Maps(t.at("OptionSettings")) {
		if design.Text(o, "Namespace") != "aws:elasticbeanstalk:application:environment" || design.Text(o, "OptionName") == "" {
			continue
		}
		s := translate(c, r, design.Text(o, "OptionName"), o["Value"])
		settings = append(settings, webapps.NameValuePair{Name: new(s.name), Value: new(s.reference())})
		if s.secret != "" {
			allow(c, who, s.secret, roleSecretReader)
		}
		if s.todo != "" {
			t.todo("%s", s.todo)
		}
	}
	properties := webapps.SiteProperties{ServerFarmId: new(string(plan)), HTTPSOnly: new(true), Reserved: new(linux), KeyVaultReferenceIdentity: new(string(who)),
		SiteConfig: &webapps.SiteConfig{AlwaysOn: new(true), AppSettings: list(settings), MinTlsVersion: new(webapps.SupportedTlsVersionsOnePointTwo), FtpsState: new(webapps.FtpsStateDisabled)}}
	if linux {
		properties.SiteConfig.LinuxFxVersion = text(webStack(stack))
		if webStack(stack) == "" {
			t.todo("choose the platform of web app %s: App Service has none for %s, but runs container images", r.Name, orElse(stack, "an unknown platform"))
		}
	}
	t.beanstalkNetwork(&properties)
	c.Put(design.Target{Type: functionKind, Base: "app-" + r.Name, Exact: false, Model: webapps.Site{Kind: new(map[bool]string{true: "app,linux", false: "app"}[linux]), Identity: anyIdentity(who), Properties: &properties}}, r)
	t.why("environment %s on %s with %d to %d instances of %s becomes a web app of App Service", r.Name, orElse(stack, "an unknown platform"), least, max(most, least), shown(orValue(option(r, "aws:autoscaling:launchconfiguration", "InstanceType"), "an unknown type")))
	t.gap("elasticbeanstalk.hooks", "OptionSettings")
	t.other("Virtual Machine Scale Sets", "machines would have to be set up and patched")
	t.todo("check the size P0v3 of the plan against the load of %s, and give identity %s its rights", r.Name, common.LastName(who))
	t.EffortDays = 3
	return t.done("*")
}

func (t *told) beanstalkNetwork(p *webapps.SiteProperties) {
	near := []any{}
	for _, s := range strings.Split(full(orValue(option(t.r, "aws:ec2:vpc", "Subnets"), "")), ",") {
		if s = strings.TrimSpace(s); s != "" {
			near = append(near, s)
		}
	}
	if len(near) == 0 || t.c.Plan == nil {
		return
	}
	if id, ok := t.c.Plan.Dedicated(design.Purpose{Name: "web", Delegation: "Microsoft.Web/serverFarms", Bits: 26, From: t.r, Near: near}); ok {
		p.VirtualNetworkSubnetId = new(string(id))
	}
}

// webStack names the platform of an environment in the words of App Service.
func webStack(stack string) string {
	lower := strings.ToLower(stack)
	for _, s := range [][2]string{{"corretto 21", "JAVA|21-java21"}, {"corretto 17", "JAVA|17-java17"}, {"corretto", "JAVA|17-java17"}, {"tomcat", "TOMCAT|10.1-java17"}, {"python", "PYTHON|3.12"}, {"node.js", "NODE|22-lts"},
		{"php", "PHP|8.3"}, {".net", "DOTNETCORE|8.0"}} {
		if strings.Contains(lower, s[0]) {
			return s[1]
		}
	}
	return ""
}

func applyAmplify(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	c.Put(design.Target{Type: siteKind, Base: r.Name, Model: staticsites.StaticSiteARMResource{Sku: &staticsites.SkuDescription{Name: new("Standard"), Tier: new("Standard")}, Properties: &staticsites.StaticSite{
		AllowConfigFileUpdates: new(true), StagingEnvironmentPolicy: new(staticsites.StagingEnvironmentPolicyEnabled),
	}}}, r)
	t.why("site %s (%s) with %s becomes a static web app", r.Name, orElse(t.text("Platform"), "WEB"), common.Count(len(c.Referring(r, "AWS::Amplify::Branch", "AppId")), "branch"))
	if strings.HasPrefix(strings.ToUpper(t.text("Platform")), "WEB_") {
		t.gapOf("amplify.server", "Platform")
	}
	t.todo("connect the static web app to repository %s by the pipeline, with build and variables of %s", shown(orValue(t.at("Repository"), "of the site")), r.Name)
	for _, rule := range design.Maps(t.at("CustomRules")) {
		t.todo("write the redirect %s into staticwebapp.config.json", shown(rule))
	}
	t.other("Storage account with Front Door", "it builds nothing and has no environments for branches")
	return t.done("*")
}

func applyGraphQL(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	sources, resolvers := c.Referring(r, "AWS::AppSync::DataSource", "ApiId"), c.Referring(r, "AWS::AppSync::Resolver", "ApiId")
	t.why("GraphQL API %s with %s and %s: Azure has no managed GraphQL service with resolvers of its own", r.Name, common.Count(len(sources), "data source"), common.Count(len(resolvers), "resolver"))
	t.gap("appsync.resolvers", "AuthenticationType="+t.text("AuthenticationType"))
	t.todo("rebuild %s as a GraphQL server in a container app or a function, or with Data API builder when its sources (%s) are databases; API Management goes in front", r.Name, names(sources))
	if kinds := t.text("AuthenticationType"); kinds != "" {
		t.todo("replace the sign-in %s of %s", kinds, r.Name)
	}
	t.other("API Management synthetic GraphQL", "its resolvers are policies that call HTTP or databases, and it has no subscriptions")
	t.EffortDays = 5 + float64(len(resolvers))/2
	return t.done("*")
}
