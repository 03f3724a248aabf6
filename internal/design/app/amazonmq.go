package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func brokerRules() []design.Rule {
	const source = "Azure Architecture Center, Messaging services on Azure and AWS; Microsoft Learn, Use Java Message Service 2.0 API with Azure Service Bus Premium"
	return []design.Rule{
		{Name: "amazonmq/broker", Kinds: []cloud.Kind{"AWS::AmazonMQ::Broker"}, Stage: design.Integration, Source: source, Targets: []cloud.Kind{busKind}, Apply: applyBroker},
		{Name: "amazonmq/configuration", Kinds: []cloud.Kind{"AWS::AmazonMQ::Configuration", "AWS::AmazonMQ::ConfigurationAssociation"}, Stage: design.Edge, Source: source, Apply: applyBrokerConfiguration},
	}
}

// brokerOnBus reports whether Service Bus can take over a broker: one of
// ActiveMQ, whose clients speak JMS.
func brokerOnBus(r *inventory.Resource) bool {
	return strings.EqualFold(design.Text(r.Properties, "EngineType"), "ACTIVEMQ")
}

func applyBroker(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, redesign)
	engine := orElse(t.text("EngineType"), "unknown")
	read := []string{"BrokerName", "EngineType", "EngineVersion", "HostInstanceType", "DeploymentMode", "PubliclyAccessible", "SubnetIds", "SecurityGroups", "Users", "Configuration", "EncryptionOptions",
		"Logs", "MaintenanceWindowStartTime", "AutoMinorVersionUpgrade", "AuthenticationStrategy", "StorageType", "DataReplication*", "LdapServerMetadata", "BrokerId", "AmqpEndpoints", "ConsoleURLs",
		"OpenWireEndpoints", "MqttEndpoints", "StompEndpoints", "WssEndpoints", "IpAddresses", "ConfigurationId", "ConfigurationRevision"}
	if c.Shared(r) {
		t.Action = design.Retain
		return t.why("broker %s stays, because others use it", r.Name).done("*")
	}
	if !brokerOnBus(r) {
		t.Action = design.Manual
		t.why("%s broker %s on %s (%s): Azure has no managed RabbitMQ", engine, r.Name, orElse(t.text("HostInstanceType"), "an unknown size"), orElse(t.text("DeploymentMode"), "single instance"))
		t.gap("mq.rabbitmq", "EngineType="+engine)
		t.todo("run RabbitMQ on Azure Kubernetes Service or on virtual machines with %s, or take a managed one from the marketplace", common.Count(map[bool]int{true: 3, false: 1}[strings.HasPrefix(strings.ToUpper(t.text("DeploymentMode")), "CLUSTER")], "node"))
		t.other("Azure Service Bus", "clients of RabbitMQ speak AMQP 0-9-1, and Service Bus AMQP 1.0")
		return t.done(read...)
	}
	c.Attach(r, bus(c))
	t.why("ActiveMQ broker %s %s on %s (%s) serves JMS clients, which a premium Service Bus namespace does as well", r.Name, t.text("EngineVersion"), t.text("HostInstanceType"), t.text("DeploymentMode"))
	t.gap("mq.protocols", "EngineType="+engine)
	if said(t.at("LdapServerMetadata")) {
		t.gap("mq.ldap", "LdapServerMetadata")
	}
	t.todo("let the JMS clients of %s use the Service Bus connection factory with their managed identity instead of its %s", r.Name, common.Count(len(design.List(t.at("Users"))), "user"))
	t.todo("list the queues and topics of %s, which only the broker itself knows, and make them in the namespace", r.Name)
	t.other("ActiveMQ on Azure Kubernetes Service or virtual machines", "somebody would have to run it; it is the way when clients speak OpenWire, STOMP or MQTT")
	t.EffortDays = 3
	return t.done(read...)
}

func applyBrokerConfiguration(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Retire, inNamedGaps)
	t.why("it configures the broker itself, of which Service Bus has none")
	if t.at("Data") != nil {
		t.todo("look in the configuration %s for destinations, policies and memory limits that have to be made again", r.Name)
	}
	return t.done("*")
}
