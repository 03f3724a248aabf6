package security

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/appconfiguration/2024-06-01/configurationstores"
	"github.com/hashicorp/go-azure-sdk/resource-manager/appconfiguration/2024-06-01/keyvalues"
)

const (
	storeKind    cloud.Kind = "Microsoft.AppConfiguration/configurationStores"
	keyValueKind cloud.Kind = "Microsoft.AppConfiguration/configurationStores/keyValues"
	configPage              = "Microsoft Learn, What is Azure App Configuration?"
)

func (s *state) parameterRules() []design.Rule {
	return []design.Rule{{Name: "ssm/parameter", Kinds: []cloud.Kind{"AWS::SSM::Parameter"}, Stage: design.Keys, Source: configPage, Targets: []cloud.Kind{storeKind, keyValueKind, vaultKind}, Apply: s.parameter}}
}

// called is the name by which code asks for a secret or a parameter.
func called(r *inventory.Resource) string {
	if name := design.Text(r.Properties, "Name"); name != "" && !common.Unresolved(name) {
		return name
	}
	return r.Name
}

// isSecret reports whether a value belongs into a vault: every secret, and a
// parameter that is encrypted or whose value the reader kept back.
func isSecret(r *inventory.Resource) bool {
	return r.Kind == "AWS::SecretsManager::Secret" || strings.EqualFold(design.Text(r.Properties, "Type"), "SecureString") || strings.Contains(design.Text(r.Properties, "Value"), "(redacted)")
}

// parameter puts a setting into App Configuration, and a SecureString into the
// vault.
func (s *state) parameter(c *design.Context, r *inventory.Resource) design.Decision {
	sheet := common.Open(c, r).Knows("Type", "Value", "Version", "LastModifiedDate", "DataType")
	parameterGaps(sheet)
	if isSecret(r) {
		return s.secretParameter(sheet)
	}
	if c.Shared(r) {
		sheet.Decide(design.Retain, common.NamedGaps, "others read %s too; the workload keeps a setting of its own when it has moved", called(r))
		sheet.Do("add a copy of %s to the configuration store, or let the workload read it at AWS by a federated role", called(r))
		return sheet.Done()
	}
	store := s.store(c, r)
	value := sheet.Text("Value")
	expression := value
	from := common.Shown(value)
	meant, names := meaning(c, r, value)
	if names {
		from = string(meant.Kind) + " " + meant.Name
	}
	if names || common.Unresolved(value) {
		expression = c.ParameterOf(r, design.Parameter{Name: common.ParameterName("setting", called(r)), Description: "Value of the setting " + called(r) + ", which the source takes from " + from})
	}
	if names || strings.Contains(value, "amazonaws.com") || strings.Contains(value, "arn:aws") || common.Unresolved(value) {
		sheet.Do("%s=%s names something at AWS: write its counterpart", called(r), from)
	}
	if len(value) > valueMost {
		sheet.Gap("parameter.size", "Value has "+common.Count(len(value), "character"))
	}
	c.Attach(r, store, c.Once("security/setting/"+string(store)+strings.ToLower(called(r)), func() cloud.ResourceID {
		return c.Put(design.Target{Type: keyValueKind, Parent: store, Base: encoded(called(r)), Exact: true, NoLocation: true,
			Model: keyvalues.KeyValue{Properties: &keyvalues.KeyValueProperties{Value: new(expression), ContentType: contentType(sheet)}}})
	}))
	sheet.Decide(design.Migrate, common.LikeForLike, "%s is plain text of type %s, so it becomes a key-value of App Configuration under the same key", called(r), sheet.Plain("Type", "String"))
	sheet.Not("Azure Key Vault", "it is no secret, and a vault counts every reading")
	sheet.Not("settings of the app itself", "several parts of the workload read it by its path")
	sheet.Do("code that asks Systems Manager for %s asks App Configuration for the same key", called(r))
	return sheet.Done()
}

// meaning returns the resource whose name or address a setting holds: a template
// refers to it, a scan reads the name, and both mean the same. A word without any
// mark is no name: "main" may be anything.
func meaning(c *design.Context, r *inventory.Resource, value string) (*inventory.Resource, bool) {
	if !strings.ContainsAny(value, "-_./:{") {
		return nil, false
	}
	if found, ok := c.Find(r, value); ok {
		return found, true
	}
	return c.Find(r, value, "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Kinesis::Stream")
}

// valueMost is how much a key-value holds (Microsoft Learn, "Azure App
// Configuration FAQ": 10 KB with its key and label).
const valueMost = 10000

func (s *state) secretParameter(sheet *common.Sheet) design.Decision {
	vault := s.vault(sheet.C, sheet.R)
	name := common.SecretName(called(sheet.R))
	if vault == "" {
		sheet.Decide(design.Retain, common.NamedGaps, "others use %s too; its value is not copied without a word", called(sheet.R))
		sheet.Do("give the workload a secret of its own in place of %s", called(sheet.R))
		return sheet.Done()
	}
	sheet.C.Attach(sheet.R, vault)
	sheet.Decide(design.Migrate, common.LikeForLike, "%s is encrypted, so it becomes the secret %s of a vault; its value moves from store to store", called(sheet.R), name)
	sheet.Knows("KeyId")
	sheet.Gap("secret.name", called(sheet.R)+" -> "+name)
	sheet.Do("code that asks Systems Manager for %s asks the vault for %s, or App Configuration for a reference to it", called(sheet.R), name)
	return sheet.Done()
}

func parameterGaps(s *common.Sheet) {
	if s.Has("Policies") {
		s.Meets("parameter.policy", "Policies")
	}
	if s.Has("AllowedPattern") {
		s.Meets("parameter.pattern", "AllowedPattern")
	}
	if kind := s.Text("DataType"); kind != "" && kind != "text" {
		s.Meets("parameter.type", "DataType")
	}
	s.Knows("Tier")
}

func contentType(s *common.Sheet) *string {
	if s.Text("Type") == "StringList" {
		s.Gap("parameter.list", "Type=StringList")
		return new("text/csv")
	}
	return new("text/plain")
}

// store returns the configuration store for a setting: one for each set of
// roles that read it, since rights are given on a whole store.
func (s *state) store(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	if s.stores == nil {
		s.stores = s.partition(c, c.OfKind("AWS::SSM::Parameter"), func(r *inventory.Resource) bool { return !isSecret(r) }, "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")
	}
	base := strings.TrimSuffix(s.stores[r.ID]+"-"+c.Options.Workload, "-")
	return c.Once("security/store/"+s.stores[r.ID], func() cloud.ResourceID {
		return c.Put(design.Target{Type: storeKind, Base: strings.TrimPrefix(base, "-"), Model: configurationstores.ConfigurationStore{
			Sku: configurationstores.Sku{Name: "Standard"},
			Properties: &configurationstores.ConfigurationStoreProperties{
				PublicNetworkAccess: new(configurationstores.PublicNetworkAccessEnabled), EnablePurgeProtection: new(false), SoftDeleteRetentionInDays: new(int64(7)),
				// The deployment writes key-values with the right of who deploys.
				DataPlaneProxy: &configurationstores.DataPlaneProxyProperties{AuthenticationMode: new(configurationstores.AuthenticationModePassNegativethrough)},
			},
		}})
	})
}

// encoded is how a key stands in the name of a resource: what is neither
// letter nor digit as ~ and its code (Microsoft Learn, "Quickstart: Create an
// Azure App Configuration store by using an ARM template").
func encoded(key string) string {
	var out strings.Builder
	for _, b := range []byte(key) {
		if b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '_' || b == '.' {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "~%02X", b)
		}
	}
	return out.String()
}
