package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/appconfiguration/2024-06-01/configurationstores"
	"github.com/hashicorp/go-azure-sdk/resource-manager/appconfiguration/2024-06-01/keyvalues"
)

const (
	configurationKind cloud.Kind = "Microsoft.AppConfiguration/configurationStores"
	keyValueKind      cloud.Kind = "Microsoft.AppConfiguration/configurationStores/keyValues"
)

func configurationRules() []design.Rule {
	const source = "Microsoft Learn, What is Azure App Configuration?"
	return []design.Rule{
		{Name: "appconfig/application", Kinds: []cloud.Kind{"AWS::AppConfig::Application"}, Stage: design.Data, Source: source, Targets: []cloud.Kind{configurationKind}, Apply: applyConfiguration},
		{Name: "appconfig/version", Kinds: []cloud.Kind{"AWS::AppConfig::HostedConfigurationVersion"}, Stage: design.Edge, Source: source, Targets: []cloud.Kind{keyValueKind}, Apply: applyConfigurationVersion},
	}
}

// applyConfiguration gives each application a store, so that who may read one
// cannot read another.
func applyConfiguration(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	c.Put(design.Target{Type: configurationKind, Base: r.Name, Model: configurationstores.ConfigurationStore{Sku: configurationstores.Sku{Name: "standard"}, Properties: &configurationstores.ConfigurationStoreProperties{
		DisableLocalAuth: new(true), EnablePurgeProtection: new(false), SoftDeleteRetentionInDays: new(int64(7)),
		// Settings are written by the deployment, which signs in to Resource
		// Manager only.
		DataPlaneProxy: &configurationstores.DataPlaneProxyProperties{AuthenticationMode: new(configurationstores.AuthenticationModePassNegativethrough)},
	}}}, r)
	t.why("application %s with %s becomes a store of App Configuration", r.Name, common.Count(len(c.Referring(r, "AWS::AppConfig::ConfigurationProfile", "ApplicationId")), "profile"))
	t.gap("appconfig.client", "Name="+r.Name)
	return t.done("*")
}

// applyConfigurationVersion puts the content of the newest version of a
// profile as one setting.
func applyConfigurationVersion(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	profile, ok := c.Find(r, t.at("ConfigurationProfileId"), "AWS::AppConfig::ConfigurationProfile")
	application, found := c.Find(r, t.at("ApplicationId"), "AWS::AppConfig::Application")
	store, put := c.TargetOf(application, configurationKind)
	content := t.text("Content")
	flags := ok && strings.Contains(design.Text(profile.Properties, "Type"), "FeatureFlags")
	switch {
	case !ok || !found || !put:
		t.Action = design.Manual
		t.why("a version of profile %s, whose application is not part of the design", nameOr(profile, t.at("ConfigurationProfileId")))
		t.todo("bring the settings of %s into a store by hand", nameOr(profile, t.at("ConfigurationProfileId")))
		return t.done("*")
	case newer(c, r):
		t.Action, t.Confidence = design.Retire, likeForLike
		return t.why("a newer version of profile %s takes its place", profile.Name).done("*")
	}
	t.why("the content of profile %s (%s) becomes a setting of the store", profile.Name, orElse(t.text("ContentType"), "text"))
	if content == "" || unknown(content) || strings.Contains(content, inventory.Redacted) {
		t.Action = design.Manual
		t.todo("bring the content of profile %s into the store by hand, and what is secret in it into the vault", profile.Name)
		return t.done("*")
	}
	if flags {
		t.gap("appconfig.flags", "Type=AWS.AppConfig.FeatureFlags")
		t.todo("write each flag of profile %s as a feature flag of the store", profile.Name)
	}
	c.Put(design.Target{Type: keyValueKind, Parent: store, Base: profile.Name, NoLocation: true, Model: keyvalues.KeyValue{Properties: &keyvalues.KeyValueProperties{
		Value: new(content), ContentType: text(t.text("ContentType")),
	}}}, r)
	return t.done("*")
}

// newer reports whether another version of the same profile has a higher
// number, or stands behind this one in order.
func newer(c *design.Context, r *inventory.Resource) bool {
	profile, _ := c.Find(r, design.At(r.Properties, "ConfigurationProfileId"), "AWS::AppConfig::ConfigurationProfile")
	behind := false
	for _, other := range c.OfKind(r.Kind) {
		if other == r {
			behind = true
			continue
		}
		if p, ok := c.Find(other, design.At(other.Properties, "ConfigurationProfileId"), "AWS::AppConfig::ConfigurationProfile"); !ok || p != profile {
			continue
		}
		mine, theirs := design.Int(r.Properties, "VersionNumber", 0), design.Int(other.Properties, "VersionNumber", 0)
		if theirs > mine || theirs == mine && behind {
			return true
		}
	}
	return false
}
