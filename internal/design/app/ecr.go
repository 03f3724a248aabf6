package app

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerregistry/2025-11-01/registries"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerregistry/2025-11-01/replications"
)

const registryKind cloud.Kind = "Microsoft.ContainerRegistry/registries"

func registryRules() []design.Rule {
	rule := func(name string, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "ecr/" + name, Kinds: kinds, Stage: design.Data, Source: "Microsoft Learn, Azure Container Registry service tiers; Import container images to a container registry", Apply: apply, Targets: []cloud.Kind{registryKind}}
	}
	return []design.Rule{
		rule("repository", applyRepository, "AWS::ECR::Repository"),
		rule("public", applyPublicRepository, "AWS::ECR::PublicRepository"),
		rule("replication", applyReplication, "AWS::ECR::ReplicationConfiguration"),
		rule("cache", applyCacheRule, "AWS::ECR::PullThroughCacheRule"),
	}
}

// registry returns the workload's registry, which holds all its repositories.
// It is a premium one when it has to be private, or in several regions
// (Microsoft Learn, "Azure Container Registry service tiers").
func registry(c *design.Context) cloud.ResourceID {
	return c.Once("app/registry", func() cloud.ResourceID {
		near := registryEndpoints(c)
		premium := len(near) > 0 || len(c.OfKind("AWS::ECR::ReplicationConfiguration")) > 0
		model := registries.Registry{Sku: registries.Sku{Name: registries.SkuNameStandard}, Properties: &registries.RegistryProperties{
			AdminUserEnabled: new(false), AnonymousPullEnabled: new(len(c.OfKind("AWS::ECR::PublicRepository")) > 0), PublicNetworkAccess: new(registries.PublicNetworkAccessEnabled),
		}}
		if premium {
			model.Sku.Name = registries.SkuNamePremium
		}
		id := c.Put(design.Target{Type: registryKind, Base: c.Options.Workload, Model: model})
		if len(near) > 0 && c.Plan != nil {
			c.Plan.PrivateEndpoint(id, "registry", near)
		}
		return id
	})
}

// registryEndpoints names the network from which images are pulled privately.
func registryEndpoints(c *design.Context) []any {
	for _, e := range c.OfKind("AWS::EC2::VPCEndpoint") {
		if service := endpointService(design.Text(e.Properties, "ServiceName")); service == "ecr.dkr" || service == "ecr.api" {
			if subnets := design.List(design.At(e.Properties, "SubnetIds")); len(subnets) > 0 {
				return subnets
			}
			return design.List(design.At(e.Properties, "VpcId"))
		}
	}
	return nil
}

// endpointService cuts "com.amazonaws.us-east-1.ecr.dkr" down to "ecr.dkr"; in
// a template the region may be a reference with dots of its own.
func endpointService(name string) string {
	for _, service := range []string{"ecr.dkr", "ecr.api", "sqs", "sns", "execute-api", "lambda", "events", "states"} {
		if strings.HasSuffix(name, "."+service) {
			return service
		}
	}
	return ""
}

func applyRepository(c *design.Context, r *inventory.Resource) design.Decision {
	id := registry(c)
	c.Attach(r, id)
	t := tell(c, r, design.Migrate, inNamedGaps)
	name := repositoryName(r)
	t.why("repository %s (tags %s) becomes a repository of the workload's registry, which makes it when the first image comes", name, strings.ToLower(orElse(t.text("ImageTagMutability"), "MUTABLE")))
	if strings.HasPrefix(strings.ToUpper(t.text("ImageTagMutability")), "IMMUTABLE") {
		t.gapOf("ecr.immutable-tags", "ImageTagMutability")
	}
	if design.True(r.Properties, "ImageScanningConfiguration.ScanOnPush") {
		t.gap("ecr.scan", "ImageScanningConfiguration.ScanOnPush=true")
	}
	if policy := t.text("LifecyclePolicy.LifecyclePolicyText"); policy != "" {
		t.gap("ecr.lifecycle", "LifecyclePolicy="+shown(policy))
		t.todo("schedule a purge task in the registry for %s: %s", name, lifecycle(policy))
	}
	if policy := t.at("RepositoryPolicyText"); policy != nil {
		t.gap("ecr.policy", "RepositoryPolicyText")
		for _, s := range design.Maps(object(policy)["Statement"]) {
			t.statement(s)
		}
	}
	if strings.HasPrefix(strings.ToUpper(t.text("EncryptionConfiguration.EncryptionType")), "KMS") && t.text("EncryptionConfiguration.KmsKey") != "" {
		t.gapOf("ecr.key", "EncryptionConfiguration.KmsKey")
	}
	t.todo("copy the images of %s with az acr import before the cutover (at most 50 manifests of one image)", name)
	t.other("a registry for each repository", "one registry holds as many repositories as are needed, and is paid for once")
	return t.done("RepositoryName", "RepositoryUri", "ImageTagMutability*", "ImageScanningConfiguration", "LifecyclePolicy", "RepositoryPolicyText", "EncryptionConfiguration", "EmptyOnDelete", "RegistryId", "CreatedAt")
}

