package refs

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// Index knows each resource by everything that it is called.
type Index struct {
	resources []inventory.Resource
	// exact holds ids, ARNs, physical ids and other whole texts.
	exact map[string][]int32
	// hosts holds DNS names in small letters without a closing dot.
	hosts map[string][]int32
	// addresses holds IP addresses in their canonical text.
	addresses map[string][]int32
	// names holds names by kind.
	names map[cloud.Kind]map[string][]int32
	// segments holds the kinds by the last part of their name, small letters.
	segments map[string][]cloud.Kind
	// services holds the kinds by the middle part of their name, small letters.
	services map[string][]cloud.Kind
	// unique holds the names that may be recognised in free text.
	unique map[string][]int32
}

// NewIndex makes the index. The resources are not copied and must not change.
func NewIndex(resources []inventory.Resource) *Index {
	x := &Index{
		resources: resources,
		exact:     make(map[string][]int32, 3*len(resources)),
		hosts:     map[string][]int32{},
		addresses: map[string][]int32{},
		names:     map[cloud.Kind]map[string][]int32{},
		segments:  map[string][]cloud.Kind{},
		services:  map[string][]cloud.Kind{},
		unique:    map[string][]int32{},
	}
	for i := range resources {
		x.add(int32(i))
	}
	return x
}

// Resource returns one resource of the index.
func (x *Index) Resource(i int32) *inventory.Resource { return &x.resources[i] }

func put(m map[string][]int32, key string, i int32) {
	if key == "" || slices.Contains(m[key], i) {
		return
	}
	m[key] = append(m[key], i)
}

func (x *Index) add(i int32) {
	r := &x.resources[i]
	x.kind(r.Kind)
	id := string(r.ID)
	put(x.exact, id, i)
	if !strings.Contains(id, "|") {
		for _, tail := range tails(id) {
			x.called(i, tail)
		}
	}
	for _, alias := range r.Aliases {
		x.called(i, alias)
	}
	// A name property in words ("bookshop-data", "/bookshop/production/x") is
	// looked up by kind only: two kinds often share a name.
	x.named(i, r.Name)
	for _, tail := range tails(id) {
		x.named(i, tail)
	}
	for _, alias := range r.Aliases {
		x.named(i, alias)
	}
	if r.LogicalID != "" {
		x.named(i, r.LogicalID)
	}
	x.own(i, r)
}

func (x *Index) kind(k cloud.Kind) {
	if x.names[k] != nil {
		return
	}
	x.names[k] = map[string][]int32{}
	parts := strings.Split(string(k), "::")
	last := strings.ToLower(parts[len(parts)-1])
	x.segments[last] = append(x.segments[last], k)
	if len(parts) > 1 {
		service := strings.ToLower(parts[1])
		x.services[service] = append(x.services[service], k)
	}
}

func (x *Index) named(i int32, name string) {
	if name == "" {
		return
	}
	r := &x.resources[i]
	put(x.names[r.Kind], name, i)
	if speaking(name) && inText(r.Kind) {
		put(x.unique, name, i)
	}
}

// speaking reports whether a name is long and particular enough to be
// recognised in free text: "main" and "default" are not.
func speaking(name string) bool {
	return len(name) >= 6 && strings.ContainsAny(name, "-_/.")
}

// inText reports whether configuration in words (variables, user data) tends
// to name resources of the kind.
func inText(k cloud.Kind) bool {
	switch k {
	case "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter",
		"AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::ECS::Cluster", "AWS::ECS::Service",
		"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::StepFunctions::StateMachine", "AWS::Events::EventBus", "AWS::Cognito::UserPool", "AWS::ECR::Repository",
		"AWS::OpenSearchService::Domain", "AWS::ElastiCache::ReplicationGroup", "AWS::KMS::Alias", "AWS::Athena::WorkGroup", "AWS::Glue::Database", "AWS::Batch::JobQueue":
		return true
	}
	return false
}

