package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

// cryptoUser is the role Key Vault Crypto Service Encryption User, which a
// service needs to wrap its data key (Microsoft Learn, "Azure built-in roles
// for Security").
const cryptoUser = "e147488a-f6f5-4113-8e2d-b22465e65bf6"

// customerKey is a key of the owner's that encrypts data at rest.
type customerKey struct {
	// URI names the key with its version, Versionless the newest one.
	URI, Versionless, VaultURI, Name string
	// Identity opens the key for the service; Grant must exist before it tries.
	Identity, Grant cloud.ResourceID
}

// identityBody is the identity member of a resource that works as one
// user-assigned identity.
func (k customerKey) identityBody() map[string]any {
	return map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{string(k.Identity): map[string]any{}}}
}

// after is what has to exist before a resource that uses the key.
func (k customerKey) after() []cloud.ResourceID {
	if k.Grant == "" {
		return nil
	}
	return []cloud.ResourceID{k.Grant}
}

// key returns the target's counterpart of the KMS key that a property names.
// ok is false for AWS's own keys (alias/aws/rds) and for none: the target then
// encrypts with its platform's key, as AWS does.
func (s *sheet) key(path string) (customerKey, bool) {
	value := s.At(path)
	text, _ := value.(string)
	if text == "" || strings.Contains(text, "alias/aws/") || strings.EqualFold(text, "AWS_OWNED_KMS_KEY") {
		return customerKey{}, false
	}
	source, ok := s.c.Find(s.r, text, "AWS::KMS::Key", "AWS::KMS::ReplicaKey")
	if !ok {
		if alias, found := s.c.Find(s.r, text, "AWS::KMS::Alias"); found {
			source, ok = s.c.Find(alias, alias.Properties["TargetKeyId"], "AWS::KMS::Key", "AWS::KMS::ReplicaKey")
		}
	}
	id, put := cloud.ResourceID(""), false
	if ok {
		id, put = s.c.TargetOf(source, "Microsoft.KeyVault/vaults/keys")
	}
	if !put {
		s.Meets("data.key-outside", path)
		return customerKey{}, false
	}
	vault := id[:strings.LastIndex(string(id), "/keys/")]
	identity := encryptionIdentity(s.c)
	return customerKey{
		URI: s.c.Output(id, "properties.keyUriWithVersion"), Versionless: s.c.Output(id, "properties.keyUri"), VaultURI: s.c.Output(vault, "properties.vaultUri"), Name: string(id[strings.LastIndexByte(string(id), '/')+1:]),
		Identity: identity, Grant: common.RoleAssignment(s.c.Context, identity, id, cryptoUser, s.r),
	}, true
}

// encryptionIdentity is the one identity by which the workload's data services
// open their keys. It must exist before them, so it cannot be their own.
func encryptionIdentity(c *book) cloud.ResourceID {
	return c.Once("data/encryption-identity", func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: c.Options.Workload + "-encryption", Model: identities.Identity{}})
	})
}

// endpointVPCs are the VPCs from which the source reaches a service of AWS
// ("s3", "dynamodb") through an endpoint and not over the internet.
func endpointVPCs(c *book, service string) []any {
	var out []any
	seen := map[any]bool{}
	for _, r := range c.OfKind("AWS::EC2::VPCEndpoint") {
		name := design.Text(r.Properties, "ServiceName")
		if vpc := r.Properties["VpcId"]; vpc != nil && name[strings.LastIndexByte(name, '.')+1:] == service {
			if text, ok := vpc.(string); ok && !seen[text] {
				seen[text] = true
				out = append(out, vpc)
			}
		}
	}
	return out
}

// called reports whether code of the workload calls the source: a machine, a
// function, a container or a role, not only a service that writes logs to it.
func called(c *book, r *inventory.Resource) bool {
	for _, e := range c.Users(r) {
		from, ok := c.Find(r, string(e.From))
		if !ok {
			continue
		}
		if n := c.Node(from); n == nil || n.Boundary == graph.Out {
			continue
		}
		service, kind, _ := strings.Cut(strings.TrimPrefix(string(from.Kind), "AWS::"), "::")
		switch service {
		case "IAM", "Lambda", "ECS", "EKS", "Batch", "AutoScaling", "Glue", "EMR", "AppRunner", "StepFunctions", "SageMaker":
			if kind != "Permission" {
				return true
			}
		case "EC2":
			if kind == "Instance" || kind == "LaunchTemplate" {
				return true
			}
		}
	}
	return false
}

// private gives a target an address in the networks, and reports whether it
// got one.
func (s *sheet) private(id cloud.ResourceID, group string, near []any) bool {
	if s.c.Plan == nil || len(near) == 0 {
		return false
	}
	endpoint, ok := s.c.Plan.PrivateEndpoint(id, group, near)
	if ok && endpoint != "" {
		s.c.Attach(s.r, endpoint)
	}
	return ok
}
