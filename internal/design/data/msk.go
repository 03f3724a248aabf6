package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventhub/2024-01-01/eventhubs"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventhub/2024-01-01/namespaces"
)

func (b *book) mskRules() []design.Rule {
	const page = "Microsoft Learn, What is Azure Event Hubs for Apache Kafka"
	return []design.Rule{
		making(b.rule("msk/cluster", page, kafka, "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"), hubNamespace),
		making(b.rule("msk/topic", page, kafkaTopic, "AWS::MSK::Topic"), hub),
	}
}

// kafka is a Premium namespace: compaction, transactions and Kafka Streams need
// it (Microsoft Learn, "Kafka Streams and transactions for Event Hubs").
func kafka(s *sheet) design.Decision {
	brokers, class := s.int("NumberOfBrokerNodes", 3), s.text("BrokerNodeGroupInfo.InstanceType")
	if s.r.Kind == "AWS::MSK::ServerlessCluster" {
		brokers = 2
	}
	units := atLeast([]int{1, 2, 4, 6, 8, 10, 12, 16}, brokers)
	id := s.c.Put(design.Target{Type: hubNamespace, Base: base(s.r), Model: namespaces.EHNamespace{
		Sku: &namespaces.Sku{Name: namespaces.SkuNamePremium, Tier: new(namespaces.SkuTierPremium), Capacity: new(int64(units))},
		Properties: &namespaces.EHNamespaceProperties{
			MinimumTlsVersion: new(namespaces.TlsVersionOnePointTwo), DisableLocalAuth: new(true), KafkaEnabled: new(true), ZoneRedundant: new(true), PublicNetworkAccess: new(namespaces.PublicNetworkAccessDisabled),
		},
	}}, s.r)
	near := s.List("BrokerNodeGroupInfo.ClientSubnets")
	for _, v := range s.Maps("VpcConfigs") {
		near = append(near, design.List(v["SubnetIds"])...)
	}
	if !s.private(id, "namespace", near) {
		s.Do("give namespace %s a private endpoint: nothing says in which VPC the source stands", common.LastName(id))
	}
	s.Gap("msk.kafka", "KafkaVersion="+orUnknown(s.text("KafkaVersion")))
	for _, row := range [][2]string{
		{"msk.configuration", "ConfigurationInfo"}, {"msk.auth", "ClientAuthentication"}, {"msk.monitoring", "OpenMonitoring"}, {"msk.monitoring", "EnhancedMonitoring"}, {"msk.tiering", "StorageMode"}, {"msk.logs", "LoggingInfo"},
	} {
		s.gapIf(row[0], row[1])
	}
	if s.Has("EncryptionInfo.EncryptionAtRest") {
		s.Meets("msk.key", "EncryptionInfo")
	}
	s.Knows("ClusterName", "BrokerNodeGroupInfo", "EncryptionInfo", "CurrentVersion", "VpcConfigs", "State", "ClusterArn", "ZookeeperConnectString", "BootstrapBrokers", "Rebalancing")
	s.Do("list topics with partitions, retention and cleanup policy (kafka-topics --describe) and make one event hub for each in namespace %s", common.LastName(id))
	s.Do("point clients to %s.servicebus.windows.net:9093 with SASL_SSL and OAUTHBEARER, and bridge with MirrorMaker 2 until the cutover", common.LastName(id))
	s.Not("Kafka on AKS (Strimzi) or Confluent Cloud", "a whole Kafka with its own configuration; needed when brokers' settings, ACLs or Connect internals matter")
	s.Decision.EffortDays = 8
	return s.done(design.Migrate, 0.55, "the cluster of %s (%s) becomes Event Hubs namespace %s (Premium, %s) with its Kafka endpoint", common.Count(brokers, "broker"), orUnknown(strings.TrimPrefix(class, "kafka.")), common.LastName(id), common.Count(units, "processing unit"))
}

func kafkaTopic(s *sheet) design.Decision {
	owner, ok := s.c.Find(s.r, s.At("ClusterArn"), "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster")
	namespace, put := cloud.ResourceID(""), false
	if ok {
		namespace, put = s.c.TargetOf(owner, hubNamespace)
	}
	if !put {
		s.Do("make an event hub for topic %s where its cluster goes", s.r.Name)
		return s.done(design.Manual, 0.4, "no automatic mapping: its cluster has no namespace in this design")
	}
	partitions := s.int("PartitionCount", 1)
	id := s.c.Put(design.Target{Type: hub, Parent: namespace, Base: base(s.r), NoLocation: true, Model: eventhubs.Eventhub{Properties: &eventhubs.EventhubProperties{
		PartitionCount:       new(int64(min(max(partitions, 1), premiumPartitions))),
		RetentionDescription: &eventhubs.RetentionDescription{CleanupPolicy: new(eventhubs.CleanupPolicyRetentionDescriptionDelete), RetentionTimeInHours: new(int64(standardHours))},
	}}}, s.r)
	s.Knows("TopicName", "ReplicationFactor", "TopicArn")
	s.gapIf("msk.topic-config", "Configs")
	return s.done(design.Migrate, 0.6, "the topic with %s becomes event hub %s", common.Count(partitions, "partition"), common.LastName(id))
}
