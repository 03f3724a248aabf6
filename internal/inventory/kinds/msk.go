package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// mskRules are those of Kafka. The answer of the newer call has what is
// particular to a sort of cluster in an object of its own.
func mskRules() []Rule {
	cluster := func(kind cloud.Kind, sort string, members ...string) Rule {
		move := map[string]string{"ClusterArn": "Arn"}
		for _, name := range members {
			move[sort+"."+name] = name
		}
		return Rule{
			Kind: kind, Move: move, Drop: []string{"ActiveOperationArn", "StateInfo"}, Shape: shapes(mskBrokers, without(sort)), ID: idAt("Arn"), Name: nameAt("ClusterName"),
			Aliases: []string{"Bootstrap[]"}, Marks: when(inventory.Deleted, "State", "DELETING"), Unordered: []string{"BrokerNodeGroupInfo.ClientSubnets", "BrokerNodeGroupInfo.SecurityGroups"},
		}
	}
	provisioned := cluster("AWS::MSK::Cluster", "Provisioned", "BrokerNodeGroupInfo", "ClientAuthentication", "EncryptionInfo", "EnhancedMonitoring", "OpenMonitoring", "LoggingInfo",
		"NumberOfBrokerNodes", "StorageMode")
	for _, at := range []string{"", "Provisioned."} {
		provisioned.Move[at+"CurrentBrokerSoftwareInfo.KafkaVersion"] = "KafkaVersion"
		provisioned.Move[at+"CurrentBrokerSoftwareInfo.ConfigurationArn"] = "ConfigurationInfo.Arn"
		provisioned.Move[at+"CurrentBrokerSoftwareInfo.ConfigurationRevision"] = "ConfigurationInfo.Revision"
	}
	return []Rule{
		provisioned,
		cluster("AWS::MSK::ServerlessCluster", "Serverless", "VpcConfigs", "ClientAuthentication"),
		{Kind: "AWS::MSK::Configuration", Move: map[string]string{"KafkaVersions": "KafkaVersionsList"}, ID: idAt("Arn"), Name: nameAt("Name")},
	}
}

// mskBrokers tells the names that clients start from, one by one.
func mskBrokers(r *Reading) {
	var hosts []any
	brokers := objectAt(r.Item, "BootstrapBrokers")
	for _, key := range sortedKeys(brokers) {
		text, _ := brokers[key].(string)
		for host := range strings.SplitSeq(text, ",") {
			if host, _, ok := strings.Cut(strings.TrimSpace(host), ":"); ok {
				hosts = append(hosts, host)
			}
		}
	}
	if len(hosts) > 0 {
		r.Attributes["Bootstrap"] = hosts
	}
}
