package security

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// permission is one action on one thing: a source resource, or what the
// policy says when it is none of the workload's.
type permission struct {
	action string
	on     cloud.ResourceID
	// literal is the resource as written, when no resource of the inventory
	// answers to it.
	literal string
}

// allowed says how far a permission goes.
type allowed struct {
	resource *inventory.Resource
	// tails are the patterns of object names within a bucket; "*" for all.
	tails []string
	// conditions are those without which the permission is not given; "" is
	// the permission without one.
	conditions []string
	// all says that a statement gives it on "*", without a condition.
	all bool
}

// verdict is what a role's documents come to.
type verdict struct {
	may map[permission]*allowed
	// notes are findings on single statements: kind, then words.
	wildcards, denies, bounds []string
}

// evaluate works out what documents allow: what an Allow names, without what a
// Deny names (IAM User Guide, "Policy evaluation logic").
func (s *state) evaluate(c *design.Context, documents []document) verdict {
	v := verdict{may: map[permission]*allowed{}}
	for _, d := range documents {
		for _, st := range d.statements {
			if !st.allow {
				continue
			}
			if st.notActions || st.notResources || slices.Contains(st.actions, "*") {
				v.wildcards = append(v.wildcards, d.name+": "+strings.Join(st.actions, ", ")+negated(st))
			}
			s.each(c, d, st, func(p permission, r *inventory.Resource, tail string) {
				a := v.may[p]
				if a == nil {
					a = &allowed{resource: r}
					v.may[p] = a
				}
				a.tails, a.conditions = with(a.tails, tail), with(a.conditions, st.condition)
				a.all = a.all || (st.condition == "" && !st.notResources && slices.Contains(st.resources, "*"))
			})
		}
	}
	for _, d := range documents {
		for _, st := range d.statements {
			if !st.allow {
				s.deny(c, d, st, &v)
			}
		}
	}
	return v
}

func (s *state) deny(c *design.Context, d document, st statement, v *verdict) {
	hit := false
	s.each(c, d, st, func(p permission, _ *inventory.Resource, tail string) {
		if v.may[p] == nil {
			return
		}
		if hit = true; st.condition == "" && tail == "*" {
			delete(v.may, p)
			hit = false
		}
	})
	if hit {
		v.denies = append(v.denies, d.name+": deny "+strings.Join(st.actions, ", ")+" if "+st.condition)
	}
}

func negated(st statement) string {
	switch {
	case st.notActions:
		return " (NotAction)"
	case st.notResources:
		return " (NotResource)"
	}
	return ""
}

