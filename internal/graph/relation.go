package graph

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// The relations. Those of one line differ in words only.
const (
	InVPC         Relation = "in-vpc"
	InSubnet      Relation = "in-subnet"
	InCluster     Relation = "in-cluster"
	InZone        Relation = "in-zone" // a record in its hosted zone
	MemberOf      Relation = "member-of"
	PartOf        Relation = "part-of"
	AttachedTo    Relation = "attached-to"
	AliasOf       Relation = "alias-of"
	SnapshotOf    Relation = "snapshot-of"
	UsesRole      Relation = "uses-role"
	UsesProfile   Relation = "uses-profile"
	UsesPolicy    Relation = "uses-policy"
	UsesSettings  Relation = "uses-settings" // parameter and option groups
	EncryptedBy   Relation = "encrypted-by"
	CertifiedBy   Relation = "certified-by"
	GuardedBy     Relation = "guarded-by" // security groups
	FilteredBy    Relation = "filtered-by"
	ProtectedBy   Relation = "protected-by"
	RoutesTo      Relation = "routes-to"
	RoutedBy      Relation = "routed-by"
	PeersWith     Relation = "peers-with"
	HasAddress    Relation = "has-address"
	HasInterface  Relation = "has-interface"
	HasVolume     Relation = "has-volume"
	RunsImage     Relation = "runs-image"
	LaunchesFrom  Relation = "launches-from"
	Launches      Relation = "launches"
	ForwardsTo    Relation = "forwards-to"
	Targets       Relation = "targets"
	ConnectsTo    Relation = "connects-to"
	Reads         Relation = "reads"
	Writes        Relation = "writes"
	Invokes       Relation = "invokes"
	Uses          Relation = "uses"
	ReadsSecret   Relation = "reads-secret"
	FetchesFrom   Relation = "fetches-from"
	ResolvesTo    Relation = "resolves-to"
	DeliversTo    Relation = "delivers-to"
	Triggers      Relation = "triggers"
	DeadLettersTo Relation = "dead-letters-to"
	LogsTo        Relation = "logs-to"
	Watches       Relation = "watches"
	Notifies      Relation = "notifies"
	BacksUp       Relation = "backs-up"
	BacksUpTo     Relation = "backs-up-to"
	ReplicatesTo  Relation = "replicates-to"
	Records       Relation = "records" // a trail or recorder and what it records
	Assumes       Relation = "assumes"
	DependsOn     Relation = "depends-on"
	RefersTo      Relation = "refers-to"
	Inspects      Relation = "inspects"  // looks at by API, and does no more
	Operates      Relation = "operates"  // people and pipelines that change it
	MayReach      Relation = "may-reach" // a rule would let it
	MayUse        Relation = "may-use"   // a policy would let it
	MayAssume     Relation = "may-assume"
)

// trait says what a relation means to the boundary and to flows.
type trait struct {
	// needs: what is needed comes in, or is shared when it is another's.
	needs bool
	// adopts: the one that holds the edge goes where the other end goes (an
	// alarm, an alias, a rule of a listener).
	adopts bool
	// part: as adopts, and it is shared whenever the other end is.
	part bool
	// feeds: data goes to the other end, which needs the sender as much as the
	// sender needs it: an own receiver comes in, another's stays out and makes
	// the sender shared.
	feeds bool
	// spreads: what is shared shares the other end: the address of a NAT
	// gateway, the bucket that holds a network's log.
	spreads bool
	// asks: another workload's end of it does not make the other end shared, but
	// a question: its name stands in our zone.
	asks bool
	// stands: the one stands in the other; a VPC as a seed takes in all that does.
	stands bool
	// carries: requests or data go along it, so that flows follow it.
	carries bool
}

func (r Relation) trait() trait {
	switch r {
	case InVPC, InSubnet:
		return trait{needs: true, stands: true}
	case InCluster, UsesRole, UsesProfile, UsesPolicy, UsesSettings, EncryptedBy, CertifiedBy, GuardedBy, FilteredBy, ProtectedBy, RoutesTo, RoutedBy, PeersWith,
		RunsImage, LaunchesFrom, BacksUpTo, ReplicatesTo, Assumes, DependsOn, RefersTo:
		return trait{needs: true}
	case HasAddress, LogsTo:
		return trait{needs: true, spreads: true}
	case HasInterface, HasVolume:
		return trait{needs: true, part: true}
	case Launches, ForwardsTo, Targets, ConnectsTo, Reads, Writes, Invokes, ReadsSecret, FetchesFrom, DeadLettersTo, Uses:
		return trait{needs: true, carries: true}
	case ResolvesTo:
		return trait{needs: true, adopts: true, carries: true}
	case InZone:
		return trait{needs: true, asks: true}
	case MemberOf, AttachedTo, AliasOf, SnapshotOf, Watches:
		return trait{needs: true, adopts: true}
	case PartOf:
		return trait{needs: true, adopts: true, part: true}
	case DeliversTo, Triggers, Notifies:
		return trait{feeds: true, carries: true}
	case BacksUp, Records, Inspects, Operates, MayReach, MayUse, MayAssume:
		return trait{}
	}
	return trait{needs: true}
}

