package kinds

import (
	_ "embed"
	"strings"

	"example.com/landfall/internal/cloud"
)

// arnForms are the forms of the ARNs of the kinds, a line each: the kind, a
// blank, and the ARN after "arn:<partition>:" with R for the region, A for the
// account and "*" for each part of the name. They are those of the Service
// Authorization Reference ("Resource types defined by ..."). A kind without an
// ARN has that of its parent, "|" and what tells it from its siblings.
//
//go:embed arns.txt
var arnForms string

// arnForm is the form of a kind's ARN.
type arnForm struct {
	kind             cloud.Kind
	service          string
	region, account  bool
	parts            []string // of the resource, around each "*"
	global, composed bool
}

type arnTable struct {
	byKind    map[cloud.Kind]arnForm
	byService map[string][]arnForm
}

func readARNs(text string) arnTable {
	t := arnTable{map[cloud.Kind]arnForm{}, map[string][]arnForm{}}
	for line := range strings.Lines(text) {
		kind, form, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		f := readARNForm(cloud.Kind(kind), form)
		t.byKind[f.kind] = f
		t.byService[f.service] = append(t.byService[f.service], f)
	}
	return t
}

func readARNForm(kind cloud.Kind, form string) arnForm {
	fields := strings.SplitN(form, ":", 4)
	f := arnForm{kind: kind, service: fields[0], region: fields[1] == "R", account: fields[2] == "A", parts: strings.Split(fields[3], "*")}
	f.global = !f.region && f.service != "s3"
	f.composed = strings.Contains(form, "|")
	return f
}

// fill builds the ARN. name has as many parts, joined by "|", as the form has
// places; what is more goes into the last. "" if there are fewer.
func (f arnForm) fill(at Place, name string) string {
	places := len(f.parts) - 1
	names := []string{name}
	if places > 1 {
		names = strings.SplitN(name, "|", places)
	}
	if len(names) < places || name == "" && places > 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("arn:" + at.filled().Partition + ":" + f.service + ":")
	if f.region {
		out.WriteString(string(at.Region))
	}
	out.WriteString(":")
	if f.account {
		out.WriteString(string(at.Account))
	}
	out.WriteString(":")
	for i, part := range f.parts {
		out.WriteString(part)
		if i < places {
			out.WriteString(f.part(i, names[i]))
		}
	}
	return out.String()
}

// part is a part of the name as it stands in the ARN: the name of a parameter
// or of an event bus may begin with the slash that is there already.
func (f arnForm) part(i int, name string) string {
	if strings.HasSuffix(f.parts[i], "/") {
		return strings.TrimPrefix(name, "/")
	}
	return name
}

// match returns the name in the resource part of an ARN, its parts joined by
// "|".
func (f arnForm) match(resource string) (string, bool) {
	rest, ok := strings.CutPrefix(resource, f.parts[0])
	if !ok {
		return "", false
	}
	if len(f.parts) == 1 {
		return "", rest == ""
	}
	var names []string
	for i, sep := range f.parts[1:] {
		if sep == "" {
			names = append(names, rest)
			return strings.Join(names, "|"), rest != ""
		}
		name, after, found := strings.Cut(rest, sep)
		if !found || name == "" || i == len(f.parts)-2 && after != "" {
			return "", false
		}
		names = append(names, name)
		rest = after
	}
	return strings.Join(names, "|"), true
}

// specific tells how much of the resource the form itself says; of several
// that match an ARN, the one that says most is meant.
func (f arnForm) specific() int {
	n := 0
	for _, p := range f.parts {
		n += len(p)
	}
	return n
}

// ARN builds the ARN (or composed id) of a resource, "" when the form of the
// kind's ARN is not known or the name has too few parts. Several parts are
// joined by "|": ARN("AWS::ECS::Service", at, "shop|web"),
// ARN("AWS::EC2::Route", at, "rtb-1|0.0.0.0/0"). A name that is an ARN already
// is returned as it is.
func ARN(kind cloud.Kind, at Place, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	start := "\n" + string(kind) + " "
	i := strings.Index(arnForms, start)
	if i < 0 {
		return ""
	}
	form, _, _ := strings.Cut(arnForms[i+len(start):], "\n")
	return readARNForm(kind, form).fill(at, name)
}

