package graph

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// serviceRange is a block of addresses of one of AWS's services.
type serviceRange struct {
	block   netip.Prefix
	service string
}

// serviceRanges reads the blocks out of AWS's own prefix lists, which every
// account has ("com.amazonaws.us-east-1.s3"; VPC user guide, "AWS-managed
// prefix lists"). Flow logs name the service of an address only where their
// format has pkt-dst-aws-service, which the default one has not. The narrowest
// blocks come first.
func (m *maker) serviceRanges() []serviceRange {
	var list []serviceRange
	for _, i := range m.byKind["AWS::EC2::PrefixList"] {
		r := &m.resources[i]
		service := rangeService(text(r.Properties["PrefixListName"]))
		if service == "" {
			continue
		}
		for _, one := range elements(r.Properties["Entries"]) {
			if block, err := netip.ParsePrefix(text(at(one, "Cidr"))); err == nil {
				list = append(list, serviceRange{block.Masked(), service})
			}
		}
	}
	slices.SortFunc(list, func(a, b serviceRange) int {
		return cmp.Or(cmp.Compare(b.block.Bits(), a.block.Bits()), a.block.Addr().Compare(b.block.Addr()), cmp.Compare(a.service, b.service))
	})
	return slices.Compact(list)
}

// rangeService is the service of a prefix list as flow logs write it: of
// "com.amazonaws.global.ipv6.cloudfront.origin-facing", CLOUDFRONT_ORIGIN_FACING.
func rangeService(list string) string {
	rest, ok := strings.CutPrefix(list, "com.amazonaws.")
	if !ok {
		return ""
	}
	_, service, _ := strings.Cut(rest, ".")
	service = strings.TrimPrefix(service, "ipv6.")
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(service))
}

// serviceOf is the AWS service that an end belongs to: the log says it, or a
// prefix list. "" is none.
func (m *maker) serviceOf(e *Endpoint) string {
	if e.Service != "" || len(m.ranges) == 0 {
		return e.Service
	}
	service, known := m.services[e.Address]
	if known {
		return service
	}
	if a, err := netip.ParseAddr(e.Address); err == nil {
		a = a.Unmap()
		if i := slices.IndexFunc(m.ranges, func(r serviceRange) bool { return r.block.Contains(a) }); i >= 0 {
			service = m.ranges[i].service
		}
	}
	m.services[e.Address] = service
	return service
}
