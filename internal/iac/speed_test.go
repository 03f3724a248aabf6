package iac

import (
	"fmt"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// large is a workload of many machines behind balancers, with assignments.
func large(t testing.TB, machines int) *design.Design {
	t.Helper()
	d := &design.Design{Workload: "large", Place: place()}
	vnet := "Microsoft.Network/virtualNetworks/vnet-large"
	d.Resources = append(d.Resources, newResource(t, vnet, "2025-07-01", `{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}`))
	for i := range machines {
		subnet := fmt.Sprintf("%s/subnets/snet-%d", vnet, i)
		balancer := fmt.Sprintf("Microsoft.Network/loadBalancers/lb-%d", i)
		nic := fmt.Sprintf("Microsoft.Network/networkInterfaces/nic-%d", i)
		identity := fmt.Sprintf("Microsoft.ManagedIdentity/userAssignedIdentities/id-%d", i)
		machine := fmt.Sprintf("Microsoft.Compute/virtualMachines/vm-%d", i)
		store := fmt.Sprintf("Microsoft.Storage/storageAccounts/st%dabc234", i)
		role := fmt.Sprintf("%s/providers/Microsoft.Authorization/roleAssignments/0f1e2d3c-4b5a-5697-8877-%012d", store, i)
		d.Resources = append(d.Resources,
			newResource(t, subnet, "2025-07-01", `{"properties":{"addressPrefix":"10.0.0.0/24"}}`, vnet),
			newResource(t, balancer, "2025-07-01", `{"location":"eastus","properties":{"frontendIPConfigurations":[{"name":"in","properties":{"subnet":{"id":"@/`+subnet+`"}}}],"backendAddressPools":[{"name":"p"}]}}`, subnet),
			newResource(t, nic, "2025-07-01", `{"location":"eastus","properties":{"ipConfigurations":[{"name":"a","properties":{"subnet":{"id":"@/`+subnet+`"},"loadBalancerBackendAddressPools":[{"id":"@/`+balancer+`/backendAddressPools/p"}]}}]}}`, subnet, balancer),
			newResource(t, identity, "2024-11-30", `{"location":"eastus"}`),
			newResource(t, machine, "2025-04-01", `{"location":"eastus","identity":{"type":"UserAssigned","userAssignedIdentities":{"@/`+identity+`":{}}},"properties":{"networkProfile":{"networkInterfaces":[{"id":"@/`+nic+`"}]}}}`, nic, identity),
			newResource(t, store, "2025-08-01", `{"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"}}`),
			newResource(t, role, "2022-04-01", `{"properties":{"principalId":"[reference('@/`+identity+`', '2024-11-30').properties.principalId]","roleDefinitionId":"/subscriptions/`+subscriptionID+`/providers/Microsoft.Authorization/roleDefinitions/`+reader+`"}}`, store, identity))
		d.Decisions = append(d.Decisions, design.Decision{Kind: "AWS::EC2::Instance", Name: machine, Targets: []cloud.ResourceID{cloud.ResourceID(idOf(machine))}})
	}
	return d
}

func BenchmarkPrint(b *testing.B) {
	d := large(b, 1430) // about 10,000 resources
	b.Run("ARM", func(b *testing.B) {
		for b.Loop() {
			if _, err := ARM(d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Bicep", func(b *testing.B) {
		for b.Loop() {
			if _, err := Bicep(d, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Terraform", func(b *testing.B) {
		for b.Loop() {
			if _, err := Terraform(d, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestLargeDesignsArePrinted(t *testing.T) {
	t.Parallel()
	d := large(t, 30)
	for _, f := range bicep(t, d) {
		if f.Path == "bicep/modules/compute.bicep" && len(f.Content) == 0 {
			t.Error("no machines")
		}
	}
	holds(t, d, terraform(t, d))
}