// called files an alias under what it looks like.
func (x *Index) called(i int32, alias string) {
	if alias == "" {
		return
	}
	if a, err := netip.ParseAddr(alias); err == nil {
		put(x.addresses, a.Unmap().String(), i)
		return
	}
	if scheme, rest, ok := strings.Cut(alias, "://"); ok && scheme != "" {
		put(x.exact, alias, i)
		host, path, hasPath := strings.Cut(rest, "/")
		if !hasPath || path == "" {
			x.host(i, host)
		}
		return
	}
	switch {
	case isID(alias):
		// What Systems Manager knows of an instance has the instance's id as well.
		if k := kinds.OfID(alias); k == "" || k == x.resources[i].Kind {
			put(x.exact, alias, i)
		}
	case strings.HasPrefix(alias, "arn:"), strings.Contains(alias, "/"):
		put(x.exact, alias, i)
	case isHost(alias):
		x.host(i, alias)
	case strings.ContainsAny(alias, ":|"):
		put(x.exact, alias, i)
	}
}

func (x *Index) host(i int32, name string) {
	name = hostName(name)
	if name != "" {
		put(x.hosts, name, i)
	}
}

// hostName is the comparable form of a DNS name: no port, no closing dot,
// small letters, and without the "dualstack." that Route 53 puts before the
// name of a balancer (Route 53 developer guide, alias to a load balancer).
func hostName(s string) string {
	if host, port, ok := strings.Cut(s, ":"); ok && digits(port) {
		s = host
	}
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(s, ".")), "dualstack.")
	return strings.ReplaceAll(s, `\052`, "*")
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// tails are the ends of an ARN by which people and properties call a
// resource: "vpc-1", and for a balancer also "app/shop/50dc" (the dimension
// in CloudWatch), and for a secret the ARN without its random ending.
func tails(id string) []string {
	head, rest, partial := strings.Cut(id, "|")
	if partial {
		return []string{rest}
	}
	parts := strings.SplitN(head, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return nil
	}
	tail := parts[5]
	list := []string{}
	switch parts[2] {
	case "elasticloadbalancing":
		list = append(list, strings.TrimPrefix(tail, "loadbalancer/"))
	case "secretsmanager":
		name := strings.TrimPrefix(tail, "secret:")
		// Secrets Manager puts "-" and six random characters after the name.
		if n := len(name) - 7; n > 0 && name[n] == '-' {
			return append(list, strings.Join(parts[:5], ":")+":secret:"+name[:n], name[:n])
		}
		return append(list, name)
	case "ssm":
		if name, ok := strings.CutPrefix(tail, "parameter/"); ok {
			return append(list, name, "/"+name)
		}
	case "logs":
		tail = strings.TrimSuffix(tail, ":*")
		return append(list, strings.TrimPrefix(tail, "log-group:"), strings.Join(parts[:5], ":")+":"+tail)
	case "ecr":
		return append(list, strings.TrimPrefix(tail, "repository/"))
	case "kms":
		if strings.HasPrefix(tail, "alias/") {
			return append(list, tail)
		}
	}
	if i := strings.LastIndexAny(tail, "/:"); i >= 0 {
		tail = tail[i+1:]
	}
	return append(list, tail)
}

// own files what a resource says of itself: the endpoints, names and
// addresses that AWS gave it.
func (x *Index) own(i int32, r *inventory.Resource) {
	for _, m := range []map[string]any{r.Properties, r.Attributes} {
		for key, v := range m {
			if !selfNaming(r.Kind, key) {
				continue
			}
			switch v := v.(type) {
			case string:
				x.called(i, v)
				if isHost(v) {
					x.host(i, v)
				}
			case map[string]any:
				if s, ok := v["Address"].(string); ok {
					x.called(i, s)
				}
			case []any:
				x.ownList(i, v)
			}
		}
	}
	x.ownByKind(i, r)
}

