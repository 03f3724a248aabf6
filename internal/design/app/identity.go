package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

const identityKind cloud.Kind = "Microsoft.ManagedIdentity/userAssignedIdentities"

// The built-in roles that resources of this package need of each other
// (Microsoft Learn, "Azure built-in roles").
const (
	roleBlobOwner      = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	roleBlobWriter     = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	roleQueueWriter    = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
	rolePullImages     = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
	roleBusSender      = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
	roleBusReceiver    = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
	roleHubSender      = "2b629674-e913-4c01-ae53-ef4638d8f975"
	roleHubReceiver    = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
	roleSecretReader   = "4633458b-17de-408a-b874-0445c86b69e6"
	roleKeyUser        = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
	roleNetwork        = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	roleClusterAdmin   = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
	roleNamespaceAdmin = "3498e952-d568-435e-9b2c-8d77e338d7f7"
	roleClusterWriter  = "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb"
	roleClusterReader  = "7f6c6a51-bcf8-42ba-9220-52d62157d7db"
	roleContainerWrite = "358470bc-b998-42bd-ab17-a7e34c199c0f"
)

// identityOf returns the managed identity that stands for the role that a
// property names. known is false when that role is not part of the design: the
// identity is then one of its own, without any right.
func identityOf(c *design.Context, r *inventory.Resource, role any) (id cloud.ResourceID, known bool) {
	if found, ok := c.Find(r, role, "AWS::IAM::Role"); ok {
		if id, ok := c.TargetOf(found, identityKind); ok {
			return id, true
		}
	}
	return ownIdentity(c, r), false
}

// ownIdentity returns an identity that only one resource uses.
func ownIdentity(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	return c.Once("app/identity/"+string(r.ID), func() cloud.ResourceID {
		return c.Put(design.Target{Type: identityKind, Base: called(r), Model: identities.Identity{}}, r)
	})
}

// messenger is the identity by which the workload's event topics deliver to
// its bus.
func messenger(c *design.Context) cloud.ResourceID {
	return c.Once("app/identity/messenger", func() cloud.ResourceID {
		return c.Put(design.Target{Type: identityKind, Base: c.Options.Workload + "-events", Model: identities.Identity{}})
	})
}

// allow gives an identity a role that the platform needs and no policy of the
// source says, and returns the assignment. A secret that the deployment does
// not make is reached through its vault.
func allow(c *design.Context, who, on cloud.ResourceID, role string) cloud.ResourceID {
	if _, ok := c.Resource(on); !ok {
		on = parentOf(on)
	}
	_, there := c.Resource(who)
	if _, ok := c.Resource(on); !ok || !there {
		return ""
	}
	return common.RoleAssignment(c, who, on, role)
}

func userAssigned(ids ...cloud.ResourceID) map[string]identity.UserAssignedIdentityDetails {
	out := map[string]identity.UserAssignedIdentityDetails{}
	for _, id := range ids {
		out[string(id)] = identity.UserAssignedIdentityDetails{}
	}
	return out
}

func anyIdentity(ids ...cloud.ResourceID) *identity.SystemAndUserAssignedMap {
	return &identity.SystemAndUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: userAssigned(ids...)}
}

// legacyIdentity is the form of the services whose API writes both types
// without a blank.
func legacyIdentity(ids ...cloud.ResourceID) *identity.LegacySystemAndUserAssignedMap {
	return &identity.LegacySystemAndUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: userAssigned(ids...)}
}
