package app

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/blobcontainers"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/storageaccounts"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/appserviceplans"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/webapps"
)

const (
	functionKind  cloud.Kind = "Microsoft.Web/sites"
	planKind      cloud.Kind = "Microsoft.Web/serverfarms"
	accountKind   cloud.Kind = "Microsoft.Storage/storageAccounts"
	containerKind cloud.Kind = "Microsoft.Storage/storageAccounts/blobServices/containers"

	// lambdaAttempts is how often Lambda tries an asynchronous event when
	// nothing else is said: once and two retries (Lambda developer guide,
	// "Asynchronous invocation").
	lambdaAttempts = 3
	// fewestInstances and mostInstances bound maximumInstanceCount (Azure
	// Functions, "Flex Consumption plan hosting").
	fewestInstances, mostInstances, usualInstances = 40, 1000, 100
)

func functionRules() []design.Rule {
	const source = "Microsoft Learn, Migrate AWS Lambda workloads to Azure Functions"
	rule := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "lambda/" + name, Kinds: kinds, Stage: stage, Source: source, Apply: apply}
	}
	function := rule("function", design.Compute, applyFunction, "AWS::Lambda::Function")
	function.Targets = []cloud.Kind{functionKind, planKind, accountKind, containerKind, containerAppKind}
	return []design.Rule{
		function,
		rule("alias", design.Edge, applyAlias, "AWS::Lambda::Alias"),
		rule("version", design.Edge, applyVersion, "AWS::Lambda::Version"),
		rule("permission", design.Access, applyPermission, "AWS::Lambda::Permission", "AWS::Lambda::ResourcePolicy"),
		rule("eventsource", design.Edge, applyEventSource, "AWS::Lambda::EventSourceMapping"),
		rule("layer", design.Edge, applyLayer, "AWS::Lambda::LayerVersion"),
		rule("url", design.Edge, applyURL, "AWS::Lambda::Url"),
		rule("invoke", design.Edge, applyInvokeConfig, "AWS::Lambda::EventInvokeConfig"),
	}
}

func functionRead() []string {
	return []string{"FunctionName", "Runtime", "Handler", "Role", "Code", "CodeSha256", "CodeSize", "MemorySize", "Timeout", "Environment", "VpcConfig", "Layers", "Architectures",
		"PackageType", "ImageConfig", "ImageUri", "ReservedConcurrentExecutions", "DeadLetterConfig", "TracingConfig", "KmsKeyArn", "FileSystemConfigs", "EphemeralStorage", "SnapStart*",
		"RuntimeManagementConfig", "LoggingConfig", "CodeSigningConfigArn", "RecursiveLoop", "LastModified", "Version", "RevisionId", "CapacityProviderConfig", "DurableConfig",
		"PublishToLatestPublished", "TenancyConfig", "FunctionScalingConfig", "FunctionArn"}
}

// hosting is how one function is carried.
type hosting struct {
	runtime runtime
	// memory of one instance in MB, asked of one event at the source.
	memory, asked int
	// perInstance is how many events one instance may work on at a time without
	// giving any of them less memory than it has now.
	perInstance int
	premium     bool
}

func applyFunction(c *design.Context, r *inventory.Resource) design.Decision {
	if c.Shared(r) {
		t := tell(c, r, design.Retain, inNamedGaps).why("function %s stays, because others call it", r.Name)
		t.todo("let the workload call %s from Azure over HTTPS, or make its own copy", r.Name)
		return t.done("*")
	}
	if strings.EqualFold(design.Text(r.Properties, "PackageType"), "Image") {
		return imageFunction(c, r)
	}
	t := tell(c, r, design.Migrate, inNamedGaps)
	h := t.host()
	id, settings := t.putFunction(h)
	t.why("%s on %s with %d MB and a timeout of %d s becomes a function app of its own on %s with %d MB, so that it keeps its own scale, identity and network",
		r.Name, runtimeName(r), h.asked, design.Int(r.Properties, "Timeout", 3), map[bool]string{true: "a Premium plan", false: "Flex Consumption"}[h.premium], h.memory)
	for _, s := range settings {
		if s.todo != "" {
			t.todo("%s", s.todo)
		}
	}
	t.functionGaps(h)
	t.asynchronous(id)
	t.bucketTriggers()
	t.other("Azure Container Apps", "it runs containers, and the function would need its own web server or trigger loop")
	if !h.premium {
		t.other("Azure Functions Premium plan", "it keeps at least one paid instance running")
	}
	t.EffortDays = 2
	return t.done(functionRead()...)
}

