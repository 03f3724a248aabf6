package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/logic/2019-05-01/workflows"
)

const workflowKind cloud.Kind = "Microsoft.Logic/workflows"

// workflowDefinition is a definition in the language of Logic Apps.
func workflowDefinition(triggers, actions map[string]any) map[string]any {
	return map[string]any{
		"$schema":        "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion": "1.0.0.0", "triggers": triggers, "actions": actions,
	}
}

// putWorkflow puts a workflow that runs under one identity.
func (t *told) putWorkflow(base string, definition map[string]any, disabled bool, who cloud.ResourceID) cloud.ResourceID {
	state := workflows.WorkflowStateEnabled
	if disabled {
		state = workflows.WorkflowStateDisabled
	}
	var tree any = definition
	return t.c.Put(design.Target{Type: workflowKind, Base: base, Model: workflows.Workflow{
		Identity:   &identity.SystemOrUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: userAssigned(who)},
		Properties: &workflows.WorkflowProperties{State: new(state), Definition: &tree},
	}}, t.r)
}
