package trail

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/weblog"
)

// observed turns the sums into the graph's terms.
func observed(s *Seen) graph.Observed {
	o := graph.Observed{Inputs: s.Report.Inputs()}
	count := 0
	for range s.Flows.Conversations {
		count++
	}
	// A list that grows to a million would stand in memory twice while it does.
	o.Conversations = slices.Grow(o.Conversations, count)
	ends := ends{}
	for c := range s.Flows.Conversations {
		o.Conversations = append(o.Conversations, ends.conversation(&c))
	}
	for _, u := range s.Events.Uses {
		o.Uses = append(o.Uses, graph.Use{Principal: u.Principal, Session: u.Session, Service: u.Service, Action: u.Action, Resource: u.Resource, ReadOnly: u.ReadOnly,
			DataEvent: u.DataEvent, Count: u.Count, Errors: u.Errors, Agent: u.Agent, Address: u.Address, Account: cloud.Account(u.Account), Region: cloud.Region(u.Region),
			First: u.First, Last: u.Last})
	}
	for _, sum := range s.Requests.Sums {
		o.Requests = append(o.Requests, graph.Request{Front: sum.Front, Target: sum.Target, TargetGroup: sum.TargetGroup, Host: sum.Host, Port: sum.Port,
			Count: sum.Count, Errors: sum.Errors, Bytes: sum.BytesIn + sum.BytesOut, First: sum.First, Last: sum.Last, Source: string(sum.Source)})
		if use, ok := bucketUse(&sum); ok {
			o.Uses = append(o.Uses, use)
		}
	}
	o.From, o.To = span(o.From, o.To, s.Flows.From, s.Flows.To)
	o.From, o.To = span(o.From, o.To, s.Events.From, s.Events.To)
	o.From, o.To = span(o.From, o.To, s.Requests.From, s.Requests.To)
	return o
}

// ends are the endpoints of conversations, each once: a server has many clients,
// and a million conversations must not name it a million times.
type ends map[flowlog.Endpoint]*graph.Endpoint

func (n ends) end(e *flowlog.Endpoint) *graph.Endpoint {
	known := n[*e]
	if known == nil {
		known = &graph.Endpoint{Address: e.Address, Interface: e.Interface, Instance: e.Instance, VPC: e.VPC, Subnet: e.Subnet, Account: cloud.Account(e.Account), Service: e.Service}
		n[*e] = known
	}
	return known
}

func (n ends) conversation(c *flowlog.Conversation) graph.Conversation {
	return graph.Conversation{Client: n.end(&c.Client), Server: n.end(&c.Server), Port: c.Port, Protocol: c.Protocol, Bytes: c.BytesOut + c.BytesBack, Packets: c.PacketsOut + c.PacketsBack,
		Flows: c.Records, First: c.First, Last: c.Last, Refused: c.Refused, Rejected: c.Rejected, Sure: c.Sure, Source: string(FlowLogs)}
}

// bucketUse is what a server access log of S3 says about who uses the bucket.
// The action is the log's own ("REST.GET.OBJECT"), so that it never adds up
// with CloudTrail's data events about the same request.
func bucketUse(s *weblog.Sum) (graph.Use, bool) {
	if s.Source != weblog.S3 || !strings.HasPrefix(s.Principal, "arn:") {
		return graph.Use{}, false
	}
	principal, session := SessionOf(s.Principal)
	return graph.Use{Principal: principal, Session: session, Service: "s3", Action: s.Operation, Resource: "arn:aws:s3:::" + s.Front, DataEvent: true,
		ReadOnly: strings.Contains(s.Operation, ".GET.") || strings.Contains(s.Operation, ".HEAD."), Count: s.Count, Errors: s.Errors, Agent: s.Agent, Address: s.Address,
		Account: cloud.Account(account(s.Principal)), First: s.First, Last: s.Last}, true
}

// SessionOf turns "arn:aws:sts::1:assumed-role/Role/name" into the role's ARN
// and the name of the session.
func SessionOf(arn string) (principal, session string) {
	head, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn, ""
	}
	role, session, _ := strings.Cut(rest, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role, session
}

func account(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