// host chooses plan and instance.
func (t *told) host() hosting {
	p := t.r.Properties
	h := hosting{asked: design.Int(p, "MemorySize", 128), runtime: runtimeOf(t.c.Catalog, p)}
	if unknown(t.at("MemorySize")) {
		t.todo("check the memory of %s: the template does not say it, and 128 MB stand in", t.r.Name)
	}
	switch {
	case h.asked <= 512:
		h.memory = 512
	case h.asked <= 2048:
		h.memory = 2048
	case h.asked <= 4096:
		h.memory = 4096
	default:
		h.premium = true
		h.memory = map[bool]int{true: 7168, false: 14336}[h.asked <= 7168]
	}
	h.perInstance = max(1, h.memory/max(h.asked, 1))
	return h
}

// putFunction puts the app with its plan and its storage account.
func (t *told) putFunction(h hosting) (cloud.ResourceID, []setting) {
	c, r := t.c, t.r
	who, known := identityOf(c, r, t.at("Role"))
	if !known && t.at("Role") != nil {
		t.todo("give identity %s the rights of role %s, which is not part of the design", common.LastName(who), shown(t.at("Role")))
	}
	account := c.Put(design.Target{Type: accountKind, Base: r.Name, Model: storageaccounts.StorageAccountCreateParameters{
		Kind: storageaccounts.KindStorageVTwo, Sku: storageaccounts.Sku{Name: storageaccounts.SkuNameStandardLRS},
		Properties: &storageaccounts.StorageAccountPropertiesCreateParameters{
			AllowBlobPublicAccess: new(false), AllowSharedKeyAccess: new(false), SupportsHTTPSTrafficOnly: new(true),
			MinimumTlsVersion: new(storageaccounts.MinimumTlsVersionTLSOneTwo),
		},
	}}, r)
	packages := c.Put(design.Target{Type: containerKind, Parent: account + "/blobServices/default", Base: "deployment", Exact: true, Model: blobcontainers.BlobContainer{
		Properties: &blobcontainers.ContainerProperties{PublicAccess: new(blobcontainers.PublicAccessNone)},
	}}, r)
	host := t.hostIdentity()
	allow(c, host, account, roleBlobOwner)
	allow(c, host, account, roleQueueWriter)
	settings, list := t.appSettings(h, runner{who: who, host: host, account: account})
	properties := webapps.SiteProperties{
		ServerFarmId: new(string(t.plan(h))), HTTPSOnly: new(true), KeyVaultReferenceIdentity: new(string(who)),
		VirtualNetworkSubnetId: text(string(t.functionSubnet(h))), PublicNetworkAccess: new("Enabled"), Reserved: new(true),
		SiteConfig: &webapps.SiteConfig{
			AppSettings: &list, MinTlsVersion: new(webapps.SupportedTlsVersionsOnePointTwo), FtpsState: new(webapps.FtpsStateDisabled),
			IPSecurityRestrictionsDefaultAction:    new(map[bool]webapps.DefaultAction{true: webapps.DefaultActionAllow, false: webapps.DefaultActionDeny}[calledOverHTTP(c, r)]),
			ScmIPSecurityRestrictionsDefaultAction: new(webapps.DefaultActionAllow),
		},
	}
	if properties.VirtualNetworkSubnetId != nil {
		properties.OutboundVnetRouting = &webapps.OutboundVnetRouting{AllTraffic: new(true)}
	}
	if design.Text(r.Properties, "ReservedConcurrentExecutions") == "0" {
		properties.Enabled = new(false)
	}
	if h.premium {
		properties.SiteConfig.LinuxFxVersion = new(h.runtime.linux())
		properties.SiteConfig.PreWarmedInstanceCount = new(int64(1))
	} else {
		properties.FunctionAppConfig = t.flex(h, host, account, packages)
	}
	id := c.Put(design.Target{Type: functionKind, Base: r.Name, Model: webapps.Site{
		Kind: new("functionapp,linux"), Identity: anyIdentity(who, host), Properties: &properties,
	}}, r)
	if properties.VirtualNetworkSubnetId != nil && !h.premium {
		t.gap("lambda.network", "VpcConfig")
	}
	return id, settings
}

