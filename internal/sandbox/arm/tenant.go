package arm

import (
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// environment is the answer of the template function and the core of the
// metadata document.
func (s *Server) environment() map[string]any { return s.metadata(s.address()) }

// metadata describes the cloud: where things are.
func (s *Server) metadata(base string) map[string]any {
	return map[string]any{
		"name": "LandfallSandbox", "portal": base, "resourceManager": base + "/", "graph": base, "graphAudience": "https://graph.windows.net/", "gallery": base, "media": base, "batch": base,
		"microsoftGraphResourceId": base, "vmImageAliasDoc": base, "sqlManagement": base, "activeDirectoryDataLake": base, "appInsightsResourceId": base, "appInsightsTelemetryChannelResourceId": base,
		"attestationResourceId": base, "synapseAnalyticsResourceId": base, "logAnalyticsResourceId": base, "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
		"authentication": map[string]any{"loginEndpoint": base + "/", "audiences": []any{"https://management.core.windows.net/", "https://management.azure.com/"}, "tenant": "common", "identityProvider": "AAD"},
		"suffixes": map[string]any{"keyVaultDns": "vault.azure.net", "storage": "core.windows.net", "sqlServerHostname": "database.windows.net", "acrLoginServer": "azurecr.io", "postgresqlServerEndpoint": "postgres.database.azure.com",
			"mysqlServerEndpoint": "mysql.database.azure.com", "azureFrontDoorEndpointSuffix": "azurefd.net", "mhsmDns": "managedhsm.azure.net", "storageSyncEndpointSuffix": "afs.azure.net"},
	}
}

// writeMetadata needs no token: clients read it to learn where tokens are.
func (s *Server) writeMetadata(w http.ResponseWriter, r *http.Request) {
	s.stampHeaders(w, r)
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Query().Get("api-version") == "" {
		writeError(w, s.plane.CheckVersion("Microsoft.Resources/tenants", ""))
		return
	}
	writeJSON(w, http.StatusOK, s.metadata("https://"+r.Host))
}

func (s *Server) listSubscriptions(c *call) error {
	v, err := s.plane.Get(s.plane.Subscription())
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": []any{v.Body}, "count": map[string]any{"type": "Total", "value": 1}})
	return nil
}

func (s *Server) listTenants(c *call) error {
	id := s.options.Tenant
	writeJSON(c.w, http.StatusOK, map[string]any{"value": []any{map[string]any{"id": "/tenants/" + id, "tenantId": id, "displayName": "Landfall sandbox", "tenantCategory": "Home", "defaultDomain": "landfall.onmicrosoft.com", "countryCode": "US"}}})
	return nil
}

func (s *Server) listLocations(c *call) error {
	if _, err := s.plane.Get(c.path.ID); err != nil {
		return err
	}
	values := []any{}
	for _, r := range provider.Regions() {
		values = append(values, s.location(c.path.ID, r))
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

func (s *Server) location(scope armid.ID, r provider.Region) map[string]any {
	prefix := scope.String() + "/locations/"
	paired := []any{}
	for _, name := range r.Paired {
		paired = append(paired, map[string]any{"name": name, "id": prefix + name})
	}
	out := map[string]any{"id": prefix + r.Name, "name": r.Name, "type": "Region", "displayName": r.Display, "regionalDisplayName": "(" + r.Group + ") " + r.Display,
		"metadata": map[string]any{"regionType": "Physical", "regionCategory": r.Category, "geography": r.Geography, "geographyGroup": r.Group, "pairedRegion": paired}}
	zones := []any{}
	for _, z := range r.Zones {
		zones = append(zones, map[string]any{"logicalZone": z, "physicalZone": r.Name + "-az" + z})
	}
	if len(zones) > 0 {
		out["availabilityZoneMappings"] = zones
	}
	return out
}

func (s *Server) listProviders(c *call) error {
	values := []any{}
	for _, n := range s.plane.Table().Namespaces() {
		values = append(values, s.providerBody(c.path.ID, n))
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

func (s *Server) getProvider(c *call) error {
	namespace, ok := s.plane.Table().Namespace(c.path.Namespace)
	if !ok {
		return unknownNamespace(c.path.Namespace)
	}
	writeJSON(c.w, http.StatusOK, s.providerBody(c.path.ID, namespace))
	return nil
}

func (s *Server) providerBody(scope armid.ID, namespace string) map[string]any {
	state := "Registered"
	if !s.plane.Registered(namespace) {
		state = "NotRegistered"
	}
	var regions []any
	for _, r := range provider.Regions() {
		regions = append(regions, r.Display)
	}
	types := []any{}
	for _, t := range s.plane.Table().Types(namespace) {
		versions := make([]any, len(t.Versions))
		for i, v := range t.Versions {
			// The newest comes first, as clients that pick one expect.
			versions[len(t.Versions)-1-i] = v
		}
		types = append(types, map[string]any{"resourceType": strings.TrimPrefix(t.Name[len(namespace):], "/"), "locations": regions, "apiVersions": versions, "capabilities": "SupportsTags, SupportsLocation"})
	}
	id := strings.TrimSuffix(scope.String(), "/") + "/providers/" + namespace
	return map[string]any{"id": id, "namespace": namespace, "registrationState": state, "registrationPolicy": "RegistrationRequired", "resourceTypes": types}
}
