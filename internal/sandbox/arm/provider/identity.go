package provider

func identityFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.ManagedIdentity/userAssignedIdentities": func(s Subject) map[string]any {
			return properties(map[string]any{"principalId": s.GUID("principal"), "clientId": s.GUID("client"), "tenantId": s.Tenant()})
		},
		"Microsoft.Authorization/roleAssignments": func(s Subject) map[string]any {
			return properties(map[string]any{
				"scope": s.ID.Scope().String(), "principalType": s.property("principalType", "ServicePrincipal"),
				"createdOn": s.once("properties.createdOn", s.stamp()), "updatedOn": s.stamp(),
			})
		},
		"Microsoft.Authorization/roleDefinitions": func(s Subject) map[string]any {
			return properties(map[string]any{"type": s.property("type", "CustomRole"), "createdOn": s.once("properties.createdOn", s.stamp()), "updatedOn": s.stamp()})
		},
		"Microsoft.Management/managementGroups": func(s Subject) map[string]any {
			return properties(map[string]any{"tenantId": s.Tenant(), "displayName": s.property("displayName", s.ID.Name())})
		},
	}
}
