package common

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-sdk/resource-manager/applicationinsights/2020-02-02/componentsapis"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2021-05-01-preview/diagnosticsettings"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2023-01-01/actiongroupsapis"
	"github.com/hashicorp/go-azure-sdk/resource-manager/operationalinsights/2025-07-01/workspaces"
)

// shortNameMost is the longest short name of an action group; texts and mails
// carry it (Microsoft Learn, "Action groups").
const shortNameMost = 12

// Workspace returns the workload's Log Analytics workspace. Its tables may keep
// data longer than its own 30 days.
func Workspace(c *design.Context) cloud.ResourceID {
	return c.Once("common/workspace", func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.OperationalInsights/workspaces", Base: c.Options.Workload, Model: workspaces.Workspace{Properties: &workspaces.WorkspaceProperties{
			Sku:                             &workspaces.WorkspaceSku{Name: workspaces.WorkspaceSkuNameEnumPerGBTwoZeroOneEight},
			RetentionInDays:                 new(int64(30)),
			PublicNetworkAccessForIngestion: new(workspaces.PublicNetworkAccessTypeEnabled),
			PublicNetworkAccessForQuery:     new(workspaces.PublicNetworkAccessTypeEnabled),
		}}})
	})
}

// Insights returns the workload's Application Insights component, which writes
// to Workspace.
func Insights(c *design.Context) cloud.ResourceID {
	return c.Once("common/insights", func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.Insights/components", Base: c.Options.Workload, Model: componentsapis.ApplicationInsightsComponent{
			Kind: "web",
			Properties: &componentsapis.ApplicationInsightsComponentProperties{
				ApplicationType:     componentsapis.ApplicationTypeWeb,
				WorkspaceResourceId: new(string(Workspace(c))),
				IngestionMode:       new(componentsapis.IngestionModeLogAnalytics),
			},
		}})
	})
}

// ActionGroup returns the group that the workload's alerts notify. It begins
// without receivers; Resource(id).Body may be given some.
func ActionGroup(c *design.Context) cloud.ResourceID {
	return c.Once("common/actiongroup", func() cloud.ResourceID {
		short := c.Options.Workload
		if len(short) > shortNameMost {
			short = strings.TrimRight(short[:shortNameMost], "-_. ")
		}
		if short == "" {
			short = "workload"
		}
		return c.Put(design.Target{Type: "Microsoft.Insights/actionGroups", Base: c.Options.Workload, Location: "global", Model: actiongroupsapis.ActionGroupResource{
			Properties: &actiongroupsapis.ActionGroup{Enabled: true, GroupShortName: short},
		}})
	})
}

// Diagnostics sends a target's resource logs to Workspace and returns the
// diagnostic setting; "" for a target that writes no resource logs.
func Diagnostics(c *design.Context, target cloud.ResourceID) cloud.ResourceID {
	r, ok := c.Resource(target)
	if !ok {
		return ""
	}
	categories := logCategories(r.Type)
	if len(categories) == 0 {
		return ""
	}
	return c.Once("common/diagnostics/"+strings.ToLower(string(target)), func() cloud.ResourceID {
		logs := make([]diagnosticsettings.DiagnosticsLogSettings, len(categories))
		for i, name := range categories {
			logs[i] = diagnosticsettings.DiagnosticsLogSettings{Category: new(name), Enabled: true}
		}
		return c.Put(design.Target{
			Type: "Microsoft.Insights/diagnosticSettings", Base: "to-workspace", Exact: true, Scope: target,
			// The envelope of a diagnostic setting has a location; newer versions
			// ignore it, the published type still asks for it.
			Location: c.Place.Location, NoLocation: true,
			Model: diagnosticsettings.DiagnosticSettingsResource{Properties: &diagnosticsettings.DiagnosticSettings{WorkspaceId: new(string(Workspace(c))), Logs: &logs}},
		})
	})
}

// logCategories are the resource logs of a type that answer to what the AWS
// service logs (Microsoft Learn, "Supported Resource log categories for Azure
// Monitor").
func logCategories(kind cloud.Kind) []string {
	switch strings.ToLower(string(kind)) {
	case "microsoft.keyvault/vaults":
		return []string{"AuditEvent"}
	case "microsoft.network/applicationgateways":
		return []string{"ApplicationGatewayAccessLog", "ApplicationGatewayFirewallLog"}
	case "microsoft.cdn/profiles":
		return []string{"FrontDoorAccessLog", "FrontDoorWebApplicationFirewallLog", "FrontDoorHealthProbeLog"}
	case "microsoft.network/trafficmanagerprofiles":
		return []string{"ProbeHealthStatusEvents"}
	case "microsoft.dbforpostgresql/flexibleservers":
		return []string{"PostgreSQLLogs"}
	case "microsoft.dbformysql/flexibleservers":
		return []string{"MySqlSlowLogs", "MySqlAuditLogs"}
	case "microsoft.containerservice/managedclusters":
		return []string{"kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler", "guard"}
	case "microsoft.web/sites":
		return []string{"FunctionAppLogs"}
	case "microsoft.apimanagement/service":
		return []string{"GatewayLogs"}
	case "microsoft.logic/workflows":
		return []string{"WorkflowRuntime"}
	case "microsoft.app/managedenvironments":
		return []string{"ContainerAppConsoleLogs", "ContainerAppSystemLogs"}
	case "microsoft.servicebus/namespaces", "microsoft.eventhub/namespaces":
		return []string{"OperationalLogs"}
	case "microsoft.containerregistry/registries":
		return []string{"ContainerRegistryRepositoryEvents", "ContainerRegistryLoginEvents"}
	case "microsoft.documentdb/databaseaccounts":
		return []string{"DataPlaneRequests"}
	case "microsoft.storage/storageaccounts/blobservices":
		return []string{"StorageRead", "StorageWrite", "StorageDelete"}
	}
	return nil
}