// relationOf gives the relation of a mention and whether the mentioned one is
// the one that needs.
func relationOf(from, to cloud.Kind, path []string) (rel Relation, reverse bool) {
	property := lastName(path)
	if rel, reverse, ok := byProperty(from, to, property, path); ok {
		return rel, reverse
	}
	if parentProperty(from, to, property) {
		return AttachedTo, false
	}
	return byTarget(from, to), false
}

func lastName(path []string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if c := path[i]; c != "" && (c[0] < '0' || c[0] > '9') {
			return path[i]
		}
	}
	return ""
}

func under(path []string, name string) bool {
	for _, p := range path {
		if strings.EqualFold(p, name) {
			return true
		}
	}
	return false
}

// byProperty holds the properties whose name says more than the kind that they
// point to, or that stand on the needed side.
func byProperty(from, to cloud.Kind, property string, path []string) (Relation, bool, bool) {
	if rel, reverse, ok := backward(from, to, property, path); ok {
		return rel, reverse, true
	}
	switch property {
	case "DependsOn":
		return DependsOn, false, true
	case "TargetGroupArn", "TargetGroupARN", "TargetGroupARNs", "TargetGroupArns":
		// What registers its instances with a group is what the group leads to.
		if from == "AWS::AutoScaling::AutoScalingGroup" || from == "AWS::ECS::Service" {
			return Targets, true, true
		}
		return ForwardsTo, false, true
	case "deadLetterTargetArn", "DeadLetterArn", "DeadLetterConfig":
		return DeadLettersTo, false, true
	case "AlarmActions", "OKActions", "InsufficientDataActions", "NotificationARNs", "TopicARN", "NotificationTopicArn", "SnsTopicArn", "SNSTopicArn", "SnsTopicName":
		return Notifies, false, true
	case "EventSourceArn":
		return Reads, false, true
	case "S3BucketName":
		return LogsTo, false, from.Service() == "CloudTrail" || from.Service() == "Config"
	case "ReplicationRoleArn", "ExecutionRoleArn", "TaskRoleArn", "ServiceRole", "RoleArn", "RoleARN":
		return UsesRole, false, to.Service() == "IAM"
	case "OriginAccessControlId", "CachePolicyId", "OriginRequestPolicyId", "ResponseHeadersPolicyId":
		return Uses, false, true
	case "SourceDBInstanceIdentifier", "ReplicationSourceIdentifier", "SourceDBClusterIdentifier":
		return ReplicatesTo, true, true
	case "PeerVpcId", "PeerTransitGatewayId":
		return PeersWith, false, true
	}
	return byPlace(from, to, path)
}

// byPlace looks at what the property stands in.
func byPlace(from, to cloud.Kind, path []string) (Relation, bool, bool) {
	switch {
	case from == "AWS::Events::Rule" && under(path, "Targets"), from == "AWS::Scheduler::Schedule" && under(path, "Target"), from == "AWS::Pipes::Pipe" && under(path, "Target"):
		if to.Service() == "IAM" {
			return UsesRole, false, true
		}
		return Triggers, false, true
	case under(path, "NotificationConfiguration"):
		return DeliversTo, false, true
	case under(path, "Origins") && (to == "AWS::S3::Bucket" || tierOf(to) == TierEdge):
		return FetchesFrom, false, true
	case under(path, "ReplicationConfiguration") && to == "AWS::S3::Bucket":
		return ReplicatesTo, false, true
	case from.Service() == "CloudWatch" && (under(path, "Dimensions") || under(path, "DashboardBody") || under(path, "Metrics") || under(path, "AlarmRule")):
		return Watches, false, true
	case from == "AWS::CloudTrail::Trail" && (under(path, "EventSelectors") || under(path, "AdvancedEventSelectors")):
		return Records, false, true
	case from == "AWS::Backup::BackupSelection" && under(path, "BackupSelection") && to.Service() != "IAM" && to.Service() != "Backup":
		return BacksUp, false, true
	case logPlace(path) && (to == "AWS::S3::Bucket" || to == "AWS::Logs::LogGroup" || to.Service() == "KinesisFirehose"):
		return LogsTo, false, true
	case from == "AWS::ElasticLoadBalancingV2::TargetGroup" && under(path, "Targets"):
		return Targets, false, true
	}
	return "", false, false
}

func logPlace(path []string) bool {
	for _, p := range path {
		low := strings.ToLower(p)
		if strings.Contains(low, "logging") || strings.Contains(low, "logdestination") || strings.Contains(low, "accesslog") || strings.Contains(low, "logconfig") || strings.Contains(low, "loggroup") ||
			strings.HasPrefix(low, "access_logs") || strings.HasPrefix(low, "logoptions") || strings.HasPrefix(low, "awslogs") {
			return true
		}
	}
	return false
}

