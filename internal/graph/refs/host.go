package refs

import (
	"net/netip"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
)

// url resolves a word with a scheme: a queue's URL, a bucket's, a connection
// string.
func (x *Index) url(from int32, whole, scheme, rest string, found []Mention) []Mention {
	if list := x.near(from, x.exact[whole]); len(list) > 0 {
		return mentions(found, list, ByID)
	}
	if at := strings.LastIndexByte(scheme, ':'); at >= 0 && !strings.HasPrefix(scheme, "jdbc:") {
		scheme = scheme[at+1:]
	}
	scheme = strings.TrimPrefix(strings.ToLower(scheme), "jdbc:")
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	if scheme == "s3" || scheme == "s3a" || scheme == "s3n" {
		if list := x.near(from, x.names["AWS::S3::Bucket"][authority]); len(list) > 0 {
			return mentions(found, list, ByID)
		}
		return append(found, Mention{To: -1, How: ByID, Outside: "arn:aws:s3:::" + authority, Scheme: scheme})
	}
	// A queue's URL ends in account and name, whichever host answers for it.
	if account, name, ok := strings.Cut(path, "/"); ok && len(account) == 12 && digits(account) && !strings.Contains(name, "/") {
		if list := x.near(from, x.names["AWS::SQS::Queue"][name]); len(list) > 0 {
			return mentions(found, list, ByID)
		}
	}
	before := len(found)
	for host := range strings.SplitSeq(authority, ",") {
		found = x.hostPort(from, host, scheme, found)
	}
	if len(found) == before {
		return x.ids(from, whole, found)
	}
	// The path matters only where the host alone does not say which resource:
	// "s3.amazonaws.com/bucket/key".
	if name, _, _ := strings.Cut(path, "/"); name != "" && strings.HasPrefix(authority, "s3") {
		if list := x.near(from, x.names["AWS::S3::Bucket"][name]); len(list) > 0 {
			return mentions(found[:before], list, ByID)
		}
	}
	return found
}

// hostPort resolves "host", "host:port" or an address.
func (x *Index) hostPort(from int32, w, scheme string, found []Mention) []Mention {
	host, after, _ := strings.Cut(w, ":")
	port := 0
	if p, _, _ := strings.Cut(after, "/"); len(p) > 0 && len(p) <= 5 && digits(p) {
		port, _ = strconv.Atoi(p)
	}
	if scheme == "" {
		host, _, _ = strings.Cut(host, "/")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return x.addressMention(from, a.Unmap(), port, scheme, found)
	}
	if !isHost(host) {
		return found
	}
	list := x.Host(from, w)
	for _, i := range list {
		found = append(found, Mention{To: i, How: ByHost, Port: port, Scheme: scheme})
	}
	if len(list) == 0 && (port > 0 || scheme != "") {
		found = append(found, Mention{To: -1, How: ByHost, Outside: hostName(host), Port: port, Scheme: scheme})
	}
	return found
}

func (x *Index) addressMention(from int32, a netip.Addr, port int, scheme string, found []Mention) []Mention {
	list := x.near(from, x.addresses[a.String()])
	for _, i := range list {
		found = append(found, Mention{To: i, How: ByAddress, Port: port, Scheme: scheme})
	}
	if len(list) == 0 && (port > 0 || scheme != "") && !a.IsUnspecified() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
		found = append(found, Mention{To: -1, How: ByAddress, Outside: a.String(), Port: port, Scheme: scheme})
	}
	return found
}

// Host returns the resources that answer to a DNS name, also by the forms in
// which AWS builds names: bucket.s3.region.amazonaws.com,
// account.dkr.ecr.region.amazonaws.com/repository, id.execute-api.…, and any
// that starts with a resource id.
func (x *Index) Host(from int32, name string) []int32 {
	host, rest, _ := strings.Cut(name, "/")
	host = hostName(host)
	if list := x.near(from, x.hosts[host]); len(list) > 0 {
		return list
	}
	label, domain, _ := strings.Cut(host, ".")
	if !strings.Contains(domain, "amazonaws.com") && !strings.HasSuffix(domain, "on.aws") {
		return nil
	}
	switch {
	case strings.Contains(host, ".s3.") || strings.Contains(host, ".s3-") || strings.Contains(host, ".s3express"):
		// A bucket's name may hold dots itself.
		for _, mark := range []string{".s3.", ".s3-", ".s3express"} {
			if bucket, _, ok := strings.Cut(host, mark); ok {
				if list := x.near(from, x.names["AWS::S3::Bucket"][bucket]); len(list) > 0 {
					return list
				}
			}
		}
	case strings.Contains(domain, "dkr.ecr."):
		repository, _, _ := strings.Cut(rest, "@")
		repository, _, _ = strings.Cut(repository, ":")
		return x.near(from, x.names["AWS::ECR::Repository"][repository])
	case strings.HasPrefix(domain, "execute-api."):
		return x.ofService(from, "apigateway", "", label)
	case strings.HasPrefix(domain, "lambda-url."):
		return nil
	}
	if id, _, ok := nextID(host); ok {
		return x.near(from, x.exact[id])
	}
	return nil
}

// Named returns the resource of a kind with a name.
func (x *Index) Named(from int32, kind cloud.Kind, name string) []int32 {
	return x.near(from, x.names[kind][name])
}

// Kinds returns the kinds of an ARN's service that the inventory holds.
func (x *Index) Kinds(service string) []cloud.Kind {
	var list []cloud.Kind
	for _, s := range kindServices(service) {
		list = append(list, x.services[s]...)
	}
	return list
}

// Names calls yield with each name of a kind and the resources that have it,
// in no particular order.
func (x *Index) Names(kind cloud.Kind, yield func(name string, list []int32)) {
	for name, list := range x.names[kind] {
		yield(name, list)
	}
}