// hostIdentity is the identity by which the host of one function reaches its
// own account and package. The role's identity would not do: functions share
// roles, and whoever writes blobs there can put other code in place (Azure
// Functions, "Configure Flex Consumption plan apps", deployment storage with a
// user-assigned identity).
func (t *told) hostIdentity() cloud.ResourceID {
	return t.c.Put(design.Target{Type: identityKind, Base: t.r.Name + "-host", Model: identities.Identity{}}, t.r)
}

// runner is what a function app runs as: who its code is, who its host is, and
// the account that the host keeps its state in.
type runner struct{ who, host, account cloud.ResourceID }

// flex is what Flex Consumption is told beside the settings.
func (t *told) flex(h hosting, host, account, packages cloud.ResourceID) *webapps.FunctionAppConfig {
	most := int64(usualInstances)
	if reserved, ok := design.Number(t.r.Properties, "ReservedConcurrentExecutions"); ok && reserved > 0 {
		most = int64(min(max((int(reserved)+h.perInstance-1)/h.perInstance, fewestInstances), mostInstances))
		t.gap("lambda.reserved-concurrency", "ReservedConcurrentExecutions="+shown(reserved))
	}
	scale := webapps.FunctionsScaleAndConcurrency{InstanceMemoryMB: new(int64(h.memory)), MaximumInstanceCount: new(most)}
	if calledOverHTTP(t.c, t.r) {
		scale.Triggers = &webapps.FunctionsScaleAndConcurrencyTriggers{HTTP: &webapps.FunctionsScaleAndConcurrencyTriggersHTTP{PerInstanceConcurrency: new(int64(h.perInstance))}}
	}
	if warm := provisioned(t.c, t.r); warm > 0 {
		name := "function:" + appFunctionName(t.r)
		if calledOverHTTP(t.c, t.r) {
			name = "http"
		}
		scale.AlwaysReady = &[]webapps.FunctionsAlwaysReadyConfig{{Name: new(name), InstanceCount: new(int64((warm + h.perInstance - 1) / h.perInstance))}}
	}
	return &webapps.FunctionAppConfig{
		Runtime: &webapps.FunctionsRuntime{Name: new(h.runtime.name), Version: new(h.runtime.version)},
		Deployment: &webapps.FunctionsDeployment{Storage: &webapps.FunctionsDeploymentStorage{
			Type: new(webapps.FunctionsDeploymentStorageTypeBlobContainer), Value: new("https://" + common.LastName(account) + ".blob.core.windows.net/" + common.LastName(packages)),
			Authentication: &webapps.FunctionsDeploymentStorageAuthentication{Type: new(webapps.AuthenticationTypeUserAssignedIdentity), UserAssignedIdentityResourceId: new(string(host))},
		}},
		ScaleAndConcurrency: &scale,
	}
}

