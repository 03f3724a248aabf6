package reach

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// standingOf finds the row of a kind. Application Load Balancers are read apart
// and have one here for their paths only.
func standingOf(kind cloud.Kind) (standing, bool) {
	if kind == kindBalancer {
		return standing{kind: kind, groups: "SecurityGroups"}, true
	}
	for _, s := range standings() {
		if s.kind == kind {
			return s, true
		}
	}
	return standing{}, false
}

// GroupPath returns the property in which a kind names its security groups,
// with steps parted by dots; "" for a kind that carries none.
func GroupPath(kind cloud.Kind) string {
	s, _ := standingOf(kind)
	return s.groups
}

// SetKind returns the kind of the subnet groups that a kind names, "" for one
// that names subnets themselves.
func SetKind(kind cloud.Kind) cloud.Kind {
	s, _ := standingOf(kind)
	return s.setKind
}

// Listens reports whether a resource takes connections at an address in a VPC,
// as far as its kind and its properties tell.
func Listens(r *inventory.Resource) bool {
	s, ok := standingOf(r.Kind)
	switch {
	case !ok || s.deaf || r.Kind == kindBalancer && text(r.Properties["Type"]) != "" && text(r.Properties["Type"]) != "application":
		return false
	case r.Kind == "AWS::RDS::DBInstance" && text(r.Properties["DBClusterIdentifier"]) != "":
		return false
	case !s.perhaps:
		return true
	}
	return len(list(deepAt(r.Properties, s.groups)))+len(list(deepAt(r.Properties, s.subnets))) > 0
}

// Complete returns the properties of a resource with the security groups and
// the subnets of the network interfaces that AWS made for it, where it tells none
// itself: DescribeReplicationGroups, for one, says neither. sets are the subnet
// groups that may be its own. ok is false when there is nothing to add; the
// resource does not change.
func Complete(r *inventory.Resource, faces, sets []*inventory.Resource) (out inventory.Properties, ok bool) {
	s, known := standingOf(r.Kind)
	if !known {
		return nil, false
	}
	var groups, subnets []string
	for _, f := range faces {
		for _, v := range list(f.Properties["GroupSet"]) {
			groups = append(groups, text(v))
		}
		for _, g := range maps(f.Attributes["Groups"]) {
			groups = append(groups, text(g["GroupId"]))
		}
		subnets = append(subnets, text(f.Properties["SubnetId"]))
	}
	subnets = distinct(subnets)
	out, ok = filled(r.Properties, s.groups, distinct(groups))
	added := false
	switch {
	case s.set != "" && text(r.Properties[s.set]) == "" && len(list(deepAt(r.Properties, s.subnets))) == 0:
		out, added = filled(out, s.set, setAround(r, subnets, sets, s.setList))
	case s.set == "":
		out, added = filled(out, s.subnets, subnets)
	}
	return out, ok || added
}

func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.DeleteFunc(slices.Compact(texts), func(s string) bool { return s == "" })
}

// setAround finds the one subnet group that holds all of some subnets; of
// several, the one that is called as the resource is.
func setAround(r *inventory.Resource, subnets []string, sets []*inventory.Resource, members string) []string {
	var found []*inventory.Resource
	for _, set := range sets {
		in := list(set.Properties[members])
		if len(subnets) > 0 && set.Account == r.Account && set.Region == r.Region &&
			!slices.ContainsFunc(subnets, func(s string) bool { return !slices.Contains(in, any(s)) }) {
			found = append(found, set)
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(set *inventory.Resource) bool { return set.Name != r.Name })
	}
	if len(found) != 1 {
		return nil
	}
	return []string{string(found[0].ID)}
}

// filled returns properties with values at a path where there are none. A
// single value for a path in the singular stays single.
func filled(p inventory.Properties, path string, values []string) (inventory.Properties, bool) {
	if path == "" || len(values) == 0 || len(list(deepAt(p, path))) > 0 {
		return p, false
	}
	way := strings.Split(path, ".")
	if _, tree := p[way[0]].(map[string]any); len(way) > 1 && p[way[0]] != nil && !tree {
		return p, false
	}
	var value any = values[0]
	if strings.HasSuffix(path, "s") {
		all := make([]any, len(values))
		for i, v := range values {
			all[i] = v
		}
		value = all
	}
	return inventory.Properties(with(map[string]any(p), way, value)), true
}

// with copies a tree as far as the way to a value.
func with(m map[string]any, way []string, value any) map[string]any {
	out := make(map[string]any, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	if len(way) > 1 {
		inner, _ := out[way[0]].(map[string]any)
		value = with(inner, way[1:], value)
	}
	out[way[0]] = value
	return out
}
