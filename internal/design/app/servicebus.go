package app

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/namespaces"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/queues"
)

const (
	busKind             cloud.Kind = "Microsoft.ServiceBus/namespaces"
	busQueueKind        cloud.Kind = "Microsoft.ServiceBus/namespaces/queues"
	busTopicKind        cloud.Kind = "Microsoft.ServiceBus/namespaces/topics"
	busSubscriptionKind cloud.Kind = "Microsoft.ServiceBus/namespaces/topics/subscriptions"
	busRuleKind         cloud.Kind = "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules"
)

// bus returns the workload's Service Bus namespace. It is a premium one when a
// queue or topic has a key of the customer's, when messages above 256 KB were
// asked for, when the source is reached through an endpoint in the VPC, or
// when JMS clients need it: only premium has these (Microsoft Learn, "Service
// Bus Premium and Standard messaging tiers").
func bus(c *design.Context) cloud.ResourceID {
	return c.Once("app/servicebus", func() cloud.ResourceID {
		properties := namespaces.SBNamespaceProperties{
			DisableLocalAuth:  new(true),
			MinimumTlsVersion: new(namespaces.TlsVersionOnePointTwo),
			// Queues of SQS answer everyone who has a right, also beside an endpoint
			// in a VPC; functions and events outside of the network depend on it.
			PublicNetworkAccess: new(namespaces.PublicNetworkAccessEnabled),
		}
		model := namespaces.SBNamespace{Properties: &properties, Sku: &namespaces.SBSku{Name: namespaces.SkuNameStandard, Tier: new(namespaces.SkuTierStandard)}}
		premium := busPremium(c)
		if premium != "" {
			model.Sku = &namespaces.SBSku{Name: namespaces.SkuNamePremium, Tier: new(namespaces.SkuTierPremium), Capacity: new(int64(1))}
			properties.PremiumMessagingPartitions = new(int64(1))
		}
		near := busEndpoints(c)
		var after []cloud.ResourceID
		if allowed := busKey(c, &properties); allowed != "" {
			model.Identity = anyIdentity(messenger(c))
			after = append(after, allowed)
		}
		id := c.Put(design.Target{Type: busKind, Base: c.Options.Workload, Model: model, After: after})
		if premium != "" && len(near) > 0 && c.Plan != nil {
			c.Plan.PrivateEndpoint(id, "namespace", near)
		}
		return id
	})
}

// busPremium says why the namespace has to be a premium one, "" when it has
// not.
func busPremium(c *design.Context) string {
	for _, r := range c.OfKind("AWS::SQS::Queue", "AWS::SNS::Topic") {
		if customerKey(c, r) {
			return r.Name + " is encrypted with a key of its own"
		}
		if size := design.Int(r.Properties, "MaximumMessageSize", 0); size > standardMessage && size != queueDefaultMessage {
			return r.Name + " takes messages above 256 KB"
		}
	}
	if len(busEndpoints(c)) > 0 {
		return "its queues are reached through an endpoint in the VPC"
	}
	for _, r := range c.OfKind("AWS::AmazonMQ::Broker") {
		if brokerOnBus(r) {
			return r.Name + " serves JMS clients"
		}
	}
	return ""
}

// customerKey reports whether a queue or topic names a key that AWS does not
// manage.
func customerKey(c *design.Context, r *inventory.Resource) bool {
	key := design.Text(r.Properties, "KmsMasterKeyId")
	switch key {
	case "", "alias/aws/sqs", "alias/aws/sns":
		return false
	}
	found, ok := c.Find(r, key, "AWS::KMS::Key", "AWS::KMS::Alias")
	return !ok || !hasMark(found, inventory.Default)
}

// busKey encrypts the namespace with the first of the customer's keys that the
// vault has, and returns the assignment that lets the messenger use it.
func busKey(c *design.Context, properties *namespaces.SBNamespaceProperties) cloud.ResourceID {
	for _, r := range c.OfKind("AWS::SQS::Queue", "AWS::SNS::Topic") {
		if !customerKey(c, r) {
			continue
		}
		key, vault, ok := vaultKey(c, r, design.At(r.Properties, "KmsMasterKeyId"))
		if !ok {
			continue
		}
		who := messenger(c)
		allowed := allow(c, who, key, roleKeyUser)
		properties.Encryption = &namespaces.Encryption{
			KeySource: new(namespaces.KeySourceMicrosoftPointKeyVault),
			KeyVaultProperties: &[]namespaces.KeyVaultProperties{{
				KeyName: new(common.LastName(key)), KeyVaultUri: new(c.Output(vault, "properties.vaultUri")),
				Identity: &namespaces.UserAssignedIdentityProperties{UserAssignedIdentity: new(string(who))},
			}},
		}
		return allowed
	}
	return ""
}

// vaultKey returns the key of the vault that stands for a KMS key.
func vaultKey(c *design.Context, r *inventory.Resource, ref any) (key, vault cloud.ResourceID, ok bool) {
	found, ok := c.Find(r, ref, "AWS::KMS::Key", "AWS::KMS::Alias")
	if ok && found.Kind == "AWS::KMS::Alias" {
		found, ok = c.Find(found, design.At(found.Properties, "TargetKeyId"), "AWS::KMS::Key")
	}
	if !ok {
		return "", "", false
	}
	key, ok = c.TargetOf(found, "Microsoft.KeyVault/vaults/keys")
	return key, parentOf(key), ok
}

// busEndpoints returns what names the networks in which queues or topics have
// an endpoint of their own.
func busEndpoints(c *design.Context) []any {
	for _, e := range c.OfKind("AWS::EC2::VPCEndpoint") {
		switch endpointService(design.Text(e.Properties, "ServiceName")) {
		case "sqs", "sns":
			if subnets := design.List(design.At(e.Properties, "SubnetIds")); len(subnets) > 0 {
				return subnets
			}
			return design.List(design.At(e.Properties, "VpcId"))
		}
	}
	return nil
}

// busQueue puts a queue that stands for no queue of the source: what a
// service of AWS keeps for its asynchronous callers.
func busQueue(c *design.Context, key, base string, deliveries int64, sources ...*inventory.Resource) cloud.ResourceID {
	id := c.Once("app/queue/"+key, func() cloud.ResourceID {
		return c.Put(design.Target{Type: busQueueKind, Parent: bus(c), Base: base, Model: queues.SBQueue{Properties: &queues.SBQueueProperties{
			LockDuration: new(seconds(longestLock)), MaxDeliveryCount: new(deliveries),
			DefaultMessageTimeToLive: new(seconds(14 * 24 * 60 * 60)), DeadLetteringOnMessageExpiration: new(true),
			MaxSizeInMegabytes: new(int64(queueMegabytes)),
		}}})
	})
	for _, r := range sources {
		c.Attach(r, id)
	}
	return id
}

func hasMark(r *inventory.Resource, mark inventory.Mark) bool {
	for _, m := range r.Marks {
		if m == mark {
			return true
		}
	}
	return false
}
