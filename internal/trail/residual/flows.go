package residual

import (
	"net/netip"
	"strconv"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/flowlog"
)

// flowSilence is how long the flow log of an interface may be silent that
// writes a record also when there was nothing: an interval has ten minutes at
// most (VPC user guide, "Flow logs basics").
const flowSilence = 2 * 3600

// flows takes what the flow logs say: each conversation is use of its server,
// and work of its client.
func (j *judge) flows(res *flowlog.Result) {
	if res.Records+res.Outside+res.NoData == 0 {
		return
	}
	w := newWorker(j.s, &j.o, j.ruler)
	l := &logSum{total: res.Records + res.Outside, after: res.Records}
	if res.Records > 0 {
		l.first, l.last = res.From.Unix(), res.To.Unix()
	}
	w.logs[logFlows] = l
	j.faces = map[string]*flowlog.Interface{}
	for i := range res.Interfaces {
		f := &res.Interfaces[i]
		j.faces[f.ID] = f
		p := place{logFlows, f.Account, f.Region}
		if w.hours[p] == nil {
			w.hours[p] = &records.Hours{}
		}
		w.hours[p].Merge(&f.Hours)
		if !j.hasInventory() && f.ID != "" {
			w.thing(faceThing(f.ID, f.Instance, f.Account), known{at: p})
		}
	}
	for c := range res.Conversations {
		j.conversation(w, &c)
	}
	if n := res.SkipData; n > 0 {
		j.note("AWS skipped flow log records for lack of capacity in %d windows", n)
	}
	if n := res.Overflow.Records; n > 0 {
		j.s.lost += n
		j.note("%d flow records are of more conversations than are kept apart (%d): whom they used is not known", n, res.Limit)
	}
	w.merge()
}

func faceThing(id, instance, account string) thing {
	if instance != "" {
		id = instance
	}
	return thing{service: "ec2", account: account, name: id}
}

func (j *judge) conversation(w *worker, c *flowlog.Conversation) {
	client, server := endOf(&c.Client), endOf(&c.Server)
	used, user := j.end(server, client), j.end(client, server)
	a := Act{Address: c.Client.Address, Service: "flow", Action: c.Protocol + "/" + strconv.Itoa(c.Port), Resource: used.name}
	rule := w.ruler.rule(&a)
	switch {
	case rule != ruleNone:
	case reservedService(c.Server.Service):
		rule = ruleNetwork
	case (c.Rejected || c.Refused) && !private(c.Client.Address):
		rule = ruleNoise
	case j.balancer(user):
		rule = ruleBalancer
	}
	w.judged(logFlows, rule, c.Records)
	k := useKey{log: logFlows, address: c.Client.Address, action: "flow:" + a.Action, rule: rule, doing: write, telling: rule == ruleBalancer}
	if c.Rejected || c.Refused {
		k.doing = denied
	}
	n := counted{c.Records, c.First.Unix(), c.Last.Unix()}
	if user.name != "" {
		k.session = user.name
	}
	if used.name != "" {
		k.thing = used
		w.thing(used, known{})
		w.use(k, n)
	}
	// What goes out to AWS itself is upkeep, or is in CloudTrail.
	if user.name != "" && c.Server.Service == "" && (used.name == "" || user != used) {
		k.thing, k.address, k.session, k.action, k.telling = user, c.Server.Address, "", "out:"+a.Action, false
		if rule == ruleBalancer || rule == ruleNoise {
			return
		}
		w.thing(user, known{})
		w.use(k, n)
	}
}

// end is the thing at one end of a conversation: the inventory's, or else what
// the log itself says of it; none for an address outside.
func (j *judge) end(e, other *graph.Endpoint) thing {
	if j.locator != nil {
		if r := j.locator.End(e, other); r != nil {
			return thing{name: string(r.ID)}
		}
	}
	switch {
	case e.Interface != "" || e.Instance != "":
		return faceThing(e.Interface, e.Instance, string(e.Account))
	case e.Service == "" && private(e.Address):
		return thing{service: "ec2", name: e.Address}
	}
	return thing{}
}

func endOf(e *flowlog.Endpoint) *graph.Endpoint {
	return &graph.Endpoint{Address: e.Address, Interface: e.Interface, Instance: e.Instance, VPC: e.VPC, Subnet: e.Subnet, Account: cloud.Account(e.Account), Service: e.Service}
}

func (j *judge) balancer(t thing) bool {
	if r := j.of[t.name]; r != nil {
		return r.Kind == "AWS::ElasticLoadBalancingV2::LoadBalancer" || r.Kind == "AWS::ElasticLoadBalancing::LoadBalancer"
	}
	return false
}

func reservedService(name string) bool {
	switch name {
	case "ROUTE53_RESOLVER", "EC2_METADATA", "TIME_SYNC", "CONTAINER_CREDENTIALS":
		return true
	}
	return false
}

func private(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && (a.Unmap().IsPrivate() || a.IsLinkLocalUnicast())
}
