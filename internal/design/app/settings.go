package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/keyvault/2026-02-01/secrets"
)

// setting is what becomes of one environment variable.
type setting struct {
	name, value string
	// secret is set instead of value where a vault keeps it.
	secret cloud.ResourceID
	// named says that the source gives the program the secret's name and not its
	// value: whether it may be read is for the policies of the role to say.
	named bool
	// more are variables that the program needs beside it.
	more []setting
	// todo is what a person has to do, "" for nothing.
	todo string
}

// reference is the form in which an app setting names a secret of the vault
// (Microsoft Learn, "Use Key Vault references as app settings").
func (s setting) reference() string {
	if s.secret == "" {
		return s.value
	}
	return "@Microsoft.KeyVault(VaultName=" + common.LastName(parentOf(s.secret)) + ";SecretName=" + common.LastName(s.secret) + ")"
}

// address is the secret's own address.
func (s setting) address() string {
	return "https://" + common.LastName(parentOf(s.secret)) + ".vault.azure.net/secrets/" + common.LastName(s.secret)
}

// named are the kinds that variables name, with the word that a variable's
// name tells the kind by.
func named() []struct {
	kind cloud.Kind
	hint string
} {
	return []struct {
		kind cloud.Kind
		hint string
	}{
		{"AWS::S3::Bucket", "BUCKET"}, {"AWS::DynamoDB::Table", "TABLE"}, {"AWS::DynamoDB::GlobalTable", "TABLE"}, {"AWS::SQS::Queue", "QUEUE"}, {"AWS::SNS::Topic", "TOPIC"},
		{"AWS::SecretsManager::Secret", "SECRET"}, {"AWS::SSM::Parameter", "PARAM"}, {"AWS::Kinesis::Stream", "STREAM"},
		{"AWS::Events::EventBus", "BUS"}, {"AWS::StepFunctions::StateMachine", "STATE_MACHINE"}, {"AWS::Lambda::Function", "FUNCTION"},
		{"AWS::RDS::DBInstance", "HOST"}, {"AWS::RDS::DBCluster", "HOST"}, {"AWS::ElastiCache::ReplicationGroup", "REDIS"}, {"AWS::ElastiCache::CacheCluster", "CACHE"},
		{"AWS::ElastiCache::ServerlessCache", "CACHE"}, {"AWS::KMS::Key", "KEY"}, {"AWS::OpenSearchService::Domain", "SEARCH"}, {"AWS::DocDB::DBCluster", "MONGO"},
		{"AWS::ECS::Cluster", "CLUSTER"}, {"AWS::ECS::Service", "SERVICE"}, {"AWS::ElasticLoadBalancingV2::LoadBalancer", "URL"}, {"AWS::EFS::FileSystem", "FILE_SYSTEM"},
		{"AWS::Cognito::UserPool", "USER_POOL"}, {"AWS::Cognito::UserPoolClient", "CLIENT"}, {"AWS::ApiGateway::RestApi", "API"}, {"AWS::ApiGatewayV2::Api", "API"},
		{"AWS::KinesisFirehose::DeliveryStream", "FIREHOSE"}, {"AWS::ECR::Repository", "REPOSITORY"},
	}
}

// mentioned returns the resource that a variable's value names. A single word
// is only taken for a name when the variable's name says so: "main" may be
// anything.
func mentioned(c *design.Context, r *inventory.Resource, name string, value any) (*inventory.Resource, bool) {
	text, ok := value.(string)
	if !ok || len(text) < 3 {
		return nil, false
	}
	plain := !strings.ContainsAny(text, "-_/.:{")
	var kinds []cloud.Kind
	for _, n := range named() {
		if !plain || strings.Contains(strings.ToUpper(name), n.hint) {
			kinds = append(kinds, n.kind)
		}
	}
	if len(kinds) == 0 {
		return nil, false
	}
	return c.Find(r, value, kinds...)
}