func repositoryName(r *inventory.Resource) string {
	return strings.ToLower(orElse(design.Text(r.Properties, "RepositoryName"), r.Name))
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// lifecycle says in a few words what a lifecycle policy keeps.
func lifecycle(policy string) string {
	var parts []string
	for _, rule := range design.Maps(object(policy)["rules"]) {
		parts = append(parts, strings.TrimSpace(design.Text(rule, "selection.tagStatus")+" images, "+design.Text(rule, "selection.countType")+" "+design.Text(rule, "selection.countNumber")))
	}
	if len(parts) == 0 {
		return "its policy is not understood"
	}
	return strings.Join(parts, "; ")
}

func applyPublicRepository(c *design.Context, r *inventory.Resource) design.Decision {
	c.Attach(r, registry(c))
	t := tell(c, r, design.Migrate, inNamedGaps).why("public repository %s becomes a repository of the workload's registry", r.Name)
	t.gap("ecr.public", "RepositoryName="+repositoryName(r))
	t.todo("decide whether strangers may pull %s: anonymous pull holds for a whole registry", r.Name)
	return t.done("RepositoryName", "RepositoryCatalogData", "RepositoryPolicyText")
}

func applyReplication(c *design.Context, r *inventory.Resource) design.Decision {
	id := registry(c)
	c.Attach(r, id)
	t := tell(c, r, design.Replace, inNamedGaps)
	var regions []string
	for _, rule := range design.Maps(design.At(r.Properties, "ReplicationConfiguration.Rules")) {
		for _, to := range design.Maps(rule["Destinations"]) {
			region := design.Text(to, "Region")
			regions = append(regions, region)
			if account := design.Text(to, "RegistryId"); account != "" && account != string(r.Account) && !unknown(account) {
				t.todo("copy images to account %s by another way: a registry replicates within itself only", account)
			}
			target, ok := nearRegion(region)
			if !ok || target == string(c.Place.Location) {
				t.todo("choose an Azure region for the copies in %s", shown(region))
				continue
			}
			c.Once("app/registry/"+target, func() cloud.ResourceID {
				return c.Put(design.Target{Type: "Microsoft.ContainerRegistry/registries/replications", Parent: id, Base: target, Exact: true, Location: cloud.Region(target), Model: replications.Replication{
					Properties: &replications.ReplicationProperties{RegionEndpointEnabled: new(true)},
				}}, r)
			})
		}
	}
	t.why("images are copied to %s; a premium registry replicates to the nearest Azure regions", orElse(strings.Join(regions, ", "), "no region"))
	t.gap("ecr.replication", "ReplicationConfiguration")
	return t.done("ReplicationConfiguration", "RegistryId")
}

// nearRegion is the Azure region near an AWS region, for what a workload has
// beside its own region (service-to-service comparison of region locations).
func nearRegion(region string) (string, bool) {
	near := map[string]string{
		"us-east-1": "eastus2", "us-east-2": "eastus2", "us-west-1": "westus", "us-west-2": "westus2", "ca-central-1": "canadacentral",
		"eu-west-1": "northeurope", "eu-west-2": "uksouth", "eu-west-3": "francecentral", "eu-central-1": "germanywestcentral", "eu-north-1": "swedencentral",
		"ap-southeast-1": "southeastasia", "ap-southeast-2": "australiaeast", "ap-northeast-1": "japaneast", "ap-northeast-2": "koreacentral", "ap-northeast-3": "japanwest",
		"ap-south-1": "centralindia", "sa-east-1": "brazilsouth", "af-south-1": "southafricanorth", "me-south-1": "uaenorth", "eu-south-1": "italynorth", "eu-central-2": "switzerlandnorth",
	}[region]
	return near, near != ""
}

func applyCacheRule(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	upstream, prefix := t.text("UpstreamRegistryUrl"), t.text("EcrRepositoryPrefix")
	t.why("images of %s are pulled through under %s; the registry's cache rules do that, one for each repository or with a wildcard", upstream, prefix)
	c.Attach(r, registry(c))
	t.todo("make a cache rule of the registry for %s under %s/*, with a credential set when it wants a login", shown(upstream), shown(prefix))
	return t.done("*")
}

var imageHost = regexp.MustCompile(`^(?:[^/]*\.dkr\.ecr[^/]*\.amazonaws\.com(?:\.cn)?|\$\{ref:[^}]*\})/`)

// imageOf writes where an image lies at the target. ours is false for images
// of other registries, which are pulled from where they are.
func imageOf(t *told, image any) (where string, ours bool) {
	text, ok := image.(string)
	if !ok || text == "" {
		t.todo("name the image of %s: it is not known", t.r.Name)
		return t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName(called(t.r), "image"), Description: "The container image of " + t.r.Name}), false
	}
	host := common.LastName(registry2(t.c, text)) + ".azurecr.io/"
	if found, ok := t.c.Find(t.r, untagged(text), "AWS::ECR::Repository"); ok {
		return host + repositoryName(found) + tagOf(text), true
	}
	if at := imageHost.FindString(text); at != "" && strings.Contains(at, ".dkr.ecr") {
		rest := text[len(at):]
		if !unknown(rest) {
			t.todo("copy image %s into the registry: its repository is not part of the design", rest)
			return host + strings.ToLower(rest), true
		}
	}
	if unknown(text) {
		image := t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName(called(t.r), "image"), Description: "The container image of " + t.r.Name})
		t.todo("give parameter %s the image of %s: the template does not name it", parameterIn(image), t.r.Name)
		return image, false
	}
	return text, false
}

// registry2 makes the registry only for images that come from one of AWS's.
func registry2(c *design.Context, image string) cloud.ResourceID {
	if strings.Contains(image, ".dkr.ecr") || strings.Contains(image, "${ref:") || len(c.OfKind("AWS::ECR::Repository")) > 0 {
		return registry(c)
	}
	return ""
}

func untagged(image string) string {
	image, _, _ = strings.Cut(image, "@")
	slash := strings.LastIndexAny(image, "/}")
	if colon := strings.LastIndexByte(image, ':'); colon > slash {
		return image[:colon]
	}
	return image
}

// tagOf is the tag or digest of an image with its sign; one that only the
// deployment knows is the newest.
func tagOf(image string) string {
	tag := strings.TrimPrefix(image, untagged(image))
	if unknown(tag) || tag == "" {
		return ":latest"
	}
	return tag
}
