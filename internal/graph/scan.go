package graph

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// maxDepth bounds how deep a property is followed; the deepest schema of
// CloudFormation has some twenty levels.
const maxDepth = 40

// scanner reads one resource's properties and collects what they mention.
type scanner struct {
	m     *maker
	from  int32
	kind  cloud.Kind
	path  []string
	found []mention
	// loose says that the text at hand is free text: variables, user data.
	loose int
}

// mention is a mention with its place.
type mention struct {
	refs.Mention
	path  string
	names []string
	loose bool
}

// scan makes the edges that the properties of a resource give, whatever its kind.
func (m *maker) scan(i int32) {
	r := &m.resources[i]
	if slices.Contains(r.Marks, inventory.Deleted) {
		return
	}
	s := &scanner{m: m, from: i, kind: r.Kind}
	s.value(map[string]any(r.Properties))
	s.value(r.Attributes)
	s.links()
}

func (s *scanner) value(v any) {
	if len(s.path) > maxDepth {
		return
	}
	switch v := v.(type) {
	case string:
		s.text(v)
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if skipped(s.kind, key, len(s.path)) {
				continue
			}
			s.key(key)
			s.enter(spoken(v, key), v[key])
		}
	case []any:
		for i, one := range v {
			s.enter(strconv.Itoa(i), one)
		}
		s.metric(v)
	}
}

func (s *scanner) enter(name string, v any) {
	s.path = append(s.path, name)
	if looseText(name) {
		s.loose++
	}
	s.value(v)
	if looseText(name) {
		s.loose--
	}
	s.path = s.path[:len(s.path)-1]
}

