package provider

import "strings"

func webFillers() map[string]filler {
	site := func(s Subject) map[string]any {
		host := strings.ToLower(strings.ReplaceAll(s.ID.FullName(), "/", "-")) + ".azurewebsites.net"
		return properties(map[string]any{"defaultHostName": host, "hostNames": []any{host}, "enabledHostNames": []any{host, strings.TrimSuffix(host, ".azurewebsites.net") + ".scm.azurewebsites.net"},
			"state": runningPower(s), "outboundIpAddresses": "192.0.2.200", "customDomainVerificationId": strings.ToUpper(strings.ReplaceAll(s.GUID("domain"), "-", ""))})
	}
	return map[string]filler{
		"Microsoft.Web/sites":       site,
		"Microsoft.Web/sites/slots": site,
		"Microsoft.Web/serverfarms": func(s Subject) map[string]any {
			return properties(map[string]any{"status": "Ready", "provisioningState": s.State, "numberOfSites": int64(0), "geoRegion": s.text("location")})
		},
		"Microsoft.Web/staticSites": func(s Subject) map[string]any {
			return properties(map[string]any{"defaultHostname": strings.ToLower(s.ID.Name()) + ".azurestaticapps.net"})
		},
	}
}

func runningPower(s Subject) string {
	if s.Runtime["power"] == "stopped" {
		return "Stopped"
	}
	return "Running"
}

func webActors() map[string]actor {
	return map[string]actor{
		"Microsoft.Web/sites/start":   power("running"),
		"Microsoft.Web/sites/stop":    power("stopped"),
		"Microsoft.Web/sites/restart": power("running"),
	}
}
