package app

import (
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/containerapps"
)

// imageFunction decides a function that is a container image: Flex Consumption
// takes none, Functions on Container Apps does (Microsoft Learn, "Azure
// Functions on Azure Container Apps overview").
func imageFunction(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, redesign)
	h := t.host()
	env := environment(c, place{key: "functions" + full(t.at("VpcConfig.SubnetIds")), base: c.Options.Workload + "-functions", from: r, near: design.List(t.at("VpcConfig.SubnetIds")), groups: design.List(t.at("VpcConfig.SecurityGroupIds"))})
	who, known := identityOf(c, r, t.at("Role"))
	if !known && t.at("Role") != nil {
		t.todo("give identity %s the rights of role %s, which is not part of the design", common.LastName(who), shown(t.at("Role")))
	}
	a := assembly{size: fit(float64(h.asked)/1769, float64(h.asked)/1024)}
	if a.size.profile != "Consumption" {
		a.size = size{cpu: 4, gib: 8, profile: "Consumption"}
		t.gapOf("lambda.memory", "MemorySize")
	}
	image := t.at("Code.ImageUri")
	if image == nil {
		image = t.at("ImageUri")
	}
	container := t.container(&a, map[string]any{"Name": "function", "Image": image, "EntryPoint": t.at("ImageConfig.EntryPoint"), "Command": t.at("ImageConfig.Command"), "WorkingDirectory": t.at("ImageConfig.WorkingDirectory")}, who, who)
	var env2 []containerapps.EnvironmentVar
	if container.Env != nil {
		env2 = *container.Env
	}
	for _, s := range t.variables(design.At(r.Properties, "Environment.Variables")) {
		env2 = t.variable(&a, env2, s, who)
	}
	container.Env, container.Resources = list(env2), resources(a.size.cpu, a.size.gib)
	scale := containerapps.Scale{MinReplicas: new(int64(provisioned(c, r))), MaxReplicas: new(int64(usualInstances))}
	if reserved, ok := design.Number(r.Properties, "ReservedConcurrentExecutions"); ok && reserved > 0 {
		scale.MaxReplicas = new(int64(min(max(reserved, float64(*scale.MinReplicas)), mostInstances)))
	}
	configuration := containerapps.Configuration{
		ActiveRevisionsMode: new(containerapps.ActiveRevisionsModeSingle), Secrets: list(a.secrets), Registries: list(a.registries),
		Ingress: &containerapps.Ingress{External: new(calledOverHTTP(c, r)), TargetPort: new(int64(80)), Transport: new(containerapps.IngressTransportMethodAuto)},
	}
	id := c.Put(design.Target{Type: containerAppKind, Base: r.Name, Model: containerapps.ContainerApp{
		Kind: new(containerapps.KindFunctionapp), Identity: legacyIdentity(who), Properties: &containerapps.ContainerAppProperties{
			EnvironmentId: new(string(env)), WorkloadProfileName: new(a.size.profile), Configuration: &configuration,
			Template: &containerapps.Template{Containers: &[]containerapps.Container{container}, Scale: &scale},
		}}}, r)
	t.why("function %s is a container image with %d MB; it becomes a function app on Container Apps with %s vCPU and %s GiB", r.Name, h.asked, shown(a.size.cpu), shown(a.size.gib))
	h.runtime.gap, h.premium, h.perInstance = "lambda.image", false, 1
	t.functionGaps(h)
	t.asynchronous(id)
	t.bucketTriggers()
	t.other("Azure Functions Flex Consumption", "it takes no container images")
	t.EffortDays = 3
	return t.done(functionRead()...)
}