func (x *Index) ownList(i int32, list []any) {
	for _, one := range list {
		switch one := one.(type) {
		case string:
			x.called(i, one)
		case map[string]any:
			for _, key := range []string{"PrivateIpAddress", "PublicIp", "Address", "PrivateIp", "Ipv6Address"} {
				if s, ok := one[key].(string); ok {
					x.called(i, s)
				}
			}
		}
	}
}

// selfNaming reports whether a property of a resource is a name of the
// resource itself. "Endpoint" of a subscription, for one, is somebody else's.
func selfNaming(k cloud.Kind, key string) bool {
	switch key {
	case "DNSName", "DnsName", "QueueUrl", "QueueURL", "RepositoryUri", "PrivateIp", "PublicIp", "PrivateIpAddress", "PrivateIpAddresses", "PublicIpAddress", "PrivateDnsName", "PublicDnsName",
		"DomainEndpoint", "WebsiteURL", "RegionalDomainName", "DualStackDomainName", "ReaderEndpoint", "ReadEndpoint", "PrimaryEndPoint", "ReaderEndPoint", "ConfigurationEndPoint",
		"ConfigurationEndpoint", "RedisEndpoint", "ClusterEndpoint", "NatGatewayAddresses", "Ipv6Addresses", "CanonicalHostedZoneName":
		return true
	case "Endpoint":
		switch k.Service() {
		case "RDS", "DocDB", "Neptune", "EKS", "Redshift", "ElastiCache", "MemoryDB", "RedshiftServerless", "OpenSearchServerless":
			return true
		}
		return false
	case "DomainName":
		return k == "AWS::CloudFront::Distribution"
	}
	return false
}

func (x *Index) ownByKind(i int32, r *inventory.Resource) {
	switch r.Kind {
	case "AWS::CloudFront::Distribution":
		config, _ := r.Properties["DistributionConfig"].(map[string]any)
		for _, name := range Strings(config["Aliases"]) {
			x.host(i, name)
		}
		x.hostOf(i, r.Attributes)
	case "AWS::EC2::NetworkInterface":
		if a, ok := r.Attributes["Association"].(map[string]any); ok {
			if s, ok := a["PublicIp"].(string); ok {
				x.called(i, s)
			}
		}
	case "AWS::Route53::RecordSet":
		// Nobody connects to the name of a mail or text record.
		switch r.Properties["Type"] {
		case "A", "AAAA", "CNAME", nil:
		default:
			return
		}
		if name, ok := r.Properties["Name"].(string); ok {
			x.host(i, name)
		}
	case "AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName":
		if name, ok := r.Properties["DomainName"].(string); ok {
			x.host(i, name)
		}
	case "AWS::AutoScaling::AutoScalingGroup", "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::IAM::InstanceProfile":
		// Their name property is their name, also where a template gives them a
		// logical id beside it.
		for _, key := range []string{"AutoScalingGroupName", "BucketName", "RoleName", "InstanceProfileName"} {
			if s, ok := r.Properties[key].(string); ok {
				x.named(i, s)
			}
		}
	}
	x.nameProperty(i, r)
}

// hostOf files the aliases of a distribution in the form of CloudFront's API.
func (x *Index) hostOf(i int32, m map[string]any) {
	aliases, _ := m["Aliases"].(map[string]any)
	for _, name := range Strings(aliases["Items"]) {
		x.host(i, name)
	}
}

// nameProperty files the property that ends like the kind: "TableName" of a
// table. Templates know no other name of a resource.
func (x *Index) nameProperty(i int32, r *inventory.Resource) {
	parts := strings.Split(string(r.Kind), "::")
	last := parts[len(parts)-1]
	for _, key := range []string{last + "Name", last + "Identifier", last + "Id", "Name", "DomainName", "FunctionName", "TableName", "QueueName"} {
		if s, ok := r.Properties[key].(string); ok && (key == "Name" || strings.HasPrefix(key, last)) {
			x.named(i, s)
		}
	}
}

// Strings returns the texts of a list, or the one text.
func Strings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}
