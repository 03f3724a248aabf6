package cloudwatch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// world is what one resource needs to know of the others.
type world struct {
	// balancers are the ARNs of load balancers by ARN of the target group.
	balancers map[string][]string
}

func newWorld(resources []inventory.Resource) *world {
	w := &world{balancers: map[string][]string{}}
	listeners := map[string]string{}
	for i := range resources {
		r := &resources[i]
		switch r.Kind {
		case "AWS::ElasticLoadBalancingV2::TargetGroup":
			for _, arn := range textList(r.Properties["LoadBalancerArns"]) {
				w.attach(string(r.ID), arn)
			}
		case "AWS::ElasticLoadBalancingV2::Listener":
			arn := text(r.Properties, "LoadBalancerArn")
			listeners[string(r.ID)] = arn
			w.attachAll(r.Properties["DefaultActions"], arn)
		}
	}
	for i := range resources {
		if r := &resources[i]; r.Kind == "AWS::ElasticLoadBalancingV2::ListenerRule" {
			w.attachAll(r.Properties["Actions"], listeners[text(r.Properties, "ListenerArn")])
		}
	}
	for group := range w.balancers {
		slices.Sort(w.balancers[group])
		w.balancers[group] = slices.Compact(w.balancers[group])
	}
	return w
}

func (w *world) attach(group, balancer string) {
	if group != "" && balancer != "" {
		w.balancers[group] = append(w.balancers[group], balancer)
	}
}

// attachAll finds the target groups of a list of actions: directly, or in the
// weighted form.
func (w *world) attachAll(actions any, balancer string) {
	list, _ := actions.([]any)
	for _, action := range list {
		fields, _ := action.(map[string]any)
		w.attach(text(fields, "TargetGroupArn"), balancer)
		forward, _ := fields["ForwardConfig"].(map[string]any)
		groups, _ := forward["TargetGroups"].([]any)
		for _, group := range groups {
			one, _ := group.(map[string]any)
			w.attach(text(one, "TargetGroupArn"), balancer)
		}
	}
}

func text(fields map[string]any, name string) string {
	s, _ := fields[name].(string)
	return s
}

func textList(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// whole reads a count that JSON, YAML or an SDK may have given in any form.
func whole(value any) int {
	switch v := value.(type) {
	case int:
		return v
	case int64:
		return int(v)
	case float64:
		return int(v)
	case fmt.Stringer: // json.Number
		n, _ := strconv.Atoi(v.String())
		return n
	case string:
		n, _ := strconv.Atoi(v)
		return n
	}
	return 0
}

// isLive reports whether the id is one of AWS's: what only a template
// describes has no metrics.
func isLive(id cloud.ResourceID) bool { return strings.HasPrefix(string(id), "arn:") }

// resourcePart is what follows the account in an ARN: "instance/i-1", "db:x".
func resourcePart(id cloud.ResourceID) string {
	parts := strings.SplitN(string(id), ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[5]
}

// last is the last part of an ARN: "i-1" of "instance/i-1", "x" of "db:x".
func last(id cloud.ResourceID) string {
	part := resourcePart(id)
	return part[strings.LastIndexAny(part, ":/")+1:]
}

// after is what follows a prefix of the resource part.
func after(id cloud.ResourceID, prefix string) string {
	rest, ok := strings.CutPrefix(resourcePart(id), prefix)
	if !ok {
		return ""
	}
	return rest
}

// byLast finds a resource by one dimension, whose value is the last part of
// the ARN.
func byLast(name string) func(*world, *inventory.Resource) []target {
	return by(name, func(r *inventory.Resource) string { return last(r.ID) })
}

// byProperty finds a resource by one dimension, whose value is a property, or
// the last part of the ARN when there is none.
func byProperty(name, property string) func(*world, *inventory.Resource) []target {
	return by(name, func(r *inventory.Resource) string { return cmp.Or(text(r.Properties, property), last(r.ID)) })
}

// by finds a resource by one dimension.
func by(name string, value func(*inventory.Resource) string) func(*world, *inventory.Resource) []target {
	return func(_ *world, r *inventory.Resource) []target {
		v := value(r)
		if v == "" {
			return nil
		}
		return []target{{dimensions: []dimension{{name, v}}}}
	}
}
