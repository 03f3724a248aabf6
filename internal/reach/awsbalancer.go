package reach

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const (
	kindListener    cloud.Kind = "AWS::ElasticLoadBalancingV2::Listener"
	kindTargetGroup cloud.Kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

// guarded notes what the security groups of a Network Load Balancer keep back.
// Clients pass them first, and rules of the targets may name them for whatever
// the balancer hands on, with the client's address kept or not (Elastic Load
// Balancing, "Update the security groups for your Network Load Balancer"). A
// balancer of Azure carries no rules, so that nothing is to be noted only where
// they let everyone in and everything out, and no rule names them.
func (a *awsReader) guarded(r *inventory.Resource) {
	groups := list(r.Properties["SecurityGroups"])
	if len(groups) == 0 {
		return
	}
	places := a.places(r, list(r.Properties["Subnets"]), "")
	for _, m := range maps(r.Properties["SubnetMappings"]) {
		places = append(places, a.places(r, list(m["SubnetId"]), "")...)
	}
	labels := a.labels(r, groups, places)
	var why []string
	if named := a.namedBy(labels); len(named) > 0 {
		why = append(why, "the groups "+strings.Join(named, ", ")+" let in what it hands on by naming its group")
	}
	for _, l := range a.byKind[kindListener] {
		if a.id(l, l.Properties["LoadBalancerArn"], kindBalancer) != string(r.ID) {
			continue
		}
		if n, ok := port(text(l.Properties["Port"])); !ok || !a.lets(labels, true, n) {
			why = append(why, "its groups do not let everyone in on port "+text(l.Properties["Port"]))
		}
		for _, g := range a.targetsOf(l) {
			if n, ok := port(text(g.Properties["Port"])); !ok || !a.lets(labels, false, n) {
				why = append(why, "its groups do not let everything out to port "+text(g.Properties["Port"]))
			}
		}
	}
	if len(why) > 0 {
		a.doubt(a.spaceOf(places), "balancer "+r.Name+": "+strings.Join(why, "; ")+"; Azure's balancer carries no rules, so check that the NSG of its targets lets in its clients and nobody else")
	}
}

// targetsOf are the target groups that a listener forwards to.
func (a *awsReader) targetsOf(l *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, action := range maps(l.Properties["DefaultActions"]) {
		arns := []any{action["TargetGroupArn"]}
		for _, m := range maps(deepAt(action, "ForwardConfig.TargetGroups")) {
			arns = append(arns, m["TargetGroupArn"])
		}
		for _, arn := range arns {
			if g, ok := a.find(l, arn, kindTargetGroup); ok && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// namedBy lists the groups whose rules let one of some groups in.
func (a *awsReader) namedBy(labels []string) []string {
	var out []string
	for i := range a.net.Filters {
		f := &a.net.Filters[i]
		if !slices.Contains(labels, f.ID) && slices.ContainsFunc(f.In, func(r Rule) bool {
			return slices.ContainsFunc(r.From.Labels, func(l string) bool { return slices.Contains(labels, l) })
		}) {
			out = append(out, f.label())
		}
	}
	slices.Sort(out)
	return out
}

// lets reports whether groups let TCP to a port through for all of IPv4.
func (a *awsReader) lets(labels []string, in bool, n uint16) bool {
	point := uint32(protocolTCP)<<16 | uint32(n)
	for _, l := range labels {
		i, ok := a.filters[l]
		if !ok {
			continue
		}
		rules := a.net.Filters[i].Out
		if in {
			rules = a.net.Filters[i].In
		}
		for k := range rules {
			far := rules[k].To
			if in {
				far = rules[k].From
			}
			if rules[k].Unknown == "" && pointsOf(&rules[k]).has(point) && slices.Contains(far.Prefixes, wholeWorld()[0]) {
				return true
			}
		}
	}
	return false
}