// plan puts the plan: a Flex Consumption plan holds one app.
func (t *told) plan(h hosting) cloud.ResourceID {
	sku := appserviceplans.SkuDescription{Name: new("FC1"), Tier: new("FlexConsumption")}
	properties := appserviceplans.AppServicePlanProperties{Reserved: new(true)}
	kind := "functionapp"
	if h.premium {
		sku = appserviceplans.SkuDescription{Name: new(map[bool]string{true: "EP2", false: "EP3"}[h.memory == 7168]), Tier: new("ElasticPremium")}
		properties.MaximumElasticWorkerCount = new(int64(20))
		kind = "elastic"
	}
	return t.c.Put(design.Target{Type: planKind, Base: t.r.Name, Model: appserviceplans.AppServicePlan{Kind: new(kind), Sku: &sku, Properties: &properties}}, t.r)
}

// appSettings translates the environment variables and adds what the host
// needs: its storage by identity, and where it reports to.
func (t *told) appSettings(h hosting, as runner) ([]setting, []webapps.NameValuePair) {
	c, who := t.c, as.who
	settings := t.variables(design.At(t.r.Properties, "Environment.Variables"))
	var list []webapps.NameValuePair
	seen := map[string]bool{}
	put := func(name, value string) {
		if !seen[strings.ToLower(name)] {
			seen[strings.ToLower(name)] = true
			list = append(list, webapps.NameValuePair{Name: new(name), Value: new(value)})
		}
	}
	put("AzureWebJobsStorage__accountName", common.LastName(as.account))
	put("AzureWebJobsStorage__credential", "managedidentity")
	put("AzureWebJobsStorage__clientId", c.Output(as.host, "properties.clientId"))
	put("AZURE_CLIENT_ID", c.Output(who, "properties.clientId"))
	put("APPLICATIONINSIGHTS_CONNECTION_STRING", c.Output(common.Insights(c), "properties.ConnectionString"))
	put("AzureFunctionsJobHost__functionTimeout", span(design.Int(t.r.Properties, "Timeout", 3)))
	for _, level := range t.logLevels() {
		put(level.name, level.value)
	}
	if h.premium {
		put("FUNCTIONS_EXTENSION_VERSION", "~4")
		put("FUNCTIONS_WORKER_RUNTIME", string(h.runtime.name))
		put("WEBSITE_RUN_FROM_PACKAGE", "1")
	}
	for _, s := range settings {
		put(s.name, s.reference())
		if s.secret != "" && !s.named {
			allow(c, who, s.secret, roleSecretReader)
		}
		for _, more := range s.more {
			put(more.name, more.value)
		}
	}
	return settings, list
}

// variables translates a mapping of environment variables, by name.
func (t *told) variables(v any) []setting {
	m := object(v)
	var out []setting
	for _, name := range keys(m) {
		out = append(out, translate(t.c, t.r, name, m[name]))
	}
	return out
}

// functionSubnet is the subnet that the app's outgoing traffic leaves from.
// Flex Consumption shares the platform of Container Apps, and with it the
// delegation (Azure Functions, "Flex Consumption plan hosting", virtual
// network integration).
func (t *told) functionSubnet(h hosting) cloud.ResourceID {
	near := design.List(t.at("VpcConfig.SubnetIds"))
	if len(near) == 0 || t.c.Plan == nil {
		return ""
	}
	delegation, name := "Microsoft.App/environments", "functions"
	if h.premium {
		delegation, name = "Microsoft.Web/serverFarms", "premium-functions"
	}
	id, ok := t.c.Plan.Dedicated(design.Purpose{Name: name, Delegation: delegation, Bits: 26, From: t.r, Near: near, Groups: design.List(t.at("VpcConfig.SecurityGroupIds"))})
	if !ok {
		t.todo("put %s into a subnet by hand: the VPC of %s is not part of the design", t.r.Name, shown(near))
		return ""
	}
	return id
}

// span writes seconds as the host reads them.
func span(seconds int) string {
	two := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	return two(seconds/3600) + ":" + two(seconds/60%60) + ":" + two(seconds%60)
}
