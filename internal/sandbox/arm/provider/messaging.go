package provider

func messagingFillers() map[string]filler {
	namespace := func(s Subject) map[string]any {
		return properties(map[string]any{"serviceBusEndpoint": "https://" + s.ID.Name() + ".servicebus.windows.net:443/", "status": "Active", "createdAt": s.once("properties.createdAt", s.stamp()), "updatedAt": s.stamp(), "metricId": s.GUID("metric")})
	}
	entity := func(s Subject) map[string]any {
		return properties(map[string]any{"status": s.property("status", "Active"), "createdAt": s.once("properties.createdAt", s.stamp()), "updatedAt": s.stamp()})
	}
	return map[string]filler{
		"Microsoft.ServiceBus/namespaces":                      namespace,
		"Microsoft.EventHub/namespaces":                        namespace,
		"Microsoft.ServiceBus/namespaces/queues":               entity,
		"Microsoft.ServiceBus/namespaces/topics":               entity,
		"Microsoft.ServiceBus/namespaces/topics/subscriptions": entity,
		"Microsoft.EventHub/namespaces/eventhubs":              entity,
		"Microsoft.EventGrid/topics": func(s Subject) map[string]any {
			return properties(map[string]any{"endpoint": "https://" + s.ID.Name() + "." + s.location() + "-1.eventgrid.azure.net/api/events"})
		},
	}
}

func messagingActors() map[string]actor {
	keys := func(a Action) (Effect, error) {
		host := a.ID.Parent().Name() + ".servicebus.windows.net"
		primary, secondary := accountKey(a.Subject, "primary"), accountKey(a.Subject, "secondary")
		line := func(key string) string {
			return "Endpoint=sb://" + host + "/;SharedAccessKeyName=" + a.ID.Name() + ";SharedAccessKey=" + key
		}
		return Effect{Body: map[string]any{"keyName": a.ID.Name(), "primaryKey": primary, "secondaryKey": secondary, "primaryConnectionString": line(primary), "secondaryConnectionString": line(secondary)}}, nil
	}
	return map[string]actor{
		"Microsoft.ServiceBus/namespaces/authorizationRules/listKeys": keys,
		"Microsoft.EventHub/namespaces/authorizationRules/listKeys":   keys,
	}
}
