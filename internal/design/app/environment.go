package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/managedenvironments"
)

const (
	environmentKind  cloud.Kind = "Microsoft.App/managedEnvironments"
	containerAppKind cloud.Kind = "Microsoft.App/containerApps"
	jobKind          cloud.Kind = "Microsoft.App/jobs"
)

// place is what an environment of Container Apps is made from.
type place struct {
	key, base string
	from      *inventory.Resource
	// near and groups are the subnets and security groups of what runs in it.
	near, groups []any
	// tcp says that something in it answers other than HTTP from outside.
	tcp bool
	// profiles are workload profiles beside Consumption.
	profiles []string
}

// environment returns the environment at a place. It takes no traffic from the
// Internet: what stands in a VPC is reached through a private endpoint, or
// inside the network when it speaks plain TCP, which endpoints do not carry
// (Microsoft Learn, "Use a private endpoint with an Azure Container Apps
// environment").
func environment(c *design.Context, p place) cloud.ResourceID {
	return c.Once("app/environment/"+p.key, func() cloud.ResourceID {
		profiles := []managedenvironments.WorkloadProfile{{Name: "Consumption", WorkloadProfileType: "Consumption"}}
		for _, name := range p.profiles {
			profiles = append(profiles, managedenvironments.WorkloadProfile{Name: name, WorkloadProfileType: name, MinimumCount: new(int64(1)), MaximumCount: new(int64(10))})
		}
		properties := managedenvironments.ManagedEnvironmentProperties{
			AppLogsConfiguration: &managedenvironments.AppLogsConfiguration{Destination: new("azure-monitor")},
			WorkloadProfiles:     &profiles, ZoneRedundant: new(false),
			PublicNetworkAccess: new(managedenvironments.PublicNetworkAccessEnabled),
		}
		var subnet cloud.ResourceID
		if len(p.near) > 0 && c.Plan != nil {
			subnet, _ = c.Plan.Dedicated(design.Purpose{Name: "containers-" + p.base, Delegation: "Microsoft.App/environments", Bits: 26, From: p.from, Near: p.near, Groups: p.groups})
		}
		if subnet != "" {
			properties.VnetConfiguration = &managedenvironments.VnetConfiguration{InfrastructureSubnetId: new(string(subnet)), Internal: new(p.tcp)}
			properties.PublicNetworkAccess = new(managedenvironments.PublicNetworkAccessDisabled)
			properties.ZoneRedundant = new(true)
		}
		id := c.Put(design.Target{Type: environmentKind, Base: p.base, Model: managedenvironments.ManagedEnvironment{Properties: &properties}}, sources(p.from)...)
		if subnet != "" && !p.tcp {
			c.Plan.PrivateEndpoint(id, "managedEnvironments", p.near)
		}
		common.Diagnostics(c, id)
		return id
	})
}

func sources(r *inventory.Resource) []*inventory.Resource {
	if r == nil {
		return nil
	}
	return []*inventory.Resource{r}
}

// size is how much of a machine a replica gets.
type size struct {
	cpu, gib float64
	profile  string
}

// fit gives a task a size that Container Apps has: on Consumption a quarter of
// a core at a time with twice as many GiB, to 4 cores and 8 GiB; above that a
// workload profile (Microsoft Learn, "Containers in Azure Container Apps",
// configuration; "Workload profiles in Azure Container Apps").
func fit(cpu, gib float64) size {
	need := max(cpu, gib/2, 0.25)
	if need <= 4 {
		quarters := int(need * 4)
		if float64(quarters) < need*4 {
			quarters++
		}
		return size{float64(quarters) / 4, float64(quarters) / 2, "Consumption"}
	}
	for _, p := range []struct {
		name     string
		cpu, gib float64
	}{{"D4", 4, 16}, {"E4", 4, 32}, {"D8", 8, 32}, {"E8", 8, 64}, {"D16", 16, 64}, {"E16", 16, 128}, {"D32", 32, 128}, {"E32", 32, 256}} {
		// A node keeps a part for itself.
		if cpu < p.cpu && gib < p.gib {
			return size{cpu, gib, p.name}
		}
	}
	return size{cpu, gib, "E32"}
}