func with(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// each calls visit for every permission that a statement names.
func (s *state) each(c *design.Context, d document, st statement, visit func(p permission, r *inventory.Resource, tail string)) {
	for _, action := range s.actionsOf(st) {
		service, _, _ := strings.Cut(strings.ToLower(action), ":")
		if s.table.onNothing(action) {
			if s.table.everywhere(action, st) {
				visit(permission{action: action, literal: "*"}, nil, "*")
			}
			continue
		}
		kinds, _ := kindsOf(service)
		if st.notResources {
			for _, r := range c.OfKind(kinds...) {
				if !slices.ContainsFunc(st.resources, func(pattern string) bool { _, ok := s.fits(c, d.from, pattern, r); return ok }) {
					visit(permission{action: action, on: r.ID}, r, "*")
				}
			}
			continue
		}
		for _, pattern := range st.resources {
			if ofOther(pattern, service) {
				continue
			}
			found := s.resolve(c, d.from, pattern, service)
			for _, m := range found {
				visit(permission{action: action, on: m.resource.ID}, m.resource, m.tail)
			}
			if len(found) == 0 {
				visit(permission{action: action, literal: pattern}, nil, "*")
			}
		}
	}
}

// ofOther reports whether a pattern names resources of another service than the
// action's, on which it means nothing.
func ofOther(pattern, service string) bool {
	parts := strings.SplitN(pattern, ":", 4)
	return len(parts) == 4 && parts[0] == "arn" && !strings.Contains(parts[2], "$") && !matches(parts[2], service)
}

// actionsOf expands a statement's actions; NotAction means all others that
// the table knows.
func (s *state) actionsOf(st statement) []string {
	out := map[string]bool{}
	for _, pattern := range st.actions {
		for _, a := range s.table.expand(pattern) {
			out[a] = true
		}
	}
	if st.notActions {
		others := map[string]bool{}
		for _, a := range s.table.expand("*") {
			if !out[a] {
				others[a] = true
			}
		}
		out = others
	}
	return slices.Sorted(maps.Keys(out))
}

// match is a resource that a pattern names, with the pattern of object names
// that it narrows a bucket to.
type match struct {
	resource *inventory.Resource
	tail     string
}

// resolve returns the resources of a service that a pattern of a policy names,
// in the order of the design. What is no pattern may also name a resource
// outside the boundary.
func (s *state) resolve(c *design.Context, from *inventory.Resource, pattern, service string) []match {
	key := string(from.ID) + "\x00" + service + "\x00" + pattern
	if found, ok := s.resolved[key]; ok {
		return found
	}
	kinds, _ := kindsOf(service)
	if len(kinds) == 0 {
		return nil
	}
	var out []match
	for _, r := range c.OfKind(kinds...) {
		if tail, ok := s.fits(c, from, pattern, r); ok {
			out = append(out, match{r, tail})
		}
	}
	if len(out) == 0 && !strings.ContainsAny(strings.TrimSuffix(pattern, "*"), "*?") {
		head, tail := pattern, "*"
		if service == "s3" {
			head, tail = cutObject(pattern)
		}
		if r, ok := c.Find(from, strings.TrimRight(head, "*/:"), kinds...); ok {
			out = append(out, match{r, tail})
		}
	}
	s.resolved[key] = out
	return out
}

// cutObject parts the ARN of a bucket's objects; the bucket itself has the
// tail "*".
func cutObject(arn string) (bucket, tail string) {
	// A template's reference may hold slashes of its own.
	start := strings.LastIndex(arn, "}") + 1
	if i := strings.Index(arn[start:], "/"); i >= 0 {
		return arn[:start+i], arn[start+i+1:]
	}
	return arn, "*"
}

// fits reports whether a pattern names a resource.
func (s *state) fits(c *design.Context, from *inventory.Resource, pattern string, r *inventory.Resource) (tail string, ok bool) {
	if pattern == "*" {
		return "*", true
	}
	tail = "*"
	if r.Kind == "AWS::S3::Bucket" {
		pattern, tail = cutObject(pattern)
	}
	if strings.Contains(pattern, "${ref:") {
		return tail, slices.Contains(c.FindAll(from, pattern, r.Kind), r)
	}
	parts := strings.SplitN(pattern, ":", 6)
	if len(parts) < 6 || !matches(parts[2], arnService(r.Kind)) {
		return "", false
	}
	if account := parts[4]; account != "" && r.Account != "" && !matches(account, string(r.Account)) && !strings.Contains(account, "$") {
		return "", false
	}
	return tail, slices.ContainsFunc(endings(r), func(end string) bool { return matches(parts[5], end) })
}

func arnService(kind cloud.Kind) string {
	switch kind.Service() {
	case "SecretsManager":
		return "secretsmanager"
	case "StepFunctions":
		return "states"
	case "KinesisFirehose":
		return "firehose"
	}
	return strings.ToLower(kind.Service())
}

// endings are the last parts that the ARN of a resource may have: its own, and
// the one that follows from its name.
func endings(r *inventory.Resource) []string {
	var out []string
	if parts := strings.SplitN(string(r.ID), ":", 6); len(parts) == 6 && parts[0] == "arn" {
		out = append(out, parts[5])
	}
	_, prefix := kindsOf(arnService(r.Kind))
	name := strings.TrimPrefix(r.Name, "/")
	out = append(out, prefix+name)
	switch r.Kind {
	case "AWS::SecretsManager::Secret":
		// Secrets Manager adds a hyphen and six characters to the name.
		out = append(out, prefix+name+"-000000")
	case "AWS::Logs::LogGroup":
		out = append(out, prefix+r.Name, prefix+r.Name+":*")
	case "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable":
		out = append(out, prefix+name+"/index/any", prefix+name+"/stream/any")
	}
	return out
}
