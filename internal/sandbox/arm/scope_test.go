package arm_test

import (
	"net/http"
	"net/url"
	"testing"

	"example.com/landfall/internal/sandbox/arm/document"
)

func TestOtherScopes(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	const managed = "//providers/Microsoft.Management/managementGroups/landing"
	made := s.call(http.MethodPut, managed, "2023-04-01", object{"properties": object{"displayName": "Landing zones"}})
	if made.status != http.StatusAccepted {
		t.Fatalf("%d %v", made.status, made.body)
	}
	s.done(made)
	if got := s.call(http.MethodGet, managed, "2023-04-01", nil); document.Text(got.body, "properties.displayName") != "Landing zones" {
		t.Errorf("%v", got.body)
	}
	if list := s.call(http.MethodGet, "//providers/Microsoft.Management/managementGroups", "2023-04-01", nil); len(document.List(list.body, "value")) != 1 {
		t.Errorf("%v", list.body)
	}
	for path, status := range map[string]int{group: 204, "/resourceGroups/none": 404, group + "/providers/Microsoft.Network/routeTables/none": 404} {
		if a := s.call(http.MethodHead, path, "2021-04-01", nil); a.status != status {
			t.Errorf("HEAD %s: %d", path, a.status)
		}
	}
	tenants := s.call(http.MethodGet, "//tenants", "2022-12-01", nil)
	subscriptions := s.call(http.MethodGet, "//subscriptions", "2022-12-01", nil)
	if document.Text(document.List(tenants.body, "value")[0], "tenantId") != tenant || document.Text(document.List(subscriptions.body, "value")[0], "subscriptionId") != subscription {
		t.Errorf("%v %v", tenants.body, subscriptions.body)
	}
	if a := s.call(http.MethodGet, "//subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups", "2021-04-01", nil); a.status < 400 {
		t.Errorf("%v", a.body)
	}
	setting := s.call(http.MethodPut, group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i/providers/Microsoft.Insights/diagnosticSettings/d", "2021-05-01-preview", object{})
	if setting.code() != "ResourceNotFound" {
		t.Errorf("an extension needs its resource: %v", setting.body)
	}
}

func escape(s string) string { return url.QueryEscape(s) }

func TestFilters(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	s.mustPut(group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app-one", "2024-11-30", object{"location": "eastus", "tags": object{"team": "shop"}})
	s.mustPut(group+"/providers/Microsoft.Network/routeTables/app-two", network, object{"location": "westus"})
	for filter, want := range map[string]int{
		"": 2, "resourceType eq 'Microsoft.Network/routeTables'": 1, "resourceType eq 'microsoft.network/ROUTETABLES' or name eq 'app-one'": 2, "tagName eq 'team'": 1, "tagName eq 'team' and tagValue eq 'other'": 0,
		"name eq 'app-one' and location eq 'East US'": 1, "substringof('two', name)": 1, "startswith(name, 'app')": 2, "location ne 'eastus'": 1, "(name eq 'app-one')": 1,
	} {
		a := s.call(http.MethodGet, "/resources?$filter="+escape(filter), "2021-04-01", nil)
		if got := len(document.List(a.body, "value")); a.status != http.StatusOK || got != want {
			t.Errorf("%q: %d, want %d: %v", filter, got, want, a.body)
		}
	}
	for _, filter := range []string{"colour eq 'red'", "name like 'x'", "name eq 'a' and"} {
		if a := s.call(http.MethodGet, "/resources?$filter="+escape(filter), "2021-04-01", nil); a.code() != "InvalidFilterInQueryString" {
			t.Errorf("%q: %v", filter, a.body)
		}
	}
	if a := s.call(http.MethodGet, "/resources?$top=x", "2021-04-01", nil); a.code() != "InvalidTopQueryString" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodGet, "/resources?$skiptoken=%25%25", "2021-04-01", nil); a.code() != "InvalidSkipTokenQueryString" {
		t.Errorf("%v", a.body)
	}
}