// translate says what becomes of a variable of r.
func translate(c *design.Context, r *inventory.Resource, name string, value any) setting {
	s := setting{name: name, value: design.Text(map[string]any{"v": value}, "v")}
	if resolved, ok := dynamic(c, r, s); ok {
		return resolved
	}
	if strings.Contains(s.value, inventory.Redacted) {
		return keptSecret(c, r, s)
	}
	found, ok := mentioned(c, r, name, value)
	switch {
	case ok && !whole(s.value, found):
		s.todo = "write the value of " + name + " anew: it holds the address of " + found.Name + " inside other text"
		s.value = c.ParameterOf(r, design.Parameter{Name: common.ParameterName(called(r), name), Description: "The value of " + name + " in " + r.Name + ", with the address of what stands for " + found.Name})
	case ok:
		return counterpart(c, r, s, found)
	case unknown(value):
		s.value = c.ParameterOf(r, design.Parameter{Name: common.ParameterName(called(r), name), Description: "The value of " + name + " in " + r.Name})
		s.todo = "give parameter " + parameterIn(s.value) + " a value: the template does not say what " + name + " is"
	}
	return s
}

// whole reports whether a value is nothing but the name or address of a
// resource.
func whole(value string, found *inventory.Resource) bool {
	if refs := inventory.References(value); len(refs) > 0 {
		return value == refs[0].String() || strings.HasPrefix(value, "arn:") || len(refs) == 1 && refs[0].String() == strings.TrimSpace(value)
	}
	if value == string(found.ID) || value == found.Name || slices.Contains(found.Aliases, value) {
		return true
	}
	return strings.HasPrefix(value, "arn:") || arnLike(value)
}

// arnLike recognises a queue's address, which names nothing besides.
func arnLike(value string) bool {
	return strings.HasPrefix(value, "https://sqs.") || strings.HasPrefix(value, "https://queue.")
}

// dynamic resolves "{{resolve:secretsmanager:...}}" and its kin, which
// CloudFormation replaces when it deploys.
func dynamic(c *design.Context, r *inventory.Resource, s setting) (setting, bool) {
	inner, ok := strings.CutPrefix(s.value, "{{resolve:")
	if !ok || !strings.HasSuffix(inner, "}}") {
		return s, false
	}
	service, rest, _ := strings.Cut(strings.TrimSuffix(inner, "}}"), ":")
	kind, ref, key := cloud.Kind("AWS::SSM::Parameter"), rest, ""
	if service == "secretsmanager" {
		kind = "AWS::SecretsManager::Secret"
		ref, key, _ = strings.Cut(rest, ":SecretString")
		key = strings.Trim(key, ":")
	} else if i := strings.LastIndexByte(rest, ':'); i > 0 {
		ref = rest[:i]
	}
	found, ok := c.Find(r, ref, kind)
	if !ok {
		kept := keptSecret(c, r, s)
		kept.todo = "bring the value of " + s.name + " into the vault: " + shown(ref) + " is not part of the design"
		return kept, true
	}
	out := counterpart(c, r, s, found)
	out.named = false
	if key != "" {
		out.todo = "take " + key + " out of secret " + found.Name + " in the program: the target gives the whole secret"
	}
	return out, true
}

// keptSecret puts a secret whose value the deployment supplies into a vault of
// its reader, who would read the workload's other secrets in a common one.
func keptSecret(c *design.Context, r *inventory.Resource, s setting) setting {
	vault := common.VaultFor(c, "env-"+readerOf(c, r))
	value := c.ParameterOf(r, design.Parameter{Name: common.ParameterName(called(r), s.name), Secure: true, Description: "The secret value of " + s.name + " in " + r.Name})
	id := c.Once("app/secret/"+string(r.ID)+"/"+s.name, func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.KeyVault/vaults/secrets", Parent: vault, Base: strings.ReplaceAll(called(r)+"-"+s.name, "_", "-"), NoLocation: true,
			Model: secrets.Secret{Properties: secrets.SecretProperties{Value: new(value)}}}, r)
	})
	s.value, s.secret = "", id
	s.todo = "give secure parameter " + parameterIn(value) + " its value at deployment; it goes into the vault and nowhere else"
	return s
}

// readerOf names who is handed the variables of a resource: the role that it
// runs or starts under, itself where it has none.
func readerOf(c *design.Context, r *inventory.Resource) string {
	for _, property := range []string{"ExecutionRoleArn", "Role"} {
		if role, ok := c.Find(r, r.Properties[property], "AWS::IAM::Role"); ok {
			return role.Name
		}
	}
	return called(r)
}

