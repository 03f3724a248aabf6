package assess

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

func (w *workload) identities() []Identity {
	out := []Identity{}
	for _, r := range w.relevant() {
		if !isIdentity(r.Kind) {
			continue
		}
		id := Identity{
			ID: r.ID, Kind: r.Kind, Name: r.Name, Boundary: w.boundary(r.ID), Marks: r.Marks,
			Trusts: trusts(value(r, "AssumeRolePolicyDocument")), Wildcards: []string{}, UsedBy: w.usedBy(r.ID),
		}
		if id.Marks == nil {
			id.Marks = []inventory.Mark{}
		}
		id.Wildcards = append(id.Wildcards, wildcards("", value(r, "PolicyDocument"))...)
		for _, p := range list(r, "Policies") {
			m, _ := p.(map[string]any)
			id.Wildcards = append(id.Wildcards, wildcards(textOf(m["PolicyName"])+": ", m["PolicyDocument"])...)
		}
		out = append(out, id)
	}
	return out
}

func isIdentity(kind cloud.Kind) bool {
	switch kind {
	case "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::InstanceProfile",
		"AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider", "AWS::Cognito::UserPool", "AWS::Cognito::IdentityPool":
		return true
	}
	return false
}

func many(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func trusts(document any) []string {
	out := []string{}
	for _, s := range inventory.Statements(document) {
		walkTexts(s["Principal"], func(p string) { out = append(out, p) })
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wildcards names the statements that allow more than their list says: an
// action or a resource that is "*" as a whole, or all actions of a service.
func wildcards(where string, document any) []string {
	var out []string
	for n, s := range inventory.Statements(document) {
		if textOf(s["Effect"]) != "Allow" {
			continue
		}
		for _, a := range many(s["Action"]) {
			if action := textOf(a); action == "*" || strings.HasSuffix(action, ":*") {
				out = append(out, fmt.Sprintf("%sstatement %d allows the action %s", where, n+1, action))
			}
		}
		if slices.ContainsFunc(many(s["Resource"]), func(v any) bool { return textOf(v) == "*" }) {
			out = append(out, fmt.Sprintf("%sstatement %d allows every resource", where, n+1))
		}
		for _, negative := range []string{"NotAction", "NotResource", "NotPrincipal"} {
			if _, ok := s[negative]; ok {
				out = append(out, fmt.Sprintf("%sstatement %d says %s", where, n+1, negative))
			}
		}
	}
	return out
}

func (w *workload) monitors() []Monitor {
	out := []Monitor{}
	for _, r := range w.relevant() {
		m := Monitor{ID: r.ID, Kind: r.Kind, Name: r.Name, Boundary: w.boundary(r.ID), Of: []cloud.ResourceID{}}
		switch r.Kind {
		case "AWS::CloudWatch::Alarm":
			m.Watches = strings.TrimSpace(text(r, "Namespace") + " " + text(r, "MetricName"))
		case "AWS::CloudWatch::CompositeAlarm":
			m.Watches = text(r, "AlarmRule")
		case "AWS::CloudWatch::Dashboard":
			m.Watches = "dashboard"
		case "AWS::Logs::MetricFilter":
			m.Watches = text(r, "FilterPattern")
		case "AWS::Logs::SubscriptionFilter":
			m.Watches = "log subscription to " + text(r, "DestinationArn")
		case "AWS::Route53::HealthCheck":
			m.Watches = "health check of " + text(r, "HealthCheckConfig.FullyQualifiedDomainName") + text(r, "HealthCheckConfig.IPAddress")
		case "AWS::Synthetics::Canary":
			m.Watches = "synthetic test"
		default:
			continue
		}
		if needs := w.needs[r.ID]; needs != nil {
			m.Of = needs
		}
		out = append(out, m)
	}
	return out
}

// clients are nodes outside the workload with an edge into it.
func (w *workload) clients() []Client {
	found := map[cloud.ResourceID]*Client{}
	var order []cloud.ResourceID
	for i := range w.Graph.Edges {
		e := &w.Graph.Edges[i]
		from := w.nodes[e.From]
		if e.Potential || w.boundary(e.To) == graph.Out || from == nil || from.Boundary != graph.Out {
			continue
		}
		// A configuration that merely names a resource is no call.
		if !from.External && !slices.ContainsFunc(e.Evidence, graph.Evidence.Observed) {
			continue
		}
		c := found[e.From]
		if c == nil {
			c = &Client{ID: e.From, Name: from.Name}
			found[e.From] = c
			order = append(order, e.From)
		}
		c.Calls = append(c.Calls, e.To)
		c.Bytes += e.Bytes
		c.Requests += e.Calls
		for _, v := range e.Evidence {
			c.Evidence = append(c.Evidence, v.Source)
		}
	}
	slices.Sort(order)
	out := []Client{}
	for _, id := range order {
		c := found[id]
		slices.Sort(c.Calls)
		c.Calls = slices.Compact(c.Calls)
		slices.Sort(c.Evidence)
		c.Evidence = slices.Compact(c.Evidence)
		out = append(out, *c)
	}
	return out
}