// Named is what an ARN says.
type Named struct {
	Place   Place
	Service string // "ec2"
	// Resource is all that follows the account: "instance/i-0abc".
	Resource string
}

// ParseARN takes an ARN apart, of any partition. It reports whether the text
// is an ARN.
func ParseARN(text string) (Named, bool) {
	fields := strings.SplitN(text, ":", 6)
	if len(fields) != 6 || fields[0] != "arn" || !strings.HasPrefix(fields[1], "aws") || fields[2] == "" || fields[5] == "" {
		return Named{}, false
	}
	return Named{
		Place:    Place{Partition: fields[1], Region: cloud.Region(fields[3]), Account: cloud.Account(fields[4])},
		Service:  fields[2],
		Resource: fields[5],
	}, true
}

// Identify tells the kind of the resource that an ARN names, and its name as
// ARN takes it. It reports whether the kind is known.
func (c *Converter) Identify(arn string) (kind cloud.Kind, name string, ok bool) {
	named, isARN := ParseARN(arn)
	if !isARN {
		return "", "", false
	}
	best := arnForm{}
	for _, f := range c.arns.byService[named.Service] {
		if f.composed || f.region && named.Place.Region == "" {
			continue
		}
		found, matches := f.match(named.Resource)
		if matches && (best.kind == "" || f.specific() > best.specific() || f.specific() == best.specific() && preferred(f.kind, best.kind, named)) {
			best, name = f, found
		}
	}
	return best.kind, name, best.kind != ""
}

// preferred decides between kinds whose ARNs look the same. RDS, Neptune and
// DocumentDB share theirs, so do both kinds of virtual interfaces: the general
// one is meant. An Application or Network Load Balancer has "app/", "net/" or
// "gwy/" in its ARN, a classic one has not.
func preferred(a, b cloud.Kind, named Named) bool {
	if a.Service() == "ElasticLoadBalancingV2" || b.Service() == "ElasticLoadBalancingV2" {
		rest := strings.TrimPrefix(named.Resource, "loadbalancer/")
		v2 := strings.HasPrefix(rest, "app/") || strings.HasPrefix(rest, "net/") || strings.HasPrefix(rest, "gwy/")
		return v2 == (a.Service() == "ElasticLoadBalancingV2") && strings.HasPrefix(named.Resource, "loadbalancer/")
	}
	return general(a) && !general(b)
}

func general(kind cloud.Kind) bool {
	switch kind {
	case "AWS::EC2::TransitGatewayAttachment", "AWS::DirectConnect::VirtualInterface", "AWS::DynamoDB::Table",
		"AWS::OpenSearchService::Domain", "AWS::KMS::Key", "AWS::IAM::Role", "AWS::MSK::Cluster", "AWS::CloudWatch::Alarm",
		"AWS::ApiGateway::DomainName", "AWS::Lambda::Version", "AWS::KinesisAnalyticsV2::Application", "AWS::ServiceDiscovery::PrivateDnsNamespace",
		"AWS::DirectoryService::MicrosoftAD":
		return true
	}
	return kind.Service() == "RDS"
}

// filled returns the place with its partition.
func (p Place) filled() Place {
	if p.Partition == "" {
		p.Partition = partition(p.Region)
	}
	return p
}

// partition tells the partition of a region by the beginning of its name (AWS
// SDK, partitions.json).
func partition(region cloud.Region) string {
	for _, p := range []struct{ start, name string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"},
		{"us-iso-", "aws-iso"}, {"eu-isoe-", "aws-iso-e"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(string(region), p.start) {
			return p.name
		}
	}
	return "aws"
}