// backward holds the properties by which the needed one names its user.
func backward(from, to cloud.Kind, property string, path []string) (Relation, bool, bool) {
	switch from {
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		if property == "LoadBalancerArns" {
			return ForwardsTo, true, true
		}
	case "AWS::EC2::VPCEndpoint":
		if property == "RouteTableIds" {
			return RoutesTo, true, true
		}
	case "AWS::EC2::Volume":
		if to == "AWS::EC2::Instance" {
			return HasVolume, true, true
		}
	case "AWS::EC2::EIP":
		if property == "InstanceId" || property == "NetworkInterfaceId" {
			return HasAddress, true, true
		}
	case "AWS::EC2::NetworkInterface":
		if to == "AWS::EC2::Instance" {
			return HasInterface, true, true
		}
	case "AWS::EC2::RouteTable", "AWS::EC2::NetworkAcl":
		if to == "AWS::EC2::Subnet" && from == "AWS::EC2::RouteTable" {
			return RoutedBy, true, true
		}
		if to == "AWS::EC2::Subnet" {
			return FilteredBy, true, true
		}
	case "AWS::KMS::Key":
		if to == "AWS::KMS::Alias" {
			return AliasOf, true, true
		}
	case "AWS::IAM::ManagedPolicy":
		if to.Service() == "IAM" && (property == "Roles" || property == "Users" || property == "Groups") {
			return UsesPolicy, true, true
		}
	case "AWS::RDS::DBCluster", "AWS::ElastiCache::ReplicationGroup":
		if under(path, "DBClusterMembers") || under(path, "MemberClusters") || under(path, "NodeGroups") {
			return PartOf, true, true
		}
	case "AWS::AutoScaling::AutoScalingGroup":
		if to == "AWS::EC2::Instance" {
			return Launches, false, true
		}
	case "AWS::WAFv2::WebACL":
		if tierOf(to) == TierEdge {
			return ProtectedBy, true, true
		}
	}
	return "", false, false
}

// byTarget gives the relation that a pointer to a kind mostly means.
func byTarget(from, to cloud.Kind) Relation {
	switch to {
	case "AWS::EC2::VPC":
		return InVPC
	case "AWS::EC2::Subnet":
		return InSubnet
	case "AWS::EC2::SecurityGroup":
		return GuardedBy
	case "AWS::EC2::NetworkAcl":
		return FilteredBy
	case "AWS::EC2::Image":
		return RunsImage
	case "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration", "AWS::ECS::TaskDefinition", "AWS::Batch::JobDefinition":
		return LaunchesFrom
	case "AWS::EC2::EIP":
		return HasAddress
	case "AWS::EC2::NetworkInterface":
		return HasInterface
	case "AWS::EC2::Volume":
		if from == "AWS::EC2::Snapshot" {
			return SnapshotOf
		}
		return HasVolume
	case "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::TransitGateway", "AWS::EC2::VPCEndpoint", "AWS::EC2::VPCPeeringConnection", "AWS::EC2::VPNGateway", "AWS::EC2::EgressOnlyInternetGateway":
		return RoutesTo
	case "AWS::IAM::Role":
		return UsesRole
	case "AWS::IAM::InstanceProfile":
		return UsesProfile
	case "AWS::IAM::ManagedPolicy":
		return UsesPolicy
	case "AWS::KMS::Key", "AWS::KMS::Alias":
		return EncryptedBy
	case "AWS::CertificateManager::Certificate", "AWS::IAM::ServerCertificate":
		return CertifiedBy
	case "AWS::WAFv2::WebACL", "AWS::WAFRegional::WebACL", "AWS::WAF::WebACL":
		return ProtectedBy
	case "AWS::Logs::LogGroup":
		return LogsTo
	case "AWS::SecretsManager::Secret", "AWS::SSM::Parameter":
		return ReadsSecret
	case "AWS::Backup::BackupVault":
		return BacksUpTo
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		return ForwardsTo
	case "AWS::ECS::Cluster", "AWS::EKS::Cluster":
		return InCluster
	case "AWS::Route53::HostedZone":
		return InZone
	}
	if strings.HasSuffix(string(to), "SubnetGroup") {
		return InSubnet
	}
	if strings.HasSuffix(string(to), "ParameterGroup") || strings.HasSuffix(string(to), "OptionGroup") {
		return UsesSettings
	}
	return byTier(from, to)
}

func byTier(from, to cloud.Kind) Relation {
	switch tierOf(to) {
	case TierData, TierIntegration:
		if tierOf(from) == TierCompute || tierOf(from) == TierIdentity || tierOf(from) == TierIntegration {
			return Uses
		}
	case TierCompute:
		if tierOf(from) == TierEdge {
			return Invokes
		}
	}
	return RefersTo
}