// counterpart gives a program what it needs to know of the resource that
// stands for the one it used.
func counterpart(c *design.Context, r *inventory.Resource, s setting, found *inventory.Resource) setting {
	attribute := ""
	if refs := inventory.References(s.value); len(refs) == 1 {
		attribute = refs[0].Attribute
	}
	if strings.HasSuffix(attribute, "Port") {
		s.value = design.Text(found.Properties, "Port")
		if s.value == "" {
			s.todo = "set " + s.name + " to the port of what stands for " + found.Name
		}
		return s
	}
	if out, ok := vaulted(c, s, found); ok {
		out.named = true
		out.todo = "read " + s.name + " as the value of " + found.Name + " itself, no longer as its name"
		return out
	}
	for _, id := range c.TargetsOf(found) {
		if out, ok := pointTo(c, s, id); ok {
			out.todo = "let the program use " + s.name + " as the address of what stands for " + found.Name + ", which no AWS SDK speaks to"
			return out
		}
	}
	s.todo = "set " + s.name + " to what stands for " + found.Name
	s.value = c.ParameterOf(r, design.Parameter{Name: common.ParameterName(called(r), s.name), Description: "The value of " + s.name + " in " + r.Name + ": what stands for " + found.Name})
	return s
}

// vaulted finds the secret that stands for one of the source.
func vaulted(c *design.Context, s setting, found *inventory.Resource) (setting, bool) {
	for _, id := range c.TargetsOf(found) {
		if target, ok := c.Resource(id); ok && target.Type == "Microsoft.KeyVault/vaults" {
			// The value of a secret goes from store to store: no deployment makes it.
			id += cloud.ResourceID("/secrets/" + common.SecretName(found.Name))
		}
		if out, ok := pointTo(c, s, id); ok && out.secret != "" {
			return out, true
		}
	}
	return s, false
}

// pointTo writes the address of a target. Names are literal: their suffix is
// replaced for another environment.
func pointTo(c *design.Context, s setting, id cloud.ResourceID) (setting, bool) {
	name := common.LastName(id)
	if strings.Contains(string(id), "/vaults/") && strings.Contains(string(id), "/secrets/") {
		s.value, s.secret = "", id
		return s, true
	}
	target, ok := c.Resource(id)
	if !ok {
		return s, false
	}
	switch target.Type {
	case busQueueKind, busTopicKind:
		s.value = name
		s.more = []setting{{name: "SERVICEBUS__fullyQualifiedNamespace", value: common.LastName(parentOf(id)) + ".servicebus.windows.net"}}
	case "Microsoft.EventHub/namespaces/eventhubs":
		s.value = name
		s.more = []setting{{name: "EVENTHUB__fullyQualifiedNamespace", value: common.LastName(parentOf(id)) + ".servicebus.windows.net"}}
	case "Microsoft.Storage/storageAccounts":
		s.value = "https://" + name + ".blob.core.windows.net/"
	case "Microsoft.Storage/storageAccounts/blobServices/containers":
		s.value = "https://" + common.LastName(parentOf(parentOf(id))) + ".blob.core.windows.net/" + name
	case "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers":
		s.value = name
		s.more = []setting{{name: s.name + "__accountEndpoint", value: c.Output(parentOf(parentOf(id)), "properties.documentEndpoint")}, {name: s.name + "__database", value: common.LastName(parentOf(id))}}
	default:
		property := hostProperty(target.Type)
		if property == "" {
			return s, false
		}
		s.value = c.Output(id, property)
	}
	return s, true
}

// hostProperty is where a target of a kind says under which name it answers.
func hostProperty(kind cloud.Kind) string {
	switch kind {
	case "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforMySQL/flexibleServers", "Microsoft.Sql/servers", "Microsoft.Sql/managedInstances":
		return "properties.fullyQualifiedDomainName"
	case "Microsoft.Cache/redisEnterprise", "Microsoft.Cache/redis":
		return "properties.hostName"
	case functionKind:
		return "properties.defaultHostName"
	case containerAppKind:
		return "properties.configuration.ingress.fqdn"
	case "Microsoft.DocumentDB/databaseAccounts":
		return "properties.documentEndpoint"
	case gatewayKind:
		return "properties.gatewayUrl"
	case eventTopicKind:
		return "properties.endpoint"
	case registryKind:
		return "properties.loginServer"
	}
	return ""
}

// settingName makes the name of a variable.
func settingName(name string) string {
	return strings.Map(func(r rune) rune {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return '_'
		}
		return r
	}, strings.ToUpper(name))
}
