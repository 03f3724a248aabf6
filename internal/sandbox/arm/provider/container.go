package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/document"
)

func containerFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.ContainerRegistry/registries": func(s Subject) map[string]any {
			return properties(map[string]any{"loginServer": strings.ToLower(s.ID.Name()) + ".azurecr.io", "creationDate": s.once("properties.creationDate", s.stamp())})
		},
		"Microsoft.ContainerService/managedClusters": fillCluster,
		"Microsoft.App/managedEnvironments": func(s Subject) map[string]any {
			return properties(map[string]any{"defaultDomain": strings.ReplaceAll(s.GUID("domain"), "-", "")[:12] + "." + s.location() + ".azurecontainerapps.io", "staticIp": "192.0.2.201"})
		},
		"Microsoft.App/containerApps": fillContainerApp,
		"Microsoft.ContainerInstance/containerGroups": func(s Subject) map[string]any {
			return properties(map[string]any{"instanceView": map[string]any{"state": runningPower(s), "events": []any{}}})
		},
	}
}

// fillCluster gives the cluster its address and, unless it brings its own, the
// identity that its nodes pull images with (Microsoft Learn, "Use a managed
// identity in Azure Kubernetes Service").
func fillCluster(s Subject) map[string]any {
	prefix := s.property("dnsPrefix", s.ID.Name())
	group := s.property("nodeResourceGroup", "MC_"+s.ID.Group+"_"+s.ID.Name()+"_"+s.location())
	out := map[string]any{"fqdn": strings.ToLower(prefix) + "-" + strings.ReplaceAll(s.GUID("fqdn"), "-", "")[:8] + ".hcp." + s.location() + ".azmk8s.io",
		"powerState": map[string]any{"code": runningPower(s)}, "nodeResourceGroup": group}
	if enabled, _ := document.Get(s.Body, "properties.oidcIssuerProfile.enabled").(bool); enabled {
		out["oidcIssuerProfile"] = map[string]any{"issuerURL": "https://" + s.location() + ".oic.prod-aks.azure.com/" + s.GUID("tenant") + "/" + s.GUID("issuer") + "/"}
	}
	if document.Object(s.Body, "identity") != nil && document.Object(s.Body, "properties.identityProfile.kubeletidentity") == nil {
		out["identityProfile"] = map[string]any{"kubeletidentity": map[string]any{
			"resourceId": "/subscriptions/" + s.ID.Subscription + "/resourceGroups/" + group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + s.ID.Name() + "-agentpool",
			"clientId":   s.GUID("kubelet-client"), "objectId": s.GUID("kubelet"),
		}}
	}
	return properties(out)
}

func fillContainerApp(s Subject) map[string]any {
	out := map[string]any{"latestRevisionName": s.ID.Name() + "--" + strings.ReplaceAll(s.GUID("revision"+s.stamp()), "-", "")[:7], "runningStatus": "Running"}
	environment := s.property("managedEnvironmentId", s.property("environmentId", ""))
	if found, ok := s.Lookup(environment); ok && document.Object(s.Body, "properties.configuration.ingress") != nil {
		out["configuration"] = map[string]any{"ingress": map[string]any{"fqdn": strings.ToLower(s.ID.Name()) + "." + document.Text(found, "properties.defaultDomain")}}
	}
	return properties(out)
}

func containerActors() map[string]actor {
	return map[string]actor{
		"Microsoft.ContainerRegistry/registries/listCredentials": func(a Action) (Effect, error) {
			if document.Get(a.Body, "properties.adminUserEnabled") != true {
				return Effect{}, armerror.BadRequest("UnAuthorizedForCredentialOperations", "The admin user is not enabled for the container registry '%s'.", a.ID.Name())
			}
			return Effect{Body: map[string]any{"username": a.ID.Name(), "passwords": []any{
				map[string]any{"name": "password", "value": accountKey(a.Subject, "password")}, map[string]any{"name": "password2", "value": accountKey(a.Subject, "password2")},
			}}}, nil
		},
		"Microsoft.ContainerService/managedClusters/start": power("running"),
		"Microsoft.ContainerService/managedClusters/stop":  power("stopped"),
	}
}
