package provider

func monitorFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.OperationalInsights/workspaces": func(s Subject) map[string]any {
			return properties(map[string]any{"customerId": s.GUID("customer"), "createdDate": s.once("properties.createdDate", s.stamp()), "modifiedDate": s.stamp(), "publicNetworkAccessForIngestion": s.property("publicNetworkAccessForIngestion", "Enabled")})
		},
		"Microsoft.Insights/components": func(s Subject) map[string]any {
			key := s.GUID("instrumentation")
			return properties(map[string]any{"InstrumentationKey": key, "AppId": s.GUID("app"), "ApplicationId": s.ID.Name(), "Name": s.ID.Name(), "TenantId": s.Tenant(),
				"CreationDate": s.once("properties.CreationDate", s.stamp()), "ConnectionString": "InstrumentationKey=" + key})
		},
		"Microsoft.Insights/dataCollectionEndpoints": func(s Subject) map[string]any {
			return properties(map[string]any{"immutableId": "dce-" + s.GUID("dce"), "logsIngestion": map[string]any{"endpoint": "https://" + s.ID.Name() + "." + s.location() + "-1.ingest.monitor.azure.com"}})
		},
		"Microsoft.Insights/dataCollectionRules": func(s Subject) map[string]any {
			return properties(map[string]any{"immutableId": "dcr-" + s.GUID("dcr")})
		},
		"Microsoft.RecoveryServices/vaults": func(s Subject) map[string]any {
			return properties(map[string]any{"privateEndpointStateForBackup": "None"})
		},
	}
}

func monitorActors() map[string]actor {
	return map[string]actor{
		"Microsoft.OperationalInsights/workspaces/sharedKeys": func(a Action) (Effect, error) {
			return Effect{Body: map[string]any{"primarySharedKey": accountKey(a.Subject, "primary"), "secondarySharedKey": accountKey(a.Subject, "secondary")}}, nil
		},
	}
}