// key reads names that stand as keys of a map (ARNs in weights, log streams).
func (s *scanner) key(key string) {
	if strings.HasPrefix(key, "arn:") || strings.HasPrefix(key, "${ref:") {
		s.find(key)
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// skipped are properties that name nothing, or that a reader of their own
// understands better.
func skipped(k cloud.Kind, key string, depth int) bool {
	switch key {
	case "Tags", "TagSet", "TagList", "TagSpecifications", "Description", "Comment", "Documentation", "PolicyDocument", "AssumeRolePolicyDocument", "PolicyVersionList", "KeyPolicy", "RepositoryPolicyText",
		"FileSystemPolicy", "AccessPolicies", "ResourcePolicy", "PermissionsBoundaryDocument", "OwnerId", "Owner", "RequesterId", "CallerReference", "InUseBy", "AssociationId", "AttachmentId", "Association", "StackId", "LastModified":
		return true
	case "Name", "Arn", "ARN":
		return depth == 0
	case "Policies":
		return depth == 0 && k.Service() == "IAM"
	case "Policy":
		return true
	case "SecurityGroupIngress", "SecurityGroupEgress", "IpPermissions", "IpPermissionsEgress":
		return k == "AWS::EC2::SecurityGroup"
	case "EventPattern":
		return k == "AWS::Events::Rule"
	case "ResourceRecords", "AliasTarget", "HostedZoneId", "HostedZoneName", "RecordSets":
		return k == "AWS::Route53::RecordSet" || k == "AWS::Route53::RecordSetGroup"
	case "SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId":
		return true
	case "ResourceLabel":
		return k == "AWS::AutoScaling::ScalingPolicy" || k == "AWS::ApplicationAutoScaling::ScalingPolicy"
	case "DependsOn", "dependsOn":
		return depth == 0
	case "DBSubnetGroup":
		return depth == 0 && k != "AWS::DAX::Cluster"
	case "EndpointAddress", "DomainName":
		return depth == 0 && tierOf(k) == TierData
	}
	return false
}

// looseText reports whether texts below a property are free text.
func looseText(name string) bool {
	switch name {
	case "UserData", "Environment", "Variables", "EnvironmentVariables", "ContainerDefinitions", "DefinitionString", "Definition", "Body", "ZipFile", "Parameters", "OptionSettings", "DefaultArguments", "StageVariables", "Metadata", "Secrets", "Command", "Commands", "Options":
		return true
	}
	return false
}

func (s *scanner) text(v string) {
	if len(v) < 2 {
		return
	}
	if lastName(s.path) == "UserData" {
		v = plain(v)
	}
	if d, ok := parse(v); ok && len(s.path) < maxDepth {
		s.path = append(s.path, "json")
		s.value(d)
		s.path = s.path[:len(s.path)-1]
		return
	}
	s.find(v)
}

func (s *scanner) find(v string) {
	property := speaking(s.path)
	found := s.m.index.Find(s.from, v)
	found = slices.DeleteFunc(found, func(f refs.Mention) bool { return f.To == s.from })
	if len(found) == 0 && !strings.Contains(v, "${ref:") {
		found = s.m.index.ByProperty(s.from, property, v)
	}
	if s.loose > 0 || s.kind == "AWS::SSM::Parameter" && property == "Value" {
		found = append(found, s.m.index.InText(s.from, v)...)
	}
	for _, f := range found {
		s.keep(f)
	}
}

// speaking is the last name of a path that says something: of
// "IamInstanceProfile.Name", the first.
func speaking(path []string) string {
	switch last := lastName(path); last {
	case "Name", "Id", "Arn", "ARN", "Identifier", "Ref":
		for i := len(path) - 2; i >= 0; i-- {
			if name := lastName(path[:i+1]); name != "" {
				return name
			}
		}
		return last
	default:
		return last
	}
}

// coincides reports whether a mention is only the same address or host written
// in two places: an address of an interface stands in its instance and in the
// NAT gateway as well, and a certificate holds names that it does not call.
func (s *scanner) coincides(f refs.Mention) bool {
	if s.loose > 0 || f.Port > 0 || f.Scheme != "" || f.To < 0 {
		return false
	}
	return f.How == refs.ByAddress || f.How == refs.ByHost && (s.m.resources[f.To].Kind == "AWS::Route53::RecordSet" || s.kind.Service() == "CertificateManager")
}

func (s *scanner) keep(f refs.Mention) {
	if f.To < 0 && !s.worthNaming(f) || s.coincides(f) {
		return
	}
	s.found = append(s.found, mention{Mention: f, path: strings.Join(s.path, "."), names: slices.Clone(s.path), loose: s.loose > 0})
}

// spoken is the name of a member. In {"Name": "QueueName", "Value": "orders"},
// the form of dimensions, attributes, variables and options, the name that
// matters is a value itself.
func spoken(v map[string]any, key string) string {
	if key != "Value" && key != "value" {
		return key
	}
	for _, k := range []string{"Name", "Key", "name", "key", "ParameterName", "OptionName"} {
		if name, ok := v[k].(string); ok && name != "" && len(name) < 128 {
			return name
		}
	}
	return key
}

// metric reads the lists of a dashboard: namespace, metric, then names and
// values of dimensions in turn (CloudWatch, dashboard body structure).
func (s *scanner) metric(list []any) {
	if s.kind != "AWS::CloudWatch::Dashboard" || len(list) < 4 {
		return
	}
	for i := 2; i+1 < len(list); i += 2 {
		name, ok := list[i].(string)
		value, fine := list[i+1].(string)
		if !ok || !fine {
			return
		}
		for _, f := range s.m.index.ByProperty(s.from, name, value) {
			s.keep(f)
		}
	}
}

// worthNaming reports whether something that the inventory lacks becomes a
// node: AWS's own endpoints and schema addresses would only be noise.
func (s *scanner) worthNaming(f refs.Mention) bool {
	switch f.How {
	case refs.ByHost, refs.ByAddress:
		for _, own := range []string{"amazonaws.com", "aws.amazon.com", "w3.org", "json-schema.org", "localhost", "amazonaws.com.cn", "awsstatic.com", "cloudfront.net", ".local", "schema.org", "apache.org", "amazontrust.com"} {
			if strings.HasSuffix(f.Outside, own) {
				return false
			}
		}
		return true
	case refs.ByReference, refs.ByID, refs.ByName, refs.ByText:
	}
	// The id of the resource's own parts (associations, rules) stands in its
	// attributes and is no node.
	switch kinds.OfID(f.Outside) {
	case "AWS::EC2::DHCPOptions", "AWS::EC2::EgressOnlyInternetGateway", "AWS::EC2::FlowLog":
		return false
	case "":
		return strings.HasPrefix(f.Outside, "fs-") || strings.HasPrefix(f.Outside, "arn:") && !managedByAWS(f.Outside)
	}
	return true
}

func managedByAWS(arn string) bool {
	return strings.HasPrefix(arn, "arn:aws:states:::") || strings.Contains(arn, "::aws:") || strings.Contains(arn, ":aws:policy/") || strings.Contains(arn, "apigateway:") || strings.Contains(arn, "/aws-service-role/")
}

// links turns what was found into edges.
func (s *scanner) links() {
	parent := s.parent()
	var hub int32 = -1
	for _, f := range s.found {
		if parent != "" && lastName(f.names) == parent && f.To >= 0 {
			hub = f.To
			break
		}
	}
	for _, f := range s.found {
		to, sure := f.To, sureOf(f.How)
		if to < 0 {
			to = s.outside(f.Mention)
		}
		e := Evidence{Source: fromConfiguration, At: f.path}
		rel, reverse := s.relation(f, parent)
		l := link{from: s.from, to: to, relation: rel, sure: sure, evidence: e}
		if rel == ConnectsTo && f.Port > 0 {
			l.port, l.protocol = f.Port, "tcp"
		}
		if reverse {
			l.from, l.to = to, s.from
		}
		s.m.add(l)
		s.contract(hub, to, f, l)
	}
}

// parent is the property that decides what the resource hangs on: the first
// of its kind's list that mentions something.
func (s *scanner) parent() string {
	for _, p := range parents(s.kind) {
		for _, f := range s.found {
			if f.To >= 0 && lastName(f.names) == p {
				return p
			}
		}
	}
	for _, f := range s.found {
		if f.To >= 0 && len(f.names) == 1 && child(s.kind, s.target(f), f.names[0]) {
			return f.names[0]
		}
	}
	return ""
}

func (s *scanner) relation(f mention, parent string) (Relation, bool) {
	to := s.target(f)
	property := lastName(f.names)
	if parent != "" {
		switch {
		case property == parent && s.kind == "AWS::KMS::Alias":
			return AliasOf, false
		case property == parent && part(s.kind):
			return PartOf, false
		case property == parent:
			return AttachedTo, false
		case to == "AWS::EC2::RouteTable":
			return RoutedBy, false
		}
		if rel, reverse, ok := byProperty(s.kind, to, property, f.names); ok {
			return rel, reverse
		}
		if rel := byTarget(s.kind, to); rel != RefersTo {
			return rel, false
		}
	}
	if s.kind == "AWS::KMS::Alias" && to == "AWS::KMS::Key" {
		return AliasOf, false
	}
	if strings.HasSuffix(string(s.kind), "Snapshot") && (stores(to) || to == "AWS::EC2::Volume") {
		return SnapshotOf, false
	}
	rel, reverse := relationOf(s.kind, to, f.names)
	if parent != "" && rel == AttachedTo {
		rel = RefersTo
	}
	if rel == RefersTo || f.loose {
		if loose, ok := looseRelation(to, f.Mention); ok {
			return loose, false
		}
	}
	return rel, reverse
}

func (s *scanner) target(f mention) cloud.Kind {
	if f.To >= 0 {
		return s.m.resources[f.To].Kind
	}
	if f.How == refs.ByHost || f.How == refs.ByAddress {
		return ExternalHost
	}
	return kindOfOutside(f.Outside)
}

// looseRelation is what free text does with a kind when it names it.
func looseRelation(to cloud.Kind, f refs.Mention) (Relation, bool) {
	switch {
	case f.How == refs.ByHost || f.How == refs.ByAddress, f.How == refs.ByReference && strings.Contains(strings.ToLower(f.Attribute), "endpoint"), f.Attribute == "DNSName":
		return ConnectsTo, true
	case to == "AWS::SecretsManager::Secret" || to == "AWS::SSM::Parameter":
		return ReadsSecret, true
	case to == "AWS::Lambda::Function" || to == "AWS::StepFunctions::StateMachine":
		return Invokes, true
	case to == "AWS::RDS::DBInstance" || to == "AWS::RDS::DBCluster":
		return ConnectsTo, true
	case stores(to) || tierOf(to) == TierIntegration:
		return Uses, true
	}
	return "", false
}

// contract joins the two things that an association stands between.
func (s *scanner) contract(hub, to int32, f mention, l link) {
	if hub < 0 || hub == to || l.from != s.from {
		return
	}
	l.from = hub
	switch target := s.target(f); {
	case conducts(s.kind) && l.relation.trait().carries:
	case !joins(s.kind):
		return
	case target == "AWS::EC2::RouteTable":
		l.relation = RoutedBy
	default:
		l.relation = byTarget(s.m.nodes[hub].Kind, target)
	}
	l.evidence.Note = "by " + string(s.m.nodes[s.from].Kind)
	s.m.add(l)
}

// outside gives the node of a mention that the inventory lacks.
func (s *scanner) outside(f refs.Mention) int32 {
	if f.How == refs.ByHost || f.How == refs.ByAddress {
		return s.m.external(ExternalHost, f.Outside)
	}
	return s.m.external(ExternalResource, f.Outside)
}

// kindOfOutside guesses the kind of a missing resource by its id, so that the
// relation is right.
func kindOfOutside(id string) cloud.Kind {
	if kind := kinds.OfID(id); kind != "" {
		return kind
	}
	if strings.HasPrefix(id, "arn:") {
		parts := strings.SplitN(id, ":", 6)
		switch {
		case len(parts) == 6 && parts[2] == "iam" && strings.HasPrefix(parts[5], "role/"):
			return "AWS::IAM::Role"
		case len(parts) == 6 && parts[2] == "kms":
			return "AWS::KMS::Key"
		case len(parts) == 6 && parts[2] == "s3":
			return "AWS::S3::Bucket"
		case len(parts) == 6 && parts[2] == "iam" && strings.HasPrefix(parts[5], "policy/"):
			return "AWS::IAM::ManagedPolicy"
		}
	}
	return ExternalResource
}
