package inventory

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// join finds the things that are one resource under several ids and makes one
// of them.
//
// Two ids that AWS gives (ARNs with account and region) are never one. A thing
// without such an id, as a template or a list describes it, is joined with the
// one thing of its kind that has its stack and logical id, otherwise one of
// its other names, otherwise its name. If there are several, it stays alone.
func (m *merger) join() {
	finders := []func(*thing) []string{byStack, byAlias, m.byProperty}
	for _, keys := range finders {
		m.joinBy(keys)
	}
	// What remains without an id of AWS may be one thing still: a stack that is
	// described by a template and by a resource list.
	m.joinLoose()
}

func (m *merger) joinBy(keys func(*thing) []string) {
	// Only the names that a thing without an id asks for are looked up.
	fixed := map[string][]*thing{}
	for _, t := range m.things {
		if !anchored(t.id) {
			for _, key := range keys(t) {
				fixed[key] = nil
			}
		}
	}
	if len(fixed) == 0 {
		return
	}
	for _, t := range m.things {
		if !anchored(t.id) {
			continue
		}
		for _, key := range keys(t) {
			if list, asked := fixed[key]; asked {
				fixed[key] = append(list, t)
			}
		}
	}
	rest := m.things[:0]
	for _, t := range m.things {
		if anchored(t.id) {
			rest = append(rest, t)
			continue
		}
		if into := soleMatch(t, keys(t), fixed); into != nil {
			m.unite(into, t)
			continue
		}
		rest = append(rest, t)
	}
	m.things = rest
}

// joinLoose joins the things without an id of AWS that share stack and logical
// id.
func (m *merger) joinLoose() {
	first := map[string][]*thing{}
	rest := m.things[:0]
	for _, t := range m.things {
		if anchored(t.id) {
			rest = append(rest, t)
			continue
		}
		if into := soleMatch(t, byStack(t), first); into != nil {
			m.unite(into, t)
			continue
		}
		for _, key := range byStack(t) {
			first[key] = append(first[key], t)
		}
		rest = append(rest, t)
	}
	m.things = rest
}

// unite adds the readings of a thing to another.
func (m *merger) unite(into, t *thing) {
	into.readings = append(into.readings, t.readings...)
	into.order()
	m.moved[t.id] = into.id
}

// soleMatch is the one thing that has one of the keys and may be in the same
// place. One that was deleted is not meant when there is one that was not.
func soleMatch(t *thing, keys []string, among map[string][]*thing) *thing {
	var found, gone *thing
	several, goneSeveral := false, false
	for _, key := range keys {
		for _, other := range among[key] {
			switch {
			case other == found || other == gone || !near(t, other):
			case isGone(other):
				goneSeveral = gone != nil
				gone = other
			default:
				several = found != nil
				found = other
			}
			if several {
				return nil
			}
		}
	}
	if found == nil && !goneSeveral {
		return gone
	}
	return found
}

func isGone(t *thing) bool {
	for _, mark := range marksOf(t.readings) {
		if mark == Deleted {
			return true
		}
	}
	return false
}

// anchored reports whether an id is AWS's own and complete, so that equal
// things have equal ids.
func anchored(id cloud.ResourceID) bool {
	fields := strings.SplitN(string(id), ":", 6)
	if len(fields) != 6 || fields[0] != "arn" {
		return false
	}
	switch fields[2] {
	case "s3", "iam", "cloudfront", "route53", "apigateway", "globalaccelerator", "organizations", "sso", "shield", "waf", "networkmanager", "directconnect":
		return !strings.HasPrefix(fields[5], "/") || fields[2] == "apigateway" && fields[3] != ""
	}
	return fields[3] != "" || fields[4] != ""
}

// near reports whether two things may be in the same account and region.
func near(a, b *thing) bool {
	for _, x := range a.readings {
		for _, y := range b.readings {
			if !fits(string(x.Account), string(y.Account)) || !fits(string(x.Region), string(y.Region)) {
				return false
			}
		}
	}
	return true
}

func fits(a, b string) bool {
	return a == "" || b == "" || a == b || a == "global" || b == "global"
}

func byStack(t *thing) []string {
	var keys []string
	for _, o := range t.readings {
		if o.Stack != "" && o.LogicalID != "" {
			keys = append(keys, "stack\x00"+o.Stack+"\x00"+o.LogicalID+"\x00"+string(o.Kind))
		}
	}
	return tidySet(keys)
}

func byAlias(t *thing) []string {
	var keys []string
	for _, o := range t.readings {
		for _, name := range o.Aliases {
			keys = append(keys, string(o.Kind)+"\x00"+name)
		}
		// The last part of an ARN is the physical id.
		keys = append(keys, string(o.Kind)+"\x00"+string(o.ID))
		if anchored(o.ID) && !strings.Contains(string(o.ID), "|") {
			keys = append(keys, string(o.Kind)+"\x00"+lastPart(string(o.ID)))
		}
	}
	return tidySet(keys)
}

// byProperty are the explicit names: the property that identifies the kind, or
// the one that holds its name (GroupName of a security group, Name).
func (m *merger) byProperty(t *thing) []string {
	var keys []string
	for _, o := range t.readings {
		schema, ok := m.schemas.Kind(o.Kind)
		if !ok {
			continue
		}
		own := string(o.Kind)[strings.LastIndex(string(o.Kind), ":")+1:] + "Name"
		for property, v := range o.Properties {
			named := strings.HasSuffix(property, "Name") && strings.HasSuffix(own, property)
			if !named && (len(schema.Identifier) != 1 || schema.Identifier[0] != property) {
				continue
			}
			if value, isText := v.(string); isText && value != "" && len(References(value)) == 0 {
				keys = append(keys, string(o.Kind)+"\x00"+property+"\x00"+folded(o.Kind, value))
			}
		}
	}
	return tidySet(keys)
}

// folded is a name as the service compares it: RDS and its relatives keep
// identifiers in lower case (RDS API Reference, DBInstanceIdentifier).
func folded(kind cloud.Kind, name string) string {
	if lowers(kind) {
		return strings.ToLower(name)
	}
	return name
}

func lowers(kind cloud.Kind) bool {
	switch kind.Service() {
	case "RDS", "DocDB", "Neptune", "ElastiCache", "Redshift", "MemoryDB", "DMS", "DAX":
		return true
	}
	return false
}
